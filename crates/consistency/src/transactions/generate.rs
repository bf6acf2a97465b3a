//! Histories of transactions that keep a model by construction, for tests and measurements.
//!
//! Transactions commit one after the other; a key's versions remember when they were committed. What a transaction
//! reads is the state as of some moment:
//!
//! - serializable: now. (Strict: its commit is between its call and its return. Otherwise each session's clock is
//!   wrong by an amount of its own.)
//! - snapshot isolation, prefix: one earlier moment, not before the session's last commit; under snapshot isolation it
//!   is now where somebody has written since what this transaction writes.
//! - causal, read atomic: the state of the session's replica. A replica takes in the others' transactions whole, in
//!   their order (causal) or in any order (read atomic), and of two versions keeps the one committed later.
//! - read committed: for each read a moment of its own, none before that of the read before it.
//!
//! A replica that misses an append cannot show the list that has it: lists are generated as for prefix consistency
//! where the model is causal or read atomic, which is stronger.

mod planted;

use alloc::{collections::VecDeque, format, vec, vec::Vec};

pub use planted::Planted;

use super::{Builder, Ending, MicroOperation, Transactions};
use crate::{Consistency, Moment, ProcessId, Value};

/// What to generate. The same plan gives the same history.
///
/// ```
/// use consistency::transactions::{Plan, Planted, check, generate};
/// use consistency::{Consistency, Limits};
///
/// let plan = Plan { transactions: 200, level: Consistency::SnapshotIsolation, ..Plan::default() };
/// let history = generate(&plan);
/// let mut judge = |history, level| check(history, level, &Limits::default(), &mut || true);
/// assert!(judge(&history, Consistency::CausalTransactions).holds());
///
/// let spoilt = generate(&Plan { planted: Some(Planted::FracturedRead), ..plan });
/// assert!(judge(&spoilt, Consistency::ReadCommitted).holds());
/// assert!(judge(&spoilt, Consistency::ReadAtomic).anomaly().is_some());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Plan {
    /// The seed. Default: 1.
    pub seed: u64,
    /// The model that the history keeps. A model of single operations is taken for strict serializability. Default:
    /// that.
    pub level: Consistency,
    /// Lists that are appended to, or registers that are written. Default: registers.
    pub is_list: bool,
    /// How many transactions. Default: 1,000.
    pub transactions: usize,
    /// How many sessions; at least one. Default: 10.
    pub sessions: usize,
    /// How many keys; at least one. Default: 20.
    pub keys: usize,
    /// Steps of each transaction. Default: 5.
    pub steps: usize,
    /// Reads among a hundred steps. Default: 50.
    pub reads_percent: u8,
    /// Transactions, among a hundred, that abort, and as many that nobody hears of. Default: 0.
    pub faults_percent: u8,
    /// How many transactions the state read may be behind, for the models that allow it. Default: 20.
    pub lag: usize,
    /// An anomaly put among the rest, on keys of its own. Default: none.
    pub planted: Option<Planted>,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            seed: 1,
            level: Consistency::StrictSerializable,
            is_list: false,
            transactions: 1_000,
            sessions: 10,
            keys: 20,
            steps: 5,
            reads_percent: 50,
            faults_percent: 0,
            lag: 20,
            planted: None,
        }
    }
}

/// A history that keeps [`Plan::level`], but for what is planted. O(steps · log(versions of a key) + elements read).
#[must_use]
pub fn generate(plan: &Plan) -> Transactions {
    let mut generator = Generator::new(plan);
    for _ in 0..plan.transactions {
        generator.transaction();
    }
    generator.finish()
}

/// Splitmix (Steele, Lea and Flood 2014).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((word ^ (word >> 31)) >> 1)
            .checked_rem(bound as u64)
            .unwrap_or(0) as usize
    }

    fn percent(&mut self, percent: u8) -> bool {
        self.below(100) < usize::from(percent)
    }
}

/// A step before its values have names. `version` counts the versions of the key that it sees.
#[derive(Clone, Copy)]
enum Step {
    Write { key: u32, version: u32 },
    Read { key: u32, version: u32 },
}

struct Draft {
    session: u32,
    ending: Ending,
    /// When it commits.
    moment: u64,
    steps_end: u32,
}

