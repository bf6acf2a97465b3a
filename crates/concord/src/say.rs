//! Standard output, of which the reader may have seen enough: `concord check … | head` is no error.

use std::fmt;
use std::io::{ErrorKind, Write};

/// Writes a line. When nobody reads any more, the work goes on in silence, for its exit code; any
/// other error ends the program with exit code 2.
pub(crate) fn line(text: fmt::Arguments<'_>) {
    match writeln!(std::io::stdout(), "{text}") {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
        Err(error) => {
            eprintln!("error: standard output: {error}");
            std::process::exit(i32::from(crate::exit::BAD_INPUT));
        }
    }
}

/// `println!`, but without a panic.
macro_rules! say {
    ($($text:tt)*) => { $crate::say::line(format_args!($($text)*)) };
}

pub(crate) use say;
