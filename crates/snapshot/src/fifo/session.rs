//! One end of the sessions with one peer.
//!
//! # Rules
//!
//! A session goes one way, from one life of its sender to one life of its receiver. The sessions of
//! two lives are numbered from 1.
//!
//! 1. *In order, once*: messages are numbered from 1. The receiver hands over number `k` only after
//!    `k - 1`, and each number once. One that comes early waits, if it is within the window.
//! 2. *Reliable*: a message is sent again until it is acknowledged. At most `window` messages are on
//!    their way; the others wait their turn, with at most `unacknowledged_max` in all.
//! 3. *A prefix, always*: what is handed over is a first part of what was sent in the session,
//!    whatever happens. When too many messages wait, the session ends instead of leaving a gap: what
//!    waits is dropped, and the next message is number 1 of the next session.
//! 4. *Lives do not mix*: a frame counts only if it names the present lives of both ends. A newer
//!    life of the peer ends the session and begins the next one, with number 1 again; what was not
//!    acknowledged by the former life is dropped. Sessions of the same lives do not mix either: the
//!    first frame of a newer one ends the older one at the receiver, with what came early in it, and
//!    a late frame of an older one is dropped.
//! 5. *A life makes itself known*: it says hello to each life of a peer until that life names it, so
//!    that soon nobody sends to a former one. A frame that names another life is no answer: it was
//!    sent before the peer heard the hello.
//!
//! An acknowledged message was handed to the process in that life; what the process made of it need
//! not be durable.

use alloc::collections::{BTreeMap, VecDeque};

use transport::{NodeId, Time, Token};

use crate::life::{NUMBER_MAX, is_number};

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Session<M> {
    pub(crate) peer: NodeId,
    /// 0: not yet known.
    pub(crate) peer_incarnation: u64,
    /// Rule 5: the peer has named this life.
    pub(crate) is_known: bool,
    /// When to repeat what is on its way, or the hello.
    pub(crate) repeat_at: Option<Time>,
    unacknowledged: VecDeque<Outgoing<M>>,
    /// Rule 3: the number of the session in which these are sent.
    outgoing: u64,
    /// How many of them, from the front, are on their way.
    sent: usize,
    /// The number of the newest message that is acknowledged.
    acknowledged: u64,
    /// The number of the session that is heard; 0: none yet.
    incoming: u64,
    /// The number of the newest message of it that is handed over.
    delivered: u64,
    early: BTreeMap<u64, M>,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Outgoing<M> {
    pub(crate) message: M,
    pub(crate) after: Token,
}

/// What becomes of a message that came in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Arrival<M> {
    /// It is the next one, and counts as handed over.
    InOrder(M),
    Early,
    Duplicate,
    /// Of a session that is over.
    Stale,
    /// Beyond the window, or of a session that cannot be.
    Refused,
}

impl<M: Clone> Session<M> {
    pub(crate) const fn new(peer: NodeId) -> Self {
        Self {
            peer,
            peer_incarnation: 0,
            is_known: false,
            repeat_at: None,
            unacknowledged: VecDeque::new(),
            outgoing: 1,
            sent: 0,
            acknowledged: 0,
            incoming: 0,
            delivered: 0,
            early: BTreeMap::new(),
        }
    }

    pub(crate) fn unacknowledged_len(&self) -> usize {
        self.unacknowledged.len()
    }

    /// The session that is sent now.
    pub(crate) const fn outgoing(&self) -> u64 {
        self.outgoing
    }

    /// The session that is heard now, and the newest message of it that was handed over.
    pub(crate) const fn heard(&self) -> (u64, u64) {
        (self.incoming, self.delivered)
    }

    /// Rule 3: no number is left for a session.
    pub(crate) const fn is_over(&self) -> bool {
        self.outgoing > NUMBER_MAX
    }

    pub(crate) fn push(&mut self, message: M, after: Token) {
        self.unacknowledged.push_back(Outgoing { message, after });
    }

