//! What holds for every system, and what is refused.

use cap_model::strategy::{
    Costs, Flaw, Limit, Limits, Objective, Program, Question, ReadFractionError, ReadFractions,
    Shortfall, Strategy, StrategyError, naor_wool_bound, optimize,
};
use quorum::{Expression, QuorumSystem, Side};

use crate::enumerated::{Dice, random_costs, random_system};
use crate::goldens::{grid, metrics, near, question, tutorial};

fn load(fraction: f64) -> Question {
    question(Objective::Load, fraction)
}

/// Anchors: closed forms of the literature, and values of a linear program over all quorums.
#[test]
fn loads_of_named_systems() {
    let check = |system: &QuorumSystem<usize>, expected: f64| {
        near(metrics(system, |_| Costs::UNIT, &load(0.5)).load, expected);
    };
    for size in [3_usize, 4] {
        let maekawa = QuorumSystem::maekawa(0..size * size).expect("it");
        check(&maekawa, (2 * size - 1) as f64 / (size * size) as f64);
    }
    for height in 1..5 {
        let tree = QuorumSystem::tree(0..(2 << height) - 1).expect("a tree");
        check(&tree, 2.0 / (height + 2) as f64);
    }
    check(
        &QuorumSystem::projective_plane(0..7).expect("it"),
        3.0 / 7.0,
    );
    check(
        &QuorumSystem::projective_plane(0..13).expect("it"),
        4.0 / 13.0,
    );
    check(&QuorumSystem::triangular_wall(0..10).expect("it"), 0.4);
    check(&QuorumSystem::wheel(0, 1..7).expect("it"), 6.0 / 11.0);
    check(&QuorumSystem::flexible(0..7, 5, 3).expect("it"), 4.0 / 7.0);
    // Majorities of majorities of majorities.
    let three = |parts: Vec<Expression<usize>>| Expression::choose(2, parts).expect("it");
    let nine = |from: usize| {
        let groups = (0..3).map(|group| {
            three(
                (0..3)
                    .map(|node| Expression::node(from + 3 * group + node))
                    .collect(),
            )
        });
        three(groups.collect())
    };
    let all = three(vec![nine(0), nine(9), nine(18)]);
    check(&QuorumSystem::from_reads(all).expect("it"), 8.0 / 27.0);
}

#[test]
fn a_strategy_costs_what_its_definition_says_at_every_fraction() {
    let strategy = Strategy {
        reads: [("abc", 2.0 / 3.0), ("def", 1.0 / 3.0)].map(named).to_vec(),
        writes: ["ad", "be", "cf"]
            .map(|nodes| named((nodes, 1.0 / 3.0)))
            .to_vec(),
    };
    let at = |fractions: &[(f64, f64)]| {
        let fractions = ReadFractions::weighted(fractions).expect("fractions");
        strategy
            .metrics(&grid(), |_| Costs::UNIT, &fractions)
            .expect("a strategy")
            .load
    };
    near(at(&[(1.0, 1.0)]), 2.0 / 3.0);
    near(at(&[(0.0, 1.0)]), 1.0 / 3.0);
    near(at(&[(0.25, 1.0)]), 5.0 / 12.0);
    let loads = strategy
        .loads(&grid(), |_| Costs::UNIT, 0.25)
        .expect("loads");
    let expected = [
        5.0 / 12.0,
        5.0 / 12.0,
        5.0 / 12.0,
        1.0 / 3.0,
        1.0 / 3.0,
        1.0 / 3.0,
    ];
    for ((_, load), expected) in loads.iter().zip(expected) {
        near(*load, expected);
    }
    let even = Strategy {
        reads: ["abc", "def"].map(|nodes| named((nodes, 0.5))).to_vec(),
        ..strategy.clone()
    };
    let mix = ReadFractions::weighted(&[(0.1, 1.0), (0.75, 1.0)]).expect("a mix");
    near(
        even.metrics(&grid(), |_| Costs::UNIT, &mix)
            .expect("it")
            .load,
        0.404_166_666_666_666_7,
    );
    let found = strategy.loads(&grid(), |_| Costs::UNIT, f64::NAN);
    assert!(matches!(found, Err(Flaw::NotAReadFraction { .. })));
}

