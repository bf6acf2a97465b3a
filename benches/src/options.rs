//! The command line that all benchmarks share.

use clap::Args;

/// Options of every benchmark.
///
/// ```
/// use benches::Options;
/// use clap::Parser;
///
/// #[derive(Parser)]
/// struct Command {
///     #[command(flatten)]
///     options: Options,
/// }
///
/// let command = Command::parse_from(["raft", "--quick"]);
/// assert_eq!(command.options.samples(), 3);
/// ```
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct Options {
    /// Fewer cases and fewer samples: well under half a minute
    #[arg(long)]
    pub quick: bool,
    /// One JSON object per row on standard output (the README names the fields)
    #[arg(long)]
    pub json: bool,
    /// Samples of every case, interleaved between the contenders [default: 5, of `clocks` 9, with
    /// --quick 3]
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..))]
    pub samples: Option<u32>,
}

impl Options {
    /// How many samples to take.
    #[must_use]
    pub fn samples(&self) -> usize {
        let samples = self.samples.unwrap_or(if self.quick { 3 } else { 5 });
        samples as usize
    }
}
