//! Histories in a few letters, and random ones.

use std::collections::BTreeMap;

use consistency::{
    Moment, ProcessId, Value,
    transactions::{Builder, Ending, MicroOperation, Transactions},
};

/// A small generator of numbers (xorshift).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound.max(1)
    }

    pub(crate) fn one_in(&mut self, chances: u64) -> bool {
        self.below(chances) == 0
    }
}

/// One transaction before it is given to a builder.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) process: u64,
    pub(crate) call: u64,
    pub(crate) end: u64,
    pub(crate) ending: Ending,
    pub(crate) steps: Vec<MicroOperation>,
}

pub(crate) fn built(plans: &[Plan]) -> Transactions {
    let at = |position| Moment {
        position,
        time_ns: None,
    };
    let mut builder = Builder::new();
    for plan in plans {
        let id = builder.invoke(ProcessId(plan.process), at(plan.call));
        let end = (plan.ending == Ending::Committed).then(|| at(plan.end));
        let steps = plan.steps.iter().cloned();
        builder.complete(id, plan.ending, end, steps).expect("open");
    }
    builder.finish()
}

/// Transactions in letters: `a x 1` appends, `r x 1,2` reads a list (`r x -` the empty one), `w x 1` writes, `g x 1`
/// gets (`g x nil` before any write). Each on a process of its own, all concurrent, unless the line begins with
/// `P0 0..3:` (process, call, end). `!` before the steps: aborted; `?`: indeterminate.
pub(crate) fn history(lines: &[&str]) -> Transactions {
    let plans: Vec<Plan> = lines
        .iter()
        .enumerate()
        .map(|(number, line)| plan(number as u64, line))
        .collect();
    built(&plans)
}

fn plan(number: u64, line: &str) -> Plan {
    let (head, body) = line.split_once(": ").unwrap_or(("", line));
    let (mut process, mut call, mut end) = (number, number, 1_000);
    if let Some((name, times)) = head.split_once(' ') {
        process = name[1..].parse().expect("a process");
        let (from, to) = times.split_once("..").expect("times");
        call = from.parse().expect("a call");
        end = to.parse().expect("an end");
    }
    let ending = match body.chars().next() {
        Some('!') => Ending::Aborted,
        Some('?') => Ending::Indeterminate,
        _ => Ending::Committed,
    };
    let steps = body
        .trim_start_matches(['!', '?'])
        .split(" | ")
        .map(step)
        .collect();
    Plan {
        process,
        call,
        end,
        ending,
        steps,
    }
}

fn step(text: &str) -> MicroOperation {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [verb, key, value] = words[..] else {
        panic!("{text}");
    };
    let key = Value::from(key);
    let number = |text: &str| Value::Int(text.parse().expect("a number"));
    match verb {
        "a" => MicroOperation::Append {
            key,
            value: number(value),
        },
        "w" => MicroOperation::Write {
            key,
            value: number(value),
        },
        "r" if value == "-" => MicroOperation::ReadList {
            key,
            values: Some(vec![]),
        },
        "r" => MicroOperation::ReadList {
            key,
            values: Some(value.split(',').map(number).collect()),
        },
        "g" if value == "nil" => MicroOperation::Read {
            key,
            value: Some(Value::Nil),
        },
        _ => MicroOperation::Read {
            key,
            value: Some(number(value)),
        },
    }
}

/// How random histories look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) is_list: bool,
    pub(crate) transactions: u64,
    pub(crate) keys: u64,
    pub(crate) steps: u64,
    pub(crate) processes: u64,
    /// How far behind the end of the order a snapshot may be.
    pub(crate) lag: u64,
    /// One read in so many is made wrong.
    pub(crate) wrong: u64,
}

/// A random history: each transaction reads from a snapshot of its own choice, which may be too old for this or that
/// level.
pub(crate) fn random(random: &mut Random, shape: Shape) -> Vec<Plan> {
    let count = 1 + random.below(shape.transactions);
    let mut states: Vec<BTreeMap<u64, Vec<i64>>> = vec![BTreeMap::new()];
    let mut fresh = 0;
    let mut plans: Vec<Plan> = Vec::new();
    let mut commit_at = 0;
    for _ in 0..count {
        let back = random.below(shape.lag + 1).min(states.len() as u64 - 1);
        let mut view = states[states.len() - 1 - back as usize].clone();
        if random.one_in(5) {
            // No snapshot at all: one key is of another time than the rest.
            let other = random.below(states.len() as u64) as usize;
            let key = random.below(shape.keys);
            let held = states[other].get(&key).cloned().unwrap_or_default();
            view.insert(key, held);
        }
        let mut after = states[states.len() - 1].clone();
        let ending = match random.below(10) {
            0 => Ending::Aborted,
            1 => Ending::Indeterminate,
            _ => Ending::Committed,
        };
        let mut steps = Vec::new();
        for _ in 0..1 + random.below(shape.steps) {
            let key = random.below(shape.keys);
            let name = Value::Int(key as i64);
            if random.one_in(2) {
                fresh += 1;
                for state in [&mut view, &mut after] {
                    let held = state.entry(key).or_default();
                    if !shape.is_list {
                        held.clear();
                    }
                    held.push(fresh);
                }
                let value = Value::Int(fresh);
                steps.push(if shape.is_list {
                    MicroOperation::Append { key: name, value }
                } else {
                    MicroOperation::Write { key: name, value }
                });
            } else {
                let mut held = view.get(&key).cloned().unwrap_or_default();
                if random.one_in(shape.wrong) {
                    spoil(random, &mut held, fresh);
                }
                steps.push(read(shape.is_list, name, &held));
            }
        }
        if ending != Ending::Aborted && !(ending == Ending::Indeterminate && random.one_in(2)) {
            states.push(after);
        }
        commit_at += random.below(4);
        let call = u64::saturating_sub(commit_at, random.below(6));
        plans.push(Plan {
            process: random.below(shape.processes),
            call,
            end: commit_at + random.below(3),
            ending,
            steps,
        });
    }
    plans.sort_by_key(|plan| plan.call);
    plans
}

fn read(is_list: bool, key: Value, held: &[i64]) -> MicroOperation {
    if is_list {
        let values = Some(held.iter().map(|value| Value::Int(*value)).collect());
        MicroOperation::ReadList { key, values }
    } else {
        let value = Some(held.last().map_or(Value::Nil, |value| Value::Int(*value)));
        MicroOperation::Read { key, value }
    }
}

fn spoil(random: &mut Random, held: &mut Vec<i64>, fresh: i64) {
    match random.below(4) {
        0 => {
            held.pop();
        }
        1 => held.push(1 + random.below(fresh as u64 + 1) as i64),
        2 => held.reverse(),
        _ => {
            let place = random.below(held.len() as u64 + 1) as usize;
            held.truncate(place);
        }
    }
}
