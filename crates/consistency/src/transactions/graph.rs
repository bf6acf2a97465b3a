//! A directed graph in compressed sparse rows: topological order, strongly connected components, shortest cycles.
//!
//! Everything is iterative: a chain of a million nodes costs heap, not stack. Components are Tarjan's (1972) with the
//! recursion written out as a stack of places; cycles are found by breadth-first search inside one component.

use alloc::{vec, vec::Vec};

/// One edge, with a small label that says what it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Arc {
    pub(crate) source: u32,
    pub(crate) target: u32,
    pub(crate) label: u32,
}

/// Nodes are `0..nodes_count()`; the arcs of a node keep the order in which they were given.
#[derive(Clone, Debug)]
pub(crate) struct Graph {
    starts: Vec<u32>,
    heads: Vec<(u32, u32)>,
}

const NONE: u32 = u32::MAX;

impl Graph {
    /// O(nodes + arcs). An arc that names a node which is not there is left out. At most 2³² - 2 nodes and arcs.
    pub(crate) fn new(nodes: usize, arcs: &[Arc]) -> Self {
        let is_inside = |arc: &&Arc| (arc.source as usize) < nodes && (arc.target as usize) < nodes;
        let mut starts = vec![0_u32; nodes.saturating_add(1)];
        for arc in arcs.iter().filter(is_inside) {
            if let Some(count) = starts.get_mut(arc.source as usize) {
                *count = count.wrapping_add(1);
            }
        }
        // First the ends of the rows; placing from the last arc to the first makes them the beginnings.
        let mut sum = 0_u32;
        for start in &mut starts {
            sum = sum.wrapping_add(*start);
            *start = sum;
        }
        let mut heads = vec![(0, 0); sum as usize];
        for arc in arcs.iter().rev().filter(is_inside) {
            if let Some(start) = starts.get_mut(arc.source as usize) {
                *start = start.wrapping_sub(1);
                if let Some(head) = heads.get_mut(*start as usize) {
                    *head = (arc.target, arc.label);
                }
            }
        }
        Self { starts, heads }
    }

    pub(crate) const fn nodes_count(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// The arcs that leave a node.
    pub(crate) fn out(&self, node: u32) -> impl Iterator<Item = Arc> + '_ {
        self.row(node).iter().map(move |(target, label)| Arc {
            source: node,
            target: *target,
            label: *label,
        })
    }

    /// Every node before those it points to; `None` where there is a cycle. Among the free nodes the one that became
    /// free first comes first, so the order is a function of the graph. O(nodes + arcs).
    pub(crate) fn order(&self) -> Option<Vec<u32>> {
        let mut waits_for = vec![0_u32; self.nodes_count()];
        for (target, _) in &self.heads {
            if let Some(count) = waits_for.get_mut(*target as usize) {
                *count = count.wrapping_add(1);
            }
        }
        let mut order: Vec<u32> = (0_u32..)
            .zip(&waits_for)
            .filter_map(|(node, count)| (*count == 0).then_some(node))
            .collect();
        order.reserve(self.nodes_count().saturating_sub(order.len()));
        let mut next = 0;
        while let Some(node) = order.get(next).copied() {
            next = next.saturating_add(1);
            for (target, _) in self.row(node) {
                if let Some(count) = waits_for.get_mut(*target as usize) {
                    *count = count.wrapping_sub(1);
                    if *count == 0 {
                        order.push(*target);
                    }
                }
            }
        }
        (order.len() == self.nodes_count()).then_some(order)
    }

    /// The strongly connected components that hold a cycle (more than one node, or a node with an arc to itself), each
    /// ascending; successors before predecessors. O(nodes + arcs).
    pub(crate) fn components(&self) -> Vec<Vec<u32>> {
        let mut tarjan = Tarjan::new(self.nodes_count());
        for root in 0..self.nodes_count() as u32 {
            tarjan.visit(self, root);
        }
        tarjan.cyclic
    }

    /// The shortest way from `source` to `target` of at least one arc, by arcs that `is_allowed` lets pass. O(nodes +
    /// arcs).
    pub(crate) fn shortest_path(
        &self,
        source: u32,
        target: u32,
        mut is_allowed: impl FnMut(Arc) -> bool,
    ) -> Option<Vec<Arc>> {
        let mut search = Search::new(self.nodes_count());
        let mut steps = u64::MAX;
        let is_target = |node| node == target;
        search.run(self, source, &is_target, NONE, &mut steps, &mut is_allowed)
    }

