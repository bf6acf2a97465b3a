//! The text of Plume, one step a line: `w(key,value,session,transaction)`.

use super::{
    cursor::Cursor,
    taken::{Numbered, Taken},
};
use crate::Error;

/// The next line.
pub(super) fn line(cursor: &mut Cursor<'_>) -> Result<Taken, Error> {
    cursor.take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
    cursor.settle();
    if cursor.is_at_end() {
        return Ok(Taken::End);
    }
    let line = cursor.line(cursor.offset());
    let is_write = cursor.peek() == Some(b'w');
    if !is_write && cursor.peek() != Some(b'r') {
        return Err(cursor.error_here("r(key,value,session,transaction) or w(…)"));
    }
    cursor.bump();
    cursor.expect(b'(', "(")?;
    let key = natural(cursor, "a key, a whole number from 0")?;
    cursor.expect(b',', ",")?;
    let value = natural(cursor, "a value, a whole number from 0")?;
    cursor.expect(b',', ",")?;
    let session = natural(cursor, "a session, a whole number from 0")?;
    cursor.expect(b',', ",")?;
    let transaction = if cursor.peek() == Some(b'-') {
        aborted(cursor)?
    } else {
        natural(cursor, "a transaction, a whole number from -1")?
    };
    cursor.expect(b')', ")")?;
    cursor.take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r'));
    if !cursor.is_at_end() {
        cursor.expect(b'\n', "the end of the line")?;
    }
    Ok(Taken::Numbered(Numbered {
        line,
        session: session.unsigned_abs(),
        transaction,
        is_write,
        key,
        value,
    }))
}

fn aborted(cursor: &mut Cursor<'_>) -> Result<i64, Error> {
    let start = cursor.offset();
    cursor.bump();
    let digits = cursor.take_while(|byte| byte.is_ascii_digit());
    if digits == "1" {
        Ok(-1)
    } else {
        Err(cursor.error(start, "a transaction, a whole number from -1"))
    }
}

fn natural(cursor: &mut Cursor<'_>, expected: &'static str) -> Result<i64, Error> {
    let start = cursor.offset();
    let digits = cursor.take_while(|byte| byte.is_ascii_digit());
    digits.parse().map_err(|_| cursor.error(start, expected))
}
