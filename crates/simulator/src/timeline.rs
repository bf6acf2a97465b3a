//! The timeline: what happened to the cluster, in words a person can read.

use core::fmt;
use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use transport::Time;

/// One line of a [`Timeline`].
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct TimelineEntry {
    /// When, in virtual time.
    pub at_ns: u64,
    /// What.
    pub text: String,
}

impl fmt::Display for TimelineEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", Time::from_nanos(self.at_ns), self.text)
    }
}

/// The first and the last fault events of a run, and, when the settings ask for a trace, every
/// input and effect among them. What does not fit is counted.
///
/// ```
/// use simulator::Timeline;
/// let mut timeline = Timeline::new(4);
/// for at_ns in 0..10 {
///     timeline.push(at_ns, format!("event {at_ns}"));
/// }
/// assert_eq!((timeline.entries().count(), timeline.omitted), (4, 6));
/// assert!(timeline.to_string().contains("(6 more)"));
/// ```
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Timeline {
    /// The first entries.
    pub first: Vec<TimelineEntry>,
    /// How many entries between the first and the last were left out.
    pub omitted: u64,
    /// The last entries.
    pub last: VecDeque<TimelineEntry>,
    entries_max: usize,
}

impl Timeline {
    /// A timeline that keeps half of `entries_max` entries from the start and half from the end.
    #[must_use]
    pub fn new(entries_max: usize) -> Self {
        Self {
            entries_max,
            ..Self::default()
        }
    }

    /// Adds an entry.
    pub fn push(&mut self, at_ns: u64, text: String) {
        let entry = TimelineEntry { at_ns, text };
        if self.first.len() < self.entries_max / 2 {
            self.first.push(entry);
            return;
        }
        self.last.push_back(entry);
        if self.last.len() > self.entries_max.div_ceil(2) {
            self.last.pop_front();
            self.omitted += 1;
        }
    }

    /// The entries that were kept, in order.
    pub fn entries(&self) -> impl Iterator<Item = &TimelineEntry> {
        self.first.iter().chain(&self.last)
    }
}

impl fmt::Display for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for entry in &self.first {
            writeln!(f, "{entry}")?;
        }
        if self.omitted > 0 {
            writeln!(f, "({} more)", self.omitted)?;
        }
        self.last
            .iter()
            .try_for_each(|entry| writeln!(f, "{entry}"))
    }
}
