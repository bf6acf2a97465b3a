#![doc = include_str!("../README.md")]

mod bench;
mod campaign;
mod ci;
mod fix;
mod integration;
mod mutants;
mod readme;
mod shell;
mod table;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The tasks of the Concord workspace.
#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    after_help = "Example: cargo xtask ci --only format,clippy,floors,tidy"
)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// The read-only gate: everything that must hold before a change goes in.
    Ci(ci::Args),
    /// The cross-crate campaigns in their long form, and the determinism check.
    Integration(integration::Args),
    /// Applies one-line mutants to a copy of the workspace and runs the tests that must notice.
    Mutants(mutants::Args),
    /// The benchmarks beside peers.
    Bench(bench::Args),
    /// Formats the workspace and applies clippy's suggestions: this one changes files.
    Fix(fix::Args),
}

/// What a task answers: whether everything held, or why it could not tell.
type Answer = Result<bool, String>;

fn main() -> ExitCode {
    let answer = match Cli::parse().task {
        Task::Ci(args) => ci::run(&args),
        Task::Integration(args) => integration::run(&args),
        Task::Mutants(args) => mutants::run(&args),
        Task::Bench(args) => bench::run(&args),
        Task::Fix(args) => fix::run(&args),
    };
    match answer {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::from(2)
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_shows_an_example() {
        for command in Cli::command().get_subcommands() {
            let help = command.clone().render_long_help().to_string();
            let example = format!("cargo xtask {}", command.get_name());
            assert!(help.contains(&example), "no example in:\n{help}");
        }
    }
}
