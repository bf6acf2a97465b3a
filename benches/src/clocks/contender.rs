//! Nanoseconds of short operations: laps of many, rounds of laps, contenders in turn.

use std::hint::black_box;

use crate::{Error, Spread, cpu_ns, measure};

/// Somebody who can do the work of a case, a lap of some operations at a time.
pub struct Contender {
    name: String,
    operations: u64,
    lap: Box<dyn Lap>,
}

impl std::fmt::Debug for Contender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Contender")
            .field("name", &self.name)
            .field("operations", &self.operations)
            .finish_non_exhaustive()
    }
}

trait Lap {
    fn resets(&self) -> bool;
    fn reset(&mut self);
    fn run(&mut self);
    fn answer(&self) -> Vec<u64>;
}

struct Parts<S, Z, R, A> {
    state: S,
    reset: Option<Z>,
    run: R,
    answer: A,
}

impl<S, Z, R, A> Lap for Parts<S, Z, R, A>
where
    Z: FnMut(&mut S),
    R: FnMut(&mut S),
    A: Fn(&S) -> Vec<u64>,
{
    fn resets(&self) -> bool {
        self.reset.is_some()
    }

    fn reset(&mut self) {
        if let Some(reset) = &mut self.reset {
            reset(black_box(&mut self.state));
        }
    }

    fn run(&mut self) {
        (self.run)(black_box(&mut self.state));
    }

    fn answer(&self) -> Vec<u64> {
        (self.answer)(&self.state)
    }
}

impl Contender {
    /// A contender whose `run` does `operations` operations on `state`, each on what stands there
    /// after the one before. `answer` says what came out, in a form that all contenders share.
    pub fn new<S: 'static>(
        name: impl Into<String>,
        operations: u64,
        state: S,
        run: impl FnMut(&mut S) + 'static,
        answer: impl Fn(&S) -> Vec<u64> + 'static,
    ) -> Self {
        let reset = None::<fn(&mut S)>;
        Self {
            name: name.into(),
            operations,
            lap: Box::new(Parts {
                state,
                reset,
                run,
                answer,
            }),
        }
    }

    /// As [`new`](Self::new), with a `reset` that puts the state back before each lap. It is measured
    /// alone too, in the same rounds, and its time is subtracted.
    pub fn with_reset<S: 'static>(
        name: impl Into<String>,
        operations: u64,
        state: S,
        reset: impl FnMut(&mut S) + 'static,
        run: impl FnMut(&mut S) + 'static,
        answer: impl Fn(&S) -> Vec<u64> + 'static,
    ) -> Self {
        let reset = Some(reset);
        Self {
            name: name.into(),
            operations,
            lap: Box::new(Parts {
                state,
                reset,
                run,
                answer,
            }),
        }
    }

    /// Who.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Operations of a lap.
    #[must_use]
    pub const fn operations(&self) -> u64 {
        self.operations
    }

    /// Runs a lap.
    pub fn lap(&mut self) {
        self.lap.reset();
        self.lap.run();
    }

    /// Runs a lap and says what came out.
    pub fn answer(&mut self) -> Vec<u64> {
        self.lap();
        self.lap.answer()
    }

    fn laps_ns(&mut self, laps: u64) -> u64 {
        let start = cpu_ns();
        for _ in 0..laps {
            self.lap();
        }
        cpu_ns().saturating_sub(start)
    }

    fn resets_ns(&mut self, laps: u64) -> u64 {
        if !self.lap.resets() {
            return 0;
        }
        let start = cpu_ns();
        for _ in 0..laps {
            self.lap.reset();
        }
        cpu_ns().saturating_sub(start)
    }

    /// Laps that fill about `round_ns`.
    fn laps_of(&mut self, round_ns: u64) -> u64 {
        let mut laps = 1;
        loop {
            let ns = self.laps_ns(laps);
            if ns >= round_ns / 4 || laps >= 1 << 40 {
                return (laps * round_ns / ns.max(1)).max(1);
            }
            laps *= 2;
        }
    }
}

/// How long to measure.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Rounds, in each of which every contender runs once.
    pub rounds: usize,
    /// CPU time of one contender in one round, about.
    pub round_ns: u64,
}

impl Effort {
    /// `rounds` rounds, the shorter kind with `quick`.
    #[must_use]
    pub const fn new(rounds: usize, quick: bool) -> Self {
        let round_ns = if quick { 1_000_000 } else { 2_000_000 };
        Self { rounds, round_ns }
    }
}

/// What a contender needed for one operation.
#[derive(Clone, Debug)]
pub struct Timed {
    /// Who.
    pub name: String,
    /// CPU nanoseconds an operation, one figure a round.
    pub ns: Vec<f64>,
    /// Calls of the allocator an operation.
    pub allocations: f64,
}

impl Timed {
    /// The rounds in three numbers.
    #[must_use]
    pub fn spread(&self) -> Option<Spread> {
        Spread::of(&self.ns)
    }