    /// The shortest way from `source`, of at least one arc, to any target. O(nodes + arcs).
    pub(crate) fn nearest(&self, source: u32, is_target: impl Fn(u32) -> bool) -> Option<Vec<Arc>> {
        let mut search = Search::new(self.nodes_count());
        let mut steps = u64::MAX;
        search.run(self, source, &is_target, NONE, &mut steps, &mut |_| true)
    }

    /// A shortest cycle within a component of [`Graph::components`], by arcs that `is_allowed` lets pass. Breadth-first
    /// search from each of its nodes, ascending; once `steps_max` arcs were looked at, the shortest so far will do
    /// (the first search always runs to its end). Empty where no cycle is allowed. O(nodes + steps_max + arcs).
    pub(crate) fn shortest_cycle(
        &self,
        component: &[u32],
        steps_max: u64,
        mut is_allowed: impl FnMut(Arc) -> bool,
    ) -> Vec<Arc> {
        let mut search = Search::new(self.nodes_count());
        for node in component {
            if let Some(place) = search.is_outside.get_mut(*node as usize) {
                *place = false;
            }
        }
        let mut best: Vec<Arc> = Vec::new();
        let mut steps = steps_max;
        for node in component {
            if best.len() == 1 || (steps == 0 && !best.is_empty()) {
                break;
            }
            let shorter_than = best.len().try_into().ok().filter(|length| *length > 0);
            let mut endless = u64::MAX;
            let budget = if best.is_empty() {
                &mut endless
            } else {
                &mut steps
            };
            let bound = shorter_than.unwrap_or(NONE);
            let is_home = |target| target == *node;
            let cycle = search.run(self, *node, &is_home, bound, budget, &mut is_allowed);
            best = cycle.unwrap_or(best);
        }
        best
    }

    fn row(&self, node: u32) -> &[(u32, u32)] {
        let start = self.starts.get(node as usize);
        let end = self.starts.get((node as usize).saturating_add(1));
        match (start, end) {
            (Some(start), Some(end)) => self
                .heads
                .get(*start as usize..*end as usize)
                .unwrap_or_default(),
            _ => &[],
        }
    }
}

/// Breadth-first search. The stamps make a new search cheap: nothing is cleared.
struct Search {
    is_outside: Vec<bool>,
    seen: Vec<u32>,
    stamp: u32,
    queue: Vec<(u32, u32)>,
    came_by: Vec<(u32, u32)>,
}

impl Search {
    fn new(nodes: usize) -> Self {
        Self {
            is_outside: vec![true; nodes],
            seen: vec![0; nodes],
            stamp: 0,
            queue: Vec::new(),
            came_by: Vec::new(),
        }
    }

    /// A way of at least one arc and fewer than `shorter_than`. The search stays inside where anything is inside.
    fn run(
        &mut self,
        graph: &Graph,
        source: u32,
        is_target: &dyn Fn(u32) -> bool,
        shorter_than: u32,
        steps: &mut u64,
        is_allowed: &mut impl FnMut(Arc) -> bool,
    ) -> Option<Vec<Arc>> {
        self.stamp = self.stamp.wrapping_add(1);
        let stays_inside = self.is_outside.get(source as usize) == Some(&false);
        self.queue.clear();
        self.came_by.clear();
        self.queue.push((source, 0));
        self.came_by.push((NONE, 0));
        let mut place = 0;
        while let Some((node, depth)) = self.queue.get(place).copied() {
            if depth.saturating_add(1) >= shorter_than {
                return None;
            }
            for arc in graph.out(node) {
                *steps = steps.checked_sub(1)?;
                let is_known = self.seen.get(arc.target as usize) == Some(&self.stamp)
                    || (stays_inside && self.is_outside.get(arc.target as usize) != Some(&false));
                if is_known || !is_allowed(arc) {
                    continue;
                }
                if let Some(seen) = self.seen.get_mut(arc.target as usize) {
                    *seen = self.stamp;
                }
                self.queue.push((arc.target, depth.saturating_add(1)));
                self.came_by.push((place as u32, arc.label));
                if is_target(arc.target) {
                    return Some(self.way_here());
                }
            }
            place = place.saturating_add(1);
        }
        None
    }

