//! What the store sends, through the project's own codec and back. Records and events are the strong
//! store's, and are tested there.

use consistency::partial::{Answer, Message, OperationName, Timestamp, Version};
use transport::{Bincode, Codec, NodeId};

use crate::world::value;

#[test]
fn every_message_round_trips() {
    let operation = OperationName {
        incarnation: 3,
        number: 70_000,
    };
    let timestamp = Timestamp {
        counter: u64::MAX,
        node: NodeId(2),
    };
    let key = || "key".into();
    let mut messages = vec![Message::Read {
        operation,
        key: key(),
    }];
    for value in [None, value(""), value("a")] {
        let version = Version { timestamp, value };
        messages.push(Message::Write {
            operation,
            key: key(),
            version: version.clone(),
        });
        let answer = Answer::Version(version);
        messages.push(Message::Reply { operation, answer });
    }
    for answer in [Answer::Stored, Answer::Full] {
        messages.push(Message::Reply { operation, answer });
    }
    for message in messages {
        let mut bytes = vec![];
        Bincode.encode(&message, &mut bytes, 1 << 20).unwrap();
        assert_eq!(Bincode.decode::<Message>(&bytes).unwrap(), message);
        for end in 0..bytes.len() {
            assert!(Bincode.decode::<Message>(&bytes[..end]).is_err());
        }
    }
}
