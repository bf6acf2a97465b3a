//! What a trial comes to: a verdict for people, an object for programs, and the evidence for both.

use std::collections::BTreeMap;
use std::time::Duration;

use cap_model::{Availability, Cell, Consistency, ControlKind, Latency, Operation, Settings, Side};
use serde_json::{Value, json};
use transport::NodeId;

use super::shapes::Family;
use super::table::availability_name;
use crate::check::name_of;
use crate::exit::Ending;
use crate::paint::{Tone, paint};
use crate::say::say;

/// One protocol, on trial.
pub(super) struct Report {
    pub(super) name: &'static str,
    nodes: u32,
    /// The protocol's words for update and observation.
    operations: [&'static str; 2],
    /// How many two-sided splits there are.
    pub(super) splits: usize,
    pub(super) cases: Vec<CaseRow>,
    pub(super) controls: Vec<ControlRow>,
    pub(super) cells: Vec<CellRow>,
    pub(super) trials: Vec<TrialRow>,
    /// Runs that ended without a verdict.
    pub(super) failures: Vec<String>,
}

/// One placement of two clients on two sides.
pub(super) struct CaseRow {
    pub(super) side: Side,
    pub(super) update_at: NodeId,
    pub(super) observe_at: NodeId,
    pub(super) found: Found,
}

/// One placement of two clients in a control.
pub(super) struct ControlRow {
    pub(super) kind: ControlKind,
    pub(super) update_at: NodeId,
    pub(super) observe_at: NodeId,
    pub(super) found: Found,
}

/// One cell of a measurement.
pub(super) struct CellRow {
    pub(super) family: Family,
    pub(super) shape: String,
    pub(super) cell: Cell,
}

/// Something heard in a measurement.
pub(super) struct TrialRow {
    pub(super) shape: String,
    pub(super) text: String,
}

/// What came of two operations, with its evidence in words.
pub(super) enum Found {
    Unavailable {
        operation: Operation,
        is_proof: bool,
        text: String,
    },
    NotLinearizable {
        text: String,
    },
    Nothing {
        text: String,
    },
    Unknown {
        text: String,
    },
}

impl Found {
    const fn is_witness(&self) -> bool {
        matches!(
            self,
            Self::Unavailable { .. } | Self::NotLinearizable { .. }
        )
    }

    const fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown { .. })
    }

    fn text(&self) -> &str {
        match self {
            Self::Unavailable { text, .. }
            | Self::NotLinearizable { text }
            | Self::Nothing { text }
            | Self::Unknown { text } => text,
        }
    }
}

/// How the cases ended.
#[derive(Default)]
struct Tally {
    splits_refuted: usize,
    updates_unavailable: usize,
    observes_unavailable: usize,
    proofs: usize,
    not_linearizable: usize,
    unrefuted: usize,
    unknown: usize,
}

impl Tally {
    /// How the placements were refuted, each kind that occurred in words.
    fn reasons(&self, operations: [&str; 2]) -> Vec<String> {
        let unavailable = [self.updates_unavailable, self.observes_unavailable];
        let unanswered = operations.iter().zip(unavailable);
        let unanswered: Vec<String> = unanswered
            .filter(|(_, count)| *count > 0)
            .map(|(word, count)| format!("{word} in {count}"))
            .collect();
        let mut reasons = Vec::new();
        if !unanswered.is_empty() {
            let seconds = Duration::from_nanos(Settings::default().horizon_ns).as_secs();
            let proved = match self.proofs {
                0 => String::new(),
                proofs => format!("; {proofs} of them can never be answered"),
            };
            let unanswered = unanswered.join(", ");
            reasons.push(format!(
                "no answer within {seconds} s: {unanswered}{proved}"
            ));
        }
        if self.not_linearizable > 0 {
            let count = self.not_linearizable;
            reasons.push(format!("both answered, not linearizable: in {count}"));
        }
        reasons
    }
}

