//! Logical clocks beside their peers: nanoseconds, allocations and bytes.

use std::process::ExitCode;

use benches::clocks::{Bar, Chain, Changing, Effort, On, Page, cycles_per_ns, merge, time};
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
    let kernel = format!("{:?}", clocks::kernel::Kernel::selected());
    let mut page = Page::new(options.json, Some(kernel), cycles_per_ns());
    let effort = Effort::new(options.samples(), options.quick);
    for n in merge::SIZES {
        let chain = Chain::new(n, Changing::Half, 1);
        let timed = time("dense merge", &mut merge::contenders(&chain), effort)?;
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
        page.case("dense merge, half changing", n, &timed, bars)?;
    }
    page.bars()
}
