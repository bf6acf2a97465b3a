//! What a campaign prints: a table for people, an object for programs.

use std::path::{Path, PathBuf};

use consistency::Consistency;
use serde_json::{Value, json};
use simulator::{Fault, FaultSet};

use super::artefact::{Artefact, hash_text};
use super::campaign::Campaign;
use super::seed::Case;
use crate::check::name_of;
use crate::exit::{BadInput, Ending};
use crate::paint::{Tone, paint};
use crate::say::say;

/// A campaign, and the artefact of its first failure.
pub(crate) struct Report {
    case: Case,
    /// The faults that the command line named.
    asked: FaultSet,
    campaign: Campaign,
    artefact: Option<(PathBuf, Artefact)>,
}

impl Report {
    /// Makes the first failing seed small and writes it down.
    pub(crate) fn new(
        case: &Case,
        asked: FaultSet,
        campaign: Campaign,
        file: Option<&Path>,
    ) -> Result<Self, BadInput> {
        let mut artefact = None;
        if let Some((seed, violation)) = campaign.violations.first() {
            eprintln!(
                "{} seed {seed} violated {}: making it small",
                case.protocol.name(),
                violation.rule
            );
        }
        if let Some(&(seed, _)) = campaign.violations.first()
            && let Some(found) = Artefact::of_seed(case, seed)?
        {
            let name = format!("concord-{}-{seed}.json", case.protocol.name());
            let file = file.map_or_else(|| PathBuf::from(name), Path::to_path_buf);
            match found.write(&file) {
                Ok(()) => artefact = Some((file, found)),
                // The violation is what matters; it is still reported.
                Err(error) => eprintln!("warning: the failing run is not written down: {error}"),
            }
        }
        Ok(Self {
            case: case.clone(),
            asked,
            campaign,
            artefact,
        })
    }

    pub(crate) const fn case(&self) -> &Case {
        &self.case
    }

    pub(crate) fn ending(&self) -> Ending {
        let campaign = &self.campaign;
        // A fault that was on and never happened means that the campaign did not test it.
        let silent = campaign.silent_faults(&self.case);
        if !campaign.violations.is_empty() {
            Ending::Violated
        } else if campaign.unknowns.is_empty() && silent.is_empty() && !self.is_idle() {
            Ending::Holds
        } else {
            Ending::Unknown
        }
    }

    pub(crate) fn json(&self) -> Value {
        let campaign = &self.campaign;
        let violations: Vec<Value> = campaign
            .violations
            .iter()
            .map(|(seed, violation)| {
                json!({"seed": seed, "rule": violation.rule, "detail": violation.detail})
            })
            .collect();
        let unknowns: Vec<Value> = campaign
            .unknowns
            .iter()
            .map(|(seed, reason)| json!({"seed": seed, "reason": reason}))
            .collect();
        let file = self
            .artefact
            .as_ref()
            .map(|(file, _)| file.display().to_string());
        let given_up = campaign.given_up.as_ref().map(|(seed, operations)| {
            json!({
                "model": self.gives_up().map(Consistency::name),
                "seeds": campaign.seeds_given_up,
                "seed": seed,
                "witness": operations,
            })
        });
        json!({
            "protocol": self.case.protocol.name(),
            "verdict": name_of(self.ending()),
            "nodes": self.case.nodes,
            "seeds": campaign.seeds,
            "operations": {
                "ok": campaign.tally.ok,
                "failed": campaign.tally.failed,
                "unknown": campaign.tally.unknown,
            },
            "events": campaign.events,
            "events_per_second": self.events_per_second(),
            "virtual_seconds": self.virtual_seconds(),
            "faults": campaign.faults,
            "silent_faults": campaign.silent_faults(&self.case),
            "left_out_faults": self.left_out(),
            "violations": violations,
            "unknowns": unknowns,
            "given_up": given_up,
            "artefact": file,
            "trace_hash": hash_text(campaign.hash),
        })
    }

    fn events_per_second(&self) -> u64 {
        let seconds = self.campaign.elapsed.as_secs_f64();
        // Rounded for reading; the cast saturates.
        (self.campaign.events as f64 / seconds.max(1e-9)).round() as u64
    }

    fn virtual_seconds(&self) -> f64 {
        self.campaign.virtual_ns as f64 / 1e9
    }

    /// Whether faults were asked for, and the protocol assumes that none of them happens.
    fn is_idle(&self) -> bool {
        let admitted = (self.case.protocol.entry().faults)();
        !self.asked.is_empty() && !self.asked.iter().any(|fault| admitted.contains(fault))
    }

