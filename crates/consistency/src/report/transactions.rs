//! Reports on transactions.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    format,
    string::{String, ToString},
    vec::Vec,
};

use super::{Bar, Fate, Finding, Mark, Report, grouped, shown};
use crate::{
    Consistency, Judgement, OperationId,
    transactions::{Ending, MicroOperation, Transaction, Transactions},
};

/// Elements of a list that a line shows.
const ELEMENTS_MAX: usize = 12;

impl Report {
    /// On a judgement of transactions, with the commit order as its witness.
    ///
    /// ```
    /// use consistency::{Consistency, Judgement, report::Report, transactions::Builder};
    ///
    /// let history = Builder::new().finish();
    /// let judgement = Judgement::Holds(vec![]);
    /// let report = Report::transactions("none", &history, Consistency::Serializable, &judgement);
    /// assert_eq!(report.headline(), "The 0 transactions are serializable.");
    /// ```
    #[must_use]
    pub fn transactions(
        title: &str,
        history: &Transactions,
        level: Consistency,
        judgement: &Judgement<Vec<OperationId>>,
    ) -> Self {
        let count = grouped(history.len());
        let (finding, headline) = match judgement {
            Judgement::Holds(_) => {
                let headline = format!("The {count} transactions are {level}.");
                (Finding::Holds, headline)
            }
            Judgement::Violated(anomaly) => {
                let rule = anomaly.rule.name;
                let headline = format!("The {count} transactions are not {level}: {rule}.");
                (Finding::Violated, headline)
            }
            Judgement::Unknown(reason) => {
                let headline = format!("Not decided: {reason}. This is not success.");
                (Finding::Unknown, headline)
            }
            Judgement::NotCheckable(reason) => {
                let headline = format!("Whether they are {level} cannot be told: {reason}.");
                (Finding::Unknown, headline)
            }
        };
        let mut report = Self::new(title, finding, headline);
        let mut marks = BTreeMap::new();
        let line = |id: OperationId| line_of(history, id);
        match judgement {
            Judgement::Violated(anomaly) => {
                for id in &anomaly.operations {
                    marks.insert(id.0, Mark::Core(name(*id)));
                }
                report.anomaly(anomaly, &name, &line);
            }
            Judgement::Holds(order) => report.order(level, order, &line),
            _ => {}
        }
        let marked: BTreeSet<usize> = marks.keys().copied().collect();
        let mark = |id: &usize| marks.get(id).cloned().unwrap_or(Mark::None);
        report.bars_count = history.len();
        report.bars = shown(history.len(), &marked)
            .iter()
            .filter_map(|id| bar(history, *id, mark(id)))
            .collect();
        report
    }
}

fn name(id: OperationId) -> String {
    format!("T{id}")
}

fn line_of(history: &Transactions, id: OperationId) -> String {
    let Some(transaction) = history.get(id) else {
        return name(id);
    };
    let line = history.line(id);
    let place = line.map_or_else(String::new, |line| format!("line {line:<5} "));
    let process = transaction.process;
    let (steps, end) = (steps(&transaction), ending(transaction.ending));
    format!("{:<5}{place}process {process} {steps} -> {end}", name(id))
}

fn bar(history: &Transactions, id: usize, mark: Mark) -> Option<Bar> {
    let transaction = history.get(OperationId(id))?;
    let is_update = transaction.steps.iter().any(|step| {
        matches!(
            step,
            MicroOperation::Append { .. } | MicroOperation::Write { .. }
        )
    });
    Some(Bar {
        id,
        process: transaction.process.0,
        call: transaction.call,
        end: transaction.end,
        fate: match transaction.ending {
            Ending::Committed => Fate::Happened,
            Ending::Aborted => Fate::Failed,
            Ending::Indeterminate => Fate::Open,
        },
        is_update,
        key: None,
        call_text: steps(&transaction),
        end_text: ending(transaction.ending).into(),
        line: history.line(OperationId(id)),
        end_line: None,
        mark,
    })
}

const fn ending(ending: Ending) -> &'static str {
    match ending {
        Ending::Committed => "committed",
        Ending::Aborted => "aborted",
        Ending::Indeterminate => "unknown, may commit at any later time",
    }
}

fn steps(transaction: &Transaction) -> String {
    let steps: Vec<String> = transaction.steps.iter().map(step).collect();
    steps.join(", ")
}

fn step(step: &MicroOperation) -> String {
    match step {
        MicroOperation::Append { key, value } => format!("append {key} {value}"),
        MicroOperation::Write { key, value } => format!("write {key} {value}"),
        MicroOperation::ReadList { key, values: None }
        | MicroOperation::Read { key, value: None } => {
            format!("read {key} = ?")
        }
        MicroOperation::Read {
            key,
            value: Some(value),
        } => format!("read {key} = {value}"),
        MicroOperation::ReadList {
            key,
            values: Some(values),
        } => {
            // The end of a list tells more than its beginning.
            let hidden = values.len().saturating_sub(ELEMENTS_MAX);
            let tail = values.get(hidden..).unwrap_or_default();
            let tail: Vec<String> = tail.iter().map(ToString::to_string).collect();
            let dots = if hidden > 0 { "… " } else { "" };
            format!("read {key} = [{dots}{}]", tail.join(" "))
        }
    }
}
