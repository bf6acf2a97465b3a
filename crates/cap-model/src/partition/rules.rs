//! The rules at the top of [`partition`](super), on words.

use alloc::vec::Vec;

use quorum::QuorumSystem;
use transport::NodeId;

use super::links::{Links, bit, places};
use super::{Election, Leadership, PartitionError, Protocol};
use crate::Operation;

/// So many nodes have so few sets that whether each is a quorum fits into a word.
const TABLE_NODES_MAX: u32 = 5;

/// Which sets are enough: a monotone test.
#[derive(Clone, Copy, Debug)]
pub(super) enum Enough<'a> {
    /// A bit for each set of up to five nodes.
    Table(u32),
    Read(&'a QuorumSystem<NodeId>),
    Write(&'a QuorumSystem<NodeId>),
    /// So many of these.
    Count {
        of: u64,
        needed: u32,
    },
}

impl Enough<'_> {
    pub(super) fn holds(&self, nodes: u64) -> bool {
        let has = |node: &NodeId| node.0 < 64 && nodes & bit(node.0 as usize) != 0;
        match self {
            Self::Table(table) => table >> (nodes & 31) & 1 == 1,
            Self::Read(quorums) => quorums.is_read_quorum(has),
            Self::Write(quorums) => quorums.is_write_quorum(has),
            Self::Count { of, needed } => (nodes & of).count_ones() >= *needed,
        }
    }

    /// The same as a table, where it fits.
    fn tabled(self, nodes: u32) -> Self {
        if nodes > TABLE_NODES_MAX {
            return self;
        }
        let sets = 0..1_u64 << nodes;
        let holding = sets.filter(|&set| self.holds(set));
        Self::Table(holding.fold(0, |table, set| table | 1 << set))
    }
}

/// What a protocol needs, ready to be asked of many states.
#[derive(Clone, Debug)]
pub(super) enum Rules<'a> {
    /// Each operation gathers all that it needs, both ways.
    Gather {
        write: [Option<Enough<'a>>; 2],
        read: [Option<Enough<'a>>; 2],
    },
    Leader {
        elect: Enough<'a>,
        commit: Enough<'a>,
        leader: usize,
        election: Election,
        voters: u64,
    },
    Chain(Vec<usize>),
    Local {
        replicas: u64,
    },
}

/// Who is answered.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Answers {
    pub(super) writes: u64,
    pub(super) reads: u64,
    /// Who may lead: one that leads on, or any of those that can be elected.
    pub(super) leaders: u64,
    /// Whether the leader had to change.
    pub(super) is_changed: bool,
    /// Who can be elected while the old leader still sends heartbeats: those that do not hear it, by others
    /// that do not.
    pub(super) at_once: u64,
}

impl Answers {
    pub(super) const fn of(&self, operation: Operation) -> u64 {
        match operation {
            Operation::Update => self.writes,
            Operation::Observe | Operation::Prepare => self.reads,
        }
    }
}

impl<'a> Rules<'a> {
    pub(super) fn new(protocol: &'a Protocol, nodes: u32) -> Result<Self, PartitionError> {
        protocol.check(nodes)?;
        let replicas = protocol.replicas();
        let of = replicas.bits();
        let count = |needed| Some(Enough::Count { of, needed }.tabled(nodes));
        Ok(match protocol {
            Protocol::Quorum(quorums) => {
                let both = [
                    Some(Enough::Read(quorums).tabled(nodes)),
                    Some(Enough::Write(quorums).tabled(nodes)),
                ];
                Self::Gather {
                    write: both,
                    read: both,
                }
            }
            Protocol::Partial { read, write, .. } => Self::Gather {
                write: [count(*write), None],
                read: [count(*read), None],
            },
            Protocol::WriteAll(_) => Self::Gather {
                write: [count(replicas.len()), None],
                read: [count(1), None],
            },
            Protocol::Leader(leadership) | Protocol::Lease { leadership, .. } => {
                Self::led(leadership, of, nodes)
            }
            Protocol::Chain(order) => {
                Self::Chain(order.iter().map(|node| node.0 as usize).collect())
            }
            Protocol::Local { .. } => Self::Local { replicas: of },
        })
    }

    fn led(leadership: &'a Leadership, voters: u64, nodes: u32) -> Self {
        let quorums = leadership.quorums();
        Self::Leader {
            elect: Enough::Read(quorums).tabled(nodes),
            commit: Enough::Write(quorums).tabled(nodes),
            leader: leadership.leader().0 as usize,
            election: leadership.election(),
            voters,
        }
    }

