//! The latencies that were published with the model, as data.
//!
//! Source: Bailis, Venkataraman, Franklin, Hellerstein and Stoica, "Probabilistically Bounded Staleness
//! for Practical Partial Quorums", VLDB 2012, table 3 and section 5.5.
//!
//! One number differs from the printed one: for Yammer's writes the table prints the exponent 3.35. The
//! authors' simulator used 3.5, and only 3.5 reproduces the paper's own results (10.83 ms for the
//! write latency of N=3, R=W=1 at 99.9 %; 3.35 gives 11.1). Here it is 3.5.

use super::{Distribution, Network, StalenessError};

/// The four one-way delays of the model: W, A, R and S.
///
/// ```
/// use cap_model::staleness::{Distribution, Wars};
/// let quick = Distribution::exponential(1.0)?;
/// let slow = Distribution::exponential(0.1)?;
/// let wars = Wars { write: slow, ..Wars::all(quick) };
/// assert_eq!(wars.ack, wars.response);
/// # Ok::<(), cap_model::staleness::StalenessError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Wars {
    /// W: from the coordinator of a write to a replica, which then has the value.
    pub write: Distribution,
    /// A: the acknowledgement back.
    pub ack: Distribution,
    /// R: from the coordinator of a read to a replica, which then looks.
    pub read: Distribution,
    /// S: the answer back.
    pub response: Distribution,
}

impl Wars {
    /// The same distribution for all four.
    #[must_use]
    pub fn all(each: Distribution) -> Self {
        Self {
            write: each.clone(),
            ack: each.clone(),
            read: each.clone(),
            response: each,
        }
    }

    /// The same, every message later by a constant.
    ///
    /// # Errors
    ///
    /// The shift, or what it adds up to, is not in 0..=10^9 ms.
    pub fn plus(self, shift_ms: f64) -> Result<Self, StalenessError> {
        Ok(Self {
            write: self.write.plus(shift_ms)?,
            ack: self.ack.plus(shift_ms)?,
            read: self.read.plus(shift_ms)?,
            response: self.response.plus(shift_ms)?,
        })
    }

    /// The same, to and from a replica that is so far away.
    pub(super) fn apart(self, there_ms: f64, back_ms: f64) -> Result<Self, StalenessError> {
        Ok(Self {
            write: self.write.plus(there_ms)?,
            ack: self.ack.plus(back_ms)?,
            read: self.read.plus(there_ms)?,
            response: self.response.plus(back_ms)?,
        })
    }
}

/// A published fit.
///
/// | fit | W | A, R and S |
/// |---|---|---|
/// | `LnkdSsd` | 8.78 % exponential of rate 1.66, 91.22 % Pareto from 0.235 with exponent 10 | the same |
/// | `LnkdDisk` | 62 % exponential of rate 0.183, 38 % Pareto from 1.05 with 1.51 | those of `LnkdSsd` |
/// | `Ymmr` | 6.1 % exponential of rate 0.0028, 93.9 % Pareto from 3 with 3.5 (printed: 3.35) | 1.8 % exponential of rate 0.0217, 98.2 % Pareto from 1.5 with 3.8 |
/// | `Wan` | those of `LnkdDisk`, and 75 ms to and from every replica but one | the same way |
///
/// ```
/// use cap_model::staleness::Fit;
/// assert_eq!(Fit::LnkdDisk.wars()?.read, Fit::LnkdSsd.wars()?.write);
/// assert_eq!(Fit::Ymmr.name(), "ymmr");
/// # Ok::<(), cap_model::staleness::StalenessError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Fit {
    /// LinkedIn, solid-state disks.
    LnkdSsd,
    /// LinkedIn, spinning disks.
    LnkdDisk,
    /// Yammer, Riak.
    Ymmr,
    /// A wide area: one replica in each of N data centres; reader and writer are each in one of
    /// them, independently.
    Wan,
}

impl Fit {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::LnkdSsd, Self::LnkdDisk, Self::Ymmr, Self::Wan];

    /// As it is named on a command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LnkdSsd => "lnkd-ssd",
            Self::LnkdDisk => "lnkd-disk",
            Self::Ymmr => "ymmr",
            Self::Wan => "wan",
        }
    }

    /// What every message to a replica elsewhere takes longer, in milliseconds. Where it is not
    /// zero, replicas differ, and the exact evaluator does not apply.
    #[must_use]
    pub const fn remote_ms(self) -> f64 {
        match self {
            Self::Wan => 75.0,
            Self::LnkdSsd | Self::LnkdDisk | Self::Ymmr => 0.0,
        }
    }

    /// The delays to and from a replica that is near.
    ///
    /// # Errors
    ///
    /// None with the published numbers.
    pub fn wars(self) -> Result<Wars, StalenessError> {
        let ssd = || tailed((0.0878, 1.66), (0.235, 10.0));
        Ok(match self {
            Self::LnkdSsd => Wars::all(ssd()?),
            Self::LnkdDisk | Self::Wan => Wars {
                write: tailed((0.62, 0.183), (1.05, 1.51))?,
                ..Wars::all(ssd()?)
            },
            Self::Ymmr => Wars {
                write: tailed((0.061, 0.0028), (3.0, 3.5))?,
                ..Wars::all(tailed((0.018, 0.0217), (1.5, 3.8))?)
            },
        })
    }

    /// The delays between N replicas and the homes of their clients.
    ///
    /// # Errors
    ///
    /// No replica, or more than 64.
    pub fn network(self, replicas: u32) -> Result<Network, StalenessError> {
        match self {
            Self::Wan => Network::one_each(replicas, &self.wars()?, self.remote_ms()),
            Self::LnkdSsd | Self::LnkdDisk | Self::Ymmr => {
                Network::identical(replicas, &self.wars()?)
            }
        }
    }
}

/// With this probability exponential of this rate, otherwise Pareto from this minimum with this exponent.
fn tailed(
    (weight, rate): (f64, f64),
    (minimum_ms, exponent): (f64, f64),
) -> Result<Distribution, StalenessError> {
    Distribution::mixture(&[
        (weight, Distribution::exponential(rate)?),
        (1.0 - weight, Distribution::pareto(minimum_ms, exponent)?),
    ])
}
