//! The random numbers behind a seed: small, ours, and pinned by test vectors.
//!
//! SplitMix64 (Steele, Lea, Flood: *Fast splittable pseudorandom number generators*, OOPSLA 2014)
//! spreads a seed over the state of xoshiro256++ (Blackman, Vigna: *Scrambled linear pseudorandom
//! number generators*, 2018). A library's stream may change between releases; this one may not.

/// The state of SplitMix64.
#[derive(Clone, Debug)]
struct SplitMix64(u64);

impl SplitMix64 {
    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }
}

/// The finalizer of SplitMix64: a bijection in which every input bit reaches every output bit.
pub(crate) const fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// xoshiro256++, with draws bounded without bias.
#[derive(Clone, Debug)]
pub(crate) struct Rng([u64; 4]);

impl Rng {
    /// The generator of `seed`, on its numbered `stream`: streams of one seed are unrelated.
    pub(crate) const fn new(seed: u64, stream: u64) -> Self {
        let mut seeder = SplitMix64(seed ^ mix(stream));
        Self([seeder.next(), seeder.next(), seeder.next(), seeder.next()])
    }

    /// The next 64 bits.
    #[inline]
    pub(crate) const fn next(&mut self) -> u64 {
        let [a, b, c, d] = self.0;
        let result = a.wrapping_add(d).rotate_left(23).wrapping_add(a);
        let c2 = c ^ a;
        let d2 = d ^ b;
        self.0 = [a ^ d2, b ^ c2, c2 ^ (b << 17), d2.rotate_left(45)];
        result
    }

    /// A number in `0..n`, each equally likely; `n` is at least 1.
    ///
    /// Lemire, *Fast random integer generation in an interval*, 2019: multiply, and reject the few
    /// products that would favour some numbers.
    #[inline]
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        let mut product = u128::from(self.next()) * u128::from(n);
        if (product as u64) < n {
            let threshold = n.wrapping_neg() % n;
            while (product as u64) < threshold {
                product = u128::from(self.next()) * u128::from(n);
            }
        }
        (product >> 64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splitmix64_gives_the_published_stream() {
        let mut seeder = SplitMix64(1_234_567);
        let stream: Vec<u64> = (0..5).map(|_| seeder.next()).collect();
        assert_eq!(
            stream,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423,
                4_593_380_528_125_082_431,
                16_408_922_859_458_223_821,
            ]
        );
    }

    #[test]
    fn xoshiro256_plus_plus_gives_the_published_stream() {
        let mut rng = Rng([1, 2, 3, 4]);
        let stream: Vec<u64> = (0..10).map(|_| rng.next()).collect();
        assert_eq!(
            stream,
            [
                41_943_041,
                58_720_359,
                3_588_806_011_781_223,
                3_591_011_842_654_386,
                9_228_616_714_210_784_205,
                9_973_669_472_204_895_162,
                14_011_001_112_246_962_877,
                12_406_186_145_184_390_807,
                15_849_039_046_786_891_736,
                10_450_023_813_501_588_000,
            ]
        );
    }

    #[test]
    fn bounded_draws_favour_no_number() {
        // With n just above half the range, a biased multiply would give low numbers twice as often.
        let n = (u64::MAX / 3) * 2;
        let mut rng = Rng::new(7, 0);
        let draws = 30_000_u32;
        let low = (0..draws).filter(|_| rng.below(n) < n / 2).count();
        let expected = f64::from(draws) / 2.0;
        assert!((low as f64 - expected).abs() < 5.0 * (expected / 2.0).sqrt());
        let mut counts = [0_u32; 6];
        for _ in 0..60_000 {
            counts[rng.below(6) as usize] += 1;
        }
        assert!(counts.iter().all(|&count| count.abs_diff(10_000) < 500));
    }

    #[test]
    fn streams_of_one_seed_differ() {
        assert_ne!(Rng::new(1, 0).next(), Rng::new(1, 1).next());
        assert_ne!(Rng::new(1, 0).next(), Rng::new(2, 0).next());
    }
}
