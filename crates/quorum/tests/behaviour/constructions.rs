//! The named constructions: their quorums, their sizes, and how likely they fail.

use quorum::{Expression, ExpressionError, QuorumError, QuorumSystem, Side};

type System = QuorumSystem<u32>;

fn rows(widths: &[u32]) -> Vec<Vec<u32>> {
    let mut next = 0..;
    widths
        .iter()
        .map(|&width| next.by_ref().take(width as usize).collect())
        .collect()
}

/// What no source in this crate computes: fractions over all sets of nodes, rounded once.
fn golden() -> Vec<(&'static str, System, Side, [f64; 3])> {
    let read = Side::Read;
    let write = Side::Write;
    let majority = |size: u32| System::majority(0..size).unwrap();
    let grid = |widths: &[u32]| System::grid(rows(widths)).unwrap();
    vec![
        ("majority 3", majority(3), read, [0.000298, 0.028, 0.216]),
        (
            "majority 5",
            majority(5),
            write,
            [9.8506e-06, 0.00856, 0.16308],
        ),
        (
            "majority 7",
            majority(7),
            write,
            [3.416698e-07, 0.002728, 0.126036],
        ),
        (
            "Maekawa 3x3",
            System::maekawa(0..9).unwrap(),
            read,
            [4.6315890898201e-05, 0.033308821, 0.410561703],
        ),
        (
            "Maekawa 4x4",
            System::maekawa(0..16).unwrap(),
            write,
            [
                4.568098115108861e-06,
                0.0248890823536483,
                0.4894371926409123,
            ],
        ),
        (
            "triangular wall, 4 rows",
            System::triangular_wall(0..10).unwrap(),
            read,
            [3.98152845388e-07, 0.003042928, 0.130703544],
        ),
        (
            "wheel of 6",
            System::wheel(0, 1..6).unwrap(),
            write,
            [0.0004900996, 0.04096, 0.25128],
        ),
        (
            "grid 2x3, reads",
            grid(&[3, 3]),
            read,
            [0.000882149401, 0.073441, 0.431649],
        ),
        (
            "grid 2x3, writes",
            grid(&[3, 3]),
            write,
            [1.999999e-06, 0.001999, 0.053271],
        ),
        (
            "grid 4x4, reads",
            grid(&[4; 4]),
            read,
            [2.41079787911701e-06, 0.0139871329611841, 0.3334462042529601],
        ),
        (
            "grid 4x4, writes",
            grid(&[4; 4]),
            write,
            [
                3.9999999400000004e-08,
                0.0003999400039999,
                0.0320084614593279,
            ],
        ),
        (
            "tree of 7",
            System::tree(0..7).unwrap(),
            read,
            [6.04702792e-06, 0.0062272, 0.1482624],
        ),
        (
            "hierarchy of 9",
            System::hierarchical(0..9, 3).unwrap(),
            read,
            [2.66359072816e-07, 0.002308096, 0.119812608],
        ),
        (
            "plane of order 2",
            System::projective_plane(0..7).unwrap(),
            read,
            [6.99792094e-06, 0.0068104, 0.1519668],
        ),
        (
            "plane of order 3",
            System::projective_plane(0..13).unwrap(),
            read,
            [1.3021952658713218e-07, 0.0014167723402, 0.1117666567566],
        ),
    ]
}

#[test]
fn the_probability_that_no_quorum_is_left_is_exact() {
    for (name, system, side, expected) in golden() {
        let expression = system.expression(side).unwrap();
        for (failure, expected) in [0.01, 0.1, 0.3].into_iter().zip(expected) {
            for found in [
                system.unavailability(side, |_| failure).unwrap(),
                expression.unavailability(|_| failure).unwrap(),
            ] {
                let error = (found - expected).abs() / expected;
                assert!(
                    error < 1e-13,
                    "{name} at {failure}: {found}, not {expected}"
                );
            }
        }
    }
}

fn sizes(system: &System) -> [usize; 4] {
    let (read, write) = (Side::Read, Side::Write);
    [
        system.size_min(read),
        system.size_min(write),
        system.resilience(read),
        system.resilience(write),
    ]
}

fn count(system: &System, side: Side) -> u128 {
    let expression = system.expression(side).unwrap();
    expression.minimal_quorums_count().unwrap()
}

