//! Dotted version vectors: the past, the actor of the dot, and how many events of that actor lie
//! between the past and the dot. So a dot in its own past cannot be written.

use alloc::vec::Vec;

use super::{Reader, Wire, WireActor, write_u64};
use crate::{ClockError, Defect, Dot, DottedVersionVector, VersionVector};

impl<A: WireActor> Wire for DottedVersionVector<A> {
    fn encode(&self, out: &mut Vec<u8>) {
        let (dot, past) = (self.dot(), self.past());
        past.encode(out);
        dot.actor.encode_after(None, out);
        let beyond = dot.number().saturating_sub(past.get(&dot.actor));
        write_u64(beyond.saturating_sub(1), out);
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, ClockError> {
        let past = VersionVector::decode(input)?;
        let actor = A::decode_after(None, input)?;
        let between = input.u64()?;
        let first = past.get(&actor).checked_add(1);
        let counter = first.and_then(|first| first.checked_add(between));
        let dot = counter.and_then(|counter| Dot::new(actor, counter));
        let dot = dot.ok_or_else(|| input.malformed_before(Defect::TooLarge))?;
        Ok(Self::new(dot, past)?)
    }
}
