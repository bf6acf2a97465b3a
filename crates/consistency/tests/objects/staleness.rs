//! k-atomicity against its definition, on random small histories.

use consistency::transactions::Ending;
use consistency::{
    Error, Judgement, Limits, NotCheckable, OperationId, StaleEvidence, Staleness, UnknownReason,
    Value, staleness, verify_staleness,
};
use quickcheck::Gen;

use crate::common::below;
use crate::flat::{Step, flat, only, random};

/// The definition: the least k of any order, trying every one. `None` when there is no order at all.
fn least_k(steps: &[Step]) -> Option<usize> {
    fn extend(steps: &[Step], order: &mut Vec<usize>, stale: usize, best: &mut Option<usize>) {
        if best.is_some_and(|least| least <= stale) {
            return;
        }
        let must = |step: &Step| step.ending == Ending::Committed;
        if (0..steps.len()).all(|it| !must(&steps[it]) || order.contains(&it)) {
            *best = Some(stale);
            return;
        }
        for next in 0..steps.len() {
            let step = &steps[next];
            let is_early = |earlier: &usize| step.end.is_some_and(|end| end < steps[*earlier].call);
            let is_idle = step.is_read && !must(step);
            if order.contains(&next)
                || step.ending == Ending::Aborted
                || is_idle
                || order.iter().any(is_early)
            {
                continue;
            }
            let mut stale = stale;
            if step.is_read {
                let written = order.iter().filter(|it| !steps[**it].is_read);
                let mut versions: Vec<i64> = written.map(|it| steps[*it].value).collect();
                versions.insert(0, 0);
                let Some(back) = versions.iter().rev().position(|it| *it == step.value) else {
                    continue;
                };
                stale = stale.max(back + 1);
            }
            order.push(next);
            extend(steps, order, stale, best);
            order.pop();
        }
    }
    let mut best = None;
    extend(steps, &mut Vec::new(), 1, &mut best);
    best
}

fn judge(steps: &[Step]) -> Judgement<Vec<Staleness>> {
    staleness(&flat(steps), &Limits::default(), &mut || true)
}

/// Compares with the definition, checks both certificates, and gives k.
fn agree(steps: &[Step]) -> Option<usize> {
    let expected = least_k(steps);
    let keys = match judge(steps) {
        Judgement::Holds(keys) => keys,
        Judgement::Violated(anomaly) => {
            assert_eq!(expected, None, "{anomaly:?} {steps:#?}");
            assert_eq!(least_k(&only(steps, &anomaly.operations)), None);
            return None;
        }
        other => panic!("{other:?}"),
    };
    let [found] = keys.as_slice() else {
        assert_eq!(expected, Some(1), "{steps:#?}");
        return expected;
    };
    let k = expected.expect("an order");
    assert_eq!((found.lower, found.upper), (k, k), "{steps:#?}");
    check(steps, found);
    Some(k)
}

fn check(steps: &[Step], found: &Staleness) {
    let history = flat(steps);
    let verify = |k| verify_staleness(&history, &found.key, k, &found.order);
    assert_eq!(verify(found.upper), Ok(()), "{found:?} {steps:#?}");
    match &found.evidence {
        None => assert_eq!(found.lower, 1),
        Some(StaleEvidence::NoOrder { operations }) => {
            let k = least_k(&only(steps, operations)).expect("an order");
            assert!(k >= found.lower, "{found:?} {steps:#?}");
        }
        Some(StaleEvidence::Between {
            write,
            read,
            between,
        }) => {
            assert_eq!(between.len() + 1, found.lower);
            let kept = write.iter().chain([read]).chain(between);
            let mut kept: Vec<OperationId> = kept.copied().collect();
            // What makes them certain: reads of these values.
            let value = |id: &OperationId| steps[id.0].value;
            let values: Vec<i64> = kept.iter().map(value).collect();
            let reads = (0..steps.len()).filter(|it| values.contains(&steps[*it].value));
            kept.extend(reads.map(OperationId));
            kept.sort();
            kept.dedup();
            let k = least_k(&only(steps, &kept)).expect("an order");
            assert!(k >= found.lower, "{found:?} {steps:#?}");
        }
    }
}

fn campaign(seed: u64, rounds: u64, most: u64) -> [u64; 6] {
    let mut g = Gen::from_size_and_seed(64, seed);
    let mut counts = [0; 6];
    for round in 0..rounds {
        let count = 1 + below(&mut g, most);
        let width = 1 + below(&mut g, 9);
        let steps = random(&mut g, count, width, round % 3 == 0);
        let k = agree(&steps).unwrap_or(0);
        counts[k.min(5)] += 1;
    }
    counts
}

