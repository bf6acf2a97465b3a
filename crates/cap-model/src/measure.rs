//! Measuring a shape: who gets answers, how fast, and whether observers see what was done.
//!
//! # Rules
//!
//! 1. Clients *stay*: one at each node, which asks only that node. So a side on which only the leader
//!    answers shows as leader-bound; a client that goes round the nodes of the side would find it.
//! 2. Each trial starts from the same clone of the steady cluster, cut to the shape.
//! 3. For every two nodes that answered, the update at one and then the observation at the other:
//!    at once, and, if that is not linearizable, after the settling time too.

use alloc::boxed::Box;
use alloc::vec::Vec;

use consistency::Model;
use transport::NodeId;

use crate::client::Client;
use crate::{
    Adversary, Answered, Availability, CapError, Consistency, Finding, Laboratory, Latency,
    Operation, OutputOf, Settings, Shape, Side, Splice, Subject, Unanswered, Witness,
};

/// What one shape does to one subject.
///
/// ```
/// use cap_model::{Adversary, Availability, Operation, Settings, Shape, Side, sample::SampleStore};
/// use transport::NodeId;
/// let subject = SampleStore::majority(3)?;
/// let adversary = Adversary::new(&subject, &Settings::default())?;
/// let lonely = Side::of([NodeId(0)])?;
/// let measured = adversary.measure(&Shape::split(3, lonely)?)?;
/// let availability = |side| measured.cell(Operation::Update, side).unwrap().availability;
/// assert_eq!(availability(lonely), Availability::None);
/// assert_eq!(availability(lonely.complement(3)), Availability::Side(lonely.complement(3)));
/// # Ok::<(), cap_model::CapError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Measurement<M: Model> {
    /// The shape.
    pub shape: Shape,
    /// Each operation at each node.
    pub trials: Vec<Trial<M::Output>>,
    /// Each update and observation that were both answered.
    pub pairs: Vec<Pair<M>>,
    /// The above, folded: each operation on each side.
    pub cells: Vec<Cell>,
}

/// One operation, asked of one node.
///
/// ```
/// # use cap_model::{Adversary, Settings, Shape, sample::SampleStore};
/// # let subject = SampleStore::local(3)?;
/// # let adversary = Adversary::new(&subject, &Settings::default())?;
/// let measured = adversary.measure(&Shape::whole(3)?)?;
/// assert_eq!(measured.trials.len(), 6);
/// assert!(measured.trials.iter().all(|trial| trial.result.is_ok()));
/// # Ok::<(), cap_model::CapError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Trial<O> {
    /// The operation.
    pub operation: Operation,
    /// The node: the client keeps to it.
    pub node: NodeId,
    /// The answer, or why there is none.
    pub result: Result<Answered<O>, Unanswered>,
}

/// What an observer saw of an update that had returned.
///
/// ```
/// # use cap_model::{Adversary, Consistency, Settings, Shape, sample::SampleStore};
/// # let subject = SampleStore::local(2)?;
/// # let adversary = Adversary::new(&subject, &Settings::default())?;
/// // A store that answers at once and spreads updates later: others see them late.
/// let measured = adversary.measure(&Shape::whole(2)?)?;
/// let elsewhere = measured.pairs.iter().filter(|pair| pair.update_at != pair.observe_at);
/// assert!(elsewhere.into_iter().all(|pair| pair.consistency == Consistency::Lagging));
/// # Ok::<(), cap_model::CapError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Pair<M: Model> {
    /// Where the update was asked.
    pub update_at: NodeId,
    /// Where the observation was asked.
    pub observe_at: NodeId,
    /// What came of it.
    pub consistency: Consistency,
    /// The last two operations that were not linearizable.
    pub evidence: Option<Box<Splice<M>>>,
}

/// One operation on one side, in one shape.
///
/// ```
/// # use cap_model::{Adversary, Latency, Operation, Settings, Shape, Side, sample::SampleStore};
/// # let subject = SampleStore::majority(3)?;
/// # let adversary = Adversary::new(&subject, &Settings::default())?;
/// let measured = adversary.measure(&Shape::whole(3)?)?;
/// let cell = measured.cell(Operation::Update, Side::all(3)?).unwrap();
/// let (fastest, slowest) = cell.latency.unwrap();
/// assert_eq!((fastest.link_delays, slowest.link_delays), (Some(2), Some(2)));
/// # Ok::<(), cap_model::CapError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Cell {
    /// The operation.
    pub operation: Operation,
    /// The side that its clients are on.
    pub side: Side,
    /// Who gets answers.
    pub availability: Availability,
    /// The fastest and the slowest answer.
    pub latency: Option<(Latency, Latency)>,
    /// The worst that a pair saw which has this operation on this side; `None` without answers.
    pub consistency: Option<Consistency>,
}

