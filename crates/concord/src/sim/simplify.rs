//! From a failing seed to a simpler case that breaks the same rule: fewer faults, nodes, clients and
//! operations. What is left is easier to read than any one run made small.

use simulator::{Outcome, Tape};

use super::seed::{Case, Setup, run_seed};
use crate::exit::BadInput;

/// Seeds tried for each simpler case.
const SEEDS_PER_CASE: u64 = 40;
/// Runs in all.
const RUNS_MAX: u64 = 2_000;
/// Steps of processes in all these runs: some ten seconds of work.
const EVENTS_MAX: u64 = 30_000_000;

/// A case, its setup and a seed that break a rule together.
#[derive(Clone)]
pub(crate) struct Failure {
    pub(crate) case: Case,
    pub(crate) setup: Setup,
    pub(crate) seed: u64,
}

/// Whether the run broke this rule.
pub(crate) fn breaks(outcome: &Outcome, rule: &str) -> bool {
    let violation = outcome.violation.as_ref();
    violation.is_some_and(|violation| violation.rule == rule)
}

/// The simplest failure found. It takes what fails away piece by piece, and keeps a simpler case
/// when one of a few seeds still breaks `rule`.
pub(crate) fn simplify(failure: Failure, rule: &str) -> Result<Failure, BadInput> {
    let mut search = Search {
        best: failure,
        rule,
        runs: 0,
        events: 0,
    };
    for fault in search.best.setup.plan.enabled().iter() {
        let mut setup = search.best.setup.clone();
        setup.plan = setup.plan.without(fault);
        let case = search.best.case.clone();
        search.attempt(case, setup)?;
    }
    for nodes in [2, 3, 4] {
        let case = search.best.case.clone();
        if nodes < case.nodes {
            let case = Case { nodes, ..case };
            let setup = search.best.setup.clone();
            if search.attempt(case, setup)? {
                break;
            }
        }
    }
    search.halve(|case| {
        case.operations /= 2;
        case.operations > 0
    })?;
    search.halve(|case| {
        case.clients /= 2;
        case.clients > 0
    })?;
    Ok(search.best)
}

struct Search<'a> {
    best: Failure,
    rule: &'a str,
    runs: u64,
    events: u64,
}

impl Search<'_> {
    /// Makes the case smaller with `halved` for as long as that leaves something and still fails.
    fn halve(&mut self, halved: impl Fn(&mut Case) -> bool) -> Result<(), BadInput> {
        loop {
            let mut case = self.best.case.clone();
            let setup = self.best.setup.clone();
            if !halved(&mut case) || !self.attempt(case, setup)? {
                return Ok(());
            }
        }
    }

    /// Keeps the case if some seed from the present one on still breaks the rule.
    fn attempt(&mut self, case: Case, setup: Setup) -> Result<bool, BadInput> {
        let first = self.best.seed;
        for seed in (first..).take(usize::try_from(SEEDS_PER_CASE).unwrap_or(1)) {
            if self.runs >= RUNS_MAX || self.events >= EVENTS_MAX {
                return Ok(false);
            }
            self.runs += 1;
            let tape = Tape::seeded(seed).unrecorded();
            let run = run_seed(&case, &setup, tape)?;
            self.events = self.events.saturating_add(run.outcome.events);
            if breaks(&run.outcome, self.rule) {
                self.best = Failure { case, setup, seed };
                return Ok(true);
            }
        }
        Ok(false)
    }
}
