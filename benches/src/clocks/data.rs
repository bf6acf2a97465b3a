//! What is merged: random clocks prepared beforehand, such that each merge changes a known share.

/// How many entries each merge raises.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Changing {
    /// No entry: a message that arrives again.
    None,
    /// About half of the entries, at random places.
    Half,
    /// Every entry.
    All,
}

/// Clocks to merge one after the other into a copy of the first.
#[derive(Clone, Debug)]
pub struct Chain {
    /// What the clock is set to before the first merge.
    pub start: Vec<u64>,
    /// What is merged, in this order.
    pub merged: Vec<Vec<u64>>,
    /// What must come out.
    pub end: Vec<u64>,
}

/// Everything that a chain touches fits in this: three quarters of a first-level cache of 32 KiB.
const WORKING_SET_BYTES: usize = 24 << 10;

impl Chain {
    /// A chain of clocks of `n` entries: 16 merges, or as many as stay in the first-level cache.
    ///
    /// ```
    /// use benches::clocks::{Chain, Changing};
    /// let chain = Chain::new(64, Changing::Half, 1);
    /// assert_eq!((chain.start.len(), chain.merged.len()), (64, 16));
    /// ```
    #[must_use]
    pub fn new(n: usize, changing: Changing, seed: u64) -> Self {
        let buffers = WORKING_SET_BYTES / (8 * n.max(1));
        let merges = buffers.saturating_sub(2).clamp(1, 16);
        let mut random = Random::new(seed);
        let start: Vec<u64> = (0..n).map(|_| (1 << 19) + random.below(1 << 18)).collect();
        let mut end = start.clone();
        let merged = (0..merges).map(|_| {
            let step = |known: &mut u64| {
                let grows = match changing {
                    Changing::None => false,
                    Changing::Half => random.below(2) == 1,
                    Changing::All => true,
                };
                if grows {
                    *known += 1 + random.below(1000);
                    *known
                } else {
                    *known - random.below(1000)
                }
            };
            end.iter_mut().map(step).collect()
        });
        let merged = merged.collect();
        Self { start, merged, end }
    }

    /// How many merges the chain has.
    #[must_use]
    pub fn merges(&self) -> u64 {
        self.merged.len() as u64
    }
}

/// SplitMix64: the same numbers in every run.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The generator of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`, which is not zero.
    ///
    /// ```
    /// assert!(benches::clocks::Random::new(1).below(6) < 6);
    /// ```
    pub const fn below(&mut self, bound: u64) -> u64 {
        self.bits() % bound
    }
}

/// Makes values until one lies at a multiple of 64 bytes: where the allocator puts a buffer would
/// otherwise decide a row. After 256 attempts it takes what it has.
///
/// ```
/// use benches::clocks::at_line;
/// let buffer = at_line(|| vec![0_u64; 64], |buffer| buffer.as_slice());
/// assert_eq!(buffer.as_ptr().addr() % 64, 0);
/// ```
pub fn at_line<T>(make: impl Fn() -> T, entries: impl Fn(&T) -> &[u64]) -> T {
    // Those that lie wrong are kept until the end, so that the next one lies elsewhere.
    let mut wrong = Vec::with_capacity(256);
    loop {
        let value = make();
        if entries(&value).as_ptr().addr().is_multiple_of(64) || wrong.len() == 256 {
            return value;
        }
        wrong.push(value);
    }
}

#[cfg(test)]
mod tests {
    use super::{Chain, Changing};

    #[test]
    fn a_chain_changes_the_share_it_promises_and_ends_in_the_join() {
        let share = |changing| {
            let chain = Chain::new(256, changing, 3);
            let mut own = chain.start.clone();
            let mut changed = 0;
            for other in &chain.merged {
                for (own, &other) in own.iter_mut().zip(other) {
                    changed += u64::from(*own < other);
                    *own = (*own).max(other);
                }
            }
            assert_eq!(own, chain.end);
            changed as f64 / (256 * chain.merges()) as f64
        };
        assert_eq!((share(Changing::None), share(Changing::All)), (0.0, 1.0));
        assert!((0.45..0.55).contains(&share(Changing::Half)));
    }
}
