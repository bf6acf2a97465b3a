//! Campaigns: the simulator runs every protocol under faults, through the `concord` program.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde::Deserialize;
use serde_json::Value;

use crate::ci::Findings;
use crate::readme;
use crate::shell;
use crate::table::{Table, thousands};
use crate::workspace::{Workspace, read};

/// Seeds of the gate's run on three nodes; that on five is the main job of the README.
const SEEDS_OF_THREE: u64 = 1_000;
/// Seeds whose hashes are compared.
const SEEDS_COMPARED: u64 = 8;

/// What one protocol did: an object of `concord sim --json`. Fields that are absent are empty.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Campaign {
    pub(crate) protocol: String,
    nodes: u64,
    verdict: String,
    virtual_seconds: f64,
    pub(crate) seeds: Value,
    pub(crate) operations: Operations,
    pub(crate) events: u64,
    pub(crate) faults: BTreeMap<String, Value>,
    pub(crate) violations: Vec<Value>,
    /// Faults that were on and never happened: the campaign did not test them.
    silent_faults: Vec<Value>,
    /// Seeds that ended without a verdict.
    unknowns: Vec<Value>,
    /// Where the run of the first violating seed was written.
    artefact: Option<String>,
    pub(crate) trace_hash: Value,
}

/// How the clients' operations ended.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Operations {
    pub(crate) ok: u64,
    pub(crate) failed: u64,
    pub(crate) unknown: u64,
}

/// A profile that `concord` is built with.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Profile {
    Debug,
    Release,
}

/// Builds `concord`.
pub(crate) fn build(workspace: &Workspace, profile: Profile) -> Result<Program, String> {
    let mut command = workspace.cargo(&["build", "--quiet", "--bin", "concord"]);
    let folder = match profile {
        // As the tests build it, so that it is there already.
        Profile::Debug => {
            command.args(workspace.everything());
            "debug"
        }
        // As the README's first command does.
        Profile::Release => {
            command.args(["--package", "concord", "--release"]);
            "release"
        }
    };
    shell::check(command)?;
    let runs = workspace.scratch().join("campaigns");
    fs::create_dir_all(&runs).map_err(|error| format!("{}: {error}", runs.display()))?;
    Ok(Program {
        path: workspace.program(folder, "concord"),
        runs,
    })
}

/// A `concord` that is built.
#[derive(Debug)]
pub(crate) struct Program {
    path: PathBuf,
    /// Where it writes down the runs that fail.
    runs: PathBuf,
}

impl Program {
    /// What `concord cap` prints.
    fn cap(&self) -> Result<String, String> {
        let mut command = Command::new(&self.path);
        command.arg("cap");
        shell::check(command)
    }

    /// Runs `concord sim WORDS --json`. Violations are an answer, not an error.
    pub(crate) fn sim(&self, words: &[&str]) -> Result<Vec<Campaign>, String> {
        let mut command = Command::new(&self.path);
        command.arg("sim").args(words).arg("--json");
        command.current_dir(&self.runs);
        let line = shell::line(&command);
        let output = command
            .output()
            .map_err(|error| format!("cannot run `{line}`: {error}"))?;
        let campaigns = answer(
            output.status.code(),
            &String::from_utf8_lossy(&output.stdout),
        );
        campaigns.map_err(|why| {
            let prose = shell::tail(&String::from_utf8_lossy(&output.stderr), 40);
            format!("`{line}` ended with {}: {why}\n{prose}", output.status)
        })
    }
}

/// What a run says with its exit code and its output: they must agree.
fn answer(code: Option<i32>, stdout: &str) -> Result<Vec<Campaign>, String> {
    let campaigns =
        parse(stdout).map_err(|error| format!("not the documented JSON on its output: {error}"))?;
    let expected = campaigns.iter().map(Campaign::exit_code);
    // Violated outweighs unknown.
    let worse = |a: i32, b| if a == 1 || b == 1 { 1 } else { a.max(b) };
    match expected.reduce(worse) {
        None => Err("no result on its output".to_owned()),
        Some(expected) if code == Some(expected) => Ok(campaigns),
        Some(expected) => Err(format!("by its own output it should end with {expected}")),
    }
}

/// Reads one object a line, objects one after the other, or arrays of them.
pub(crate) fn parse(json: &str) -> Result<Vec<Campaign>, String> {
    let mut campaigns = Vec::new();
    for value in serde_json::Deserializer::from_str(json).into_iter::<Value>() {
        let objects = match value.map_err(|error| error.to_string())? {
            Value::Array(objects) => objects,
            object => vec![object],
        };
        for object in objects {
            let campaign = serde_json::from_value(object).map_err(|error| error.to_string())?;
            campaigns.push(campaign);
        }
    }
    Ok(campaigns)
}

impl Campaign {
    /// The lowest seed with a violation.
    pub(crate) fn first_violating_seed(&self) -> Option<u64> {
        self.violations.iter().filter_map(seed).min()
    }

