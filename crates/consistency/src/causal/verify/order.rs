//! CC and CCv: the order is replayed with a clock for each session.

use alloc::{collections::BTreeMap, rc::Rc, vec, vec::Vec};

use super::{Line, Lines, Placed};
use crate::{Error, OperationId, transactions::Ending};

/// For each session the last operation known of it, plus one. An indeterminate write counts as a session of its own.
type Clock = Vec<usize>;

pub(super) fn replay(
    lines: &Lines,
    order: &[OperationId],
    is_convergent: bool,
) -> Result<(), Error> {
    let mut replay = Replay::new(lines, is_convergent);
    for operation in order.iter().copied() {
        let line = lines.placed(operation)?;
        replay.placed.place(operation, line.previous)?;
        replay.placed.has_source(operation, line)?;
        replay.step(operation, line)?;
    }
    for (place, line) in lines.all.iter().enumerate() {
        let says_something = line.read.is_some() || line.written.is_some();
        if line.ending == Ending::Committed && says_something && !replay.placed.is(place) {
            let operation = OperationId(place);
            return Err(Error::WitnessMisses { operation });
        }
    }
    Ok(())
}

struct Replay {
    is_convergent: bool,
    placed: Placed,
    clocks: Vec<Rc<Clock>>,
    /// What a write knew, until its last reader has learnt it; and how many are to come.
    snapshots: Vec<Option<Rc<Clock>>>,
    readers: Vec<usize>,
    /// The writes placed so far, by key and session, and when each was placed.
    writes: BTreeMap<(u32, usize), Vec<(usize, usize)>>,
    time: usize,
    /// For each write when it was placed, and the writes (session, number) that came causally behind it.
    times: Vec<usize>,
    newer: Vec<Vec<(usize, usize)>>,
    next_session: usize,
}

impl Replay {
    fn new(lines: &Lines, is_convergent: bool) -> Self {
        let count = lines.all.len();
        let mut readers = vec![0_usize; count];
        for line in &lines.all {
            if let Some(readers) = line.source.and_then(|source| readers.get_mut(source)) {
                *readers = readers.saturating_add(1);
            }
        }
        Self {
            is_convergent,
            placed: Placed::new(lines),
            clocks: vec![Rc::default(); lines.sessions_count],
            snapshots: vec![None; count],
            readers,
            writes: BTreeMap::new(),
            time: 0,
            times: vec![0; count],
            newer: vec![Vec::new(); count],
            next_session: lines.sessions_count,
        }
    }

    fn step(&mut self, operation: OperationId, line: &Line) -> Result<(), Error> {
        self.time = self.time.saturating_add(1);
        let clock = self.clocks.get(line.session).cloned().unwrap_or_default();
        let mut clock = self.learn(line, clock);
        if !self.is_right(line, &clock) {
            return Err(Error::WitnessIllegal { operation });
        }
        let mut session = line.session;
        if line.ending == Ending::Indeterminate {
            session = self.next_session;
            self.next_session = session.saturating_add(1);
        }
        if let Some((key, _)) = line.written {
            self.write(key, session, operation.0, &clock);
        }
        raise(Rc::make_mut(&mut clock), session, operation.0);
        if self.readers.get(operation.0).is_some_and(|it| *it > 0)
            && let Some(snapshot) = self.snapshots.get_mut(operation.0)
        {
            *snapshot = Some(Rc::clone(&clock));
        }
        if let Some(own) = self.clocks.get_mut(session) {
            *own = clock;
        }
        Ok(())
    }

    /// The clock with what the write knew that was read.
    fn learn(&mut self, line: &Line, mut clock: Rc<Clock>) -> Rc<Clock> {
        if let Some(source) = line.source
            && let Some(snapshot) = self.snapshots.get_mut(source)
            && let Some(readers) = self.readers.get_mut(source)
            && let Some(theirs) = snapshot.clone()
        {
            *readers = readers.saturating_sub(1);
            if *readers == 0 {
                *snapshot = None;
            }
            let own = Rc::make_mut(&mut clock);
            own.resize(own.len().max(theirs.len()), 0);
            for (mine, theirs) in own.iter_mut().zip(theirs.iter()) {
                *mine = (*mine).max(*theirs);
            }
        }
        clock
    }

    /// Whether no version that should have been seen instead is known.
    fn is_right(&self, line: &Line, clock: &Clock) -> bool {
        let Some((key, _)) = line.read else {
            return true;
        };
        let mut known = self.last_known(key, clock);
        match line.source {
            None => known.next().is_none(),
            Some(source) if self.is_convergent => {
                let time = self.times.get(source).copied().unwrap_or(0);
                known.all(|(_, placed)| placed <= time)
            }
            Some(source) => !self.is_overwritten(source, clock),
        }
    }

    fn is_overwritten(&self, write: usize, clock: &Clock) -> bool {
        let newer = self.newer.get(write).map_or(&[][..], Vec::as_slice);
        newer
            .iter()
            .any(|(session, number)| clock.get(*session).is_some_and(|known| known > number))
    }

    /// The last known write of this key in each session, and when it was placed.
    fn last_known<'a>(
        &'a self,
        key: u32,
        clock: &'a Clock,
    ) -> impl Iterator<Item = (usize, usize)> + 'a {
        let of_key = self.writes.range((key, 0)..=(key, usize::MAX));
        of_key.filter_map(|((_, session), writes)| {
            let known = clock.get(*session).copied().unwrap_or(0);
            let count = writes.partition_point(|(number, _)| *number < known);
            writes.get(count.checked_sub(1)?).copied()
        })
    }

    fn write(&mut self, key: u32, session: usize, number: usize, clock: &Clock) {
        if !self.is_convergent {
            let known: Vec<usize> = self
                .last_known(key, clock)
                .map(|(write, _)| write)
                .collect();
            for write in known {
                if !self.is_overwritten(write, clock)
                    && let Some(newer) = self.newer.get_mut(write)
                {
                    newer.push((session, number));
                }
            }
        }
        if let Some(time) = self.times.get_mut(number) {
            *time = self.time;
        }
        let writes = self.writes.entry((key, session)).or_default();
        writes.push((number, self.time));
    }
}

fn raise(clock: &mut Clock, session: usize, number: usize) {
    if clock.len() <= session {
        clock.resize(session.saturating_add(1), 0);
    }
    if let Some(known) = clock.get_mut(session) {
        *known = number.saturating_add(1).max(*known);
    }
}
