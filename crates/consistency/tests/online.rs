//! The streaming checker against the offline one, prefix by prefix.

#[expect(dead_code, reason = "the helpers are shared by several programs")]
mod common;

use common::{Toy, below, random_history};
use consistency::{
    CasRegister, Completion, Error, Event, EventKind, FifoQueue, Function, KeyValue, Limits, Model,
    Nondeterministic, NondeterministicModel, Online, Operation, OperationId, PoolInput, PoolOutput,
    ProcessId, Register, RegisterCall, RegisterInput, RegisterOutput, Standing, UnknownReason,
    Value, Verdict, check_linearizable,
};
use quickcheck::Gen;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Call,
    Ok,
    Fail,
    Info,
}

/// The events of a history in one order: equal positions are calls first, then as the operations stand. Some of the
/// operations that are never heard of are given up on the way, the others stay open.
fn events<I, O>(history: &[Operation<I, O>], g: &mut Gen) -> Vec<(Kind, usize)> {
    let mut events = Vec::new();
    for (place, operation) in history.iter().enumerate() {
        let call = operation.call.position;
        events.push((call, Kind::Call, place));
        match &operation.completion {
            Completion::Ok { .. } => events.push((operation.return_position(), Kind::Ok, place)),
            Completion::Fail { at } => events.push((at.position, Kind::Fail, place)),
            Completion::Info { .. } => {
                if below(g, 2) == 0 {
                    events.push((call + below(g, 20), Kind::Info, place));
                }
            }
        }
    }
    events.sort_unstable();
    events
        .into_iter()
        .map(|(_, kind, place)| (kind, place))
        .collect()
}

/// The operations as they are known after the first `count` events.
fn known<I: Clone, O: Clone>(
    history: &[Operation<I, O>],
    events: &[(Kind, usize)],
    count: usize,
) -> Vec<Operation<I, O>> {
    let mut beginning = Vec::new();
    for (place, operation) in history.iter().enumerate() {
        let find = |is: &dyn Fn(Kind) -> bool| {
            let mut begun = events.iter().take(count);
            begun.position(|(kind, its)| *its == place && is(*kind))
        };
        let Some(call) = find(&|kind| kind == Kind::Call) else {
            continue;
        };
        let mut operation = operation.clone();
        operation.call.position = call as u64;
        match (&mut operation.completion, find(&|kind| kind != Kind::Call)) {
            (Completion::Ok { at, .. } | Completion::Fail { at }, Some(end)) => {
                at.position = end as u64;
            }
            (completion, _) => *completion = Completion::Info { at: None },
        }
        beginning.push(operation);
    }
    beginning
}

/// The events up to the one with this number, for a failing test.
fn text<I: std::fmt::Debug, O: std::fmt::Debug>(
    history: &[Operation<I, O>],
    events: &[(Kind, usize)],
    number: usize,
) -> String {
    let line = |(kind, place): &(Kind, usize)| match kind {
        Kind::Call => format!("{place} calls {:?}\n", history[*place].input),
        Kind::Ok => format!("{place} ok {:?}\n", history[*place].completion.output()),
        Kind::Fail | Kind::Info => format!("{place} {kind:?}\n"),
    };
    events.iter().take(number + 1).map(line).collect()
}

/// Feeds the events; after each, the standing is what the offline check says of the beginning. Whether it holds.
fn judge<M: Model + Clone>(
    model: &M,
    history: &[Operation<M::Input, M::Output>],
    g: &mut Gen,
) -> bool {
    let events = events(history, g);
    let mut online = Online::new(model.clone());
    let mut ids = vec![None; history.len()];
    for (number, (kind, place)) in events.iter().enumerate() {
        let operation = &history[*place];
        match kind {
            Kind::Call => {
                let process = ProcessId(*place as u64);
                let id = online.invoke(process, operation.input.clone());
                ids[*place] = Some(id.expect("idle"));
            }
            Kind::Ok => {
                let output = operation.completion.output().expect("an ok").clone();
                let id = ids[*place].expect("called");
                let _ = online.ok(id, output).expect("open");
            }
            Kind::Fail => {
                let _ = online.fail(ids[*place].expect("called")).expect("open");
            }
            Kind::Info => {
                let _ = online.info(ids[*place].expect("called")).expect("open");
            }
        }
        let beginning = known(history, &events, number + 1);
        let offline = check_linearizable(model, &beginning, &Limits::default(), &mut || true);
        match online.standing() {
            Standing::Holds => assert!(
                offline.holds(),
                "too late: {}",
                text(history, &events, number)
            ),
            Standing::Violated {
                events: count,
                operation,
                ..
            } => {
                let is_violated = matches!(offline, Verdict::Violated(_));
                assert!(is_violated, "too early: {}", text(history, &events, number));
                assert_eq!(*count, number as u64 + 1);
                assert_eq!(ids[*place], Some(*operation));
                return false;
            }
            Standing::Unknown { reason, .. } => {
                panic!("{reason}: {}", text(history, &events, number))
            }
        }
    }
    true
}

