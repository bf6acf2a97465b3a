//! A copy of the workspace that mutants may change, with a build folder of its own.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::apply;
use super::table::Mutant;
use crate::shell;
use crate::workspace::{Workspace, read, write};

/// The files that git tracks or would offer to track, as they are now.
#[derive(Debug)]
pub(super) struct Copy {
    root: PathBuf,
    target: PathBuf,
}

impl Copy {
    /// Makes the copy `name`, or brings it up to date: files that did not change are not touched, so
    /// that cargo rebuilds only what did.
    pub(super) fn make(workspace: &Workspace, name: &str) -> Result<Self, String> {
        let folder = workspace.scratch().join("mutants").join(name);
        let copy = Self {
            root: folder.join("tree"),
            target: folder.join("target"),
        };
        let files = workspace.files()?;
        for file in &files {
            let bytes = fs::read(workspace.root.join(file));
            write(
                &copy.root.join(file),
                &bytes.map_err(|error| format!("{file}: {error}"))?,
            )?;
        }
        let wanted: BTreeSet<PathBuf> = files.iter().map(|file| copy.root.join(file)).collect();
        remove_others(&copy.root, &wanted).map_err(|error| format!("{name}: {error}"))?;
        Ok(copy)
    }

    /// Cargo in the copy.
    pub(super) fn cargo(&self, words: &[&str]) -> Command {
        let mut command = shell::cargo();
        command
            .args(words)
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", &self.target);
        command
    }

    /// A program that cargo built in the copy.
    pub(super) fn program(&self, profile: &str, name: &str) -> PathBuf {
        self.target
            .join(profile)
            .join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    }

    /// A folder for what programs write.
    pub(super) fn runs(&self) -> Result<&Path, String> {
        fs::create_dir_all(&self.target)
            .map_err(|error| format!("{}: {error}", self.target.display()))?;
        Ok(&self.target)
    }

    /// Applies `mutant`, calls `body`, and takes the mutant back whatever happened.
    pub(super) fn with<T>(
        &self,
        mutant: &Mutant,
        body: impl FnOnce() -> Result<T, String>,
    ) -> Result<T, String> {
        let path = self.root.join(mutant.file);
        let original = read(&path)?;
        write(&path, apply::apply(mutant, &original)?.as_bytes())?;
        let answer = body();
        write(&path, original.as_bytes())?;
        answer
    }
}

fn remove_others(folder: &Path, wanted: &BTreeSet<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            remove_others(&path, wanted)?;
            if fs::read_dir(&path)?.next().is_none() {
                fs::remove_dir(&path)?;
            }
        } else if !wanted.contains(&path) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}
