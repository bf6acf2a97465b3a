//! What cargo and git know about this workspace.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use serde::Deserialize;

use crate::shell;

/// The packages of the workspace, as `cargo metadata` describes them.
#[derive(Debug, Deserialize)]
pub(crate) struct Workspace {
    #[serde(rename = "workspace_root")]
    pub(crate) root: PathBuf,
    target_directory: PathBuf,
    pub(crate) packages: Vec<Package>,
}

/// One member.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) manifest_path: PathBuf,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) features: BTreeMap<String, Vec<String>>,
    pub(crate) targets: Vec<Target>,
    /// The registries it may go to: empty for none, absent for any.
    pub(crate) publish: Option<Vec<String>>,
}

/// One line of a dependency table. `kind` is absent for a normal dependency.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) rename: Option<String>,
    pub(crate) kind: Option<String>,
    pub(crate) path: Option<PathBuf>,
}

/// A library, program or test of a package.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Target {
    pub(crate) name: String,
    pub(crate) kind: Vec<String>,
    pub(crate) src_path: PathBuf,
}

impl Workspace {
    /// Asks cargo.
    pub(crate) fn load() -> Result<Self, String> {
        let mut command = shell::cargo();
        command
            .args(["metadata", "--format-version", "1", "--no-deps"])
            .current_dir(root());
        let (status, json) = shell::stdout(command)?;
        if !status.success() {
            return Err("cargo metadata failed".to_owned());
        }
        serde_json::from_str(&json).map_err(|error| format!("cargo metadata: {error}"))
    }

    /// Cargo in the root of the workspace.
    pub(crate) fn cargo(&self, words: &[&str]) -> Command {
        let mut command = shell::cargo();
        command.current_dir(&self.root).args(words);
        command
    }

    /// Where tasks keep their own builds and scratch packages.
    pub(crate) fn scratch(&self) -> PathBuf {
        self.target_directory.join("xtask")
    }

    /// A program that cargo built here.
    pub(crate) fn program(&self, profile: &str, name: &str) -> PathBuf {
        let file = format!("{name}{}", env::consts::EXE_SUFFIX);
        self.target_directory.join(profile).join(file)
    }

    pub(crate) fn package(&self, name: &str) -> Option<&Package> {
        self.packages.iter().find(|package| package.name == name)
    }

    /// What selects the whole workspace with all features but those of `benches`, its peers. One selection for all that
    /// runs, so that every crate is built once.
    pub(crate) fn everything(&self) -> Vec<String> {
        let members = self.packages.iter();
        let features: Vec<String> = members
            .filter(|package| package.name != "benches")
            .flat_map(|package| {
                let names = package.features.keys();
                names.map(|feature| format!("{}/{feature}", package.name))
            })
            .collect();
        vec![
            "--workspace".to_owned(),
            "--features".to_owned(),
            features.join(","),
        ]
    }

    /// The members that others can depend on: libraries below the tools.
    pub(crate) fn libraries(&self) -> impl Iterator<Item = &Package> {
        let crates = self.root.join("crates");
        self.packages
            .iter()
            .filter(move |package| package.folder().starts_with(&crates))
            .filter(|package| package.library().is_some())
    }

    /// Every file that git tracks or would offer to track, relative to the root, sorted.
    pub(crate) fn files(&self) -> Result<Vec<String>, String> {
        let mut command = Command::new("git");
        command.args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ]);
        command.current_dir(&self.root);
        let (status, names) = shell::stdout(command)?;
        if !status.success() {
            return Err("git ls-files failed: this task needs a git working copy".to_owned());
        }
        let exists = |name: &&str| self.root.join(name).is_file();
        let names = names.split('\0').filter(|name| !name.is_empty());
        let unique: BTreeSet<String> = names.filter(exists).map(str::to_owned).collect();
        Ok(unique.into_iter().collect())
    }
}

impl Package {
    pub(crate) fn folder(&self) -> &Path {
        self.manifest_path.parent().unwrap_or(&self.manifest_path)
    }

    /// The source file of its library.
    pub(crate) fn library(&self) -> Option<&Path> {
        let library = self
            .targets
            .iter()
            .find(|target| target.kind.iter().any(|k| k == "lib"))?;
        Some(&library.src_path)
    }
}

fn root() -> PathBuf {
    let own = env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    own.parent().map_or(own.clone(), Path::to_path_buf)
}

/// Reads a text file; the error names it.
pub(crate) fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Writes a file and the folders above it, unless it already has this content: cargo rebuilds what
/// is newer.
pub(crate) fn write(path: &Path, content: &[u8]) -> Result<(), String> {
    if fs::read(path).is_ok_and(|old| old == content) {
        return Ok(());
    }
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, content))
        .map_err(|error| format!("{}: {error}", path.display()))
}
