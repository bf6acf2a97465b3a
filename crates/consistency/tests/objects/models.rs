//! The models against the definition of linearizability, and what stands in files.

use std::collections::BTreeMap;

use consistency::{
    Bank, BankInput, BankOutput, Counter, CounterInput, CounterOutput, Error, Event, EventKind,
    Format, Function, History, Limits, Model, MultiInput, MultiOutput, MultiRegister, MultiStep,
    Mutex, MutexCall, MutexInput, Nondeterministic, NondeterministicModel, Notation, OwnedMutex,
    ProcessId, RegisterCall, RegisterInput, RegisterOutput, Value, Verdict, check_linearizable,
    parse, replay,
};
use quickcheck::Gen;

use crate::common::{Toy, below, is_linearizable, random_history};

fn name(g: &mut Gen) -> Value {
    ["x", "y"][below(g, 2) as usize].into()
}

fn small(g: &mut Gen) -> i64 {
    below(g, 3) as i64
}

impl Toy for MultiRegister {
    fn input(&self, g: &mut Gen) -> MultiInput {
        if below(g, 6) == 0 {
            return MultiInput::Read;
        }
        let step = |g: &mut Gen| match below(g, 2) {
            0 => MultiStep::Read(name(g)),
            _ => MultiStep::Write(name(g), small(g).into()),
        };
        MultiInput::Steps((0..1 + below(g, 3)).map(|_| step(g)).collect())
    }

    fn answer(&self, state: &Self::State, input: &MultiInput) -> MultiOutput {
        let mut all: BTreeMap<Value, Value> =
            [("x".into(), 0.into()), ("y".into(), 0.into())].into();
        all.extend(state.clone());
        match input {
            MultiInput::Read => MultiOutput::Seen(all.into_iter().collect()),
            MultiInput::Steps(steps) => {
                let mut reads = vec![];
                for step in steps {
                    match step {
                        MultiStep::Read(key) => reads.push(all[key].clone()),
                        MultiStep::Write(key, value) => {
                            all.insert(key.clone(), value.clone());
                        }
                    }
                }
                MultiOutput::Reads(reads)
            }
        }
    }

    fn wrong(&self, g: &mut Gen, input: &MultiInput) -> MultiOutput {
        match input {
            MultiInput::Read => MultiOutput::Seen(vec![(name(g), small(g).into())]),
            MultiInput::Steps(steps) => {
                let reads = steps.iter().filter(|it| matches!(it, MultiStep::Read(_)));
                MultiOutput::Reads(reads.map(|_| small(g).into()).collect())
            }
        }
    }
}

impl Toy for Counter {
    fn input(&self, g: &mut Gen) -> CounterInput {
        let input = match below(g, 2) {
            0 => CounterInput::read(),
            _ => CounterInput::add(small(g) - 1),
        };
        if below(g, 2) == 0 {
            input.at("x")
        } else {
            input
        }
    }

    fn answer(&self, state: &i128, input: &CounterInput) -> CounterOutput {
        let sum = |state: i128| CounterOutput::Value(i64::try_from(state).expect("small"));
        match self.step(state, input, Some(&CounterOutput::Done)) {
            Some(after) if after % 2 == 0 => sum(after),
            Some(_) => CounterOutput::Done,
            None => sum(*state),
        }
    }

    fn wrong(&self, g: &mut Gen, _: &CounterInput) -> CounterOutput {
        CounterOutput::Value(small(g))
    }
}

/// A correct bank of three accounts.
impl Toy for Bank {
    fn input(&self, g: &mut Gen) -> BankInput {
        if below(g, 3) == 0 {
            return BankInput::Read;
        }
        let account = |g: &mut Gen| Value::from(["a", "b", "c"][below(g, 3) as usize]);
        BankInput::transfer(account(g), account(g), small(g))
    }

    fn answer(&self, state: &Self::State, input: &BankInput) -> BankOutput {
        let balances = state
            .iter()
            .map(|(account, balance)| (account.clone(), i64::try_from(*balance).expect("small")));
        let balances = BankOutput::Balances(balances.collect());
        [balances, BankOutput::Done, BankOutput::Refused]
            .into_iter()
            .find(|output| self.step(state, input, Some(output)).is_some())
            .expect("an answer")
    }

