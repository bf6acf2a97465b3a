//! A node's choices: a function of the seed, the node and how many it has drawn.
//!
//! The words are those of SplitMix64 (Steele, Lea and Flood 2014), pinned by its published stream.
//! A draw in `0..n` is the high word of a product; its bias is below n / 2^64.

use transport::{Choose, NodeId};

#[derive(Clone, Copy)]
pub(super) struct Tape(u64);

/// What the state grows by.
pub(crate) const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// A state's word.
pub(crate) const fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

impl Tape {
    pub(super) const fn new(seed: u64, node: NodeId) -> Self {
        // Mixed twice, so that neighbouring seeds and nodes do not walk along one stream.
        Self(mix(mix(seed).wrapping_add(node.0 as u64 + 1)))
    }

    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GAMMA);
        mix(self.0)
    }
}

impl Choose for Tape {
    fn choose(&mut self, n: u64) -> u64 {
        if n < 2 {
            return 0;
        }
        let product = u128::from(self.next()) * u128::from(n);
        // The high word of a product of two words.
        (product >> 64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_the_published_stream_of_splitmix64() {
        let mut tape = Tape(1_234_567);
        let words: [u64; 3] = core::array::from_fn(|_| tape.next());
        assert_eq!(
            words,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423,
            ]
        );
    }

    #[test]
    fn draws_stay_below_n_and_nodes_draw_differently() {
        let draw = |node| {
            let mut tape = Tape::new(1, NodeId(node));
            [(); 64].map(|()| tape.choose(10))
        };
        assert!(draw(0).iter().all(|&number| number < 10));
        assert_ne!(draw(0), draw(1));
        assert_eq!(Tape::new(1, NodeId(0)).choose(0), 0);
    }
}
