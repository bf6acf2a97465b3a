//! `concord sim --protocol eventual`: it holds under everything, and its runs repeat.

mod common;

use common::{concord, folder};

#[test]
fn the_eventual_store_holds_under_every_fault() {
    let here = folder("eventual-campaign");
    let ran = concord(
        &here,
        &["sim", "--protocol", "eventual", "--seeds", "60", "--json"],
    );
    assert_eq!(ran.code, 0, "{ran:?}");
    let [object] = &ran.json()[..] else {
        panic!("one object per protocol: {ran:?}")
    };
    assert_eq!(object["protocol"], "eventual");
    assert!(
        object["operations"]["ok"].as_u64() > Some(5_000),
        "{object}"
    );
    let faults = object["faults"].as_object().expect("a map");
    assert_eq!(faults.len(), 15, "every fault was delivered: {object}");
    // It is not linearizable, and a history says so.
    let given_up = &object["given_up"];
    assert_eq!(given_up["model"], "linearizable", "{object}");
    assert!(given_up["seeds"].as_u64() > Some(5), "{object}");
    let witness = given_up["witness"].as_array().expect("operations");
    assert!((2..=3).contains(&witness.len()), "{witness:?}");
    assert!(
        witness.iter().all(|line| line.as_str().is_some()),
        "{witness:?}"
    );
}

#[test]
fn the_eventual_store_holds_on_clusters_of_every_small_size() {
    let here = folder("eventual-sizes");
    for nodes in ["1", "2", "3", "4", "7"] {
        let arguments = [
            "sim",
            "--protocol",
            "eventual",
            "--seeds",
            "12",
            "--nodes",
            nodes,
        ];
        let ran = concord(&here, &arguments);
        assert_eq!(ran.code, 0, "{nodes} nodes: {ran:?}");
    }
}

// Nothing may be left open or refused for lack of a node when nothing goes wrong.
#[test]
fn without_faults_the_eventual_store_answers_everything() {
    let here = folder("eventual-calm");
    let arguments = [
        "sim",
        "--protocol",
        "eventual",
        "--seeds",
        "20",
        "--faults",
        "none",
        "--json",
    ];
    let ran = concord(&here, &arguments);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.json()[0]["operations"]["unknown"], 0);
}
