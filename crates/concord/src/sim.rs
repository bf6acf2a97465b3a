//! `concord sim`: runs protocols on simulated clusters under faults, and judges what happened.

mod answers;
mod artefact;
mod campaign;
mod limits;
mod linearizable;
mod quorums;
mod report;
mod seed;
mod simplify;
mod system;
mod systems;
mod tally;

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use simulator::FaultSet;

pub(crate) use artefact::{Artefact, line as timeline_line, replay_of};
use seed::{Case, Faults};
use systems::Protocol;

use crate::exit::{BadInput, Ending};
use crate::say::say;

/// Runs protocols on simulated clusters under faults, and judges what their clients saw.
///
/// A seed is one run: it decides every delay, fault and choice, so the same seed gives the same run
/// everywhere. A seed fails when an invariant of the protocol breaks, a process panics, the clients'
/// history is not what the protocol promises, or the cluster does not recover once faults end. The
/// first failing seed is made small and written to a file for `concord replay`.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  concord sim                                    every protocol, 5 nodes, all faults
  concord sim --list                             what the protocols are, and what they promise
  concord sim --nodes 3 --seeds 500 --faults crash,partition
  concord sim --protocol raft --seed 7 --history run.jsonl
                                                 one run, and what its clients saw
  concord sim --json                             one object per protocol

Faults: loss, duplicate, reorder, delay, partition, one-way, partial, crash, torn, slow-disk,
disk-failure, pause, clock-offset, clock-drift, clock-jump. With `all` each seed draws a random part
of them (swarm testing); a list turns on exactly those, in every seed. A fault that was on and never
happened leaves the campaign unknown (with `all`, from 40 seeds on). What a protocol assumes not to
happen is left out, and named.

Of the operations, ok were answered, failed were certainly not executed, unknown may have been: none
of the three is a fault.

All cores are used; RAYON_NUM_THREADS=1 keeps it to one. The results are the same.

Exit codes: 0 everything held, 1 something was violated, 2 bad usage, 3 something is unknown.")]
pub(crate) struct Sim {
    /// Which protocol to run, or all of them.
    #[arg(long, value_name = "NAME", default_value = "all", value_parser = protocols_named())]
    protocol: Protocols,
    /// How many nodes the cluster has.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=64))]
    nodes: u32,
    /// How many clients ask it at a time. All meet on four keys: with 100 and more a seed may be too
    /// much for the checker's budget, and end unknown.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    clients: u32,
    /// How many operations they ask for in one seed while faults happen, at most: a client waits for
    /// each answer.
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    ops: u64,
    /// How many seeds of each protocol to run: 0, 1, 2, …
    #[arg(long, value_name = "K", default_value_t = campaign::SEEDS_DEFAULT, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    seeds: u64,
    /// Run this one seed.
    #[arg(long, value_name = "S", conflicts_with = "seeds", value_parser = clap::value_parser!(u64).range(..u64::MAX))]
    seed: Option<u64>,
    /// Which faults happen: `all`, `none`, or a list.
    #[arg(long, value_name = "LIST", default_value = "all", value_parser = faults_named)]
    faults: FaultSet,
    /// Write the clients' history of the seed as JSON lines, for `concord check`: raft and strong with
    /// `--model kv`, paxos with `--model cas-register`. The others have none.
    #[arg(long, value_name = "FILE", requires = "seed")]
    history: Option<PathBuf>,
    /// Where to write the run of a failing seed. Default: concord-PROTOCOL-SEED.json, here.
    #[arg(long, value_name = "FILE")]
    artefact: Option<PathBuf>,
    /// Print one JSON object per protocol.
    #[arg(long)]
    json: bool,
    /// Print the table of protocols: what each is, what it promises, how that is checked. Run nothing.
    #[arg(long)]
    list: bool,
}

/// One protocol, or all.
#[derive(Clone, Copy, Debug)]
struct Protocols(Option<Protocol>);

impl Protocols {
    fn chosen(self) -> Vec<Protocol> {
        self.0
            .map_or_else(|| Protocol::ALL.to_vec(), |one| vec![one])
    }
}

fn protocols_named() -> impl TypedValueParser<Value = Protocols> {
    let names = Protocol::ALL.iter().map(|protocol| protocol.name());
    PossibleValuesParser::new(names.chain(["all"])).map(|name| {
        let named = |protocol: &&Protocol| protocol.name() == name;
        Protocols(Protocol::ALL.iter().find(named).copied())
    })
}

fn faults_named(list: &str) -> Result<FaultSet, String> {
    list.parse()
        .map_err(|error: simulator::SimulatorError| error.to_string())
}

impl Sim {
    /// Runs every chosen protocol; the ending is the worst verdict.
    pub(crate) fn run(&self) -> Result<Ending, BadInput> {
        if self.list {
            systems::print_list();
            return Ok(Ending::Holds);
        }
        let protocols = self.protocol.chosen();
        for (flag, is_given) in [
            ("--history", self.history.is_some()),
            ("--artefact", self.artefact.is_some()),
        ] {
            if is_given && protocols.len() > 1 {
                return Err(BadInput::at(
                    flag,
                    "needs --protocol: it is of one protocol",
                ));
            }
        }
        if self.history.is_some() && self.seed.is_none() {
            return Err(BadInput::at("--history", "needs --seed: it is of one run"));
        }
        let seeds = match self.seed {
            Some(seed) => seed..seed.saturating_add(1),
            None => 0..self.seeds,
        };
        let mut worst = Ending::Holds;
        let mut reports = Vec::new();
        for &protocol in &protocols {
            let case = self.case(protocol);
            let campaign = campaign::run(&case, seeds.clone())?;
            let report =
                report::Report::new(&case, self.faults, campaign, self.artefact.as_deref())?;
            worst = worst.max(report.ending());
            reports.push(report);
        }
        if self.json {
            reports.iter().for_each(|report| say!("{}", report.json()));
        } else {
            report::print_table(&reports);
        }
        // After the verdict: a file that cannot be written must not hide it.
        if let (Some(file), Some(report)) = (&self.history, reports.first()) {
            campaign::write_history(report.case(), seeds.start, file)?;
        }
        Ok(worst)
    }

    fn case(&self, protocol: Protocol) -> Case {
        let mut faults = self.faults;
        if self.protocol.0.is_none() && faults != FaultSet::all() {
            // Of a list for all protocols each takes what may happen to it; the report says so.
            let admitted = (protocol.entry().faults)();
            for fault in self
                .faults
                .iter()
                .filter(|&fault| !admitted.contains(fault))
            {
                faults.remove(fault);
            }
        }
        Case {
            protocol,
            nodes: self.nodes,
            clients: self.clients,
            operations: self.ops,
            faults: Faults::from_set(faults),
            fixed: None,
        }
    }
}
