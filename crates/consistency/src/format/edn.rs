//! EDN, as far as histories need it: maps, vectors, lists, sets, strings, numbers, keywords, tags (left out),
//! comments and discards; at most 64 levels. White space is that of ASCII, and commas.

use alloc::vec::Vec;

use super::{
    cursor::Cursor,
    fields::Fields,
    node::{DEPTH_MAX, Node, Tree, number, string},
};
use crate::Error;

/// How far a file of events is read: whether its first byte was seen, and what closes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Stage {
    has_begun: bool,
    close: Option<u8>,
    is_closed: bool,
}

/// Reads the next event; false at the end.
pub(super) fn event<'a>(
    cursor: &mut Cursor<'a>,
    stage: &mut Stage,
    fields: &mut Fields<'a>,
) -> Result<bool, Error> {
    cursor.take_while(is_space);
    cursor.settle();
    space(cursor, 0)?;
    if !stage.has_begun {
        stage.has_begun = true;
        stage.close = match cursor.peek() {
            Some(b'[') => Some(b']'),
            Some(b'(') => Some(b')'),
            _ => None,
        };
        if stage.close.is_some() {
            cursor.bump();
            space(cursor, 0)?;
        }
    }
    if stage.is_closed || stage.close.is_none() {
        if cursor.is_at_end() {
            return Ok(false);
        }
    } else if stage.close.is_some_and(|close| cursor.eat(close)) {
        stage.is_closed = true;
        space(cursor, 0)?;
        if cursor.is_at_end() {
            return Ok(false);
        }
    }
    if stage.is_closed {
        return Err(cursor.error_here("nothing after the vector of events"));
    }
    map_of_event(cursor, fields)?;
    Ok(true)
}

/// The map of an event, with any tags before it.
fn map_of_event<'a>(cursor: &mut Cursor<'a>, fields: &mut Fields<'a>) -> Result<(), Error> {
    let offset = cursor.offset();
    fields.offset = offset;
    for depth in 0..=DEPTH_MAX {
        match cursor.peek() {
            Some(b'{') => return entries(cursor, fields),
            Some(b'#') if cursor.peek_at(1) != Some(b'{') => tag(cursor, depth)?,
            _ => break,
        }
    }
    value(cursor, 0)?;
    Err(cursor.error(offset, "a map of an event"))
}

fn entries<'a>(cursor: &mut Cursor<'a>, fields: &mut Fields<'a>) -> Result<(), Error> {
    cursor.bump();
    loop {
        space(cursor, 1)?;
        if cursor.eat(b'}') {
            return Ok(());
        }
        let key = value(cursor, 1)?;
        space(cursor, 1)?;
        let held = value(cursor, 1)?;
        let slot = key.name().and_then(|name| fields.slot(name));
        match slot {
            Some(Some(_)) => return Err(cursor.error(key.offset, "each key once")),
            Some(slot) => *slot = Some(held),
            None => {}
        }
    }
}

/// One value and nothing after it: a field of the Jepsen log, which starts at the cursor.
pub(super) fn field<'a>(cursor: &mut Cursor<'a>) -> Result<Node<'a>, Error> {
    space(cursor, 0)?;
    value(cursor, 0)
}

/// Skips white space, commas, comments and discarded values.
fn space(cursor: &mut Cursor<'_>, depth: usize) -> Result<(), Error> {
    loop {
        match cursor.peek() {
            Some(byte) if is_space(byte) => {
                cursor.take_while(is_space);
            }
            Some(b';') => {
                cursor.take_while(|byte| byte != b'\n');
            }
            Some(b'#') if cursor.peek_at(1) == Some(b'_') => {
                if depth > DEPTH_MAX {
                    return Err(cursor.error_here("at most 64 levels"));
                }
                cursor.bump();
                cursor.bump();
                space(cursor, depth.saturating_add(1))?;
                value(cursor, depth.saturating_add(1))?;
            }
            _ => return Ok(()),
        }
    }
}

fn value<'a>(cursor: &mut Cursor<'a>, depth: usize) -> Result<Node<'a>, Error> {
    let offset = cursor.offset();
    if depth > DEPTH_MAX {
        return Err(cursor.error(offset, "at most 64 levels"));
    }
    let deeper = depth.saturating_add(1);
    let tree = match cursor.peek() {
        Some(b'{') => map(cursor, deeper)?,
        Some(b'[') => Tree::List(values(cursor, b']', deeper)?),
        Some(b'(') => Tree::List(values(cursor, b')', deeper)?),
        Some(b'"') => {
            cursor.bump();
            Tree::Text(string(cursor, false)?)
        }
        Some(b'#') if cursor.peek_at(1) == Some(b'{') => {
            cursor.bump();
            Tree::List(values(cursor, b'}', deeper)?)
        }
        Some(b'#') => {
            tag(cursor, deeper)?;
            value(cursor, deeper)?.tree
        }
        Some(b'\\') => {
            cursor.bump();
            if cursor.bump().is_none() {
                return Err(cursor.error(offset, "a character"));
            }
            cursor.take_while(is_word);
            Tree::Opaque
        }
        Some(b':') => {
            cursor.bump();
            match cursor.take_while(is_word) {
                "" => return Err(cursor.error(offset, "a keyword")),
                word => Tree::Keyword(word),
            }
        }
        _ => match cursor.take_while(is_word) {
            "" => return Err(cursor.error(offset, "an EDN value")),
            "nil" => Tree::Nil,
            "true" => Tree::Bool(true),
            "false" => Tree::Bool(false),
            word => number(word.strip_suffix('N').unwrap_or(word)),
        },
    };
    Ok(Node { offset, tree })
}

/// Leaves out a tag, whose `#` is next, and the space behind it.
fn tag(cursor: &mut Cursor<'_>, depth: usize) -> Result<(), Error> {
    let offset = cursor.offset();
    cursor.bump();
    if cursor.take_while(is_word).is_empty() {
        return Err(cursor.error(offset, "a set or a tag"));
    }
    space(cursor, depth)
}

const SPACE: u8 = 1;
const WORD: u8 = 2;

/// What each byte may be part of. Bytes that are not ASCII belong to words.
const CLASSES: [u8; 256] = {
    let mut classes = [WORD; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = match byte as u8 {
            b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c | b',' => SPACE,
            b';' | b'"' | b'(' | b')' | b'[' | b']' | b'{' | b'}' | b'\\' => 0,
            _ => WORD,
        };
        byte += 1;
    }
    classes
};

fn is_space(byte: u8) -> bool {
    CLASSES.get(byte as usize) == Some(&SPACE)
}

fn is_word(byte: u8) -> bool {
    CLASSES.get(byte as usize) == Some(&WORD)
}

/// The values between an opening bracket, which is next, and `close`.
fn values<'a>(cursor: &mut Cursor<'a>, close: u8, depth: usize) -> Result<Vec<Node<'a>>, Error> {
    cursor.bump();
    let mut nodes = Vec::new();
    loop {
        space(cursor, depth)?;
        if cursor.eat(close) {
            return Ok(nodes);
        }
        nodes.push(value(cursor, depth)?);
    }
}

fn map<'a>(cursor: &mut Cursor<'a>, depth: usize) -> Result<Tree<'a>, Error> {
    cursor.bump();
    let mut entries: Vec<(Node<'a>, Node<'a>)> = Vec::new();
    loop {
        space(cursor, depth)?;
        if cursor.eat(b'}') {
            return Ok(Tree::Map(entries));
        }
        let key = value(cursor, depth)?;
        space(cursor, depth)?;
        let held = value(cursor, depth)?;
        entries.push((key, held));
    }
}
