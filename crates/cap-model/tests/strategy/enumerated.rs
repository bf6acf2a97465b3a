//! Against a linear program over all quorums, solved by other people's code.

use cap_model::strategy::{
    Costs, Limits, Objective, Program, Question, ReadFractions, Strategy, StrategyError, optimize,
};
use microlp::{ComparisonOp, OptimizationDirection, Problem, Variable};
use quorum::{Expression, QuorumSystem, Side};

/// A small generator of our own: the same numbers in every build.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % end
    }
}

/// An expression over some of so many nodes; nodes repeat or not.
pub(crate) fn random_expression(dice: &mut Dice, nodes: usize, repeats: bool) -> Expression<usize> {
    let mut left: Vec<usize> = (0..nodes).collect();
    let mut parts: Vec<Expression<usize>> = Vec::new();
    for _ in 0..nodes {
        let at = dice.below(left.len());
        let node = if repeats { left[at] } else { left.remove(at) };
        parts.push(Expression::node(node));
    }
    while parts.len() > 1 {
        let count = 2 + dice.below(parts.len().min(4) - 1);
        let taken: Vec<_> = (0..count)
            .map(|_| parts.remove(dice.below(parts.len())))
            .collect();
        let needed = 1 + dice.below(count);
        parts.push(Expression::choose(needed, taken).expect("a gate"));
    }
    parts.remove(0)
}

pub(crate) fn random_system(dice: &mut Dice, nodes: usize, repeats: bool) -> QuorumSystem<usize> {
    QuorumSystem::from_reads(random_expression(dice, nodes, repeats)).expect("a system")
}

pub(crate) fn random_costs(dice: &mut Dice, nodes: usize) -> Vec<Costs> {
    let costs = (0..nodes).map(|_| {
        let write_capacity = 100.0 * (1 + dice.below(20)) as f64;
        Costs {
            read_capacity: write_capacity * (1 + dice.below(3)) as f64,
            write_capacity,
            latency_ms: dice.below(6) as f64,
        }
    });
    costs.collect()
}

/// Quorums of a side with their latencies: all that could be in an optimal strategy.
fn quorums(
    system: &QuorumSystem<usize>,
    side: Side,
    costs: &[Costs],
    failures: usize,
) -> Vec<(Vec<usize>, f64)> {
    let members: Vec<usize> = system.members().copied().collect();
    let all: u32 = members.iter().map(|node| 1 << node).sum();
    let is_quorum = |set: u32| {
        let has = |node: &usize| set >> node & 1 == 1;
        match side {
            Side::Read => system.is_read_quorum(has),
            Side::Write => system.is_write_quorum(has),
        }
    };
    let survives = |set: u32| {
        let lost = (0..=all).filter(|lost| lost & !set == 0);
        let lost = lost.filter(|lost| lost.count_ones() as usize == failures);
        is_quorum(set) && lost.into_iter().all(|lost| is_quorum(set & !lost))
    };
    let survivors: Vec<u32> = (0..=all)
        .filter(|set| set & !all == 0 && survives(*set))
        .collect();
    let nodes = |set: u32| {
        members
            .iter()
            .copied()
            .filter(move |node| set >> node & 1 == 1)
    };
    let timed = survivors.iter().filter(|set| {
        // With failures, one more node can make an answer earlier.
        failures > 0 || nodes(**set).all(|node| !is_quorum(**set & !(1 << node)))
    });
    let timed = timed.map(|set| {
        let mut answers: Vec<usize> = nodes(*set).collect();
        answers.sort_by(|one, other| costs[*one].latency_ms.total_cmp(&costs[*other].latency_ms));
        let mut answered = 0_u32;
        let last = answers.iter().find(|node| {
            answered |= 1 << **node;
            is_quorum(answered)
        });
        let latency_ms = last.map_or(f64::INFINITY, |node| costs[*node].latency_ms);
        (nodes(*set).collect(), latency_ms)
    });
    timed.collect()
}

