//! Each fast check against the general search, on random small histories and on all tiny ones.
//!
//! Two kinds of random histories: those a correct object gave, with and without wrong answers; and wild ones, whose
//! calls and returns are shuffled and whose answers are guessed.

use std::fmt::Debug;

use consistency::{
    Completion, FifoQueue, Limits, Method, Model, Moment, Operation, OperationId, PoolInput,
    PoolOutput, PriorityQueue, ProcessId, Register, RegisterInput, RegisterOutput, Set, SetInput,
    SetOutput, Shape, Stack, Value, Verdict, check_linearizable_by_search,
    check_linearizable_in_full, generate, replay,
};

/// Verdicts of the fast check, and how often it did not apply.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) held: u64,
    pub(crate) violated: u64,
    pub(crate) searched: u64,
}

/// A deterministic source of small numbers.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % bound.max(1)
    }
}

pub(crate) fn judge<M>(model: &M, history: &[Operation<M::Input, M::Output>], tally: &mut Tally)
where
    M: Model<Key = Option<Value>>,
    M::Input: Debug,
    M::Output: PartialEq,
{
    let limits = Limits::default();
    let checked = check_linearizable_in_full(model, history, &limits, &mut || true);
    let Some((_, Method::Fast(_))) = checked.methods.first() else {
        tally.searched += 1;
        return;
    };
    let expected = check_linearizable_by_search(model, history, &limits, &mut || true);
    match &checked.verdict {
        Verdict::Holds(witness) => {
            assert!(expected.verdict.holds(), "should be violated: {history:#?}");
            assert_eq!(replay(model, history, witness), Ok(()), "{history:#?}");
        }
        Verdict::Violated(violation) => {
            assert!(!expected.verdict.holds(), "should hold: {history:#?}");
            assert!(violation.is_minimal, "{history:#?}");
            check_core(model, history, &violation.operations, &violation.forgotten);
        }
        Verdict::Unknown { reason, .. } => panic!("{reason}: {history:#?}"),
    }
    if checked.verdict.holds() {
        tally.held += 1;
    } else {
        tally.violated += 1;
    }
}

/// The core is violated when the rest of what it is about is forgotten and all other values are left out, and each
/// operation of it is needed.
fn check_core<M: Model<Key = Option<Value>>>(
    model: &M,
    history: &[Operation<M::Input, M::Output>],
    core: &[OperationId],
    forgotten: &[OperationId],
) {
    let holds = |core: &[OperationId], forgotten: &[OperationId]| {
        let mut kept = Vec::new();
        for (place, operation) in history.iter().enumerate() {
            let mut operation = operation.clone();
            if forgotten.contains(&OperationId(place)) {
                operation.completion = Completion::Info { at: None };
            } else if !core.contains(&OperationId(place)) {
                continue;
            }
            kept.push(operation);
        }
        let checked = check_linearizable_by_search(model, &kept, &Limits::default(), &mut || true);
        checked.verdict.holds()
    };
    assert!(!holds(core, forgotten), "the core {core:?} of {history:#?}");
    for id in core {
        let operation = &history[id.0];
        let mut rest = core.to_vec();
        rest.retain(|other| other != id);
        let mut forgotten = forgotten.to_vec();
        if !model.is_pure(&operation.input, operation.completion.output()) {
            forgotten.push(*id);
        }
        assert!(
            holds(&rest, &forgotten),
            "{id} of {core:?} is idle in {history:#?}"
        );
    }
}

/// Positions that now and then coincide: then the events are concurrent.
fn blur<I, O>(history: &mut [Operation<I, O>], dice: &mut Dice) {
    let shift = u64::from(dice.below(4) == 0);
    for operation in history {
        operation.call.position >>= shift;
        if let Completion::Ok { at, .. } = &mut operation.completion {
            at.position >>= shift;
        }
    }
}

type History<I, O> = Vec<Operation<I, O>>;

/// A history of these operations, each with an answer or none, whose calls and returns are shuffled.
fn wild<I, O>(operations: Vec<(I, Option<O>)>, dice: &mut Dice) -> History<I, O> {
    let at = |position| Moment {
        position,
        time_ns: None,
    };
    // Some histories are long and thin, some are all concurrent.
    let reach = 1 + dice.below(8);
    let mut history = Vec::new();
    let mut position = 0_u64;
    for (place, (input, output)) in operations.into_iter().enumerate() {
        position += dice.below(3) as u64;
        let call = at(position);
        let end = at(position + dice.below(reach) as u64);
        let completion = match output {
            Some(output) => Completion::Ok { at: end, output },
            None => Completion::Info { at: None },
        };
        let process = ProcessId(place as u64);
        history.push(Operation {
            process,
            call,
            input,
            completion,
        });
    }
    history
}