    /// What an operation gathers, both ways.
    pub(super) fn needs(&self, operation: Operation) -> Vec<Enough<'a>> {
        match (self, operation) {
            (Self::Gather { write, .. }, Operation::Update) => {
                write.iter().flatten().copied().collect()
            }
            (Self::Gather { read, .. }, _) => read.iter().flatten().copied().collect(),
            (Self::Leader { elect, commit, .. }, _) => Vec::from([*elect, *commit]),
            (Self::Chain(_) | Self::Local { .. }, _) => Vec::new(),
        }
    }

    /// Whether the rules are the same after the nodes have been given these places.
    pub(super) fn are_kept_by(&self, renaming: &[usize], nodes: usize) -> bool {
        let image = |set: u64| {
            let moved = places(set).filter_map(|place| renaming.get(place));
            moved.fold(0, |image, &place| image | bit(place))
        };
        let is_same = |enough: &Enough<'_>| {
            (0..1_u64 << nodes).all(|set| enough.holds(set) == enough.holds(image(set)))
        };
        match self {
            Self::Gather { write, read } => write.iter().chain(read).flatten().all(is_same),
            Self::Leader {
                elect,
                commit,
                leader,
                ..
            } => renaming.get(*leader) == Some(leader) && is_same(elect) && is_same(commit),
            Self::Chain(order) => order.iter().all(|node| renaming.get(*node) == Some(node)),
            Self::Local { replicas } => image(*replicas) == *replicas,
        }
    }

    /// Who is answered, in this state.
    pub(super) fn answers(&self, links: &Links) -> Answers {
        match self {
            Self::Gather { write, read } => {
                let gathered = |needs: &[Option<Enough<'_>>; 2]| {
                    let nodes = (0..links.nodes()).filter(|&node| {
                        let mutual = links.mutual(node);
                        needs.iter().flatten().all(|enough| enough.holds(mutual))
                    });
                    nodes.fold(0, |set, node| set | bit(node))
                };
                Answers {
                    writes: gathered(write),
                    reads: gathered(read),
                    ..Answers::default()
                }
            }
            Self::Leader {
                elect,
                commit,
                leader,
                election,
                voters,
            } => led_answers(links, [*elect, *commit], (*leader, *election, *voters)),
            Self::Chain(order) => chain_answers(links, order),
            Self::Local { replicas } => Answers {
                writes: *replicas,
                reads: *replicas,
                ..Answers::default()
            },
        }
    }
}

/// The rules under "who leads".
fn led_answers(
    links: &Links,
    [elect, commit]: [Enough<'_>; 2],
    (leader, election, voters): (usize, Election, u64),
) -> Answers {
    if commit.holds(links.mutual(leader)) {
        return Answers {
            writes: bit(leader),
            reads: bit(leader),
            leaders: bit(leader),
            ..Answers::default()
        };
    }
    // Those that hear the old leader neither stand nor vote while it sends heartbeats.
    let bound = links.out(leader);
    let able = |without: u64| {
        let stands = |&node: &usize| {
            let mutual = links.mutual(node);
            bit(node) & without == 0 && elect.holds(mutual & !without) && commit.holds(mutual)
        };
        places(voters)
            .filter(stands)
            .fold(0, |set, node| set | bit(node))
    };
    let at_once = able(bound);
    let leaders = match election {
        Election::PreVote => at_once,
        Election::CheckQuorum => able(0),
    };
    let named = places(leaders).min_by_key(|&node| is_apart(links, node));
    let named = named.map_or(0, bit);
    Answers {
        writes: named,
        reads: named,
        leaders,
        is_changed: true,
        at_once,
    }
}

/// Whether no other node of its side has every link of this one: then it is not only its role that sets it
/// apart.
fn is_apart(links: &Links, node: usize) -> bool {
    let side = links.side_of(node);
    !links.has_equal(NodeId(u32::try_from(node).unwrap_or(u32::MAX)), side)
}

fn chain_answers(links: &Links, order: &[usize]) -> Answers {
    let (Some(&head), Some(&tail)) = (order.first(), order.last()) else {
        return Answers::default();
    };
    let next = order.iter().zip(order.iter().skip(1));
    let is_joined = next
        .into_iter()
        .all(|(&one, &next)| links.out(one) & bit(next) != 0);
    Answers {
        writes: if is_joined {
            links.into(head) & links.out(tail)
        } else {
            0
        },
        reads: links.mutual(tail),
        ..Answers::default()
    }
}
