//! Everything that travels or is stored survives serde.
#![cfg(feature = "serde")]

use crate::common::{ballot, proposal};
use paxos_core::{Event, Message, Record, Refusal, Request};
use serde::Serialize;
use serde::de::DeserializeOwned;
use transport::{Bincode, Codec, RequestId};

fn survives<V: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: &V) -> bool {
    let mut bytes = Vec::new();
    Bincode.encode(value, &mut bytes, 1 << 20).unwrap();
    let text = serde_json::to_string(value).unwrap();
    let (from_bytes, from_text) = (Bincode.decode(&bytes), serde_json::from_str(&text));
    from_bytes.as_ref() == Ok(value) && from_text.ok().as_ref() == Some(value)
}

#[test]
fn every_message_survives() {
    for round in [0, 1, 250, 251, u64::MAX] {
        let ballot = ballot(round, 3);
        let messages: [Message<u64>; 8] = [
            Message::Prepare { ballot },
            Message::Promise {
                ballot,
                accepted: None,
            },
            Message::Promise {
                ballot,
                accepted: Some(proposal(round, 1, 7)),
            },
            Message::Accept(proposal(round, 1, u64::MAX)),
            Message::Accepted { ballot },
            Message::Refused {
                ballot,
                promised: crate::common::ballot(u64::MAX, u32::MAX),
            },
            Message::Decided { value: round },
            Message::Ask,
        ];
        assert!(messages.iter().all(survives));
    }
}

#[test]
fn every_record_survives() {
    let promised = ballot(4, 2);
    let records: [Record<u64>; 5] = [
        Record::Promised(promised),
        Record::Accepted(proposal(4, 2, 7)),
        Record::State {
            promised,
            accepted: None,
        },
        Record::State {
            promised,
            accepted: Some(proposal(3, 1, 7)),
        },
        Record::Decided(7),
    ];
    assert!(records.iter().all(survives));
}

#[test]
fn requests_and_events_survive() {
    let (id, value) = (RequestId(3), 9_u64);
    assert!(survives(&Request::Propose { id, value }));
    assert!(survives(&Request::<u64>::Learn { id }));
    let request = Request::Learn { id };
    let refusal = Refusal::TooLarge {
        bytes: 4,
        bytes_max: 3,
    };
    let events: [Event<u64>; 5] = [
        Event::Learned { value },
        Event::Decided {
            id,
            value,
            is_own: true,
        },
        Event::Undecided { id },
        Event::Unknown { id },
        Event::Refused { request, refusal },
    ];
    assert!(events.iter().all(survives));
}
