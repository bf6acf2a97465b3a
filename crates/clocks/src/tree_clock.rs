//! Vector time in a tree that remembers how it was learned, so that a join can skip what is known.
//!
//! Rules (Mathur, Pavlogiannis, Tunç and Viswanathan 2022, sections 3 and 4), for the clock of an
//! actor, which is the root:
//! - every event ticks, also a receipt; so a count of the root names one state of the whole clock;
//! - a stamp is the sender's own clock, as it is just then: its root is the sender;
//! - learning from a stamp hangs the sender, with what was new below it, under the own root, and
//!   notes the own count at which that happened.
//!
//! Hence two short cuts. Who knows the sender's count knows all of the stamp. And who knows a node's
//! count `c` knows all that was hung under it at or before `c`: children stand latest first, so the
//! walk over them can stop there.
//!
//! Invariants: the slots with events, and the root, are the nodes of one tree; the children of a node
//! stand in falling order of the count at which they were hung; a root without events is alone.

use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use crate::{Causality, ClockError, Dot, VectorClock, kernel};

/// No node.
const NONE: u32 = u32::MAX;

/// A vector clock of one actor whose [`receive`](Self::receive) takes time by the number of entries
/// that are news, not by the number of actors.
///
/// It holds the same counters as a [`VectorClock`] that ticks and receives alike. There is no merge
/// without an event, as that would break the rule that makes it quick; nor may a clone go on
/// counting beside the original: a clone is a stamp.
///
/// **When it loses**: nearly always. A node touched is a step along pointers, far slower than an
/// entry of a dense clock, of which the processor joins several at once. It wins with very many
/// actors of which each talks to few, so that a join changes a percent of the entries or less. A
/// stamp is a copy of the tree, or in the end a [`VectorClock`] for the wire.
///
/// Space: 40 bytes a slot. [`tick`](Self::tick) and [`compare`](Self::compare) are O(1);
/// [`receive`](Self::receive) and [`copy_from`](Self::copy_from) O(entries changed), which
/// [`nodes_touched`](Self::nodes_touched) tells.
///
/// Source: Mathur, Pavlogiannis, Tunç and Viswanathan, "A Tree Clock Data Structure for Causal
/// Orderings in Concurrent Executions" (2022).
///
/// ```
/// use clocks::TreeClock;
///
/// let mut a = TreeClock::new(3, 0)?;
/// let mut b = TreeClock::new(3, 1)?;
/// let message = a.send()?.clone();
/// b.receive(&message)?;
/// assert_eq!(b.to_vector().as_slice(), [1, 1, 0]);
/// assert!(message.happened_before(&b)?);
/// # Ok::<(), clocks::ClockError>(())
/// ```
#[derive(Clone)]
pub struct TreeClock {
    epoch: u64,
    root: u32,
    nodes: Vec<Node>,
    touched: usize,
    /// Room for the walk, kept to allocate once: nodes on the way down with the child to look at.
    path: Vec<(u32, u32)>,
    /// The nodes to be moved, children before their parents, later children after earlier ones.
    moved: Vec<u32>,
}

#[derive(Clone, Copy)]
struct Node {
    counter: u64,
    /// The parent's count when this was hung under it.
    hung_at: u64,
    parent: u32,
    first: u32,
    next: u32,
    previous: u32,
}

const ALONE: Node = Node {
    counter: 0,
    hung_at: 0,
    parent: NONE,
    first: NONE,
    next: NONE,
    previous: NONE,
};

impl TreeClock {
    /// The clock of the actor in `slot`, before any event, in epoch 0. O(`slots`).
    ///
    /// # Errors
    ///
    /// [`ClockError::TooManySlots`] above [`VectorClock::SLOTS_MAX`]; [`ClockError::UnknownSlot`].
    ///
    /// ```
    /// let clock = clocks::TreeClock::new(3, 2)?;
    /// assert_eq!((clock.slot(), clock.slots(), clock.get(2)), (2, 3, 0));
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn new(slots: usize, slot: usize) -> Result<Self, ClockError> {
        VectorClock::check_width(slots)?;
        Self::from_vector(slot, &VectorClock::zeros(0, slots))
    }

