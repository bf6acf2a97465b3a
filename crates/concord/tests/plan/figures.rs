//! Figures that the literature and other tools agree on, through the command line.

use serde_json::Value;

use super::plan;

/// The objects of a plan with these nodes and candidates.
#[track_caller]
fn objects(text: &str) -> Vec<Value> {
    let ran = plan(text, &["--json"]);
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
