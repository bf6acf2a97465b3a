//! Raft beside its peers: commits per CPU-second, allocations and messages per commit.

use std::process::ExitCode;

use benches::raft::{Load, contenders};
use benches::{Error, Options, Report, ended, interleave};
use clap::Parser;

/// Raft beside its peers: commits per CPU-second, allocations and messages per commit
///
/// Every library runs the same loop: all nodes in one thread, storage in memory, nothing lost.
/// The peers are in the build only with `--features peers`; `cargo xtask bench raft` does that.
#[derive(Parser)]
#[command(after_help = "Example: cargo xtask bench raft --quick")]
struct Command {
    #[command(flatten)]
    options: Options,
    /// Nobody cuts its log, as ours cannot yet: like for like in memory
    #[arg(long)]
    uncut: bool,
}

const METHOD: &str = "\
Method
  All nodes of a cluster run in one thread. A sweep takes, node by node, what each wants done (append
  to storage in memory, apply, collect messages), then delivers all messages in order. Nothing is
  lost, no timer runs. sync b=K: propose K, sweep until idle. pipe b=K: every sweep propose K while
  fewer than 1024 are uncommitted. Every proposal is a fresh copy of the payload; applying touches
  its first byte on every node. A tenth as much work goes first, unmeasured; after the measured part
  every node must have applied every command. Contenders run in turn, A B C A B C.
  CPU is user and system time of the process. The counting allocator is in everybody's time.
Traps
  raft-rs defaults send one entry a message: here it has batch_append, 1 MiB messages, 256 in
  flight, and a batch is one MsgPropose. With skip_bcast_commit followers learn the commit index
  from the next append, as those of the others do.
  noraft holds no payloads: its driver stores and carries them. It has no pre-vote, no quorum check,
  no flow control and no reads.
  raft-core cannot cut its log yet, the others cut theirs every 8192 entries: its payloads always
  land in fresh memory, which costs most at 1 KiB. With --uncut nobody cuts.
  1 KiB rows are mostly the cost of copying the payload.";

fn main() -> ExitCode {
    let Command { options, uncut } = Command::parse();
    ended(run(options, uncut))
}

fn run(options: Options, uncut: bool) -> Result<(), Error> {
    let report = Report::new("raft", "commit", "commits/CPU-s", options.json);
    let contenders = contenders();
    report.prose(METHOD)?;
    for contender in &contenders {
        report.prose(&format!("  {}: {}.", contender.name, contender.features))?;
    }
    report.legend()?;
    if contenders.iter().all(|contender| contender.ours) {
        report.prose(
            "\nNO PEERS IN THIS BUILD: lone numbers say little. `cargo xtask bench raft` builds the \
             peers.",
        )?;
    }
    let names: Vec<&str> = contenders.iter().map(|contender| contender.name).collect();
    for load in Load::all(options.quick, !uncut) {
        let rates = interleave(&names, options.samples(), |place| {
            contenders[place].run(&load)
        })?;
        let of = |ours: bool| {
            let sides = contenders.iter().zip(&rates);
            sides.filter_map(move |(contender, rate)| (contender.ours == ours).then_some(rate))
        };
        let peers: Vec<_> = of(false).collect();
        report.case(&load.to_string(), of(true).next(), &peers)?;
    }
    Ok(())
}
