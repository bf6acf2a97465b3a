//! The search for quorum systems: against published results, and against looking at every system.
#![cfg(feature = "strategy")]

use std::collections::{BTreeMap, BTreeSet};

use cap_model::search::{
    Better, Found, SearchError, SearchOutcome, SearchQuestion, Unreliability, dominates,
    dominators, pareto_front, search,
};
use cap_model::strategy::{
    Costs, Limits, Objective, Question, ReadFractions, StrategyError, optimize,
};
use quickcheck::{Arbitrary, Gen};
use quorum::{Expression, QuorumSystem, Side};

type Outcome = SearchOutcome<char>;

const TOLERANCE: f64 = 1e-6;

fn near(one: f64, other: f64) -> bool {
    (one - other).abs() <= TOLERANCE * one.abs().max(other.abs())
}

fn ask(objective: Objective, read_fractions: ReadFractions) -> SearchQuestion {
    SearchQuestion::new(Question {
        objective,
        limits: Limits::default(),
        read_fractions,
        failures: 0,
    })
}

fn always(share: f64) -> ReadFractions {
    ReadFractions::one(share).unwrap()
}

/// Two capacities and a latency in seconds.
const fn costs(read: f64, write: f64, seconds: f64) -> Costs {
    Costs {
        read_capacity: read,
        write_capacity: write,
        latency_ms: 1_000.0 * seconds,
    }
}

fn found(nodes: &str, costs_of: impl Fn(&char) -> Costs, question: &SearchQuestion) -> Outcome {
    search(nodes.chars(), costs_of, question, || true).unwrap()
}

/// The nodes of the tutorial: every second is half as quick, reads are ten times as cheap as writes.
fn of_tutorial(node: &char) -> Costs {
    let place = f64::from(*node as u32 - 'a' as u32);
    let write = if "ace".contains(*node) {
        1_000.0
    } else {
        500.0
    };
    costs(10.0 * write, write, place + 1.0)
}

fn of_case_study(node: &char) -> Costs {
    let seconds = [1.0, 1.0, 3.0, 4.0, 5.0][*node as usize - 'a' as usize];
    let write = if "ace".contains(*node) {
        2_000.0
    } else {
        1_000.0
    };
    costs(2.0 * write, write, seconds)
}

fn mix_of_case_study() -> ReadFractions {
    let weights = [10.0, 20.0, 100.0, 100.0, 100.0, 60.0, 30.0, 30.0, 20.0];
    let shares = (1..=9).rev().map(|tenths| f64::from(tenths) / 10.0);
    let mix: Vec<(f64, f64)> = shares.zip(weights).collect();
    ReadFractions::weighted(&mix).unwrap()
}

#[test]
fn the_six_nodes_of_the_tutorial() {
    let mut question = ask(Objective::Load, always(0.75));
    question.resilience_min = 1;
    question.question.failures = 1;
    question.question.limits.latency_ms_max = Some(4_000.0);
    question.question.limits.network_load_max = Some(4.0);
    let outcome = found("abcdef", of_tutorial, &question);
    let best = outcome.best().unwrap();
    let metrics = best.optimum.metrics;
    assert!(near(metrics.capacity, 3_500.0));
    assert!(near(metrics.latency_ms, 3_907.142857));
    assert!(near(metrics.network_load, 3.9857143));
    assert_eq!((outcome.looked_at, outcome.is_complete), (13_684, true));
    for found in &outcome.front {
        let metrics = found.optimum.metrics;
        assert!(metrics.latency_ms <= 4_000.0 + 1e-6 && metrics.network_load <= 4.0 + 1e-9);
        assert!(found.resilience >= 1);
    }
    // Only the best: the same one.
    question.is_front_wanted = false;
    let alone = found("abcdef", of_tutorial, &question);
    assert_eq!(alone.front.len(), 1);
    assert_eq!(alone.best(), outcome.best());
}

#[test]
fn the_five_nodes_of_the_case_study() {
    let mut question = ask(Objective::Load, mix_of_case_study());
    question.resilience_min = 1;
    let outcome = found("abcde", of_case_study, &question);
    assert!(near(
        outcome.best().unwrap().optimum.metrics.capacity,
        5_005.185336
    ));
    assert_eq!((outcome.looked_at, outcome.is_complete), (885, true));
}

