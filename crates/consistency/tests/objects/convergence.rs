//! Convergence: the rules one by one, and all of them against a plain reading of the definition.

use consistency::transactions::{Builder, Ending, MicroOperation};
use consistency::{
    Converged, Judgement, Limits, Moment, NotCheckable, OperationId, ProcessId, UnknownReason,
    Value, convergence,
};
use quickcheck::Gen;

use crate::common::below;
use crate::flat::{Step, flat, random};

fn judge(steps: &[Step], quiet_from: Option<u64>) -> Judgement<Converged> {
    convergence(&flat(steps), quiet_from, &Limits::default(), &mut || true)
}

/// Operations one after the other: process, whether it reads, value.
fn in_turn(steps: &[(u64, bool, i64)]) -> Vec<Step> {
    let step = |(place, &(process, is_read, value)): (usize, &(u64, bool, i64))| Step {
        process,
        call: 2 * place as u64,
        end: Some(2 * place as u64 + 1),
        ending: Ending::Committed,
        key: "x",
        is_read,
        value,
    };
    steps.iter().enumerate().map(step).collect()
}

const READ: bool = true;
const WRITE: bool = false;

fn rule(steps: &[Step]) -> (&'static str, Vec<OperationId>) {
    let judgement = judge(steps, None);
    let anomaly = judgement.anomaly().expect("violated");
    (anomaly.rule.name, anomaly.operations.clone())
}

fn named<const N: usize>(
    rule: &'static str,
    operations: [usize; N],
) -> (&'static str, Vec<OperationId>) {
    (rule, operations.map(OperationId).into())
}

#[test]
fn two_quiet_reads_that_differ_are_named() {
    let steps = in_turn(&[(0, WRITE, 1), (1, WRITE, 2), (2, READ, 1), (3, READ, 2)]);
    assert_eq!(rule(&steps), named("divergent-reads", [2, 3]));
    let agreed = in_turn(&[(0, WRITE, 1), (1, WRITE, 2), (2, READ, 1), (3, READ, 1)]);
    let Judgement::Holds(found) = judge(&agreed, None) else {
        panic!()
    };
    assert_eq!(found.quiet_from, 4);
    assert_eq!(found.keys[0].value, Value::Int(1));
    assert_eq!(found.keys[0].reads, [2, 3].map(OperationId));
}

#[test]
fn a_final_value_must_have_been_written_and_not_overwritten_by_who_knew_it() {
    let steps = in_turn(&[(0, WRITE, 1), (1, READ, 9)]);
    assert_eq!(rule(&steps), named("thin-air-read", [1]));
    // By the session that wrote it.
    let steps = in_turn(&[(0, WRITE, 1), (0, WRITE, 2), (1, READ, 1)]);
    assert_eq!(rule(&steps), named("lost-overwrite", [0, 1, 2]));
    // By a session that had read it.
    let steps = in_turn(&[(0, WRITE, 1), (1, READ, 1), (1, WRITE, 2), (2, READ, 1)]);
    assert_eq!(rule(&steps), named("lost-overwrite", [0, 1, 2, 3]));
    // The initial value, by anybody.
    let steps = in_turn(&[(0, WRITE, 1), (1, READ, 0)]);
    assert_eq!(rule(&steps), named("lost-overwrite", [0, 1]));
    // By a session that did not know it: a store may order them so.
    let steps = in_turn(&[(0, WRITE, 1), (1, WRITE, 2), (2, READ, 1)]);
    assert!(judge(&steps, None).holds());
}

#[test]
fn reads_under_way_and_writes_that_may_still_come_are_not_judged() {
    let never = Judgement::NotCheckable(NotCheckable::NeverQuiet);
    assert_eq!(judge(&[], None), never);
    let mut steps = in_turn(&[(0, WRITE, 1), (1, READ, 0)]);
    steps[1].call = 1;
    assert_eq!(judge(&steps, None), never);
    // A write of which nobody knows the end may still come: unless whoever gives the position says no.
    let mut steps = in_turn(&[(0, WRITE, 1), (1, WRITE, 2), (2, READ, 1), (3, READ, 2)]);
    steps[1].ending = Ending::Indeterminate;
    steps[1].end = None;
    assert_eq!(judge(&steps, None), never);
    let judgement = judge(&steps, Some(4));
    assert_eq!(
        judgement.anomaly().map(|it| it.rule.name),
        Some("divergent-reads")
    );
    assert_eq!(judge(&steps, Some(2)), never); // it is called there
    // One that failed is nothing.
    steps[1].ending = Ending::Aborted;
    steps[3].value = 1;
    assert!(judge(&steps, None).holds());
}

