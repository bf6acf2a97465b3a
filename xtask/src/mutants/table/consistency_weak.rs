//! Guards of the weak levels of isolation, and of the verifier of commit orders.

use super::{Mutant, blind, test};

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "weak-aborted-read-passes",
        guard: "nobody sees what an aborted transaction wrote (G1a, Adya 1999)",
        file: "crates/consistency/src/transactions/weak/facts.rs",
        find: "if fact.is_aborted(history) {",
        replace: "if false {",
        killed_by: test(
            "consistency",
            "weak",
            "anomalies::what_no_order_could_mend_is_named_at_every_level",
        ),
        simulator: blind("no protocol here runs transactions"),
    },
    Mutant {
        name: "weak-session-writes-not-seen",
        guard: "read atomic: a transaction has seen its session's writes (Biswas and Enea 2019)",
        file: "crates/consistency/src/transactions/weak/saturate.rs",
        find: "sessions(history, reading, &mut forced, budget)?;",
        replace: "let _ = sessions;",
        killed_by: test(
            "consistency",
            "weak",
            "anomalies::the_axioms_of_the_three_models_are_told_apart",
        ),
        simulator: blind("no protocol here runs transactions"),
    },
    Mutant {
        name: "weak-causal-past-without-sessions",
        guard: "causal: the past holds the session (Biswas and Enea 2019)",
        file: "crates/consistency/src/transactions/weak/causal.rs",
        find: "self.join(follows.unwrap_or(INITIAL));",
        replace: "let _ = follows;",
        killed_by: test(
            "consistency",
            "weak",
            "anomalies::the_axioms_of_the_three_models_are_told_apart",
        ),
        simulator: blind("no protocol here runs transactions"),
    },
    Mutant {
        name: "weak-indeterminate-orders-its-session",
        guard: "an indeterminate transaction may take effect late, so nothing of its session follows it",
        file: "crates/consistency/src/transactions/weak/reading.rs",
        find: "if header.ending == Ending::Committed {",
        replace: "if true {",
        killed_by: test(
            "consistency",
            "weak",
            "anomalies::an_indeterminate_transaction_counts_when_it_was_seen",
        ),
        simulator: blind("no protocol here runs transactions"),
    },
    Mutant {
        name: "weak-lists-lose-appends",
        guard: "an append that a list does not hold comes after it",
        file: "crates/consistency/src/transactions/weak/lists.rs",
        find: "fact.is_append && counts.get(",
        replace: "false && counts.get(",
        killed_by: test(
            "consistency",
            "weak",
            "anomalies::lists_are_torn_lost_repeated_or_contradict_each_other",
        ),
        simulator: blind("no protocol here runs transactions"),
    },
    Mutant {
        name: "weak-repeated-append-forgotten",
        guard: "an append that a list does not hold comes after it, also where somebody else appended the same",
        file: "crates/consistency/src/transactions/weak/facts.rs",
        find: "if fact.is_append {",
        replace: "if false {",
        killed_by: test(
            "consistency",
            "weak",
            "anomalies::an_unread_element_appended_twice_comes_after_the_list_from_both",
        ),
        simulator: blind("no protocol here runs transactions"),
    },
    Mutant {
        name: "weak-verifier-lets-updates-be-lost",
        guard: "snapshot isolation: a snapshot holds every earlier writer of a key that is written",
        file: "crates/consistency/src/transactions/verify.rs",
        find: "*horizon = last.copied().unwrap_or(0).max(*horizon);",
        replace: "let _ = last;",
        killed_by: test(
            "consistency",
            "weak",
            "witness::the_verifier_accepts_exactly_the_orders_that_the_definition_accepts",
        ),
        simulator: blind("no protocol here runs transactions"),
    },
];
