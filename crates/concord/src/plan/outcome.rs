//! What is known of one candidate: the object that `--json` prints, and that the table and the page show.
//!
//! A value that does not apply to the candidate is absent, never zero. Times are in milliseconds, shares
//! and probabilities from 0 to 1. Nothing is rounded here.

use std::collections::BTreeMap;

use serde::Serialize;

/// Everything that one candidate costs and gives up.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Outcome {
    /// Its name in the file.
    pub(crate) name: String,
    /// How it works: `quorum`, `partial`, `leader`, `lease`, `write-all`, `chain` or `local`.
    pub(crate) protocol: String,
    /// Whether the file names it, or the search found it.
    pub(crate) is_found: bool,
    /// Its nodes, in the order of the file.
    pub(crate) nodes: Vec<String>,
    /// What a read contacts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reads: Option<String>,
    /// What a write contacts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) writes: Option<String>,
    #[serde(flatten)]
    pub(crate) failure: Failure,
    #[serde(flatten)]
    pub(crate) cost: Option<Cost>,
    /// Which limits no strategy of this candidate keeps, and what it could keep.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) infeasible: Option<String>,
    #[serde(flatten)]
    pub(crate) timing: Option<Timing>,
    /// What each operation still can do, in each shape of partition.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) partitions: Vec<PartitionRow>,
    /// Every state of the links, counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) link_states: Option<LinkStates>,
    /// CAP and PACELC, an operation each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) claims: Vec<Claim>,
    /// The names of the candidates that are nowhere worse and somewhere better.
    pub(crate) dominated_by: Vec<String>,
    /// What the real state machine did, if it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) simulated: Option<super::meet::Simulated>,
    /// What could not be found out, and why. Not empty: the command ends with 3.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) unknown: Vec<String>,
    /// What a reader must know beside the numbers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) notes: Vec<String>,
}

/// What survives.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Failure {
    /// Any so many nodes may fail, and there is still a read quorum.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) read_resilience: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) write_resilience: Option<usize>,
    /// The lesser of the two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) resilience: Option<usize>,
    /// The same in whole zones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) read_zone_resilience: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) write_zone_resilience: Option<usize>,
    /// How likely it is that no read quorum is up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) read_unavailability: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) write_unavailability: Option<f64>,
}

/// What an optimal strategy costs.
#[derive(Debug, Serialize)]
pub(crate) struct Cost {
    pub(crate) load: f64,
    /// Operations per second.
    pub(crate) capacity: f64,
    /// Nodes that an operation contacts.
    pub(crate) network_load: f64,
    /// Milliseconds.
    pub(crate) latency: f64,
    /// The load as a fraction, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) load_exact: Option<String>,
    pub(crate) certificate: Gap,
    pub(crate) strategy: Quorums,
    /// The least load at read fractions from 0 to 1, for the picture.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) load_by_read_fraction: Vec<(f64, f64)>,
}

/// How far from the best the strategy may be.
#[derive(Debug, Serialize)]
pub(crate) struct Gap {
    pub(crate) value: f64,
    pub(crate) bound: f64,
    pub(crate) gap: f64,
}

/// A strategy: quorums and how often each is contacted.
#[derive(Debug, Serialize)]
pub(crate) struct Quorums {
    pub(crate) reads: Vec<(Vec<String>, f64)>,
    pub(crate) writes: Vec<(Vec<String>, f64)>,
}

/// How stale and how slow.
#[derive(Debug, Serialize)]
pub(crate) struct Timing {
    /// How it was found: `exact`, `bounded` from both sides, or `sampled`.
    pub(crate) method: &'static str,
    /// Of every probability: a bound if exact, half the width of the interval if sampled.
    pub(crate) error: f64,
    /// Milliseconds after a write, and how likely a read sees it.
    pub(crate) consistent_at: BTreeMap<String, f64>,
    /// How likely a read sees one of the last so many versions, for quorums that do not spread (closed
    /// form); a lower bound where they do.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) consistent_within_versions: BTreeMap<String, f64>,
    /// How long after a write 99.9 % of the reads see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) t_visibility_999_ms: Option<f64>,
    /// Its confidence interval, if it is sampled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) t_visibility_999_interval_ms: Option<[f64; 2]>,
    pub(crate) read_latency: Percentiles,
    pub(crate) write_latency: Percentiles,
    /// For the pictures: milliseconds and the share that is done by then.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) read_cdf: Vec<(f64, f64)>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) write_cdf: Vec<(f64, f64)>,
    /// Milliseconds after a write, and how likely a read sees it: low, middle and high.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) consistency_curve: Vec<(f64, [f64; 3])>,
}

/// Milliseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Percentiles {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) p999: f64,
    /// Between what the three are, if they are bounded; their confidence intervals, if they are sampled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) intervals: Option<[[f64; 2]; 3]>,
}

/// One operation, in one shape, for the clients of one side.
#[derive(Debug, Serialize)]
pub(crate) struct PartitionRow {
    /// As in `split {a b} | {c}`.
    pub(crate) shape: String,
    /// The shape's kind: `whole`, `split`, `bridge` …
    pub(crate) kind: String,
    /// `read` or `write`.
    pub(crate) operation: String,
    /// The nodes of the side that the clients are on.
    pub(crate) side: Vec<String>,
    /// `total`, `sticky`, `side`, `partly`, `leader-bound` or `none`.
    pub(crate) availability: String,
    /// The strongest model that this candidate keeps there; absent if nobody is answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) model: Option<String>,
    /// The strongest that any protocol with this availability could keep.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) attainable: Option<String>,
    /// How long until it answers again, in milliseconds, when a leader must change first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) outage_ms: Option<Percentiles>,
    /// Why: the quorum that is left, or the nodes that are missing.
    pub(crate) because: String,
    /// The history or the silence that shows it, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) witness: Option<String>,
}

/// Every directed state of the links, up to renaming where that is possible.
#[derive(Debug, Serialize)]
pub(crate) struct LinkStates {
    pub(crate) states: u64,
    pub(crate) classes: u64,
    /// How many states by operation and availability.
    pub(crate) counts: BTreeMap<String, BTreeMap<String, u64>>,
}

/// What is given up, by one operation.
#[derive(Debug, Serialize)]
pub(crate) struct Claim {
    pub(crate) operation: String,
    /// `PA` or `PC`.
    pub(crate) in_partition: String,
    /// `EL` or `EC`.
    #[serde(rename = "else")]
    pub(crate) otherwise: String,
    /// How much longer the operation takes for each millisecond between zones.
    pub(crate) delay_sensitivity: f64,
    /// What it lost on some split: `availability`, `linearizability`, both, or nothing, if the other
    /// operation pays.
    pub(crate) gives_up: Vec<String>,
    /// `O(0)`, `O(d)`, `O(d_zone)` or `O(d_wan)`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) delay_order: Option<String>,
    /// What was run to find out.
    pub(crate) machine: String,
    /// The shape, the history and what the checker says of it.
    pub(crate) witness: String,
    /// A history that is not linearizable though nothing is cut.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) else_witness: Option<String>,
    pub(crate) is_confirmed: bool,
}
