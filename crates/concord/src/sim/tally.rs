//! How the clients' operations ended.

/// A count for each ending.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Tally {
    /// Answered.
    pub(crate) ok: u64,
    /// Certainly not executed.
    pub(crate) failed: u64,
    /// Perhaps executed, now or later.
    pub(crate) unknown: u64,
}

impl Tally {
    pub(crate) const fn add(&mut self, other: &Self) {
        self.ok += other.ok;
        self.failed += other.failed;
        self.unknown += other.unknown;
    }
}
