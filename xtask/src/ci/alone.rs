//! Each library crate picked alone, as a stranger would: from outside this workspace.
//!
//! A scratch package depends on the crate by path, with our lock file, so that versions are the
//! ones we test with. It is checked with the crate's default features, without them, and with each
//! feature by itself.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use super::Findings;
use crate::shell;
use crate::workspace::{Package, Workspace, write};

pub(super) fn step(workspace: &Workspace) -> Findings {
    let mut findings = Findings::default();
    let folder = workspace.scratch().join("alone");
    let mut checks = 0;
    for package in workspace.libraries() {
        let written = consumer(workspace, &folder, package);
        for selection in selections(package) {
            checks += 1;
            let outcome = written.clone().and_then(|consumer| {
                let mut words = vec!["check", "--quiet"];
                words.extend(selection.iter().map(String::as_str));
                cargo(&consumer, &folder.join("target"), &words)
            });
            let name = &package.name;
            findings.expect(outcome.map_err(|error| format!("{name} alone: {error}")));
        }
    }
    findings.note(format!("{checks} consumers"));
    findings
}

/// The features a consumer may choose: the defaults, none, each alone.
fn selections(package: &Package) -> Vec<Vec<String>> {
    let with = |feature: &String| {
        vec![
            "--no-default-features".to_owned(),
            "--features".to_owned(),
            feature.clone(),
        ]
    };
    let mut selections = vec![vec![], vec!["--no-default-features".to_owned()]];
    selections.extend(
        package
            .features
            .keys()
            .filter(|name| *name != "default")
            .map(with),
    );
    selections
}

fn consumer(workspace: &Workspace, folder: &Path, package: &Package) -> Result<PathBuf, String> {
    let mut manifest = manifest(&format!("picked-{}", package.name), "", package);
    manifest.push_str("\n[features]\n");
    for feature in package.features.keys() {
        let _ = writeln!(manifest, "{feature} = [\"{}/{feature}\"]", package.name);
    }
    let source = format!("//! Uses `{0}`.\npub use {0}::*;\n", crate_name(package));
    scratch(workspace, &folder.join(&package.name), &manifest, &source)
}

/// A manifest outside the workspace that depends on `package`, without its default features.
pub(super) fn manifest(name: &str, library: &str, package: &Package) -> String {
    let path = package.folder().to_string_lossy().replace('\\', "/");
    format!(
        "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
         [workspace]\n\n[lib]\n{library}\n[dependencies.{}]\npath = \"{path}\"\n\
         default-features = false\n",
        package.name
    )
}

pub(super) fn crate_name(package: &Package) -> String {
    package.name.replace('-', "_")
}

/// Writes a scratch package that resolves to the versions of our lock file.
pub(super) fn scratch(
    workspace: &Workspace,
    folder: &Path,
    manifest: &str,
    source: &str,
) -> Result<PathBuf, String> {
    let lock = fs::read(workspace.root.join("Cargo.lock"))
        .map_err(|error| format!("Cargo.lock: {error}"))?;
    let path = folder.join("Cargo.toml");
    write(&path, manifest.as_bytes())?;
    write(&folder.join("src").join("lib.rs"), source.as_bytes())?;
    write(&folder.join("Cargo.lock"), &lock)?;
    Ok(path)
}

/// Cargo on a scratch package: without the network if what it needs is here already.
pub(super) fn cargo(manifest: &Path, target: &Path, words: &[&str]) -> Result<(), String> {
    let command = |more: &[&str]| {
        let mut command = shell::cargo();
        command
            .args(words)
            .args(more)
            .arg("--manifest-path")
            .arg(manifest);
        command.env("CARGO_TARGET_DIR", target);
        command.current_dir(manifest.parent().unwrap_or(manifest));
        command
    };
    let run = shell::run(command(&["--offline"]), None)?;
    if run.succeeded() {
        return Ok(());
    }
    if !run.output.contains("--offline") && !run.output.contains("offline") {
        return Err(shell::tail(&run.output, 60));
    }
    shell::check(command(&[])).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_consumer_chooses_the_defaults_none_and_each_feature() {
        let features = ["default", "serde", "std"].map(|name| (name.to_owned(), Vec::new()));
        let package = Package {
            name: "raft-core".to_owned(),
            manifest_path: "/house/raft-core/Cargo.toml".into(),
            dependencies: Vec::new(),
            features: features.into(),
            targets: Vec::new(),
            publish: Some(Vec::new()),
        };
        let lines: Vec<_> = selections(&package)
            .iter()
            .map(|words| words.join(" "))
            .collect();
        let expected = [
            "",
            "--no-default-features",
            "--no-default-features --features serde",
            "--no-default-features --features std",
        ];
        assert_eq!(lines, expected);
        assert!(manifest("x", "", &package).contains("path = \"/house/raft-core\""));
        assert_eq!(crate_name(&package), "raft_core");
    }
}
