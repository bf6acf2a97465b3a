//! Guards of the formats: what a file says, and how it is read in pieces.

use super::{Mutant, blind, test};

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "formats-reads-what-is-not-complete",
        guard: "an element is read for good only when its reader did not look past what is there",
        file: "crates/consistency/src/format/reader.rs",
        find: "if cursor.has_met_end() && !may_meet_end {",
        replace: "if false && !may_meet_end {",
        killed_by: test(
            "consistency",
            "formats",
            "streaming::a_fixture_cut_at_every_byte_reads_the_same",
        ),
        simulator: blind("it feeds checkers from memory, not from files"),
    },
    Mutant {
        name: "formats-info-is-taken-for-aborted",
        guard: "a transaction of which nobody knows is not taken for aborted",
        file: "crates/consistency/src/format/gather.rs",
        find: "EventKind::Info | EventKind::Invoke => Ending::Indeterminate,",
        replace: "EventKind::Info | EventKind::Invoke => Ending::Aborted,",
        killed_by: test(
            "consistency",
            "formats",
            "transactions::transactions_of_lists_and_registers_are_read_and_written_back",
        ),
        simulator: blind("it records no transactions"),
    },
    Mutant {
        name: "formats-initial-zero-is-a-value",
        guard: "zero is the initial value of the formats that say so",
        file: "crates/consistency/src/format/timeless.rs",
        find: "is_zero_initial: matches!(format, Format::Plume | Format::DbcopJson),",
        replace: "is_zero_initial: matches!(format, Format::Sessions),",
        killed_by: test(
            "consistency",
            "formats",
            "weak::plume_gathers_scattered_transactions_and_knows_zero",
        ),
        simulator: blind("it records no transactions"),
    },
    Mutant {
        name: "formats-key-of-two-kinds-unnoticed",
        guard: "a key is a list or a register, not both",
        file: "crates/consistency/src/transactions/history.rs",
        find: "&& *known.get_or_insert(shown) != shown",
        replace: "&& *known.insert(shown) != shown",
        killed_by: test(
            "consistency",
            "formats",
            "transactions::transactions_that_contradict_themselves_are_refused",
        ),
        simulator: blind("it records no transactions"),
    },
    Mutant {
        name: "formats-busy-process-unnoticed",
        guard: "a process has one open operation",
        file: "crates/consistency/src/history/builder.rs",
        find: "            && last.is_open\n",
        replace: "            && last.line == 0\n",
        killed_by: test(
            "consistency",
            "formats",
            "streaming::operations_built_while_reading_keep_the_rules_of_pairing",
        ),
        simulator: blind("its recorder refuses such a call first"),
    },
];
