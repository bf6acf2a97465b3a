//! The lattice on single operations: every small history, and random larger ones.

use consistency::{
    Completion, Consistency, Judgement, Limits, Moment, Operation, ProcessId, Register,
    RegisterInput, RegisterOutput, StaleEvidence, Value, causal, check_all, check_linearizable,
    check_sequential,
};
use quickcheck::Gen;

use crate::common::below;
use crate::lattice::{Answer, Counts, answer, check_lattice, check_map};

type History = Vec<Operation<RegisterInput, RegisterOutput>>;

const MODEL: Register = Register::new(Value::Int(0));

/// Each model asked alone.
fn alone(history: &History) -> Vec<(Consistency, Answer)> {
    let limits = Limits::default();
    let flat = causal::of_operations(&MODEL, history).expect("reads and writes");
    let levels = Consistency::ALL
        .into_iter()
        .filter(|it| !it.is_transactional());
    let ask = |level| match level {
        Consistency::Linearizable => {
            Some(check_linearizable(&MODEL, history, &limits, &mut || true).holds())
        }
        Consistency::Sequential => {
            answer(&check_sequential(&MODEL, history, &limits, &mut || true))
        }
        _ => answer(&causal::check(&flat, level, &limits, &mut || true)),
    };
    levels.map(|level| (level, ask(level))).collect()
}

fn check(history: &History, counts: &mut Counts) {
    let answers = alone(history);
    check_lattice(&answers, history);
    let map = check_all(&MODEL, history, &Limits::default(), &mut || true);
    check_map(&map, &answers, history);
    counts.add(&map);
    // 1-atomic is linearizable.
    let Some(Judgement::Holds(keys)) = &map.staleness else {
        let violated = matches!(map.staleness, Some(Judgement::Violated(_)));
        assert!(!violated || answers[0].1 == Some(false), "{history:#?}");
        return;
    };
    let is_atomic = keys.iter().all(|key| key.upper == 1);
    assert_eq!(answers[0].1, Some(is_atomic), "{history:#?}");
    for key in keys {
        assert_eq!(key.lower, key.upper);
        let between = |it: &StaleEvidence| matches!(it, StaleEvidence::Between { .. });
        assert!(key.lower < 4 || key.evidence.as_ref().is_some_and(between));
    }
}

/// Where the calls and returns of so many operations stand, in every way, calls ascending.
fn overlaps(operations: usize) -> Vec<Vec<(u64, u64)>> {
    let mut found = Vec::new();
    // Each event is a call, or the return of one of those open.
    let mut open = vec![(Vec::new(), 0_u64)];
    while let Some((intervals, position)) = open.pop() {
        let intervals: Vec<(u64, Option<u64>)> = intervals;
        if position == 2 * operations as u64 {
            let whole = |(call, end): (u64, Option<u64>)| (call, end.expect("returned"));
            found.push(intervals.into_iter().map(whole).collect());
            continue;
        }
        for place in 0..intervals.len() {
            if intervals[place].1.is_none() {
                let mut next = intervals.clone();
                next[place].1 = Some(position);
                open.push((next, position + 1));
            }
        }
        if intervals.len() < operations {
            let mut next = intervals;
            next.push((position, None));
            open.push((next, position + 1));
        }
    }
    found
}

/// Every way to give these intervals to processes that do one thing at a time, up to the processes' names.
fn processes(intervals: &[(u64, u64)]) -> Vec<Vec<u64>> {
    let mut found = vec![vec![]];
    for (place, (call, _)) in intervals.iter().enumerate() {
        let extend = |given: Vec<u64>| {
            let fresh = given.iter().max().map_or(0, |it| it + 1);
            let is_free = |process: &u64| {
                (0..place).all(|it| given[it] != *process || intervals[it].1 < *call)
            };
            let free: Vec<u64> = (0..=fresh).filter(is_free).collect();
            free.into_iter().map(move |process| {
                let mut given = given.clone();
                given.push(process);
                given
            })
        };
        found = found.into_iter().flat_map(extend).collect();
    }
    found
}

/// Two keys; a write writes the next value of its key, a read returns one of three.
fn operation(
    kind: usize,
    history: &History,
    (call, end): (u64, u64),
    process: u64,
) -> Operation<RegisterInput, RegisterOutput> {
    let at = |position| Moment {
        position,
        time_ns: None,
    };
    let key = Value::from(["x", "y"][kind % 2]);
    let is_write = |it: &&Operation<RegisterInput, RegisterOutput>| {
        it.input.key.as_ref() == Some(&key) && it.input != RegisterInput::read().at(key.clone())
    };
    let (input, output) = match kind / 2 {
        0 => {
            let next = 1 + history.iter().filter(is_write).count() as i64;
            (RegisterInput::write(next), RegisterOutput::Done)
        }
        value => {
            let value = Value::Int(value as i64 - 1);
            (RegisterInput::read(), RegisterOutput::Value(value))
        }
    };
    Operation {
        process: ProcessId(process),
        call: at(call),
        input: input.at(key),
        completion: Completion::Ok {
            at: at(end),
            output,
        },
    }
}

