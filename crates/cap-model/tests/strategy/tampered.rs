//! Whatever is changed in an answer, its check says what is wrong.

use cap_model::strategy::{
    Costs, Flaw, Limit, Limits, Objective, Optimum, Question, ReadFractions, optimize,
};
use quorum::{QuorumSystem, Side};

use crate::goldens::{expression, question};

type Answer = Optimum<String>;

fn system() -> QuorumSystem<String> {
    QuorumSystem::from_reads(expression("a*b + c*d + a*d*e")).expect("a system")
}

/// Every node is alike in nothing.
fn costs(node: &str) -> Costs {
    let place = f64::from(node.as_bytes()[0] - b'a');
    Costs {
        read_capacity: 400.0 + 100.0 * place,
        write_capacity: 200.0 + 30.0 * place,
        latency_ms: 10.0 - place,
    }
}

fn limited() -> Question {
    let fractions = ReadFractions::weighted(&[(0.2, 1.0), (0.9, 3.0)]).expect("fractions");
    let limits = Limits {
        load_max: Some(1.0 / 520.0),
        network_load_max: Some(2.05),
        latency_ms_max: None,
    };
    Question {
        limits,
        ..Question::new(Objective::Latency, fractions)
    }
}

fn answer() -> Answer {
    optimize(&system(), |node| costs(node), &limited()).expect("an optimum")
}

#[track_caller]
fn flaw(change: impl FnOnce(&mut Answer)) -> Flaw<String> {
    let mut answer = answer();
    let checked = answer.verify(&system(), |node| costs(node), &limited());
    assert!(checked.expect("no flaw").gap_relative() < 1e-12);
    change(&mut answer);
    let checked = answer.verify(&system(), |node| costs(node), &limited());
    checked.expect_err("a flaw")
}

#[test]
fn the_limits_of_the_example_have_prices() {
    let prices = answer().certificate.limit_prices;
    assert!(prices.load > 0.0, "{prices:?}");
    assert!(answer().strategy.reads.len() + answer().strategy.writes.len() > 2);
}

#[test]
fn a_strategy_that_is_none_is_caught() {
    let found = flaw(|it| it.strategy.reads[0].1 = -it.strategy.reads[0].1);
    assert!(
        matches!(
            found,
            Flaw::NotAProbability {
                side: Side::Read,
                ..
            }
        ),
        "{found}"
    );
    let found = flaw(|it| it.strategy.writes[0].1 = f64::NAN);
    assert!(
        matches!(
            found,
            Flaw::NotAProbability {
                side: Side::Write,
                ..
            }
        ),
        "{found}"
    );
    let found = flaw(|it| it.strategy.writes[0].1 *= 0.5);
    assert!(
        matches!(
            found,
            Flaw::NotADistribution {
                side: Side::Write,
                ..
            }
        ),
        "{found}"
    );
    let found = flaw(|it| it.strategy.reads.clear());
    assert!(
        matches!(
            found,
            Flaw::NotADistribution {
                side: Side::Read,
                ..
            }
        ),
        "{found}"
    );
    let found = flaw(|it| {
        it.strategy.reads[0].0.pop();
    });
    assert!(
        matches!(
            found,
            Flaw::NotAQuorum {
                side: Side::Read,
                ..
            }
        ),
        "{found}"
    );
    let found = flaw(|it| it.strategy.writes[0].0.push("stranger".into()));
    assert!(
        matches!(
            found,
            Flaw::NotAMember {
                side: Side::Write,
                ..
            }
        ),
        "{found}"
    );
    let found = flaw(|it| {
        let twice = it.strategy.reads[0].0[0].clone();
        it.strategy.reads[0].0.push(twice);
    });
    assert!(
        matches!(
            found,
            Flaw::Repeated {
                side: Side::Read,
                ..
            }
        ),
        "{found}"
    );
}

#[test]
fn values_that_are_not_those_of_the_strategy_are_caught() {
    for change in [
        (|it: &mut Answer| it.metrics.load *= 0.999) as fn(&mut Answer),
        |it| it.metrics.capacity *= 1.001,
        |it| it.metrics.network_load += 0.001,
        |it| it.metrics.latency_ms = f64::NAN,
    ] {
        let found = flaw(change);
        assert!(matches!(found, Flaw::NotTheMetric { .. }), "{found}");
    }
    let found = flaw(|it| it.certificate.value *= 0.999);
    assert!(matches!(found, Flaw::NotTheValue { .. }), "{found}");
}

