//! N, R and W, and whom a read asks.

use core::fmt;

use super::StalenessError;

/// The most replicas.
pub const REPLICAS_MAX: u32 = 64;

/// N replicas; a read returns after R answers, a write after W acknowledgements.
///
/// ```
/// use cap_model::staleness::Quorums;
/// let quorums = Quorums::new(3, 1, 2)?;
/// assert!(!quorums.intersect());
/// assert_eq!(quorums.to_string(), "N=3 R=1 W=2");
/// assert!(Quorums::new(3, 0, 2).is_err());
/// # Ok::<(), cap_model::staleness::StalenessError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Quorums {
    replicas: u32,
    read: u32,
    write: u32,
}

impl Quorums {
    /// Of `replicas`, so many to read and so many to write.
    ///
    /// # Errors
    ///
    /// More than 64 replicas, or a quorum that is not in 1..=`replicas`.
    pub fn new(replicas: u32, read: u32, write: u32) -> Result<Self, StalenessError> {
        let (what, max) = ("replicas", REPLICAS_MAX as usize);
        if replicas > REPLICAS_MAX {
            let count = replicas as usize;
            return Err(StalenessError::TooMany { what, count, max });
        }
        let fits = 1..=replicas;
        if !fits.contains(&read) || !fits.contains(&write) {
            return Err(StalenessError::NotQuorums {
                replicas,
                read,
                write,
            });
        }
        Ok(Self {
            replicas,
            read,
            write,
        })
    }

    /// N.
    #[must_use]
    pub const fn replicas(self) -> u32 {
        self.replicas
    }

    /// R.
    #[must_use]
    pub const fn read(self) -> u32 {
        self.read
    }

    /// W.
    #[must_use]
    pub const fn write(self) -> u32 {
        self.write
    }

    /// Whether every read quorum meets every write quorum: then nothing is ever stale.
    #[must_use]
    pub const fn intersect(self) -> bool {
        self.read + self.write > self.replicas
    }
}

impl fmt::Display for Quorums {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            replicas,
            read,
            write,
        } = self;
        write!(f, "N={replicas} R={read} W={write}")
    }
}

/// Whom a read asks. Writes go to all replicas in either case.
///
/// The two are different models, and are often mixed up: Dynamo asks all and takes the first R, which
/// the paper's simulator does; Cassandra asks R, which the predictor shipped with it does.
///
/// ```
/// assert_eq!(cap_model::staleness::Asks::default(), cap_model::staleness::Asks::All);
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Asks {
    /// All N replicas; the first R answers count.
    #[default]
    All,
    /// R replicas, any with the same probability; all their answers count.
    Quorum,
}
