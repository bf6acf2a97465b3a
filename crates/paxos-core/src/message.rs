//! Messages: what nodes say to each other.
//!
//! | message | says | answered by |
//! |---|---|---|
//! | `Prepare` | "promise me this ballot" (phase 1a) | `Promise`, `Refused`, `Decided` |
//! | `Accept` | "accept this proposal" (phase 2a) | `Accepted`, `Refused`, `Decided` |
//! | `Ask` | "do you know the decision?" | `Decided`, or nothing |
//!
//! Every answer about a ballot names it, so that an answer to an older question is never taken for
//! one to a newer.

use crate::{Ballot, Proposal};

/// A message between two nodes.
///
/// ```
/// use paxos_core::{Ballot, Message, Proposal};
/// use transport::NodeId;
/// let ballot = Ballot { round: 2, node: NodeId(1) };
/// assert_eq!(Message::<u64>::Accepted { ballot }.ballot(), Some(ballot));
/// assert_eq!(Message::Accept(Proposal { ballot, value: 7_u64 }).ballot(), Some(ballot));
/// assert_eq!(Message::<u64>::Ask.ballot(), None);
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub enum Message<V> {
    /// Phase 1a: the ballot's owner asks for a promise.
    Prepare {
        /// The ballot.
        ballot: Ballot,
    },
    /// Phase 1b: the sender will accept nothing below the ballot.
    Promise {
        /// The ballot.
        ballot: Ballot,
        /// What it had accepted, of the greatest ballot.
        accepted: Option<Proposal<V>>,
    },
    /// Phase 2a: the ballot's owner asks to accept.
    Accept(Proposal<V>),
    /// Phase 2b: the sender has accepted the ballot's proposal.
    Accepted {
        /// The ballot.
        ballot: Ballot,
    },
    /// The sender has promised a greater ballot.
    Refused {
        /// The ballot that was refused.
        ballot: Ballot,
        /// The greater one.
        promised: Ballot,
    },
    /// The value is chosen.
    Decided {
        /// The value.
        value: V,
    },
    /// A node that knows no decision asks for it.
    Ask,
}

impl<V> Message<V> {
    /// The ballot the message is about.
    #[must_use]
    pub const fn ballot(&self) -> Option<Ballot> {
        match self {
            Self::Prepare { ballot }
            | Self::Promise { ballot, .. }
            | Self::Accept(Proposal { ballot, .. })
            | Self::Accepted { ballot }
            | Self::Refused { ballot, .. } => Some(*ballot),
            Self::Decided { .. } | Self::Ask => None,
        }
    }

    /// Whether a node may have used every ballot that it names.
    pub(crate) fn is_believable(&self) -> bool {
        let other = match self {
            Self::Promise { accepted, .. } => accepted.as_ref().map(|proposal| proposal.ballot),
            Self::Refused { promised, .. } => Some(*promised),
            _ => None,
        };
        let mut named = self.ballot().into_iter().chain(other);
        named.all(|ballot| ballot.is_believable())
    }
}
