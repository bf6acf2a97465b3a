//! How likely one Bloom clock is above another by chance, with `core` alone: products and sums, no
//! logarithms.

/// The greatest counter that is looked at; a greater one is treated as reached with certainty, which
/// makes the answer too great, never too small.
const COUNTER_MAX: u64 = 1 << 16;

/// The probability that `hits` hits on random slots raise each slot at least to its counter, taking
/// the slots for independent. The counters are in increasing order.
pub(super) fn dominates_by_chance(counters: &[u64], hits: u64) -> f64 {
    if counters.len() < 2 {
        return if counters.iter().all(|&counter| counter <= hits) {
            1.0
        } else {
            0.0
        };
    }
    let mut below = Binomial::new(hits, counters.len() as f64);
    // The probability of less than `reached` hits on a slot.
    let (mut reached, mut less) = (0, 0.0);
    let mut all = 1.0;
    for &counter in counters
        .iter()
        .take_while(|&&counter| counter <= COUNTER_MAX)
    {
        while reached < counter {
            less += below.next_term();
            reached += 1;
        }
        all *= (1.0 - less).clamp(0.0, 1.0);
    }
    all
}

/// The probabilities of 0, 1, 2, … hits on one of `slots` slots.
///
/// The first can be far below the smallest float, so a term is kept as `fraction` · 2^(-256 ·
/// `scale`).
struct Binomial {
    hits: f64,
    slots: f64,
    count: f64,
    fraction: f64,
    scale: u64,
}

/// 2^256, and its inverse.
const UP: f64 = f64::from_bits((1023 + 256) << 52);
const DOWN: f64 = f64::from_bits((1023 - 256) << 52);

impl Binomial {
    /// At least 2 slots.
    fn new(hits: u64, slots: f64) -> Self {
        let (fraction, scale) = power(1.0 - 1.0 / slots, hits);
        Self {
            hits: hits as f64,
            slots,
            count: 0.0,
            fraction,
            scale,
        }
    }

    fn next_term(&mut self) -> f64 {
        let term = if self.scale == 0 { self.fraction } else { 0.0 };
        let left = (self.hits - self.count).max(0.0);
        self.count += 1.0;
        self.fraction *= left / (self.count * (self.slots - 1.0));
        if self.fraction > 1.0 && self.scale > 0 {
            self.fraction *= DOWN;
            self.scale -= 1;
        }
        term
    }
}

/// `base`^`exponent` as a fraction and a scale, for a base from one half to 1.
fn power(base: f64, mut exponent: u64) -> (f64, u64) {
    let (mut square, mut result) = ((base, 0_u64), (1.0, 0_u64));
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = product(result, square);
        }
        square = product(square, square);
        exponent >>= 1;
    }
    result
}

fn product(a: (f64, u64), b: (f64, u64)) -> (f64, u64) {
    let (fraction, scale) = (a.0 * b.0, a.1.saturating_add(b.1));
    if fraction < DOWN {
        (fraction * UP, scale.saturating_add(1))
    } else {
        (fraction, scale)
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    fn assert_near(actual: f64, expected: f64) {
        assert!((actual - expected).abs() < 1e-9, "{actual}, not {expected}");
    }

    #[test]
    fn small_cases_are_those_of_the_definition() {
        assert_near(dominates_by_chance(&[0, 0], 0), 1.0);
        assert_near(dominates_by_chance(&[0, 1], 0), 0.0);
        assert_near(dominates_by_chance(&[1, 1], 3), 49.0 / 64.0);
        assert_near(dominates_by_chance(&[0, 2], 3), 0.5);
        assert_near(dominates_by_chance(&[0, 0, 1], 2), 5.0 / 9.0);
        assert_near(dominates_by_chance(&[5], 5), 1.0);
        assert_near(dominates_by_chance(&[6], 5), 0.0);
    }

    /// How many of all ways to place `hits` hits on `slots` slots raise the first to `counter`.
    fn ways(slots: u64, hits: u32, counter: u32) -> u64 {
        let is_first = |way: u64, hit: u32| (way / slots.pow(hit)).is_multiple_of(slots);
        let firsts = |way: u64| (0..hits).filter(|&hit| is_first(way, hit)).count();
        let all = 0..slots.pow(hits);
        all.filter(|&way| firsts(way) >= counter as usize).count() as u64
    }

    #[test]
    fn each_slot_counts_as_in_an_enumeration_of_all_ways() {
        for slots in 2..=4_u64 {
            for hits in 0..=6_u32 {
                for first in 0..=hits {
                    for second in first..=hits {
                        let mut counters = vec![0; slots as usize - 2];
                        counters.extend([u64::from(first), u64::from(second)]);
                        let all = slots.pow(hits) as f64;
                        let expected = [first, second].map(|c| ways(slots, hits, c) as f64 / all);
                        let chance = dominates_by_chance(&counters, u64::from(hits));
                        assert_near(chance, expected[0] * expected[1]);
                    }
                }
            }
        }
    }

    #[test]
    fn a_first_term_below_the_smallest_float_does_not_lose_the_rest() {
        // Half of so many hits, more or less: by symmetry one half and half of the middle term.
        let half = 1.0 - dominates_by_chance(&[0, 10_000], 20_000);
        assert!((half - 0.5).abs() < 0.01, "{half}");
        assert_near(dominates_by_chance(&[9_000, 9_000], 20_000), 1.0);
        assert!(dominates_by_chance(&[0, 10_500], 20_000) < 1e-10);
    }

    #[test]
    fn no_input_gives_anything_but_a_probability() {
        let edges = [
            0,
            1,
            2,
            1_000,
            COUNTER_MAX,
            COUNTER_MAX + 1,
            u64::MAX - 1,
            u64::MAX,
        ];
        for slots in [0, 1, 2, 3, 70] {
            for hits in edges {
                for counter in edges {
                    let mut counters = vec![1; slots];
                    counters.push(counter);
                    counters.sort_unstable();
                    let chance = dominates_by_chance(&counters, hits);
                    assert!(
                        (0.0..=1.0).contains(&chance),
                        "{counters:?} {hits}: {chance}"
                    );
                }
            }
        }
    }
}
