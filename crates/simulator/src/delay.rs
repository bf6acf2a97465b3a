//! How long things take: delay distributions in integer arithmetic, so equal on every platform.

use serde::{Deserialize, Serialize};

use crate::{SimulatorError, Tape};

/// A distribution of delays, in nanoseconds. The choice zero is always the shortest delay.
///
/// ```
/// use simulator::{Delay, Tape};
/// let delay = Delay::Uniform { min_ns: 1_000, max_ns: 2_000 };
/// let drawn = delay.draw(&mut Tape::seeded(1));
/// assert!((1_000..=2_000).contains(&drawn));
/// assert_eq!(delay.mean_ns(), 1_500);
/// ```
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Delay {
    /// Always the same.
    Constant {
        /// The delay.
        ns: u64,
    },
    /// Each delay between two bounds equally likely.
    Uniform {
        /// The shortest.
        min_ns: u64,
        /// The longest.
        max_ns: u64,
    },
    /// A least delay and an exponential one on top: memoryless queueing.
    Exponential {
        /// The shortest.
        min_ns: u64,
        /// The mean of what comes on top.
        mean_ns: u64,
    },
    /// A Pareto distribution of shape 2, cut off: delays beyond `x` have probability
    /// `(min_ns / x)^2`.
    LongTail {
        /// The shortest, at least 1.
        min_ns: u64,
        /// The cut: longer delays count as this.
        max_ns: u64,
    },
    /// Two kinds of messages, as fits of production latencies have them (Bailis and others 2012, table 3): a
    /// share is exponential from zero, the rest Pareto, whose delays beyond `x` have probability
    /// `(min_ns / x)^exponent`.
    Mixture {
        /// The share of the exponential part, of a million.
        exponential_ppm: u32,
        /// Its mean.
        mean_ns: u64,
        /// The shortest of the Pareto part, at least 1.
        min_ns: u64,
        /// The exponent of its tail, from 2 to 64.
        exponent: u32,
        /// The cut of both: longer delays count as this.
        max_ns: u64,
    },
}

impl Delay {
    /// No delay at all.
    pub const ZERO: Self = Self::Constant { ns: 0 };

    /// The longest delay that may be asked for: a day.
    pub const LONGEST_NS: u64 = 86_400_000_000_000;

    /// Whether it can be drawn from.
    ///
    /// # Errors
    ///
    /// [`SimulatorError::BadDelay`] when the bounds are in the wrong order, above
    /// [`LONGEST_NS`](Self::LONGEST_NS), a long tail or mixture starts at zero, a share is above a
    /// million, or an exponent is not from 2 to 64.
    pub const fn check(&self) -> Result<(), SimulatorError> {
        let (least, most) = match *self {
            Self::Constant { ns } => (ns, ns),
            Self::Uniform { min_ns, max_ns } => (min_ns, max_ns),
            Self::Exponential { min_ns, mean_ns } => (min_ns, min_ns.saturating_add(mean_ns)),
            Self::LongTail { min_ns: 0, .. } => {
                return Err(SimulatorError::BadDelay {
                    reason: "with a long tail must start above zero",
                });
            }
            Self::LongTail { min_ns, max_ns } => (min_ns, max_ns),
            Self::Mixture {
                exponential_ppm,
                mean_ns,
                min_ns,
                exponent,
                max_ns,
            } => {
                if exponential_ppm > MILLION || exponent < 2 || exponent > 64 || min_ns == 0 {
                    return Err(SimulatorError::BadDelay {
                        reason: "as a mixture must have a share of at most a million, a start above zero and an exponent from 2 to 64",
                    });
                }
                if mean_ns > max_ns {
                    (mean_ns, max_ns)
                } else {
                    (min_ns, max_ns)
                }
            }
        };
        if least > most {
            return Err(SimulatorError::BadDelay {
                reason: "must not be shortest above its longest",
            });
        }
        if most > Self::LONGEST_NS {
            return Err(SimulatorError::BadDelay {
                reason: "must not exceed a day",
            });
        }
        Ok(())
    }

