//! The inputs: real histories from a folder, and made ones from a fixed seed.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use consistency::generate::{self, Settings};
use consistency::transactions::{self, MicroOperation, Plan, Transactions};
use consistency::{
    CasRegister, Consistency, Format, History, KeyValue, KvInput, KvOutput, Notation, Operation,
    OperationId, Operations, Register, RegisterInput, RegisterOutput, Value, parse,
    write_json_lines,
};

use super::Done;
use crate::Error;

/// Every made history begins from this seed.
pub(super) const SEED: u64 = 1;
/// "Never written" for peers that hold integers.
#[cfg(feature = "peers")]
pub(super) const NIL: i64 = -1;

pub(super) type Registers = Vec<Operation<RegisterInput, RegisterOutput>>;

/// The two hardest of the etcd logs, in which the register starts as nil.
pub(super) fn etcd(histories: Option<&Path>) -> Result<Vec<Registers>, Error> {
    let model = CasRegister::new(Value::Nil);
    ["etcd_002.log", "etcd_007.log"]
        .iter()
        .map(|name| read(histories, name, Format::JepsenLog, &model))
        .collect()
}

/// A log of ten clients on ten keys, whose texts start empty.
pub(super) fn key_value_log(
    histories: Option<&Path>,
    name: &str,
) -> Result<Vec<Operation<KvInput, KvOutput>>, Error> {
    let model = KeyValue::new(Value::from(""));
    let file = format!("{name}.txt");
    read(histories, &file, Format::KeyValueLog, &model)
}

fn read<M: Notation>(
    histories: Option<&Path>,
    name: &str,
    format: Format,
    model: &M,
) -> Result<Operations<M>, Error> {
    let refused = |why: &dyn std::fmt::Display| refused("the benchmark", format!("{name}: {why}"));
    let folder = histories.ok_or_else(|| refused(&"no --histories FOLDER"))?;
    let bytes = std::fs::read(folder.join(name)).map_err(|error| refused(&error))?;
    let history = parse(&bytes, format).map_err(|error| refused(&error))?;
    history.operations(model).map_err(|error| refused(&error))
}

/// The integer a peer gets for a value.
#[cfg(feature = "peers")]
pub(super) fn number(value: &Value) -> i64 {
    match value {
        Value::Int(number) => *number,
        _ => NIL,
    }
}

/// The key `"0"` to `"9"` of a key-value log.
#[cfg(feature = "peers")]
pub(super) fn digit(key: &Value) -> u8 {
    match key {
        Value::Text(text) => text.parse().unwrap_or(0),
        _ => 0,
    }
}

/// The settings of a made history: distinct values, everything returns.
pub(super) const fn settings(operations: usize, clients: usize) -> Settings {
    Settings {
        seed: SEED,
        operations,
        clients,
        unknown_per_mille: 0,
        repeated_per_mille: 0,
        faults: 0,
        faults_from: 0,
    }
}

/// A register's history that peers take part in.
pub(super) fn register(work: &str) -> Registers {
    generate::register(&match work {
        "search-40k" => settings(40_000, 5),
        _ => settings(1_000, 20),
    })
}

/// A register's history as JSON lines, some 100 MB.
pub(super) fn json_lines() -> Result<String, Error> {
    let model = Register::new(Value::Nil);
    let history = generate::register(&settings(500_000, 20));
    History::from_operations(&model, &history)
        .map(|history| write_json_lines(&history))
        .map_err(|error| refused("the generator", error))
}

/// The same events as a vector of EDN maps.
pub(super) fn edn() -> Result<String, Error> {
    let model = Register::new(Value::Nil);
    let history = generate::register(&settings(500_000, 20));
    let history = History::from_operations(&model, &history)
        .map_err(|error| refused("the generator", error))?;
    let mut text = String::from("[");
    for (index, event) in history.events().iter().enumerate() {
        let value = match &event.value {
            Value::Nil => "nil".to_owned(),
            value => value.to_string(),
        };
        text += &format!(
            "{{:process {}, :type :{}, :f :{}, :value {value}, :index {index}}}\n",
            event.process,
            event.kind.name(),
            event.function
        );
    }
    text.push(']');
    Ok(text)
}

/// Lists of at most some hundred elements.
pub(super) const LISTS: Plan = Plan {
    seed: SEED,
    level: Consistency::StrictSerializable,
    is_list: true,
    transactions: 1_000_000,
    sessions: 20,
    keys: 20_000,
    steps: 4,
    reads_percent: 50,
    faults_percent: 0,
    lag: 20,
    planted: None,
};

/// A file of a million reads and writes for a check of this name, in Plume's text; whoever asked deletes it.
///
/// # Errors
/// [`Error::Refused`]: it cannot be written.
pub fn prepare(work: &str) -> Result<PathBuf, Error> {
    let level = match work {
        "read-committed" => Consistency::ReadCommitted,
        "read-atomic" => Consistency::ReadAtomic,
        _ => Consistency::CausalTransactions,
    };
    let history = transactions::generate(&Plan {
        level,
        is_list: false,
        transactions: 200_000,
        sessions: 1_000,
        keys: 10_000,
        steps: 5,
        ..LISTS
    });
    let path = std::env::temp_dir().join(format!("concord-bench-{}-{work}", std::process::id()));
    write(&history, &path).map_err(|error| refused("the benchmark", error))?;
    Ok(path)
}

fn write(history: &Transactions, path: &Path) -> std::io::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    for place in 0..history.len() {
        let Some(transaction) = history.get(OperationId(place)) else {
            continue;
        };
        for step in &transaction.steps {
            let (letter, value) = match step {
                MicroOperation::Write { value, .. } => ('w', value),
                MicroOperation::Read {
                    value: Some(value), ..
                } => ('r', value),
                _ => continue,
            };
            // Never written is 0 there, and no value of the generator is.
            let value = match value {
                Value::Int(number) => *number,
                _ => 0,
            };
            let key = step.key().to_string();
            let key = key.trim_matches(|character: char| !character.is_ascii_digit());
            let process = transaction.process;
            writeln!(out, "{letter}({key},{value},{process},{place})")?;
        }
    }
    out.flush()
}

/// The tree reader's half of reading JSON lines.
pub(super) fn with_serde_json() -> Result<Done, Error> {
    let text = json_lines()?;
    Ok(Done::of(text.len() as u64, || {
        let lines = text.lines();
        let trees = lines.map(serde_json::from_str::<serde_json::Value>);
        let read: Result<Vec<_>, _> = trees.collect();
        match read {
            Ok(trees) => format!("{} events", trees.len()),
            Err(error) => format!("failed: {error}"),
        }
    }))
}

pub(super) fn refused(contender: &'static str, why: impl std::fmt::Display) -> Error {
    Error::Refused {
        contender,
        why: why.to_string(),
    }
}
