//! In a partition: who is answered on every split, and which operation pays for a broken pair.
//!
//! The rules stand at the top of [`pacelc`](crate::pacelc).

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;
use core::mem::discriminant;

use consistency::Model;
use transport::NodeId;

use crate::client::Client;
use crate::pacelc::Doubt;
use crate::{
    Adversary, Answered, CapError, Finding, Laboratory, Operation, OutputOf, Shape, Side, Splice,
    Subject, Unanswered, Witness, splits,
};

/// What came of one operation on all splits.
///
/// ```
/// # use cap_model::pacelc::{Injection, derive};
/// # use cap_model::{Adversary, Settings, sample::SampleStore};
/// # let subject = SampleStore::majority(3)?;
/// # let adversary = Adversary::new(&subject, &Settings::default())?;
/// let derivation = derive(&adversary, &Injection::uniform(3)?)?;
/// let write = &derivation.claims[0].partition;
/// // Three splits, a client at each node: those of the minority wait in vain.
/// assert_eq!(write.answered_within(u64::MAX), (6, 9));
/// // An agreed time is another matter: one round trip takes two delays.
/// assert_eq!(write.answered_within(1_000_000), (0, 9));
/// assert!(write.unanswered.as_ref().unwrap().is_quiescent);
/// # Ok::<(), cap_model::CapError>(())
/// ```
#[derive(Clone, Debug)]
pub struct PartitionHalf<M: Model> {
    /// Every client on every split.
    pub asked: Vec<Asking>,
    /// A pair that is not linearizable and for which this operation pays.
    pub broken: Option<Broken<M>>,
    /// A client that got no answer: with a proof, if there is one such.
    pub unanswered: Option<Unanswered>,
}

/// One client on one split.
///
/// ```
/// use cap_model::{Side, pacelc::Asking};
/// use transport::NodeId;
/// let asking = Asking { reach: Side::of([NodeId(0)])?, client: NodeId(0), latency_ns: None };
/// assert!(asking.latency_ns.is_none());
/// # Ok::<(), cap_model::CapError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Asking {
    /// Its side.
    pub reach: Side,
    /// Its node.
    pub client: NodeId,
    /// Nanoseconds to the answer; `None`: there was none.
    pub latency_ns: Option<u64>,
}

/// A broken pair.
///
/// ```
/// # use cap_model::pacelc::{Injection, derive};
/// # use cap_model::{Adversary, Settings, sample::SampleStore};
/// # let subject = SampleStore::local(2)?;
/// # let adversary = Adversary::new(&subject, &Settings::default())?;
/// let derivation = derive(&adversary, &Injection::uniform(2)?)?;
/// let broken = derivation.claims[1].partition.broken.as_ref().unwrap();
/// assert!(broken.update_side.contains(broken.splice.update.client));
/// assert!(!broken.update_side.contains(broken.splice.observe.client));
/// # Ok::<(), cap_model::CapError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Broken<M: Model> {
    /// The side of the split that the update was made on.
    pub update_side: Side,
    /// The two runs, spliced, with the checker's evidence.
    pub splice: Box<Splice<M>>,
}

/// What an operation keeps in a partition.
///
/// ```
/// use cap_model::pacelc::PartitionChoice;
/// assert_eq!(PartitionChoice::Consistency.to_string(), "PC");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum PartitionChoice {
    /// `PA`: its answers are not always linearizable.
    Availability,
    /// `PC`: some client is not answered, and no answer was wrong.
    Consistency,
    /// `PA` too: every client is answered, and never wrongly. The other operation pays.
    Both,
    /// `-`: there is no split of one node.
    NoSplit,
}

/// Both operations on all splits.
pub(super) struct Splits<M: Model> {
    pub(super) halves: [PartitionHalf<M>; 2],
    pub(super) doubts: Vec<Doubt>,
}

/// What the clients of one split were answered.
struct Answers<O> {
    updates: BTreeMap<NodeId, Answered<O>>,
    observers: Side,
}

pub(super) fn measure<S: Subject>(
    adversary: &Adversary<'_, S>,
) -> Result<Splits<S::Model>, CapError> {
    let nodes = adversary.base().shape().nodes();
    let none = || PartitionHalf {
        asked: Vec::new(),
        broken: None,
        unanswered: None,
    };
    let mut found = Splits {
        halves: [none(), none()],
        doubts: Vec::new(),
    };
    for side in splits(nodes)? {
        let mut cut = adversary.base().clone();
        cut.cut(&Shape::split(nodes, side)?)?;
        let halves = [side, side.complement(nodes)];
        let answers = found.ask_all(&cut, halves)?;
        for [here, there] in [halves, [halves[1], halves[0]]] {
            for update_at in here.nodes() {
                for observe_at in there.nodes() {
                    let clients = [(update_at, here), (observe_at, there)];
                    found.judge_pair(adversary, &cut, &answers, clients);
                }
            }
        }
    }
    Ok(found)
}

impl<M: Model + Clone> Splits<M> {
    /// A client at each node asks both, each side alone.
    fn ask_all<S: Subject<Model = M>>(
        &mut self,
        cut: &Laboratory<'_, S>,
        halves: [Side; 2],
    ) -> Result<Answers<OutputOf<S>>, CapError> {
        let mut answers = Answers {
            updates: BTreeMap::new(),
            observers: Side::EMPTY,
        };
        for reach in halves {
            let mut alone = cut.clone();
            alone.keep_only(reach);
            for home in reach.nodes() {
                let client = Client { home, reach };
                let [update, observe] = &mut self.halves;
                let answered = client.ask(&mut alone.clone(), Operation::Observe)?;
                if observe.note(client, answered).is_some() {
                    answers.observers.insert(home);
                }
                let answered = client.ask(&mut alone.clone(), Operation::Update)?;
                if let Some(answered) = update.note(client, answered) {
                    answers.updates.insert(home, answered);
                }
            }
        }
        Ok(answers)
    }

