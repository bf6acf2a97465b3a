//! Fault plans: which faults a run meets, and how hard, as plain data.

use serde::{Deserialize, Serialize};
use transport::Choose;

use crate::{Delay, Fault, FaultSet, SimulatorError};

/// Episodes of a fault during the chaos phase: at least one, then more after random gaps.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Episodes {
    /// Mean time from the end of one to the start of the next, in nanoseconds; at least 1.
    pub gap_ns: u64,
    /// Mean length of one, in nanoseconds.
    pub length_ns: u64,
}

/// The faults of one run. Everything stops at the end of the chaos phase, except that clocks keep
/// the offset and drift they have.
///
/// ```
/// use simulator::{Episodes, Fault, FaultPlan};
/// let plan = FaultPlan {
///     loss_ppm: 10_000, // one message in a hundred
///     crash: Some(Episodes { gap_ns: 500_000_000, length_ns: 100_000_000 }),
///     ..FaultPlan::none()
/// };
/// assert_eq!(plan.enabled().to_string(), "loss,crash");
/// ```
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct FaultPlan {
    /// Messages lost, in a million.
    pub loss_ppm: u32,
    /// Messages delivered twice, in a million.
    pub duplicate_ppm: u32,
    /// Links stop keeping their order.
    pub reorder: bool,
    /// Messages held back, in a million, so that others overtake them however seldom they are sent.
    /// Needs `reorder`.
    pub reorder_ppm: u32,
    /// Mean time a message is held back, in nanoseconds.
    pub reorder_hold_ns: u64,
    /// Replaces the network's own delay.
    pub delay: Option<Delay>,
    /// Two groups cannot talk: one node, a minority or half of the nodes is cut off.
    pub partition: Option<Episodes>,
    /// A group is cut off in one direction only.
    pub one_way: Option<Episodes>,
    /// Pairs cannot talk though others join them: a bridge, a ring, a single link.
    pub partial: Option<Episodes>,
    /// A node crashes, at any time, in the middle of a sync or right after one, and is away for an
    /// episode, or for a small part of it.
    pub crash: Option<Episodes>,
    /// The same in the middle of writing a record.
    pub torn: Option<Episodes>,
    /// Syncs of a node take `slow_sync_ns` longer, for an episode and at least for one sync.
    pub slow_disk: Option<Episodes>,
    /// Mean additional time of a slow sync, in nanoseconds.
    pub slow_sync_ns: u64,
    /// The next sync of a node fails; it is away for an episode.
    pub disk_failure: Option<Episodes>,
    /// A node takes no input for an episode, then all that waited.
    pub pause: Option<Episodes>,
    /// Clocks start up to this far from where they should, in nanoseconds.
    pub clock_offset_ns: u64,
    /// Monotonic clocks run up to this much fast or slow, in parts per million; below 500,000.
    pub clock_drift_ppm: u32,
    /// A wall clock jumps.
    pub clock_jump: Option<Episodes>,
    /// By up to this far, in nanoseconds.
    pub clock_jump_ns: u64,
}

impl FaultPlan {
    /// No faults at all.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Swarm testing (Groce, Zhang, Eide, Chen, Regehr: *Swarm testing*, ISSTA 2012): of the
    /// `enabled` faults each run gets a random subset, each with a random strength, because a
    /// fault that is always on hides the bugs that need it off. Episodes are scaled to `chaos_ns`.
    ///
    /// ```
    /// use simulator::{FaultPlan, FaultSet, Tape};
    /// let plan = FaultPlan::swarm(&mut Tape::seeded_stream(7, 1), FaultSet::all(), 10_000_000_000);
    /// assert!(plan.check().is_ok());
    /// ```
    pub fn swarm(choices: &mut impl Choose, enabled: FaultSet, chaos_ns: u64) -> Self {
        let mut plan = Self::none();
        for fault in enabled.iter() {
            if choices.choose(2) == 1 {
                plan.enable(fault, choices, chaos_ns);
            }
        }
        plan
    }

    /// Every fault of `faults` is on, with a random strength.
    ///
    /// ```
    /// use simulator::{FaultPlan, FaultSet, Tape};
    /// let plan = FaultPlan::uniform(&mut Tape::seeded(7), FaultSet::all(), 10_000_000_000);
    /// assert_eq!(plan.enabled(), FaultSet::all());
    /// ```
    pub fn uniform(choices: &mut impl Choose, faults: FaultSet, chaos_ns: u64) -> Self {
        let mut plan = Self::none();
        for fault in faults.iter() {
            plan.enable(fault, choices, chaos_ns);
        }
        plan
    }

