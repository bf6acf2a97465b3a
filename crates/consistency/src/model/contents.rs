//! What a set, a queue, a stack or a priority queue holds, for searches that keep thousands of states.
//!
//! The values lie in shared pieces of at most [`PIECE_MAX`]: a changed copy shares all pieces but one, so that a state
//! of n values costs O(n / 32) words more than its neighbour. A digest is carried along, so that hashing is O(1) and
//! unequal states are told apart without a comparison.
//!
//! Two disciplines, never mixed on one object: *sequence* (push at the back, pop at either end; the digest is a
//! polynomial in the places) and *sorted* (insert and remove by order; the digest is a sum).

use alloc::{sync::Arc, vec::Vec};
use core::{
    fmt,
    hash::{Hash, Hasher},
};

use crate::{Value, intern::Mixer};

const PIECE_MAX: usize = 32;
/// Odd, so that it has an inverse among the 64-bit words.
const BASE: u64 = 0x9e37_79b9_7f4a_7c15;
const BASE_INVERSE: u64 = inverse(BASE);

/// Values in their order; what [`FifoQueue`](crate::FifoQueue), [`Stack`](crate::Stack),
/// [`PriorityQueue`](crate::PriorityQueue) and [`Set`](crate::Set) have as their state. Cloning shares; a change
/// copies O(n / 32) words.
///
/// ```
/// use consistency::{Model, Stack, PoolInput};
///
/// let empty = Stack.initial(&None);
/// let full = Stack.step(&empty, &PoolInput::put(7), None).ok_or("a push is always allowed")?;
/// assert_eq!(full.iter().collect::<Vec<_>>(), [&7.into()]);
/// assert!(empty.is_empty() && full.len() == 1);
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone)]
pub struct Contents {
    /// None is empty.
    pieces: Arc<[Arc<[Value]>]>,
    len: usize,
    digest: u64,
}

impl Contents {
    /// How many values there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The values: the oldest first in a queue or stack, the smallest first in a set or priority queue.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Value> {
        self.pieces.iter().flat_map(|piece| piece.iter())
    }

    pub(super) fn new() -> Self {
        Self {
            pieces: Arc::new([]),
            len: 0,
            digest: 0,
        }
    }

    pub(super) fn front(&self) -> Option<&Value> {
        self.pieces.first()?.first()
    }

    pub(super) fn back(&self) -> Option<&Value> {
        self.pieces.last()?.last()
    }

    /// Sequence: this with `value` at the back.
    pub(super) fn push_back(&self, value: &Value) -> Self {
        let is_room = |piece: &Arc<[Value]>| piece.len() < PIECE_MAX;
        let (kept, grown) = match self.pieces.split_last() {
            Some((last, rest)) if is_room(last) => (rest, last.as_ref()),
            _ => (self.pieces.as_ref(), &[][..]),
        };
        let grown: Arc<[Value]> = grown.iter().chain([value]).cloned().collect();
        Self {
            pieces: kept.iter().cloned().chain([grown]).collect(),
            len: self.len.saturating_add(1),
            digest: self
                .digest
                .wrapping_mul(BASE)
                .wrapping_add(digest_of(value)),
        }
    }

    /// Sequence: this without its last value.
    pub(super) fn pop_back(&self) -> Option<Self> {
        let (last, rest) = self.pieces.split_last()?;
        let (value, shrunk) = last.split_last()?;
        let digest = self.digest.wrapping_sub(digest_of(value));
        Some(Self {
            pieces: rest.iter().cloned().chain(piece(shrunk)).collect(),
            len: self.len.saturating_sub(1),
            digest: digest.wrapping_mul(BASE_INVERSE),
        })
    }

    /// Sequence: this without its first value.
    pub(super) fn pop_front(&self) -> Option<Self> {
        let (first, rest) = self.pieces.split_first()?;
        let (value, shrunk) = first.split_first()?;
        let len = self.len.saturating_sub(1);
        let weight = power(BASE, len as u64);
        Some(Self {
            pieces: piece(shrunk)
                .into_iter()
                .chain(rest.iter().cloned())
                .collect(),
            len,
            digest: self
                .digest
                .wrapping_sub(digest_of(value).wrapping_mul(weight)),
        })
    }

    /// Sorted: whether `value` is there.
    pub(super) fn contains(&self, value: &Value) -> bool {
        let piece = self.pieces.get(self.piece_of(value));
        piece.is_some_and(|piece| piece.binary_search(value).is_ok())
    }

    /// Sorted: this with `value` in its place, before its equals.
    pub(super) fn insert(&self, value: &Value) -> Self {
        // Behind all pieces is behind the last value.
        let place = self
            .piece_of(value)
            .min(self.pieces.len().saturating_sub(1));
        let (before, tail) = self.pieces.split_at_checked(place).unwrap_or_default();
        let (old, after) = match tail.split_first() {
            Some((old, after)) => (old.as_ref(), after),
            None => (&[][..], &[][..]),
        };
        let at = old.partition_point(|other| other < value);
        let mut grown: Vec<Value> = Vec::with_capacity(old.len().saturating_add(1));
        grown.extend_from_slice(old.get(..at).unwrap_or_default());
        grown.push(value.clone());
        grown.extend_from_slice(old.get(at..).unwrap_or_default());
        let half = if grown.len() > PIECE_MAX {
            PIECE_MAX / 2
        } else {
            grown.len()
        };
        let grown = grown.chunks(half.max(1)).map(Arc::from);
        Self {
            pieces: before
                .iter()
                .cloned()
                .chain(grown)
                .chain(after.iter().cloned())
                .collect(),
            len: self.len.saturating_add(1),
            digest: self.digest.wrapping_add(digest_of(value)),
        }
    }

    /// Sorted: this without one `value`; `None` when it is not there.
    pub(super) fn remove(&self, value: &Value) -> Option<Self> {
        let place = self.piece_of(value);
        let old = self.pieces.get(place)?;
        let at = old.binary_search(value).ok()?;
        let (before, tail) = self.pieces.split_at_checked(place)?;
        let head = old.get(..at)?;
        let shrunk: Vec<Value> = head
            .iter()
            .chain(old.get(at..)?.iter().skip(1))
            .cloned()
            .collect();
        Some(Self {
            pieces: before
                .iter()
                .cloned()
                .chain(piece(&shrunk))
                .chain(tail.iter().skip(1).cloned())
                .collect(),
            len: self.len.saturating_sub(1),
            digest: self.digest.wrapping_sub(digest_of(value)),
        })
    }

    /// The first piece whose last value is not smaller.
    fn piece_of(&self, value: &Value) -> usize {
        self.pieces
            .partition_point(|piece| piece.last().is_some_and(|last| last < value))
    }
}

