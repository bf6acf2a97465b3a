//! Guards of the page of `concord plan --report`.

use super::{Mutant, blind, test};

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "plan-name-ends-the-script",
        guard: "no name in a plan can end the script element of the page",
        file: "crates/concord/src/plan/page/html.rs",
        find: r#".replace('<', "\\u003c")"#,
        replace: r#".replace('\0', "\\u0000")"#,
        killed_by: test(
            "concord",
            "plan_page",
            "names_stay_text_and_what_is_absent_says_why",
        ),
        simulator: blind("it writes no page"),
    },
    Mutant {
        name: "plan-title-becomes-markup",
        guard: "the name of a plan is text in the page",
        file: "crates/concord/src/plan/page/html.rs",
        find: r#".replace('<', "&lt;")"#,
        replace: r#".replace('\0', "&lt;")"#,
        killed_by: test(
            "concord",
            "plan_page",
            "names_stay_text_and_what_is_absent_says_why",
        ),
        simulator: blind("it writes no page"),
    },
    Mutant {
        name: "plan-page-may-fetch",
        guard: "the page of a plan is self-contained, and its policy forbids it to fetch anything",
        file: "crates/concord/src/plan/page/html.rs",
        find: "default-src 'none'; style-src",
        replace: "default-src *; style-src",
        killed_by: test(
            "concord",
            "plan_page",
            "the_page_of_a_plan_asks_the_network_for_nothing",
        ),
        simulator: blind("it writes no page"),
    },
];
