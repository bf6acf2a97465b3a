//! The verdict on one file.

use std::collections::BTreeMap;
use std::time::Instant;

use consistency::report::{Finding as Said, Report};
use consistency::transactions::{self, Transactions};
use consistency::{
    Consistency, Format, Judgement, Recorded, UnknownReason, Value, check_all_transactions,
};

use super::budget::Budget;
use super::input::Input;
use super::map::{self, Answers};
use super::models;
use super::objects::Job;
use super::{Check, Promise};
use crate::exit::{BadInput, Ending};

/// What was found about one file.
pub(super) struct Finding {
    pub(super) verdict: Ending,
    /// `None` for transactions.
    pub(super) model: Option<String>,
    pub(super) consistency: &'static str,
    pub(super) operations: usize,
    pub(super) seconds: f64,
    /// Of a violation: whether fewer operations hold.
    pub(super) is_minimal: bool,
    /// Why nothing was decided.
    pub(super) reason: Option<String>,
    /// How many keys were decided in which way.
    pub(super) methods: BTreeMap<String, usize>,
    /// Of all models at once.
    pub(super) answers: Option<Answers>,
    pub(super) report: Report,
}

/// What is left of a finding for the summary.
pub(super) struct Summary {
    pub(super) verdict: Ending,
    pub(super) operations: usize,
    pub(super) seconds: f64,
}

impl Finding {
    pub(super) const fn summary(&self) -> Summary {
        Summary {
            verdict: self.verdict,
            operations: self.operations,
            seconds: self.seconds,
        }
    }
}

/// Judges what a file holds. `title` names it to people.
pub(super) fn judge(check: &Check, title: &str, input: Input) -> Result<Finding, BadInput> {
    let budget = Budget::new(check.timeout, check.memory, check.jobs)?;
    match input.recorded {
        Recorded::Operations(history) => {
            let promise = Promise::One(Consistency::Linearizable);
            let promise = check.consistency.unwrap_or(promise);
            if matches!(promise, Promise::One(level) if level.is_transactional()) {
                let message = "is a promise of transactions, and these are single operations";
                return Err(BadInput::new(format!("{} {message}", promise.name())));
            }
            let missing = || BadInput::new(models::missing(&history));
            let model = check.model.ok_or_else(missing)?;
            let initial = match &check.initial {
                Some(text) => Some(models::value_of(text)),
                None => input.format.initial_value(),
            };
            let job = Job {
                title,
                promise,
                history: &history,
                budget: &budget,
            };
            job.judge_as(model, initial)
        }
        Recorded::Transactions(history) => {
            let promise = Promise::One(strongest(input.format));
            match check.consistency.unwrap_or(promise) {
                Promise::All => Ok(all_of_transactions(title, &history, input.format, &budget)),
                Promise::One(level) if level.is_transactional() => {
                    Ok(of_transactions(title, level, &history, &budget))
                }
                Promise::One(level) => {
                    let message = "is a promise of single operations, and these are transactions";
                    Err(BadInput::new(format!("{level} {message}")))
                }
            }
        }
        _ => Err(BadInput::new("a kind of history that is not judged here")),
    }
}

/// The strongest promise that a history in this format can show: some formats tell no time.
const fn strongest(format: Format) -> Consistency {
    if format.has_times() {
        Consistency::StrictSerializable
    } else {
        Consistency::Serializable
    }
}

fn of_transactions(
    title: &str,
    level: Consistency,
    history: &Transactions,
    budget: &Budget,
) -> Finding {
    let start = Instant::now();
    let mut judgement =
        budget.alone(|limits, keep_going| transactions::check(history, level, limits, keep_going));
    let mut reason = None;
    if let Judgement::Holds(order) = &judgement
        && let Err(error) = transactions::verify(history, level, order)
    {
        reason = Some(witness_fault(&error));
        judgement = Judgement::Unknown(UnknownReason::Interrupted);
    }
    let seconds = start.elapsed().as_secs_f64();
    let report = Report::transactions(title, history, level, &judgement);
    Finding {
        verdict: ending(report.finding()),
        model: None,
        consistency: level.name(),
        operations: history.len(),
        seconds,
        is_minimal: judgement
            .anomaly()
            .is_some_and(|anomaly| anomaly.is_minimal),
        reason: reason.or_else(|| budget.why_not(&judgement)),
        methods: BTreeMap::new(),
        answers: None,
        report,
    }
}

fn all_of_transactions(
    title: &str,
    history: &Transactions,
    format: Format,
    budget: &Budget,
) -> Finding {
    let start = Instant::now();
    let mut map =
        budget.alone(|limits, keep_going| check_all_transactions(history, limits, keep_going));
    if !format.has_times() {
        // Without times, strict says no more than serializable does.
        map.rows
            .retain(|row| row.level != Consistency::StrictSerializable);
    }
    let seconds = start.elapsed().as_secs_f64();
    map::finding(&map, None, history.len(), seconds, |level, judgement| {
        Report::transactions(title, history, level, judgement)
    })
}

/// A witness that does not replay is a fault of the checker: nothing was decided.
pub(super) fn witness_fault(error: &consistency::Error) -> String {
    format!("the checker's witness does not replay: {error}")
}

pub(super) const fn ending(said: Said) -> Ending {
    match said {
        Said::Holds => Ending::Holds,
        Said::Violated => Ending::Violated,
        Said::Unknown => Ending::Unknown,
    }
}

/// The value before the first write, unless it is named.
pub(super) fn or_nil(initial: Option<Value>) -> Value {
    initial.unwrap_or(Value::Nil)
}
