//! Logical clocks beside their peers: nanoseconds, allocations and bytes.

use std::process::ExitCode;

use benches::clocks::{
    Bar, Chain, Changing, Effort, On, Page, Timed, bytes, causal, compare, cycles_per_ns, hlc,
    merge, sparse, time,
};
use benches::{Error, Options};
use clap::Parser;

/// Logical clocks beside their peers: nanoseconds, allocations and bytes
///
/// All peers are in the build only with `--features peers,minerva`; `cargo xtask bench clocks` does
/// that.
#[derive(Parser)]
#[command(after_help = "Example: cargo xtask bench clocks --quick")]
struct Command {
    #[command(flatten)]
    options: Options,
}

fn main() -> ExitCode {
    let Command { options } = Command::parse();
    match run(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: Options) -> Result<(), Error> {
    let kernel = clocks::kernel::Kernel::selected().to_string();
    let mut page = Page::new(options.json, Some(kernel), cycles_per_ns());
    let rounds = options
        .samples
        .map_or(if options.quick { 3 } else { 9 }, |k| k as usize);
    let effort = Effort::new(rounds, options.quick);
    dense(&mut page, effort)?;
    if !options.quick {
        dense_other_shares(&mut page, effort)?;
    }
    sparse_merges(&mut page, effort)?;
    comparisons(&mut page, effort, options.quick)?;
    messages(&mut page, effort)?;
    hybrid(&mut page, effort)?;
    deliveries(&mut page, effort)?;
    page.bars()
}

fn dense(page: &mut Page, effort: Effort) -> Result<Vec<(usize, Vec<Timed>)>, Error> {
    let mut curve = Vec::new();
    for n in merge::SIZES {
        let case = "dense merge, half changing";
        let chain = Chain::new(n, Changing::Half, 1);
        let timed = time(case, &mut merge::contenders(&chain), effort)?;
        let bars: &[(On<'_>, Bar)] = match n {
            64 => &[
                (On::Peer(merge::HASH_MAP), Bar::Times(50.0)),
                (On::Peer(merge::CRDTS), Bar::Times(60.0)),
                (On::Peer(merge::MEMCPY), Bar::WithinTimes(1.6)),
            ],
            1024 => &[
                (On::Peer(merge::HASH_MAP), Bar::Times(90.0)),
                (On::Peer(merge::MEMCPY), Bar::WithinTimes(1.5)),
                (On::Peer(merge::OUR_BASELINE), Bar::Times(3.5)),
            ],
            _ => &[],
        };
        page.case(case, n, &timed, bars)?;
        curve.push((n, timed));
    }
    Ok(curve)
}

fn dense_other_shares(page: &mut Page, effort: Effort) -> Result<(), Error> {
    let shares = [
        ("dense merge, none changing", Changing::None),
        ("dense merge, all changing", Changing::All),
    ];
    for (case, changing) in shares {
        for n in [64, 1024] {
            let chain = Chain::new(n, changing, 1);
            let timed = time(case, &mut merge::contenders(&chain), effort)?;
            page.case(case, n, &timed, &[])?;
        }
    }
    Ok(())
}

fn sparse_merges(page: &mut Page, effort: Effort) -> Result<(), Error> {
    for (case, common) in [
        ("sparse 16 + 16, none common, fresh", 0),
        ("sparse 16 + 16, half common, fresh", 8),
        ("sparse 16 + 16, all common, fresh", 16),
    ] {
        let timed = time(
            case,
            &mut sparse::fresh(&sparse::meetings(16, common)),
            effort,
        )?;
        let bars: &[(On<'_>, Bar)] = match common {
            8 => &[
                (On::Peer(merge::CRDTS), Bar::Times(4.0)),
                (On::FastestOf(sparse::MAPS), Bar::Times(1.4)),
            ],
            _ => &[],
        };
        page.case(case, 16, &timed, bars)?;
    }
    let case = "sparse in place, same actors";
    let chain = Chain::new(16, Changing::Half, 1);
    let timed = time(case, &mut sparse::in_place(&chain), effort)?;
    let bars = [
        (On::Peer(merge::HASH_MAP), Bar::Times(6.0)),
        (On::Us, Bar::Allocations(0.0)),
    ];
    page.case(case, 16, &timed, &bars)
}

fn comparisons(page: &mut Page, effort: Effort, quick: bool) -> Result<(), Error> {
    let sizes: &[usize] = if quick { &[64] } else { &merge::SIZES };
    for (case, pair, ns_max) in [
        ("compare, full scan", compare::Pair::Full, 10.0),
        ("compare, concurrent", compare::Pair::Concurrent, 4.0),
    ] {
        for &n in sizes {
            let timed = time(case, &mut compare::contenders(n, pair), effort)?;
            let bars = [
                (On::Us, Bar::Ns(ns_max)),
                (On::FastestOf(compare::PEERS), Bar::Times(5.0)),
            ];
            page.case(case, n, &timed, if n == 64 { &bars } else { &[] })?;
        }
    }
    Ok(())
}

fn messages(page: &mut Page, effort: Effort) -> Result<(), Error> {
    let mut rows = Vec::new();
    for n in merge::SIZES {
        rows.extend(bytes::rows(n)?);
    }
    page.bytes("bytes of a message, counters below 2^20", rows)?;
    let case = "write and read back";
    let timed = time(case, &mut bytes::contenders(64)?, effort)?;
    page.case(case, 64, &timed, &[])
}

fn hybrid(page: &mut Page, effort: Effort) -> Result<(), Error> {
    for (case, mut contenders, ns_max) in [
        ("HLC tick, zero clock", hlc::tick(), 2.0),
        ("HLC receive, zero clock", hlc::receive(), 3.0),
    ] {
        let timed = time(case, &mut contenders, effort)?;
        let bars = [
            (On::Us, Bar::Ns(ns_max)),
            (On::Peer(hlc::UHLC), Bar::Times(2.0)),
        ];
        page.case(case, 1, &timed, &bars)?;
    }
    let case = "HLC tick, system clock";
    let timed = time(case, &mut hlc::tick_by_system_clock(), effort)?;
    page.case(case, 1, &timed, &[])
}

fn deliveries(page: &mut Page, effort: Effort) -> Result<(), Error> {
    for (case, late) in [
        ("causal delivery, 16 actors, all in order", u64::MAX),
        ("causal delivery, 16 actors, 10 % late", 10),
    ] {
        let traffic = causal::Traffic::new(16, 4096, late);
        let timed = time(case, &mut causal::contenders(&traffic), effort)?;
        let bars = [(On::Us, Bar::Rate(5e6))];
        page.case(case, 16, &timed, if late == 10 { &bars } else { &[] })?;
    }
    Ok(())
}
