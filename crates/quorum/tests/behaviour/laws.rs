//! Laws over numbered seeds, each error, and each limit.

use quickcheck::{Arbitrary, Gen};
use quorum::{MEMBERS_MAX, QuorumError, QuorumSystem, Side, WEIGHT_MAX};

/// Members in no order, and two thresholds that may or may not fit.
#[derive(Clone, Debug)]
struct Parts {
    members: Vec<(u16, u64)>,
    read_weight: u64,
    write_weight: u64,
}

impl Arbitrary for Parts {
    fn arbitrary(g: &mut Gen) -> Self {
        let size = 1 + usize::from(u8::arbitrary(g) % 12);
        let first = u16::arbitrary(g) >> 1;
        let mut members: Vec<(u16, u64)> = (0..size)
            .map(|place| {
                (
                    first + 3 * place as u16,
                    1 + u64::from(u8::arbitrary(g) % 40),
                )
            })
            .collect();
        shuffle(&mut members, g);
        let total: u64 = members.iter().map(|(_, weight)| weight).sum();
        let read_weight = 1 + u64::arbitrary(g) % total;
        // Around the sum that decides.
        let write_weight = (total + 3).saturating_sub(read_weight + u64::arbitrary(g) % 6);
        Self {
            members,
            read_weight,
            write_weight: write_weight.clamp(1, total),
        }
    }
}

fn shuffle<T>(items: &mut [T], g: &mut Gen) {
    for place in (1..items.len()).rev() {
        items.swap(place, usize::arbitrary(g) % (place + 1));
    }
}

fn build(parts: &Parts) -> Result<QuorumSystem<u16>, QuorumError<u16>> {
    let members = parts.members.iter().copied();
    QuorumSystem::weighted_flexible(members, parts.read_weight, parts.write_weight)
}

/// What every seed gives that is a system.
fn for_each_system(mut law: impl FnMut(QuorumSystem<u16>, Parts, &mut Gen)) {
    let mut built = 0;
    for seed in 0..2_000 {
        let mut g = Gen::from_size_and_seed(100, seed);
        let parts = Parts::arbitrary(&mut g);
        if let Ok(system) = build(&parts) {
            built += 1;
            law(system, parts, &mut g);
        }
    }
    assert!(built > 800, "{built} of 2,000 seeds are systems");
}

#[test]
fn quorums_are_upward_closed() {
    for_each_system(|system, _, g| {
        let nodes: Vec<u16> = system.members().copied().collect();
        let mut set: Vec<u16> = Vec::new();
        let (mut read, mut write) = (false, false);
        let mut order = nodes;
        shuffle(&mut order, g);
        assert!(!system.is_read_quorum(|_| false) && !system.is_write_quorum(|_| false));
        for node in order {
            set.push(node);
            let now_read = system.is_read_quorum(|node| set.contains(node));
            let now_write = system.is_write_quorum(|node| set.contains(node));
            assert!(now_read >= read && now_write >= write);
            (read, write) = (now_read, now_write);
        }
        assert!(read && write, "all members together are a quorum");
    });
}

#[test]
fn the_watermark_is_the_greatest_value_that_a_write_quorum_has_reached() {
    for_each_system(|system, _, g| {
        let first = *system.members().next().unwrap();
        let values: Vec<u8> = (0..system.size()).map(|_| u8::arbitrary(g) % 7).collect();
        let value_of = |node: &u16| values[usize::from(node - first) / 3];
        let reached = |value: &u8| system.is_write_quorum(|node| value_of(node) >= *value);
        let expected = (0..7).rev().find(reached).unwrap();
        assert_eq!(system.write_watermark(value_of), expected);
    });
}

#[test]
fn the_watermark_of_more_members_than_fit_on_the_stack_is_the_same() {
    for size in [63, 64, 65, 200] {
        for seed in 0..20 {
            let mut g = Gen::from_size_and_seed(100, seed);
            let members = || (0..size).map(|node| (node, 1 + node as u64 % 5));
            let total: u64 = members().map(|(_, weight)| weight).sum();
            let write_weight = total / 2 + 1 + u64::arbitrary(&mut g) % (total / 2);
            let system = QuorumSystem::weighted_flexible(members(), total, write_weight).unwrap();
            let values: Vec<u32> = (0..size).map(|_| u32::arbitrary(&mut g)).collect();
            let reached = |value: &&u32| system.is_write_quorum(|&node| values[node] >= **value);
            let expected = values.iter().filter(reached).max().unwrap();
            assert_eq!(system.write_watermark(|&node| values[node]), *expected);
        }
    }
}

#[test]
fn the_order_in_which_members_are_named_changes_nothing() {
    for seed in 0..2_000 {
        let mut g = Gen::from_size_and_seed(100, seed);
        let parts = Parts::arbitrary(&mut g);
        let mut other = parts.clone();
        shuffle(&mut other.members, &mut g);
        assert_eq!(build(&parts), build(&other), "seed {seed}");
    }
}

#[test]
fn members_are_asked_exactly_once_in_order() {
    for_each_system(|system, parts, _| {
        let mut names: Vec<u16> = parts.members.iter().map(|(node, _)| *node).collect();
        names.sort_unstable();
        assert!(system.members().eq(&names));
        assert_eq!(system.size(), names.len());
        let mut asked = Vec::new();
        system.is_read_quorum(|node| {
            asked.push(*node);
            true
        });
        assert_eq!(asked, names);
        asked.clear();
        system.is_write_quorum(|node| {
            asked.push(*node);
            false
        });
        assert_eq!(asked, names);
        asked.clear();
        system.write_watermark(|node| {
            asked.push(*node);
            *node
        });
        assert_eq!(asked, names);
        assert!(names.iter().all(|node| system.contains(node)));
        assert!(!system.contains(&(names[0] + 1)));
    });
}

