//! From a map's fields to an event.

use alloc::vec::Vec;

use super::{
    cursor::Cursor,
    node::{Node, Texts, Tree},
    taken::{Part, Taken},
};
use crate::{Error, Event, EventKind, Function, ProcessId, Value, transactions::MicroOperation};

/// The fields of one event that mean something.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    /// Where the event begins.
    pub(super) offset: usize,
    process: Option<Node<'a>>,
    kind: Option<Node<'a>>,
    function: Option<Node<'a>>,
    key: Option<Node<'a>>,
    value: Option<Node<'a>>,
    error: Option<Node<'a>>,
    time: Option<Node<'a>>,
    index: Option<Node<'a>>,
}

impl<'a> Fields<'a> {
    /// No fields.
    pub(super) const fn new() -> Self {
        Self {
            offset: 0,
            process: None,
            kind: None,
            function: None,
            key: None,
            value: None,
            error: None,
            time: None,
            index: None,
        }
    }

    /// Where the value of this field goes.
    #[inline]
    pub(super) fn slot(&mut self, name: &str) -> Option<&mut Option<Node<'a>>> {
        Some(match name {
            "process" => &mut self.process,
            "type" => &mut self.kind,
            "f" => &mut self.function,
            "key" => &mut self.key,
            "value" => &mut self.value,
            "error" => &mut self.error,
            "time" => &mut self.time,
            "index" => &mut self.index,
            _ => return None,
        })
    }
}

/// What reading events needs to remember.
#[derive(Clone, Debug)]
pub(super) struct Memory {
    pub(super) texts: Texts,
    /// The last function that has no variant of its own.
    other: Function,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            texts: Texts::default(),
            other: Function::Txn,
        }
    }
}

impl Memory {
    pub(super) fn function(&mut self, name: &str) -> Function {
        if self.other.name() != name {
            match Function::from_name(name) {
                Function::Other(_) => self.other = Function::Other(self.texts.share(name)),
                known => return known,
            }
        }
        self.other.clone()
    }
}

/// The event of these fields. `is_own` is our own format's rule: a process is a number.
pub(super) fn taken(
    cursor: &mut Cursor<'_>,
    fields: &Fields<'_>,
    is_own: bool,
    last_index: &mut Option<i64>,
    memory: &mut Memory,
) -> Result<Taken, Error> {
    let offset = fields.offset;
    let line = cursor.line(offset);
    let is_named = fields.function.as_ref().map(|it| it.name() == Some("txn"));
    let is_transaction =
        is_named.unwrap_or_else(|| fields.value.as_ref().is_some_and(Node::is_transaction));
    let process = match &fields.process {
        None if is_transaction => None,
        None => return Err(cursor.error(offset, "an event with a process")),
        Some(process) => match &process.tree {
            Tree::Keyword(_) | Tree::Text(_) if !is_own => return Ok(Taken::Skipped),
            Tree::Nil if is_transaction => None,
            _ => match process.natural() {
                Some(number) => Some(ProcessId(number)),
                None => return Err(cursor.error(process.offset, "a process number from 0")),
            },
        },
    };
    let Some(kind) = &fields.kind else {
        return Err(cursor.error(offset, "an event with a type"));
    };
    let kind = kind
        .name()
        .and_then(EventKind::from_name)
        .ok_or_else(|| cursor.error(kind.offset, "invoke, ok, fail or info"))?;
    if is_transaction {
        index(cursor, fields, last_index)?;
        return Ok(Taken::Part(Part {
            line,
            process,
            kind,
            steps: steps(cursor, offset, fields.value.as_ref(), kind, memory)?,
            time_ns: time(cursor, fields)?,
        }));
    }
    let Some(function) = &fields.function else {
        return Err(cursor.error(offset, "an event with a function f"));
    };
    let Some(name) = function.name() else {
        return Err(cursor.error(function.offset, "a function name"));
    };
    let function = memory.function(name);
    let key = match &fields.key {
        None => None,
        Some(key) => Some(key.value(cursor, &mut memory.texts)?),
    };
    let held = fields.value.as_ref();
    let (value, error) = value_and_reason(cursor, kind, held, fields.error.as_ref(), memory)?;
    index(cursor, fields, last_index)?;
    let event = Event {
        process: process.unwrap_or_default(),
        kind,
        function,
        key: key.filter(|key| *key != Value::Nil),
        value,
        error,
        time_ns: time(cursor, fields)?,
    };
    Ok(Taken::Event(line, event))
}

