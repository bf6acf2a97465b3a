//! How many cycles a core does in a nanosecond, found by work of a known length.

use std::hint::black_box;

use crate::cpu_ns;

/// Cycles of the core in a nanosecond of CPU time; `None` where the length of the work is not known.
///
/// A chain of dependent multiplications and exclusive ors takes 4 cycles a link on every x86-64 core
/// of the last ten years (3 and 1), however wide the core. The best of nine chains counts.
#[must_use]
pub fn cycles_per_ns() -> Option<f64> {
    const LINKS: u64 = 1_000_000;
    if !cfg!(target_arch = "x86_64") {
        return None;
    }
    let chain = || {
        let factor = black_box(0x9e37_79b9_7f4a_7c15_u64);
        let mut link = black_box(1_u64);
        let start = cpu_ns();
        for _ in 0..LINKS {
            link = link.wrapping_mul(factor) ^ factor;
        }
        black_box(link);
        cpu_ns().saturating_sub(start)
    };
    let best = (0..9).map(|_| chain()).min()?;
    Some(4.0 * LINKS as f64 / best.max(1) as f64)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_core_runs_at_a_believable_speed() {
        // Unoptimised the chain is longer, and the answer only smaller.
        if let Some(cycles) = super::cycles_per_ns() {
            assert!((0.05..10.0).contains(&cycles), "{cycles}");
        }
    }
}
