//! The shape of an expression without names: thresholds over thresholds over places, in postorder.
//!
//! # Rules
//!
//! 1. A step is a node or *choose `needed` of the last `of` parts*. Any of is `needed = 1`, all of is
//!    `needed = of`. The last step is the whole.
//! 2. Canonical: no gate has one part; no any-of is a part of an any-of, and no all-of of an all-of.
//!    Parts keep the order in which they were written, and a part written twice counts twice.
//! 3. Everything is answered by walking the steps with a stack of its own: nothing recurses.

use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;

use crate::places::Places;
use crate::{ExpressionError, Price};

/// The most nodes and gates together that an expression can have; a node counts wherever it occurs.
pub const EXPRESSION_SIZE_MAX: usize = 65_535;

/// The most gates that can stand inside one another.
pub const EXPRESSION_DEPTH_MAX: usize = 4_096;

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Step {
    /// A node, by its place in the sorted table of names.
    Node(u16),
    /// The last `of` parts, of which `needed` must hold.
    Choose { needed: u16, of: u16 },
}

/// What a gate is called. Only gates of two or more parts have a kind.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Any,
    All,
    Choose,
}

impl Kind {
    pub(crate) const fn of(needed: u16, of: u16) -> Self {
        match needed {
            1 => Self::Any,
            _ if needed == of => Self::All,
            _ => Self::Choose,
        }
    }
}

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Formula {
    steps: Vec<Step>,
    /// The most parts that wait at once while the steps are walked.
    height: usize,
    is_read_once: bool,
    is_separable: bool,
}

/// A gate of the original steps whose parts are still to come, while they are read from the end.
struct Waiting {
    /// Where the gate that takes its parts stands. Nothing: the part is the whole.
    target: Option<usize>,
    parts: u16,
    depth: usize,
}

impl Formula {
    /// The canonical form of steps that may have gates of one part or gates within their like.
    /// O(steps).
    pub(crate) fn canonical(raw: &[Step]) -> Result<Self, ExpressionError> {
        if raw.len() > EXPRESSION_SIZE_MAX {
            return Err(ExpressionError::TooLarge { size: raw.len() });
        }
        let mut steps: Vec<Step> = Vec::new();
        let mut waiting: Vec<Waiting> = Vec::new();
        let mut is_whole = false;
        for &step in raw.iter().rev() {
            if is_whole {
                return Err(ExpressionError::Malformed);
            }
            let (target, depth) = waiting
                .last()
                .map_or((None, 0), |gate| (gate.target, gate.depth));
            match step {
                Step::Node(_) => {
                    steps.push(step);
                    while let Some(gate) = waiting.last_mut() {
                        gate.parts = gate.parts.saturating_sub(1);
                        if gate.parts > 0 {
                            break;
                        }
                        waiting.pop();
                    }
                    is_whole = waiting.is_empty();
                }
                Step::Choose { needed, of } => {
                    if needed == 0 || needed > of {
                        return Err(ExpressionError::out_of_reach(needed.into(), of.into()));
                    }
                    let is_merged = of == 1 || merged(&mut steps, target, needed, of);
                    let target = match is_merged {
                        true => target,
                        false => {
                            steps.push(step);
                            Some(steps.len() - 1)
                        }
                    };
                    let depth = depth + usize::from(!is_merged);
                    if depth > EXPRESSION_DEPTH_MAX {
                        return Err(ExpressionError::TooDeep { depth });
                    }
                    waiting.push(Waiting {
                        target,
                        parts: of,
                        depth,
                    });
                }
            }
        }
        if !is_whole {
            return Err(ExpressionError::Malformed);
        }
        steps.reverse();
        Ok(Self::measured(steps))
    }

    /// The first place alone.
    pub(crate) fn node() -> Self {
        Self::measured(vec![Step::Node(0)])
    }

    /// Which places it asks for.
    pub(crate) fn places(&self) -> Places {
        let mut places = Places::none();
        for step in &self.steps {
            if let Step::Node(place) = *step {
                places.insert(place.into());
            }
        }
        places
    }

