//! Single-decree Paxos.

use super::Mutant;

pub(super) const MUTANTS: &[Mutant] = &[];
