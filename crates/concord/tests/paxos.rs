//! `concord sim --protocol paxos`: it holds under everything, on clusters of every size, and the
//! history of its one decision is one that `concord check` can judge.

mod common;

use common::{concord, folder};

#[test]
fn paxos_holds_under_every_fault() {
    let here = folder("paxos-campaign");
    let arguments = ["sim", "--protocol", "paxos", "--seeds", "300", "--json"];
    let ran = concord(&here, &arguments);
    assert_eq!(ran.code, 0, "{ran:?}");
    let [object] = &ran.json()[..] else {
        panic!("one object per protocol: {ran:?}")
    };
    let operations = &object["operations"];
    assert!(operations["ok"].as_u64() > Some(20_000), "{object}");
    for ending in ["failed", "unknown"] {
        assert!(operations[ending].as_u64() > Some(0), "{object}");
    }
    let faults = object["faults"].as_object().expect("a map");
    assert_eq!(faults.len(), 15, "every fault was delivered: {object}");
}

#[test]
fn paxos_holds_on_clusters_of_every_small_size() {
    let here = folder("paxos-sizes");
    for nodes in ["1", "2", "3", "4", "7"] {
        let arguments = [
            "sim",
            "--protocol",
            "paxos",
            "--seeds",
            "100",
            "--nodes",
            nodes,
        ];
        let ran = concord(&here, &arguments);
        assert_eq!(ran.code, 0, "{nodes} nodes: {ran:?}");
    }
}

/// A decision is a register that only a compare-and-set from nothing can write.
#[test]
fn the_history_of_a_decision_is_one_of_a_register() {
    let here = folder("paxos-history");
    let arguments = [
        "sim",
        "--protocol",
        "paxos",
        "--seed",
        "7",
        "--history",
        "run.jsonl",
    ];
    let ran = concord(&here, &arguments);
    assert_eq!(ran.code, 0, "{ran:?}");
    let ran = concord(&here, &["check", "--model", "kv", "run.jsonl"]);
    assert_eq!(ran.code, 0, "{ran:?}");
}