    /// The clock of the actor in `slot` that knows what `clock` does: for stamps that came as vector
    /// clocks, and to go on from a stored one. O(slots).
    ///
    /// How it was learned is not known, so a first join with it looks at every entry.
    ///
    /// # Errors
    ///
    /// [`ClockError::UnknownSlot`]; [`ClockError::NoEvent`] if `slot` has no event but others have:
    /// who learned of those counted the receipt.
    ///
    /// ```
    /// use clocks::{TreeClock, VectorClock};
    ///
    /// let stored = VectorClock::from_counters(&[4, 2])?.with_epoch(7);
    /// let mut clock = TreeClock::from_vector(0, &stored)?;
    /// clock.tick()?;
    /// assert_eq!(clock.to_vector(), VectorClock::from_counters(&[5, 2])?.with_epoch(7));
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn from_vector(slot: usize, clock: &VectorClock) -> Result<Self, ClockError> {
        let slots = clock.slots();
        if slot >= slots {
            return Err(ClockError::UnknownSlot { slot, slots });
        }
        let counter = clock.get(slot);
        if counter == 0 && !clock.is_empty() {
            return Err(ClockError::NoEvent { slot });
        }
        let mut tree = Self {
            epoch: clock.epoch(),
            // At most `SLOTS_MAX`, so it fits.
            root: slot as u32,
            nodes: vec![ALONE; slots],
            touched: 0,
            path: Vec::new(),
            moved: Vec::new(),
        };
        for (other, known) in clock.iter().filter(|&(_, known)| known > 0) {
            if let Some(node) = tree.nodes.get_mut(other) {
                node.counter = known;
                node.hung_at = counter;
            }
            if other != slot {
                tree.hang(other as u32, slot as u32);
            }
        }
        Ok(tree)
    }

    /// Counts one event of the own actor, and returns its name. O(1).
    ///
    /// # Errors
    ///
    /// [`ClockError::CounterExhausted`] at [`u64::MAX`]. The clock is then unchanged.
    ///
    /// ```
    /// let mut clock = clocks::TreeClock::new(3, 2)?;
    /// assert_eq!(clock.tick()?.to_string(), "2:1");
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn tick(&mut self) -> Result<Dot<usize>, ClockError> {
        let slot = self.slot();
        let dot = kernel::next(slot, self.get(slot))?;
        if let Some(root) = self.nodes.get_mut(slot) {
            root.counter = dot.number();
        }
        Ok(dot)
    }

