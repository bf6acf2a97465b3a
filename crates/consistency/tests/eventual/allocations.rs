//! A payload exists once, whoever holds it, and an idle replica allocates next to nothing.

use allocation_counter::measure;
use consistency::eventual::{
    CausalContext, Config, EventualStore, KeyVersions, Message, Record, Request, Versions,
};
use transport::{
    Bytes, Context, Effect, Effects, Input, NodeId, Process, Recover, RequestId, Scripted, Stored,
    Time, Token,
};

use crate::world::{checkpoint, config, empty, of};

fn loaded(keys: usize) -> EventualStore {
    let item = |number: usize| {
        let mut versions = Versions::new(3).unwrap();
        versions.put(0, &empty(), "value".into()).unwrap();
        let key = format!("key{number:06}").as_str().into();
        KeyVersions { key, versions }
    };
    let record = checkpoint(3, (0..keys).map(item).collect());
    let token = Token(1);
    EventualStore::recover(&config(0, 3), vec![Stored { token, record }]).unwrap()
}

#[test]
fn a_value_is_one_piece_of_memory_in_every_message_record_and_answer() {
    let mut store = EventualStore::recover(&config(0, 5), vec![]).unwrap();
    let (mut effects, mut choices) = (Effects::new(), Scripted::default());
    let value = Bytes::from(vec![7; 10_000]);
    let put = Request::Put {
        id: RequestId(1),
        key: "x".into(),
        value: value.clone(),
        context: CausalContext::default(),
    };
    let counted = measure(|| {
        let mut cx = Context::new(Time::ZERO, Time::ZERO, &mut choices, &mut effects);
        store.step(Input::Request(put), &mut cx);
    });
    assert!(
        counted.bytes_total < 10_000,
        "{} bytes allocated",
        counted.bytes_total
    );
    let mut places = vec![store.versions(b"x").unwrap().siblings()[0].value.as_ptr()];
    for effect in effects.drain() {
        match effect {
            Effect::Send {
                message: Message::Versions { items, .. },
                ..
            } => places.push(items[0].versions.siblings()[0].value.as_ptr()),
            Effect::Checkpoint {
                record: Record::Checkpoint { written, .. },
                ..
            } => places.push(written[0].versions.siblings()[0].value.as_ptr()),
            Effect::Emit {
                event: consistency::eventual::Event::Done { reply, .. },
                ..
            } => places.push(reply.versions().siblings()[0].value.as_ptr()),
            other => panic!("unexpected {other:?}"),
        }
    }
    assert_eq!(places.len(), 1 + 4 + 1 + 1);
    assert!(places.iter().all(|&place| place == value.as_ptr()));
}

/// Allocations of one step with this input.
fn cost(store: &mut EventualStore, input: Input<EventualStore>, now: Time) -> u64 {
    let (mut effects, mut choices) = (Effects::resume(Token(1)), Scripted::default());
    // The outbox keeps its memory between steps.
    for _ in 0..4 {
        effects.push(Effect::Emit {
            event: consistency::eventual::Event::Done {
                id: RequestId(0),
                reply: consistency::eventual::Reply::Found {
                    item: KeyVersions {
                        key: "".into(),
                        versions: Versions::new(0).unwrap(),
                    },
                },
            },
            after: Token::NONE,
        });
    }
    effects.drain();
    measure(|| {
        let mut cx = Context::new(now, now, &mut choices, &mut effects);
        store.step(input, &mut cx);
    })
    .count_total
}

#[test]
fn an_idle_exchange_costs_the_same_for_any_store() {
    let costs = [10, 10_000].map(|keys| {
        let mut store = loaded(keys);
        cost(&mut store, Input::Start, Time::ZERO);
        cost(&mut store, Input::Wake, Time::from_millis(10_000))
    });
    assert_eq!(costs[0], costs[1]);
    // One part, and the empty key that the span begins with.
    assert!(costs[0] <= 2, "{costs:?}");
}

#[test]
fn answering_an_equal_peer_allocates_nothing() {
    let (mut store, mut peer) = (loaded(1_000), loaded(1_000));
    let (mut effects, mut choices) = (Effects::new(), Scripted::default());
    for (input, now) in [
        (Input::Start, Time::ZERO),
        (Input::Wake, Time::from_millis(10_000)),
    ] {
        peer.step(
            input,
            &mut Context::new(now, now, &mut choices, &mut effects),
        );
    }
    let sum = effects.drain().find_map(|effect| match effect {
        Effect::Send { message, .. } => Some(message),
        _ => None,
    });
    let (from, message) = (NodeId(1), sum.unwrap());
    assert_eq!(
        cost(&mut store, Input::Message { from, message }, Time::ZERO),
        0
    );
}

#[test]
fn a_read_allocates_its_answer_only() {
    let mut store = loaded(1_000);
    let get = Request::Get {
        id: RequestId(1),
        key: "key000500".into(),
    };
    cost(&mut store, Input::Start, Time::ZERO);
    // The clock and the list of siblings.
    assert!(cost(&mut store, Input::Request(get), Time::ZERO) <= 2);
}

#[test]
fn a_write_allocates_a_few_times_per_member_whatever_the_size_of_the_store() {
    let members = 3_u64;
    let costs = [10, 10_000].map(|keys| {
        let mut store = loaded(keys);
        cost(&mut store, Input::Start, Time::ZERO);
        let put = Request::Put {
            id: RequestId(1),
            key: "key000005".into(),
            value: "v".into(),
            context: of("key000005", store.versions(b"key000005").unwrap().context()),
        };
        cost(&mut store, Input::Request(put), Time::ZERO)
    });
    eprintln!("allocations of a put, 3 members: {costs:?}");
    assert!(
        costs.iter().all(|&count| count <= 12 + 3 * (members - 1)),
        "{costs:?}"
    );
    let config: Config = config(0, 3);
    assert_eq!(config.members().len() as u64, members);
}
