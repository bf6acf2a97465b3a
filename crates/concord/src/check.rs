//! `concord check`: judges recorded histories.
//!
//! | room | job |
//! |---|---|
//! | `input` | files and folders; which format; reading |
//! | `models` | the objects by name, and a guess at which one a history is about |
//! | `object` | every object as one type |
//! | `budget` | time, memory and cores |
//! | `judge`, `objects` | the verdict on one file; on single operations |
//! | `map` | all models at once |
//! | `show` | what is printed: lines, evidence, JSON, the summary |
//! | `page` | the file of `--report` |

mod budget;
mod input;
mod judge;
mod map;
mod models;
mod object;
mod objects;
mod page;
mod show;

use std::path::PathBuf;

use consistency::{Consistency, Format};

use self::input::Candidate;
use self::judge::Finding;
use self::models::ModelName;
use self::page::Page;
use crate::exit::{BadInput, Ending};

/// Judges recorded histories: did the system keep its promise to those who used it?
///
/// Every verdict is `holds`, `violated` or `unknown` (time or memory ran out, or the question has no answer for such a
/// history). A `violated` shows a smallest set of operations that cannot be explained; a `holds` was replayed by
/// separate code.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  concord check etcd.log --model cas-register
  concord check run1.jsonl run2.jsonl --model kv --json
  concord check history.edn --model register --initial 0 --timeout 60 --memory 512
  concord check bank.edn --consistency snapshot-isolation
  concord check history.edn --model register --consistency all
  concord check history.edn --model register --explain --report why.html
  concord check runs/ --model kv

A folder stands for the files in it, in the order of their names; hidden ones are left out.

Promises (--consistency), strongest first:
  of single operations  linearizable (unless another is named), sequential; of reads and writes also causal-memory,
                        causal-convergence, causal, pram, read-your-writes, monotonic-reads, monotonic-writes,
                        writes-follow-reads
  of transactions       strict-serializable (unless another is named), serializable (where the format tells no time),
                        snapshot-isolation, prefix, causal-transactions, read-atomic, read-committed

