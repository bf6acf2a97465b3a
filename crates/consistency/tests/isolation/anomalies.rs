//! Each anomaly in its smallest history: found by its name, with the weakest level that it excludes.
//!
//! Several carry names that Martin Kleppmann's collection of isolation tests, Hermitage, uses too. Its tests themselves,
//! statements of SQL of which some select by a predicate, are not repeated here.

use consistency::{
    Consistency::{
        self, CausalTransactions, Prefix, ReadAtomic, ReadCommitted, Serializable,
        SnapshotIsolation, StrictSerializable,
    },
    Limits, OperationId,
    transactions::{self, Found},
};

use crate::histories::history;

fn found(lines: &[&str]) -> Found {
    transactions::anomalies(&history(lines), &Limits::default(), &mut || true)
}

/// The names found, each once, with what the first of a name excludes.
fn names(lines: &[&str]) -> Vec<(&'static str, Option<Consistency>)> {
    let found = found(lines);
    assert_eq!((found.not_checkable, found.unknown), (None, None));
    let mut names: Vec<(&'static str, Option<Consistency>)> = Vec::new();
    for found in found.anomalies {
        let name = found.anomaly.rule.name;
        assert!(
            found.anomaly.is_minimal || found.excludes.is_none(),
            "{found:?}"
        );
        if !names.iter().any(|(known, _)| *known == name) {
            names.push((name, found.excludes));
        }
    }
    names
}

fn assert_only(lines: &[&str], name: &'static str, level: Consistency) {
    assert_eq!(names(lines), [(name, Some(level))], "{lines:?}");
}

#[test]
fn g0_writes_in_a_circle() {
    assert_only(
        &["a x 1 | a y 2", "a x 3 | a y 4", "r x 1,3", "r y 4,2"],
        "G0",
        ReadCommitted,
    );
}

#[test]
fn g1a_an_aborted_read() {
    assert_only(&["!a x 1", "r x 1"], "G1a", ReadCommitted);
    assert_only(&["!w x 1", "g x 1"], "G1a", ReadCommitted);
}

#[test]
fn g1b_an_intermediate_read() {
    assert_only(&["a x 1 | a x 2", "r x 1"], "G1b", ReadCommitted);
    assert_only(&["w x 1 | w x 2", "g x 1"], "G1b", ReadCommitted);
}

#[test]
fn g1c_two_that_read_each_other() {
    assert_only(&["a x 1 | r y 2", "a y 2 | r x 1"], "G1c", ReadCommitted);
    assert_only(&["w x 1 | g y 2", "w y 2 | g x 1"], "G1c", ReadCommitted);
}

#[test]
fn g_single_half_of_a_transaction_is_missed() {
    assert_only(&["a x 1 | a y 2", "r y - | r x 1"], "G-single", ReadAtomic);
    assert_only(
        &["w x 1 | w y 2", "g y nil | g x 1"],
        "G-single",
        ReadAtomic,
    );
}

#[test]
fn g_single_by_way_of_another_is_excluded_by_causality() {
    assert_only(
        &["a x 1", "r x 1 | a y 2", "r y 2 | r x -"],
        "G-single",
        CausalTransactions,
    );
}

#[test]
fn a_long_fork() {
    assert_only(
        &["a x 1", "a y 2", "r x 1 | r y -", "r x - | r y 2"],
        "long-fork",
        Prefix,
    );
}

#[test]
fn g_nonadjacent_a_fork_with_three_prongs() {
    assert_only(
        &[
            "a x 1",
            "a y 2",
            "a z 3",
            "r x 1 | r y -",
            "r y 2 | r z -",
            "r z 3 | r x -",
        ],
        "G-nonadjacent",
        Prefix,
    );
}

#[test]
fn a_lost_update() {
    assert_only(
        &["r x - | a x 1", "r x - | a x 2"],
        "lost-update",
        SnapshotIsolation,
    );
    assert_only(
        &["g x nil | w x 1", "g x nil | w x 2"],
        "lost-update",
        SnapshotIsolation,
    );
}

#[test]
fn write_skew() {
    assert_only(
        &["r x - | a y 1", "r y - | a x 2"],
        "write-skew",
        Serializable,
    );
    assert_only(
        &["g x nil | w y 1", "g y nil | w x 2"],
        "write-skew",
        Serializable,
    );
}

#[test]
fn g2_item_three_that_miss_each_other() {
    assert_only(
        &["r x - | a y 1", "r y - | a z 2", "r z - | a x 3"],
        "G2-item",
        Serializable,
    );
}

#[test]
fn real_time_and_sessions_are_named() {
    assert_only(
        &["P0 0..1: a x 1", "P1 2..3: r x -"],
        "G-single-realtime",
        StrictSerializable,
    );
    let session = names(&["P0 0..1: a x 1", "P0 2..3: r x -"]);
    assert_eq!(
        session.first(),
        Some(&("G-single-session", Some(ReadAtomic)))
    );
}

#[test]
fn internal_a_transaction_that_does_not_see_itself() {
    assert_only(&["a x 1 | r x -"], "internal", ReadCommitted);
    assert_only(&["w x 1 | g x nil"], "internal", ReadCommitted);
}

#[test]
fn a_duplicate_and_an_incompatible_order() {
    let duplicate = names(&["a x 1", "r x 1,1"]);
    assert_eq!(duplicate[0].0, "duplicate-elements");
    let order = names(&["a x 1", "a x 2", "r x 1,2", "r x 2,1"]);
    assert_eq!(order[0].0, "incompatible-order");
}

#[test]
fn a_value_out_of_thin_air() {
    assert_only(&["r x 7"], "thin-air-read", ReadCommitted);
    assert_only(&["g x 7"], "thin-air-read", ReadCommitted);
}

#[test]
fn appends_of_one_transaction_are_not_torn_apart() {
    let torn = names(&["a x 1 | a x 2", "a x 3", "r x 1,3,2"]);
    assert_eq!(torn[0].0, "torn-append");
}

/// Kingsbury and Alvaro 2020: the last transaction appends behind the 4 of the third, which saw the 8 of
/// the second; the last one missed that 8.
#[test]
fn the_example_of_the_elle_paper() {
    let lines = [
        "a 253 1 | a 253 3 | a 253 4 | a 255 2 | a 255 3 | a 255 4 | a 255 5 | a 256 1 | a 256 2",
        "a 255 8 | r 253 1,3,4",
        "a 256 4 | r 255 2,3,4,5,8 | r 256 1,2,4 | r 253 1,3,4",
        "a 250 10 | r 253 1,3,4 | r 255 2,3,4,5 | a 256 3",
    ];
    assert_only(&lines, "G-single", SnapshotIsolation);
    let found = found(&lines);
    let edges = found.anomalies[0].anomaly.edges.iter();
    let words: Vec<String> = edges
        .map(|edge| edge.in_words(&|id: OperationId| format!("T{id}")))
        .collect();
    assert_eq!(
        words,
        [
            "T3 read \"255\" without the 8 that T1 appended, so T3 comes before T1",
            "T1 appended 8 to \"255\", which T2 read, so T1 comes before T2",
            "T2 appended 4 to \"256\" and T3 appended 3 behind it, as T2 read, so T2 comes before T3",
        ]
    );
}
