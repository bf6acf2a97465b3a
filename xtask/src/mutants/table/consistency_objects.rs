//! Guards of `consistency`: maps, models beyond registers, staleness, convergence, and the map of all models.

use super::{Mutant, blind, test};

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "objects-map-value-of-one-special-key-is-an-object",
        guard: "a map whose only key is `bytes` or `map` is written as pairs, so that it is read back the same",
        file: "crates/consistency/src/value.rs",
        find: "entries.len() > 1 || !is_taken(name)",
        replace: "!name.is_empty() || !is_taken(name)",
        killed_by: test(
            "consistency",
            "objects",
            "values::a_map_is_an_object_where_reading_back_is_exact_and_pairs_elsewhere",
        ),
        simulator: blind("its values are texts and lists"),
    },
    Mutant {
        name: "objects-release-of-a-free-lock",
        guard: "a lock that nobody holds cannot be released",
        file: "crates/consistency/src/model/mutex.rs",
        find: "MutexCall::Release => is_held.then_some(false),",
        replace: "MutexCall::Release => Some(false),",
        killed_by: test(
            "consistency",
            "objects",
            "models::every_order_of_acquires_and_releases_agrees_with_alternation",
        ),
        simulator: blind("no protocol has a lock"),
    },
    Mutant {
        name: "objects-bank-overdraws",
        guard: "no account of a bank without overdrafts goes below zero",
        file: "crates/consistency/src/model/bank.rs",
        find: "if left < 0 && !self.is_overdraft_allowed {",
        replace: "if left < i128::MIN && !self.is_overdraft_allowed {",
        killed_by: test(
            "consistency",
            "objects",
            "models::a_bank_that_makes_money_or_forgets_an_account_is_violated",
        ),
        simulator: blind("its banks are judged by snapshots"),
    },
    Mutant {
        name: "objects-staleness-row-in-one-order-only",
        guard: "the first two writes of a row of zones may stand either way round (Golab, Hurwitz and Li 2013)",
        file: "crates/consistency/src/staleness/zones.rs",
        find: "core::mem::swap(first, second);",
        replace: "let _ = (first, second);",
        killed_by: test(
            "consistency",
            "objects",
            "staleness::the_first_two_writes_of_a_row_may_have_to_be_swapped",
        ),
        simulator: blind("it does not ask how stale reads are"),
    },
    Mutant {
        name: "objects-staleness-verifier-takes-any-version",
        guard: "a read is one of the k latest writes, or the verifier refuses the order",
        file: "crates/consistency/src/staleness/verify.rs",
        find: "versions.iter().rev().take(k);",
        replace: "versions.iter().rev().take(k.max(usize::MAX));",
        killed_by: test(
            "consistency",
            "objects",
            "staleness::the_verifier_refuses_every_kind_of_wrong_order",
        ),
        simulator: blind("it does not ask how stale reads are"),
    },
    Mutant {
        name: "objects-convergence-with-writes-that-may-come",
        guard: "a key with an indeterminate write is not quiet by itself",
        file: "crates/consistency/src/convergence.rs",
        find: "_ => !is_found && write.call < self.quiet_from,",
        replace: "_ => write.call < self.quiet_from,",
        killed_by: test(
            "consistency",
            "objects",
            "convergence::random_histories_converge_as_the_definition_says",
        ),
        simulator: blind("its campaigns compare replicas directly"),
    },
    Mutant {
        name: "objects-map-of-overlapping-sessions-follows-time",
        guard: "real time implies no session order where a session overlaps itself",
        file: "crates/consistency/src/map.rs",
        find: "(is_apart || !looks_at_time) && stronger != weaker",
        replace: "(is_apart || looks_at_time || !looks_at_time) && stronger != weaker",
        killed_by: test(
            "consistency",
            "map",
            "survey::overlapping_operations_of_one_process_break_the_arrows_from_real_time",
        ),
        simulator: blind("its clients do one thing at a time"),
    },
    Mutant {
        name: "objects-map-never-asks-again",
        guard: "what a check could not decide within its first questions is asked again",
        file: "crates/consistency/src/map.rs",
        find: "for questions_max in [PROBE_QUESTIONS, u64::MAX] {",
        replace: "for questions_max in [PROBE_QUESTIONS] {",
        killed_by: test(
            "consistency",
            "map",
            "survey::what_the_first_questions_do_not_decide_is_asked_again_without_a_bound",
        ),
        simulator: blind("it asks for one model at a time"),
    },
];