    /// The faults that the protocol assumes not to happen.
    fn left_out(&self) -> Vec<Fault> {
        let admitted = (self.case.protocol.entry().faults)();
        let all = FaultSet::all();
        all.iter()
            .filter(|&fault| !admitted.contains(fault))
            .collect()
    }

    /// The model that the protocol does not keep, by design.
    fn gives_up(&self) -> Option<Consistency> {
        self.case.protocol.entry().about.gives_up
    }

    fn verdict(&self) -> String {
        match self.ending() {
            Ending::Holds => paint(Tone::Good, "holds"),
            Ending::Unknown => paint(Tone::Doubtful, "unknown"),
            Ending::Violated => paint(Tone::Bad, "violated"),
        }
    }
}

/// A row per protocol, then what was delivered, then what went wrong.
pub(crate) fn print_table(reports: &[Report]) {
    say!(
        "{:<9} {:>5} {:>6} {:>10} {:>7} {:>8} {:>12} {:>10} {:>9}  verdict",
        "protocol",
        "nodes",
        "seeds",
        "ok",
        "failed",
        "unknown",
        "events",
        "events/s",
        "virtual"
    );
    for report in reports {
        let campaign = &report.campaign;
        say!(
            "{:<9} {:>5} {:>6} {:>10} {:>7} {:>8} {:>12} {:>10} {:>9}  {}",
            report.case.protocol.name(),
            report.case.nodes,
            campaign.seeds,
            campaign.tally.ok,
            campaign.tally.failed,
            campaign.tally.unknown,
            campaign.events,
            report.events_per_second(),
            format!("{:.0} s", report.virtual_seconds()),
            report.verdict(),
        );
    }
    reports.iter().for_each(print_details);
}

fn print_details(report: &Report) {
    let campaign = &report.campaign;
    let name = report.case.protocol.name();
    say!("\n{name}: faults delivered");
    if campaign.planned.is_empty() {
        say!("  none");
    } else {
        let faults: Vec<String> = campaign
            .faults
            .iter()
            .map(|(fault, count)| format!("{fault} {count}"))
            .collect();
        for row in faults.chunks(5) {
            say!("  {}", row.join(", "));
        }
    }
    let left_out: Vec<String> = report.left_out().iter().map(Fault::to_string).collect();
    if !left_out.is_empty() {
        let why = report.case.protocol.entry().about.assumes;
        say!("  left out: {}: {why}", left_out.join(", "));
    }
    if report.is_idle() {
        let text = "none of the faults asked for can happen to it: this campaign tested nothing";
        say!("  {}", paint(Tone::Doubtful, text));
    }
    for fault in campaign.silent_faults(&report.case) {
        let text = format!("{fault} was on and never happened: this campaign did not test it");
        say!("  {}", paint(Tone::Doubtful, &text));
    }
    print_given_up(report);
    let hash = format!("{name}: trace hash {}", hash_text(campaign.hash));
    say!("{}", paint(Tone::Quiet, &hash));
    const SHOWN: usize = 5;
    for (seed, violation) in campaign.violations.iter().take(SHOWN) {
        say!("{} seed {seed}: {violation}", paint(Tone::Bad, "violated"));
    }
    if let Some(more) = campaign
        .violations
        .len()
        .checked_sub(SHOWN)
        .filter(|&more| more > 0)
    {
        say!("… and {more} more seeds");
    }
    for (seed, reason) in campaign.unknowns.iter().take(SHOWN) {
        say!("{} seed {seed}: {reason}", paint(Tone::Doubtful, "unknown"));
    }
    if campaign.unknowns.len() > SHOWN {
        say!("… and {} more seeds", campaign.unknowns.len() - SHOWN);
    }
    if let Some((file, artefact)) = &report.artefact {
        say!(
            "\nA simpler run that breaks the same rule as seed {}, {}",
            artefact.seed,
            artefact.shrinking()
        );
        say!("Run it again: concord replay {}", file.display());
    }
}

/// By design, so it is no violation: the model that is not kept, and a history that shows it.
fn print_given_up(report: &Report) {
    let (campaign, name) = (&report.campaign, report.case.protocol.name());
    let Some(model) = report.gives_up() else {
        return;
    };
    match &campaign.given_up {
        Some((seed, operations)) => {
            let seeds = campaign.seeds_given_up;
            say!("{name}: not {model}, by design, in {seeds} seeds; so it was in seed {seed}:");
            operations.iter().for_each(|line| say!("  {line}"));
        }
        None => say!("{name}: not {model}, by design; no seed of these shows it"),
    }
}
