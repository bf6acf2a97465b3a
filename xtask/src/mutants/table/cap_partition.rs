//! The partition matrix: who is answered must follow from the links, and evidence must be least and true.

use super::{Mutant, blind, test};

const BLIND: &str = "no campaign asks for the matrix";

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "partition-votes-without-an-answer",
        guard: "an election needs a request and an answer: links both ways",
        file: "crates/cap-model/src/partition/rules.rs",
        find: "bit(node) & without == 0 && elect.holds(mutual & !without) && commit.holds(mutual)",
        replace: "bit(node) & without == 0 && elect.holds(links.out(node) & !without)",
        killed_by: test(
            "cap-model",
            "partition",
            "counts::five_nodes_on_quorums_and_with_a_leader",
        ),
        simulator: blind(BLIND),
    },
    Mutant {
        name: "partition-leader-never-steps-down",
        guard: "with check-quorum a leader without a quorum frees those that hear it (Howard and Abraham 2020)",
        file: "crates/cap-model/src/partition/rules.rs",
        find: "Election::CheckQuorum => able(0),",
        replace: "Election::CheckQuorum => at_once,",
        killed_by: test(
            "cap-model",
            "partition",
            "leaders::quorum_loss_a_star_around_a_follower",
        ),
        simulator: blind(BLIND),
    },
    Mutant {
        name: "partition-linearizable-across-sides",
        guard: "no linearizable answers on two sides (Gilbert and Lynch 2002, theorem 1)",
        file: "crates/cap-model/src/partition/attainable.rs",
        find: "_ if other & !side.bits() == 0 =>",
        replace: "_ if other & !side.bits() == 0 || availability != Availability::Total =>",
        killed_by: test(
            "cap-model",
            "partition",
            "rows::the_theorem_no_linearizable_row_where_another_side_takes_part",
        ),
        simulator: blind(BLIND),
    },
    Mutant {
        name: "partition-evidence-not-least",
        guard: "with any one of the missing nodes the rest would be enough",
        file: "crates/cap-model/src/partition/evidence.rs",
        find: "if !enough.holds(all & !fewer) {",
        replace: "if fewer == missing {",
        killed_by: test("cap-model", "partition", "rows::evidence_is_least_and_true"),
        simulator: blind(BLIND),
    },
    Mutant {
        name: "partition-class-counted-whole",
        guard: "a class has as many states as it has different images",
        file: "crates/cap-model/src/partition/count.rs",
        find: "orbit += u64::from(insert(&mut seen, table.image(state)));",
        replace: "insert(&mut seen, table.image(state)); orbit += 1;",
        killed_by: test(
            "cap-model",
            "partition",
            "counts::counts_are_those_of_the_rows_of_every_state",
        ),
        simulator: blind(BLIND),
    },
    Mutant {
        name: "partition-split-votes-for-free",
        guard: "a lost round costs a wait and three delays",
        file: "crates/cap-model/src/partition/leader_change.rs",
        find: "start_ms: start_ms + round as f64 * lost_ms,",
        replace: "start_ms,",
        killed_by: test(
            "cap-model",
            "partition",
            "leader_change::the_distribution_is_that_of_the_model_played_through",
        ),
        simulator: blind(BLIND),
    },
    Mutant {
        name: "quorum-zoneless-nodes-fail-with-zones",
        guard: "a node without a zone fails only by itself",
        file: "crates/quorum/src/zones.rs",
        find: "(place < zoned.count).then_some(1)",
        replace: "Some(1)",
        killed_by: test(
            "quorum",
            "behaviour",
            "zones::nodes_without_a_zone_do_not_fail_with_one_another",
        ),
        simulator: blind(BLIND),
    },
];