impl<S: Subject> Adversary<'_, S> {
    /// Measures one shape. Cost: 2 × nodes trials, and up to nodes² pairs.
    ///
    /// # Errors
    ///
    /// The shape has another number of nodes; a limit, or a breach of the contract.
    pub fn measure(&self, shape: &Shape) -> Result<Measurement<S::Model>, CapError> {
        let mut cut = self.base().clone();
        cut.cut(shape)?;
        let all = Side::all(shape.nodes())?;
        let mut trials = Vec::new();
        let mut pairs = Vec::new();
        let mut observers = Side::EMPTY;
        for node in all.nodes() {
            let result = Client::staying(node).ask(&mut cut.clone(), Operation::Observe)?;
            if result.is_ok() {
                observers.insert(node);
            }
            trials.push(Trial {
                operation: Operation::Observe,
                node,
                result,
            });
        }
        for node in all.nodes() {
            let mut updated = cut.clone();
            let result = Client::staying(node).ask(&mut updated, Operation::Update)?;
            if let Ok(update) = &result {
                for observer in observers.nodes() {
                    pairs.extend(self.pair_of(&updated, update, observer)?);
                }
            }
            trials.push(Trial {
                operation: Operation::Update,
                node,
                result,
            });
        }
        trials.sort_by_key(|trial| (trial.operation, trial.node));
        let cells = fold(shape, &trials, &pairs, self.base().settings());
        Ok(Measurement {
            shape: shape.clone(),
            trials,
            pairs,
            cells,
        })
    }

    fn pair_of(
        &self,
        updated: &Laboratory<'_, S>,
        update: &Answered<OutputOf<S>>,
        observer: NodeId,
    ) -> Result<Option<Pair<S::Model>>, CapError> {
        let mut evidence = None;
        let delays_ns = [1, self.base().settings().settle_ns.max(1)];
        for (delay_ns, word) in delays_ns
            .into_iter()
            .zip([Consistency::Linearizable, Consistency::Lagging])
        {
            let mut after = updated.clone();
            after.run_until(update.at.plus_nanos(delay_ns))?;
            let observe = Client::staying(observer).ask(&mut after, Operation::Observe)?;
            let Ok(observe) = observe else {
                // Unanswered at once: nothing was seen. Later: the first look was the last.
                if evidence.is_none() {
                    return Ok(None);
                }
                break;
            };
            match self.judge(update.clone(), observe, 0)? {
                Finding::Witness(Witness::NotLinearizable(splice)) => evidence = Some(splice),
                _ => {
                    return Ok(Some(Pair {
                        update_at: update.client,
                        observe_at: observer,
                        consistency: word,
                        evidence,
                    }));
                }
            }
        }
        Ok(Some(Pair {
            update_at: update.client,
            observe_at: observer,
            consistency: Consistency::Stale,
            evidence,
        }))
    }
}

fn fold<M: Model>(
    shape: &Shape,
    trials: &[Trial<M::Output>],
    pairs: &[Pair<M>],
    settings: &Settings,
) -> Vec<Cell> {
    // Whoever keeps to a node sees what they did there, and whoever moves may not.
    let is_worse = |pair: &Pair<M>| pair.consistency > Consistency::Linearizable;
    let is_sticky = pairs.iter().any(is_worse)
        && !pairs
            .iter()
            .any(|pair| pair.update_at == pair.observe_at && is_worse(pair));
    let mut cells = Vec::new();
    for operation in Operation::BOTH {
        let of_operation = trials.iter().filter(|trial| trial.operation == operation);
        let answered: Vec<(NodeId, Latency)> = of_operation
            .filter_map(|trial| {
                let answered = trial.result.as_ref().ok()?;
                Some((trial.node, Latency::new(answered.latency_ns(), settings)))
            })
            .collect();
        let mut answering = Side::EMPTY;
        answered
            .iter()
            .for_each(|(node, _)| answering.insert(*node));
        for side in shape.sides() {
            let here = answered.iter().filter(|(node, _)| side.contains(*node));
            let fastest = here.clone().map(|(_, latency)| *latency).min();
            let slowest = here.map(|(_, latency)| *latency).max();
            let touches = |pair: &&Pair<M>| {
                side.contains(match operation {
                    Operation::Update => pair.update_at,
                    _ => pair.observe_at,
                })
            };
            let seen = pairs.iter().filter(touches).map(|pair| pair.consistency);
            cells.push(Cell {
                operation,
                side,
                availability: Availability::of_side(side, answering, shape, is_sticky),
                latency: fastest.zip(slowest),
                consistency: seen.max(),
            });
        }
    }
    cells
}

impl<M: Model> Measurement<M> {
    /// The cell of an operation on a side.
    #[must_use]
    pub fn cell(&self, operation: Operation, side: Side) -> Option<&Cell> {
        let mut cells = self.cells.iter();
        cells.find(|cell| cell.operation == operation && cell.side == side)
    }
}
