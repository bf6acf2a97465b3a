//! `[leader]`, `[partitions]` and `[search]`: timers, which states of the links to show, and what to look for.

use cap_model::partition::{Election, LeaderTiming};
use transport::NodeId;

use super::candidate::list;
use super::nodes::Node;
use super::source::{Entry, Place};
use crate::exit::BadInput;

/// The timers of protocols with a leader.
#[derive(Clone, Debug)]
pub(crate) struct Leader {
    /// How long a change of the leader takes follows from these, if the file says them.
    pub(crate) timing: Option<LeaderTiming>,
    pub(crate) election: Election,
    /// How long a lease lasts from its last renewal.
    pub(crate) lease_ms: f64,
    /// Whether no clock runs faster than another by more than a lease allows for.
    pub(crate) are_clock_rates_bounded: bool,
}

impl Default for Leader {
    fn default() -> Self {
        Self {
            timing: None,
            election: Election::default(),
            lease_ms: 150.0,
            are_clock_rates_bounded: true,
        }
    }
}

/// Reads `[leader]`.
pub(super) fn leader(entry: &Entry<'_>) -> Result<Leader, BadInput> {
    let table =
        entry.table("a table, as in { election_timeout_ms = [150, 300], heartbeat_ms = 50 }")?;
    table.only(&[
        "election_timeout_ms",
        "heartbeat_ms",
        "delay_ms",
        "check_quorum",
        "lease_ms",
        "clock_rates_bounded",
    ])?;
    let mut leader = Leader::default();
    if let Some(timeouts) = table.get("election_timeout_ms") {
        let what = "the shortest and the longest wait, as in [150, 300]";
        let list = timeouts.list(what)?;
        let [low, high] = list.as_slice() else {
            return Err(timeouts.expected(what));
        };
        let heartbeat = table.need("heartbeat_ms", "how often a leader is heard")?;
        let delay = table.need("delay_ms", "how long a message takes one way")?;
        let timing = LeaderTiming::new(
            [low.milliseconds()?, high.milliseconds()?],
            heartbeat.milliseconds()?,
            delay.milliseconds()?,
        );
        leader.timing = Some(timing.map_err(|error| timeouts.wrong(error))?);
    } else {
        for key in ["heartbeat_ms", "delay_ms"] {
            if let Some(entry) = table.get(key) {
                return Err(entry.wrong(format_args!(
                    "`{key}` needs `election_timeout_ms` beside it"
                )));
            }
        }
    }
    if let Some(entry) = table.get("check_quorum") {
        leader.election = if entry.truth()? {
            Election::CheckQuorum
        } else {
            Election::PreVote
        };
    }
    if let Some(entry) = table.get("lease_ms") {
        leader.lease_ms = entry.number("milliseconds above 0, at most 1e9", 1e-3..=1e9)?;
    }
    if let Some(entry) = table.get("clock_rates_bounded") {
        leader.are_clock_rates_bounded = entry.truth()?;
    }
    Ok(leader)
}

/// Which states of the links are shown.
#[derive(Clone, Debug, Default)]
pub(crate) struct Partitions {
    /// The first words of the shapes' names; empty for all.
    kinds: Vec<&'static str>,
    /// Whether the real state machines are run too.
    pub(crate) is_measured: bool,
}

impl Partitions {
    /// All shapes, and the real state machines in them.
    pub(super) const ALL: Self = Self {
        kinds: Vec::new(),
        is_measured: true,
    };

    /// The splits, and the real state machines in them.
    pub(super) fn splits() -> Self {
        Self {
            kinds: vec!["split"],
            is_measured: true,
        }
    }

    /// Whether a shape of this name is shown.
    pub(crate) fn is_shown(&self, shape: &str) -> bool {
        self.kinds.is_empty() || self.kinds.iter().any(|kind| shape.starts_with(kind))
    }
}

const KINDS: [&str; 8] = [
    "whole",
    "split",
    "one-way",
    "bridge",
    "ring",
    "star",
    "constrained election",
    "chain",
];

/// Reads `[partitions]`. Nothing, if none are to be shown.
pub(super) fn partitions(entry: &Entry<'_>) -> Result<Option<Partitions>, BadInput> {
    let table = entry.table("a table, as in { shapes = [\"split\", \"bridge\"] }")?;
    table.only(&["shapes", "measure"])?;
    let mut partitions = Partitions::ALL;
    if let Some(entry) = table.get("measure") {
        partitions.is_measured = entry.truth()?;
    }
    let Some(entry) = table.get("shapes") else {
        return Ok(Some(partitions));
    };
    match entry.as_text() {
        Some("all") => return Ok(Some(partitions)),
        Some("none") => return Ok(None),
        Some(_) => return Err(entry.expected("\"all\", \"none\", or a list of shapes")),
        None => {}
    }
    for entry in
        entry.list("\"all\", \"none\", or a list of shapes, as in [\"split\", \"bridge\"]")?
    {
        partitions
            .kinds
            .push(entry.choice(&KINDS.map(|kind| (kind, kind)))?);
    }
    Ok(Some(partitions))
}

/// What to look for among all systems over some nodes.
#[derive(Clone, Debug)]
pub(crate) struct Search {
    pub(crate) nodes: Vec<NodeId>,
    /// At least so many nodes may fail.
    pub(crate) resilience_min: usize,
    pub(crate) depth_max: Option<usize>,
    pub(crate) unavailability_max: Option<f64>,
    /// So many of those that nothing beats become candidates.
    pub(crate) found_max: usize,
    pub(crate) place: Place,
}

/// Reads `[search]`.
pub(super) fn search(entry: &Entry<'_>, nodes: &[Node]) -> Result<Search, BadInput> {
    let table = entry.table("a table, as in { resilience = 1 }")?;
    table.only(&["nodes", "resilience", "depth", "unavailability_max", "keep"])?;
    let whole = |key: &str, low: u64, high: u64| -> Result<Option<usize>, BadInput> {
        let number = table
            .get(key)
            .map(|entry| entry.whole(low..=high))
            .transpose()?;
        // At most 1,024.
        Ok(number.map(|number| number as usize))
    };
    let chosen = match table.get("nodes") {
        Some(entry) => list(&entry, nodes)?,
        None => (0..nodes.len() as u32).map(NodeId).collect(),
    };
    let unavailability = table.get("unavailability_max");
    if let Some(entry) = &unavailability
        && nodes.iter().all(|node| node.failure.is_none())
    {
        return Err(entry.wrong("no node says how likely its `failure` is"));
    }
    Ok(Search {
        nodes: chosen,
        resilience_min: whole("resilience", 0, 1_024)?.unwrap_or(0),
        depth_max: whole("depth", 1, 64)?,
        unavailability_max: unavailability
            .map(|entry| entry.probability())
            .transpose()?,
        found_max: whole("keep", 1, 64)?.unwrap_or(3),
        place: table.place(),
    })
}
