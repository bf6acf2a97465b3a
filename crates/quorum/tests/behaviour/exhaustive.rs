//! Every small system against the definition: all weightings, all thresholds, all pairs of subsets.

use quorum::{QuorumError, QuorumSystem, Side};

/// Weightings of 1 to 5 members. With more members the weights end sooner.
fn weightings() -> impl Iterator<Item = Vec<u64>> {
    [(1, 6), (2, 6), (3, 5), (4, 4), (5, 3)]
        .into_iter()
        .flat_map(|(size, heaviest): (u32, u64)| {
            (0..heaviest.pow(size)).map(move |number| {
                (0..size)
                    .map(|place| 1 + number / heaviest.pow(place) % heaviest)
                    .collect()
            })
        })
}

fn weight(weights: &[u64], set: u32) -> u64 {
    let chosen = weights
        .iter()
        .enumerate()
        .filter(|(place, _)| set & (1 << place) != 0);
    chosen.map(|(_, weight)| weight).sum()
}

/// All subsets that reach a threshold, as bits.
fn quorums(weights: &[u64], threshold: u64) -> Vec<u32> {
    let sets = 0..1_u32 << weights.len();
    sets.filter(|&set| weight(weights, set) >= threshold)
        .collect()
}

fn all_meet(one: &[u32], other: &[u32]) -> bool {
    one.iter().all(|a| other.iter().all(|b| a & b != 0))
}

fn bits(nodes: &[u32]) -> u32 {
    nodes.iter().map(|node| 1 << node).sum()
}

/// By trying every subset: the fewest members of a quorum, and how many may fail.
fn sizes(size: u32, quorums: &[u32]) -> (usize, usize) {
    let least = quorums.iter().map(|set| set.count_ones() as usize).min();
    let survives = |failed: u32| quorums.contains(&(((1 << size) - 1) & !failed));
    let resilience = (0..size)
        .take_while(|&count| {
            let mut sets = 0..1_u32 << size;
            sets.all(|set| set.count_ones() != count || survives(set))
        })
        .count();
    (least.unwrap(), resilience - 1)
}

#[test]
fn a_system_is_built_exactly_if_every_read_quorum_meets_every_write_quorum() {
    let (mut built, mut refused, mut lumps) = (0, 0, 0);
    for weights in weightings() {
        let total: u64 = weights.iter().sum();
        for read_weight in 1..=total {
            for write_weight in 1..=total {
                let reads = quorums(&weights, read_weight);
                let writes = quorums(&weights, write_weight);
                let members = (0_u32..).zip(weights.iter().copied());
                match QuorumSystem::weighted_flexible(members, read_weight, write_weight) {
                    Ok(system) => {
                        assert!(
                            all_meet(&reads, &writes),
                            "{weights:?} {read_weight} {write_weight}"
                        );
                        built += 1;
                        lumps += u32::from(read_weight + write_weight <= total);
                        is_as_defined(&system, &reads, &writes);
                    }
                    Err(QuorumError::Disjoint { read, write }) => {
                        let (read, write) = (bits(&read), bits(&write));
                        assert_eq!(read & write, 0);
                        assert!(reads.contains(&read) && writes.contains(&write));
                        refused += 1;
                    }
                    Err(error) => panic!("{weights:?} {read_weight} {write_weight}: {error}"),
                }
            }
        }
    }
    // Systems that only the exact check lets through are among them.
    assert!(
        built > 10_000 && refused > 10_000 && lumps > 1_000,
        "{built} {refused} {lumps}"
    );
}

fn is_as_defined(system: &QuorumSystem<u32>, reads: &[u32], writes: &[u32]) {
    let size = system.size() as u32;
    for set in 0..1_u32 << size {
        let has = |node: &u32| set & (1 << node) != 0;
        assert_eq!(system.is_read_quorum(has), reads.contains(&set));
        assert_eq!(system.is_write_quorum(has), writes.contains(&set));
    }
    let meet = all_meet(reads, reads);
    assert_eq!(system.is_read_self_intersecting(), meet);
    match system.disjoint_read_quorums() {
        None => assert!(meet),
        Some((one, other)) => {
            let (one, other) = (bits(&one), bits(&other));
            assert_eq!(one & other, 0);
            assert!(reads.contains(&one) && reads.contains(&other));
        }
    }
    for (side, quorums) in [(Side::Read, reads), (Side::Write, writes)] {
        let found = (system.size_min(side), system.resilience(side));
        assert_eq!(found, sizes(size, quorums), "{side} {system:?}");
    }
}

#[test]
fn more_than_half_of_the_weight_is_always_a_system_and_one_unit_less_reaches_half() {
    for weights in weightings() {
        let total: u64 = weights.iter().sum();
        let members = (0_u32..).zip(weights.iter().copied());
        let system = QuorumSystem::weighted(members).unwrap();
        for set in 0..1_u32 << weights.len() {
            let above_half = 2 * weight(&weights, set) > total;
            assert_eq!(
                system.is_read_quorum(|node| set & (1 << node) != 0),
                above_half
            );
            assert_eq!(
                system.is_write_quorum(|node| set & (1 << node) != 0),
                above_half
            );
        }
        assert!(system.is_read_self_intersecting());
    }
}