#[test]
fn the_four_nodes_of_the_paper() {
    let costs_of = |node: &char| match node {
        'a' | 'b' => costs(200.0, 100.0, 4.0),
        _ => costs(100.0, 50.0, 1.0),
    };
    let mut question = ask(Objective::Latency, always(1.0));
    question.question.limits.load_max = Some(1.0 / 150.0);
    question.question.limits.network_load_max = Some(2.0);
    let outcome = found("abcd", costs_of, &question);
    let metrics = outcome.best().unwrap().optimum.metrics;
    assert!(near(metrics.latency_ms, 1_000.0) && near(metrics.network_load, 1.0));
    // The paper stops at a strategy with 150: of those as quick, ours has the least load.
    assert!(near(metrics.capacity, 200.0));
}

/// Every expression over the nodes with each gate, made without care for twice the same.
fn expressions(nodes: &[char]) -> Vec<Expression<char>> {
    if let [node] = nodes {
        return vec![Expression::node(*node)];
    }
    let mut all = Vec::new();
    for parts in partitions(nodes) {
        if parts.len() < 2 {
            continue;
        }
        let mut chosen: Vec<Vec<Expression<char>>> = vec![Vec::new()];
        for part in &parts {
            let of_part = expressions(part);
            let longer = chosen.iter().flat_map(|chosen| {
                of_part.iter().map(move |part| {
                    let mut chosen = chosen.clone();
                    chosen.push(part.clone());
                    chosen
                })
            });
            chosen = longer.collect();
        }
        for chosen in &chosen {
            for needed in 1..=parts.len() {
                all.push(Expression::choose(needed, chosen.clone()).unwrap());
            }
        }
    }
    all
}

fn partitions(nodes: &[char]) -> Vec<Vec<Vec<char>>> {
    let Some((first, rest)) = nodes.split_first() else {
        return vec![Vec::new()];
    };
    let mut all = Vec::new();
    for parts in partitions(rest) {
        for at in 0..parts.len() {
            let mut parts = parts.clone();
            parts[at].push(*first);
            all.push(parts);
        }
        let mut parts = parts;
        parts.push(vec![*first]);
        all.push(parts);
    }
    all
}

/// For each set of nodes whether it is a quorum.
fn table(expression: &Expression<char>, nodes: &[char]) -> Vec<bool> {
    let place = |node: &char| nodes.iter().position(|other| other == node).unwrap();
    let sets = 0..1_usize << nodes.len();
    sets.map(|set| expression.is_quorum(|node| set >> place(node) & 1 == 1))
        .collect()
}

/// One expression for each family of quorums.
fn families(nodes: &[char]) -> BTreeMap<Vec<bool>, Expression<char>> {
    let expressions = expressions(nodes).into_iter();
    expressions
        .map(|expression| (table(&expression, nodes), expression))
        .collect()
}

#[test]
fn as_many_systems_are_looked_at_as_there_are_read_once_families() {
    let names: Vec<char> = "abcdefg".chars().collect();
    let unlike = |node: &char| costs(f64::from(*node as u32), 1.0, 1.0);
    for (nodes, systems) in [(1, 1), (2, 2), (3, 9), (4, 74), (5, 885), (6, 13_684)] {
        let names = &names[..nodes];
        let mut question = ask(Objective::Network, always(0.5));
        question.is_front_wanted = false;
        let text: String = names.iter().collect();
        assert_eq!(found(&text, unlike, &question).looked_at, systems);
        if nodes <= 4 {
            assert_eq!(families(names).len() as u64, systems);
        }
    }
}

