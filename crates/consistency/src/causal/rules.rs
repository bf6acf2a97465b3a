//! The rules by name: the patterns of Bouajjani and others 2017, two more for PRAM, and the session guarantees.

use crate::Rule;

pub(super) const THIN_AIR_READ: Rule = Rule {
    name: "thin-air-read",
    about: "a read sees a value that nobody wrote, or whose write failed",
};
pub(super) const CYCLIC_CO: Rule = Rule {
    name: "cyclic-co",
    about: "causality has a cycle: something was read before it was written",
};
pub(super) const WRITE_CO_INIT_READ: Rule = Rule {
    name: "write-co-init-read",
    about: "a read says that a key was never written, though a write of it came causally before",
};
pub(super) const WRITE_CO_READ: Rule = Rule {
    name: "write-co-read",
    about: "a read sees a version though a causally newer one came causally before the read",
};
pub(super) const CYCLIC_CF: Rule = Rule {
    name: "cyclic-cf",
    about: "the reads leave no one order in which concurrent writes could win",
};
pub(super) const WRITE_HB_INIT_READ: Rule = Rule {
    name: "write-hb-init-read",
    about: "a process reads that a key was never written, though its own reads put a write of it before",
};
pub(super) const CYCLIC_HB: Rule = Rule {
    name: "cyclic-hb",
    about: "no one order of the causal past explains all reads of one process",
};
pub(super) const WRITE_PRAM_INIT_READ: Rule = Rule {
    name: "write-pram-init-read",
    about: "a process reads that a key was never written, though a write of it came before in every order of processes",
};
pub(super) const CYCLIC_PRAM: Rule = Rule {
    name: "cyclic-pram",
    about: "no one order of all writes that keeps each process's own explains all reads of one process",
};
pub(super) const READ_YOUR_WRITES: Rule = Rule {
    name: "read-your-writes",
    about: "a session reads a version older than its own earlier write",
};
pub(super) const MONOTONIC_READS: Rule = Rule {
    name: "monotonic-reads",
    about: "a session reads a version older than one it has read",
};
pub(super) const MONOTONIC_WRITES: Rule = Rule {
    name: "monotonic-writes",
    about: "a session has read a write but not an earlier write of the same writer",
};
pub(super) const WRITES_FOLLOW_READS: Rule = Rule {
    name: "writes-follow-reads",
    about: "a session has read a write but not what its writer had read before",
};