    fn wrong(&self, g: &mut Gen, input: &BankInput) -> BankOutput {
        match input {
            BankInput::Read => {
                let (a, b) = (small(g), small(g));
                let balances = [("a", a), ("b", b), ("c", 2 - a - b)];
                let named = balances.map(|(account, balance)| (account.into(), balance));
                BankOutput::Balances(named.into())
            }
            BankInput::Transfer { .. } if below(g, 2) == 0 => BankOutput::Done,
            BankInput::Transfer { .. } => BankOutput::Refused,
        }
    }
}

/// A register whose writes may get lost, as a nondeterministic model.
#[derive(Clone, Copy, Debug)]
struct Lossy;

impl NondeterministicModel for Lossy {
    type State = Value;
    type Input = RegisterInput;
    type Output = RegisterOutput;
    type Key = Option<Value>;

    fn key(&self, input: &RegisterInput) -> Option<Value> {
        input.key.clone()
    }

    fn initial(&self, _: &Option<Value>, states: &mut Vec<Value>) {
        states.push(0.into());
    }

    fn steps(
        &self,
        state: &Value,
        input: &RegisterInput,
        output: Option<&RegisterOutput>,
        next: &mut Vec<Value>,
    ) {
        match (&input.call, output) {
            (RegisterCall::Write(value), _) => next.extend([value.clone(), state.clone()]),
            (_, Some(RegisterOutput::Value(heard))) if heard != state => {}
            _ => next.push(state.clone()),
        }
    }
}

impl Toy for Nondeterministic<Lossy> {
    fn input(&self, g: &mut Gen) -> RegisterInput {
        match below(g, 2) {
            0 => RegisterInput::read(),
            _ => RegisterInput::write(small(g)),
        }
    }

    fn answer(&self, states: &Vec<Value>, input: &RegisterInput) -> RegisterOutput {
        match input.call {
            RegisterCall::Read => RegisterOutput::Value(states[states.len() / 2].clone()),
            _ => RegisterOutput::Done,
        }
    }

    fn wrong(&self, g: &mut Gen, input: &RegisterInput) -> RegisterOutput {
        match input.call {
            RegisterCall::Read => RegisterOutput::Value(small(g).into()),
            _ => RegisterOutput::Done,
        }
    }
}

fn agrees<M: Toy>(model: &M, seed: u64, rounds: u64) -> (u64, u64) {
    let mut g = Gen::from_size_and_seed(64, seed);
    let (mut held, mut violated) = (0, 0);
    for round in 0..rounds {
        let operations = 1 + below(&mut g, 6);
        let history = random_history(model, &mut g, operations, 2 + round % 5, round % 3);
        let expected = is_linearizable(model, &history);
        match check_linearizable(model, &history, &Limits::default(), &mut || true) {
            Verdict::Holds(witness) => {
                assert!(expected, "should be violated: {history:#?}");
                assert_eq!(replay(model, &history, &witness), Ok(()), "{history:#?}");
                held += 1;
            }
            Verdict::Violated(_) => {
                assert!(!expected, "should hold: {history:#?}");
                violated += 1;
            }
            Verdict::Unknown { reason, .. } => panic!("{reason}: {history:#?}"),
        }
    }
    (held, violated)
}

#[test]
fn random_histories_of_every_object_agree_with_the_definition() {
    let bank = || Bank::new([("a".into(), 2), ("b".into(), 0), ("c".into(), 0)]);
    for (object, (held, violated)) in [
        ("multi", agrees(&MultiRegister::new(0.into()), 1, 3_000)),
        ("counter", agrees(&Counter::new(0), 2, 3_000)),
        ("bank", agrees(&bank(), 3, 3_000)),
        (
            "overdrawn bank",
            agrees(&bank().with_overdrafts(), 4, 3_000),
        ),
        ("lossy", agrees(&Nondeterministic(Lossy), 5, 3_000)),
    ] {
        assert!(
            held > 1_000 && violated > 300,
            "{object}: {held} held, {violated} violated"
        );
    }
}

