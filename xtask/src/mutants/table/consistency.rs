//! Guards of `consistency`: the checker's own soundness.

use super::{Mutant, blind, test};

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "effect-before-its-call",
        guard: "an indeterminate write takes no effect before it was called",
        file: "crates/consistency/src/linearizable/search.rs",
        find: "if next.is_some_and(|(call, _)| *call <= untried.earliest_end) {",
        replace: "if next.is_some() {",
        killed_by: test(
            "consistency",
            "traps",
            "a_timed_out_write_takes_no_effect_before_its_call",
        ),
        simulator: blind("a checker that allows too much finds less, not more"),
    },
    Mutant {
        name: "failed-with-an-error-observes",
        guard: "a compare-and-set that failed with an error observed nothing",
        file: "crates/consistency/src/model/register.rs",
        find: "(is_cas && fail.error.is_none())",
        replace: "is_cas",
        killed_by: test(
            "consistency",
            "traps",
            "a_compare_and_set_that_failed_with_an_error_observed_nothing",
        ),
        simulator: blind("its clients record such a compare-and-set as not executed"),
    },
    Mutant {
        name: "witness-may-ignore-real-time",
        guard: "a witness respects real time, or the verifier refuses it",
        file: "crates/consistency/src/linearizable/replay.rs",
        find: "operation.return_position() < latest_call",
        replace: "false",
        killed_by: test(
            "consistency",
            "traps",
            "replay_refuses_every_kind_of_wrong_witness",
        ),
        simulator: blind("the search gives no such witness"),
    },
];