    fn way_here(&self) -> Vec<Arc> {
        let mut way = Vec::new();
        let mut place = self.queue.len().saturating_sub(1);
        while let (Some((target, _)), Some((from, label))) =
            (self.queue.get(place), self.came_by.get(place))
        {
            let Some((source, _)) = self.queue.get(*from as usize) else {
                break;
            };
            way.push(Arc {
                source: *source,
                target: *target,
                label: *label,
            });
            place = *from as usize;
        }
        way.reverse();
        way
    }
}

/// Tarjan's algorithm: `low` is the smallest number on the stack that a node is known to reach.
struct Tarjan {
    number: Vec<u32>,
    low: Vec<u32>,
    next_number: u32,
    stack: Vec<u32>,
    /// Node, and the place in its row that comes next.
    frames: Vec<(u32, u32)>,
    cyclic: Vec<Vec<u32>>,
}

/// The number of a node whose component is complete.
const DONE: u32 = NONE - 1;

impl Tarjan {
    fn new(nodes: usize) -> Self {
        Self {
            number: vec![NONE; nodes],
            low: vec![0; nodes],
            next_number: 0,
            stack: Vec::new(),
            frames: Vec::new(),
            cyclic: Vec::new(),
        }
    }

    fn visit(&mut self, graph: &Graph, root: u32) {
        if self.number_of(root) != NONE {
            return;
        }
        self.enter(root);
        while let Some((node, place)) = self.frames.last_mut() {
            let node = *node;
            if let Some((target, _)) = graph.row(node).get(*place as usize) {
                *place = place.wrapping_add(1);
                match self.number_of(*target) {
                    NONE => self.enter(*target),
                    DONE => {}
                    number => self.lower(node, number),
                }
            } else {
                self.frames.pop();
                self.leave(graph, node);
            }
        }
    }

    fn enter(&mut self, node: u32) {
        let number = self.next_number;
        self.next_number = number.wrapping_add(1);
        self.set_number(node, number);
        if let Some(low) = self.low.get_mut(node as usize) {
            *low = number;
        }
        self.stack.push(node);
        self.frames.push((node, 0));
    }

    fn leave(&mut self, graph: &Graph, node: u32) {
        let low = self.low.get(node as usize).copied().unwrap_or(0);
        if let Some((parent, _)) = self.frames.last() {
            self.lower(*parent, low);
        }
        if low != self.number_of(node) {
            return;
        }
        let begin = self.stack.iter().rposition(|other| *other == node);
        let mut component = self.stack.split_off(begin.unwrap_or(0));
        for member in &component {
            self.set_number(*member, DONE);
        }
        if component.len() > 1 || graph.out(node).any(|arc| arc.target == node) {
            component.sort_unstable();
            self.cyclic.push(component);
        }
    }

    fn number_of(&self, node: u32) -> u32 {
        self.number.get(node as usize).copied().unwrap_or(DONE)
    }

    fn set_number(&mut self, node: u32, number: u32) {
        if let Some(place) = self.number.get_mut(node as usize) {
            *place = number;
        }
    }

