//! A history sorted by process, for the search.

use alloc::{collections::BTreeMap, vec::Vec};

use crate::{Completion, Model, NotCheckable, Operation, OperationId, ProcessId, intern::Interner};

/// An operation that returned ok: it must take its place, behind those before it in its process.
#[derive(Debug)]
pub(super) struct Required<'a, M: Model> {
    pub(super) id: OperationId,
    pub(super) call: u64,
    pub(super) input: &'a M::Input,
    pub(super) output: &'a M::Output,
    pub(super) is_pure: bool,
    /// Index into [`Problem::keys`].
    pub(super) key: u32,
    /// Whether its process does not touch this key again.
    pub(super) is_last_of_key: bool,
}

/// Indeterminate updates with one and the same input, of whatever process. One that may come now may come at any
/// later time, so those that may come now are interchangeable, and it is enough to count them.
#[derive(Debug)]
pub(super) struct Optional<'a, M: Model> {
    pub(super) input: &'a M::Input,
    pub(super) key: u32,
}

/// One indeterminate update: it may come once its process has placed so many required operations.
#[derive(Clone, Copy, Debug)]
pub(super) struct Opening {
    pub(super) after: u32,
    pub(super) class: u32,
    pub(super) id: OperationId,
}

#[derive(Debug)]
pub(super) struct Process<'a, M: Model> {
    /// In the order of their calls.
    pub(super) required: Vec<Required<'a, M>>,
    /// `after` ascending.
    pub(super) openings: Vec<Opening>,
}

impl<M: Model> Process<'_, M> {
    const fn new() -> Self {
        Self {
            required: Vec::new(),
            openings: Vec::new(),
        }
    }
}

#[derive(Debug)]
pub(super) struct Problem<'a, M: Model> {
    pub(super) keys: Vec<Key<M>>,
    pub(super) processes: Vec<Process<'a, M>>,
    pub(super) optional: Vec<Optional<'a, M>>,
    pub(super) required_count: usize,
}

#[derive(Debug)]
pub(super) struct Key<M: Model> {
    pub(super) key: M::Key,
    /// Processes that have a required operation on it.
    pub(super) users: u32,
    /// Whether an indeterminate update may touch it.
    pub(super) is_open: bool,
}

impl<'a, M: Model> Problem<'a, M> {
    /// Of the objects in `scope` (of all without one), the operations in `known` (ascending; all without one). The
    /// others are forgotten: a pure one is left out, an update is indeterminate.
    pub(super) fn new(
        model: &M,
        history: &'a [Operation<M::Input, M::Output>],
        scope: Option<&M::Key>,
        known: Option<&[usize]>,
    ) -> Result<Self, NotCheckable> {
        let mut problem = Self {
            keys: Vec::new(),
            processes: Vec::new(),
            optional: Vec::new(),
            required_count: 0,
        };
        let mut key_numbers = BTreeMap::new();
        let mut classes: Interner<&M::Input> = Interner::new();
        for operations in by_process(history)? {
            let mut process = Process::new();
            for id in operations {
                let Some(operation) = history.get(id.0) else {
                    continue;
                };
                let (input, output) = (&operation.input, operation.completion.output());
                let is_pure = model.is_pure(input, output);
                let is_known = known.is_none_or(|known| known.binary_search(&id.0).is_ok());
                let output = output.filter(|_| is_known);
                let key = model.key(input);
                if (output.is_none() && is_pure) || scope.is_some_and(|scope| *scope != key) {
                    continue;
                }
                let key = problem.key(key, &mut key_numbers);
                if let Some(output) = output {
                    process.required.push(Required {
                        id,
                        call: operation.call.position,
                        input,
                        output,
                        is_pure,
                        key,
                        is_last_of_key: false,
                    });
                    continue;
                }
                let class = classes.intern(input);
                if class as usize == problem.optional.len() {
                    problem.optional.push(Optional { input, key });
                }
                if let Some(key) = problem.keys.get_mut(key as usize) {
                    key.is_open = true;
                }
                process.openings.push(Opening {
                    after: process.required.len() as u32,
                    class,
                    id,
                });
            }
            problem.add(process);
        }
        Ok(problem)
    }