/// The set of states against all the ways, one by one.
#[test]
fn a_set_of_states_follows_every_way_and_no_other() {
    let mut g = Gen::from_size_and_seed(64, 6);
    let model = Nondeterministic(Lossy);
    let (mut legal, mut illegal) = (0, 0);
    for _ in 0..5_000 {
        let (mut set, mut ways) = (Some(model.initial(&None)), vec![vec![Value::from(0)]]);
        for _ in 0..6 {
            let input = model.input(&mut g);
            let output = (below(&mut g, 3) > 0).then(|| model.wrong(&mut g, &input));
            set = set.and_then(|set| model.step(&set, &input, output.as_ref()));
            let extend = |way: &Vec<Value>| {
                let mut next = vec![];
                Lossy.steps(&way[way.len() - 1], &input, output.as_ref(), &mut next);
                let longer = |state| [way.as_slice(), &[state]].concat();
                next.into_iter().map(longer).collect::<Vec<_>>()
            };
            ways = ways.iter().flat_map(extend).collect();
        }
        let mut ends: Vec<Value> = ways.iter().map(|way| way[6].clone()).collect();
        ends.sort();
        ends.dedup();
        assert_eq!(set.unwrap_or_default(), ends);
        *if ends.is_empty() {
            &mut illegal
        } else {
            &mut legal
        } += 1;
    }
    assert!(legal > 500 && illegal > 500, "{legal} {illegal}");
}

/// Every history of five operations of two processes in turn: an order is right when the lock is never held twice.
#[test]
fn every_order_of_acquires_and_releases_agrees_with_alternation() {
    for picks in 0..4_u32.pow(5) {
        let pick = |place: u32| picks / 4_u32.pow(place) % 4;
        let (mut shared, mut owned) = (Some(false), Some(None));
        let (mut depth, mut holder, mut is_legal, mut is_owned) = (0, None, true, true);
        for place in 0..5 {
            let process = ProcessId(u64::from(pick(place) / 2));
            let input = if pick(place) % 2 == 0 {
                depth += 1;
                is_owned &= holder.is_none();
                holder = Some(process);
                MutexInput::acquire(process)
            } else {
                depth -= 1;
                is_owned &= holder == Some(process);
                holder = None;
                MutexInput::release(process)
            };
            is_legal &= depth == 0 || depth == 1;
            shared = shared.and_then(|it| Mutex.step(&it, &input, Some(&())));
            owned = owned.and_then(|it| OwnedMutex.step(&it, &input, Some(&())));
            assert_eq!(shared.is_some(), is_legal, "{picks}");
            assert_eq!(owned.is_some(), is_owned && is_legal, "{picks}");
        }
    }
}

/// Two processes hold the lock at once: the smallest history that a lock forbids.
#[test]
fn a_lock_held_twice_is_violated_and_a_timed_out_release_may_explain_it() {
    let lock = |release: &str| {
        format!(
            "{{:process 0 :type :invoke :f :acquire}} {{:process 0 :type :ok :f :acquire}}\
             {{:process 2 :type :invoke :f :release}} {{:process 2 :type :{release} :f :release}}\
             {{:process 1 :type :invoke :f :acquire}} {{:process 1 :type :ok :f :acquire}}"
        )
    };
    fn judge<M: Notation>(model: &M, text: &str) -> bool {
        let history = parse(text.as_bytes(), Format::JepsenEdn).expect("EDN");
        let operations = history.operations(model).expect("a lock's");
        check_linearizable(model, &operations, &Limits::default(), &mut || true).holds()
    }
    assert!(!judge(&Mutex, &lock("fail")));
    assert!(judge(&Mutex, &lock("info")));
    assert!(!judge(&OwnedMutex, &lock("info")));
    assert!(judge(&Mutex, &lock("ok")));
}