fn campaign<M: Toy + Clone>(model: &M, seed: u64, rounds: u64, most: u64) {
    let mut g = Gen::from_size_and_seed(64, seed);
    let (mut held, mut violated) = (0, 0);
    for round in 0..rounds {
        let operations = 1 + below(&mut g, most);
        let mutations = round % 3;
        let history = random_history(model, &mut g, operations, 2 + round % 5, mutations);
        if judge(model, &history, &mut g) {
            held += 1;
        } else {
            violated += 1;
        }
    }
    assert!(
        held > rounds / 4 && violated > rounds / 20,
        "{held} {violated}"
    );
}

#[test]
fn cas_registers_agree_at_every_event() {
    campaign(&CasRegister::new(Value::Int(0)), 21, 4_000, 9);
}

#[test]
fn stores_of_two_keys_agree_at_every_event() {
    campaign(&KeyValue::new(Value::Nil), 22, 4_000, 9);
}

impl Toy for Register {
    fn input(&self, g: &mut Gen) -> RegisterInput {
        match below(g, 2) {
            0 => RegisterInput::read(),
            _ => RegisterInput::write(below(g, 5) as i64),
        }
    }

    fn answer(&self, state: &Value, input: &RegisterInput) -> RegisterOutput {
        match input.call {
            RegisterCall::Read => RegisterOutput::Value(state.clone()),
            _ => RegisterOutput::Done,
        }
    }

    fn wrong(&self, g: &mut Gen, input: &RegisterInput) -> RegisterOutput {
        match input.call {
            RegisterCall::Read => RegisterOutput::Value((below(g, 5) as i64).into()),
            _ => RegisterOutput::Done,
        }
    }
}

#[test]
fn registers_agree_at_every_event() {
    campaign(&Register::new(Value::Int(0)), 23, 6_000, 9);
}

impl Toy for FifoQueue {
    fn input(&self, g: &mut Gen) -> PoolInput {
        match below(g, 2) {
            0 => PoolInput::take(),
            _ => PoolInput::put(below(g, 2) as i64),
        }
    }

    fn answer(&self, state: &Self::State, input: &PoolInput) -> PoolOutput {
        let next = state.iter().next().cloned();
        let answers = [
            PoolOutput::Done,
            next.map_or(PoolOutput::Empty, PoolOutput::Taken),
        ];
        let fits = |output: &PoolOutput| self.step(state, input, Some(output)).is_some();
        answers.into_iter().find(fits).expect("an answer")
    }

    fn wrong(&self, g: &mut Gen, input: &PoolInput) -> PoolOutput {
        match (
            self.step(&self.initial(&None), input, Some(&PoolOutput::Done)),
            below(g, 3),
        ) {
            (Some(_), _) => PoolOutput::Done,
            (None, 0) => PoolOutput::Empty,
            (None, value) => PoolOutput::Taken((value as i64 - 1).into()),
        }
    }
}

#[test]
fn queues_agree_at_every_event() {
    campaign(&FifoQueue, 24, 3_000, 6);
}

#[test]
#[ignore = "minutes: half a million histories"]
fn long_campaigns_agree_at_every_event() {
    for seed in 100..110 {
        campaign(&CasRegister::new(Value::Int(0)), seed, 20_000, 10);
        campaign(&KeyValue::new(Value::Nil), seed, 10_000, 9);
        campaign(&Register::new(Value::Int(0)), seed, 40_000, 11);
        campaign(&FifoQueue, seed, 10_000, 6);
    }
}

