//! Quorum systems and staleness: the CPU time of an answer, beside a peer where there is one.

mod table;
pub use table::{Bar, Work, works};

mod page;
pub use page::Page;

mod lap;
pub use lap::{Answer, Done, ask};

mod input;

mod ours;

#[cfg(feature = "quoracle")]
mod peer;

use crate::Error;

/// Does one piece of work as one contender, in this process, again and again, and says what an answer cost.
///
/// # Errors
///
/// [`Error::Refused`]: the contender or the work is not known here, or the contender refused it.
pub fn run(work: &str, contender: &str) -> Result<Done, Error> {
    match contender {
        table::OURS => ours::run(work),
        #[cfg(feature = "quoracle")]
        table::QUORACLE => peer::run(work),
        _ => Err(Error::Refused {
            contender: "the benchmark",
            why: format!("no contender {contender:?} in this build"),
        }),
    }
}

/// A contender's refusal in its own words.
fn refused(contender: &'static str, why: impl ToString) -> Error {
    Error::Refused {
        contender,
        why: why.to_string(),
    }
}