    /// Rule 3: drops everything and begins the next session; how many messages were dropped.
    pub(crate) fn end(&mut self) -> usize {
        let dropped = self.unacknowledged.len();
        self.unacknowledged.clear();
        self.sent = 0;
        self.acknowledged = 0;
        self.outgoing = self.outgoing.saturating_add(1);
        dropped
    }

    /// Rule 4: the peer lives anew. How many messages were dropped; `None`: the first session.
    pub(crate) fn meet(&mut self, peer_incarnation: u64) -> Option<usize> {
        let is_first = self.peer_incarnation == 0;
        self.peer_incarnation = peer_incarnation;
        self.is_known = false;
        if is_first {
            return None;
        }
        let dropped = self.end();
        self.outgoing = 1;
        self.incoming = 0;
        self.delivered = 0;
        self.early.clear();
        Some(dropped)
    }

    /// Rule 2: the next message that may leave now, with its number.
    pub(crate) fn next_outgoing(&mut self, window: usize) -> Option<(u64, Outgoing<M>)> {
        if self.peer_incarnation == 0 || self.sent >= window {
            return None;
        }
        let next = self.numbered(self.sent)?;
        self.sent = self.sent.saturating_add(1);
        Some(next)
    }

    /// Rule 2: the `place`-th message on its way.
    pub(crate) fn on_its_way(&self, place: usize) -> Option<(u64, Outgoing<M>)> {
        if place >= self.sent {
            return None;
        }
        self.numbered(place)
    }

    fn numbered(&self, place: usize) -> Option<(u64, Outgoing<M>)> {
        let outgoing = self.unacknowledged.get(place)?.clone();
        let number = u64::try_from(place).ok()?.checked_add(1)?;
        Some((self.acknowledged.checked_add(number)?, outgoing))
    }

    /// Rule 2: everything up to `sequence` is acknowledged. `false`: it was not even sent.
    pub(crate) fn acknowledge(&mut self, session: u64, sequence: u64) -> bool {
        if session != self.outgoing {
            // Of a session that is over, or of none.
            return session < self.outgoing;
        }
        let Some(count) = sequence.checked_sub(self.acknowledged) else {
            // An old acknowledgement came late.
            return true;
        };
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        if count > self.sent {
            return false;
        }
        if count > 0 {
            drop(self.unacknowledged.drain(..count));
            self.sent = self.sent.saturating_sub(count);
            self.acknowledged = sequence;
            self.repeat_at = None;
        }
        true
    }

    /// Rules 1 and 4: takes a message in.
    pub(crate) fn arrive(
        &mut self,
        (session, sequence): (u64, u64),
        message: M,
        window: usize,
    ) -> Arrival<M> {
        if !is_number(session) {
            return Arrival::Refused;
        }
        if session < self.incoming {
            return Arrival::Stale;
        }
        if session > self.incoming {
            self.incoming = session;
            self.delivered = 0;
            self.early.clear();
        }
        let Some(ahead) = sequence.checked_sub(self.delivered) else {
            return Arrival::Duplicate;
        };
        if ahead == 0 || self.early.contains_key(&sequence) {
            return Arrival::Duplicate;
        }
        if ahead > window as u64 {
            return Arrival::Refused;
        }
        if ahead == 1 {
            self.delivered = sequence;
            return Arrival::InOrder(message);
        }
        self.early.insert(sequence, message);
        Arrival::Early
    }

    /// Rule 1: the next message to hand over, of those that came early.
    pub(crate) fn next_in_order(&mut self) -> Option<M> {
        let next = self.delivered.checked_add(1)?;
        let message = self.early.remove(&next)?;
        self.delivered = next;
        Some(message)
    }

    /// Whether something must be repeated: a message, or the hello.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.is_known || !self.unacknowledged.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nothing could follow in order: the receiver refuses numbers beyond.
    #[test]
    fn after_the_last_session_nothing_more_is_sent() {
        let mut session = Session::new(NodeId(1));
        session.outgoing = NUMBER_MAX;
        session.push('a', Token::NONE);
        assert!(!session.is_over());
        assert_eq!(session.end(), 1);
        assert!(session.is_over());
    }
}
