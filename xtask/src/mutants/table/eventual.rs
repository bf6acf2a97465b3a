//! The eventual store.

use super::Mutant;

pub(super) const MUTANTS: &[Mutant] = &[];