/// What `History::from_operations` writes, the same model reads.
fn round_trips<M: Notation>(
    model: &M,
    calls: impl IntoIterator<Item = (M::Input, M::Output)>,
) -> History
where
    M::Output: PartialEq,
{
    let mut recorder = consistency::Recorder::new();
    for (place, (input, output)) in calls.into_iter().enumerate() {
        let process = ProcessId(place as u64 % 3);
        let id = recorder.invoke(process, input.clone(), 0).expect("idle");
        recorder.ok(id, output, 1).expect("open");
        let id = recorder.invoke(process, input.clone(), 2).expect("idle");
        recorder.fail(id, 3).expect("open");
        let id = recorder.invoke(process, input, 2).expect("idle");
        recorder.info(id, 3).expect("open");
    }
    let operations = recorder.finish();
    let history = History::from_operations(model, &operations).expect("paired");
    assert_eq!(history.operations(model), Ok(operations));
    history
}

#[test]
fn what_every_object_writes_it_reads() {
    let mut g = Gen::from_size_and_seed(64, 7);
    for _ in 0..50 {
        let multi = MultiRegister::new(0.into());
        let input = multi.input(&mut g);
        let output = multi.wrong(&mut g, &input);
        round_trips(&multi, [(input, output)]);
        let bank = Bank::new([("a".into(), 2), ("b".into(), 0), ("c".into(), 0)]);
        let input = bank.input(&mut g);
        let output = bank.wrong(&mut g, &input);
        round_trips(&bank, [(input, output)]);
    }
    let counter = [
        (CounterInput::read(), CounterOutput::Value(-3)),
        (CounterInput::add(i64::MIN).at("x"), CounterOutput::Done),
    ];
    round_trips(&Counter::new(0), counter);
    let locks = [MutexCall::Acquire, MutexCall::Release].map(|call| {
        let (key, process) = (Some("x".into()), ProcessId(0));
        [(MutexInput { key, call, process }, ())]
    });
    for lock in locks {
        round_trips(&Mutex, lock.clone());
        round_trips(&OwnedMutex, lock);
    }
}

fn event(kind: EventKind, function: Function, value: Value, error: Option<Value>) -> Event {
    Event {
        process: ProcessId(0),
        kind,
        function,
        key: None,
        value,
        error,
        time_ns: None,
    }
}

#[test]
fn a_multi_register_is_read_from_maps_keys_and_micro_operations() {
    let model = MultiRegister::new(Value::Nil);
    let list = |values: &[Value]| Value::list(values.iter().cloned());
    let map = |x: Value, y: Value| Value::map([("x".into(), x), ("y".into(), y)]);
    let call = |function, value| model.read_call(&event(EventKind::Invoke, function, value, None));
    let both = MultiInput::read(["x".into(), "y".into()]);
    assert_eq!(
        call(Function::Read, map(Value::Nil, Value::Nil)),
        Ok(both.clone())
    );
    assert_eq!(call(Function::Read, Value::Nil), Ok(MultiInput::Read));
    let write = MultiInput::write([("x".into(), 1.into()), ("y".into(), 2.into())]);
    assert_eq!(call(Function::Write, map(1.into(), 2.into())), Ok(write));
    let steps = list(&[
        list(&["r".into(), "x".into(), Value::Nil]),
        list(&["w".into(), "y".into(), 2.into()]),
    ]);
    let txn = call(Function::Txn, steps).expect("micro-operations");
    let ok = |input: &MultiInput, function, value| {
        model.read_ok(input, &event(EventKind::Ok, function, value, None))
    };
    let reads = |values: &[i64]| {
        Ok(MultiOutput::Reads(
            values.iter().map(|value| (*value).into()).collect(),
        ))
    };
    assert_eq!(
        ok(&both, Function::Read, map(1.into(), 2.into())),
        reads(&[1, 2])
    );
    let answer = |key: &str| {
        list(&[
            list(&["r".into(), key.into(), 7.into()]),
            list(&["w".into(), "y".into(), 2.into()]),
        ])
    };
    assert_eq!(ok(&txn, Function::Txn, answer("x")), reads(&[7]));
    assert!(ok(&txn, Function::Txn, answer("z")).is_err());
    assert!(ok(&txn, Function::Txn, list(&[])).is_err());
    assert!(call(Function::Cas, Value::Nil).is_err());
    let keyed = Event {
        key: Some("x".into()),
        ..event(EventKind::Ok, Function::Read, 5.into(), None)
    };
    assert_eq!(model.read_call(&keyed), Ok(MultiInput::read(["x".into()])));
    let one = MultiInput::read(["x".into()]);
    assert_eq!(model.read_ok(&one, &keyed), reads(&[5]));
}

