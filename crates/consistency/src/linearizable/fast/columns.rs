//! The operations of one object as rows of small numbers, and the preflight that says whether a fast check applies.

use alloc::vec::Vec;

use super::Pace;
use crate::{
    Completion, Model, Operation, OperationId, Role, Shape, UnknownReason, Value, intern::Interner,
};

/// The rank of what never happens: the return of an indeterminate operation, the take of a value still inside.
pub(super) const NEVER: u32 = u32::MAX;
/// No row, no value.
pub(super) const NONE: u32 = u32::MAX;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Insert,
    Remove,
    Discard,
    Observe,
    Absent,
    Empty,
}

/// One operation. Ranks are positions counted densely from 1: 0 is before everything.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    /// Place in the history.
    pub(super) id: u32,
    pub(super) call: u32,
    /// [`NEVER`] for an indeterminate operation.
    pub(super) end: u32,
    /// Number of the value; [`NONE`] where there is none.
    pub(super) value: u32,
    pub(super) kind: Kind,
}

#[derive(Debug)]
pub(super) struct Columns<'a> {
    pub(super) rows: Vec<Row>,
    pub(super) values: Interner<&'a Value>,
    /// The greatest rank of an event.
    pub(super) last: u32,
}

/// What the preflight says.
pub(super) enum Preflight<'a> {
    Applies(Columns<'a>),
    /// A value is inserted twice, an operation is outside the shape, or nobody knows what it took.
    IsForTheSearch,
}

impl<'a> Columns<'a> {
    pub(super) fn collect<M: Model>(
        model: &M,
        shape: Shape,
        history: &'a [Operation<M::Input, M::Output>],
        operations: &[OperationId],
        pace: &mut Pace<'_>,
    ) -> Result<Preflight<'a>, UnknownReason> {
        // Halves of the numbers stay free for flags.
        if history.len() >= (u32::MAX / 8) as usize {
            return Ok(Preflight::IsForTheSearch);
        }
        let Some(ranks) = Ranks::of(history, operations) else {
            return Ok(Preflight::IsForTheSearch);
        };
        let mut rows: Vec<Row> = Vec::with_capacity(operations.len());
        let mut values: Interner<&'a Value> = Interner::new();
        let mut seen: Vec<Seen> = Vec::new();
        for &id in operations {
            pace.step()?;
            let Some(operation) = history.get(id.0) else {
                continue;
            };
            let output = match &operation.completion {
                Completion::Fail { .. } => continue,
                completion => completion.output(),
            };
            let (kind, value) = match model.role(&operation.input, output) {
                Some(Role::Nothing) => continue,
                Some(role) => kind_of(role),
                None => return Ok(Preflight::IsForTheSearch),
            };
            if !is_of(shape, kind, output.is_some()) {
                return Ok(Preflight::IsForTheSearch);
            }
            let value = value.map_or(NONE, |value| values.intern(value));
            if values.len() > seen.len() {
                seen.push(Seen::default());
            }
            if let Some(seen) = seen.get_mut(value as usize) {
                match kind {
                    Kind::Insert if seen.is_inserted => return Ok(Preflight::IsForTheSearch),
                    Kind::Insert => seen.is_inserted = true,
                    Kind::Remove | Kind::Observe => seen.is_required = true,
                    Kind::Discard | Kind::Absent | Kind::Empty => {}
                }
            }
            rows.push(Row {
                id: id.0 as u32,
                call: ranks.rank(operation.call.position),
                end: match output {
                    Some(_) => ranks.rank(operation.return_position()),
                    None => NEVER,
                },
                value,
                kind,
            });
        }
        // An indeterminate insert whose value nobody met need not have happened, and helps nobody.
        let is_required = |value: u32| seen.get(value as usize).is_some_and(|it| it.is_required);
        rows.retain(|row| row.kind != Kind::Insert || row.end != NEVER || is_required(row.value));
        let last = ranks.last();
        Ok(Preflight::Applies(Self { rows, values, last }))
    }

    pub(super) fn row(&self, index: u32) -> Option<&Row> {
        self.rows.get(index as usize)
    }
}

#[derive(Clone, Copy, Default)]
struct Seen {
    is_inserted: bool,
    is_required: bool,
}

const fn kind_of(role: Role<'_>) -> (Kind, Option<&Value>) {
    match role {
        Role::Insert(value) => (Kind::Insert, Some(value)),
        Role::Remove(value) => (Kind::Remove, Some(value)),
        Role::Discard(value) => (Kind::Discard, Some(value)),
        Role::Observe(value) => (Kind::Observe, Some(value)),
        Role::ObserveAbsent(value) => (Kind::Absent, Some(value)),
        Role::ObserveEmpty | Role::Nothing => (Kind::Empty, None),
    }
}

/// Whether the check of this shape knows such an operation.
const fn is_of(shape: Shape, kind: Kind, has_returned: bool) -> bool {
    match (shape, kind) {
        (_, Kind::Insert) | (Shape::Set, Kind::Discard) => true,
        (Shape::Register, Kind::Observe)
        | (Shape::Set, Kind::Remove | Kind::Observe | Kind::Absent)
        | (Shape::Queue | Shape::Stack | Shape::PriorityQueue, Kind::Remove | Kind::Empty) => {
            has_returned
        }
        _ => false,
    }
}

/// Positions to ranks that keep order and ties.
enum Ranks {
    /// Dense enough as they are: the smallest, and the greatest rank.
    Shifted(u64, u32),
    Sorted(Vec<u64>),
}

impl Ranks {
    fn of<I, O>(history: &[Operation<I, O>], operations: &[OperationId]) -> Option<Self> {
        let (mut least, mut most) = (u64::MAX, 0);
        for &id in operations {
            if let Some(operation) = history.get(id.0) {
                least = least.min(operation.call.position);
                most = most.max(operation.call.position);
                if operation.completion.output().is_some() {
                    most = most.max(operation.return_position());
                }
            }
        }
        let width = most.saturating_sub(least);
        if width <= (operations.len() as u64).saturating_mul(4) {
            let last = u32::try_from(width.saturating_add(1)).ok()?;
            return (last < u32::MAX / 2).then_some(Self::Shifted(least, last));
        }
        let mut positions = Vec::with_capacity(operations.len().saturating_mul(2));
        for &id in operations {
            if let Some(operation) = history.get(id.0) {
                positions.push(operation.call.position);
                if operation.completion.output().is_some() {
                    positions.push(operation.return_position());
                }
            }
        }
        positions.sort_unstable();
        positions.dedup();
        Some(Self::Sorted(positions))
    }

    fn rank(&self, position: u64) -> u32 {
        match self {
            Self::Shifted(least, _) => (position.saturating_sub(*least) as u32).saturating_add(1),
            Self::Sorted(all) => {
                (all.partition_point(|other| *other < position) as u32).saturating_add(1)
            }
        }
    }

    fn last(&self) -> u32 {
        match self {
            Self::Shifted(_, last) => *last,
            Self::Sorted(all) => all.len() as u32,
        }
    }
}
