//! The adversary of Gilbert and Lynch (2002, theorem 1), as a program.
//!
//! # Rules
//!
//! For two sides G1 and G2, a client `a` in G1 and a client `b` in G2, from one clone of a steady,
//! connected cluster:
//!
//! 1. *Cut.* All messages between the sides are lost.
//! 2. *G1 alone*, G2 frozen: the update at `a`. No answer: **unavailable**.
//! 3. *G2 alone*, G1 frozen: the observation at `b`, later than the update's return and the settling
//!    time. No answer: **unavailable**.
//! 4. *Splice*: both sides in one cluster, the update and then the observation at the same times.
//!    Every step of every node must be what it was alone: no side can tell whether the other did
//!    anything. If it is not, the process is not deterministic and there is no verdict.
//! 5. The checker judges the two operations. Not linearizable: that is the **witness**.
//!
//! Both sides take both roles, and every placement of the two clients is a case. An error is no
//! answer, but the witness tells it from silence. Linear cost: there is no search.
//!
//! A control is the same in a cluster where the theorem says nothing: no witness may come of it,
//! else the adversary proves too much.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use consistency::{
    Completion, Limits, Model, Moment, Operation as Recorded, ProcessId, Verdict,
    check_linearizable,
};
use transport::{NodeId, Time};

use crate::client::{Client, Reply};
use crate::{
    Answered, CapError, InputOf, Laboratory, Operation, OutputOf, Settings, Shape, Side, Splice,
    Subject, Witness, splits,
};

/// Refutes that the subject is linearizable and available, on one split.
///
/// Cost: four runs of the cluster for each placement of two clients, 2 × |G1| × |G2| of them.
///
/// # Errors
///
/// `side` is not one of two sides; the cluster does not become steady, or breaks a limit before the
/// cut. What goes wrong in one case is that case's finding.
///
/// ```
/// use cap_model::{Settings, Side, refute, sample::SampleStore};
/// use transport::NodeId;
/// let one_against_two = Side::of([NodeId(0)])?;
/// let refutation = refute(&SampleStore::majority(3)?, one_against_two, &Settings::default())?;
/// assert!(refutation.is_refuted());
/// assert_eq!(refutation.cases.len(), 4); // two placements, and both ways round
/// # Ok::<(), cap_model::CapError>(())
/// ```
pub fn refute<S: Subject>(
    subject: &S,
    side: Side,
    settings: &Settings,
) -> Result<Refutation<S::Model>, CapError> {
    Adversary::new(subject, settings)?.refute(side)
}

/// The adversary against one subject, with the steady cluster that all its runs start from.
///
/// ```
/// use cap_model::{Adversary, Settings, sample::SampleStore, splits};
/// let subject = SampleStore::majority(3)?;
/// let adversary = Adversary::new(&subject, &Settings::default())?;
/// for side in splits(3)? {
///     assert!(adversary.refute(side)?.is_refuted());
/// }
/// assert!(adversary.controls()?.iter().all(|control| control.finding.is_clear()));
/// # Ok::<(), cap_model::CapError>(())
/// ```
pub struct Adversary<'s, S: Subject> {
    base: Laboratory<'s, S>,
}

/// What the adversary found on one split.
///
/// ```
/// # use cap_model::{Settings, Side, refute, sample::SampleStore};
/// # use transport::NodeId;
/// let refutation =
///     refute(&SampleStore::local(2)?, Side::of([NodeId(0)])?, &Settings::default())?;
/// assert_eq!(refutation.witnesses(), 2);
/// # Ok::<(), cap_model::CapError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Refutation<M: Model> {
    /// One side; the other nodes are the other.
    pub side: Side,
    /// Every placement of the two clients, with the update on either side.
    pub cases: Vec<Case<M>>,
}

/// One placement of two clients.
///
/// ```
/// # use cap_model::{Settings, Side, refute, sample::SampleStore};
/// # use transport::NodeId;
/// # let subject = SampleStore::local(2)?;
/// let refutation = refute(&subject, Side::of([NodeId(0)])?, &Settings::default())?;
/// let case = &refutation.cases[1]; // the other way round
/// assert_eq!((case.update_at, case.observe_at), (NodeId(1), NodeId(0)));
/// # Ok::<(), cap_model::CapError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Case<M: Model> {
    /// Where the client of the update stands.
    pub update_at: NodeId,
    /// Where the client of the observation stands.
    pub observe_at: NodeId,
    /// What came of it.
    pub finding: Finding<M>,
}

