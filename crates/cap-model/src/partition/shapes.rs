//! The shapes with a name, for clusters too large to try every state of the links.

use alloc::vec::Vec;

use transport::NodeId;

use crate::{CapError, NODES_MAX, Shape, Side};

/// Up to so many zones, every way to part them in two is a shape; beyond, each alone.
const ZONES_PARTED_MAX: usize = 5;

/// The named shapes of a cluster, each once: whole; halves; a minority at either end; each node alone; each
/// zone alone and every way to part few zones in two; one way, deaf or mute, for a node, a half and
/// each zone; a bridge over the middle; a ring of majorities; stars (quorum loss), constrained elections and a
/// chain.
///
/// A shape that depends on one node is made for every node of up to five, and otherwise for the first
/// and the last. Zones that are empty, or everything, make no shape. O(zones + nodes) shapes.
///
/// # Errors
///
/// No node or more than 64; a zone with a node that the cluster has not.
///
/// ```
/// use cap_model::Side;
/// use cap_model::partition::named_shapes;
/// use transport::NodeId;
/// let zones = [[0, 1], [2, 3], [4, 5]].map(|zone| Side::of(zone.map(NodeId)).unwrap());
/// let names: Vec<String> = named_shapes(6, &zones)?.iter().map(|shape| shape.to_string()).collect();
/// assert_eq!(names[..2], ["whole", "split {n0 n1 n2} | {n3 n4 n5}"]);
/// assert!(names.contains(&"split {n0 n1 n4 n5} | {n2 n3}".into()));
/// assert!(names.contains(&"ring of 5".into()));
/// # Ok::<(), cap_model::CapError>(())
/// ```
pub fn named_shapes(nodes: u32, zones: &[Side]) -> Result<Vec<Shape>, CapError> {
    let all = Side::all(nodes)?;
    for zone in zones {
        if let Some(node) = zone.nodes().find(|&node| !all.contains(node)) {
            return Err(CapError::UnknownNode { node, nodes });
        }
    }
    let first = |count: u32| Side::from_bits(all.bits() & low_bits(count));
    let minority = nodes.saturating_sub(1) / 2;
    let mut sides = Vec::from([first(nodes / 2), first(nodes.div_ceil(2))]);
    sides.extend([first(minority), first(nodes - minority)]);
    sides.extend(all.nodes().map(|node| Side::from_bits(1 << node.0)));
    sides.extend(zones);
    if zones.len() <= ZONES_PARTED_MAX {
        for chosen in 1_u32..1 << zones.len() {
            let chosen = zones
                .iter()
                .enumerate()
                .filter(|(zone, _)| chosen >> zone & 1 == 1);
            sides.push(chosen.fold(Side::EMPTY, |side, (_, zone)| side.union(*zone)));
        }
    }
    let mut shapes = Shapes(Vec::from([Shape::whole(nodes)?]));
    let is_side = |side: &Side| !side.is_empty() && *side != all;
    for side in sides.into_iter().filter(is_side) {
        shapes.add(Shape::split(nodes, side)?);
    }
    let chosen: Vec<NodeId> = match nodes {
        0..=5 => all.nodes().collect(),
        _ => Vec::from([NodeId(0), NodeId(nodes - 1)]),
    };
    let alone = chosen.iter().map(|node| Side::from_bits(1 << node.0));
    let deaf: Vec<Side> = alone
        .chain([first(nodes / 2)])
        .chain(zones.iter().copied())
        .collect();
    for side in deaf.into_iter().filter(is_side) {
        shapes.add(Shape::one_way(nodes, side)?);
        shapes.add(Shape::one_way(nodes, side.complement(nodes))?);
    }
    shapes.add(Shape::bridge(nodes, NodeId(nodes / 2))?);
    shapes.add(Shape::ring(nodes)?);
    if nodes > 3 {
        for &centre in &chosen {
            shapes.add(Shape::star(nodes, centre)?);
            for &lost in chosen.iter().filter(|&&lost| lost != centre) {
                shapes.add(Shape::constrained_election(nodes, centre, lost)?);
            }
        }
        shapes.add(Shape::chain(nodes)?);
    }
    Ok(shapes.0)
}

/// The words of the first `count` nodes.
fn low_bits(count: u32) -> u64 {
    match count {
        0 => 0,
        1..=NODES_MAX => u64::MAX >> (NODES_MAX - count),
        _ => u64::MAX,
    }
}

struct Shapes(Vec<Shape>);

impl Shapes {
    /// Unless its links are those of one that is there.
    fn add(&mut self, shape: Shape) {
        if !self.0.iter().any(|known| known.has_links_of(&shape)) {
            self.0.push(shape);
        }
    }
}
