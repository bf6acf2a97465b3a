//! One node's vector time: the rules by which a traced process counts and stamps.
//!
//! # Rules
//!
//! For the node in slot `i` (Mattern 1989, with one event a step):
//!
//! 1. *A step is one event.* Any input but a message: entry `i` grows by one. A message: every entry
//!    becomes the greater of the own and the stamp's, then entry `i` grows by one.
//! 2. *What is sent in a step carries the clock of the step*, so a stamp names the step it is from.
//! 3. *A stamp that cannot be true is refused*: one with events in a slot that no member has, one
//!    that knows more of this node than the node itself, or one that knows of more than
//!    [`NUMBER_MAX`] steps of anybody. The message is dropped, as a network may
//!    do, and counted. The clock does not change.
//!
//! # Across a crash
//!
//! 4. *A number that another node has seen is never used again.* The wrapper persists
//!    `number_max` ahead of its use; what is sent in a step with a number above the durable
//!    `number_max` waits for that record, also what was sent early.
//! 5. *What survived is known.* Every record carries the clock of its step. A recovered node starts
//!    with the join of those clocks, and with its own entry at the greatest `number_max`.
//!
//! So after a recovery the node's events come after each event that a surviving record depends on.
//! An event that left no record is before them or concurrent, never after; one that no other node
//! has seen may be forgotten with its number.
//!
//! Invariant: the entry of slot `i` is at least that of every stamp this node accepted or gave out.

use alloc::vec::Vec;

use clocks::{ClockError, VectorClock};
use transport::{Context, Effect, EffectOf, NodeId, Process, Stored, Token};

use crate::life::NUMBER_MAX;
use crate::spares::Spares;
use crate::trace::Trace;
use crate::{Stamped, StampedRecord, TraceError, TraceKind, Traced, TracedConfig};

/// How many event numbers one record reserves. The next reservation is made when half are left, so
/// that early messages seldom wait for it.
const NUMBERS_RESERVED: u64 = 1 << 20;

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Tracer {
    pub(crate) members: Vec<NodeId>,
    pub(crate) clock: VectorClock,
    pub(crate) trace: Trace,
    pub(crate) stamps_refused: u64,
    pub(crate) events_uncounted: u64,
    node: NodeId,
    slot: usize,
    reserved: Reserved,
    spares: Spares,
}

/// Event numbers, and how far they outlive a crash.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
struct Reserved {
    /// The greatest number that a record allows.
    number_max: u64,
    /// That record.
    token: Token,
    /// The greatest number that a durable record allows.
    number_durable: u64,
}

impl Tracer {
    pub(crate) fn new<C, E>(config: &TracedConfig<C>) -> Result<Self, TraceError<E>> {
        let mut members = config.members.clone();
        members.sort_unstable();
        members.dedup();
        let node = config.node;
        let slot = members.binary_search(&node);
        let slot = slot.map_err(|_| TraceError::NotAMember { node })?;
        let clock = VectorClock::new(members.len()).map_err(TraceError::Members)?;
        Ok(Self {
            node,
            slot,
            clock,
            reserved: Reserved::default(),
            trace: Trace::new(config.events_max),
            spares: Spares::new(members.len()),
            members,
            stamps_refused: 0,
            events_uncounted: 0,
        })
    }

    /// Rule 5.
    pub(crate) fn restore<R, E>(
        &mut self,
        records: &[Stored<StampedRecord<R>>],
    ) -> Result<(), TraceError<E>> {
        let mut number_max = 0;
        for Stored { token, record } in records {
            let foreign = TraceError::ForeignRecord { token: *token };
            let is_counted = record.number_max <= NUMBER_MAX && can_be(&record.clock);
            if !is_counted || record.number_max < record.clock.get(self.slot) {
                return Err(foreign);
            }
            self.clock.merge(&record.clock).map_err(|_| foreign)?;
            number_max = number_max.max(record.number_max);
        }
        let mut counters = self.clock.as_slice().to_vec();
        if let Some(own) = counters.get_mut(self.slot) {
            *own = number_max;
        }
        self.clock = VectorClock::from_counters(&counters).map_err(TraceError::Members)?;
        Ok(())
    }

