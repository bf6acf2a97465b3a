//! What the tracer does to one process, and what it leaves alone.

mod gossip;

use clocks::{ClockError, VectorClock};
use gossip::{Gossip, NODES};
use quickcheck::quickcheck;
use snapshot::{NUMBER_MAX, Stamped, StampedRecord, TraceError, TraceKind, Traced, TracedConfig};
use transport::{
    Context, Effect, EffectOf, Effects, Input, NodeId, Process, Recover, Scripted, Stored, Time,
    Token,
};

fn config(node: u32) -> TracedConfig<()> {
    TracedConfig::new(NodeId(node), (0..NODES).map(NodeId), ())
}

fn traced(node: u32) -> Traced<Gossip> {
    Traced::new(Gossip::new(), &config(node)).expect("a member")
}

fn step<P: Process>(
    process: &mut P,
    effects: &mut Effects<P>,
    input: Input<P>,
) -> Vec<EffectOf<P>> {
    let mut choices = Scripted::default();
    process.step(
        input,
        &mut Context::new(Time::ZERO, Time::ZERO, &mut choices, effects),
    );
    effects.drain().collect()
}

fn message(counters: &[u64], message: u8) -> Input<Traced<Gossip>> {
    let clock = VectorClock::from_counters(counters).expect("narrow");
    Input::Message {
        from: NodeId(1),
        message: Stamped { clock, message },
    }
}

#[test]
fn each_input_is_one_event_and_its_messages_carry_it() {
    let (mut node, mut effects) = (traced(0), Effects::new());
    step(&mut node, &mut effects, Input::Start);
    // Early and late, to n1.
    let list = step(&mut node, &mut effects, Input::Request(2 + 4 + 8));
    let stamps: Vec<&[u64]> = list
        .iter()
        .filter_map(|effect| match effect {
            Effect::Send { message, .. } => Some(message.clock.as_slice()),
            _ => None,
        })
        .collect();
    assert_eq!(stamps, [[2, 0, 0], [2, 0, 0]]);
    step(&mut node, &mut effects, message(&[1, 7, 3], 0));
    assert_eq!(node.clock().as_slice(), [3, 7, 3]);
    step(&mut node, &mut effects, Input::Wake);
    step(&mut node, &mut effects, Input::Durable(Token(1)));
    assert_eq!(node.clock().as_slice(), [5, 7, 3]);
}

#[test]
fn a_stamp_that_cannot_be_true_drops_the_message_and_nothing_else() {
    let (mut node, mut effects) = (traced(0), Effects::new());
    step(&mut node, &mut effects, Input::Start);
    let before = node.clone();
    let untrue = [
        message(&[0, 1, 0, 4], 9),
        message(&[2, 1, 0], 9),
        message(&[u64::MAX, 1, 0], 9),
        // Believed, it would make each later stamp of n1 look old.
        message(&[0, NUMBER_MAX + 1, 0], 9),
        message(&[0, 0, u64::MAX], 9),
    ];
    for (input, refused) in untrue.into_iter().zip(1..) {
        assert!(step(&mut node, &mut effects, input).is_empty());
        assert_eq!(node.stamps_refused(), refused);
        assert_eq!(
            (node.clock(), node.process()),
            (before.clock(), before.process())
        );
    }
    // Wider, but without an event there; and narrower.
    for counters in [&[0, 1, 0, 0][..], &[0, 2], &[]] {
        step(&mut node, &mut effects, message(counters, 0));
    }
    assert_eq!((node.stamps_refused(), node.process().heard.len()), (5, 3));
    assert_eq!(node.clock().as_slice(), [4, 2, 0]);
}

#[test]
fn numbers_are_reserved_before_they_are_used_and_again_when_half_are_left() {
    let (mut node, mut effects) = (traced(0), Effects::new());
    let list = step(&mut node, &mut effects, Input::Start);
    let reserved = match &list[..] {
        [
            Effect::Persist {
                token: Token(1),
                record:
                    StampedRecord {
                        number_max,
                        record: None,
                        ..
                    },
            },
        ] => *number_max,
        other => panic!("{other:?}"),
    };
    step(&mut node, &mut effects, Input::Durable(Token(1)));
    let mut again = Vec::new();
    for _ in 0..reserved {
        if !again.is_empty() {
            break;
        }
        again = step(&mut node, &mut effects, Input::Wake);
    }
    let number = node.clock().get(0);
    assert!(
        number < reserved && number > reserved / 2 - 2,
        "{number} of {reserved}"
    );
    let early = step(&mut node, &mut effects, Input::Request(2));
    assert!(
        matches!(
            early[..],
            [Effect::Send {
                after: Token::NONE,
                ..
            }]
        ),
        "{early:?}"
    );
}

