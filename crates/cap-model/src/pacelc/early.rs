//! Answers that are too early: histories of the whole cluster, no link cut, that no order explains.
//!
//! # Rules
//!
//! 1. *Lagging*: an update has returned, and an observation made at once, at another node, misses it.
//! 2. *Inversion*: while an update is under way, one observation sees it and a later one, elsewhere, does
//!    not. It is looked for among the moments at which messages arrive: after 0, ½, 1, 1½ … 4 delays.
//! 3. What waits for the network is not asked about: only an operation that answered, at some node,
//!    without a delay can have been too early, and is charged. If both were, both are.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use consistency::{
    Completion, Limits, Model, Moment, Operation as Recorded, ProcessId, Verdict, Violation,
    check_linearizable,
};
use transport::{NodeId, RequestId, Time};

use crate::client::Client;
use crate::{
    Adversary, Answered, CapError, Heard, Laboratory, Operation, OutputOf, Shape, Splice, Subject,
};

/// Half delays after the call of an update at which an observation is made.
const HALVES_MAX: u64 = 8;

/// A history without a partition that is not linearizable.
///
/// ```
/// # use cap_model::pacelc::{Early, Injection, derive};
/// # use cap_model::{Adversary, Settings, sample::SampleStore};
/// # let subject = SampleStore::local(2)?;
/// # let adversary = Adversary::new(&subject, &Settings::default())?;
/// let derivation = derive(&adversary, &Injection::uniform(2)?)?;
/// let early = derivation.claims[1].otherwise.early.as_ref().unwrap();
/// assert!(matches!(early, Early::Lagging(_)));
/// # Ok::<(), cap_model::CapError>(())
/// ```
#[derive(Clone, Debug)]
pub enum Early<M: Model> {
    /// The update had returned, and was not seen.
    Lagging(Box<Splice<M>>),
    /// It was seen, and later it was not.
    Inversion(Box<Inversion<M>>),
}

/// An update under way, seen by one observer and not by a later one.
///
/// ```
/// # use cap_model::pacelc::{Early, Injection, derive};
/// # use cap_model::{Adversary, Settings, sample::SampleStore};
/// # let subject = SampleStore::write_all(3)?;
/// # let adversary = Adversary::new(&subject, &Settings::default())?;
/// let derivation = derive(&adversary, &Injection::uniform(3)?)?;
/// let Some(Early::Inversion(inversion)) = &derivation.claims[1].otherwise.early else { panic!() };
/// assert!(inversion.seen.at < inversion.missed.from);
/// assert_ne!(inversion.seen.output, inversion.missed.output);
/// # Ok::<(), cap_model::CapError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Inversion<M: Model> {
    /// Where the update was asked.
    pub update_at: NodeId,
    /// When.
    pub update_from: Time,
    /// Who saw it.
    pub seen: Answered<M::Output>,
    /// Who did not, after that.
    pub missed: Answered<M::Output>,
    /// The three, as the checker read them.
    pub history: Vec<Recorded<M::Input, M::Output>>,
    /// The checker's evidence.
    pub violation: Violation<M::Key>,
}

/// For each operation, whether it answered too early.
pub(super) fn measure<S: Subject>(
    adversary: &Adversary<'_, S>,
) -> Result<[Option<Early<S::Model>>; 2], CapError> {
    let shape = Shape::whole(adversary.base().shape().nodes())?;
    let measured = adversary.measure(&shape)?;
    let delay_ns = adversary.base().settings().link_delay_ns.max(1);
    let is_quick = |operation| {
        let mut trials = measured.trials.iter();
        trials.any(|trial| {
            let answered = trial.result.as_ref();
            trial.operation == operation
                && answered.is_ok_and(|answered| answered.latency_ns() < delay_ns)
        })
    };
    let quick = Operation::BOTH.map(is_quick);
    let early = measured.pairs.iter().find_map(|pair| pair.evidence.clone());
    let mut early = early.map(Early::Lagging);
    if early.is_none() && quick[1] {
        early = inversion(adversary.base())?.map(|found| Early::Inversion(Box::new(found)));
    }
    // Both waited, and a history is broken all the same: the wrong answer is the observation's.
    let charged = if quick == [false, false] {
        [false, true]
    } else {
        quick
    };
    Ok(charged.map(|is_charged| early.clone().filter(|_| is_charged)))
}

