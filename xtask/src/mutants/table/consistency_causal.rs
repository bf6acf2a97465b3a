//! Guards of `consistency::causal`: what binds whom, and that nothing is guessed.

use super::{Mutant, blind, test};

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "causal-concurrent-writes-not-arbitrated",
        guard: "causal convergence: a read decides which of the writes before it won (CyclicCF)",
        file: "crates/consistency/src/causal/visibility.rs",
        find: "if self.is_convergent && source != INITIAL {",
        replace: "if false {",
        killed_by: test(
            "consistency",
            "causal",
            "named::cyclic_cf_two_sessions_disagree_on_which_write_won",
        ),
        simulator: blind("a checker that allows too much finds less, not more"),
    },
    Mutant {
        name: "causal-first-write-covers-nothing",
        guard: "a write before a read overwrites what was never written (WriteCOInitRead)",
        file: "crates/consistency/src/causal/visibility.rs",
        find: "if covered.is_empty() {",
        replace: "if false {",
        killed_by: test(
            "consistency",
            "causal",
            "named::write_co_init_read_a_write_before_is_not_seen",
        ),
        simulator: blind("a checker that allows too much finds less, not more"),
    },
    Mutant {
        name: "causal-timed-out-write-binds-its-session",
        guard: "an indeterminate write may take effect after all that its session did later",
        file: "crates/consistency/src/causal/graph.rs",
        find: "if node.is_loose && last.get(session) != Some(&(number as u32)) {",
        replace: "if false {",
        killed_by: test(
            "consistency",
            "causal",
            "named::a_timed_out_write_binds_nobody_to_what_its_session_did_later",
        ),
        simulator: blind("the clients of the campaign stop at a time-out"),
    },
    Mutant {
        name: "causal-repeated-value-guessed",
        guard: "a value written twice and read has no one writer, so nothing is said",
        file: "crates/consistency/src/causal/graph.rs",
        find: "Some(it) if it.is_twice || is_initial => {",
        replace: "Some(_) if is_initial => {",
        killed_by: test(
            "consistency",
            "causal",
            "named::values_written_twice_cannot_be_checked_once_they_are_read",
        ),
        simulator: blind("its clients write distinct values"),
    },
    Mutant {
        name: "causal-memory-forgets-what-reads-imply",
        guard: "a write before a read is before the write that the read saw (happened-before)",
        file: "crates/consistency/src/causal/view.rs",
        find: "self.lower(*write, read, keep_going)?;",
        replace: "",
        killed_by: test(
            "consistency",
            "causal",
            "named::write_hb_init_read_a_process_contradicts_what_it_saw_before",
        ),
        simulator: blind("a checker that allows too much finds less, not more"),
    },
    Mutant {
        name: "causal-verifier-trusts-arbitration",
        guard: "the verifier replays each read against the order of writes",
        file: "crates/consistency/src/causal/verify/order.rs",
        find: "known.all(|(_, placed)| placed <= time)",
        replace: "known.all(|(_, placed)| placed <= time.max(placed))",
        killed_by: test(
            "consistency",
            "causal",
            "named::verify_refuses_every_kind_of_wrong_certificate",
        ),
        simulator: blind("the check gives no such order"),
    },
];
