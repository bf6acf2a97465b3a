//! Read repair: a read that has heard of the write tells the replicas that it found without it.
//!
//! # Rules
//!
//! 1. Beside the read that is asked about, others of the same key begin at the times of a Poisson process,
//!    from the beginning of the write on, each in a home of its own.
//! 2. Each hears `answers` replicas, any with the same probability. A replica's answer is fresh if the
//!    write, or a repair, had arrived there when the read did.
//! 3. From its first fresh answer on, a read pushes the write to every replica whose answer is not fresh, as
//!    soon as it has both answers. A push takes the delay of a write, W, from the read's home.
//!
//! So a repair depends on neither R nor W, and a trial's arrivals are only ever sooner: repair makes
//! nothing staler, trial by trial. Events are taken in the order of their times; a push arrives after the
//! events that caused it, so this order is all that matters.

use alloc::collections::BinaryHeap;
use alloc::vec::Vec;
use core::cmp::Reverse;

use super::super::real::ln;
use super::{Links, Sampler, Words};
use crate::laboratory::mix;

/// The most repairing reads of a trial; later ones do not repair.
const READS_MAX: usize = 1_000;

/// Reads that repair.
///
/// ```
/// use cap_model::staleness::{Fit, Plan, Quorums, Repair, Sampler};
/// let (sampler, pair) = (Sampler::new(&Fit::LnkdDisk.network(3)?)?, Quorums::new(3, 1, 1)?);
/// let plan = Plan { trials: 20_000, ..Plan::default() };
/// let repair = Some(Repair { reads_per_ms: 0.5, answers: 3 });
/// let without = sampler.run(&plan, &[pair])?.visibility_ms(pair, 0.99)?;
/// let with = sampler.run(&Plan { repair, ..plan }, &[pair])?.visibility_ms(pair, 0.99)?;
/// assert!(with.high < without.low);
/// # Ok::<(), cap_model::staleness::StalenessError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Repair {
    /// How many reads of the key begin in a millisecond, on the average; in 0..=1,000. The first
    /// 1,000 after a write repair.
    pub reads_per_ms: f64,
    /// How many replicas each hears: N if reads ask all, R if they ask a quorum. More than N is N;
    /// with less than two there is no repair.
    pub answers: u32,
}

/// What a trial's repairing reads do.
pub(super) struct Repairs<'a> {
    sampler: &'a Sampler,
    repair: Repair,
    events: BinaryHeap<Reverse<Event>>,
    reads: Vec<Read<'a>>,
    /// The replicas, in the order of the last draw.
    order: Vec<usize>,
    /// When each replica has the write.
    arrivals: Vec<f64>,
}

/// In the order of their times, which are not negative, so that their bits are in that order too.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Event {
    time: u64,
    read: usize,
    replica: usize,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Kind {
    /// The read is at the replica; the answer takes so long, as bits.
    Visit(u64),
    /// The answer is back, and this is whether it is fresh.
    Back(bool),
}

struct Read<'a> {
    home: &'a Links,
    has_fresh: bool,
    /// The replicas that answered without the write, a bit each.
    stale: u64,
}

impl<'a> Repairs<'a> {
    pub(super) fn new(sampler: &'a Sampler, repair: Repair) -> Self {
        Self {
            sampler,
            repair,
            events: BinaryHeap::new(),
            reads: Vec::new(),
            order: (0..sampler.replicas).collect(),
            arrivals: Vec::new(),
        }
    }

    /// When each replica has the write, if it would without repair at these times.
    pub(super) fn trial(&mut self, state: u64, arrivals: &[f64]) -> &[f64] {
        self.arrivals.clear();
        self.arrivals.extend_from_slice(arrivals);
        let hears = (self.repair.answers as usize).min(self.order.len());
        if hears < 2 || self.repair.reads_per_ms <= 0.0 {
            return &self.arrivals;
        }
        let mut words = Words(mix(state ^ 0x7265_7061_6972_7321));
        self.events.clear();
        self.reads.clear();
        let mut next = Some(self.pause(&mut words));
        loop {
            let event = self.events.peek().map(|event| event.0.time);
            let begins = next.filter(|next| event.is_none_or(|event| next.to_bits() <= event));
            if let Some(time) = begins {
                let last = self.arrivals.iter().fold(0.0_f64, |a, &b| a.max(b));
                next = if time < last && self.reads.len() < READS_MAX {
                    self.begin(time, hears, &mut words);
                    Some(time + self.pause(&mut words))
                } else {
                    // From now on everybody finds the write.
                    None
                };
            } else if let Some(Reverse(event)) = self.events.pop() {
                self.take(event, &mut words);
            } else {
                return &self.arrivals;
            }
        }
    }

    /// How long until the next read.
    fn pause(&self, words: &mut Words) -> f64 {
        -ln(1.0 - words.share()) / self.repair.reads_per_ms
    }

    fn begin(&mut self, time: f64, hears: usize, words: &mut Words) {
        let (_, home) = self.sampler.homes_of(words);
        let read = self.reads.len();
        self.reads.push(Read {
            home,
            has_fresh: false,
            stale: 0,
        });
        let count = self.order.len();
        for place in 0..hears {
            if hears < count {
                let rest = (count - place) as u128;
                let other = place + ((u128::from(words.next()) * rest) >> 64) as usize;
                self.order.swap(place, other);
            }
            let Some(&replica) = self.order.get(place) else {
                continue;
            };
            let word = words.next();
            let delay = |leg: usize, word: u64| {
                let legs = home.legs.get(replica);
                let leg = legs.and_then(|legs| legs.get(leg));
                leg.map_or(0.0, |&leg| self.sampler.delay(leg, word as u32))
            };
            let event = Event {
                time: (time + delay(2, word >> 32)).to_bits(),
                read,
                replica,
                kind: Kind::Visit(delay(3, word).to_bits()),
            };
            self.events.push(Reverse(event));
        }
    }

    fn take(&mut self, event: Event, words: &mut Words) {
        let time = f64::from_bits(event.time);
        match event.kind {
            Kind::Visit(delay) => {
                let arrival = self.arrivals.get(event.replica);
                let is_fresh = arrival.is_some_and(|&arrival| arrival <= time);
                self.events.push(Reverse(Event {
                    time: (time + f64::from_bits(delay)).to_bits(),
                    kind: Kind::Back(is_fresh),
                    ..event
                }));
            }
            Kind::Back(is_fresh) => {
                let Some(read) = self.reads.get_mut(event.read) else {
                    return;
                };
                read.has_fresh |= is_fresh;
                // At most 64 replicas.
                read.stale |= u64::from(!is_fresh) << (event.replica & 63);
                if !read.has_fresh {
                    return;
                }
                let (home, mut stale) = (read.home, read.stale);
                read.stale = 0;
                while stale != 0 {
                    let replica = stale.trailing_zeros() as usize;
                    stale &= stale - 1;
                    let Some(leg) = home.legs.get(replica).map(|legs| legs[0]) else {
                        continue;
                    };
                    let delay = self.sampler.delay(leg, (words.next() >> 32) as u32);
                    if let Some(arrival) = self.arrivals.get_mut(replica) {
                        *arrival = arrival.min(time + delay);
                    }
                }
            }
        }
    }
}
