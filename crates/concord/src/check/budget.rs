//! Time, memory and cores: what a check may spend, shared by all its workers.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use consistency::{
    Checked, Judgement, Limits, Model, Operation, UnknownReason, Verdict, split_by_key,
};
use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::*;

use crate::exit::BadInput;

/// How often what is shown on a terminal moves.
const TICK: Duration = Duration::from_millis(100);

/// What one file may cost.
pub(super) struct Budget {
    deadline: Instant,
    seconds: f64,
    bytes: usize,
    workers: rayon::ThreadPool,
}

impl Budget {
    /// Its time begins now.
    pub(super) fn new(seconds: f64, memory_mb: u32, jobs: Option<u16>) -> Result<Self, BadInput> {
        let workers = rayon::ThreadPoolBuilder::new()
            .num_threads(jobs.map_or(0, usize::from))
            .build()
            .map_err(BadInput::new)?;
        Ok(Self {
            deadline: Instant::now() + Duration::from_secs_f64(seconds),
            seconds,
            bytes: usize::try_from(u64::from(memory_mb) << 20).unwrap_or(usize::MAX),
            workers,
        })
    }

    /// Whether there is time left.
    fn has_time(&self) -> bool {
        Instant::now() < self.deadline
    }

    /// A reason in the words of whoever set the bounds.
    pub(super) fn reason(&self, reason: UnknownReason) -> String {
        match reason {
            UnknownReason::Interrupted => format!("timed out after {} s", self.seconds),
            UnknownReason::MemoryBound => {
                let megabytes = self.bytes >> 20;
                format!("memory bound reached ({megabytes} MB, --memory)")
            }
            reason => reason.to_string(),
        }
    }

    /// Runs a check that takes one core.
    pub(super) fn alone<T>(&self, check: impl FnOnce(&Limits, &mut dyn FnMut() -> bool) -> T) -> T {
        let spinner = ProgressBar::new_spinner().with_message("checking");
        spinner.enable_steady_tick(TICK);
        let limits = Limits {
            bytes_max: self.bytes,
            ..Limits::default()
        };
        let result = check(&limits, &mut || self.has_time());
        spinner.finish_and_clear();
        result
    }

    /// Why a judgement is neither holds nor violated.
    pub(super) fn why_not<W>(&self, judgement: &Judgement<W>) -> Option<String> {
        match judgement {
            Judgement::Unknown(reason) => Some(self.reason(*reason)),
            Judgement::NotCheckable(reason) => Some(format!("not checkable: {reason}")),
            _ => None,
        }
    }

    /// Linearizability, keys side by side. The answer is that of one core: the first violated key, else the first that
    /// is not decided. Each worker has its share of the memory; a key for which that was too little is tried again
    /// alone, with all of it.
    pub(super) fn linearizable<M>(
        &self,
        model: &M,
        history: &[Operation<M::Input, M::Output>],
    ) -> Checked<M::Key>
    where
        M: Model + Sync,
        M::Input: Sync,
        M::Output: Sync,
        M::Key: Send + Sync,
    {
        let keys = split_by_key(model, history);
        let bar = progress(keys.len());
        let share = Limits {
            bytes_max: self.bytes / self.workers.current_num_threads().max(1),
            ..Limits::default()
        };
        // Behind the first violated key nothing needs an answer.
        let convicted = AtomicUsize::new(usize::MAX);
        let check = |index: usize, limits: &Limits| {
            let wanted = || self.has_time() && index <= convicted.load(Ordering::Relaxed);
            let checked = keys.check(index, limits, &mut || wanted());
            if matches!(checked.verdict, Verdict::Violated(_)) {
                convicted.fetch_min(index, Ordering::Relaxed);
            }
            bar.inc(1);
            checked
        };
        let mut results: Vec<Checked<M::Key>> = self.workers.install(|| {
            let indices = (0..keys.len()).into_par_iter();
            indices.map(|index| check(index, &share)).collect()
        });
        for (index, result) in results.iter_mut().enumerate() {
            if index > convicted.load(Ordering::Relaxed) {
                break;
            }
            if is_short_of_memory(&result.verdict) && share.bytes_max < self.bytes {
                let all = Limits {
                    bytes_max: self.bytes,
                    ..share
                };
                *result = check(index, &all);
            }
        }
        bar.finish_and_clear();
        Checked::combine(results)
    }
}

const fn is_short_of_memory<K>(verdict: &Verdict<K>) -> bool {
    matches!(
        verdict,
        Verdict::Unknown {
            reason: UnknownReason::MemoryBound,
            ..
        }
    )
}

/// A bar over the keys; drawn only on a terminal.
fn progress(keys: usize) -> ProgressBar {
    let bar = ProgressBar::new(keys as u64);
    if let Ok(style) =
        ProgressStyle::with_template("{spinner} checking {wide_bar} {pos}/{len} keys")
    {
        bar.set_style(style);
    }
    bar.enable_steady_tick(TICK);
    bar
}
