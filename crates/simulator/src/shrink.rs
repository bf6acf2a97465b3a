//! The shrinker: from a tape that fails to a small one that fails by the same rule.
//!
//! Delta debugging (Zeller, Hildebrandt: *Simplifying and isolating failure-inducing input*, 2002)
//! over the choices: cut the end off, zero chunks, take chunks out, lower what is left. A tape is
//! simpler when fewer choices are not zero; of two with as many, the one whose run has fewer steps;
//! then the shorter one; then the one with the smaller sum.

use serde::{Deserialize, Serialize};

use crate::{Choices, Outcome, Tape};

/// What [`shrink`] reached.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Shrunk {
    /// The simplest choices found that still fail.
    pub choices: Choices,
    /// The run they give.
    pub outcome: Outcome,
    /// Runs made.
    pub runs: usize,
    /// Choices that were not zero, before and after.
    pub choices_before: usize,
    /// Choices that are not zero now.
    pub choices_after: usize,
    /// Steps of the failing run before.
    pub events_before: u64,
    /// Steps of the failing run now.
    pub events_after: u64,
}

/// Makes `choices` as benign as it can within `runs_max` runs.
///
/// `attempt` runs the simulation on a tape and returns the outcome if it *still fails by the same
/// rule*. `None` when `choices` themselves do not fail. Each run costs what a run costs; the rest
/// is linear in the number of choices per run.
///
/// ```
/// # use simulator::*;
/// # let settings = Settings::new(1);
/// # struct Idle;
/// # impl transport::Process for Idle {
/// #     type Message = (); type Request = (); type Event = (); type Record = ();
/// #     fn step(&mut self, _: transport::Input<Self>, cx: &mut transport::Context<'_, Self>) {
/// #         if (0..100).map(|_| cx.choose(50)).filter(|&drawn| drawn == 7).count() > 0 { panic!("seven") }
/// #     }
/// #     fn deadline(&self) -> Option<transport::Time> { None }
/// # }
/// # impl transport::Recover for Idle {
/// #     type Config = (); type Error = std::convert::Infallible;
/// #     fn recover(_: &(), _: Vec<transport::Stored<()>>) -> Result<Self, Self::Error> { Ok(Idle) }
/// # }
/// # let again = |tape| run::<Idle, _, _>(&settings, &[()], &mut (), &mut (), tape);
/// # let failed = (0..100).map(|seed| again(Tape::seeded(seed)).unwrap()).find(|o| !o.holds()).unwrap();
/// let rule = failed.violation.clone().map(|violation| violation.rule);
/// let shrunk = shrink(&failed.choices, 500, |tape| {
///     let outcome = again(tape).ok()?;
///     (outcome.violation.as_ref().map(|violation| &violation.rule) == rule.as_ref()).then_some(outcome)
/// });
/// assert_eq!(shrunk.map(|shrunk| shrunk.choices_after), Some(1));
/// ```
pub fn shrink(
    choices: &Choices,
    runs_max: usize,
    attempt: impl FnMut(Tape) -> Option<Outcome>,
) -> Option<Shrunk> {
    let mut search = Search {
        attempt,
        best: choices.iter().collect(),
        outcome: None,
        runs: 0,
        runs_max: runs_max.max(1),
    };
    if !search.retry(search.best.clone()) {
        return None;
    }
    let choices_before = choices.nonzero();
    let events_before = search.outcome.as_ref()?.events;
    loop {
        let before = search.best.clone();
        search.cut_end();
        search.edit_chunks(Edit::Zero);
        search.edit_chunks(Edit::Remove);
        search.lower();
        if search.best == before || search.is_spent() {
            break;
        }
    }
    let outcome = search.outcome?;
    let choices: Choices = search.best.into_iter().collect();
    Some(Shrunk {
        choices_before,
        choices_after: choices.nonzero(),
        events_before,
        events_after: outcome.events,
        runs: search.runs,
        choices,
        outcome,
    })
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Edit {
    Zero,
    Remove,
}

struct Search<F> {
    attempt: F,
    best: Vec<u64>,
    outcome: Option<Outcome>,
    runs: usize,
    runs_max: usize,
}

impl<F: FnMut(Tape) -> Option<Outcome>> Search<F> {
    /// Keeps the candidate if it still fails and is simpler; the first one needs only fail.
    fn retry(&mut self, candidate: Vec<u64>) -> bool {
        if self.is_spent() {
            return false;
        }
        self.runs += 1;
        let tape = Tape::replay(candidate.iter().copied().collect());
        let Some(outcome) = (self.attempt)(tape) else {
            return false;
        };
        // What the run really used may be simpler still: it stops at the failure.
        let used = trimmed(outcome.choices.iter().collect());
        let candidate = trimmed(candidate);
        let candidate = if used.is_empty() || size(&candidate, 0) < size(&used, 0) {
            candidate
        } else {
            used
        };
        if let Some(best) = &self.outcome
            && size(&candidate, outcome.events) >= size(&self.best, best.events)
        {
            return false;
        }
        self.best = candidate;
        self.outcome = Some(outcome);
        true
    }

    const fn is_spent(&self) -> bool {
        self.runs >= self.runs_max
    }

    /// Looks for the shortest first part that fails when zeros follow it, by halving.
    fn cut_end(&mut self) {
        let (mut fails_not, mut fails) = (0, self.best.len());
        while fails_not < fails && !self.is_spent() {
            let middle = fails_not.midpoint(fails);
            if self.retry(self.best[..middle].to_vec()) {
                fails = self.best.len().min(middle);
            } else {
                fails_not = middle + 1;
            }
        }
    }

    fn edit_chunks(&mut self, edit: Edit) {
        let mut length = self.best.len().div_ceil(2);
        while length > 0 && !self.is_spent() {
            let mut end = self.best.len();
            while end > 0 && !self.is_spent() {
                let start = end.saturating_sub(length);
                let chunk = &self.best[start..end];
                // Small chunks are only taken out where something is in them.
                if chunk.iter().any(|&value| value != 0) {
                    let mut candidate = self.best.clone();
                    match edit {
                        Edit::Zero => candidate[start..end].fill(0),
                        Edit::Remove => drop(candidate.drain(start..end)),
                    }
                    self.retry(candidate);
                }
                end = start.min(self.best.len());
            }
            length = if length == 1 { 0 } else { length.div_ceil(2) };
        }
    }

    /// Lowers each value that is left, by halving.
    fn lower(&mut self) {
        let mut index = 0;
        while index < self.best.len() && !self.is_spent() {
            let (mut fails_not, mut fails) = (0, self.best[index]);
            while fails_not < fails && !self.is_spent() {
                let middle = fails_not.midpoint(fails);
                let mut candidate = self.best.clone();
                candidate[index] = middle;
                if self.retry(candidate) {
                    fails = middle;
                } else {
                    fails_not = middle + 1;
                }
                if index >= self.best.len() {
                    return;
                }
            }
            index += 1;
        }
    }
}

fn trimmed(mut values: Vec<u64>) -> Vec<u64> {
    while values.last() == Some(&0) {
        values.pop();
    }
    values
}

/// What is to become small, the most important first.
fn size(values: &[u64], events: u64) -> (usize, u64, usize, u128) {
    let nonzero = values.iter().filter(|&&value| value != 0).count();
    let sum = values.iter().map(|&value| u128::from(value)).sum();
    (nonzero, events, values.len(), sum)
}
