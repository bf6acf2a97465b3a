//! Why a process cannot be traced, snapshotted or joined by FIFO links.

use core::convert::Infallible;

use clocks::ClockError;
use thiserror::Error;
use transport::{NodeId, Token};

/// Why a process cannot be traced, or not be recovered. `E` is the process's own error.
///
/// ```
/// use snapshot::TraceError;
/// use transport::NodeId;
/// let error: TraceError = TraceError::NotAMember { node: NodeId(7) };
/// assert_eq!(error.to_string(), "n7 is not among the members");
/// ```
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum TraceError<E = Infallible> {
    /// The node has no slot in the clocks.
    #[error("{node} is not among the members")]
    NotAMember {
        /// The node to trace.
        node: NodeId,
    },
    /// There are more members than a clock has slots.
    #[error("no clock for these members: {0}")]
    Members(ClockError),
    /// A record that this node, with these members, cannot have written.
    #[error("the record {token} is not one of this tracer")]
    ForeignRecord {
        /// The record's name.
        token: Token,
    },
    /// The process inside refused its configuration or its records.
    #[error("the traced process: {0}")]
    Process(E),
}

/// Why a process cannot be wrapped by [`Snapshotting`](crate::Snapshotting),
/// [`Fifo`](crate::Fifo) or [`Journaled`](crate::Journaled), or not be recovered. `E` is the
/// process's own error.
///
/// ```
/// use snapshot::SnapshotError;
/// use transport::NodeId;
/// let error: SnapshotError = SnapshotError::Stranger { node: NodeId(7) };
/// assert_eq!(error.to_string(), "n7 is not among the members");
/// ```
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum SnapshotError<E = Infallible> {
    /// The node itself, or one end of its channels, is not a member.
    #[error("{node} is not among the members")]
    Stranger {
        /// Which node.
        node: NodeId,
    },
    /// A limit that must be above zero is zero.
    #[error("{limit} must be above zero")]
    ZeroLimit {
        /// The field of the configuration.
        limit: &'static str,
    },
    /// A record that this wrapper cannot have written.
    #[error("the record {token} is not one of this wrapper")]
    ForeignRecord {
        /// The record's name.
        token: Token,
    },
    /// The process inside refused its configuration or its records.
    #[error("the process inside: {0}")]
    Process(E),
}
