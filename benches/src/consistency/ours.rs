//! Our answers.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use consistency::generate::{self, Settings};
use consistency::transactions::{self, Transactions};
use consistency::{
    CasRegister, Consistency, Event, FifoQueue, Format, Judgement, KeyValue, Limits, Model,
    Operation, OperationsBuilder, PriorityQueue, Reader, Recorded, RecordedReader, Register, Set,
    Stack, Value, Verdict, Whole, check_linearizable, check_linearizable_by_search,
};

use super::{Done, input};
use crate::Error;

pub(super) fn run(work: &str, input: Option<&Path>) -> Result<Done, Error> {
    match work {
        "etcd" => {
            let logs = input::etcd(input)?;
            let items = logs.iter().map(Vec::len).sum::<usize>() as u64;
            let model = CasRegister::new(Value::Nil);
            Ok(Done::of(items, || {
                let said: Vec<&str> = logs.iter().map(|log| search(&model, log)).collect();
                said.join(", ")
            }))
        }
        "c10-ok" | "c10-bad" => {
            let log = input::key_value_log(input, work)?;
            let model = Whole::new(KeyValue::new(Value::from("")));
            Ok(Done::of(log.len() as u64, || {
                search(&model, &log).to_owned()
            }))
        }
        "search-40k" | "register-1k" => {
            let history = input::register(work);
            let model = Register::new(Value::Nil);
            Ok(Done::of(history.len() as u64, || {
                search(&model, &history).to_owned()
            }))
        }
        "register-1m" => {
            let history = generate::register(&MILLION);
            Ok(full(&Register::new(Value::Nil), &history))
        }
        "set-1m" => Ok(full(&Set, &generate::set(&MILLION))),
        "queue-1m" => Ok(full(&FifoQueue, &generate::queue(&MILLION))),
        "stack-1m" => Ok(full(&Stack, &generate::stack(&MILLION))),
        "priority-queue-1m" => {
            let history = generate::priority_queue(&MILLION);
            Ok(full(&PriorityQueue, &history))
        }
        "read-committed" => weak(input, Consistency::ReadCommitted),
        "read-atomic" => weak(input, Consistency::ReadAtomic),
        "causal" => weak(input, Consistency::CausalTransactions),
        "list-append" => {
            let history = transactions::generate(&input::LISTS);
            let level = Consistency::StrictSerializable;
            Ok(Done::of(history.len() as u64, || {
                isolation(&history, level).to_owned()
            }))
        }
        "read-json" => reading(&input::json_lines()?, Format::JsonLines),
        "read-edn" => reading(&input::edn()?, Format::JepsenEdn),
        _ => Err(input::refused("consistency", format!("no work {work:?}"))),
    }
}

const MILLION: Settings = input::settings(1_000_000, 20);

/// With whatever decides fastest, and the verifier of witnesses not counted.
fn full<M: Model>(model: &M, history: &[Operation<M::Input, M::Output>]) -> Done {
    Done::of(history.len() as u64, || {
        let verdict = check_linearizable(model, history, &Limits::default(), &mut || true);
        said(&verdict).to_owned()
    })
}

/// Reading the file in pieces, and the check.
fn weak(file: Option<&Path>, level: Consistency) -> Result<Done, Error> {
    let refused = |why: &dyn std::fmt::Display| input::refused("consistency", why);
    let mut file = match file.map(File::open) {
        Some(Ok(file)) => file,
        Some(Err(error)) => return Err(refused(&error)),
        None => return Err(refused(&"no file to read")),
    };
    let mut failure = None;
    let mut done = Done::of(0, || match read(&mut file) {
        Ok(history) => {
            let said = isolation(&history, level).to_owned();
            failure = Some(Ok(history.steps_count() as u64));
            said
        }
        Err(error) => {
            failure = Some(Err(error));
            String::new()
        }
    });
    done.items = failure.unwrap_or(Ok(0))?;
    Ok(done)
}

fn read(file: &mut File) -> Result<Transactions, Error> {
    let refused = |why: &dyn std::fmt::Display| input::refused("consistency", why);
    let mut reader = RecordedReader::new(Format::Plume);
    let mut piece = vec![0; 1 << 20];
    loop {
        let length = file.read(&mut piece).map_err(|error| refused(&error))?;
        if length == 0 {
            break;
        }
        reader
            .feed(&piece[..length])
            .map_err(|error| refused(&error))?;
    }
    match reader.finish().map_err(|error| refused(&error))? {
        Recorded::Transactions(history) => Ok(history),
        _ => Err(refused(&"no transactions in the file")),
    }
}

fn isolation(history: &Transactions, level: Consistency) -> &'static str {
    match transactions::check(history, level, &Limits::default(), &mut || true) {
        Judgement::Holds(_) => "holds",
        Judgement::Violated(_) => "violated",
        _ => "unknown",
    }
}

/// From bytes in memory, fed in pieces as a file would be, to typed operations.
fn reading(text: &str, format: Format) -> Result<Done, Error> {
    let model = Register::new(Value::Nil);
    let mut failure = None;
    let done = Done::of(text.len() as u64, || {
        let mut reader = Reader::new(format);
        let mut builder = OperationsBuilder::new(&model);
        let mut take = |line, event: Event| builder.push(line, event);
        let mut read = text
            .as_bytes()
            .chunks(1 << 20)
            .try_for_each(|piece| reader.feed(piece, &mut take));
        read = read.and_then(|()| reader.finish(&mut take));
        failure = read.err();
        format!("{} operations", builder.finish().0.len())
    });
    match failure {
        None => Ok(done),
        Some(error) => Err(input::refused("consistency", error)),
    }
}

fn search<M: Model>(model: &M, history: &[Operation<M::Input, M::Output>]) -> &'static str {
    let checked = check_linearizable_by_search(model, history, &Limits::default(), &mut || true);
    said(&checked.verdict)
}

fn said<K>(verdict: &Verdict<K>) -> &'static str {
    match verdict {
        Verdict::Holds(_) => "holds",
        Verdict::Violated(_) => "violated",
        Verdict::Unknown { .. } => "unknown",
    }
}
