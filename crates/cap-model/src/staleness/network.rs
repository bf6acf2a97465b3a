//! Where replicas and clients are, and what their messages take.
//!
//! Invariants: 1 to 64 homes and replicas; every home has the delays to every replica; the weights of
//! the homes sum to one, for writers and for readers.

use alloc::vec::Vec;

use super::error::within;
use super::quorums::REPLICAS_MAX;
use super::{StalenessError, Wars};

/// Where a coordinator may be.
///
/// ```
/// use cap_model::staleness::{Fit, Home};
/// let wars = Fit::LnkdSsd.wars()?;
/// // All writers are here, and half of the readers; the second replica is 40 ms away.
/// let home = Home {
///     write_weight: 1.0,
///     read_weight: 0.5,
///     links: vec![wars.clone(), wars.plus(40.0)?],
/// };
/// assert_eq!(home.links.len(), 2);
/// # Ok::<(), cap_model::staleness::StalenessError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Home {
    /// The share of the writes that are coordinated here.
    pub write_weight: f64,
    /// The share of the reads. Writers and readers are independent.
    pub read_weight: f64,
    /// The delays to and from each replica.
    pub links: Vec<Wars>,
}

/// Homes and replicas.
///
/// ```
/// use cap_model::staleness::{Fit, Network};
/// // Two zones, 30 ms apart; two replicas in the first and one in the second.
/// let near = Fit::LnkdSsd.wars()?;
/// let network = Network::zones(&near, &[0, 0, 1], &[vec![0.0, 30.0], vec![30.0, 0.0]])?;
/// assert_eq!((network.replicas(), network.homes().len()), (3, 2));
/// # Ok::<(), cap_model::staleness::StalenessError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    homes: Vec<Home>,
}

impl Network {
    /// These homes.
    ///
    /// # Errors
    ///
    /// No home or more than 64, no replica or more than 64, links of different number, a weight
    /// outside of 0..=1, or weights that do not sum to one within 10^-9.
    pub fn new(homes: Vec<Home>) -> Result<Self, StalenessError> {
        let what = "homes";
        let Some(first) = homes.first() else {
            return Err(StalenessError::Empty { what });
        };
        let wanted = first.links.len();
        let max = REPLICAS_MAX as usize;
        for (what, count) in [(what, homes.len()), ("replicas", wanted)] {
            if count == 0 {
                return Err(StalenessError::Empty { what });
            }
            if count > max {
                return Err(StalenessError::TooMany { what, count, max });
            }
        }
        let (mut writes, mut reads) = (0.0, 0.0);
        for home in &homes {
            let (what, count) = ("links of a home", home.links.len());
            if count != wanted {
                return Err(StalenessError::Mismatch {
                    what,
                    count,
                    wanted,
                });
            }
            writes += within("write weight", home.write_weight, 0.0, 1.0)?;
            reads += within("read weight", home.read_weight, 0.0, 1.0)?;
        }
        for sum in [writes, reads] {
            if (sum - 1.0).abs() > 1e-9 {
                return Err(StalenessError::Weights { sum });
            }
        }
        Ok(Self { homes })
    }

    /// N replicas that are alike, for everybody.
    ///
    /// # Errors
    ///
    /// No replica, or more than 64.
    pub fn identical(replicas: u32, wars: &Wars) -> Result<Self, StalenessError> {
        let count = replicas.min(REPLICAS_MAX + 1) as usize;
        let links = core::iter::repeat_n(wars.clone(), count).collect();
        Self::new(alloc::vec![Home {
            write_weight: 1.0,
            read_weight: 1.0,
            links,
        }])
    }

    /// A replica in each of N places, the clients evenly among them, and every message from one
    /// place to another later by a constant.
    ///
    /// # Errors
    ///
    /// No replica or more than 64, or a shift outside of 0..=10^9 ms.
    pub fn one_each(replicas: u32, near: &Wars, remote_ms: f64) -> Result<Self, StalenessError> {
        let count = replicas.min(REPLICAS_MAX + 1) as usize;
        let zone_of: Vec<usize> = (0..count).collect();
        let delay = |from: usize| {
            let to = (0..count).map(move |to| if from == to { 0.0 } else { remote_ms });
            to.collect()
        };
        let delays: Vec<Vec<f64>> = (0..count).map(delay).collect();
        Self::zones(near, &zone_of, &delays)
    }

