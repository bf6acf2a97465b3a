//! A map as a table for the terminal, in plain ASCII.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use super::{MapRow, ModelMap, Proof, Source};
use crate::{Anomaly, Consistency, Judgement, OperationId, Staleness, causal::Certificate};

/// More are counted, not named.
const NAMED_MAX: usize = 8;

impl fmt::Display for ModelMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines: Vec<[String; 3]> = self.rows.iter().map(line).collect();
        if let Some(staleness) = &self.staleness {
            lines.push(line_of_staleness(staleness));
        }
        if let Some(convergence) = &self.convergence {
            let [answer, how] = answer(convergence, Source::Check, &|found| {
                let reads: usize = found.keys.iter().map(|key| key.reads.len()).sum();
                format!("{} behind the last write agree", counted(reads, "read"))
            });
            lines.push(["convergence".into(), answer, how]);
        }
        let head = ["model", "answer", "because"].map(String::from);
        let width = |column: usize| {
            let cells = lines.iter().chain([&head]);
            cells
                .filter_map(|it| Some(it.get(column)?.len()))
                .max()
                .unwrap_or(0)
        };
        let (first, second) = (width(0), width(1));
        let dashes = [first, second, 7].map(|width| "-".repeat(width));
        for [model, answer, how] in [&head, &dashes].into_iter().chain(&lines) {
            writeln!(f, "{model:first$}  {answer:second$}  {how}")?;
        }
        for found in self.named.iter().flat_map(|named| &named.anomalies) {
            let Anomaly {
                rule, operations, ..
            } = &found.anomaly;
            write!(f, "{}: {}", rule.name, named(operations))?;
            match found.excludes {
                Some(level) => writeln!(f, ", excludes {level}")?,
                None => writeln!(f)?,
            }
        }
        let strongest = self.strongest();
        if strongest.is_empty() {
            return writeln!(f, "strongest: none was shown to hold");
        }
        let names: Vec<&str> = strongest.into_iter().map(Consistency::name).collect();
        writeln!(f, "strongest: {}", names.join(", "))
    }
}

fn line(row: &MapRow) -> [String; 3] {
    let [answer, how] = answer(&row.judgement, row.source, &proof);
    [row.level.to_string(), answer, how]
}

fn answer<W>(
    judgement: &Judgement<W>,
    source: Source,
    proof: &dyn Fn(&W) -> String,
) -> [String; 2] {
    let (answer, how) = match (judgement, source) {
        (Judgement::Holds(_), Source::FollowsFrom(level)) => {
            ("holds", format!("follows from {level}"))
        }
        (Judgement::Holds(held), Source::Check) => ("holds", proof(held)),
        (Judgement::Violated(_), Source::FollowsFrom(level)) => {
            ("violated", format!("as {level} is"))
        }
        (Judgement::Violated(anomaly), Source::Check) => {
            let name = anomaly.rule.name;
            (
                "violated",
                format!("{name}: {}", named(&anomaly.operations)),
            )
        }
        (Judgement::Unknown(reason), _) => ("unknown", reason.to_string()),
        (Judgement::NotCheckable(reason), _) => ("not checkable", reason.to_string()),
    };
    [answer.into(), how]
}

fn proof(proof: &Proof) -> String {
    match proof {
        Proof::OrderOfEachKey(orders) => {
            format!("an order for each of {}", counted(orders.len(), "object"))
        }
        Proof::Order(order) => format!("one order of {}", counted(order.len(), "operation")),
        Proof::Causal(Certificate::Order(order)) => {
            format!("one order of {}", counted(order.len(), "operation"))
        }
        Proof::Causal(Certificate::Views(views)) => {
            format!("an order for each of {}", counted(views.len(), "process"))
        }
        Proof::Causal(_) => "no read breaks it".into(),
        Proof::Stronger => "a stronger model holds".into(),
    }
}

fn line_of_staleness(staleness: &Judgement<Vec<Staleness>>) -> [String; 3] {
    let [mut answer, how] = answer(staleness, Source::Check, &|keys| match keys
        .iter()
        .max_by_key(|key| (key.lower, key.upper))
    {
        Some(worst) => format!("the worst key is {}", worst.key),
        None => "nothing was read or written".into(),
    });
    if let Judgement::Holds(keys) = staleness {
        let lower = keys.iter().map(|key| key.lower).max().unwrap_or(1);
        let upper = keys.iter().map(|key| key.upper).max().unwrap_or(1);
        answer = if lower == upper {
            format!("k = {lower}")
        } else {
            format!("k = {lower} to {upper}")
        };
    }
    ["staleness".into(), answer, how]
}

fn named(operations: &[OperationId]) -> String {
    let mut names: Vec<String> = operations
        .iter()
        .take(NAMED_MAX)
        .map(ToString::to_string)
        .collect();
    if let Some(more @ 1..) = operations.len().checked_sub(NAMED_MAX) {
        names.push(format!("and {more} more"));
    }
    format!("operations {}", names.join(", "))
}

fn counted(count: usize, one: &str) -> String {
    match (count, one) {
        (1, _) => format!("1 {one}"),
        (_, "process") => format!("{count} processes"),
        _ => format!("{count} {one}s"),
    }
}
