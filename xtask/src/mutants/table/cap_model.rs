//! The adversary.

use super::Mutant;

pub(super) const MUTANTS: &[Mutant] = &[];
