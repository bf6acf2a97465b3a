//! The clocks say what happened before what: against the definition on every small clock, and
//! against the causal history of every event in random executions.

use std::collections::BTreeSet;

use clocks::{Causality, Lamport, LamportStamp, VectorClock};
use quickcheck::{Arbitrary, Gen};

/// Mattern 1989, section 4: `u <= v` iff `u[i] <= v[i]` for all `i`; `u < v` iff `u <= v` and
/// `u != v`; `u || v` iff neither `u < v` nor `v < u`.
fn definition(u: [u64; 3], v: [u64; 3]) -> Causality {
    let at_most = (0..3).all(|i| u[i] <= v[i]);
    let at_least = (0..3).all(|i| u[i] >= v[i]);
    if u == v {
        Causality::Equal
    } else if at_most {
        Causality::Before
    } else if at_least {
        Causality::After
    } else {
        Causality::Concurrent
    }
}

fn small_clocks() -> Vec<[u64; 3]> {
    (0..27)
        .map(|code| [code % 3, code / 3 % 3, code / 9])
        .collect()
}

#[test]
fn every_pair_of_clocks_with_3_slots_and_counters_to_2_compares_as_defined() {
    let mut answers = [0; 4];
    for u in small_clocks() {
        for v in small_clocks() {
            let expected = definition(u, v);
            let (a, b) = (clock(&u), clock(&v));
            assert_eq!(a.compare(&b), Ok(expected), "{u:?} {v:?}");
            assert_eq!(a.partial_cmp(&b), expected.ordering());
            assert_eq!(a == b, expected == Causality::Equal);
            assert_eq!(a < b, expected == Causality::Before);
            assert_eq!(a > b, expected == Causality::After);
            assert_eq!(a.happened_before(&b), Ok(expected == Causality::Before));
            assert_eq!(a.is_concurrent(&b), Ok(expected == Causality::Concurrent));
            answers[expected as usize] += 1;
        }
    }
    // Of 27 * 27 pairs, 27 are equal and 6 ^ 3 - 27 are ordered either way.
    assert_eq!(answers, [27, 189, 189, 324]);
}

#[test]
fn every_pair_of_clocks_with_3_slots_and_counters_to_2_merges_as_defined() {
    for u in small_clocks() {
        for v in small_clocks() {
            let mut merged = clock(&u);
            let changed = merged.merge(&clock(&v)).unwrap();
            let expected = [u[0].max(v[0]), u[1].max(v[1]), u[2].max(v[2])];
            assert_eq!(merged.as_slice(), expected);
            assert_eq!(changed, expected != u);
        }
    }
}

fn clock(counters: &[u64]) -> VectorClock {
    VectorClock::from_counters(counters).unwrap()
}

const PROCESSES: usize = 4;

/// One step of an execution. Numbers are taken modulo what there is to choose from.
#[derive(Clone, Copy, Debug)]
enum Step {
    Tick {
        process: usize,
    },
    Send {
        process: usize,
    },
    /// Any message sent so far: late, out of order, twice, or one's own.
    Receive {
        process: usize,
        message: usize,
    },
}

impl Arbitrary for Step {
    fn arbitrary(g: &mut Gen) -> Self {
        let process = usize::arbitrary(g) % PROCESSES;
        match u8::arbitrary(g) % 3 {
            0 => Self::Tick { process },
            1 => Self::Send { process },
            _ => Self::Receive {
                process,
                message: usize::arbitrary(g),
            },
        }
    }
}

/// An event: its number, what the clocks made of it, and every event that can have caused it.
#[derive(Clone)]
struct Event {
    number: usize,
    vector: VectorClock,
    stamp: LamportStamp<usize>,
    /// The event itself and all events from which a path of program order and messages leads here.
    history: BTreeSet<usize>,
}

struct Process {
    vector: VectorClock,
    lamport: Lamport,
    history: BTreeSet<usize>,
}