/// A version: when it was committed. Its value is its number, counted from one, among those ever written to the key.
#[derive(Clone, Copy)]
struct Version {
    moment: u32,
    value: u32,
}

/// When, plus one, and which keys got which values.
type Commit = (u32, Vec<(u32, u32)>);

/// Replicas of the models that have them.
const REPLICAS: usize = 4;
/// Of a lag of so many transactions, how far apart two commits are.
const TICKS: u64 = 16;

struct Generator<'a> {
    plan: &'a Plan,
    level: Consistency,
    random: Random,
    /// Of each key its versions, in the order of their commits.
    versions: Vec<Vec<Version>>,
    values: Vec<u32>,
    /// Of each session when it committed last, plus one.
    session_moments: Vec<u32>,
    /// Of each replica and key when the version it holds was committed, plus one, and its value.
    replicas: Vec<Vec<(u32, u32)>>,
    /// Of each replica what it has not taken in yet: commit moments and writes.
    pending: Vec<VecDeque<Commit>>,
    drafts: Vec<Draft>,
    steps: Vec<Step>,
    moment: u32,
}

impl<'a> Generator<'a> {
    fn new(plan: &'a Plan) -> Self {
        let level = match plan.level {
            Consistency::CausalTransactions | Consistency::ReadAtomic if plan.is_list => {
                Consistency::Prefix
            }
            level => level,
        };
        let has_replicas = matches!(
            level,
            Consistency::CausalTransactions | Consistency::ReadAtomic
        );
        let replicas = if has_replicas { REPLICAS } else { 0 };
        let keys = plan.keys.max(1);
        Self {
            plan,
            level,
            random: Random(plan.seed),
            versions: vec![Vec::new(); keys],
            values: vec![0; keys],
            session_moments: vec![0; plan.sessions.max(1)],
            replicas: vec![vec![(0, 0); keys]; replicas],
            pending: vec![VecDeque::new(); replicas],
            drafts: Vec::new(),
            steps: Vec::new(),
            moment: 0,
        }
    }

    fn transaction(&mut self) {
        let session = self.random.below(self.session_moments.len());
        let replica = session.checked_rem(self.replicas.len()).unwrap_or(0);
        self.deliver(replica);
        let ending = match self.random.percent(self.plan.faults_percent) {
            true => Ending::Aborted,
            false if self.random.percent(self.plan.faults_percent) => Ending::Indeterminate,
            false => Ending::Committed,
        };
        let mut snapshot = self.snapshot(session);
        let keys = self.values.len();
        let plan: Vec<(u32, bool)> = (0..self.plan.steps)
            .map(|_| {
                let is_read = self.random.percent(self.plan.reads_percent);
                (self.random.below(keys) as u32, is_read)
            })
            .collect();
        if self.level == Consistency::SnapshotIsolation {
            let writes = plan.iter().filter(|(_, is_read)| !is_read);
            let is_stale = writes.clone().any(|(key, _)| {
                let last = self.versions.get(*key as usize).and_then(|it| it.last());
                last.is_some_and(|last| last.moment >= snapshot)
            });
            if is_stale {
                snapshot = self.moment;
            }
        }
        let mut own: Vec<(u32, u32)> = Vec::new();
        for (key, is_read) in plan {
            if !is_read {
                let value = self.values.get_mut(key as usize).map_or(0, |value| {
                    *value = value.saturating_add(1);
                    *value
                });
                own.push((key, value));
                self.steps.push(Step::Write {
                    key,
                    version: value,
                });
                continue;
            }
            if self.level == Consistency::ReadCommitted {
                snapshot = self.later(snapshot);
            }
            let mine = own.iter().rev().find(|(written, _)| *written == key);
            let version = match (mine, self.replicas.get(replica)) {
                (Some((_, value)), _) if !self.plan.is_list => *value,
                (None, Some(replica)) => replica.get(key as usize).map_or(0, |held| held.1),
                _ => self.version_at(key, snapshot),
            };
            self.steps.push(Step::Read { key, version });
        }
        let takes_effect = match ending {
            Ending::Committed => true,
            Ending::Aborted => false,
            Ending::Indeterminate => self.random.below(2) == 0,
        };
        if takes_effect {
            self.commit(replica, &own);
        }
        if let (Some(last), Ending::Committed) = (self.session_moments.get_mut(session), ending) {
            *last = self.moment.saturating_add(1);
        }
        self.drafts.push(Draft {
            session: session as u32,
            ending,
            moment: u64::from(self.moment),
            steps_end: self.steps.len() as u32,
        });
        self.moment = self.moment.saturating_add(1);
    }

