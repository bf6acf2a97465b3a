//! Sets of dots: how many actors, and behind each its runs.
//!
//! - `DotSet`: the count of actors; for each the actor (as [`WireActor`]), one less than the count of
//!   its runs, and for each run how many events are missing before it, and how many follow its first.
//!   Before every run but the first at least one event is missing, so one less is written.
//! - `DotContext`: the vector, then the set beyond it.

use alloc::vec::Vec;

use super::sparse::next_actor;
use super::{Reader, Wire, WireActor, write_count, write_u64};
use crate::dot_set::Run;
use crate::{ClockError, Defect, DotContext, DotSet, VersionVector};

impl<A: WireActor> Wire for DotSet<A> {
    fn encode(&self, out: &mut Vec<u8>) {
        write_count(self.histories().count(), out);
        let mut previous = None;
        for (actor, history) in self.histories() {
            actor.encode_after(previous, out);
            write_count(history.runs.len().saturating_sub(1), out);
            let mut free = 0_u64;
            for run in history.runs {
                write_u64(run.after.saturating_sub(free), out);
                write_u64(run.last.saturating_sub(run.after).saturating_sub(1), out);
                free = run.last.saturating_add(1);
            }
            previous = Some(actor);
        }
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, ClockError> {
        let actors = input.count(A::BYTES_MIN + 3, Self::RUNS_MAX)?;
        let mut set = Self::new();
        let mut previous: Option<A> = None;
        for _ in 0..actors {
            let actor = next_actor(previous.as_ref(), input)?;
            previous = Some(actor.clone());
            // The first run is not counted, but its two bytes are there too.
            let more = input.count(2, Self::RUNS_MAX.saturating_sub(set.runs() + 1))?;
            let mut runs = Vec::with_capacity(more + 1);
            let mut free = Some(0_u64);
            for _ in 0..=more {
                let run = run(free, input)?;
                free = run.last.checked_add(1);
                runs.push(run);
            }
            set.push(actor, runs)
                .map_err(|_| input.malformed(Defect::TooMany))?;
        }
        Ok(set)
    }
}

/// Reads the run whose events may begin after number `free`, if there is such a number.
fn run(free: Option<u64>, input: &mut Reader<'_>) -> Result<Run, ClockError> {
    let gap = input.u64()?;
    let beyond_first = input.u64()?;
    let after = free.and_then(|free| free.checked_add(gap));
    let first = after.and_then(|after| after.checked_add(1));
    let last = first.and_then(|first| first.checked_add(beyond_first));
    match (after, last) {
        (Some(after), Some(last)) => Ok(Run { after, last }),
        _ => Err(input.malformed_before(Defect::TooLarge)),
    }
}

impl<A: WireActor> Wire for DotContext<A> {
    fn encode(&self, out: &mut Vec<u8>) {
        self.vector().encode(out);
        self.beyond().encode(out);
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, ClockError> {
        let vector = VersionVector::decode(input)?;
        let beyond = DotSet::decode(input)?;
        let context = Self::from_parts(vector, beyond);
        context.ok_or_else(|| input.malformed_before(Defect::NotCanonical))
    }
}
