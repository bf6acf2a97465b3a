//! What a reader has seen, for its next write.

use alloc::vec::Vec;
use core::fmt;
use core::num::NonZeroU64;

use super::entry::Walk;
use crate::wire::{Reader, Wire, WireActor};
use crate::{ClockError, Dot, VersionVector};

/// What a client has seen of a key: given with the values by
/// [`DvvSet::context`](crate::DvvSet::context), handed back with the write.
///
/// It says one thing, "all these writes I have seen", and can be used for one thing, to overwrite
/// them. It has no tick, so it cannot count an event that nobody knows. It does not take in the name
/// of the client's own write: that name may lie behind writes of the same server that the client has
/// not seen, and whoever claimed it as seen would claim, and overwrite, those too. To have seen its
/// own write, a client reads again.
///
/// A context of several reads is their [`merge`](Self::merge).
///
/// ```
/// use clocks::{DvvSet, ReadContext};
///
/// let mut set = DvvSet::new();
/// let nothing = ReadContext::new();
/// set.update(&nothing, &"server", "milk")?;
/// let context = set.context();
/// assert_eq!(context.to_string(), "{server:1}");
/// set.update(&context, &"server", "eggs")?;
/// assert_eq!(set.len(), 1);
/// # Ok::<(), clocks::ClockError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(
        transparent,
        bound(deserialize = "A: Ord + Clone + serde::Deserialize<'de>")
    )
)]
pub struct ReadContext<A> {
    vector: VersionVector<A>,
}

impl<A> ReadContext<A> {
    /// The context of a client that has read nothing: its write overwrites nothing.
    ///
    /// ```
    /// assert!(clocks::ReadContext::<u64>::new().is_empty());
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        let vector = VersionVector::new();
        Self { vector }
    }

    /// Each server with the number of its last write that was seen, in increasing order.
    ///
    /// ```
    /// assert_eq!(clocks::ReadContext::<u64>::new().iter().len(), 0);
    /// ```
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&A, u64)> + DoubleEndedIterator + '_ {
        self.vector.iter()
    }

    /// Whether nothing was seen.
    ///
    /// ```
    /// assert!(clocks::ReadContext::<u64>::new().is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.vector.is_empty()
    }
}

impl<A: Ord + Clone> ReadContext<A> {
    /// Adds what another read has seen, and tells if that was news.
    ///
    /// ```
    /// use clocks::{DvvSet, ReadContext};
    ///
    /// let (mut paris, mut rome) = (DvvSet::new(), DvvSet::new());
    /// paris.update(&ReadContext::new(), &"paris", 1)?;
    /// rome.update(&ReadContext::new(), &"rome", 2)?;
    /// let mut both = paris.context();
    /// assert!(both.merge(&rome.context()));
    /// paris.merge(&rome)?;
    /// paris.update(&both, &"paris", 3)?;
    /// assert!(paris.values().eq(&[3]));
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn merge(&mut self, other: &Self) -> bool {
        self.vector.merge(&other.vector)
    }

    /// Whether the write was seen.
    ///
    /// ```
    /// use clocks::{Dot, ReadContext};
    ///
    /// assert!(!ReadContext::new().contains(&Dot::new("server", 1).unwrap()));
    /// ```
    #[must_use]
    pub fn contains(&self, write: &Dot<A>) -> bool {
        self.vector.contains(write)
    }

    /// The number of the server's last write that was seen, 0 for none.
    ///
    /// ```
    /// assert_eq!(clocks::ReadContext::new().get(&"server"), 0);
    /// ```
    #[must_use]
    pub fn get(&self, actor: &A) -> u64 {
        self.vector.get(actor)
    }

    /// The writes that were seen, as entries without values.
    pub(super) fn seen<'a, V: 'a>(&'a self) -> impl Iterator<Item = Walk<'a, A, V>> + 'a {
        self.vector.iter().filter_map(|(actor, counter)| {
            let counter = NonZeroU64::new(counter)?;
            let values = &[];
            Some(Walk {
                actor,
                counter,
                values,
            })
        })
    }

    /// The context of a reader who has seen the writes of each actor up to its dot.
    pub(super) fn from_sorted(dots: impl Iterator<Item = Dot<A>>) -> Self {
        let vector = VersionVector::from_sorted(dots);
        Self { vector }
    }
}

/// As a version vector.
impl<A: WireActor> Wire for ReadContext<A> {
    fn encode(&self, out: &mut Vec<u8>) {
        self.vector.encode(out);
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, ClockError> {
        let vector = VersionVector::decode(input)?;
        Ok(Self { vector })
    }
}

impl<A> Default for ReadContext<A> {
    fn default() -> Self {
        Self::new()
    }
}

impl<A: fmt::Debug> fmt::Debug for ReadContext<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ReadContext").field(&self.vector).finish()
    }
}

/// As a version vector, such as `{a:1, b:3}`.
impl<A: fmt::Display> fmt::Display for ReadContext<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.vector.fmt(f)
    }
}
