//! CM and PRAM: each process's order is replayed like a store.

use alloc::{vec, vec::Vec};

use super::{Lines, Placed};
use crate::{
    Error, OperationId, ProcessId,
    transactions::{Ending, Transactions},
};

pub(super) fn replay(
    history: &Transactions,
    lines: &Lines,
    views: &[(ProcessId, Vec<OperationId>)],
    is_memory: bool,
) -> Result<(), Error> {
    let mut first_read = vec![None; lines.sessions_count];
    for (place, line) in lines.all.iter().enumerate() {
        if line.read.is_some()
            && let Some(first) = first_read.get_mut(line.session)
        {
            *first = first.or(Some(place));
        }
    }
    for (session, first) in first_read.into_iter().enumerate() {
        let Some(operation) = first.map(OperationId) else {
            continue;
        };
        let process = history.process(session as u32);
        let view = views.iter().find(|(of, _)| *of == process);
        let (_, order) = view.ok_or(Error::WitnessMisses { operation })?;
        one(lines, session, order, is_memory)?;
    }
    Ok(())
}

fn one(lines: &Lines, session: usize, order: &[OperationId], is_memory: bool) -> Result<(), Error> {
    let is_in = |place: usize| match lines.all.get(place) {
        Some(line) => is_memory || line.session == session || line.written.is_some(),
        None => false,
    };
    let mut placed = Placed::new(lines);
    let mut store = vec![Transactions::NIL; lines.keys_count];
    for operation in order.iter().copied() {
        let line = lines.placed(operation)?;
        if !is_in(operation.0) {
            return Err(Error::WitnessStranger { operation });
        }
        let mut previous = line.previous;
        while let Some(place) = previous.filter(|place| !is_in(*place)) {
            previous = lines.all.get(place).and_then(|line| line.previous);
        }
        placed.place(operation, previous)?;
        if is_memory {
            placed.has_source(operation, line)?;
        }
        if let Some((key, value)) = line.read.filter(|_| line.session == session)
            && store.get(key as usize) != Some(&value)
        {
            return Err(Error::WitnessIllegal { operation });
        }
        if let Some((key, value)) = line.written
            && let Some(held) = store.get_mut(key as usize)
        {
            *held = value;
        }
    }
    for (place, line) in lines.all.iter().enumerate() {
        let is_needed = line.ending == Ending::Committed && is_in(place);
        let says_something = line.read.is_some() || line.written.is_some();
        if is_needed && says_something && !placed.is(place) {
            let operation = OperationId(place);
            return Err(Error::WitnessMisses { operation });
        }
    }
    Ok(())
}