    /// The plan with one fault switched off: how a failing run is made simpler.
    ///
    /// ```
    /// use simulator::{Fault, FaultPlan};
    /// let plan = FaultPlan { loss_ppm: 10, duplicate_ppm: 10, ..FaultPlan::none() };
    /// assert_eq!(plan.without(Fault::Loss).enabled().to_string(), "duplicate");
    /// ```
    #[must_use]
    pub fn without(mut self, fault: Fault) -> Self {
        match fault {
            Fault::Loss => self.loss_ppm = 0,
            Fault::Duplicate => self.duplicate_ppm = 0,
            Fault::Reorder => {
                self.reorder = false;
                (self.reorder_ppm, self.reorder_hold_ns) = (0, 0);
            }
            Fault::Delay => self.delay = None,
            Fault::Partition => self.partition = None,
            Fault::OneWay => self.one_way = None,
            Fault::Partial => self.partial = None,
            Fault::Crash => self.crash = None,
            Fault::Torn => self.torn = None,
            Fault::SlowDisk => (self.slow_disk, self.slow_sync_ns) = (None, 0),
            Fault::DiskFailure => self.disk_failure = None,
            Fault::Pause => self.pause = None,
            Fault::ClockOffset => self.clock_offset_ns = 0,
            Fault::ClockDrift => self.clock_drift_ppm = 0,
            Fault::ClockJump => (self.clock_jump, self.clock_jump_ns) = (None, 0),
        }
        self
    }

    /// The faults that are on.
    #[must_use]
    pub fn enabled(&self) -> FaultSet {
        Fault::ALL
            .into_iter()
            .filter(|&fault| match fault {
                Fault::Loss => self.loss_ppm > 0,
                Fault::Duplicate => self.duplicate_ppm > 0,
                Fault::Reorder => self.reorder,
                Fault::Delay => self.delay.is_some(),
                Fault::ClockOffset => self.clock_offset_ns > 0,
                Fault::ClockDrift => self.clock_drift_ppm > 0,
                _ => self.episodes(fault).is_some(),
            })
            .collect()
    }

    /// The episodes of a fault that comes in episodes.
    #[must_use]
    pub const fn episodes(&self, fault: Fault) -> Option<Episodes> {
        match fault {
            Fault::Partition => self.partition,
            Fault::OneWay => self.one_way,
            Fault::Partial => self.partial,
            Fault::Crash => self.crash,
            Fault::Torn => self.torn,
            Fault::SlowDisk => self.slow_disk,
            Fault::DiskFailure => self.disk_failure,
            Fault::Pause => self.pause,
            Fault::ClockJump => self.clock_jump,
            Fault::Loss
            | Fault::Duplicate
            | Fault::Reorder
            | Fault::Delay
            | Fault::ClockOffset
            | Fault::ClockDrift => None,
        }
    }

    /// Whether the plan can be carried out.
    ///
    /// # Errors
    ///
    /// [`SimulatorError::BadPlan`] or [`SimulatorError::BadDelay`], naming what is wrong.
    pub fn check(&self) -> Result<(), SimulatorError> {
        let bad = |field, reason| Err(SimulatorError::BadPlan { field, reason });
        let shares = [
            ("loss_ppm", self.loss_ppm),
            ("duplicate_ppm", self.duplicate_ppm),
            ("reorder_ppm", self.reorder_ppm),
        ];
        for (field, ppm) in shares {
            if ppm > 1_000_000 {
                return bad(field, "must not exceed a million");
            }
        }
        let spans = [
            ("reorder_hold_ns", self.reorder_hold_ns),
            ("slow_sync_ns", self.slow_sync_ns),
            ("clock_offset_ns", self.clock_offset_ns),
            ("clock_jump_ns", self.clock_jump_ns),
        ];
        for (field, span_ns) in spans {
            if span_ns > Delay::LONGEST_NS {
                return bad(field, "must not exceed a day");
            }
        }
        if self.reorder_ppm > 0 && !self.reorder {
            return bad("reorder_ppm", "needs reorder");
        }
        if self.clock_drift_ppm >= 500_000 {
            return bad("clock_drift_ppm", "must stay below 500,000");
        }
        if self.slow_disk.is_some() && self.slow_sync_ns == 0 {
            return bad("slow_sync_ns", "must be above zero when disks are slow");
        }
        if self.clock_jump.is_some() && self.clock_jump_ns == 0 {
            return bad("clock_jump_ns", "must be above zero when clocks jump");
        }
        for fault in Fault::ALL {
            match self.episodes(fault) {
                Some(Episodes { gap_ns: 0, .. }) => {
                    return bad(fault.name(), "must have a gap above zero");
                }
                Some(Episodes { gap_ns, length_ns })
                    if gap_ns.max(length_ns) > Delay::LONGEST_NS =>
                {
                    return bad(fault.name(), "must not take longer than a day");
                }
                _ => {}
            }
        }
        self.delay.as_ref().map_or(Ok(()), Delay::check)
    }

