//! Each anomaly by its smallest history, by name.

use consistency::transactions::{check, verify};
use consistency::{Consistency, Judgement, Limits, OperationId};

use crate::definition::{WEAK, history, holds, txns};

/// The anomaly's name at each level, weakest first; `-` where the history holds.
fn names(text: &str) -> [String; 3] {
    let txns = txns(text);
    let history = history(&txns);
    WEAK.map(|level| {
        let judgement = check(&history, level, &Limits::default(), &mut || true);
        assert_eq!(judgement.holds(), holds(&txns, level), "{text} {level}");
        match judgement {
            Judgement::Holds(_) => "-".to_owned(),
            Judgement::Violated(anomaly) => {
                assert!(anomaly.is_minimal, "{text} {level}: {anomaly:?}");
                anomaly.rule.name.to_owned()
            }
            other => panic!("{text}: {other:?}"),
        }
    })
}

#[track_caller]
fn all(text: &str, name: &str) {
    assert_eq!(names(text), [name; 3], "{text}");
}

// Adya 1999, section 4.2: the phenomena of read committed.
#[test]
fn what_no_order_could_mend_is_named_at_every_level() {
    all("0! wx1 | 1 rx1", "G1a");
    all("0 wx1 wx2 | 1 rx1", "G1b");
    all("0 wx1 ry2 | 1 wy2 rx1", "G1c");
    all("0 rx1", "thin-air-read");
    all("0 rx1 wx1", "future-read");
    all("0 wx1 rx0", "internal");
    all("0 wx1 | 1 wx2 rx1", "internal");
    all("0 wx1 | 0 ry1 | 1 rx1 wy1", "-");
    all("0 ry1 | 0 wx1 | 1 rx1 wy1", "G1c-session");
}

#[test]
fn lists_are_torn_lost_repeated_or_contradict_each_other() {
    all("0! ax1 | 1 lx1", "G1a");
    all("0! ax1 | 2 ax2 | 1 lx12", "G1a");
    all("0 ax1 ax2 | 1 lx1", "G1b");
    all("0 lx1", "thin-air-read");
    all("0 ax1 | 1 lx21", "thin-air-read");
    all("0 ax1 lx", "internal");
    all("0 ax1 | 1 ax2 lx21", "internal");
    all("0 ax1 | 1 lx11", "duplicate-elements");
    all("0 ax1 | 1 ax2 | 2 lx12 | 3 lx21", "incompatible-order");
    all("0 ax1 ax2 | 1 lx21", "G1b");
    all("0 ax1 ax2 ax3 | 1 lx213", "incompatible-order");
    all("0 ax1 ax2 | 1 ax3 | 2 lx132", "G0");
    all("0 ax1 ay1 | 1 ax2 ay2 | 2 lx12 | 3 ly21", "G0");
    // The order of versions closes the circle.
    all("0 ax1 | 0 ax2 | 1 lx21", "G0-session");
    // A list loses nothing: 2 comes after 1, and its session goes on to be read by the writer of 1.
    all("0 ax2 | 0 wy1 | 1 ry1 ax1 | 2 lx1", "G1c-session");
}

// Biswas and Enea 2019, figure 2, and Bailis and others 2014, section 3.
#[test]
fn the_axioms_of_the_three_models_are_told_apart() {
    // Seen in one read, not in the next: even read committed forbids it.
    assert_eq!(names("0 wx1 wy1 | 1 rx1 ry0"), ["fractured-read"; 3]);
    assert_eq!(
        names("0 wx1 wy1 | 1 ry0 rx1"),
        ["-", "fractured-read", "fractured-read"]
    );
    assert_eq!(
        names("0 wx1 | 1 rx0 rx1"),
        ["-", "non-repeatable-read", "non-repeatable-read"]
    );
    assert_eq!(names("0 wx1 | 1 rx1 rx0"), ["non-monotonic-read"; 3]);
    assert_eq!(
        names("0 wx1 | 0 rx0"),
        ["-", "stale-session-read", "stale-session-read"]
    );
    assert_eq!(
        names("0 wx1 | 1 rx1 wy1 | 2 ry1 rx0"),
        ["-", "-", "causal-violation"]
    );
    assert_eq!(
        names("0 wx1 | 0 wx2 | 1 rx2 | 1 rx1"),
        ["-", "-", "causal-violation"]
    );
    // Two sessions see two concurrent writes in opposite orders.
    assert_eq!(
        names("0 wx1 | 1 wx2 | 2 rx1 | 2 rx2 | 3 rx2 | 3 rx1"),
        ["-", "-", "commit-order-cycle"]
    );
}

#[test]
fn an_indeterminate_transaction_counts_when_it_was_seen() {
    all("0? wx1 | 1 rx1", "-");
    all("0? wx1 | 1 rx0", "-");
    // Seen in part only.
    assert_eq!(
        names("0? wx1 wy1 | 1 ry0 rx1"),
        ["-", "fractured-read", "fractured-read"]
    );
    // It follows its session, and nothing of its session follows it.
    assert_eq!(
        names("0 wx1 | 0? wy1 | 1 ry1 rx0"),
        ["-", "-", "causal-violation"]
    );
    all("0? wy1 | 0 wx1 | 1 rx1 ry0 | 1 ry1", "-");
    // A list that was read ends before what nobody saw.
    all("0? ax1 | 1 lx", "-");
    all("0? ax1 ax2 | 1 lx12", "-");
}