/// What came of two operations.
///
/// ```
/// use cap_model::{CapError, Finding};
/// use consistency::Register;
/// let finding: Finding<Register> = Finding::Inconclusive(CapError::NoNodes);
/// assert!(finding.witness().is_none() && !finding.is_clear());
/// ```
#[derive(Clone, Debug)]
pub enum Finding<M: Model> {
    /// One was not answered, or the two are not linearizable.
    Witness(Witness<M>),
    /// Both were answered, and the two are linearizable. On a split that means that they do not
    /// conflict: the observation may miss the update.
    Clear {
        /// The update.
        update: Answered<M::Output>,
        /// The observation.
        observe: Answered<M::Output>,
    },
    /// There is no verdict.
    Inconclusive(CapError),
}

/// A case in which no witness may be found.
///
/// ```
/// # use cap_model::{Adversary, ControlKind, Settings, sample::SampleStore};
/// # let subject = SampleStore::majority(1)?;
/// let controls = Adversary::new(&subject, &Settings::default())?.controls()?;
/// assert!(matches!(controls[0].kind, ControlKind::OneNode));
/// assert!(controls[0].finding.is_clear());
/// # Ok::<(), cap_model::CapError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Control<M: Model> {
    /// Why none may be found.
    pub kind: ControlKind,
    /// Where the client of the update stands.
    pub update_at: NodeId,
    /// Where the client of the observation stands.
    pub observe_at: NodeId,
    /// What came of it.
    pub finding: Finding<M>,
}

/// Why the theorem says nothing.
///
/// ```
/// assert_eq!(cap_model::ControlKind::NoPartition.to_string(), "no partition");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum ControlKind {
    /// There is one node.
    OneNode,
    /// No link is cut.
    NoPartition,
    /// Both clients are on this side of a split, which the subject promises to serve.
    ServedSide(Side),
    /// Messages across take longer, but by no more than the subject knows, and none is lost: the
    /// possible half of theorem 2.
    BoundedDelay(Side),
}

impl<'s, S: Subject> Adversary<'s, S> {
    /// Warms up a connected cluster.
    ///
    /// # Errors
    ///
    /// It does not become steady, or breaks a limit.
    pub fn new(subject: &'s S, settings: &Settings) -> Result<Self, CapError> {
        let base = Laboratory::steady(subject, settings)?;
        Ok(Self { base })
    }

