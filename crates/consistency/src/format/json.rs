//! JSON, by RFC 8259 with two restrictions: whole numbers of 64 bits where a number is used, and at most 64 levels.
//! In JSON lines an object stands on one line, and an event has no field twice and none but its eight.

use alloc::vec::Vec;

use super::{
    cursor::Cursor,
    fields::Fields,
    node::{DEPTH_MAX, Node, Tree, number, string},
};
use crate::Error;

/// Reads the next event of a file of JSON lines; false at the end.
pub(super) fn event<'a>(cursor: &mut Cursor<'a>, fields: &mut Fields<'a>) -> Result<bool, Error> {
    cursor.take_while(is_space);
    cursor.settle();
    if cursor.is_at_end() {
        return Ok(false);
    }
    fields.offset = cursor.offset();
    cursor.expect(b'{', "{")?;
    space::<true>(cursor);
    if !cursor.eat(b'}') {
        loop {
            let (offset, name) = field_name::<true>(cursor)?;
            let Some(slot) = fields.slot(&name) else {
                let expected = "process, type, f, key, value, error, time or index";
                return Err(cursor.error(offset, expected));
            };
            if slot.is_some() {
                return Err(cursor.error(offset, "each field once"));
            }
            *slot = Some(value::<true>(cursor, 1)?);
            space::<true>(cursor);
            if cursor.eat(b'}') {
                break;
            }
            cursor.expect(b',', ", or }")?;
            space::<true>(cursor);
        }
    }
    end_of_line(cursor)?;
    Ok(true)
}

fn end_of_line(cursor: &mut Cursor<'_>) -> Result<(), Error> {
    cursor.take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r'));
    if cursor.is_at_end() {
        return Ok(());
    }
    cursor.expect(b'\n', "the end of the line")
}

const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// White space inside a value; `ON_LINE` is the rule of JSON lines, whose objects do not break lines.
#[inline]
pub(super) fn space<const ON_LINE: bool>(cursor: &mut Cursor<'_>) {
    if cursor
        .peek()
        .is_some_and(|byte| byte <= b' ' && is_space(byte))
    {
        cursor.take_while(|byte| is_space(byte) && (!ON_LINE || matches!(byte, b' ' | b'\t')));
    }
}

/// A field's place and name, and the colon behind it.
pub(super) fn field_name<'a, const ON_LINE: bool>(
    cursor: &mut Cursor<'a>,
) -> Result<(usize, alloc::borrow::Cow<'a, str>), Error> {
    let offset = cursor.offset();
    cursor.expect(b'"', "a field name")?;
    let name = string(cursor, true)?;
    space::<ON_LINE>(cursor);
    cursor.expect(b':', ":")?;
    space::<ON_LINE>(cursor);
    Ok((offset, name))
}

pub(super) fn value<'a, const ON_LINE: bool>(
    cursor: &mut Cursor<'a>,
    depth: usize,
) -> Result<Node<'a>, Error> {
    let offset = cursor.offset();
    if depth > DEPTH_MAX {
        return Err(cursor.error(offset, "at most 64 levels"));
    }
    let tree = match cursor.peek() {
        Some(b'{') => object::<ON_LINE>(cursor, depth)?,
        Some(b'[') => array::<ON_LINE>(cursor, depth)?,
        Some(b'"') => {
            cursor.eat(b'"');
            Tree::Text(string(cursor, true)?)
        }
        Some(b'-' | b'0'..=b'9') => digits(cursor)?,
        _ => match cursor.take_while(|byte| byte.is_ascii_alphabetic()) {
            "null" => Tree::Nil,
            "true" => Tree::Bool(true),
            "false" => Tree::Bool(false),
            _ => return Err(cursor.error(offset, "a JSON value")),
        },
    };
    Ok(Node { offset, tree })
}

fn object<'a, const ON_LINE: bool>(
    cursor: &mut Cursor<'a>,
    depth: usize,
) -> Result<Tree<'a>, Error> {
    cursor.expect(b'{', "{")?;
    let mut entries: Vec<(Node<'a>, Node<'a>)> = Vec::new();
    space::<ON_LINE>(cursor);
    if cursor.eat(b'}') {
        return Ok(Tree::Map(entries));
    }
    loop {
        space::<ON_LINE>(cursor);
        let (offset, name) = field_name::<ON_LINE>(cursor)?;
        let tree = Tree::Text(name);
        let node = value::<ON_LINE>(cursor, depth.saturating_add(1))?;
        entries.push((Node { offset, tree }, node));
        space::<ON_LINE>(cursor);
        if cursor.eat(b'}') {
            return Ok(Tree::Map(entries));
        }
        cursor.expect(b',', ", or }")?;
    }
}

fn array<'a, const ON_LINE: bool>(
    cursor: &mut Cursor<'a>,
    depth: usize,
) -> Result<Tree<'a>, Error> {
    cursor.expect(b'[', "[")?;
    let mut nodes = Vec::new();
    space::<ON_LINE>(cursor);
    if cursor.eat(b']') {
        return Ok(Tree::List(nodes));
    }
    loop {
        space::<ON_LINE>(cursor);
        nodes.push(value::<ON_LINE>(cursor, depth.saturating_add(1))?);
        space::<ON_LINE>(cursor);
        if cursor.eat(b']') {
            return Ok(Tree::List(nodes));
        }
        cursor.expect(b',', ", or ]")?;
    }
}

/// A number. Whole ones of up to 18 digits, which are nearly all, are added up while they are read.
fn digits(cursor: &mut Cursor<'_>) -> Result<Tree<'static>, Error> {
    let start = cursor.offset();
    let is_digit = |byte: u8| byte.is_ascii_digit();
    let is_negative = cursor.eat(b'-');
    let whole = cursor.take_while(is_digit);
    if whole.is_empty() || (whole.len() > 1 && whole.starts_with('0')) {
        return Err(cursor.error(start, "a JSON number"));
    }
    let is_whole = !matches!(cursor.peek(), Some(b'.' | b'e' | b'E'));
    if is_whole && whole.len() <= 18 {
        let sum = whole.bytes().fold(0_i64, |sum, digit| {
            sum.wrapping_mul(10)
                .wrapping_add(i64::from(digit.wrapping_sub(b'0')))
        });
        return Ok(Tree::Int(if is_negative {
            sum.wrapping_neg()
        } else {
            sum
        }));
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
