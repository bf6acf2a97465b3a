//! The map of all models: what is the strongest promise that a history keeps?
//!
//! # How it is found
//! The models imply one another ([`Consistency::weaker`]), so a model that holds settles all weaker ones, and one that
//! is violated settles all stronger ones. The strongest is asked first: a correct system takes one check. What it
//! leaves open is asked in an order in which the expensive searches come behind the polynomial checks that could
//! convict them. Each check first gets [`PROBE_QUESTIONS`] questions to `keep_going`; what it could not decide
//! within them, and nothing else settled meanwhile, is asked again without that bound.
//!
//! # Where an implication needs care
//! Linearizability and strict serializability look at time, the others at the order of each session. When a session has
//! operations that overlap (or touch in one position, which counts as overlapping), time does not contain the order
//! of their calls, and these two imply nothing: then each model speaks for itself.

mod show;

use alloc::{boxed::Box, collections::BTreeMap, vec::Vec};

use crate::{
    Anomaly, Completion, Consistency, Converged, Judgement, Limits, Model, NotCheckable, Operation,
    OperationId, ProcessId, Rule, Staleness, UnknownReason, Verdict,
    causal::{self, Certificate, ReadWrite},
    check_linearizable, check_sequential, convergence, staleness,
    transactions::{self, Ending, Found, Transactions},
};

/// How often each check may ask `keep_going` at first; see [`check_all`].
pub const PROBE_QUESTIONS: u64 = 20_000;

/// Every model that speaks of a history, with its answer. Its display is a table.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct ModelMap {
    /// A row for each model, in the order of [`Consistency::ALL`].
    pub rows: Vec<MapRow>,
    /// How stale the reads of each key are; `None` for transactions.
    pub staleness: Option<Judgement<Vec<Staleness>>>,
    /// Whether the reads behind the last write agree; `None` for transactions.
    pub convergence: Option<Judgement<Converged>>,
    /// The anomalies of transactions by name, with what each excludes; `None` for single operations, and where the
    /// strongest level holds.
    pub named: Option<Found>,
}

/// One model of a [`ModelMap`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct MapRow {
    /// The model.
    pub level: Consistency,
    /// Whether the history keeps it.
    pub judgement: Judgement<Proof>,
    /// Who says so.
    pub source: Source,
}

/// Where a row of a [`ModelMap`] comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Source {
    /// The check of this model.
    Check,
    /// This other model: a stronger one that holds, or a weaker one that is violated.
    FollowsFrom(Consistency),
}

/// What shows that a model holds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum Proof {
    /// An order for each key: [`replay`](crate::replay) checks them, keys ascending.
    OrderOfEachKey(Vec<Vec<OperationId>>),
    /// One order of all operations.
    Order(Vec<OperationId>),
    /// What [`causal::verify`] checks.
    Causal(Certificate),
    /// A stronger model holds: its row has the proof.
    Stronger,
}

impl ModelMap {
    /// The row of this model.
    #[must_use]
    pub fn row(&self, level: Consistency) -> Option<&MapRow> {
        self.rows.iter().find(|row| row.level == level)
    }

    /// The strongest models that the history was shown to keep: those that hold and follow from no other that
    /// holds. More than one where the models do not imply each other; none when nothing holds.
    #[must_use]
    pub fn strongest(&self) -> Vec<Consistency> {
        let holding = || {
            let rows = self.rows.iter().filter(|row| row.judgement.holds());
            rows.map(|row| row.level)
        };
        let is_implied = |level: Consistency| holding().any(|it| it != level && it.implies(level));
        holding().filter(|level| !is_implied(*level)).collect()
    }

    /// The distinct anomalies of the rows, strongest model first.
    #[must_use]
    pub fn anomalies(&self) -> Vec<&Anomaly> {
        let mut found: Vec<&Anomaly> = Vec::new();
        for anomaly in self.rows.iter().filter_map(|row| row.judgement.anomaly()) {
            if !found.contains(&anomaly) {
                found.push(anomaly);
            }
        }
        found
    }
}

/// The strongest model that a history of single operations on registers keeps, with every other model's answer.
///
/// Cost: that of the checks it takes, one when the history is linearizable; see the checks themselves. Staleness and
/// convergence, at the end of the history, are asked in any case.
///
/// ```
/// use consistency::{Consistency, KeyValue, KvInput, KvOutput, Limits, ProcessId, Recorder, Value, check_all};
///
/// let mut recorder = Recorder::new();
/// let put = recorder.invoke(ProcessId(0), KvInput::put("x", 1), 0)?;
/// recorder.ok(put, KvOutput::Done, 1)?;
/// let get = recorder.invoke(ProcessId(1), KvInput::get("x"), 2)?;
/// recorder.ok(get, KvOutput::Value(Value::Nil), 3)?; // stale
/// let model = KeyValue::new(Value::Nil);
/// let map = check_all(&model, &recorder.finish(), &Limits::default(), &mut || true);
/// assert_eq!(map.strongest(), [Consistency::Sequential]);
/// assert!(map.to_string().contains("follows from causal-memory"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn check_all<M: ReadWrite>(
    model: &M,
    history: &[Operation<M::Input, M::Output>],
    limits: &Limits,
    keep_going: &mut dyn FnMut() -> bool,
) -> ModelMap {
    let flat = causal::of_operations(model, history);
    check_all_beside(model, history, flat, limits, keep_going)
}

