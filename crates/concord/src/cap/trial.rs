//! One protocol on trial: refutations, controls, measurements, turned into plain data.

use cap_model::{
    Adversary, CapError, Control, Finding, Measurement, Operation, Refutation, Settings, Shape,
    Side, Subject, Witness, splits,
};
use indicatif::ProgressBar;
use rayon::prelude::*;

use super::report::{CaseRow, CellRow, ControlRow, Found, Report, TrialRow};
use super::shapes::{self, Family};
use crate::exit::BadInput;

/// What is worth a job of its own.
enum Job {
    Refute(Side),
    Measure(Family, Shape),
    Controls,
    OneNode,
}

/// What a job came to.
#[derive(Default)]
struct Done {
    cases: Vec<CaseRow>,
    controls: Vec<ControlRow>,
    cells: Vec<CellRow>,
    trials: Vec<TrialRow>,
    failures: Vec<String>,
}

/// Puts a protocol on trial, on every core.
pub(super) fn run<S>(
    name: &'static str,
    nodes: u32,
    seed: u64,
    subject: impl Fn(u32) -> Result<S, BadInput> + Sync,
) -> Result<Report, BadInput>
where
    S: Subject + Sync,
    for<'s> Adversary<'s, S>: Sync,
{
    let bad = |error: CapError| BadInput::at("--nodes", error);
    let settings = Settings {
        seed,
        ..Settings::default()
    };
    let whole = subject(nodes)?;
    let alone = subject(1)?;
    let mut report = Report::new(
        name,
        nodes,
        Operation::BOTH.map(|op| whole.operation_name(op)),
    );
    let adversary = match Adversary::new(&whole, &settings) {
        Ok(adversary) => adversary,
        Err(error) => {
            report.failures.push(error.to_string());
            return Ok(report);
        }
    };
    let mut jobs: Vec<Job> = splits(nodes).map_err(bad)?.map(Job::Refute).collect();
    report.splits = jobs.len();
    let shapes = shapes::all(nodes).map_err(bad)?.into_iter();
    jobs.extend(shapes.map(|(family, shape)| Job::Measure(family, shape)));
    jobs.push(Job::Controls);
    if nodes > 1 {
        jobs.push(Job::OneNode);
    }
    let bar = ProgressBar::new(jobs.len() as u64);
    let done: Vec<Done> = jobs
        .par_iter()
        .map(|job| {
            let done = match job {
                Job::Refute(side) => adversary.refute(*side).map(|found| refuted(&whole, &found)),
                Job::Measure(family, shape) => adversary
                    .measure(shape)
                    .map(|measured| measurement(&whole, *family, &measured)),
                Job::Controls => adversary.controls().map(|found| controlled(&whole, &found)),
                Job::OneNode => Adversary::new(&alone, &settings)
                    .and_then(|adversary| adversary.controls())
                    .map(|found| controlled(&alone, &found)),
            };
            bar.inc(1);
            done.unwrap_or_else(|error| Done {
                failures: vec![error.to_string()],
                ..Done::default()
            })
        })
        .collect();
    bar.finish_and_clear();
    for done in done {
        report.cases.extend(done.cases);
        report.controls.extend(done.controls);
        report.cells.extend(done.cells);
        report.trials.extend(done.trials);
        report.failures.extend(done.failures);
    }
    Ok(report)
}

fn refuted<S: Subject>(subject: &S, refutation: &Refutation<S::Model>) -> Done {
    let cases = refutation.cases.iter().map(|case| CaseRow {
        side: refutation.side,
        update_at: case.update_at,
        observe_at: case.observe_at,
        found: found(subject, &case.finding),
    });
    Done {
        cases: cases.collect(),
        ..Done::default()
    }
}

fn controlled<S: Subject>(subject: &S, controls: &[Control<S::Model>]) -> Done {
    let controls = controls.iter().map(|control| ControlRow {
        kind: control.kind,
        update_at: control.update_at,
        observe_at: control.observe_at,
        found: found(subject, &control.finding),
    });
    Done {
        controls: controls.collect(),
        ..Done::default()
    }
}

fn measurement<S: Subject>(subject: &S, family: Family, measured: &Measurement<S::Model>) -> Done {
    let shape = measured.shape.to_string();
    let cells = measured.cells.iter().map(|cell| CellRow {
        family,
        shape: shape.clone(),
        cell: *cell,
    });
    let trial = |trial: &cap_model::Trial<_>| TrialRow {
        shape: shape.clone(),
        text: match &trial.result {
            Ok(answered) => named(subject, answered.operation, answered),
            Err(silence) => named(subject, silence.operation, silence),
        },
    };
    // Evidence of what observers saw, where it was not the truth.
    let pairs = measured.pairs.iter().filter_map(|pair| {
        let splice = pair.evidence.as_ref()?;
        let text = format!(
            "{}: {}; then {}",
            pair.consistency,
            named(subject, Operation::Update, &splice.update),
            named(subject, Operation::Observe, &splice.observe),
        );
        let shape = shape.clone();
        Some(TrialRow { shape, text })
    });
    Done {
        cells: cells.collect(),
        trials: measured.trials.iter().map(trial).chain(pairs).collect(),
        ..Done::default()
    }
}

fn found<S: Subject>(subject: &S, finding: &Finding<S::Model>) -> Found {
    match finding {
        Finding::Witness(Witness::Unavailable(silence)) => Found::Unavailable {
            operation: silence.operation,
            is_proof: silence.is_quiescent,
            text: format!(
                "unavailable: {}",
                named(subject, silence.operation, silence)
            ),
        },
        Finding::Witness(Witness::NotLinearizable(splice)) => Found::NotLinearizable {
            text: format!(
                "not linearizable: {}; then {}; the observer's side repeated {} steps of its run alone",
                named(subject, Operation::Update, &splice.update),
                named(subject, Operation::Observe, &splice.observe),
                splice.steps_repeated,
            ),
        },
        Finding::Clear { update, observe } => Found::Nothing {
            text: format!(
                "linearizable: {}; then {}",
                named(subject, Operation::Update, update),
                named(subject, Operation::Observe, observe),
            ),
        },
        Finding::Inconclusive(error) => Found::Unknown {
            text: format!("no verdict: {error}"),
        },
    }
}

/// The text of an operation, with the subject's word for it.
fn named<S: Subject>(subject: &S, operation: Operation, text: &impl std::fmt::Display) -> String {
    let text = text.to_string();
    match text.strip_prefix(&operation.to_string()) {
        Some(rest) => format!("{}{rest}", subject.operation_name(operation)),
        None => text,
    }
}