fn execute(steps: &[Step]) -> Vec<Event> {
    let new = |_| Process {
        vector: VectorClock::new(PROCESSES).unwrap(),
        lamport: Lamport::new(),
        history: BTreeSet::new(),
    };
    let mut processes: Vec<Process> = (0..PROCESSES).map(new).collect();
    let mut messages: Vec<Event> = Vec::new();
    let mut events: Vec<Event> = Vec::new();
    for &step in steps {
        let (Step::Tick { process: slot }
        | Step::Send { process: slot }
        | Step::Receive { process: slot, .. }) = step;
        let process = &mut processes[slot];
        let time = match step {
            Step::Tick { .. } => {
                process.vector.tick(slot).unwrap();
                process.lamport.tick().unwrap()
            }
            Step::Send { .. } => {
                process.vector.send(slot).unwrap();
                process.lamport.send().unwrap()
            }
            Step::Receive { .. } if messages.is_empty() => continue,
            Step::Receive { message, .. } => {
                let message = &messages[message % messages.len()];
                process.history.extend(&message.history);
                process.vector.receive(slot, &message.vector).unwrap();
                process.lamport.receive(message.stamp.time).unwrap()
            }
        };
        let number = events.len();
        process.history.insert(number);
        let event = Event {
            number,
            vector: process.vector.clone(),
            stamp: LamportStamp::new(time, slot),
            history: process.history.clone(),
        };
        if matches!(step, Step::Send { .. }) {
            messages.push(event.clone());
        }
        events.push(event);
    }
    events
}

/// Lamport 1978: `a` happened before `b` if a path leads from `a` to `b`.
fn truth(a: &Event, b: &Event) -> Causality {
    match (b.history.contains(&a.number), a.history.contains(&b.number)) {
        (true, true) => Causality::Equal,
        (true, false) => Causality::Before,
        (false, true) => Causality::After,
        (false, false) => Causality::Concurrent,
    }
}

laws! {
    /// The strong clock condition: the vector order is happened-before, both ways.
    fn vector_clocks_order_events_exactly_as_their_causal_histories(steps: Vec<Step>) -> bool {
        let events = execute(&steps);
        events.iter().all(|a| {
            events.iter().all(|b| a.vector.compare(&b.vector) == Ok(truth(a, b)))
        })
    }

    fn a_vector_clock_counts_its_causal_history_by_process(steps: Vec<Step>) -> bool {
        let events = execute(&steps);
        events.iter().all(|event| {
            (0..PROCESSES).all(|slot| {
                let of_slot = |number: &&usize| events[**number].stamp.actor == slot;
                event.vector.get(slot) == event.history.iter().filter(of_slot).count() as u64
            })
        })
    }

    /// Lamport 1978, the Clock Condition: if `a` happened before `b` then `C(a) < C(b)`.
    fn lamport_times_grow_along_happened_before(steps: Vec<Step>) -> bool {
        let events = execute(&steps);
        events.iter().all(|a| {
            events.iter().all(|b| {
                truth(a, b) != Causality::Before || a.stamp.time < b.stamp.time
            })
        })
    }

    /// Lamport 1978: the order of stamps is total, and extends happened-before.
    fn lamport_stamps_are_unique_and_extend_happened_before(steps: Vec<Step>) -> bool {
        let events = execute(&steps);
        events.iter().all(|a| {
            events.iter().all(|b| {
                (a.stamp == b.stamp) == (a.number == b.number)
                    && (truth(a, b) != Causality::Before || a.stamp < b.stamp)
            })
        })
    }
}

#[test]
fn lamport_stamps_order_by_time_then_actor() {
    let mut stamps = [
        LamportStamp::new(2, "a"),
        LamportStamp::new(1, "b"),
        LamportStamp::new(1, "a"),
    ];
    stamps.sort();
    assert_eq!(stamps.map(|stamp| stamp.to_string()), ["1@a", "1@b", "2@a"]);
}
