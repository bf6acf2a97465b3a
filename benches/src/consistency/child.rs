//! One answer of one contender, from a process of its own: so its peak memory is its alone, a peer that eats the
//! machine can be ended, and no contender warms another's allocator.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::{Error, cpu_ns};

/// What a contender did.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Done {
    /// What it said: `holds`, `violated`, or what it read.
    pub verdict: String,
    /// Operations, transactions or bytes in the input.
    pub items: u64,
    /// CPU time of the work alone, all threads, without making the input.
    pub cpu_ns: u64,
    /// The largest memory the process ever had, input included.
    pub peak_bytes: u64,
}

impl Done {
    /// Measures `work`, which answers a verdict.
    pub fn of(items: u64, work: impl FnOnce() -> String) -> Self {
        let start = cpu_ns();
        let verdict = work();
        let cpu_ns = cpu_ns().saturating_sub(start);
        Self {
            verdict,
            items,
            cpu_ns,
            peak_bytes: peak_bytes(),
        }
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
pub fn ask(
    work: &str,
    contender: &str,
    input: Option<&Path>,
    patience: Duration,
) -> Result<Answer, Error> {
    let failed = |why: String| Error::Child {
        program: format!("{contender} on {work}"),
        why,
    };
    let program = std::env::current_exe().map_err(|error| failed(error.to_string()))?;
    let mut command = Command::new(program);
    command.args(["--one", work, "--by", contender]);
    if let Some(path) = input {
        command.arg("--input").arg(path);
    }
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| failed(error.to_string()))?;
    let Some(output) = wait(child, patience).map_err(|error| failed(error.to_string()))? else {
        return Ok(Answer::GivenUp(patience.as_secs()));
    };
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

/// Waits for a child that prints one short line; ends it when it takes too long.
fn wait(mut child: Child, patience: Duration) -> std::io::Result<Option<std::process::Output>> {
    let start = Instant::now();
    while child.try_wait()?.is_none() {
        if start.elapsed() > patience {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    child.wait_with_output().map(Some)
}

/// The largest resident memory this process had so far; 0 where the system does not say.
fn peak_bytes() -> u64 {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else {
        return 0;
    };
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok())
        .map_or(0, |kib| kib * 1024)
}