/// The least value, or `None` when nothing keeps the limits.
fn full_program(system: &QuorumSystem<usize>, costs: &[Costs], question: &Question) -> Option<f64> {
    // Loads of about one: its tolerances are absolute.
    const LOAD_UNIT: f64 = 1e-3;
    let mut problem = Problem::new(OptimizationDirection::Minimize);
    let parts = question.read_fractions.parts();
    let mean = question.read_fractions.mean();
    let (mut network, mut latency): (Vec<(Variable, f64)>, Vec<_>) = (Vec::new(), Vec::new());
    let mut uses: Vec<(Variable, Side, Vec<usize>)> = Vec::new();
    for (side, share) in [(Side::Read, mean), (Side::Write, 1.0 - mean)] {
        let mut sum = Vec::new();
        for (nodes, latency_ms) in quorums(system, side, costs, question.failures) {
            let contacts = share * nodes.len() as f64;
            let cost = match question.objective {
                Objective::Load => 0.0,
                Objective::Network => contacts,
                Objective::Latency => share * latency_ms,
            };
            let variable = problem.add_var(cost, (0.0, 1.0));
            network.push((variable, contacts));
            latency.push((variable, share * latency_ms));
            sum.push((variable, 1.0));
            uses.push((variable, side, nodes));
        }
        problem.add_constraint(sum, ComparisonOp::Eq, 1.0);
    }
    let mut load = Vec::new();
    for (fraction, weight) in parts {
        let cost = if question.objective == Objective::Load {
            *weight
        } else {
            0.0
        };
        let greatest = problem.add_var(cost, (0.0, f64::INFINITY));
        load.push((greatest, *weight));
        for node in system.members() {
            let users = uses.iter().filter(|(_, _, nodes)| nodes.contains(node));
            let coefficient = |side| match side {
                Side::Read => fraction / costs[*node].read_capacity / LOAD_UNIT,
                Side::Write => (1.0 - fraction) / costs[*node].write_capacity / LOAD_UNIT,
            };
            let mut row: Vec<(Variable, f64)> = users
                .map(|(variable, side, _)| (*variable, coefficient(*side)))
                .collect();
            row.push((greatest, -1.0));
            problem.add_constraint(row, ComparisonOp::Le, 0.0);
        }
    }
    for (row, limit) in [
        (load, question.limits.load_max.map(|it| it / LOAD_UNIT)),
        (network, question.limits.network_load_max),
        (latency, question.limits.latency_ms_max),
    ] {
        if let Some(limit) = limit {
            problem.add_constraint(row, ComparisonOp::Le, limit);
        }
    }
    let unit = if question.objective == Objective::Load {
        LOAD_UNIT
    } else {
        1.0
    };
    let solution = problem.solve().ok()?.into_solution().ok()?;
    Some(solution.objective() * unit)
}

fn random_question(dice: &mut Dice, system: &QuorumSystem<usize>) -> Question {
    let fraction = |dice: &mut Dice| dice.below(11) as f64 / 10.0;
    let fractions = (0..1 + dice.below(3)).map(|_| (fraction(dice), 1.0 + dice.below(4) as f64));
    let fractions: Vec<(f64, f64)> = fractions.collect();
    let objective = [Objective::Load, Objective::Network, Objective::Latency][dice.below(3)];
    let maybe = |dice: &mut Dice, value: f64| (dice.below(3) == 0).then_some(value);
    let load = 1.0 / (50.0 + 100.0 * dice.below(20) as f64);
    let latency = dice.below(12) as f64 / 2.0;
    let network = 1.0 + dice.below(12) as f64 / 2.0;
    let resilience = system
        .resilience(Side::Read)
        .min(system.resilience(Side::Write));
    Question {
        limits: Limits {
            load_max: maybe(dice, load),
            latency_ms_max: maybe(dice, latency),
            network_load_max: maybe(dice, network),
        },
        failures: dice.below(resilience.min(2) + 1),
        ..Question::new(
            objective,
            ReadFractions::weighted(&fractions).expect("fractions"),
        )
    }
}

/// Compares so many systems; how many were infeasible.
fn compare(seeds: std::ops::Range<u64>, nodes_max: usize) -> (usize, usize) {
    let (mut solved, mut infeasible) = (0, 0);
    for seed in seeds {
        let mut dice = Dice::new(seed + 1);
        let nodes = 2 + dice.below(nodes_max - 1);
        let repeats = dice.below(2) == 0;
        let system = random_system(&mut dice, nodes, repeats);
        let costs = random_costs(&mut dice, nodes);
        let question = random_question(&mut dice, &system);
        let costs_of = |node: &usize| costs[*node];
        let expected = full_program(&system, &costs, &question);
        let about = || format!("seed {seed}: {system:?} {costs:?} {question:?}");
        match (optimize(&system, costs_of, &question), expected) {
            (Ok(found), Some(expected)) => {
                let value = found.certificate.value;
                let scale = expected.abs().max(1e-6);
                assert!(
                    (value - expected).abs() <= 1e-6 * scale,
                    "{value} {expected} {}",
                    about()
                );
                let verified = found.verify(&system, costs_of, &question);
                let verified = verified.unwrap_or_else(|flaw| panic!("{flaw} {}", about()));
                assert!(verified.gap() <= 1e-10 * scale, "{verified:?} {}", about());
                let program = Program::new(&system, costs_of, &question).expect("a program");
                let bound = program.bound().expect("a bound");
                assert!(
                    bound <= value * (1.0 + 1e-12),
                    "{bound} {value} {}",
                    about()
                );
                solved += 1;
            }
            (Err(StrategyError::Infeasible { shortfalls }), None) => {
                for shortfall in &shortfalls {
                    let exceeds = shortfall.least.is_none_or(|least| least > shortfall.max);
                    assert!(exceeds, "{shortfalls:?} {}", about());
                }
                assert!(!shortfalls.is_empty());
                infeasible += 1;
            }
            (found, expected) => panic!("{found:?} {expected:?} {}", about()),
        }
    }
    (solved, infeasible)
}

