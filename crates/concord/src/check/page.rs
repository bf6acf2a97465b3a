//! The file of `--report`.

use std::path::Path;

use super::judge::Finding;
use crate::exit::{BadInput, Ending};
use crate::report_file::ReportFile;

/// The page to be written: of the worst file so far.
pub(super) struct Page {
    file: ReportFile,
    worst: Option<(Ending, String)>,
}

impl Page {
    /// Finds out before anything is judged whether the file can be written, and leaves what is there alone.
    pub(super) fn prepare(path: &Path) -> Result<Self, BadInput> {
        let file = ReportFile::prepare(path)?;
        Ok(Self { file, worst: None })
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
        self.file.write(&html)
    }
}
