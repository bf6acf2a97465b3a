//! `concord check`: judges recorded histories.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::ValueEnum;
use consistency::{
    CasRegister, Completion, Format, History, KeyValue, Limits, Notation, Operation, OperationId,
    Register, UnknownReason, Value, Verdict, Violation, check_linearizable, parse, replay,
};
use indicatif::ProgressBar;
use serde_json::json;

use crate::exit::{BadInput, Ending};
use crate::paint::{Tone, paint};
use crate::say::say;

/// Judges recorded histories: is there an order of all operations, within real time, that the model
/// allows?
///
/// Every verdict is `holds`, `violated` or `unknown` (the time or memory ran out). A `violated` shows
/// a smallest set of operations that cannot be explained; a `holds` was replayed by separate code.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  concord check etcd.log --model cas-register
  concord check run1.jsonl run2.jsonl --model kv --json
  concord check history.edn --model register --initial 0 --timeout 60

Formats (found out from the file unless --format names one):
  json-lines     {\"process\":0,\"type\":\"invoke\",\"f\":\"write\",\"key\":\"x\",\"value\":3}
  jepsen-edn     {:process 0, :type :invoke, :f :write, :value 3}, one a line or in a vector
  jepsen-log     INFO  jepsen.util - 0<tab>:invoke<tab>:write<tab>3
  key-value-log  {:process 0, :type :invoke, :f :append, :key \"4\", :value \"x\"}

Exit codes: 0 all hold, 1 one is violated, 2 bad usage or input, 3 one is unknown (and none violated).")]
pub(crate) struct Check {
    /// Files to check.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The object that the history is about.
    #[arg(long, value_enum)]
    model: ModelName,
    /// The format of the files, instead of finding it out.
    #[arg(long, value_name = "FORMAT", value_parser = format_named)]
    format: Option<Format>,
    /// The value before the first write: nil, a number, or text. Default: nil; for a key-value log
    /// the empty text.
    #[arg(long, value_name = "VALUE")]
    initial: Option<String>,
    /// Give up on a file after this many seconds; its verdict is then unknown.
    #[arg(long, value_name = "SECONDS", default_value_t = 300.0, value_parser = positive_seconds)]
    timeout: f64,
    /// Print one JSON object per file: file, model, verdict, operations, seconds, and evidence.
    #[arg(long)]
    json: bool,
}

/// The models by their names on the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum ModelName {
    /// read, write.
    Register,
    /// read, write, compare-and-set.
    CasRegister,
    /// get, put, append, cas, delete.
    Kv,
}

fn format_named(name: &str) -> Result<Format, String> {
    Format::from_name(name).ok_or_else(|| {
        let names: Vec<&str> = Format::ALL.iter().map(|format| format.name()).collect();
        format!("the formats are {}", names.join(", "))
    })
}

fn positive_seconds(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| "a number of seconds".to_owned())?;
    // Some 30 years: more than any wait, and well within what a duration holds.
    if seconds > 0.0 && seconds <= 1e9 {
        Ok(seconds)
    } else {
        Err("a number of seconds above 0 and at most 1e9".to_owned())
    }
}

/// What was found about one file.
struct Finding {
    verdict: Ending,
    operations: usize,
    seconds: f64,
    evidence: Evidence,
}

enum Evidence {
    None,
    Violated { lines: Vec<String>, minimal: bool },
    Unknown(String),
}

impl Check {
    /// Checks every file; the ending is the worst verdict. A file that cannot be used does not keep
    /// the others from being judged.
    pub(crate) fn run(&self) -> Result<Ending, BadInput> {
        let mut worst = Ending::Holds;
        let mut unusable = 0_usize;
        for file in &self.files {
            match self.judge_file(file) {
                Ok(finding) => {
                    worst = worst.max(finding.verdict);
                    self.show(file, &finding);
                }
                Err(error) if self.files.len() == 1 => return Err(error),
                Err(error) => {
                    eprintln!("error: {error}");
                    unusable += 1;
                }
            }
        }
        if unusable > 0 {
            let count = self.files.len();
            return Err(BadInput::new(format!(
                "{unusable} of {count} files are not usable"
            )));
        }
        Ok(worst)
    }

    fn judge_file(&self, file: &Path) -> Result<Finding, BadInput> {
        let place = file.display();
        let bytes = std::fs::read(file).map_err(|error| BadInput::at(&place, error))?;
        if bytes.is_empty() {
            return Err(BadInput::at(&place, "the file is empty"));
        }
        let format = match self.format {
            Some(format) => format,
            None => Format::detect(&bytes).ok_or_else(|| {
                BadInput::at(
                    &place,
                    "looks like none of the formats; name one with --format",
                )
            })?,
        };
        let history = parse(&bytes, format).map_err(|error| BadInput::at(&place, error))?;
        let initial = match &self.initial {
            Some(text) => value_of(text),
            None => format.initial_value().unwrap_or(Value::Nil),
        };
        let finding = match self.model {
            ModelName::Register => self.judge(&Register::new(initial), &history),
            ModelName::CasRegister => self.judge(&CasRegister::new(initial), &history),
            ModelName::Kv => self.judge(&KeyValue::new(initial), &history),
        };
        finding.map_err(|error| BadInput::at(&place, error))
    }