    /// The update at one client and then the observation at the other, if both are answered and somebody
    /// is still to pay.
    fn judge_pair<S: Subject<Model = M>>(
        &mut self,
        adversary: &Adversary<'_, S>,
        cut: &Laboratory<'_, S>,
        answers: &Answers<OutputOf<S>>,
        [(update_at, here), (observe_at, there)]: [(NodeId, Side); 2],
    ) {
        let Some(update) = answers.updates.get(&update_at) else {
            return;
        };
        if !answers.observers.contains(observe_at) {
            return;
        }
        let update_pays = answers.updates.contains_key(&observe_at);
        let observe_pays = answers.observers.contains(update_at) || !update_pays;
        let [updates, observes] = &mut self.halves;
        let is_paid = |half: &PartitionHalf<M>, pays: bool| !pays || half.broken.is_some();
        if is_paid(updates, update_pays) && is_paid(observes, observe_pays) {
            return;
        }
        let client = |home, reach| Client { home, reach };
        let (updater, observer) = (client(update_at, here), client(observe_at, there));
        match adversary.splice(cut, updater, update, observer) {
            Ok(Finding::Witness(Witness::NotLinearizable(splice))) => {
                let broken = Broken {
                    update_side: here,
                    splice,
                };
                if update_pays && updates.broken.is_none() {
                    updates.broken = Some(broken.clone());
                }
                if observe_pays && observes.broken.is_none() {
                    observes.broken = Some(broken);
                }
            }
            // The observation is answered early in the partition, and not later.
            Ok(Finding::Witness(Witness::Unavailable(silence))) => observes.keep(silence),
            Ok(Finding::Clear { .. }) => self.doubt(Doubt::NoConflict {
                update_at,
                observe_at,
            }),
            Ok(Finding::Inconclusive(error)) | Err(error) => {
                self.doubt(Doubt::Unfinished(error));
            }
        }
    }

    /// Keeps the first doubt of each kind.
    fn doubt(&mut self, doubt: Doubt) {
        let kind = discriminant(&doubt);
        if !self.doubts.iter().any(|other| discriminant(other) == kind) {
            self.doubts.push(doubt);
        }
    }
}

impl<M: Model> PartitionHalf<M> {
    /// Writes down what a client heard; an answer is handed back.
    fn note(
        &mut self,
        client: Client,
        reply: Result<Answered<M::Output>, Unanswered>,
    ) -> Option<Answered<M::Output>> {
        self.asked.push(Asking {
            reach: client.reach,
            client: client.home,
            latency_ns: reply.as_ref().ok().map(Answered::latency_ns),
        });
        match reply {
            Ok(answered) => Some(answered),
            Err(silence) => {
                self.keep(silence);
                None
            }
        }
    }

    /// Keeps the first silence, or the first that is a proof.
    fn keep(&mut self, silence: Unanswered) {
        let kept = self.unanswered.as_ref();
        if kept.is_none_or(|kept| silence.is_quiescent && !kept.is_quiescent) {
            self.unanswered = Some(silence);
        }
    }

    /// What the operation keeps.
    #[must_use]
    pub const fn choice(&self) -> PartitionChoice {
        if self.broken.is_some() {
            PartitionChoice::Availability
        } else if self.unanswered.is_some() {
            PartitionChoice::Consistency
        } else if self.asked.is_empty() {
            PartitionChoice::NoSplit
        } else {
            PartitionChoice::Both
        }
    }

    /// Whether some answers were wrong and others were missing.
    #[must_use]
    pub const fn gives_up_both(&self) -> bool {
        self.broken.is_some() && self.unanswered.is_some()
    }

    /// How many of the clients on all splits were answered within so many nanoseconds, and of how many.
    /// Every split and every node counts alike: a frequency needs weights that only the operator knows.
    #[must_use]
    pub fn answered_within(&self, deadline_ns: u64) -> (usize, usize) {
        let in_time = |asking: &&Asking| asking.latency_ns.is_some_and(|ns| ns <= deadline_ns);
        (self.asked.iter().filter(in_time).count(), self.asked.len())
    }
}

impl fmt::Display for PartitionChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Availability | Self::Both => "PA",
            Self::Consistency => "PC",
            Self::NoSplit => "-",
        })
    }
}

impl<M: Model> fmt::Display for PartitionHalf<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (answered, asked) = self.answered_within(u64::MAX);
        match self.choice() {
            PartitionChoice::NoSplit => return f.write_str("no split to suffer from"),
            PartitionChoice::Both => f.write_str(
                "answered by every node on every split, and never wrongly: the other operation pays",
            )?,
            PartitionChoice::Consistency => write!(f, "{answered} of {asked} clients answered")?,
            PartitionChoice::Availability => write!(
                f,
                "{answered} of {asked} clients answered, and not all of them rightly"
            )?,
        }
        if let Some(Broken { splice, .. }) = &self.broken {
            write!(
                f,
                "; not linearizable: {}; then {}",
                splice.update, splice.observe
            )?;
        }
        if let Some(silence) = &self.unanswered {
            write!(f, "; unanswered: {silence}")?;
        }
        Ok(())
    }
}
