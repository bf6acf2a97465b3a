//! Runs the named test without the mutant, then with it.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::copy::Copy;
use super::table::{Mutant, Place, Test};
use crate::shell::{self, Run};

/// How long the named test may take to notice.
const TEST_LIMIT: Duration = Duration::from_secs(60);

/// What became of a mutant. All but `Killed` are failures, with their evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Killed,
    Survived,
    /// The test failed, did not exist or did not end on the unchanged source.
    NoBaseline(String),
    DoesNotApply(String),
    DoesNotCompile(String),
    TimedOut,
    /// The test program ended without saying that the test failed.
    Crashed(String),
}

impl Verdict {
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Killed => "KILLED",
            Self::Survived => "SURVIVED",
            Self::NoBaseline(_) => "NO BASELINE",
            Self::DoesNotApply(_) => "DOES NOT APPLY",
            Self::DoesNotCompile(_) => "DOES NOT COMPILE",
            Self::TimedOut => "TIMED OUT",
            Self::Crashed(_) => "CRASHED",
        }
    }

    pub(super) fn evidence(&self) -> Option<&str> {
        match self {
            Self::NoBaseline(evidence)
            | Self::DoesNotApply(evidence)
            | Self::DoesNotCompile(evidence)
            | Self::Crashed(evidence) => Some(evidence),
            Self::Killed | Self::Survived | Self::TimedOut => None,
        }
    }
}

/// Why the named test cannot judge, if the unchanged source does not pass it.
pub(super) fn baseline(copy: &Copy, test: &Test) -> Result<Option<Verdict>, String> {
    let evidence = match build(copy, test)? {
        Err(output) => output,
        Ok(program) => match judge(test, &program.run(test)?) {
            Verdict::Survived => return Ok(None),
            Verdict::Killed => "the test fails on the unchanged source".to_owned(),
            verdict => verdict
                .evidence()
                .unwrap_or("the test does not end")
                .to_owned(),
        },
    };
    Ok(Some(Verdict::NoBaseline(evidence)))
}

/// The verdict, and how long the mutated test ran.
pub(super) fn kill(copy: &Copy, mutant: &Mutant) -> Result<(Verdict, Duration), String> {
    let test = &mutant.killed_by;
    copy.with(mutant, || match build(copy, test)? {
        Err(output) => Ok((Verdict::DoesNotCompile(output), Duration::ZERO)),
        Ok(program) => {
            let run = program.run(test)?;
            Ok((judge(test, &run), run.elapsed))
        }
    })
    .or_else(|error| Ok((Verdict::DoesNotApply(error), Duration::ZERO)))
}

/// A test program that is built, and the folder that cargo would run it in.
struct Program {
    path: PathBuf,
    folder: PathBuf,
}

impl Program {
    /// Run without cargo in between, so that the limit stops the test itself.
    fn run(&self, test: &Test) -> Result<Run, String> {
        let mut command = Command::new(&self.path);
        command
            .args([test.name, "--exact"])
            .current_dir(&self.folder);
        command.env("CARGO_MANIFEST_DIR", &self.folder);
        shell::run(command, Some(TEST_LIMIT))
    }
}

/// The inner error is the compiler's.
fn build(copy: &Copy, test: &Test) -> Result<Result<Program, String>, String> {
    let mut command = copy.cargo(&["test", "--no-run", "--quiet", "--message-format=json"]);
    command
        .args(["--package", test.package])
        .args(test.place.words());
    if test.package != "benches" {
        command.arg("--all-features");
    }
    let run = shell::run(command, None)?;
    if !run.succeeded() {
        return Ok(Err(errors(&run.output)));
    }
    program(test, &run.output).map(Ok)
}

/// The test program among cargo's messages, one JSON object a line.
fn program(test: &Test, messages: &str) -> Result<Program, String> {
    let target = match test.place {
        Place::Lib => test.package.replace('-', "_"),
        Place::File(name) => name.to_owned(),
    };
    let messages = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let found = messages.into_iter().find_map(|message| {
        let is_test = message.pointer("/profile/test")?.as_bool()?;
        let is_target = message.pointer("/target/name")?.as_str()? == target;
        let path = message.get("executable")?.as_str()?;
        let manifest = PathBuf::from(message.get("manifest_path")?.as_str()?);
        let folder = manifest.parent()?.to_path_buf();
        (is_test && is_target).then(|| Program {
            path: path.into(),
            folder,
        })
    });
    found.ok_or_else(|| format!("cargo built no test program for {test}"))
}

