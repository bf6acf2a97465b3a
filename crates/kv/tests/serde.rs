//! What the store sends and stores, through the project's own codec and back.
#![cfg(feature = "serde")]

mod common;

use common::{KvMessage, KvRecord, World, append, execute, get, put};
use kv::{Ask, Command, Event, Operation, Refusal, Rejection, Reply, Request, SessionId};
use raft_core::{Batch, Entries, Index, Message, Position, Term};
use std::fmt::Debug;
use std::time::Duration;
use transport::{Bincode, Bytes, Codec, NodeId, RequestId};

const BYTES_MAX: usize = 1 << 20;

fn round_trips<T>(value: &T)
where
    T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + Debug,
{
    let mut bytes = vec![];
    Bincode.encode(value, &mut bytes, BYTES_MAX).unwrap();
    assert_eq!(&Bincode.decode::<T>(&bytes).unwrap(), value);
    // A message that is cut off is an error, never another message.
    for end in 0..bytes.len() {
        assert!(Bincode.decode::<T>(&bytes[..end]).is_err());
    }
}

fn operations() -> Vec<Operation> {
    let (key, value) = (Bytes::from("k"), Bytes::from("v"));
    vec![
        Operation::Put {
            key: key.clone(),
            value: value.clone(),
        },
        Operation::Append {
            key: key.clone(),
            value: "".into(),
        },
        Operation::CompareAndSet {
            key: key.clone(),
            expected: None,
            value: value.clone(),
        },
        Operation::CompareAndSet {
            key: key.clone(),
            expected: Some("".into()),
            value,
        },
        Operation::Delete { key },
    ]
}

#[test]
fn messages_and_records_round_trip() {
    let session = SessionId(Index(1));
    let commands = operations()
        .into_iter()
        .zip(1..)
        .map(|(operation, sequence)| Command::Execute {
            session,
            sequence,
            operation,
        });
    let commands: Vec<Command> = std::iter::once(Command::Open).chain(commands).collect();
    let batch = Batch::commands(Term(3), Index(2), commands).unwrap();
    let blank = Batch::blank(Term(2), Index(1));
    round_trips::<KvRecord>(&KvRecord::Append(batch.clone()));
    round_trips::<KvRecord>(&KvRecord::Append(blank.clone()));
    round_trips::<KvMessage>(&Message::Append {
        term: Term(3),
        previous: Position::default(),
        entries: Entries::new([blank, batch]).unwrap(),
        commit: Index(7),
        round: 9,
    });
}

#[test]
fn requests_and_events_round_trip() {
    let (id, session) = (RequestId(7), SessionId(Index(3)));
    let mut asks = vec![
        Ask::Open,
        get("x"),
        put(session, 1, "x", ""),
        append(session, 2, "x", "1"),
    ];
    asks.extend(
        operations()
            .into_iter()
            .map(|operation| execute(session, 3, operation)),
    );
    for ask in asks {
        let request = Request { id, ask };
        round_trips(&request);
        for refusal in [
            Refusal::RepeatedId,
            Refusal::KeyTooLong { bytes_max: 1 },
            Refusal::Raft(raft_core::Refusal::NotLeader),
        ] {
            let leader = Some(NodeId(2));
            round_trips(&Event::Refused {
                request: request.clone(),
                leader,
                refusal,
            });
        }
    }
    for reply in [
        Reply::Opened { session },
        Reply::Written,
        Reply::Mismatch {
            actual: Some("".into()),
        },
        Reply::Deleted { existed: true },
        Reply::Value { value: None },
    ] {
        round_trips(&Event::Done { id, reply });
    }
    let rejection = Rejection::SequenceGap { last: 4 };
    round_trips(&Event::Rejected { id, rejection });
    round_trips(&Event::Lost { id });
    round_trips(&Event::Unknown { id });
}

#[test]
fn a_disk_read_back_as_bytes_rebuilds_the_machine() {
    let mut world = World::new(3, 1);
    let session = world.session();
    for (operation, sequence) in operations().into_iter().zip(1..) {
        world.done(execute(session, sequence, operation));
    }
    world.done(put(session, 6, "x", "1"));
    world.run_for(Duration::from_secs(1));
    let machine = world.kv(NodeId(1)).machine().clone();
    for id in world.ids() {
        world.crash(id);
        for stored in &mut world.node(id).disk {
            let mut bytes = vec![];
            Bincode
                .encode(&stored.record, &mut bytes, BYTES_MAX)
                .unwrap();
            stored.record = Bincode.decode(&bytes).unwrap();
        }
    }
    for id in world.ids() {
        world.restart(id);
    }
    assert_eq!(world.get("x"), Some("1".into()));
    assert_eq!(world.get("k"), None);
    world.run_for(Duration::from_secs(1));
    assert_eq!(machine.keys_len(), world.kv(NodeId(1)).machine().keys_len());
}
