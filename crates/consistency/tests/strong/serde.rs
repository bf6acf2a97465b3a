//! What the store sends and stores, through the project's own codec and back.

use std::fmt::Debug;

use consistency::strong::{
    Answer, Event, Message, OperationName, Record, Refusal, Request, Timestamp, Version, Wanted,
};
use transport::{Bincode, Codec, NodeId, RequestId};

use crate::world::value;

fn round_trips<T>(value: &T)
where
    T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + Debug,
{
    let mut bytes = vec![];
    Bincode.encode(value, &mut bytes, 1 << 20).unwrap();
    assert_eq!(&Bincode.decode::<T>(&bytes).unwrap(), value);
    // A message that is cut off is an error, never another message.
    for end in 0..bytes.len() {
        assert!(Bincode.decode::<T>(&bytes[..end]).is_err());
    }
}

#[test]
fn everything_round_trips() {
    let operation = OperationName {
        incarnation: 3,
        number: 70_000,
    };
    let timestamp = Timestamp {
        counter: u64::MAX,
        node: NodeId(2),
    };
    let key = || "key".into();
    let versions = [None, value(""), value("a")].map(|value| Version { timestamp, value });
    let id = RequestId(5);
    for version in versions.iter().cloned() {
        let value = version.value.clone();
        round_trips(&Message::Update {
            operation,
            key: key(),
            version: version.clone(),
        });
        round_trips(&Message::Reply {
            operation,
            answer: Answer::Version(version.clone()),
        });
        round_trips(&Event::Read {
            id,
            key: key(),
            version: version.clone(),
        });
        round_trips(&Record::Version {
            key: key(),
            version,
        });
        round_trips(&Event::Refused {
            request: Request::Write {
                id,
                key: key(),
                value,
            },
            refusal: Refusal::KeyTooLong { bytes_max: 7 },
        });
    }
    for wanted in [Wanted::Timestamp, Wanted::Version] {
        round_trips(&Message::Query {
            operation,
            key: key(),
            wanted,
        });
    }
    for has_room in [true, false] {
        let answer = Answer::Timestamp {
            timestamp,
            has_room,
        };
        round_trips(&Message::Reply { operation, answer });
    }
    for answer in [Answer::Stored, Answer::Full] {
        round_trips(&Message::Reply { operation, answer });
    }
    round_trips(&Record::Incarnation { number: 9 });
    round_trips(&Record::Checkpoint {
        incarnation: 9,
        registers: versions.map(|version| (key(), version)).into(),
    });
    round_trips(&Request::Read { id, key: key() });
    round_trips(&Event::Unknown { id });
    round_trips(&Event::Written {
        id,
        key: key(),
        timestamp,
    });
}
