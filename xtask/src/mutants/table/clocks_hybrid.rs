//! Guards of the hybrid and the interval tree clock: order, drift, the persisted bound, disjoint ids.

use super::{Mutant, blind, test};

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "hlc-receipt-not-above-the-message",
        guard: "a receipt is stamped above the message (Kulkarni et al. 2014, figure 5)",
        file: "crates/clocks/src/hlc.rs",
        find: "let latest = if remote > self.last {",
        replace: "let latest = if false {",
        killed_by: test(
            "clocks",
            "hlc",
            "a_stamp_is_above_both_inputs_and_not_below_now_or_nothing_changes",
        ),
        simulator: blind("no protocol of the campaign uses it"),
    },
    Mutant {
        name: "hlc-drift-unchecked",
        guard: "a stamp from too far ahead is refused before it moves the clock",
        file: "crates/clocks/src/hlc/drift.rs",
        find: "_ if remote <= bound => Ok(remote),",
        replace: "_ if remote <= HlcStamp::MAX => Ok(remote),",
        killed_by: test(
            "clocks",
            "hlc_bugs",
            "a_bound_of_0_refuses_a_stamp_from_a_year_ahead",
        ),
        simulator: blind("no protocol of the campaign uses it"),
    },
    Mutant {
        name: "hlc-clamped-below-own-last",
        guard: "a clamped receipt is above the own last stamp",
        file: "crates/clocks/src/hlc.rs",
        find: "self.policy.admit(now_ms, remote)?.max(self.last)",
        replace: "self.policy.admit(now_ms, remote)?",
        killed_by: test(
            "clocks",
            "hlc",
            "a_stamp_is_above_both_inputs_and_not_below_now_or_nothing_changes",
        ),
        simulator: blind("no protocol of the campaign uses it"),
    },
    Mutant {
        name: "hlc-issues-beyond-the-reserve",
        guard: "no stamp is above the bound that was persisted",
        file: "crates/clocks/src/hlc.rs",
        find: "if stamp > reserved {",
        replace: "if false {",
        killed_by: test(
            "clocks",
            "hlc",
            "no_stamp_is_above_the_reserved_bound_also_across_restarts",
        ),
        simulator: blind("no protocol of the campaign uses it"),
    },
    Mutant {
        name: "hlc-restores-from-any-future",
        guard: "a persisted bound from too far ahead is refused (yugabyte #10628)",
        file: "crates/clocks/src/hlc.rs",
        find: "if ahead_ms > ahead_max_ms {",
        replace: "if false {",
        killed_by: test(
            "clocks",
            "hlc_bugs",
            "a_persisted_time_from_too_far_ahead_is_refused_when_restored",
        ),
        simulator: blind("no protocol of the campaign uses it"),
    },
    Mutant {
        name: "itc-overlapping-ids-joined",
        guard: "the sum of ids is defined for disjoint ones (Almeida et al. 2008, section 5.3)",
        file: "crates/clocks/src/itc/id.rs",
        find: "if is_shared {",
        replace: "if false {",
        killed_by: test(
            "clocks",
            "itc",
            "every_small_pair_of_ids_is_summed_as_the_paper_defines_or_refused",
        ),
        simulator: blind("no protocol of the campaign uses it"),
    },
    Mutant {
        name: "itc-grows-where-it-could-fill",
        guard: "an event simplifies the tree if it can (Almeida et al. 2008, section 5.3)",
        file: "crates/clocks/src/itc/inflate.rs",
        find: "best.filter(|_| is_filled)",
        replace: "best",
        killed_by: test("clocks", "itc", "the_papers_worked_example"),
        simulator: blind("no protocol of the campaign uses it"),
    },
    Mutant {
        name: "itc-decodes-any-depth",
        guard: "decoding is bounded in depth",
        file: "crates/clocks/src/wire/itc.rs",
        find: "if depth >= DEPTH_MAX {",
        replace: "if false {",
        killed_by: test(
            "clocks",
            "itc",
            "hostile::a_tree_deeper_than_allowed_is_refused_and_one_as_deep_is_not",
        ),
        simulator: blind("no protocol of the campaign uses it"),
    },
];
