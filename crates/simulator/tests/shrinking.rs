//! The shrinker: failing runs become small, and stay failures of the same rule.

mod common;

use common::{Bug, SECOND, count};
use simulator::{FaultPlan, FaultSet, Outcome, Settings, Shrunk, Tape, shrink};

fn settings(seed: u64) -> Settings {
    let mut plan_tape = Tape::seeded_stream(seed, 1);
    Settings {
        plan: FaultPlan::uniform(&mut plan_tape, FaultSet::all(), 4 * SECOND),
        chaos_ns: 4 * SECOND,
        ..Settings::new(3)
    }
}

/// A failure that takes a while.
fn failing(bug: Bug, from_seed: u64) -> (Settings, Outcome) {
    (from_seed..)
        .map(|seed| {
            let settings = settings(seed);
            let outcome = count(&settings, bug, 200, Tape::seeded(seed));
            (settings, outcome)
        })
        .find(|(_, outcome)| outcome.violation.is_some() && outcome.events > 200)
        .expect("the bug shows at some seed")
}

fn shrunk(settings: &Settings, bug: Bug, failed: &Outcome) -> Shrunk {
    let rule = failed
        .violation
        .as_ref()
        .map(|violation| violation.rule.clone());
    let attempt = |tape| {
        let outcome = count(settings, bug, 200, tape);
        let same = outcome.violation.as_ref().map(|violation| &violation.rule) == rule.as_ref();
        same.then_some(outcome)
    };
    shrink(&failed.choices, 2_000, attempt).expect("it fails as it did")
}

#[test]
fn a_lost_addition_shrinks_by_nine_tenths_and_still_is_one() {
    for from_seed in [0, 100, 200] {
        let (settings, failed) = failing(Bug::AnswersEarly, from_seed);
        let shrunk = shrunk(&settings, Bug::AnswersEarly, &failed);
        assert!(shrunk.runs <= 2_000);
        assert_eq!(
            shrunk
                .outcome
                .violation
                .as_ref()
                .map(|violation| violation.rule.as_str()),
            Some("durability")
        );
        assert!(
            shrunk.choices_after * 10 <= shrunk.choices_before,
            "{} of {} choices",
            shrunk.choices_after,
            shrunk.choices_before
        );
        assert!(
            shrunk.events_after * 10 <= shrunk.events_before,
            "{} of {} steps",
            shrunk.events_after,
            shrunk.events_before
        );
        // What was shrunk replays to the same failure.
        let again = count(
            &settings,
            Bug::AnswersEarly,
            200,
            Tape::replay(shrunk.choices.clone()),
        );
        assert_eq!(again.hash, shrunk.outcome.hash);
    }
}

#[test]
fn a_refused_log_shrinks_to_a_handful_of_choices() {
    let (settings, failed) = failing(Bug::RefusesItsLog, 0);
    let shrunk = shrunk(&settings, Bug::RefusesItsLog, &failed);
    assert!(shrunk.choices_after <= 5, "{}", shrunk.choices_after);
}

#[test]
fn a_tape_that_does_not_fail_is_not_shrunk() {
    let outcome = count(&Settings::new(2), Bug::None, 10, Tape::seeded(1));
    assert_eq!(shrink(&outcome.choices, 100, |_| None), None);
}

#[test]
fn the_number_of_runs_is_bounded() {
    let (settings, failed) = failing(Bug::AnswersEarly, 0);
    let mut runs = 0;
    let shrunk = shrink(&failed.choices, 17, |tape| {
        runs += 1;
        let outcome = count(&settings, Bug::AnswersEarly, 200, tape);
        outcome.violation.is_some().then_some(outcome)
    });
    assert_eq!(runs, 17);
    assert_eq!(shrunk.map(|shrunk| shrunk.runs), Some(17));
}
