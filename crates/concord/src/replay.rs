//! `concord replay`: runs a recorded failure again.

use std::path::PathBuf;

use serde_json::json;

use crate::exit::{BadInput, Ending};
use crate::paint::{Tone, paint};
use crate::sim::{Artefact, replay_of, timeline_line};

/// Runs a failing run again, from the file that `concord sim` wrote, and compares: the same hash of
/// all events, and the same violation.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Example:
  concord replay concord-raft-7.json

Exit codes: 1 the violation happened again, 2 bad usage or input, 3 the run was another one: it was
recorded by a different version, or the code has changed since.")]
pub(crate) struct Replay {
    /// The file.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Print one JSON object: file, seed, reproduced, hash, rule, detail.
    #[arg(long)]
    json: bool,
}

impl Replay {
    /// Runs it, and tells whether it was the same.
    pub(crate) fn run(&self) -> Result<Ending, BadInput> {
        let artefact = Artefact::read(&self.file)?;
        let replayed = replay_of(&artefact)?;
        let (run, hash, reproduced) = (replayed.run, replayed.hash, replayed.is_same);
        let found = run.outcome.violation.as_ref();
        if self.json {
            println!(
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
            println!("What happened to the cluster:");
            for entry in run.outcome.timeline.entries() {
                println!("  {}", timeline_line(entry));
            }
            if !run.evidence.is_empty() {
                println!("Operations that no order explains:");
                run.evidence.iter().for_each(|line| println!("  {line}"));
            }
            match found {
                Some(violation) => println!("{} {violation}", paint(Tone::Bad, "violated")),
                None => println!("{} nothing", paint(Tone::Doubtful, "violated")),
            }
            if reproduced {
                println!("The same run: hash {hash}.");
            } else {
                println!(
                    "Another run than the recorded one: hash {hash}, recorded {}; recorded violation {}.",
                    artefact.hash, artefact.violation
                );
            }
        }
        Ok(if reproduced {
            Ending::Violated
        } else {
            Ending::Unknown
        })
    }
}
