//! The file of `--report`.

use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};

use super::judge::Finding;
use crate::exit::{BadInput, Ending};

/// The page to be written: of the worst file so far.
pub(super) struct Page {
    path: PathBuf,
    worst: Option<(Ending, String)>,
}

impl Page {
    /// Finds out before anything is judged whether the file can be written, and leaves what is there alone.
    pub(super) fn prepare(path: &Path) -> Result<Self, BadInput> {
        let failed = |error: std::io::Error| BadInput::at(path.display(), error);
        let is_new = !path.exists();
        let file = OpenOptions::new().append(true).create(true).open(path);
        drop(file.map_err(failed)?);
        if is_new {
            fs::remove_file(path).map_err(failed)?;
        }
        Ok(Self {
            path: path.to_owned(),
            worst: None,
        })
    }

    /// Keeps the page of this file if it is worse than all before.
    pub(super) fn offer(&mut self, finding: &Finding) {
        let is_worse = |(worst, _): &(Ending, String)| finding.verdict > *worst;
        if self.worst.as_ref().is_none_or(is_worse) {
            self.worst = Some((finding.verdict, finding.report.html()));
        }
    }

    /// Writes it; of no usable file there is none.
    pub(super) fn write(self) -> Result<(), BadInput> {
        let Some((_, html)) = self.worst else {
            return Ok(());
        };
        fs::write(&self.path, html).map_err(|error| BadInput::at(self.path.display(), error))
    }
}
