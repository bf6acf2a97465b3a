//! Messages in short, for tests that speak for a peer.

use raft_core::{Batch, Entries, Index, Message, Position, Term, Verdict};

pub(crate) fn append(
    term: u64,
    previous: Position,
    entries: &[Batch<u64>],
    commit: u64,
) -> Message<u64> {
    Message::Append {
        term: Term(term),
        previous,
        entries: Entries::new(entries.iter().cloned()).unwrap(),
        commit: Index(commit),
        round: 0,
    }
}

pub(crate) fn reply(term: u64, round: u64, verdict: Verdict) -> Message<u64> {
    let term = Term(term);
    Message::AppendReply {
        term,
        round,
        verdict,
    }
}

pub(crate) fn matched(index: u64) -> Verdict {
    let index = Index(index);
    Verdict::Matched { index }
}

pub(crate) fn conflict(previous: u64, hint: Position) -> Verdict {
    let previous = Index(previous);
    Verdict::Conflict { previous, hint }
}

pub(crate) fn pre_vote(term: u64, last: Position) -> Message<u64> {
    let term = Term(term);
    Message::PreVote { term, last }
}

pub(crate) fn pre_vote_granted(term: u64) -> Message<u64> {
    let (term, granted) = (Term(term), true);
    Message::PreVoteReply { term, granted }
}

pub(crate) fn vote(term: u64, last: Position) -> Message<u64> {
    let term = Term(term);
    Message::Vote { term, last }
}

pub(crate) fn vote_reply(term: u64, granted: bool) -> Message<u64> {
    let term = Term(term);
    Message::VoteReply { term, granted }
}

/// Whether the one answer grants what was asked.
pub(crate) fn granted(answers: &[Message<u64>]) -> bool {
    match answers {
        [Message::PreVoteReply { granted, .. } | Message::VoteReply { granted, .. }] => *granted,
        other => panic!("one answer, not {other:?}"),
    }
}

/// The verdict of the one answer.
pub(crate) fn verdict(answers: &[Message<u64>]) -> Verdict {
    match answers {
        [Message::AppendReply { verdict, .. }] => *verdict,
        other => panic!("one answer, not {other:?}"),
    }
}
