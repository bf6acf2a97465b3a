//! The systems that nobody beats so far.
//!
//! Figures that differ by less than a billionth are equal: that much is rounding. Of systems with equal
//! figures one is kept: that with the fewest gates, and of those the one that came first.

use alloc::vec::Vec;
use core::cmp::Ordering;

/// Load, latency, network load, what resilience is short of, and unavailability: the smaller the better.
pub(super) const FIGURES: usize = 5;

pub(super) type Figures = [f64; FIGURES];

/// Relative to the greater of the two.
const EQUAL: f64 = 1e-9;

/// `one` against `other`, where the smaller is better.
fn compare(one: f64, other: f64) -> Ordering {
    if (one - other).abs() <= EQUAL * one.abs().max(other.abs()) {
        return Ordering::Equal;
    }
    one.total_cmp(&other)
}

/// Whether `one` is nowhere worse than `other`.
pub(super) fn covers(one: &Figures, other: &Figures) -> bool {
    let mut both = one.iter().zip(other);
    both.all(|(one, other)| compare(*one, *other).is_le())
}

/// Which is better when the figures count in this order.
pub(super) fn rank(one: &Figures, other: &Figures, order: [usize; 3]) -> Ordering {
    let mut figures = order.into_iter().chain(3..FIGURES);
    let differing = figures.find_map(|at| {
        let order = compare(*one.get(at)?, *other.get(at)?);
        order.is_ne().then_some(order)
    });
    differing.unwrap_or(Ordering::Equal)
}

/// A member of the front.
#[derive(Debug)]
pub(super) struct Member<T> {
    pub(super) figures: Figures,
    pub(super) gates: u8,
    pub(super) system: T,
}

/// The front, or its best member alone.
#[derive(Debug)]
pub(super) struct Front<T> {
    pub(super) members: Vec<Member<T>>,
    is_whole: bool,
    order: [usize; 3],
}

impl<T> Front<T> {
    pub(super) const fn new(is_whole: bool, order: [usize; 3]) -> Self {
        Self {
            members: Vec::new(),
            is_whole,
            order,
        }
    }

    /// Whether a system with figures that are at best these can be left out.
    pub(super) fn has_better(&self, figures: &Figures) -> bool {
        self.members.iter().any(|member| {
            if self.is_whole {
                return covers(&member.figures, figures);
            }
            rank(&member.figures, figures, self.order).is_le()
        })
    }

    /// No system with an objective above this can be of use; infinite when any may be.
    pub(super) fn ceiling(&self) -> f64 {
        match self.members.first() {
            Some(best) if !self.is_whole => {
                let [objective, ..] = self.order;
                best.figures
                    .get(objective)
                    .map_or(f64::INFINITY, |best| best * (1.0 + 4.0 * EQUAL))
            }
            _ => f64::INFINITY,
        }
    }

    /// Takes the member in, unless others are as good, and drops those that it beats.
    pub(super) fn offer(&mut self, new: Member<T>) {
        let is_beaten = self.members.iter().any(|member| {
            let is_behind = if self.is_whole {
                covers(&member.figures, &new.figures)
            } else {
                rank(&member.figures, &new.figures, self.order).is_le()
            };
            let is_same =
                covers(&member.figures, &new.figures) && covers(&new.figures, &member.figures);
            is_behind && !(is_same && new.gates < member.gates)
        });
        if is_beaten {
            return;
        }
        if self.is_whole {
            self.members
                .retain(|member| !covers(&new.figures, &member.figures));
        } else {
            self.members.clear();
        }
        self.members.push(new);
    }

    /// The members, the best first.
    pub(super) fn sorted(mut self) -> Vec<Member<T>> {
        let order = self.order;
        // By plain numbers: what is equal but for rounding has no order that fits together.
        self.members.sort_by(|one, other| {
            let figures = order.into_iter().chain(3..FIGURES);
            let mut compared = figures.map(|at| {
                let pair = one.figures.get(at).zip(other.figures.get(at));
                pair.map_or(Ordering::Equal, |(one, other)| one.total_cmp(other))
            });
            compared
                .find(|order| order.is_ne())
                .unwrap_or(Ordering::Equal)
        });
        if let Some(best) = self.members.iter().enumerate().reduce(|best, next| {
            if rank(&next.1.figures, &best.1.figures, order).is_lt() {
                next
            } else {
                best
            }
        }) {
            let best = best.0;
            if let Some(front) = self.members.get_mut(..=best) {
                front.rotate_right(1);
            }
        }
        self.members
    }
}
