//! The search for systems: each once, none left out that belongs into the front.

use super::{Mutant, blind, lib, test};

const BLIND: &str = "no campaign searches for quorum systems";
const COUNTED: &str = "as_many_systems_are_looked_at_as_there_are_read_once_families";
const FRONT: &str = "a_front_is_that_of_all_systems_one_by_one";

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "search-parts-in-any-order",
        guard: "a multiset of parts comes in one order only",
        file: "crates/cap-model/src/search/shapes.rs",
        find: "now.next.max(option.from).max(now.least)",
        replace: "now.next.max(option.from)",
        killed_by: test(
            "cap-model",
            "search",
            "of_equal_nodes_each_system_is_looked_at_once_up_to_their_names",
        ),
        simulator: blind(BLIND),
    },
    Mutant {
        name: "search-any-of-within-any-of",
        guard: "an any-of inside an any-of is the same any-of",
        file: "crates/cap-model/src/search/shapes.rs",
        find: "needed == 1 && has_any || needed == of && has_all",
        replace: "needed == of && has_all",
        killed_by: test("cap-model", "search", COUNTED),
        simulator: blind(BLIND),
    },
    Mutant {
        name: "search-bound-by-the-dearest-parts",
        guard: "a cheapest quorum is made of the cheapest parts (weak duality)",
        file: "crates/cap-model/src/search/bound.rs",
        find: "prices.iter().take(counts[side]).sum()",
        replace: "prices.iter().rev().take(counts[side]).sum()",
        killed_by: test("cap-model", "search", FRONT),
        simulator: blind(BLIND),
    },
    Mutant {
        name: "search-bound-above-what-failures-cost",
        guard: "tolerating f failures costs n / (n - f) times as much at least, not more",
        file: "crates/cap-model/src/search/walk.rs",
        find: "            nodes / (nodes - failures)",
        replace: "            nodes * (1.0 + failures)",
        killed_by: test("cap-model", "search", FRONT),
        simulator: blind(BLIND),
    },
    Mutant {
        name: "search-contacts-only-the-least-sets",
        guard: "with failures to tolerate, a larger set may answer sooner (quoracle 2.1.0 was wrong there)",
        file: "crates/cap-model/src/search/solve.rs",
        find: "if self.failures == 0 {",
        replace: "if true {",
        killed_by: lib(
            "cap-model",
            "search::solve::tests::no_set_is_worth_contacting_beside_the_contacts",
        ),
        simulator: blind(BLIND),
    },
    Mutant {
        name: "search-later-objectives-never-fall",
        guard: "a column is positive by its first figure; later ones may be negative",
        file: "crates/cap-model/src/search/program.rs",
        find: "*rise = self.cell(objective, column) / coefficient;",
        replace: "*rise = self.cell(objective, column).max(0.0) / coefficient;",
        killed_by: test("cap-model", "search", FRONT),
        simulator: blind(BLIND),
    },
    Mutant {
        name: "search-stopped-is-complete",
        guard: "a search that was stopped says so",
        file: "crates/cap-model/src/search/walk.rs",
        find: "self.is_complete &= ended.is_continue();",
        replace: "drop(ended);",
        killed_by: test(
            "cap-model",
            "search",
            "a_search_that_is_stopped_says_so_and_keeps_what_it_has",
        ),
        simulator: blind(BLIND),
    },
    Mutant {
        name: "search-absent-figures-are-worse",
        guard: "a figure that only one candidate has makes the two incomparable",
        file: "crates/cap-model/src/search/dominance.rs",
        find: "            _ => return false,",
        replace: "            _ => {}",
        killed_by: test(
            "cap-model",
            "search",
            "domination_is_a_strict_partial_order_and_the_front_is_its_top",
        ),
        simulator: blind(BLIND),
    },
];