    /// Draws one delay.
    #[inline]
    pub fn draw(&self, tape: &mut Tape) -> u64 {
        match *self {
            Self::Constant { ns } => ns,
            Self::Uniform { min_ns, max_ns } => min_ns + tape.draw(max_ns - min_ns + 1),
            Self::Exponential { min_ns, mean_ns } => {
                let extra = u128::from(mean_ns) * u128::from(minus_ln(tape.draw(UNIT)));
                min_ns + (extra >> 32) as u64
            }
            Self::LongTail { min_ns, max_ns } => {
                // x = min / sqrt(1 - u): the inverse of the tail's probability.
                let left = u128::from(UNIT - tape.draw(UNIT)) << 32;
                let drawn = (u128::from(min_ns) << 32) / left.isqrt();
                (drawn as u64).min(max_ns)
            }
            Self::Mixture {
                exponential_ppm,
                mean_ns,
                min_ns,
                exponent,
                max_ns,
            } => {
                let is_exponential = tape.draw(MILLION.into()) < exponential_ppm.into();
                let drawn = minus_ln(tape.draw(UNIT));
                let delay_ns = if is_exponential {
                    (u128::from(mean_ns) * u128::from(drawn)) >> 32
                } else {
                    // x = min / (1 - u)^(1 / exponent).
                    (u128::from(min_ns) * exp(drawn / u64::from(exponent))) >> 32
                };
                u64::try_from(delay_ns).map_or(max_ns, |delay_ns| delay_ns.min(max_ns))
            }
        }
    }

    /// The mean, rounded down.
    #[must_use]
    pub const fn mean_ns(&self) -> u64 {
        match *self {
            Self::Constant { ns } => ns,
            Self::Uniform { min_ns, max_ns } => min_ns + (max_ns - min_ns) / 2,
            Self::Exponential { min_ns, mean_ns } => min_ns + mean_ns,
            Self::LongTail { min_ns, max_ns } => {
                2 * min_ns - (min_ns as u128 * min_ns as u128 / max_ns as u128) as u64
            }
            // Without what the cut takes away.
            Self::Mixture {
                exponential_ppm,
                mean_ns,
                min_ns,
                exponent,
                ..
            } => {
                let (share, exponent) = (exponential_ppm as u128, exponent as u128);
                let pareto = min_ns as u128 * exponent / exponent.saturating_sub(1);
                let rest = (MILLION as u128).saturating_sub(share);
                ((share * mean_ns as u128 + rest * pareto) / MILLION as u128) as u64
            }
        }
    }

    /// The longest delay it gives. An exponential one is cut at 33 ln 2, about 22.9, means by the
    /// resolution of its draws.
    #[must_use]
    pub const fn max_ns(&self) -> u64 {
        match *self {
            Self::Constant { ns } => ns,
            Self::Uniform { max_ns, .. }
            | Self::LongTail { max_ns, .. }
            | Self::Mixture { max_ns, .. } => max_ns,
            Self::Exponential { min_ns, mean_ns } => min_ns + mean_ns * 23,
        }
    }
}

/// Draws of continuous distributions have 32 bits.
const UNIT: u64 = 1 << 32;

const MILLION: u32 = 1_000_000;

/// `e^(x / 2^32)`, times 2^32, for x up to 33 ln 2: what [`minus_ln`] gives.
fn exp(x: u64) -> u128 {
    const LOG2_E: u128 = 6_196_328_018; // 1 / ln 2 times 2^32
    let log2 = (u128::from(x) * LOG2_E) >> 32;
    // A root of two for each bit of the fraction.
    let mut power: u128 = 1 << 62;
    for (bit, root) in (0..32).zip(ROOTS) {
        if log2 >> (31 - bit) & 1 == 1 {
            power = (power * u128::from(root)) >> 62;
        }
    }
    (power << (log2 >> 32).min(40)) >> 30
}

/// `2^(1/2)`, `2^(1/4)` … times 2^62.
static ROOTS: [u64; 32] = {
    let mut roots = [0; 32];
    let mut root: u128 = 2 << 62;
    let mut place = 0;
    while place < 32 {
        root = (root << 62).isqrt();
        roots[place] = root as u64;
        place += 1;
    }
    roots
};

