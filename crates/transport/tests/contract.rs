//! The contract's own types: gates, tokens, nesting, choices, times.

use std::collections::BTreeSet;
use std::time::Duration;

use quickcheck::quickcheck;
use transport::{
    Bytes, Choose, Context, Effect, EffectOf, Effects, Input, NodeId, Process, Scripted, Time,
    Token,
};

/// Does what the request says, in order.
struct Puppet;

#[derive(Clone, Copy, Debug)]
enum Act {
    Persist,
    Checkpoint,
    Send,
    SendEarly,
    Emit,
    EmitEarly,
}

impl Process for Puppet {
    type Message = u8;
    type Request = Vec<Act>;
    type Event = u8;
    type Record = u8;

    fn step(&mut self, input: Input<Self>, cx: &mut Context<'_, Self>) {
        let Input::Request(acts) = input else { return };
        for act in acts {
            match act {
                Act::Persist => drop(cx.persist(1)),
                Act::Checkpoint => drop(cx.checkpoint(2, Token(1))),
                Act::Send => cx.send(NodeId(2), 3),
                Act::SendEarly => cx.send_early(NodeId(2), 4),
                Act::Emit => cx.emit(5),
                Act::EmitEarly => cx.emit_early(6),
            }
        }
    }

    fn deadline(&self) -> Option<Time> {
        None
    }
}

fn acts(effects: &mut Effects<Puppet>, acts: &[Act]) -> Vec<EffectOf<Puppet>> {
    let mut choices = Scripted::default();
    let mut cx = Context::new(Time::ZERO, Time::ZERO, &mut choices, effects);
    Puppet.step(Input::Request(acts.to_vec()), &mut cx);
    effects.drain().collect()
}

const fn gate(effect: &EffectOf<Puppet>) -> Option<Token> {
    match effect {
        Effect::Send { after, .. } | Effect::Emit { after, .. } => Some(*after),
        Effect::Persist { .. } | Effect::Checkpoint { .. } => None,
    }
}

fn gates(effects: &[EffectOf<Puppet>]) -> Vec<Token> {
    effects.iter().filter_map(gate).collect()
}

#[test]
fn what_is_sent_or_emitted_waits_for_the_newest_record() {
    let mut effects = Effects::new();
    let first = acts(
        &mut effects,
        &[Act::Send, Act::Persist, Act::Send, Act::Persist, Act::Emit],
    );
    assert_eq!(gates(&first), [Token::NONE, Token(1), Token(2)]);
    let later = acts(&mut effects, &[Act::Send, Act::Emit]);
    assert_eq!(
        gates(&later),
        [Token(2), Token(2)],
        "records of earlier steps count too"
    );
}

#[test]
fn a_checkpoint_is_a_record_to_wait_for() {
    let mut effects = Effects::resume(Token(6));
    let list = acts(&mut effects, &[Act::Checkpoint, Act::Send]);
    assert_eq!(gates(&list), [Token(7)]);
    assert!(matches!(
        list.first(),
        Some(Effect::Checkpoint {
            token: Token(7),
            keep_from: Token(1),
            ..
        })
    ));
}

#[test]
fn the_early_doors_wait_for_nothing() {
    let mut effects = Effects::new();
    let list = acts(
        &mut effects,
        &[Act::Persist, Act::SendEarly, Act::EmitEarly],
    );
    assert_eq!(gates(&list), [Token::NONE, Token::NONE]);
}

#[test]
fn tokens_go_on_after_a_restart() {
    let mut effects = Effects::resume(Token(41));
    let list = acts(&mut effects, &[Act::Send, Act::Persist]);
    assert_eq!(
        gates(&list),
        [Token(41)],
        "what the process recovered from is what it stands on"
    );
    assert!(matches!(
        list.last(),
        Some(Effect::Persist {
            token: Token(42),
            ..
        })
    ));
}