    /// Steps that are canonical, with what is asked of them often.
    fn measured(steps: Vec<Step>) -> Self {
        let (mut waiting, mut height) = (0_usize, 0);
        let mut seen = Places::none();
        let (mut is_read_once, mut is_separable) = (true, true);
        for step in &steps {
            match *step {
                Step::Node(place) => {
                    waiting += 1;
                    is_read_once &= seen.insert(place.into());
                }
                Step::Choose { of, .. } => waiting = (waiting + 1).saturating_sub(of.into()),
            }
            height = height.max(waiting);
        }
        let mut formula = Self {
            steps,
            height,
            is_read_once,
            is_separable,
        };
        if !is_read_once {
            formula.fold(Places::only, |needed, parts: &mut [Places]| {
                let mut all = Places::none();
                for part in &*parts {
                    is_separable &= needed == 1 || !all.meets(part);
                    all.extend(part);
                }
                all
            });
            formula.is_separable = is_separable;
        }
        formula
    }

    pub(crate) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// No node occurs twice.
    pub(crate) const fn is_read_once(&self) -> bool {
        self.is_read_once
    }

    /// A node may occur twice only below different parts of an any-of: whoever picks parts for their
    /// price pays for no node twice.
    pub(crate) const fn is_separable(&self) -> bool {
        self.is_separable
    }

    /// The value of the whole, from those of the nodes. A gate is given its parts, in order. O(steps).
    pub(crate) fn fold<T>(
        &self,
        mut node: impl FnMut(usize) -> T,
        mut gate: impl FnMut(usize, &mut [T]) -> T,
    ) -> Option<T> {
        let mut parts: Vec<T> = Vec::new();
        for step in &self.steps {
            let value = match *step {
                Step::Node(place) => node(place.into()),
                Step::Choose { needed, of } => {
                    let start = parts.len().checked_sub(of.into())?;
                    let value = gate(needed.into(), parts.get_mut(start..)?);
                    parts.truncate(start);
                    value
                }
            };
            parts.push(value);
        }
        parts.pop()
    }

    /// Whether the places make a quorum. O(steps), and no allocation unless more parts wait at once
    /// than there are bits in [`Places`].
    pub(crate) fn holds(&self, has: &Places) -> bool {
        if self.height > Places::CAPACITY {
            let held = self.fold(
                |place| has.contains(place),
                |needed, parts| parts.iter().filter(|&&part| part).count() >= needed,
            );
            return held == Some(true);
        }
        let mut waiting = Places::none();
        let mut count: usize = 0;
        for step in &self.steps {
            let held = match *step {
                Step::Node(place) => has.contains(place.into()),
                Step::Choose { needed, of } => {
                    let start = count.saturating_sub(of.into());
                    let held = (start..count).filter(|&part| waiting.contains(part));
                    let held = held.count() >= needed.into();
                    count = start;
                    held
                }
            };
            waiting.set(count, held);
            count += 1;
        }
        waiting.contains(0)
    }

    /// The greatest value that all of some quorum have: of a gate, its `needed`-th greatest.
    pub(crate) fn watermark<V: Copy + Ord>(&self, value_of: impl FnMut(usize) -> V) -> Option<V> {
        self.fold(value_of, |needed, parts| {
            let last = parts.len().saturating_sub(needed);
            let (_, value, _) = parts.select_nth_unstable(last);
            *value
        })
    }

    /// Quorums of the dual are the sets that meet every quorum: `k` of `n` becomes `n - k + 1` of `n`.
    pub(crate) fn dual(&self) -> Self {
        let steps = self.steps.iter().map(|&step| match step {
            Step::Node(_) => step,
            Step::Choose { needed, of } => Step::Choose {
                needed: of - needed + 1,
                of,
            },
        });
        Self::measured(steps.collect())
    }

    /// The same shape over other places.
    pub(crate) fn renamed(&self, place_of: impl Fn(usize) -> usize) -> Self {
        let steps = self.steps.iter().map(|&step| match step {
            Step::Node(place) => match u16::try_from(place_of(place.into())) {
                Ok(place) => Step::Node(place),
                Err(_) => step,
            },
            Step::Choose { .. } => step,
        });
        Self::measured(steps.collect())
    }

    /// Where the part that ends with each step begins.
    pub(crate) fn starts(&self) -> Vec<usize> {
        let mut starts: Vec<usize> = Vec::with_capacity(self.steps.len());
        for (end, step) in self.steps.iter().enumerate() {
            let of = match *step {
                Step::Node(_) => 0,
                Step::Choose { of, .. } => of,
            };
            let start =
                (0..of).try_fold(end, |after, _| starts.get(after.checked_sub(1)?).copied());
            starts.push(start.unwrap_or(end));
        }
        starts
    }

