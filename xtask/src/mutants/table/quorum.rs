//! Quorum systems.

use super::Mutant;

pub(super) const MUTANTS: &[Mutant] = &[];
