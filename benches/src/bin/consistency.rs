//! The checkers of histories beside their peers: CPU time and peak memory.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use benches::consistency::{Answer, Page, Work, ask, prepare, run, works};
use benches::{Error, Options, ended};
use clap::Parser;

/// The checkers of histories beside their peers: CPU time and peak memory
///
/// Every answer comes from a process of its own, so peak memory is that contender's alone, its input
/// included. The peers are in the build only with `--features peers`; `cargo xtask bench
/// consistency` does that.
#[derive(Parser)]
#[command(after_help = "Example: cargo xtask bench consistency -- --histories ~/histories")]
struct Command {
    #[command(flatten)]
    options: Options,
    /// Only this piece of work
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// A folder with the real histories etcd_002.log, etcd_007.log, c10-ok.txt and c10-bad.txt of
    /// porcupine's tests; without it their rows are left out
    #[arg(long, value_name = "FOLDER")]
    histories: Option<PathBuf>,
    /// Seconds of wall time after which a contender is given up
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    patience: u64,
    #[arg(long, hide = true, requires = "by")]
    one: Option<String>,
    #[arg(long, hide = true)]
    by: Option<String>,
    #[arg(long, hide = true)]
    input: Option<PathBuf>,
}

const METHOD: &str = "\
Method
  Each contender answers each question in a new process, in turn, A B A B; CPU is user and system time
  of the whole process over the check alone, the median of the samples; MiB is the largest resident
  memory the process ever had, with its input. `x our CPU` is the median of the ratios of the rounds.
  A contender without an answer in time is ended and said so; that is no bar met.
  Inputs are made from a fixed seed by the crate's own generators, or are real histories.
Traps
  porcupine-rs and todc-utils get integer values and states, which is kinder than our shared texts.
  todc-utils has no compare-and-set and no deadline. Peers' histories are made before the clock starts.
  Figures marked `quoted` are others' measurements on other machines: never a ratio.";

fn main() -> ExitCode {
    let command = Command::parse();
    if let (Some(work), Some(contender)) = (&command.one, &command.by) {
        return ended(answer(work, contender, &command));
    }
    ended(compare(&command))
}

/// The child's half: one line of JSON.
fn answer(work: &str, contender: &str, command: &Command) -> Result<(), Error> {
    let done = run(work, contender, command.input.as_deref())?;
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
    if cfg!(not(feature = "peers")) {
        page.prose("\nNO PEERS IN THIS BUILD: `cargo xtask bench consistency` builds the peers.")?;
    }
    let names: Vec<&str> = works().iter().map(|work| work.name).collect();
    if let Some(only) = command.only.as_deref().filter(|only| !names.contains(only)) {
        return Err(Error::Refused {
            contender: "the benchmark",
            why: format!("no work {only:?}: there are {}", names.join(", ")),
        });
    }
    let patience = Duration::from_secs(command.patience);
    for work in works() {
        let is_named = command.only.as_deref() == Some(work.name);
        if command.only.is_some() && !is_named || options.quick && !work.is_quick && !is_named {
            continue;
        }
        if work.is_real && command.histories.is_none() {
            page.prose(&format!(
                "\n{}: LEFT OUT, the real histories are not here (--histories FOLDER)",
                work.name
            ))?;
            continue;
        }
        let prepared = work.is_prepared.then(|| prepare(work.name)).transpose()?;
        let input = match &prepared {
            Some(file) => Some(file.as_path()),
            None => command.histories.as_deref().filter(|_| work.is_real),
        };
        let answers = answers(&work, input, options.samples(), patience);
        if let Some(file) = &prepared {
            // A file left behind is only untidy.
            drop(std::fs::remove_file(file));
        }
        page.work(&work, &answers?)?;
    }
    page.end()
}

/// A contender's name, and its answers in all rounds.
type Answers = (&'static str, Vec<Answer>);

fn answers(
    work: &Work,
    input: Option<&Path>,
    rounds: usize,
    patience: Duration,
) -> Result<Vec<Answers>, Error> {
    let contenders = work.contenders();
    let mut answers: Vec<Answers> = contenders.iter().map(|name| (*name, Vec::new())).collect();
    for _ in 0..rounds {
        for (contender, answers) in &mut answers {
            answers.push(ask(work.name, contender, input, patience)?);
        }
    }
    Ok(answers)
}
