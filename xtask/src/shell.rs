//! Running other programs: their output kept, their time limited.

use std::env;
use std::io::{self, PipeReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How a program ended, what it printed (both streams, in order) and how long it took.
#[derive(Debug)]
pub(crate) struct Run {
    /// `None` when the time limit passed and the program was stopped.
    pub(crate) status: Option<ExitStatus>,
    pub(crate) output: String,
    pub(crate) elapsed: Duration,
}

impl Run {
    pub(crate) fn succeeded(&self) -> bool {
        self.status.is_some_and(|status| status.success())
    }
}

/// The cargo that runs this task, without what it told us about our own package.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let ours = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(ours) {
            command.env_remove(name);
        }
    }
    command
}

/// The command as a person would type it.
pub(crate) fn line(command: &Command) -> String {
    let mut words: Vec<String> = command
        .get_envs()
        .filter_map(|(name, value)| {
            let value = value?.to_string_lossy();
            let quote = if value.contains(' ') { "\"" } else { "" };
            Some(format!("{}={quote}{value}{quote}", name.to_string_lossy()))
        })
        .collect();
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str());
    words.push(name.to_string_lossy().into_owned());
    words.extend(
        command
            .get_args()
            .map(|word| word.to_string_lossy().into_owned()),
    );
    words.join(" ")
}

/// Runs `command` to its end, or to `limit`. Only a program that does not start is an error.
pub(crate) fn run(mut command: Command, limit: Option<Duration>) -> Result<Run, String> {
    let failed = |error: io::Error| format!("cannot open a pipe: {error}");
    let (reader, writer) = io::pipe().map_err(failed)?;
    command
        .stdout(writer.try_clone().map_err(failed)?)
        .stderr(writer);
    finish(command, reader, limit)
}

/// As [`run`], but keeps standard output only.
pub(crate) fn run_quietly(mut command: Command, limit: Option<Duration>) -> Result<Run, String> {
    let failed = |error: io::Error| format!("cannot open a pipe: {error}");
    let (reader, writer) = io::pipe().map_err(failed)?;
    command.stdout(writer).stderr(Stdio::null());
    finish(command, reader, limit)
}

fn finish(
    mut command: Command,
    mut reader: PipeReader,
    limit: Option<Duration>,
) -> Result<Run, String> {
    let line = line(&command);
    let failed = |error: io::Error| format!("cannot run `{line}`: {error}");
    let start = Instant::now();
    let mut child = command.spawn().map_err(failed)?;
    // The writing ends live in `command`: without this the pipe would never end.
    drop(command);
    let output = thread::spawn(move || {
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).map(|_| bytes)
    });
    let status = match limit {
        None => Some(child.wait().map_err(failed)?),
        Some(limit) => wait(&mut child, start, limit).map_err(failed)?,
    };
    // A program stopped at its limit may leave children that hold the pipe: do not wait for them.
    let bytes = match status {
        Some(_) => output.join().ok().and_then(Result::ok).unwrap_or_default(),
        None => Vec::new(),
    };
    Ok(Run {
        status,
        output: String::from_utf8_lossy(&bytes).into_owned(),
        elapsed: start.elapsed(),
    })
}

fn wait(child: &mut Child, start: Instant, limit: Duration) -> io::Result<Option<ExitStatus>> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if start.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// Runs `command`, which must succeed. The error shows the command and the end of its output.
pub(crate) fn check(command: Command) -> Result<String, String> {
    let line = line(&command);
    let run = run(command, None)?;
    if run.succeeded() {
        Ok(run.output)
    } else {
        Err(format!("`{line}` failed:\n{}", tail(&run.output, 150)))
    }
}

/// Runs `command` with its output on ours, and tells whether it succeeded.
pub(crate) fn show(mut command: Command) -> Result<bool, String> {
    let line = line(&command);
    eprintln!("$ {line}");
    let status = command
        .status()
        .map_err(|error| format!("cannot run `{line}`: {error}"))?;
    Ok(status.success())
}

/// Runs `command` for its standard output; standard error is ours.
pub(crate) fn stdout(mut command: Command) -> Result<(ExitStatus, String), String> {
    let line = line(&command);
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot run `{line}`: {error}"))?;
    Ok((
        output.status,
        String::from_utf8_lossy(&output.stdout).into_owned(),
    ))
}

/// Whether `command` starts and succeeds: is this tool installed?
pub(crate) fn works(command: Command) -> bool {
    run(command, None).is_ok_and(|run| run.succeeded())
}

/// The last `lines_max` lines of `text`.
pub(crate) fn tail(text: &str, lines_max: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let skipped = lines.len().saturating_sub(lines_max);
    let mut tail = lines[skipped..].join("\n");
    if skipped > 0 {
        tail.insert_str(0, &format!("({skipped} lines before)\n"));
    }
    tail
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tail_says_how_much_it_left_out() {
        assert_eq!(tail("a\nb\nc", 3), "a\nb\nc");
        assert_eq!(tail("a\nb\nc", 1), "(2 lines before)\nc");
    }

    #[test]
    fn a_program_that_does_not_exist_is_an_error_that_names_it() {
        let error = run(Command::new("no-such-program"), None).unwrap_err();
        assert!(error.contains("no-such-program"), "{error}");
    }

    #[test]
    fn both_streams_are_kept_and_the_limit_stops_a_program() {
        let mut command = Command::new("rustc");
        command.arg("--version");
        let run_whole = run(command, None).unwrap();
        assert!(run_whole.succeeded() && run_whole.output.starts_with("rustc "));

        let mut command = Command::new("rustc");
        // Waits for a program on its standard input, which stays open.
        command.arg("-").stdin(Stdio::piped());
        let limit = Duration::from_millis(50);
        assert!(run(command, Some(limit)).unwrap().status.is_none());
    }
}
