//! CAP and PACELC, derived: no claim without a witness, and no witness that was looked at only once.

use super::{Mutant, blind, test};

const BLIND: &str = "no campaign derives claims";

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "pacelc-control-ignored",
        guard: "nothing is confirmed while a control is not clear",
        file: "crates/cap-model/src/pacelc.rs",
        find: "let is_refuted = |finding: &crate::Finding<S::Model>| !finding.is_clear();",
        replace: "let is_refuted = |_: &crate::Finding<S::Model>| false;",
        killed_by: test(
            "cap-model",
            "pacelc",
            "nothing_is_confirmed_while_a_control_is_not_clear",
        ),
        simulator: blind(BLIND),
    },
    Mutant {
        name: "pacelc-history-not-judged-again",
        guard: "a broken history is judged once more",
        file: "crates/cap-model/src/pacelc/confirm.rs",
        find: "matches!(verdict, Verdict::Violated(_))",
        replace: "matches!(verdict, Verdict::Violated(_) | Verdict::Holds(_))",
        killed_by: test(
            "cap-model",
            "pacelc",
            "a_checker_that_changes_its_mind_is_noticed_whenever_it_does",
        ),
        simulator: blind(BLIND),
    },
    Mutant {
        name: "pacelc-pair-not-repeated",
        guard: "a broken pair happens again on a second cluster",
        file: "crates/cap-model/src/pacelc/confirm.rs",
        find: "Ok((!is_repeated).then_some(Doubt::NotRepeated))",
        replace: "Ok((!is_repeated && false).then_some(Doubt::NotRepeated))",
        killed_by: test(
            "cap-model",
            "pacelc",
            "a_sound_subject_has_no_doubts_and_each_fault_has_its_own",
        ),
        simulator: blind(BLIND),
    },
    Mutant {
        name: "pacelc-silence-not-waited-out",
        guard: "a silence is repeated with twice the horizon",
        file: "crates/cap-model/src/pacelc/confirm.rs",
        find: "horizon_ns: settings.horizon_ns.saturating_mul(2),",
        replace: "horizon_ns: settings.horizon_ns,",
        killed_by: test(
            "cap-model",
            "pacelc",
            "a_silence_that_ends_after_the_horizon_is_not_confirmed",
        ),
        simulator: blind(BLIND),
    },
    Mutant {
        name: "pacelc-slope-from-one-delay",
        guard: "a slope needs two delays: a timer is no link (Kleppmann 2015)",
        file: "crates/cap-model/src/pacelc/delay.rs",
        find: "let rise = i128::from(last.1) - i128::from(first.1);",
        replace: "let rise = i128::from(last.1);",
        killed_by: test(
            "cap-model",
            "pacelc",
            "a_timer_is_told_from_a_link_by_its_slope",
        ),
        simulator: blind(BLIND),
    },
    Mutant {
        name: "pacelc-lower-bound-ignored",
        guard: "two operations below the bound of Lipton and Sandberg are not believed",
        file: "crates/cap-model/src/pacelc/delay.rs",
        find: "is_broken || update.greatest.value() + observe.greatest.value() >= 1.0",
        replace: "is_broken || update.greatest.value() + observe.greatest.value() >= 0.0",
        killed_by: test(
            "cap-model",
            "pacelc",
            "a_sound_subject_has_no_doubts_and_each_fault_has_its_own",
        ),
        simulator: blind(BLIND),
    },
    Mutant {
        name: "pacelc-everybody-pays",
        guard: "only an operation that both sides answered pays for a broken pair",
        file: "crates/cap-model/src/pacelc/partition.rs",
        find: "let update_pays = answers.updates.contains_key(&observe_at);",
        replace: "let update_pays = true;",
        killed_by: test(
            "cap-model",
            "pacelc",
            "the_operation_that_both_sides_answer_pays_for_a_broken_pair",
        ),
        simulator: blind(BLIND),
    },
];
