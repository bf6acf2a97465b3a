//! Every kernel against the definition: all lengths, all offsets, all shares of changing entries.

use alloc::string::String;
use alloc::vec::Vec;
use std::io::Write as _;
use std::string::ToString as _;

use super::*;

const LENGTH_MAX: usize = 130;
const OFFSETS: usize = 8;

/// Values whose order depends on all 64 bits, the sign bit of a signed compare among them, and the
/// extremes.
fn entries(length: usize, seed: u64) -> Vec<u64> {
    (0..length as u64)
        .map(|index| match (index ^ seed) % 11 {
            0 => u64::MAX,
            1 => 1 << 63,
            2 => (1 << 63) - 1,
            3 => 0,
            _ => (index ^ seed)
                .wrapping_mul(0x9e37_79b9_7f4a_7c15)
                .rotate_left(31),
        })
        .collect()
}

/// `own`, and what to join with it: by `share`, none of the entries is greater, the one at `length /
/// 2`, every other one, or all.
fn pair(length: usize, seed: u64, share: usize) -> (Vec<u64>, Vec<u64>) {
    let own: Vec<u64> = entries(length, seed);
    let other = own.iter().enumerate().map(|(index, &own)| {
        let is_greater = match share {
            0 => false,
            1 => index == length / 2,
            2 => index % 2 == 0,
            _ => true,
        };
        if is_greater {
            own.saturating_add(1 << (index % 64))
        } else {
            own.saturating_sub(index as u64 % 3)
        }
    });
    let other = other.collect();
    (own, other)
}

/// Calls with every length, offset and share of changes.
fn for_each_pair(mut check: impl FnMut(&[u64], &[u64])) {
    for length in 0..=LENGTH_MAX {
        for offset in 0..OFFSETS {
            for share in 0..4 {
                let (own, other) = pair(length + offset, length as u64, share);
                check(&own[offset..], &other[offset..]);
            }
            let (own, other) = (entries(length + offset, 1), entries(length + offset, 2));
            check(&own[offset..], &other[offset..]);
        }
    }
}

/// The functions of a kernel, or those that clocks call.
struct Loops {
    join: fn(&mut [u64], &[u64]) -> bool,
    meet: fn(&mut [u64], &[u64]) -> bool,
    join_into: fn(&mut [u64], &[u64], &[u64]),
    compare: fn(&[u64], &[u64]) -> Causality,
}

impl Loops {
    fn join_is_the_definition(&self) {
        for_each_pair(|own, other| {
            let pairs = own.iter().zip(other);
            let expected: Vec<u64> = pairs.map(|(&a, &b)| if a < b { b } else { a }).collect();
            let mut joined = own.to_vec();
            let has_changed = (self.join)(&mut joined, other);
            assert_eq!(joined, expected);
            assert_eq!(has_changed, own != expected, "{} entries", own.len());
            assert!(!(self.join)(&mut joined, other), "a second join is idle");
            assert_eq!(joined, expected);
        });
    }

    fn meet_is_the_definition(&self) {
        for_each_pair(|own, other| {
            let pairs = own.iter().zip(other);
            let expected: Vec<u64> = pairs.map(|(&a, &b)| if b < a { b } else { a }).collect();
            let mut met = own.to_vec();
            let has_changed = (self.meet)(&mut met, other);
            assert_eq!(met, expected);
            assert_eq!(has_changed, own != expected, "{} entries", own.len());
            assert!(!(self.meet)(&mut met, other), "a second meet is idle");
        });
    }

    fn join_into_is_the_definition(&self) {
        for_each_pair(|own, other| {
            let pairs = own.iter().zip(other);
            let expected: Vec<u64> = pairs.map(|(&a, &b)| if a < b { b } else { a }).collect();
            let mut out = entries(own.len(), 5);
            (self.join_into)(&mut out, own, other);
            assert_eq!(out, expected);
        });
    }

    fn compare_is_the_definition(&self) {
        for_each_pair(|left, right| {
            let left_less = left.iter().zip(right).any(|(a, b)| a < b);
            let right_less = left.iter().zip(right).any(|(a, b)| b < a);
            let expected = match (left_less, right_less) {
                (false, false) => Causality::Equal,
                (true, false) => Causality::Before,
                (false, true) => Causality::After,
                (true, true) => Causality::Concurrent,
            };
            assert_eq!((self.compare)(left, right), expected, "{left:?} {right:?}");
            assert_eq!((self.compare)(right, left), expected.reverse());
        });
    }