    /// Rules 1 and 3 for a message. `None`: its stamp is refused.
    pub(crate) fn receive(&mut self, from: NodeId, stamp: VectorClock) -> Option<TraceKind> {
        if self.accept(&stamp).is_err() {
            self.stamps_refused = self.stamps_refused.saturating_add(1);
            return None;
        }
        let slot = self.members.binary_search(&from);
        let number = slot.map_or(0, |slot| stamp.get(slot));
        if stamp.slots() == self.clock.slots() {
            self.spares.give(stamp);
        }
        Some(TraceKind::Receive { from, number })
    }

    fn accept(&mut self, stamp: &VectorClock) -> Result<(), ClockError> {
        let slot = self.slot;
        if stamp.get(slot) > self.number() {
            // Believed, it would use up this node's numbers.
            return Err(ClockError::CounterExhausted);
        }
        if !can_be(stamp) {
            // Believed, it would make each later stamp of that node look old.
            return Err(ClockError::CounterExhausted);
        }
        self.clock.merge(stamp)?;
        Ok(())
    }

    /// Rule 1: counts the step.
    pub(crate) fn count(&mut self, kind: TraceKind) {
        if self.number() >= NUMBER_MAX || self.clock.tick(self.slot).is_err() {
            self.events_uncounted = self.events_uncounted.saturating_add(1);
        }
        if let TraceKind::Durable { token } = kind
            && token >= self.reserved.token
        {
            self.reserved.number_durable = self.reserved.number_max;
        }
        self.trace.record(self.node, &self.clock, kind);
    }

    /// Rule 4: reserves numbers before the process inside can send, so that tokens stay in order.
    pub(crate) fn reserve<P: Process>(&mut self, cx: &mut Context<'_, Traced<P>>) {
        let number = self.number();
        let enough = number.saturating_add(NUMBERS_RESERVED / 2) <= self.reserved.number_max;
        if enough || self.reserved.number_max >= NUMBER_MAX {
            return;
        }
        let number_max = number.saturating_add(NUMBERS_RESERVED).min(NUMBER_MAX);
        self.reserved.number_max = number_max;
        self.reserved.token = cx.persist(StampedRecord {
            clock: self.spares.copy(&self.clock),
            number_max,
            record: None,
        });
    }

    /// Rules 2 and 4 for what the process inside asks.
    pub(crate) fn stamped<P: Process>(&mut self, effect: EffectOf<P>) -> EffectOf<Traced<P>> {
        match effect {
            Effect::Send { to, message, after } => Effect::Send {
                to,
                message: Stamped {
                    clock: self.spares.copy(&self.clock),
                    message,
                },
                after: after.max(self.gate()),
            },
            Effect::Emit { event, after } => Effect::Emit { event, after },
            Effect::Persist { token, record } => Effect::Persist {
                token,
                record: self.stamped_record(record),
            },
            Effect::Checkpoint {
                token,
                record,
                keep_from,
            } => Effect::Checkpoint {
                token,
                record: self.stamped_record(record),
                keep_from,
            },
        }
    }

    // Each record repeats the reservation: a checkpoint may let the world forget the one before.
    fn stamped_record<R>(&mut self, record: R) -> StampedRecord<R> {
        StampedRecord {
            clock: self.spares.copy(&self.clock),
            number_max: self.reserved.number_max,
            record: Some(record),
        }
    }

    /// What a message sent in this step must wait for, besides its own gate.
    fn gate(&self) -> Token {
        if self.number() > self.reserved.number_durable {
            self.reserved.token
        } else {
            Token::NONE
        }
    }

    /// The number of this node's last step.
    fn number(&self) -> u64 {
        self.clock.get(self.slot)
    }
}

/// Rule 3: whether nobody has counted further than anybody may.
fn can_be(clock: &VectorClock) -> bool {
    clock.as_slice().iter().all(|&count| count <= NUMBER_MAX)
}
