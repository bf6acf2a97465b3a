//! What ends a check of transactions before its answer: a deadline, a memory bound, an anomaly, a question without one.

use alloc::boxed::Box;

use crate::{Anomaly, Judgement, Limits, NotCheckable, UnknownReason};

/// Why a check stops early.
#[derive(Debug)]
pub(super) enum Stop {
    Violated(Box<Anomaly>),
    Unknown(UnknownReason),
    NotCheckable(NotCheckable),
}

impl From<Anomaly> for Stop {
    fn from(anomaly: Anomaly) -> Self {
        Self::Violated(Box::new(anomaly))
    }
}

impl From<NotCheckable> for Stop {
    fn from(reason: NotCheckable) -> Self {
        Self::NotCheckable(reason)
    }
}

impl<W> From<Stop> for Judgement<W> {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Violated(anomaly) => Self::Violated(anomaly),
            Stop::Unknown(reason) => Self::Unknown(reason),
            Stop::NotCheckable(reason) => Self::NotCheckable(reason),
        }
    }
}

/// Steps here are cheap (some ten instructions each), so `keep_going` is asked every so many of them.
const STEPS_PER_QUESTION: usize = 1 << 14;

/// The deadline and the memory bound of one check.
pub(super) struct Budget<'a> {
    keep_going: &'a mut dyn FnMut() -> bool,
    left: usize,
    bytes_max: usize,
}

impl<'a> Budget<'a> {
    /// Asks once before anything is done.
    pub(super) fn new(
        limits: &Limits,
        keep_going: &'a mut dyn FnMut() -> bool,
    ) -> Result<Self, Stop> {
        let mut budget = Self {
            keep_going,
            left: 0,
            bytes_max: limits.bytes_max,
        };
        budget.spend(1)?;
        Ok(budget)
    }

    pub(super) fn spend(&mut self, steps: usize) -> Result<(), Stop> {
        if let Some(left) = self.left.checked_sub(steps) {
            self.left = left;
            return Ok(());
        }
        self.left = STEPS_PER_QUESTION;
        if (self.keep_going)() {
            Ok(())
        } else {
            Err(Stop::Unknown(UnknownReason::Interrupted))
        }
    }

    /// Refuses what would take more than the bound.
    pub(super) const fn claim(&self, bytes: usize) -> Result<(), Stop> {
        if bytes > self.bytes_max {
            return Err(Stop::Unknown(UnknownReason::MemoryBound));
        }
        Ok(())
    }
}