#[test]
fn of_equal_nodes_each_system_is_looked_at_once_up_to_their_names() {
    let names: Vec<char> = "abcde".chars().collect();
    // `a` and `b` are equal, and so are the others.
    let costs_of = |node: &char| costs(if "ab".contains(*node) { 2.0 } else { 1.0 }, 1.0, 1.0);
    for nodes in 2..=5 {
        let names = &names[..nodes];
        let (pair, others) = names.split_at(2);
        let renamings: Vec<Vec<char>> = orders(pair)
            .iter()
            .flat_map(|pair| {
                orders(others)
                    .into_iter()
                    .map(|others| [pair.clone(), others].concat())
            })
            .collect();
        let classes: BTreeSet<Vec<bool>> = families(names)
            .into_values()
            .map(|expression| {
                let renamed = renamings.iter().map(|order| {
                    let name =
                        |node: &char| order[names.iter().position(|other| other == node).unwrap()];
                    table(&expression.map(name), names)
                });
                renamed.min().unwrap()
            })
            .collect();
        let mut question = ask(Objective::Network, always(0.5));
        question.is_front_wanted = false;
        let text: String = names.iter().collect();
        assert_eq!(
            found(&text, costs_of, &question).looked_at,
            classes.len() as u64
        );
    }
}

fn orders(nodes: &[char]) -> Vec<Vec<char>> {
    if nodes.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (at, node) in nodes.iter().enumerate() {
        let rest = [&nodes[..at], &nodes[at + 1..]].concat();
        all.extend(
            orders(&rest)
                .into_iter()
                .map(|rest| [vec![*node], rest].concat()),
        );
    }
    all
}

fn pick(gen_: &mut Gen, below: usize) -> usize {
    usize::arbitrary(gen_) % below
}

/// A question about a few nodes, some of them equal.
fn arbitrary(gen_: &mut Gen, nodes: usize) -> (Vec<Costs>, SearchQuestion) {
    let one = |gen_: &mut Gen| {
        costs(
            [100.0, 200.0, 350.0][pick(gen_, 3)],
            [50.0, 100.0, 130.0][pick(gen_, 3)],
            [1.0, 2.0, 3.0, 5.0][pick(gen_, 4)],
        )
    };
    let given: Vec<Costs> = (0..nodes).map(|_| one(gen_)).collect();
    let mix = match pick(gen_, 3) {
        0 => always([0.0, 0.3, 1.0][pick(gen_, 3)]),
        1 => always(0.6),
        _ => ReadFractions::weighted(&[(0.9, 2.0), (0.4, 1.0), (0.1, 1.0)]).unwrap(),
    };
    let objective = [Objective::Load, Objective::Latency, Objective::Network][pick(gen_, 3)];
    let mut question = ask(objective, mix);
    question.resilience_min = pick(gen_, 2);
    question.question.failures = pick(gen_, 2);
    if pick(gen_, 3) == 0 {
        question.question.limits.latency_ms_max = Some([1_500.0, 3_000.0][pick(gen_, 2)]);
    }
    if pick(gen_, 3) == 0 {
        question.question.limits.load_max = Some([0.01, 0.006][pick(gen_, 2)]);
    }
    if pick(gen_, 4) == 0 {
        question.question.limits.network_load_max = Some(2.5);
    }
    (given, question)
}

/// Load, latency, network load, resilience, unavailability.
fn figures(found: &Found<char>) -> [f64; 5] {
    let metrics = found.optimum.metrics;
    let resilience = found.resilience as f64;
    [
        metrics.load,
        metrics.latency_ms,
        metrics.network_load,
        -resilience,
        found.unavailability.unwrap_or(0.0),
    ]
}

/// What one system is by itself.
enum Alone {
    Figures([f64; 5]),
    /// Not resilient enough, or beyond the limits.
    Never,
    Unsettled,
}

