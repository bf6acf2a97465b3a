//! Guards of `consistency`: the checks of distinct values that need no search.

use super::{Mutant, blind, test};

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "fast-forward-zones-may-overlap",
        guard: "two values whose forward zones overlap cannot be in one order (Gibbons and Korach 1997)",
        file: "crates/consistency/src/linearizable/fast/register.rs",
        find: "&& last_call > first_end",
        replace: "&& last_call == &u32::MAX && first_end == &0",
        killed_by: test(
            "consistency",
            "fast",
            "named::two_forward_zones_that_overlap_are_a_violation",
        ),
        simulator: blind("a checker that allows too much finds less, not more"),
    },
    Mutant {
        name: "fast-backward-zone-inside-a-forward-zone",
        guard: "no value comes and goes while another stays (Gibbons and Korach 1997)",
        file: "crates/consistency/src/linearizable/fast/register.rs",
        find: "if *end > cluster.first_end {",
        replace: "if false {",
        killed_by: test(
            "consistency",
            "fast",
            "named::a_backward_zone_inside_a_forward_zone_is_a_violation",
        ),
        simulator: blind("a checker that allows too much finds less, not more"),
    },
    Mutant {
        name: "fast-repeated-values-matched",
        guard: "values that are not distinct are left to the search",
        file: "crates/consistency/src/linearizable/fast/columns.rs",
        find: "Kind::Insert if seen.is_inserted =>",
        replace: "Kind::Insert if false =>",
        killed_by: test(
            "consistency",
            "fast",
            "named::values_that_are_not_distinct_are_left_to_the_search",
        ),
        simulator: blind("a checker that allows too much finds less, not more"),
    },
    Mutant {
        name: "fast-queue-overtaken",
        guard: "a value passes a queue only when nothing left must pass before",
        file: "crates/consistency/src/linearizable/fast/queue.rs",
        find: "if key >> 32 > bound >> 32 {",
        replace: "if false {",
        killed_by: test(
            "consistency",
            "fast",
            "named::a_queue_takes_in_the_order_of_puts",
        ),
        simulator: blind("a checker that allows too much finds less, not more"),
    },
    Mutant {
        name: "fast-stack-bottom-too-short",
        guard: "the bottom of a stretch stays until its end",
        file: "crates/consistency/src/linearizable/fast/stack.rs",
        find: "bottom.filter(|(d, _)| *d >= end_rank)",
        replace: "bottom.filter(|(d, _)| *d >= end_rank || true)",
        killed_by: test(
            "consistency",
            "fast",
            "named::a_stack_takes_the_last_put_first",
        ),
        simulator: blind("a checker that allows too much finds less, not more"),
    },
    Mutant {
        name: "fast-smaller-value-first",
        guard: "no value leaves a priority queue while a greater one is inside",
        file: "crates/consistency/src/linearizable/fast/priority_queue.rs",
        find: "if out > span.d {",
        replace: "if false {",
        killed_by: test(
            "consistency",
            "fast",
            "named::a_priority_queue_takes_the_greatest_that_is_surely_there",
        ),
        simulator: blind("a checker that allows too much finds less, not more"),
    },
    Mutant {
        name: "fast-empty-take-of-a-full-object",
        guard: "a take that finds nothing needs a moment with nothing inside",
        file: "crates/consistency/src/linearizable/fast/spans.rs",
        find: "if cut > row.end {",
        replace: "if false {",
        killed_by: test(
            "consistency",
            "fast",
            "named::a_take_that_finds_nothing_needs_a_moment_with_nothing_inside",
        ),
        simulator: blind("a checker that allows too much finds less, not more"),
    },
];
