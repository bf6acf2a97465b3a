//! What the store sends, stores and answers, through the project's own codec and back.

use std::fmt::Debug;

use clocks::Dot;
use consistency::eventual::{
    CausalContext, Content, Event, KeyVersions, Message, Part, Record, Refusal, Reply, Request,
    Span, Versions,
};
use transport::{Bincode, Codec, RequestId};

use crate::world::{checkpoint, context, empty, of};

fn round_trips<T>(value: &T)
where
    T: ::serde::Serialize + ::serde::de::DeserializeOwned + PartialEq + Debug,
{
    let mut bytes = vec![];
    Bincode.encode(value, &mut bytes, 1 << 20).unwrap();
    assert_eq!(&Bincode.decode::<T>(&bytes).unwrap(), value);
    // A message that is cut off is an error, never another message.
    for end in 0..bytes.len() {
        assert!(Bincode.decode::<T>(&bytes[..end]).is_err());
    }
}

fn versions() -> Versions {
    let mut versions = Versions::new(3).unwrap();
    versions.put(0, &empty(), "apple".into()).unwrap();
    versions.put(2, &empty(), "".into()).unwrap();
    versions
}

#[test]
fn messages_and_records_round_trip() {
    let item = || KeyVersions {
        key: "fruit".into(),
        versions: versions(),
    };
    round_trips(&Record::Changed(vec![item()]));
    round_trips(&Record::Written(item()));
    round_trips(&checkpoint(2, vec![item(), item()]));
    round_trips(&Message::Versions {
        items: vec![item()],
        is_answer_wanted: true,
    });
    let span = Span {
        from: "a".into(),
        to: Some("b".into()),
    };
    let keys = Content::Keys(vec![("a".into(), u64::MAX)]);
    round_trips(&Message::Compare {
        parts: vec![
            Part {
                span,
                content: keys,
            },
            Part {
                span: Span::all(),
                content: Content::Sum(7),
            },
        ],
    });
}

#[test]
fn requests_and_events_round_trip() {
    let (id, key) = (RequestId(7), || "fruit".into());
    let requests = [
        Request::Get { id, key: key() },
        Request::Put {
            id,
            key: key(),
            value: "apple".into(),
            context: CausalContext::default(),
        },
        Request::Delete {
            id,
            key: key(),
            context: of("fruit", &context(&[1, 0, u64::MAX])),
        },
    ];
    for request in requests {
        round_trips(&request);
        for refusal in [
            Refusal::RepeatedId,
            Refusal::CounterExhausted,
            Refusal::TooManyKeys { keys_max: 3 },
        ] {
            let request = request.clone();
            round_trips(&Event::Refused { request, refusal });
        }
    }
    let item = || KeyVersions {
        key: key(),
        versions: versions(),
    };
    let dot = Dot::new(2, 9).unwrap();
    for reply in [
        Reply::Found { item: item() },
        Reply::Written { dot, item: item() },
        Reply::Deleted { item: item() },
    ] {
        round_trips(&Event::Done { id, reply });
    }
}

// Bytes may hold versions that no replica builds: they are read, and then refused.
#[test]
fn versions_out_of_order_are_refused_when_they_arrive() {
    use transport::{Input, NodeId};
    let mut bytes = vec![];
    let mut item = KeyVersions {
        key: "fruit".into(),
        versions: versions(),
    };
    item.versions.put(0, &empty(), "pear".into()).unwrap();
    let message = Message::Versions {
        items: vec![item],
        is_answer_wanted: false,
    };
    Bincode.encode(&message, &mut bytes, 1 << 20).unwrap();
    let apple = bytes
        .windows(5)
        .position(|window| window == b"apple")
        .unwrap();
    // The counter of the apple, before its length: 1 becomes 9, which the clock does not cover.
    assert_eq!((bytes[apple - 2], bytes[apple - 1]), (1, 5));
    bytes[apple - 2] = 9;
    let message = Bincode.decode::<Message>(&bytes).unwrap();
    let mut world = crate::world::World::new(3, 1);
    let from = NodeId(1);
    world.step(NodeId(0), Input::Message { from, message });
    assert_eq!(
        (world.store(0).messages_refused(), world.store(0).keys_len()),
        (1, 0)
    );
}