    /// The rule that the first violating seed broke.
    pub(crate) fn first_rule(&self) -> Option<String> {
        let first = self.first_violating_seed()?;
        let violation = self
            .violations
            .iter()
            .find(|violation| seed(violation) == Some(first))?;
        Some(violation.get("rule")?.as_str()?.to_owned())
    }

    /// The file of the first violating seed.
    pub(crate) fn artefact(&self) -> Option<&str> {
        self.artefact.as_deref()
    }

    /// The documented exit code: 0 holds, 1 violated, 3 unknown.
    const fn exit_code(&self) -> i32 {
        let decided = self.unknowns.is_empty() && self.silent_faults.is_empty();
        match (self.violations.is_empty(), decided) {
            (false, _) => 1,
            (true, false) => 3,
            (true, true) => 0,
        }
    }

    /// One sentence for each thing that keeps it from holding.
    pub(crate) fn failures(&self, place: &str) -> Vec<String> {
        let named = |what: &str, detail: &Value| format!("{what} {detail}");
        let violations = self
            .violations
            .iter()
            .map(|detail| named("violated", detail));
        let silent = self
            .silent_faults
            .iter()
            .map(|detail| named("never happened:", detail));
        let unknowns = self.unknowns.iter().map(|detail| named("unknown", detail));
        let again = self
            .artefact
            .iter()
            .map(|file| format!("concord replay {file}"));
        let sentences = violations.chain(silent).chain(unknowns).chain(again);
        sentences
            .map(|sentence| format!("{}, {place}: {sentence}", self.protocol))
            .collect()
    }

    /// What must be the same in every run of the same seeds.
    fn fingerprint(&self) -> String {
        let operations = &self.operations;
        format!(
            "{} hash {} after {} events, {}/{}/{} operations",
            self.protocol,
            self.trace_hash,
            self.events,
            operations.ok,
            operations.failed,
            operations.unknown
        )
    }

    /// Its row of the table that `concord sim` prints, without events per second.
    pub(crate) fn steady_row(&self) -> Vec<String> {
        let operations = &self.operations;
        let numbers = [
            operations.ok,
            operations.failed,
            operations.unknown,
            self.events,
        ];
        let mut row = vec![
            self.protocol.clone(),
            self.nodes.to_string(),
            self.seeds.to_string(),
        ];
        row.extend(numbers.map(|number| number.to_string()));
        row.extend([format!("{:.0}", self.virtual_seconds), "s".to_owned()]);
        row.push(self.verdict.clone());
        row
    }

    pub(crate) fn faults_delivered(&self) -> u64 {
        self.faults.values().filter_map(Value::as_u64).sum()
    }
}

/// A seed is a number, or a string of digits where numbers are too small for it.
fn seed(violation: &Value) -> Option<u64> {
    let seed = violation.get("seed").unwrap_or(violation);
    seed.as_u64().or_else(|| seed.as_str()?.parse().ok())
}

/// A row for each campaign.
pub(crate) fn table() -> Table {
    Table::new(&[
        "protocol",
        "nodes",
        "faults",
        "seeds",
        "ok",
        "failed",
        "unknown",
        "delivered",
        "violations",
    ])
}

/// The row of `campaign` in [`table`].
pub(crate) fn row(campaign: &Campaign, nodes: &str, faults: &str) -> Vec<String> {
    let operations = &campaign.operations;
    let mut row = vec![
        campaign.protocol.clone(),
        nodes.to_owned(),
        faults.to_owned(),
    ];
    row.push(campaign.seeds.to_string());
    let numbers = [operations.ok, operations.failed, operations.unknown];
    row.extend(numbers.map(thousands));
    row.push(thousands(campaign.faults_delivered()));
    row.push(campaign.violations.len().to_string());
    row
}

/// The gate's step: the main job of the README on five nodes, and a shorter run on three.
pub(crate) fn step(workspace: &Workspace) -> Findings {
    main_job(workspace).into()
}

fn main_job(workspace: &Workspace) -> Result<Findings, String> {
    let mut findings = Findings::default();
    let program = build(workspace, Profile::Release)?;
    let main = program.sim(&[])?;
    let seeds = SEEDS_OF_THREE.to_string();
    let three = program.sim(&["--nodes", "3", "--seeds", &seeds])?;
    for (place, campaigns) in [("5 nodes", &main), ("3 nodes", &three)] {
        for campaign in campaigns {
            findings.failures.extend(campaign.failures(place));
            if campaign.operations.ok == 0 {
                let name = &campaign.protocol;
                let failure = format!("{name}, {place}: no operation succeeded");
                findings.failures.push(failure);
            }
        }
    }
    for campaign in &main {
        findings.note(format!(
            "{}: {} operations, {} faults",
            campaign.protocol,
            thousands(campaign.operations.ok),
            thousands(campaign.faults_delivered())
        ));
    }
    let readme = read(&workspace.root.join("README.md"))?;
    findings
        .failures
        .extend(readme::differs_from_campaigns(&readme, &main));
    findings
        .failures
        .extend(readme::differs_from_cap(&readme, &program.cap()?));
    Ok(findings)
}

