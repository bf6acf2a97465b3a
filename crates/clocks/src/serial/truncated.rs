//! The serde form of a cut vector: the entries `kept`, and how many were `dropped`.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Truncated, VersionVector};

impl<A: Serialize> Serialize for Truncated<A> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename = "Truncated")]
        struct Form<'a, A> {
            kept: &'a VersionVector<A>,
            dropped: u64,
        }
        let form = Form {
            kept: self.kept(),
            dropped: self.dropped() as u64,
        };
        form.serialize(serializer)
    }
}

impl<'de, A: Deserialize<'de> + Ord + Clone> Deserialize<'de> for Truncated<A> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(
            rename = "Truncated",
            deny_unknown_fields,
            bound(deserialize = "A: Deserialize<'de> + Ord + Clone")
        )]
        struct Form<A> {
            kept: VersionVector<A>,
            dropped: u64,
        }
        let Form { kept, dropped } = Form::deserialize(deserializer)?;
        Self::from_parts(kept, dropped)
            .ok_or_else(|| D::Error::custom("more entries than a vector may have"))
    }
}
