//! The benchmarks beside peers: only here are the peers built.

use std::ffi::OsString;
use std::process::Command;

use crate::workspace::{Target, Workspace};
use crate::{Answer, shell};

/// A program with this ending is the peer's half of a benchmark: `madsim` replaces the clock and the
/// random source of its whole process, and only in a build with a flag of its own.
const MADSIM: &str = "_madsim";

/// Tells a benchmark where its other half is.
const MADSIM_PROGRAM: &str = "CONCORD_BENCH_MADSIM";

/// `cargo xtask bench`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples: cargo xtask bench simulator --quick
          cargo xtask bench clocks -- --samples 3 --svg merge.svg
          cargo xtask bench clocks -- --help")]
pub(crate) struct Args {
    /// One benchmark; all of them without a name.
    name: Option<String>,
    /// Fewer and shorter runs, to see that it works.
    #[arg(long)]
    quick: bool,
    /// One JSON object a result on standard output.
    #[arg(long)]
    json: bool,
    /// List the benchmarks.
    #[arg(long)]
    list: bool,
    /// What goes to the benchmark itself, such as `--samples 3`.
    #[arg(last = true, value_name = "OPTION")]
    options: Vec<OsString>,
}

pub(crate) fn run(args: &Args) -> Answer {
    let workspace = Workspace::load()?;
    let benches = workspace
        .package("benches")
        .ok_or("there is no package benches")?;
    let is_program = |target: &&Target| target.kind.iter().any(|kind| kind == "bin");
    let programs: Vec<&str> = benches
        .targets
        .iter()
        .filter(is_program)
        .map(|target| target.name.as_str())
        .collect();
    let names: Vec<&str> = programs
        .iter()
        .copied()
        .filter(|name| !name.ends_with(MADSIM))
        .collect();
    if args.list {
        names.iter().for_each(|name| println!("{name}"));
        return Ok(true);
    }
    let chosen = match args.name.as_deref() {
        None => names,
        Some(name) if names.contains(&name) => vec![name],
        Some(name) => {
            return Err(format!(
                "no benchmark {name:?}: there are {}",
                names.join(", ")
            ));
        }
    };
    let mut succeeded = true;
    for name in chosen {
        let half = format!("{name}{MADSIM}");
        let mut command = benchmark(&workspace, name, args);
        if programs.contains(&half.as_str()) {
            command.env(MADSIM_PROGRAM, build_madsim(&workspace, &half)?);
        }
        succeeded &= shell::show(command)?;
    }
    Ok(succeeded)
}

fn benchmark(workspace: &Workspace, name: &str, args: &Args) -> Command {
    let mut command = workspace.cargo(&["run", "--profile", "measured", "--package", "benches"]);
    match name {
        // One of its peers states a newer compiler than it needs.
        "clocks" => command.args(["--features", "peers,minerva", "--ignore-rust-version"]),
        // Its one peer builds without the others.
        "cap-model" => command.args(["--features", "quoracle"]),
        _ => command.args(["--features", "peers"]),
    };
    command.args(["--bin", name, "--"]);
    command.args(args.quick.then_some("--quick"));
    command.args(args.json.then_some("--json"));
    command.args(&args.options);
    // So that a file named there is where the person stands.
    command.current_dir(".");
    command
}

fn build_madsim(workspace: &Workspace, name: &str) -> Result<std::path::PathBuf, String> {
    let target = workspace.scratch().join("madsim");
    let mut command = workspace.cargo(&["build", "--profile", "measured", "--package", "benches"]);
    command
        .args(["--bin", name])
        .arg("--target-dir")
        .arg(&target);
    let flags = std::env::var("RUSTFLAGS").unwrap_or_default();
    command.env("RUSTFLAGS", format!("{flags} --cfg madsim").trim());
    if !shell::show(command)? {
        return Err(format!("{name} does not build"));
    }
    Ok(target
        .join("measured")
        .join(format!("{name}{}", std::env::consts::EXE_SUFFIX)))
}
