//! A contender that is a program of its own.
//!
//! `madsim` replaces libc's clock and random source in the whole binary, so it is measured in a
//! child process, which prints one [`Sample`] as JSON.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::Load;
use crate::{Error, Sample};

/// A program that is called with a load and a number of messages and prints a [`Sample`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Child {
    program: PathBuf,
}

impl Child {
    /// The child at `program`.
    #[must_use]
    pub fn new(program: &Path) -> Self {
        Self {
            program: program.to_owned(),
        }
    }

    /// Runs `load` for about `messages` messages, once.
    ///
    /// # Errors
    ///
    /// [`Error::Child`]: it cannot be started, it failed, or it printed something else.
    ///
    /// ```
    /// use benches::{Error, simulator::{Child, Load}};
    /// let child = Child::new("/no/such/program".as_ref());
    /// assert!(matches!(child.run(Load::PING_PONG, 2), Err(Error::Child { .. })));
    /// ```
    pub fn run(&self, load: Load, messages: u64) -> Result<Sample, Error> {
        let failed = |why: String| Error::Child {
            program: self.program.display().to_string(),
            why,
        };
        let output = Command::new(&self.program)
            .arg(load.to_string())
            .arg(messages.to_string())
            .output()
            .map_err(|error| failed(error.to_string()))?;
        if !output.status.success() {
            let text = String::from_utf8_lossy(&output.stderr);
            return Err(failed(format!("{}: {}", output.status, text.trim())));
        }
        serde_json::from_slice(&output.stdout).map_err(|error| failed(error.to_string()))
    }
}
