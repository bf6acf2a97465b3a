//! The verifier: whether a cut is consistent, and whether its channels are complete.
//!
//! Both functions are pure, know nothing of how a snapshot was taken, and take all they need as
//! arguments: they judge any snapshot algorithm.
//!
//! # Rules
//!
//! 0. *every-member*: the cut has a state of each member, and of nobody else.
//! 1. *no-orphan* (Mattern 1989, section 6): for all nodes `i` and `j`, the cut's clock of `i` knows
//!    no more steps of `j` than the cut contains. Else a message is received before the cut that is
//!    sent after it.
//! 2. *channel-exact* (Chandy and Lamport 1985, section 3.1): the recorded state of the channel from
//!    `i` to `j` is what `i` sent to `j` before its cut, without what `j` received of it before its
//!    cut, in the same order.
//! 3. *distinct-messages*: what was received is found among what was sent by its content, so no verdict
//!    rests on two equal messages of which one was received and one was not.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use clocks::VectorClock;
use thiserror::Error;
use transport::NodeId;

use crate::{Direction, JournalEntry};

/// A rule that a snapshot breaks, with the two nodes and the message.
///
/// ```
/// use snapshot::Broken;
/// use transport::NodeId;
/// let broken = Broken::Orphan { from: NodeId(0), to: NodeId(1), known: 5, recorded: 4 };
/// assert_eq!(broken.rule(), "no-orphan");
/// assert_eq!(broken.to_string(), "n1's state knows step 5 of n0, whose state was recorded at step 4");
/// ```
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum Broken {
    /// A state depends on a step that is after the cut.
    #[error(
        "{to}'s state knows step {known} of {from}, whose state was recorded at step {recorded}"
    )]
    Orphan {
        /// Whose step it is: it sent the message, or it sent one that led to it.
        from: NodeId,
        /// Who depends on it.
        to: NodeId,
        /// The number of the step.
        known: u64,
        /// The number of the last step before the cut.
        recorded: u64,
    },
    /// A message was received before the cut and sent after it.
    #[error("message {place} from {from} to {to} is received before the cut and sent after it")]
    ReceivedBeforeSent {
        /// The sender.
        from: NodeId,
        /// The receiver.
        to: NodeId,
        /// Which message of the channel, counted from 0.
        place: usize,
    },
    /// A message was on its way and is not recorded.
    #[error("message {place} from {from} to {to} was on its way and is not recorded")]
    Missing {
        /// The sender.
        from: NodeId,
        /// The receiver.
        to: NodeId,
        /// Which message of the channel, counted from 0.
        place: usize,
    },
    /// A message is recorded that was not on its way, or not at this place.
    #[error("entry {place} recorded from {from} to {to} was not on its way there")]
    Extra {
        /// The sender.
        from: NodeId,
        /// The receiver.
        to: NodeId,
        /// Which entry of the recorded channel, counted from 0.
        place: usize,
    },
    /// A message was received that was never sent, or more often than sent.
    #[error("entry {place} that {to} received from {from} was not sent")]
    NeverSent {
        /// The sender.
        from: NodeId,
        /// The receiver.
        to: NodeId,
        /// Which of the messages received on this channel, counted from 0.
        place: usize,
    },
    /// The cut has no state of a member.
    #[error("{node} is a member and not in the cut")]
    MemberMissing {
        /// The member.
        node: NodeId,
    },
    /// The cut has a state of a node that is not a member.
    #[error("{node} is in the cut and not a member")]
    Stranger {
        /// The node.
        node: NodeId,
    },
    /// Equal messages were sent on a channel, and some of them received before the cut: which ones
    /// cannot be told, and the verdict may depend on it. Number them, or stamp them with
    /// [`Traced`](crate::Traced).
    #[error("message {place} from {from} to {to} is equal to another one that was received")]
    Ambiguous {
        /// The sender.
        from: NodeId,
        /// The receiver.
        to: NodeId,
        /// Which message of the channel, counted from 0.
        place: usize,
    },
    /// A node has no clock, or no journal as long as its cut says.
    #[error("{node} is not in the evidence")]
    NoEvidence {
        /// The node.
        node: NodeId,
    },
}

impl Broken {
    /// The rule that does not hold.
    #[must_use]
    pub const fn rule(&self) -> &'static str {
        match self {
            Self::Orphan { .. } | Self::ReceivedBeforeSent { .. } => "no-orphan",
            Self::Missing { .. } | Self::Extra { .. } => "channel-exact",
            Self::NeverSent { .. } => "sent-before-received",
            Self::MemberMissing { .. } | Self::Stranger { .. } => "every-member",
            Self::Ambiguous { .. } => "distinct-messages",
            Self::NoEvidence { .. } => "evidence",
        }
    }
}

