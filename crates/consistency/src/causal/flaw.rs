//! What an examination found wrong, in nodes, and shortest ways through the order.

use alloc::{vec, vec::Vec};

use super::{
    graph::{Graph, THIN_AIR},
    order::{Chains, NONE},
    rules,
};
use crate::Rule;

/// A rule that was broken.
#[derive(Clone, Debug)]
pub(super) struct Flaw {
    pub(super) rule: Rule,
    /// The argument.
    pub(super) links: Vec<Link>,
    /// Nodes that suffice for it: when all others are taken away, the rule is still broken.
    pub(super) support: Vec<u32>,
}

/// One step of an argument.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    pub(super) source: u32,
    pub(super) target: u32,
    pub(super) why: Why,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// One session did both in this order.
    Session,
    /// The target read what the source wrote.
    Reads,
    /// The source read a version older than the target's, or none.
    Misses,
    /// This node read the target's version though the source's came before it.
    Arbitrated(u32),
    /// The source read a value that nobody wrote.
    ThinAir,
}

impl Flaw {
    /// With the nodes of the argument as its support.
    pub(super) fn new(rule: Rule, links: Vec<Link>) -> Self {
        let mut support = Vec::with_capacity(links.len().saturating_mul(2));
        for link in &links {
            support.extend([link.source, link.target]);
            if let Why::Arbitrated(reader) = link.why {
                support.push(reader);
            }
        }
        let mut flaw = Self {
            rule,
            links,
            support: Vec::new(),
        };
        flaw.rest_on(support);
        flaw
    }

    /// Adds to the support.
    pub(super) fn rest_on(&mut self, nodes: impl IntoIterator<Item = u32>) {
        self.support.extend(nodes);
        self.support.sort_unstable();
        self.support.dedup();
    }
}

/// A read of a value that nobody wrote.
pub(super) fn thin_air(graph: &Graph) -> Option<Flaw> {
    let mut nodes = graph.nodes.iter();
    let node = nodes.position(|node| node.source == THIN_AIR)? as u32;
    let link = Link {
        source: node,
        target: node,
        why: Why::ThinAir,
    };
    Some(Flaw::new(rules::THIN_AIR_READ, vec![link]))
}

/// The edges into a node other than the one from its chain.
pub(super) type Incoming<'a> = dyn FnMut(u32, &mut Vec<(u32, Why)>) + 'a;

/// The edges of causality: from the write that was read, and from the session to its indeterminate write.
pub(super) fn causes(graph: &Graph, node: u32, into: &mut Vec<(u32, Why)>) {
    into.extend(graph.writer(node).map(|source| (source, Why::Reads)));
    into.extend(graph.parent(node).map(|source| (source, Why::Session)));
}

/// A way through the causal order.
pub(super) fn causal_path(graph: &Graph, from: u32, to: u32) -> Option<Vec<Link>> {
    path(graph, from, to, &mut |node, into| causes(graph, node, into))
}

/// A way from one node to another that changes chains as seldom as possible; empty when they are the same. Breadth
/// first, backwards: what comes before a node of a chain is the chain's nodes up to it, each looked at once. O(nodes).
pub(super) fn path(
    graph: &Graph,
    from: u32,
    to: u32,
    incoming: &mut Incoming<'_>,
) -> Option<Vec<Link>> {
    let mut reached = vec![0_u32; graph.chains_count()];
    let mut ways = vec![Way {
        head: to,
        link: None,
        parent: 0,
    }];
    let mut sources = Vec::new();
    let mut at = 0;
    while let Some(way) = ways.get(at) {
        let (chain, place) = graph.place(way.head);
        let known = reached.get_mut(chain as usize)?;
        let newly = *known..place;
        *known = place.max(*known);
        for index in newly.rev() {
            let node = graph.chain(chain).get(index as usize).copied()?;
            if node == from {
                return Some(unwind(&ways, at, from));
            }
            sources.clear();
            incoming(node, &mut sources);
            for (source, why) in &sources {
                let (chain, place) = graph.place(*source);
                if reached.get(chain as usize).is_some_and(|it| *it < place) {
                    ways.push(Way {
                        head: *source,
                        link: Some(Link {
                            source: *source,
                            target: node,
                            why: *why,
                        }),
                        parent: at,
                    });
                }
            }
        }
        at = at.saturating_add(1);
    }
    None
}

struct Way {
    /// The latest node reached by this way.
    head: u32,
    /// The edge that leads out of it.
    link: Option<Link>,
    parent: usize,
}

fn unwind(ways: &[Way], mut at: usize, from: u32) -> Vec<Link> {
    let mut links = Vec::new();
    let mut node = from;
    while let Some(way) = ways.get(at) {
        if node != way.head {
            links.push(Link {
                source: node,
                target: way.head,
                why: Why::Session,
            });
        }
        let Some(link) = way.link else { break };
        links.push(link);
        node = link.target;
        at = way.parent;
    }
    links
}

/// The shortest cycle through one of these edges. O(nodes) for each.
pub(super) fn shortest_cycle(
    graph: &Graph,
    edges: impl IntoIterator<Item = Link>,
    incoming: &mut Incoming<'_>,
) -> Vec<Link> {
    let mut shortest: Option<Vec<Link>> = None;
    for edge in edges {
        let Some(mut links) = path(graph, edge.target, edge.source, incoming) else {
            continue;
        };
        links.insert(0, edge);
        if shortest.as_ref().is_none_or(|it| links.len() < it.len()) {
            shortest = Some(links);
        }
    }
    shortest.unwrap_or_default()
}

/// The edges between chains on one cycle, given how far each chain could be walked: a chain stands before a node of
/// which a source was not walked, and that one's chain stands at or before it.
pub(super) fn stuck_cycle(graph: &Graph, walked: &[u32], incoming: &mut Incoming<'_>) -> Vec<Link> {
    let front = |chain: u32| {
        let at = walked.get(chain as usize).copied().unwrap_or(0);
        graph.chain(chain).get(at as usize).copied()
    };
    let is_walked = |node: u32| {
        let (chain, place) = graph.place(node);
        walked.get(chain as usize).is_some_and(|it| *it >= place)
    };
    let mut seen = vec![NONE; graph.chains_count()];
    let mut trail: Vec<Link> = Vec::new();
    let mut sources = Vec::new();
    let Some(mut chain) = (0..graph.chains_count() as u32).find(|chain| front(*chain).is_some())
    else {
        return trail;
    };
    while let (Some(node), Some(slot)) = (front(chain), seen.get_mut(chain as usize)) {
        if *slot != NONE {
            trail.drain(..*slot as usize);
            return trail;
        }
        *slot = trail.len() as u32;
        sources.clear();
        incoming(node, &mut sources);
        let Some((source, why)) = sources.iter().find(|(source, _)| !is_walked(*source)) else {
            break;
        };
        trail.push(Link {
            source: *source,
            target: node,
            why: *why,
        });
        chain = graph.place(*source).0;
    }
    Vec::new()
}
