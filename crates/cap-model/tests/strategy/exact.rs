//! Optima as fractions.

use cap_model::strategy::{
    Costs, Fraction, Limits, Objective, Program, Question, ReadFractions, optimize,
};
use quorum::QuorumSystem;

use crate::enumerated::{Dice, random_costs, random_system};
use crate::goldens::{expression, grid, near, place, question, tutorial};

#[track_caller]
fn exact<N: Clone + std::fmt::Debug + Ord>(
    system: &QuorumSystem<N>,
    costs_of: impl Fn(&N) -> Costs,
    question: &Question,
) -> [String; 4] {
    let program = Program::new(system, costs_of, question).expect("a program");
    let optimum = program.optimum().expect("an optimum");
    let exact = program.exact(&optimum);
    let exact = exact.unwrap_or_else(|| panic!("no proof: {optimum:?}"));
    near(exact.value.to_f64(), optimum.certificate.value);
    let metrics = exact.metrics;
    [
        metrics.load,
        metrics.capacity,
        metrics.network_load,
        metrics.latency_ms,
    ]
    .map(|it| it.to_string())
}

#[test]
fn goldens_are_fractions() {
    let load = |fraction| question(Objective::Load, fraction);
    let found = exact(&grid(), |_| Costs::UNIT, &load(0.25));
    assert_eq!(found[..2], ["3/8", "8/3"]);
    let found = exact(&grid(), |node| tutorial(node), &load(0.5));
    assert_eq!(found[..2], ["23/90000", "90000/23"]);
    let limits = Limits {
        latency_ms_max: Some(4_000.0),
        ..Limits::default()
    };
    let limited = Question {
        limits,
        ..load(0.5)
    };
    let found = exact(&grid(), |node| tutorial(node), &limited);
    // 3856.2091 in print.
    assert_eq!([&found[1], &found[3]], ["590000/153", "4000"]);
    let limits = Limits {
        load_max: Some(1.0 / 1_500.0),
        ..Limits::default()
    };
    let limited = Question {
        limits,
        ..question(Objective::Latency, 0.5)
    };
    let found = exact(&grid(), |node| tutorial(node), &limited);
    assert_eq!(
        [&found[0], &found[1], &found[3]],
        ["1/1500", "1500", "11000/3"]
    );
    let majority = QuorumSystem::majority(0..51).expect("a majority");
    assert_eq!(exact(&majority, |_| Costs::UNIT, &load(0.5))[0], "26/51");
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
    let costs = |node: &String| Costs {
        read_capacity: [200.0, 200.0, 100.0, 100.0][place(node)],
        write_capacity: [100.0, 100.0, 50.0, 50.0][place(node)],
        latency_ms: 0.0,
    };
    // 159.3040293 in print.
    assert_eq!(exact(&crossed, costs, &mix)[..2], ["91/14400", "43490/273"]);
}

#[test]
fn most_random_optima_are_proved_exactly() {
    let (mut proved, mut all) = (0, 0);
    for seed in 0..60 {
        let mut dice = Dice::new(seed + 900);
        let nodes = 2 + dice.below(5);
        let system = random_system(&mut dice, nodes, seed % 2 == 0);
        let costs = random_costs(&mut dice, nodes);
        let fractions = [(0.1, 1.0), (dice.below(11) as f64 / 10.0, 2.0)];
        let fractions = ReadFractions::weighted(&fractions).expect("fractions");
        let question = Question::new(Objective::Load, fractions);
        let program = Program::new(&system, |node| costs[*node], &question).expect("it");
        let optimum = program.optimum().expect("an optimum");
        all += 1;
        let Some(exact) = program.exact(&optimum) else {
            continue;
        };
        proved += 1;
        near(exact.value.to_f64(), optimum.certificate.value);
    }
    assert!(proved * 10 >= all * 9, "{proved} of {all}");
}

#[test]
fn fractions_are_read_as_they_were_written() {
    for (value, text) in [
        (0.0, "0"),
        (0.1, "1/10"),
        (-2.5, "-5/2"),
        (0.0005, "1/2000"),
        (1.0 / 3.0, "1/3"),
        (4_000.0, "4000"),
        (1e12, "1000000000000"),
        (1e-12, "1/1000000000000"),
        (0.123_456_789, "123456789/1000000000"),
        (1_234.567_8, "6172839/5000"),
    ] {
        assert_eq!(
            Fraction::of(value).map(|it| it.to_string()),
            Some(text.into())
        );
    }
    for value in [f64::NAN, f64::INFINITY, 1e300, 5e-324] {
        assert_eq!(Fraction::of(value), None);
    }
    assert_eq!(Fraction::new(i128::MIN, -1), None);
    assert_eq!(Fraction::new(i128::MIN, i128::MIN), None);
    assert_eq!(Fraction::new(1, i128::MIN), None);
}

#[test]
fn fractions_are_ordered_even_where_products_do_not_fit() {
    let large = i128::MAX;
    let fraction = |numerator, denominator| Fraction::new(numerator, denominator).expect("it");
    assert!(fraction(large - 1, large) < fraction(large, large - 1));
    assert!(fraction(-large, large - 1) < fraction(1 - large, large));
    assert!(fraction(large - 2, large - 1) < fraction(large - 1, large));
    assert!(fraction(-1, 3) < fraction(0, 1) && fraction(0, 1) < fraction(1, large));
}

#[test]
fn what_does_not_fit_has_no_exact_answer_and_does_not_panic() {
    let mut dice = Dice::new(5);
    let mut odd = || 1.0 + dice.below(1_000_000_007) as f64 / 999_999_937.0;
    let costs: Vec<Costs> = (0..9)
        .map(|_| Costs {
            read_capacity: odd(),
            write_capacity: odd(),
            latency_ms: odd(),
        })
        .collect();
    let system = QuorumSystem::majority(0..9).expect("a majority");
    let question = question(Objective::Load, 0.5);
    let program = Program::new(&system, |node: &usize| costs[*node], &question).expect("it");
    let optimum = program.optimum().expect("an optimum");
    assert!(
        optimum
            .verify(&system, |node| costs[*node], &question)
            .is_ok()
    );
    assert_eq!(program.exact(&optimum), None);
    assert!(optimize(&system, |node| costs[*node], &question).is_ok());
}

#[test]
fn a_price_that_does_not_fit_is_never_too_high() {
    use quorum::Price;
    let fraction = |denominator| Fraction::new(1, denominator).expect("it");
    let (one, other) = (fraction(i128::MAX), fraction(i128::MAX - 1));
    // Their sum needs 254 bits below the line.
    assert_eq!(one.plus(other), other);
    assert_eq!(fraction(3).plus(fraction(6)), fraction(2));
}
