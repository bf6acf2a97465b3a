//! The mutating counterpart of the gate: formats, and applies what clippy suggests.

use crate::workspace::Workspace;
use crate::{Answer, shell};

/// `cargo xtask fix`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: cargo xtask fix")]
pub(crate) struct Args {}

pub(crate) fn run(_: &Args) -> Answer {
    let workspace = Workspace::load()?;
    eprintln!("Changing files: clippy's suggestions first, then the format. Look at `git diff`.");
    let mut clippy = workspace.cargo(&["clippy", "--fix", "--allow-dirty", "--allow-staged"]);
    clippy.args(["--workspace", "--all-targets"]);
    let applied = shell::show(clippy)?;
    let formatted = shell::show(workspace.cargo(&["fmt", "--all"]))?;
    Ok(applied && formatted)
}
