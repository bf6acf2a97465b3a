//! DBCop's JSON: sessions of transactions of reads and writes.

use alloc::vec::Vec;

use super::{
    cursor::Cursor,
    json,
    node::{Node, Texts, Tree},
    taken::Taken,
};
use crate::{
    Error, Value,
    transactions::{Ending, MicroOperation},
};

/// Where in the file the next piece stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Place {
    #[default]
    Start,
    /// Before a field of the outermost object.
    Field,
    /// Before a session, the first one or another.
    Session { is_first: bool },
    /// Before a transaction, the first one of its session or another.
    Transaction { is_first: bool },
    /// Behind the outermost value.
    End,
}

/// How far a file is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Stage {
    place: Place,
    /// Whether the sessions stand in an object.
    is_inside: bool,
    has_data: bool,
}

/// The next piece.
pub(super) fn piece(
    cursor: &mut Cursor<'_>,
    stage: &mut Stage,
    texts: &mut Texts,
) -> Result<Taken, Error> {
    json::space::<false>(cursor);
    cursor.settle();
    match stage.place {
        Place::Start => start(cursor, stage),
        Place::Field => field(cursor, stage),
        Place::Session { is_first } => session(cursor, stage, is_first),
        Place::Transaction { is_first } => transaction(cursor, stage, is_first, texts),
        Place::End if cursor.is_at_end() => Ok(Taken::End),
        Place::End => Err(cursor.error_here("nothing after the history")),
    }
}

fn start(cursor: &mut Cursor<'_>, stage: &mut Stage) -> Result<Taken, Error> {
    if cursor.eat(b'{') {
        stage.is_inside = true;
        stage.place = Place::Field;
    } else {
        cursor.expect(b'[', "an object with data, or a list of sessions")?;
        stage.has_data = true;
        stage.place = Place::Session { is_first: true };
    }
    Ok(Taken::Nothing)
}

/// A field other than the data is left out.
fn field(cursor: &mut Cursor<'_>, stage: &mut Stage) -> Result<Taken, Error> {
    let (offset, name) = json::field_name::<false>(cursor)?;
    if name == "data" {
        if stage.has_data {
            return Err(cursor.error(offset, "each field once"));
        }
        stage.has_data = true;
        stage.place = Place::Session { is_first: true };
        cursor.expect(b'[', "a list of sessions")?;
    } else {
        json::value::<false>(cursor, 1)?;
        after_field(cursor, stage)?;
    }
    Ok(Taken::Nothing)
}

fn after_field(cursor: &mut Cursor<'_>, stage: &mut Stage) -> Result<(), Error> {
    stage.place = Place::End;
    if !stage.is_inside {
        return Ok(());
    }
    json::space::<false>(cursor);
    if cursor.eat(b',') {
        stage.place = Place::Field;
        return Ok(());
    }
    if !stage.has_data {
        return Err(cursor.error_here("a field data"));
    }
    cursor.expect(b'}', ", or }")
}

fn session(cursor: &mut Cursor<'_>, stage: &mut Stage, is_first: bool) -> Result<Taken, Error> {
    if cursor.eat(b']') {
        after_field(cursor, stage)?;
        return Ok(Taken::Nothing);
    }
    comma(cursor, is_first)?;
    cursor.expect(b'[', "a session, which is a list of transactions")?;
    stage.place = Place::Transaction { is_first: true };
    Ok(Taken::Nothing)
}

fn transaction(
    cursor: &mut Cursor<'_>,
    stage: &mut Stage,
    is_first: bool,
    texts: &mut Texts,
) -> Result<Taken, Error> {
    if cursor.eat(b']') {
        stage.place = Place::Session { is_first: false };
        return Ok(Taken::SessionEnd);
    }
    comma(cursor, is_first)?;
    let line = cursor.line(cursor.offset());
    let node = json::value::<false>(cursor, 3)?;
    let (ending, steps) = whole(cursor, &node, texts)?;
    stage.place = Place::Transaction { is_first: false };
    Ok(Taken::Whole(line, ending, steps))
}

fn comma(cursor: &mut Cursor<'_>, is_first: bool) -> Result<(), Error> {
    if !is_first {
        cursor.expect(b',', ", or ]")?;
        json::space::<false>(cursor);
    }
    Ok(())
}

fn whole(
    cursor: &Cursor<'_>,
    node: &Node<'_>,
    texts: &mut Texts,
) -> Result<(Ending, Vec<MicroOperation>), Error> {
    let mut events = None;
    let mut ending = None;
    let Tree::Map(entries) = &node.tree else {
        return Err(cursor.error(node.offset, "a transaction, which is an object"));
    };
    for (key, value) in entries {
        let is_fresh = match (key.name(), &value.tree) {
            (Some("events"), Tree::List(nodes)) => events.replace(nodes).is_none(),
            (Some("events"), _) => return Err(cursor.error(value.offset, "a list of events")),
            (Some("committed" | "success"), Tree::Bool(is_committed)) => {
                let known = if *is_committed {
                    Ending::Committed
                } else {
                    Ending::Aborted
                };
                ending.replace(known).is_none()
            }
            (Some("committed" | "success"), _) => {
                return Err(cursor.error(value.offset, "true or false"));
            }
            _ => return Err(cursor.error(key.offset, "events or committed")),
        };
        if !is_fresh {
            return Err(cursor.error(key.offset, "each field once"));
        }
    }
    let (Some(events), Some(ending)) = (events, ending) else {
        let expected = "a transaction with events and committed";
        return Err(cursor.error(node.offset, expected));
    };
    let mut steps = Vec::with_capacity(events.len());
    for event in events {
        if let Some(step) = step(cursor, event, texts)? {
            steps.push(match step {
                MicroOperation::Read { key, .. } if ending != Ending::Committed => {
                    MicroOperation::Read { key, value: None }
                }
                step => step,
            });
        }
    }
    Ok((ending, steps))
}