    /// The median.
    #[must_use]
    pub fn median(&self) -> f64 {
        self.spread().map_or(f64::NAN, |spread| spread.median)
    }

    /// How many times our nanoseconds this one needs: the ratios of the rounds.
    #[must_use]
    pub fn ratio(&self, ours: &Self) -> Option<Spread> {
        let rounds = self.ns.iter().zip(&ours.ns);
        let ratios: Vec<f64> = rounds.map(|(theirs, ours)| theirs / ours).collect();
        Spread::of(&ratios)
    }
}

/// Lets all contenders of a case run in turn, after checking that they answer alike.
///
/// # Errors
///
/// [`Error::Differs`] if one computes something else than the first, [`Error::NoSamples`].
///
/// ```
/// use benches::clocks::{Contender, Effort, time};
/// let sum = |name: &str| {
///     let run = |sum: &mut u64| (0..100).for_each(|i| *sum = std::hint::black_box(*sum + i));
///     Contender::with_reset(name, 100, 0, |sum| *sum = 0, run, |sum| vec![*sum])
/// };
/// let effort = Effort { rounds: 3, round_ns: 10_000 };
/// let timed = time("sums", &mut [sum("a"), sum("b")], effort)?;
/// assert_eq!((timed.len(), timed[0].ns.len()), (2, 3));
/// # Ok::<(), benches::Error>(())
/// ```
pub fn time(case: &str, contenders: &mut [Contender], effort: Effort) -> Result<Vec<Timed>, Error> {
    if effort.rounds == 0 {
        return Err(Error::NoSamples);
    }
    agree(case, contenders)?;
    let laps: Vec<u64> = contenders
        .iter_mut()
        .map(|contender| contender.laps_of(effort.round_ns))
        .collect();
    let mut timed: Vec<Timed> = contenders
        .iter_mut()
        .map(|contender| Timed {
            name: contender.name.clone(),
            ns: Vec::with_capacity(effort.rounds),
            allocations: allocations(contender),
        })
        .collect();
    for _ in 0..effort.rounds {
        for ((contender, timed), &laps) in contenders.iter_mut().zip(&mut timed).zip(&laps) {
            let resets = contender.resets_ns(laps);
            let all = contender.laps_ns(laps);
            let operations = laps * contender.operations;
            let ns = all.saturating_sub(resets).max(1) as f64 / operations as f64;
            timed.ns.push(ns);
        }
    }
    Ok(timed)
}

/// As [`time`], five times with contenders made anew, which then lie elsewhere in memory: where two
/// buffers lie to each other can be worth a third of a short row. The rounds of all count.
///
/// # Errors
///
/// As [`time`].
pub fn time_anew(
    case: &str,
    make: impl Fn() -> Vec<Contender>,
    effort: Effort,
) -> Result<Vec<Timed>, Error> {
    let mut all: Vec<Timed> = Vec::new();
    let mut elsewhere = Vec::new();
    let rounds = effort.rounds.div_ceil(3);
    for place in 0..5 {
        elsewhere.push(black_box(vec![0_u64; 40 + 131 * place]));
        let timed = time(case, &mut make(), Effort { rounds, ..effort })?;
        if all.is_empty() {
            all = timed;
        } else {
            for (all, timed) in all.iter_mut().zip(timed) {
                all.ns.extend(timed.ns);
            }
        }
    }
    Ok(all)
}

fn agree(case: &str, contenders: &mut [Contender]) -> Result<(), Error> {
    let mut expected = None;
    for contender in contenders {
        let answer = contender.answer();
        if *expected.get_or_insert_with(|| answer.clone()) != answer {
            return Err(Error::Differs {
                contender: contender.name.clone(),
                case: case.to_owned(),
            });
        }
    }
    Ok(())
}

fn allocations(contender: &mut Contender) -> f64 {
    contender.lap.reset();
    let ((), usage) = measure(|| contender.lap.run());
    usage.allocations as f64 / contender.operations as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contender_that_computes_something_else_gets_no_number() {
        let fixed =
            |name: &str, value: u64| Contender::new(name, 1, value, |_| {}, |value| vec![*value]);
        let effort = Effort {
            rounds: 1,
            round_ns: 1000,
        };
        let error = time("ones", &mut [fixed("us", 1), fixed("them", 2)], effort).unwrap_err();
        assert_eq!(error.to_string(), "them computes something else in ones");
    }

    #[test]
    fn allocations_are_counted_per_operation_and_without_the_reset() {
        let mut boxes = Contender::with_reset(
            "boxes",
            4,
            Vec::with_capacity(4),
            |boxes: &mut Vec<Vec<u64>>| {
                boxes.clear();
                black_box(vec![0_u64; 9]);
            },
            |boxes| (0..4).for_each(|value| boxes.push(vec![value])),
            |_| Vec::new(),
        );
        assert_eq!(allocations(&mut boxes), 1.0);
    }
}