fn write(online: &mut Online<Register>, process: u64, value: i64) -> OperationId {
    let id = online.invoke(ProcessId(process), RegisterInput::write(value));
    id.expect("idle")
}

fn read(online: &mut Online<Register>, process: u64) -> OperationId {
    let id = online.invoke(ProcessId(process), RegisterInput::read());
    id.expect("idle")
}

fn done(online: &mut Online<Register>, id: OperationId) -> Standing<Option<Value>> {
    online.ok(id, RegisterOutput::Done).expect("open").clone()
}

fn heard(online: &mut Online<Register>, id: OperationId, value: i64) -> Standing<Option<Value>> {
    let output = RegisterOutput::Value(value.into());
    online.ok(id, output).expect("open").clone()
}

/// Five clients for 10,000 operations; every 300th write is never heard of, and most of those take effect, late.
#[test]
fn memory_does_not_grow_with_the_history_and_hardly_with_unheard_writes() {
    let mut online = Online::new(Register::new(Value::Int(0)));
    let mut g = Gen::from_size_and_seed(64, 31);
    let (mut value, mut next, mut most) = (0, 0, 0);
    let mut clients: Vec<Option<(OperationId, Option<i64>)>> = vec![None; 5];
    let mut unheard = Vec::new();
    for number in 0..10_000_u64 {
        let client = below(&mut g, 5) as usize;
        match clients[client].take() {
            None if below(&mut g, 2) == 0 => {
                clients[client] = Some((read(&mut online, client as u64), None));
            }
            None => {
                next += 1;
                let id = write(&mut online, client as u64, next);
                if number % 300 < 4 && unheard.len() < 30 {
                    unheard.push(next);
                    let _ = online.info(id).expect("open");
                } else {
                    clients[client] = Some((id, Some(next)));
                }
            }
            Some((id, None)) => assert!(heard(&mut online, id, value).holds(), "{number}"),
            Some((id, Some(written))) => {
                value = written;
                assert!(done(&mut online, id).holds(), "{number}");
            }
        }
        if number % 701 == 700 && !unheard.is_empty() {
            value = unheard.remove(0);
        }
        most = most.max(online.configurations_count());
    }
    assert!(most < 200, "{most} configurations");
    let stale = read(&mut online, 77);
    assert!(matches!(
        heard(&mut online, stale, 1),
        Standing::Violated { .. }
    ));
    assert_eq!(
        online.configurations_count(),
        0,
        "nothing is kept of a violated history"
    );
}

#[test]
fn a_read_of_a_write_that_fails_later_convicts_when_it_fails() {
    let mut online = Online::new(Register::new(Value::Int(0)));
    let failing = write(&mut online, 0, 1);
    let seeing = read(&mut online, 1);
    assert!(heard(&mut online, seeing, 1).holds());
    let standing = online.fail(failing).expect("open");
    let expected = Standing::Violated {
        key: None,
        operation: failing,
        events: 4,
    };
    assert_eq!(*standing, expected);
    let later = write(&mut online, 2, 2);
    assert_eq!(done(&mut online, later), expected, "never taken back");
}

#[test]
fn too_many_configurations_end_in_unknown_for_good_and_other_keys_go_on() {
    let mut online = Online::new(FifoQueue).with_configurations_max(20);
    let mut ids = Vec::new();
    for process in 0..6 {
        let id = online.invoke(ProcessId(process), PoolInput::put(process as i64));
        ids.push(id.expect("idle"));
    }
    let first = ids.remove(0);
    let unknown = Standing::Unknown {
        key: None,
        reason: UnknownReason::MemoryBound,
    };
    assert_eq!(*online.ok(first, PoolOutput::Done).expect("open"), unknown);
    for id in ids {
        assert_eq!(*online.ok(id, PoolOutput::Done).expect("open"), unknown);
    }
    let other = PoolInput::take().at("other");
    let wrong = online.invoke(ProcessId(9), other).expect("idle");
    let taken = PoolOutput::Taken(5.into());
    let standing = online.ok(wrong, taken).expect("open");
    assert!(matches!(standing, Standing::Violated { operation, .. } if *operation == wrong));
}

