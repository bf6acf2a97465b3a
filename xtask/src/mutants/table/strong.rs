//! The strong store.

use super::Mutant;

pub(super) const MUTANTS: &[Mutant] = &[];
