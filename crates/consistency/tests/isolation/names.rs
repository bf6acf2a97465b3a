//! What an anomaly is called, and whether each of its sentences is true: the smallest histories that were told wrongly.

use consistency::{
    Anomaly,
    Consistency::{self, ReadCommitted, Serializable, StrictSerializable},
    Edge, Limits, OperationId, UnknownReason,
    transactions::{self, Found},
};

use crate::histories::history;

fn anomaly(lines: &[&str], level: Consistency) -> Anomaly {
    let judgement = transactions::check(&history(lines), level, &Limits::default(), &mut || true);
    judgement.anomaly().expect("a violation").clone()
}

fn name(lines: &[&str], level: Consistency) -> &'static str {
    anomaly(lines, level).rule.name
}

fn found(lines: &[&str]) -> Found {
    transactions::anomalies(&history(lines), &Limits::default(), &mut || true)
}

fn words(edges: &[Edge]) -> Vec<String> {
    let name = |id: OperationId| format!("T{id}");
    edges.iter().map(|edge| edge.in_words(&name)).collect()
}

#[test]
fn what_follows_from_real_time_says_so() {
    let stale = ["P0 0..1: w x 1", "P1 2..3: w x 2", "P2 4..5: g x 1"];
    let anomaly = anomaly(&stale, StrictSerializable);
    assert_eq!(anomaly.rule.name, "G-single-realtime");
    let words = words(&anomaly.edges).concat();
    assert!(!words.contains("which T0 followed with 1"), "{words}");
    let found = found(&stale);
    assert!(!found.anomalies.is_empty());
    for found in found.anomalies {
        assert!(found.anomaly.rule.name.ends_with("-realtime"), "{found:?}");
        assert_eq!(found.excludes, Some(StrictSerializable));
    }
}

#[test]
fn a_write_skew_of_lists_is_no_g0() {
    let skew = ["r x - | a x 1 | a y 1", "r y - | a x 2 | a y 2"];
    let anomaly = anomaly(&skew, Serializable);
    assert_eq!(anomaly.rule.name, "write-skew");
    let words = words(&anomaly.edges).concat();
    assert!(!words.contains("behind it"), "{words}");
    for found in found(&skew).anomalies {
        assert!(!found.anomaly.rule.name.starts_with("G0"), "{found:?}");
    }
}

#[test]
fn a_write_skew_of_registers_is_no_g0() {
    let skew = ["g a nil | w a 1 | w c 1", "g c nil | w a 3 | w c 2"];
    assert_eq!(name(&skew, Serializable), "write-skew");
    for found in found(&skew).anomalies {
        assert!(!found.anomaly.rule.name.starts_with("G0"), "{found:?}");
    }
}

#[test]
fn no_anomaly_goes_from_a_transaction_to_itself() {
    let all = ["g x nil | w x 1", "g x nil | w x 2", "g x nil | w x 3"];
    let found = found(&all);
    assert!(!found.anomalies.is_empty());
    for found in found.anomalies {
        assert_eq!(found.anomaly.rule.name, "lost-update");
        let mut edges = found.anomaly.edges.iter();
        assert!(edges.all(|edge| edge.source != edge.target), "{found:?}");
    }
}

#[test]
fn the_weakest_level_of_all_cores_is_excluded() {
    let orders = [
        "P0 0..9: a x 1",
        "P1 6..9: a x 2 | r x 1,2",
        "P2 1..3: r x 2",
    ];
    let found = found(&orders);
    let order = found.anomalies.iter();
    let mut order = order.filter(|found| found.anomaly.rule.name == "incompatible-order");
    assert_eq!(
        order.next().map(|found| found.excludes),
        Some(Some(ReadCommitted))
    );
}

#[test]
fn nothing_is_drawn_from_a_list_with_an_intermediate_read() {
    let found = found(&["a x 1 | a x 2", "r x 1", "a x 3 | r x 3"]);
    let names = found.anomalies.iter().map(|found| found.anomaly.rule.name);
    assert!(names.clone().any(|name| name == "G1b"));
    assert!(
        names.clone().all(|name| !name.starts_with("G-")),
        "{found:?}"
    );
}

#[test]
fn a_session_against_time_is_no_circle_of_writes() {
    let crossed = ["P0 4..5: r z -", "P0 2..3: r z -"];
    let anomaly = anomaly(&crossed, StrictSerializable);
    assert_eq!(anomaly.rule.name, "session-against-time");
}

#[test]
fn a_bound_on_memory_is_told() {
    let lines: Vec<String> = (0..100)
        .map(|number| format!("w x {number} | g y nil"))
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let limits = Limits {
        bytes_max: 200_000,
        ..Limits::default()
    };
    let found = transactions::anomalies(&history(&lines), &limits, &mut || true);
    assert_eq!(found.unknown, Some(UnknownReason::MemoryBound));
}