#[test]
fn a_transfer_that_failed_observed_something_only_when_it_was_for_want_of_money() {
    let bank = Bank::new([("a".into(), 1), ("b".into(), 0)]);
    let input = BankInput::transfer("a", "b", 1);
    let fail = |error: Option<Value>| {
        bank.read_fail(
            &input,
            &event(EventKind::Fail, Function::Transfer, Value::Nil, error),
        )
    };
    let refused = Some(BankOutput::Refused);
    assert_eq!(fail(None), refused);
    assert_eq!(fail(Some("insufficient-funds".into())), refused);
    let negative = Value::list(["negative".into(), "a".into(), (-1).into()]);
    assert_eq!(fail(Some(negative)), refused);
    assert_eq!(fail(Some("timeout".into())), None);
    // The refused transfer would have been possible.
    let history = round_trips(&bank, [(input, BankOutput::Refused)]);
    let operations = history.operations(&bank).expect("a bank's");
    let verdict = check_linearizable(&bank, &operations, &Limits::default(), &mut || true);
    assert!(!verdict.holds());
}

#[test]
fn a_bank_that_makes_money_or_forgets_an_account_is_violated() {
    let bank = Bank::new([("a".into(), 1), ("b".into(), 0)]);
    let state = bank.initial(&());
    let read = |balances: &[(&str, i64)]| {
        let named = balances
            .iter()
            .map(|(account, it)| ((*account).into(), *it));
        bank.step(
            &state,
            &BankInput::Read,
            Some(&BankOutput::Balances(named.collect())),
        )
    };
    assert!(read(&[("b", 0), ("a", 1)]).is_some());
    assert_eq!(read(&[("a", 1), ("b", 1)]), None);
    assert_eq!(read(&[("a", 1)]), None);
    assert_eq!(read(&[("a", 1), ("b", 0), ("b", 0)]), None);
    let too_much = BankInput::transfer("a", "b", 2);
    let step = |bank: &Bank, output| bank.step(&state, &too_much, Some(&output));
    assert_eq!(step(&bank, BankOutput::Done), None);
    assert_eq!(step(&bank, BankOutput::Refused), Some(state.clone()));
    let generous = bank.clone().with_overdrafts();
    assert!(step(&generous, BankOutput::Done).is_some());
    assert_eq!(step(&generous, BankOutput::Refused), None);
    let strange = BankInput::transfer("a", "nobody", 1);
    assert_eq!(bank.step(&state, &strange, None), None);
    let negative = BankInput::transfer("a", "b", -1);
    assert_eq!(bank.step(&state, &negative, None), None);
}

#[test]
fn objects_refuse_what_is_not_theirs_and_say_what_they_expect() {
    let refused = |text: &str| {
        let history = parse(text.as_bytes(), Format::JepsenEdn).expect("EDN");
        match history.operations(&Counter::new(0)) {
            Err(Error::Notation { expected, .. }) => expected,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(
        refused("{:process 0 :type :invoke :f :add :value [1]}"),
        "a whole number to add"
    );
    assert_eq!(
        refused("{:process 0 :type :invoke :f :write :value 1}"),
        "add or read"
    );
    let bank = Bank::new([("a".into(), 1)]);
    let strange = event(EventKind::Invoke, Function::Transfer, Value::Nil, None);
    assert!(bank.read_call(&strange).is_err());
}

/// A counter cannot overflow: 2^63 is past what a file can hold, and still a state.
#[test]
fn a_counter_counts_past_64_bits() {
    let model = Counter::new(i64::MAX);
    let add = CounterInput::add(i64::MAX);
    let state = model.step(&model.initial(&None), &add, None);
    assert_eq!(state, Some(2 * i128::from(i64::MAX)));
}
