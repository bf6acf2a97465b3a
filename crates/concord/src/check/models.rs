//! The objects by their names on the command line.

use std::collections::BTreeSet;

use clap::ValueEnum;
use consistency::{EventKind, Function, History, Value};

use crate::exit::BadInput;

/// An object that a history of single operations can be about.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum ModelName {
    /// read, write.
    Register,
    /// read, write, compare-and-set.
    CasRegister,
    /// txn of several reads and writes at one moment.
    MultiRegister,
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
    /// add, read.
    Counter,
    /// acquire, release.
    Mutex,
    /// acquire, release, by the holder only.
    OwnedMutex,
    /// transfer, read; --initial a=10,b=10 says what is in the accounts.
    Bank,
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
            Self::MultiRegister => &[Function::Txn],
            Self::Counter => &[Function::Add, Function::Read],
            Self::Mutex | Self::OwnedMutex => &[Function::Acquire, Function::Release],
            Self::Bank => &[Function::Transfer, Function::Read],
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

/// What a counter begins with: 0 unless named.
pub(super) fn number_of(initial: Option<Value>) -> Result<i64, BadInput> {
    match initial {
        None => Ok(0),
        Some(Value::Int(number)) => Ok(number),
        Some(other) => Err(BadInput::at(
            "--initial",
            format!("a whole number, for a counter, and not {other}"),
        )),
    }
}

/// What is in the accounts of a bank, as `a=10,b=10`.
pub(super) fn balances_of(initial: Option<Value>) -> Result<Vec<(Value, i64)>, BadInput> {
    let expected = || {
        let message = "the accounts of a bank and what is in them, such as --initial a=10,b=10";
        BadInput::at("--initial", message)
    };
    let Some(Value::Text(text)) = initial else {
        return Err(expected());
    };
    let account = |part: &str| {
        let (account, balance) = part.split_once('=')?;
        Some((value_of(account.trim()), balance.trim().parse().ok()?))
    };
    let accounts: Option<Vec<_>> = text.split(',').map(account).collect();
    accounts.ok_or_else(expected)
}