impl Report {
    pub(super) const fn new(name: &'static str, nodes: u32, operations: [&'static str; 2]) -> Self {
        Self {
            name,
            nodes,
            operations,
            splits: 0,
            cases: Vec::new(),
            controls: Vec::new(),
            cells: Vec::new(),
            trials: Vec::new(),
            failures: Vec::new(),
        }
    }

    /// The theorem: every split refuted, no control. Anything else would refute the adversary.
    pub(super) fn ending(&self) -> Ending {
        let tally = self.tally();
        let refuted_controls = self.controls.iter().any(|row| row.found.is_witness());
        let unknown_controls = self.controls.iter().any(|row| row.found.is_unknown());
        if tally.unrefuted > 0 || refuted_controls {
            Ending::Violated
        } else if tally.unknown > 0
            || unknown_controls
            || !self.failures.is_empty()
            || tally.splits_refuted < self.splits
            || self.controls.is_empty()
        {
            Ending::Unknown
        } else {
            Ending::Holds
        }
    }

    fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        let mut sides: BTreeMap<Side, bool> = BTreeMap::new();
        for case in &self.cases {
            *sides.entry(case.side).or_insert(true) &= case.found.is_witness();
            match &case.found {
                Found::Unavailable {
                    operation,
                    is_proof,
                    ..
                } => {
                    tally.proofs += usize::from(*is_proof);
                    match operation {
                        Operation::Update => tally.updates_unavailable += 1,
                        _ => tally.observes_unavailable += 1,
                    }
                }
                Found::NotLinearizable { .. } => tally.not_linearizable += 1,
                Found::Nothing { .. } => tally.unrefuted += 1,
                Found::Unknown { .. } => tally.unknown += 1,
            }
        }
        tally.splits_refuted = sides.values().filter(|&&is_refuted| is_refuted).count();
        tally
    }

    /// The protocol's word for an operation.
    pub(super) fn word(&self, operation: Operation) -> &'static str {
        let [update, observe] = self.operations;
        match operation {
            Operation::Update => update,
            _ => observe,
        }
    }

    pub(super) fn json(&self, explain: bool) -> Value {
        let tally = self.tally();
        let [update, observe] = self.operations;
        let bad_cases = self.cases.iter().filter(|case| !case.found.is_witness());
        let bad_cases: Vec<Value> = bad_cases.map(CaseRow::json).collect();
        let bad_controls = self
            .controls
            .iter()
            .filter(|control| control.found.is_witness());
        let bad_controls: Vec<Value> = bad_controls.map(ControlRow::json).collect();
        let mut object = json!({
            "protocol": self.name,
            "verdict": name_of(self.ending()),
            "nodes": self.nodes,
            "operations": {"update": update, "observe": observe},
            "splits": self.splits,
            "splits_refuted": tally.splits_refuted,
            "cases": self.cases.len(),
            "witnesses": {
                "update_unavailable": tally.updates_unavailable,
                "observe_unavailable": tally.observes_unavailable,
                "proofs": tally.proofs,
                "not_linearizable": tally.not_linearizable,
            },
            "unrefuted": bad_cases,
            "controls": self.controls.len(),
            "controls_refuted": bad_controls,
            "failures": self.failures,
            "cells": self.cells.iter().map(|row| row.json(self)).collect::<Vec<_>>(),
        });
        if explain && let Some(object) = object.as_object_mut() {
            let cases: Vec<Value> = self.cases.iter().map(CaseRow::json).collect();
            let controls: Vec<Value> = self.controls.iter().map(ControlRow::json).collect();
            let trials = self.trials.iter();
            let trials = trials.map(|row| json!({"shape": row.shape, "evidence": row.text}));
            object.insert("case_evidence".to_owned(), cases.into());
            object.insert("control_evidence".to_owned(), controls.into());
            object.insert(
                "cell_evidence".to_owned(),
                trials.collect::<Vec<_>>().into(),
            );
        }
        object
    }

    /// What the adversary found, and what that costs, in sentences.
    pub(super) fn print_verdict(&self) {
        let tally = self.tally();
        say!("\n{}: {}", self.name, self.verdict());
        let refuted = self.cases.iter().filter(|case| case.found.is_witness());
        say!(
            "  {:<9} {} of {} splits, {} of {} placements of two clients",
            "refuted",
            tally.splits_refuted,
            self.splits,
            refuted.count(),
            self.cases.len(),
        );
        for reason in tally.reasons(self.operations) {
            say!("  {:<9} {reason}", "");
        }
        let witnesses = self.controls.iter().filter(|row| row.found.is_witness());
        say!(
            "  {:<9} {} ({}), witnesses {}",
            "controls",
            self.controls.len(),
            self.control_kinds(),
            witnesses.count(),
        );
        for operation in Operation::BOTH {
            say!("  {}", self.pacelc(operation));
        }
        let bad_cases = self.cases.iter().filter(|case| !case.found.is_witness());
        for case in bad_cases {
            say!("  {} {case}", paint(Tone::Bad, "unrefuted"));
        }
        let bad_controls = self.controls.iter().filter(|row| row.found.is_witness());
        for control in bad_controls {
            say!("  {} {control}", paint(Tone::Bad, "control refuted"));
        }
        for failure in &self.failures {
            say!("  {} {failure}", paint(Tone::Doubtful, "no verdict"));
        }
    }

    pub(super) fn print_evidence(&self) {
        say!("\n{}: a witness for every placement", self.name);
        for case in &self.cases {
            say!("  {case}");
        }
        say!("\n{}: the controls", self.name);
        for control in &self.controls {
            say!("  {control}");
        }
        say!("\n{}: behind every cell", self.name);
        for trial in &self.trials {
            say!("  {}: {}", trial.shape, trial.text);
        }
    }

    fn verdict(&self) -> String {
        match self.ending() {
            Ending::Holds => paint(Tone::Good, "as the theorem says"),
            Ending::Unknown => paint(Tone::Doubtful, "unknown"),
            Ending::Violated => paint(Tone::Bad, "not as the theorem says"),
        }
    }

    fn control_kinds(&self) -> String {
        let mut kinds: BTreeMap<u8, (usize, &str)> = BTreeMap::new();
        for control in &self.controls {
            let (place, kind) = match control.kind {
                ControlKind::OneNode => (0, "with one node"),
                ControlKind::NoPartition => (1, "without a partition"),
                ControlKind::ServedSide(_) => (2, "on a served side"),
                ControlKind::BoundedDelay(_) => (3, "with bounded delays"),
            };
            kinds.entry(place).or_insert((0, kind)).0 += 1;
        }
        let kinds = kinds
            .values()
            .map(|(count, kind)| format!("{count} {kind}"));
        kinds.collect::<Vec<_>>().join(", ")
    }

    /// Abadi's question, of one operation: what is given up in a partition, and what otherwise?
    fn pacelc(&self, operation: Operation) -> String {
        let cells = || {
            let rows = self.cells.iter();
            rows.filter(move |row| row.cell.operation == operation)
        };
        let splits = || cells().filter(|row| matches!(row.family, Family::Split(..)));
        let is_none = |row: &CellRow| row.cell.availability == Availability::None;
        let is_stale = |row: &CellRow| row.cell.consistency == Some(Consistency::Stale);
        let partition = if splits().next().is_none() {
            "no split to suffer from"
        } else if splits().any(is_none) {
            "unanswered on some side of a split (PC)"
        } else if splits().any(is_stale) {
            "answered on both sides of every split, and not seen across (PA)"
        } else {
            "answered on both sides of every split (PA)"
        };
        let whole = cells().find(|row| row.family == Family::Whole);
        let latency = whole.and_then(|row| row.cell.latency);
        let otherwise = match latency.map(|(_, slowest)| slowest) {
            None => "otherwise unanswered too".to_owned(),
            Some(Latency {
                link_delays: Some(0),
                ..
            }) => "otherwise local (EL)".to_owned(),
            Some(slowest) => format!("otherwise {slowest} (EC)"),
        };
        format!("{:<9} {partition}; {otherwise}", self.word(operation))
    }
}

