//! Sets, value by value: values do not touch each other, so points of all values together are points of the set.
//!
//! A value is absent, then present from the point `a` of its one add to the point `r` of its removal (or for ever),
//! then absent again. What must happen while it is there (*sightings*: a `contains` that is true, an add that says it
//! changed nothing) wants `a` early and `r` late; what must happen while it is not (a `contains` that is false, a
//! remove that says it changed nothing) wants `a` late and `r` early. The sightings and the endings of add and removal
//! leave `a` at most `min(end of add, ends of sightings, end of removal)`, and that is the best choice, for it only
//! helps the others; so is, then, `r = max(call of removal, calls of sightings, a)`.
//!
//! Which operation removed? If one says that it did, that one, and a second such is a violation. If not, one of the
//! removes that say nothing (*discards*), or none. One that ends before `a` can only have removed with `a = r =` its
//! end, if add and sightings allow that; then the value is there for no time at all, and nothing else is in its way.
//! Of those that end later, the one called first makes `r` smallest, and any `r` is better than none. Every other
//! discard changes nothing, so it belongs where the value is not; an indeterminate one may also never have happened.

use alloc::{vec, vec::Vec};

use super::{
    Columns, Finding, Kind, Pace, Points, Row,
    columns::{NEVER, NONE},
};
use crate::UnknownReason;

#[derive(Clone, Copy)]
struct Story {
    add: u32,
    /// The one that removed.
    removal: u32,
    /// The first return of a sighting, and the last call of one.
    sighted_first: u32,
    sighted_last: u32,
    /// When the value comes, at the latest, and when it goes, at the earliest.
    comes: u32,
    goes: u32,
}

pub(super) fn check(columns: &Columns<'_>, pace: &mut Pace<'_>) -> Result<Finding, UnknownReason> {
    let mut stories = match stories(columns, pace)? {
        Ok(stories) => stories,
        Err(value) => return Ok(conflict(columns, value, NONE)),
    };
    choose_discards(columns, &mut stories, pace)?;
    let mut order = Points::with_capacity(columns.rows.len());
    for (index, row) in columns.rows.iter().enumerate() {
        pace.step()?;
        let Some(story) = stories.get(row.value as usize) else {
            continue;
        };
        let index = index as u32;
        let (point, phase) = match row.kind {
            Kind::Insert => (story.comes, 1),
            _ if index == story.removal => (story.goes, 3),
            Kind::Observe => (row.call.max(story.comes), 2),
            Kind::Discard if row.end == NEVER => continue,
            // The value is not there. Phase 0 is before an add of this point.
            _ if row.call <= story.comes => (row.call, 0),
            _ if row.end >= story.goes && story.goes != NEVER => (row.call.max(story.goes), 3),
            _ => return Ok(conflict(columns, row.value, index)),
        };
        // Behind the removal, which has the same phase.
        let sequence = u32::from(phase == 3 && index != story.removal);
        order.place(point, phase, sequence, index);
    }
    Ok(Finding::Order(order.into_order()))
}

/// Where nobody says to have removed a value, the discard that did, if any.
fn choose_discards(
    columns: &Columns<'_>,
    stories: &mut [Story],
    pace: &mut Pace<'_>,
) -> Result<(), UnknownReason> {
    let is_told = |row: &Row| row.kind == Kind::Remove;
    for (index, row) in columns.rows.iter().enumerate() {
        pace.step()?;
        let Some(story) = stories.get_mut(row.value as usize) else {
            continue;
        };
        let is_settled =
            story.comes == story.goes || columns.row(story.removal).is_some_and(is_told);
        if row.kind != Kind::Discard || story.add == NONE || is_settled {
            continue;
        }
        let sighted = call_of(columns, story.sighted_last);
        if row.end < story.comes {
            if row.end >= call_of(columns, story.add).max(sighted) {
                story.removal = index as u32;
                (story.comes, story.goes) = (row.end, row.end);
            }
            continue;
        }
        let goes = row.call.max(sighted).max(story.comes);
        if goes <= row.end && (story.removal == NONE || goes < story.goes) {
            (story.removal, story.goes) = (index as u32, goes);
        }
    }
    Ok(())
}

type Stories = Result<Vec<Story>, u32>;

/// The stories but for discards; or a value whose sightings and told removals go wrong on their own.
fn stories(columns: &Columns<'_>, pace: &mut Pace<'_>) -> Result<Stories, UnknownReason> {
    let nothing = Story {
        add: NONE,
        removal: NONE,
        sighted_first: NONE,
        sighted_last: NONE,
        comes: NEVER,
        goes: NEVER,
    };
    let mut stories = vec![nothing; columns.values.len()];
    for (index, row) in columns.rows.iter().enumerate() {
        pace.step()?;
        let Some(story) = stories.get_mut(row.value as usize) else {
            continue;
        };
        let index = index as u32;
        match row.kind {
            Kind::Insert => story.add = index,
            Kind::Remove if story.removal != NONE => return Ok(Err(row.value)),
            Kind::Remove => story.removal = index,
            Kind::Observe => {
                if row.end < end_of(columns, story.sighted_first) {
                    story.sighted_first = index;
                }
                if row.call > call_of(columns, story.sighted_last) {
                    story.sighted_last = index;
                }
            }
            Kind::Discard | Kind::Absent | Kind::Empty => continue,
        }
        story.comes = story.comes.min(row.end);
    }
    for (value, story) in stories.iter_mut().enumerate() {
        pace.step()?;
        let Some(add) = columns.row(story.add) else {
            if story.comes != NEVER {
                return Ok(Err(value as u32));
            }
            continue;
        };
        if story.comes < add.call {
            return Ok(Err(value as u32));
        }
        if let Some(removal) = columns.row(story.removal) {
            let sighted = call_of(columns, story.sighted_last);
            if sighted > removal.end {
                return Ok(Err(value as u32));
            }
            story.goes = removal.call.max(sighted).max(story.comes);
        }
    }
    Ok(Ok(stories))
}

/// Everything that changes the value, the sightings that bind it most, and `row`.
fn conflict(columns: &Columns<'_>, value: u32, row: u32) -> Finding {
    let (mut rows, mut first, mut last) = (Vec::from([row]), NONE, NONE);
    for (index, row) in columns.rows.iter().enumerate() {
        if row.value != value {
            continue;
        }
        let index = index as u32;
        match row.kind {
            Kind::Insert | Kind::Remove | Kind::Discard => rows.push(index),
            Kind::Observe => {
                if first == NONE || row.end < end_of(columns, first) {
                    first = index;
                }
                if last == NONE || row.call > call_of(columns, last) {
                    last = index;
                }
            }
            Kind::Absent | Kind::Empty => {}
        }
    }
    rows.extend([first, last]);
    Finding::Conflict(rows)
}

fn end_of(columns: &Columns<'_>, row: u32) -> u32 {
    columns.row(row).map_or(NEVER, |row| row.end)
}

fn call_of(columns: &Columns<'_>, row: u32) -> u32 {
    columns.row(row).map_or(0, |row| row.call)
}
