//! `concord plan`: what is read from a file, what is told of it, and what is refused.

use super::{Mutant, blind, test};

const BLIND: &str = "no campaign reads a plan";

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "plan-guesses-what-a-node-does-not-say",
        guard: "what one node says of itself all must say",
        file: "crates/concord/src/plan/file/nodes.rs",
        find: "            Some((other, name)) => says_the_same(&fields, other, name)?,",
        replace: "            Some(_) => {}",
        killed_by: test("concord", "plan", "errors::what_one_node_says_all_must_say"),
        simulator: blind(BLIND),
    },
    Mutant {
        name: "plan-takes-disjoint-counts",
        guard: "quorums meet unless the candidate says that they need not",
        file: "crates/concord/src/plan/file/candidate/system.rs",
        find: "if kind != Kind::Partial && r + w <= n {",
        replace: "if false {",
        killed_by: test(
            "concord",
            "plan",
            "errors::quorums_that_do_not_meet_are_shown",
        ),
        simulator: blind(BLIND),
    },
    Mutant {
        name: "plan-leader-commits-without-an-election",
        guard: "a leader that fails is replaced by an election, which needs a read quorum",
        file: "crates/concord/src/plan/failure.rs",
        find: "Expression::all([reads, writes])?",
        replace: "writes",
        killed_by: test(
            "concord",
            "plan",
            "figures::a_leader_needs_an_election_quorum_and_a_write_quorum",
        ),
        simulator: blind(BLIND),
    },
    Mutant {
        name: "plan-infeasible-candidate-is-an-error",
        guard: "limits that one candidate cannot keep are an answer",
        file: "crates/concord/src/plan/run.rs",
        find: "            None => return Ok(()),",
        replace: "            None => {}",
        killed_by: test(
            "concord",
            "plan",
            "figures::one_candidate_that_cannot_keep_a_limit_does_not_silence_the_others",
        ),
        simulator: blind(BLIND),
    },
    Mutant {
        name: "plan-stale-candidate-dominates",
        guard: "a candidate whose reads can miss writes dominates none whose reads cannot",
        file: "crates/concord/src/plan/compare.rs",
        find: "Some(f64::from(u8::from(candidate.system.is_some()))),",
        replace: "Some(1.0),",
        killed_by: test(
            "concord",
            "plan",
            "figures::reads_that_can_miss_writes_dominate_none_that_cannot",
        ),
        simulator: blind(BLIND),
    },
    Mutant {
        name: "plan-takes-what-is-not-a-number",
        guard: "a number is in its range, and what is not a number is in none",
        file: "crates/concord/src/plan/file/source.rs",
        find: "let number = number.filter(|number| range.contains(number));",
        replace: "let number = number.filter(|number| *number <= *range.end() || number.is_nan());",
        killed_by: test(
            "concord",
            "plan",
            "errors::numbers_out_of_range_or_of_the_wrong_type_are_refused",
        ),
        simulator: blind(BLIND),
    },
];
