//! Whatever is wrong with a plan is told with line, column, key and what was expected, and nothing else is.

use super::plan;

/// The text is refused with a message that begins and goes on like this, and nothing is printed.
#[track_caller]
fn refused(text: &str, place: &str, parts: &[&str]) {
    let ran = plan(text, &[]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert_eq!(ran.out, "", "{ran:?}");
    let begins = format!("error: p.toml: {place}");
    assert!(ran.err.starts_with(&begins), "{begins}\n{}", ran.err);
    for part in parts {
        assert!(ran.err.contains(part), "{part}\n{}", ran.err);
    }
}

/// Three nodes, and a candidate that goes on like this from line 7.
fn candidate(lines: &str) -> String {
    format!("[nodes]\na = {{}}\nb = {{}}\nc = {{}}\n[[candidate]]\nname = \"x\"\n{lines}\n")
}

/// Two nodes, of which `b`, in line 3, is this.
fn node(fields: &str) -> String {
    format!(
        "[nodes]\na = {{ failure = 0.1 }}\nb = {{ {fields} }}\n[[candidate]]\nname = \"x\"\nr = 1\n"
    )
}

#[test]
fn a_file_without_nodes_or_candidates_says_so() {
    refused("", "the file is empty", &["[nodes]", "[[candidate]]"]);
    refused("# nothing\n", "the file is empty", &[]);
    refused(
        "[workload]\nread_fraction = 1\n",
        "there is no [nodes]",
        &[],
    );
    refused(
        "[nodes]\n",
        "line 1, column 1: nodes: there is no node",
        &[],
    );
    refused("[nodes]\na = {}\n", "there is no [[candidate]]", &[]);
    refused(
        "candidate = []\n[nodes]\na = {}\n",
        "line 1, column 13: candidate: expected",
        &["an empty list"],
    );
}

#[test]
fn what_is_not_toml_is_shown_where_it_stops_being_it() {
    refused(
        "[nodes\na = 1\n",
        "line 1, column 7: ",
        &["[nodes", "      ^"],
    );
    refused(
        "[nodes]\na = {}\na = {}\n",
        "line 3, column 1: ",
        &["duplicate key"],
    );
}

#[test]
fn an_unknown_key_is_told_with_the_nearest_one() {
    refused(
        &node("failrue = 0.1"),
        "line 3, column 7: nodes.b.failrue: unknown key (did you mean `failure`?)",
        &[],
    );
    refused(
        "[node]\na = {}\n",
        "line 1, column 2: node: unknown key (did you mean `nodes`?)",
        &[],
    );
    refused(
        &candidate("raeds = \"a\""),
        "line 7, column 1: candidate[1].raeds: unknown key (did you mean `reads`?)",
        &[],
    );
}

#[test]
fn numbers_out_of_range_or_of_the_wrong_type_are_refused() {
    for wrong in [
        "1.5",
        "-0.1",
        "nan",
        "inf",
        "-inf",
        "\"often\"",
        "true",
        "[0.1]",
        "1e999",
        "99999999999999999999",
    ] {
        refused(
            &node(&format!("failure = {wrong}")),
            "line 3, column 17: nodes.b.failure: expected a probability, from 0 to 1, and found",
            &["^"],
        );
    }
    for wrong in ["0", "-1", "nan", "inf", "1e13", "1e-10"] {
        let text = format!("[nodes]\na = {{ capacity = {wrong} }}\n");
        refused(
            &text,
            "line 2, column 18: nodes.a.capacity: expected operations per second, above 0",
            &[wrong],
        );
    }
    refused(
        "[nodes]\na = { latency_ms = -1 }\n",
        "line 2, column 20: nodes.a.latency_ms: expected milliseconds",
        &[],
    );
    refused(
        "nodes = 3\n",
        "line 1, column 9: nodes: expected a table of nodes",
        &["found 3"],
    );
    refused(
        "[nodes]\na = 7\n",
        "line 2, column 5: nodes.a: expected a table",
        &["found 7"],
    );
}

#[test]
fn what_one_node_says_all_must_say() {
    refused(
        &node(""),
        "line 3, column 5: nodes.b: does not say `failure`, and a does",
        &[],
    );
    refused(
        &node("failure = 0.1, zone = \"eu\""),
        "line 3, column 29: nodes.b.zone: says `zone`, and a does not",
        &[],
    );
    let both = "[nodes]\na = { capacity = 1, read_capacity = 2 }\n";
    refused(
        both,
        "line 2, column 37: nodes.a.read_capacity: `capacity` is both capacities",
        &[],
    );
}

#[test]
fn an_expression_is_shown_where_it_goes_wrong() {
    refused(
        &candidate("reads = \"a*b + d\""),
        "line 7, column 16: candidate[1].reads: there is no node \"d\" in [nodes]",
        &["7 | reads = \"a*b + d\"\n    |                ^"],
    );
    refused(
        &candidate("reads = \"a*(b +\""),
        "line 7, column 16: candidate[1].reads: expected a node",
        &["the end"],
    );
    refused(
        &candidate("reads = \"a b\""),
        "line 7, column 12: candidate[1].reads: expected '+', '*' or the end",
        &["'b'"],
    );
    refused(
        &candidate("reads = \"a + choose(3, a, b)\""),
        "line 7, column 14: candidate[1].reads: expected to choose 1 to 2 of 2, and found 3",
        &["^^^^^^"],
    );
    // In a text of several lines, and in one with escapes.
    refused(
        &candidate("reads = \"\"\"\na +\n  d\"\"\""),
        "line 9, column 3: candidate[1].reads: there is no node",
        &[],
    );
    refused(
        &candidate("reads = \"a +\\td\""),
        "line 7, column 9: candidate[1].reads: at byte 4: there is no node",
        &[],
    );
    refused(
        &candidate("reads = 3"),
        "line 7, column 9: candidate[1].reads: expected an expression",
        &["found 3"],
    );
}

#[test]
fn quorums_that_do_not_meet_are_shown() {
    refused(
        &candidate("reads = \"a\"\nwrites = \"b*c\""),
        "line 8, column 10: candidate[1].writes: the quorums do not intersect",
        &["the read quorum {a} and the write quorum {b, c} have no node in common"],
    );
    refused(
        &candidate("r = 1\nw = 2"),
        "line 8, column 5: candidate[1].w: the quorums do not intersect: 1 to read and 2 to write are not more than 3",
        &["protocol = \"partial\""],
    );
    refused(
        &candidate("protocol = \"leader\"\nr = 1\nw = 3"),
        "line 5, column 1: candidate[1]: two leaders could be elected at once",
        &["{a} and {b, c}"],
    );
}

#[test]
fn a_candidate_gives_its_quorums_in_one_way_that_fits_its_protocol() {
    refused(
        &candidate(""),
        "line 5, column 1: candidate[1]: the candidate says no quorums",
        &["`reads`"],
    );
    refused(
        &candidate("reads = \"a\"\nr = 2"),
        "line 8, column 5: candidate[1].r: `r` beside `reads`",
        &[],
    );
    refused(
        &candidate("n = 5\nr = 2"),
        "line 7, column 5: candidate[1].n: expected 3, the number of",
        &["found 5"],
    );
    refused(
        &candidate("n = 3"),
        "line 5, column 1: candidate[1]: `n` alone says nothing",
        &[],
    );
    refused(
        &candidate("r = 4"),
        "line 7, column 5: candidate[1].r: expected a whole number from 1 to 3",
        &["found 4"],
    );
    refused(
        &candidate("protocol = \"ledaer\""),
        "line 7, column 12: candidate[1].protocol: \"ledaer\" is none of quorum",
        &["did you mean `leader`?"],
    );
    refused(
        &candidate("protocol = \"chain\""),
        "line 5, column 1: candidate[1]: a chain needs `order`",
        &[],
    );
    refused(
        &candidate("protocol = \"partial\"\nreads = \"a\""),
        "line 8, column 9: candidate[1].reads: a candidate of protocol `partial` takes no `reads`",
        &["it takes `r` and `w`"],
    );
    refused(
        &candidate("leader = \"a\"\nr = 2"),
        "line 7, column 10: candidate[1].leader: a candidate of protocol",
        &[],
    );
    refused(
        &candidate("construction = \"tree\"\nfan_out = 2"),
        "line 8, column 11: candidate[1].fan_out: ",
        &["takes no"],
    );
    refused(
        &candidate("construction = \"maekawa\""),
        "line 7, column 16: candidate[1].construction: ",
        &["3 nodes"],
    );
    refused(
        &candidate("nodes = [\"a\", \"a\"]\nr = 1"),
        "line 7, column 15: candidate[1].nodes[2]: this node is named twice",
        &[],
    );
    refused(
        &candidate("nodes = [\"a\", \"z\"]\nr = 1"),
        "line 7, column 15: candidate[1].nodes[2]: there is no node \"z\"",
        &[],
    );
}

#[test]
fn names_are_given_and_unique() {
    let twice = candidate("r = 2\n[[candidate]]\nname = \"x\"\nr = 1");
    refused(
        &twice,
        "line 9, column 8: candidate[2].name: another candidate is called \"x\" too",
        &[],
    );
    refused(
        "[nodes]\na = {}\n[[candidate]]\nr = 1\n",
        "line 3, column 1: candidate[1]: the key `name` is missing",
        &[],
    );
    refused(
        "[nodes]\n\"a b\" = {}\n",
        "line 2, column 1: nodes.a b: the name of a node has letters",
        &[],
    );
}

#[test]
fn zones_are_those_that_nodes_stand_in() {
    let nodes = "[nodes]\na = { zone = \"eu\" }\nb = { zone = \"us\" }\n";
    let zones =
        |lines: &str| format!("{nodes}[zones]\n{lines}\n[[candidate]]\nname = \"x\"\nr = 1\n");
    refused(
        &zones("su = { failure = 0.1 }"),
        "line 5, column 1: zones.su: no node stands in this zone (did you",
        &[],
    );
    refused(
        &zones("eu = { failure = 0.1 }"),
        "line 4, column 1: zones: zone us has no `failure`",
        &[],
    );
    refused(
        &zones("eu = { delay_ms = { us = -4 } }"),
        "line 5, column 26: zones.eu.delay_ms.us: expected milli",
        &[],
    );
    refused(
        &zones("eu = { delay_ms = { eu = 4 } }"),
        "line 4, column 1: zones: the delay between eu and us",
        &[],
    );
}

#[test]
fn shares_limits_and_delays_are_checked_too() {
    let section = |lines: &str| format!("{lines}\n{}", candidate("r = 2"));
    refused(
        &section("workload = { read_fraction = 1.5 }"),
        "line 1, column 30: workload.read_fraction: expected",
        &[],
    );
    refused(
        &section("workload.read_fraction = { often = 1 }"),
        "line 1, column 28: workload.read_fraction.often: expected a share",
        &[],
    );
    refused(
        &section("workload.read_fraction = { 1 = 0 }"),
        "line 1, column 32: workload.read_fraction.1: expected a weight",
        &[],
    );
    refused(
        &section("strategy = { optimize = \"laod\" }"),
        "line 1, column 25: strategy.optimize: ",
        &["did you mean `load`?"],
    );
    refused(
        &section("strategy = { f = 1.0 }"),
        "line 1, column 18: strategy.f: expected a whole number",
        &["found 1.0"],
    );
    refused(
        &section("strategy.limits.load_max = -1"),
        "line 1, column 28: strategy.limits.load_max: expected a limit",
        &[],
    );
    refused(
        &section("staleness = { fit = \"lnkd-dsk\" }"),
        "line 1, column 21: staleness.fit: ",
        &["did you mean `lnkd-disk`?"],
    );
    refused(
        &section("staleness = {}"),
        "line 1, column 13: staleness: give `fit`",
        &[],
    );
    refused(
        &section("staleness = { fit = \"wan\", each = {} }"),
        "line 1, column 35: staleness.each: a delay beside `fit`",
        &[],
    );
    refused(
        &section("staleness.each = { constant_ms = 1, uniform = {} }"),
        "line 1, column",
        &["a delay has one law"],
    );
    refused(
        &section("staleness.each.pareto = { minimum_ms = 0, exponent = 2 }"),
        "line 1, column 25: staleness.each.pareto: minimum: 0",
        &[],
    );
    refused(
        &section("staleness.each.mixture = [{ weight = 0.5, constant_ms = 1 }]"),
        "line 1, column 26: staleness.each.mixture: the weights sum to 0.5, not to 1",
        &[],
    );
    refused(
        &section("staleness.write = { constant_ms = 1 }"),
        "line 1, column",
        &["the key `ack` is missing"],
    );
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let here = super::folder("plan-absent");
    let ran = super::concord(&here, &["plan", "absent.toml"]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert!(ran.err.starts_with("error: absent.toml: "), "{}", ran.err);
    std::fs::write(here.join("bytes.toml"), b"[nodes]\na = \"\xff\"\n").expect("a file");
    let ran = super::concord(&here, &["plan", "bytes.toml"]);
    assert!(
        ran.err
            .starts_with("error: bytes.toml: line 2, column 6: expected text in UTF-8"),
        "{}",
        ran.err
    );
}

#[test]
fn flags_that_contradict_each_other_are_told() {
    let here = super::folder("plan-flags");
    let refused = |flags: &[&str], part: &str| {
        let ran = super::concord(&here, &[&["plan"][..], flags].concat());
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{ran:?}");
        assert!(ran.err.contains(part), "{part}\n{}", ran.err);
    };
    refused(&[], "give a plan, or a small question");
    refused(&["--fit", "wan"], "give a plan, or a small question");
    refused(&["p.toml", "--expr", "a"], "cannot be used with");
    refused(&["p.toml", "--fr", "1"], "cannot be used with");
    refused(&["--expr", "a", "--n", "3"], "cannot be used with");
    refused(&["--writes", "a"], "--expr");
    refused(&["--r", "1"], "--n");
    refused(&["--n", "3", "--r", "1"], "--n: say --r and --w beside it");
    refused(
        &["--n", "3", "--r", "4", "--w", "1"],
        "--r: expected 1 to 3, the number of replicas, and found 4",
    );
    refused(&["--n", "0", "--r", "1", "--w", "1"], "--n");
    refused(
        &["--expr", "a*"],
        "--expr: line 1, column 3: expected a node",
    );
    refused(
        &["--expr", "a", "--writes", "b"],
        "--writes: the quorums do not intersect: the read quorum {a} and",
    );
    refused(&["--expr", "a", "--fr", "1.5"], "a number from 0 to 1");
    refused(&["--expr", "a", "--failure", "nan"], "a number from 0 to 1");
    refused(&["--expr", "a", "--read-capacity", "0"], "a number above 0");
    refused(
        &["--n", "3", "--r", "1", "--w", "1", "--fit", "ssd"],
        "the fits are lnkd-ssd, lnkd-disk, ymmr, wan",
    );
}

#[test]
fn timers_shapes_and_searches_are_checked_too() {
    let section = |lines: &str| format!("{lines}\n{}", candidate("r = 2"));
    refused(
        &section("leader = { heartbeat_ms = 5 }"),
        "line 1, column 27: leader.heartbeat_ms: `heartbeat_ms` needs",
        &[],
    );
    refused(
        &section("leader.election_timeout_ms = [150]"),
        "line 1, column 30: leader.election_timeout_ms: expected the",
        &[],
    );
    refused(
        &section("leader = { election_timeout_ms = [300, 150], heartbeat_ms = 5, delay_ms = 1 }"),
        "line 1, column 34: leader.election_timeout_ms: ",
        &["300"],
    );
    refused(
        &section("leader = { check_quorum = 1 }"),
        "line 1, column 27: leader.check_quorum: expected true or false",
        &[],
    );
    refused(
        &section("partitions = { shapes = [\"brigde\"] }"),
        "line 1, column 26: partitions.shapes[1]: ",
        &["did you mean `bridge`?"],
    );
    refused(
        &section("partitions = { shapes = \"some\" }"),
        "line 1, column 25: partitions.shapes: expected \"all\"",
        &[],
    );
    refused(
        &section("search = { unavailability_max = 0.1 }"),
        "line 1, column 33: search.unavailability_max: no node",
        &[],
    );
    refused(
        &section("search = { nodes = [\"a\", \"q\"] }"),
        "line 1, column 26: search.nodes[2]: there is no node \"q\"",
        &[],
    );
}
