//! Who takes part, and how much work each is given.

use std::fmt;

use super::concord::{Faults, run_load};
use super::{Child, Load};
use crate::{Error, Sample};

/// One simulator in one configuration.
pub struct Contender {
    /// Its name, version and configuration.
    pub name: &'static str,
    /// Which variant of ours it is; `None` for a peer.
    pub ours: Option<&'static str>,
    /// Messages of one run of each load: `1x1`, then `4x64`. As many as take a good tenth of a
    /// second, so they differ.
    messages: [u64; 2],
    run: Box<Run>,
}

/// Runs a load for about so many messages.
type Run = dyn Fn(Load, u64) -> Result<Sample, Error>;

impl Contender {
    /// A contender that runs `run` with about `messages` messages for `1x1` and `4x64`.
    pub fn new(
        name: &'static str,
        ours: Option<&'static str>,
        messages: [u64; 2],
        run: impl Fn(Load, u64) -> Result<Sample, Error> + 'static,
    ) -> Self {
        Self {
            name,
            ours,
            messages,
            run: Box::new(run),
        }
    }

    /// Runs `load` once.
    ///
    /// # Errors
    ///
    /// The simulator stopped early or refused.
    pub fn run(&self, load: Load) -> Result<Sample, Error> {
        let [one, many] = self.messages;
        (self.run)(load, if load == Load::PING_PONG { one } else { many })
    }
}

impl fmt::Debug for Contender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contender")
            .field("name", &self.name)
            .field("ours", &self.ours)
            .finish_non_exhaustive()
    }
}

/// Everybody in this build, ours first; madsim if its program is given.
///
/// ```
/// use benches::simulator::contenders;
/// let alone = contenders(None).len();
/// let child = benches::simulator::Child::new("simulator_madsim".as_ref());
/// assert_eq!(contenders(Some(child)).len(), alone + 1);
/// ```
#[must_use]
pub fn contenders(madsim: Option<Child>) -> Vec<Contender> {
    let mut contenders = vec![
        Contender::new(
            "simulator",
            Some("faults off"),
            [4_000_000; 2],
            |load, messages| run_load(load, messages, Faults::Off),
        ),
        Contender::new(
            "simulator",
            Some("faults on"),
            [4_000_000; 2],
            |load, messages| run_load(load, messages, Faults::On),
        ),
    ];
    #[cfg(feature = "peers")]
    {
        use super::turmoil_udp::{Latency, run};
        let one = Latency {
            min_ms: 1,
            max_ms: 1,
        };
        let ten = Latency {
            min_ms: 1,
            max_ms: 10,
        };
        contenders.push(Contender::new(
            "turmoil 0.7.2 UDP, 1 ms",
            None,
            [80_000, 400_000],
            move |load, messages| run(load, messages, one),
        ));
        contenders.push(Contender::new(
            "turmoil 0.7.2 UDP, 1-10 ms",
            None,
            [40_000, 400_000],
            move |load, messages| run(load, messages, ten),
        ));
    }
    if let Some(child) = madsim {
        contenders.push(Contender::new(
            "madsim 0.2.34 Endpoint, 1-10 ms",
            None,
            [150_000, 150_000],
            move |load, messages| child.run(load, messages),
        ));
    }
    contenders
}
