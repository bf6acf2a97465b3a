//! The steps that are cargo's own: format, lints, tests, examples, documentation.
//!
//! `benches` keeps its peers behind a feature, so it is left out wherever all features are on.

use super::Findings;
use crate::shell;
use crate::workspace::Workspace;

const ALL_BUT_PEERS: [&str; 4] = ["--workspace", "--exclude", "benches", "--all-features"];

const BASELINE: &str =
    "--package clocks --no-default-features --lib --test dense --test agreement --test laws";

pub(super) fn format(workspace: &Workspace) -> Findings {
    if !shell::works(workspace.cargo(&["fmt", "--version"])) {
        return idle("rustfmt: nothing checked the format");
    }
    let mut findings = Findings::default();
    findings.expect(shell::check(workspace.cargo(&["fmt", "--all", "--check"])));
    findings
}

pub(super) fn clippy(workspace: &Workspace) -> Findings {
    if !shell::works(workspace.cargo(&["clippy", "--version"])) {
        return idle("clippy: no lint ran");
    }
    let mut findings = Findings::default();
    let default_features = ["--workspace"];
    for selection in [&default_features[..], &ALL_BUT_PEERS] {
        let mut command = workspace.cargo(&["clippy", "--quiet", "--all-targets"]);
        command.args(selection).args(["--", "-D", "warnings"]);
        findings.expect(shell::check(command));
    }
    findings
}

pub(super) fn tests(workspace: &Workspace) -> Findings {
    let mut findings = Findings::default();
    let nextest = shell::works(workspace.cargo(&["nextest", "--version"]));
    let words: &[&str] = if nextest {
        &["nextest", "run", "--no-fail-fast", "--no-tests=pass"]
    } else {
        let instead = "cargo-nextest: the tests ran with cargo test instead";
        findings.absent.push(instead.to_owned());
        &["test", "--no-fail-fast", "--lib", "--bins", "--tests"]
    };
    let everything = workspace.everything();
    // With all features, every inner loop that this processor has; without, the baseline alone, in the
    // tests that the loops of dense clocks stand behind.
    let baseline: Vec<String> = BASELINE.split(' ').map(str::to_owned).collect();
    for selection in [&everything, &baseline] {
        let mut command = workspace.cargo(words);
        command.args(selection);
        match shell::check(command) {
            Ok(output) => output
                .lines()
                .filter_map(count)
                .for_each(|count| findings.note(count)),
            Err(failure) => findings.failures.push(failure),
        }
    }
    kernels(workspace, &mut findings);
    browser(workspace, &mut findings);
    findings
}

/// Which browser opened the page of `concord check --report`: without one, its tests looked at the text only.
fn browser(workspace: &Workspace, findings: &mut Findings) {
    let mut command = workspace.cargo(&["test", "--test", "page"]);
    command.args(workspace.everything());
    command.args(["the_page_works_in_a_browser", "--", "--nocapture"]);
    match shell::check(command) {
        Ok(output) => {
            let line = |start| output.lines().find_map(|line| line.strip_prefix(start));
            if let Some(name) = line("browser tested: ") {
                findings.note(format!("the report's page opened in {name}"));
            } else if let Some(what) = line("browser absent: ") {
                findings.absent.push(format!("chromium: {what}"));
            } else {
                let failure = "no test told its browser";
                findings.failures.push(failure.to_owned());
            }
        }
        Err(failure) => findings.failures.push(failure),
    }
}

/// Which inner loops of the dense clocks this processor could test: the others passed by running the
/// baseline in their place.
fn kernels(workspace: &Workspace, findings: &mut Findings) {
    // The same selection as above, so that nothing is built again.
    let mut command = workspace.cargo(&["test", "--lib"]);
    command.args(workspace.everything());
    command.args(["the_selected_kernel", "--", "--nocapture"]);
    match shell::check(command) {
        Ok(output) => {
            let line = |start| output.lines().find_map(|line| line.strip_prefix(start));
            match line("kernels tested: ") {
                Some(names) => findings.note(format!("kernels of the clocks: {names}")),
                None => findings
                    .failures
                    .push("no test told its kernels".to_owned()),
            }
            if let Some(names) = line("kernels absent: ") {
                let absent = format!("the processor's {names}: the tests ran the baseline instead");
                findings.absent.push(absent);
            }
        }
        Err(failure) => findings.failures.push(failure),
    }
}

/// What nextest's last line counts: `12 tests run: 12 passed, 0 skipped`.
fn count(line: &str) -> Option<&str> {
    let (_, count) = line
        .trim_start()
        .strip_prefix("Summary")?
        .split_once("] ")?;
    Some(count.trim()).filter(|count| !count.starts_with("0 tests"))
}

pub(super) fn doctests(workspace: &Workspace) -> Findings {
    let mut findings = Findings::default();
    let mut command = workspace.cargo(&["test", "--quiet", "--doc", "--no-fail-fast"]);
    command.args(workspace.everything());
    findings.expect(shell::check(command));
    findings
}

pub(super) fn docs(workspace: &Workspace) -> Findings {
    let mut findings = Findings::default();
    let mut command = workspace.cargo(&["doc", "--quiet", "--no-deps"]);
    command
        .args(ALL_BUT_PEERS)
        .env("RUSTDOCFLAGS", "-D warnings");
    findings.expect(shell::check(command));
    findings
}

fn idle(absent: &str) -> Findings {
    Findings {
        absent: vec![absent.to_owned()],
        idle: true,
        ..Findings::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_run_is_not_a_count() {
        let full = "     Summary [   0.2s] 12 tests run: 12 passed, 0 skipped";
        assert_eq!(count(full), Some("12 tests run: 12 passed, 0 skipped"));
        assert_eq!(
            count("     Summary [   0.0s] 0 tests run: 0 passed, 0 skipped"),
            None
        );
        assert_eq!(count("    Starting 12 tests"), None);
    }
}