/// The same for one system, by the other solver: one objective after the other, the ones before as limits.
fn alone(
    expression: &Expression<char>,
    costs_of: &dyn Fn(&char) -> Costs,
    question: &SearchQuestion,
) -> Alone {
    let system = QuorumSystem::from_reads(expression.clone()).unwrap();
    let resilience = system
        .resilience(Side::Read)
        .min(system.resilience(Side::Write));
    if resilience < question.resilience_min {
        return Alone::Never;
    }
    let mut asked = question.question.clone();
    let rest = match asked.objective {
        Objective::Load => [Objective::Latency, Objective::Network],
        Objective::Latency => [Objective::Load, Objective::Network],
        Objective::Network => [Objective::Load, Objective::Latency],
    };
    let mut metrics = None;
    for objective in [asked.objective, rest[0], rest[1]] {
        asked.objective = objective;
        let optimum = optimize(&system, costs_of, &asked);
        let reached = match optimum {
            Ok(optimum) => optimum.metrics,
            Err(StrategyError::NotResilient { .. } | StrategyError::Infeasible { .. })
                if metrics.is_none() =>
            {
                return Alone::Never;
            }
            // It says so itself: tight limits may be too tight for it.
            Err(StrategyError::Unsettled { .. }) => return Alone::Unsettled,
            Err(error) => panic!("{expression} {asked:?}: {error}"),
        };
        let roomy = |figure: f64| Some(figure * (1.0 + 1e-8));
        match objective {
            Objective::Load => asked.limits.load_max = roomy(reached.load),
            Objective::Latency => asked.limits.latency_ms_max = roomy(reached.latency_ms),
            Objective::Network => asked.limits.network_load_max = roomy(reached.network_load),
        }
        metrics = Some(reached);
    }
    let metrics = metrics.unwrap();
    let share = question.question.read_fractions.mean();
    let unavailability = question
        .unreliability
        .as_ref()
        .map_or(0.0, |unreliability| {
            let place = |node: &char| *node as usize - 'a' as usize;
            let of_side = |side| {
                let failure_of = |node: &char| unreliability.node_failures[place(node)];
                let zone_of = |node: &char| unreliability.zones[place(node)];
                system
                    .unavailability_in_zones(
                        side,
                        failure_of,
                        zone_of,
                        &unreliability.zone_failures,
                    )
                    .unwrap()
            };
            share * of_side(Side::Read) + (1.0 - share) * of_side(Side::Write)
        });
    Alone::Figures([
        metrics.load,
        metrics.latency_ms,
        metrics.network_load,
        -(resilience as f64),
        unavailability,
    ])
}

/// Nowhere worse, up to rounding.
fn covers(one: [f64; 5], other: [f64; 5], tolerance: f64) -> bool {
    let within = |one: f64, other: f64| one <= other + tolerance * other.abs();
    one.iter()
        .zip(other)
        .all(|(one, other)| within(*one, other))
}

#[test]
fn a_front_is_that_of_all_systems_one_by_one() {
    let mut gen_ = Gen::from_size_and_seed(10, 61);
    let nodes: Vec<char> = "abcd".chars().collect();
    let families = families(&nodes);
    let (mut compared, mut unsettled) = (0, 0);
    for _ in 0..40 {
        let (given, mut question) = arbitrary(&mut gen_, nodes.len());
        let failures: Vec<f64> = nodes
            .iter()
            .map(|_| [0.01, 0.02][pick(&mut gen_, 2)])
            .collect();
        if pick(&mut gen_, 2) == 0 {
            question.unreliability = Some(Unreliability {
                node_failures: failures,
                zones: vec![Some(0), Some(1), Some(0), None],
                zone_failures: vec![0.001, 0.01],
            });
        }
        let costs_of = |node: &char| given[*node as usize - 'a' as usize];
        let outcome = found("abcd", costs_of, &question);
        assert!(outcome.is_complete);
        let front: Vec<[f64; 5]> = outcome.front.iter().map(figures).collect();
        for (at, one) in front.iter().enumerate() {
            for (other_at, other) in front.iter().enumerate() {
                assert!(
                    at == other_at || !covers(*one, *other, 1e-9),
                    "{question:?}"
                );
            }
        }
        let mut is_any = false;
        for expression in families.values() {
            match alone(expression, &costs_of, &question) {
                Alone::Never => {}
                Alone::Unsettled => unsettled += 1,
                Alone::Figures(alone) => {
                    is_any = true;
                    compared += 1;
                    let is_covered = front.iter().any(|one| covers(*one, alone, 1e-4));
                    assert!(is_covered, "{question:?} {expression} {alone:?} {front:?}");
                }
            }
        }
        assert!(!is_any || !front.is_empty(), "{question:?}");
        question.is_front_wanted = false;
        let best = found("abcd", costs_of, &question);
        let both = best.front.iter().zip(&outcome.front);
        for (one, other) in both {
            let both = figures(one).into_iter().zip(figures(other));
            assert!(
                both.into_iter()
                    .all(|(one, other)| (one - other).abs() <= 1e-8 * one.abs().max(1.0))
            );
        }
        assert_eq!(best.front.is_empty(), front.is_empty());
    }
    assert!(
        compared > 500 && unsettled * 10 < compared,
        "{compared} {unsettled}"
    );
}