/// Looks for an observer who sees an update under way, and a later one who does not.
fn inversion<S: Subject>(
    base: &Laboratory<'_, S>,
) -> Result<Option<Inversion<S::Model>>, CapError> {
    let nodes = || (0..base.shape().nodes()).map(NodeId);
    let half_ns = base.settings().link_delay_ns.max(2) / 2;
    for update_at in nodes() {
        let mut updating = base.clone();
        let update_from = updating.now();
        let id = updating.ask(Operation::Update, update_at)?;
        for halves in 0..=HALVES_MAX {
            // A nanosecond after what arrives then.
            let at = update_from.plus_nanos(halves.saturating_mul(half_ns).saturating_add(1));
            updating.run_until(at)?;
            for first in nodes() {
                let mut seeing = updating.clone();
                let Ok(seen) = Client::staying(first).ask(&mut seeing, Operation::Observe)? else {
                    continue;
                };
                seeing.run_until(seen.at.plus_nanos(1))?;
                for second in nodes().filter(|&second| second != first) {
                    let mut missing = seeing.clone();
                    let observer = Client::staying(second);
                    let Ok(missed) = observer.ask(&mut missing, Operation::Observe)? else {
                        continue;
                    };
                    let seen = seen.clone();
                    let found = judge(missing, (id, update_at, update_from), seen, missed)?;
                    if found.is_some() {
                        return Ok(found);
                    }
                }
            }
        }
    }
    Ok(None)
}

/// Judges an update under way and two observations, the second after the first.
fn judge<S: Subject>(
    mut laboratory: Laboratory<'_, S>,
    (id, update_at, update_from): (RequestId, NodeId, Time),
    seen: Answered<OutputOf<S>>,
    missed: Answered<OutputOf<S>>,
) -> Result<Option<Inversion<S::Model>>, CapError> {
    let end = update_from.plus_nanos(laboratory.settings().settle_ns);
    laboratory.run_until(end)?;
    let subject = laboratory.subject();
    let mut answers = laboratory.answers().iter();
    let update = answers.find(|answer| answer.id == id);
    let Some((Heard::Answered(output), returned)) =
        update.map(|answer| (answer.heard.clone(), answer.at))
    else {
        return Ok(None);
    };
    let history = history(
        [Operation::Update, Operation::Observe, Operation::Observe]
            .map(|operation| subject.input(operation)),
        [
            (update_from, returned, output),
            (seen.from, seen.at, seen.output.clone()),
            (missed.from, missed.at, missed.output.clone()),
        ],
    );
    let model = subject.model();
    match check_linearizable(&model, &history, &Limits::default(), &mut || true) {
        Verdict::Holds(_) => Ok(None),
        Verdict::Violated(violation) => Ok(Some(Inversion {
            update_at,
            update_from,
            seen,
            missed,
            history,
            violation: *violation,
        })),
        Verdict::Unknown { reason, .. } => Err(CapError::Unjudged { reason }),
    }
}

/// Three operations in the order of their calls; what happens at one moment is concurrent.
fn history<I, O>(inputs: [I; 3], times: [(Time, Time, O); 3]) -> Vec<Recorded<I, O>> {
    // Calls come before the returns of the same moment.
    let mut events: Vec<(Time, bool, u64)> = Vec::new();
    for (place, (from, at, _)) in (0..).zip(&times) {
        events.push((*from, false, place));
        events.push((*at, true, place));
    }
    events.sort_unstable();
    let moment = |time: Time, is_return: bool, place: u64| {
        let event = (time, is_return, place);
        let position = events.iter().position(|&other| other == event);
        Moment {
            position: position.map_or(u64::MAX, |position| position as u64),
            time_ns: Some(time.as_nanos()),
        }
    };
    let mut operations = vec![];
    for (place, (input, (from, at, output))) in (0..).zip(inputs.into_iter().zip(times)) {
        operations.push(Recorded {
            process: ProcessId(place),
            call: moment(from, false, place),
            input,
            completion: Completion::Ok {
                at: moment(at, true, place),
                output,
            },
        });
    }
    operations
}

impl<M: Model> Early<M> {
    /// What the checker judged.
    #[must_use]
    pub fn history(&self) -> &[Recorded<M::Input, M::Output>] {
        match self {
            Self::Lagging(splice) => &splice.history,
            Self::Inversion(inversion) => &inversion.history,
        }
    }
}

impl<M: Model> fmt::Display for Early<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lagging(splice) => {
                write!(
                    f,
                    "too early with no link cut: {}; then {}",
                    splice.update, splice.observe
                )
            }
            Self::Inversion(inversion) => {
                let Inversion {
                    update_at,
                    seen,
                    missed,
                    ..
                } = &**inversion;
                write!(
                    f,
                    "too early with no link cut: during an update by the client of {update_at}, {seen}; then {missed}"
                )
            }
        }
    }
}