/// [`check_all`] for any object: linearizability and sequential consistency. The other models speak of reads and
/// writes, and are not checkable.
///
/// ```
/// use consistency::{Consistency, Limits, Mutex, MutexInput, ProcessId, Recorder, check_all_of_object};
///
/// let mut recorder = Recorder::new();
/// let acquire = recorder.invoke(ProcessId(0), MutexInput::acquire(ProcessId(0)), 0)?;
/// recorder.ok(acquire, (), 1)?;
/// let map = check_all_of_object(&Mutex, &recorder.finish(), &Limits::default(), &mut || true);
/// assert_eq!(map.strongest(), [Consistency::Linearizable]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn check_all_of_object<M: Model>(
    model: &M,
    history: &[Operation<M::Input, M::Output>],
    limits: &Limits,
    keep_going: &mut dyn FnMut() -> bool,
) -> ModelMap {
    let operation = OperationId(0);
    let flat = Err(NotCheckable::NotReadOrWrite { operation });
    check_all_beside(model, history, flat, limits, keep_going)
}

/// The strongest level of isolation that a history of transactions keeps, with every other level's answer.
///
/// ```
/// use consistency::{Consistency, Limits, check_all_transactions, transactions::Builder};
///
/// let map = check_all_transactions(&Builder::new().finish(), &Limits::default(), &mut || true);
/// assert_eq!(map.strongest(), [Consistency::StrictSerializable]);
/// ```
pub fn check_all_transactions(
    history: &Transactions,
    limits: &Limits,
    keep_going: &mut dyn FnMut() -> bool,
) -> ModelMap {
    let headers = history.headers().iter();
    let moments = headers.filter(|it| it.ending != Ending::Aborted).map(|it| {
        let end = (it.ending == Ending::Committed).then_some(it.end_position);
        (history.process(it.session), it.call.position, end)
    });
    let levels = Consistency::ALL
        .into_iter()
        .filter(|it| it.is_transactional());
    let order: Vec<Consistency> = levels.collect();
    let mut survey = Survey::new(&order, is_apart(moments));
    survey.run(keep_going, &mut |level, keep_going| {
        transactions::check(history, level, limits, keep_going).map(Proof::Order)
    });
    let rows = survey.rows();
    let is_clean = rows.first().is_some_and(|row| row.judgement.holds());
    ModelMap {
        rows,
        staleness: None,
        convergence: None,
        named: (!is_clean).then(|| transactions::anomalies(history, limits, keep_going)),
    }
}

/// The models of single operations, in the order in which they are asked: the search for sequential consistency
/// comes behind what could convict it.
const ASKED: [Consistency; 10] = [
    Consistency::Linearizable,
    Consistency::CausalMemory,
    Consistency::CausalConvergence,
    Consistency::Sequential,
    Consistency::Causal,
    Consistency::Pram,
    Consistency::ReadYourWrites,
    Consistency::MonotonicReads,
    Consistency::MonotonicWrites,
    Consistency::WritesFollowReads,
];

/// [`check_all`] for a model whose reads and writes the caller has made into a flat history, as
/// [`causal::of_operations`] does, or has found to be neither.
pub fn check_all_beside<M: Model>(
    model: &M,
    history: &[Operation<M::Input, M::Output>],
    flat: Result<Transactions, NotCheckable>,
    limits: &Limits,
    keep_going: &mut dyn FnMut() -> bool,
) -> ModelMap {
    let moments = history.iter().filter_map(|it| match it.completion {
        Completion::Fail { .. } => None,
        Completion::Info { .. } => Some((it.process, it.call.position, None)),
        Completion::Ok { .. } => Some((it.process, it.call.position, Some(it.return_position()))),
    });
    let mut survey = Survey::new(&ASKED, is_apart(moments));
    survey.run(keep_going, &mut |level, keep_going| match level {
        Consistency::Linearizable => linearizable(model, history, limits, keep_going),
        Consistency::Sequential => {
            check_sequential(model, history, limits, keep_going).map(Proof::Order)
        }
        _ => match &flat {
            Ok(flat) => causal::check(flat, level, limits, keep_going).map(Proof::Causal),
            Err(reason) => Judgement::NotCheckable(reason.clone()),
        },
    });
    let (staleness, convergence) = match &flat {
        Ok(flat) => (
            staleness(flat, limits, keep_going),
            convergence(flat, None, limits, keep_going),
        ),
        Err(reason) => (
            Judgement::NotCheckable(reason.clone()),
            Judgement::NotCheckable(reason.clone()),
        ),
    };
    ModelMap {
        rows: survey.rows(),
        staleness: Some(staleness),
        convergence: Some(convergence),
        named: None,
    }
}

