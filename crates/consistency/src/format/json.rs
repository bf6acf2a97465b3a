//! JSON lines, by RFC 8259 with three restrictions: whole numbers of 64 bits where a number is used, no field twice,
//! and at most 64 levels.

use alloc::vec::Vec;

use super::{
    Read,
    cursor::Cursor,
    fields,
    node::{DEPTH_MAX, Node, Tree, number, string},
};
use crate::Error;

const FIELDS: [&str; 8] = [
    "process", "type", "f", "key", "value", "error", "time", "index",
];

pub(super) fn read(text: &str, read: &mut Read) -> Result<(), Error> {
    let mut cursor = Cursor::new(text);
    loop {
        cursor.take_while(|character| matches!(character, ' ' | '\t' | '\r' | '\n'));
        if cursor.is_at_end() {
            return Ok(());
        }
        if cursor.peek() != Some(b'{') {
            return Err(cursor.error_here("{"));
        }
        let node = value(&mut cursor, 0)?;
        if let Tree::Map(entries) = &node.tree {
            let stranger = entries
                .iter()
                .find(|(key, _)| !key.name().is_some_and(|name| FIELDS.contains(&name)));
            if let Some((key, _)) = stranger {
                let expected = "process, type, f, key, value, error, time or index";
                return Err(cursor.error(key.offset, expected));
            }
        }
        fields::read(&mut cursor, &node, true, read)?;
        cursor.take_while(|character| matches!(character, ' ' | '\t' | '\r'));
        if !cursor.is_at_end() {
            cursor.expect(b'\n', "the end of the line")?;
        }
    }
}

fn space(cursor: &mut Cursor<'_>) {
    cursor.take_while(|character| matches!(character, ' ' | '\t'));
}

fn value<'a>(cursor: &mut Cursor<'a>, depth: usize) -> Result<Node<'a>, Error> {
    let offset = cursor.offset();
    if depth > DEPTH_MAX {
        return Err(cursor.error(offset, "at most 64 levels"));
    }
    let tree = match cursor.peek() {
        Some(b'{') => object(cursor, depth)?,
        Some(b'[') => array(cursor, depth)?,
        Some(b'"') => {
            cursor.eat(b'"');
            Tree::Text(string(cursor, true)?)
        }
        Some(b'-' | b'0'..=b'9') => digits(cursor)?,
        _ => match cursor.take_while(|character| character.is_ascii_alphabetic()) {
            "null" => Tree::Nil,
            "true" => Tree::Bool(true),
            "false" => Tree::Bool(false),
            _ => return Err(cursor.error(offset, "a JSON value")),
        },
    };
    Ok(Node { offset, tree })
}

fn object<'a>(cursor: &mut Cursor<'a>, depth: usize) -> Result<Tree<'a>, Error> {
    cursor.expect(b'{', "{")?;
    let mut entries: Vec<(Node<'a>, Node<'a>)> = Vec::new();
    space(cursor);
    if cursor.eat(b'}') {
        return Ok(Tree::Map(entries));
    }
    loop {
        space(cursor);
        let offset = cursor.offset();
        cursor.expect(b'"', "a field name")?;
        let name = string(cursor, true)?;
        // Quadratic only in the fields of one object, of which an event has eight.
        if entries.len() >= 64 || entries.iter().any(|(key, _)| key.name() == Some(&name)) {
            return Err(cursor.error(offset, "each field once, and at most 64"));
        }
        let tree = Tree::Text(name);
        space(cursor);
        cursor.expect(b':', ":")?;
        space(cursor);
        let node = value(cursor, depth.saturating_add(1))?;
        entries.push((Node { offset, tree }, node));
        space(cursor);
        if cursor.eat(b'}') {
            return Ok(Tree::Map(entries));
        }
        cursor.expect(b',', ", or }")?;
    }
}

fn array<'a>(cursor: &mut Cursor<'a>, depth: usize) -> Result<Tree<'a>, Error> {
    cursor.expect(b'[', "[")?;
    let mut nodes = Vec::new();
    space(cursor);
    if cursor.eat(b']') {
        return Ok(Tree::List(nodes));
    }
    loop {
        space(cursor);
        nodes.push(value(cursor, depth.saturating_add(1))?);
        space(cursor);
        if cursor.eat(b']') {
            return Ok(Tree::List(nodes));
        }
        cursor.expect(b',', ", or ]")?;
    }
}

fn digits(cursor: &mut Cursor<'_>) -> Result<Tree<'static>, Error> {
    let start = cursor.offset();
    let is_digit = |character: char| character.is_ascii_digit();
    cursor.eat(b'-');
    let whole = cursor.take_while(is_digit);
    if whole.is_empty() || (whole.len() > 1 && whole.starts_with('0')) {
        return Err(cursor.error(start, "a JSON number"));
    }
    if cursor.eat(b'.') && cursor.take_while(is_digit).is_empty() {
        return Err(cursor.error(start, "a JSON number"));
    }
    if cursor.eat(b'e') || cursor.eat(b'E') {
        if !cursor.eat(b'-') {
            cursor.eat(b'+');
        }
        if cursor.take_while(is_digit).is_empty() {
            return Err(cursor.error(start, "a JSON number"));
        }
    }
    Ok(number(cursor.since(start)))
}