#[test]
fn a_late_message_still_waits_for_the_records_before_it() {
    let (mut node, mut effects) = (traced(0), Effects::new());
    step(&mut node, &mut effects, Input::Start);
    step(&mut node, &mut effects, Input::Durable(Token(1)));
    // Persist, send early, send late.
    let list = step(&mut node, &mut effects, Input::Request(1 + 2 + 4));
    let gates: Vec<Token> = list
        .iter()
        .filter_map(|effect| match effect {
            Effect::Send { after, .. } => Some(*after),
            _ => None,
        })
        .collect();
    assert_eq!(gates, [Token::NONE, Token(2)]);
}

#[test]
fn the_reservation_comes_first_and_only_its_own_durability_counts() {
    let (mut node, mut effects) = (traced(0), Effects::new());
    // Persist and send early, in the very first step.
    let list = step(&mut node, &mut effects, Input::Request(1 + 2));
    let [
        Effect::Persist {
            token: Token(1),
            record: first,
        },
        second,
        third,
    ] = &list[..]
    else {
        panic!("{list:?}");
    };
    assert_eq!(first.record, None);
    assert!(
        matches!(
            second,
            Effect::Persist {
                token: Token(2),
                ..
            }
        ),
        "{second:?}"
    );
    assert!(
        matches!(
            third,
            Effect::Send {
                after: Token(1),
                ..
            }
        ),
        "{third:?}"
    );
    step(&mut node, &mut effects, Input::Durable(Token::NONE));
    let early = step(&mut node, &mut effects, Input::Request(2));
    assert!(
        matches!(
            early[..],
            [Effect::Send {
                after: Token(1),
                ..
            }]
        ),
        "{early:?}"
    );
}

#[test]
fn the_reservation_outlives_a_checkpoint() {
    struct Checkpointer;
    impl Process for Checkpointer {
        type Message = ();
        type Request = ();
        type Event = ();
        type Record = u8;
        fn step(&mut self, input: Input<Self>, cx: &mut Context<'_, Self>) {
            if let Input::Request(()) = input {
                let keep_from = cx.last_token().next();
                cx.checkpoint(1, keep_from);
            }
        }
        fn deadline(&self) -> Option<Time> {
            None
        }
    }
    let mut node = Traced::new(Checkpointer, &config(0)).expect("a member");
    let mut effects = Effects::new();
    let first = step(&mut node, &mut effects, Input::Start);
    let list = step(&mut node, &mut effects, Input::Request(()));
    let [
        Effect::Persist {
            record: reservation,
            ..
        },
    ] = &first[..]
    else {
        panic!("{first:?}")
    };
    let [
        Effect::Checkpoint {
            record,
            keep_from,
            token,
        },
    ] = &list[..]
    else {
        panic!("{list:?}")
    };
    assert_eq!((*token, *keep_from), (Token(2), Token(2)));
    assert_eq!(record.number_max, reservation.number_max);
    assert_eq!(
        (record.record, record.clock.as_slice()),
        (Some(1), &[2, 0, 0][..])
    );
}

fn stored(
    token: u64,
    counters: &[u64],
    number_max: u64,
    record: Option<u8>,
) -> Stored<StampedRecord<u8>> {
    let clock = VectorClock::from_counters(counters).expect("narrow");
    Stored {
        token: Token(token),
        record: StampedRecord {
            clock,
            number_max,
            record,
        },
    }
}

#[test]
fn a_recovered_node_starts_after_all_it_may_have_told_and_all_its_records_knew() {
    let records = vec![
        stored(1, &[1, 0, 0], 500, None),
        stored(2, &[7, 3, 0], 500, Some(4)),
        stored(5, &[9, 2, 6], 500, Some(5)),
    ];
    let mut node = Traced::<Gossip>::recover(&config(0), records).expect("its own");
    assert_eq!(node.process().log, [4, 5]);
    assert_eq!(node.clock().as_slice(), [500, 3, 6]);
    let mut effects = Effects::resume(Token(5));
    let list = step(&mut node, &mut effects, Input::Start);
    assert_eq!(node.clock().as_slice(), [501, 3, 6]);
    assert!(
        matches!(
            list[..],
            [Effect::Persist {
                token: Token(6),
                ..
            }]
        ),
        "{list:?}"
    );
    step(&mut node, &mut effects, message(&[499, 9, 0], 0));
    assert_eq!(
        node.stamps_refused(),
        0,
        "a peer may know what a crash made this node forget"
    );
}

#[test]
fn records_of_another_system_are_refused() {
    let recover = |record| {
        Traced::<Gossip>::recover(&config(0), vec![record]).map(|node| node.clock().clone())
    };
    let foreign = Err(TraceError::ForeignRecord { token: Token(3) });
    assert_eq!(recover(stored(3, &[1, 1, 1, 1], 500, None)), foreign);
    assert_eq!(recover(stored(3, &[501, 0, 0], 500, None)), foreign);
    assert_eq!(
        recover(stored(3, &[1, 0, 0], NUMBER_MAX + 1, None)),
        foreign
    );
    assert_eq!(recover(stored(3, &[1, u64::MAX, 0], 5, None)), foreign);
}

