//! A node's clocks: how local time follows virtual time.
//!
//! 1. The monotonic clock starts anywhere, runs fast or slow by a constant drift, never goes back.
//! 2. The wall clock runs beside it and may also jump.
//! 3. `reached_at(deadline)` is the first virtual time at which the monotonic clock shows at least
//!    `deadline`: a wake then is never early and never needlessly late.

use transport::Time;

/// Where wall clocks stand when the run starts: 14 November 2023, in nanoseconds since 1970.
const WALL_START_NS: u64 = 1_700_000_000_000_000_000;
const MILLION: i64 = 1_000_000;

#[derive(Clone, Debug, Default)]
pub(crate) struct Clock {
    start_ns: u64,
    drift_ppm: i64,
    wall_ns: i64,
}

impl Clock {
    /// A clock that shows `start_ns` at virtual time zero, and drifts by less than all its speed.
    pub(crate) const fn new(start_ns: u64, drift_ppm: i64, wall_ns: i64) -> Self {
        Self {
            start_ns,
            drift_ppm,
            wall_ns,
        }
    }

    #[inline]
    pub(crate) const fn monotonic(&self, now_ns: u64) -> Time {
        Time::from_nanos(self.start_ns.saturating_add(self.elapsed(now_ns)))
    }

    #[inline]
    pub(crate) const fn wall(&self, now_ns: u64) -> Time {
        let wall = WALL_START_NS.saturating_add(self.elapsed(now_ns));
        Time::from_nanos(wall.saturating_add_signed(self.wall_ns))
    }

    pub(crate) const fn jump(&mut self, by_ns: i64) {
        self.wall_ns = self.wall_ns.saturating_add(by_ns);
    }

    /// Virtual time when the monotonic clock first shows `deadline` or more.
    #[inline]
    pub(crate) fn reached_at(&self, deadline: Time) -> u64 {
        if deadline == Time::MAX {
            return u64::MAX;
        }
        let elapsed = deadline.as_nanos().saturating_sub(self.start_ns);
        if self.drift_ppm == 0 {
            return elapsed;
        }
        // The smallest t with floor(t * rate) >= elapsed is ceil(elapsed / rate).
        let rate = (MILLION + self.drift_ppm) as u128;
        let reached = (u128::from(elapsed) * MILLION as u128).div_ceil(rate);
        u64::try_from(reached).unwrap_or(u64::MAX)
    }

    /// `floor(now * rate)`, without leaving 64 bits.
    #[inline]
    const fn elapsed(&self, now_ns: u64) -> u64 {
        if self.drift_ppm == 0 {
            return now_ns;
        }
        let (millions, rest) = (now_ns / MILLION as u64, now_ns % MILLION as u64);
        let ahead_ns =
            millions as i64 * self.drift_ppm + (rest as i64 * self.drift_ppm).div_euclid(MILLION);
        now_ns.saturating_add_signed(ahead_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quickcheck::quickcheck;

    quickcheck! {
        fn a_wake_is_never_early_and_never_needlessly_late(start: u32, ppm: i32, deadline: u64) -> bool {
            let clock = Clock::new(u64::from(start), i64::from(ppm % 500_000), 0);
            let deadline = Time::from_nanos(deadline >> 8);
            let reached = clock.reached_at(deadline);
            clock.monotonic(reached) >= deadline
                && (reached == 0 || clock.monotonic(reached - 1) < deadline)
        }

        fn the_monotonic_clock_never_goes_back(ppm: i32, earlier: u32, later: u32) -> bool {
            let clock = Clock::new(0, i64::from(ppm % 500_000), 0);
            let (earlier, later) = (earlier.min(later), earlier.max(later));
            clock.monotonic(earlier.into()) <= clock.monotonic(later.into())
        }
    }

    quickcheck! {
        fn drift_is_the_floor_of_the_exact_product(now: u64, ppm: i32) -> bool {
            let ppm = i64::from(ppm % 500_000);
            let exact = u128::from(now) * (1_000_000 + ppm) as u128 / 1_000_000;
            u128::from(Clock::new(0, ppm, 0).elapsed(now)) == exact.min(u128::from(u64::MAX))
        }
    }

    #[test]
    fn drift_is_parts_per_million() {
        let fast = Clock::new(0, 200, 0);
        assert_eq!(fast.monotonic(1_000_000_000).as_nanos(), 1_000_200_000);
        let slow = Clock::new(0, -200, 0);
        assert_eq!(slow.monotonic(1_000_000_000).as_nanos(), 999_800_000);
    }

    #[test]
    fn a_jump_moves_the_wall_and_nothing_else() {
        let mut clock = Clock::new(5, 0, 0);
        let (monotonic, wall) = (clock.monotonic(10), clock.wall(10));
        clock.jump(-7);
        assert_eq!(clock.monotonic(10), monotonic);
        assert_eq!(clock.wall(10).as_nanos(), wall.as_nanos() - 7);
    }

    #[test]
    fn a_deadline_beyond_time_never_comes() {
        assert_eq!(Clock::new(0, -100, 0).reached_at(Time::MAX), u64::MAX);
    }
}
