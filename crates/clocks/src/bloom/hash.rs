//! Which counters an event hits. The same everywhere and for ever: stored clocks depend on it.
//!
//! FNV-1a over the compact encoding of the dot gives 64 bits; two mixings of them give a start and a
//! step (double hashing, Kirsch and Mitzenmacher 2006), and the high bits of each sum give a slot.

use alloc::vec::Vec;

use crate::Dot;
use crate::wire::{WireActor, write_u64};

/// The slots, of `slots`, that the event hits: `hashes` of them, not all different.
pub(super) fn hits<A: WireActor>(event: &Dot<A>, hashes: u8, slots: usize) -> Vec<usize> {
    let mut name = Vec::with_capacity(20);
    event.actor.encode_after(None, &mut name);
    write_u64(event.number(), &mut name);
    let digest = fnv_1a(&name);
    let start = mix(digest);
    // An odd step never stands still.
    let step = mix(digest ^ 0x5851_f42d_4c95_7f2d) | 1;
    (0..u64::from(hashes))
        .map(|round| reduce(start.wrapping_add(round.wrapping_mul(step)), slots))
        .collect()
}

fn fnv_1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// The finalizer of SplitMix64 (Steele, Lea and Flood 2014): each bit depends on every bit.
const fn mix(mut hash: u64) -> u64 {
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

/// One of `slots` slots, by the high bits of the hash.
const fn reduce(hash: u64, slots: usize) -> usize {
    ((hash as u128 * slots as u128) >> 64) as usize
}

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use super::*;
    use crate::Actor;

    #[test]
    fn the_hash_is_that_of_the_published_vectors() {
        assert_eq!(fnv_1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv_1a(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv_1a(b"foobar"), 0x8594_4171_f739_67e8);
        // The first output of SplitMix64 from seed 0 is the mixed increment.
        assert_eq!(mix(0x9e37_79b9_7f4a_7c15), 0xe220_a839_7b1d_cdaf);
    }

    #[test]
    fn the_hits_of_an_event_never_change() {
        let number = Dot::new(7_u64, 1).unwrap();
        assert_eq!(hits(&number, 4, 64), [18, 2, 51, 36]);
        let text = Dot::new(String::from("paris"), 300).unwrap();
        assert_eq!(hits(&text, 4, 1000), [550, 852, 154, 456]);
        let lived = Dot::new(Actor::new(7_u64, 2), 1).unwrap();
        assert_eq!(hits(&lived, 4, 1 << 16), [11_511, 19_637, 27_762, 35_888]);
    }

    #[test]
    fn a_name_hits_the_same_slots_whatever_the_width_of_its_type() {
        let narrow = Dot::new(200_u8, 9).unwrap();
        let wide = Dot::new(200_u64, 9).unwrap();
        assert_eq!(hits(&narrow, 8, 999), hits(&wide, 8, 999));
    }

    #[test]
    fn hits_spread_over_all_slots() {
        let mut counts = [0_u32; 50];
        for counter in 1..=5_000 {
            for slot in hits(&Dot::new(1_u64, counter).unwrap(), 2, 50) {
                counts[slot] += 1;
            }
        }
        // 200 each on average, and a standard deviation of 14.
        assert!(
            counts.iter().all(|count| (140..=260).contains(count)),
            "{counts:?}"
        );
    }
}
