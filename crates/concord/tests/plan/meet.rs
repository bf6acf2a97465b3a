//! `concord plan --simulate`: the matrix of the model against the real state machines.

use super::plan;

const PLAN: &str = r#"
[nodes]
eu = {}
us = {}
ap = {}
sa = {}
[[candidate]]
name = "abd"
protocol = "quorum"
nodes = ["us", "ap", "sa"]
n = 3
r = 2
w = 2
[[candidate]]
name = "all write"
protocol = "quorum"
nodes = ["eu", "us", "ap"]
n = 3
r = 1
w = 3
[[candidate]]
name = "four"
protocol = "quorum"
n = 4
r = 2
w = 3
[[candidate]]
name = "row"
protocol = "chain"
order = ["eu", "us", "ap"]
"#;

#[test]
fn simulate_compares_every_cell_of_three_nodes_and_says_what_it_did_not_run() {
    let ran = plan(PLAN, &["--simulate", "--json"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let simulated: Vec<_> = ran
        .json()
        .iter()
        .map(|object| object["simulated"].clone())
        .collect();
    for (place, answered) in [(0, 168), (1, 24)] {
        let cells = &simulated[place]["partitions"];
        assert_eq!(cells["states"], 64);
        assert_eq!(cells["cells"], 384);
        assert_eq!(cells["answered"], answered, "of candidate {place}");
        assert_eq!(cells["differing"], 0);
        assert_eq!(cells["linearizable"], 64);
    }
    for (place, why) in [(2, "4 nodes"), (3, "kind chain")] {
        let skipped = simulated[place]["skipped"].as_str();
        assert!(
            skipped.is_some_and(|skipped| skipped.contains(why)),
            "{skipped:?}"
        );
        assert!(simulated[place]["partitions"].is_null());
    }
}

#[test]
fn simulate_is_told_in_words_and_only_when_it_is_asked_for() {
    let ran = plan(PLAN, &["--simulate"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    for line in [
        "abd: 384 cells of 64 states of the links, 168 answered: 0 differ",
        "its model kept in 37 of 37 histories; linearizable in 64 of 64",
        "row: not simulated: there is no state machine of the kind chain",
    ] {
        assert!(ran.out.contains(line), "{line}: {}", ran.out);
    }
    assert!(!plan(PLAN, &[]).out.contains("simulated"));
}
