//! Invariants: the store's promises as functions over replicas, for simulators and explorers.
//!
//! A [`Ledger`] is told what clients asked and heard, and is fed a replica after each of its steps.
//! [`converged`] looks at one moment.
//!
//! ```
//! use consistency::eventual::invariants::{Ledger, converged};
//! use consistency::eventual::{Config, EventualStore};
//! use transport::{NodeId, Recover};
//!
//! let config = Config::new(NodeId(0), [NodeId(0)]).unwrap();
//! let store = EventualStore::recover(&config, vec![]).unwrap();
//! let mut ledger = Ledger::new();
//! ledger.observe(&store).unwrap();
//! ledger.acknowledged_is_durable([&store]).unwrap();
//! converged([&store]).unwrap();
//! ```

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use clocks::{Dot, VectorClock};
use transport::{Bytes, NodeId};

use super::versions::fits;
use super::{Event, EventualStore, Reply, Request, Versions};

/// A promise that was broken, and by whom.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Broken {
    /// A replica forgot a write that it had seen: its clock for a key fell.
    #[error("monotone clock: the clock of {key:?} at {node} went back")]
    ClockWentBack {
        /// The replica.
        node: NodeId,
        /// The key.
        key: Bytes,
    },
    /// Two writes carry one name.
    #[error("one value a dot: {dot} of {key:?} names another value at {node} than before")]
    DotNamesTwo {
        /// The replica that shows the second value.
        node: NodeId,
        /// The key.
        key: Bytes,
        /// The name.
        dot: Dot<usize>,
    },
    /// A value that was replaced or deleted at a replica is there again.
    #[error("no resurrection: {dot} of {key:?} was gone at {node} and is back")]
    Resurrected {
        /// The replica.
        node: NodeId,
        /// The key.
        key: Bytes,
        /// The write that is back.
        dot: Dot<usize>,
    },
    /// A replica has seen a write and no longer shows it, although no write or delete was based on
    /// it.
    #[error(
        "nothing dropped: {node} has seen {dot} of {key:?} and lost it, and nobody replaced it"
    )]
    Dropped {
        /// The replica.
        node: NodeId,
        /// The key.
        key: Bytes,
        /// The write that is missing.
        dot: Dot<usize>,
    },
    /// A replica has seen a write and still shows what that write replaced.
    #[error(
        "replaced stays gone: {node} has seen {by} of {key:?} and still shows {dot}, which it replaced"
    )]
    NotReplaced {
        /// The replica.
        node: NodeId,
        /// The key.
        key: Bytes,
        /// The write that should be gone.
        dot: Dot<usize>,
        /// The write that replaced it.
        by: Dot<usize>,
    },
    /// A write that was acknowledged, or shown to a client, would be lost if every node crashed now.
    #[error("acknowledged is durable: no disk knows {dot} of {key:?}")]
    WriteNotDurable {
        /// The key.
        key: Bytes,
        /// The write.
        dot: Dot<usize>,
    },
    /// An acknowledged delete would be lost if every node crashed now.
    #[error("acknowledged is durable: no disk knows that {context} of {key:?} was deleted")]
    DeleteNotDurable {
        /// The key.
        key: Bytes,
        /// What was deleted.
        context: VectorClock,
    },
    /// Two replicas hold different states when they should be equal.
    #[error("convergence: {first} and {second} differ in {key:?}")]
    Diverged {
        /// One replica.
        first: NodeId,
        /// The other.
        second: NodeId,
        /// The first key in which they differ.
        key: Bytes,
    },
}

