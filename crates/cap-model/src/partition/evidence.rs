//! Why an operation is answered on a side, or is not: the nodes that are enough, or that are missing.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use transport::NodeId;

use super::Protocol;
use super::links::{Links, bit, places};
use super::rules::{Answers, Enough, Rules};
use crate::{Operation, Side};

/// Why: one reason for who is answered, one for who is not.
///
/// ```
/// use cap_model::partition::{Protocol, Reason, rows};
/// use cap_model::{Shape, Side};
/// use transport::NodeId;
/// let lonely = Side::of([NodeId(0)])?;
/// let rows = rows(&Protocol::partial(3, 2, 2)?, &Shape::split(3, lonely)?)?;
/// let because = &rows[0].because;
/// assert_eq!(because.reasons, [Reason::Misses { node: NodeId(0), missing: lonely.complement(3) }]);
/// assert_eq!(because.to_string(), "n0 needs one of {n1 n2} and has none both ways");
/// assert_eq!(
///     because.named(|node| ["eu", "us", "ap"][node.0 as usize].into()),
///     "eu needs one of {us ap} and has none both ways",
/// );
/// # Ok::<(), cap_model::partition::PartitionError>(())
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Because {
    /// The reasons; at least one.
    pub reasons: Vec<Reason>,
}

/// A reason that can be checked.
///
/// ```
/// use cap_model::partition::{Protocol, Reason, rows};
/// use cap_model::{Shape, Side};
/// use transport::NodeId;
/// let rows = rows(&Protocol::partial(3, 2, 2)?, &Shape::whole(3)?)?;
/// let quorum = Side::of([NodeId(0), NodeId(1)])?;
/// assert_eq!(rows[0].because.reasons, [Reason::Gathers { node: NodeId(0), quorum }]);
/// # Ok::<(), cap_model::partition::PartitionError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// The node has these both ways, and they are enough; without any of them the rest is not.
    Gathers {
        /// Who is answered.
        node: NodeId,
        /// A least set that is enough: no smaller one inside it is.
        quorum: Side,
    },
    /// The node has none of these both ways, and without all of them nothing is enough.
    Misses {
        /// Who is not answered.
        node: NodeId,
        /// A least set that blocks: with any one of them the rest would be enough.
        missing: Side,
    },
    /// The leader has these both ways, and they are enough to commit.
    Leads {
        /// The leader, or one of those that can be elected.
        leader: NodeId,
        /// A least set that is enough.
        quorum: Side,
        /// Whether it was elected after the links had changed.
        is_elected: bool,
    },
    /// Only the leader answers, and it is not one of these.
    Follows {
        /// Who is not answered.
        nodes: Side,
        /// Who may lead.
        leaders: Side,
    },
    /// The old leader has lost its quorum, and whoever hears its heartbeats does not vote.
    Bound {
        /// The old leader.
        leader: NodeId,
        /// Who hears it.
        hearing: Side,
    },
    /// A link that the operation needs does not work.
    Cut {
        /// From this node …
        from: NodeId,
        /// … to this one.
        to: NodeId,
    },
    /// Every link that the operation needs works.
    Linked {
        /// Who is answered.
        node: NodeId,
    },
    /// The node answers alone.
    Alone {
        /// Who is answered.
        node: NodeId,
    },
    /// The node is no replica, and only replicas answer.
    NoReplica {
        /// Who is not answered.
        node: NodeId,
    },
}

impl Because {
    /// In words, with these names for the nodes.
    #[must_use]
    pub fn named(&self, name_of: impl Fn(NodeId) -> String) -> String {
        let reasons = self.reasons.iter().map(|reason| reason.named(&name_of));
        reasons.collect::<Vec<_>>().join("; ")
    }
}

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.named(|node| node.to_string()))
    }
}

impl Reason {
    fn named(&self, name_of: &impl Fn(NodeId) -> String) -> String {
        let set = |side: Side| {
            let names: Vec<String> = side.nodes().map(name_of).collect();
            format!("{{{}}}", names.join(" "))
        };
        match *self {
            Self::Gathers { node, quorum } => {
                format!("{} has {} both ways", name_of(node), set(quorum))
            }
            Self::Misses { node, missing } => {
                let (node, missing) = (name_of(node), set(missing));
                format!("{node} needs one of {missing} and has none both ways")
            }
            Self::Leads {
                leader,
                quorum,
                is_elected,
            } => {
                let verb = if is_elected {
                    "can be elected"
                } else {
                    "leads on"
                };
                let (leader, quorum) = (name_of(leader), set(quorum));
                format!("{leader} {verb} with {quorum}")
            }
            Self::Follows { nodes, leaders } => {
                let verb = if leaders.len() > 1 { "one of " } else { "" };
                let (nodes, leaders) = (set(nodes), set(leaders));
                format!("{nodes} only follow: {verb}{leaders} leads")
            }
            Self::Bound { leader, hearing } => {
                let (leader, hearing) = (name_of(leader), set(hearing));
                format!(
                    "{leader} has lost its quorum, and {hearing} elect nobody while they hear it"
                )
            }
            Self::Cut { from, to } => {
                format!("the link from {} to {} is cut", name_of(from), name_of(to))
            }
            Self::Linked { node } => format!("{} has every link it needs", name_of(node)),
            Self::Alone { node } => format!("{} answers alone", name_of(node)),
            Self::NoReplica { node } => format!("{} is no replica", name_of(node)),
        }
    }
}

