//! What is printed.

use serde_json::json;

use super::input::Candidate;
use super::judge::{Finding, Summary};
use super::{Check, name_of};
use crate::exit::{BadInput, Ending};
use crate::paint::{Tone, paint};
use crate::say::say;

/// The verdict on one file.
pub(super) fn finding(check: &Check, candidate: &Candidate, finding: &Finding) {
    if check.json {
        return as_json(check, candidate, finding);
    }
    let verdict = format!("{:<8}", name_of(finding.verdict));
    let of_model = match &finding.model {
        Some(model) => format!("operations, model {model}, {}", finding.consistency),
        None => format!("transactions, {}", finding.consistency),
    };
    say!(
        "{}  {}  ({} {of_model}, {:.3} s)",
        paint(tone(finding.verdict), &verdict),
        candidate.path.display(),
        finding.operations,
        finding.seconds,
    );
    if let Some(reason) = &finding.reason {
        say!("  {reason}");
    }
    if let Some(answers) = finding.answers.as_ref().filter(|_| !check.explain) {
        for line in &answers.table {
            say!("  {line}");
        }
        return;
    }
    if check.explain {
        for line in finding.report.explain().lines() {
            say!("  {line}");
        }
        return;
    }
    if finding.verdict == Ending::Violated {
        say!("  {}", finding.report.headline());
        for line in finding.report.evidence_text().lines() {
            say!("  {line}");
        }
        say!(
            "  {}",
            paint(Tone::Quiet, "(--explain tells more, --report draws it)")
        );
    }
}

const fn tone(verdict: Ending) -> Tone {
    match verdict {
        Ending::Holds => Tone::Good,
        Ending::Violated => Tone::Bad,
        Ending::Unknown => Tone::Doubtful,
    }
}

fn as_json(check: &Check, candidate: &Candidate, finding: &Finding) {
    let mut object = json!({
        "file": candidate.path.display().to_string(),
        "model": finding.model,
        "consistency": finding.consistency,
        "verdict": name_of(finding.verdict),
        "operations": finding.operations,
        "seconds": finding.seconds,
        "methods": finding.methods,
    });
    if finding.verdict == Ending::Violated {
        object["headline"] = json!(finding.report.headline());
        object["evidence"] = json!(finding.report.evidence());
        object["minimal"] = json!(finding.is_minimal);
    }
    if let Some(reason) = &finding.reason {
        object["reason"] = json!(reason);
    }
    if let Some(answers) = &finding.answers {
        object["models"] = json!(answers.models);
        object["strongest"] = json!(answers.strongest);
    }
    if check.explain {
        object["explanation"] = json!(finding.report.explain());
    }
    say!("{object}");
}

/// All files in a table, and how many of each verdict.
pub(super) fn summary(candidates: &[Candidate], rows: &[Result<Summary, BadInput>]) {
    let names: Vec<String> = candidates
        .iter()
        .map(|candidate| candidate.path.display().to_string())
        .collect();
    let wide = names.iter().map(|name| name.chars().count()).max();
    let wide = wide.unwrap_or(4).max(4);
    say!("");
    say!(
        "{:<8}  {:<wide$}  {:>10}  {:>9}",
        "verdict",
        "file",
        "operations",
        "seconds"
    );
    for (name, row) in names.iter().zip(rows) {
        match row {
            Ok(row) => {
                let verdict = format!("{:<8}", name_of(row.verdict));
                let verdict = paint(tone(row.verdict), &verdict);
                let (operations, seconds) = (row.operations, row.seconds);
                say!("{verdict}  {name:<wide$}  {operations:>10}  {seconds:>9.3}");
            }
            Err(_) => say!("{}  {name}", paint(Tone::Doubtful, "unusable")),
        }
    }
    let count = |verdict| {
        rows.iter()
            .flatten()
            .filter(|row| row.verdict == verdict)
            .count()
    };
    say!(
        "{} files: {} hold, {} violated, {} unknown, {} unusable",
        rows.len(),
        count(Ending::Holds),
        count(Ending::Violated),
        count(Ending::Unknown),
        rows.iter().filter(|row| row.is_err()).count(),
    );
}
