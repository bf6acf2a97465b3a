//! What a stamp knows: how many events are known to have happened at each point of the line.

use core::cmp::Ordering;
use core::fmt;

use super::steps::{Steps, deeper, overlay};
use super::write_nested;
use crate::{Causality, ClockError};

/// The events that a [`Stamp`](super::Stamp) knows: what a message carries, what is compared.
///
/// The paper's anonymous stamp: a past without an identity, so it can be copied, kept and sent, and
/// cannot have events or be forked. It counts, for each point of the line from 0 to 1, how often
/// somebody who owned that point had an event there.
///
/// The order is that of causality and so partial: `a < b` says that `a` happened before `b`;
/// [`compare`](Self::compare) gives all four answers a name. There is a join,
/// [`merge`](Self::merge). There is no meet: the literature has none, and the pointwise minimum may
/// hold a part of an event.
///
/// Space: 16 bytes a leaf.
///
/// ```
/// use clocks::{Causality, itc::Stamp};
///
/// let mut alice = Stamp::seed();
/// let mut bob = alice.fork()?;
/// let (a, b) = (alice.send()?, bob.send()?);
/// assert_eq!(a.compare(&b), Causality::Concurrent);
/// bob.receive(&a)?;
/// assert!(a < *bob.peek() && b < *bob.peek());
/// # Ok::<(), clocks::ClockError>(())
/// ```
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Events(Steps<u64>);

impl Events {
    /// No event anywhere. Known to everybody.
    ///
    /// ```
    /// use clocks::itc::{Events, Stamp};
    ///
    /// assert_eq!(*Stamp::seed().peek(), Events::none());
    /// ```
    #[must_use]
    pub fn none() -> Self {
        Self(Steps::constant(0))
    }

    /// Joins `other` into these, so that they hold what either held, and tells if they changed.
    ///
    /// The join is the least upper bound: the greater count at each point. O(leaves of both).
    /// Allocates nothing if they do not change.
    ///
    /// # Errors
    ///
    /// [`ClockError::TooManyLeaves`]. Nothing has changed then.
    ///
    /// ```
    /// use clocks::itc::Stamp;
    ///
    /// let mut alice = Stamp::seed();
    /// let mut bob = alice.fork()?;
    /// let mut known = alice.send()?;
    /// let other = bob.send()?;
    /// assert!(known.merge(&other)?);
    /// assert!(!known.merge(&other)?);
    /// assert!(other < known);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn merge(&mut self, other: &Self) -> Result<bool, ClockError> {
        match self.compare(other) {
            Causality::Equal | Causality::After => Ok(false),
            Causality::Before => {
                self.clone_from(other);
                Ok(true)
            }
            Causality::Concurrent => {
                *self = self.joined(other)?;
                Ok(true)
            }
        }
    }

    /// Writes the join of `left` and `right` into these, whatever they held before.
    ///
    /// O(leaves of both).
    ///
    /// # Errors
    ///
    /// [`ClockError::TooManyLeaves`]. Nothing has changed then.
    ///
    /// ```
    /// use clocks::itc::{Events, Stamp};
    ///
    /// let mut alice = Stamp::seed();
    /// let mut bob = alice.fork()?;
    /// let mut out = Events::none();
    /// out.join_into(&alice.send()?, &bob.send()?)?;
    /// assert_eq!(out.to_string(), "1");
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn join_into(&mut self, left: &Self, right: &Self) -> Result<(), ClockError> {
        *self = left.joined(right)?;
        Ok(())
    }

    /// How these stand to `other`. O(leaves of both), less for most concurrent ones.
    ///
    /// ```
    /// use clocks::{Causality, itc::Stamp};
    ///
    /// let mut clock = Stamp::seed();
    /// let before = clock.peek().clone();
    /// clock.event()?;
    /// assert_eq!(before.compare(clock.peek()), Causality::Before);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub fn compare(&self, other: &Self) -> Causality {
        let (mut is_less, mut is_greater) = (false, false);
        overlay(&self.0, &other.0, |a, b| {
            is_less |= a.value < b.value;
            is_greater |= a.value > b.value;
            !(is_less && is_greater)
        });
        match (is_less, is_greater) {
            (false, false) => Causality::Equal,
            (true, false) => Causality::Before,
            (false, true) => Causality::After,
            (true, true) => Causality::Concurrent,
        }
    }

    /// Whether these happened before `other`: the same as `self < other`.
    ///
    /// ```
    /// use clocks::itc::{Events, Stamp};
    ///
    /// let sent = Stamp::seed().send()?;
    /// assert!(Events::none().happened_before(&sent));
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub fn happened_before(&self, other: &Self) -> bool {
        self.compare(other) == Causality::Before
    }

    /// Whether each holds an event that the other does not.
    ///
    /// ```
    /// use clocks::itc::Stamp;
    ///
    /// let mut alice = Stamp::seed();
    /// let mut bob = alice.fork()?;
    /// assert!(alice.send()?.is_concurrent(&bob.send()?));
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub fn is_concurrent(&self, other: &Self) -> bool {
        self.compare(other) == Causality::Concurrent
    }

    /// How many leaves the tree has: its size in memory and on the wire. At most
    /// [`LEAVES_MAX`](super::LEAVES_MAX).
    ///
    /// ```
    /// assert_eq!(clocks::itc::Events::none().leaves(), 1);
    /// ```
    #[must_use]
    pub fn leaves(&self) -> usize {
        self.0.leaves().len()
    }

    /// The depth of its deepest leaf. O(leaves).
    ///
    /// ```
    /// assert_eq!(clocks::itc::Events::none().depth(), 0);
    /// ```
    #[must_use]
    pub fn depth(&self) -> u16 {
        self.0.depth()
    }

    /// Whether they hold no event.
    ///
    /// ```
    /// assert!(clocks::itc::Events::none().is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.leaves().iter().all(|leaf| leaf.value == 0)
    }

    pub(crate) const fn from_steps(steps: Steps<u64>) -> Self {
        Self(steps)
    }

    pub(crate) const fn steps(&self) -> &Steps<u64> {
        &self.0
    }

    pub(super) const fn steps_mut(&mut self) -> &mut Steps<u64> {
        &mut self.0
    }

    fn joined(&self, other: &Self) -> Result<Self, ClockError> {
        let mut joined = Steps::with_capacity(self.leaves().max(other.leaves()));
        overlay(&self.0, &other.0, |a, b| {
            joined.push(deeper(a, b, a.value.max(b.value)));
            true
        });
        Ok(Self(joined.check_size()?))
    }
}

/// No event anywhere.
impl Default for Events {
    fn default() -> Self {
        Self::none()
    }
}

impl Clone for Events {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }

    // A derive would allocate afresh.
    fn clone_from(&mut self, source: &Self) {
        self.0.clone_from(&source.0);
    }
}

/// Happened-before: `None` for concurrent ones.
impl PartialOrd for Events {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.compare(other).ordering()
    }
}

/// The counts of the halves, halved where they differ, such as `((2, 1), 2)`.
///
/// The paper writes what the leaves of a node have in common at the node, and so writes this as
/// `(1, (0, 1, 0), 1)`.
impl fmt::Display for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_nested(f, self.0.leaves(), |&count| count)
    }
}
