//! Guards of `snapshot`: stamps that order steps as causality does, crashes included.

use super::{Mutant, blind, test};

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "stamp-not-merged",
        guard: "what was received happened before what is sent next",
        file: "crates/snapshot/src/tracer.rs",
        find: "self.clock.merge(stamp)?;\n        Ok(())",
        replace: "let _ = stamp;\n        Ok(())",
        killed_by: test(
            "snapshot",
            "causality",
            "stamps_order_steps_as_causality_does",
        ),
        simulator: blind("no campaign traces its processes yet"),
    },
    Mutant {
        name: "early-stamp-not-reserved",
        guard: "an event's number that others know of survives a crash",
        file: "crates/snapshot/src/tracer.rs",
        find: "after: after.max(self.gate()),",
        replace: "after,",
        killed_by: test(
            "snapshot",
            "causality",
            "an_early_message_of_a_new_node_waits_until_its_numbers_are_reserved",
        ),
        simulator: blind("no campaign traces its processes yet"),
    },
];
