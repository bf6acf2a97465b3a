//! The loops compiled for one target after another.
//!
//! Each room holds a copy for each of its targets, the best first, and the baseline loops at the
//! end: whoever calls in gets the first that the processor can run. What it can is asked once.

#[cfg(feature = "std")]
macro_rules! room {
    ($room:ident, $doc:literal, $($target:literal),+) => {
        #[doc = $doc]
        pub(super) mod $room {
            use multiversion::{multiversion, target::match_target};

            use crate::kernel::{Kernel, loops};

            #[inline]
            #[multiversion(targets($($target),+))]
            pub(in crate::kernel) fn join(own: &mut [u64], other: &[u64]) -> bool {
                match_target! {
                    "x86_64+avx512f" => loops::join_max(own, other),
                    _ => loops::join_masked(own, other),
                }
            }

            #[inline]
            #[multiversion(targets($($target),+))]
            pub(in crate::kernel) fn meet(own: &mut [u64], other: &[u64]) -> bool {
                match_target! {
                    "x86_64+avx512f" => loops::meet_min(own, other),
                    _ => loops::meet_masked(own, other),
                }
            }

            #[inline]
            #[multiversion(targets($($target),+))]
            pub(in crate::kernel) fn join_into(out: &mut [u64], left: &[u64], right: &[u64]) {
                loops::join_into(out, left, right);
            }

            #[inline]
            #[multiversion(targets($($target),+))]
            pub(in crate::kernel) fn less(left: &[u64], right: &[u64]) -> (bool, bool) {
                match_target! {
                    "x86_64+avx512f" => loops::less_max(left, right),
                    _ => loops::less_masked(left, right),
                }
            }

            /// Which of them that is.
            #[inline]
            #[multiversion(targets($($target),+))]
            pub(in crate::kernel) fn kernel() -> Kernel {
                match_target! {
                    "x86_64+avx512f" => Kernel::Avx512,
                    "x86_64+avx2" => Kernel::Avx2,
                    "x86_64+sse4.2" => Kernel::Sse42,
                    _ => Kernel::Baseline,
                }
            }
        }
    };
}

// To a target with AVX-512F, multiversion adds what Ice Lake has of AVX-512, unless it is built with
// `multiversion_allow_slow_avx512`: so that the name is enough, and processors before it, which clock
// down for these instructions, run the next best.
#[cfg(feature = "std")]
room!(
    selected,
    "The best that the processor can run.",
    "x86_64+avx512f",
    "x86_64+avx2",
    "x86_64+sse4.2"
);

#[cfg(feature = "std")]
room!(avx512, "AVX-512 as of Ice Lake.", "x86_64+avx512f");

#[cfg(feature = "std")]
room!(avx2, "AVX2.", "x86_64+avx2");

#[cfg(feature = "std")]
room!(sse42, "SSE4.2.", "x86_64+sse4.2");

/// What every processor of the target can run.
pub(super) mod baseline {
    use crate::kernel::{Kernel, loops};

    #[inline(never)]
    pub(in crate::kernel) fn join(own: &mut [u64], other: &[u64]) -> bool {
        loops::join_masked(own, other)
    }

    #[inline(never)]
    pub(in crate::kernel) fn meet(own: &mut [u64], other: &[u64]) -> bool {
        loops::meet_masked(own, other)
    }

    #[inline(never)]
    pub(in crate::kernel) fn join_into(out: &mut [u64], left: &[u64], right: &[u64]) {
        loops::join_into(out, left, right);
    }

    #[inline(never)]
    pub(in crate::kernel) fn less(left: &[u64], right: &[u64]) -> (bool, bool) {
        loops::less_masked(left, right)
    }

    pub(in crate::kernel) const fn kernel() -> Kernel {
        Kernel::Baseline
    }
}

// Without `std` nobody can be asked.
#[cfg(not(feature = "std"))]
pub(super) use baseline as selected;
#[cfg(not(feature = "std"))]
pub(super) use baseline as avx512;
#[cfg(not(feature = "std"))]
pub(super) use baseline as avx2;
#[cfg(not(feature = "std"))]
pub(super) use baseline as sse42;