/// The gate's step: the same seeds give the same hash wherever they run.
pub(crate) fn determinism_step(workspace: &Workspace) -> Findings {
    determinism(workspace)
        .map(|(notes, failures)| Findings {
            notes,
            failures,
            ..Findings::default()
        })
        .into()
}

/// Runs the same seeds in two release processes and a debug process: the fingerprints, and where
/// they differ.
pub(crate) fn determinism(workspace: &Workspace) -> Result<(Vec<String>, Vec<String>), String> {
    let release = build(workspace, Profile::Release)?;
    let debug = build(workspace, Profile::Debug)?;
    let seeds = SEEDS_COMPARED.to_string();
    let mut notes = Vec::new();
    let mut failures = Vec::new();
    for words in [["--seed", "7"], ["--seeds", &seeds]] {
        let first = release.sim(&words)?;
        let worlds = [
            ("another process", release.sim(&words)?),
            ("debug", debug.sim(&words)?),
        ];
        let runs = words.join(" ");
        for (world, other) in &worlds {
            failures.extend(differences(&first, other).map(|d| format!("{runs}, {world}: {d}")));
        }
        notes.extend(
            first
                .iter()
                .map(|c| format!("{} {runs} -> {}", c.protocol, c.trace_hash)),
        );
    }
    Ok((notes, failures))
}

fn differences<'a>(
    first: &'a [Campaign],
    other: &'a [Campaign],
) -> impl Iterator<Item = String> + 'a {
    let missing = (first.len() != other.len())
        .then(|| format!("{} protocols, then {}", first.len(), other.len()));
    let hashless = first
        .iter()
        .filter(|campaign| campaign.trace_hash.is_null())
        .map(|campaign| format!("{} has no trace_hash", campaign.protocol));
    let unequal = first
        .iter()
        .zip(other)
        .map(|(one, two)| (one.fingerprint(), two.fingerprint()))
        .filter(|(one, two)| one != two)
        .map(|(one, two)| format!("{one}, then {two}"));
    missing.into_iter().chain(hashless).chain(unequal)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELD: &str = r#"{"protocol": "raft", "seeds": 40, "violations": [], "trace_hash": "a1",
        "operations": {"ok": 9, "failed": 1, "unknown": 2}, "faults": {"loss": 3, "crash": 4}}"#;
    const VIOLATED: &str = r#"{"protocol": "raft", "violations": [{"seed": 31, "rule": "x"},
        {"seed": "7"}], "trace_hash": "b2"}"#;

    #[test]
    fn objects_are_read_one_a_line_one_after_the_other_and_in_arrays() {
        assert_eq!(parse(&format!("{HELD}\n{VIOLATED}")).unwrap().len(), 2);
        assert_eq!(parse(&format!("[{HELD},{VIOLATED}]")).unwrap().len(), 2);
        assert!(parse("").unwrap().is_empty());
        assert!(parse("all good").is_err());
    }

    #[test]
    fn a_run_whose_exit_code_and_output_disagree_is_an_error() {
        assert_eq!(answer(Some(0), HELD).unwrap().len(), 1);
        assert_eq!(answer(Some(1), VIOLATED).unwrap().len(), 1);
        let silent = HELD.replace("\"seeds\"", "\"silent_faults\": [\"loss\"], \"seeds\"");
        assert_eq!(
            answer(Some(3), &silent).unwrap()[0].failures("here").len(),
            1
        );
        let unknown = HELD.replace("\"seeds\"", "\"unknowns\": [{\"seed\": 3}], \"seeds\"");
        assert_eq!(
            answer(Some(3), &unknown).unwrap()[0].failures("here").len(),
            1
        );
        let both = format!("{unknown}{VIOLATED}");
        assert_eq!(answer(Some(1), &both).unwrap().len(), 2);
        for (code, output) in [
            (Some(1), HELD),
            (Some(101), HELD),
            (None, HELD),
            (Some(0), VIOLATED),
            (Some(3), VIOLATED),
            (Some(0), ""),
            (Some(0), "all good"),
        ] {
            assert!(answer(code, output).is_err(), "{code:?} {output}");
        }
    }

    #[test]
    fn the_first_violating_seed_is_the_lowest() {
        let campaigns = parse(&format!("{HELD}{VIOLATED}")).unwrap();
        assert_eq!(campaigns[0].first_violating_seed(), None);
        assert_eq!(campaigns[1].first_violating_seed(), Some(7));
        assert_eq!(campaigns[0].faults_delivered(), 7);
    }

    #[test]
    fn a_different_hash_or_none_is_a_difference() {
        let first = parse(HELD).unwrap();
        assert_eq!(differences(&first, &first).count(), 0);
        let other = parse(&HELD.replace("a1", "a2")).unwrap();
        assert_eq!(differences(&first, &other).count(), 1);
        assert_eq!(differences(&first, &[]).count(), 1);
        let hashless = parse(&HELD.replace("\"a1\"", "null")).unwrap();
        assert_eq!(differences(&hashless, &hashless).count(), 1);
    }
}
