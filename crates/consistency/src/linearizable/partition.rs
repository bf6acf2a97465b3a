//! The operations of one object, sorted for the search.

use alloc::{collections::BTreeSet, vec::Vec};

use crate::{Completion, Model, Operation, OperationId, Role, Shape, intern::Interner};

/// An operation that returned ok: it must take its place between call and return.
#[derive(Debug)]
pub(super) struct Required<'a, M: Model> {
    pub(super) id: OperationId,
    pub(super) call: u64,
    pub(super) end: u64,
    pub(super) input: &'a M::Input,
    pub(super) output: &'a M::Output,
    pub(super) is_pure: bool,
}

/// Indeterminate updates with one and the same input. They never return, so they are interchangeable but for
/// their calls: it is enough to try them in the order of their calls (swap any two that are not).
#[derive(Debug)]
pub(super) struct Optional<'a, M: Model> {
    pub(super) input: &'a M::Input,
    /// Calls ascending.
    pub(super) members: Vec<(u64, OperationId)>,
}

#[derive(Debug)]
pub(super) struct Partition<'a, M: Model> {
    pub(super) key: M::Key,
    /// Calls ascending.
    pub(super) required: Vec<Required<'a, M>>,
    pub(super) optional: Vec<Optional<'a, M>>,
}

impl<M: Model> Clone for Required<'_, M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M: Model> Copy for Required<'_, M> {}

impl<'a, M: Model> Partition<'a, M> {
    /// The operations of one key.
    pub(super) fn of(
        model: &M,
        history: &'a [Operation<M::Input, M::Output>],
        key: &M::Key,
        operations: &[OperationId],
    ) -> Self {
        let (mut required, mut loose) = (Vec::new(), Vec::new());
        for &id in operations {
            let Some(operation) = history.get(id.0) else {
                continue;
            };
            match &operation.completion {
                Completion::Fail { .. } => {}
                Completion::Ok { output, .. } => required.push(Required {
                    id,
                    call: operation.call.position,
                    end: operation.return_position(),
                    input: &operation.input,
                    output,
                    is_pure: model.is_pure(&operation.input, Some(output)),
                }),
                Completion::Info { .. } => {
                    loose.push((operation.call.position, id, &operation.input));
                }
            }
        }
        Self::new(model, key.clone(), required, loose)
    }

    /// The operations on one part of the state ([`Model::part`]).
    pub(super) fn part(&self, model: &M, part: u64) -> Self {
        let required = self.required.iter().copied();
        let optional = self.optional.iter();
        Self {
            key: self.key.clone(),
            required: required
                .filter(|operation| model.part(operation.input) == part)
                .collect(),
            optional: optional
                .filter(|optional| model.part(optional.input) == part)
                .map(|optional| Optional {
                    input: optional.input,
                    members: optional.members.clone(),
                })
                .collect(),
        }
    }

    pub(super) fn new(
        model: &M,
        key: M::Key,
        mut required: Vec<Required<'a, M>>,
        mut loose: Vec<Loose<'a, M>>,
    ) -> Self {
        required.sort_by_key(|operation| (operation.call, operation.id));
        loose.sort_by_key(|(call, id, _)| (*call, *id));
        forget_unseen_writes(model, &required, &mut loose);
        let mut classes: Interner<&M::Input> = Interner::new();
        let mut optional: Vec<Optional<'a, M>> = Vec::new();
        for (call, id, input) in loose {
            // Nobody heard it and it changes nothing.
            if model.is_pure(input, None) {
                continue;
            }
            let class = classes.intern(input) as usize;
            match optional.get_mut(class) {
                Some(known) => known.members.push((call, id)),
                None => optional.push(Optional {
                    input,
                    members: [(call, id)].into(),
                }),
            }
        }
        Self {
            key,
            required,
            optional,
        }
    }
}

/// Leaves out the indeterminate writes of a register whose value nobody saw. An order that goes well does so without
/// them: nothing is known to have come between one of them and the write behind it.
fn forget_unseen_writes<'a, M: Model>(
    model: &M,
    required: &[Required<'a, M>],
    loose: &mut Vec<Loose<'a, M>>,
) {
    if loose.is_empty() || model.shape() != Some(Shape::Register) {
        return;
    }
    let mut seen = BTreeSet::new();
    for operation in required {
        match model.role(operation.input, Some(operation.output)) {
            Some(Role::Observe(value)) => drop(seen.insert(value)),
            Some(Role::Insert(_) | Role::Nothing) => {}
            _ => return,
        }
    }
    let written = |input: &'a M::Input| match model.role(input, None) {
        Some(Role::Insert(value)) => Ok(Some(value)),
        Some(Role::Nothing) => Ok(None),
        _ => Err(()),
    };
    if loose.iter().all(|(_, _, input)| written(input).is_ok()) {
        loose.retain(
            |(_, _, input)| matches!(written(input), Ok(Some(value)) if seen.contains(value)),
        );
    }
}

/// An indeterminate operation before it has a class: call, name, input.
pub(super) type Loose<'a, M> = (u64, OperationId, &'a <M as Model>::Input);
