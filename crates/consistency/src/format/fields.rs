//! From a map's fields to an event.

use super::{
    Read,
    cursor::Cursor,
    node::{Node, Tree},
    recorded::Part,
};
use crate::{Error, Event, EventKind, Function, ProcessId, Value};

/// Adds the event of this map. `is_own` is our own format's rule: a process is a number.
pub(super) fn read(
    cursor: &mut Cursor<'_>,
    node: &Node<'_>,
    is_own: bool,
    read: &mut Read,
) -> Result<(), Error> {
    if !matches!(node.tree, Tree::Map(_)) {
        return Err(cursor.error(node.offset, "a map of an event"));
    }
    let line = cursor.line(node.offset);
    let function = node.field("f");
    let held = node.field("value");
    let is_transaction = held.is_some_and(Node::is_transaction);
    let is_named_so = function.is_some_and(|it| it.name() == Some("txn"));
    let is_transaction = is_named_so || (function.is_none() && is_transaction);
    let process = match node.field("process") {
        None if is_transaction => None,
        None => return Err(cursor.error(node.offset, "an event with a process")),
        Some(process) => match &process.tree {
            Tree::Keyword(_) | Tree::Text(_) if !is_own => {
                read.skip();
                return Ok(());
            }
            Tree::Nil if is_transaction => None,
            _ => match process.natural() {
                Some(number) => Some(ProcessId(number)),
                None => return Err(cursor.error(process.offset, "a process number from 0")),
            },
        },
    };
    let Some(kind) = node.field("type") else {
        return Err(cursor.error(node.offset, "an event with a type"));
    };
    let kind = kind
        .name()
        .and_then(EventKind::from_name)
        .ok_or_else(|| cursor.error(kind.offset, "invoke, ok, fail or info"))?;
    if is_transaction {
        index(cursor, node, read)?;
        let part = Part {
            line,
            process,
            kind,
            offset: node.offset,
            steps: held,
            time_ns: time(cursor, node)?,
        };
        return read.transaction(cursor, &part);
    }
    let Some(function) = function else {
        return Err(cursor.error(node.offset, "an event with a function f"));
    };
    let Some(name) = function.name() else {
        return Err(cursor.error(function.offset, "a function name"));
    };
    let key = match node.field("key") {
        None => None,
        Some(key) => match key.tree {
            Tree::Nil => None,
            _ => Some(key.value(cursor)?),
        },
    };
    let error = match node.field("error") {
        Some(error) => Some(error.remark(cursor)).filter(|error| *error != Value::Nil),
        None => None,
    };
    let (value, error) = value_or_reason(cursor, kind, held, error)?;
    index(cursor, node, read)?;
    let event = Event {
        process: process.unwrap_or_default(),
        kind,
        function: Function::from_name(name),
        key,
        value,
        error,
        time_ns: time(cursor, node)?,
    };
    read.push(line, event)
}

/// The value of an event. A fail or info may give a word such as `:timed-out` in its place: that is a reason.
pub(super) fn value_or_reason(
    cursor: &Cursor<'_>,
    kind: EventKind,
    held: Option<&Node<'_>>,
    error: Option<Value>,
) -> Result<(Value, Option<Value>), Error> {
    match held {
        None => Ok((Value::Nil, error)),
        Some(node) => match (&node.tree, kind) {
            (Tree::Keyword(word), EventKind::Fail | EventKind::Info) => {
                Ok((Value::Nil, error.or_else(|| Some(Value::from(*word)))))
            }
            _ => Ok((node.value(cursor)?, error)),
        },
    }
}

fn time(cursor: &Cursor<'_>, node: &Node<'_>) -> Result<Option<u64>, Error> {
    let Some(time) = node.field("time") else {
        return Ok(None);
    };
    if matches!(time.tree, Tree::Nil) {
        return Ok(None);
    }
    match time.natural() {
        Some(nanoseconds) => Ok(Some(nanoseconds)),
        None => Err(cursor.error(time.offset, "nanoseconds, a whole number from 0")),
    }
}

/// An index says where the event stands; a file whose indices do not rise was shuffled.
fn index(cursor: &Cursor<'_>, node: &Node<'_>, read: &mut Read) -> Result<(), Error> {
    let Some(index) = node.field("index") else {
        return Ok(());
    };
    let expected = "an index greater than the one before";
    match index.tree {
        Tree::Nil => Ok(()),
        Tree::Int(number) if read.last_index.is_none_or(|last| last < number) => {
            read.last_index = Some(number);
            Ok(())
        }
        _ => Err(cursor.error(index.offset, expected)),
    }
}
