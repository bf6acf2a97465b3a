//! Messages: what nodes say to each other.
//!
//! | message | says | answered by |
//! |---|---|---|
//! | `PreVote` | "would you vote for me in this term?" It binds nobody and changes no state | `PreVoteReply` |
//! | `Vote` | "vote for me in this term" (RequestVote, §5.2) | `VoteReply` |
//! | `Append` | "these entries follow that position" (AppendEntries, §5.3); without entries a heartbeat | `AppendReply` |
//!
//! Every request and reply carries a term: a node that hears a greater one follows it, and a stale
//! sender is told the newer one. A `PreVote` is the exception: it carries a term nobody has entered.

use crate::{Entries, Index, Position, Term};

/// A message between two nodes. Cloning one shares its entries.
///
/// ```
/// use raft_core::{Batch, Entries, Index, Message, Position, Term};
/// let append = Message::Append {
///     term: Term(3),
///     previous: Position { term: Term(2), index: Index(7) },
///     entries: Entries::new([Batch::commands(Term(3), Index(8), [41_u64, 42]).unwrap()]).unwrap(),
///     commit: Index(7),
///     round: 0,
/// };
/// assert_eq!(append.term(), Term(3));
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(bound(
        serialize = "T: serde::Serialize",
        deserialize = "T: crate::Command + serde::Deserialize<'de>"
    ))
)]
pub enum Message<T> {
    /// Asks whether a candidacy would succeed. Dissertation §9.6.
    PreVote {
        /// The term the sender would campaign in: its own plus one.
        term: Term,
        /// The end of its log.
        last: Position,
    },
    /// Answers a `PreVote`.
    PreVoteReply {
        /// The term asked about when granted, else the voter's own.
        term: Term,
        /// Whether the sender may campaign.
        granted: bool,
    },
    /// Asks for a vote. §5.2.
    Vote {
        /// The candidate's term.
        term: Term,
        /// The end of its log.
        last: Position,
    },
    /// Answers a `Vote`.
    VoteReply {
        /// The voter's term.
        term: Term,
        /// Whether it voted for the sender.
        granted: bool,
    },
    /// Replicates entries, or shows that the leader lives. §5.3.
    Append {
        /// The leader's term.
        term: Term,
        /// The position right before the entries.
        previous: Position,
        /// The entries; none for a heartbeat.
        entries: Entries<T>,
        /// The leader's commit index.
        commit: Index,
        /// The leader's newest read round: an answer that echoes it shows that the sender still led
        /// when the round began.
        round: u64,
    },
    /// Answers an `Append`.
    AppendReply {
        /// The follower's term.
        term: Term,
        /// The round of the append.
        round: u64,
        /// Whether the entries were stored.
        verdict: Verdict,
    },
}

/// A follower's answer to an append.
///
/// ```
/// use raft_core::{Index, Position, Term, Verdict};
/// // "I have no entry 9 of your term 5; my last one not newer than that is entry 6 of term 4."
/// let verdict = Verdict::Conflict {
///     previous: Index(9),
///     hint: Position { term: Term(4), index: Index(6) },
/// };
/// assert_ne!(verdict, Verdict::Matched { index: Index(9) });
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Verdict {
    /// The follower's durable log equals the leader's up to here.
    Matched {
        /// The last index known to be equal.
        index: Index,
    },
    /// The follower has no entry at the append's `previous` position.
    Conflict {
        /// The index of that position: which append this answers.
        previous: Index,
        /// The follower's best guess at the last position both logs share: its last entry, at most
        /// `previous`, whose term is not above the one the leader named.
        hint: Position,
    },
}

impl<T> Message<T> {
    /// The term the message carries.
    #[must_use]
    pub const fn term(&self) -> Term {
        match self {
            Self::PreVote { term, .. }
            | Self::PreVoteReply { term, .. }
            | Self::Vote { term, .. }
            | Self::VoteReply { term, .. }
            | Self::Append { term, .. }
            | Self::AppendReply { term, .. } => *term,
        }
    }
}
