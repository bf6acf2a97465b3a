//! What can go wrong while measuring: a number that cannot be trusted is never printed.

use std::io::{self, Write};
use std::process::ExitCode;

/// Why a measurement gave no number.
///
/// ```
/// let error = benches::Error::Refused { contender: "raft", why: "not the leader".to_owned() };
/// assert_eq!(error.to_string(), "raft refused an input: not the leader");
/// ```
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The contender stopped before it had done all the work.
    #[error("{contender} stalled: {done} of {wanted} done")]
    Stalled {
        /// Who.
        contender: &'static str,
        /// Operations done.
        done: u64,
        /// Operations asked for.
        wanted: u64,
    },
    /// The contender's nodes did not all see the same operations.
    #[error("{contender} lost work: node {node} has {done} of {wanted}")]
    Lost {
        /// Who.
        contender: &'static str,
        /// Which node, from zero.
        node: usize,
        /// Operations it has.
        done: u64,
        /// Operations it should have.
        wanted: u64,
    },
    /// The contender returned an error.
    #[error("{contender} refused an input: {why}")]
    Refused {
        /// Who.
        contender: &'static str,
        /// Its words.
        why: String,
    },
    /// The contender computes something else than we do.
    #[error("{contender} computes something else in {case}")]
    Differs {
        /// Who.
        contender: String,
        /// In which case.
        case: String,
    },
    /// A peer that runs as a program of its own could not be run.
    #[error("cannot run {program}: {why}")]
    Child {
        /// The path of the program.
        program: String,
        /// What happened.
        why: String,
    },
    /// No sample was asked for.
    #[error("at least one sample is needed")]
    NoSamples,
    /// Nobody reads the result any more, as after `| head`.
    #[error("nobody reads the result any more")]
    Closed,
    /// The result could not be written.
    #[error("cannot write the result: {why}")]
    Output {
        /// What happened.
        why: String,
    },
}

/// How a benchmark ends: an error is told on standard error, and a closed pipe is a quiet success.
///
/// ```
/// use std::process::ExitCode;
/// assert_eq!(benches::ended(Err(benches::Error::Closed)), ExitCode::SUCCESS);
/// assert_eq!(benches::ended(Err(benches::Error::NoSamples)), ExitCode::FAILURE);
/// ```
#[must_use]
pub fn ended(result: Result<(), Error>) -> ExitCode {
    match result {
        Ok(()) | Err(Error::Closed) => ExitCode::SUCCESS,
        Err(error) => {
            note(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Writes a line to standard output.
pub(crate) fn print_line(text: &str) -> Result<(), Error> {
    write_line(io::stdout(), text)
}

/// Writes a line of prose to standard error, which may well be closed.
pub(crate) fn note(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

fn write_line(mut to: impl Write, text: &str) -> Result<(), Error> {
    writeln!(to, "{text}").map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Error::Closed,
        _ => Error::Output {
            why: error.to_string(),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_pipe_is_told_from_other_trouble() {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        assert_eq!(write_line(writer, "a row"), Err(Error::Closed));
        let full = write_line(&mut [0_u8; 2][..], "a row");
        assert!(matches!(full, Err(Error::Output { .. })), "{full:?}");
    }
}