#[test]
fn sizes_resilience_and_numbers_of_quorums_are_those_of_the_papers() {
    let grid = System::grid(rows(&[10; 10])).unwrap();
    assert_eq!(sizes(&grid), [10, 10, 9, 9]);
    assert_eq!(
        (count(&grid, Side::Read), count(&grid, Side::Write)),
        (10, 10_u128.pow(10))
    );
    for side in (2..=12_u32).chain([32]) {
        let system = System::maekawa(0..side * side).unwrap();
        let (size, resilience) = (2 * side as usize - 1, side as usize - 1);
        assert_eq!(sizes(&system), [size, size, resilience, resilience]);
        assert_eq!(count(&system, Side::Read), u128::from(side * side));
    }
    // m(h+1) = m(h)² + 2 m(h) quorums, the path with h + 1 nodes among them.
    let mut quorums = 1;
    for height in 0..=8_u32 {
        let system = System::tree(0..(2 << height) - 1).unwrap();
        let size = height as usize + 1;
        assert_eq!(
            sizes(&system),
            [size, size, height as usize, height as usize]
        );
        assert_eq!(count(&system, Side::Write), quorums);
        quorums = quorums.saturating_mul(quorums).saturating_add(2 * quorums);
        if height == 6 {
            break;
        }
    }
    for height in 1..=5_u32 {
        let system = System::hierarchical(0..3_u32.pow(height), 3).unwrap();
        let size = 2_usize.pow(height);
        assert_eq!(sizes(&system), [size, size, size - 1, size - 1]);
    }
    let mut nodes = 0;
    for depth in 1..=8_u32 {
        nodes += depth;
        let system = System::triangular_wall(0..nodes).unwrap();
        let size = depth as usize;
        assert_eq!(sizes(&system), [size, size, size - 1, size - 1]);
    }
    for rim in 2..=20_u32 {
        let system = System::wheel(0, 1..=rim).unwrap();
        assert_eq!(sizes(&system), [2, 2, 1, 1]);
        assert_eq!(count(&system, Side::Read), u128::from(rim) + 1);
    }
    for order in [2_u32, 3, 5, 7, 11, 13] {
        let points = order * order + order + 1;
        let system = System::projective_plane(0..points).unwrap();
        let size = order as usize + 1;
        assert_eq!(sizes(&system), [size, size, size - 1, size - 1]);
        assert_eq!(count(&system, Side::Read), u128::from(points));
    }
}

/// Whatever the strategy, the busiest node is asked at least as often as a cheapest quorum costs, when
/// all nodes cost one together (Naor and Wool 1998, by duality).
fn is_load_at_least(system: &System, price_of: impl Fn(u32) -> u64, load: (u64, u64)) {
    let quorums = system.expression(Side::Read).unwrap();
    let all: u64 = system.members().map(|&node| price_of(node)).sum();
    let cheapest = quorums.cheapest(|&node| Some(price_of(node))).unwrap();
    assert_eq!(cheapest.unwrap().price * load.1, all * load.0);
}

#[test]
fn no_strategy_has_less_than_the_load_of_the_papers() {
    for size in [3, 5, 9, 51] {
        let majority = System::majority(0..size).unwrap();
        is_load_at_least(&majority, |_| 1, (u64::from(size / 2 + 1), size.into()));
    }
    for side in [3, 4, 6, 10_u32] {
        let square = System::maekawa(0..side * side).unwrap();
        let side = u64::from(side);
        is_load_at_least(&square, |_| 1, (2 * side - 1, side * side));
    }
    for order in [2, 3, 5, 7_u32] {
        let plane = System::projective_plane(0..order * order + order + 1).unwrap();
        let order = u64::from(order);
        is_load_at_least(&plane, |_| 1, (order + 1, order * order + order + 1));
    }
    for height in 1..=5 {
        let system = System::hierarchical(0..3_u32.pow(height), 3).unwrap();
        is_load_at_least(&system, |_| 1, (2_u64.pow(height), 3_u64.pow(height)));
    }
    let wall = System::triangular_wall(0..10).unwrap();
    is_load_at_least(&wall, |_| 1, (4, 10));
    for size in 3..=20_u32 {
        let wheel = System::wheel(0, 1..size).unwrap();
        let n = u64::from(size);
        is_load_at_least(
            &wheel,
            |node| if node == 0 { n - 2 } else { 1 },
            (n - 1, 2 * n - 3),
        );
    }
    for height in 1..=6_u32 {
        let tree = System::tree(0..(2 << height) - 1).unwrap();
        // At each level, a root and a tree below cost as much as both trees below.
        let whole = 720_720_u64;
        let price_of = |node: u32| {
            let level = (node + 1).ilog2();
            (0..=level).fold(whole << height, |tree, at| {
                let load_below = u64::from(height - at + 1);
                let root = match at == height {
                    true => tree,
                    false => tree / (load_below + 1),
                };
                if at == level { root } else { (tree - root) / 2 }
            })
        };
        is_load_at_least(&tree, price_of, (2, u64::from(height) + 2));
    }
}

