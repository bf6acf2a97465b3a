//! The serde form: it survives a round trip, and what was not checked is not decoded.
#![cfg(feature = "serde")]

use quickcheck::{Arbitrary, Gen};
use quorum::{EXPRESSION_SIZE_MAX, Expression, MEMBERS_MAX, QuorumSystem, Side};
use serde_json::{Value, json};

type System = QuorumSystem<String>;

fn decode(value: Value) -> Result<System, String> {
    serde_json::from_value(value).map_err(|error| error.to_string())
}

fn weighted(members: &Value, read_weight: u64, write_weight: u64) -> Value {
    json!({ "weighted": {
        "members": members, "read_weight": read_weight, "write_weight": write_weight,
    } })
}

#[test]
fn the_form_is_the_members_and_the_thresholds() {
    let system = QuorumSystem::flexible(["b", "a"], 2, 1).unwrap();
    let text = r#"{"weighted":{"members":[["a",1],["b",1]],"read_weight":2,"write_weight":1}}"#;
    assert_eq!(serde_json::to_string(&system).unwrap(), text);
    let names = ["a", "b"].map(String::from);
    let expected = QuorumSystem::flexible(names, 2, 1).unwrap();
    assert_eq!(serde_json::from_str::<System>(text).unwrap(), expected);
}

#[test]
fn a_system_survives_a_round_trip() {
    for seed in 0..500 {
        let mut g = Gen::from_size_and_seed(50, seed);
        let size = 1 + u32::from(u8::arbitrary(&mut g) % 40);
        let members = (0..size).map(|node| (node, 1 + u64::from(u8::arbitrary(&mut g))));
        let system = QuorumSystem::weighted(members).unwrap();
        let text = serde_json::to_string(&system).unwrap();
        let decoded: QuorumSystem<u32> = serde_json::from_str(&text).unwrap();
        assert_eq!(decoded, system, "seed {seed}");
        assert_eq!(
            decoded.is_read_self_intersecting(),
            system.is_read_self_intersecting()
        );
    }
}

#[test]
fn the_form_of_an_expression_is_its_steps_in_postorder() {
    let expression: Expression<String> = "a*b + choose(2, a, c, d)".parse().unwrap();
    let text = r#"[{"node":"a"},{"node":"b"},{"choose":{"needed":2,"of":2}},{"node":"a"},{"node":"c"},{"node":"d"},{"choose":{"needed":2,"of":3}},{"choose":{"needed":1,"of":2}}]"#;
    assert_eq!(serde_json::to_string(&expression).unwrap(), text);
    assert_eq!(
        serde_json::from_str::<Expression<String>>(text).unwrap(),
        expression
    );
    let system = QuorumSystem::from_reads("a*b".parse::<Expression<String>>().unwrap()).unwrap();
    let text = concat!(
        r#"{"expressions":{"reads":[{"node":"a"},{"node":"b"},{"choose":{"needed":2,"of":2}}],"#,
        r#""writes":[{"node":"a"},{"node":"b"},{"choose":{"needed":1,"of":2}}]}}"#
    );
    assert_eq!(serde_json::to_string(&system).unwrap(), text);
    assert_eq!(serde_json::from_str::<System>(text).unwrap(), system);
}

#[test]
fn every_construction_survives_a_round_trip() {
    for system in [
        QuorumSystem::grid((0..10).map(|row| row * 10..row * 10 + 10)).unwrap(),
        QuorumSystem::maekawa(0..144).unwrap(),
        QuorumSystem::tree(0..63).unwrap(),
        QuorumSystem::hierarchical(0..64, 4).unwrap(),
        QuorumSystem::triangular_wall(0..55).unwrap(),
        QuorumSystem::wheel(0, 1..9).unwrap(),
        QuorumSystem::projective_plane(0..57).unwrap(),
        QuorumSystem::from_reads(Expression::node(7)).unwrap(),
    ] {
        let text = serde_json::to_string(&system).unwrap();
        let decoded: QuorumSystem<u32> = serde_json::from_str(&text).unwrap();
        assert_eq!(decoded, system);
        assert_eq!(
            decoded.resilience(Side::Write),
            system.resilience(Side::Write)
        );
    }
}

