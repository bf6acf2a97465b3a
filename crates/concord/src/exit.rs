//! How a command ends: the exit codes, and errors that name their place.

use std::fmt;
use std::process::ExitCode;

/// What a command found, from best to worst.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Ending {
    /// Everything held.
    Holds,
    /// Something could not be decided. Never success.
    Unknown,
    /// A promise was broken.
    Violated,
}

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> Self {
        Self::from(match ending {
            Ending::Holds => 0,
            Ending::Violated => 1,
            Ending::Unknown => 3,
        })
    }
}

/// Exit code of a usage error or bad input.
pub(crate) const BAD_INPUT: u8 = 2;

/// Input that cannot be used: where, and why.
#[derive(Debug)]
pub(crate) struct BadInput(String);

impl BadInput {
    pub(crate) fn new(message: impl fmt::Display) -> Self {
        Self(message.to_string())
    }

    /// Input that was named on the command line, or came from it.
    pub(crate) fn at(place: impl fmt::Display, message: impl fmt::Display) -> Self {
        Self(format!("{place}: {message}"))
    }
}

impl fmt::Display for BadInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