fn named((nodes, probability): (&str, f64)) -> (Vec<String>, f64) {
    (nodes.chars().map(String::from).collect(), probability)
}

#[test]
fn no_load_is_below_the_bounds_and_more_capacity_never_hurts() {
    for seed in 0..60 {
        let mut dice = Dice::new(seed + 300);
        let nodes = 2 + dice.below(6);
        let system = random_system(&mut dice, nodes, seed % 3 == 0);
        let fraction = dice.below(11) as f64 / 10.0;
        let even = metrics(&system, |_| Costs::UNIT, &load(fraction)).load;
        let bound = naor_wool_bound(&system, fraction).expect("a bound");
        assert!(
            bound <= even * (1.0 + 1e-12),
            "seed {seed}: {bound} {even} {system:?}"
        );
        assert!(even <= 1.0 + 1e-12);
        let mut costs = random_costs(&mut dice, nodes);
        let before = metrics(&system, |node| costs[*node], &load(fraction)).load;
        let faster = dice.below(nodes);
        costs[faster].read_capacity *= 2.0;
        costs[faster].write_capacity *= 1.5;
        let after = metrics(&system, |node| costs[*node], &load(fraction)).load;
        assert!(
            after <= before * (1.0 + 1e-12),
            "seed {seed}: {after} {before}"
        );
        let scaled: Vec<Costs> = costs
            .iter()
            .map(|it| Costs {
                read_capacity: it.read_capacity * 4_096.0,
                write_capacity: it.write_capacity * 4_096.0,
                ..*it
            })
            .collect();
        let scaled = metrics(&system, |node| scaled[*node], &load(fraction)).load;
        assert_eq!(scaled * 4_096.0, after, "seed {seed}");
    }
}

/// A load above one is a load: an operation a second is more than the nodes can do.
#[test]
fn a_load_above_one_is_no_error() {
    let slow = Costs {
        read_capacity: 0.25,
        write_capacity: 0.25,
        latency_ms: 0.0,
    };
    near(metrics(&grid(), |_| slow, &load(0.25)).load, 1.5);
}

#[test]
fn the_same_question_has_the_same_answer_to_the_last_bit() {
    let mut dice = Dice::new(9);
    let system = random_system(&mut dice, 8, true);
    let costs = random_costs(&mut dice, 8);
    let answer = || optimize(&system, |node| costs[*node], &load(0.3)).expect("an optimum");
    assert_eq!(format!("{:?}", answer()), format!("{:?}", answer()));
}

#[test]
fn a_limit_that_cannot_be_kept_is_named_with_what_it_would_have_to_be() {
    let limits = Limits {
        latency_ms_max: Some(1_000.0),
        ..Limits::default()
    };
    let question = Question {
        limits,
        ..load(0.5)
    };
    let error = optimize(&grid(), |node| tutorial(node), &question).expect_err("too fast");
    assert_eq!(
        error.to_string(),
        "no strategy keeps the limits: the latency may be at most 1000, and is at least 3500"
    );
    // Each alone can be kept; both cannot.
    let limits = Limits {
        latency_ms_max: Some(3_600.0),
        load_max: Some(1.0 / 3_800.0),
        network_load_max: None,
    };
    let question = Question { limits, ..question };
    let error = optimize(&grid(), |node| tutorial(node), &question).expect_err("both");
    let StrategyError::Infeasible { shortfalls } = error else {
        panic!("{error}")
    };
    let [load, latency] = shortfalls.as_slice() else {
        panic!("{shortfalls:?}")
    };
    assert_eq!((load.limit, latency.limit), (Limit::Load, Limit::Latency));
    for shortfall in [load, latency] {
        let Shortfall { limit, max, least } = *shortfall;
        let least = least.expect("alone, the other can be kept");
        assert!(least > max);
        let mut eased = question.clone();
        match limit {
            Limit::Load => eased.limits.load_max = Some(least * (1.0 + 1e-9)),
            _ => eased.limits.latency_ms_max = Some(least * (1.0 + 1e-9)),
        }
        let found = optimize(&grid(), |node| tutorial(node), &eased).expect("now it can be");
        found
            .verify(&grid(), |node| tutorial(node), &eased)
            .expect("no flaw");
    }
}

