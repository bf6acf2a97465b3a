//! A set of members by their places: a kilobit on the stack.

use crate::MEMBERS_MAX;

const WORD_BITS: usize = 64;
const WORDS: usize = MEMBERS_MAX / WORD_BITS;

#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct Places([u64; WORDS]);

impl Places {
    pub(crate) const CAPACITY: usize = MEMBERS_MAX;

    pub(crate) const fn none() -> Self {
        Self([0; WORDS])
    }

    pub(crate) fn only(place: usize) -> Self {
        let mut places = Self::none();
        places.insert(place);
        places
    }

    pub(crate) fn contains(&self, place: usize) -> bool {
        let word = self.0.get(place / WORD_BITS);
        word.is_some_and(|word| word >> (place % WORD_BITS) & 1 == 1)
    }

    /// Whether it was not there before.
    pub(crate) fn insert(&mut self, place: usize) -> bool {
        let is_new = !self.contains(place);
        self.set(place, true);
        is_new
    }

    pub(crate) fn set(&mut self, place: usize, is_in: bool) {
        if let Some(word) = self.0.get_mut(place / WORD_BITS) {
            let bit = 1 << (place % WORD_BITS);
            *word = if is_in { *word | bit } else { *word & !bit };
        }
    }

    pub(crate) fn extend(&mut self, other: &Self) {
        for (word, more) in self.0.iter_mut().zip(&other.0) {
            *word |= more;
        }
    }

    pub(crate) fn with(&self, other: &Self) -> Self {
        let mut both = *self;
        both.extend(other);
        both
    }

    pub(crate) fn remove(&mut self, other: &Self) {
        for (word, fewer) in self.0.iter_mut().zip(&other.0) {
            *word &= !fewer;
        }
    }

    pub(crate) fn meets(&self, other: &Self) -> bool {
        let mut words = self.0.iter().zip(&other.0);
        words.any(|(one, other)| one & other != 0)
    }

    pub(crate) fn is_within(&self, other: &Self) -> bool {
        let mut words = self.0.iter().zip(&other.0);
        words.all(|(one, other)| one & !other == 0)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// In order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> {
        (0..Self::CAPACITY).filter(|&place| self.contains(place))
    }
}

impl FromIterator<usize> for Places {
    fn from_iter<I: IntoIterator<Item = usize>>(places: I) -> Self {
        let mut set = Self::none();
        for place in places {
            set.insert(place);
        }
        set
    }
}