/// `-ln(1 - u / 2^32)`, times 2^32. Zero at zero, and never falling.
#[inline]
fn minus_ln(u: u64) -> u64 {
    const LN_2: u128 = 2_977_044_472; // ln 2 times 2^32
    let left = UNIT - u;
    let bits = 32 - (63 - left.leading_zeros());
    // The mantissa in [1, 2), without its one, as 32 bits: eight choose a row, the rest go between.
    let mantissa = (left << bits) - UNIT;
    let row = (mantissa >> 24) as usize;
    let low = u64::from(LOG2[row]);
    let high = LOG2.get(row + 1).map_or(UNIT, |&next| u64::from(next));
    let log2 = low + (((high - low) * (mantissa & 0xff_ffff)) >> 24);
    ((((u128::from(bits) << 32) - u128::from(log2)) * LN_2) >> 32) as u64
}

/// `log2(1 + i / 256)`, times 2^32.
static LOG2: [u32; 256] = {
    let mut table = [0; 256];
    let mut row = 0;
    while row < 256 {
        // Squaring doubles the logarithm: each time the square passes 2, the next bit is a one.
        let mut value = (256 + row as u128) << 54;
        let mut bit = 0;
        while bit < 32 {
            value = (value * value) >> 62;
            table[row] <<= 1;
            if value >= 2 << 62 {
                value >>= 1;
                table[row] |= 1;
            }
            bit += 1;
        }
        row += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    const DRAWS: usize = 200_000;

    fn sample(delay: Delay) -> Vec<f64> {
        let mut tape = Tape::seeded(11).unrecorded();
        let mut drawn: Vec<f64> = (0..DRAWS).map(|_| delay.draw(&mut tape) as f64).collect();
        drawn.sort_by(f64::total_cmp);
        drawn
    }

    fn assert_closed_form(delay: Delay, mean: f64, quantile: impl Fn(f64) -> f64, tolerance: f64) {
        let drawn = sample(delay);
        let average = drawn.iter().sum::<f64>() / DRAWS as f64;
        assert!(
            (average / mean - 1.0).abs() < tolerance,
            "{delay:?}: {average} {mean}"
        );
        assert!((delay.mean_ns() as f64 / mean - 1.0).abs() < 1e-3);
        for probability in [0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999] {
            let (got, want) = (
                drawn[(probability * DRAWS as f64) as usize],
                quantile(probability),
            );
            assert!(
                (got / want - 1.0).abs() < tolerance.max(0.06 * probability),
                "{delay:?} at {probability}: {got} {want}"
            );
        }
        assert!(drawn[DRAWS - 1] <= delay.max_ns() as f64);
    }

    #[test]
    fn a_constant_delay_is_constant() {
        assert_closed_form(Delay::Constant { ns: 5_000 }, 5_000.0, |_| 5_000.0, 1e-9);
    }

    #[test]
    fn uniform_delays_have_their_mean_and_quantiles() {
        let delay = Delay::Uniform {
            min_ns: 1_000_000,
            max_ns: 3_000_000,
        };
        assert_closed_form(delay, 2e6, |p| 1e6 + 2e6 * p, 0.01);
    }

    #[test]
    fn exponential_delays_have_their_mean_and_quantiles() {
        let delay = Delay::Exponential {
            min_ns: 100_000,
            mean_ns: 1_000_000,
        };
        assert_closed_form(delay, 1.1e6, |p| 1e5 - 1e6 * (1.0 - p).ln(), 0.02);
    }

    #[test]
    fn long_tailed_delays_have_their_mean_and_quantiles() {
        let delay = Delay::LongTail {
            min_ns: 1_000_000,
            max_ns: 1_000_000_000,
        };
        assert_closed_form(
            delay,
            2e6 - 1e3,
            |p| (1e6 / (1.0 - p).sqrt()).min(1e9),
            0.03,
        );
    }

    /// LinkedIn on solid-state disks, as published.
    #[test]
    fn a_published_mixture_has_its_mean_and_quantiles() {
        let delay = Delay::Mixture {
            exponential_ppm: 87_800,
            mean_ns: 602_410,
            min_ns: 235_000,
            exponent: 10,
            max_ns: 1_000_000_000,
        };
        let survival = |x: f64| {
            let pareto = if x < 235e3 { 1.0 } else { (235e3 / x).powi(10) };
            0.0878 * (-x / 602_410.0).exp() + 0.9122 * pareto
        };
        let quantile = |probability: f64| {
            let (mut low, mut high) = (0.0, 1e9);
            for _ in 0..100 {
                let middle = 0.5 * (low + high);
                if 1.0 - survival(middle) < probability {
                    low = middle;
                } else {
                    high = middle;
                }
            }
            low
        };
        let mean = 0.0878 * 602_410.0 + 0.9122 * 235e3 * 10.0 / 9.0;
        assert_closed_form(delay, mean, quantile, 0.03);
    }

    #[test]
    fn the_integer_exponential_is_within_a_millionth() {
        for step in 0..=1_000 {
            let x = 22.87 * f64::from(step) / 1_000.0;
            let ours = exp((x * UNIT as f64) as u64) as f64 / UNIT as f64;
            assert!((ours / x.exp() - 1.0).abs() < 1e-6, "{x}: {ours}");
        }
    }

    #[test]
    fn zero_is_the_shortest_delay_and_more_is_never_shorter() {
        let delays = [
            Delay::Uniform {
                min_ns: 3,
                max_ns: 9,
            },
            Delay::Exponential {
                min_ns: 3,
                mean_ns: 1_000_000,
            },
            Delay::LongTail {
                min_ns: 3_000,
                max_ns: 1 << 40,
            },
        ];
        for delay in delays {
            let least = delay.draw(&mut Tape::replay([0].into_iter().collect()));
            assert_eq!(least, [3, 3_000][usize::from(least > 3)]);
            let mut last = 0;
            for step in 0..=1_000 {
                let choice = (UNIT - 1) / 1_000 * step;
                let choice = if matches!(delay, Delay::Uniform { .. }) {
                    choice % 7
                } else {
                    choice
                };
                let drawn = delay.draw(&mut Tape::replay([choice].into_iter().collect()));
                assert!(drawn >= last || matches!(delay, Delay::Uniform { .. }));
                last = drawn;
            }
        }
    }

    #[test]
    fn the_integer_logarithm_is_within_a_millionth() {
        for step in 1..10_000_u64 {
            let u = step * (UNIT / 10_000);
            let exact = -(1.0 - u as f64 / UNIT as f64).ln();
            let ours = minus_ln(u) as f64 / UNIT as f64;
            assert!((ours - exact).abs() < 4e-6, "{u}: {ours} {exact}");
        }
        assert_eq!(minus_ln(0), 0);
    }

    #[test]
    fn impossible_delays_are_refused() {
        let refused = [
            Delay::Uniform {
                min_ns: 2,
                max_ns: 1,
            },
            Delay::LongTail {
                min_ns: 0,
                max_ns: 1,
            },
            Delay::LongTail {
                min_ns: 2,
                max_ns: 1,
            },
            Delay::Mixture {
                exponential_ppm: 1_000_001,
                mean_ns: 1,
                min_ns: 1,
                exponent: 2,
                max_ns: 1,
            },
            Delay::Mixture {
                exponential_ppm: 1,
                mean_ns: 1,
                min_ns: 1,
                exponent: 1,
                max_ns: 1,
            },
            Delay::Mixture {
                exponential_ppm: 1,
                mean_ns: 2,
                min_ns: 1,
                exponent: 2,
                max_ns: 1,
            },
            Delay::Constant { ns: u64::MAX },
            Delay::Exponential {
                min_ns: u64::MAX,
                mean_ns: 1,
            },
        ];
        for delay in refused {
            assert!(delay.check().is_err(), "{delay:?}");
        }
    }
}
