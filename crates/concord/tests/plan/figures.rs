//! Figures that the literature and other tools agree on, through the command line.

use std::path::Path;

use serde_json::Value;

use super::{concord, plan};

/// The objects of a plan with these nodes and candidates; partitions have tests of their own.
#[track_caller]
fn objects(text: &str) -> Vec<Value> {
    let ran = plan(
        &format!("partitions.shapes = \"none\"\n{text}"),
        &["--json"],
    );
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
    ran.json()
}

#[track_caller]
fn near(object: &Value, key: &str, wanted: f64) {
    let value = object[key].as_f64();
    let value = value.unwrap_or_else(|| panic!("{key} is absent: {object}"));
    assert!(
        (value - wanted).abs() <= 1e-9 * wanted.abs().max(1e-3),
        "{key}: {value}, not {wanted}"
    );
}

const SIX: &str = "[nodes]
a = { failure = 0.1 }
b = { failure = 0.1 }
c = { failure = 0.1 }
d = { failure = 0.1 }
e = { failure = 0.1 }
f = { failure = 0.1 }
";

#[test]
fn a_grid_of_two_rows_survives_one_or_two_nodes() {
    let found = objects(&format!(
        "{SIX}[[candidate]]\nname = \"grid\"\nreads = \"a*b*c + d*e*f\"\n"
    ));
    let grid = &found[0];
    assert_eq!(
        (&grid["name"], &grid["protocol"]),
        (&"grid".into(), &"quorum".into())
    );
    assert_eq!(
        (&grid["reads"], &grid["writes"]),
        (&"a*b*c + d*e*f".into(), &"(a + b + c)*(d + e + f)".into())
    );
    assert_eq!(
        (
            &grid["read_resilience"],
            &grid["write_resilience"],
            &grid["resilience"]
        ),
        (&1.into(), &2.into(), &1.into())
    );
    near(grid, "read_unavailability", 7.344_100e-2);
    near(grid, "write_unavailability", 1.999_000e-3);
}

#[test]
fn a_construction_is_the_same_as_its_expression() {
    let found = objects(&format!(
        "{SIX}[[candidate]]\nname = \"said\"\nreads = \"a*b*c + d*e*f\"\n[[candidate]]\nname = \"made\"\n\
         construction = \"grid\"\nrows = [[\"a\", \"b\", \"c\"], [\"d\", \"e\", \"f\"]]\n"
    ));
    for key in [
        "reads",
        "writes",
        "resilience",
        "read_unavailability",
        "write_unavailability",
    ] {
        assert_eq!(found[0][key], found[1][key], "{key}");
    }
}

#[test]
fn a_leader_needs_an_election_quorum_and_a_write_quorum() {
    let found = objects(&format!(
        "{SIX}[[candidate]]\nname = \"raft\"\nprotocol = \"leader\"\nnodes = [\"a\", \"b\", \"c\", \"d\", \"e\"]\n"
    ));
    near(&found[0], "read_unavailability", 8.56e-3);
    near(&found[0], "write_unavailability", 8.56e-3);
    assert_eq!(found[0]["resilience"], 2);
    // Two would store, but who replaces a leader that fails needs four.
    let found = objects(&format!(
        "{SIX}[[candidate]]\nname = \"flexible\"\nprotocol = \"leader\"\nnodes = [\"a\", \"b\", \"c\", \"d\", \"e\"]\nr = 4\nw = 2\n"
    ));
    assert_eq!(found[0]["write_resilience"], 1);
}

