//! Delivers messages in causal order.
//!
//! Rules (Birman, Schiper and Stephenson 1991, section 5.1), for a group that broadcasts:
//! - entry `i` of a stamp counts the messages that `i` had sent; receipts are not counted;
//! - send: the own entry grows by one, and the message carries the clock of what was delivered;
//! - a message from `j` is delivered when it is `j`'s next, and every other entry of its stamp is at
//!   or below what was delivered. Until then it is held.
//!
//! Each held message waits for one event at a time, the first that its stamp needs and that is
//! missing, and is looked at again only when that one comes: so it is looked at once an actor at
//! most, and its stamp is read once through in all.
//!
//! Invariants: `delivered` ≤ `scheduled`, and between the two lie exactly the messages that are
//! ready; no two messages in the buffer are the same event; a held message waits for an event beyond
//! `scheduled`; the number of messages is bounded.

use alloc::vec::Vec;

use crate::{ClockError, Dot, Refused, VectorClock};

mod held;
mod index;
mod message;
pub use message::{CausalMessage, Receipt};

use held::{NONE, Slab};
use index::Index;

/// The end of a causal broadcast at one actor: messages go in as they arrive, and come out such that
/// none comes before one that its sender had delivered or sent.
///
/// No network and no clock of its own: what to do about a message that never comes is the caller's
/// to decide. [`missing`](Self::missing) says which to ask for, [`discard`](Self::discard) drops one
/// that waits in vain, and [`advance`](Self::advance) continues from a state that was fetched.
///
/// **Stamps** come from [`send`](Self::send) of the same group, and every message goes to every member.
/// An entry counts messages, not receipts: a stamp that went through
/// [`VectorClock::receive`] counts more, and waits for ever. A slot is of one epoch; for the next, look
/// it up again.
///
/// **Bounds.** At most `messages_max` messages wait. When they do, only a message that can be
/// delivered at once is taken, and only while nothing is ready: take out what is ready first.
/// Whatever a stamp claims, it occupies one place.
///
/// **Recovery.** [`ClockError::BufferFull`] names a message to fetch before the refused one. If
/// stamps are true, and messages named here can be fetched, whoever fetches no others cannot get
/// stuck, even with `messages_max` 0: each is delivered, held, or refused, and after fewer refusals
/// in a row than there are slots, fetching what each names, one is delivered. So in the end all that
/// was held is delivered, and what was refused is taken when it is offered again.
///
/// **Trust.** Of messages with the same sender and number the first counts. Stamps of another epoch
/// or width, and those that know messages that this actor has not sent, are refused; the latter mean
/// that it has lost its memory, and must go on as the next life of an [`Actor`](crate::Actor). A
/// liar can otherwise make its own messages wait for ever, and those of who believes it. It can fill
/// the buffer: messages that arrive in order still pass, and [`held`](Self::held) shows what to
/// discard.
///
/// **Change of the group.** A message of another epoch is refused, and one that was still in flight
/// when the epoch changed would be waited for in vain. So the old epoch is flushed first: all who
/// remain stop sending, and tell what they have [`delivered`](Self::delivered); each keeps the old
/// buffer until it has delivered the join of it all, and begins the next epoch with that clock
/// carried forward. All have then delivered the same messages in the old epoch. Who is behind
/// refuses messages of the new one, and gets them handed back: keep them until it has followed.
///
/// Complexity: [`receive`](Self::receive) and [`pop`](Self::pop) together O(slots) a message, however
/// many wait, and nothing is allocated once the buffer has had its greatest size. A message that
/// waits for an event far ahead, or is one, costs O(log held) more; how far is far grows with
/// `messages_max`.
///
/// Space: some 100 bytes and the stamp for each message held; from the start 48 bytes a slot, and
/// with a greater `messages_max` up to 32 bytes for each, but no more than 2 MiB.
///
/// Source: Birman, Schiper and Stephenson, "Lightweight Causal and Atomic Group Multicast" (1991).
/// The flush: Birman and Joseph, "Exploiting Virtual Synchrony in Distributed Systems" (1987).
///
/// ```
/// use clocks::{CausalBuffer, Receipt, Roster};
///
/// let roster = Roster::new(1, ["a", "b", "c"])?;
/// let mut a = CausalBuffer::<&str>::new(roster.clock(), 0, 100)?;
/// let mut b = CausalBuffer::new(roster.clock(), 1, 100)?;
/// let mut c = CausalBuffer::new(roster.clock(), 2, 100)?;
///
/// let question = a.send()?.clone();
/// b.receive(0, question.clone(), "who is there?")?;
/// assert!(b.pop().is_some());
/// let answer = b.send()?.clone();
///
/// assert_eq!(c.receive(1, answer, "b")?, Receipt::Held, "the question has not come yet");
/// assert_eq!(c.receive(0, question, "who is there?")?, Receipt::Ready);
/// let said: Vec<_> = core::iter::from_fn(|| c.pop()).map(|message| message.message).collect();
/// assert_eq!(said, ["who is there?", "b"]);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
///
/// The flush before another joins:
///
/// ```
/// use clocks::{CausalBuffer, Roster};
///
/// let roster = Roster::new(1, ["a", "b"])?;
/// let mut a = CausalBuffer::new(roster.clock(), 0, 100)?;
/// let mut b = CausalBuffer::<&str>::new(roster.clock(), 1, 100)?;
/// let in_flight = b.send()?.clone();
///
/// // Nobody sends any more, and all tell what they have delivered.
/// let mut flushed = a.delivered().clone();
/// flushed.merge(b.delivered())?;
/// assert_ne!(a.delivered(), &flushed, "a must wait");
/// a.receive(1, in_flight, "the last of epoch 1")?;
/// assert!(a.pop().is_some());
/// assert_eq!(a.delivered(), &flushed);
///
/// let next = roster.admit("c")?;
/// let carried = next.carry_forward(&flushed)?;
/// let mut a = CausalBuffer::<&str>::new(carried.clone(), 0, 100)?;
/// let mut b = CausalBuffer::<&str>::new(carried, 1, 100)?;
/// a.receive(1, b.send()?.clone(), "the first of epoch 2")?;
/// assert!(a.pop().is_some());
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct CausalBuffer<M> {
    own: usize,
    messages_max: u32,
    delivered: VectorClock,
    /// As `delivered`, and what is ready.
    scheduled: VectorClock,
    held: Slab<M>,
    index: Index,
    ready_first: u32,
    /// The end of that list, of no meaning while the list is empty.
    ready_last: u32,
}

