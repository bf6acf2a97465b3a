//! Single events and Lamport's times: the actor as [`WireActor`], then the numbers.

use alloc::vec::Vec;

use super::{Reader, Wire, WireActor, write_u64};
use crate::{ClockError, Defect, Dot, Lamport, LamportStamp, Span};

impl<A: WireActor> Wire for Dot<A> {
    fn encode(&self, out: &mut Vec<u8>) {
        self.actor.encode_after(None, out);
        write_u64(self.number(), out);
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, ClockError> {
        let actor = A::decode_after(None, input)?;
        let dot = Self::new(actor, input.u64()?);
        dot.ok_or_else(|| input.malformed_before(Defect::ZeroCounter))
    }
}

/// The number before the first event, and how many follow the first.
impl<A: WireActor> Wire for Span<A> {
    fn encode(&self, out: &mut Vec<u8>) {
        self.actor.encode_after(None, out);
        write_u64(self.after(), out);
        write_u64(self.len().saturating_sub(1), out);
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, ClockError> {
        let actor = A::decode_after(None, input)?;
        let after = input.u64()?;
        let first = after.checked_add(1);
        let beyond_first = input.u64()?;
        let last = first.and_then(|first| first.checked_add(beyond_first));
        let span = last.and_then(|last| Self::new(actor, after, last));
        span.ok_or_else(|| input.malformed_before(Defect::TooLarge))
    }
}

impl Wire for Lamport {
    fn encode(&self, out: &mut Vec<u8>) {
        write_u64(self.time(), out);
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, ClockError> {
        input.u64().map(Self::from_time)
    }
}

impl<A: WireActor> Wire for LamportStamp<A> {
    fn encode(&self, out: &mut Vec<u8>) {
        write_u64(self.time, out);
        self.actor.encode_after(None, out);
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, ClockError> {
        let time = input.u64()?;
        Ok(Self::new(time, A::decode_after(None, input)?))
    }
}
