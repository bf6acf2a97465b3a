//! The small format of sessions: a step a line, `-----` between transactions, `=====` between sessions.

use super::{cursor::Cursor, node::Texts, taken::Taken};
use crate::{Error, Value, transactions::MicroOperation};

/// The next line.
pub(super) fn line(cursor: &mut Cursor<'_>, texts: &mut Texts) -> Result<Taken, Error> {
    cursor.take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
    cursor.settle();
    let start = cursor.offset();
    let taken = match cursor.peek() {
        None => return Ok(Taken::End),
        Some(b'-') => {
            cursor.take_while(|byte| byte == b'-');
            Taken::TransactionEnd
        }
        Some(b'=') => {
            cursor.take_while(|byte| byte == b'=');
            Taken::SessionEnd
        }
        Some(_) => {
            let line = cursor.line(start);
            let is_write = match cursor.take_while(is_word) {
                "w" => true,
                "r" => false,
                _ => return Err(cursor.error(start, "r key value, w key value, ----- or =====")),
            };
            let key = word(cursor, texts, "a key")?;
            let value = word(cursor, texts, "a value")?;
            let step = if is_write {
                MicroOperation::Write { key, value }
            } else {
                let value = Some(value);
                MicroOperation::Read { key, value }
            };
            Taken::Step(line, step)
        }
    };
    cursor.take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r'));
    if !cursor.is_at_end() {
        cursor.expect(b'\n', "the end of the line")?;
    }
    Ok(taken)
}

/// A whole number of 64 bits, or else text.
fn word(
    cursor: &mut Cursor<'_>,
    texts: &mut Texts,
    expected: &'static str,
) -> Result<Value, Error> {
    cursor.take_while(|byte| matches!(byte, b' ' | b'\t'));
    match cursor.take_while(is_word) {
        "" => Err(cursor.error_here(expected)),
        word => Ok(word.parse().map_or_else(|_| texts.value(word), Value::Int)),
    }
}

const fn is_word(byte: u8) -> bool {
    byte > b' '
}
