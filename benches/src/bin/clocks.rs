//! Logical clocks beside their peers: nanoseconds, allocations and bytes.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use benches::clocks::{
    Bar, Chain, Changing, Effort, On, Page, Picture, Size, Timed, array, bytes, causal, chart,
    compare, cycles_per_ns, hlc, interval, merge, sparse, time, time_anew, tree,
};
use benches::{Error, Options, ended};
use clap::Parser;

/// Logical clocks beside their peers: nanoseconds, allocations and bytes
///
/// All peers are in the build only with `--features peers,minerva`; `cargo xtask bench clocks` does
/// that.
#[derive(Parser)]
#[command(after_help = "Example: cargo xtask bench clocks -- --samples 3 --svg merge.svg")]
struct Command {
    #[command(flatten)]
    options: Options,
    /// Draws the merge curve to this file
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

const METHOD: &str = "\
Method
  CPU time of the process, user and system. Before a case is measured every contender does its work
  once and must come to the same answer as ours. Then all run in turn, A B C A B C, in rounds of about
  2 ms (--quick: 1 ms) of whole laps; a figure is the median of the rounds, a ratio the median of the
  ratios of the rounds. peer/ours above 1: we are faster. Inputs and outputs pass through black_box.
Traps
  Merging the same clock again changes nothing, which hides branch misses and stores: here a chain of
  random clocks is merged, prepared beforehand, of which each changes half of the entries. The copy
  that puts the clock back after each chain is measured alone in the same rounds and subtracted.
  A chain has 16 merges, fewer where that keeps everything in 24 KiB (n = 1024: 1), so all of it is in
  the first-level cache, for memcpy too. Real clocks are often colder, and then memory decides.
  Buffers of dense clocks, of our baseline loops and of memcpy begin at multiples of 64 bytes. Where
  they lie to each other still matters: dense rows are of five sets of buffers, each made anew.
  crdts merges by value: one row clones, as its interface wants; one applies the dots by reference.
  minerva makes a new clock for each merge. Bars are held against the interface as it is.
  The hash of the standard library's maps is seeded anew in each process.
  The tutorial's map and the Fx variant are written here; the comparison stops as early as it can.
  Names of actors are random numbers below 2^32 where clocks are sparse, since minerva has no larger.
  uhlc locks, ours is owned: a row puts ours into a Mutex. With a zero clock both only count.
  treeclocks is measured on histories on which its answers are right (see the README).
  The counting allocator is in everybody's time. No figure says what another machine does.";

fn main() -> ExitCode {
    let Command { options, svg } = Command::parse();
    ended(run(options, svg.as_deref()))
}

fn run(options: Options, svg: Option<&Path>) -> Result<(), Error> {
    let kernel = clocks::kernel::Kernel::selected().to_string();
    let speed = cycles_per_ns();
    let mut page = Page::new(options.json, Some(kernel.clone()), speed);
    let rounds = options
        .samples
        .map_or(if options.quick { 3 } else { 9 }, |k| k as usize);
    let effort = Effort::new(rounds, options.quick);
    let picture = svg
        .map(|path| open(path).map(|file| (file, path)))
        .transpose()?;
    page.prose(METHOD)?;
    page.prose(&machine(&kernel, speed))?;
    if cfg!(not(all(feature = "peers", feature = "minerva"))) {
        page.prose(
            "\nPEERS ARE MISSING IN THIS BUILD (minerva, treeclocks, uhlc): `cargo xtask bench clocks` \
             builds them all.",
        )?;
    }
    let curve = dense(&mut page, effort)?;
    if let Some((file, path)) = picture {
        draw(&file, &curve, &kernel).map_err(|why| unwritten(path, &*why))?;
    }
    fixed(&mut page, effort)?;
    if !options.quick {
        dense_other_shares(&mut page, effort)?;
    }
    sparse_merges(&mut page, effort)?;
    comparisons(&mut page, effort, options.quick)?;
    messages(&mut page, effort)?;
    hybrid(&mut page, effort)?;
    deliveries(&mut page, effort)?;
    intervals(&mut page, effort, options.quick)?;
    traces(&mut page, effort, options.quick)?;
    page.losses()?;
    page.bars()
}

/// What the figures hang on.
fn machine(kernel: &str, speed: Option<f64>) -> String {
    let speed = speed.map_or_else(
        || "unknown, so no cycles are printed".to_owned(),
        |cycles| format!("{cycles:.2} cycles a nanosecond"),
    );
    let built_for = if cfg!(target_feature = "avx2") {
        "more than the baseline of its target: the flag `target-cpu` or the like was given"
    } else {
        "the baseline of its target, without a `target-cpu` flag"
    };
    format!("This run\n  Kernel of dense clocks: {kernel}. Core: {speed}. Built for {built_for}.")
}

fn dense(page: &mut Page, effort: Effort) -> Result<Vec<(usize, Vec<Timed>)>, Error> {
    let mut curve = Vec::new();
    for n in merge::SIZES {
        let case = "dense merge, half changing";
        let chain = Chain::new(n, Changing::Half, 1);
        let timed = time_anew(case, || merge::contenders(&chain), effort)?;
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
        page.case(case, Size::Entries(n), &timed, bars)?;
        curve.push((n, timed));
    }
    Ok(curve)
}

/// Before anything is measured: whether the picture can be written. What is there stays until then.
fn open(path: &Path) -> Result<File, Error> {
    let file = File::options().append(true).create(true).open(path);
    file.map_err(|why| unwritten(path, &why))
}

fn unwritten(path: &Path, why: &dyn std::error::Error) -> Error {
    Error::Output {
        why: format!("{}: {why}", path.display()),
    }
}

/// The processor's own name where the system tells it, and its family.
fn machine_kind() -> String {
    let family = std::env::consts::ARCH.replace('_', "-");
    let told = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let mut lines = told.lines().filter_map(|line| line.split_once(':'));
    match lines.find(|(field, _)| field.trim() == "model name") {
        Some((_, name)) => format!("{} ({family})", name.trim()),
        None => family,
    }
}

fn draw(
    mut file: &File,
    curve: &[(usize, Vec<Timed>)],
    kernel: &str,
) -> Result<(), Box<dyn std::error::Error>> {
    let picture = Picture {
        title: "A merge of two clocks, half of the entries changing",
        subtitle: &format!(
            "Lower is better. Both axes are logarithmic. On {}, {kernel} kernel.",
            machine_kind()
        ),
    };
    let svg = chart(curve, merge::LINES, picture)?;
    file.set_len(0)?;
    Ok(file.write_all(svg.as_bytes())?)
}

fn fixed(page: &mut Page, effort: Effort) -> Result<(), Error> {
    let chain = |n| Chain::new(n, Changing::Half, 1);
    for (n, mut contenders) in [
        (3, array::contenders::<3>(&chain(3))),
        (5, array::contenders::<5>(&chain(5))),
        (7, array::contenders::<7>(&chain(7))),
    ] {
        let case = "ArrayClock merge";
        let timed = time(case, &mut contenders, effort)?;
        let bars = [(On::Us, Bar::Ns(2.5)), (On::Us, Bar::Allocations(0.0))];
        page.case(case, Size::Entries(n), &timed, &bars)?;
    }
    Ok(())
}

fn dense_other_shares(page: &mut Page, effort: Effort) -> Result<(), Error> {
    let shares = [
        ("dense merge, none changing", Changing::None),
        ("dense merge, all changing", Changing::All),
    ];
    for (case, changing) in shares {
        for n in [64, 1024] {
            let chain = Chain::new(n, changing, 1);
            let timed = time_anew(case, || merge::contenders(&chain), effort)?;
            page.case(case, Size::Entries(n), &timed, &[])?;
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
        page.case(case, Size::Entries(16), &timed, bars)?;
    }
    let case = "sparse in place, same actors";
    let chain = Chain::new(16, Changing::Half, 1);
    let timed = time(case, &mut sparse::in_place(&chain), effort)?;
    let bars = [
        (On::Peer(merge::HASH_MAP), Bar::Times(6.0)),
        (On::Us, Bar::Allocations(0.0)),
    ];
    page.case(case, Size::Entries(16), &timed, &bars)
}

fn comparisons(page: &mut Page, effort: Effort, quick: bool) -> Result<(), Error> {
    let sizes: &[usize] = if quick { &[64] } else { &merge::SIZES };
    for (case, pair, ns_max) in [
        ("compare, full scan", compare::Pair::Full, 10.0),
        ("compare, concurrent", compare::Pair::Concurrent, 4.0),
    ] {
        for &n in sizes {
            let timed = time_anew(case, || compare::contenders(n, pair), effort)?;
            let bars = [
                (On::Us, Bar::Ns(ns_max)),
                (On::FastestOf(compare::PEERS), Bar::Times(5.0)),
            ];
            page.case(
                case,
                Size::Entries(n),
                &timed,
                if n == 64 { &bars } else { &[] },
            )?;
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
    page.case(case, Size::Entries(64), &timed, &[])
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
        page.case(case, Size::Actors(1), &timed, &bars)?;
    }
    let case = "HLC tick, system clock";
    let timed = time(case, &mut hlc::tick_by_system_clock(), effort)?;
    page.case(case, Size::Actors(1), &timed, &[])
}

fn deliveries(page: &mut Page, effort: Effort) -> Result<(), Error> {
    for (case, late) in [
        ("causal delivery, 16 actors, all in order", u64::MAX),
        ("causal delivery, 16 actors, 10 % late", 10),
    ] {
        let traffic = causal::Traffic::new(16, 4096, late);
        let timed = time(case, &mut causal::contenders(&traffic), effort)?;
        let bars = [(On::Us, Bar::Rate(5e6))];
        page.case(
            case,
            Size::Actors(16),
            &timed,
            if late == 10 { &bars } else { &[] },
        )?;
    }
    Ok(())
}

fn intervals(page: &mut Page, effort: Effort, quick: bool) -> Result<(), Error> {
    page.prose("")?;
    for (name, wrong, asked) in interval::wrong_answers() {
        page.prose(&format!(
            "{name}: {wrong} of {asked} comparisons contradict what happened (8 actors, random \
             histories)."
        ))?;
    }
    let sizes: &[usize] = if quick { &[16] } else { &[4, 16, 64, 256] };
    for (case, operation) in [
        ("ITC join", interval::Operation::Join),
        ("ITC compare", interval::Operation::Compare),
        ("ITC event", interval::Operation::Event),
    ] {
        for &actors in sizes {
            let timed = time(case, &mut interval::contenders(actors, operation), effort)?;
            page.case(case, Size::Actors(actors), &timed, &[])?;
        }
    }
    Ok(())
}

fn traces(page: &mut Page, effort: Effort, quick: bool) -> Result<(), Error> {
    let sizes: &[usize] = if quick { &[1024] } else { &[64, 256, 1024] };
    for (trace, case) in tree::Trace::ALL {
        for &actors in sizes {
            let timed = time(case, &mut tree::contenders(actors, trace), effort)?;
            page.case(case, Size::Actors(actors), &timed, &[])?;
        }
    }
    Ok(())
}
