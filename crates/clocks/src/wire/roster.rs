//! Rosters: the epoch, how they came to be, and the actors in order. Clocks with names: the epoch and
//! the vector.

use alloc::vec::Vec;

use super::{Reader, Wire, WireActor, write_count, write_u64};
use crate::{ClockError, Defect, NamedClock, Roster, Succession, VectorClock, VersionVector};

const FIRST: u8 = 0;
const ADMITTED: u8 = 1;
const RETIRED: u8 = 2;

impl<A: WireActor> Wire for Roster<A> {
    fn encode(&self, out: &mut Vec<u8>) {
        write_u64(self.epoch(), out);
        match self.succession() {
            Succession::First => out.push(FIRST),
            Succession::Admitted { slot } => {
                out.push(ADMITTED);
                write_count(*slot, out);
            }
            Succession::Retired { actor, last } => {
                out.push(RETIRED);
                actor.encode_after(None, out);
                write_u64(*last, out);
            }
        }
        write_count(self.actors().len(), out);
        let mut previous = None;
        for actor in self.actors() {
            actor.encode_after(previous, out);
            previous = Some(actor);
        }
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, ClockError> {
        let epoch = input.u64()?;
        let succession = match input.u8()? {
            FIRST => Succession::First,
            ADMITTED => Succession::Admitted {
                slot: usize::try_from(input.u64()?)
                    .map_err(|_| input.malformed_before(Defect::TooLarge))?,
            },
            RETIRED => Succession::Retired {
                actor: A::decode_after(None, input)?,
                last: input.u64()?,
            },
            _ => return Err(input.malformed_before(Defect::UnknownTag)),
        };
        let count = input.count(A::BYTES_MIN, VectorClock::SLOTS_MAX)?;
        let mut actors: Vec<A> = Vec::new();
        for _ in 0..count {
            let actor = A::decode_after(actors.last(), input)?;
            actors.push(actor);
        }
        Self::from_parts(epoch, actors, succession).map_err(|defect| input.malformed_before(defect))
    }
}

impl<A: WireActor> Wire for NamedClock<A> {
    fn encode(&self, out: &mut Vec<u8>) {
        write_u64(self.epoch(), out);
        self.vector().encode(out);
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, ClockError> {
        Ok(Self::new(input.u64()?, VersionVector::decode(input)?))
    }
}