#[test]
fn certificates_prove_what_strategies_reach() {
    let mut gen_ = Gen::from_size_and_seed(10, 62);
    let mut proven = 0;
    for _ in 0..30 {
        let (given, question) = arbitrary(&mut gen_, 5);
        let costs_of = |node: &char| given[*node as usize - 'a' as usize];
        let outcome = found("abcde", costs_of, &question);
        for found in &outcome.front {
            let optimum = &found.optimum;
            let value = match question.question.objective {
                Objective::Load => optimum.metrics.load,
                Objective::Latency => optimum.metrics.latency_ms,
                Objective::Network => optimum.metrics.network_load,
            };
            assert!(near(optimum.certificate.value, value));
            assert!(
                optimum.certificate.gap().abs() <= 1e-9 * value,
                "{question:?}"
            );
            // The verifier believes nothing: quorums, failures, limits, prices and bound are its own.
            let verified = optimum.verify(&found.system, costs_of, &question.question);
            assert!(verified.is_ok(), "{verified:?} {question:?}");
            proven += 1;
        }
    }
    assert!(proven > 100, "{proven}");
}

#[test]
fn a_search_that_is_stopped_says_so_and_keeps_what_it_has() {
    let question = ask(Objective::Load, mix_of_case_study());
    let whole = found("abcde", of_case_study, &question);
    let mut asked = 0;
    let stopped = search("abcde".chars(), of_case_study, &question, || {
        asked += 1;
        asked <= 40
    });
    let stopped = stopped.unwrap();
    assert!(!stopped.is_complete && whole.is_complete);
    assert!(stopped.solved <= 40 && stopped.solved < whole.solved);
    assert!(stopped.best().is_some());
    let never = search("abcde".chars(), of_case_study, &question, || false).unwrap();
    assert_eq!((never.front.len(), never.is_complete), (0, false));
    // The same question, the same answer, to the last bit.
    assert_eq!(found("abcde", of_case_study, &question), whole);
}

#[test]
fn a_depth_of_one_has_thresholds_over_nodes_alone() {
    let question = SearchQuestion {
        depth_max: 1,
        ..ask(Objective::Network, always(0.5))
    };
    let unlike = |node: &char| costs(f64::from(*node as u32), 1.0, 1.0);
    assert_eq!(found("abcdef", unlike, &question).looked_at, 6);
    // Of four nodes, 24 systems have three gates one inside the other: a node and a system of depth 2 of
    // the other three, by any of or all of: 4 x 6. The 74 others are as deep as 2 at most.
    let deeper = SearchQuestion {
        depth_max: 2,
        ..question
    };
    assert_eq!(found("abcd", unlike, &deeper).looked_at, 74 - 24);
}

#[test]
fn what_cannot_be_searched_is_refused_with_the_value() {
    let question = ask(Objective::Load, always(0.5));
    let unit = |_: &char| Costs::UNIT;
    let refused = |nodes: &str, question: &SearchQuestion| {
        search(nodes.chars(), unit, question, || true).unwrap_err()
    };
    assert_eq!(refused("", &question), SearchError::NoNodes);
    assert_eq!(
        refused("abcdefghi", &question),
        SearchError::TooManyNodes { nodes: 9 }
    );
    assert_eq!(
        refused("aba", &question),
        SearchError::Repeated { node: 'a' }
    );
    for (bad, what) in [
        (costs(0.0, 1.0, 1.0), "a read capacity"),
        (costs(1.0, f64::INFINITY, 1.0), "a write capacity"),
        (costs(1.0, 1.0, -1.0), "a latency"),
    ] {
        let error = search("ab".chars(), |_| bad, &question, || true).unwrap_err();
        assert!(
            matches!(error, SearchError::NotACost { node: 'a', what: said, .. } if said == what)
        );
    }
    let with = |change: &dyn Fn(&mut SearchQuestion)| {
        let mut question = question.clone();
        change(&mut question);
        refused("ab", &question)
    };
    let depth = with(&|question| question.depth_max = 0);
    assert_eq!(depth, SearchError::NoDepth);
    let limit = with(&|question| question.question.limits.load_max = Some(-1.0));
    assert_eq!(
        limit,
        SearchError::NotALimit {
            what: "a load",
            value: -1.0
        }
    );
    let unreliable = |node_failures: &[f64], zones: &[Option<usize>]| {
        with(&|question| {
            question.unreliability = Some(Unreliability {
                node_failures: node_failures.to_vec(),
                zones: zones.to_vec(),
                zone_failures: vec![0.5],
            });
        })
    };
    assert!(matches!(
        unreliable(&[0.1], &[]),
        SearchError::NotOneEach {
            given: 1,
            nodes: 2,
            ..
        }
    ));
    assert!(matches!(
        unreliable(&[0.1; 2], &[None]),
        SearchError::NotOneEach {
            given: 1,
            nodes: 2,
            ..
        }
    ));
    assert_eq!(
        unreliable(&[0.1, 1.5], &[]),
        SearchError::NotAProbability { value: 1.5 }
    );
    assert_eq!(
        unreliable(&[0.1; 2], &[None, Some(1)]),
        SearchError::NotAZone { zone: 1 }
    );
}

