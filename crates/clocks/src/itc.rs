//! Interval tree clocks: causality among actors that come and go, without names for them.
//!
//! Rules (Almeida, Baquero and Fonte 2008, section 3). A stamp is a pair: the part of the line from
//! 0 to 1 that it owns, and the events that it knows.
//! - fork: divides what is owned between two stamps that know the same;
//! - event: counts one event, somewhere in what is owned and nowhere else;
//! - join: one stamp that owns and knows what both did;
//! - peek: what is known, without ownership.
//!
//! The others are made of these: send is event then peek; receive is join with what was peeked, then
//! event; sync is join then fork.
//!
//! Invariants: no two stamps in use own the same point; every stamp owns something; both parts are
//! in their canonical form; no tree is deeper than [`DEPTH_MAX`] or has more than [`LEAVES_MAX`]
//! leaves; a refused operation changes nothing. No operation recurses.

mod events;
mod id;
mod inflate;
#[cfg(feature = "serde")]
mod serial;
mod steps;

use alloc::boxed::Box;
use core::fmt;

pub use events::Events;
pub(crate) use id::Id;
pub(crate) use steps::{Builder, Steps};

use crate::{Causality, ClockError, Refused};
use steps::Leaf;

/// The greatest depth of a stamp's trees, also when it is decoded.
///
/// A fork of what cannot be divided otherwise adds one to the depth: a stamp that forks again and
/// again, and joins nothing, can do so this often.
pub const DEPTH_MAX: u16 = 1 << 10;

/// The greatest number of leaves in a stamp's trees, also when it is decoded: 65,536, a MiB.
pub const LEAVES_MAX: usize = 1 << 16;

/// An interval tree clock: an identity that can be divided and given back, and the events it knows.
///
/// For systems whose actors come and go: there are no names to assign, no entries to retire. A new
/// actor gets its stamp by a [`fork`](Self::fork) of any other's, without asking the rest; one that
/// leaves [`join`](Self::join)s its stamp into any other's. In return a stamp's size depends on how
/// that was done. **Give a stamp back to a neighbour**, the one for whom
/// [`joined_id_leaves`](Self::joined_id_leaves) is fewest: parts of the line that lie apart cannot become
/// one, and each piece costs leaves in everybody's events. The table in the crate's front page shows how
/// far that goes.
///
/// A clone is the same identity, for a copy on disk or a model checker. Only one of them may go on:
/// if both had events, they would be taken for the same. Their join is refused.
///
/// Messages carry [`Events`], which have no identity.
///
/// Space: 16 bytes a leaf of the events, 6 a leaf of the identity. Time: each operation is one or
/// two passes over the leaves of its inputs.
///
/// Source: Almeida, Baquero and Fonte, "Interval Tree Clocks: A Logical Clock for Dynamic Systems"
/// (2008).
///
/// ```
/// use clocks::itc::Stamp;
///
/// let mut alice = Stamp::seed();
/// let mut bob = alice.fork()?;
/// let message = alice.send()?;
/// bob.event()?;
/// assert!(bob.peek().is_concurrent(&message));
/// bob.receive(&message)?;
/// assert!(message.happened_before(bob.peek()));
///
/// // Bob leaves: Alice owns everything again.
/// alice.join(bob)?;
/// alice.event()?;
/// assert_eq!(alice.to_string(), "1: 2");
/// # Ok::<(), clocks::ClockError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Stamp {
    id: Id,
    events: Events,
}

impl Stamp {
    /// The first stamp of a system, which owns the whole line. There must be no other: every further
    /// one is forked from it.
    ///
    /// ```
    /// assert_eq!(clocks::itc::Stamp::seed().to_string(), "1: 0");
    /// ```
    #[must_use]
    pub fn seed() -> Self {
        Self {
            id: Id::whole(),
            events: Events::none(),
        }
    }

    /// Divides this stamp: it keeps one part of what it owns, and the new stamp gets the other. Both
    /// know the same.
    ///
    /// O(leaves).
    ///
    /// # Errors
    ///
    /// [`ClockError::TooDeep`] beyond [`DEPTH_MAX`]; [`ClockError::TooManyLeaves`]. The stamp is then
    /// unchanged.
    ///
    /// ```
    /// let mut alice = clocks::itc::Stamp::seed();
    /// let bob = alice.fork()?;
    /// assert_eq!((alice.to_string(), bob.to_string()), ("(1, 0): 0".into(), "(0, 1): 0".into()));
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn fork(&mut self) -> Result<Self, ClockError> {
        let (kept, given) = self.id.split()?;
        self.id = kept;
        Ok(Self {
            id: given,
            events: self.events.clone(),
        })
    }

