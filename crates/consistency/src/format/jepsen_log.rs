//! The tab-separated log: `INFO  jepsen.util - 0<tab>:invoke<tab>:cas<tab>[2 4]`, perhaps a fifth field, the error.

use alloc::string::String;

use super::{
    cursor::{self, Cursor, Place, quote},
    edn,
    fields::{self, Memory},
    node::{Node, Tree},
    taken::{Part, Taken},
};
use crate::{Error, Event, EventKind, Function, ProcessId};

/// What a log is remembered by until its first event.
#[derive(Clone, Debug, Default)]
pub(super) struct Stage {
    has_events: bool,
    /// How the first line that was left out begins.
    beginning: Option<String>,
}

impl Stage {
    /// Takes note of a line that is read for good.
    pub(super) fn note(&mut self, taken: &Taken, line: &str) {
        match taken {
            Taken::Skipped if self.beginning.is_none() => self.beginning = Some(quote(line)),
            Taken::Event(..) | Taken::Part(_) => self.has_events = true,
            _ => {}
        }
    }
}

/// The next line.
pub(super) fn line(
    cursor: &mut Cursor<'_>,
    stage: &Stage,
    memory: &mut Memory,
) -> Result<Taken, Error> {
    cursor.settle();
    let start = cursor.offset();
    let head = cursor.take_while(|byte| !matches!(byte, b'\t' | b'\n' | b'\r'));
    if head.is_empty() && cursor.is_at_end() {
        return match &stage.beginning {
            Some(beginning) if !stage.has_events => {
                let expected = "at least one line process<tab>:type<tab>:f<tab>value";
                Err(cursor::error(Place::START, expected, beginning.clone()))
            }
            _ => Ok(Taken::End),
        };
    }
    let taken = if cursor.peek() == Some(b'\t') {
        fields(cursor, start, head, memory)?
    } else if head.trim().is_empty() {
        Taken::Nothing
    } else {
        Taken::Skipped
    };
    cursor.eat(b'\r');
    if !cursor.is_at_end() {
        cursor.expect(b'\n', "the end of the line")?;
    }
    Ok(taken)
}

fn fields(
    cursor: &mut Cursor<'_>,
    start: usize,
    head: &str,
    memory: &mut Memory,
) -> Result<Taken, Error> {
    let number = cursor.line(start);
    let who = head.rsplit(' ').next().unwrap_or_default();
    if who.starts_with(':') {
        cursor.take_while(|byte| !matches!(byte, b'\n' | b'\r'));
        return Ok(Taken::Skipped);
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
    let function = memory.function(name);
    tab(cursor)?;
    let held = on_line(cursor)?;
    let error = if cursor.peek() == Some(b'\t') {
        tab(cursor)?;
        Some(on_line(cursor)?)
    } else {
        None
    };
    if function == Function::Txn {
        return Ok(Taken::Part(Part {
            line: number,
            process: Some(ProcessId(process)),
            kind,
            steps: fields::steps(cursor, offset, Some(&held), kind, memory)?,
            time_ns: None,
        }));
    }
    let (value, error) =
        fields::value_and_reason(cursor, kind, Some(&held), error.as_ref(), memory)?;
    let event = Event {
        process: ProcessId(process),
        kind,
        function,
        key: None,
        value,
        error,
        time_ns: None,
    };
    Ok(Taken::Event(number, event))
}

/// A value that starts before the line ends.
fn on_line<'a>(cursor: &mut Cursor<'a>) -> Result<Node<'a>, Error> {
    cursor.take_while(|byte| byte == b' ');
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
    cursor.take_while(|byte| byte == b' ');
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
    let word = cursor.take_while(|byte| !matches!(byte, b'\t' | b'\n' | b'\r'));
    Some(word.trim_end()).filter(|word| !word.is_empty())
}