#[test]
fn eight_nodes_are_searched_where_they_are_alike_or_the_depth_is_low() {
    let unlike = |node: &char| costs(f64::from(*node as u32), 1.0, 1.0);
    let question = SearchQuestion {
        is_front_wanted: false,
        resilience_min: 3,
        depth_max: 1,
        ..ask(Objective::Load, always(0.5))
    };
    // Any 4 or 5 of 8: both sides keep a quorum after three failures.
    let outcome = found("abcdefgh", unlike, &question);
    assert_eq!(
        (outcome.looked_at, outcome.best().unwrap().resilience),
        (8, 3)
    );
    // Eight that are alike: of any depth, in no time.
    let question = SearchQuestion {
        depth_max: 8,
        ..question
    };
    let outcome = found("abcdefgh", |_| Costs::UNIT, &question);
    assert!(outcome.is_complete && outcome.best().unwrap().resilience == 3);
    // Quorums of at least four nodes either way: half of the operations or more at each node.
    let load = outcome.best().unwrap().optimum.metrics.load;
    assert!(
        load > 0.5 - TOLERANCE && load < 4.5 / 8.0 + TOLERANCE,
        "{load}"
    );
}

#[test]
fn domination_is_a_strict_partial_order_and_the_front_is_its_top() {
    let mut gen_ = Gen::from_size_and_seed(10, 63);
    let directions = [Better::Smaller, Better::Larger, Better::Smaller];
    for _ in 0..200 {
        let figure =
            |gen_: &mut Gen| [None, Some(f64::NAN), Some(1.0), Some(2.0), Some(3.0)][pick(gen_, 5)];
        let candidate = |gen_: &mut Gen| [figure(gen_), figure(gen_), figure(gen_)];
        let all: Vec<[Option<f64>; 3]> = (0..8).map(|_| candidate(&mut gen_)).collect();
        let above = dominators(&directions, &all);
        let front = pareto_front(&directions, &all);
        for (at, one) in all.iter().enumerate() {
            assert!(!dominates(&directions, one, one));
            assert_eq!(front.contains(&at), above[at].is_empty());
            for other in &above[at] {
                assert!(!above[*other].contains(&at));
                // Who dominates a dominator dominates, so somebody in the front does.
                assert!(above[*other].iter().all(|third| above[at].contains(third)));
                for figure in 0..3 {
                    let known =
                        |figure: Option<f64>| figure.filter(|figure| !figure.is_nan()).is_some();
                    assert_eq!(known(one[figure]), known(all[*other][figure]));
                }
            }
        }
    }
    // An absent figure is neither held against anybody nor in favour.
    let smaller = [Better::Smaller; 2];
    assert!(!dominates(
        &smaller,
        &[Some(1.0), None],
        &[Some(2.0), Some(1.0)]
    ));
    assert!(!dominates(
        &smaller,
        &[Some(1.0), Some(1.0)],
        &[Some(2.0), None]
    ));
    assert!(dominates(&smaller, &[Some(1.0), None], &[Some(2.0), None]));
    assert!(!dominates(&smaller, &[None, None], &[None, None]));
}
