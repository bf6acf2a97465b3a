//! `[[candidate]]`: what could be done with the nodes.
//!
//! | protocol | a read | a write | quorums must meet |
//! |---|---|---|---|
//! | `quorum` | a read quorum | a write quorum | read with write |
//! | `partial` | the first `r` of all | all, until `w` have it | no |
//! | `leader` | the leader, and a read quorum | the leader, and a write quorum | read with write and with read |
//! | `lease` | the leader alone, while its lease lasts | the same as `leader` | the same |
//! | `write-all` | any one node | all nodes | by themselves |
//! | `chain` | the tail | all, from head to tail | by themselves |
//! | `local` | the client's node | the client's node | no |

mod system;
pub(super) use system::list;

use quorum::{Expression, QuorumSystem};
use transport::NodeId;

use super::nearest::nearest;
use super::nodes::Node;
use super::question::{Wanted, wanted};
use super::source::{Entry, Source, Table};
use crate::exit::BadInput;

/// The most candidates of a file.
const CANDIDATES_MAX: usize = 256;

/// How a candidate works.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Quorum,
    Partial,
    Leader,
    Lease,
    WriteAll,
    Chain,
    Local,
}

impl Kind {
    const ALL: [(&'static str, Self); 7] = [
        ("quorum", Self::Quorum),
        ("partial", Self::Partial),
        ("leader", Self::Leader),
        ("lease", Self::Lease),
        ("write-all", Self::WriteAll),
        ("chain", Self::Chain),
        ("local", Self::Local),
    ];

    /// As in the file.
    pub(crate) fn name(self) -> &'static str {
        let known = Self::ALL.iter().find(|(_, kind)| *kind == self);
        known.map_or("", |(name, _)| name)
    }
}

/// One way to use the nodes.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// Its nodes: of a chain from head to tail, otherwise in the order of the file.
    pub(crate) nodes: Vec<NodeId>,
    /// What a read contacts.
    pub(crate) reads: Expression<NodeId>,
    /// What a write contacts, or waits for.
    pub(crate) writes: Expression<NodeId>,
    /// The two, if they meet.
    pub(crate) system: Option<QuorumSystem<NodeId>>,
    /// How many answer a read and acknowledge a write, if any such number will do.
    pub(crate) counts: Option<(u32, u32)>,
    /// Who leads at first.
    pub(crate) leader: Option<NodeId>,
    pub(crate) wanted: Wanted,
    /// Whether the search found it.
    pub(crate) is_found: bool,
}

impl Candidate {
    /// Any `r` of `n` nodes to read and any `w` to write, which meet unless the candidate is partial.
    pub(crate) fn of_counts(
        name: &str,
        kind: Kind,
        n: u32,
        r: u32,
        w: u32,
    ) -> Result<Self, BadInput> {
        let nodes = (0..n).map(NodeId).collect();
        let made = system::of_counts(nodes, r, w, kind != Kind::Partial).map_err(BadInput::new)?;
        Ok(Self::of_made(name, kind, made))
    }

    /// These quorums; writes by the dual of the reads unless they are given.
    pub(crate) fn of_expressions(
        flag: &str,
        name: &str,
        reads: &Expression<String>,
        writes: Option<&Expression<String>>,
        nodes: &[Node],
    ) -> Result<Self, BadInput> {
        let over =
            |of: &Expression<String>| of.map(|name| number_of(name, nodes).unwrap_or_default());
        let system = match writes {
            Some(writes) => QuorumSystem::new(over(reads), over(writes)),
            None => QuorumSystem::from_reads(over(reads)),
        };
        let made = system.and_then(|system| system::of_system(system, None));
        let made = made.map_err(|error| BadInput::at(flag, system::message(&error, nodes)))?;
        Ok(Self::of_made(name, Kind::Quorum, made))
    }

    /// A system that was found.
    pub(crate) fn of_system(
        name: &str,
        system: QuorumSystem<NodeId>,
        wanted: Wanted,
    ) -> Result<Self, BadInput> {
        let made = system::of_system(system, None).map_err(BadInput::new)?;
        Ok(Self {
            wanted,
            is_found: true,
            ..Self::of_made(name, Kind::Quorum, made)
        })
    }

