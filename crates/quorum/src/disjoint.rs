//! Two sets of members without a common one, found by subset sums.
//!
//! Two disjoint sets that weigh at least `least` and at least `rest` exist exactly when some set
//! weighs at least `least` and leaves at least `rest` to all the others, so exactly when some set
//! weighs between `least` and `total - rest`. For every sum that a set of members can have, the
//! member that reached it first is noted. The rest of that sum was reached by earlier members, so
//! walking back uses each member at most once.

use alloc::vec;
use alloc::vec::Vec;

const WORD_BITS: usize = 64;

/// For each member, whether it belongs to the first set; all others are the second. `None` when any
/// two such sets meet.
///
/// O(members × total / 64 + total) time, O(total) space; O(1) when `least + rest` is above `total`.
pub(crate) fn disjoint<N>(
    members: &[(N, u64)],
    total: u64,
    least: u64,
    rest: u64,
) -> Option<Vec<bool>> {
    let most = total.checked_sub(rest)?;
    if least > most {
        return None;
    }
    let (least, most) = (usize::try_from(least).ok()?, usize::try_from(most).ok()?);
    let mut sums = Sums::up_to(most);
    for (place, (_, weight)) in members.iter().enumerate() {
        sums.add(place, usize::try_from(*weight).ok()?);
    }
    let mut sum = (least..=most).find(|&sum| sums.reached_by(sum).is_some())?;
    let mut chosen = vec![false; members.len()];
    while let Some(place) = sums.reached_by(sum) {
        *chosen.get_mut(place)? = true;
        sum = sum.checked_sub(usize::try_from(members.get(place)?.1).ok()?)?;
    }
    Some(chosen)
}

/// The sums that sets of members reach.
struct Sums {
    /// A bit for each sum. The highest word may hold some above the greatest that matters.
    reached: Vec<u64>,
    /// The place of the member that reached a sum first. Nobody reaches the empty sum.
    first: Vec<Option<u16>>,
}

impl Sums {
    fn up_to(most: usize) -> Self {
        let mut reached = vec![0; most / WORD_BITS + 1];
        if let Some(lowest) = reached.first_mut() {
            *lowest = 1;
        }
        Self {
            reached,
            first: vec![None; most + 1],
        }
    }

    fn reached_by(&self, sum: usize) -> Option<usize> {
        self.first.get(sum).copied().flatten().map(usize::from)
    }

    /// Every sum reached so far is also reached with `weight` more.
    fn add(&mut self, place: usize, weight: usize) {
        let (words, bits) = (weight / WORD_BITS, (weight % WORD_BITS) as u32);
        // From above, so that a word is read before this member changes it.
        for word in (words..self.reached.len()).rev() {
            let lower = word - words;
            let moved = self.word(lower) << bits;
            let carried = lower
                .checked_sub(1)
                .and_then(|below| self.word(below).checked_shr(WORD_BITS as u32 - bits))
                .unwrap_or(0);
            let mut fresh = (moved | carried) & !self.word(word);
            if let Some(reached) = self.reached.get_mut(word) {
                *reached |= fresh;
            }
            while fresh != 0 {
                let sum = word * WORD_BITS + fresh.trailing_zeros() as usize;
                if let Some(first) = self.first.get_mut(sum) {
                    *first = u16::try_from(place).ok();
                }
                fresh &= fresh - 1;
            }
        }
    }

    fn word(&self, place: usize) -> u64 {
        self.reached.get(place).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The recurrence by the book, one bit at a time.
    fn sums(weights: &[u64], most: usize) -> Vec<bool> {
        let mut reached = vec![false; most + 1];
        reached[0] = true;
        for &weight in weights {
            for sum in (weight as usize..=most).rev() {
                reached[sum] |= reached[sum - weight as usize];
            }
        }
        reached
    }

    fn weights(seed: u64) -> Vec<u64> {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(1);
        let mut draw = |below: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) % below
        };
        let greatest = [3, 63, 64, 65, 129, 1_000][draw(6) as usize];
        (0..=draw(12)).map(|_| 1 + draw(greatest)).collect()
    }

    #[test]
    fn the_sums_across_words_are_those_of_the_recurrence() {
        for seed in 0..500 {
            let weights = weights(seed);
            let most: u64 = weights.iter().sum();
            let mut found = Sums::up_to(most as usize);
            for (place, &weight) in weights.iter().enumerate() {
                found.add(place, weight as usize);
            }
            let expected = sums(&weights, most as usize);
            for (sum, &expected) in expected.iter().enumerate().skip(1) {
                assert_eq!(
                    found.reached_by(sum).is_some(),
                    expected,
                    "{sum} of {weights:?}"
                );
            }
        }
    }

    #[test]
    fn the_two_sets_weigh_what_was_asked_and_none_is_overlooked() {
        for seed in 0..500 {
            let members: Vec<((), u64)> =
                weights(seed).iter().map(|&weight| ((), weight)).collect();
            let total: u64 = members.iter().map(|(_, weight)| weight).sum();
            let reached = sums(&weights(seed), total as usize);
            for least in (1..=total).step_by(1 + total as usize / 20) {
                for rest in (1..=total).step_by(1 + total as usize / 17) {
                    let found = disjoint(&members, total, least, rest);
                    let most = total - rest;
                    let exists = (least..=most).any(|sum| reached[sum as usize]);
                    assert_eq!(found.is_some(), exists, "{least} and {rest} of {members:?}");
                    let Some(chosen) = found else { continue };
                    let pairs = members.iter().zip(&chosen);
                    let weight: u64 = pairs
                        .filter(|pair| *pair.1)
                        .map(|(member, _)| member.1)
                        .sum();
                    assert!(weight >= least && total - weight >= rest);
                }
            }
        }
    }
}