    /// Which commits, those before this moment, a transaction sees.
    fn snapshot(&mut self, session: usize) -> u32 {
        match self.level {
            Consistency::SnapshotIsolation | Consistency::Prefix => {
                let least = self.session_moments.get(session).copied().unwrap_or(0);
                let lag = self.random.below(self.plan.lag.saturating_add(1)) as u32;
                self.moment.saturating_sub(lag).max(least)
            }
            Consistency::ReadCommitted => {
                let lag = self.random.below(self.plan.lag.saturating_add(1)) as u32;
                self.moment.saturating_sub(lag)
            }
            _ => self.moment,
        }
    }

    fn later(&mut self, snapshot: u32) -> u32 {
        let room = self.moment.saturating_sub(snapshot) as usize;
        snapshot.saturating_add(self.random.below(room.saturating_add(1)) as u32)
    }

    /// For a register the value, for a list how many elements.
    fn version_at(&self, key: u32, snapshot: u32) -> u32 {
        let versions = self
            .versions
            .get(key as usize)
            .map_or(&[][..], Vec::as_slice);
        let count = versions.partition_point(|version| version.moment < snapshot);
        if self.plan.is_list {
            return count as u32;
        }
        let last = count.checked_sub(1).and_then(|last| versions.get(last));
        last.map_or(0, |version| version.value)
    }

    fn commit(&mut self, replica: usize, own: &[(u32, u32)]) {
        for (key, value) in own {
            if let Some(versions) = self.versions.get_mut(*key as usize) {
                versions.push(Version {
                    moment: self.moment,
                    value: *value,
                });
            }
        }
        let moment = self.moment.saturating_add(1);
        apply(self.replicas.get_mut(replica), moment, own);
        for (other, pending) in self.pending.iter_mut().enumerate() {
            if other != replica {
                pending.push_back((moment, own.to_vec()));
            }
        }
    }

    /// A replica takes in what it lags behind too much, and now and then more. In the order of commits, the past of a
    /// transaction arrives before it.
    fn deliver(&mut self, replica: usize) {
        let Some(pending) = self.pending.get_mut(replica) else {
            return;
        };
        let keeps = self.random.below(self.plan.lag.saturating_add(1));
        while pending.len() > keeps {
            let place = match self.level {
                Consistency::ReadAtomic => self.random.below(pending.len()),
                _ => 0,
            };
            if let Some((moment, writes)) = pending.remove(place) {
                apply(self.replicas.get_mut(replica), moment, &writes);
            }
        }
    }

    fn finish(mut self) -> Transactions {
        let spans = self.spans();
        let mut calls: Vec<u32> = (0..self.drafts.len() as u32).collect();
        calls.sort_by_key(|draft| spans.get(*draft as usize).map(|span| span.0));
        let mut builder = Builder::new();
        let planted = self
            .plan
            .planted
            .map(|planted| planted.drafts(self.plan.is_list));
        let mut planted = planted
            .unwrap_or_default()
            .into_iter()
            .enumerate()
            .peekable();
        let every = self.drafts.len() / 8;
        for (count, draft) in calls.into_iter().enumerate() {
            let (call, end) = spans.get(draft as usize).copied().unwrap_or_default();
            while let Some((_, spoilt)) =
                planted.next_if(|(nth, _)| every.saturating_mul(nth.saturating_add(1)) <= count)
            {
                spoilt.put(&mut builder, self.session_moments.len(), call);
            }
            self.put(&mut builder, draft, call, end);
        }
        let after = u64::from(self.moment)
            .saturating_add(1)
            .saturating_mul(TICKS * 4);
        for (_, spoilt) in planted {
            spoilt.put(&mut builder, self.session_moments.len(), after);
        }
        builder.finish()
    }

