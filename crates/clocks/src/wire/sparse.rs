//! Sparse vectors and deltas: how many entries, and each behind its sorted actor.
//!
//! - `VersionVector`: the count; for each entry the actor (as [`WireActor`]) and its counter.
//! - `Delta`: the count; for each span the actor, the number before its first event, and how many
//!   events follow the first.
//! - `VectorDelta`: twice the count, plus 1 if an epoch above 0 follows; for each span twice the
//!   distance from the slot before, plus 1 if it has more than one event, then the number before
//!   its first event, then how many events follow the second, if there is one. So the usual news of
//!   a slot, one event, takes a byte more than its counter.

use alloc::vec::Vec;

use super::{Reader, Wire, WireActor, write_count, write_u64};
use crate::{ClockError, Defect, Delta, Dot, Span, VectorClock, VectorDelta, VersionVector};

impl<A: WireActor> Wire for VersionVector<A> {
    fn encode(&self, out: &mut Vec<u8>) {
        write_count(self.len(), out);
        let mut previous = None;
        for (actor, counter) in self {
            actor.encode_after(previous, out);
            write_u64(counter, out);
            previous = Some(actor);
        }
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, ClockError> {
        let count = input.count(A::BYTES_MIN + 1, Self::ENTRIES_MAX)?;
        let mut dots: Vec<Dot<A>> = Vec::with_capacity(count);
        for _ in 0..count {
            let actor = next_actor(dots.last().map(|dot| &dot.actor), input)?;
            let dot = Dot::new(actor, input.u64()?);
            dots.push(dot.ok_or_else(|| input.malformed_before(Defect::ZeroCounter))?);
        }
        Ok(Self::from_sorted(dots.into_iter()))
    }
}

impl<A: WireActor> Wire for Delta<A> {
    fn encode(&self, out: &mut Vec<u8>) {
        write_count(self.spans().len(), out);
        let mut previous = None;
        for span in self.spans() {
            span.actor.encode_after(previous, out);
            write_u64(span.after(), out);
            write_u64(span.len().saturating_sub(1), out);
            previous = Some(&span.actor);
        }
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, ClockError> {
        let count = input.count(A::BYTES_MIN + 2, VersionVector::<A>::ENTRIES_MAX)?;
        let mut spans: Vec<Span<A>> = Vec::with_capacity(count);
        for _ in 0..count {
            let actor = next_actor(spans.last().map(|span| &span.actor), input)?;
            let after = input.u64()?;
            let beyond_first = input.u64()?;
            spans.push(span(actor, after, beyond_first, input)?);
        }
        Ok(Self::new(spans))
    }
}

impl Wire for VectorDelta {
    fn encode(&self, out: &mut Vec<u8>) {
        let has_epoch = self.epoch() != 0;
        write_u64((self.spans().len() as u64) << 1 | u64::from(has_epoch), out);
        if has_epoch {
            write_u64(self.epoch(), out);
        }
        let mut next_slot = 0;
        for span in self.spans() {
            let is_longer = span.len() > 1;
            let gap = span.actor.saturating_sub(next_slot) as u64;
            write_u64(gap << 1 | u64::from(is_longer), out);
            write_u64(span.after(), out);
            if is_longer {
                write_u64(span.len().saturating_sub(2), out);
            }
            next_slot = span.actor.saturating_add(1);
        }
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, ClockError> {
        let (count, has_epoch) = halves(input.u64()?);
        // The shortest span takes two bytes.
        if count > input.left() / 2 || count > VectorClock::SLOTS_MAX {
            return Err(input.malformed_before(Defect::TooMany));
        }
        let epoch = if has_epoch { input.u64()? } else { 0 };
        if has_epoch && epoch == 0 {
            return Err(input.malformed_before(Defect::NotCanonical));
        }
        let mut spans = Vec::with_capacity(count);
        let mut next_slot = 0_usize;
        for _ in 0..count {
            let (gap, is_longer) = halves(input.u64()?);
            let slot = next_slot.saturating_add(gap);
            if slot >= VectorClock::SLOTS_MAX {
                return Err(input.malformed_before(Defect::TooLarge));
            }
            let after = input.u64()?;
            let beyond_first = match is_longer {
                true => input.u64()?.checked_add(1),
                false => Some(0),
            };
            let beyond_first =
                beyond_first.ok_or_else(|| input.malformed_before(Defect::TooLarge))?;
            spans.push(span(slot, after, beyond_first, input)?);
            next_slot = slot + 1;
        }
        Ok(Self::new(epoch, spans))
    }
}

/// Reads the actor after `previous`, and holds a foreign [`WireActor`] to its promise.
pub(super) fn next_actor<A: WireActor>(
    previous: Option<&A>,
    input: &mut Reader<'_>,
) -> Result<A, ClockError> {
    let actor = A::decode_after(previous, input)?;
    if previous.is_some_and(|previous| *previous >= actor) {
        return Err(input.malformed_before(Defect::NotSorted));
    }
    Ok(actor)
}

/// The span that was just read: its first event comes after number `after`.
fn span<A>(
    actor: A,
    after: u64,
    beyond_first: u64,
    input: &Reader<'_>,
) -> Result<Span<A>, ClockError> {
    let last = after.checked_add(1);
    let last = last.and_then(|first| first.checked_add(beyond_first));
    let span = last.and_then(|last| Span::new(actor, after, last));
    span.ok_or_else(|| input.malformed_before(Defect::TooLarge))
}

/// A number and the flag that was written below it.
fn halves(number: u64) -> (usize, bool) {
    let half = usize::try_from(number >> 1).unwrap_or(usize::MAX);
    (half, number & 1 == 1)
}