/// The value of an event, and why it failed. A fail or info may give a word such as `:timed-out` in place of a value:
/// that is a reason.
pub(super) fn value_and_reason(
    cursor: &Cursor<'_>,
    kind: EventKind,
    held: Option<&Node<'_>>,
    error: Option<&Node<'_>>,
    memory: &mut Memory,
) -> Result<(Value, Option<Value>), Error> {
    let texts = &mut memory.texts;
    let error = error
        .map(|error| error.remark(cursor, texts))
        .filter(|error| *error != Value::Nil);
    match held {
        None => Ok((Value::Nil, error)),
        Some(node) => match (&node.tree, kind) {
            (Tree::Keyword(word), EventKind::Fail | EventKind::Info) => {
                Ok((Value::Nil, error.or_else(|| Some(texts.value(word)))))
            }
            _ => Ok((node.value(cursor, texts)?, error)),
        },
    }
}

/// The steps of a transaction's event. Those of a fail or an info are not looked at: the call said them.
pub(super) fn steps(
    cursor: &Cursor<'_>,
    offset: usize,
    held: Option<&Node<'_>>,
    kind: EventKind,
    memory: &mut Memory,
) -> Result<Vec<MicroOperation>, Error> {
    if matches!(kind, EventKind::Fail | EventKind::Info) {
        return Ok(Vec::new());
    }
    let Some(node) = held else {
        return Err(cursor.error(offset, "a transaction with a value"));
    };
    let Tree::List(nodes) = &node.tree else {
        return Err(cursor.error(node.offset, "a list of steps such as [:append x 1]"));
    };
    let mut steps = Vec::with_capacity(nodes.len());
    for node in nodes {
        steps.push(step(cursor, node, kind == EventKind::Ok, memory)?);
    }
    Ok(steps)
}

fn step(
    cursor: &Cursor<'_>,
    node: &Node<'_>,
    is_heard: bool,
    memory: &mut Memory,
) -> Result<MicroOperation, Error> {
    let expected = "a step [append key value], [r key value] or [w key value]";
    let Tree::List(words) = &node.tree else {
        return Err(cursor.error(node.offset, expected));
    };
    let [word, key, value] = words.as_slice() else {
        return Err(cursor.error(node.offset, expected));
    };
    let texts = &mut memory.texts;
    let key = key.value(cursor, texts)?;
    match (word.name(), &value.tree) {
        (Some("append"), _) => {
            let value = value.value(cursor, texts)?;
            Ok(MicroOperation::Append { key, value })
        }
        (Some("w"), Tree::List(_) | Tree::Nil) => {
            Err(cursor.error(value.offset, "the new value of a register"))
        }
        (Some("w"), _) => {
            let value = value.value(cursor, texts)?;
            Ok(MicroOperation::Write { key, value })
        }
        (Some("r"), _) if !is_heard => Ok(MicroOperation::Read { key, value: None }),
        (Some("r"), Tree::List(nodes)) => {
            let mut values = Vec::with_capacity(nodes.len());
            for node in nodes {
                values.push(node.value(cursor, texts)?);
            }
            let values = Some(values);
            Ok(MicroOperation::ReadList { key, values })
        }
        (Some("r"), _) => {
            let value = Some(value.value(cursor, texts)?);
            Ok(MicroOperation::Read { key, value })
        }
        _ => Err(cursor.error(word.offset, "append, r or w")),
    }
}

fn time(cursor: &Cursor<'_>, fields: &Fields<'_>) -> Result<Option<u64>, Error> {
    let Some(time) = &fields.time else {
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
fn index(
    cursor: &Cursor<'_>,
    fields: &Fields<'_>,
    last_index: &mut Option<i64>,
) -> Result<(), Error> {
    let Some(index) = &fields.index else {
        return Ok(());
    };
    match index.tree {
        Tree::Nil => Ok(()),
        Tree::Int(number) if last_index.is_none_or(|last| last < number) => {
            *last_index = Some(number);
            Ok(())
        }
        _ => Err(cursor.error(index.offset, "an index greater than the one before")),
    }
}