    /// Takes over another stamp: what it owns, and what it knows. The other is used up.
    ///
    /// O(leaves of both).
    ///
    /// # Errors
    ///
    /// [`ClockError::OverlappingIds`] if both own the same point, as clones do;
    /// [`ClockError::TooManyLeaves`]. This stamp is then unchanged, and the error hands the other
    /// back.
    ///
    /// ```
    /// use clocks::{ClockError, itc::Stamp};
    ///
    /// let mut alice = Stamp::seed();
    /// let bob = alice.fork()?;
    /// alice.join(bob.clone())?;
    /// let refused = alice.join(bob.clone()).unwrap_err();
    /// assert_eq!(refused.error, ClockError::OverlappingIds);
    /// assert_eq!(*refused.value, bob);
    /// # Ok::<(), ClockError>(())
    /// ```
    pub fn join(&mut self, other: Self) -> Result<(), Refused<Box<Self>>> {
        let id = self.id.sum(&other.id);
        match id.and_then(|id| self.events.merge(&other.events).map(|_| id)) {
            Ok(id) => {
                self.id = id;
                Ok(())
            }
            Err(error) => Err(Refused {
                value: Box::new(other),
                error,
            }),
        }
    }

    /// Brings two stamps to know the same, and divides what both own between them anew.
    ///
    /// The same as a join and a fork: scattered parts may change hands, and become fewer. O(leaves
    /// of both).
    ///
    /// # Errors
    ///
    /// Those of [`join`](Self::join) and [`fork`](Self::fork). Both stamps are then unchanged.
    ///
    /// ```
    /// let mut alice = clocks::itc::Stamp::seed();
    /// let mut bob = alice.fork()?;
    /// alice.event()?;
    /// bob.event()?;
    /// alice.sync(&mut bob)?;
    /// assert_eq!(alice.peek(), bob.peek());
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn sync(&mut self, other: &mut Self) -> Result<(), ClockError> {
        let (own, others) = self.id.sum(&other.id)?.split()?;
        self.events.merge(&other.events)?;
        other.events.clone_from(&self.events);
        (self.id, other.id) = (own, others);
        Ok(())
    }

    /// Counts one event. Afterwards the stamp knows more than anybody knew of it before.
    ///
    /// O(leaves).
    ///
    /// # Errors
    ///
    /// [`ClockError::CounterExhausted`] if the count to be raised is [`u64::MAX`];
    /// [`ClockError::TooManyLeaves`]. The stamp is then unchanged.
    ///
    /// ```
    /// let mut clock = clocks::itc::Stamp::seed();
    /// clock.event()?;
    /// assert_eq!(clock.to_string(), "1: 1");
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn event(&mut self) -> Result<(), ClockError> {
        inflate::inflate(&self.id, &mut self.events)
    }

    /// Counts the sending of a message, and returns what the message must carry.
    ///
    /// # Errors
    ///
    /// As [`event`](Self::event). The stamp is then unchanged.
    ///
    /// ```
    /// let mut clock = clocks::itc::Stamp::seed();
    /// assert_eq!(clock.send()?.to_string(), "1");
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn send(&mut self) -> Result<Events, ClockError> {
        self.event()?;
        Ok(self.events.clone())
    }

    /// Learns what a message carries, and counts the receipt.
    ///
    /// # Errors
    ///
    /// Those of [`merge`](Self::merge) and [`event`](Self::event), and [`ClockError::CounterExhausted`]
    /// also if it would come only with the next event: a message after which the stamp could count
    /// nothing more is refused. The stamp is then unchanged: nothing was learned.
    ///
    /// # Trust
    ///
    /// Events carry no proof, and no bound tells a lie from a long life. Whoever claims counts near
    /// [`u64::MAX`] leaves the stamp one more event, and may leave it no more than that. Whoever
    /// claims a tree near [`LEAVES_MAX`] leaves it its own events, and may leave it no room to learn
    /// others'. Receive only from peers that are authenticated, and trusted that far.
    ///
    /// ```
    /// let mut alice = clocks::itc::Stamp::seed();
    /// let mut bob = alice.fork()?;
    /// let message = alice.send()?;
    /// bob.receive(&message)?;
    /// assert!(message < *bob.peek());
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn receive(&mut self, message: &Events) -> Result<(), ClockError> {
        let mut events = self.events.clone();
        events.merge(message)?;
        inflate::inflate(&self.id, &mut events)?;
        inflate::check_next(&self.id, &events)?;
        self.events = events;
        Ok(())
    }

