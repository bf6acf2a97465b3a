//! The consistency models by name, and which of them implies which.
//!
//! Single objects, strongest first (an arrow reads *implies*):
//!
//! ```text
//! linearizable → sequential → causal memory      → PRAM → read your writes, monotonic reads, monotonic writes
//!                           ↘ causal convergence → causal → all four session guarantees
//!                             causal memory      ↗
//! ```
//!
//! Transactions:
//!
//! ```text
//! strict serializable → serializable → snapshot isolation → prefix → causal → read atomic → read committed
//! ```

use core::fmt;

/// A consistency model: a promise about what clients may see.
///
/// ```
/// use consistency::Consistency;
///
/// assert!(Consistency::Linearizable.implies(Consistency::Pram));
/// assert!(!Consistency::CausalMemory.implies(Consistency::CausalConvergence));
/// assert_eq!(Consistency::from_name("snapshot-isolation"), Some(Consistency::SnapshotIsolation));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Consistency {
    /// One order of all operations, within real time (Herlihy and Wing 1990).
    Linearizable,
    /// One order of all operations that keeps each process's own order (Lamport 1979).
    Sequential,
    /// Each process explains all its reads by one order that keeps causality (Ahamad and others 1995): CM.
    CausalMemory,
    /// Causality, and one order in which concurrent writes win (Bouajjani and others 2017): CCv.
    CausalConvergence,
    /// Each read is explained by its causal past (Bouajjani and others 2017): CC.
    Causal,
    /// Each process explains all its reads by one order that keeps every process's own order (Lipton and Sandberg
    /// 1988).
    Pram,
    /// A process sees its own writes (Terry and others 1994).
    ReadYourWrites,
    /// A process never sees an older version than one it has seen.
    MonotonicReads,
    /// Whoever sees a write sees the earlier writes of its process.
    MonotonicWrites,
    /// Whoever sees a write sees what its process had read before.
    WritesFollowReads,
    /// Serializable within real time (Papadimitriou 1979; Herlihy and Wing 1990).
    StrictSerializable,
    /// One order of all transactions that keeps each session's own order.
    Serializable,
    /// Each transaction reads a snapshot, and no two concurrent ones write the same key (Berenson and others 1995).
    SnapshotIsolation,
    /// Each transaction reads a prefix of one commit order.
    Prefix,
    /// Transactions read what causality and one commit order allow (Lloyd and others 2011; Biswas and Enea 2019).
    CausalTransactions,
    /// A transaction's writes become visible together (Bailis and others 2014).
    ReadAtomic,
    /// A transaction reads only what was committed, in commit order (Adya 1999; Biswas and Enea 2019).
    ReadCommitted,
}

impl Consistency {
    /// Every model, single objects before transactions, each before those it implies.
    pub const ALL: [Self; 17] = [
        Self::Linearizable,
        Self::Sequential,
        Self::CausalMemory,
        Self::CausalConvergence,
        Self::Causal,
        Self::Pram,
        Self::ReadYourWrites,
        Self::MonotonicReads,
        Self::MonotonicWrites,
        Self::WritesFollowReads,
        Self::StrictSerializable,
        Self::Serializable,
        Self::SnapshotIsolation,
        Self::Prefix,
        Self::CausalTransactions,
        Self::ReadAtomic,
        Self::ReadCommitted,
    ];

    /// The model's name on a command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Linearizable => "linearizable",
            Self::Sequential => "sequential",
            Self::CausalMemory => "causal-memory",
            Self::CausalConvergence => "causal-convergence",
            Self::Causal => "causal",
            Self::Pram => "pram",
            Self::ReadYourWrites => "read-your-writes",
            Self::MonotonicReads => "monotonic-reads",
            Self::MonotonicWrites => "monotonic-writes",
            Self::WritesFollowReads => "writes-follow-reads",
            Self::StrictSerializable => "strict-serializable",
            Self::Serializable => "serializable",
            Self::SnapshotIsolation => "snapshot-isolation",
            Self::Prefix => "prefix",
            Self::CausalTransactions => "causal-transactions",
            Self::ReadAtomic => "read-atomic",
            Self::ReadCommitted => "read-committed",
        }
    }

    /// The model of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name() == name)
    }

    /// Whether this is a model of transactions; the others are models of single operations.
    #[must_use]
    pub const fn is_transactional(self) -> bool {
        matches!(
            self,
            Self::StrictSerializable
                | Self::Serializable
                | Self::SnapshotIsolation
                | Self::Prefix
                | Self::CausalTransactions
                | Self::ReadAtomic
                | Self::ReadCommitted
        )
    }

    /// The models that follow from this one at once; the others follow by way of these.
    #[must_use]
    pub const fn weaker(self) -> &'static [Self] {
        match self {
            Self::Linearizable => &[Self::Sequential],
            Self::Sequential => &[Self::CausalMemory, Self::CausalConvergence],
            Self::CausalMemory => &[Self::Causal, Self::Pram],
            Self::CausalConvergence => &[Self::Causal],
            Self::Causal => &[
                Self::ReadYourWrites,
                Self::MonotonicReads,
                Self::MonotonicWrites,
                Self::WritesFollowReads,
            ],
            Self::Pram => &[
                Self::ReadYourWrites,
                Self::MonotonicReads,
                Self::MonotonicWrites,
            ],
            Self::ReadYourWrites
            | Self::MonotonicReads
            | Self::MonotonicWrites
            | Self::WritesFollowReads
            | Self::ReadCommitted => &[],
            Self::StrictSerializable => &[Self::Serializable],
            Self::Serializable => &[Self::SnapshotIsolation],
            Self::SnapshotIsolation => &[Self::Prefix],
            Self::Prefix => &[Self::CausalTransactions],
            Self::CausalTransactions => &[Self::ReadAtomic],
            Self::ReadAtomic => &[Self::ReadCommitted],
        }
    }

    /// Whether every history of this model is one of `other`. Every model implies itself.
    #[must_use]
    pub fn implies(self, other: Self) -> bool {
        // The arrows never lead back, so this ends; the longest way has six.
        self == other || self.weaker().iter().any(|weaker| weaker.implies(other))
    }
}

impl fmt::Display for Consistency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