#[test]
fn numbers_that_are_none_are_refused_by_name() {
    let majority = QuorumSystem::majority(0..3).expect("a majority");
    for wrong in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-300] {
        let costs = |node: &usize| Costs {
            write_capacity: if *node == 1 { wrong } else { 1.0 },
            ..Costs::UNIT
        };
        let error = optimize(&majority, costs, &load(0.5)).expect_err("a capacity");
        let is_named = matches!(
            error,
            StrategyError::NotACapacity {
                node: 1,
                side: Side::Write,
                ..
            }
        );
        assert!(is_named, "{error}");
    }
    for wrong in [-1.0, f64::NAN, f64::INFINITY] {
        let costs = |_: &usize| Costs {
            latency_ms: wrong,
            ..Costs::UNIT
        };
        let error = optimize(&majority, costs, &load(0.5)).expect_err("a latency");
        assert!(
            matches!(error, StrategyError::NotALatency { node: 0, .. }),
            "{error}"
        );
        let limits = Limits {
            network_load_max: Some(wrong),
            ..Limits::default()
        };
        let question = Question {
            limits,
            ..load(0.5)
        };
        let error = optimize(&majority, |_| Costs::UNIT, &question).expect_err("a limit");
        let limit = Limit::NetworkLoad;
        assert!(matches!(error, StrategyError::NotALimit { limit: it, .. } if it == limit));
    }
    assert_eq!(ReadFractions::weighted(&[]), Err(ReadFractionError::None));
    for wrong in [-0.1, 1.1, f64::NAN] {
        assert!(ReadFractions::one(wrong).is_err());
    }
    for wrong in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(ReadFractions::weighted(&[(0.5, wrong)]).is_err());
    }
    let many: Vec<(f64, f64)> = (0..65).map(|it| (f64::from(it) / 64.0, 1.0)).collect();
    assert_eq!(
        ReadFractions::weighted(&many),
        Err(ReadFractionError::TooMany)
    );
    let resilient = Question {
        failures: 2,
        ..load(0.5)
    };
    let error = optimize(&majority, |_| Costs::UNIT, &resilient).expect_err("too many failures");
    assert!(
        matches!(error, StrategyError::NotResilient { failures: 2, .. }),
        "{error}"
    );
    let many = ReadFractions::weighted(&many[..64]).expect("fractions");
    let large = QuorumSystem::majority(0..101).expect("a majority");
    let question = Question::new(Objective::Load, many);
    let error = Program::new(&large, |_| Costs::UNIT, &question).expect_err("too large");
    assert!(
        matches!(
            error,
            StrategyError::TooLarge {
                nodes: 101,
                fractions: 64
            }
        ),
        "{error}"
    );
}

/// Whatever the numbers, an answer is an answer, or its gap says that it is not quite one.
#[test]
fn extreme_numbers_have_answers_that_are_true() {
    let mut dice = Dice::new(4_242);
    for seed in 0..60 {
        let nodes = 2 + dice.below(6);
        let system = random_system(&mut dice, nodes, seed % 2 == 0);
        let wide = if seed < 30 { 4 } else { 12 };
        let mut extreme = || 10_f64.powi(dice.below(2 * wide + 1) as i32 - wide as i32);
        let costs: Vec<Costs> = (0..nodes)
            .map(|_| Costs {
                read_capacity: extreme(),
                write_capacity: extreme(),
                latency_ms: extreme(),
            })
            .collect();
        let fractions = ReadFractions::weighted(&[(0.0, extreme()), (1e-9, extreme()), (1.0, 1.0)]);
        let objective = [Objective::Load, Objective::Latency, Objective::Network][dice.below(3)];
        let question = Question::new(objective, fractions.expect("fractions"));
        let found = optimize(&system, |node| costs[*node], &question).expect("an optimum");
        let verified = found.verify(&system, |node| costs[*node], &question);
        let verified = verified.unwrap_or_else(|flaw| panic!("seed {seed}: {flaw} {found:?}"));
        let gap = found.certificate.gap() / found.certificate.value;
        assert!(
            (gap - verified.gap_relative()).abs() < 1e-9,
            "seed {seed}: {gap} {verified:?}"
        );
        assert!(wide > 4 || gap < 1e-9, "seed {seed}: {verified:?}");
    }
}
