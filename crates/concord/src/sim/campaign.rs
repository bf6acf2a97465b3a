//! A campaign: many seeds of one case, on every core, with results that do not depend on how many.

use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use consistency::write_json_lines;
use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::*;
use simulator::{Fault, FaultCounts, FaultSet, Tape, Violation};

use super::seed::{Case, Faults, run_seed};
use super::tally::Tally;
use crate::exit::BadInput;

/// About half a minute on two cores, for all protocols together.
pub(crate) const SEEDS_DEFAULT: u64 = 10_000;

/// Seeds in which a swarm meets every fault.
const SEEDS_OF_A_SWARM: u64 = 40;

/// What one seed came to.
struct Seed {
    seed: u64,
    events: u64,
    virtual_ns: u64,
    hash: u64,
    faults: FaultCounts,
    /// The faults its plan had on.
    planned: FaultSet,
    tally: Tally,
    violation: Option<Violation>,
    unknown: Option<String>,
    given_up: Option<Vec<String>>,
}

/// The sums over all seeds.
pub(crate) struct Campaign {
    pub(crate) seeds: u64,
    pub(crate) tally: Tally,
    pub(crate) events: u64,
    pub(crate) virtual_ns: u64,
    pub(crate) elapsed: Duration,
    pub(crate) faults: FaultCounts,
    pub(crate) planned: FaultSet,
    /// Of all seeds' hashes, in order.
    pub(crate) hash: u64,
    /// By seed, rising.
    pub(crate) violations: Vec<(u64, Violation)>,
    pub(crate) unknowns: Vec<(u64, String)>,
    /// Seeds with a history that the protocol's design admits and a stronger model does not.
    pub(crate) seeds_given_up: u64,
    /// The first of them, and its operations in words.
    pub(crate) given_up: Option<(u64, Vec<String>)>,
}

/// Runs every seed of the range.
pub(crate) fn run(case: &Case, seeds: Range<u64>) -> Result<Campaign, BadInput> {
    let start = Instant::now();
    let bar = progress_bar(case, seeds.end - seeds.start);
    let events = AtomicU64::new(0);
    let results: Vec<Result<Seed, BadInput>> = seeds
        .into_par_iter()
        .map(|seed| {
            let result = one(case, seed);
            if let Ok(seed) = &result {
                let events = events.fetch_add(seed.events, Ordering::Relaxed) + seed.events;
                let rate = events as f64 / start.elapsed().as_secs_f64().max(1e-9);
                let left = bar.eta().as_secs();
                bar.set_message(format!(", {:.1} M events/s, {left} s left", rate / 1e6));
                bar.inc(1);
            }
            result
        })
        .collect();
    bar.finish_and_clear();
    let mut campaign = Campaign {
        seeds: 0,
        tally: Tally::default(),
        events: 0,
        virtual_ns: 0,
        elapsed: start.elapsed(),
        faults: FaultCounts::default(),
        planned: FaultSet::none(),
        hash: 0,
        violations: Vec::new(),
        unknowns: Vec::new(),
        seeds_given_up: 0,
        given_up: None,
    };
    for result in results {
        campaign.add(result?);
    }
    Ok(campaign)
}

fn one(case: &Case, seed: u64) -> Result<Seed, BadInput> {
    let setup = case.setup(seed)?;
    let planned = setup.plan.enabled();
    let run = run_seed(case, &setup, Tape::seeded(seed).unrecorded())?;
    Ok(Seed {
        seed,
        events: run.outcome.events,
        virtual_ns: run.outcome.virtual_ns,
        hash: run.outcome.hash,
        faults: run.outcome.faults,
        planned,
        tally: run.tally,
        violation: run.outcome.violation,
        unknown: run.outcome.unknown,
        given_up: run.given_up,
    })
}

impl Campaign {
    fn add(&mut self, seed: Seed) {
        self.seeds += 1;
        self.tally.add(&seed.tally);
        self.events += seed.events;
        self.virtual_ns = self.virtual_ns.saturating_add(seed.virtual_ns);
        self.faults.merge(&seed.faults);
        seed.planned
            .iter()
            .for_each(|fault| self.planned.insert(fault));
        // An odd multiplier makes the order of the seeds count.
        self.hash = (self.hash ^ seed.hash).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        if let Some(operations) = seed.given_up {
            self.seeds_given_up += 1;
            self.given_up.get_or_insert((seed.seed, operations));
        }
        if let Some(violation) = seed.violation {
            self.violations.push((seed.seed, violation));
        } else if let Some(reason) = seed.unknown {
            self.unknowns.push((seed.seed, reason));
        }
    }

    /// The faults that were on and never happened: what the campaign did not test. With swarm
    /// testing a fault is on in some seeds only, often weakly, so a few seeds say nothing.
    pub(crate) fn silent_faults(&self, case: &Case) -> Vec<Fault> {
        if case.faults == Faults::Swarm && self.seeds < SEEDS_OF_A_SWARM {
            return Vec::new();
        }
        self.faults.silent(self.planned)
    }
}

/// Runs one seed again and writes what its clients saw.
pub(crate) fn write_history(case: &Case, seed: u64, file: &Path) -> Result<(), BadInput> {
    let run = run_seed(case, &case.setup(seed)?, Tape::seeded(seed).unrecorded())?;
    let Some(write) = run.history else {
        let message = format!("a run of {} has no such history", case.protocol.name());
        return Err(BadInput::at("--history", message));
    };
    let history = write().map_err(|error| BadInput::at(file.display(), error))?;
    std::fs::write(file, write_json_lines(&history))
        .map_err(|error| BadInput::at(file.display(), error))
}

fn progress_bar(case: &Case, seeds: u64) -> ProgressBar {
    let bar = ProgressBar::new(seeds);
    let template = "{prefix} {wide_bar} {pos}/{len} seeds{msg}";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.set_prefix(case.protocol.name());
    bar
}
