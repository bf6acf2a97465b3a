//! The crates that promise `no_std` + `alloc` are linked where `std` cannot be.
//!
//! A scratch `#![no_std]` static library brings its own panic handler and allocator. Whatever pulls
//! in `std` brings a second panic handler, and the compiler refuses two. The step first shows that
//! it would notice: a scratch crate that uses `std` must be refused for that very reason.
//! Where the target for bare ARM is installed, each crate is built for it too.

use std::path::{Path, PathBuf};

use super::Findings;
use super::alone::{cargo, crate_name, manifest, scratch};
use crate::shell;
use crate::workspace::{Package, Workspace, read, write};

/// Who promises it. A crate whose `lib.rs` says `#![no_std]` is held to it as well.
const PROMISES: &[&str] = &[
    "clocks",
    "consistency",
    "paxos-core",
    "quorum",
    "raft-core",
    "snapshot",
    "transport",
];

/// Features that may need `std`; all others must do without.
const NEEDS_STD: &[&str] = &["default", "std", "strategy"];

const BARE_TARGET: &str = "thumbv7em-none-eabi";

pub(super) fn step(workspace: &Workspace) -> Findings {
    let mut findings = Findings::default();
    let folder = workspace.scratch().join("no-std");
    let bare = is_installed(BARE_TARGET);
    if !bare {
        findings.absent.push(format!(
            "rustup target {BARE_TARGET}: nothing was built for it"
        ));
    }
    findings.expect(notices_std(workspace, &folder));
    let (promised, broken) = promised(workspace);
    findings.failures.extend(broken);
    for package in &promised {
        let outcome = bare_library(workspace, &folder, package).and_then(|manifest| {
            build(&manifest, &folder, None)?;
            if bare {
                build(&manifest, &folder, Some(BARE_TARGET))
            } else {
                Ok(())
            }
        });
        findings.expect(outcome.map_err(|error| format!("{} without std: {error}", package.name)));
    }
    let names: Vec<_> = promised
        .iter()
        .map(|package| package.name.as_str())
        .collect();
    findings.note(names.join(", "));
    findings
}

/// The crates to build, and the promises that are not even made in the source.
fn promised(workspace: &Workspace) -> (Vec<&Package>, Vec<String>) {
    let says_so = |package: &Package| {
        let source = package
            .library()
            .map(read)
            .and_then(Result::ok)
            .unwrap_or_default();
        declares_no_std(&source)
    };
    let found: Vec<&Package> = workspace
        .libraries()
        .filter(|package| says_so(package))
        .collect();
    let broken = PROMISES
        .iter()
        .filter(|name| found.iter().all(|package| package.name != **name))
        .map(|name| format!("{name} promises no_std, but its lib.rs does not say #![no_std]"))
        .collect();
    (found, broken)
}

fn declares_no_std(source: &str) -> bool {
    source.lines().any(|line| line.trim() == "#![no_std]")
}

/// Our own scratch crate that uses `std` must be refused, or this step proves nothing.
fn notices_std(workspace: &Workspace, folder: &Path) -> Result<(), String> {
    let culprit = folder.join("needs-std");
    write(
        &culprit.join("Cargo.toml"),
        b"[package]\nname = \"needs-std\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n",
    )?;
    write(
        &culprit.join("src").join("lib.rs"),
        b"//! Needs `std`.\n/// A clock.\npub fn now() -> std::time::Instant {\n    \
          std::time::Instant::now()\n}\n",
    )?;
    let package = Package {
        name: "needs-std".to_owned(),
        manifest_path: culprit.join("Cargo.toml"),
        dependencies: Vec::new(),
        features: std::collections::BTreeMap::new(),
        targets: Vec::new(),
        publish: None,
    };
    let manifest = bare_library(workspace, folder, &package)?;
    match build(&manifest, folder, None) {
        Ok(()) => Err("a crate that uses std was accepted: this check is blind".to_owned()),
        Err(output) if output.contains("duplicate lang item") => Ok(()),
        Err(output) => Err(format!(
            "a crate that uses std was refused for another reason:\n{output}"
        )),
    }
}

fn bare_library(
    workspace: &Workspace,
    folder: &Path,
    package: &Package,
) -> Result<PathBuf, String> {
    let library = "crate-type = [\"staticlib\"]\n";
    let features: Vec<_> = package
        .features
        .keys()
        .filter(|name| !NEEDS_STD.contains(&name.as_str()))
        .map(|name| format!("\"{name}\""))
        .collect();
    let mut manifest = manifest(&format!("bare-{}", package.name), library, package);
    manifest.push_str(&format!("features = [{}]\n", features.join(", ")));
    manifest.push_str("\n[profile.dev]\npanic = \"abort\"\n");
    let folder = folder.join(format!("bare-{}", package.name));
    scratch(
        workspace,
        &folder,
        &manifest,
        &bare_source(&crate_name(package)),
    )
}

/// The generated text is outside the workspace, which forbids `unsafe`: a global allocator needs it.
fn bare_source(name: &str) -> String {
    format!(
        "//! Links `{name}` without `std`.\n#![no_std]\n\
         extern crate {name} as _;\n\
         use core::alloc::{{GlobalAlloc, Layout}};\n\
         struct Nothing;\n\
         unsafe impl GlobalAlloc for Nothing {{\n    \
         unsafe fn alloc(&self, _: Layout) -> *mut u8 {{ core::ptr::null_mut() }}\n    \
         unsafe fn dealloc(&self, _: *mut u8, _: Layout) {{}}\n}}\n\
         #[global_allocator]\nstatic ALLOCATOR: Nothing = Nothing;\n\
         #[panic_handler]\nfn panic(_: &core::panic::PanicInfo<'_>) -> ! {{ loop {{}} }}\n"
    )
}

fn build(manifest: &Path, folder: &Path, target: Option<&str>) -> Result<(), String> {
    let mut words = vec!["build", "--quiet"];
    if let Some(target) = target {
        words.extend(["--target", target]);
    }
    cargo(manifest, &folder.join("target"), &words)
}

fn is_installed(target: &str) -> bool {
    let mut command = std::process::Command::new("rustc");
    command.args(["--print", "target-libdir", "--target", target]);
    shell::run(command, None)
        .is_ok_and(|run| run.succeeded() && Path::new(run.output.trim()).is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_attribute_itself_declares_no_std() {
        assert!(declares_no_std("//! A crate.\n#![no_std]\n"));
        assert!(!declares_no_std("//! Not `#![no_std]` at all.\n"));
        assert!(!declares_no_std(
            "#![cfg_attr(not(feature = \"std\"), no_std)]\n"
        ));
    }

    #[test]
    fn a_target_that_is_not_installed_is_not_found() {
        assert!(!is_installed("no-such-target"));
    }
}
