//! The checkers beside their peers: CPU time and peak memory of a process of its own for each answer.

mod child;
pub use child::{Answer, Done, ask};

mod page;
pub use page::Page;

mod table;
pub use table::{Bar, Work, works};

mod input;
pub use input::prepare;

mod ours;

#[cfg(feature = "peers")]
mod porcupine;

#[cfg(feature = "peers")]
mod todc;

use crate::Error;
use std::path::Path;

/// Does one piece of work as one contender, in this process, and says what it cost.
///
/// # Errors
///
/// [`Error::Refused`]: the contender or the work is not known here, or an input is missing.
pub fn run(work: &str, contender: &str, input: Option<&Path>) -> Result<Done, Error> {
    match contender {
        table::OURS => ours::run(work, input),
        #[cfg(feature = "peers")]
        table::PORCUPINE => porcupine::run(work, input),
        #[cfg(feature = "peers")]
        table::TODC => todc::run(work),
        table::SERDE_JSON => input::with_serde_json(),
        _ => Err(Error::Refused {
            contender: "the benchmark",
            why: format!("no contender {contender:?} in this build"),
        }),
    }
}
