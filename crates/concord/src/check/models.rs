//! The objects by their names on the command line.

use std::collections::BTreeSet;

use clap::ValueEnum;
use consistency::{EventKind, Function, History, Value};

/// An object that a history of single operations can be about.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum ModelName {
    /// read, write.
    Register,
    /// read, write, compare-and-set.
    CasRegister,
    /// get, put, append, cas, delete.
    Kv,
    /// add, remove, contains, read.
    Set,
    /// enqueue, dequeue: first in, first out.
    Queue,
    /// push, pop: last in, first out.
    Stack,
    /// insert, take-max.
    PriorityQueue,
}

impl ModelName {
    /// On the command line and in JSON.
    pub(super) fn name(self) -> String {
        let value = self.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// The functions it has.
    const fn functions(self) -> &'static [Function] {
        match self {
            Self::Register => &[Function::Read, Function::Write],
            Self::CasRegister => &[Function::Read, Function::Write, Function::Cas],
            Self::Kv => &[
                Function::Get,
                Function::Put,
                Function::Append,
                Function::Cas,
                Function::Delete,
            ],
            Self::Set => &[
                Function::Add,
                Function::Remove,
                Function::Contains,
                Function::Read,
            ],
            Self::Queue => &[Function::Enqueue, Function::Dequeue],
            Self::Stack => &[Function::Push, Function::Pop],
            Self::PriorityQueue => &[Function::Insert, Function::TakeMax],
        }
    }
}

/// What to answer when no model is named: which there are, and which the history looks like.
pub(super) fn missing(history: &History) -> String {
    let calls = history.events().iter();
    let used: BTreeSet<&Function> = calls
        .filter(|event| event.kind == EventKind::Invoke)
        .map(|event| &event.function)
        .collect();
    let fits = |model: &&ModelName| used.iter().all(|used| model.functions().contains(used));
    let guess = ModelName::value_variants().iter().find(fits);
    let names: Vec<&str> = used.iter().map(|function| function.name()).collect();
    let used = match names.as_slice() {
        [] => "it has no operations".to_owned(),
        names => format!("its functions are {}", names.join(", ")),
    };
    let guess = match guess {
        Some(model) if !names.is_empty() => format!(", which looks like --model {}", model.name()),
        _ => String::new(),
    };
    let all: Vec<String> = ModelName::value_variants()
        .iter()
        .map(|model| model.name())
        .collect();
    format!(
        "which object is this history about? {used}{guess}. Name it with --model: {}",
        all.join(", ")
    )
}

/// `nil`, a whole number, or text.
pub(super) fn value_of(text: &str) -> Value {
    if text == "nil" {
        Value::Nil
    } else if let Ok(number) = text.parse::<i64>() {
        Value::from(number)
    } else {
        Value::from(text)
    }
}
