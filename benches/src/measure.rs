//! What a stretch of work costs: CPU time of the whole process, and allocations of this thread.

use serde::{Deserialize, Serialize};

/// What some work cost.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Usage {
    /// CPU time of the whole process, user and system, in nanoseconds. A helper thread hides nothing.
    pub cpu_ns: u64,
    /// Calls of the allocator by this thread (a growing block counts again).
    pub allocations: u64,
    /// Bytes asked for in those calls.
    pub bytes: u64,
}

/// One measured run of one contender.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Sample {
    /// The work done: commits for Raft, messages for a simulator.
    pub operations: u64,
    /// Messages between nodes in the meantime.
    pub messages: u64,
    /// What it cost.
    #[serde(flatten)]
    pub usage: Usage,
}

impl Sample {
    /// Operations per second of CPU time.
    ///
    /// ```
    /// use benches::{Sample, Usage};
    /// let usage = Usage { cpu_ns: 500_000_000, ..Usage::default() };
    /// let sample = Sample { operations: 1_000, messages: 0, usage };
    /// assert_eq!(sample.rate(), 2_000.0);
    /// ```
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.operations as f64 * 1e9 / self.usage.cpu_ns.max(1) as f64
    }

    /// `count` (one of this sample's numbers) per operation.
    ///
    /// ```
    /// let sample = benches::Sample { operations: 4, messages: 10, ..Default::default() };
    /// assert_eq!(sample.per_operation(sample.messages), 2.5);
    /// ```
    #[must_use]
    pub fn per_operation(&self, count: u64) -> f64 {
        count as f64 / self.operations.max(1) as f64
    }
}

/// Runs `work` and says what it cost.
///
/// ```
/// let (answer, usage) = benches::measure(|| vec![7_u8; 64]);
/// assert_eq!((answer.len(), usage.allocations, usage.bytes), (64, 1, 64));
/// ```
pub fn measure<T>(work: impl FnOnce() -> T) -> (T, Usage) {
    let mut answer = None;
    let mut cpu = 0;
    let counted = allocation_counter::measure(|| {
        let start = cpu_ns();
        answer = Some(work());
        cpu = cpu_ns().saturating_sub(start);
    });
    let usage = Usage {
        cpu_ns: cpu,
        allocations: counted.count_total,
        bytes: counted.bytes_total,
    };
    match answer {
        Some(answer) => (answer, usage),
        None => unreachable!("the counter runs the closure it is given"),
    }
}

/// CPU time this process has used, user and system, all threads, in nanoseconds.
///
/// ```
/// let before = benches::cpu_ns();
/// assert!(benches::cpu_ns() >= before);
/// ```
#[cfg(unix)]
#[must_use]
pub fn cpu_ns() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let nanos = u64::try_from(time.tv_nsec).unwrap_or(0);
    seconds.saturating_mul(1_000_000_000).saturating_add(nanos)
}

/// Wall time since the first call, in nanoseconds: this platform has no CPU clock that we read.
#[cfg(not(unix))]
#[must_use]
pub fn cpu_ns() -> u64 {
    use std::{sync::OnceLock, time::Instant};
    static START: OnceLock<Instant> = OnceLock::new();
    u64::try_from(START.get_or_init(Instant::now).elapsed().as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::cpu_ns;

    #[test]
    fn cpu_time_grows_with_work() {
        let start = cpu_ns();
        let mut x = 1_u64;
        while cpu_ns() - start < 1_000_000 {
            x = std::hint::black_box(x.wrapping_mul(3));
        }
        assert_ne!(x, 0);
    }
}