#[test]
fn a_proof_that_is_none_is_caught() {
    let found = flaw(|it| it.certificate.bound *= 1.001);
    assert!(matches!(found, Flaw::NotTheBound { .. }), "{found}");
    let found = flaw(|it| it.certificate.bound = f64::NAN);
    assert!(matches!(found, Flaw::NotTheBound { .. }), "{found}");
    let found = flaw(|it| {
        it.certificate.prices[0]
            .iter_mut()
            .for_each(|it| it.1 = 0.0)
    });
    assert!(matches!(found, Flaw::NotTheBound { .. }), "{found}");
    let found = flaw(|it| it.certificate.prices[0][0].1 = -1.0);
    assert!(matches!(found, Flaw::NotAPrice { .. }), "{found}");
    let found = flaw(|it| it.certificate.prices[1][2].1 = f64::INFINITY);
    assert!(matches!(found, Flaw::NotAPrice { .. }), "{found}");
    let found = flaw(|it| {
        it.certificate.prices[1]
            .iter_mut()
            .for_each(|it| it.1 *= 1.001)
    });
    assert!(matches!(found, Flaw::TooDear { .. }), "{found}");
    let found = flaw(|it| {
        it.certificate.prices.pop();
    });
    assert!(
        matches!(found, Flaw::NotTheFractions { fractions: 1 }),
        "{found}"
    );
    let found = flaw(|it| it.certificate.prices[0].swap(0, 1));
    assert!(matches!(found, Flaw::NotTheMembers), "{found}");
    let found = flaw(|it| {
        it.certificate.prices[0].pop();
    });
    assert!(matches!(found, Flaw::NotTheMembers), "{found}");
    let found = flaw(|it| it.certificate.limit_prices.load = -0.5);
    assert!(
        matches!(
            found,
            Flaw::NotALimitPrice {
                limit: Limit::Load,
                ..
            }
        ),
        "{found}"
    );
    // There is no limit of the latency.
    let found = flaw(|it| it.certificate.limit_prices.latency_ms = 0.5);
    assert!(
        matches!(
            found,
            Flaw::NotALimitPrice {
                limit: Limit::Latency,
                ..
            }
        ),
        "{found}"
    );
    let found = flaw(|it| it.certificate.limit_prices.load *= 1.001);
    assert!(matches!(found, Flaw::NotTheBound { .. }), "{found}");
}

#[test]
fn another_question_has_another_answer() {
    let answer = answer();
    let check = |question: &Question| answer.verify(&system(), |node| costs(node), question);
    let mut tighter = limited();
    tighter.limits.load_max = Some(1.0 / 530.0);
    let found = check(&tighter).expect_err("tighter");
    assert!(
        matches!(
            found,
            Flaw::Exceeded {
                limit: Limit::Load,
                ..
            }
        ),
        "{found}"
    );
    let mut tighter = limited();
    tighter.limits.network_load_max = Some(1.5);
    let found = check(&tighter).expect_err("tighter");
    assert!(
        matches!(
            found,
            Flaw::Exceeded {
                limit: Limit::NetworkLoad,
                ..
            }
        ),
        "{found}"
    );
    let mut tighter = limited();
    tighter.limits.latency_ms_max = Some(1.0);
    let found = check(&tighter).expect_err("tighter");
    assert!(
        matches!(
            found,
            Flaw::Exceeded {
                limit: Limit::Latency,
                ..
            }
        ),
        "{found}"
    );
    let resilient = Question {
        failures: 1,
        ..limited()
    };
    let found = check(&resilient).expect_err("not resilient");
    assert!(matches!(found, Flaw::NotResilient { .. }), "{found}");
    let load = Question {
        objective: Objective::Load,
        ..limited()
    };
    assert!(matches!(check(&load), Err(Flaw::NotTheValue { .. })));
    let slow = answer.verify(
        &system(),
        |_| Costs {
            read_capacity: 0.0,
            ..Costs::UNIT
        },
        &limited(),
    );
    assert!(matches!(slow, Err(Flaw::NotACost { .. })));
}

#[test]
fn a_worse_strategy_with_a_true_proof_shows_its_gap() {
    let half = question(Objective::Load, 0.5);
    let system = QuorumSystem::majority(0..3).expect("a majority");
    let mut answer = optimize(&system, |_| Costs::UNIT, &half).expect("an optimum");
    answer.strategy.reads = vec![(vec![0, 1], 1.0)];
    answer.strategy.writes = vec![(vec![0, 1], 1.0)];
    answer.certificate.value = 1.0;
    let checked = answer
        .certificate
        .verify(&answer.strategy, &system, |_| Costs::UNIT, &half);
    let checked = checked.expect("no flaw");
    assert!((checked.gap() - 1.0 / 3.0).abs() < 1e-12, "{checked:?}");
}
