//! Our own format, out: what is written here is read back the same.

use alloc::{collections::BTreeMap, string::String, vec::Vec};
use core::fmt::{self, Write};

use crate::{
    Error, Event, EventKind, History, OperationId, ProcessId,
    transactions::{Ending, MicroOperation, Transaction, Transactions},
    value::write_json_text,
};

/// The history as JSON lines. [`parse`](crate::parse) gives an equal history. O(length).
///
/// ```
/// use consistency::{Format, History, KeyValue, KvInput, KvOutput, ProcessId, Recorder, Value};
/// use consistency::{parse, write_json_lines};
///
/// let mut recorder = Recorder::new();
/// let put = recorder.invoke(ProcessId(0), KvInput::put("x", 3), 17)?;
/// recorder.ok(put, KvOutput::Done, 29)?;
/// let history = History::from_operations(&KeyValue::new(Value::Nil), &recorder.finish())?;
/// let text = write_json_lines(&history);
/// assert_eq!(
///     text.lines().next(),
///     Some(r#"{"process":0,"type":"invoke","f":"put","key":"x","value":3,"time":17}"#),
/// );
/// assert_eq!(parse(text.as_bytes(), Format::JsonLines)?, history);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn write_json_lines(history: &History) -> String {
    let mut text = String::new();
    for event in history.events() {
        // Writing to a String cannot fail.
        let _ = write_event(&mut text, event);
    }
    text
}

fn write_event(out: &mut String, event: &Event) -> fmt::Result {
    write!(out, "{{\"process\":{}", event.process)?;
    write!(out, ",\"type\":\"{}\",\"f\":", event.kind.name())?;
    write_json_text(out, event.function.name())?;
    if let Some(key) = &event.key {
        write!(out, ",\"key\":{key}")?;
    }
    write!(out, ",\"value\":{}", event.value)?;
    if let Some(error) = &event.error {
        write!(out, ",\"error\":{error}")?;
    }
    if let Some(time_ns) = event.time_ns {
        write!(out, ",\"time\":{time_ns}")?;
    }
    out.write_str("}\n")
}

/// Transactions as JSON lines. [`parse_recorded`](crate::parse_recorded) gives the same transactions in the same order,
/// with the same order in time among calls and commits. A `fail` or an `info` stands right before the next call of its
/// process, since the history does not say when it was heard. O(n log n).
///
/// # Errors
/// [`Error::ProcessBusy`], with the transactions' numbers from 1 as lines, when two transactions of one process overlap
/// in time: those of formats without times do, and this format cannot say so.
///
/// ```
/// use consistency::{Format, Recorded, parse_recorded, write_transactions};
///
/// let text = r#"{"process":0,"type":"invoke","f":"txn","value":[["append","x",1],["r","x",null]]}
/// {"process":0,"type":"ok","f":"txn","value":[["append","x",1],["r","x",[1]]]}
/// "#;
/// let Recorded::Transactions(history) = parse_recorded(text.as_bytes(), Format::JsonLines)? else { panic!() };
/// assert_eq!(write_transactions(&history)?, text.replace("\n/// ", "\n"));
/// # Ok::<(), consistency::Error>(())
/// ```
pub fn write_transactions(history: &Transactions) -> Result<String, Error> {
    let mut moments: Vec<(u64, bool, usize)> = Vec::new();
    for (id, header) in history.headers().iter().enumerate() {
        moments.push((header.call.position, false, id));
        if header.ending == Ending::Committed {
            moments.push((header.end_position, true, id));
        }
    }
    moments.sort_unstable();
    let mut text = String::new();
    let mut open: BTreeMap<ProcessId, usize> = BTreeMap::new();
    for (_, is_end, id) in moments {
        let Some(transaction) = history.get(OperationId(id)) else {
            continue;
        };
        let process = transaction.process;
        if is_end {
            open.remove(&process);
            write_part(&mut text, &transaction, EventKind::Ok);
            continue;
        }
        if let Some(before) = open.insert(process, id) {
            let ended = history.get(OperationId(before));
            match ended.map(|ended| (ended.ending, ended)) {
                Some((Ending::Aborted, ended)) => write_part(&mut text, &ended, EventKind::Fail),
                Some((Ending::Indeterminate, ended)) => {
                    write_part(&mut text, &ended, EventKind::Info);
                }
                _ => {
                    return Err(Error::ProcessBusy {
                        line: (id as u64).saturating_add(1),
                        process,
                        opened_line: (before as u64).saturating_add(1),
                    });
                }
            }
        }
        write_part(&mut text, &transaction, EventKind::Invoke);
    }
    for id in open.into_values() {
        if let Some(ended) = history.get(OperationId(id))
            && ended.ending == Ending::Aborted
        {
            write_part(&mut text, &ended, EventKind::Fail);
        }
    }
    Ok(text)
}

fn write_part(out: &mut String, transaction: &Transaction, kind: EventKind) {
    // Writing to a String cannot fail.
    let _ = write_steps(out, transaction, kind);
}

fn write_steps(out: &mut String, transaction: &Transaction, kind: EventKind) -> fmt::Result {
    write!(out, "{{\"process\":{}", transaction.process)?;
    write!(out, ",\"type\":\"{}\"", kind.name())?;
    out.write_str(",\"f\":\"txn\",\"value\":[")?;
    let is_heard = kind == EventKind::Ok;
    for (place, step) in transaction.steps.iter().enumerate() {
        if place > 0 {
            out.write_str(",")?;
        }
        match step {
            MicroOperation::Append { key, value } => write!(out, "[\"append\",{key},{value}]")?,
            MicroOperation::Write { key, value } => write!(out, "[\"w\",{key},{value}]")?,
            MicroOperation::Read {
                key,
                value: Some(value),
            } if is_heard => write!(out, "[\"r\",{key},{value}]")?,
            MicroOperation::ReadList {
                key,
                values: Some(values),
            } if is_heard => {
                write!(out, "[\"r\",{key},[")?;
                for (place, value) in values.iter().enumerate() {
                    let comma = if place > 0 { "," } else { "" };
                    write!(out, "{comma}{value}")?;
                }
                out.write_str("]]")?;
            }
            MicroOperation::Read { key, .. } | MicroOperation::ReadList { key, .. } => {
                write!(out, "[\"r\",{key},null]")?;
            }
        }
    }
    out.write_str("]")?;
    let at = match kind {
        EventKind::Invoke => Some(transaction.call),
        _ => transaction.end,
    };
    if let Some(time_ns) = at.and_then(|at| at.time_ns) {
        write!(out, ",\"time\":{time_ns}")?;
    }
    out.write_str("}\n")
}
