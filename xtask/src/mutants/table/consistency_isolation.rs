//! Guards of `consistency`: prefix consistency, snapshot isolation, serializability.

use super::{Mutant, Simulator, blind, test};

const NO_TRANSACTIONS: Simulator = blind("its protocols have no transactions of several keys");

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "isolation-missed-writes-not-ordered",
        guard: "who missed a write comes before it (Adya 1999: rw)",
        file: "crates/consistency/src/transactions/strong/constraints.rs",
        find: "&& *next != read.reader",
        replace: "&& *next != read.reader && false",
        killed_by: test("consistency", "isolation", "anomalies::a_long_fork"),
        simulator: NO_TRANSACTIONS,
    },
    Mutant {
        name: "isolation-indeterminate-orders-its-session",
        guard: "an indeterminate transaction may take effect after those called later in its session",
        file: "crates/consistency/src/transactions/strong/constraints.rs",
        find: "if header.ending == Ending::Committed {",
        replace: "if header.ending != Ending::Aborted {",
        killed_by: test(
            "consistency",
            "isolation",
            "lists::an_indeterminate_transaction_comes_before_nothing_of_its_session",
        ),
        simulator: NO_TRANSACTIONS,
    },
    Mutant {
        name: "isolation-equal-positions-ordered",
        guard: "an end and a call at one position are concurrent",
        file: "crates/consistency/src/transactions/strong/constraints.rs",
        find: "partition_point(|(end, _)| *end < call)",
        replace: "partition_point(|(end, _)| *end <= call)",
        killed_by: test(
            "consistency",
            "isolation",
            "lists::an_end_and_a_call_at_one_position_are_concurrent",
        ),
        simulator: NO_TRANSACTIONS,
    },
    Mutant {
        name: "isolation-version-replaced-before-it-is-read",
        guard: "a version is replaced only when all its readers have started (Biswas and Enea 2019)",
        file: "crates/consistency/src/transactions/strong/search.rs",
        find: "others == u32::from(own)",
        replace: "others >= u32::from(own)",
        killed_by: test(
            "consistency",
            "isolation",
            "agreement::registers_agree_with_the_definition",
        ),
        simulator: NO_TRANSACTIONS,
    },
    Mutant {
        name: "isolation-writers-of-a-key-overlap",
        guard: "under snapshot isolation two writers of a key are never under way at once",
        file: "crates/consistency/src/transactions/strong/search.rs",
        find: "|| at(&self.under_way, *key) == NONE",
        replace: "|| at(&self.under_way, *key) <= NONE",
        killed_by: test(
            "consistency",
            "isolation",
            "agreement::lists_agree_with_the_definition",
        ),
        simulator: NO_TRANSACTIONS,
    },
    Mutant {
        name: "isolation-own-appends-seen-of-others",
        guard: "a read's own appends say nothing of others",
        file: "crates/consistency/src/transactions/strong/scan.rs",
        find: "None => self.outside(number, step, micro, length as u32),",
        replace: "None => self.outside(number, step, micro, list.len() as u32),",
        killed_by: test(
            "consistency",
            "isolation",
            "agreement::lists_agree_with_the_definition",
        ),
        simulator: NO_TRANSACTIONS,
    },
];