    /// The parts of the last gate, the last part first.
    pub(crate) fn parts(&self) -> Vec<Self> {
        let starts = self.starts();
        let Some((_, mut body)) = self.steps.split_last() else {
            return Vec::new();
        };
        let mut parts = Vec::new();
        while let Some(start) = body.len().checked_sub(1).and_then(|end| starts.get(end)) {
            let (rest, part) = body.split_at_checked(*start).unwrap_or((&[], body));
            parts.push(Self::measured(part.to_vec()));
            body = rest;
        }
        parts
    }

    /// Whether both are the same up to the order of parts: then they have the same quorums. The
    /// converse does not hold. O(steps · log steps).
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        let mut numbers = BTreeMap::new();
        let mut number = |formula: &Self| {
            formula.fold(
                |place| place,
                |needed, parts| {
                    parts.sort_unstable();
                    // Above all places.
                    let next = Places::CAPACITY + numbers.len();
                    *numbers.entry((needed, parts.to_vec())).or_insert(next)
                },
            )
        };
        number(self) == number(other)
    }

    /// A cheapest quorum among the priced places, and its price: any of takes the cheapest part, all
    /// of takes all, `k` of takes the `k` cheapest. Right for separable formulas only. The first of
    /// equally cheap parts is taken. O(steps · log steps).
    pub(crate) fn cheapest_separable<P: Price>(
        &self,
        prices: &[Option<P>],
    ) -> Option<(P, Vec<usize>)> {
        // For each step its price, and for each gate the range of its picked parts.
        let mut priced: Vec<(Option<P>, usize, usize)> = Vec::with_capacity(self.steps.len());
        let mut picked: Vec<usize> = Vec::new();
        let mut waiting: Vec<usize> = Vec::new();
        let mut parts: Vec<(P, usize)> = Vec::new();
        for (at, step) in self.steps.iter().enumerate() {
            let from = picked.len();
            let price = match *step {
                Step::Node(place) => prices.get(usize::from(place)).copied().flatten(),
                Step::Choose { needed, of } => {
                    let start = waiting.len().checked_sub(of.into())?;
                    parts.clear();
                    parts.extend(waiting.drain(start..).filter_map(|part| {
                        let (price, _, _) = priced.get(part)?;
                        price.map(|price| (price, part))
                    }));
                    least(&mut parts, needed.into());
                    picked.extend(parts.iter().map(|(_, part)| *part));
                    let sum = parts.iter().fold(P::ZERO, |sum, part| sum.plus(part.0));
                    (parts.len() == usize::from(needed)).then_some(sum)
                }
            };
            priced.push((price, from, picked.len()));
            waiting.push(at);
        }
        let root = self.steps.len().checked_sub(1)?;
        let price = priced.get(root)?.0?;
        let (mut places, mut open) = (Vec::new(), vec![root]);
        while let Some(at) = open.pop() {
            match *self.steps.get(at)? {
                Step::Node(place) => places.push(usize::from(place)),
                Step::Choose { .. } => {
                    let &(_, from, to) = priced.get(at)?;
                    open.extend_from_slice(picked.get(from..to)?);
                }
            }
        }
        places.sort_unstable();
        Some((price, places))
    }
}

/// Takes a gate of the same kind into the one above it.
fn merged(steps: &mut [Step], target: Option<usize>, needed: u16, of: u16) -> bool {
    let above = target.and_then(|target| steps.get_mut(target));
    let Some(Step::Choose {
        needed: needed_above,
        of: of_above,
    }) = above
    else {
        return false;
    };
    let kind = Kind::of(needed, of);
    if kind != Kind::of(*needed_above, *of_above) || kind == Kind::Choose {
        return false;
    }
    // The steps are at most so many that neither overflows.
    *of_above = of_above.saturating_add(of - 1);
    *needed_above = needed_above.saturating_add(needed - 1);
    true
}

/// Keeps the `count` cheapest, in the order of their prices.
fn least<P: Price>(parts: &mut Vec<(P, usize)>, count: usize) {
    parts.sort_by(|one, other| {
        let order = one.0.partial_cmp(&other.0);
        order.unwrap_or(core::cmp::Ordering::Equal)
    });
    parts.truncate(count);
}