#[test]
fn steps_that_are_no_expression_are_not_decoded() {
    let node = |name: &str| json!({ "node": name });
    let choose = |needed: u32, of: u32| json!({ "choose": { "needed": needed, "of": of } });
    for (steps, said) in [
        (json!([]), "do not make one expression"),
        (json!([node("a"), node("b")]), "do not make one expression"),
        (
            json!([node("a"), choose(1, 2)]),
            "do not make one expression",
        ),
        (json!([choose(1, 1)]), "do not make one expression"),
        (
            json!([node("a"), choose(1, 1), node("b")]),
            "do not make one expression",
        ),
        (json!([node("a"), choose(0, 1)]), "to choose 0 of 1"),
        (
            json!([node("a"), node("b"), choose(3, 2)]),
            "to choose 3 of 2",
        ),
        (json!([node("a"), choose(1, 70_000)]), "invalid value"),
        (json!([{ "all": 2 }]), "unknown variant"),
        (json!("a*b"), "at most 65535 steps"),
    ] {
        let error = serde_json::from_value::<Expression<String>>(steps.clone()).unwrap_err();
        assert!(error.to_string().contains(said), "{steps}: {error}");
        let both = json!({ "expressions": { "reads": steps, "writes": [node("a")] } });
        assert!(decode(both).is_err());
    }
    let too_long = format!(
        "[{}]",
        vec![r#"{"node":1}"#; EXPRESSION_SIZE_MAX + 1].join(",")
    );
    let error = serde_json::from_str::<Expression<u32>>(&too_long).unwrap_err();
    assert!(
        error.to_string().contains("invalid length 65536"),
        "{error}"
    );
    // Two rows of a grid have no node in common.
    let rows = [
        node("a"),
        node("b"),
        choose(2, 2),
        node("c"),
        node("d"),
        choose(2, 2),
        choose(1, 2),
    ];
    let error = decode(json!({ "expressions": { "reads": rows, "writes": rows } })).unwrap_err();
    assert!(error.contains("have no member in common"), "{error}");
}

#[test]
fn a_system_whose_quorums_miss_each_other_is_not_decoded() {
    let members = json!([["a", 1], ["b", 1], ["c", 1]]);
    assert!(decode(weighted(&members, 2, 2)).is_ok());
    let error = decode(weighted(&members, 2, 1)).unwrap_err();
    assert!(error.contains("have no member in common"), "{error}");
}

#[test]
fn every_other_rule_is_checked_too() {
    for (members, weight, said) in [
        (json!([]), 1, "at least one member"),
        (json!([["a", 1], ["a", 1]]), 2, "named twice"),
        (json!([["a", 1], ["b", 0]]), 1, "has no weight"),
        (
            json!([["a", 65_536], ["b", 1]]),
            65_537,
            "may weigh at most",
        ),
        (json!([["a", 1]]), 2, "must weigh between"),
        (json!([["a", 1]]), 0, "must weigh between"),
        (json!([["a", -1]]), 1, "invalid"),
        (json!("a"), 1, "at most 1024 members"),
    ] {
        let error = decode(weighted(&members, weight, weight)).unwrap_err();
        assert!(error.contains(said), "{error}");
    }
    assert!(decode(json!({ "grid": {} })).is_err());
    assert!(decode(json!({ "weighted": { "members": [["a", 1]] } })).is_err());
}

#[test]
fn a_member_too_many_is_refused_while_decoding() {
    let members = |count: usize| Value::from_iter((0..count).map(|node| json!([node, 1])));
    let decode = |count: usize| {
        let value = weighted(&members(count), count as u64, count as u64);
        // As text: the length is not known before.
        serde_json::from_str::<QuorumSystem<usize>>(&value.to_string())
    };
    assert_eq!(decode(MEMBERS_MAX).unwrap().size(), MEMBERS_MAX);
    for count in [MEMBERS_MAX + 1, MEMBERS_MAX + 100] {
        let error = decode(count).unwrap_err().to_string();
        assert!(error.contains("invalid length 1025"), "{error}");
    }
    let claimed = weighted(&members(5_000), 5_000, 5_000);
    let error = serde_json::from_value::<QuorumSystem<usize>>(claimed).unwrap_err();
    assert!(
        error.to_string().contains("invalid length 5000"),
        "refused by its claim"
    );
}

#[test]
fn arbitrary_bytes_never_panic() {
    let text = weighted(&json!([["a", 1], ["b", 2], ["c", 3]]), 4, 3).to_string();
    for seed in 0..2_000 {
        let mut g = Gen::from_size_and_seed(50, seed);
        let mut bytes = text.clone().into_bytes();
        for _ in 0..=u8::arbitrary(&mut g) % 4 {
            let place = usize::arbitrary(&mut g) % bytes.len();
            bytes[place] = u8::arbitrary(&mut g);
        }
        let _ = serde_json::from_slice::<System>(&bytes);
    }
}
