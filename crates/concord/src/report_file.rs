//! The file that `--report` names.

use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};

use crate::exit::BadInput;

/// A file that could be written when the command began.
pub(crate) struct ReportFile(PathBuf);

impl ReportFile {
    /// Finds out before any work is done whether the file can be written, and leaves what is there alone.
    pub(crate) fn prepare(path: &Path) -> Result<Self, BadInput> {
        let failed = |error: std::io::Error| BadInput::at(path.display(), error);
        let is_new = !path.exists();
        let file = OpenOptions::new().append(true).create(true).open(path);
        drop(file.map_err(failed)?);
        if is_new {
            fs::remove_file(path).map_err(failed)?;
        }
        Ok(Self(path.to_owned()))
    }

    /// Puts this text in the place of whatever the file held.
    pub(crate) fn write(&self, text: &str) -> Result<(), BadInput> {
        fs::write(&self.0, text).map_err(|error| BadInput::at(self.0.display(), error))
    }
}
