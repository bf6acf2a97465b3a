//! The tab-separated log: `INFO  jepsen.util - 0<tab>:invoke<tab>:cas<tab>[2 4]`, perhaps a fifth field, the error.

use super::{
    Read,
    cursor::Cursor,
    edn, fields,
    node::{Node, Tree},
    recorded::Part,
};
use crate::{Error, Event, EventKind, Function, ProcessId, Value};

pub(super) fn read(text: &str, read: &mut Read) -> Result<(), Error> {
    let mut cursor = Cursor::new(text);
    while !cursor.is_at_end() {
        line(&mut cursor, read)?;
        cursor.eat(b'\r');
        if !cursor.is_at_end() {
            cursor.expect(b'\n', "the end of the line")?;
        }
    }
    if read.events.is_empty() && read.transactions.is_none() && read.skipped > 0 {
        let expected = "at least one line process<tab>:type<tab>:f<tab>value";
        return Err(Cursor::new(text).error(0, expected));
    }
    Ok(())
}

fn line(cursor: &mut Cursor<'_>, read: &mut Read) -> Result<(), Error> {
    let start = cursor.offset();
    let number = cursor.line(start);
    let head = cursor.take_while(|character| !matches!(character, '\t' | '\n' | '\r'));
    if cursor.peek() != Some(b'\t') {
        if !head.trim().is_empty() {
            read.skip();
        }
        return Ok(());
    }
    let who = head.rsplit(' ').next().unwrap_or_default();
    if who.starts_with(':') {
        read.skip();
        cursor.take_while(|character| !matches!(character, '\n' | '\r'));
        return Ok(());
    }
    let Ok(process) = who.parse() else {
        let place = start.saturating_add(head.len().saturating_sub(who.len()));
        return Err(cursor.error(place, "a process number from 0"));
    };
    let offset = tab(cursor)?;
    let kind = word(cursor)
        .and_then(EventKind::from_name)
        .ok_or_else(|| cursor.error(offset, ":invoke, :ok, :fail or :info"))?;
    let offset = tab(cursor)?;
    let Some(name) = word(cursor) else {
        return Err(cursor.error(offset, "a function such as :read"));
    };
    tab(cursor)?;
    let held = on_line(cursor)?;
    let error = if cursor.peek() == Some(b'\t') {
        tab(cursor)?;
        Some(on_line(cursor)?.remark(cursor)).filter(|error| *error != Value::Nil)
    } else {
        None
    };
    if name == "txn" {
        let part = Part {
            line: number,
            process: Some(ProcessId(process)),
            kind,
            offset,
            steps: Some(&held),
            time_ns: None,
        };
        return read.transaction(cursor, &part);
    }
    let (value, error) = fields::value_or_reason(cursor, kind, Some(&held), error)?;
    let event = Event {
        process: ProcessId(process),
        kind,
        function: Function::from_name(name),
        key: None,
        value,
        error,
        time_ns: None,
    };
    read.push(number, event)
}

/// A value that starts before the line ends.
fn on_line<'a>(cursor: &mut Cursor<'a>) -> Result<Node<'a>, Error> {
    cursor.take_while(|character| character == ' ');
    if matches!(cursor.peek(), None | Some(b'\n' | b'\r' | b'\t')) {
        let offset = cursor.offset();
        let tree = Tree::Nil;
        return Ok(Node { offset, tree });
    }
    let start = cursor.offset();
    let node = edn::field(cursor)?;
    if cursor.since(start).contains('\n') {
        return Err(cursor.error(start, "a value that ends on its line"));
    }
    cursor.take_while(|character| character == ' ');
    Ok(node)
}

fn tab(cursor: &mut Cursor<'_>) -> Result<usize, Error> {
    cursor.expect(b'\t', "a tab")?;
    Ok(cursor.offset())
}

/// A keyword without its colon.
fn word<'a>(cursor: &mut Cursor<'a>) -> Option<&'a str> {
    if !cursor.eat(b':') {
        return None;
    }
    let word = cursor.take_while(|character| !matches!(character, '\t' | '\n' | '\r'));
    Some(word.trim_end()).filter(|word| !word.is_empty())
}