/// A die: a roll gives any number, and the next look shows it.
#[derive(Clone, Debug)]
struct Die;

impl NondeterministicModel for Die {
    type State = u8;
    type Input = bool;
    type Output = u8;
    type Key = ();

    fn key(&self, _: &bool) {}

    fn initial(&self, (): &(), states: &mut Vec<u8>) {
        states.push(1);
    }

    fn steps(&self, state: &u8, is_roll: &bool, output: Option<&u8>, next: &mut Vec<u8>) {
        let ways = if *is_roll { 1..=6 } else { *state..=*state };
        next.extend(ways.filter(|way| output.is_none_or(|output| output == way)));
    }
}

#[test]
fn an_answer_that_decides_the_next_state_too_late_ends_in_unknown() {
    let mut online = Online::new(Nondeterministic(Die));
    let roll = online.invoke(ProcessId(0), true).expect("idle");
    let look = online.invoke(ProcessId(1), false).expect("idle");
    assert!(online.ok(look, 4).expect("open").holds());
    let standing = online.ok(roll, 5).expect("open");
    let reason = UnknownReason::OutputDecides;
    assert_eq!(*standing, Standing::Unknown { key: (), reason });
}

#[test]
fn only_open_operations_end_and_only_idle_processes_begin() {
    let mut online = Online::new(Register::new(Value::Int(0)));
    let id = write(&mut online, 3, 1);
    let refused = online.invoke(ProcessId(3), RegisterInput::read());
    let refused = refused.expect_err("busy");
    assert_eq!(refused.value, RegisterInput::read());
    let busy = Error::ProcessBusy {
        line: 2,
        process: ProcessId(3),
        opened_line: 1,
    };
    assert_eq!(refused.error, busy);
    assert!(online.info(id).expect("open").holds());
    let not_open = Error::NotOpen { operation: id };
    assert_eq!(online.fail(id).expect_err("closed"), not_open);
    let refused = online.ok(id, RegisterOutput::Done).expect_err("closed");
    assert_eq!(
        (refused.error, refused.value),
        (not_open, RegisterOutput::Done)
    );
    assert_eq!(online.events_count(), 2, "what is refused is no event");
}

#[test]
fn events_are_paired_by_process_and_refused_with_their_number() {
    let event = |process, kind, function, value: i64| Event {
        process: ProcessId(process),
        kind,
        function,
        key: None,
        value: value.into(),
        error: None,
        time_ns: None,
    };
    let mut online = Online::new(CasRegister::new(Value::Int(0)));
    let call = event(0, EventKind::Invoke, Function::Write, 1);
    assert!(online.event(&call).expect("idle").holds());
    let process = ProcessId(0);
    let (line, opened_line) = (2, 1);
    let busy = Error::ProcessBusy {
        line,
        process,
        opened_line,
    };
    assert_eq!(online.event(&call).expect_err("busy"), busy);
    let other = event(0, EventKind::Ok, Function::Read, 1);
    let differs = Error::PairDiffers { line, opened_line };
    assert_eq!(online.event(&other).expect_err("another function"), differs);
    let stranger = event(5, EventKind::Ok, Function::Read, 1);
    let never = Error::NeverInvoked {
        line,
        process: ProcessId(5),
    };
    assert_eq!(online.event(&stranger).expect_err("never called"), never);
    let unknown = event(1, EventKind::Invoke, Function::Push, 1);
    let refused = online.event(&unknown).expect_err("no register can push");
    assert!(
        matches!(refused, Error::Notation { line: 2, .. }),
        "{refused}"
    );
    let ok = event(0, EventKind::Ok, Function::Write, 1);
    assert!(online.event(&ok).expect("open").holds());
    // A compare-and-set that fails without an error saw a different value; there was none.
    let mut cas = event(1, EventKind::Invoke, Function::Cas, 0);
    cas.value = Value::list([1.into(), 2.into()]);
    assert!(online.event(&cas).expect("idle").holds());
    cas.kind = EventKind::Fail;
    let standing = online.event(&cas).expect("open");
    assert!(matches!(standing, Standing::Violated { events: 4, .. }));
}