#[test]
fn a_repeated_value_is_not_checkable_where_it_was_read() {
    for (text, is_asked) in [
        ("0 wx1 | 1 wx1 | 2 rx1", true),
        ("0 wx1 | 1? wx1 | 2 rx1", true),
        ("0 wx1 | 1 wx1 | 2 rx0", false),
        ("0 wx1 | 1! wx1 | 2 rx1", false),
        ("0! wx1 | 1 wx1 | 2 rx1", false),
        ("0 ax1 ax1 | 1 lx11", true),
        ("0 wx1 | 1 lx", true),
    ] {
        let history = history(&txns(text));
        for level in WEAK {
            let judgement = check(&history, level, &Limits::default(), &mut || true);
            assert_eq!(
                matches!(judgement, Judgement::NotCheckable(_)),
                is_asked,
                "{text}: {judgement:?}"
            );
        }
    }
}

// Nobody read the element, so nobody need know whose it is: both appends come after the list that was read.
#[test]
fn an_unread_element_appended_twice_comes_after_the_list_from_both() {
    all("0 ax2 | 1 ax2 | 1 ax1 | 2 lx1", "G0-session");
    all("1 ax2 | 1 ax1 | 0 ax2 | 2 lx1", "G0-session");
    all("0? ax2 | 1 ax2 | 1 ax1 | 2 lx1", "G0-session");
    all("0 ax2 | 1 ax1 | 1 ax2 | 2 lx1", "-");
}

// The verifier agrees with every witness of such histories.
#[test]
fn what_is_appended_twice_and_not_read_has_a_witness_that_verifies() {
    let history = history(&txns("0 ax2 | 1? ax2 ay1 | 3 ax1 | 2 lx1 | 2 ly1"));
    for level in WEAK {
        let judgement = check(&history, level, &Limits::default(), &mut || true);
        let Judgement::Holds(order) = judgement else {
            panic!("{level}: {judgement:?}");
        };
        assert_eq!(verify(&history, level, &order), Ok(()), "{level}");
    }
}

#[test]
fn never_written_is_said_of_an_empty_list_too() {
    all("0 ax1 | 1 rx0", "-");
    all("0 ax1 rx0", "internal");
    all("0 lx | 1 rx0 | 1 rx0", "-");
    all("0 ax1 ay1 | 1 ly1 rx0", "fractured-read");
}

// Neither append ever was, so it does not matter that there are two.
#[test]
fn what_an_aborted_transaction_appended_twice_is_an_aborted_read() {
    all("0! ax1 ax1 | 1 lx1", "G1a");
    all("0! ax1 ax1 | 1 lx11", "G1a");
}

#[test]
fn a_violation_is_cut_down_to_what_it_takes_and_says_why() {
    let text = "3 wz1 | 0 wx1 | 4 rz1 | 1 rx1 wy1 | 3 wz2 rx0 | 2 ry1 rx0 | 4 rz2";
    let history = history(&txns(text));
    let judgement = check(
        &history,
        Consistency::CausalTransactions,
        &Limits::default(),
        &mut || true,
    );
    let anomaly = judgement.anomaly().unwrap();
    assert_eq!(anomaly.operations, [1, 3, 5].map(OperationId));
    let words: Vec<String> = anomaly
        .edges
        .iter()
        .map(|edge| edge.in_words(&|id| format!("T{id}")))
        .collect();
    assert_eq!(
        words,
        [
            "T1 wrote 1 to \"x\", which T3 read, so T1 comes before T3",
            "T3 wrote 1 to \"y\", which T5 read, so T3 comes before T5",
            "T5 read null from \"x\", without the 1 that T1 wrote next, so T5 comes before T1",
        ]
    );
}

#[test]
fn a_deadline_and_a_memory_bound_end_in_unknown() {
    let history = history(&txns("0 wx1 | 1 rx1"));
    for level in WEAK {
        let never = check(&history, level, &Limits::default(), &mut || false);
        assert!(matches!(never, Judgement::Unknown(_)));
        let limits = Limits {
            bytes_max: 1,
            ..Limits::default()
        };
        let small = check(&history, level, &limits, &mut || true);
        assert!(matches!(small, Judgement::Unknown(_)));
    }
}

/// The edges of the anomaly at read committed, in words.
fn words(text: &str) -> Vec<String> {
    let history = history(&txns(text));
    let level = Consistency::ReadCommitted;
    let judgement = check(&history, level, &Limits::default(), &mut || true);
    let anomaly = judgement.anomaly().unwrap();
    let name = |operation| format!("T{operation}");
    let edges = anomaly.edges.iter();
    edges.map(|edge| edge.in_words(&name)).collect()
}

#[test]
fn what_is_not_in_the_list_read_is_not_said_to_be_read_there() {
    assert_eq!(
        words("0 ax2 | 1 ry1 ax1 | 0 wy1 | 2 lx1"),
        [
            "T0 and T2 are of one session, in this order, so T0 comes before T2",
            "T2 wrote 1 to \"y\", which T1 read, so T2 comes before T1",
            "T3 read \"x\" up to the 1 that T1 appended, without the 2 that T0 appended, so T1 comes before T0",
        ]
    );
}

#[test]
fn what_is_wrong_in_any_order_is_said_without_an_order() {
    assert_eq!(
        words("0! wx1 | 1 rx1"),
        [
            "T0 wrote 1 to \"x\", which T1 read, so T0 comes before T1",
            "the writer aborted, so what it wrote never was",
        ]
    );
    assert_eq!(
        words("0 ax1 | 1 ax2 | 2 lx12 | 3 lx21"),
        [
            "one of the two lists read from \"x\" has 1 where the other has 2",
            "one of the two lists read from \"x\" has 2 where the other has 1",
        ]
    );
}