impl<M> CausalBuffer<M> {
    /// The buffer of the actor in slot `own`, which has delivered and sent what `delivered` counts:
    /// nothing for a new group ([`Roster::clock`](crate::Roster::clock)), the clock that was stored
    /// with the state for one that goes on. At most `messages_max` messages will wait.
    ///
    /// The clock gives the width and the epoch. O(slots + `messages_max`) time and space, and of the
    /// latter no more than 2 MiB.
    ///
    /// # Errors
    ///
    /// [`ClockError::UnknownSlot`] if `own` is beyond the width.
    ///
    /// ```
    /// use clocks::{CausalBuffer, Receipt, VectorClock};
    ///
    /// let stored = VectorClock::from_counters(&[0, 7])?;
    /// let mut buffer = CausalBuffer::new(stored, 0, 100)?;
    /// let seventh = VectorClock::from_counters(&[0, 7])?;
    /// assert!(matches!(buffer.receive(1, seventh, "old")?, Receipt::Duplicate(_)));
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    pub fn new(delivered: VectorClock, own: usize, messages_max: u32) -> Result<Self, ClockError> {
        let slots = delivered.slots();
        if own >= slots {
            return Err(ClockError::UnknownSlot { slot: own, slots });
        }
        Ok(Self {
            own,
            messages_max: messages_max.min(Slab::<M>::LENGTH_MAX - 1),
            scheduled: delivered.clone(),
            delivered,
            held: Slab::new(),
            index: Index::new(slots, messages_max),
            ready_first: NONE,
            ready_last: NONE,
        })
    }

