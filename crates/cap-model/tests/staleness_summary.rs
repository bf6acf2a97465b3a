//! One call for all that a report says: the same from both evaluators, and what is refused.

use cap_model::staleness::{
    Asks, Distribution, Estimate, Exact, Fit, Method, Network, POINTS_MAX, Plan, Questions,
    Quorums, Repair, Sampler, StalenessError, Summary, Wars,
};

fn quorums(replicas: u32, read: u32, write: u32) -> Quorums {
    Quorums::new(replicas, read, write).unwrap()
}

const PLAN: Plan = Plan {
    trials: 40_000,
    seed: 3,
    asks: Asks::All,
    repair: None,
    // Four standard deviations to either side.
    confidence: 0.999_936_66,
};

#[test]
fn both_evaluators_say_the_same_in_one_call() {
    let wars = Fit::LnkdDisk.wars().unwrap();
    let network = Network::identical(3, &wars).unwrap();
    let questions = Questions::default();
    let sampler = Sampler::new(&network).unwrap();
    for (r, w) in [(1, 1), (2, 1), (2, 2)] {
        let pair = quorums(3, r, w);
        let solved = Exact::new(&wars, pair, Asks::All).unwrap();
        let solved = solved.summary(&questions).unwrap();
        let samples = sampler.run(&PLAN, &[pair]).unwrap();
        let sampled = samples.summary(pair, &questions).unwrap();
        assert_eq!(
            (solved.method, sampled.method),
            (Method::Exact, Method::Sampled)
        );
        assert!(solved.error <= 1e-8 && sampled.error < 0.01);
        let latencies = |one: &Summary| {
            let (r, w) = (one.read_latency, one.write_latency);
            [
                r.p50,
                r.p99,
                r.p999,
                w.p50,
                w.p99,
                w.p999,
                one.visibility_ms,
            ]
        };
        for (solved, sampled) in latencies(&solved).iter().zip(latencies(&sampled)) {
            assert!(sampled.covers(solved.value), "{pair}: {solved} {sampled}");
            assert!(solved.covers(solved.value) && solved.confidence == 1.0);
            assert!(solved.high - solved.low <= 1e-3 * solved.value);
        }
        for (solved, sampled) in solved.consistent_at.iter().zip(&sampled.consistent_at) {
            assert_eq!(solved.0, sampled.0);
            assert!(
                sampled.1.covers(solved.1.value),
                "{pair}: {solved:?} {sampled:?}"
            );
        }
        for (solved, sampled) in [
            (&solved.read_cdf, &sampled.read_cdf),
            (&solved.write_cdf, &sampled.write_cdf),
        ] {
            for (&(time, share), &(other, same)) in solved.iter().zip(sampled) {
                assert_eq!(share, same);
                assert!(
                    (time / other - 1.0).abs() < 0.3,
                    "{pair} {share}: {time} {other}"
                );
            }
        }
    }
}

#[test]
fn curves_run_from_zero_to_their_end_and_rise() {
    let questions = Questions {
        points: 30,
        curve_ms_max: Some(200.0),
        ..Questions::default()
    };
    for fit in Fit::ALL {
        let network = fit.network(3).unwrap();
        let pairs = [quorums(3, 1, 1), quorums(3, 2, 2)];
        let each = Summary::of_each(&network, &pairs, &PLAN, &questions).unwrap();
        for summary in each {
            let curve = &summary.consistency_curve;
            assert_eq!((curve.len(), curve[0].0, curve[29].0), (30, 0.0, 200.0));
            let is_rising = |pair: &[(f64, Estimate)]| {
                pair[0].0 < pair[1].0 && pair[0].1.value <= pair[1].1.value + summary.error
            };
            assert!(curve.windows(2).all(is_rising));
            for cdf in [&summary.read_cdf, &summary.write_cdf] {
                assert_eq!((cdf.len(), cdf[0].1), (30, 0.001));
                assert!((cdf[29].1 - 0.999).abs() < 1e-12);
                assert!(
                    cdf.windows(2)
                        .all(|pair| pair[0].0 <= pair[1].0 && pair[0].1 < pair[1].1)
                );
            }
        }
    }
}

