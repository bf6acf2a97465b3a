//! `concord replay`: runs a recorded failure again.

use std::path::PathBuf;

use serde_json::json;

use crate::exit::{BadInput, Ending};
use crate::paint::{Tone, paint};
use crate::say::say;
use crate::sim::{Artefact, replay_of, timeline_line};

/// Runs a failing run again, from the file that `concord sim` wrote, and compares: the same hash of
/// all events, and the same violation.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Example:
  concord replay concord-raft-7.json
  concord replay concord-raft-7.json --trace | grep n2

Exit codes: 1 the violation happened again, 2 bad usage or input, 3 the run was another one: it was
recorded by a different version, or the code has changed since.")]
pub(crate) struct Replay {
    /// The file.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Tell every input and effect of the run, not only what befell the cluster.
    #[arg(long)]
    trace: bool,
    /// Print one JSON object: file, seed, reproduced, hash, rule, detail.
    #[arg(long)]
    json: bool,
}

impl Replay {
    /// Runs it, and tells whether it was the same.
    pub(crate) fn run(&self) -> Result<Ending, BadInput> {
        let artefact = Artefact::read(&self.file)?;
        let replayed = replay_of(&artefact, self.trace)
            .map_err(|error| BadInput::at(self.file.display(), error))?;
        let (run, hash, reproduced) = (replayed.run, replayed.hash, replayed.is_same);
        let found = run.outcome.violation.as_ref();
        if self.json {
            say!(
                "{}",
                json!({
                    "file": self.file.display().to_string(),
                    "seed": artefact.seed,
                    "reproduced": reproduced,
                    "hash": hash,
                    "rule": found.map(|violation| &violation.rule),
                    "detail": found.map(|violation| &violation.detail),
                })
            );
        } else {
            say!("What happened to the cluster:");
            for entry in run.outcome.timeline.entries() {
                say!("  {}", timeline_line(entry));
            }
            if !run.evidence.is_empty() {
                say!("Operations that no order explains:");
                run.evidence.iter().for_each(|line| say!("  {line}"));
            }
            match found {
                Some(violation) => say!("{} {violation}", paint(Tone::Bad, "violated")),
                None => say!("{}", paint(Tone::Doubtful, "nothing was violated")),
            }
            if reproduced {
                say!("The same run as recorded: hash {hash}.");
            } else {
                let why = artefact.other_version().map_or_else(
                    || "the code has changed since".to_owned(),
                    |version| format!("it was recorded by version {version}"),
                );
                say!("Not the recorded run: {why}.");
                say!("  recorded: hash {}, {}", artefact.hash, artefact.violation);
                say!("  now:      hash {hash}");
            }
        }
        Ok(if reproduced {
            Ending::Violated
        } else {
            Ending::Unknown
        })
    }
}