fn shuffle<T>(items: &mut [T], dice: &mut Dice) {
    for last in (1..items.len()).rev() {
        items.swap(last, dice.below(last + 1));
    }
}

fn wild_pool(dice: &mut Dice) -> History<PoolInput, PoolOutput> {
    let values = 1 + dice.below(4);
    let mut operations = Vec::new();
    for value in 1..=values as i64 {
        let heard = (dice.below(12) > 0).then_some(PoolOutput::Done);
        operations.push((PoolInput::put(value), heard));
        if dice.below(5) > 0 {
            let taken = PoolOutput::Taken(value.into());
            operations.push((PoolInput::take(), Some(taken)));
        }
    }
    for _ in 0..dice.below(3) {
        operations.push((PoolInput::take(), Some(PoolOutput::Empty)));
    }
    // Half of the time puts come mostly before takes.
    for _ in 0..dice.below(2) * 4 {
        let (one, other) = (dice.below(operations.len()), dice.below(operations.len()));
        operations.swap(one, other);
    }
    if dice.below(2) == 0 {
        shuffle(&mut operations, dice);
    }
    wild(operations, dice)
}

fn wild_register(dice: &mut Dice) -> History<RegisterInput, RegisterOutput> {
    let values = 1 + dice.below(3);
    let mut operations = Vec::new();
    for value in 0..=values as i64 {
        let read = match value {
            0 => Value::Nil,
            _ => value.into(),
        };
        if value > 0 {
            let heard = (dice.below(8) > 0).then_some(RegisterOutput::Done);
            operations.push((RegisterInput::write(value), heard));
        }
        for _ in 0..dice.below(3) {
            let seen = RegisterOutput::Value(read.clone());
            operations.push((RegisterInput::read(), Some(seen)));
        }
    }
    let swaps = dice.below(6);
    for _ in 0..swaps {
        let (one, other) = (dice.below(operations.len()), dice.below(operations.len()));
        operations.swap(one, other);
    }
    wild(operations, dice)
}

fn wild_set(dice: &mut Dice) -> History<SetInput, SetOutput> {
    let mut operations = Vec::new();
    for value in 1..=1 + dice.below(2) as i64 {
        if dice.below(8) > 0 {
            let heard = [Some(SetOutput::Done), Some(SetOutput::Truth(true)), None];
            operations.push((SetInput::add(value), heard[dice.below(3)].clone()));
        }
        for _ in 0..dice.below(5) {
            let truth = Some(SetOutput::Truth(dice.below(2) == 0));
            operations.push(match dice.below(6) {
                0 => (SetInput::remove(value), truth),
                1 => (SetInput::remove(value), Some(SetOutput::Done)),
                2 => (SetInput::remove(value), None),
                3 => (SetInput::add(value), Some(SetOutput::Truth(false))),
                _ => (SetInput::contains(value), truth),
            });
        }
    }
    if operations.is_empty() || dice.below(2) == 0 {
        shuffle(&mut operations, dice);
    }
    wild(operations, dice)
}

fn settings(round: u64, dice: &mut Dice) -> generate::Settings {
    generate::Settings {
        seed: round,
        operations: 1 + dice.below(10),
        clients: 1 + dice.below(4),
        unknown_per_mille: [0, 0, 200][dice.below(3)],
        repeated_per_mille: [0, 0, 0, 100][dice.below(4)],
        faults: dice.below(3),
        faults_from: 0,
    }
}

/// Half generated, half wild.
fn campaign<M>(
    model: &M,
    rounds: u64,
    generated: fn(&generate::Settings) -> History<M::Input, M::Output>,
    wild: fn(&mut Dice) -> History<M::Input, M::Output>,
) -> Tally
where
    M: Model<Key = Option<Value>>,
    M::Output: PartialEq,
{
    let mut tally = Tally::default();
    let mut dice = Dice::new(7);
    for round in 0..rounds {
        let mut history = match round % 2 {
            0 => generated(&settings(round, &mut dice)),
            _ => wild(&mut dice),
        };
        blur(&mut history, &mut dice);
        judge(model, &history, &mut tally);
    }
    tally
}

fn all_campaigns(rounds: u64) {
    let register = Register::new(Value::Nil);
    let tallies = [
        (
            Shape::Register,
            campaign(&register, rounds, generate::register, wild_register),
        ),
        (Shape::Set, campaign(&Set, rounds, generate::set, wild_set)),
        (
            Shape::Queue,
            campaign(&FifoQueue, rounds, generate::queue, wild_pool),
        ),
        (
            Shape::Stack,
            campaign(&Stack, rounds, generate::stack, wild_pool),
        ),
        (
            Shape::PriorityQueue,
            campaign(&PriorityQueue, rounds, generate::priority_queue, wild_pool),
        ),
    ];
    for (shape, tally) in tallies {
        println!("{shape:?}: {tally:?}");
        let least = rounds / 5;
        assert!(
            tally.held > least && tally.violated > least,
            "{shape:?}: {tally:?}"
        );
    }
}