impl Broken {
    /// The promise's name, as tools print it.
    ///
    /// ```
    /// use consistency::eventual::invariants::Broken;
    /// use transport::NodeId;
    /// let broken = Broken::ClockWentBack { node: NodeId(1), key: "fruit".into() };
    /// assert_eq!(broken.rule(), "monotone-clock");
    /// ```
    #[must_use]
    pub const fn rule(&self) -> &'static str {
        match self {
            Self::ClockWentBack { .. } => "monotone-clock",
            Self::DotNamesTwo { .. } => "one-value-a-dot",
            Self::Resurrected { .. } => "no-resurrection",
            Self::Dropped { .. } => "nothing-dropped",
            Self::NotReplaced { .. } => "replaced-stays-gone",
            Self::WriteNotDurable { .. } | Self::DeleteNotDurable { .. } => {
                "acknowledged-is-durable"
            }
            Self::Diverged { .. } => "convergence",
        }
    }
}

/// All replicas hold the same keys in the same state. O(keys · replicas).
///
/// # Errors
///
/// [`Broken::Diverged`], with the first key in which the first replica and another differ.
pub fn converged<'a>(replicas: impl IntoIterator<Item = &'a EventualStore>) -> Result<(), Broken> {
    let mut replicas = replicas.into_iter();
    let Some(first) = replicas.next() else {
        return Ok(());
    };
    for second in replicas {
        let (mut ours, mut theirs) = (first.iter(), second.iter());
        loop {
            let key = match (ours.next(), theirs.next()) {
                (None, None) => break,
                (a, b) if a == b => continue,
                (Some((a, _)), Some((b, _))) => a.min(b),
                (Some((key, _)), None) | (None, Some((key, _))) => key,
            };
            return Err(Broken::Diverged {
                first: first.config().id(),
                second: second.config().id(),
                key: key.clone(),
            });
        }
    }
    Ok(())
}

/// What clients asked and heard, every write that was ever visible, and each replica's last state.
///
/// Feeding it a replica costs O(keys), and more only for keys that changed.
///
/// ```
/// use consistency::eventual::invariants::{Broken, Ledger};
/// use consistency::eventual::{Config, EventualStore, KeyVersions, Record, Versions};
/// use transport::{NodeId, Recover, Stored, Token};
/// let config = Config::new(NodeId(0), [NodeId(0)]).unwrap();
/// let mut versions = Versions::new(1)?;
/// versions.put(0, &Default::default(), "apple".into())?;
/// let record = Record::Changed(vec![KeyVersions { key: "fruit".into(), versions }]);
/// let store = EventualStore::recover(&config, vec![Stored { token: Token(1), record }]).unwrap();
/// let mut ledger = Ledger::new();
/// ledger.observe(&store).unwrap();
/// // A replica that forgets, without a crash:
/// let empty = EventualStore::recover(&config, vec![]).unwrap();
/// let (node, key) = (NodeId(0), "fruit".into());
/// assert_eq!(ledger.observe(&empty), Err(Broken::ClockWentBack { node, key }));
/// # Ok::<(), clocks::ClockError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    keys: BTreeMap<Bytes, Known>,
    seen: BTreeMap<NodeId, Seen>,
}

/// A replica as it was last observed.
#[derive(Clone, Debug)]
struct Seen {
    slot: usize,
    keys: BTreeMap<Bytes, Versions>,
}

/// What is known of a key over the whole run.
#[derive(Clone, Debug, Default)]
struct Known {
    /// Every write that was ever visible, with its value.
    writes: BTreeMap<Dot<usize>, Bytes>,
    /// The contexts of all puts and deletes that were asked and not refused, carried out or not, each
    /// with the number of requests.
    asked: Vec<(VectorClock, u64)>,
    /// What acknowledged writes replaced.
    replaced: BTreeMap<Dot<usize>, VectorClock>,
    /// The writes that some client was shown, or that were acknowledged.
    shown: BTreeSet<Dot<usize>>,
    /// The contexts of the deletes that were acknowledged.
    deleted: Vec<VectorClock>,
    /// Writes that somebody asked to replace: they may be gone.
    excused: BTreeSet<Dot<usize>>,
}

