//! The page of `--report`: the candidates' trade-offs as pictures.

mod html;

use std::path::Path;

use super::outcome::Outcome;
use crate::exit::BadInput;
use crate::report_file::ReportFile;

/// The page to be written.
pub(super) struct Page(ReportFile);

impl Page {
    /// Finds out before anything is computed whether the file can be written, and leaves what is there alone.
    pub(super) fn prepare(path: &Path) -> Result<Self, BadInput> {
        ReportFile::prepare(path).map(Self)
    }

    /// Writes it: a title, a sentence about the plan, and all that is known of each candidate.
    pub(super) fn write(
        &self,
        title: &str,
        about: &str,
        outcomes: &[Outcome],
    ) -> Result<(), BadInput> {
        let page = html::html(title, about, outcomes).map_err(BadInput::new)?;
        self.0.write(&page)
    }
}