Formats (found out from the file unless --format names one):
  json-lines     {\"process\":0,\"type\":\"invoke\",\"f\":\"write\",\"key\":\"x\",\"value\":3}
  jepsen-edn     {:process 0, :type :invoke, :f :write, :value 3}, one a line or in a vector;
                 of transactions :value [[:append x 1] [:r y nil]]
  jepsen-log     INFO  jepsen.util - 0<tab>:invoke<tab>:write<tab>3
  key-value-log  {:process 0, :type :invoke, :f :append, :key \"4\", :value \"x\"}
  plume          w(key,value,session,transaction), a step a line
  dbcop-json     sessions of transactions of {\"Write\":{\"variable\":0,\"version\":1}}
  sessions       w key value, a step a line; ----- ends a transaction, ===== a session

JSON, an object a line:
  file, model, consistency, verdict, operations, seconds
  headline    of a violation: what is violated, and by which anomaly
  evidence    of a violation: its operations, a line each
  minimal     of a violation: whether fewer operations hold
  reason      of what is unknown: why
  models      with --consistency all: {\"causal\": \"holds\"}, say, or violated, unknown, not checkable
  strongest   with --consistency all: the strongest of those that hold
  methods     how it was decided: {\"search\": 3}, say, counts keys
  explanation with --explain: the text

With --consistency all a file holds when it keeps some model and every model is decided.

Exit codes: 0 all hold, 1 one is violated, 2 bad usage or input, 3 one is unknown (and none violated).")]
pub(crate) struct Check {
    /// Files, or folders of files, to check.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The object that a history of single operations is about.
    #[arg(long, value_enum)]
    model: Option<ModelName>,
    /// The promise to hold the history to; `all` finds out which is the strongest that it keeps. Default: the strongest.
    #[arg(long, value_name = "LEVEL", value_parser = promise_named)]
    consistency: Option<Promise>,
    /// The format of the files, instead of finding it out.
    #[arg(long, value_name = "FORMAT", value_parser = format_named)]
    format: Option<Format>,
    /// The value before the first write: nil, a number, or text; for a bank its accounts, a=10,b=10. Default: nil; for a
    /// key-value log the empty text; for a counter 0.
    #[arg(long, value_name = "VALUE")]
    initial: Option<String>,
    /// Give up on a file after this many seconds; its verdict is then unknown.
    #[arg(long, value_name = "SECONDS", default_value_t = 300.0, value_parser = positive_seconds)]
    timeout: f64,
    /// What a check may remember, all cores together, besides the history itself; beyond it the verdict is unknown.
    #[arg(long, value_name = "MB", default_value_t = 1024, value_parser = clap::value_parser!(u32).range(1..))]
    memory: u32,
    /// How many keys to check at a time. Default: one for each core.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,
    /// Say why: the rule, the operations that break it, how far an order goes; or the order that explains everything.
    #[arg(long)]
    explain: bool,
    /// Write a page with a picture of the history. Of several files it shows the first violated one, else the first
    /// unknown one, else the first.
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
    /// Print one JSON object per file.
    #[arg(long)]
    json: bool,
}

/// What a history is held to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Promise {
    One(Consistency),
    All,
}

impl Promise {
    const fn name(self) -> &'static str {
        match self {
            Self::One(level) => level.name(),
            Self::All => "all",
        }
    }
}

fn promise_named(name: &str) -> Result<Promise, String> {
    if name == Promise::All.name() {
        return Ok(Promise::All);
    }
    let level = Consistency::from_name(name).map(Promise::One);
    level.ok_or_else(|| {
        let names = Consistency::ALL.map(Consistency::name);
        format!("the promises are all, {}", names.join(", "))
    })
}

fn format_named(name: &str) -> Result<Format, String> {
    Format::from_name(name).ok_or_else(|| {
        let names: Vec<&str> = Format::ALL.iter().map(|format| format.name()).collect();
        format!("the formats are {}", names.join(", "))
    })
}

pub(crate) fn positive_seconds(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| "a number of seconds".to_owned())?;
    // Some 30 years: more than any wait, and well within what a duration holds.
    if seconds > 0.0 && seconds <= 1e9 {
        Ok(seconds)
    } else {
        Err("a number of seconds above 0 and at most 1e9".to_owned())
    }
}

impl Check {
    /// Checks every file; the ending is the worst verdict. A file that cannot be used does not keep the others from
    /// being judged.
    pub(crate) fn run(&self) -> Result<Ending, BadInput> {
        let candidates = input::candidates(&self.files)?;
        let mut page = self.report.as_deref().map(Page::prepare).transpose()?;
        let mut rows = Vec::new();
        for candidate in &candidates {
            let row = self.judge(candidate);
            match &row {
                Ok(finding) => {
                    show::finding(self, candidate, finding);
                    if let Some(page) = &mut page {
                        page.offer(finding);
                    }
                }
                Err(error) if candidates.len() == 1 => return Err(BadInput::new(error)),
                Err(error) => eprintln!("error: {error}"),
            }
            rows.push(row.map(|finding| finding.summary()));
        }
        if candidates.len() > 1 && !self.json {
            show::summary(&candidates, &rows);
        }
        page.map_or(Ok(()), Page::write)?;
        let unusable = rows.iter().filter(|row| row.is_err()).count();
        if unusable > 0 {
            let count = rows.len();
            let message = format!("{unusable} of {count} files are not usable");
            return Err(BadInput::new(message));
        }
        let verdicts = rows.iter().flatten().map(|summary| summary.verdict);
        Ok(verdicts.max().unwrap_or(Ending::Unknown))
    }

    fn judge(&self, candidate: &Candidate) -> Result<Finding, BadInput> {
        let place = candidate.path.display();
        let input = input::read(&candidate.path, self.format)?;
        judge::judge(self, &place.to_string(), input).map_err(|error| BadInput::at(place, error))
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
