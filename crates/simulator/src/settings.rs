//! What a run is told: the size of the cluster, its normal speeds, its faults and its bounds.

use serde::{Deserialize, Serialize};

use crate::{Delay, FaultPlan, SimulatorError};

/// Whether a link keeps the order of its messages.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Links {
    /// A message never arrives before an earlier one of its link, like on a TCP connection. It
    /// waits only for that: a slow message does not slow down what is sent later than it arrives.
    #[default]
    Fifo,
    /// Each message takes its own time, like on UDP.
    Reordering,
}

/// The settings of a run. With the same settings, configurations, workload, observer and tape, two
/// runs are identical.
///
/// ```
/// use simulator::{Delay, Settings};
/// let settings = Settings {
///     delay: Delay::Exponential { min_ns: 50_000, mean_ns: 200_000 },
///     ..Settings::new(5)
/// };
/// assert!(settings.check().is_ok());
/// assert!(Settings::new(0).check().is_err());
/// ```
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// How many nodes there are, named `NodeId(0)` onwards; 1 to [`Settings::NODES_MAX`].
    pub nodes: u32,
    /// Whether links keep order when no fault disturbs them.
    pub links: Links,
    /// How long a message takes. Default: 0.1 to 1 ms, uniform.
    pub delay: Delay,
    /// How long a sync takes. Default: 0.1 to 2 ms, uniform.
    pub sync: Delay,
    /// The faults of the chaos phase. Default: none.
    pub plan: FaultPlan,
    /// How long the chaos phase lasts. Default: 0.
    pub chaos_ns: u64,
    /// How long after it the workload may take until it is done. Default: 60 s.
    pub progress_ns: u64,
    /// How many events a run may have before it counts as a runaway. Default: 50 million.
    pub events_max: u64,
    /// How many effects of a node may wait for its disk before messages to it are lost. Default:
    /// 65,536.
    pub gated_max: usize,
    /// How many entries the timeline keeps. Default: 200.
    pub timeline_max: usize,
    /// Whether inputs and effects go into the timeline too; slow. Default: no.
    pub is_traced: bool,
}

impl Settings {
    /// The largest cluster.
    pub const NODES_MAX: u32 = 1_024;

    /// The longest chaos phase: a year.
    pub const CHAOS_MAX_NS: u64 = 365 * Delay::LONGEST_NS;

    /// The defaults for `nodes` nodes: a healthy local network, no faults.
    #[must_use]
    pub fn new(nodes: u32) -> Self {
        Self {
            nodes,
            links: Links::Fifo,
            delay: Delay::Uniform {
                min_ns: 100_000,
                max_ns: 1_000_000,
            },
            sync: Delay::Uniform {
                min_ns: 100_000,
                max_ns: 2_000_000,
            },
            plan: FaultPlan::none(),
            chaos_ns: 0,
            progress_ns: 60_000_000_000,
            events_max: 50_000_000,
            gated_max: 65_536,
            timeline_max: 200,
            is_traced: false,
        }
    }

    /// Whether a run with these settings is possible.
    ///
    /// # Errors
    ///
    /// [`SimulatorError::NoNodes`], [`SimulatorError::TooManyNodes`],
    /// [`SimulatorError::ChaosTooLong`],
    /// [`SimulatorError::BadDelay`] or [`SimulatorError::BadPlan`].
    pub fn check(&self) -> Result<(), SimulatorError> {
        if self.nodes == 0 {
            return Err(SimulatorError::NoNodes);
        }
        if self.nodes > Self::NODES_MAX {
            return Err(SimulatorError::TooManyNodes { nodes: self.nodes });
        }
        if self.chaos_ns > Self::CHAOS_MAX_NS {
            return Err(SimulatorError::ChaosTooLong {
                chaos_ns: self.chaos_ns,
            });
        }
        self.delay.check()?;
        self.sync.check()?;
        self.plan.check()
    }
}