#[test]
fn the_newest_token_only_grows() {
    let mut effects = Effects::<Puppet>::resume(Token(5));
    effects.advance(Token(3));
    assert_eq!(effects.last_token(), Token(5));
    effects.advance(Token(9));
    assert_eq!(effects.last_token(), Token(9));
    effects.push(Effect::Persist {
        token: Token(7),
        record: 0,
    });
    assert_eq!(effects.last_token(), Token(9));
    effects.push(Effect::Checkpoint {
        token: Token(12),
        record: 0,
        keep_from: Token(1),
    });
    assert_eq!(effects.last_token(), Token(12));
    effects.push(Effect::Send {
        to: NodeId(1),
        message: 0,
        after: Token(99),
    });
    assert_eq!(effects.last_token(), Token(12), "a gate is not a record");
}

#[test]
fn tokens_saturate() {
    assert_eq!(Token(u64::MAX).next(), Token(u64::MAX));
    let mut effects = Effects::resume(Token(u64::MAX));
    assert_eq!(
        gates(&acts(&mut effects, &[Act::Persist, Act::Send])),
        [Token(u64::MAX)]
    );
}

/// Persists a record of its own before and after the process inside it takes a step.
struct Wrapper {
    inner: Effects<Puppet>,
}

impl Process for Wrapper {
    type Message = u8;
    type Request = Vec<Act>;
    type Event = u8;
    type Record = u8;

    fn step(&mut self, input: Input<Self>, cx: &mut Context<'_, Self>) {
        let Input::Request(acts) = input else { return };
        cx.persist(100);
        cx.nested(&mut self.inner, |cx| Puppet.step(Input::Request(acts), cx));
        for effect in self.inner.drain() {
            cx.forward(effect);
        }
        cx.persist(200);
    }

    fn deadline(&self) -> Option<Time> {
        None
    }
}

#[test]
fn nested_tokens_continue_the_wrappers_and_the_wrappers_continue_them() {
    let mut wrapper = Wrapper {
        inner: Effects::new(),
    };
    let mut effects = Effects::<Wrapper>::resume(Token(10));
    let mut choices = Scripted::default();
    for _ in 0..2 {
        let input = Input::Request(vec![Act::Send, Act::Persist, Act::Persist, Act::Send]);
        wrapper.step(
            input,
            &mut Context::new(Time::ZERO, Time::ZERO, &mut choices, &mut effects),
        );
    }
    let tokens: Vec<Token> = effects
        .as_slice()
        .iter()
        .filter_map(|effect| match effect {
            Effect::Persist { token, .. } => Some(*token),
            _ => None,
        })
        .collect();
    assert_eq!(tokens, (11..=18).map(Token).collect::<Vec<_>>());
    let gates: Vec<Token> = effects
        .as_slice()
        .iter()
        .filter_map(|effect| match effect {
            Effect::Send { after, .. } => Some(*after),
            _ => None,
        })
        .collect();
    // The inner process's first send waits for the wrapper's record before it.
    assert_eq!(gates, [Token(11), Token(13), Token(15), Token(17)]);
}

#[test]
fn a_nested_step_sees_the_same_clocks_and_choices() {
    struct Probe;
    impl Process for Probe {
        type Message = ();
        type Request = ();
        type Event = (Time, Time, u64);
        type Record = ();
        fn step(&mut self, _: Input<Self>, cx: &mut Context<'_, Self>) {
            let choice = cx.choose(100);
            cx.emit((cx.now(), cx.wall(), choice));
        }
        fn deadline(&self) -> Option<Time> {
            None
        }
    }
    let mut outer = Effects::<Puppet>::new();
    let mut inner = Effects::<Probe>::new();
    let mut choices = Scripted::new([42, 43]);
    let (now, wall) = (Time::from_nanos(1), Time::from_nanos(2));
    let mut cx = Context::new(now, wall, &mut choices, &mut outer);
    cx.nested(&mut inner, |cx| Probe.step(Input::Wake, cx));
    assert_eq!(cx.choose(100), 43);
    let effect = inner.drain().next();
    assert!(matches!(effect, Some(Effect::Emit { event, .. }) if event == (now, wall, 42)));
}

#[test]
fn an_outbox_keeps_its_memory_and_two_are_told_apart_by_their_tokens() {
    let mut effects = Effects::<Puppet>::resume(Token(3));
    let other = effects.clone();
    acts(&mut effects, &[Act::Send]);
    assert!(effects.is_empty());
    assert_eq!(effects, other);
    acts(&mut effects, &[Act::Persist]);
    assert_ne!(effects, other);
    assert_eq!(
        format!("{other:?}"),
        "Effects { list: [], last_token: Token(3) }"
    );
}