    /// The steady cluster.
    #[must_use]
    pub const fn base(&self) -> &Laboratory<'s, S> {
        &self.base
    }

    /// Puts the subject on trial on one split.
    ///
    /// # Errors
    ///
    /// `side` is not one of two sides.
    pub fn refute(&self, side: Side) -> Result<Refutation<S::Model>, CapError> {
        let nodes = self.base.shape().nodes();
        let mut cut = self.base.clone();
        cut.cut(&Shape::split(nodes, side)?)?;
        let mut cases = Vec::new();
        for update_side in [side, side.complement(nodes)] {
            for update_at in update_side.nodes() {
                self.refute_from(&cut, update_at, update_side, &mut cases);
            }
        }
        Ok(Refutation { side, cases })
    }

    /// The cases of one client of the update.
    fn refute_from(
        &self,
        cut: &Laboratory<'s, S>,
        home: NodeId,
        reach: Side,
        cases: &mut Vec<Case<S::Model>>,
    ) {
        let client = Client { home, reach };
        let mut alone = cut.clone();
        alone.keep_only(reach);
        // The same for every observer.
        let update = client.ask(&mut alone, Operation::Update);
        let observe_side = reach.complement(cut.shape().nodes());
        for observe_at in observe_side.nodes() {
            let observer = Client {
                home: observe_at,
                reach: observe_side,
            };
            let finding = match &update {
                Err(error) => Finding::Inconclusive(error.clone()),
                Ok(Err(silence)) => Finding::Witness(Witness::Unavailable(silence.clone())),
                Ok(Ok(update)) => self
                    .splice(cut, client, update, observer)
                    .unwrap_or_else(Finding::Inconclusive),
            };
            cases.push(Case {
                update_at: home,
                observe_at,
                finding,
            });
        }
    }

    pub(crate) fn splice(
        &self,
        cut: &Laboratory<'s, S>,
        client: Client,
        update: &Answered<OutputOf<S>>,
        observer: Client,
    ) -> Result<Finding<S::Model>, CapError> {
        let observe_from = self.settled(update.at);
        // Untraced first: where nobody answers, nothing needs comparing.
        let mut alone = cut.clone();
        alone.keep_only(observer.reach);
        alone.run_until(observe_from)?;
        if let Err(silence) = observer.ask(&mut alone, Operation::Observe)? {
            return Ok(Finding::Witness(Witness::Unavailable(silence)));
        }
        let mut watched = cut.clone();
        watched.watch();
        let mut both = watched.clone();

        let mut updating = watched.clone();
        updating.keep_only(client.reach);
        let repeated = client.ask(&mut updating, Operation::Update)?;
        let spliced = client.ask(&mut both, Operation::Update)?;
        repeats(&updating, &both, client.reach)?;
        let (Ok(_), Ok(update)) = (repeated, spliced) else {
            return Err(not_repeated(client.home));
        };

        watched.keep_only(observer.reach);
        watched.run_until(observe_from)?;
        both.run_until(observe_from)?;
        let repeated = observer.ask(&mut watched, Operation::Observe)?;
        let spliced = observer.ask(&mut both, Operation::Observe)?;
        let steps_repeated = repeats(&watched, &both, observer.reach)?;
        let (Ok(_), Ok(observe)) = (repeated, spliced) else {
            return Err(not_repeated(observer.home));
        };
        self.judge(update, observe, steps_repeated)
    }

    /// Every control of the subject: one node; no partition, with the clients at all nodes; and each
    /// side of each split that the subject promises to serve, with both clients on it.
    ///
    /// # Errors
    ///
    /// None but those of shapes, which this subject's size rules out.
    pub fn controls(&self) -> Result<Vec<Control<S::Model>>, CapError> {
        let nodes = self.base.shape().nodes();
        let all = Side::all(nodes)?;
        let kind = if nodes == 1 {
            ControlKind::OneNode
        } else {
            ControlKind::NoPartition
        };
        let settle_ns = self.base.settings().settle_ns;
        let mut controls = self.pairs(&self.base, kind, all, settle_ns);
        for side in splits(nodes)? {
            for served in [side, side.complement(nodes)] {
                if self.base.subject().serves(served) {
                    let mut cut = self.base.clone();
                    cut.cut(&Shape::split(nodes, side)?)?;
                    let kind = ControlKind::ServedSide(served);
                    controls.extend(self.pairs(&cut, kind, served, settle_ns));
                }
            }
        }
        Ok(controls)
    }

    /// The possible half of theorem 2 (Gilbert and Lynch 2002, section 4.2): messages across the
    /// split take `extra_ns` longer and none is lost. A subject that knows such a bound and waits for
    /// it gives no witness, though the observation comes right after the update. One whose bound is
    /// lower gives one: corollary 1.1.
    ///
    /// # Errors
    ///
    /// `side` is not one of two sides.
    pub fn bounded_delay(
        &self,
        side: Side,
        extra_ns: u64,
    ) -> Result<Vec<Control<S::Model>>, CapError> {
        let nodes = self.base.shape().nodes();
        // Checks the side.
        Shape::split(nodes, side)?;
        let mut slow = self.base.clone();
        slow.delay_across(side, extra_ns);
        let kind = ControlKind::BoundedDelay(side);
        Ok(self.pairs(&slow, kind, Side::all(nodes)?, 0))
    }

    /// Every pair of clients on one side, with the whole cluster running.
    fn pairs(
        &self,
        start: &Laboratory<'s, S>,
        kind: ControlKind,
        reach: Side,
        settle_ns: u64,
    ) -> Vec<Control<S::Model>> {
        let mut controls = Vec::new();
        for update_at in reach.nodes() {
            let client = Client {
                home: update_at,
                reach,
            };
            let mut updated = start.clone();
            let update = client.ask(&mut updated, Operation::Update);
            for observe_at in reach.nodes() {
                let observer = Client {
                    home: observe_at,
                    reach,
                };
                let finding = self
                    .pair(&updated, &update, observer, settle_ns)
                    .unwrap_or_else(Finding::Inconclusive);
                controls.push(Control {
                    kind,
                    update_at,
                    observe_at,
                    finding,
                });
            }
        }
        controls
    }

    /// An observation after an update, in one cluster.
    fn pair(
        &self,
        updated: &Laboratory<'s, S>,
        update: &Result<Reply<S>, CapError>,
        observer: Client,
        settle_ns: u64,
    ) -> Result<Finding<S::Model>, CapError> {
        let update = match update {
            Err(error) => return Err(error.clone()),
            Ok(Err(silence)) => {
                return Ok(Finding::Witness(Witness::Unavailable(silence.clone())));
            }
            Ok(Ok(update)) => update.clone(),
        };
        let mut after = updated.clone();
        after.run_until(update.at.plus_nanos(settle_ns.max(1)))?;
        match observer.ask(&mut after, Operation::Observe)? {
            Err(silence) => Ok(Finding::Witness(Witness::Unavailable(silence))),
            Ok(observe) => self.judge(update, observe, 0),
        }
    }

    /// Asks the checker.
    pub(crate) fn judge(
        &self,
        update: Answered<OutputOf<S>>,
        observe: Answered<OutputOf<S>>,
        steps_repeated: usize,
    ) -> Result<Finding<S::Model>, CapError> {
        let subject = self.base.subject();
        let history = vec![
            recorded(subject, 0, &update),
            recorded(subject, 1, &observe),
        ];
        let model = subject.model();
        match check_linearizable(&model, &history, &Limits::default(), &mut || true) {
            Verdict::Holds(_) => Ok(Finding::Clear { update, observe }),
            Verdict::Violated(violation) => Ok(Finding::Witness(Witness::NotLinearizable(
                Box::new(Splice {
                    update,
                    observe,
                    history,
                    violation: *violation,
                    steps_repeated,
                }),
            ))),
            Verdict::Unknown { reason, .. } => Err(CapError::Unjudged { reason }),
        }
    }

    /// When the adversary observes what returned at `at`.
    fn settled(&self, at: Time) -> Time {
        at.plus_nanos(self.base.settings().settle_ns.max(1))
    }
}