#[test]
fn a_node_without_a_slot_is_not_traced() {
    let stranger = Traced::new(Gossip::new(), &config(NODES)).map(|_| ());
    assert_eq!(
        stranger,
        Err(TraceError::NotAMember {
            node: NodeId(NODES)
        })
    );
    let crowd = TracedConfig::new(NodeId(0), (0..=65_536).map(NodeId), ());
    let error = Traced::new(Gossip::new(), &crowd).map(|_| ());
    assert!(matches!(
        error,
        Err(TraceError::Members(ClockError::TooManySlots { .. }))
    ));
}

#[test]
fn the_last_number_is_reached_without_panic() {
    let records = vec![stored(1, &[1, 0, 0], NUMBER_MAX, None)];
    let mut node = Traced::<Gossip>::recover(&config(0), records).expect("its own");
    let mut effects = Effects::resume(Token(1));
    step(&mut node, &mut effects, Input::Start);
    step(&mut node, &mut effects, message(&[0, 5, 0], 8));
    assert_eq!(node.clock().as_slice(), [NUMBER_MAX, 5, 0]);
    assert_eq!(node.events_uncounted(), 2);
    assert_eq!(
        node.process().heard,
        [(NodeId(1), 8)],
        "the process works on"
    );
}

#[test]
fn the_newest_events_are_kept_and_name_the_steps_they_come_from() {
    let config = TracedConfig {
        events_max: 3,
        ..config(0)
    };
    let mut node = Traced::new(Gossip::new(), &config).expect("a member");
    let mut effects = Effects::new();
    step(&mut node, &mut effects, Input::Start);
    step(&mut node, &mut effects, Input::Request(0));
    step(&mut node, &mut effects, message(&[1, 7, 3], 0));
    step(&mut node, &mut effects, Input::Durable(Token(1)));
    step(&mut node, &mut effects, Input::Wake);
    assert_eq!(node.events_forgotten(), 2);
    let events: Vec<_> = node.drain_events().collect();
    assert_eq!(
        events[0].kind,
        TraceKind::Receive {
            from: NodeId(1),
            number: 7
        }
    );
    let lines: Vec<String> = events.iter().map(ToString::to_string).collect();
    let expected = [
        "n0 [3, 7, 3] receive n1#7",
        "n0 [4, 7, 3] durable t1",
        "n0 [5, 7, 3] wake",
    ];
    assert_eq!(lines, expected);
    assert_eq!(node.drain_events().count(), 0);
}

#[test]
fn two_nodes_in_the_same_state_are_equal_whatever_memory_they_hold() {
    let (mut node, mut effects) = (traced(0), Effects::new());
    step(&mut node, &mut effects, Input::Start);
    step(&mut node, &mut effects, message(&[0, 1, 0], 0));
    assert_eq!(node, node.clone());
    assert_ne!(node, traced(0));
}

/// Runs three processes on a disk that is durable at once. What they told and were told.
fn run<P>(mut nodes: Vec<P>, schedule: &[(u8, u8)]) -> (Vec<(usize, u8)>, Vec<P>)
where
    P: Process<Request = u8, Event = u8>,
    P::Message: Clone,
{
    let mut outboxes: Vec<Effects<P>> = nodes.iter().map(|_| Effects::new()).collect();
    let (mut events, mut network) = (Vec::new(), Vec::<(NodeId, NodeId, P::Message)>::new());
    for &(kind, value) in schedule {
        let pending = usize::from(value).checked_rem(network.len());
        let (node, input) = match (kind % 4, pending) {
            (0, _) | (_, None) => (usize::from(value) % nodes.len(), Input::Request(value)),
            (1, _) => (usize::from(value) % nodes.len(), Input::Wake),
            (kind, Some(index)) => {
                let (from, to, message) = network[index].clone();
                if kind == 2 {
                    network.remove(index);
                }
                (to.0 as usize, Input::Message { from, message })
            }
        };
        let from = NodeId(u32::try_from(node).expect("small"));
        for effect in step(&mut nodes[node], &mut outboxes[node], input) {
            match effect {
                Effect::Send { to, message, .. } => network.push((from, to, message)),
                Effect::Emit { event, .. } => events.push((node, event)),
                _ => {}
            }
        }
    }
    (events, nodes)
}

quickcheck! {
    fn a_traced_process_does_what_it_does_untraced(schedule: Vec<(u8, u8)>) -> bool {
        let (events, nodes) = run((0..NODES).map(|_| Gossip::new()).collect(), &schedule);
        let (traced_events, traced_nodes) = run((0..NODES).map(traced).collect(), &schedule);
        let unwrapped: Vec<Gossip> = traced_nodes.into_iter().map(Traced::into_process).collect();
        (traced_events, unwrapped) == (events, nodes)
    }
}