#[test]
fn a_majority_is_more_than_half_and_no_more() {
    for size in 1..=MEMBERS_MAX {
        let system = QuorumSystem::majority(0..size).unwrap();
        assert!(system.is_read_self_intersecting());
        for side in [Side::Read, Side::Write] {
            assert_eq!(system.size_min(side), size / 2 + 1);
            assert_eq!(system.resilience(side), (size - 1) / 2);
        }
        assert!(system.is_write_quorum(|&node| node <= size / 2));
        assert!(!system.is_write_quorum(|&node| node < size / 2));
    }
}

#[test]
fn a_flexible_pair_needs_sizes_that_together_exceed_the_nodes() {
    for size in 1..=12 {
        for read_size in 0..=size + 1 {
            for write_size in 0..=size + 1 {
                let built = QuorumSystem::flexible(0..size, read_size, write_size);
                let within = (1..=size).contains(&read_size) && (1..=size).contains(&write_size);
                assert_eq!(built.is_ok(), within && read_size + write_size > size);
                let Ok(system) = built else { continue };
                assert_eq!(system.size_min(Side::Read), read_size);
                assert_eq!(system.size_min(Side::Write), write_size);
                assert_eq!(system.is_read_self_intersecting(), 2 * read_size > size);
            }
        }
    }
}

#[test]
fn each_error_says_what_is_wrong() {
    let none: [&str; 0] = [];
    let error = QuorumSystem::majority(none).unwrap_err();
    assert_eq!(error, QuorumError::NoMembers);
    assert_eq!(
        error.to_string(),
        "a quorum system needs at least one member"
    );
    let error = QuorumSystem::majority(["b", "a", "b"]).unwrap_err();
    assert_eq!(error, QuorumError::Repeated { node: "b" });
    assert_eq!(error.to_string(), r#"member "b" is named twice"#);
    let error = QuorumSystem::weighted([("a", 1), ("b", 0)]).unwrap_err();
    assert_eq!(error, QuorumError::NoWeight { node: "b" });
    assert_eq!(error.to_string(), r#"member "b" has no weight"#);
    let error = QuorumSystem::flexible(["a", "b"], 2, 3).unwrap_err();
    let (side, weight, total) = (Side::Write, 3, 2);
    assert_eq!(
        error,
        QuorumError::OutOfReach {
            side,
            weight,
            total
        }
    );
    assert_eq!(
        error.to_string(),
        "a write quorum must weigh between 1 and 2, the weight of all, and not 3"
    );
    let error = QuorumSystem::flexible(["a", "b"], 0, 2).unwrap_err();
    assert!(matches!(
        error,
        QuorumError::OutOfReach {
            side: Side::Read,
            weight: 0,
            ..
        }
    ));
    let error = QuorumSystem::flexible(["a", "b"], usize::MAX, 1).unwrap_err();
    assert!(matches!(
        error,
        QuorumError::OutOfReach {
            side: Side::Read,
            ..
        }
    ));
}

#[test]
fn the_limits_can_be_reached_and_not_passed() {
    assert!(QuorumSystem::majority(0..MEMBERS_MAX).is_ok());
    let count = MEMBERS_MAX + 1;
    let error = QuorumSystem::majority(0..count).unwrap_err();
    assert_eq!(error, QuorumError::TooManyMembers { count });
    assert_eq!(
        error.to_string(),
        "there are at least 1025 members, and a quorum system has at most 1024"
    );
    assert!(QuorumSystem::weighted([(1, WEIGHT_MAX - 1), (2, 1)]).is_ok());
    let error = QuorumSystem::weighted([(1, WEIGHT_MAX), (2, 1), (3, 1)]).unwrap_err();
    let weight = WEIGHT_MAX + 1;
    assert_eq!(error, QuorumError::TooHeavy { weight });
    assert_eq!(
        error.to_string(),
        "the members weigh at least 65537 together, and may weigh at most 65536"
    );
    let error = QuorumSystem::weighted([(1, u64::MAX), (2, u64::MAX)]).unwrap_err();
    assert_eq!(error, QuorumError::TooHeavy { weight: u64::MAX });
}

#[test]
fn an_endless_iterator_is_refused() {
    assert!(QuorumSystem::majority(0..).is_err());
    assert!(QuorumSystem::majority(std::iter::repeat(7)).is_err());
}

#[test]
fn the_dearest_checks_end_soon_and_are_exact() {
    // Even weights cannot make the one odd sum between the thresholds.
    let weight = WEIGHT_MAX / MEMBERS_MAX as u64;
    let members = || (0..MEMBERS_MAX).map(|node| (node, weight));
    let half = WEIGHT_MAX / 2;
    let system = QuorumSystem::weighted_flexible(members(), half + 1, half - 1);
    assert!(system.is_ok(), "no set weighs {half} + 1");
    let error = QuorumSystem::weighted_flexible(members(), half, half).unwrap_err();
    let QuorumError::Disjoint { read, write } = error else {
        panic!("two halves do not meet");
    };
    assert_eq!(
        (read.len(), write.len()),
        (MEMBERS_MAX / 2, MEMBERS_MAX / 2)
    );
    assert!(read.iter().all(|node| !write.contains(node)));
}