fn numbers(side: Side) -> Vec<u32> {
    side.nodes().map(|node| node.0).collect()
}

impl CaseRow {
    fn json(&self) -> Value {
        json!({
            "side": numbers(self.side),
            "update_at": self.update_at.0,
            "observe_at": self.observe_at.0,
            "evidence": self.found.text(),
        })
    }
}

impl ControlRow {
    fn json(&self) -> Value {
        json!({
            "control": self.kind.to_string(),
            "update_at": self.update_at.0,
            "observe_at": self.observe_at.0,
            "evidence": self.found.text(),
        })
    }
}

impl CellRow {
    fn json(&self, report: &Report) -> Value {
        let cell = &self.cell;
        let delays =
            |latency: Latency| json!({"ns": latency.ns, "link_delays": latency.link_delays});
        json!({
            "operation": report.word(cell.operation),
            "shape": self.family.name(),
            "links": self.shape,
            "side": numbers(cell.side),
            "availability": availability_name(cell.availability),
            "via": match cell.availability {
                Availability::None => Vec::new(),
                Availability::LeaderBound(node) => vec![node.0],
                Availability::Partly(nodes) => numbers(nodes),
                Availability::Side(_) | Availability::Sticky | Availability::Total => {
                    numbers(cell.side)
                }
            },
            "fastest": cell.latency.map(|(fastest, _)| delays(fastest)),
            "slowest": cell.latency.map(|(_, slowest)| delays(slowest)),
            "sees": cell.consistency.map(|seen| seen.to_string()),
        })
    }
}