#[test]
fn zones_fail_as_a_whole() {
    let text = "[nodes]
a = { failure = 0, zone = \"x\" }
b = { failure = 0, zone = \"x\" }
c = { failure = 0, zone = \"y\" }
d = { failure = 0, zone = \"y\" }
e = { failure = 0, zone = \"z\" }
[zones]
x = { failure = 0.1 }
y = { failure = 0.1 }
z = { failure = 0.1 }
[[candidate]]
name = \"majority\"
construction = \"majority\"
";
    let found = objects(text);
    // Two zones must not fail at once.
    near(&found[0], "read_unavailability", 0.028);
    assert_eq!(found[0]["read_zone_resilience"], 1);
}

/// Six nodes, of which the first, third and fifth are twice as fast; the n-th answers after n seconds.
const MIXED: &str = "[nodes]
a = { write_capacity = 1000, read_capacity = 10000, latency_ms = 1000 }
b = { write_capacity = 500, read_capacity = 5000, latency_ms = 2000 }
c = { write_capacity = 1000, read_capacity = 10000, latency_ms = 3000 }
d = { write_capacity = 500, read_capacity = 5000, latency_ms = 4000 }
e = { write_capacity = 1000, read_capacity = 10000, latency_ms = 5000 }
f = { write_capacity = 500, read_capacity = 5000, latency_ms = 6000 }
";

const GRID: &str = "[[candidate]]\nname = \"grid\"\nreads = \"a*b*c + d*e*f\"\n";

#[test]
fn loads_are_those_of_the_literature() {
    let here = super::folder("plan-loads");
    for (expression, share, load, capacity) in [
        ("a*b*c + d*e*f", "0.25", 3.0 / 8.0, 8.0 / 3.0),
        ("a*b*c + d*e*f", "1", 0.5, 2.0),
        ("a*b*c + d*e*f", "0", 1.0 / 3.0, 3.0),
        ("choose(2, a, b, c)", "1", 2.0 / 3.0, 1.5),
        (
            "choose(4, a, b, c, d, e, f, g)",
            "0.5",
            4.0 / 7.0,
            7.0 / 4.0,
        ),
        ("(a*b*c) + (d*e*f) + (g*h*i)", "0.5", 1.0 / 3.0, 3.0),
    ] {
        let ran = concord(
            &here,
            &["plan", "--expr", expression, "--fr", share, "--json"],
        );
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
        let object = &ran.json()[0];
        near(object, "load", load);
        near(object, "capacity", capacity);
        let gap = object["certificate"]["gap"].as_f64().expect("a gap");
        assert!(gap.abs() <= 1e-9, "{gap}");
    }
}

#[test]
fn capacities_that_differ_and_read_fractions_that_vary_count() {
    let with = |share: &str| {
        objects(&format!(
            "{MIXED}[workload]\nread_fraction = {share}\n{GRID}"
        ))
    };
    near(&with("1")[0], "capacity", 10_000.0);
    near(&with("0.5")[0], "capacity", 90_000.0 / 23.0);
    near(&with("0")[0], "capacity", 2_000.0);
    let unit = MIXED
        .replace("write_capacity", "capacity")
        .replace("read_capacity = 10000, ", "")
        .replace("read_capacity = 5000, ", "");
    let found = objects(&format!("{unit}[workload]\nread_fraction = 0.75\n{GRID}"));
    near(&found[0], "load", 0.000_75);
    let plain = "[nodes]\na = {}\nb = {}\nc = {}\nd = {}\ne = {}\nf = {}\n";
    let found = objects(&format!(
        "{plain}[workload]\nread_fraction = {{ \"0.1\" = 1, \"0.75\" = 1 }}\n{GRID}"
    ));
    assert!((found[0]["load"].as_f64().expect("a load") - 0.404_166_667).abs() < 1e-8);
}

#[test]
fn a_strategy_keeps_its_limits_or_says_which_it_cannot() {
    let plan_of = |strategy: &str| {
        format!(
            "{}[workload]\nread_fraction = 0.5\n[strategy]\n{strategy}\n{GRID}",
            MIXED
                .replace("read_capacity = 10000", "read_capacity = 1000")
                .replace("read_capacity = 5000", "read_capacity = 500")
        )
    };
    near(
        &objects(&plan_of("optimize = \"latency\""))[0],
        "latency",
        3_500.0,
    );
    near(
        &objects(&plan_of("optimize = \"network\""))[0],
        "network_load",
        2.5,
    );
    let ran = plan(
        &plan_of("optimize = \"load\"\nlimits = { latency_ms_max = 1000 }"),
        &[],
    );
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert!(ran.err.starts_with("error: p.toml: line 12, column 10: strategy.limits: no candidate keeps the limits: grid: latency_ms_max = 1000 is infeasible, at least 3500 would be"), "{}", ran.err);
}

#[test]
fn one_candidate_that_cannot_keep_a_limit_does_not_silence_the_others() {
    let text = format!(
        "{MIXED}[workload]\nread_fraction = 1\n[strategy]\nlimits = {{ latency_ms_max = 2000 }}\n{GRID}[[candidate]]\nname = \"quick\"\nreads = \"a*b\"\n"
    );
    let found = objects(&text);
    assert!(
        found[0]["infeasible"]
            .as_str()
            .is_some_and(|why| why.contains("at least 3000 would be")),
        "{}",
        found[0]
    );
    assert!(found[0].get("load").is_none());
    assert!(found[1].get("infeasible").is_none() && found[1]["load"].is_f64());
}

#[test]
fn partial_quorums_are_as_stale_as_was_measured() {
    let here = super::folder("plan-staleness");
    let ran = concord(
        &here,
        &[
            "plan",
            "--n",
            "3",
            "--r",
            "1",
            "--w",
            "1",
            "--fit",
            "lnkd-disk",
            "--json",
        ],
    );
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
    let object = &ran.json()[0];
    assert_eq!(
        (&object["protocol"], &object["method"]),
        (&"partial".into(), &"exact".into())
    );
    let close = |value: &Value, wanted: f64, error: f64| {
        let value = value.as_f64().expect("a number");
        assert!((value - wanted).abs() <= error, "{value}, not {wanted}");
    };
    close(&object["consistent_at"]["0"], 0.436_49, 5e-4);
    close(&object["consistent_at"]["10"], 0.9262, 5e-4);
    close(&object["t_visibility_999_ms"], 52.1, 0.6);
    close(&object["read_latency"]["p999"], 0.66, 0.01);
    close(&object["write_latency"]["p50"], 1.50, 0.01);
    close(&object["write_latency"]["p999"], 10.99, 0.11);
    close(&object["consistent_within_versions"]["3"], 0.703_704, 1e-6);
}

#[test]
fn quorums_that_meet_are_never_stale() {
    let here = super::folder("plan-strict");
    let ran = concord(
        &here,
        &[
            "plan",
            "--n",
            "3",
            "--r",
            "2",
            "--w",
            "2",
            "--fit",
            "lnkd-disk",
            "--json",
        ],
    );
    let object = &ran.json()[0];
    assert_eq!(
        (&object["protocol"], &object["t_visibility_999_ms"]),
        (&"quorum".into(), &0.0.into())
    );
    assert_eq!(object["consistent_at"]["0"], 1.0);
}

#[test]
fn zones_apart_make_times_that_are_sampled_with_their_interval() {
    let nodes = "partitions.shapes = \"none\"\n[nodes]\na = { zone = \"x\" }\nb = { zone = \"y\" }\nc = { zone = \"z\" }\n[zones]\nx = { delay_ms = { y = 40, z = 70 } }\ny = { delay_ms = { z = 50 } }\n";
    let text = format!(
        "{nodes}[staleness]\nfit = \"lnkd-ssd\"\ntrials = 20000\n[[candidate]]\nname = \"p\"\nprotocol = \"partial\"\nr = 1\nw = 2\n[[candidate]]\nname = \"all\"\nprotocol = \"partial\"\nr = 1\nw = 1\n"
    );
    let found = plan(&text, &["--json"]).json();
    assert_eq!(found[0]["method"], "sampled");
    let [low, high] = [0, 1].map(|end| {
        found[0]["write_latency"]["intervals"][0][end]
            .as_f64()
            .expect("an end")
    });
    // The nearest other zone is 40, 40 or 50 ms away.
    assert!(low > 80.0 && high < 101.0 && low <= high, "{low} {high}");
    let ran = [
        plan(&text, &["--json", "--jobs", "1"]),
        plan(&text, &["--json", "--jobs", "2"]),
    ];
    assert_eq!(ran[0].out, ran[1].out);
}

#[test]
fn the_best_systems_are_found_beside_the_candidates() {
    let nodes = "[nodes]\na = { capacity = 4000 }\nb = { capacity = 4000 }\nc = { capacity = 1000 }\nd = { capacity = 1000 }\n";
    let found = objects(&format!(
        "{nodes}[search]\nresilience = 1\nkeep = 2\n[[candidate]]\nname = \"majority\"\nconstruction = \"majority\"\n"
    ));
    assert_eq!(found[0]["is_found"], false);
    assert_eq!(
        (&found[1]["name"], &found[1]["is_found"]),
        (&"found 1".into(), &true.into())
    );
    let capacity = |object: &Value| object["capacity"].as_f64().expect("a capacity");
    assert!(capacity(&found[1]) > capacity(&found[0]));
    assert!(
        found[1]["resilience"]
            .as_u64()
            .is_some_and(|resilience| resilience >= 1)
    );
    let ran = plan(&format!("{nodes}[search]\nresilience = 3\n"), &[]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(
        ran.err
            .starts_with("error: p.toml: line 6, column 1: search: none of the"),
        "{}",
        ran.err
    );
}

#[test]
fn a_candidate_that_is_nowhere_better_is_dominated() {
    let text = "[nodes]\na = { latency_ms = 1 }\nb = { latency_ms = 1 }\nc = { latency_ms = 1 }\n[workload]\nread_fraction = 1\n[strategy]\noptimize = \"network\"\n[[candidate]]\nname = \"more\"\nr = 3\nw = 1\n[[candidate]]\nname = \"less\"\nr = 1\nw = 3\n[[candidate]]\nname = \"middle\"\nr = 2\nw = 2\n";
    let found = objects(text);
    // Reads from one node are everywhere better for reads, but fewer write failures are survived.
    assert_eq!(found[1]["dominated_by"], Value::Array(Vec::new()));
    let twice = format!("{text}[[candidate]]\nname = \"slow\"\nr = 2\nw = 3\n");
    assert_eq!(
        objects(&twice)[3]["dominated_by"],
        serde_json::json!(["less", "middle"])
    );
}

#[test]
fn reads_that_can_miss_writes_dominate_none_that_cannot() {
    // Without delays, nothing but the quorums tells that one is stale.
    let text = "[nodes]\na = {}\nb = {}\n[strategy]\noptimize = \"load\"\n[[candidate]]\nname = \"stale\"\nprotocol = \"partial\"\nr = 1\nw = 1\n[[candidate]]\nname = \"strict\"\nr = 2\nw = 2\n";
    let found = objects(text);
    assert_eq!(found[0]["load"], found[1]["load"]);
    assert!(found[0]["resilience"].as_u64() > found[1]["resilience"].as_u64());
    assert_eq!(found[1]["dominated_by"], Value::Array(Vec::new()));
}

#[test]
fn a_leader_in_another_zone_is_a_round_trip_away() {
    let text = "[nodes]\na = { zone = \"x\" }\nb = { zone = \"y\" }\nc = { zone = \"y\" }\n[zones]\nx = { delay_ms = { y = 50 } }\n[staleness]\neach = { uniform = { low_ms = 1, high_ms = 1.001 } }\n[[candidate]]\nname = \"lease\"\nprotocol = \"lease\"\nleader = \"b\"\n[[candidate]]\nname = \"leader\"\nprotocol = \"leader\"\nleader = \"b\"\n[[candidate]]\nname = \"majority\"\nr = 2\n";
    let found = objects(text);
    let p99 =
        |place: usize, operation: &str| found[place][operation]["p99"].as_f64().expect("a latency");
    let about =
        |value: f64, wanted: f64| assert!((value - wanted).abs() < 0.01, "{value}, not {wanted}");
    // Half of the clients are 100 ms from the leader and back; each trip takes 2 ms.
    about(p99(0, "read_latency"), 102.0);
    about(p99(1, "read_latency"), 104.0);
    about(p99(0, "write_latency"), 104.0);
    // From x, the second of three answers comes from y.
    about(p99(2, "read_latency"), 102.0);
    assert_eq!(
        (&found[2]["method"], &found[2]["consistent_at"]["0"]),
        (&"exact".into(), &1.0.into())
    );
}

#[test]
fn an_expression_takes_as_long_as_the_quorum_that_it_waits_for() {
    let nodes = "[nodes]\na = {}\nb = {}\nc = {}\n[staleness]\nfit = \"lnkd-disk\"\n";
    let found = objects(&format!(
        "{nodes}[[candidate]]\nname = \"said\"\nreads = \"a*b + b*c + a*c\"\n[[candidate]]\nname = \"counted\"\nprotocol = \"partial\"\nr = 2\nw = 2\n"
    ));
    // Any two of three, by two ways: from single trips, and by the evaluator of partial quorums.
    for operation in ["read_latency", "write_latency"] {
        for share in ["p50", "p99", "p999"] {
            let [one, other] =
                [0, 1].map(|place| found[place][operation][share].as_f64().expect("a latency"));
            assert!(
                (one - other).abs() <= 1e-5 * other,
                "{operation} {share}: {one} {other}"
            );
        }
    }
}

#[test]
fn a_small_question_says_which_side_of_a_split_is_answered_unless_it_is_large() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let asked = |n: &'static str, r: &'static str| {
        let counts = ["plan", "--n", n, "--r", r, "--w", r];
        let ran = concord(here, &counts);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
        ran.out
    };
    let three = asked("3", "2");
    assert!(
        three.starts_with("1 candidate; 3 nodes; 50 % reads\n"),
        "{three}"
    );
    let lines: Vec<Vec<&str>> = three
        .lines()
        .filter(|line| line.starts_with("  split"))
        .map(|line| line.split_whitespace().collect())
        .collect();
    let expected = [
        vec!["split", "3", "1", "none", "none"],
        vec![
            "split",
            "3",
            "2",
            "side,",
            "linearizable",
            "side,",
            "linearizable",
        ],
    ];
    assert_eq!(lines, expected, "{three}");
    assert!(!asked("6", "4").contains("split"));
}

/// What is left with the same is one line: sides of several sizes, and shapes of several kinds.
#[test]
fn sides_that_are_left_with_the_same_are_told_in_one_line() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let ran = concord(here, &["plan", "--n", "3", "--r", "1", "--w", "1"]);
    let folded = ran.out.lines().filter(|line| line.starts_with("  split"));
    let folded: Vec<&str> = folded.collect();
    assert_eq!(folded.len(), 1, "{}", ran.out);
    assert!(folded[0].contains("split      6      1–2 "), "{}", ran.out);
    let raft = concord(here, &["plan", "examples/plans/three-zones.toml"]);
    let ending = |text: &str| {
        raft.out.lines().any(|line| {
            line.trim_start().starts_with("split      8      3–4") && line.ends_with(text)
        })
    };
    assert!(ending("≤507 ms") && ending("linearizable"), "{}", raft.out);
}
