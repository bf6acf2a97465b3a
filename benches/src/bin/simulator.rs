//! The simulator beside its peers: messages per CPU-second.

use std::path::PathBuf;
use std::process::ExitCode;

use benches::simulator::{Child, Load, contenders};
use benches::{Error, Options, Report, ended, interleave};
use clap::Parser;

/// The simulator beside its peers: messages per CPU-second
///
/// turmoil is in the build only with `--features peers`. madsim needs `--cfg madsim` and so a
/// program of its own, whose path is given. `cargo xtask bench simulator` does all that.
#[derive(Parser)]
#[command(after_help = "Example: cargo xtask bench simulator --quick")]
struct Command {
    #[command(flatten)]
    options: Options,
    /// The program `simulator_madsim`, built with `--cfg madsim`
    #[arg(long, value_name = "PATH", env = "CONCORD_BENCH_MADSIM")]
    madsim: Option<PathBuf>,
}

const METHOD: &str = "\
Method
  CLIENTSxIN_FLIGHT: clients that keep so many requests of 8 bytes in flight to one server, which
  echoes them; every node is simulated. A round trip is two messages. Contenders run in turn,
  A B C A B C; madsim in a child process. CPU is user and system time of the process that runs the
  simulation, without building it. The counting allocator is in everybody's time.
  Ours delays every message by 1 to 10 ms at random, records every choice on the tape and hashes
  every event. The rows with faults on are us with loss, duplicates, other delays, partitions,
  crashes, pauses and wrong clocks, and with clients that ask again after 50 ms, beside the same
  peers without faults.
Traps
  turmoil works tick by tick (1 ms, its default): with one request in flight a message costs at
  least one tick of every node, with many in flight they share it. Latency 1 ms is kind to it; the
  row with 1-10 ms is like for like.
  madsim runs its default latency, 1-10 ms; each send also waits a random moment of up to 5 us.
  Both peers run unchanged async code on simulated sockets, which ours does not: ours steps a state
  machine. That is the difference being measured.";

fn main() -> ExitCode {
    let Command { options, madsim } = Command::parse();
    ended(run(options, madsim.as_deref().map(Child::new)))
}

fn run(options: Options, madsim: Option<Child>) -> Result<(), Error> {
    let report = Report::new("simulator", "message", "messages/CPU-s", options.json).with_bar(10.0);
    report.prose(METHOD)?;
    report.legend()?;
    if madsim.is_none() {
        report.prose(
            "\nNO MADSIM: give its program with --madsim, or use `cargo xtask bench simulator`.",
        )?;
    }
    if !cfg!(feature = "peers") {
        report
            .prose("\nNO TURMOIL IN THIS BUILD: `cargo xtask bench simulator` builds the peers.")?;
    }
    let contenders = contenders(madsim);
    let names: Vec<&str> = contenders.iter().map(|contender| contender.name).collect();
    for load in [Load::PING_PONG, Load::FOUR_CLIENTS] {
        let rates = interleave(&names, options.samples(), |place| {
            contenders[place].run(load)
        })?;
        let sides = || contenders.iter().zip(&rates);
        let peers: Vec<_> = sides()
            .filter_map(|(contender, rate)| contender.ours.is_none().then_some(rate))
            .collect();
        for (contender, rate) in sides() {
            if let Some(variant) = contender.ours {
                report.case(&format!("{load}, {variant}"), Some(rate), &peers)?;
            }
        }
    }
    Ok(())
}
