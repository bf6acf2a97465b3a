//! The name of one event.

use core::fmt;
use core::num::NonZeroU64;

/// One event: the actor at which it happened, and the actor's number for it, 1 for the first.
///
/// A counter of 0 means "no event" everywhere in this crate, so it cannot be written here: a dot
/// always names an event. Dots are ordered by actor and then by counter, which for dots of one
/// actor is the order in which they happened, and for others an arbitrary order that everybody
/// shares.
///
/// Source: Preguiça, Baquero, Almeida, Fonte and Gonçalves, "Dotted Version Vectors: Logical Clocks
/// for Optimistic Replication" (2010), section 4.
///
/// ```
/// use clocks::Dot;
///
/// let first = Dot::new("a", 1).expect("not zero");
/// assert_eq!(first.to_string(), "a:1");
/// assert!(first < Dot::new("a", 2).unwrap());
/// assert_eq!(Dot::new("a", 0), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
pub struct Dot<A> {
    // The derived order compares the fields from the top: the actor must stay first.
    /// The actor at which the event happened.
    pub actor: A,
    /// How many events the actor had had by then, this one included.
    pub counter: NonZeroU64,
}

impl<A> Dot<A> {
    /// The event number `counter` of `actor`; nothing for a counter of 0, which names no event.
    ///
    /// ```
    /// assert!(clocks::Dot::new(7, 1).is_some());
    /// assert!(clocks::Dot::new(7, 0).is_none());
    /// ```
    #[must_use]
    pub fn new(actor: A, counter: u64) -> Option<Self> {
        NonZeroU64::new(counter).map(|counter| Self { actor, counter })
    }

    /// The counter as a plain number, never 0.
    ///
    /// ```
    /// assert_eq!(clocks::Dot::new("a", 3).unwrap().number(), 3);
    /// ```
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.counter.get()
    }

    /// The same event of an actor that goes by another name, such as its slot in a roster.
    ///
    /// ```
    /// let dot = clocks::Dot::new(0_usize, 3).unwrap();
    /// assert_eq!(dot.map(|slot| ["a", "b"][slot]), clocks::Dot::new("a", 3).unwrap());
    /// ```
    #[must_use]
    pub fn map<B>(self, rename: impl FnOnce(A) -> B) -> Dot<B> {
        Dot {
            actor: rename(self.actor),
            counter: self.counter,
        }
    }
}

/// `actor:counter`.
impl<A: fmt::Display> fmt::Display for Dot<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.actor, self.counter)
    }
}
