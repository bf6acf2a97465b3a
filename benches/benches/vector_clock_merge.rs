//! Dense merges under criterion: `cargo bench -p benches --bench vector_clock_merge`.
//!
//! The same contenders, laps and checks as the page `cargo xtask bench clocks`, which compares within
//! one round; criterion runs them one after the other. Times here are of the wall clock and include
//! one copy of the clock every lap of up to 16 merges, for everybody.

use std::time::{Duration, Instant};

use benches::clocks::{Chain, Changing, Contender, merge};
use criterion::{
    AxisScale, BenchmarkId, Criterion, PlotConfiguration, Throughput, criterion_group,
    criterion_main,
};

fn merges(criterion: &mut Criterion) {
    if cfg!(not(feature = "minerva")) {
        println!(
            "NOT IN THIS BUILD: {}. It states a newer compiler than it needs; add `--features \
             minerva --ignore-rust-version` to see it.",
            merge::MINERVA
        );
    }
    let mut group = criterion.benchmark_group("vector_clock_merge");
    group
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(800))
        .sample_size(40)
        .nresamples(10_000)
        .plot_config(PlotConfiguration::default().summary_scale(AxisScale::Logarithmic));
    for n in merge::SIZES {
        let entries = n as u64;
        group.throughput(Throughput::ElementsAndBytes {
            elements: entries,
            bytes: 8 * entries,
        });
        let chain = Chain::new(n, Changing::Half, 1);
        for mut contender in merge::contenders(&chain) {
            assert_eq!(contender.answer(), chain.end, "{}", contender.name());
            let id = BenchmarkId::new(contender.name(), n);
            group.bench_function(id, |bencher| {
                bencher.iter_custom(|merges| time_of(&mut contender, merges));
            });
        }
    }
    group.finish();
}

/// Whole laps that come to at least so many merges, scaled to just as many.
fn time_of(contender: &mut Contender, merges: u64) -> Duration {
    let laps = merges.div_ceil(contender.operations());
    let start = Instant::now();
    for _ in 0..laps {
        contender.lap();
    }
    let share = merges as f64 / (laps * contender.operations()) as f64;
    start.elapsed().mul_f64(share)
}

criterion_group!(benches, merges);
criterion_main!(benches);