    fn a_difference_in_any_single_entry_is_seen(&self) {
        for length in 1..=LENGTH_MAX {
            for slot in 0..length {
                let mut left = entries(length, 4);
                left[slot] >>= 1;
                let mut right = left.clone();
                assert_eq!((self.compare)(&left, &right), Causality::Equal);
                right[slot] += 1;
                assert_eq!((self.compare)(&left, &right), Causality::Before);
                assert_eq!((self.compare)(&right, &left), Causality::After);
                left.push(1);
                assert_eq!((self.compare)(&left, &right), Causality::Concurrent);
                assert_eq!((self.compare)(&right, &left), Causality::Concurrent);
                left.pop();
                assert!((self.join)(&mut left, &right), "slot {slot} of {length}");
                assert_eq!(left, right);
                right[slot] -= 1;
                assert!((self.meet)(&mut left, &right), "slot {slot} of {length}");
                assert_eq!(left, right);
            }
        }
    }

    fn entries_beyond_an_end_count_as_zero(&self) {
        for length in 0..40 {
            for shorter in 0..length {
                let (long, zeros) = (entries(length, 6), alloc::vec![0; length]);
                let short = &long[..shorter];
                let surplus = long[shorter..].iter().any(|&entry| entry != 0);
                let expected = if surplus {
                    Causality::Before
                } else {
                    Causality::Equal
                };
                assert_eq!((self.compare)(short, &long), expected);
                assert_eq!((self.compare)(&long, short), expected.reverse());
                let mut joined = long.clone();
                assert!(!(self.join)(&mut joined, short));
                assert_eq!(joined, long);
                let mut met = long.clone();
                assert_eq!((self.meet)(&mut met, short), surplus);
                assert_eq!(
                    (&met[..shorter], &met[shorter..]),
                    (short, &zeros[shorter..])
                );
                let mut kept = short.to_vec();
                assert!(!(self.join)(&mut kept, short));
                assert!(!(self.meet)(&mut kept, &long));
                assert_eq!(kept, short);
            }
        }
    }
}

macro_rules! every_law_for {
    ($($room:ident: $kernel:expr;)*) => {$(
        mod $room {
            use super::*;

            const LOOPS: Loops = Loops {
                join: |own, other| $kernel.join(own, other),
                meet: |own, other| $kernel.meet(own, other),
                join_into: |out, left, right| $kernel.join_into(out, left, right),
                compare: |left, right| $kernel.compare(left, right),
            };

            every_law!(LOOPS);
        }
    )*};
}

macro_rules! every_law {
    ($loops:expr) => {
        #[test]
        fn join_is_the_definition() {
            $loops.join_is_the_definition();
        }

        #[test]
        fn meet_is_the_definition() {
            $loops.meet_is_the_definition();
        }

        #[test]
        fn join_into_is_the_definition() {
            $loops.join_into_is_the_definition();
        }

        #[test]
        fn compare_is_the_definition() {
            $loops.compare_is_the_definition();
        }

        #[test]
        fn a_difference_in_any_single_entry_is_seen() {
            $loops.a_difference_in_any_single_entry_is_seen();
        }

        #[test]
        fn entries_beyond_an_end_count_as_zero() {
            $loops.entries_beyond_an_end_count_as_zero();
        }
    };
}

// On a processor that lacks one, the baseline runs under its name: that must be right as well.
every_law_for! {
    baseline: Kernel::Baseline;
    sse42: Kernel::Sse42;
    avx2: Kernel::Avx2;
    avx512: Kernel::Avx512;
}

mod as_clocks_call_them {
    use super::*;

    const LOOPS: Loops = Loops {
        join,
        meet,
        join_into,
        compare,
    };

    every_law!(LOOPS);
}

#[test]
fn the_selected_kernel_is_the_best_that_is_available() {
    let available: Vec<Kernel> = Kernel::available().collect();
    assert_eq!(available.first(), Some(&Kernel::Baseline));
    assert_eq!(available.last(), Some(&Kernel::selected()));
    let names: Vec<String> = available.iter().map(Kernel::to_string).collect();
    // Past the test harness, which keeps to itself what a passing test prints.
    let absent = Kernel::ALL.iter().filter(|kernel| !kernel.is_available());
    let absent: Vec<String> = absent.map(Kernel::to_string).collect();
    let mut lines = std::format!("kernels tested: {}\n", names.join(", "));
    if !absent.is_empty() {
        lines += &std::format!("kernels absent: {}\n", absent.join(", "));
    }
    std::io::stderr().write_all(lines.as_bytes()).unwrap();
}

/// Without `std` nobody can be asked.
#[cfg(not(feature = "std"))]
#[test]
fn without_std_the_baseline_is_all_there_is() {
    assert!(Kernel::available().eq([Kernel::Baseline]));
}