impl std::fmt::Display for CaseRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            side,
            update_at,
            observe_at,
            found,
        } = self;
        write!(
            f,
            "split at {side}, {update_at} then {observe_at}: {}",
            found.text()
        )
    }
}

impl std::fmt::Display for ControlRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            kind,
            update_at,
            observe_at,
            found,
        } = self;
        write!(f, "{kind}, {update_at} then {observe_at}: {}", found.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIDE: Side = Side::EMPTY;

    fn case(found: Found) -> CaseRow {
        CaseRow {
            side: SIDE,
            update_at: NodeId(0),
            observe_at: NodeId(1),
            found,
        }
    }

    fn control(found: Found) -> ControlRow {
        ControlRow {
            kind: ControlKind::NoPartition,
            update_at: NodeId(0),
            observe_at: NodeId(1),
            found,
        }
    }

    fn witness() -> Found {
        let text = String::new();
        Found::NotLinearizable { text }
    }

    fn nothing() -> Found {
        let text = String::new();
        Found::Nothing { text }
    }

    fn unknown() -> Found {
        let text = String::new();
        Found::Unknown { text }
    }

    fn ending(cases: Vec<CaseRow>, controls: Vec<ControlRow>) -> Ending {
        let mut report = Report::new("test", 2, ["write", "read"]);
        report.splits = 1;
        (report.cases, report.controls) = (cases, controls);
        report.ending()
    }

    #[test]
    fn the_reasons_name_what_occurred_and_tell_what_is_proved() {
        let mut tally = Tally::default();
        assert_eq!(tally.reasons(["write", "read"]), [""; 0]);
        (tally.updates_unavailable, tally.observes_unavailable) = (6, 5);
        let bound = "no answer within 5 s: write in 6, read in 5";
        assert_eq!(tally.reasons(["write", "read"]), [bound]);
        (tally.proofs, tally.not_linearizable) = (4, 1);
        assert_eq!(
            tally.reasons(["write", "read"]),
            [
                format!("{bound}; 4 of them can never be answered"),
                "both answered, not linearizable: in 1".to_owned(),
            ]
        );
    }

    #[test]
    fn only_a_witness_for_every_case_and_for_no_control_holds() {
        let holds = ending(vec![case(witness())], vec![control(nothing())]);
        assert_eq!(holds, Ending::Holds);
        let unrefuted = vec![case(witness()), case(nothing())];
        assert_eq!(
            ending(unrefuted, vec![control(nothing())]),
            Ending::Violated
        );
        let proves_too_much = vec![control(nothing()), control(witness())];
        assert_eq!(
            ending(vec![case(witness())], proves_too_much),
            Ending::Violated
        );
    }

    #[test]
    fn what_has_no_verdict_is_never_success() {
        let unknown_case = vec![case(witness()), case(unknown())];
        assert_eq!(
            ending(unknown_case, vec![control(nothing())]),
            Ending::Unknown
        );
        let unknown_control = vec![control(unknown())];
        assert_eq!(
            ending(vec![case(witness())], unknown_control),
            Ending::Unknown
        );
        assert_eq!(ending(vec![case(witness())], Vec::new()), Ending::Unknown);
        assert_eq!(
            ending(Vec::new(), vec![control(nothing())]),
            Ending::Unknown
        );
        let mut report = Report::new("test", 1, ["write", "read"]);
        report.controls.push(control(nothing()));
        assert_eq!(report.ending(), Ending::Holds, "one node has no split");
        report.failures.push("a limit".to_owned());
        assert_eq!(report.ending(), Ending::Unknown);
    }
}
