//! Snapshots: banks that send each other money, and global states recorded meanwhile.

mod clients;
mod judge;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use simulator::{Fault, FaultSet, Outcome, Violation};
use snapshot::bank::Bank;
use snapshot::{
    Clocked, Cloned, Fifo, FifoConfig, GlobalSnapshot, Journaled, Page, Paged, SnapshotConfig,
    Snapshotting, Stamped, Timed, Traced, TracedConfig,
};
use transport::{Choose, NodeId, Recover};

use self::clients::Clients;
use self::judge::Judge;
use crate::exit::BadInput;
use crate::sim::limits::pick;
use crate::sim::seed::Case;
use crate::sim::system::{About, SeedRun, System, nanos};

/// Chandy-Lamport snapshots of banks, over links that are made FIFO.
pub(crate) struct Snapshot;

/// A bank with all the evidence, clocks and journals, on links made FIFO.
pub(crate) type Node = Fifo<Snapshotting<Journaled<Traced<Bank>>, Paged<Clocked<Cloned>>>>;
type Money = Stamped<u64>;
type Cut = GlobalSnapshot<Page<Timed<Bank>>, Money>;

/// What every bank holds at first.
const BALANCE: u64 = 1_000;
/// Nobody waits longer for a snapshot.
const TIMEOUT_MAX: Duration = Duration::from_secs(5);

/// So many messages never wait in a run.
const UNACKNOWLEDGED_MAX: usize = 65_536;
/// So many do, while a link is cut; in a healed system fewer.
const UNACKNOWLEDGED_FEW: usize = 8;

/// The limits of its nodes.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Limits {
    window: usize,
    repeat_ms: u64,
    recordings_max: usize,
    channel_messages_max: usize,
    timeout_ms: u64,
    #[serde(default = "roomy")]
    unacknowledged_max: usize,
}

const fn roomy() -> usize {
    UNACKNOWLEDGED_MAX
}

impl System for Snapshot {
    type Process = Node;
    type Limits = Limits;
    type Clients = Clients;
    type Judge = Judge;

    const ABOUT: About = About {
        name: "snapshot",
        what: "Chandy-Lamport snapshots of banks, over links made FIFO",
        promise: "every snapshot reported complete is a consistent cut with exact channels; each ends once",
        checked: "vector clocks, both ends' journals of every channel, all money at every cut, markers counted; after a crash or a full session clocks, journals of the others, and the last cuts by money and markers",
        crates: &["snapshot", "clocks"],
        assumes: "torn writes are left out, because its nodes hardly write",
        gives_up: None,
    };

    fn faults() -> FaultSet {
        let mut faults = FaultSet::all();
        faults.remove(Fault::Torn);
        faults
    }

    fn limits(choices: &mut impl Choose) -> Limits {
        Limits {
            window: pick(choices, [64, 4, 1]),
            recordings_max: pick(choices, [16, 16, 2]),
            channel_messages_max: pick(choices, [4_096, 4_096, 2]),
            repeat_ms: pick(choices, [50, 20, 200]),
            timeout_ms: pick(choices, [5_000, 2_000, 500]),
            unacknowledged_max: if choices.choose(8) == 7 {
                UNACKNOWLEDGED_FEW
            } else {
                UNACKNOWLEDGED_MAX
            },
        }
    }

    fn config(
        limits: &Limits,
        id: NodeId,
        nodes: &[NodeId],
    ) -> Result<<Node as Recover>::Config, BadInput> {
        let members = || nodes.iter().copied();
        let snapshots = SnapshotConfig {
            recordings_max: limits.recordings_max,
            channel_messages_max: limits.channel_messages_max,
            timeout_ns: nanos(Duration::from_millis(limits.timeout_ms).min(TIMEOUT_MAX)),
            ..SnapshotConfig::new(id, members(), TracedConfig::new(id, members(), BALANCE))
        };
        Ok(FifoConfig {
            window: limits.window,
            unacknowledged_max: limits.unacknowledged_max,
            repeat_ns: nanos(Duration::from_millis(limits.repeat_ms)),
            ..FifoConfig::new(id, members(), snapshots)
        })
    }

    fn players(case: &Case) -> (Clients, Judge) {
        (Clients::new(case, Self::CHAOS), Judge::default())
    }

    fn verdict(mut outcome: Outcome, clients: Clients, judge: Judge) -> SeedRun {
        let mut evidence = Vec::new();
        if outcome.violation.is_none() && outcome.unknown.is_none() {
            let cuts = clients.cuts();
            let broken = cuts
                .iter()
                .find_map(|cut| Some((cut, judge.channels(cut, clients.lossy())?)));
            if let Some((cut, broken)) = broken {
                evidence.push(format!("{} has {:?}", cut.id, cut.channels));
                outcome.violation = Some(Violation::new(
                    broken.rule(),
                    format!("{}: {broken}", cut.id),
                ));
            } else {
                outcome.violation = judge.markers(&clients);
            }
        }
        SeedRun {
            outcome,
            tally: clients.tally(),
            evidence,
            history: None,
            given_up: None,
        }
    }
}
