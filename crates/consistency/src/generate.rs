//! Histories for trying checkers out, valid or broken on purpose, the same for the same settings everywhere.
//!
//! Clients take turns by chance. A client calls; later its operation takes effect at a correct object, in one step;
//! later it returns. So a history without faults is linearizable by the way it was made.
//!
//! ```
//! use consistency::{FifoQueue, Limits, check_linearizable, generate};
//!
//! let settings = generate::Settings { operations: 1_000, clients: 8, ..generate::Settings::default() };
//! let history = generate::queue(&settings);
//! assert_eq!(history.len(), 1_000);
//! let verdict = check_linearizable(&FifoQueue, &history, &Limits::default(), &mut || true);
//! assert!(verdict.holds());
//! ```

mod chance;
mod object;

use alloc::vec::Vec;

use crate::{
    Completion, FifoQueue, Moment, Operation, Operations, PriorityQueue, ProcessId, Register, Set,
    Stack,
};
use chance::Chance;
use object::{Distortion, Object, PoolObject, RegisterObject, SetObject};

/// What kind of history is wanted.
///
/// ```
/// use consistency::generate::Settings;
///
/// let broken = Settings { faults: 1, faults_from: 900, ..Settings::default() };
/// assert_eq!(broken.operations, 1_000);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Settings {
    /// Equal settings give equal histories. Default: 0.
    pub seed: u64,
    /// How many operations are called. Default: 1,000.
    pub operations: usize,
    /// How many clients call them, at least one. Default: 5.
    pub clients: usize,
    /// Of 1,000 operations, how many are never heard of: half of these take effect. Default: 0.
    pub unknown_per_mille: u32,
    /// Of 1,000 values put in, how many were put in before. Default: 0, so that all values are distinct.
    pub repeated_per_mille: u32,
    /// How many answers are replaced by wrong ones: a stale read, a lost value, two takes exchanged. A wrong answer is
    /// not always a violation. Default: 0.
    pub faults: usize,
    /// Operations called before this many others are left right. Default: 0.
    pub faults_from: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 0,
            operations: 1_000,
            clients: 5,
            unknown_per_mille: 0,
            repeated_per_mille: 0,
            faults: 0,
            faults_from: 0,
        }
    }
}

/// A history of one register, whose first value is [`Value::Nil`](crate::Value::Nil): half writes of 1, 2, 3 …, half
/// reads. O(operations).
///
/// ```
/// use consistency::{Limits, Register, Value, check_linearizable, generate};
///
/// let settings = generate::Settings { faults: 5, faults_from: 900, ..Default::default() };
/// let history = generate::register(&settings);
/// let model = Register::new(Value::Nil);
/// assert!(!check_linearizable(&model, &history, &Limits::default(), &mut || true).holds());
/// ```
#[must_use]
pub fn register(settings: &Settings) -> Operations<Register> {
    generate(RegisterObject::default(), settings)
}

/// A history of one set: a quarter each of adds and removes, half `contains`, all of values added not long ago. Removes
/// of even values say whether they found something. O(n log n).
///
/// ```
/// # use consistency::generate::{Settings, set};
/// assert_eq!(set(&Settings::default()), set(&Settings::default()));
/// ```
#[must_use]
pub fn set(settings: &Settings) -> Operations<Set> {
    generate(SetObject::default(), settings)
}

/// A history of one queue: half enqueues of 1, 2, 3 …, half dequeues. O(operations).
///
/// ```
/// # use consistency::generate::{Settings, queue};
/// assert_ne!(queue(&Settings::default()), queue(&Settings { seed: 1, ..Settings::default() }));
/// ```
#[must_use]
pub fn queue(settings: &Settings) -> Operations<FifoQueue> {
    generate(PoolObject::queue(), settings)
}

/// A history of one stack: half pushes of 1, 2, 3 …, half pops. O(operations).
///
/// ```
/// # use consistency::generate::{Settings, stack};
/// assert!(stack(&Settings { operations: 0, ..Settings::default() }).is_empty());
/// ```
#[must_use]
pub fn stack(settings: &Settings) -> Operations<Stack> {
    generate(PoolObject::stack(), settings)
}

/// A history of one priority queue: half inserts of -1, 2, -3, 4 …, half takes of the greatest. O(n log n).
///
/// ```
/// # use consistency::generate::{Settings, priority_queue};
/// assert_eq!(priority_queue(&Settings::default()).len(), 1_000);
/// ```
#[must_use]
pub fn priority_queue(settings: &Settings) -> Operations<PriorityQueue> {
    generate(PoolObject::greatest(), settings)
}