#[test]
fn siblings_count_when_each_was_written() {
    let with = |siblings: &[i64]| {
        let mut builder = Builder::new();
        let at = |position| Moment {
            position,
            time_ns: None,
        };
        for (place, value) in [1, 2].into_iter().enumerate() {
            let id = builder.invoke(ProcessId(place as u64), at(place as u64));
            let (key, value) = ("x".into(), Value::Int(value));
            let step = MicroOperation::Write { key, value };
            let done = builder.complete(id, Ending::Committed, Some(at(3)), [step]);
            done.expect("open");
        }
        let id = builder.invoke(ProcessId(2), at(4));
        let value = Value::list(siblings.iter().map(|it| Value::Int(*it)));
        let (key, value) = ("x".into(), Some(value));
        let step = MicroOperation::Read { key, value };
        let done = builder.complete(id, Ending::Committed, Some(at(5)), [step]);
        done.expect("open");
        convergence(&builder.finish(), None, &Limits::default(), &mut || true)
    };
    assert!(with(&[1, 2]).holds());
    assert!(!with(&[1, 3]).holds());
    assert!(!with(&[]).holds());
}

#[test]
fn a_deadline_and_a_memory_bound_end_in_unknown() {
    let history = flat(&in_turn(&[(0, WRITE, 1), (1, READ, 1)]));
    let stopped = convergence(&history, None, &Limits::default(), &mut || false);
    assert_eq!(stopped, Judgement::Unknown(UnknownReason::Interrupted));
    let small = Limits {
        bytes_max: 10,
        ..Limits::default()
    };
    let refused = convergence(&history, None, &small, &mut || true);
    assert_eq!(refused, Judgement::Unknown(UnknownReason::MemoryBound));
}

/// The definition, read literally.
fn converges(steps: &[Step]) -> Option<bool> {
    let may_be = |it: &&Step| it.ending != Ending::Aborted;
    let writes = || steps.iter().filter(|it| !it.is_read).filter(may_be);
    if writes().any(|it| it.ending == Ending::Indeterminate) {
        return None;
    }
    let is_done = |it: &Step| it.ending == Ending::Committed;
    let is_quiet = |read: &Step| writes().all(|it| it.end.is_some_and(|end| end < read.call));
    let quiet: Vec<&Step> = steps
        .iter()
        .filter(|it| it.is_read && is_done(it) && is_quiet(it))
        .collect();
    let last = quiet.first()?.value;
    let is_written = last == 0 || writes().any(|it| it.value == last);
    let knew = |newer: usize| {
        let earlier = steps[..newer].iter().filter(|it| is_done(it));
        earlier
            .filter(|it| it.process == steps[newer].process)
            .any(|it| it.value == last)
    };
    let is_lost = (0..steps.len()).any(|it| {
        let newer = &steps[it];
        !newer.is_read && is_done(newer) && newer.value != last && (last == 0 || knew(it))
    });
    Some(quiet.iter().all(|it| it.value == last) && is_written && !is_lost)
}

#[test]
fn random_histories_converge_as_the_definition_says() {
    let mut g = Gen::from_size_and_seed(64, 1);
    let (mut held, mut violated, mut neither) = (0, 0, 0);
    for _ in 0..20_000 {
        let count = 1 + below(&mut g, 7);
        let mut steps = random(&mut g, count, 3, true);
        for step in &mut steps {
            step.process = below(&mut g, 3);
        }
        match (judge(&steps, None), converges(&steps)) {
            (Judgement::Holds(_), Some(true)) => held += 1,
            (Judgement::Violated(_), Some(false)) => violated += 1,
            (Judgement::NotCheckable(_), None) => neither += 1,
            (other, expected) => panic!("{other:?} {expected:?} {steps:#?}"),
        }
    }
    assert!(
        held > 500 && violated > 500 && neither > 500,
        "{held} {violated} {neither}"
    );
}
