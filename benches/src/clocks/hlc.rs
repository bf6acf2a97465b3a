//! Hybrid logical clocks: stamping an event, and receiving a stamp.

use std::hint::black_box;
use std::time::{SystemTime, UNIX_EPOCH};

use clocks::{DriftPolicy, Hlc, HlcStamp};

use super::{Contender, Random};

/// Us, with the time passed in.
pub const OURS: &str = "clocks Hlc";
/// Us behind a lock, as the peer always is.
pub const OURS_LOCKED: &str = "clocks Hlc in a std Mutex";
/// The peer with a clock that costs nothing.
pub const UHLC: &str = "uhlc 0.9.0";

const STAMPS: usize = 1024;
const POLICY: DriftPolicy = DriftPolicy::Reject {
    ahead_max_ms: 600_000,
};

/// Everybody who can stamp events while the wall clock stands at zero, us first.
///
/// ```
/// use benches::clocks::{Effort, hlc, time};
/// let effort = Effort { rounds: 1, round_ns: 1000 };
/// assert_eq!(time("tick", &mut hlc::tick(), effort)?[0].name, hlc::OURS);
/// # Ok::<(), benches::Error>(())
/// ```
#[must_use]
pub fn tick() -> Vec<Contender> {
    let ours = |name: &str, run: fn(&mut Stamper)| {
        let stamper = Stamper(Hlc::new(POLICY), std::sync::Mutex::new(Hlc::new(POLICY)));
        Contender::new(name, STAMPS as u64, stamper, run, |stamper| {
            let locked = stamper.1.lock().map_or(HlcStamp::MIN, |hlc| hlc.last());
            vec![stamper.0.last().max(locked).as_u64()]
        })
    };
    vec![
        ours(OURS, |stamper| {
            for _ in 0..STAMPS {
                let _ = black_box(black_box(&mut stamper.0).tick(black_box(0)));
            }
        }),
        ours(OURS_LOCKED, |stamper| {
            for _ in 0..STAMPS {
                if let Ok(mut hlc) = black_box(&stamper.1).lock() {
                    let _ = black_box(hlc.tick(black_box(0)));
                }
            }
        }),
        #[cfg(feature = "peers")]
        peer::tick(),
    ]
}

struct Stamper(Hlc, std::sync::Mutex<Hlc>);

/// Stamps to receive: about half of them are ahead of the receiver, whose wall clock stands at zero.
#[derive(Clone, Debug)]
struct Received {
    /// Above what the receiver has seen when the lap begins.
    steps: Vec<u64>,
    /// What the receiver has seen when the lap begins.
    base: u64,
    /// What a lap adds to it.
    lap: u64,
}

impl Received {
    fn new() -> Self {
        let mut random = Random::new(11);
        let mut last = 16;
        let mut step = || {
            let remote = last + 1 - 8 + random.below(16);
            last = remote.max(last) + 1;
            remote
        };
        let steps = (0..STAMPS).map(|_| step()).collect();
        Self {
            steps,
            base: 0,
            lap: last,
        }
    }

    fn next_lap(&mut self) {
        self.base += self.lap;
    }
}

/// Everybody who can receive stamps while the wall clock stands at zero, us first.
#[must_use]
pub fn receive() -> Vec<Contender> {
    let ours = Contender::new(
        OURS,
        STAMPS as u64,
        (Hlc::new(POLICY), Received::new()),
        |(hlc, received)| {
            for step in &received.steps {
                let remote = HlcStamp::from_u64(received.base + step);
                let _ = black_box(black_box(&mut *hlc).receive(black_box(0), remote));
            }
            received.next_lap();
        },
        |(hlc, _)| vec![hlc.last().as_u64()],
    );
    vec![
        ours,
        #[cfg(feature = "peers")]
        peer::receive(),
    ]
}

/// Everybody who can stamp events by the system's clock, us first. The answer is that of 100 stamps
/// each is above the one before.
#[must_use]
pub fn tick_by_system_clock() -> Vec<Contender> {
    let ours = Contender::new(
        "clocks Hlc and SystemTime::now",
        STAMPS as u64,
        Hlc::new(DriftPolicy::Off),
        |hlc| {
            for _ in 0..STAMPS {
                let _ = black_box(black_box(&mut *hlc).tick(now_ms()));
            }
        },
        |hlc| {
            let mut hlc = hlc.clone();
            vec![rising((0..100).filter_map(|_| hlc.tick(now_ms()).ok()))]
        },
    );
    vec![
        ours,
        #[cfg(feature = "peers")]
        peer::tick_by_system_clock(),
    ]
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(0))
}

fn rising<T: PartialOrd>(stamps: impl Iterator<Item = T>) -> u64 {
    let stamps: Vec<T> = stamps.collect();
    let pairs = stamps.iter().zip(stamps.iter().skip(1));
    pairs.filter(|(earlier, later)| earlier < later).count() as u64
}

#[cfg(feature = "peers")]
mod peer {
    use std::hint::black_box;

    use uhlc::{HLC, HLCBuilder, ID, NTP64, Timestamp};

    use super::{Contender, Received, STAMPS, UHLC, rising};

    /// What the clock stands at: the stamp that follows, less one.
    fn last(hlc: &HLC) -> u64 {
        hlc.new_timestamp().get_time().as_u64() - 1
    }

    fn by_zero_clock() -> HLC {
        HLCBuilder::new().with_clock(uhlc::zero_clock).build()
    }

    pub(super) fn tick() -> Contender {
        Contender::new(
            UHLC,
            STAMPS as u64,
            by_zero_clock(),
            |hlc| {
                for _ in 0..STAMPS {
                    black_box(black_box(&*hlc).new_timestamp());
                }
            },
            |hlc| vec![last(hlc)],
        )
    }

    pub(super) fn receive() -> Contender {
        Contender::new(
            UHLC,
            STAMPS as u64,
            (by_zero_clock(), ID::rand(), Received::new()),
            |(hlc, id, received)| {
                for step in &received.steps {
                    let remote = Timestamp::new(NTP64(received.base + step), *id);
                    let _ = black_box(black_box(&*hlc).update_with_timestamp(&remote));
                }
                received.next_lap();
            },
            |(hlc, _, _)| vec![last(hlc)],
        )
    }

    pub(super) fn tick_by_system_clock() -> Contender {
        Contender::new(
            "uhlc 0.9.0, its system clock",
            STAMPS as u64,
            HLC::default(),
            |hlc| {
                for _ in 0..STAMPS {
                    black_box(black_box(&*hlc).new_timestamp());
                }
            },
            |hlc| vec![rising((0..100).map(|_| hlc.new_timestamp()))],
        )
    }
}
