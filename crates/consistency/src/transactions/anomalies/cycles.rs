//! Cycles of a wanted form: breadth-first search over nodes and what was met on the way.
//!
//! A cycle of a form is looked for from each arc that such a cycle must hold (a *wr* for G1c, an *rw* for G-single and
//! the rest): the shortest way from its target back to its source that the form lets pass. Since the way to a node may
//! or may not have met a second rw, or just passed one, each node is visited in up to four states.

use alloc::{vec, vec::Vec};

use crate::transactions::{
    graph::{Arc, Graph},
    strong::{
        constraints::{Constraints, Kind},
        rows::{NONE, at, put},
    },
};

/// What a cycle may and must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Only ww.
    Writes,
    /// A wr, and ww and wr.
    Flow,
    /// One rw, and ww and wr.
    Single,
    /// Two rw or more, none right after another.
    Nonadjacent,
    /// Two rw or more.
    Several,
}

impl Form {
    pub(super) const ALL: [Self; 5] = [
        Self::Writes,
        Self::Flow,
        Self::Single,
        Self::Nonadjacent,
        Self::Several,
    ];

    const fn first(self) -> Kind {
        match self {
            Self::Writes => Kind::Overwrites,
            Self::Flow => Kind::ReadsFrom,
            _ => Kind::Misses,
        }
    }

    /// A cycle without a missed write may hold what follows one that may have been missed.
    fn begins_with(self, kind: Kind) -> bool {
        kind == self.first() || (kind == Kind::Follows && self.first() == Kind::Misses)
    }

    /// The state after one more arc, or `None` where the form forbids it.
    fn step(self, state: u8, kind: Kind) -> Option<u8> {
        let met = state & SECOND;
        match kind {
            Kind::Session | Kind::RealTime | Kind::Overwrites | Kind::Own => Some(met),
            Kind::Follows => (self.first() == Kind::Misses).then_some(met),
            Kind::ReadsFrom => (self != Self::Writes).then_some(met),
            Kind::Misses => match self {
                Self::Nonadjacent if state & JUST == 0 => Some(SECOND | JUST),
                Self::Several => Some(SECOND | JUST),
                _ => None,
            },
        }
    }

    const fn is_closed(self, state: u8) -> bool {
        match self {
            Self::Nonadjacent => state == SECOND,
            Self::Several => state & SECOND != 0,
            _ => true,
        }
    }
}

/// A second rw was met.
const SECOND: u8 = 1;
/// The arc before was an rw.
const JUST: u8 = 2;

/// The search; its tables serve every arc.
#[derive(Debug)]
pub(super) struct Cycles<'c, 'f, 'a> {
    constraints: &'c Constraints<'f, 'a>,
    graph: &'c Graph,
    /// For each node its component, or [`NONE`].
    component_of: Vec<u32>,
    /// For each node and state the search that came by.
    seen: Vec<u32>,
    search: u32,
    queue: Vec<(u32, u8)>,
    came_by: Vec<(u32, Arc)>,
    pub(super) steps: u64,
}

impl<'c, 'f, 'a> Cycles<'c, 'f, 'a> {
    /// `graph` is that of the constraints, its labels the places of their arcs.
    pub(super) fn new(
        constraints: &'c Constraints<'f, 'a>,
        graph: &'c Graph,
        components: &[Vec<u32>],
    ) -> Self {
        let mut component_of = vec![NONE; graph.nodes_count()];
        for (number, component) in (0_u32..).zip(components) {
            for node in component {
                put(&mut component_of, *node, number);
            }
        }
        Self {
            constraints,
            graph,
            component_of,
            seen: vec![0; graph.nodes_count().saturating_mul(4)],
            search: 0,
            queue: Vec::new(),
            came_by: Vec::new(),
            steps: 0,
        }
    }

    /// Whether a cycle of this form may begin with this arc.
    pub(super) fn is_first(&self, arc: Arc, form: Form) -> bool {
        self.constraints.nodes.transaction(arc.source).is_some()
            && form.begins_with(Kind::of(self.constraints.label(arc)))
            && at(&self.component_of, arc.source) == at(&self.component_of, arc.target)
            && at(&self.component_of, arc.source) != NONE
    }

    /// A shortest cycle of the form that begins with this arc; none that meets a transaction twice.
    pub(super) fn through(&mut self, first: Arc, form: Form) -> Option<Vec<Arc>> {
        let nodes = self.constraints.nodes;
        let component = at(&self.component_of, first.source);
        self.search = self.search.wrapping_add(1);
        self.queue.clear();
        self.came_by.clear();
        let state = if form.first() == Kind::Misses {
            JUST
        } else {
            0
        };
        self.queue.push((first.target, state));
        self.came_by.push((NONE, first));
        let mut place = 0;
        while let Some((node, state)) = self.queue.get(place).copied() {
            for arc in self.graph.out(node) {
                self.steps = self.steps.wrapping_add(1);
                if at(&self.component_of, arc.target) != component {
                    continue;
                }
                // What leaves a hub goes on with what led there.
                let kind = Kind::of(self.constraints.label(arc));
                let state = match nodes.transaction(node) {
                    Some(_) => form.step(state, kind),
                    None => Some(state),
                };
                let Some(state) = state else { continue };
                let is_end = arc.target == first.source;
                if is_end && !form.is_closed(state) {
                    continue;
                }
                let mark = arc.target.wrapping_mul(4).wrapping_add(u32::from(state));
                if at(&self.seen, mark) == self.search {
                    continue;
                }
                put(&mut self.seen, mark, self.search);
                self.queue.push((arc.target, state));
                self.came_by.push((place as u32, arc));
                if is_end {
                    return self.way_here();
                }
            }
            place = place.saturating_add(1);
        }
        None
    }

    fn way_here(&self) -> Option<Vec<Arc>> {
        let mut way = Vec::new();
        let mut place = self.came_by.len().saturating_sub(1);
        while let Some((from, arc)) = self.came_by.get(place) {
            way.push(*arc);
            place = *from as usize;
        }
        way.reverse();
        let mut sources: Vec<u32> = way.iter().map(|arc| arc.source).collect();
        sources.sort_unstable();
        let nodes = self.constraints.nodes;
        let transactions = sources.iter().filter_map(|node| nodes.transaction(*node));
        let is_one = transactions.count() < 2;
        let is_simple = sources
            .iter()
            .zip(sources.iter().skip(1))
            .all(|(left, right)| left != right);
        (is_simple && !is_one).then_some(way)
    }
}
