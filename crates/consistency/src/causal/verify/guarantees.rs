//! The session guarantees: the definition, read by read.

use alloc::{vec, vec::Vec};

use super::{Line, Lines};
use crate::{
    Consistency, Error, OperationId,
    transactions::{Ending, Transactions},
};

pub(super) fn apply(lines: &Lines, level: Consistency) -> Result<(), Error> {
    let follows = level == Consistency::WritesFollowReads;
    for (place, line) in lines.all.iter().enumerate() {
        let Some((key, value)) = line.read else {
            continue;
        };
        let operation = OperationId(place);
        let required = required(lines, level, place, key);
        let is_wrong = match line.source {
            None if value != Transactions::NIL => true,
            None => !required.is_empty(),
            Some(source) => {
                let newer = newer(lines, source, key, follows);
                required.iter().any(|it| newer.get(*it) == Some(&true))
            }
        };
        if is_wrong {
            return Err(Error::WitnessIllegal { operation });
        }
    }
    Ok(())
}

/// The committed operations of the same session before this one, latest first.
fn before(lines: &Lines, place: usize) -> impl Iterator<Item = (usize, &Line)> {
    let previous = |place: usize| lines.all.get(place)?.previous;
    let all = core::iter::successors(previous(place), move |place| previous(*place));
    all.filter_map(|place| Some((place, lines.all.get(place)?)))
}

fn itself(lines: &Lines, place: usize) -> impl Iterator<Item = (usize, &Line)> {
    lines.all.get(place).map(|line| (place, line)).into_iter()
}

fn required(lines: &Lines, level: Consistency, read: usize, key: u32) -> Vec<usize> {
    let writes = |(place, line): (usize, &Line)| (line.written?.0 == key).then_some(place);
    let reads = |(_, line): (usize, &Line)| {
        line.source
            .filter(|_| line.read.is_some_and(|it| it.0 == key))
    };
    let known = || {
        let reads = itself(lines, read).chain(before(lines, read));
        reads.filter_map(|(_, line)| line.source)
    };
    match level {
        Consistency::ReadYourWrites => before(lines, read).filter_map(writes).collect(),
        Consistency::MonotonicReads => before(lines, read).filter_map(reads).collect(),
        Consistency::MonotonicWrites => known()
            .flat_map(|write| before(lines, write).filter_map(writes))
            .collect(),
        _ => known()
            .flat_map(|write| itself(lines, write).chain(before(lines, write)))
            .filter_map(reads)
            .collect(),
    }
}

/// For each operation whether its write is certainly newer than this one.
fn newer(lines: &Lines, write: usize, key: u32, follows: bool) -> Vec<bool> {
    let mut is_newer = vec![false; lines.all.len()];
    let mut pending = vec![write];
    while let Some(older) = pending.pop() {
        for (place, line) in lines.all.iter().enumerate() {
            let is_write = line.written.is_some_and(|it| it.0 == key);
            if !is_write || line.ending == Ending::Aborted || is_newer.get(place) == Some(&true) {
                continue;
            }
            let reads_it = |line: &Line| line.source == Some(older);
            let has =
                before(lines, place).any(|(it, line)| it == older || (follows && reads_it(line)));
            if has || (follows && reads_it(line)) {
                if let Some(is_newer) = is_newer.get_mut(place) {
                    *is_newer = true;
                }
                pending.push(place);
            }
        }
    }
    is_newer
}
