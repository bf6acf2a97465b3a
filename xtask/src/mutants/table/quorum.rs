//! Guards of `quorum`: read and write quorums meet, and a quorum is no smaller than it was made.

use super::{Mutant, blind, finds, lib, test};

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "half-the-weight-is-a-quorum",
        guard: "a majority is more than half (Thomas 1979)",
        file: "crates/quorum/src/system.rs",
        find: "let threshold = total / 2 + 1;",
        replace: "let threshold = total.div_ceil(2);",
        killed_by: test(
            "quorum",
            "behaviour",
            "laws::a_majority_is_more_than_half_and_no_more",
        ),
        simulator: blind("such a system is refused when made, or still the majority"),
    },
    Mutant {
        name: "disjoint-quorums-accepted",
        guard: "every read quorum meets every write quorum (Gifford 1979)",
        file: "crates/quorum/src/system.rs",
        find: "if let Some(chosen) = disjoint(&members, total, read_weight, write_weight) {",
        replace: "if let Some(chosen) = disjoint(&members, total, read_weight, write_weight).filter(|_| false) {",
        killed_by: test(
            "quorum",
            "behaviour",
            "exhaustive::a_system_is_built_exactly_if_every_read_quorum_meets_every_write_quorum",
        ),
        simulator: blind("its clusters are made with systems that intersect"),
    },
    Mutant {
        name: "member-weighed-twice",
        guard: "a set of members holds each of them once",
        file: "crates/quorum/src/disjoint.rs",
        find: "for word in (words..self.reached.len()).rev() {",
        replace: "for word in words..self.reached.len() {",
        killed_by: lib(
            "quorum",
            "disjoint::tests::the_sums_across_words_are_those_of_the_recurrence",
        ),
        simulator: blind("its clusters have few light members"),
    },
    Mutant {
        name: "watermark-one-member-short",
        guard: "the watermark is a value that a write quorum has reached",
        file: "crates/quorum/src/system.rs",
        find: "if weight >= write_weight {",
        replace: "if weight + 1 >= write_weight {",
        killed_by: test(
            "quorum",
            "behaviour",
            "laws::the_watermark_is_the_greatest_value_that_a_write_quorum_has_reached",
        ),
        simulator: finds("raft", 2_000),
    },
];
