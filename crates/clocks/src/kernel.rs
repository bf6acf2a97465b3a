//! Which inner loops run here, by name: for benchmarks, tests and the curious.
//!
//! A dense clock is a slice of counters, and what it costs is a loop over it. The same few loops are
//! compiled several times, for what processors differ in, and the first call finds out what this one
//! can ([`Kernel::selected`]). Clocks use that by themselves; nothing here needs to be called. A
//! benchmark or a test can call each [`Kernel`] by name.
//!
//! A [`VectorClock`](crate::VectorClock) calls the loop however few its entries are. A short loop in
//! place would save the call, but the compiler makes slow SSE2 vectors of it: measured on Zen 4, the
//! call is the faster one from 4 entries on (4.1 against 6.5 ns).
//!
//! Without the feature `std` nobody can be asked, and the baseline loops run.
//!
//! Rules: an entry beyond the end of a slice counts as zero; every kernel gives the same answer, to
//! the last bit.

use core::fmt;

use crate::{Causality, ClockError, Dot};

mod loops;
mod targets;

/// Entries compared one by one before the blocks: most concurrent clocks show it early.
const PEEK: usize = 4;

/// The inner loops compiled for one kind of processor.
///
/// Asking for one that this processor cannot run is harmless: [`is_available`](Self::is_available)
/// is false, and the baseline loops run in its place.
///
/// ```
/// use clocks::kernel::Kernel;
///
/// let mut own = [3, 1, 4];
/// assert!(Kernel::selected().join(&mut own, &[2, 7, 1]));
/// assert_eq!(own, [3, 7, 4]);
/// assert!(Kernel::available().any(|kernel| kernel == Kernel::Baseline));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Kernel {
    /// What every processor of the compiler's target can run: SSE2 on x86-64, unless a flag such as
    /// `target-cpu` allows the whole program more.
    Baseline,
    /// x86-64 with SSE4.2, which compares signed 64-bit numbers.
    Sse42,
    /// x86-64 with AVX2: four counters at once.
    Avx2,
    /// x86-64 with AVX-512 as of Ice Lake or Zen 4: eight counters at once, and a maximum of unsigned
    /// 64-bit numbers. Processors with an older AVX-512 are left out, as they slow down for it.
    Avx512,
}

macro_rules! in_room {
    ($kernel:expr, $function:ident($($argument:expr),*)) => {
        match $kernel {
            Kernel::Baseline => targets::baseline::$function($($argument),*),
            Kernel::Sse42 => targets::sse42::$function($($argument),*),
            Kernel::Avx2 => targets::avx2::$function($($argument),*),
            Kernel::Avx512 => targets::avx512::$function($($argument),*),
        }
    };
}

impl Kernel {
    /// Every kernel that was written, whether or not this processor can run it.
    pub const ALL: [Self; 4] = [Self::Baseline, Self::Sse42, Self::Avx2, Self::Avx512];

    /// The kernels that this processor can run, the baseline first.
    ///
    /// ```
    /// use clocks::kernel::Kernel;
    ///
    /// assert_eq!(Kernel::available().next(), Some(Kernel::Baseline));
    /// ```
    pub fn available() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|kernel| kernel.is_available())
    }

    /// The kernel that clocks use here: a [`VectorClock`](crate::VectorClock) always, an
    /// [`ArrayClock`](crate::ArrayClock) above 16 slots.
    ///
    /// ```
    /// assert!(clocks::kernel::Kernel::selected().is_available());
    /// ```
    #[must_use]
    pub fn selected() -> Self {
        targets::selected::kernel()
    }

    /// Whether this processor can run it. If not, the baseline loops run in its place.
    ///
    /// ```
    /// assert!(clocks::kernel::Kernel::Baseline.is_available());
    /// ```
    #[must_use]
    pub fn is_available(self) -> bool {
        in_room!(self, kernel()) == self
    }

    /// Raises each entry of `own` to that of `other`, as far as both reach, and tells if one changed.
    ///
    /// ```
    /// use clocks::kernel::Kernel;
    ///
    /// let mut own = [1, 2];
    /// assert!(Kernel::Baseline.join(&mut own, &[2, 1]));
    /// assert_eq!(own, [2, 2]);
    /// ```
    pub fn join(self, own: &mut [u64], other: &[u64]) -> bool {
        in_room!(self, join(own, other))
    }

    /// Lowers each entry of `own` to that of `other`, or to zero beyond it, and tells if one changed.
    ///
    /// ```
    /// use clocks::kernel::Kernel;
    ///
    /// let mut own = [1, 2, 3];
    /// assert!(Kernel::Baseline.meet(&mut own, &[2, 1]));
    /// assert_eq!(own, [1, 1, 0]);
    /// ```
    pub fn meet(self, own: &mut [u64], other: &[u64]) -> bool {
        let (shared, beyond) = own.split_at_mut(own.len().min(other.len()));
        in_room!(self, meet(shared, other)) | clear(beyond)
    }

    /// Writes the greater of each two entries to `out`, as far as all three reach.
    ///
    /// ```
    /// use clocks::kernel::Kernel;
    ///
    /// let mut out = [9, 9];
    /// Kernel::Baseline.join_into(&mut out, &[1, 2], &[2, 1]);
    /// assert_eq!(out, [2, 2]);
    /// ```
    pub fn join_into(self, out: &mut [u64], left: &[u64], right: &[u64]) {
        in_room!(self, join_into(out, left, right));
    }

    /// How the entries of `left` stand to those of `right`.
    ///
    /// ```
    /// use clocks::{Causality, kernel::Kernel};
    ///
    /// assert_eq!(Kernel::Baseline.compare(&[1], &[1, 2]), Causality::Before);
    /// assert_eq!(Kernel::Baseline.compare(&[1], &[0, 2]), Causality::Concurrent);
    /// ```
    #[must_use]
    pub fn compare(self, left: &[u64], right: &[u64]) -> Causality {
        let shared = in_room!(self, less(left, right));
        let beyond = (
            has_event(beyond(right, left.len())),
            has_event(beyond(left, right.len())),
        );
        causality((shared.0 | beyond.0, shared.1 | beyond.1))
    }
}

