//! The loops themselves, once in the source and compiled for each target: no branch per entry, so
//! that the compiler can vectorise them.

/// Entries compared between two tests for an early exit. With 32, LLVM 22 unrolls the block before it
/// looks for vectors, and finds none: four times slower with AVX2.
const BLOCK: usize = 64;

/// Raises each entry of `own` to that of `other`, as far as both reach. Tells if one changed.
///
/// By a mask, not by `max`: for AVX2 alone, LLVM 22 turns `*own = max(*own, other)` into masked stores,
/// hardly faster than SSE2 (llvm-project #213195). A store of a changed value it leaves alone. Measured
/// on Zen 4, 1024 entries of which half change: AVX2 by `max` 477 ns, SSE4.2 284 ns, AVX2 by mask
/// 166 ns. SSE2 gains too: 570 ns by `max`, 495 ns by mask.
#[inline(always)]
pub(super) fn join_masked(own: &mut [u64], other: &[u64]) -> bool {
    let mut difference = 0;
    for (own, &other) in own.iter_mut().zip(other) {
        let change = (*own ^ other) & mask(*own < other);
        difference |= change;
        *own ^= change;
    }
    difference != 0
}

/// The same, for targets that have a maximum of unsigned 64-bit numbers: a tenth faster at 64 entries.
#[cfg(feature = "std")]
#[inline(always)]
pub(super) fn join_max(own: &mut [u64], other: &[u64]) -> bool {
    let mut has_changed = false;
    for (own, &other) in own.iter_mut().zip(other) {
        has_changed |= *own < other;
        *own = (*own).max(other);
    }
    has_changed
}

/// Lowers each entry of `own` to that of `other`, as far as both reach. Tells if one changed.
#[inline(always)]
pub(super) fn meet_masked(own: &mut [u64], other: &[u64]) -> bool {
    let mut difference = 0;
    for (own, &other) in own.iter_mut().zip(other) {
        let change = (*own ^ other) & mask(other < *own);
        difference |= change;
        *own ^= change;
    }
    difference != 0
}

/// The same, for targets that have a minimum of unsigned 64-bit numbers.
#[cfg(feature = "std")]
#[inline(always)]
pub(super) fn meet_min(own: &mut [u64], other: &[u64]) -> bool {
    let mut has_changed = false;
    for (own, &other) in own.iter_mut().zip(other) {
        has_changed |= other < *own;
        *own = (*own).min(other);
    }
    has_changed
}

/// Writes the greater of each two entries, as far as all three reach.
#[inline(always)]
pub(super) fn join_into(out: &mut [u64], left: &[u64], right: &[u64]) {
    for ((out, &left), &right) in out.iter_mut().zip(left).zip(right) {
        *out = left.max(right);
    }
}

/// Whether an entry of `left` is smaller, and whether one of `right` is, as far as both reach; once
/// both are known it looks no further.
#[inline(always)]
pub(super) fn less_masked(left: &[u64], right: &[u64]) -> (bool, bool) {
    in_blocks(left, right, |left, right| {
        let (mut left_less, mut right_less) = (0, 0);
        for (&left, &right) in left.iter().zip(right) {
            left_less |= mask(left < right);
            right_less |= mask(right < left);
        }
        (left_less != 0, right_less != 0)
    })
}

/// The same, for targets that have a maximum of unsigned 64-bit numbers: it differs from the smaller
/// one only.
#[cfg(feature = "std")]
#[inline(always)]
pub(super) fn less_max(left: &[u64], right: &[u64]) -> (bool, bool) {
    in_blocks(left, right, |left, right| {
        let (mut left_change, mut right_change) = (0, 0);
        for (&left, &right) in left.iter().zip(right) {
            let joined = left.max(right);
            left_change |= joined ^ left;
            right_change |= joined ^ right;
        }
        (left_change != 0, right_change != 0)
    })
}

/// Asks for one block after another, and for the rest.
#[inline(always)]
fn in_blocks(
    left: &[u64],
    right: &[u64],
    less: impl Fn(&[u64], &[u64]) -> (bool, bool),
) -> (bool, bool) {
    let shared = left.len().min(right.len());
    let (left_blocks, left_rest) = left.get(..shared).unwrap_or_default().as_chunks::<BLOCK>();
    let (right_blocks, right_rest) = right.get(..shared).unwrap_or_default().as_chunks::<BLOCK>();
    let (mut left_less, mut right_less) = (false, false);
    for (left, right) in left_blocks.iter().zip(right_blocks) {
        let block = less(left, right);
        left_less |= block.0;
        right_less |= block.1;
        if left_less && right_less {
            return (true, true);
        }
    }
    let rest = less(left_rest, right_rest);
    (left_less | rest.0, right_less | rest.1)
}

/// All bits or none.
#[inline(always)]
fn mask(condition: bool) -> u64 {
    u64::from(condition).wrapping_neg()
}