    fn enable(&mut self, fault: Fault, choices: &mut impl Choose, chaos_ns: u64) {
        let mut pick = |options: &[u64]| options[choices.choose(options.len() as u64) as usize];
        let share = |parts: u64| (chaos_ns / parts).clamp(1, Delay::LONGEST_NS);
        let mut episodes = || {
            let gap_ns = share(pick(&[2, 5, 10, 20]));
            let length_ns = share(pick(&[200, 50, 20, 10]));
            Some(Episodes { gap_ns, length_ns })
        };
        match fault {
            Fault::Partition => self.partition = episodes(),
            Fault::OneWay => self.one_way = episodes(),
            Fault::Partial => self.partial = episodes(),
            Fault::Crash => self.crash = episodes(),
            Fault::Torn => self.torn = episodes(),
            Fault::DiskFailure => self.disk_failure = episodes(),
            Fault::Pause => self.pause = episodes(),
            Fault::SlowDisk => {
                self.slow_disk = episodes();
                self.slow_sync_ns = pick(&[2_000_000, 20_000_000, 200_000_000]);
            }
            Fault::ClockJump => {
                self.clock_jump = episodes();
                self.clock_jump_ns = pick(&[10_000_000, 1_000_000_000, 3_600_000_000_000]);
            }
            Fault::Loss => self.loss_ppm = pick(&[1_000, 10_000, 50_000, 200_000]) as u32,
            Fault::Duplicate => self.duplicate_ppm = pick(&[1_000, 10_000, 50_000, 200_000]) as u32,
            Fault::Reorder => {
                self.reorder = true;
                self.reorder_ppm = pick(&[10_000, 50_000, 200_000]) as u32;
                self.reorder_hold_ns = pick(&[30_000_000, 100_000_000]);
            }
            Fault::Delay => {
                self.delay = Some(match pick(&[0, 1, 2]) {
                    0 => Delay::Uniform {
                        min_ns: 100_000,
                        max_ns: pick(&[10_000_000, 50_000_000]),
                    },
                    1 => Delay::Exponential {
                        min_ns: 50_000,
                        mean_ns: pick(&[5_000_000, 30_000_000]),
                    },
                    _ => Delay::LongTail {
                        min_ns: pick(&[500_000, 2_000_000]),
                        max_ns: 5_000_000_000,
                    },
                });
            }
            Fault::ClockOffset => {
                self.clock_offset_ns = pick(&[1_000_000, 1_000_000_000, 3_600_000_000_000]);
            }
            Fault::ClockDrift => self.clock_drift_ppm = pick(&[50, 500, 10_000, 100_000]) as u32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tape;

    #[test]
    fn a_swarm_turns_each_fault_on_about_half_the_time() {
        let mut on = [0_u32; Fault::ALL.len()];
        for seed in 0..1_000 {
            let mut tape = Tape::seeded_stream(seed, 1);
            let plan = FaultPlan::swarm(&mut tape, FaultSet::all(), 10_000_000_000);
            assert_eq!(plan.check(), Ok(()));
            plan.enabled()
                .iter()
                .for_each(|fault| on[fault as usize] += 1);
        }
        assert!(on.iter().all(|count| (400..600).contains(count)), "{on:?}");
    }

    #[test]
    fn a_swarm_stays_within_what_is_enabled() {
        let enabled: FaultSet = [Fault::Crash, Fault::Loss].into_iter().collect();
        for seed in 0..100 {
            let plan = FaultPlan::swarm(&mut Tape::seeded(seed), enabled, 1_000_000_000);
            assert!(plan.enabled().iter().all(|fault| enabled.contains(fault)));
        }
    }

    #[test]
    fn each_fault_can_be_enabled_alone() {
        for fault in Fault::ALL {
            let only: FaultSet = [fault].into_iter().collect();
            let plan = FaultPlan::uniform(&mut Tape::seeded(3), only, 1_000_000_000);
            assert_eq!((plan.enabled(), plan.check()), (only, Ok(())));
        }
    }

    #[test]
    fn impossible_plans_are_refused() {
        let episodes = Some(Episodes {
            gap_ns: 1,
            length_ns: 1,
        });
        let refused = [
            FaultPlan {
                loss_ppm: 1_000_001,
                ..FaultPlan::none()
            },
            FaultPlan {
                reorder_ppm: 1,
                ..FaultPlan::none()
            },
            FaultPlan {
                clock_drift_ppm: 500_000,
                ..FaultPlan::none()
            },
            FaultPlan {
                slow_disk: episodes,
                ..FaultPlan::none()
            },
            FaultPlan {
                clock_jump: episodes,
                ..FaultPlan::none()
            },
            FaultPlan {
                pause: Some(Episodes {
                    gap_ns: 0,
                    length_ns: 1,
                }),
                ..FaultPlan::none()
            },
            FaultPlan {
                delay: Some(Delay::Uniform {
                    min_ns: 1,
                    max_ns: 0,
                }),
                ..FaultPlan::none()
            },
        ];
        for plan in refused {
            assert!(plan.check().is_err(), "{plan:?}");
        }
    }
}