type History<O> = Vec<Operation<<O as Object>::Input, <O as Object>::Output>>;

/// Where a client stands.
enum Client<O> {
    Idle,
    /// Its operation, and whether it will be heard of.
    Called(usize, bool),
    Answered(usize, O),
    /// It died with an operation that is never heard of; a new one takes its place.
    Gone,
}

fn generate<O: Object>(mut object: O, settings: &Settings) -> History<O> {
    let mut chance = Chance::new(settings.seed);
    let mut history: History<O> = Vec::with_capacity(settings.operations);
    let mut clients: Vec<Client<O::Output>> = Vec::new();
    clients.resize_with(settings.clients.max(1), || Client::Idle);
    let mut processes = clients.len() as u64;
    let mut names: Vec<ProcessId> = (0..processes).map(ProcessId).collect();
    let (mut position, mut idle) = (0, clients.len());
    while history.len() < settings.operations || idle < clients.len() {
        let place = chance.below(clients.len());
        let (Some(client), Some(name)) = (clients.get_mut(place), names.get_mut(place)) else {
            break;
        };
        let mut moment = || {
            let now = Moment {
                position,
                time_ns: None,
            };
            position = position.saturating_add(1);
            now
        };
        *client = match core::mem::replace(client, Client::Idle) {
            Client::Idle if history.len() == settings.operations => Client::Idle,
            Client::Idle => {
                let input = object.ask(&mut chance, settings);
                history.push(Operation {
                    process: *name,
                    call: moment(),
                    input,
                    completion: Completion::Info { at: None },
                });
                idle = idle.saturating_sub(1);
                let is_unknown = chance.per_mille(settings.unknown_per_mille);
                let operation = history.len().saturating_sub(1);
                match (is_unknown, chance.below(2)) {
                    (true, 0) => Client::Gone,
                    _ => Client::Called(operation, !is_unknown),
                }
            }
            Client::Called(operation, is_heard_of) => match history.get(operation) {
                Some(called) => {
                    let output = object.answer(&called.input);
                    match is_heard_of {
                        true => Client::Answered(operation, output),
                        false => Client::Gone,
                    }
                }
                None => Client::Idle,
            },
            Client::Answered(operation, output) => {
                if let Some(called) = history.get_mut(operation) {
                    called.completion = Completion::Ok {
                        at: moment(),
                        output,
                    };
                }
                idle = idle.saturating_add(1);
                Client::Idle
            }
            Client::Gone => {
                *name = ProcessId(processes);
                processes = processes.saturating_add(1);
                idle = idle.saturating_add(1);
                Client::Idle
            }
        };
    }
    for _ in 0..settings.faults {
        distort(&object, &mut history, settings.faults_from, &mut chance);
    }
    history
}

/// Replaces one answer at or behind `from` by a wrong one; not all answers can be wrong.
fn distort<O: Object>(object: &O, history: &mut History<O>, from: usize, chance: &mut Chance) {
    let behind = history.len().saturating_sub(from);
    let start = from.saturating_add(chance.below(behind));
    let is_ok = |it: &Operation<O::Input, O::Output>| it.completion.output().is_some();
    let mut places = (start..history.len()).chain(from..start);
    while let Some(place) = places.next() {
        let Some(operation) = history.get(place) else {
            return;
        };
        let Some(output) = operation.completion.output() else {
            continue;
        };
        let other = places
            .clone()
            .find(|it| history.get(*it).is_some_and(is_ok));
        let other_output = other.and_then(|it| history.get(it)?.completion.output());
        match object.distort(chance, &operation.input, output, other_output) {
            None => {}
            Some(Distortion::Instead(wrong)) => return set_output(history, place, wrong),
            Some(Distortion::Exchange) => {
                let outputs = (output.clone(), other_output.cloned());
                if let ((mine, Some(theirs)), Some(other)) = (outputs, other) {
                    set_output(history, place, theirs);
                    set_output(history, other, mine);
                }
                return;
            }
        }
    }
}

fn set_output<I, O>(history: &mut [Operation<I, O>], place: usize, wrong: O) {
    if let Some(operation) = history.get_mut(place)
        && let Completion::Ok { output, .. } = &mut operation.completion
    {
        *output = wrong;
    }
}