/// Every history of so many operations over two keys and three values.
fn every_history(operations: usize) -> Counts {
    let mut counts = Counts::default();
    for intervals in overlaps(operations) {
        for given in processes(&intervals) {
            for kinds in 0..8_usize.pow(operations as u32) {
                // The first operation is of the first key: the keys' names do not matter.
                if kinds % 2 == 1 {
                    continue;
                }
                let mut history = Vec::new();
                for (place, interval) in intervals.iter().enumerate() {
                    let kind = kinds / 8_usize.pow(place as u32) % 8;
                    history.push(operation(kind, &history, *interval, given[place]));
                }
                check(&history, &mut counts);
            }
        }
    }
    counts
}

#[test]
fn every_history_of_up_to_three_operations_keeps_the_lattice() {
    assert_eq!(overlaps(3).len(), 15);
    let counts: Vec<Counts> = (0..=3).map(every_history).collect();
    let all: u64 = counts.iter().map(Counts::all).sum();
    assert_eq!(all, 8_069);
    assert!(counts[3].of(&["linearizable"]) > 500, "{counts:?}");
    assert!(counts[3].of(&["sequential"]) > 100, "{counts:?}");
}

#[test]
#[ignore = "minutes: all of four operations"]
fn every_history_of_four_operations_keeps_the_lattice() {
    let counts = every_history(4);
    println!("{} histories: {:#?}", counts.all(), counts.0);
}

/// Replicas that hear of each other's writes late, each in its own order: what a store with first-in-first-out links
/// and nothing else gives.
struct Replicas {
    /// For each process what it has heard of each process.
    heard: [[usize; 3]; 3],
    /// The writes of each process: key and value.
    writes: [Vec<(usize, i64)>; 3],
    /// What each process sees of each key.
    seen: [[i64; 2]; 3],
}

impl Replicas {
    fn hear(&mut self, process: usize, of: usize) {
        if let Some((which, value)) = self.writes[of].get(self.heard[process][of]) {
            self.seen[process][*which] = *value;
            self.heard[process][of] += 1;
        }
    }
}

/// Processes in turn or at once, over two keys; reads of what was written, now and then of nothing or of the future;
/// some writes are never heard of, some operations fail. With `is_lazy` reads see late replicas.
fn random(g: &mut Gen, operations: u64, is_lazy: bool) -> History {
    let mut history: History = Vec::new();
    let clients = if is_lazy { 3 } else { 1 + below(g, 3) };
    let mut free_from = [0; 3];
    let mut position = 0;
    let mut written = [1_i64; 2];
    let mut replicas = Replicas {
        heard: [[0; 3]; 3],
        writes: [vec![], vec![], vec![]],
        seen: [[0; 2]; 3],
    };
    for _ in 0..operations {
        let client = below(g, clients) as usize;
        position = (position + 1).max(free_from[client]);
        let end = position + 1 + below(g, 6);
        free_from[client] = end + 1;
        let which = below(g, 2) as usize;
        for _ in 0..below(g, 3) {
            replicas.hear(client, below(g, 3) as usize);
        }
        let (mut input, mut output) = (RegisterInput::read(), RegisterOutput::Done);
        if below(g, 2) == 0 {
            input = RegisterInput::write(written[which]);
            replicas.writes[client].push((which, written[which]));
            while replicas.heard[client][client] < replicas.writes[client].len() {
                replicas.hear(client, client);
            }
            written[which] += 1;
        } else if is_lazy {
            output = RegisterOutput::Value(replicas.seen[client][which].into());
        } else {
            let latest = written[which];
            let value = (latest - 1 - below(g, 3) as i64 + i64::from(below(g, 8) == 0)).max(0);
            output = RegisterOutput::Value(value.into());
        }
        let at = |position| Moment {
            position,
            time_ns: None,
        };
        let completion = match below(g, 12) {
            0 => Completion::Info { at: None },
            1 if !is_lazy => Completion::Fail { at: at(end) },
            _ => Completion::Ok {
                at: at(end),
                output,
            },
        };
        history.push(Operation {
            process: ProcessId(client as u64),
            call: at(position),
            input: input.at(["x", "y"][which]),
            completion,
        });
        position += below(g, 3);
    }
    history
}

fn campaign(seed: u64, rounds: u64) -> Counts {
    let mut g = Gen::from_size_and_seed(64, seed);
    let mut counts = Counts::default();
    for round in 0..rounds {
        let operations = 4 + below(&mut g, 5);
        let history = random(&mut g, operations, round % 2 == 0);
        check(&history, &mut counts);
    }
    counts
}

#[test]
fn random_histories_of_up_to_eight_operations_keep_the_lattice() {
    let counts = campaign(1, 4_000);
    for names in [
        &["linearizable"][..],
        &["sequential"],
        &["causal-memory", "causal-convergence"],
        &["causal-memory"],
    ] {
        assert!(counts.of(names) > 2, "{names:?}: {counts:#?}");
    }
}

#[test]
#[ignore = "minutes: 100,000 and more"]
fn many_random_histories_of_up_to_eight_operations_keep_the_lattice() {
    println!("{:#?}", campaign(2, 300_000).0);
}
