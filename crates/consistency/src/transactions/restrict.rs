//! A history with all but some of its transactions forgotten.
//!
//! To *forget* a transaction is to know nothing of it any more, and nothing of the reads that saw it: a read of its
//! value, or of a list that ends in an element of its, is dropped; out of other lists its elements are taken. Whom
//! the remaining reads read from is the same as before. (A list that lost its last element would be a read from
//! somebody else, which proves things that nobody saw.) So forgetting only allows more: what convicts the rest
//! convicts the whole.

use alloc::{collections::BTreeMap, vec::Vec};

use super::{Builder, Micro, MicroKind, MicroOperation, Transactions};
use crate::{Moment, OperationId};

/// Who wrote a value: somebody kept or somebody forgotten, who aborted or did not.
#[derive(Clone, Copy, Debug, Default)]
struct Writers {
    kept: bool,
    forgotten: bool,
    kept_aborted: bool,
    forgotten_aborted: bool,
}

impl Writers {
    /// A value that nobody wrote stays, and so does one that a kept transaction wrote. An aborted writer counts only
    /// where no other wrote the same.
    const fn is_kept(self) -> bool {
        if self.kept || self.forgotten {
            self.kept
        } else {
            self.kept_aborted || !self.forgotten_aborted
        }
    }
}

/// The history of these transactions alone; they are ascending, and keep that order. O(history · log(core)).
pub(super) fn keep_only(history: &Transactions, core: &[OperationId]) -> Transactions {
    let mut wanted: BTreeMap<(u32, u32), Writers> = BTreeMap::new();
    for id in core {
        for micro in history.micros_of(id.0) {
            match micro.kind {
                MicroKind::Read if micro.value != Transactions::NIL => {
                    wanted.entry((micro.key, micro.value)).or_default();
                }
                MicroKind::ReadPrefix | MicroKind::ReadStrange => {
                    for value in history.list(*micro) {
                        wanted.entry((micro.key, *value)).or_default();
                    }
                }
                _ => {}
            }
        }
    }
    for (transaction, header) in history.headers().iter().enumerate() {
        let is_kept = core.binary_search(&OperationId(transaction)).is_ok();
        let is_aborted = header.ending == super::Ending::Aborted;
        for micro in history.micros_of(transaction) {
            if !micro.is_write() {
                continue;
            }
            if let Some(writers) = wanted.get_mut(&(micro.key, micro.value)) {
                match (is_kept, is_aborted) {
                    (true, false) => writers.kept = true,
                    (false, false) => writers.forgotten = true,
                    (true, true) => writers.kept_aborted = true,
                    (false, true) => writers.forgotten_aborted = true,
                }
            }
        }
    }
    let is_kept = |key: u32, value: u32| {
        wanted
            .get(&(key, value))
            .is_none_or(|writers| writers.is_kept())
    };
    let mut builder = Builder::new();
    for id in core {
        let Some(header) = history.headers().get(id.0) else {
            continue;
        };
        let micros = history.micros_of(id.0);
        let appends = micros
            .iter()
            .filter(|micro| micro.kind == MicroKind::Append);
        let mut own: Vec<(u32, u32)> = appends.map(|micro| (micro.key, micro.value)).collect();
        own.sort_unstable();
        let steps: Vec<MicroOperation> = micros
            .iter()
            .filter_map(|micro| step(history, &own, *micro, &is_kept))
            .collect();
        let place = builder.invoke(history.process(header.session), header.call);
        let end = Moment {
            position: header.end_position,
            time_ns: header.end_time_ns,
        };
        // A transaction just invoked is open, so this cannot be refused.
        let _ = builder.complete(place, header.ending, Some(end), steps);
    }
    builder.finish()
}

/// `own` is what the transaction appended to which key, ascending.
fn step(
    history: &Transactions,
    own: &[(u32, u32)],
    micro: Micro,
    is_kept: &dyn Fn(u32, u32) -> bool,
) -> Option<MicroOperation> {
    let key = history.key(micro.key);
    Some(match micro.kind {
        MicroKind::Append => MicroOperation::Append {
            key,
            value: history.value(micro.value),
        },
        MicroKind::Write => MicroOperation::Write {
            key,
            value: history.value(micro.value),
        },
        MicroKind::Read if is_kept(micro.key, micro.value) => MicroOperation::Read {
            key,
            value: Some(history.value(micro.value)),
        },
        MicroKind::ReadPrefix | MicroKind::ReadStrange => {
            let list = history.list(micro);
            let is_own = |value: &&u32| own.binary_search(&(micro.key, **value)).is_ok();
            // The read is one of the last element that somebody else wrote.
            let last = list.iter().rev().find(|value| !is_own(value));
            if last.is_some_and(|last| !is_kept(micro.key, *last)) {
                return None;
            }
            let kept = list.iter().filter(|value| is_kept(micro.key, **value));
            MicroOperation::ReadList {
                key,
                values: Some(kept.map(|value| history.value(*value)).collect()),
            }
        }
        MicroKind::Read | MicroKind::ReadUnheard => return None,
    })
}
