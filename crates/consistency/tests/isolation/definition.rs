//! The definitions, tried out literally: every choice of indeterminate transactions, every order, every snapshot.

use std::collections::BTreeMap;

use consistency::{
    Consistency, OperationId, Value,
    transactions::{Builder, Ending, MicroOperation, Transaction, Transactions},
};

type State = BTreeMap<Value, Vec<Value>>;

/// Whether some commit order explains the history.
pub(crate) fn is_kept(history: &Transactions, level: Consistency) -> bool {
    let all: Vec<Transaction> = (0..history.len())
        .map(|number| history.get(OperationId(number)).expect("a transaction"))
        .collect();
    let indeterminate: Vec<usize> = (0..all.len())
        .filter(|number| all[*number].ending == Ending::Indeterminate)
        .collect();
    (0..1_usize << indeterminate.len()).any(|choice| {
        let chosen: Vec<usize> = (0..all.len())
            .filter(|number| {
                let place = indeterminate.iter().position(|other| other == number);
                match place {
                    Some(place) => choice >> place & 1 == 1,
                    None => all[*number].ending == Ending::Committed,
                }
            })
            .collect();
        extends(&all, &chosen, &mut Vec::new(), level)
    })
}

/// Whether this very order explains the history.
pub(crate) fn is_witness(
    history: &Transactions,
    level: Consistency,
    witness: &[OperationId],
) -> bool {
    let all: Vec<Transaction> = (0..history.len())
        .map(|number| history.get(OperationId(number)).expect("a transaction"))
        .collect();
    let chosen: Vec<usize> = witness.iter().map(|id| id.0).collect();
    let committed = (0..all.len()).filter(|number| all[*number].ending == Ending::Committed);
    let mut order = Vec::new();
    committed.into_iter().all(|number| chosen.contains(&number))
        && chosen.iter().all(|next| {
            let fits = all[*next].ending != Ending::Aborted
                && !order.contains(next)
                && may_follow(&all, &chosen, &order, *next, level);
            order.push(*next);
            fits
        })
}

fn extends(
    all: &[Transaction],
    chosen: &[usize],
    order: &mut Vec<usize>,
    level: Consistency,
) -> bool {
    if order.len() == chosen.len() {
        return true;
    }
    chosen.iter().any(|next| {
        if order.contains(next) || !may_follow(all, chosen, order, *next, level) {
            return false;
        }
        order.push(*next);
        let extends = extends(all, chosen, order, level);
        order.pop();
        extends
    })
}

/// Whether `next` may come right after `order`: those before it in session and time are there, and a snapshot fits.
fn may_follow(
    all: &[Transaction],
    chosen: &[usize],
    order: &[usize],
    next: usize,
    level: Consistency,
) -> bool {
    let waits = chosen.iter().any(|other| {
        let is_before = is_session(all, *other, next)
            || (level == Consistency::StrictSerializable && is_earlier(all, *other, next));
        is_before && *other != next && !order.contains(other)
    });
    !waits
        && (0..=order.len()).any(|snapshot| {
            let unseen = &order[snapshot..];
            let allowed = unseen.iter().all(|other| match level {
                Consistency::Prefix => !is_session(all, *other, next),
                Consistency::SnapshotIsolation => {
                    !is_session(all, *other, next) && !write_one_key(&all[*other], &all[next])
                }
                _ => false,
            });
            allowed && explains(all, &order[..snapshot], next)
        })
}

fn is_session(all: &[Transaction], earlier: usize, later: usize) -> bool {
    earlier < later
        && all[earlier].process == all[later].process
        && all[earlier].ending == Ending::Committed
}

fn is_earlier(all: &[Transaction], earlier: usize, later: usize) -> bool {
    let end = all[earlier].end.as_ref();
    end.is_some_and(|end| end.position < all[later].call.position)
}

fn writes(transaction: &Transaction) -> impl Iterator<Item = &Value> {
    transaction.steps.iter().filter_map(|step| match step {
        MicroOperation::Append { key, .. } | MicroOperation::Write { key, .. } => Some(key),
        _ => None,
    })
}

fn write_one_key(left: &Transaction, right: &Transaction) -> bool {
    writes(left).any(|key| writes(right).any(|other| other == key))
}

fn explains(all: &[Transaction], snapshot: &[usize], reader: usize) -> bool {
    let mut state = State::new();
    for writer in snapshot {
        run(&mut state, &all[*writer], false);
    }
    let heard = all[reader].ending == Ending::Committed;
    run(&mut state, &all[reader], heard)
}

/// Carries the steps out; whether every read shows the state, if they are compared.
pub(crate) fn run(state: &mut State, transaction: &Transaction, compare: bool) -> bool {
    transaction.steps.iter().all(|step| match step {
        MicroOperation::Append { key, value } => {
            state.entry(key.clone()).or_default().push(value.clone());
            true
        }
        MicroOperation::Write { key, value } => {
            state.insert(key.clone(), vec![value.clone()]);
            true
        }
        MicroOperation::ReadList {
            key,
            values: Some(values),
        } => !compare || state.get(key).map_or(&[][..], Vec::as_slice) == values.as_slice(),
        MicroOperation::Read {
            key,
            value: Some(value),
        } => {
            let held = state.get(key).and_then(|held| held.last());
            !compare || held.unwrap_or(&Value::Nil) == value
        }
        _ => true,
    })
}

/// The history of `core` alone: of the reads, what they saw of others is forgotten with those.
pub(crate) fn keep_only(history: &Transactions, core: &[OperationId]) -> Transactions {
    let all: Vec<Transaction> = (0..history.len())
        .map(|number| history.get(OperationId(number)).expect("a transaction"))
        .collect();
    // Not aborted before aborted, and the kept before the forgotten.
    let is_gone = |key: &Value, value: &Value| {
        let wrote = |number: &usize| {
            all[*number].steps.iter().any(|step| match step {
                MicroOperation::Append { key: k, value: v }
                | MicroOperation::Write { key: k, value: v } => k == key && v == value,
                _ => false,
            })
        };
        let rank = |number: &usize| {
            let is_aborted = all[*number].ending == Ending::Aborted;
            (is_aborted, !core.contains(&OperationId(*number)))
        };
        let writer = (0..all.len()).filter(wrote).min_by_key(rank);
        writer.is_some_and(|writer| !core.contains(&OperationId(writer)))
    };
    let mut builder = Builder::new();
    for id in core {
        let transaction = &all[id.0];
        let is_own = |key: &Value, value: &Value| {
            let own = MicroOperation::Append {
                key: key.clone(),
                value: value.clone(),
            };
            transaction.steps.contains(&own)
        };
        let kept = transaction.steps.iter().filter_map(|step| match step {
            MicroOperation::ReadList {
                key,
                values: Some(values),
            } => {
                let last = values.iter().rev().find(|value| !is_own(key, value));
                if last.is_some_and(|last| is_gone(key, last)) {
                    return None;
                }
                let values = values.iter().filter(|value| !is_gone(key, value));
                Some(MicroOperation::ReadList {
                    key: key.clone(),
                    values: Some(values.cloned().collect()),
                })
            }
            MicroOperation::Read {
                key,
                value: Some(value),
            } if is_gone(key, value) => None,
            other => Some(other.clone()),
        });
        let kept: Vec<MicroOperation> = kept.collect();
        let place = builder.invoke(transaction.process, transaction.call);
        let end = transaction.end;
        builder
            .complete(place, transaction.ending, end, kept)
            .expect("open");
    }
    builder.finish()
}