/// A piece, if it is not empty.
fn piece(values: &[Value]) -> Option<Arc<[Value]>> {
    (!values.is_empty()).then(|| values.into())
}

fn digest_of(value: &Value) -> u64 {
    let mut mixer = Mixer::default();
    value.hash(&mut mixer);
    mixer.finish()
}

const fn power(base: u64, mut exponent: u64) -> u64 {
    let (mut square, mut product) = (base, 1_u64);
    while exponent > 0 {
        if exponent & 1 == 1 {
            product = product.wrapping_mul(square);
        }
        square = square.wrapping_mul(square);
        exponent >>= 1;
    }
    product
}

/// By Newton: each round doubles the bits that are right, of which an odd number has three to begin with.
const fn inverse(odd: u64) -> u64 {
    let mut guess = odd;
    let mut round = 0;
    while round < 5 {
        guess = guess.wrapping_mul(2_u64.wrapping_sub(odd.wrapping_mul(guess)));
        round += 1;
    }
    guess
}

impl PartialEq for Contents {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len
            && self.digest == other.digest
            && (Arc::ptr_eq(&self.pieces, &other.pieces) || self.iter().eq(other.iter()))
    }
}

impl Eq for Contents {}

impl Hash for Contents {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.digest);
    }
}

impl fmt::Debug for Contents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::VecDeque;

    /// Small steps of a linear congruence, as the test's only chance.
    fn numbers(count: u32) -> impl Iterator<Item = i64> {
        let mut word = 7_u64;
        (0..count).map(move |_| {
            word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (word >> 40) as i64
        })
    }

    #[test]
    fn a_sequence_equals_and_hashes_as_the_same_values_built_anew() {
        let (mut contents, mut expected) = (Contents::new(), VecDeque::new());
        for number in numbers(3_000) {
            match number % 5 {
                0 => {
                    contents = contents.pop_front().unwrap_or(contents);
                    expected.pop_front();
                }
                1 => {
                    contents = contents.pop_back().unwrap_or(contents);
                    expected.pop_back();
                }
                _ => {
                    contents = contents.push_back(&number.into());
                    expected.push_back(Value::from(number));
                }
            }
            assert!(contents.iter().eq(expected.iter()));
            assert_eq!(contents.front(), expected.front());
            assert_eq!(contents.back(), expected.back());
            if number % 16 == 0 {
                let anew = expected
                    .iter()
                    .fold(Contents::new(), |it, value| it.push_back(value));
                assert_eq!(contents, anew);
                assert_eq!(contents.digest, anew.digest);
            }
        }
        assert!(contents.len() > 100);
    }

    #[test]
    fn a_sorted_one_equals_the_same_values_inserted_in_another_order() {
        let (mut contents, mut expected) = (Contents::new(), Vec::new());
        for number in numbers(3_000) {
            let value = Value::from(number / 8 % 400);
            if number % 3 == 0 {
                let place = expected.iter().position(|other| *other == value);
                assert_eq!(contents.contains(&value), place.is_some());
                match (contents.remove(&value), place) {
                    (Some(shrunk), Some(place)) => {
                        contents = shrunk;
                        expected.remove(place);
                    }
                    (removed, place) => assert!(removed.is_none() && place.is_none()),
                }
            } else {
                contents = contents.insert(&value);
                expected.push(value);
                expected.sort();
            }
            assert!(contents.iter().eq(expected.iter()));
            assert!(
                contents
                    .pieces
                    .iter()
                    .all(|piece| !piece.is_empty() && piece.len() <= PIECE_MAX)
            );
        }
        let anew = expected
            .iter()
            .rev()
            .fold(Contents::new(), |it, value| it.insert(value));
        assert_eq!((contents.len(), contents.digest), (anew.len(), anew.digest));
        assert_eq!(contents, anew);
        assert!(contents.len() > 100);
    }
}
