//! Strategies: an optimum must be one, and its proof must prove it.

use super::{Mutant, blind, test};

const BLIND: &str = "no campaign asks for strategies";

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "strategy-latency-of-survivors-alone",
        guard: "with failures to survive, those that answer in time are a quorum (a peer was wrong up to 3x)",
        file: "crates/cap-model/src/strategy/oracle.rs",
        find: "let quorums = if is_last {",
        replace: "let quorums = if is_last || failures > 0 {",
        killed_by: test(
            "cap-model",
            "strategy",
            "latencies_of_five_nodes_that_survive_a_failure",
        ),
        simulator: blind(BLIND),
    },
    Mutant {
        name: "strategy-excess-priced-without-limit",
        guard: "an excess costs one, and a limit without an excess as much as it takes",
        file: "crates/cap-model/src/strategy/restricted.rs",
        find: "let has_excess = self.excess.iter().any(|(it, _)| *it == metric);",
        replace: "let has_excess = true;",
        killed_by: test(
            "cap-model",
            "strategy",
            "a_limit_without_excess_may_cost_more_than_one",
        ),
        simulator: blind(BLIND),
    },
    Mutant {
        name: "strategy-dear-prices-believed",
        guard: "the prices of a read fraction add up to no more than its load counts",
        file: "crates/cap-model/src/strategy/verify.rs",
        find: "if sum > most * (1.0 + TOLERANCE) {",
        replace: "if false {",
        killed_by: test("cap-model", "strategy", "a_proof_that_is_none_is_caught"),
        simulator: blind(BLIND),
    },
    Mutant {
        name: "strategy-room-not-taken-off",
        guard: "what a limit is worth is taken off the bound",
        file: "crates/cap-model/src/strategy/verify.rs",
        find: "bound -= price * limit.unwrap_or(0.0);",
        replace: "bound -= 0.0 * price * limit.unwrap_or(0.0);",
        killed_by: test("cap-model", "strategy", "a_proof_that_is_none_is_caught"),
        simulator: blind(BLIND),
    },
    Mutant {
        name: "strategy-fraction-sum-rounded-up",
        guard: "a price that does not fit is too low, so that the proof stays true",
        file: "crates/cap-model/src/strategy/fraction.rs",
        find: "self.add(other).unwrap_or_else(|| self.max(other))",
        replace: "self.add(other).unwrap_or(Self { numerator: i128::MAX, denominator: 1 })",
        killed_by: test(
            "cap-model",
            "strategy",
            "a_price_that_does_not_fit_is_never_too_high",
        ),
        simulator: blind(BLIND),
    },
];
