//! Everything that travels or is stored survives serde, and what breaks a rule is refused there.
#![cfg(feature = "serde")]

use quickcheck::{Arbitrary, Gen, quickcheck};
use raft_core::{
    Batch, Entries, Event, Index, Message, Outcome, Position, Record, Refusal, Request, Term,
    Verdict,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use transport::{Bincode, Codec, NodeId, RequestId};

fn survives<V: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: &V) -> bool {
    let mut bytes = Vec::new();
    Bincode.encode(value, &mut bytes, 1 << 20).unwrap();
    let text = serde_json::to_string(value).unwrap();
    let (from_bytes, from_text) = (Bincode.decode(&bytes), serde_json::from_str(&text));
    from_bytes.as_ref() == Ok(value) && from_text.ok().as_ref() == Some(value)
}

#[derive(Clone, Debug)]
struct Any<V>(V);

fn position(g: &mut Gen) -> Position {
    Position {
        term: Term(u64::arbitrary(g)),
        index: Index(u64::arbitrary(g)),
    }
}

fn batch(g: &mut Gen, first: u64, term: u64) -> Batch<u64> {
    let commands = Vec::<u64>::arbitrary(g);
    Batch::commands(Term(term), Index(first), commands)
        .unwrap_or_else(|| Batch::blank(Term(term), Index(first)))
}

fn entries(g: &mut Gen) -> Entries<u64> {
    let (mut first, mut term) = (1 + u64::from(u32::arbitrary(g)), 0);
    let mut chain = Entries::none();
    for _ in 0..u8::arbitrary(g) % 4 {
        term += u64::from(u8::arbitrary(g));
        let next = batch(g, first, term);
        first = next.last().0 + 1;
        chain.push(next).unwrap();
    }
    chain
}

impl Arbitrary for Any<Message<u64>> {
    fn arbitrary(g: &mut Gen) -> Self {
        let (term, granted, round) = (
            Term(u64::arbitrary(g)),
            bool::arbitrary(g),
            u64::arbitrary(g),
        );
        let index = Index(u64::arbitrary(g));
        let last = position(g);
        let (hint, previous) = (last, index);
        Self(match u8::arbitrary(g) % 7 {
            0 => Message::PreVote { term, last },
            1 => Message::PreVoteReply { term, granted },
            2 => Message::Vote { term, last },
            3 => Message::VoteReply { term, granted },
            4 => Message::Append {
                term,
                previous: last,
                entries: entries(g),
                commit: index,
                round,
            },
            5 => Message::AppendReply {
                term,
                round,
                verdict: Verdict::Matched { index },
            },
            _ => Message::AppendReply {
                term,
                round,
                verdict: Verdict::Conflict { previous, hint },
            },
        })
    }
}

impl Arbitrary for Any<Record<u64>> {
    fn arbitrary(g: &mut Gen) -> Self {
        let (first, term) = (1 + u64::from(u32::arbitrary(g)), u64::arbitrary(g));
        let vote = Option::<u32>::arbitrary(g).map(NodeId);
        Self(if bool::arbitrary(g) {
            Record::Append(batch(g, first, term))
        } else {
            let term = Term(term);
            Record::Ballot { term, vote }
        })
    }
}

quickcheck! {
    fn every_message_survives(message: Any<Message<u64>>) -> bool {
        survives(&message.0)
    }

    fn every_record_survives(record: Any<Record<u64>>) -> bool {
        survives(&record.0)
    }
}

#[test]
fn requests_and_events_survive() {
    let id = RequestId(3);
    let (index, term) = (Index(4), Term(2));
    assert!(survives(&Request::Propose { id, command: 9_u64 }));
    assert!(survives(&Request::<u64>::Read { id }));
    let events: [Event<u64>; 6] = [
        Event::Committed(Batch::commands(term, index, [1, 2]).unwrap()),
        Event::Committed(Batch::blank(term, index)),
        Event::Proposed {
            id,
            outcome: Outcome::Committed { index, term },
        },
        Event::Readable { id, index },
        Event::Refused {
            request: Request::Read { id },
            leader: Some(NodeId(2)),
            refusal: Refusal::Overloaded,
        },
        Event::Leader { term, leader: None },
    ];
    assert!(events.iter().all(survives));
}

/// What a wire might bring instead of a chain.
#[test]
fn entries_that_are_no_chain_are_refused_while_decoding() {
    let decode = |text: &str| serde_json::from_str::<Entries<u64>>(text).map_err(|e| e.to_string());
    let good = r#"[{"term":1,"first":4,"commands":[7,8]},{"term":2,"first":6,"commands":null}]"#;
    assert_eq!(decode(good).unwrap().last(), Some(Index(6)));
    for (text, reason) in [
        (
            r#"[{"term":1,"first":4,"commands":[7]},{"term":1,"first":6,"commands":[8]}]"#,
            "begin where",
        ),
        (
            r#"[{"term":1,"first":4,"commands":[7]},{"term":1,"first":4,"commands":[8]}]"#,
            "begin where",
        ),
        (
            r#"[{"term":2,"first":4,"commands":[7]},{"term":1,"first":5,"commands":[8]}]"#,
            "lower",
        ),
        (r#"[{"term":1,"first":4,"commands":[]}]"#, "empty"),
        (r#"[{"term":1,"first":0,"commands":[7]}]"#, "index 0"),
        (r#"[{"term":1,"first":0,"commands":null}]"#, "index 0"),
        (
            r#"[{"term":1,"first":18446744073709551615,"commands":[7]}]"#,
            "overflows",
        ),
        (
            r#"[{"term":1,"first":18446744073709551615,"commands":null}]"#,
            "overflows",
        ),
        (
            r#"[{"term":1,"first":18446744073709551614,"commands":[7, 8]}]"#,
            "overflows",
        ),
    ] {
        let error = decode(text).unwrap_err();
        assert!(error.contains(reason), "{text}: {error}");
    }
}

#[test]
fn random_bytes_are_a_message_or_an_error() {
    fn property(bytes: Vec<u8>) -> bool {
        match Bincode.decode::<Message<u64>>(&bytes) {
            Ok(message) => survives(&message),
            Err(_) => true,
        }
    }
    quickcheck::QuickCheck::new()
        .tests(20_000)
        .rng(Gen::from_size_and_seed(40, 1))
        .quickcheck(property as fn(Vec<u8>) -> bool);
}