impl Known {
    /// The first write that this state has seen and dropped without anybody's asking.
    fn dropped(&mut self, now: &Versions) -> Option<Dot<usize>> {
        let gone = |dot: &&Dot<usize>| now.has_seen(**dot) && now.sibling(**dot).is_none();
        for &dot in self.writes.keys().filter(gone) {
            if self.excused.contains(&dot) {
                continue;
            }
            if !self.asked.iter().any(|(context, _)| context.contains(dot)) {
                return Some(dot);
            }
            self.excused.insert(dot);
        }
        None
    }

    fn asked(&mut self, context: &VectorClock) {
        match self.asked.iter_mut().find(|(known, _)| known == context) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => self.asked.push((context.clone(), 1)),
        }
    }

    /// A refused request was certainly not carried out: it excuses nothing.
    fn refused(&mut self, context: &VectorClock) {
        if let Some(place) = self.asked.iter().position(|(known, _)| known == context) {
            if let Some((_, count)) = self.asked.get_mut(place) {
                *count = count.saturating_sub(1);
                if *count > 0 {
                    return;
                }
            }
            self.asked.swap_remove(place);
            self.excused.clear();
        }
    }
}

impl Ledger {
    /// A ledger of a cluster that has done nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            keys: BTreeMap::new(),
            seen: BTreeMap::new(),
        }
    }

    /// A client hands this request to a node. To be told before the node is stepped with it.
    pub fn asked(&mut self, request: &Request) {
        if let Some(context) = clock_of(request) {
            let known = self.keys.entry(request.key().clone()).or_default();
            known.asked(context);
        }
    }

    /// The client of `request` hears `event`. To be told when the event is released.
    pub fn answered(&mut self, request: &Request, event: &Event) {
        let known = self.keys.entry(request.key().clone()).or_default();
        let reply = match (event, clock_of(request)) {
            (Event::Done { reply, .. }, _) => reply,
            (Event::Refused { .. }, Some(context)) => return known.refused(context),
            (Event::Refused { .. }, None) => return,
        };
        let siblings = reply.versions().siblings().iter();
        known.shown.extend(siblings.map(|sibling| sibling.dot));
        match (reply, clock_of(request)) {
            (Reply::Written { dot, .. }, Some(context)) => {
                known.replaced.insert(*dot, context.clone());
            }
            (Reply::Deleted { .. }, Some(context))
                if !fits(context, 0) && !known.deleted.contains(context) =>
            {
                known.deleted.push(context.clone());
            }
            _ => {}
        }
    }

    /// Judges a replica after one of its steps.
    ///
    /// # Errors
    ///
    /// The first promise that the replica breaks, alone or with what was seen before.
    pub fn observe(&mut self, replica: &EventualStore) -> Result<(), Broken> {
        let node = replica.config().id();
        let slot = replica.config().slot();
        let seen = self.seen.entry(node).or_insert_with(|| Seen {
            slot,
            keys: BTreeMap::new(),
        });
        let before = &mut seen.keys;
        if let Some(key) = before.keys().find(|key| replica.versions(key).is_none()) {
            let key = key.clone();
            return Err(Broken::ClockWentBack { node, key });
        }
        for (key, now) in replica.iter() {
            let last = before.get(key);
            if last == Some(now) {
                continue;
            }
            let known = self.keys.entry(key.clone()).or_default();
            if let Some(last) = last {
                went_back(node, key, last, now)?;
            }
            judge(node, key, known, now)?;
            before.insert(key.clone(), now.clone());
        }
        Ok(())
    }

    /// The node crashed: what it knows may go back to what was durable. The name of a write that
    /// nobody else saw and no client was shown may be given again.
    pub fn forget(&mut self, node: NodeId) {
        let Some(Seen { slot, .. }) = self.seen.remove(&node) else {
            return;
        };
        let others = &self.seen;
        for (key, known) in &mut self.keys {
            let states = || others.values().filter_map(|seen| seen.keys.get(key));
            let shown = &known.shown;
            known.writes.retain(|dot, _| {
                dot.actor != slot
                    || shown.contains(dot)
                    || states().any(|versions| versions.has_seen(*dot))
            });
        }
    }

    /// If every node crashed now, each acknowledged write and delete, and each write that a
    /// client was shown, would still be known somewhere.
    /// `recovered` are the replicas as their durable records would rebuild them.
    ///
    /// That a known write is shown, or was replaced by somebody, is what
    /// [`observe`](Self::observe) judges; it is judged here too, on what is recovered.
    ///
    /// # Errors
    ///
    /// [`Broken::WriteNotDurable`], [`Broken::DeleteNotDurable`], or what a recovered replica breaks by itself.
    pub fn acknowledged_is_durable<'a>(
        &mut self,
        recovered: impl IntoIterator<Item = &'a EventualStore>,
    ) -> Result<(), Broken> {
        let recovered: Vec<&EventualStore> = recovered.into_iter().collect();
        for (key, known) in &mut self.keys {
            let states = recovered
                .iter()
                .filter_map(|replica| Some((replica, replica.versions(key)?)));
            let states: Vec<_> = states.collect();
            for (replica, versions) in &states {
                judge(replica.config().id(), key, known, versions)?;
            }
            let is_known =
                |dot: &Dot<usize>| states.iter().any(|(_, versions)| versions.has_seen(*dot));
            if let Some(&dot) = known.shown.iter().find(|dot| !is_known(dot)) {
                let key = key.clone();
                return Err(Broken::WriteNotDurable { key, dot });
            }
            let holds = |context: &VectorClock, versions: &Versions| {
                context <= versions.context()
                    && versions
                        .siblings()
                        .iter()
                        .all(|sibling| !context.contains(sibling.dot))
            };
            let is_held = |context: &&VectorClock| {
                states.iter().any(|(_, versions)| holds(context, versions))
            };
            if let Some(context) = known.deleted.iter().find(|context| !is_held(context)) {
                return Err(Broken::DeleteNotDurable {
                    key: key.clone(),
                    context: context.clone(),
                });
            }
        }
        Ok(())
    }
}