#[test]
fn every_fast_check_agrees_with_the_search_on_thousands_of_histories() {
    all_campaigns(3_000);
}

#[test]
#[ignore = "100,000 histories of each object: run in release"]
fn every_fast_check_agrees_with_the_search_on_a_hundred_thousand_histories() {
    all_campaigns(250_000);
}

/// Every way in which so many operations can overlap: the orders of the events, calls in the order of the operations.
fn overlaps(operations: usize) -> Vec<Vec<(u64, u64)>> {
    let mut done = Vec::new();
    let mut partial = vec![Vec::<(u64, Option<u64>)>::new()];
    for position in 0..2 * operations as u64 {
        let mut next = Vec::new();
        for history in partial {
            if history.len() < operations {
                let mut called = history.clone();
                called.push((position, None));
                next.push(called);
            }
            for place in 0..history.len() {
                if history[place].1.is_none() {
                    let mut returned = history.clone();
                    returned[place].1 = Some(position);
                    next.push(returned);
                }
            }
        }
        partial = next;
    }
    for history in partial {
        done.push(
            history
                .into_iter()
                .filter_map(|(call, end)| Some((call, end?)))
                .collect(),
        );
    }
    done
}

fn exhaustive<M>(model: &M, operations: usize, kinds: &[(PoolInput, Option<PoolOutput>)]) -> Tally
where
    M: Model<Input = PoolInput, Output = PoolOutput, Key = Option<Value>>,
{
    let at = |position| Moment {
        position,
        time_ns: None,
    };
    let mut tally = Tally::default();
    for overlap in overlaps(operations) {
        for choice in 0..kinds.len().pow(operations as u32) {
            let mut rest = choice;
            let history = overlap.iter().map(|(call, end)| {
                let (input, output) = kinds[rest % kinds.len()].clone();
                rest /= kinds.len();
                let completion = match output {
                    Some(output) => Completion::Ok {
                        at: at(*end),
                        output,
                    },
                    None => Completion::Info { at: None },
                };
                Operation {
                    process: ProcessId(*call),
                    call: at(*call),
                    input,
                    completion,
                }
            });
            let history: Vec<_> = history.collect();
            judge(model, &history, &mut tally);
        }
    }
    tally
}

/// Puts and takes of these values, and takes that find nothing.
fn kinds(values: i64, is_with_unknown: bool) -> Vec<(PoolInput, Option<PoolOutput>)> {
    let mut kinds = vec![(PoolInput::take(), Some(PoolOutput::Empty))];
    for value in 1..=values {
        kinds.push((PoolInput::put(value), Some(PoolOutput::Done)));
        kinds.push((PoolInput::take(), Some(PoolOutput::Taken(value.into()))));
    }
    if is_with_unknown {
        kinds.push((PoolInput::put(1), None));
        kinds.push((PoolInput::take(), None));
    }
    kinds
}

#[test]
fn every_queue_stack_and_priority_queue_of_three_operations_agrees_with_the_search() {
    assert_eq!(overlaps(3).len(), 15);
    let kinds = kinds(2, true);
    for tally in [
        exhaustive(&FifoQueue, 3, &kinds),
        exhaustive(&Stack, 3, &kinds),
        exhaustive(&PriorityQueue, 3, &kinds),
    ] {
        assert!(tally.held > 500 && tally.violated > 1_000, "{tally:?}");
        assert_eq!(tally.held + tally.violated + tally.searched, 15 * 343);
    }
}

#[test]
#[ignore = "millions of histories: run in release"]
fn every_queue_stack_and_priority_queue_of_four_operations_agrees_with_the_search() {
    assert_eq!(overlaps(4).len(), 105);
    let kinds = kinds(2, true);
    println!("queue: {:?}", exhaustive(&FifoQueue, 4, &kinds));
    println!("stack: {:?}", exhaustive(&Stack, 4, &kinds));
    println!(
        "priority queue: {:?}",
        exhaustive(&PriorityQueue, 4, &kinds)
    );
}

/// Two values put and taken, with an empty take, in every overlap of five operations.
#[test]
#[ignore = "millions of histories: run in release"]
fn every_overlap_of_two_values_and_an_empty_take_agrees_with_the_search() {
    assert_eq!(overlaps(5).len(), 945);
    let kinds = kinds(2, false);
    println!("queue: {:?}", exhaustive(&FifoQueue, 5, &kinds));
    println!("stack: {:?}", exhaustive(&Stack, 5, &kinds));
    println!(
        "priority queue: {:?}",
        exhaustive(&PriorityQueue, 5, &kinds)
    );
}