    /// Learns what a message carries, without an event, and tells if something was new.
    ///
    /// Unlike [`receive`](Self::receive) it does not look ahead: after a liar's counts or leaves the
    /// stamp's next event may be refused. What comes from elsewhere is better received, or merged
    /// into [`Events`] that are nobody's.
    ///
    /// # Errors
    ///
    /// [`ClockError::TooManyLeaves`]. The stamp is then unchanged.
    ///
    /// ```
    /// let mut alice = clocks::itc::Stamp::seed();
    /// let mut bob = alice.fork()?;
    /// assert!(bob.merge(&alice.send()?)?);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn merge(&mut self, message: &Events) -> Result<bool, ClockError> {
        self.events.merge(message)
    }

    /// What the stamp knows: to be cloned into a message, or compared.
    ///
    /// ```
    /// assert!(clocks::itc::Stamp::seed().peek().is_empty());
    /// ```
    #[must_use]
    pub const fn peek(&self) -> &Events {
        &self.events
    }

    /// How what this stamp knows stands to what `other` knows; who they are plays no part.
    ///
    /// A stamp has no `PartialOrd`, because two that know the same are not the same. Compare
    /// [`peek`](Self::peek)s with `<`.
    ///
    /// ```
    /// use clocks::{Causality, itc::Stamp};
    ///
    /// let mut alice = Stamp::seed();
    /// let bob = alice.fork()?;
    /// assert_eq!(alice.compare(&bob), Causality::Equal);
    /// alice.event()?;
    /// assert_eq!(alice.compare(&bob), Causality::After);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub fn compare(&self, other: &Self) -> Causality {
        self.events.compare(&other.events)
    }

    /// Whether `other` knows all that this stamp knows, and more.
    ///
    /// ```
    /// let mut alice = clocks::itc::Stamp::seed();
    /// let bob = alice.fork()?;
    /// alice.event()?;
    /// assert!(bob.happened_before(&alice));
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub fn happened_before(&self, other: &Self) -> bool {
        self.events.happened_before(&other.events)
    }

    /// Whether each stamp knows an event that the other does not.
    ///
    /// ```
    /// let mut alice = clocks::itc::Stamp::seed();
    /// let mut bob = alice.fork()?;
    /// alice.event()?;
    /// bob.event()?;
    /// assert!(alice.is_concurrent(&bob));
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub fn is_concurrent(&self, other: &Self) -> bool {
        self.events.is_concurrent(&other.events)
    }

    /// How many leaves the tree of what it owns has: 1 for the seed, more for scattered parts.
    ///
    /// ```
    /// assert_eq!(clocks::itc::Stamp::seed().id_leaves(), 1);
    /// ```
    #[must_use]
    pub fn id_leaves(&self) -> usize {
        self.id.steps().leaves().len()
    }

    /// How many leaves the tree of what is owned would have after a [`join`](Self::join): to choose
    /// to whom to leave a stamp.
    ///
    /// O(leaves of both).
    ///
    /// # Errors
    ///
    /// Those of [`join`](Self::join), as far as the identities are concerned.
    ///
    /// ```
    /// let mut alice = clocks::itc::Stamp::seed();
    /// let mut bob = alice.fork()?;
    /// let carol = bob.fork()?;
    /// assert_eq!(alice.joined_id_leaves(&carol)?, 3);
    /// assert_eq!(bob.joined_id_leaves(&carol)?, 2);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn joined_id_leaves(&self, other: &Self) -> Result<usize, ClockError> {
        Ok(self.id.sum(&other.id)?.steps().leaves().len())
    }

    /// The depth of the deepest leaf of what it owns: below [`DEPTH_MAX`], a fork is not too deep.
    /// O(leaves).
    ///
    /// ```
    /// let mut alice = clocks::itc::Stamp::seed();
    /// let _bob = alice.fork()?;
    /// assert_eq!(alice.id_depth(), 1);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub fn id_depth(&self) -> u16 {
        self.id.steps().depth()
    }

    pub(crate) const fn from_parts(id: Id, events: Events) -> Self {
        Self { id, events }
    }

    pub(crate) const fn id(&self) -> &Id {
        &self.id
    }
}

/// What is owned, and what is known: `(1, 0): (2, 1)`.
impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.id, self.events)
    }
}

/// Writes a tree as its leaves in nested pairs.
fn write_nested<V>(
    f: &mut fmt::Formatter<'_>,
    leaves: &[Leaf<V>],
    number: impl Fn(&V) -> u64,
) -> fmt::Result {
    for (index, leaf) in leaves.iter().enumerate() {
        for _ in 0..leaf.opens() {
            f.write_str("(")?;
        }
        write!(f, "{}", number(&leaf.value))?;
        let next = leaves.get(index + 1);
        for _ in next.map_or(0, Leaf::begins_at)..leaf.depth() {
            f.write_str(")")?;
        }
        if next.is_some() {
            f.write_str(", ")?;
        }
    }
    Ok(())
}