fn errors(messages: &str) -> String {
    let rendered: String = messages
        .lines()
        .filter_map(|line| match serde_json::from_str::<Value>(line) {
            Ok(message) => message
                .pointer("/message/rendered")?
                .as_str()
                .map(str::to_owned),
            Err(_) => Some(format!("{line}\n")),
        })
        .collect();
    shell::tail(&rendered, 40)
}

/// Reads what the test program printed about exactly this test.
fn judge(test: &Test, run: &Run) -> Verdict {
    let Some(status) = run.status else {
        return Verdict::TimedOut;
    };
    let says = |what: &str| {
        let line = format!("test {} ... {what}", test.name);
        run.output.lines().any(|printed| printed == line)
    };
    let fails = says("FAILED") || says_failed_later(test, &run.output);
    match (status.success(), fails) {
        (false, true) => Verdict::Killed,
        (true, false) if run.output.contains("test result: ok. 1 passed") => Verdict::Survived,
        (true, false) => Verdict::NoBaseline(format!("there is no test {test}")),
        _ => Verdict::Crashed(format!("{status}\n{}", shell::tail(&run.output, 40))),
    }
}

/// What a test prints past the harness may stand between its name and its verdict.
fn says_failed_later(test: &Test, output: &str) -> bool {
    let listed = format!("    {}", test.name);
    output.contains("\nfailures:\n")
        && output.contains("test result: FAILED. 0 passed; 1 failed")
        && output.lines().any(|line| line == listed)
}

#[cfg(test)]
mod tests {
    use super::super::table::lib;
    use super::*;

    const TEST: Test = lib("transport", "tests::a_send_waits");

    /// `rustc --version` succeeds and `rustc --no-such` fails: two exit statuses on any platform.
    fn ended(success: bool, output: &str) -> Run {
        let mut command = Command::new("rustc");
        command.arg(if success { "--version" } else { "--no-such" });
        let run = shell::run(command, None).unwrap();
        Run {
            output: output.to_owned(),
            ..run
        }
    }

    #[test]
    fn only_the_named_test_s_failure_kills() {
        let failed = "test tests::a_send_waits ... FAILED\n";
        assert_eq!(judge(&TEST, &ended(false, failed)), Verdict::Killed);
        let other = "test tests::another ... FAILED\n";
        assert!(matches!(
            judge(&TEST, &ended(false, other)),
            Verdict::Crashed(_)
        ));
        let aborted = "fatal runtime error: stack overflow";
        assert!(matches!(
            judge(&TEST, &ended(false, aborted)),
            Verdict::Crashed(_)
        ));
    }

    #[test]
    fn a_verdict_behind_the_test_s_own_output_is_read_from_the_list_of_failures() {
        let output = "test tests::a_send_waits ... noise\nFAILED\n\nfailures:\n    \
                      tests::a_send_waits\n\ntest result: FAILED. 0 passed; 1 failed; 0 ignored\n";
        assert_eq!(judge(&TEST, &ended(false, output)), Verdict::Killed);
    }

    #[test]
    fn a_test_that_passes_lets_the_mutant_live_and_none_at_all_is_no_baseline() {
        let passed = "test tests::a_send_waits ... ok\n\ntest result: ok. 1 passed; 0 failed";
        assert_eq!(judge(&TEST, &ended(true, passed)), Verdict::Survived);
        let empty = "running 0 tests\n\ntest result: ok. 0 passed; 0 failed";
        assert!(matches!(
            judge(&TEST, &ended(true, empty)),
            Verdict::NoBaseline(_)
        ));
    }

    #[test]
    fn a_test_that_does_not_end_is_not_a_kill() {
        let run = Run {
            status: None,
            output: String::new(),
            elapsed: TEST_LIMIT,
        };
        assert_eq!(judge(&TEST, &run), Verdict::TimedOut);
    }

    #[test]
    fn the_test_program_is_found_among_cargo_s_messages() {
        let library = r#"{"target": {"name": "transport"}, "profile": {"test": false},
            "executable": null, "manifest_path": "/w/transport/Cargo.toml"}"#;
        let tests = r#"{"target": {"name": "transport"}, "profile": {"test": true},
            "executable": "/t/transport-1", "manifest_path": "/w/transport/Cargo.toml"}"#;
        let lines = [library, tests]
            .map(|json| json.replace('\n', ""))
            .join("\n");
        let program = program(&TEST, &lines).unwrap();
        assert_eq!(program.path, PathBuf::from("/t/transport-1"));
        assert_eq!(program.folder, PathBuf::from("/w/transport"));
        assert!(super::program(&TEST, "warning: nothing").is_err());
    }
}
