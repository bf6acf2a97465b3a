//! What a run came to.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::{Choices, Fault, FaultCounts, Timeline};

/// A rule that did not hold, and the evidence.
///
/// The simulator itself reports `progress`, `recovery`, `panic`, `contract` and `gate`; observers
/// and workloads add their own.
///
/// ```
/// use simulator::Violation;
/// let violation = Violation::new("election-safety", "n0 and n2 both lead term 4");
/// assert_eq!(violation.to_string(), "election-safety: n0 and n2 both lead term 4");
/// ```
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Violation {
    /// The rule's name; a shrinker keeps it.
    pub rule: String,
    /// What was seen.
    pub detail: String,
}

impl Violation {
    /// A violation of `rule`.
    pub fn new(rule: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            rule: rule.into(),
            detail: detail.into(),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.detail)
    }
}

/// What a run came to.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Outcome {
    /// Every choice of the run: replaying them gives the same run. Empty for an unrecorded tape.
    pub choices: Choices,
    /// Steps of processes.
    pub events: u64,
    /// Those of them that were messages.
    pub messages: u64,
    /// How long the run was in virtual time.
    pub virtual_ns: u64,
    /// How often each fault was delivered.
    pub faults: FaultCounts,
    /// Faults of the plan that were never delivered although the whole chaos phase took place.
    pub silent_faults: Vec<Fault>,
    /// The hash of every input, effect, crash and restart.
    pub hash: u64,
    /// The first rule that did not hold.
    pub violation: Option<Violation>,
    /// Why the run was given up without a verdict.
    pub unknown: Option<String>,
    /// What happened to the cluster.
    pub timeline: Timeline,
}

impl Outcome {
    /// Whether every rule held, to the end of the run. A run without verdict does not hold.
    #[must_use]
    pub const fn holds(&self) -> bool {
        self.violation.is_none() && self.unknown.is_none()
    }
}
