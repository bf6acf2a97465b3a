//! Checks without a search, for objects of a known shape whose inserted values are all distinct: O(n log n) steps and
//! O(n) memory. (Gibbons and Korach 1997 for the register; Lee and Mathur 2025, "Efficient decrease-and-conquer
//! linearizability monitoring", for the idea that one value after the other can be settled. The argument of each check
//! stands at the top of its file.)
//!
//! All of them reason with *points*: a history is linearizable exactly when every operation can be given a point
//! between its call and its return, and an order among operations of equal points, so that the object allows the
//! answers. Points are ranks of events; that ranks suffice is argued where it is used.
//!
//! Common to all: an operation that failed is nothing. An indeterminate insert counts, without a return, when somebody
//! met its value, and not at all otherwise: leaving it out never hurts, since nobody needs the value. An indeterminate
//! take is left to the search.
//!
//! A violation is found as a handful of operations. The search then judges these alone: it must agree, or it decides
//! the whole history itself. So two independent arguments stand behind each violation; a holding history comes with an
//! order that `replay` can check.

mod columns;
mod priority_queue;
mod queue;
mod register;
mod set;
mod spans;
mod stack;
mod tree;

use alloc::{boxed::Box, vec::Vec};

use super::{
    Limits, UnknownReason, Violation,
    partition::Partition,
    search::{Outcome, Search},
    shrink,
};
use crate::{Model, Operation, OperationId, Shape};
use columns::{Columns, Kind, Preflight, Row};

/// Between two questions to `keep_going`. The steps are cheap ones.
const STEPS_PER_QUESTION: u32 = 4_096;
/// Of all tables together, for each operation: an upper bound.
const BYTES_PER_OPERATION: usize = 96;

/// What a fast check says of one object.
pub(super) enum Decision<K> {
    Holds(Vec<OperationId>),
    Violated(Box<Violation<K>>),
    Unknown(UnknownReason),
}

/// What one of the checks finds: an order, or the rows that cannot be together. Row numbers.
enum Finding {
    Order(Vec<u32>),
    Conflict(Vec<u32>),
    /// It does not apply after all.
    IsForTheSearch,
}

/// The decision, where a fast check applies; `None` leaves the object to the search.
pub(super) fn decide<M: Model>(
    model: &M,
    history: &[Operation<M::Input, M::Output>],
    key: &M::Key,
    operations: &[OperationId],
    limits: &Limits,
    keep_going: &mut dyn FnMut() -> bool,
) -> Option<Decision<M::Key>> {
    let shape = model.shape()?;
    if !keep_going() {
        return Some(Decision::Unknown(UnknownReason::Interrupted));
    }
    if operations.len().saturating_mul(BYTES_PER_OPERATION) > limits.bytes_max {
        return Some(Decision::Unknown(UnknownReason::MemoryBound));
    }
    let mut pace = Pace::new(keep_going);
    let (finding, rows) = match find(model, shape, history, key, operations, &mut pace) {
        Ok(found) => found?,
        Err(reason) => return Some(Decision::Unknown(reason)),
    };
    let id = |row: u32| Some(OperationId(rows.get(row as usize)?.id as usize));
    match finding {
        Finding::Order(order) => Some(Decision::Holds(order.into_iter().filter_map(id).collect())),
        Finding::Conflict(conflict) => {
            let mut core: Vec<OperationId> = conflict.into_iter().filter_map(id).collect();
            core.sort_unstable();
            core.dedup();
            drop(rows);
            let violation = convict(model, history, key, &core, limits, keep_going)?;
            Some(Decision::Violated(Box::new(violation)))
        }
        Finding::IsForTheSearch => None,
    }
}

fn find<M: Model>(
    model: &M,
    shape: Shape,
    history: &[Operation<M::Input, M::Output>],
    key: &M::Key,
    operations: &[OperationId],
    pace: &mut Pace<'_>,
) -> Result<Option<(Finding, Vec<Row>)>, UnknownReason> {
    let columns = match Columns::collect(model, shape, history, operations, pace)? {
        Preflight::Applies(columns) => columns,
        Preflight::IsForTheSearch => return Ok(None),
    };
    let finding = match shape {
        Shape::Register => {
            let initial = model.initial(key);
            let sees_initial = |row: &Row| {
                history.get(row.id as usize).is_some_and(|it| {
                    let output = it.completion.output();
                    model.step(&initial, &it.input, output).is_some()
                })
            };
            register::check(&columns, &sees_initial, pace)?
        }
        Shape::Set => set::check(&columns, pace)?,
        Shape::Queue => queue::check(&columns, pace)?,
        Shape::Stack => stack::check(&columns, pace)?,
        Shape::PriorityQueue => priority_queue::check(&columns, pace)?,
    };
    Ok(Some((finding, columns.rows)))
}

/// The evidence, made from the operations in conflict alone, by the search. `None` when it does not agree.
fn convict<M: Model>(
    model: &M,
    history: &[Operation<M::Input, M::Output>],
    key: &M::Key,
    core: &[OperationId],
    limits: &Limits,
    keep_going: &mut dyn FnMut() -> bool,
) -> Option<Violation<M::Key>> {
    let partition = Partition::of(model, history, key, core);
    let steps_max = Some(limits.shrink_steps_max.max(1));
    let mut search = Search::new(model, &partition, limits, steps_max);
    match search.run(keep_going) {
        Outcome::Violated(stuck) => {
            Some(shrink::shrink(model, partition, stuck, limits, keep_going))
        }
        Outcome::Unknown(_) => Some(Violation {
            key: key.clone(),
            operations: core.to_vec(),
            forgotten: Vec::new(),
            is_minimal: false,
            longest: Vec::new(),
            blocked: Vec::new(),
        }),
        Outcome::Holds(_) => {
            debug_assert!(
                false,
                "a fast check and the search disagree on {core:?} of {history:#?}"
            );
            None
        }
    }
}

/// Asks `keep_going` now and then.
struct Pace<'a> {
    keep_going: &'a mut dyn FnMut() -> bool,
    steps: u32,
}

impl<'a> Pace<'a> {
    fn new(keep_going: &'a mut dyn FnMut() -> bool) -> Self {
        Self {
            keep_going,
            steps: 0,
        }
    }

    fn step(&mut self) -> Result<(), UnknownReason> {
        self.steps = self.steps.wrapping_add(1);
        if self.steps.is_multiple_of(STEPS_PER_QUESTION) && !(self.keep_going)() {
            return Err(UnknownReason::Interrupted);
        }
        Ok(())
    }
}

/// The points of a witness: sorted by point and phase, then by `sequence`, they are its order.
struct Points {
    /// `point << 2 | phase`, sequence, row.
    points: Vec<(u64, u32, u32)>,
}

impl Points {
    fn with_capacity(rows: usize) -> Self {
        Self {
            points: Vec::with_capacity(rows),
        }
    }

    /// Phases 0 to 3 order what happens at one point.
    fn place(&mut self, point: u32, phase: u64, sequence: u32, row: u32) {
        self.points
            .push((u64::from(point) << 2 | phase, sequence, row));
    }

    fn into_order(self) -> Vec<u32> {
        let mut points = self.points;
        points.sort_unstable();
        points.into_iter().map(|(_, _, row)| row).collect()
    }
}
