//! The decision tape: every choice of a run, in order.
//!
//! A seed fills it, a recording replays it, the shrinker edits it. One entry is one choice among
//! `n >= 2`; where there is nothing to choose there is no entry. Zero is the benign choice
//! everywhere, and a recording that has ended answers zero.

use transport::Choose;

use crate::Choices;
use crate::choices::Reader;
use crate::rng::Rng;

/// Where a run's choices come from, and what they were.
///
/// ```
/// use simulator::Tape;
/// use transport::Choose;
///
/// let mut seeded = Tape::seeded(7);
/// let drawn: Vec<u64> = (0..5).map(|_| seeded.choose(10)).collect();
/// let recorded = seeded.into_choices();
///
/// let mut replayed = Tape::replay(recorded);
/// let again: Vec<u64> = (0..5).map(|_| replayed.choose(10)).collect();
/// assert_eq!(drawn, again);
/// assert_eq!(replayed.choose(10), 0);
/// ```
#[derive(Clone, Debug)]
pub struct Tape {
    source: Source,
    written: Choices,
    is_recording: bool,
}

#[derive(Clone, Debug)]
enum Source {
    Seed(Rng),
    Recorded(Reader),
}

impl Tape {
    /// The tape that `seed` fills.
    #[must_use]
    pub const fn seeded(seed: u64) -> Self {
        Self::seeded_stream(seed, 0)
    }

    /// The tape that stream number `stream` of `seed` fills: streams of one seed are unrelated.
    /// A campaign draws its fault plan from one and its run from another.
    #[must_use]
    pub const fn seeded_stream(seed: u64, stream: u64) -> Self {
        Self {
            source: Source::Seed(Rng::new(seed, stream)),
            written: Choices::new(),
            is_recording: true,
        }
    }

    /// The tape that repeats `choices`, each reduced modulo what there is to choose from, and
    /// answers zero after the last.
    #[must_use]
    pub fn replay(choices: Choices) -> Self {
        Self {
            source: Source::Recorded(choices.into_reader()),
            written: Choices::new(),
            is_recording: true,
        }
    }

    /// The same tape, without keeping what it answers: for long runs whose seed is known.
    #[must_use]
    pub fn unrecorded(mut self) -> Self {
        self.is_recording = false;
        self
    }

    /// Makes room for `bytes` bytes of recording.
    pub fn reserve(&mut self, bytes: usize) {
        self.written.reserve(bytes);
    }

    /// What was chosen so far; empty when not recording.
    #[must_use]
    pub const fn choices(&self) -> &Choices {
        &self.written
    }

    /// What was chosen; empty when not recording.
    #[must_use]
    pub fn into_choices(self) -> Choices {
        self.written
    }

    /// A number in `0..n`; see [`Choose::choose`].
    #[inline]
    pub(crate) fn draw(&mut self, n: u64) -> u64 {
        if n < 2 {
            return 0;
        }
        let value = match &mut self.source {
            Source::Seed(rng) => rng.below(n),
            Source::Recorded(reader) => reader.next().unwrap_or(0) % n,
        };
        if self.is_recording {
            self.written.push(value);
        }
        value
    }

    /// Whether something that happens `per_million` times in a million happens now. On the tape: a
    /// one if it does, so that what did not happen is already as benign as it can be.
    #[inline]
    pub(crate) fn happens(&mut self, per_million: u32) -> bool {
        if per_million == 0 {
            return false;
        }
        let happens = match &mut self.source {
            Source::Seed(rng) => rng.below(1_000_000) < u64::from(per_million),
            Source::Recorded(reader) => reader.next().unwrap_or(0) % 2 == 1,
        };
        if self.is_recording {
            self.written.push(u64::from(happens));
        }
        happens
    }
}

impl Choose for Tape {
    #[inline]
    fn choose(&mut self, n: u64) -> u64 {
        self.draw(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_without_alternatives_takes_no_entry() {
        let mut tape = Tape::seeded(1);
        assert_eq!((tape.choose(0), tape.choose(1)), (0, 0));
        assert_eq!(tape.choices().len(), 0);
    }

    #[test]
    fn a_recording_is_reduced_modulo_n_and_ends_in_zeros() {
        let mut tape = Tape::replay([9, 4].into_iter().collect());
        assert_eq!([tape.choose(5), tape.choose(5), tape.choose(5)], [4, 4, 0]);
        // What it writes is what it answered.
        assert_eq!(tape.choices().iter().collect::<Vec<_>>(), [4, 4, 0]);
    }

    #[test]
    fn the_stream_of_a_seed_is_pinned() {
        let mut tape = Tape::seeded(42);
        let stream: Vec<u64> = (0..6).map(|_| tape.choose(1000)).collect();
        assert_eq!(stream, [814, 318, 983, 701, 793, 588]);
    }

    #[test]
    fn zero_is_never_the_unlucky_choice() {
        let mut tape = Tape::replay(Choices::new());
        assert!((0..1000).all(|_| !tape.happens(1_000_000)));
        assert!(Tape::seeded(1).happens(1_000_000));
        assert!(!Tape::seeded(1).happens(0));
        let mut tape = Tape::seeded(1);
        let happened = (0..100_000).filter(|_| tape.happens(250_000)).count();
        assert!(happened.abs_diff(25_000) < 700);
        assert_eq!(tape.choices().nonzero(), happened);
    }
}