    fn judge<M: Notation>(
        &self,
        model: &M,
        history: &History,
    ) -> Result<Finding, consistency::Error> {
        let operations = history.operations(model)?;
        let start = Instant::now();
        let deadline = start + Duration::from_secs_f64(self.timeout);
        let spinner = ProgressBar::new_spinner().with_message("checking");
        let verdict = check_linearizable(model, &operations, &Limits::default(), &mut || {
            spinner.tick();
            Instant::now() < deadline
        });
        spinner.finish_and_clear();
        let seconds = start.elapsed().as_secs_f64();
        let (verdict, evidence) = match verdict {
            Verdict::Holds(order) => match replay(model, &operations, &order) {
                Ok(()) => (Ending::Holds, Evidence::None),
                // A witness that does not replay is a fault of the checker: nothing was decided.
                Err(error) => {
                    let reason = format!("the checker's witness does not replay: {error}");
                    (Ending::Unknown, Evidence::Unknown(reason))
                }
            },
            Verdict::Violated(violation) => {
                let lines = explain(history, model, &operations, &violation);
                let minimal = violation.is_minimal;
                (Ending::Violated, Evidence::Violated { lines, minimal })
            }
            Verdict::Unknown { reason, .. } => {
                let reason = match reason {
                    UnknownReason::Interrupted => format!("timed out after {} s", self.timeout),
                    reason => reason.to_string(),
                };
                (Ending::Unknown, Evidence::Unknown(reason))
            }
        };
        Ok(Finding {
            verdict,
            operations: operations.len(),
            seconds,
            evidence,
        })
    }

    fn show(&self, file: &Path, finding: &Finding) {
        let model = self.model.to_possible_value();
        let model = model.as_ref().map_or("", |value| value.get_name());
        let verdict = name_of(finding.verdict);
        if self.json {
            let mut object = json!({
                "file": file.display().to_string(),
                "model": model,
                "verdict": verdict,
                "operations": finding.operations,
                "seconds": finding.seconds,
            });
            match &finding.evidence {
                Evidence::None => {}
                Evidence::Violated { lines, minimal } => {
                    object["evidence"] = json!(lines);
                    object["minimal"] = json!(minimal);
                }
                Evidence::Unknown(reason) => object["reason"] = json!(reason),
            }
            say!("{object}");
            return;
        }
        let tone = match finding.verdict {
            Ending::Holds => Tone::Good,
            Ending::Violated => Tone::Bad,
            Ending::Unknown => Tone::Doubtful,
        };
        say!(
            "{}  {}  ({} operations, model {model}, {:.3} s)",
            paint(tone, &format!("{verdict:<8}")),
            file.display(),
            finding.operations,
            finding.seconds,
        );
        match &finding.evidence {
            Evidence::None => {}
            Evidence::Violated { lines, minimal } => {
                let smallest = if *minimal { "a smallest" } else { "a" };
                say!("  {smallest} set of operations that no order explains, even if every other");
                say!("  operation happened at any time after its call, or never:");
                for line in lines {
                    say!("    {line}");
                }
            }
            Evidence::Unknown(reason) => say!("  {reason}"),
        }
    }
}

/// A verdict's name in tables and JSON.
pub(crate) const fn name_of(verdict: Ending) -> &'static str {
    match verdict {
        Ending::Holds => "holds",
        Ending::Violated => "violated",
        Ending::Unknown => "unknown",
    }
}

/// `nil`, a whole number, or text.
fn value_of(text: &str) -> Value {
    if text == "nil" {
        Value::Nil
    } else if let Ok(number) = text.parse::<i64>() {
        Value::from(number)
    } else {
        Value::from(text)
    }
}

/// The core of a violation, an operation a line.
fn explain<M: Notation>(
    history: &History,
    model: &M,
    operations: &[Operation<M::Input, M::Output>],
    violation: &Violation<M::Key>,
) -> Vec<String> {
    violation
        .operations
        .iter()
        .filter_map(|&OperationId(place)| operations.get(place))
        .map(|operation| {
            let line = history.line(operation.call.position);
            let place = line.map_or_else(String::new, |line| format!("line {line:<5} "));
            format!("{place}{}", describe(model, operation))
        })
        .collect()
}

/// One operation in words.
pub(crate) fn describe<M: Notation>(
    model: &M,
    operation: &Operation<M::Input, M::Output>,
) -> String {
    let (function, key, argument) = model.write_call(&operation.input);
    let mut text = format!("process {} {}", operation.process, function.name());
    if let Some(key) = key {
        let _ = write!(text, " {key}");
    }
    if argument != Value::Nil {
        let _ = write!(text, " {argument}");
    }
    match &operation.completion {
        Completion::Ok { output, .. } => {
            let (kind, value) = model.write_output(&operation.input, output);
            let _ = write!(text, " -> {} {value}", kind.name());
        }
        Completion::Fail { .. } => text.push_str(" -> did not happen"),
        Completion::Info { .. } => text.push_str(" -> unknown, may happen at any later time"),
    }
    text
}