const LINEARIZABLE: Rule = Rule {
    name: "not-linearizable",
    about: "no order of all operations on an object, within real time, gives these answers",
};

fn linearizable<M: Model>(
    model: &M,
    history: &[Operation<M::Input, M::Output>],
    limits: &Limits,
    keep_going: &mut dyn FnMut() -> bool,
) -> Judgement<Proof> {
    match check_linearizable(model, history, limits, keep_going) {
        Verdict::Holds(found) => {
            let orders = found.orders.into_iter().map(|(_, order)| order);
            Judgement::Holds(Proof::OrderOfEachKey(orders.collect()))
        }
        Verdict::Violated(found) => {
            let mut operations = found.operations;
            operations.sort_unstable();
            Judgement::Violated(Box::new(Anomaly {
                rule: LINEARIZABLE,
                operations,
                edges: Vec::new(),
                is_minimal: found.is_minimal,
            }))
        }
        Verdict::Unknown { reason, .. } => Judgement::Unknown(reason),
    }
}

/// Whether each process's operations lie apart in time: process, call and return of each that may have happened.
fn is_apart(moments: impl Iterator<Item = (ProcessId, u64, Option<u64>)>) -> bool {
    let mut processes: BTreeMap<ProcessId, Vec<(u64, Option<u64>)>> = BTreeMap::new();
    for (process, call, end) in moments {
        processes.entry(process).or_default().push((call, end));
    }
    processes.into_values().all(|mut moments| {
        moments.sort_unstable();
        let mut open_until = None;
        moments.into_iter().all(|(call, end)| {
            let is_apart = open_until.is_none_or(|open| open < call);
            // What never returned is unordered in both views.
            open_until = open_until.max(end);
            is_apart
        })
    })
}

/// A check of one model, with its deadline.
type Check<'a> = dyn FnMut(Consistency, &mut dyn FnMut() -> bool) -> Judgement<Proof> + 'a;

/// What is known of a model, and from whom.
type Answer = (Judgement<Proof>, Source);

/// The rows while they are filled.
struct Survey {
    /// In the order in which they are asked.
    rows: Vec<(Consistency, Option<Answer>)>,
    /// Whether time contains the order of each session.
    is_apart: bool,
}

impl Survey {
    fn new(order: &[Consistency], is_apart: bool) -> Self {
        Self {
            rows: order.iter().map(|level| (*level, None)).collect(),
            is_apart,
        }
    }

    fn run(&mut self, keep_going: &mut dyn FnMut() -> bool, check: &mut Check<'_>) {
        let mut is_stopped = false;
        for questions_max in [PROBE_QUESTIONS, u64::MAX] {
            for place in 0..self.rows.len() {
                let Some((level, _)) = self.rows.get(place).filter(|it| it.1.is_none()) else {
                    continue;
                };
                let level = *level;
                let mut questions_left = questions_max;
                let mut probe = || {
                    if is_stopped || questions_left == 0 {
                        return false;
                    }
                    questions_left = questions_left.saturating_sub(1);
                    is_stopped = !keep_going();
                    !is_stopped
                };
                let judgement = check(level, &mut probe);
                let is_cut = judgement == Judgement::Unknown(UnknownReason::Interrupted);
                if is_cut && !is_stopped && questions_left == 0 {
                    continue;
                }
                self.settle(place, level, judgement);
            }
        }
    }

    /// Enters what a check found, and what follows from it.
    fn settle(&mut self, place: usize, level: Consistency, judgement: Judgement<Proof>) {
        let is_apart = self.is_apart;
        let implies = |stronger: Consistency, weaker: Consistency| {
            let looks_at_time = matches!(
                stronger,
                Consistency::Linearizable | Consistency::StrictSerializable
            );
            (is_apart || !looks_at_time) && stronger != weaker && stronger.implies(weaker)
        };
        for (other, row) in &mut self.rows {
            let is_open = !row.as_ref().is_some_and(|(known, _)| {
                matches!(known, Judgement::Holds(_) | Judgement::Violated(_))
            });
            let follows = match &judgement {
                Judgement::Holds(_) if implies(level, *other) => Judgement::Holds(Proof::Stronger),
                Judgement::Violated(anomaly) if implies(*other, level) => {
                    Judgement::Violated(anomaly.clone())
                }
                _ => continue,
            };
            if is_open {
                *row = Some((follows, Source::FollowsFrom(level)));
            }
        }
        if let Some((_, row)) = self.rows.get_mut(place) {
            *row = Some((judgement, Source::Check));
        }
    }

    fn rows(self) -> Vec<MapRow> {
        let mut rows: Vec<MapRow> = self
            .rows
            .into_iter()
            .map(|(level, row)| {
                let interrupted = Judgement::Unknown(UnknownReason::Interrupted);
                let (judgement, source) = row.unwrap_or((interrupted, Source::Check));
                MapRow {
                    level,
                    judgement,
                    source,
                }
            })
            .collect();
        rows.sort_by_key(|row| {
            Consistency::ALL
                .iter()
                .position(|level| *level == row.level)
        });
        rows
    }
}
