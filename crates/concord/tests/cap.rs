//! `concord cap`: the theorem on every shipped protocol, and what is printed about it.

mod common;

use common::{Ran, concord, folder};
use serde_json::Value;

const PROTOCOLS: [&str; 6] = ["raft", "paxos", "strong", "partial", "eventual", "snapshot"];

fn cap(arguments: &[&str]) -> Ran {
    let mut all = vec!["cap"];
    all.extend(arguments);
    concord(&folder("cap"), &all)
}

/// Every protocol is refuted on every split, and no control is.
fn check_theorem(nodes: u64, splits: u64, cases: u64) -> Vec<Value> {
    let ran = cap(&["--nodes", &nodes.to_string(), "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let objects = ran.json();
    let names: Vec<&str> = objects
        .iter()
        .filter_map(|object| object["protocol"].as_str())
        .collect();
    assert_eq!(names, PROTOCOLS);
    for object in &objects {
        assert_eq!(object["verdict"], "holds");
        assert_eq!(object["nodes"], nodes);
        assert_eq!(
            (&object["splits"], &object["splits_refuted"]),
            (&splits.into(), &splits.into())
        );
        assert_eq!(object["cases"], cases);
        let of_kind = |kind: &str| object["witnesses"][kind].as_u64().expect("a count");
        let witnesses = [
            "update_unavailable",
            "observe_unavailable",
            "not_linearizable",
        ];
        assert_eq!(witnesses.into_iter().map(of_kind).sum::<u64>(), cases);
        for empty in ["unrefuted", "controls_refuted", "failures"] {
            assert_eq!(object[empty], Value::Array(Vec::new()), "{empty}");
        }
    }
    objects
}

fn by_name<'a>(objects: &'a [Value], name: &str) -> &'a Value {
    let mut objects = objects.iter();
    let found = objects.find(|object| object["protocol"] == name);
    found.expect("every protocol is there")
}

/// The cells of an operation in a shape, on sides of so many nodes.
fn cells<'a>(object: &'a Value, operation: &str, shape: &str, size: usize) -> Vec<&'a Value> {
    let cells = object["cells"].as_array().expect("cells").iter();
    let found: Vec<&Value> = cells
        .filter(|cell| cell["operation"] == operation && cell["shape"] == shape)
        .filter(|cell| {
            cell["side"]
                .as_array()
                .is_some_and(|side| side.len() == size)
        })
        .collect();
    assert!(!found.is_empty(), "{operation} {shape} {size}");
    found
}

#[test]
fn every_protocol_is_refuted_on_every_split_of_three_and_no_control_is() {
    let objects = check_theorem(3, 3, 12);
    // With quorums: 1 alone, 9 pairs without a partition, 4 pairs on each of 3 majorities.
    for name in ["raft", "paxos", "strong"] {
        assert_eq!(by_name(&objects, name)["controls"], 1 + 9 + 12, "{name}");
    }
    // A store that serves every side has the 3 lonely nodes besides; a snapshot needs everybody.
    assert_eq!(by_name(&objects, "eventual")["controls"], 1 + 9 + 12 + 3);
    assert_eq!(by_name(&objects, "snapshot")["controls"], 1 + 9);
}

#[test]
fn every_protocol_is_refuted_on_every_split_of_five_and_no_control_is() {
    let objects = check_theorem(5, 15, 160);
    assert_eq!(
        by_name(&objects, "raft")["controls"],
        1 + 25 + 10 * 9 + 5 * 16
    );
}

#[test]
fn one_two_and_four_nodes_hold_too() {
    check_theorem(1, 0, 0);
    check_theorem(2, 1, 2);
    check_theorem(4, 7, 4 * 6 + 3 * 8);
}

#[test]
fn each_gives_up_what_its_papers_say() {
    let objects = check_theorem(3, 3, 12);
    for (name, write, read) in [
        ("raft", "write", "read"),
        ("paxos", "propose", "learn"),
        ("strong", "write", "read"),
    ] {
        let object = by_name(&objects, name);
        assert_eq!(
            object["witnesses"]["not_linearizable"], 0,
            "{name} never lies"
        );
        for operation in [write, read] {
            for cell in cells(object, operation, "split", 1) {
                assert_eq!(cell["availability"], "none", "{name} {operation}");
                assert_eq!(cell["fastest"], Value::Null);
            }
            for cell in cells(object, operation, "split", 2) {
                let word = if name == "raft" {
                    "leader-bound"
                } else {
                    "side"
                };
                assert_eq!(cell["availability"], word, "{name} {operation}");
                assert_eq!(cell["sees"], "linearizable");
            }
        }
    }
    let delays = |name, operation| {
        let cell = cells(by_name(&objects, name), operation, "whole", 3)[0];
        cell["slowest"]["link_delays"].as_u64()
    };
    // A leader asks a majority once. Attiya, Bar-Noy and Dolev write in two phases, and read in one
    // when all agree. A proposer prepares first.
    assert_eq!(delays("raft", "write"), Some(2));
    assert_eq!(delays("raft", "read"), Some(2));
    assert_eq!(delays("strong", "write"), Some(4));
    assert_eq!(delays("strong", "read"), Some(2));
    assert_eq!(delays("paxos", "propose"), Some(4));
    // A marker, the markers of those it reached, and their reports.
    assert_eq!(delays("snapshot", "snapshot"), Some(3));
    assert_eq!(delays("eventual", "write"), Some(0));
    assert_eq!(delays("partial", "write"), Some(2));
    assert_eq!(delays("partial", "read"), Some(0));
    // Writes to two of three and reads from one: the lonely node reads on, and cannot write.
    let partial = by_name(&objects, "partial");
    assert_eq!(partial["witnesses"]["update_unavailable"], 6);
    assert_eq!(partial["witnesses"]["not_linearizable"], 6);
    assert_eq!(
        cells(partial, "write", "split", 1)[0]["availability"],
        "none"
    );
    for cell in cells(partial, "read", "split", 1) {
        assert_eq!(
            (&cell["availability"], &cell["sees"]),
            (&"sticky".into(), &"stale".into())
        );
    }
    let eventual = by_name(&objects, "eventual");
    assert_eq!(eventual["witnesses"]["not_linearizable"], 12);
    assert_eq!(cells(eventual, "read", "whole", 3)[0]["sees"], "lagging");
    for cell in cells(eventual, "read", "split", 1) {
        assert_eq!(
            (&cell["availability"], &cell["sees"]),
            (&"sticky".into(), &"stale".into())
        );
    }
    let snapshot = by_name(&objects, "snapshot");
    assert_eq!(snapshot["witnesses"]["observe_unavailable"], 12);
    for cell in cells(snapshot, "transfer", "split", 1) {
        assert_eq!(cell["availability"], "total");
    }
}