    fn of_made(name: &str, kind: Kind, made: system::Made) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            nodes: made.nodes,
            reads: made.reads,
            writes: made.writes,
            system: made.system,
            counts: made.counts,
            leader: None,
            wanted: Wanted::default(),
            is_found: false,
        }
    }
}

const KEYS: [&str; 16] = [
    "name",
    "protocol",
    "nodes",
    "reads",
    "writes",
    "n",
    "r",
    "w",
    "construction",
    "rows",
    "fan_out",
    "weights",
    "leader",
    "order",
    "strategy",
    "hub",
];

/// The candidates, in the order of the file.
pub(super) fn candidates(
    entry: Option<Entry<'_>>,
    nodes: &[Node],
    otherwise: &Wanted,
    source: &Source<'_>,
) -> Result<Vec<Candidate>, BadInput> {
    let Some(entry) = entry else {
        return Err(source.complain_of_all("there is no [[candidate]]: give at least one"));
    };
    let list = entry.list("candidates, each under [[candidate]]")?;
    if list.len() > CANDIDATES_MAX {
        let message = format!(
            "{} candidates, and a plan has at most {CANDIDATES_MAX}",
            list.len()
        );
        return Err(entry.wrong(message));
    }
    let mut candidates: Vec<Candidate> = Vec::new();
    for entry in &list {
        let table = entry.table("a table, under [[candidate]]")?;
        let candidate = candidate(&table, nodes, otherwise)?;
        if candidates.iter().any(|known| known.name == candidate.name) {
            let name = &candidate.name;
            let message = format!("another candidate is called {name:?} too");
            return Err(table.need("name", "")?.wrong(message));
        }
        candidates.push(candidate);
    }
    Ok(candidates)
}

fn candidate(table: &Table<'_>, nodes: &[Node], otherwise: &Wanted) -> Result<Candidate, BadInput> {
    table.only(&KEYS)?;
    let name = table.need("name", "what the candidate is called")?;
    let text = name.text("what the candidate is called")?;
    if text.trim().is_empty() || text.chars().count() > 64 || text.chars().any(char::is_control) {
        return Err(name.wrong("a name has 1 to 64 characters, and is one line"));
    }
    let kind = match table.get("protocol") {
        Some(entry) => entry.choice(&Kind::ALL)?,
        None => Kind::Quorum,
    };
    let mut made = system::made(table, kind, nodes)?;
    let leader = match table.get("leader") {
        None => matches!(kind, Kind::Leader | Kind::Lease).then(|| made.nodes.first().copied()),
        Some(entry) if !matches!(kind, Kind::Leader | Kind::Lease) => {
            let kind = kind.name();
            return Err(entry.wrong(format_args!(
                "a candidate of protocol `{kind}` has no leader"
            )));
        }
        Some(entry) => {
            let leader = named(&entry, nodes)?;
            if !made.nodes.contains(&leader) {
                return Err(entry.wrong("this node belongs to no quorum of the candidate"));
            }
            Some(Some(leader))
        }
    };
    if kind != Kind::Chain {
        made.nodes.sort();
    }
    Ok(Candidate {
        leader: leader.flatten(),
        wanted: wanted(table.get("strategy"), otherwise)?,
        ..Candidate::of_made(text, kind, made)
    })
}

/// The node of this name.
fn named(entry: &Entry<'_>, nodes: &[Node]) -> Result<NodeId, BadInput> {
    let name = entry.text("the name of a node")?;
    number_of(name, nodes).ok_or_else(|| {
        let guess = nearest(name, nodes.iter().map(|node| node.name.as_str()));
        entry.wrong(format_args!("there is no node {name:?} in [nodes]{guess}"))
    })
}

fn number_of(name: &str, nodes: &[Node]) -> Option<NodeId> {
    let place = nodes.iter().position(|node| node.name == name)?;
    // At most 1,024 nodes.
    u32::try_from(place).ok().map(NodeId)
}