    /// Each object alone.
    pub(super) fn parts(&self) -> Vec<Self> {
        let part = |key: &Key<M>| Self {
            keys: [Key {
                key: key.key.clone(),
                users: 0,
                is_open: key.is_open,
            }]
            .into(),
            processes: Vec::new(),
            optional: Vec::new(),
            required_count: 0,
        };
        let mut parts: Vec<Self> = self.keys.iter().map(part).collect();
        // Key and number there of each class.
        let mut classes = Vec::with_capacity(self.optional.len());
        for Optional { input, key } in &self.optional {
            if let Some(part) = parts.get_mut(*key as usize) {
                classes.push((*key, part.optional.len() as u32));
                part.optional.push(Optional { input, key: 0 });
            }
        }
        for process in &self.processes {
            let mut own: BTreeMap<u32, Process<'a, M>> = BTreeMap::new();
            let mut openings = process.openings.iter().peekable();
            for after in 0..=process.required.len() as u32 {
                while let Some(opening) = openings.next_if(|opening| opening.after <= after) {
                    let Some((key, class)) = classes.get(opening.class as usize).copied() else {
                        continue;
                    };
                    let process = own.entry(key).or_insert_with(Process::new);
                    process.openings.push(Opening {
                        after: process.required.len() as u32,
                        class,
                        id: opening.id,
                    });
                }
                if let Some(operation) = process.required.get(after as usize) {
                    let process = own.entry(operation.key).or_insert_with(Process::new);
                    process.required.push(Required {
                        key: 0,
                        ..*operation
                    });
                }
            }
            for (key, process) in own {
                if let Some(part) = parts.get_mut(key as usize) {
                    part.add(process);
                }
            }
        }
        parts
    }

    fn key(&mut self, key: M::Key, numbers: &mut BTreeMap<M::Key, u32>) -> u32 {
        if let Some(number) = numbers.get(&key) {
            return *number;
        }
        let number = self.keys.len() as u32;
        numbers.insert(key.clone(), number);
        self.keys.push(Key {
            key,
            users: 0,
            is_open: false,
        });
        number
    }

    fn add(&mut self, mut process: Process<'a, M>) {
        let mut seen = alloc::collections::BTreeSet::new();
        for operation in process.required.iter_mut().rev() {
            operation.is_last_of_key = seen.insert(operation.key);
        }
        for key in seen {
            if let Some(key) = self.keys.get_mut(key as usize) {
                key.users = key.users.saturating_add(1);
            }
        }
        self.required_count = self.required_count.saturating_add(process.required.len());
        self.processes.push(process);
    }
}

/// What each process did, in the order of its calls; failed operations did not happen.
fn by_process<I, O>(history: &[Operation<I, O>]) -> Result<Vec<Vec<OperationId>>, NotCheckable> {
    let mut processes: BTreeMap<ProcessId, Vec<OperationId>> = BTreeMap::new();
    for (place, operation) in history.iter().enumerate() {
        if !matches!(operation.completion, Completion::Fail { .. }) {
            let own = processes.entry(operation.process).or_default();
            own.push(OperationId(place));
        }
    }
    for (process, own) in &mut processes {
        let call = |id: OperationId| history.get(id.0).map_or(0, |it| it.call.position);
        own.sort_by_key(|id| (call(*id), *id));
        let mut open_until = 0;
        for id in own {
            let Some(operation) = history.get(id.0) else {
                continue;
            };
            if operation.call.position < open_until {
                return Err(NotCheckable::ProcessOverlaps {
                    process: *process,
                    operation: *id,
                });
            }
            if let Completion::Ok { .. } = operation.completion {
                open_until = operation.return_position();
            }
        }
    }
    Ok(processes.into_values().collect())
}