const EVENT: &str = "an event such as {\"Write\":{\"variable\":0,\"version\":1}} or [\"w\",0,1]";

/// The step of an event; `None` where the event says that it had no success.
fn step(
    cursor: &Cursor<'_>,
    node: &Node<'_>,
    texts: &mut Texts,
) -> Result<Option<MicroOperation>, Error> {
    let mut found = Found::default();
    let mut is_success = true;
    match &node.tree {
        Tree::List(words) => match words.as_slice() {
            [word, variable, version] => {
                found.is_write = match word.name() {
                    Some("w") => Some(true),
                    Some("r") => Some(false),
                    _ => return Err(cursor.error(word.offset, "r or w")),
                };
                found.variable = Some(variable);
                found.version = Some(version);
            }
            _ => return Err(cursor.error(node.offset, EVENT)),
        },
        Tree::Map(entries) => match entries.as_slice() {
            [(key, inner)] if matches!(key.name(), Some("Write" | "Read")) => {
                found.is_write = Some(key.name() == Some("Write"));
                let Tree::Map(entries) = &inner.tree else {
                    return Err(cursor.error(inner.offset, EVENT));
                };
                for (key, value) in entries {
                    let slot = match key.name() {
                        Some("variable") => &mut found.variable,
                        Some("version") => &mut found.version,
                        _ => return Err(cursor.error(key.offset, "variable or version")),
                    };
                    once(cursor, key, slot, value)?;
                }
            }
            _ => is_success = old_event(cursor, entries, &mut found)?,
        },
        _ => return Err(cursor.error(node.offset, EVENT)),
    }
    let (Some(is_write), Some(variable), Some(version)) =
        (found.is_write, found.variable, found.version)
    else {
        return Err(cursor.error(node.offset, EVENT));
    };
    let key = held(cursor, variable, "a variable, a whole number from 0", texts)?;
    let step = match (is_write, &version.tree) {
        (false, Tree::Nil) => MicroOperation::Read {
            key,
            value: Some(Value::Nil),
        },
        (false, _) => {
            let value = held(cursor, version, "a version, a whole number from 0", texts)?;
            let value = Some(value);
            MicroOperation::Read { key, value }
        }
        (true, _) => {
            let value = held(cursor, version, "a version, a whole number from 0", texts)?;
            MicroOperation::Write { key, value }
        }
    };
    Ok(is_success.then_some(step))
}

#[derive(Debug, Default)]
struct Found<'n, 'a> {
    is_write: Option<bool>,
    variable: Option<&'n Node<'a>>,
    version: Option<&'n Node<'a>>,
}

/// `{"write":true,"variable":0,"value":1,"success":true}`. Answers whether it had success.
fn old_event<'n, 'a>(
    cursor: &Cursor<'_>,
    entries: &'n [(Node<'a>, Node<'a>)],
    found: &mut Found<'n, 'a>,
) -> Result<bool, Error> {
    let mut is_success = None;
    for (key, value) in entries {
        match (key.name(), &value.tree) {
            (Some("write"), Tree::Bool(is_write)) if found.is_write.is_none() => {
                found.is_write = Some(*is_write);
            }
            (Some("success"), Tree::Bool(success)) if is_success.is_none() => {
                is_success = Some(*success);
            }
            (Some("variable"), _) => once(cursor, key, &mut found.variable, value)?,
            (Some("value"), _) => once(cursor, key, &mut found.version, value)?,
            _ => return Err(cursor.error(key.offset, EVENT)),
        }
    }
    Ok(is_success.unwrap_or(true))
}

fn once<'n, 'a>(
    cursor: &Cursor<'_>,
    key: &Node<'_>,
    slot: &mut Option<&'n Node<'a>>,
    value: &'n Node<'a>,
) -> Result<(), Error> {
    if slot.replace(value).is_some() {
        return Err(cursor.error(key.offset, "each field once"));
    }
    Ok(())
}

/// A number, or a text: DBCop's own histories number their variables, others name them.
fn held(
    cursor: &Cursor<'_>,
    node: &Node<'_>,
    expected: &'static str,
    texts: &mut Texts,
) -> Result<Value, Error> {
    match &node.tree {
        Tree::Int(number) if *number >= 0 => Ok(Value::Int(*number)),
        Tree::Text(text) => Ok(texts.value(text)),
        _ => Err(cursor.error(node.offset, expected)),
    }
}