#[test]
fn random_histories_have_the_staleness_of_the_definition() {
    let counts = campaign(1, 12_000, 7);
    assert!(counts.iter().all(|count| *count > 20), "{counts:?}");
}

#[test]
#[ignore = "minutes: the same with ten times as many, and larger ones"]
fn many_more_random_histories_have_the_staleness_of_the_definition() {
    println!("{:?}", campaign(2, 300_000, 7));
    println!("{:?}", campaign(3, 40_000, 9));
}

fn step(call: u64, end: u64, is_read: bool, value: i64) -> Step {
    Step {
        process: call,
        call,
        end: Some(end),
        ending: Ending::Committed,
        key: "x",
        is_read,
        value,
    }
}

/// Golab, Hurwitz and Li 2013: zones that overlap in a row may need their first two writes swapped.
#[test]
fn the_first_two_writes_of_a_row_may_have_to_be_swapped() {
    // The zones (2, 3), (1, 7) and (6, 9), of which the first lies in the second.
    let steps = [
        step(0, 2, false, 1),
        step(0, 1, false, 2),
        step(3, 3, true, 1),
        step(7, 8, true, 2),
        step(4, 6, false, 3),
        step(9, 9, true, 3),
    ];
    assert_eq!(agree(&steps), Some(2));
}

#[test]
fn a_piece_takes_two_backward_clusters_and_not_three() {
    let zone = [step(0, 1, false, 1), step(10, 11, true, 1)];
    let short = |place: u64| step(3 + place, 6 + place, false, 2 + place as i64);
    let with = |count| {
        let mut steps = zone.to_vec();
        steps.extend((0..count).map(short));
        agree(&steps)
    };
    assert_eq!(with(0), Some(1));
    assert_eq!(with(1), Some(2));
    assert_eq!(with(2), Some(3)); // both certainly between: the value is written before and read after
    // A write that overlaps them all may come after the read's last moment.
    let mut steps = vec![
        step(0, 4, false, 1),
        step(2, 2, true, 1),
        step(9, 12, true, 1),
    ];
    steps.extend([
        step(1, 10, false, 2),
        step(1, 3, false, 3),
        step(8, 20, false, 4),
    ]);
    agree(&steps);
}

#[test]
fn the_initial_value_is_a_version_and_a_read_after_k_writes_is_that_stale() {
    for writes in 1..6 {
        let mut steps: Vec<Step> = (0..writes)
            .map(|it| step(10 * it, 10 * it + 5, false, 1 + it as i64))
            .collect();
        steps.push(step(1_000, 1_001, true, 0));
        let Judgement::Holds(keys) = judge(&steps) else {
            panic!()
        };
        assert_eq!(keys[0].lower as u64, writes + 1);
        assert_eq!(keys[0].upper as u64, writes + 1);
        let Some(StaleEvidence::Between { write: None, .. }) = keys[0].evidence else {
            panic!("{:?}", keys[0].evidence)
        };
    }
}

#[test]
fn reads_of_nothing_and_of_the_future_have_no_staleness_at_all() {
    let rule = |steps: &[Step]| judge(steps).anomaly().expect("violated").rule.name;
    assert_eq!(rule(&[step(0, 1, true, 1)]), "thin-air-read");
    let failed = Step {
        ending: Ending::Aborted,
        ..step(0, 1, false, 1)
    };
    assert_eq!(rule(&[failed, step(2, 3, true, 1)]), "thin-air-read");
    let steps = [step(0, 1, true, 1), step(2, 3, false, 1)];
    assert_eq!(rule(&steps), "future-read");
}

#[test]
fn a_value_written_twice_matters_when_somebody_reads_it() {
    let twice = [step(0, 1, false, 1), step(2, 3, false, 1)];
    assert!(judge(&twice).holds());
    let mut read = twice.to_vec();
    read.push(step(4, 5, true, 1));
    let Judgement::NotCheckable(NotCheckable::WrittenTwice { value, .. }) = judge(&read) else {
        panic!()
    };
    assert_eq!(value, Value::Int(1));
    let initial = [step(0, 1, false, 0), step(4, 5, true, 0)];
    assert!(matches!(
        judge(&initial),
        Judgement::NotCheckable(NotCheckable::WrittenTwice { .. })
    ));
}