#[test]
fn a_script_answers_within_bounds_then_zero() {
    let mut choices = Scripted::new([7, 7, 7, u64::MAX]);
    assert_eq!(choices.choose(0), 0, "nothing to choose");
    assert_eq!(choices.choose(1), 0);
    assert_eq!(choices.choose(5), 2);
    assert_eq!(choices.choose(10), 5);
    assert_eq!(choices.choose(10), 0, "the script has ended");
}

#[test]
fn inputs_show_what_they_are() {
    let message = Input::<Puppet>::Message {
        from: NodeId(1),
        message: 9,
    };
    assert_eq!(format!("{:?}", message.clone()), "Message(n1, 9)");
    assert_eq!(
        format!("{:?}", Input::<Puppet>::Durable(Token(4))),
        "Durable(t4)"
    );
    let (start, wake) = (Input::<Puppet>::Start, Input::<Puppet>::Wake);
    assert_eq!(
        format!("{:?} {:?}", start.clone(), wake.clone()),
        "Start Wake"
    );
    let request = Input::<Puppet>::Request(vec![Act::Emit]);
    assert_eq!(format!("{:?}", request.clone()), "Request([Emit])");
}

#[test]
fn a_far_deadline_is_never_not_early() {
    assert_eq!(Time::from_millis(u64::MAX), Time::MAX);
    assert_eq!(Time::MAX.plus_nanos(1), Time::MAX);
    assert_eq!(Time::ZERO + Duration::MAX, Time::MAX);
    assert_eq!(Time::ZERO.since(Time::MAX), Duration::ZERO);
    assert_eq!(Time::from_millis(1_500).to_string(), "1.500000000s");
}

#[test]
fn byte_strings_compare_by_content_and_show_text() {
    let list: BTreeSet<Bytes> =
        [Bytes::from("b"), Bytes::from(b"a"), Bytes::from(vec![b'b'])].into();
    assert_eq!(format!("{list:?}"), r#"{b"a", b"b"}"#);
    assert!(Bytes::default().is_empty());
}

fn effect_of(kind: u8, token: u64, value: u8) -> Effect<u8, u8, u8> {
    let (token, to) = (Token(token), NodeId(u32::from(value)));
    match kind % 4 {
        0 => Effect::Send {
            to,
            message: value,
            after: token,
        },
        1 => Effect::Emit {
            event: value,
            after: token,
        },
        2 => Effect::Persist {
            token,
            record: value,
        },
        _ => Effect::Checkpoint {
            token,
            record: value,
            keep_from: Token(token.0 / 2),
        },
    }
}

quickcheck! {
    fn a_map_changes_what_is_carried_and_nothing_else(kind: u8, token: u64, value: u8) -> bool {
        let effect = effect_of(kind, token, value);
        let there = effect.clone().map(u16::from, u32::from, u64::from);
        let same = |v: u64| u8::try_from(v).expect("a byte");
        there.map(|m| same(m.into()), |e| same(e.into()), same) == effect
    }

    fn a_choice_is_below_its_bound(script: Vec<u64>, n: u64) -> bool {
        let mut choices = Scripted::new(script.clone());
        (0..=script.len()).all(|_| choices.choose(n) < n.max(1))
    }

    fn no_gate_names_a_record_to_come(kinds: Vec<u8>) -> bool {
        let mut effects = Effects::new();
        let list: Vec<Act> = kinds.iter().map(|kind| match kind % 6 {
            0 => Act::Persist,
            1 => Act::Checkpoint,
            2 => Act::Send,
            3 => Act::SendEarly,
            4 => Act::Emit,
            _ => Act::EmitEarly,
        }).collect();
        let mut newest = Token::NONE;
        acts(&mut effects, &list).iter().all(|effect| match effect {
            Effect::Persist { token, .. } | Effect::Checkpoint { token, .. } => {
                let next = newest.next();
                newest = *token;
                *token == next
            }
            Effect::Send { message: 4, after, .. } | Effect::Emit { event: 6, after } => {
                *after == Token::NONE
            }
            Effect::Send { after, .. } | Effect::Emit { after, .. } => *after == newest,
        })
    }
}