/// What there is to explain.
pub(super) struct Asked<'a> {
    pub(super) protocol: &'a Protocol,
    pub(super) rules: &'a Rules<'a>,
    pub(super) links: &'a Links,
    pub(super) answers: &'a Answers,
    pub(super) operation: Operation,
    pub(super) side: Side,
}

impl Asked<'_> {
    pub(super) fn because(&self) -> Because {
        let answered = self.answers.of(self.operation);
        let here = self.side.bits() & answered;
        let silent = self.side.bits() & !answered;
        let reasons = match self.rules {
            Rules::Leader { .. } => self.led(here, silent),
            _ => {
                let answered = places(here).next().map(|node| self.answered(node));
                let silent = places(silent).next().map(|node| self.silent(node));
                answered.into_iter().chain(silent).collect()
            }
        };
        Because { reasons }
    }

    fn answered(&self, place: usize) -> Reason {
        let node = node_of(place);
        match self.rules {
            Rules::Chain(_) => Reason::Linked { node },
            Rules::Local { .. } => Reason::Alone { node },
            Rules::Gather { .. } | Rules::Leader { .. } => {
                let needs = self.rules.needs(self.operation);
                let quorum = least_enough(&needs, self.links.mutual(place), place);
                Reason::Gathers { node, quorum }
            }
        }
    }

    fn silent(&self, place: usize) -> Reason {
        let node = node_of(place);
        match self.rules {
            Rules::Chain(order) => self.cut(order, place),
            Rules::Local { .. } => Reason::NoReplica { node },
            Rules::Gather { .. } | Rules::Leader { .. } => {
                let all = self.protocol.replicas().bits();
                let mutual = self.links.mutual(place);
                let needs = self.rules.needs(self.operation);
                let failing = needs.iter().find(|enough| !enough.holds(mutual));
                let missing = failing.map_or(0, |enough| least_missing(enough, all, mutual));
                let missing = Side::from_bits(missing);
                Reason::Misses { node, missing }
            }
        }
    }

    /// The first link that fails, on the way of the operation.
    fn cut(&self, order: &[usize], node: usize) -> Reason {
        let (head, tail) = (order.first().copied(), order.last().copied());
        let (head, tail) = (head.unwrap_or(node), tail.unwrap_or(node));
        let way: Vec<usize> = match self.operation {
            Operation::Update => {
                let ends = (core::iter::once(node), core::iter::once(node));
                ends.0.chain(order.iter().copied()).chain(ends.1).collect()
            }
            _ => Vec::from([node, tail, node]),
        };
        let mut steps = way.iter().zip(way.iter().skip(1));
        let cut = steps.find(|&(&from, &to)| self.links.out(from) & bit(to) == 0);
        let (from, to) = cut.map_or((node, head), |(&from, &to)| (from, to));
        Reason::Cut {
            from: node_of(from),
            to: node_of(to),
        }
    }

    fn led(&self, here: u64, silent: u64) -> Vec<Reason> {
        let Rules::Leader {
            elect,
            commit,
            leader,
            ..
        } = self.rules
        else {
            return Vec::new();
        };
        let Answers {
            leaders,
            is_changed,
            ..
        } = *self.answers;
        let follows = Reason::Follows {
            nodes: Side::from_bits(silent),
            leaders: Side::from_bits(leaders),
        };
        if let Some(place) = places(here).next() {
            // One that leads on was elected before.
            let needs: &[_] = if is_changed {
                &[*elect, *commit]
            } else {
                &[*commit]
            };
            let leads = Reason::Leads {
                leader: node_of(place),
                quorum: least_enough(needs, self.links.mutual(place), place),
                is_elected: is_changed,
            };
            let others = (silent != 0).then_some(follows);
            return core::iter::once(leads).chain(others).collect();
        }
        if leaders != 0 {
            return Vec::from([follows]);
        }
        // Nobody can lead: with a quorum here, it is because of the old leader.
        let able = |&place: &usize| {
            let mutual = self.links.mutual(place);
            elect.holds(mutual) && commit.holds(mutual)
        };
        if places(self.side.bits()).any(|place| able(&place)) {
            return Vec::from([Reason::Bound {
                leader: node_of(*leader),
                hearing: Side::from_bits(self.links.out(*leader) & !bit(*leader)),
            }]);
        }
        // The side's best placed node.
        let best = places(self.side.bits()).max_by_key(|&place| {
            (
                self.links.mutual(place).count_ones(),
                core::cmp::Reverse(place),
            )
        });
        best.map(|place| self.silent(place)).into_iter().collect()
    }
}

fn node_of(place: usize) -> NodeId {
    NodeId(u32::try_from(place).unwrap_or(u32::MAX))
}

/// A least part of `from` for which all tests hold; the nodes after `own` go first, then those before.
fn least_enough(needs: &[Enough<'_>], from: u64, own: usize) -> Side {
    let mut kept = from;
    let others = places(from & !bit(own)).collect::<Vec<_>>();
    for place in others.into_iter().rev().chain([own]) {
        let fewer = kept & !bit(place);
        if needs.iter().all(|enough| enough.holds(fewer)) {
            kept = fewer;
        }
    }
    Side::from_bits(kept)
}

/// A least part of what is missing from `all` without which the test fails.
fn least_missing(enough: &Enough<'_>, all: u64, had: u64) -> u64 {
    let mut missing = all & !had;
    for place in places(missing) {
        let fewer = missing & !bit(place);
        if !enough.holds(all & !fewer) {
            missing = fewer;
        }
    }
    missing
}
