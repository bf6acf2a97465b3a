//! `concord cap`: what each protocol gives up in a partition, measured, with a witness for every
//! verdict.

mod report;
mod shapes;
pub(crate) mod subjects;
mod table;
mod trial;

use clap::ValueEnum;

use crate::exit::{BadInput, Ending};
use crate::say::say;
use report::Report;
use subjects::{
    BankSnapshots, EventualSubject, PartialSubject, PaxosSubject, RaftSubject, StrongSubject,
};

/// Shows what protocols give up in a partition, and what they cost without one.
///
/// Gilbert and Lynch proved that no service is linearizable and available once messages between two
/// sides can be lost. Their construction runs here against every protocol, on every split of the
/// nodes into two sides and for every placement of two clients: an operation is not answered, or both
/// are and the checker finds no order for them. Controls without a partition, with one node, or with
/// both clients on a side that the protocol promises to serve must give no such witness. Then every
/// operation is asked at every node in every shape of partition, and the answers are folded into a
/// table. Virtual time; the same figures on every machine.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  concord cap                                    every protocol, 3 nodes
  concord cap --protocol raft --nodes 5
  concord cap --protocol eventual --explain      the witness behind every cell
  concord cap --json                             one object per protocol

Clients of the table keep to one node. Availability on a side: total (via any node of any side), \
sticky (the same, but whoever moves may miss their own updates), side (via any node of this side, \
not of every other), partly, leader-bound (via one node, though others there have its links), none. Latency is in link \
delays where messages alone made it. Sees: what an observer saw of an update that had returned; \
lagging is late, stale is for as long as the partition lasts.

Exit codes: 0 every split is refuted and no control is, as the theorem says, 1 not so, 2 bad usage, \
3 a run had no verdict.")]
pub(crate) struct Cap {
    /// Which protocol to put on trial.
    #[arg(long, value_enum, default_value_t = Choice::All)]
    protocol: Choice,
    /// How many nodes the cluster has.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=7))]
    nodes: u32,
    /// Where the tapes start from which the nodes choose: another seed may elect another leader.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Print one JSON object per protocol.
    #[arg(long)]
    json: bool,
    /// Tell the witness of every case, and every answer behind every cell.
    #[arg(long)]
    explain: bool,
}

/// The protocols, and all of them.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Choice {
    /// The key-value store on Raft: write and read.
    Raft,
    /// Single-decree Paxos: propose and learn.
    Paxos,
    /// The strong store, registers on quorums: write and read.
    Strong,
    /// The partial store, reads from one node and writes to a majority: write and read.
    Partial,
    /// The eventual store: write and read.
    Eventual,
    /// Accounts with global snapshots: transfer and snapshot.
    Snapshot,
    /// Every protocol there is.
    All,
}

impl Choice {
    const EACH: [Self; 6] = [
        Self::Raft,
        Self::Paxos,
        Self::Strong,
        Self::Partial,
        Self::Eventual,
        Self::Snapshot,
    ];

    fn put_on_trial(self, nodes: u32, seed: u64) -> Result<Vec<Report>, BadInput> {
        let report = match self {
            Self::Raft => trial::run("raft", nodes, seed, RaftSubject::new)?,
            Self::Paxos => trial::run("paxos", nodes, seed, PaxosSubject::new)?,
            Self::Strong => trial::run("strong", nodes, seed, StrongSubject::new)?,
            Self::Partial => trial::run("partial", nodes, seed, PartialSubject::new)?,
            Self::Eventual => trial::run("eventual", nodes, seed, EventualSubject::new)?,
            Self::Snapshot => trial::run("snapshot", nodes, seed, BankSnapshots::new)?,
            Self::All => {
                let reports = Self::EACH.map(|protocol| protocol.put_on_trial(nodes, seed));
                let reports: Vec<Vec<Report>> = reports.into_iter().collect::<Result<_, _>>()?;
                return Ok(reports.into_iter().flatten().collect());
            }
        };
        Ok(vec![report])
    }
}

impl Cap {
    /// Puts every chosen protocol on trial; the ending is the worst verdict.
    pub(crate) fn run(&self) -> Result<Ending, BadInput> {
        let reports = self.protocol.put_on_trial(self.nodes, self.seed)?;
        if self.json {
            for report in &reports {
                say!("{}", report.json(self.explain));
            }
        } else {
            table::print_table(&reports, self.nodes);
            for report in &reports {
                report.print_verdict();
                if self.explain {
                    report.print_evidence();
                }
            }
        }
        let endings = reports.iter().map(Report::ending);
        Ok(endings.max().unwrap_or(Ending::Holds))
    }
}
