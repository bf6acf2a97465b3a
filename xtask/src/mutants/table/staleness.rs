//! Staleness: what is solved must be the model, and what is sampled must be honest about it.

use super::{Mutant, blind, lib, test};

const BLIND: &str = "no campaign asks for staleness";

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "staleness-answer-drawn-from-write",
        guard: "S is drawn from S (pbs-predictor draws W again)",
        file: "crates/cap-model/src/staleness/sampler.rs",
        find: "let s = self.delay(from[3], second as u32);",
        replace: "let s = self.delay(from[0], second as u32);",
        killed_by: test(
            "cap-model",
            "staleness_sampled",
            "the_answer_takes_the_time_of_answers_and_not_that_of_writes",
        ),
        simulator: blind(BLIND),
    },
    Mutant {
        name: "staleness-moments-not-sorted-with-answers",
        guard: "the first R answers decide, each with its own replica",
        file: "crates/cap-model/src/staleness/sampler.rs",
        find: "self.stale_until[i] = if is_ordered { x } else { y };",
        replace: "self.stale_until[i] = x;",
        killed_by: test(
            "cap-model",
            "staleness_sampled",
            "what_is_solved_is_what_is_sampled_for_the_published_fits",
        ),
        simulator: blind(BLIND),
    },
    Mutant {
        name: "staleness-return-of-any-acknowledgement",
        guard: "the write returns with the W-th acknowledgement",
        file: "crates/cap-model/src/staleness/exact.rs",
        find: "* whole_power(1.0 - survival, w - 1)",
        replace: "* whole_power(1.0 - survival, 0)",
        killed_by: test(
            "cap-model",
            "staleness",
            "consistency_is_that_of_ten_million_trials",
        ),
        simulator: blind(BLIND),
    },
    Mutant {
        name: "staleness-quorum-counted-as-all",
        guard: "whom a read asks is an option (pbs-predictor mixes two models)",
        file: "crates/cap-model/src/staleness/exact.rs",
        find: "exact.factor /= choose(n, r);",
        replace: "exact.factor /= 1.0;",
        killed_by: test(
            "cap-model",
            "staleness",
            "atoms_in_both_delays_of_a_trip_are_refused_and_in_one_are_solved",
        ),
        simulator: blind(BLIND),
    },
    Mutant {
        name: "staleness-bend-not-cut",
        guard: "no piece is integrated across a breakpoint",
        file: "crates/cap-model/src/staleness/measure.rs",
        find: "        add(self.at);",
        replace: "        add(low);",
        killed_by: lib(
            "cap-model",
            "staleness::exact::tests::a_finer_resolution_changes_nothing_beyond_the_bound",
        ),
        simulator: blind(BLIND),
    },
    Mutant {
        name: "staleness-tail-from-a-cubic",
        guard: "a cell that is no cubic is divided or solved",
        file: "crates/cap-model/src/staleness/table.rs",
        find: "(found - tail(place as f64 + part)).abs() <= ERROR_MAX",
        replace: "(found - tail(place as f64 + part)).abs() <= 1.0",
        killed_by: lib(
            "cap-model",
            "staleness::table::tests::a_table_follows_its_distribution_within_two_to_the_minus_20",
        ),
        simulator: blind(BLIND),
    },
    Mutant {
        name: "staleness-yammer-as-printed",
        guard: "Yammer's exponent is 3.5, as the paper's simulator has it",
        file: "crates/cap-model/src/staleness/published.rs",
        find: "tailed((0.061, 0.0028), (3.0, 3.5))",
        replace: "tailed((0.061, 0.0028), (3.0, 3.35))",
        killed_by: test(
            "cap-model",
            "staleness",
            "consistency_is_that_of_ten_million_trials",
        ),
        simulator: blind(BLIND),
    },
    Mutant {
        name: "staleness-quantile-of-too-few",
        guard: "no quantile beyond what the trials bound (pbs-predictor indexes past its end)",
        file: "crates/cap-model/src/staleness/estimate.rs",
        find: "if rest.is_nan() || rest < 10.0 {",
        replace: "if rest.is_nan() {",
        killed_by: test(
            "cap-model",
            "staleness_sampled",
            "the_last_percentile_is_refused_and_does_not_panic",
        ),
        simulator: blind(BLIND),
    },
    Mutant {
        name: "staleness-repair-without-a-way",
        guard: "what a read pushes takes the delay of a write",
        file: "crates/cap-model/src/staleness/sampler/repair.rs",
        find: "*arrival = arrival.min(time + delay);",
        replace: "*arrival = arrival.min(time + 0.0 * delay);",
        killed_by: test(
            "cap-model",
            "staleness_sampled",
            "repair_is_as_quick_as_its_closed_form",
        ),
        simulator: blind(BLIND),
    },
    Mutant {
        name: "staleness-repair-solved-without-it",
        guard: "replicas that are repaired are not solved as if they were not",
        file: "crates/cap-model/src/staleness/summary.rs",
        find: "if plan.repair.is_some_and(repairs) && !pair.intersect() {",
        replace: "if plan.repair.is_some_and(repairs) && pair.intersect() {",
        killed_by: test(
            "cap-model",
            "staleness_summary",
            "what_is_repaired_is_sampled",
        ),
        simulator: blind(BLIND),
    },
    Mutant {
        name: "staleness-narrow-peak-integrated",
        guard: "a peak that could lie between all points of an integral is refused",
        file: "crates/cap-model/src/staleness/exact.rs",
        find: "if peaks.any(|peak| peak.is_too_narrow()) {",
        replace: "if peaks.any(|peak| peak.is_too_narrow() && false) {",
        killed_by: test(
            "cap-model",
            "staleness",
            "a_narrow_peak_is_refused_and_never_missed",
        ),
        simulator: blind(BLIND),
    },
];
