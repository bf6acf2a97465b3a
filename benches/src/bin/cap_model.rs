//! Quorum systems and staleness: the CPU time of an answer, beside a peer where there is one.

use std::process::ExitCode;
use std::time::Duration;

use benches::cap_model::{Answer, Page, Work, ask, run, works};
use benches::{Error, Options, ended};
use clap::Parser;

/// Quorum systems and staleness: the CPU time of an answer, beside a peer where there is one
///
/// Every answer comes from a process of its own. The peer is in the build only with `--features quoracle`;
/// `cargo xtask bench cap-model` does that.
#[derive(Parser)]
#[command(after_help = "Example: cargo xtask bench cap-model -- --only search-5")]
struct Command {
    #[command(flatten)]
    options: Options,
    /// Only this piece of work
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// Seconds of wall time after which a contender is given up
    #[arg(long, value_name = "SECONDS", default_value_t = 20)]
    patience: u64,
    #[arg(long, hide = true, requires = "by")]
    one: Option<String>,
    #[arg(long, hide = true)]
    by: Option<String>,
}

const METHOD: &str = "\
Method
  Each contender answers each question in a new process, in turn, A B A B. CPU is user and system time of
  one answer, with making the system but without starting the process; answers under 100 ms are repeated
  for so long after a first one, and the mean counts. The figure is the median of the rounds, and `x our
  CPU` the median of the ratios of the rounds. A contender without an answer in time is ended and said so.
  The answers are compared: beyond 1e-6 of each other there is no number.
Traps
  Capacities of the majorities are all 1 and of the `unlike` rows all different. The searches of ours find
  the whole Pareto front, the peer's the best system only, except in search-7-mix. The peer's search makes
  some systems several times. Samplers and exact staleness have no peer in the Rust registry.";

fn main() -> ExitCode {
    let command = Command::parse();
    if let (Some(work), Some(contender)) = (&command.one, &command.by) {
        return ended(answer(work, contender));
    }
    ended(compare(&command))
}

/// The child's half: one line of JSON.
fn answer(work: &str, contender: &str) -> Result<(), Error> {
    let done = run(work, contender)?;
    let line = serde_json::to_string(&done).map_err(|error| Error::Output {
        why: error.to_string(),
    })?;
    println!("{line}");
    Ok(())
}

fn compare(command: &Command) -> Result<(), Error> {
    let options = command.options;
    let mut page = Page::new(options.json);
    page.prose(METHOD)?;
    if cfg!(not(feature = "quoracle")) {
        page.prose("\nNO PEER IN THIS BUILD: `cargo xtask bench cap-model` builds it.")?;
    }
    let works = works();
    let names: Vec<&str> = works.iter().map(|work| work.name).collect();
    if let Some(only) = command.only.as_deref().filter(|only| !names.contains(only)) {
        return Err(Error::Refused {
            contender: "the benchmark",
            why: format!("no work {only:?}: there are {}", names.join(", ")),
        });
    }
    let patience = Duration::from_secs(command.patience);
    for work in &works {
        let is_named = command.only.as_deref() == Some(work.name);
        let is_left_out = match command.only {
            Some(_) => !is_named,
            None => options.quick && !work.is_quick,
        };
        if is_left_out {
            continue;
        }
        let answers = answers(work, options.samples(), patience)?;
        page.work(work, &answers)?;
    }
    page.end()
}

/// A contender's name, and its answers in all rounds.
type Answers = (&'static str, Vec<Answer>);

/// Who does not answer once is not asked again.
fn answers(work: &Work, rounds: usize, patience: Duration) -> Result<Vec<Answers>, Error> {
    let contenders = work.contenders();
    let mut answers: Vec<Answers> = contenders.iter().map(|name| (*name, Vec::new())).collect();
    for _ in 0..rounds {
        for (contender, answers) in &mut answers {
            if answers
                .iter()
                .all(|answer| matches!(answer, Answer::Done(_)))
            {
                answers.push(ask(work.name, contender, patience)?);
            }
        }
    }
    Ok(answers)
}