/// Proves a cut consistent from the vector clocks at which its states were recorded. O(n²).
///
/// `cut` holds the clock of each of the `members`, who in order are the slots of the clocks, as
/// [`Traced`](crate::Traced) has them. The members are asked for because a cut with a state too few
/// may look consistent.
///
/// ```
/// use clocks::VectorClock;
/// use snapshot::{Broken, verify_cut};
/// use transport::NodeId;
///
/// let members = [NodeId(0), NodeId(1)];
/// let clock = |counters: &[u64]| VectorClock::from_counters(counters);
/// let consistent = [(NodeId(0), clock(&[4, 1])?), (NodeId(1), clock(&[3, 2])?)];
/// assert_eq!(verify_cut(&members, &consistent.into()), Ok(()));
///
/// // n1 knows step 5 of n0, which n0 had not yet taken.
/// let orphan = [(NodeId(0), clock(&[4, 1])?), (NodeId(1), clock(&[5, 2])?)];
/// let broken = Broken::Orphan { from: NodeId(0), to: NodeId(1), known: 5, recorded: 4 };
/// assert_eq!(verify_cut(&members, &orphan.into()), Err(broken));
///
/// let broken = Broken::MemberMissing { node: NodeId(0) };
/// assert_eq!(verify_cut(&members, &[].into()), Err(broken));
/// # Ok::<(), clocks::ClockError>(())
/// ```
///
/// # Errors
///
/// [`Broken::MemberMissing`], [`Broken::Stranger`], [`Broken::Orphan`]; [`Broken::NoEvidence`] when
/// a clock has events in more slots than there are members.
pub fn verify_cut(members: &[NodeId], cut: &BTreeMap<NodeId, VectorClock>) -> Result<(), Broken> {
    if let Some(&node) = members.iter().find(|member| !cut.contains_key(member)) {
        return Err(Broken::MemberMissing { node });
    }
    if let Some(&node) = cut.keys().find(|node| !members.contains(node)) {
        return Err(Broken::Stranger { node });
    }
    for (&to, clock) in cut {
        let beyond = clock.as_slice().get(cut.len()..).unwrap_or(&[]);
        if beyond.iter().any(|&count| count > 0) {
            return Err(Broken::NoEvidence { node: to });
        }
        for (slot, (&from, own)) in cut.iter().enumerate() {
            let (known, recorded) = (clock.get(slot), own.get(slot));
            if known > recorded {
                return Err(Broken::Orphan {
                    from,
                    to,
                    known,
                    recorded,
                });
            }
        }
    }
    Ok(())
}

/// What one node did, and where the cut falls.
///
/// ```
/// use snapshot::{Direction, JournalEntry, NodeCut};
/// use transport::NodeId;
/// let sent = [JournalEntry { direction: Direction::Sent, peer: NodeId(1), message: 'a' }];
/// let cut = NodeCut { journal: &sent, entries: 1 };
/// assert_eq!(cut.entries, 1);
/// ```
#[derive(Debug)]
pub struct NodeCut<'a, M> {
    /// Every message it sent and received, in order.
    pub journal: &'a [JournalEntry<M>],
    /// How many of these entries are before the cut.
    pub entries: usize,
}

impl<M> Clone for NodeCut<'_, M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M> Copy for NodeCut<'_, M> {}

impl<M> NodeCut<'_, M> {
    fn before(&self) -> Option<&[JournalEntry<M>]> {
        self.journal.get(..self.entries)
    }
}