    /// Counts the sending of a message to all others, and returns the stamp that it must carry:
    /// borrowed, clone it into the message, or `clone_from` it into one that is used again. O(1).
    ///
    /// The own message counts as delivered here at once.
    ///
    /// # Errors
    ///
    /// [`ClockError::CounterExhausted`] at [`u64::MAX`].
    ///
    /// ```
    /// use clocks::{CausalBuffer, VectorClock};
    ///
    /// let mut buffer = CausalBuffer::<&str>::new(VectorClock::new(2)?, 0, 100)?;
    /// assert_eq!(buffer.send()?.as_slice(), [1, 0]);
    /// assert_eq!(buffer.send()?.as_slice(), [2, 0]);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn send(&mut self) -> Result<&VectorClock, ClockError> {
        self.scheduled.tick(self.own)?;
        self.delivered.send(self.own)
    }

    /// Takes a message from the actor in slot `from`, with its stamp. O(slots).
    ///
    /// # Errors
    ///
    /// [`ClockError::EpochMismatch`]; [`ClockError::WidthMismatch`]; [`ClockError::UnknownSlot`];
    /// [`ClockError::NoEvent`] if the stamp counts no message of `from`;
    /// [`ClockError::UnsentMessage`] if it counts messages that this actor has not sent;
    /// [`ClockError::BufferFull`], which names the message to fetch first. The message is handed back.
    ///
    /// ```
    /// use clocks::{CausalBuffer, ClockError, Dot, Receipt, VectorClock};
    ///
    /// let mut buffer = CausalBuffer::new(VectorClock::new(2)?, 0, 1)?;
    /// let stamp = |counter| VectorClock::from_counters(&[0, counter]);
    /// assert_eq!(buffer.receive(1, stamp(2)?, "second")?, Receipt::Held);
    /// let refused = buffer.receive(1, stamp(3)?, "third").unwrap_err();
    /// let needs = Dot::new(1, 1);
    /// assert_eq!(refused.error, ClockError::BufferFull { messages_max: 1, needs });
    /// assert_eq!(refused.value.message, "third");
    /// assert_eq!(buffer.receive(1, stamp(1)?, "first")?, Receipt::Ready);
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    pub fn receive(
        &mut self,
        from: usize,
        stamp: VectorClock,
        message: M,
    ) -> Result<Receipt<M>, Refused<CausalMessage<M>>> {
        let outcome = self.judge(from, &stamp);
        let message = CausalMessage {
            from,
            stamp,
            message,
        };
        match outcome {
            Err(error) => Err(Refused {
                value: message,
                error,
            }),
            Ok(Judgement::Duplicate) => Ok(Receipt::Duplicate(message)),
            Ok(Judgement::Next) => {
                let place = self.held.insert(message);
                self.schedule(place);
                Ok(Receipt::Ready)
            }
            Ok(Judgement::Early { counter }) => {
                let place = self.held.insert(message);
                self.index
                    .set_message(from, counter, &self.scheduled, place);
                // It is not the next one, so it waits for something.
                self.settle(place);
                Ok(Receipt::Held)
            }
        }
    }

    /// The next message in causal order, or nothing while all that are here wait. O(1).
    ///
    /// ```
    /// use clocks::{CausalBuffer, VectorClock};
    ///
    /// let mut buffer = CausalBuffer::new(VectorClock::new(2)?, 0, 100)?;
    /// buffer.receive(1, VectorClock::from_counters(&[0, 1])?, "hello")?;
    /// assert_eq!(buffer.pop().unwrap().message, "hello");
    /// assert_eq!(buffer.pop(), None);
    /// assert_eq!(buffer.delivered().as_slice(), [0, 1]);
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    pub fn pop(&mut self) -> Option<CausalMessage<M>> {
        let held = self.held.remove(self.ready_first)?;
        self.ready_first = held.next;
        // What the stamp knows of others was delivered before, so only the sender's entry grows. It
        // cannot be exhausted: it becomes what the stamp says.
        let counted = self.delivered.tick(held.message.from);
        debug_assert_eq!(
            counted.ok(),
            held.message.dot(),
            "messages of an actor come in order"
        );
        Some(held.message)
    }

    /// Drops a message that waits, and hands it back. What waits for it waits on, and it may be
    /// received again. O(held).
    ///
    /// For a message that can never be delivered, such as one after a message that nobody has.
    ///
    /// ```
    /// use clocks::{CausalBuffer, Dot, VectorClock};
    ///
    /// let mut buffer = CausalBuffer::new(VectorClock::new(2)?, 0, 100)?;
    /// buffer.receive(1, VectorClock::from_counters(&[0, 9])?, "too late")?;
    /// assert_eq!(buffer.discard(Dot::new(1, 9).unwrap()).unwrap().message, "too late");
    /// assert!(buffer.is_empty());
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    pub fn discard(&mut self, dot: Dot<usize>) -> Option<CausalMessage<M>> {
        let place = self.place(dot)?;
        let (slot, counter) = self.held.get(place)?.waits_for()?;
        let removed = self.held.remove(place)?;
        let first = self.index.get(slot, counter, &self.scheduled).waiters;
        if first == place {
            self.index
                .set_waiters(slot, counter, &self.scheduled, removed.next);
        } else {
            self.held.unlink(first, place, removed.next);
        }
        self.index
            .set_message(dot.actor, dot.number(), &self.scheduled, NONE);
        Some(removed.message)
    }

    /// Goes on from a state that was fetched from elsewhere, in which all that `to` counts was
    /// delivered. Messages that it counts are handed back; others may become ready.
    /// O(held · slots).
    ///
    /// # Errors
    ///
    /// [`ClockError::EpochMismatch`]; [`ClockError::WidthMismatch`]; [`ClockError::UnsentMessage`] if
    /// `to` counts messages that this actor has not sent. The buffer is then unchanged.
    ///
    /// ```
    /// use clocks::{CausalBuffer, VectorClock};
    ///
    /// let mut buffer = CausalBuffer::new(VectorClock::new(2)?, 0, 100)?;
    /// buffer.receive(1, VectorClock::from_counters(&[0, 8])?, "covered")?;
    /// buffer.receive(1, VectorClock::from_counters(&[0, 10])?, "next")?;
    /// let covered = buffer.advance(&VectorClock::from_counters(&[0, 9])?)?;
    /// assert_eq!(covered[0].message, "covered");
    /// assert_eq!(buffer.pop().unwrap().message, "next");
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    pub fn advance(&mut self, to: &VectorClock) -> Result<Vec<CausalMessage<M>>, ClockError> {
        self.check_stamp(to)?;
        self.delivered.merge(to)?;
        self.scheduled.clone_from(&self.delivered);
        self.index.clear();
        self.ready_first = NONE;
        let mut covered = Vec::new();
        for message in self.held.drain() {
            let counter = message.stamp.get(message.from);
            if counter <= self.scheduled.get(message.from) {
                covered.push(message);
                continue;
            }
            let from = message.from;
            let place = self.held.insert(message);
            self.index
                .set_message(from, counter, &self.scheduled, place);
            self.settle(place);
        }
        Ok(covered)
    }

    /// The messages that wait, in no order, each with what it waits for just now. O(held) in all.
    ///
    /// If somebody fills the buffer with messages that can never be delivered, they can be dropped:
    ///
    /// ```
    /// use clocks::{CausalBuffer, ClockError, Receipt, VectorClock};
    ///
    /// let stamp = VectorClock::from_counters;
    /// let mut buffer = CausalBuffer::new(VectorClock::new(3)?, 0, 2)?;
    /// buffer.receive(2, stamp(&[0, 0, 1000])?, "junk")?;
    /// buffer.receive(2, stamp(&[0, 0, 2000])?, "junk")?;
    /// let early = buffer.receive(1, stamp(&[0, 2, 0])?, "early").unwrap_err();
    /// assert!(matches!(early.error, ClockError::BufferFull { .. }));
    ///
    /// // Whoever has the most messages here gives way.
    /// let held_by = |from| buffer.held().filter(|(held, _)| held.from == from).count();
    /// let greediest = (0..3).max_by_key(|&from| held_by(from)).unwrap();
    /// let all = buffer.held().filter(|(held, _)| held.from == greediest);
    /// let junk: Vec<_> = all.filter_map(|(held, _)| held.dot()).collect();
    /// for dot in junk {
    ///     buffer.discard(dot);
    /// }
    /// assert_eq!(buffer.receive(1, early.value.stamp, "early")?, Receipt::Held);
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    pub fn held(&self) -> impl Iterator<Item = (&CausalMessage<M>, Dot<usize>)> + '_ {
        self.held.iter().filter_map(|(_, held)| {
            let (slot, counter) = held.waits_for()?;
            Some((&held.message, Dot::new(slot, counter)?))
        })
    }

    /// All messages that are here: those that are ready, in causal order, then those that wait, in no
    /// order. O(held).
    ///
    /// ```
    /// use clocks::{CausalBuffer, VectorClock};
    ///
    /// let mut buffer = CausalBuffer::new(VectorClock::new(2)?, 0, 100)?;
    /// buffer.receive(1, VectorClock::from_counters(&[0, 3])?, "third")?;
    /// buffer.receive(1, VectorClock::from_counters(&[0, 1])?, "first")?;
    /// let messages = buffer.into_messages();
    /// assert_eq!((messages[0].message, messages[1].message), ("first", "third"));
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    #[must_use]
    pub fn into_messages(mut self) -> Vec<CausalMessage<M>> {
        let mut messages: Vec<_> = core::iter::from_fn(|| self.pop()).collect();
        messages.extend(self.held.drain());
        messages
    }

    /// What a held message waits for just now; nothing if no such message is held. O(log held).
    ///
    /// ```
    /// use clocks::{CausalBuffer, Dot, VectorClock};
    ///
    /// let mut buffer = CausalBuffer::new(VectorClock::new(2)?, 0, 100)?;
    /// buffer.receive(1, VectorClock::from_counters(&[0, 3])?, "third")?;
    /// assert_eq!(buffer.waiting_for(Dot::new(1, 3).unwrap()), Dot::new(1, 2));
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    #[must_use]
    pub fn waiting_for(&self, dot: Dot<usize>) -> Option<Dot<usize>> {
        let held = self.held.get(self.place(dot)?)?;
        let (slot, counter) = held.waits_for()?;
        Dot::new(slot, counter)
    }

    /// The messages that have not come and for which held ones wait, each once, in no order. O(held).
    ///
    /// Of the same actors, everything after [`delivered`](Self::delivered) is needed too. To fetch
    /// these, and what refusals of them name, is enough: see [recovery](Self).
    ///
    /// ```
    /// use clocks::{CausalBuffer, Dot, VectorClock};
    ///
    /// let mut buffer = CausalBuffer::new(VectorClock::new(3)?, 0, 100)?;
    /// buffer.receive(1, VectorClock::from_counters(&[0, 2, 0])?, "second")?;
    /// buffer.receive(1, VectorClock::from_counters(&[0, 3, 0])?, "third")?;
    /// buffer.receive(2, VectorClock::from_counters(&[0, 3, 1])?, "after all")?;
    /// assert!(buffer.missing().eq(Dot::new(1, 1)));
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    pub fn missing(&self) -> impl Iterator<Item = Dot<usize>> + '_ {
        self.held.iter().filter_map(|(place, held)| {
            let (slot, counter) = held.waits_for()?;
            let key = self.index.get(slot, counter, &self.scheduled);
            // Of those that wait for the same message, the first speaks.
            let is_first = key.waiters == place && key.message == NONE;
            Dot::new(slot, counter).filter(|_| is_first)
        })
    }

    /// What was delivered and sent: to be stored with the state, and continued from.
    #[must_use]
    pub const fn delivered(&self) -> &VectorClock {
        &self.delivered
    }

    /// How many messages are here, held and ready.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.held.len()
    }

    /// Whether no message is here.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.held.len() == 0
    }

    /// How many messages may wait.
    #[must_use]
    pub const fn messages_max(&self) -> u32 {
        self.messages_max
    }

    /// What is to become of a message, before anything is changed.
    fn judge(&self, from: usize, stamp: &VectorClock) -> Result<Judgement, ClockError> {
        self.check_stamp(stamp)?;
        let (stamp, scheduled) = (stamp.as_slice(), self.scheduled.as_slice());
        let slots = scheduled.len();
        let (Some(&counter), Some(&known)) = (stamp.get(from), scheduled.get(from)) else {
            return Err(ClockError::UnknownSlot { slot: from, slots });
        };
        if counter == 0 {
            return Err(ClockError::NoEvent { slot: from });
        }
        if counter <= known {
            return Ok(Judgement::Duplicate);
        }
        if self.index.get(from, counter, &self.scheduled).message != NONE {
            return Ok(Judgement::Duplicate);
        }
        let messages_max = self.messages_max;
        let is_full = self.held.len() >= messages_max as usize;
        if counter - known == 1 && unknown_count(stamp, scheduled) == 1 {
            if is_full && self.ready_first != NONE {
                let needs = None;
                return Err(ClockError::BufferFull {
                    messages_max,
                    needs,
                });
            }
            return Ok(Judgement::Next);
        }
        if is_full {
            let needs = self.first_needed(from, stamp);
            return Err(ClockError::BufferFull {
                messages_max,
                needs,
            });
        }
        Ok(Judgement::Early { counter })
    }

    /// A message that must come before one from `from`, is the next of its own sender, and is not
    /// here.
    ///
    /// Of the next messages of all actors of which some are needed, one that comes before no other
    /// could be delivered, so it does not wait here: there is one to name, if stamps are true. What
    /// it needs in turn is of fewer actors.
    fn first_needed(&self, from: usize, stamp: &[u64]) -> Option<Dot<usize>> {
        let entries = stamp.iter().zip(self.scheduled.as_slice()).enumerate();
        let needed = entries.filter(|&(slot, (&counter, &known))| {
            counter.saturating_sub(u64::from(slot == from)) > known
        });
        let mut nexts = needed.filter_map(|(slot, (_, &known))| {
            // Cannot be exhausted: a greater number is needed.
            Dot::new(slot, known.saturating_add(1))
        });
        nexts.find(|&dot| self.place(dot).is_none())
    }

    /// Refuses the clock of another group, and one that knows what was not sent.
    fn check_stamp(&self, stamp: &VectorClock) -> Result<(), ClockError> {
        let (own, other) = (self.delivered.epoch(), stamp.epoch());
        if own != other {
            return Err(ClockError::EpochMismatch { own, other });
        }
        let (own, other) = (self.delivered.slots(), stamp.slots());
        if own != other {
            return Err(ClockError::WidthMismatch { own, other });
        }
        let (counter, sent) = (stamp.get(self.own), self.delivered.get(self.own));
        if counter > sent {
            return Err(ClockError::UnsentMessage { counter, sent });
        }
        Ok(())
    }

    /// Where a held message is.
    fn place(&self, dot: Dot<usize>) -> Option<u32> {
        let key = self.index.get(dot.actor, dot.number(), &self.scheduled);
        Some(key.message).filter(|&place| place != NONE)
    }

    /// Lets a message wait for the first event that it needs and that is missing; one that needs
    /// none becomes ready, and with it all that waited for it alone.
    fn settle(&mut self, place: u32) {
        if !self.wait(place) {
            self.schedule(place);
        }
    }

    /// Lets a message wait, and tells if there is anything to wait for.
    fn wait(&mut self, place: u32) -> bool {
        let scheduled = self.scheduled.as_slice();
        let Some((slot, counter)) = self
            .held
            .get_mut(place)
            .and_then(|h| h.await_next(scheduled))
        else {
            return false;
        };
        let next = self.index.get(slot, counter, &self.scheduled).waiters;
        self.index
            .set_waiters(slot, counter, &self.scheduled, place);
        self.held.set_next(place, next);
        true
    }

    /// Makes ready a message of which nothing is missing, and all that waited for it alone.
    fn schedule(&mut self, place: u32) {
        self.append_ready(place);
        // Those that become ready join the end of the list, and are looked at in turn.
        let mut current = place;
        while let Some(dot) = self.held.get(current).and_then(|h| h.message.dot()) {
            let key = self.index.take(dot.actor, dot.number(), &self.scheduled);
            // Cannot be exhausted: it becomes what the stamp says.
            let counted = self.scheduled.tick(dot.actor);
            debug_assert_eq!(counted, Ok(dot), "messages of an actor come in order");
            let mut waiter = key.waiters;
            while let Some(next) = self.held.get(waiter).map(|held| held.next) {
                if !self.wait(waiter) {
                    self.append_ready(waiter);
                }
                waiter = next;
            }
            current = self.held.get(current).map_or(NONE, |held| held.next);
        }
    }

    fn append_ready(&mut self, place: u32) {
        self.held.set_ready(place);
        if self.ready_first == NONE {
            self.ready_first = place;
        } else {
            self.held.set_next(self.ready_last, place);
        }
        self.ready_last = place;
    }
}

/// What is to become of a message that is not refused.
enum Judgement {
    Duplicate,
    /// Nothing that it needs is missing.
    Next,
    /// Something is; and which of its sender's messages it is.
    Early {
        counter: u64,
    },
}

/// How many entries of a stamp are above what is known: 1, the sender's own, for a message that can
/// be delivered. Without a branch per entry.
fn unknown_count(stamp: &[u64], known: &[u64]) -> u64 {
    let entries = stamp.iter().zip(known);
    entries.map(|(stamp, known)| u64::from(stamp > known)).sum()
}
