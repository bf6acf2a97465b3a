//! Guards of `consistency`: sequential consistency, and the checker that runs with the system.

use super::{Mutant, blind, test};

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "sequential-witness-may-ignore-a-process",
        guard: "a witness keeps the order of each process, or the verifier refuses it",
        file: "crates/consistency/src/sequential/replay.rs",
        find: "own.pop().is_none_or(|(_, next)| next != id)",
        replace: "own.pop().is_none()",
        killed_by: test(
            "consistency",
            "sequential",
            "replay_refuses_every_kind_of_wrong_witness",
        ),
        simulator: blind("the search gives no such witness"),
    },
    Mutant {
        name: "sequential-process-may-overlap-itself",
        guard: "a process with two open operations has no order, and is not checked as if it had",
        file: "crates/consistency/src/sequential/problem.rs",
        find: "if operation.call.position < open_until {",
        replace: "if false {",
        killed_by: test(
            "consistency",
            "sequential",
            "a_process_with_two_open_operations_has_no_order",
        ),
        simulator: blind("its clients do one operation at a time"),
    },
    Mutant {
        name: "online-failed-write-stays",
        guard: "a write that failed is taken out of every configuration it had taken effect in",
        file: "crates/consistency/src/online/object.rs",
        find: "self.configurations.retain(|it| !it.is_done(call));",
        replace: "",
        killed_by: test(
            "consistency",
            "online",
            "a_read_of_a_write_that_fails_later_convicts_when_it_fails",
        ),
        simulator: blind("it checks whole histories"),
    },
];
