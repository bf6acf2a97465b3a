//! One answer of one contender, from a process of its own, and how long such an answer takes.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::{Error, cpu_ns};

/// Short answers are repeated for so long.
const LAPS_NS: u64 = 100_000_000;

/// What a contender did.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Done {
    /// The answer: a load, or a probability.
    pub value: f64,
    /// CPU time of one answer, user and system, all threads: the mean of the repetitions.
    pub cpu_ns: f64,
    /// How often the answer was computed.
    pub laps: u64,
}

impl Done {
    /// Measures `answer`, again and again if it is short.
    ///
    /// # Errors
    ///
    /// Those of `answer`.
    pub fn of(mut answer: impl FnMut() -> Result<f64, Error>) -> Result<Self, Error> {
        // The first one warms up, unless it is long enough by itself.
        let mut start = cpu_ns();
        let value = answer()?;
        let mut spent = cpu_ns().saturating_sub(start);
        let mut laps = 1;
        if spent < LAPS_NS {
            (laps, spent) = (0, 0);
            start = cpu_ns();
            while spent < LAPS_NS {
                std::hint::black_box(answer()?);
                laps += 1;
                spent = cpu_ns().saturating_sub(start);
            }
        }
        Ok(Self {
            value,
            cpu_ns: spent as f64 / laps as f64,
            laps,
        })
    }
}

/// How it ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// An answer.
    Done(Done),
    /// Ended by us: no answer after so many seconds of wall time.
    GivenUp(u64),
    /// It failed, in its own words.
    Failed(String),
}

/// Asks `contender` to do `work` in a new process of this same program, for at most `patience`.
///
/// # Errors
///
/// [`Error::Child`]: it could not be started, or printed something else than an answer.
pub fn ask(work: &str, contender: &str, patience: Duration) -> Result<Answer, Error> {
    let failed = |why: String| Error::Child {
        program: format!("{contender} on {work}"),
        why,
    };
    let io = |error: std::io::Error| failed(error.to_string());
    let program = std::env::current_exe().map_err(io)?;
    let mut child = Command::new(program)
        .args(["--one", work, "--by", contender])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(io)?;
    // It prints one short line, so nothing need be read meanwhile.
    let start = Instant::now();
    while child.try_wait().map_err(io)?.is_none() {
        if start.elapsed() > patience {
            child.kill().map_err(io)?;
            child.wait().map_err(io)?;
            return Ok(Answer::GivenUp(patience.as_secs()));
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let output = child.wait_with_output().map_err(io)?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        let last = text.trim().lines().last().unwrap_or_default();
        return Ok(Answer::Failed(format!(
            "failed ({}): {last}",
            output.status
        )));
    }
    serde_json::from_slice(&output.stdout)
        .map(Answer::Done)
        .map_err(|error| failed(error.to_string()))
}
