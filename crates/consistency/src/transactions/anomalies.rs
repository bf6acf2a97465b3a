//! Every anomaly that a history shows, by the name the literature gives it.
//!
//! Names. Of one transaction or one list: *internal*, *thin-air-read*, *G1a* (aborted read), *G1b* (intermediate read),
//! *duplicate-elements*, *incompatible-order*, *torn-append*. Of cycles of dependencies (Adya 1999; Kingsbury and Alvaro 2020),
//! by what they hold: *G0* only ww; *G1c* ww and wr; *G-single* one rw; *G-nonadjacent* several rw, none right after
//! another; *G2-item* several rw. Of these, the best known shapes have names of their own: *lost-update* (two
//! transactions, one key), *long-fork* (rw, wr, rw, wr), *write-skew* (two transactions that each miss the other's
//! write). `-session` or `-realtime` behind a name says that the cycle needs the order of sessions, or of time.
//!
//! What a cycle excludes is not told by its name alone (a G-single whose rw follows a ww is prefix consistent), so
//! each anomaly's own transactions are given to the checkers, weakest level first.

mod cycles;

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};

use super::{
    Transactions, check,
    graph::{Arc, Graph},
    restrict::keep_only,
    strong::{
        chain::order_registers,
        constraints::Constraints,
        explain,
        facts::{Facts, Stop},
        name::Besides,
        open::{Chains, OpenKeys},
        saturate::{Saturated, saturate},
        shrink::with_writers,
    },
};
use crate::{
    Anomaly, Consistency, Edge, Judgement, Limits, NotCheckable, OperationId, UnknownReason,
};
use cycles::{Cycles, Form};

/// Of each name no more than so many are told.
const EACH_MAX: usize = 3;

/// Arcs looked at for each form of cycle.
const STEPS_MAX: u64 = 5_000_000;

/// Larger anomalies are not tried level by level.
const TRIED_MAX: usize = 2_000;

/// An anomaly, and what it rules out.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct FoundAnomaly {
    /// The evidence. It is minimal for `excludes`, where it says so.
    pub anomaly: Anomaly,
    /// The weakest level that these transactions alone break; they break every level that implies it. `None` for an
    /// anomaly too large to try.
    pub excludes: Option<Consistency>,
}

/// What [`anomalies`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Found {
    /// At most three of each name; those that exclude the weakest levels first.
    pub anomalies: Vec<FoundAnomaly>,
    /// Why nothing could be said of the cycles.
    pub not_checkable: Option<NotCheckable>,
    /// What ended the search early, if anything did.
    pub unknown: Option<UnknownReason>,
}

/// Looks for every anomaly with a name: at most three of each.
///
/// None found is no proof: [`check`] is for that. Registers: cycles are those of the order that serializability would
/// force. O(history) for each anomaly, and bounded effort for each form of cycle.
///
/// ```
/// use consistency::{Consistency, Limits, Moment, ProcessId};
/// use consistency::transactions::{Builder, Ending, MicroOperation, anomalies};
///
/// let mut builder = Builder::new();
/// let at = |position| Moment { position, time_ns: None };
/// for (process, seen, key) in [(0, "x", "y"), (1, "y", "x")] {
///     let id = builder.invoke(ProcessId(process), at(process));
///     let steps = [
///         MicroOperation::ReadList { key: seen.into(), values: Some(vec![]) },
///         MicroOperation::Append { key: key.into(), value: 1.into() },
///     ];
///     builder.complete(id, Ending::Committed, Some(at(9)), steps)?;
/// }
/// let found = anomalies(&builder.finish(), &Limits::default(), &mut || true);
/// assert_eq!(found.anomalies.len(), 1);
/// assert_eq!(found.anomalies[0].anomaly.rule.name, "write-skew");
/// assert_eq!(found.anomalies[0].excludes, Some(Consistency::Serializable));
/// # Ok::<(), consistency::Error>(())
/// ```
pub fn anomalies(
    history: &Transactions,
    limits: &Limits,
    keep_going: &mut dyn FnMut() -> bool,
) -> Found {
    let mut gathering = Gathering {
        history,
        limits,
        counts: BTreeMap::new(),
        known: BTreeSet::new(),
        found: Found {
            anomalies: Vec::new(),
            not_checkable: None,
            unknown: None,
        },
    };
    match gathering.run(keep_going) {
        Ok(()) => {}
        Err(Stop::Unknown(reason)) => gathering.found.unknown = Some(reason),
        Err(Stop::NotCheckable(reason)) => gathering.found.not_checkable = Some(reason),
    }
    let mut found = gathering.found;
    found.anomalies.sort_by_key(|found| {
        let strength = found
            .excludes
            .and_then(|level| LEVELS.iter().position(|it| *it == level));
        (
            strength.unwrap_or(LEVELS.len()),
            found.anomaly.operations.len(),
        )
    });
    found
}