#[test]
fn symmetric_constructions_read_and_write_by_quorums_that_meet_one_another() {
    for system in [
        System::maekawa(0..16).unwrap(),
        System::tree(0..15).unwrap(),
        System::hierarchical(0..27, 3).unwrap(),
        System::hierarchical(0..1024, 4).unwrap(),
        System::crumbling_wall(rows(&[2, 1, 3, 4])).unwrap(),
        System::triangular_wall(0..15).unwrap(),
        System::wheel(0, 1..8).unwrap(),
        System::projective_plane(0..13).unwrap(),
    ] {
        assert!(system.is_read_self_intersecting());
        assert_eq!(
            system.expression(Side::Read),
            system.expression(Side::Write)
        );
        let quorums = system.expression(Side::Read).unwrap();
        let Ok(quorums) = quorums.minimal_quorums(10_000) else {
            continue;
        };
        for one in quorums.iter().take(100) {
            assert!(
                quorums
                    .iter()
                    .all(|other| one.iter().any(|node| other.contains(node)))
            );
        }
    }
    assert!(
        !System::grid(rows(&[2, 2]))
            .unwrap()
            .is_read_self_intersecting()
    );
}

#[test]
fn numbers_of_nodes_that_do_not_fit_are_refused() {
    fn is_unbuildable(made: Result<System, QuorumError<u32>>) -> bool {
        let Err(QuorumError::Expression(error)) = made else {
            return false;
        };
        matches!(error, ExpressionError::Unbuildable { .. })
    }
    for size in 1..200_u32 {
        let square = (1..200).any(|side| side * side == size);
        if size <= 36 {
            assert_eq!(is_unbuildable(System::maekawa(0..size)), !square, "{size}");
        }
        let tree = (size + 1).is_power_of_two();
        assert_eq!(is_unbuildable(System::tree(0..size)), !tree, "{size}");
        let power = [1, 3, 9, 27, 81].contains(&size);
        assert_eq!(
            is_unbuildable(System::hierarchical(0..size, 3)),
            !power,
            "{size}"
        );
        let triangle = (1..50).any(|depth| depth * (depth + 1) / 2 == size);
        assert_eq!(
            is_unbuildable(System::triangular_wall(0..size)),
            !triangle,
            "{size}"
        );
    }
    for size in [1, 2, 3, 6, 21, 73] {
        // 21 = 4² + 4 + 1: a plane exists, but four is no prime.
        assert!(is_unbuildable(System::projective_plane(0..size)), "{size}");
    }
    for fan_out in [0, 1] {
        assert!(is_unbuildable(System::hierarchical(0..4, fan_out)));
    }
    let error = System::maekawa(0..5).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a square of 5 nodes does not exist: it needs 1, 4, 9, 16, … nodes"
    );
}

#[test]
fn nodes_are_named_once_and_every_row_has_one() {
    let none: [u32; 0] = [];
    assert_eq!(System::maekawa(none), Err(QuorumError::NoMembers));
    assert_eq!(System::grid([none]), Err(QuorumError::NoMembers));
    assert_eq!(
        System::grid([[1], [1]]),
        Err(QuorumError::Repeated { node: 1 })
    );
    assert_eq!(
        System::wheel(1, [2, 1]),
        Err(QuorumError::Repeated { node: 1 })
    );
    assert_eq!(System::wheel(1, []), Err(QuorumError::NoMembers));
    let rows: [[u32; 1]; 0] = [];
    assert_eq!(System::crumbling_wall(rows), Err(QuorumError::NoMembers));
    assert!(matches!(
        System::tree(0..),
        Err(QuorumError::TooManyMembers { .. })
    ));
    assert!(matches!(
        System::grid([0..]),
        Err(QuorumError::TooManyMembers { .. })
    ));
    let endless = std::iter::repeat([1]);
    assert!(matches!(
        System::grid(endless),
        Err(QuorumError::TooManyMembers { .. })
    ));
}

#[test]
fn what_would_take_too_long_is_refused_and_not_guessed() {
    // Hidden sums: 40 nodes, each in a dozen of 40 groups.
    let group = |group: u32| {
        let nodes = (0..40).filter(move |node| (node * 7919 + group * 104_729) % 101 < 30);
        Expression::choose(6, nodes.map(Expression::node)).unwrap()
    };
    let tangled = Expression::choose(20, (0..40).map(group)).unwrap();
    let error = tangled.unavailability(|_| 0.1).unwrap_err();
    assert!(matches!(
        error,
        QuorumError::Expression(ExpressionError::Entangled { .. })
    ));
    assert!(matches!(
        tangled.size_min(),
        Err(ExpressionError::Entangled { .. })
    ));
    let error = QuorumSystem::new(tangled.clone(), tangled).unwrap_err();
    assert!(matches!(
        error,
        QuorumError::Expression(ExpressionError::Entangled { .. })
    ));
}