/// An operation as the checker reads it: the first is over before the second is called.
fn recorded<S: Subject>(
    subject: &S,
    place: u64,
    answered: &Answered<OutputOf<S>>,
) -> Recorded<InputOf<S>, OutputOf<S>> {
    let moment = |position, at: Time| Moment {
        position,
        time_ns: Some(at.as_nanos()),
    };
    Recorded {
        process: ProcessId(place),
        call: moment(2 * place, answered.from),
        input: subject.input(answered.operation),
        completion: Completion::Ok {
            at: moment(2 * place + 1, answered.at),
            output: answered.output.clone(),
        },
    }
}

/// Whether the nodes of `side` did the same in both; how many steps that was.
fn repeats<S: Subject>(
    alone: &Laboratory<'_, S>,
    both: &Laboratory<'_, S>,
    side: Side,
) -> Result<usize, CapError> {
    let mut steps = 0;
    for node in side.nodes() {
        let (one, other) = (alone.trace(node), both.trace(node));
        let differs = one.iter().zip(other).position(|(one, other)| one != other);
        if differs.is_some() || one.len() != other.len() {
            let step = differs.unwrap_or(one.len().min(other.len()));
            return Err(CapError::NotRepeated { node, step });
        }
        steps += one.len();
    }
    Ok(steps)
}

const fn not_repeated(node: NodeId) -> CapError {
    CapError::NotRepeated { node, step: 0 }
}

impl<M: Model> Refutation<M> {
    /// Whether every placement of the two clients has a witness.
    #[must_use]
    pub fn is_refuted(&self) -> bool {
        !self.cases.is_empty() && self.witnesses() == self.cases.len()
    }

    /// How many placements have one.
    #[must_use]
    pub fn witnesses(&self) -> usize {
        let witnesses = self.cases.iter().filter_map(|case| case.finding.witness());
        witnesses.count()
    }
}

impl<M: Model> Finding<M> {
    /// The witness, if there is one.
    #[must_use]
    pub const fn witness(&self) -> Option<&Witness<M>> {
        match self {
            Self::Witness(witness) => Some(witness),
            Self::Clear { .. } | Self::Inconclusive(_) => None,
        }
    }

    /// Whether both operations were answered and linearizable.
    #[must_use]
    pub const fn is_clear(&self) -> bool {
        matches!(self, Self::Clear { .. })
    }
}

impl fmt::Display for ControlKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OneNode => f.write_str("one node"),
            Self::NoPartition => f.write_str("no partition"),
            Self::ServedSide(side) => write!(f, "both clients in {side}"),
            Self::BoundedDelay(side) => write!(f, "slow but bounded around {side}"),
        }
    }
}

impl<S: Subject> fmt::Debug for Adversary<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Adversary")
            .field("base", &self.base)
            .finish()
    }
}