#[test]
fn each_key_has_a_staleness_of_its_own() {
    let mut steps = vec![
        step(0, 1, false, 1),
        step(2, 3, false, 2),
        step(4, 5, true, 1),
    ];
    steps.push(Step {
        key: "y",
        ..step(6, 7, false, 1)
    });
    let Judgement::Holds(keys) = judge(&steps) else {
        panic!()
    };
    let found: Vec<(String, usize)> = keys
        .iter()
        .map(|it| (it.key.to_string(), it.upper))
        .collect();
    assert_eq!(found, [("\"x\"".into(), 2), ("\"y\"".into(), 1)]);
}

#[test]
fn the_verifier_refuses_every_kind_of_wrong_order() {
    let failed = Step {
        ending: Ending::Aborted,
        ..step(0, 1, false, 9)
    };
    let other = Step {
        key: "y",
        ..step(0, 1, false, 1)
    };
    let steps = [
        step(0, 1, false, 1),
        step(2, 3, false, 2),
        step(4, 5, true, 1),
        failed,
        other,
    ];
    let history = flat(&steps);
    let verify = |k, order: &[usize]| {
        let order: Vec<OperationId> = order.iter().copied().map(OperationId).collect();
        verify_staleness(&history, &"x".into(), k, &order)
    };
    let operation = OperationId;
    assert_eq!(verify(2, &[0, 1, 2]), Ok(()));
    let illegal = Error::WitnessIllegal {
        operation: operation(2),
    };
    assert_eq!(verify(1, &[0, 1, 2]), Err(illegal));
    let stranger = |id| {
        Err(Error::WitnessStranger {
            operation: OperationId(id),
        })
    };
    assert_eq!(verify(2, &[0, 1, 2, 4]), stranger(4));
    assert_eq!(verify(2, &[0, 1, 2, 5]), stranger(5));
    let failed = Error::WitnessFailed {
        operation: operation(3),
    };
    assert_eq!(verify(2, &[0, 3]), Err(failed));
    let repeats = Error::WitnessRepeats {
        operation: operation(0),
    };
    assert_eq!(verify(2, &[0, 0]), Err(repeats));
    let order = Error::WitnessOrder {
        operation: operation(0),
    };
    assert_eq!(verify(2, &[1, 0]), Err(order));
    let misses = Error::WitnessMisses {
        operation: operation(1),
    };
    assert_eq!(verify(2, &[0, 2]), Err(misses));
}

#[test]
fn a_deadline_and_a_memory_bound_end_in_unknown() {
    let history = flat(&[step(0, 1, false, 1)]);
    let stopped = staleness(&history, &Limits::default(), &mut || false);
    assert_eq!(stopped, Judgement::Unknown(UnknownReason::Interrupted));
    let small = Limits {
        bytes_max: 10,
        ..Limits::default()
    };
    let refused = staleness(&history, &small, &mut || true);
    assert_eq!(refused, Judgement::Unknown(UnknownReason::MemoryBound));
}

/// Many writes at once, read late: the search gives up, and the bounds still hold.
#[test]
fn where_the_search_gives_up_the_bounds_stand_apart_and_both_are_shown() {
    let mut g = Gen::from_size_and_seed(64, 4);
    let mut steps = Vec::new();
    for value in 1..400 {
        let call = below(&mut g, 1_000);
        let end = call + 1 + below(&mut g, 200);
        steps.push(step(call, end, false, value));
        let late = call + below(&mut g, 400);
        steps.push(step(late, late + 200, true, value));
    }
    let history = flat(&steps);
    let mut questions = 0;
    let judgement = staleness(&history, &Limits::default(), &mut || {
        questions += 1;
        questions < 300
    });
    let Judgement::Holds(keys) = judgement else {
        panic!("{judgement:?}")
    };
    let found = &keys[0];
    assert!(found.lower < found.upper, "{} {}", found.lower, found.upper);
    assert!(found.lower > 2 && found.upper < 400);
    assert_eq!(
        verify_staleness(&history, &found.key, found.upper, &found.order),
        Ok(())
    );
    assert!(found.evidence.is_some());
}

#[test]
fn positions_at_the_end_of_their_range_are_no_trouble() {
    let far = u64::MAX;
    let steps = [
        step(far - 1, far, false, 1),
        step(far, far, true, 1),
        step(far, far, true, 0),
    ];
    agree(&steps);
}
