//! The serde form of a dotted version vector: the `dot`, and the `past`.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Dot, DottedVersionVector, VersionVector};

impl<A: Serialize> Serialize for DottedVersionVector<A> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename = "DottedVersionVector")]
        struct Form<'a, A> {
            dot: &'a Dot<A>,
            past: &'a VersionVector<A>,
        }
        let (dot, past) = (self.dot(), self.past());
        Form { dot, past }.serialize(serializer)
    }
}

impl<'de, A: Deserialize<'de> + Ord + Clone> Deserialize<'de> for DottedVersionVector<A> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(
            rename = "DottedVersionVector",
            deny_unknown_fields,
            bound(deserialize = "A: Deserialize<'de> + Ord + Clone")
        )]
        struct Form<A> {
            dot: Dot<A>,
            past: VersionVector<A>,
        }
        let Form { dot, past } = Form::deserialize(deserializer)?;
        Self::new(dot, past).map_err(D::Error::custom)
    }
}
