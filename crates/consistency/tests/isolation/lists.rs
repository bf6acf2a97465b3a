//! Each anomaly of lists in its smallest history: its name, and the levels it excludes.

use consistency::{
    Consistency::{self, Prefix, Serializable, SnapshotIsolation, StrictSerializable},
    Judgement, Limits, transactions,
};

use crate::histories::history;

/// The rule that the history breaks at this level.
fn broken(lines: &[&str], level: Consistency) -> Option<&'static str> {
    match transactions::check(&history(lines), level, &Limits::default(), &mut || true) {
        Judgement::Holds(_) => None,
        Judgement::Violated(anomaly) => Some(anomaly.rule.name),
        other => panic!("{lines:?}: {other:?}"),
    }
}

fn assert_broken(lines: &[&str], expected: [Option<&'static str>; 4]) {
    let levels = [Prefix, SnapshotIsolation, Serializable, StrictSerializable];
    assert_eq!(levels.map(|level| broken(lines, level)), expected);
}

#[test]
fn write_skew_is_snapshot_isolated_and_not_serializable() {
    let lines = ["r x - | a y 1", "r y - | a x 2"];
    assert_broken(&lines, [None, None, Some("write-skew"), Some("write-skew")]);
}

#[test]
fn a_lost_update_is_prefix_consistent_and_not_snapshot_isolated() {
    let lines = ["r x - | a x 1", "r x - | a x 2", "r x 1,2"];
    let lost = Some("lost-update");
    assert_broken(&lines, [None, lost, lost, lost]);
}

#[test]
fn a_long_fork_is_not_prefix_consistent() {
    let lines = ["a x 1", "a y 2", "r x 1 | r y -", "r x - | r y 2"];
    assert_broken(&lines, [Some("long-fork"); 4]);
}

#[test]
fn a_stale_read_is_serializable_and_not_strictly_so() {
    let lines = ["P0 0..1: a x 1", "P1 2..3: r x -"];
    assert_broken(&lines, [None, None, None, Some("G-single-realtime")]);
}

#[test]
fn an_indeterminate_transaction_may_take_effect_late() {
    let lines = ["P0 0..1: ?a x 1", "P1 2..3: r x -", "P2 4..5: r x 1"];
    assert_broken(&lines, [None; 4]);
}

#[test]
fn an_indeterminate_transaction_comes_before_nothing_of_its_session() {
    let lines = ["P0 0..1: ?a x 1", "P0 2..3: r x -", "P1 4..5: r x 1"];
    assert_broken(&lines, [None; 4]);
}

#[test]
fn an_end_and_a_call_at_one_position_are_concurrent() {
    assert_broken(&["P0 0..2: a x 1", "P1 2..3: r x -"], [None; 4]);
}

/// Two that miss each other's appends to y and z may overlap under prefix consistency. Snapshot isolation lets no two
/// overlap that append to one list, here x, though nobody reads it.
#[test]
fn appends_that_nobody_reads_need_an_order_only_under_snapshot_isolation() {
    // Each of the first two appends to x; the others tell that each had started before the other was seen.
    let lines = ["a x 1 | r y - | a z 1", "a x 2 | r z - | a y 2"];
    let skew = Some("write-skew");
    assert_eq!(broken(&lines, Prefix), None);
    assert_eq!(broken(&lines, Serializable), skew);
    assert_eq!(broken(&lines, StrictSerializable), skew);
    assert!(broken(&lines, SnapshotIsolation).is_some());
}
