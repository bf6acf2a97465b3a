//! Guards of the reports of `consistency`, and of `concord check`.

use super::{Mutant, blind, test};

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "report-value-ends-the-script",
        guard: "no value in a history can end the script element of the page",
        file: "crates/consistency/src/report/data.rs",
        find: r#"out.replace('<', "\\u003c")"#,
        replace: r#"out.replace('\0', "\\u0000")"#,
        killed_by: test(
            "consistency",
            "report",
            "no_value_ends_the_script_or_becomes_markup",
        ),
        simulator: blind("it writes no page"),
    },
    Mutant {
        name: "report-evidence-not-marked",
        guard: "the picture marks the operations of the evidence as such",
        file: "crates/consistency/src/report/data.rs",
        find: "Mark::Core(letter) => (1, letter.as_str()),",
        replace: "Mark::Core(letter) => (2, letter.as_str()),",
        killed_by: test("consistency", "report", "a_page_marks_exactly_the_core"),
        simulator: blind("it writes no page"),
    },
    Mutant {
        name: "check-unknown-is-success",
        guard: "unknown is never success",
        file: "crates/concord/src/exit.rs",
        find: "Ending::Unknown => 3,",
        replace: "Ending::Unknown => 0,",
        killed_by: test("concord", "check", "unknown_is_not_success"),
        simulator: blind("it reads the verdict, and not the exit code"),
    },
    Mutant {
        name: "check-unusable-file-forgotten",
        guard: "a file that cannot be used ends in exit code 2, whatever the others say",
        file: "crates/concord/src/check.rs",
        find: "if unusable > 0 {",
        replace: "if unusable > rows.len() {",
        killed_by: test(
            "concord",
            "check",
            "a_file_that_cannot_be_used_does_not_hide_the_others",
        ),
        simulator: blind("it reads no history"),
    },
];