/// The name of the instructions: `baseline`, `SSE4.2`, `AVX2`, `AVX-512`.
impl fmt::Display for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Baseline => "baseline",
            Self::Sse42 => "SSE4.2",
            Self::Avx2 => "AVX2",
            Self::Avx512 => "AVX-512",
        })
    }
}

/// Raises each entry of `own` to that of `other`, as far as both reach. Tells if one changed.
#[inline]
pub(crate) fn join(own: &mut [u64], other: &[u64]) -> bool {
    targets::selected::join(own, other)
}

/// Lowers each entry of `own` to that of `other`. Tells if one changed.
#[inline]
pub(crate) fn meet(own: &mut [u64], other: &[u64]) -> bool {
    if own.len() <= other.len() {
        targets::selected::meet(own, other)
    } else {
        Kernel::selected().meet(own, other)
    }
}

/// Writes the greater of each two entries, as far as all three reach.
#[inline]
pub(crate) fn join_into(out: &mut [u64], left: &[u64], right: &[u64]) {
    targets::selected::join_into(out, left, right);
}

/// The order of two slices, entry by entry.
#[inline]
pub(crate) fn compare(left: &[u64], right: &[u64]) -> Causality {
    // A look at the first entries, with one branch and not one for each: nobody could predict those.
    if let (Some(left), Some(right)) = (left.first_chunk::<PEEK>(), right.first_chunk::<PEEK>())
        && less(left, right) == (true, true)
    {
        return Causality::Concurrent;
    }
    if left.len() == right.len() {
        causality(targets::selected::less(left, right))
    } else {
        Kernel::selected().compare(left, right)
    }
}

/// The same without a call: for a few entries of a number that the compiler knows.
#[inline]
pub(crate) fn compare_in_place(left: &[u64], right: &[u64]) -> Causality {
    causality(less(left, right))
}

/// The event of `actor` that follows its event number `counter`.
pub(crate) fn next<A>(actor: A, counter: u64) -> Result<Dot<A>, ClockError> {
    let next = counter.checked_add(1).ok_or(ClockError::CounterExhausted)?;
    // One more than any counter is not zero.
    Dot::new(actor, next).ok_or(ClockError::CounterExhausted)
}

/// The entries up to the last that is not zero: equal for equal clocks of any width.
pub(crate) fn trimmed(counters: &[u64]) -> &[u64] {
    let length = counters
        .iter()
        .rposition(|&counter| counter != 0)
        .map_or(0, |last| last + 1);
    counters.get(..length).unwrap_or_default()
}

/// The entries from slot `start` on.
pub(crate) fn beyond(counters: &[u64], start: usize) -> &[u64] {
    counters.get(start..).unwrap_or_default()
}

/// Sets each entry to zero. Tells if one changed.
#[inline]
fn clear(counters: &mut [u64]) -> bool {
    let has_changed = has_event(counters);
    counters.fill(0);
    has_changed
}

/// Whether an entry of `left` is smaller, and whether one of `right` is.
#[inline]
fn less(left: &[u64], right: &[u64]) -> (bool, bool) {
    let (mut left_less, mut right_less) = (false, false);
    for (left, right) in left.iter().zip(right) {
        left_less |= left < right;
        right_less |= right < left;
    }
    (left_less, right_less)
}

#[inline]
fn has_event(counters: &[u64]) -> bool {
    counters.iter().any(|&counter| counter != 0)
}

/// From whether the left is smaller somewhere, and the right.
#[inline]
const fn causality(less: (bool, bool)) -> Causality {
    match less {
        (false, false) => Causality::Equal,
        (true, false) => Causality::Before,
        (false, true) => Causality::After,
        (true, true) => Causality::Concurrent,
    }
}

#[cfg(test)]
mod tests;
