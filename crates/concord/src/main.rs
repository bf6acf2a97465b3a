//! `concord`: binds protocols, worlds and checkers, and talks to people.

mod cap;
mod check;
mod exit;
mod paint;
mod plan;
mod replay;
mod report_file;
mod say;
mod sim;

use std::process::ExitCode;

use clap::Parser;

/// Build, break, prove and run distributed systems.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, arg_required_else_help = true)]
#[command(after_help = "\
Examples:
  concord sim                                   every protocol under every fault
  concord sim --protocol raft --seed 7 --history run.jsonl
                                                one run, and what its clients saw
  concord check run.jsonl --model kv            judge a recorded history
  concord replay concord-raft-7.json            run a failure again
  concord cap                                   what each protocol gives up in a partition

Exit codes: 0 all held, 1 something was violated, 2 bad usage or input, 3 something is unknown.")]
enum Command {
    Sim(sim::Sim),
    Replay(replay::Replay),
    Check(check::Check),
    Cap(cap::Cap),
    Plan(plan::Command),
}

fn main() -> ExitCode {
    let ending = match Command::parse() {
        Command::Sim(sim) => sim.run(),
        Command::Replay(replay) => replay.run(),
        Command::Check(check) => check.run(),
        Command::Cap(cap) => cap.run(),
        Command::Plan(plan) => plan.run(),
    };
    match ending {
        Ok(ending) => ending.into(),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(exit::BAD_INPUT)
        }
    }
}