#[test]
fn columns_on_the_way_find_what_all_columns_find() {
    let (solved, infeasible) = compare(0..120, 6);
    assert!(solved > 60 && infeasible > 10, "{solved} {infeasible}");
}

/// A peer was wrong by up to three times here: one more node can make the answer earlier.
#[test]
fn latencies_of_five_nodes_that_survive_a_failure() {
    for seed in 0..40 {
        let mut dice = Dice::new(seed + 5_000);
        let system = match dice.below(3) {
            0 => QuorumSystem::majority(0..5),
            1 => QuorumSystem::flexible(0..5, 2, 4),
            _ => QuorumSystem::flexible(0..5, 4, 2),
        };
        let system = system.expect("a system");
        let costs = random_costs(&mut dice, 5);
        let limits = Limits {
            load_max: (seed % 2 == 0).then_some(1.0 / 300.0),
            ..Limits::default()
        };
        let fractions = ReadFractions::one(dice.below(11) as f64 / 10.0).expect("a fraction");
        let question = Question {
            limits,
            failures: 1,
            ..Question::new(Objective::Latency, fractions)
        };
        let found = optimize(&system, |node| costs[*node], &question);
        match (found, full_program(&system, &costs, &question)) {
            (Ok(found), Some(expected)) => {
                let value = found.certificate.value;
                assert!(
                    (value - expected).abs() <= 1e-6,
                    "seed {seed}: {value} {expected}"
                );
                assert!(found.certificate.gap() <= 1e-9, "seed {seed}: {found:?}");
            }
            // Not all five survive where four are needed.
            (Err(_), None) => {}
            (found, expected) => panic!("seed {seed}: {found:?} {expected:?}"),
        }
    }
}

/// A system on which the first version gave up.
#[test]
fn a_limit_without_excess_may_cost_more_than_one() {
    assert_eq!(compare(3_991..3_992, 9), (0, 1));
}

#[test]
#[ignore = "a campaign: some thousand systems of up to nine nodes; run in release"]
fn campaign() {
    let found = compare(0..20_000, 9);
    println!("solved, infeasible: {found:?}");
}

#[test]
fn no_strategy_of_thousands_is_better() {
    for seed in 0..20 {
        let mut dice = Dice::new(seed + 77);
        let system = random_system(&mut dice, 4, false);
        let costs = random_costs(&mut dice, 4);
        let costs_of = |node: &usize| costs[*node];
        let fractions = ReadFractions::one(dice.below(5) as f64 / 4.0).expect("a fraction");
        let question = Question::new(Objective::Load, fractions.clone());
        let best = optimize(&system, costs_of, &question)
            .expect("an optimum")
            .metrics
            .load;
        let sides = [Side::Read, Side::Write].map(|side| quorums(&system, side, &costs, 0));
        for _ in 0..100 {
            let [reads, writes] = sides.each_ref().map(|quorums| {
                let shares: Vec<usize> = quorums.iter().map(|_| dice.below(10)).collect();
                let sum = shares.iter().sum::<usize>().max(1) as f64;
                let first = if shares.iter().all(|share| *share == 0) {
                    1.0
                } else {
                    0.0
                };
                let weighted =
                    quorums
                        .iter()
                        .zip(&shares)
                        .enumerate()
                        .map(|(at, (quorum, share))| {
                            let first = if at == 0 { first } else { 0.0 };
                            (quorum.0.clone(), *share as f64 / sum + first)
                        });
                weighted.collect::<Vec<_>>()
            });
            let strategy = Strategy { reads, writes };
            let metrics = strategy
                .metrics(&system, costs_of, &fractions)
                .expect("a strategy");
            assert!(
                metrics.load >= best * (1.0 - 1e-12),
                "seed {seed}: {metrics:?} {best}"
            );
        }
    }
}
