//! How long it takes, in CPU time of the thread: printed, not judged.

use cap_model::strategy::{Costs, Objective, Question, ReadFractions, optimize};
use quorum::QuorumSystem;

use crate::goldens::expression;

fn cpu_ns() -> u64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let first = stat.split_whitespace().next();
    first.and_then(|it| it.parse().ok()).unwrap_or(0)
}

fn measure<N: Clone + std::fmt::Debug + Ord>(
    name: &str,
    system: &QuorumSystem<N>,
    costs_of: impl Fn(&N) -> Costs + Copy,
    question: &Question,
) {
    // The clock of a thread moves with the ticks of the kernel: many repetitions, one mean.
    let (mut count, mut last) = (0_u32, None);
    let started = cpu_ns();
    while count < 3 || (cpu_ns() - started < 150_000_000 && count < 100_000) {
        last = Some(optimize(system, costs_of, question).expect("an optimum"));
        count += 1;
    }
    let mean_us = (cpu_ns() - started) as f64 / f64::from(count) / 1e3;
    let last = last.expect("one");
    println!(
        "{name:40} {mean_us:11.1} us  steps {:5}  value {:.9}  gap {:.1e}",
        last.steps,
        last.certificate.value,
        last.certificate.gap(),
    );
}

/// Numbers that are alike in no two nodes.
fn uneven(place: usize) -> Costs {
    let write_capacity = 1_000.0 + ((place * 7_919) % 613) as f64 * 7.0;
    Costs {
        read_capacity: 2.0 * write_capacity + ((place * 104_729) % 997) as f64,
        write_capacity,
        latency_ms: 1.0 + ((place * 31) % 17) as f64,
    }
}

#[test]
#[ignore = "prints times; run in release"]
fn times() {
    let half = ReadFractions::one(0.5).expect("a half");
    let load = Question::new(Objective::Load, half.clone());
    for size in [5, 7, 9, 11, 13, 15, 25, 51, 101, 201] {
        let system = QuorumSystem::majority(0..size).expect("a majority");
        measure(&format!("majority {size}"), &system, |_| Costs::UNIT, &load);
        measure(
            &format!("majority {size}, uneven"),
            &system,
            |place| uneven(*place),
            &load,
        );
    }
    for size in [3, 4, 5, 8, 10, 15] {
        let rows = (0..size).map(|row| row * size..(row + 1) * size);
        let system = QuorumSystem::grid(rows).expect("a grid");
        measure(&format!("grid {size}"), &system, |_| Costs::UNIT, &load);
        measure(
            &format!("grid {size}, uneven"),
            &system,
            |place| uneven(*place),
            &load,
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
    let grid = QuorumSystem::from_reads(expression("a*b*c + d*e*f")).expect("it");
    let costs = |node: &String| uneven(usize::from(node.as_bytes()[0] - b'a'));
    measure("grid 2x3, uneven", &grid, costs, &load);
    measure("grid 2x3, uneven, mix of 5", &grid, costs, &mix);
    for size in [15_usize, 51] {
        let system = QuorumSystem::majority(0..size).expect("a majority");
        measure(
            &format!("majority {size}, uneven, mix of 5"),
            &system,
            |place| uneven(*place),
            &mix,
        );
    }
    let resilient = Question {
        failures: 1,
        ..load.clone()
    };
    measure("grid 2x3, uneven, f=1", &grid, costs, &resilient);
    for size in [9, 16, 25] {
        let system = QuorumSystem::maekawa(0..size).expect("it");
        measure(&format!("maekawa {size}"), &system, |_| Costs::UNIT, &load);
        measure(
            &format!("maekawa {size}, uneven"),
            &system,
            |place| uneven(*place),
            &load,
        );
    }
    for size in [3, 7, 15, 31, 63] {
        let system = QuorumSystem::tree(0..size).expect("it");
        measure(&format!("tree {size}"), &system, |_| Costs::UNIT, &load);
    }
    for size in [10, 28, 55, 105] {
        let system = QuorumSystem::triangular_wall(0..size).expect("it");
        measure(
            &format!("triangular wall {size}"),
            &system,
            |_| Costs::UNIT,
            &load,
        );
    }
    let latency = Question::new(Objective::Latency, half);
    let limits = |load_max| cap_model::strategy::Limits {
        load_max: Some(load_max),
        ..Default::default()
    };
    for size in [9_usize, 25, 51] {
        let system = QuorumSystem::majority(0..size).expect("a majority");
        let question = Question {
            limits: limits(1.0 / 3_200.0),
            ..latency.clone()
        };
        measure(
            &format!("majority {size}, latency, load limit"),
            &system,
            |place| uneven(*place),
            &question,
        );
        let question = Question {
            failures: 1,
            limits: limits(1.0 / 2_500.0),
            ..latency.clone()
        };
        measure(
            &format!("majority {size}, the same, f=1"),
            &system,
            |place| uneven(*place),
            &question,
        );
    }
}
