//! Guards of the expressions of `quorum`: what they mean, which pairs meet, and what is refused.

use super::{Mutant, blind, test};

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "expression-dual-keeps-thresholds",
        guard: "quorums of the dual meet every quorum: k of n becomes n - k + 1 of n",
        file: "crates/quorum/src/formula.rs",
        find: "needed: of - needed + 1,",
        replace: "needed: needed.min(of),",
        killed_by: test(
            "quorum",
            "behaviour",
            "expression::a_set_is_a_quorum_of_the_dual_exactly_if_its_complement_is_none",
        ),
        simulator: blind("its clusters are made with weights"),
    },
    Mutant {
        name: "expression-pair-not-checked",
        guard: "every read quorum meets every write quorum (Gifford 1979)",
        file: "crates/quorum/src/pair.rs",
        find: "&& let Some(read) = apart(&left, &right)?",
        replace: "&& let Some(read) = apart(&left, &right)?.filter(|_| false)",
        killed_by: test(
            "quorum",
            "behaviour",
            "expression::a_pair_is_a_system_exactly_if_every_read_quorum_meets_every_write_quorum",
        ),
        simulator: blind("its clusters are made with weights"),
    },
    Mutant {
        name: "expression-halves-outnumber",
        guard: "two choices of parts have one in common only if they are more than there are parts",
        file: "crates/quorum/src/meet.rs",
        find: "u32::from(*one) + u32::from(*needed) > u32::from(*of)",
        replace: "u32::from(*one) + u32::from(*needed) >= u32::from(*of)",
        killed_by: test(
            "quorum",
            "behaviour",
            "expression::a_pair_is_a_system_exactly_if_every_read_quorum_meets_every_write_quorum",
        ),
        simulator: blind("its clusters are made with weights"),
    },
    Mutant {
        name: "expression-pays-for-a-node-twice",
        guard: "parts are priced one by one only where they share no node",
        file: "crates/quorum/src/formula.rs",
        find: "is_separable &= needed == 1 || !all.meets(part);",
        replace: "is_separable &= needed >= 1 || !all.meets(part);",
        killed_by: test(
            "quorum",
            "behaviour",
            "expression::the_cheapest_quorum_is_the_one_found_by_trying_every_set",
        ),
        simulator: blind("its clusters are made with weights"),
    },
    Mutant {
        name: "expression-lists-larger-quorums",
        guard: "a minimal quorum has no other inside",
        file: "crates/quorum/src/expression/minimal.rs",
        find: "if !kept.iter().any(|smaller| smaller.is_within(set)) {",
        replace: "if !kept.iter().any(|smaller| smaller == set) {",
        killed_by: test(
            "quorum",
            "behaviour",
            "expression::minimal_quorums_are_the_quorums_without_another_inside",
        ),
        simulator: blind("its clusters are made with weights"),
    },
    Mutant {
        name: "expression-parentheses-without-end",
        guard: "what waits to be closed is bounded",
        file: "crates/quorum/src/expression/parse.rs",
        find: "if depth > EXPRESSION_DEPTH_MAX {",
        replace: "if depth > usize::MAX - 1 {",
        killed_by: test(
            "quorum",
            "behaviour",
            "text::depth_is_bounded_and_nothing_recurses",
        ),
        simulator: blind("it reads no expressions"),
    },
    Mutant {
        name: "expression-spares-one-part-too-few",
        guard: "a gate fails when more parts do than it can spare",
        file: "crates/quorum/src/frontier.rs",
        find: "(true, 0..=1, _) | (false, _, 0) => {}",
        replace: "(true, 0..=1, _) | (false, _, 0..=1) => {}",
        killed_by: test(
            "quorum",
            "behaviour",
            "availability::unavailability_is_the_sum_over_the_sets_that_are_no_quorum",
        ),
        simulator: blind("it fails nodes one by one, with no probabilities"),
    },
    Mutant {
        name: "expression-not-a-number-is-a-probability",
        guard: "a probability lies between 0 and 1, and is a number",
        file: "crates/quorum/src/availability.rs",
        find: "if !(0.0..=1.0).contains(&failure) {",
        replace: "if failure < 0.0 || failure > 1.0 {",
        killed_by: test(
            "quorum",
            "behaviour",
            "availability::what_is_no_probability_is_refused",
        ),
        simulator: blind("it fails nodes one by one, with no probabilities"),
    },
    Mutant {
        name: "expression-survives-what-it-does-not",
        guard: "to survive more failures takes more parts than are needed",
        file: "crates/quorum/src/expression/surviving.rs",
        find: "gate(needed - 1 + number, able.collect())",
        replace: "gate(needed - 1 + number.min(&1), able.collect())",
        killed_by: test(
            "quorum",
            "behaviour",
            "expression::surviving_sets_are_quorums_after_any_so_many_failures",
        ),
        simulator: blind("its clusters are made with weights"),
    },
];