/// What a request is based on. A context of another key says nothing of this one, and excuses nothing.
fn clock_of(request: &Request) -> Option<&VectorClock> {
    let context = request.context()?;
    context.is_of(request.key()).then(|| context.clock())
}

/// A replica only learns: its clock does not fall, and what was gone stays gone.
fn went_back(node: NodeId, key: &Bytes, last: &Versions, now: &Versions) -> Result<(), Broken> {
    let is_remembered = last.context() <= now.context();
    if !is_remembered {
        let key = key.clone();
        return Err(Broken::ClockWentBack { node, key });
    }
    let is_back = |dot: Dot<usize>| last.has_seen(dot) && last.sibling(dot).is_none();
    match now.siblings().iter().find(|sibling| is_back(sibling.dot)) {
        None => Ok(()),
        Some(sibling) => Err(Broken::Resurrected {
            node,
            key: key.clone(),
            dot: sibling.dot,
        }),
    }
}

/// A state against all that is known of its key.
fn judge(node: NodeId, key: &Bytes, known: &mut Known, now: &Versions) -> Result<(), Broken> {
    for sibling in now.siblings() {
        let dot = sibling.dot;
        let first = known
            .writes
            .entry(dot)
            .or_insert_with(|| sibling.value.clone());
        if *first != sibling.value {
            let key = key.clone();
            return Err(Broken::DotNamesTwo { node, key, dot });
        }
        let replaces = |(by, context): &(&Dot<usize>, &VectorClock)| {
            now.has_seen(**by) && context.contains(dot)
        };
        if let Some((&by, _)) = known.replaced.iter().find(replaces) {
            let key = key.clone();
            return Err(Broken::NotReplaced { node, key, dot, by });
        }
    }
    match known.dropped(now) {
        None => Ok(()),
        Some(dot) => {
            let key = key.clone();
            Err(Broken::Dropped { node, key, dot })
        }
    }
}