    /// Replicas in zones, the clients evenly among the zones; a message from zone i to zone j is later
    /// by `delay_ms[i][j]`, in both directions of a round trip its own.
    ///
    /// # Errors
    ///
    /// No zone or replica, more than 64 of either, a zone that is not there, a matrix that is not
    /// square, or a delay outside of 0..=10^9 ms.
    pub fn zones(
        near: &Wars,
        zone_of: &[usize],
        delay_ms: &[Vec<f64>],
    ) -> Result<Self, StalenessError> {
        let (wanted, max) = (delay_ms.len(), REPLICAS_MAX as usize);
        for (what, count) in [("zones", wanted), ("replicas", zone_of.len())] {
            if count == 0 {
                return Err(StalenessError::Empty { what });
            }
            if count > max {
                return Err(StalenessError::TooMany { what, count, max });
            }
        }
        let what = "delays of a zone";
        if let Some(row) = delay_ms.iter().find(|row| row.len() != wanted) {
            let count = row.len();
            return Err(StalenessError::Mismatch {
                what,
                count,
                wanted,
            });
        }
        let delay = |from: usize, to: usize| {
            let missing = StalenessError::OutOfRange {
                what: "zone of a replica",
                value: from.max(to) as f64,
                low: 0.0,
                high: (wanted - 1) as f64,
            };
            let row = delay_ms.get(from);
            row.and_then(|row| row.get(to)).copied().ok_or(missing)
        };
        let weight = 1.0 / wanted as f64;
        let mut homes = Vec::new();
        for home in 0..wanted {
            let mut links = Vec::new();
            for &zone in zone_of {
                let (there, back) = (delay(home, zone)?, delay(zone, home)?);
                links.push(near.clone().apart(there, back)?);
            }
            homes.push(Home {
                write_weight: weight,
                read_weight: weight,
                links,
            });
        }
        Self::new(homes)
    }

    /// Each link by itself: a message from home i to replica j is later by `there_ms[i][j]`, and one
    /// back by `back_ms[i][j]`. The clients are evenly among the homes.
    ///
    /// # Errors
    ///
    /// No home or replica, more than 64 of either, rows of different lengths, two matrices of
    /// different size, or a delay outside of 0..=10^9 ms.
    ///
    /// ```
    /// use cap_model::staleness::{Fit, Network};
    /// let near = Fit::LnkdSsd.wars()?;
    /// // One home; the way to the second replica is longer than the way back.
    /// let network = Network::matrix(&near, &[vec![0.0, 40.0]], &[vec![0.0, 25.0]])?;
    /// assert_eq!(network.homes()[0].links[1].response, near.response.plus(25.0)?);
    /// # Ok::<(), cap_model::staleness::StalenessError>(())
    /// ```
    pub fn matrix(
        near: &Wars,
        there_ms: &[Vec<f64>],
        back_ms: &[Vec<f64>],
    ) -> Result<Self, StalenessError> {
        let (what, count, wanted) = ("rows of the way back", back_ms.len(), there_ms.len());
        if count != wanted {
            return Err(StalenessError::Mismatch {
                what,
                count,
                wanted,
            });
        }
        let max = REPLICAS_MAX as usize;
        let longest = there_ms.iter().map(Vec::len).fold(0, usize::max);
        for (what, count) in [("homes", wanted), ("replicas", longest)] {
            if count > max {
                return Err(StalenessError::TooMany { what, count, max });
            }
        }
        let weight = 1.0 / wanted.max(1) as f64;
        let mut homes = Vec::new();
        for (there, back) in there_ms.iter().zip(back_ms) {
            let (what, count, wanted) = ("delays of the way back", back.len(), there.len());
            if count != wanted {
                return Err(StalenessError::Mismatch {
                    what,
                    count,
                    wanted,
                });
            }
            let each = there.iter().zip(back);
            let links = each.map(|(&there, &back)| near.clone().apart(there, back));
            homes.push(Home {
                write_weight: weight,
                read_weight: weight,
                links: links.collect::<Result<_, _>>()?,
            });
        }
        Self::new(homes)
    }

    /// How many replicas.
    #[must_use]
    pub fn replicas(&self) -> u32 {
        // At most 64.
        self.homes.first().map_or(0, |home| home.links.len() as u32)
    }

    /// The delays of every link, if they are all alike.
    #[must_use]
    pub fn only_wars(&self) -> Option<&Wars> {
        let mut links = self.homes.iter().flat_map(|home| &home.links);
        let first = links.next()?;
        links.all(|wars| wars == first).then_some(first)
    }

    /// Where coordinators may be.
    #[must_use]
    pub fn homes(&self) -> &[Home] {
        &self.homes
    }
}
