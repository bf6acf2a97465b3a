//! Values that others have published, or that follow from a formula.

use cap_model::strategy::{Costs, Limits, Metrics, Objective, Question, ReadFractions, optimize};
use quorum::{Expression, QuorumSystem};

pub(crate) fn expression(text: &str) -> Expression<String> {
    text.parse().expect("an expression")
}

pub(crate) fn grid() -> QuorumSystem<String> {
    QuorumSystem::from_reads(expression("a*b*c + d*e*f")).expect("a grid")
}

pub(crate) fn question(objective: Objective, fraction: f64) -> Question {
    Question::new(objective, ReadFractions::one(fraction).expect("a fraction"))
}

pub(crate) fn place(node: &str) -> usize {
    usize::from(node.as_bytes()[0] - b'a')
}

/// a, c and e are fast; reads cost a tenth.
pub(crate) fn tutorial(node: &str) -> Costs {
    let write_capacity = [1_000.0, 500.0][place(node) % 2];
    Costs {
        read_capacity: 10.0 * write_capacity,
        write_capacity,
        latency_ms: 1_000.0 * (1.0 + place(node) as f64),
    }
}

#[track_caller]
pub(crate) fn metrics<N: Clone + std::fmt::Debug + Ord>(
    system: &QuorumSystem<N>,
    costs_of: impl Fn(&N) -> Costs,
    question: &Question,
) -> Metrics {
    let optimum = optimize(system, costs_of, question).expect("an optimum");
    let value = optimum.certificate.value;
    assert!(optimum.certificate.gap() <= 1e-11 * value, "{optimum:?}");
    optimum.metrics
}

#[track_caller]
pub(crate) fn near(is: f64, should: f64) {
    assert!(
        (is - should).abs() <= 1e-9 * should.abs(),
        "{is} is not {should}"
    );
}

#[test]
fn tutorial_of_quoracle() {
    let unit = |_: &String| Costs::UNIT;
    let found = metrics(&grid(), unit, &question(Objective::Load, 0.25));
    near(found.load, 3.0 / 8.0);
    near(found.capacity, 8.0 / 3.0);
    let one = |capacity: fn(usize) -> f64| {
        move |node: &String| Costs {
            read_capacity: capacity(place(node)),
            write_capacity: capacity(place(node)),
            latency_ms: 0.0,
        }
    };
    let alternating = one(|place| [1_000.0, 500.0][place % 2]);
    near(
        metrics(&grid(), alternating, &question(Objective::Load, 0.75)).load,
        0.00075,
    );
    for (fraction, capacity) in [(1.0, 10_000.0), (0.5, 90_000.0 / 23.0), (0.0, 2_000.0)] {
        let found = metrics(
            &grid(),
            |node| tutorial(node),
            &question(Objective::Load, fraction),
        );
        near(found.capacity, capacity);
    }
    let resilient = Question {
        failures: 1,
        ..question(Objective::Load, 0.0)
    };
    near(
        metrics(&grid(), |node| tutorial(node), &resilient).capacity,
        1_000.0,
    );
    let two = QuorumSystem::from_writes(expression("choose(2, a, b, c, d, e)")).expect("it");
    near(
        metrics(&two, |node| tutorial(node), &question(Objective::Load, 0.0)).capacity,
        2_000.0,
    );
    near(
        metrics(&two, |node| tutorial(node), &resilient).capacity,
        4_000.0 / 3.0,
    );
}

#[test]
fn latencies_of_quoracle() {
    let found = metrics(
        &grid(),
        |node| tutorial(node),
        &question(Objective::Latency, 0.5),
    );
    near(found.latency_ms, 3_500.0);
    let limits = Limits {
        load_max: Some(1.0 / 1_500.0),
        ..Limits::default()
    };
    let limited = Question {
        limits,
        ..question(Objective::Latency, 0.5)
    };
    let found = metrics(&grid(), |node| tutorial(node), &limited);
    near(found.latency_ms, 11_000.0 / 3.0);
    near(found.capacity, 1_500.0);
    let limits = Limits {
        latency_ms_max: Some(4_000.0),
        ..Limits::default()
    };
    let limited = Question {
        limits,
        ..question(Objective::Load, 0.5)
    };
    let found = metrics(&grid(), |node| tutorial(node), &limited);
    assert!((found.capacity - 3_856.209_1).abs() < 1e-4, "{found:?}");
    near(found.latency_ms, 4_000.0);
    let found = metrics(
        &grid(),
        |node| tutorial(node),
        &question(Objective::Network, 0.5),
    );
    near(found.network_load, 2.5);
}

#[test]
fn search_of_quoracle() {
    let system = QuorumSystem::from_reads(expression("choose(3, a, c, e, b + d + f)"));
    let limits = Limits {
        latency_ms_max: Some(4_000.0),
        network_load_max: Some(4.0),
        load_max: None,
    };
    let limited = Question {
        limits,
        failures: 1,
        ..question(Objective::Load, 0.75)
    };
    let found = metrics(&system.expect("it"), |node| tutorial(node), &limited);
    near(found.capacity, 3_500.0);
}

#[test]
fn paper_of_quoracle() {
    let paper = |node: &String| {
        let place = place(node);
        Costs {
            read_capacity: [200.0, 200.0, 100.0, 100.0][place],
            write_capacity: [100.0, 100.0, 50.0, 50.0][place],
            latency_ms: [4_000.0, 4_000.0, 1_000.0, 1_000.0][place],
        }
    };
    let grid = QuorumSystem::from_reads(expression("a*b + c*d")).expect("it");
    for (fraction, capacity) in [(1.0, 300.0), (0.5, 200.0), (0.0, 100.0)] {
        near(
            metrics(&grid, paper, &question(Objective::Load, fraction)).capacity,
            capacity,
        );
    }
    let mix = [
        (0.0, 10.0),
        (0.25, 4.0),
        (0.5, 2.0),
        (0.75, 1.0),
        (1.0, 1.0),
    ];
    let mix = Question::new(
        Objective::Load,
        ReadFractions::weighted(&mix).expect("a mix"),
    );
    let crossed = QuorumSystem::from_reads(expression("a*c + b*d")).expect("it");
    let found = metrics(&crossed, paper, &mix);
    assert!((found.capacity - 159.304_029_3).abs() < 1e-6, "{found:?}");
}

#[test]
fn majorities_and_grids_of_any_size() {
    for size in [3, 5, 7, 9, 13, 15, 25, 51] {
        let system = QuorumSystem::majority(0..size).expect("a majority");
        let found = metrics(&system, |_| Costs::UNIT, &question(Objective::Load, 0.5));
        near(found.load, (size / 2 + 1) as f64 / size as f64);
    }
    for size in [3, 4, 5, 8, 10] {
        let rows = (0..size).map(|row| row * size..(row + 1) * size);
        let system = QuorumSystem::grid(rows).expect("a grid");
        let found = metrics(&system, |_| Costs::UNIT, &question(Objective::Load, 0.5));
        near(found.load, 1.0 / size as f64);
    }
}
