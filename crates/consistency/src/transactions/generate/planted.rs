//! Anomalies to put into a history that is fine otherwise: each the smallest of its kind.

use alloc::vec::Vec;

use super::{at, planted_key};
use crate::transactions::{Builder, Ending, MicroOperation};
use crate::{Consistency, ProcessId, Value};

/// An anomaly by name. It takes keys and sessions of its own.
///
/// ```
/// use consistency::Consistency;
/// use consistency::transactions::Planted;
///
/// assert_eq!(Planted::WriteSkew.violates(), Consistency::Serializable);
/// assert!(Planted::ALL.len() > 10);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Planted {
    /// A read of what an aborted transaction wrote (G1a).
    AbortedRead,
    /// A read of what its writer replaced before it committed (G1b).
    IntermediateRead,
    /// Two transactions read from each other (G1c).
    CircularReads,
    /// A read of what nobody wrote.
    ThinAirRead,
    /// A read that misses the transaction's own write.
    InternalRead,
    /// A key is read again, and is older.
    NonMonotonicRead,
    /// One write of a transaction is seen and another is not.
    FracturedRead,
    /// A session misses its own write.
    StaleSessionRead,
    /// An effect is seen without its cause.
    CausalViolation,
    /// Two readers see two independent writes in opposite orders.
    LongFork,
    /// Two transactions read one version and both replace it.
    LostUpdate,
    /// Two transactions each read what the other one writes.
    WriteSkew,
    /// A read that misses a write which had returned before it was called.
    StaleRead,
}

/// One transaction: session, ending, and steps in words: `w` or `r`, the key, the value.
pub(super) struct Draft {
    session: u64,
    ending: Ending,
    is_list: bool,
    steps: &'static [(char, char, i64)],
}

type Template = (u64, &'static [(char, char, i64)]);

impl Planted {
    /// Every anomaly, those that the weakest models forbid first.
    pub const ALL: [Self; 13] = [
        Self::AbortedRead,
        Self::IntermediateRead,
        Self::CircularReads,
        Self::ThinAirRead,
        Self::InternalRead,
        Self::NonMonotonicRead,
        Self::FracturedRead,
        Self::StaleSessionRead,
        Self::CausalViolation,
        Self::LongFork,
        Self::LostUpdate,
        Self::WriteSkew,
        Self::StaleRead,
    ];

    /// The weakest model that forbids it: all stronger ones do, and no weaker one does.
    #[must_use]
    pub const fn violates(self) -> Consistency {
        match self {
            Self::AbortedRead
            | Self::IntermediateRead
            | Self::CircularReads
            | Self::ThinAirRead
            | Self::InternalRead
            | Self::NonMonotonicRead => Consistency::ReadCommitted,
            Self::FracturedRead | Self::StaleSessionRead => Consistency::ReadAtomic,
            Self::CausalViolation => Consistency::CausalTransactions,
            Self::LongFork => Consistency::Prefix,
            Self::LostUpdate => Consistency::SnapshotIsolation,
            Self::WriteSkew => Consistency::Serializable,
            Self::StaleRead => Consistency::StrictSerializable,
        }
    }

    const fn template(self) -> &'static [Template] {
        match self {
            Self::AbortedRead => &[(0, &[('w', 'x', 1)]), (1, &[('r', 'x', 1)])],
            Self::IntermediateRead => {
                &[(0, &[('w', 'x', 1), ('w', 'x', 2)]), (1, &[('r', 'x', 1)])]
            }
            Self::CircularReads => &[
                (0, &[('w', 'x', 1), ('r', 'y', 1)]),
                (1, &[('w', 'y', 1), ('r', 'x', 1)]),
            ],
            Self::ThinAirRead => &[(0, &[('r', 'x', 1)])],
            Self::InternalRead => &[(0, &[('w', 'x', 1), ('r', 'x', 0)])],
            Self::NonMonotonicRead => {
                &[(0, &[('w', 'x', 1)]), (1, &[('r', 'x', 1), ('r', 'x', 0)])]
            }
            Self::FracturedRead => &[
                (0, &[('w', 'x', 1), ('w', 'y', 1)]),
                (1, &[('r', 'y', 0), ('r', 'x', 1)]),
            ],
            Self::StaleSessionRead => &[(0, &[('w', 'x', 1)]), (0, &[('r', 'x', 0)])],
            Self::CausalViolation => &[
                (0, &[('w', 'x', 1)]),
                (1, &[('r', 'x', 1), ('w', 'y', 1)]),
                (2, &[('r', 'y', 1), ('r', 'x', 0)]),
            ],
            Self::LongFork => &[
                (0, &[('w', 'x', 1)]),
                (1, &[('w', 'y', 1)]),
                (2, &[('r', 'x', 1), ('r', 'y', 0)]),
                (3, &[('r', 'y', 1), ('r', 'x', 0)]),
            ],
            Self::LostUpdate => &[
                (0, &[('r', 'x', 0), ('w', 'x', 1)]),
                (1, &[('r', 'x', 0), ('w', 'x', 2)]),
            ],
            Self::WriteSkew => &[
                (0, &[('r', 'x', 0), ('w', 'y', 1)]),
                (1, &[('r', 'y', 0), ('w', 'x', 1)]),
            ],
            Self::StaleRead => &[(0, &[('w', 'x', 1)]), (1, &[('r', 'x', 0)])],
        }
    }

    pub(super) fn drafts(self, is_list: bool) -> Vec<Draft> {
        let template = self.template().iter().enumerate();
        template
            .map(|(place, (session, steps))| Draft {
                session: *session,
                ending: match (self, place) {
                    (Self::AbortedRead, 0) => Ending::Aborted,
                    _ => Ending::Committed,
                },
                is_list,
                steps,
            })
            .collect()
    }
}

impl Draft {
    /// Called and returned at once.
    pub(super) fn put(&self, builder: &mut Builder, sessions: usize, position: u64) {
        let process = (sessions as u64).saturating_add(self.session);
        let id = builder.invoke(ProcessId(process), at(position));
        let steps = self.steps.iter().map(|(what, key, value)| {
            let (key, value) = (planted_key(*key), *value);
            match (*what, self.is_list) {
                ('w', true) => MicroOperation::Append {
                    key,
                    value: value.into(),
                },
                ('w', false) => MicroOperation::Write {
                    key,
                    value: value.into(),
                },
                (_, true) => MicroOperation::ReadList {
                    key,
                    values: Some((value != 0).then(|| value.into()).into_iter().collect()),
                },
                (_, false) => MicroOperation::Read {
                    key,
                    value: Some(if value == 0 { Value::Nil } else { value.into() }),
                },
            }
        });
        // A transaction just invoked is open, so this cannot be refused.
        let _ = builder.complete(id, self.ending, Some(at(position)), steps);
    }
}