/// Proves the recorded channels complete and exact from the journals of both ends.
///
/// Every recorded channel is judged, and every pair of nodes that has exchanged messages before the
/// cut counts as a channel, recorded or not. Messages of a channel should be distinct: where some of
/// several equal ones were received before the cut and some were not, nothing is proved. O(nodes² ×
/// entries + the square of the messages of a channel).
///
/// ```
/// use snapshot::{Broken, Direction, JournalEntry, NodeCut, verify_channels};
/// use transport::NodeId;
///
/// let (n0, n1) = (NodeId(0), NodeId(1));
/// let entry = |direction, peer, message| JournalEntry { direction, peer, message };
/// // n0 sends 'a' and 'b' before its cut; n1 receives 'a' before its own.
/// let sent = [entry(Direction::Sent, n1, 'a'), entry(Direction::Sent, n1, 'b')];
/// let received = [entry(Direction::Received, n0, 'a')];
/// let cuts = [
///     (n0, NodeCut { journal: &sent[..], entries: 2 }),
///     (n1, NodeCut { journal: &received[..], entries: 1 }),
/// ]
/// .into();
///
/// assert_eq!(verify_channels(&[((n0, n1), vec!['b'])].into(), &cuts), Ok(()));
/// let broken = Broken::Missing { from: n0, to: n1, place: 1 };
/// assert_eq!(verify_channels(&[((n0, n1), vec![])].into(), &cuts), Err(broken));
/// ```
///
/// # Errors
///
/// [`Broken::ReceivedBeforeSent`], [`Broken::NeverSent`], [`Broken::Missing`], [`Broken::Extra`],
/// [`Broken::Ambiguous`], [`Broken::NoEvidence`].
pub fn verify_channels<M: PartialEq>(
    channels: &BTreeMap<(NodeId, NodeId), Vec<M>>,
    cuts: &BTreeMap<NodeId, NodeCut<'_, M>>,
) -> Result<(), Broken> {
    let ends = channels.keys().flat_map(|&(from, to)| [from, to]);
    if let Some(node) = ends.into_iter().find(|node| !cuts.contains_key(node)) {
        return Err(Broken::NoEvidence { node });
    }
    for (&from, sender) in cuts {
        for (&to, receiver) in cuts {
            let recorded = channels.get(&(from, to)).map_or(&[][..], Vec::as_slice);
            verify_channel((from, to), sender, receiver, recorded)?;
        }
    }
    Ok(())
}

fn verify_channel<M: PartialEq>(
    (from, to): (NodeId, NodeId),
    sender: &NodeCut<'_, M>,
    receiver: &NodeCut<'_, M>,
    recorded: &[M],
) -> Result<(), Broken> {
    let sent_before = sender.before().ok_or(Broken::NoEvidence { node: from })?;
    let received_before = receiver.before().ok_or(Broken::NoEvidence { node: to })?;
    let all_sent: Vec<&M> = of(sender.journal, Direction::Sent, to).collect();
    let sent_len = of(sent_before, Direction::Sent, to).count();
    // Which of the messages sent are received before the cut: each received one is the first equal
    // one not yet taken. That the first ones go first can only excuse; what is broken even so is.
    let mut is_taken: Vec<bool> = all_sent.iter().map(|_| false).collect();
    let mut first_open = 0;
    for (place, message) in of(received_before, Direction::Received, from).enumerate() {
        let open = all_sent.iter().zip(&is_taken).enumerate().skip(first_open);
        let mut fitting = open.filter(|(_, (sent, taken))| !**taken && **sent == message);
        let Some((index, _)) = fitting.next() else {
            return Err(Broken::NeverSent { from, to, place });
        };
        if index >= sent_len {
            let place = index;
            return Err(Broken::ReceivedBeforeSent { from, to, place });
        }
        if let Some(taken) = is_taken.get_mut(index) {
            *taken = true;
        }
        while is_taken.get(first_open).is_some_and(|taken| *taken) {
            first_open = first_open.saturating_add(1);
        }
    }
    // Rule 3: had another one of them been received, the verdict could be another.
    let open = all_sent.iter().zip(&is_taken).enumerate();
    for (place, (message, _)) in open.filter(|(_, (_, taken))| !**taken) {
        let mut received = all_sent.iter().zip(&is_taken).filter(|(_, taken)| **taken);
        if received.any(|(other, _)| other == message) {
            return Err(Broken::Ambiguous { from, to, place });
        }
    }
    let sent = all_sent.iter().zip(&is_taken).take(sent_len).enumerate();
    let mut on_the_way = sent.filter(|(_, (_, taken))| !**taken);
    let mut entries = recorded.iter().enumerate();
    loop {
        match (on_the_way.next(), entries.next()) {
            (None, None) => return Ok(()),
            (Some((place, (sent, _))), Some((entry, message))) if *sent != message => {
                // Either the one was skipped, or the other one slipped in.
                let is_skipped = recorded.iter().skip(entry).all(|later| later != *sent);
                return Err(if is_skipped {
                    Broken::Missing { from, to, place }
                } else {
                    let place = entry;
                    Broken::Extra { from, to, place }
                });
            }
            (Some(_), Some(_)) => {}
            (Some((place, _)), None) => return Err(Broken::Missing { from, to, place }),
            (None, Some((place, _))) => return Err(Broken::Extra { from, to, place }),
        }
    }
}

fn of<M>(
    entries: &[JournalEntry<M>],
    direction: Direction,
    peer: NodeId,
) -> impl Iterator<Item = &M> {
    let fitting =
        move |entry: &&JournalEntry<M>| entry.direction == direction && entry.peer == peer;
    entries.iter().filter(fitting).map(|entry| &entry.message)
}
