//! EDN, as far as histories need it: maps, vectors, lists, sets, strings, numbers, keywords, tags (left out),
//! comments and discards; at most 64 levels.

use alloc::vec::Vec;

use super::{
    Read,
    cursor::Cursor,
    fields,
    node::{DEPTH_MAX, Node, Tree, number, string},
};
use crate::Error;

pub(super) fn read(text: &str, read: &mut Read) -> Result<(), Error> {
    let mut cursor = Cursor::new(text);
    space(&mut cursor, 0)?;
    let close = match cursor.peek() {
        Some(b'[') => Some(b']'),
        Some(b'(') => Some(b')'),
        _ => None,
    };
    if close.is_some() {
        cursor.bump();
    }
    loop {
        space(&mut cursor, 0)?;
        match close {
            Some(close) if cursor.eat(close) => break,
            None if cursor.is_at_end() => return Ok(()),
            _ => {}
        }
        let node = value(&mut cursor, 0)?;
        fields::read(&mut cursor, &node, false, read)?;
    }
    space(&mut cursor, 0)?;
    if cursor.is_at_end() {
        Ok(())
    } else {
        Err(cursor.error_here("nothing after the vector of events"))
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
        cursor.take_while(|character| character.is_whitespace() || character == ',');
        if cursor.peek() == Some(b';') {
            cursor.take_while(|character| character != '\n');
        } else if cursor.rest().starts_with("#_") {
            if depth > DEPTH_MAX {
                return Err(cursor.error_here("at most 64 levels"));
            }
            cursor.bump();
            cursor.bump();
            space(cursor, depth.saturating_add(1))?;
            value(cursor, depth.saturating_add(1))?;
        } else {
            return Ok(());
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
        Some(b'#') => {
            cursor.bump();
            if cursor.peek() == Some(b'{') {
                Tree::List(values(cursor, b'}', deeper)?)
            } else {
                let tag = cursor.take_while(is_word);
                if tag.is_empty() {
                    return Err(cursor.error(offset, "a set or a tag"));
                }
                space(cursor, deeper)?;
                value(cursor, deeper)?.tree
            }
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

fn is_word(character: char) -> bool {
    !character.is_whitespace()
        && !matches!(
            character,
            ',' | ';' | '"' | '(' | ')' | '[' | ']' | '{' | '}' | '\\'
        )
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
        let is_double =
            |(other, _): &(Node<'a>, Node<'a>)| key.name().is_some() && other.name() == key.name();
        // Quadratic only up to this many fields.
        if entries.len() >= 64 || entries.iter().any(is_double) {
            return Err(cursor.error(key.offset, "each key once, and at most 64"));
        }
        space(cursor, depth)?;
        let held = value(cursor, depth)?;
        entries.push((key, held));
    }
}