    fn put(&self, builder: &mut Builder, draft: u32, call: u64, end: u64) {
        let place = draft as usize;
        let Some(draft) = self.drafts.get(place) else {
            return;
        };
        let before = place
            .checked_sub(1)
            .and_then(|before| self.drafts.get(before));
        let start = before.map_or(0, |before| before.steps_end as usize);
        let steps = self.steps.get(start..draft.steps_end as usize);
        let steps = steps.unwrap_or_default();
        let id = builder.invoke(ProcessId(u64::from(draft.session)), at(call));
        let named = steps.iter().enumerate().map(|(place, step)| {
            let earlier = steps.get(..place).unwrap_or_default();
            self.named(*step, earlier, draft.ending)
        });
        // A transaction just invoked is open, so this cannot be refused.
        let _ = builder.complete(id, draft.ending, Some(at(end)), named);
    }

    fn named(&self, step: Step, earlier: &[Step], ending: Ending) -> MicroOperation {
        let is_heard = ending == Ending::Committed;
        let name = |key: u32| Value::Int(i64::from(key));
        let number = |value: u32| Value::Int(i64::from(value));
        match step {
            Step::Write { key, version } if self.plan.is_list => MicroOperation::Append {
                key: name(key),
                value: number(version),
            },
            Step::Write { key, version } => MicroOperation::Write {
                key: name(key),
                value: number(version),
            },
            Step::Read { key, version } if self.plan.is_list => {
                let versions = self
                    .versions
                    .get(key as usize)
                    .map_or(&[][..], Vec::as_slice);
                let seen = versions.get(..version as usize).unwrap_or_default().iter();
                let own = earlier.iter().filter_map(|step| match step {
                    Step::Write { key: on, version } if *on == key => Some(*version),
                    _ => None,
                });
                let values = seen.map(|version| version.value).chain(own).map(number);
                MicroOperation::ReadList {
                    key: name(key),
                    values: is_heard.then(|| values.collect()),
                }
            }
            Step::Read { key, version } => MicroOperation::Read {
                key: name(key),
                value: is_heard.then(|| match version {
                    0 => Value::Nil,
                    version => number(version),
                }),
            },
        }
    }

    /// Calls and returns: a commit lies between its own, and a session does one thing at a time.
    fn spans(&mut self) -> Vec<(u64, u64)> {
        let mut skews = vec![0; self.session_moments.len()];
        if self.level != Consistency::StrictSerializable && self.plan.level.is_transactional() {
            for skew in &mut skews {
                *skew = (self.random.below(20) as u64).saturating_mul(TICKS);
            }
        }
        let mut last: Vec<Option<(usize, u64)>> = vec![None; skews.len()];
        let mut spans: Vec<(u64, u64)> = Vec::with_capacity(self.drafts.len());
        for draft in &self.drafts {
            let session = draft.session as usize;
            let skew = skews.get(session).copied().unwrap_or(0);
            let commit = draft
                .moment
                .saturating_add(1)
                .saturating_mul(TICKS)
                .saturating_add(skew);
            let mut call = commit.saturating_sub(self.random.below(6 * TICKS as usize) as u64);
            let mut end = commit.saturating_add(self.random.below(6 * TICKS as usize) as u64);
            if let Some(Some((before, commit_before))) = last.get(session).copied() {
                let middle = commit.midpoint(commit_before);
                if let Some((_, end_before)) = spans.get_mut(before) {
                    *end_before = (*end_before).min(middle);
                }
                call = call.max(middle.saturating_add(1));
            }
            end = end.max(commit);
            if let Some(last) = last.get_mut(session) {
                *last = Some((spans.len(), commit));
            }
            spans.push((call, end));
        }
        spans
    }
}

const fn at(position: u64) -> Moment {
    Moment {
        position,
        time_ns: None,
    }
}

fn apply(replica: Option<&mut Vec<(u32, u32)>>, moment: u32, writes: &[(u32, u32)]) {
    let Some(replica) = replica else {
        return;
    };
    for (key, value) in writes {
        if let Some(held) = replica.get_mut(*key as usize)
            && held.0 <= moment
        {
            *held = (moment, *value);
        }
    }
}

fn planted_key(key: char) -> Value {
    Value::from(format!("planted-{key}"))
}