    /// Counts the sending of a message, and returns the stamp that it must carry: clone it, or
    /// [`copy_from`](Self::copy_from) it into one that is used again. O(1).
    ///
    /// # Errors
    ///
    /// As [`tick`](Self::tick).
    ///
    /// ```
    /// let mut clock = clocks::TreeClock::new(2, 1)?;
    /// assert_eq!(clock.send()?.to_vector().as_slice(), [0, 1]);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn send(&mut self) -> Result<&Self, ClockError> {
        self.tick()?;
        Ok(self)
    }

    /// Counts the receipt of a message with the sender's stamp, learns what the stamp knows, and
    /// returns the name of the event. O(entries that are news), O(1) if there is none.
    ///
    /// # Errors
    ///
    /// [`ClockError::EpochMismatch`]; [`ClockError::WidthMismatch`]; [`ClockError::UnsentMessage`] if
    /// the stamp knows more events of this actor than it has had; [`ClockError::CounterExhausted`].
    /// The clock is then unchanged.
    ///
    /// ```
    /// use clocks::TreeClock;
    ///
    /// let (mut a, mut b) = (TreeClock::new(2, 0)?, TreeClock::new(2, 1)?);
    /// b.receive(a.send()?)?;
    /// b.receive(&a)?;
    /// assert_eq!((b.to_vector().as_slice(), b.nodes_touched()), (&[1, 2][..], 0));
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn receive(&mut self, stamp: &Self) -> Result<Dot<usize>, ClockError> {
        self.check_fits(stamp)?;
        let own = self.root;
        let (counter, sent) = (stamp.counter(own), self.counter(own));
        if counter > sent {
            return Err(ClockError::UnsentMessage { counter, sent });
        }
        let dot = self.tick()?;
        self.touched = 0;
        let sender = stamp.root;
        if stamp.counter(sender) <= self.counter(sender) {
            return Ok(dot);
        }
        self.collect(stamp, NONE);
        self.rearrange(stamp);
        if let Some(node) = self.nodes.get_mut(sender as usize) {
            node.hung_at = dot.number();
        }
        self.hang(sender, own);
        Ok(dot)
    }

    /// Becomes a copy of `source`, in O(entries changed) if this clock was an earlier stamp that
    /// `source` knows, in O(slots) otherwise.
    ///
    /// ```
    /// use clocks::TreeClock;
    ///
    /// let mut a = TreeClock::new(9, 0)?;
    /// let mut stamp = a.send()?.clone();
    /// stamp.copy_from(a.send()?);
    /// assert_eq!((stamp.get(0), stamp.nodes_touched()), (2, 1));
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn copy_from(&mut self, source: &Self) {
        let old = self.root;
        // A root's count names the whole clock, so who knows it knows all of this one.
        let is_known = self.check_fits(source).is_ok() && self.counter(old) <= source.counter(old);
        if is_known {
            self.touched = 0;
            self.collect(source, old);
            // The old root must get a parent, unless it stays the root.
            if source.root == old || self.moved.contains(&old) {
                self.rearrange(source);
                self.root = source.root;
                return;
            }
        }
        self.epoch = source.epoch;
        self.root = source.root;
        self.nodes.clone_from(&source.nodes);
        self.touched = self.nodes.len();
    }

    /// How the state of this clock stands to that of `other`. O(1): the root's count is enough.
    ///
    /// # Errors
    ///
    /// [`ClockError::EpochMismatch`]; [`ClockError::WidthMismatch`].
    ///
    /// ```
    /// use clocks::{Causality, TreeClock};
    ///
    /// let (mut a, mut b) = (TreeClock::new(2, 0)?, TreeClock::new(2, 1)?);
    /// a.tick()?;
    /// b.tick()?;
    /// assert_eq!(a.compare(&b)?, Causality::Concurrent);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn compare(&self, other: &Self) -> Result<Causality, ClockError> {
        self.check_fits(other)?;
        let is_known = self.counter(self.root) <= other.counter(self.root);
        let knows = other.counter(other.root) <= self.counter(other.root);
        Ok(match (is_known, knows) {
            (true, true) => Causality::Equal,
            (true, false) => Causality::Before,
            (false, true) => Causality::After,
            (false, false) => Causality::Concurrent,
        })
    }

    /// Whether the state of this clock happened before that of `other`. O(1).
    ///
    /// # Errors
    ///
    /// As [`compare`](Self::compare).
    ///
    /// ```
    /// use clocks::TreeClock;
    ///
    /// let (mut a, mut b) = (TreeClock::new(2, 0)?, TreeClock::new(2, 1)?);
    /// b.receive(a.send()?)?;
    /// assert!(a.happened_before(&b)?);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn happened_before(&self, other: &Self) -> Result<bool, ClockError> {
        Ok(self.compare(other)? == Causality::Before)
    }

    /// Whether each clock knows an event that the other does not. O(1).
    ///
    /// # Errors
    ///
    /// As [`compare`](Self::compare).
    ///
    /// ```
    /// use clocks::TreeClock;
    ///
    /// let (mut a, mut b) = (TreeClock::new(2, 0)?, TreeClock::new(2, 1)?);
    /// a.tick()?;
    /// b.tick()?;
    /// assert!(a.is_concurrent(&b)?);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn is_concurrent(&self, other: &Self) -> Result<bool, ClockError> {
        Ok(self.compare(other)? == Causality::Concurrent)
    }

    /// Whether this clock knows the event. O(1).
    ///
    /// ```
    /// let mut clock = clocks::TreeClock::new(2, 1)?;
    /// let dot = clock.tick()?;
    /// assert!(clock.contains(dot));
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub fn contains(&self, dot: Dot<usize>) -> bool {
        dot.number() <= self.get(dot.actor)
    }

    /// How many events of the actor in `slot` it knows: zero beyond the width. O(1).
    ///
    /// ```
    /// let mut clock = clocks::TreeClock::new(2, 1)?;
    /// clock.tick()?;
    /// assert_eq!((clock.get(1), clock.get(9)), (1, 0));
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub fn get(&self, slot: usize) -> u64 {
        self.nodes.get(slot).map_or(0, |node| node.counter)
    }

    /// The same counters as a dense clock. O(slots).
    ///
    /// ```
    /// use clocks::{TreeClock, VectorClock};
    ///
    /// let clock = VectorClock::from_counters(&[4, 2])?;
    /// assert_eq!(TreeClock::from_vector(0, &clock)?.to_vector(), clock);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub fn to_vector(&self) -> VectorClock {
        let counters = self.nodes.iter().map(|node| node.counter);
        VectorClock::from_vec(self.epoch, counters.collect()).unwrap_or_default()
    }

    /// How many nodes the last [`receive`](Self::receive) or [`copy_from`](Self::copy_from) looked
    /// at.
    ///
    /// ```
    /// use clocks::TreeClock;
    ///
    /// let (mut a, mut b) = (TreeClock::new(9, 0)?, TreeClock::new(9, 1)?);
    /// b.receive(a.send()?)?;
    /// assert_eq!(b.nodes_touched(), 1);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub const fn nodes_touched(&self) -> usize {
        self.touched
    }

    /// Whose clock, or stamp, this is.
    ///
    /// ```
    /// assert_eq!(clocks::TreeClock::new(3, 2)?.slot(), 2);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub const fn slot(&self) -> usize {
        self.root as usize
    }

    /// How many actors it has room for.
    ///
    /// ```
    /// assert_eq!(clocks::TreeClock::new(3, 2)?.slots(), 3);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub const fn slots(&self) -> usize {
        self.nodes.len()
    }

    /// The epoch under which it counts.
    ///
    /// ```
    /// use clocks::{TreeClock, VectorClock};
    ///
    /// let stored = VectorClock::new(2)?.with_epoch(7);
    /// assert_eq!(TreeClock::from_vector(0, &stored)?.epoch(), 7);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Finds the nodes of `source` that are to be moved: those that are news, its root, and `also`
    /// one that is met on the way. Walks down without recursion.
    fn collect(&mut self, source: &Self, also: u32) {
        self.moved.clear();
        self.path.clear();
        self.path
            .push((source.root, source.node(source.root).first));
        self.touched = 1;
        while let Some(&(parent, child)) = self.path.last() {
            if child == NONE {
                self.moved.push(parent);
                self.path.pop();
                continue;
            }
            self.touched += 1;
            let node = source.node(child);
            let is_news = self.counter(child) < node.counter;
            // Who knows the parent at the count at which the child was hung knows the child, and all
            // that was hung before it.
            let is_last = !is_news && node.hung_at <= self.counter(parent);
            if let Some(last) = self.path.last_mut() {
                last.1 = if is_last { NONE } else { node.next };
            }
            if is_news {
                self.path.push((child, node.first));
            } else if child == also {
                self.moved.push(child);
            }
        }
    }

    /// Takes the nodes to be moved out of the tree, and hangs them as they hang in `source`.
    fn rearrange(&mut self, source: &Self) {
        for index in 0..self.moved.len() {
            if let Some(&slot) = self.moved.get(index) {
                self.unhang(slot);
            }
        }
        // Parents before their children, and of those the earliest first.
        while let Some(slot) = self.moved.pop() {
            let new = source.node(slot);
            if let Some(node) = self.nodes.get_mut(slot as usize) {
                node.counter = new.counter;
                node.hung_at = new.hung_at;
            }
            if slot != source.root {
                self.hang(slot, new.parent);
            }
        }
    }

    /// Puts a node first among the children of `parent`.
    fn hang(&mut self, slot: u32, parent: u32) {
        let next = self.node(parent).first;
        if let Some(node) = self.nodes.get_mut(slot as usize) {
            (node.parent, node.next, node.previous) = (parent, next, NONE);
        }
        if let Some(node) = self.nodes.get_mut(next as usize) {
            node.previous = slot;
        }
        if let Some(node) = self.nodes.get_mut(parent as usize) {
            node.first = slot;
        }
    }

    /// Takes a node, with what hangs under it, from its parent, if it has one.
    fn unhang(&mut self, slot: u32) {
        let Node {
            parent,
            next,
            previous,
            ..
        } = self.node(slot);
        if let Some(node) = self.nodes.get_mut(next as usize) {
            node.previous = previous;
        }
        if let Some(node) = self.nodes.get_mut(previous as usize) {
            node.next = next;
        } else if let Some(node) = self.nodes.get_mut(parent as usize) {
            node.first = next;
        }
        if let Some(node) = self.nodes.get_mut(slot as usize) {
            (node.parent, node.next, node.previous) = (NONE, NONE, NONE);
        }
    }

    fn node(&self, slot: u32) -> Node {
        self.nodes.get(slot as usize).copied().unwrap_or(ALONE)
    }

    fn counter(&self, slot: u32) -> u64 {
        self.get(slot as usize)
    }

    fn check_fits(&self, other: &Self) -> Result<(), ClockError> {
        let (own, other_epoch) = (self.epoch, other.epoch);
        if own != other_epoch {
            let other = other_epoch;
            return Err(ClockError::EpochMismatch { own, other });
        }
        let (own, other) = (self.nodes.len(), other.nodes.len());
        if own != other {
            return Err(ClockError::WidthMismatch { own, other });
        }
        Ok(())
    }
}

/// Whose it is, and the counters, such as `TreeClock of 0 [1, 0, 4]`.
impl fmt::Debug for TreeClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TreeClock of {} {}", self.root, self.to_vector())
    }
}