#[test]
fn at_many_times_it_is_what_it_is_at_each() {
    let pair = quorums(3, 1, 1);
    let sampler = Sampler::new(&Fit::LnkdSsd.network(3).unwrap()).unwrap();
    let samples = sampler.run(&PLAN, &[pair]).unwrap();
    let times = [5.0, 0.0, 0.3, 0.3, 1e12, 1.0];
    let together = samples.consistent_at_each(pair, &times).unwrap();
    let each = times.map(|time| samples.consistent_at(pair, time).unwrap());
    assert_eq!(together, each);
}

#[test]
fn replicas_that_cannot_be_solved_are_sampled() {
    let pair = quorums(3, 1, 1);
    let one = Distribution::constant(1.0).unwrap();
    let atoms = Network::identical(3, &Wars::all(one)).unwrap();
    let summary = Summary::of(&atoms, pair, &PLAN, &Questions::default()).unwrap();
    assert_eq!(summary.method, Method::Sampled);
    assert_eq!(
        (summary.read_latency.p50.value, summary.visibility_ms.value),
        (2.0, 0.0)
    );
    let many = Network::identical(16, &Fit::LnkdSsd.wars().unwrap()).unwrap();
    let few = Plan {
        trials: 20_000,
        ..PLAN
    };
    let summary = Summary::of(&many, quorums(16, 1, 1), &few, &Questions::default()).unwrap();
    assert_eq!(summary.method, Method::Sampled);
}

#[test]
fn hostile_questions_are_refused_and_nothing_panics() {
    let pair = quorums(3, 1, 1);
    let network = Fit::LnkdSsd.network(3).unwrap();
    let sampled = Sampler::new(&network).unwrap().run(&PLAN, &[pair]).unwrap();
    let solved = Exact::new(&Fit::LnkdSsd.wars().unwrap(), pair, Asks::All).unwrap();
    let base = Questions::default();
    let with =
        |times_ms: Vec<f64>, visibility: f64, points: u32, curve_ms_max: Option<f64>| Questions {
            times_ms,
            visibility,
            points,
            curve_ms_max,
        };
    for bad in [
        with(vec![f64::NAN], 0.9, 8, None),
        with(vec![-1.0], 0.9, 8, None),
        with(vec![0.0; POINTS_MAX + 1], 0.9, 8, None),
        with(vec![], f64::NAN, 8, None),
        with(vec![], 1.0, 8, None),
        with(vec![], 0.9, u32::MAX, None),
        with(vec![], 0.9, 8, Some(f64::INFINITY)),
        with(vec![], 0.9, 8, Some(-1.0)),
    ] {
        assert!(sampled.summary(pair, &bad).is_err(), "{bad:?}");
        assert!(solved.summary(&bad).is_err(), "{bad:?}");
    }
    for points in [0, 1, 2, 7, 100] {
        let few = Questions {
            points,
            ..base.clone()
        };
        assert_eq!(
            solved.summary(&few).unwrap().read_cdf.len(),
            points as usize
        );
        assert_eq!(
            sampled.summary(pair, &few).unwrap().read_cdf.len(),
            points as usize
        );
    }
    let refused = Summary::of(&network, quorums(5, 1, 1), &PLAN, &base);
    let quorums = quorums(5, 1, 1);
    assert_eq!(refused, Err(StalenessError::NotSampled { quorums }));
    let few = Plan {
        trials: 5_000,
        ..PLAN
    };
    let refused = Summary::of(&Fit::Wan.network(3).unwrap(), pair, &few, &base);
    assert!(matches!(refused, Err(StalenessError::TooFewTrials { .. })));
}

#[test]
fn what_is_repaired_is_sampled() {
    let (network, pair) = (Fit::LnkdSsd.network(3).unwrap(), quorums(3, 1, 1));
    let method = |reads_per_ms, pair| {
        let repair = Some(Repair {
            reads_per_ms,
            answers: 3,
        });
        let plan = Plan { repair, ..PLAN };
        Summary::of(&network, pair, &plan, &Questions::default())
            .unwrap()
            .method
    };
    assert_eq!(method(0.1, pair), Method::Sampled);
    assert_eq!(method(0.0, pair), Method::Exact);
    assert_eq!(method(0.1, quorums(3, 2, 2)), Method::Exact);
}
