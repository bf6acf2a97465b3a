//! The verdict on one file.

use std::collections::BTreeMap;
use std::time::Instant;

use consistency::report::{Finding as Said, Report};
use consistency::transactions::Transactions;
use consistency::{
    CasRegister, Consistency, FifoQueue, History, KeyValue, Notation, PriorityQueue, Recorded,
    Register, Set, Stack, Value, Verdict, replay,
};

use super::Check;
use super::budget::Budget;
use super::input::Input;
use super::models::{ModelName, missing, value_of};
use crate::exit::{BadInput, Ending};

/// What was found about one file.
pub(super) struct Finding {
    pub(super) verdict: Ending,
    /// `None` for transactions.
    pub(super) model: Option<String>,
    pub(super) consistency: Consistency,
    pub(super) operations: usize,
    pub(super) seconds: f64,
    /// Of a violation: whether fewer operations hold.
    pub(super) is_minimal: bool,
    /// Why nothing was decided.
    pub(super) reason: Option<String>,
    /// How many keys were decided in which way.
    pub(super) methods: BTreeMap<String, usize>,
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
            let model = check
                .model
                .ok_or_else(|| BadInput::new(missing(&history)))?;
            let level = check.consistency.unwrap_or(Consistency::Linearizable);
            if level.is_transactional() {
                let message = format!(
                    "{level} is a promise of transactions, and these are single operations"
                );
                return Err(BadInput::new(message));
            }
            let initial = match &check.initial {
                Some(text) => value_of(text),
                None => input.format.initial_value().unwrap_or(Value::Nil),
            };
            let job = Job {
                title,
                level,
                history: &history,
                budget: &budget,
            };
            let finding = match model {
                ModelName::Register => job.judge(&Register::new(initial)),
                ModelName::CasRegister => job.judge(&CasRegister::new(initial)),
                ModelName::Kv => job.judge(&KeyValue::new(initial)),
                ModelName::Set => job.judge(&Set),
                ModelName::Queue => job.judge(&FifoQueue),
                ModelName::Stack => job.judge(&Stack),
                ModelName::PriorityQueue => job.judge(&PriorityQueue),
            };
            finding.map_err(BadInput::new)
        }
        Recorded::Transactions(history) => {
            let level = check.consistency.unwrap_or(Consistency::StrictSerializable);
            if !level.is_transactional() {
                let message = format!(
                    "{level} is a promise of single operations, and these are transactions"
                );
                return Err(BadInput::new(message));
            }
            judge_transactions(title, level, &history, &budget)
        }
        _ => Err(BadInput::new("this kind of history is not known here")),
    }
}

fn judge_transactions(
    _title: &str,
    level: Consistency,
    _history: &Transactions,
    _budget: &Budget,
) -> Result<Finding, BadInput> {
    Err(BadInput::new(format!(
        "{level} of transactions is not checked here yet"
    )))
}

/// A history of single operations, to be held to a promise.
struct Job<'a> {
    title: &'a str,
    level: Consistency,
    history: &'a History,
    budget: &'a Budget,
}

impl Job<'_> {
    fn judge<M>(&self, model: &M) -> Result<Finding, consistency::Error>
    where
        M: Notation + Sync,
        M::Input: Sync,
        M::Output: Sync,
        M::Key: Send + Sync,
    {
        let operations = self.history.operations(model)?;
        let lines = |position| self.history.line(position);
        let start = Instant::now();
        let checked = self.budget.linearizable(model, &operations);
        let mut verdict = checked.verdict;
        let mut reason = None;
        if let Verdict::Unknown { reason: why, .. } = &verdict {
            reason = Some(self.budget.reason(*why));
        }
        if let Verdict::Holds(order) = &verdict
            && let Err(error) = replay(model, &operations, order)
            && let Some((key, _)) = order.orders.first()
        {
            // A witness that does not replay is a fault of the checker: nothing was decided.
            reason = Some(format!("the checker's witness does not replay: {error}"));
            let key = key.clone();
            let why = consistency::UnknownReason::Interrupted;
            verdict = Verdict::Unknown { key, reason: why };
        }
        let seconds = start.elapsed().as_secs_f64();
        let mut methods = BTreeMap::new();
        for (_, method) in &checked.methods {
            *methods.entry(method.to_string()).or_default() += 1;
        }
        let mut report = Report::linearizable(self.title, model, &operations, &verdict, &lines);
        add_methods(&mut report, &methods);
        let is_minimal = matches!(&verdict, Verdict::Violated(violation) if violation.is_minimal);
        Ok(Finding {
            verdict: ending(report.finding()),
            model: Some(M::NAME.to_owned()),
            consistency: self.level,
            operations: operations.len(),
            seconds,
            is_minimal,
            reason,
            methods,
            report,
        })
    }
}

const fn ending(said: Said) -> Ending {
    match said {
        Said::Holds => Ending::Holds,
        Said::Violated => Ending::Violated,
        Said::Unknown => Ending::Unknown,
    }
}

fn add_methods(report: &mut Report, methods: &BTreeMap<String, usize>) {
    let keys = |count: &usize| if *count == 1 { "key" } else { "keys" };
    let sentences: Vec<String> = methods
        .iter()
        .map(|(method, count)| format!("{count} {} decided by: {method}.", keys(count)))
        .collect();
    if !sentences.is_empty() {
        report.add("How it was decided", &sentences, &[]);
    }
}