#[test]
fn neither_a_leader_with_heartbeats_nor_a_refusal_is_a_proof() {
    let objects = check_theorem(3, 3, 12);
    // A retry is always under way, or the next request may be answered.
    for name in PROTOCOLS {
        let witnesses = &by_name(&objects, name)["witnesses"];
        assert_eq!(witnesses["proofs"], 0, "{name}");
    }
    let told = cap(&["--protocol", "strong"]).out;
    let reason = "no answer within 5 s: write in 6, read in 6\n";
    assert!(told.contains(reason), "{told}");
    let told = cap(&["--protocol", "eventual"]).out;
    let reason = "both answered, not linearizable: in 12\n";
    assert!(told.contains(reason), "{told}");
}

#[test]
fn explain_gives_a_witness_for_every_case_and_an_answer_for_every_cell() {
    let ran = cap(&["--protocol", "eventual", "--json", "--explain"]);
    assert_eq!(ran.code, 0);
    let object = &ran.json()[0];
    let evidence = |field: &str| object[field].as_array().expect("evidence").clone();
    let cases = evidence("case_evidence");
    assert_eq!(cases.len(), 12);
    for case in cases {
        let text = case["evidence"].as_str().expect("a text");
        assert!(
            text.starts_with("not linearizable: write by the client of n"),
            "{text}"
        );
        assert!(text.contains("; then read by the client of n"), "{text}");
        assert!(
            text.contains(", asked at 2000.000 ms, answered by n"),
            "{text}"
        );
    }
    assert_eq!(evidence("control_evidence").len(), 25);
    // Whole, 3 splits, 3 with one deaf node, a bridge: 6 trials each, and the pairs that saw too
    // little.
    assert!(evidence("cell_evidence").len() > 8 * 6);
    let text = cap(&["--protocol", "raft", "--explain"]).out;
    assert!(
        text.contains("unavailable: write by the client of n"),
        "{text}"
    );
    assert!(text.contains("refused"), "{text}");
}

#[test]
fn the_table_has_a_row_for_each_protocol_operation_and_shape() {
    let ran = cap(&[]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let head = ran.out.lines().next().expect("a head");
    for column in [
        "protocol",
        "operation",
        "shape",
        "clients on",
        "availability",
        "latency",
        "sees",
    ] {
        assert!(head.contains(column), "{head}");
    }
    for word in ["\nsees -: ", "lagging: ", "\nstale: "] {
        assert_eq!(ran.out.matches(word).count(), 1, "{word}");
    }
    for (protocol, operation) in [
        ("raft", "write"),
        ("paxos", "learn"),
        ("strong", "read"),
        ("partial", "read"),
        ("eventual", "write"),
        ("snapshot", "snapshot"),
    ] {
        let row = format!("{protocol:<9} {operation:<9} split 1|2");
        assert!(ran.out.contains(&row), "{}", ran.out);
        assert!(
            ran.out
                .contains(&format!("{protocol}: as the theorem says"))
        );
    }
}

#[test]
fn whoever_is_elected_the_theorem_holds() {
    let mut leaders = std::collections::BTreeSet::new();
    for seed in 0..10 {
        let seed = seed.to_string();
        let ran = cap(&["--protocol", "raft", "--seed", &seed, "--json"]);
        assert_eq!(ran.code, 0, "{}", ran.out);
        let objects = ran.json();
        assert_eq!(objects[0]["splits_refuted"], 3);
        let whole = cells(&objects[0], "write", "whole", 3)[0];
        leaders.insert(whole["via"].to_string());
    }
    assert!(
        leaders.len() > 1,
        "the seeds elect different leaders: {leaders:?}"
    );
}

#[test]
fn two_runs_print_the_same() {
    let ran = || cap(&["--nodes", "3", "--explain"]).out;
    assert_eq!(ran(), ran());
}

#[test]
fn bad_usage_is_told_and_ends_with_2() {
    for bad in [
        &["--nodes", "0"][..],
        &["--nodes", "8"],
        &["--nodes", "many"],
        &["--protocol", "zab"],
        &["--seeds", "3"],
        &["--seed", "-1"],
    ] {
        let ran = cap(bad);
        assert_eq!(ran.code, 2, "{bad:?}: {}", ran.out);
        assert!(ran.err.contains("error"), "{bad:?}: {}", ran.err);
    }
    let help = cap(&["--help"]).out;
    assert!(
        help.contains("Examples") && help.contains("Exit codes"),
        "{help}"
    );
}