/// Weakest first.
const LEVELS: [Consistency; 7] = [
    Consistency::ReadCommitted,
    Consistency::ReadAtomic,
    Consistency::CausalTransactions,
    Consistency::Prefix,
    Consistency::SnapshotIsolation,
    Consistency::Serializable,
    Consistency::StrictSerializable,
];

struct Gathering<'h> {
    history: &'h Transactions,
    limits: &'h Limits,
    counts: BTreeMap<&'static str, usize>,
    found: Found,
    /// The ends of the edges of each cycle found, and its name.
    known: BTreeSet<(&'static str, Vec<(OperationId, OperationId)>)>,
}

impl Gathering<'_> {
    fn run(&mut self, keep_going: &mut dyn FnMut() -> bool) -> Result<(), Stop> {
        let level = Consistency::StrictSerializable;
        let mut facts = Facts::gather(self.history, keep_going)?;
        let faults = core::mem::take(&mut facts.faults);
        facts.pass_over(faults.iter().map(|fault| fault.key));
        for fault in faults {
            if self.wants(fault.kind.rule().name) {
                self.add(*fault.anomaly(self.history), keep_going)?;
            }
        }
        order_registers(&mut facts, level);
        let facts = facts;
        let bytes = Constraints::bytes_expected(&facts, level).saturating_add(facts.bytes());
        if bytes.saturating_mul(2) > self.limits.bytes_max {
            return Err(Stop::Unknown(UnknownReason::MemoryBound));
        }
        let mut constraints = Constraints::new(&facts, level);
        let open = OpenKeys::new(&facts, level);
        if !open.keys.is_empty() {
            let chains = Chains::new(&facts);
            let bytes_max = self.limits.bytes_max / 2;
            let saturated = saturate(
                &facts,
                &mut constraints,
                &open,
                &chains,
                bytes_max,
                keep_going,
            )?;
            if matches!(saturated, Saturated::TooLarge) {
                self.found.unknown = Some(UnknownReason::MemoryBound);
            }
            constraints.inherit();
        }
        self.cycles(&facts, &constraints, keep_going)
    }

    fn cycles(
        &mut self,
        facts: &Facts<'_>,
        constraints: &Constraints<'_, '_>,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> Result<(), Stop> {
        for besides in [Besides::Nothing, Besides::Session, Besides::RealTime] {
            let graph = constraints.graph_by_place(besides);
            let components = graph.components();
            if components.is_empty() {
                continue;
            }
            let mut cycles = Cycles::new(constraints, &graph, &components);
            for form in Form::ALL {
                let ways = shortest(&mut cycles, &graph, &components, form, keep_going)?;
                for way in ways {
                    let (anomaly, rule) = explain::of_cycle(facts, constraints, &graph, way);
                    if self.wants(rule.name) && !self.is_known(&anomaly) {
                        self.add(*anomaly, keep_going)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn wants(&self, name: &'static str) -> bool {
        self.counts.get(name).is_none_or(|count| *count < EACH_MAX)
    }

    /// Whether the same cycle was found from another of its arcs.
    fn is_known(&mut self, anomaly: &Anomaly) -> bool {
        let edges = anomaly.edges.iter();
        let mut ends: Vec<_> = edges.map(|edge| (edge.source, edge.target)).collect();
        ends.sort_unstable();
        !self.known.insert((anomaly.rule.name, ends))
    }

    fn add(
        &mut self,
        mut anomaly: Anomaly,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> Result<(), Stop> {
        if !keep_going() {
            return Err(Stop::Unknown(UnknownReason::Interrupted));
        }
        let count = self.counts.entry(anomaly.rule.name).or_default();
        *count = count.saturating_add(1);
        let mut excludes = None;
        if anomaly.operations.len() <= TRIED_MAX {
            let wider = with_writers(self.history, &anomaly.operations);
            // A smaller core may break another level first.
            let cores = [anomaly.operations.clone(), wider].map(|core| {
                let level = self.weakest(&core, keep_going);
                let place = LEVELS.iter().position(|known| Some(*known) == level);
                (place.unwrap_or(LEVELS.len()), level, core)
            });
            let weakest = cores.into_iter().min_by_key(|(place, ..)| *place);
            if let Some((_, Some(level), core)) = weakest {
                excludes = Some(level);
                (anomaly.operations, anomaly.is_minimal) =
                    self.without_bystanders(core, &anomaly.edges, level, keep_going);
            }
        }
        self.found
            .anomalies
            .push(FoundAnomaly { anomaly, excludes });
        Ok(())
    }

    /// The weakest level that these transactions alone break.
    fn weakest(
        &self,
        core: &[OperationId],
        keep_going: &mut dyn FnMut() -> bool,
    ) -> Option<Consistency> {
        let small = keep_only(self.history, core);
        LEVELS
            .into_iter()
            .find(|level| self.is_broken(&small, *level, keep_going))
    }

    /// Leaves out who is not on the edges and not needed to break the level; whether nobody else could go.
    fn without_bystanders(
        &self,
        core: Vec<OperationId>,
        edges: &[Edge],
        level: Consistency,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> (Vec<OperationId>, bool) {
        let small = keep_only(self.history, &core);
        let cost = small.steps_count().saturating_mul(core.len());
        if cost as u64 > self.limits.shrink_steps_max {
            return (core, false);
        }
        let on_edge = |id: &OperationId| {
            let mut ends = edges.iter().flat_map(|edge| [edge.source, edge.target]);
            ends.any(|end| end == *id)
        };
        let mut kept: Vec<OperationId> = (0..small.len()).map(OperationId).collect();
        let mut is_minimal = true;
        for (place, id) in core.iter().enumerate() {
            let rest = kept.iter().copied().filter(|kept| kept.0 != place);
            let rest: Vec<OperationId> = rest.collect();
            if self.is_broken(&keep_only(&small, &rest), level, keep_going) {
                if on_edge(id) {
                    is_minimal = false;
                } else {
                    kept = rest;
                }
            }
        }
        let kept = kept.iter().filter_map(|kept| core.get(kept.0).copied());
        (kept.collect(), is_minimal)
    }

    fn is_broken(
        &self,
        history: &Transactions,
        level: Consistency,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> bool {
        let limits = Limits {
            shrink_steps_max: 0,
            ..*self.limits
        };
        matches!(
            check(history, level, &limits, keep_going),
            Judgement::Violated(_)
        )
    }
}

/// A few short cycles of the form, the shortest first.
fn shortest(
    cycles: &mut Cycles<'_, '_, '_>,
    graph: &Graph,
    components: &[Vec<u32>],
    form: Form,
    keep_going: &mut dyn FnMut() -> bool,
) -> Result<Vec<Vec<Arc>>, Stop> {
    let mut ways: Vec<Vec<Arc>> = Vec::new();
    let steps_before = cycles.steps;
    'components: for component in components {
        for node in component {
            for first in graph
                .out(*node)
                .filter(|arc| cycles.is_first(*arc, form))
                .collect::<Vec<_>>()
            {
                if !keep_going() {
                    return Err(Stop::Unknown(UnknownReason::Interrupted));
                }
                ways.extend(cycles.through(first, form));
                ways.sort_by_key(Vec::len);
                ways.truncate(8 * EACH_MAX);
                if cycles.steps.wrapping_sub(steps_before) > STEPS_MAX {
                    break 'components;
                }
            }
        }
    }
    Ok(ways)
}