    fn lower(&mut self, node: u32, number: u32) {
        if let Some(low) = self.low.get_mut(node as usize) {
            *low = number.min(*low);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arcs(pairs: &[(u32, u32)]) -> Vec<Arc> {
        let arc = |(label, (source, target)): (usize, &(u32, u32))| Arc {
            source: *source,
            target: *target,
            label: label as u32,
        };
        pairs.iter().enumerate().map(arc).collect()
    }

    fn random(seed: &mut u64, bound: u32) -> u32 {
        *seed ^= *seed << 13;
        *seed ^= *seed >> 7;
        *seed ^= *seed << 17;
        (*seed % u64::from(bound)) as u32
    }

    #[test]
    fn an_order_keeps_every_arc_and_a_cycle_has_none() {
        let given = arcs(&[(3, 1), (1, 0), (3, 0), (2, 0)]);
        let graph = Graph::new(4, &given);
        assert_eq!(graph.order(), Some(vec![2, 3, 1, 0]));
        assert_eq!(graph.out(3).collect::<Vec<_>>(), [given[0], given[2]]);
        assert!(graph.components().is_empty());
        assert_eq!(Graph::new(2, &arcs(&[(0, 1), (1, 0)])).order(), None);
        assert_eq!(Graph::new(2, &arcs(&[(0, 7), (7, 0)])).out(0).count(), 0);
    }

    #[test]
    fn a_loop_is_a_component_and_the_shortest_cycle() {
        let given = arcs(&[(0, 1), (1, 2), (2, 0), (2, 2), (3, 0)]);
        let graph = Graph::new(4, &given);
        assert_eq!(graph.components(), [[0, 1, 2]]);
        assert_eq!(graph.shortest_cycle(&[0, 1, 2], 100, |_| true), [given[3]]);
        let others = graph.shortest_cycle(&[0, 1, 2], 100, |arc| arc.source != arc.target);
        assert_eq!(others, [given[0], given[1], given[2]]);
        let path = graph.shortest_path(3, 2, |_| true);
        assert_eq!(path, Some(vec![given[4], given[0], given[1]]));
        assert_eq!(graph.nearest(0, |node| node == 3), None);
    }

    #[test]
    fn components_and_cycles_agree_with_reachability_on_random_graphs() {
        let mut seed = 0x5eed_0001;
        let (mut cyclic, mut acyclic) = (0, 0);
        for _ in 0..4_000 {
            let nodes = 1 + random(&mut seed, 7);
            let count = random(&mut seed, 2 * nodes);
            let pairs: Vec<(u32, u32)> = (0..count)
                .map(|_| (random(&mut seed, nodes), random(&mut seed, nodes)))
                .collect();
            let graph = Graph::new(nodes as usize, &arcs(&pairs));
            // Lengths of shortest ways, by Floyd and Warshall.
            let mut far = vec![vec![100; nodes as usize]; nodes as usize];
            for (source, target) in &pairs {
                far[*source as usize][*target as usize] = 1;
            }
            for by in 0..nodes as usize {
                for from in 0..nodes as usize {
                    for to in 0..nodes as usize {
                        far[from][to] = far[from][to].min(far[from][by] + far[by][to]);
                    }
                }
            }
            let components = graph.components();
            for node in 0..nodes {
                let both_ways = |mate: &u32| {
                    let (node, mate) = (node as usize, *mate as usize);
                    far[node][mate] + far[mate][node] < 100
                };
                let mates: Vec<u32> = (0..nodes).filter(both_ways).collect();
                let found = components
                    .iter()
                    .find(|component| component.contains(&node));
                assert_eq!(found.cloned().unwrap_or_default(), mates, "{pairs:?}");
            }
            assert_eq!(graph.order().is_some(), components.is_empty());
            for component in &components {
                let shortest = component
                    .iter()
                    .map(|node| far[*node as usize][*node as usize])
                    .min();
                let cycle = graph.shortest_cycle(component, 10_000, |_| true);
                assert_eq!(Some(cycle.len()), shortest, "{pairs:?}");
                for (arc, next) in cycle.iter().zip(cycle.iter().cycle().skip(1)) {
                    assert_eq!(arc.target, next.source);
                    assert_eq!(pairs[arc.label as usize], (arc.source, arc.target));
                }
            }
            if components.is_empty() {
                acyclic += 1;
            } else {
                cyclic += 1;
            }
        }
        assert!(cyclic > 1_000 && acyclic > 1_000, "{cyclic} {acyclic}");
    }

    #[test]
    fn a_cycle_of_a_million_nodes_does_not_overflow_the_stack() {
        let nodes = 1_000_000;
        let ring: Vec<Arc> = (0..nodes)
            .map(|node| Arc {
                source: node,
                target: (node + 1) % nodes,
                label: 0,
            })
            .collect();
        let graph = Graph::new(nodes as usize, &ring);
        let components = graph.components();
        assert_eq!(components.len(), 1);
        assert_eq!(
            graph.shortest_cycle(&components[0], 1_000, |_| true).len(),
            nodes as usize
        );
        let chain = Graph::new(nodes as usize, &ring[..ring.len() - 1]);
        assert_eq!(chain.order().map(|order| order.len()), Some(nodes as usize));
    }
}
