//! Every way to put nodes together with any of, all of and choose, each once.
//!
//! # Rules
//!
//! 1. A *shape* is a tree whose leaves are classes of nodes that cannot be told apart: swapping two of them
//!    changes no figure, so only one of the systems that differ by such swaps is made.
//! 2. A gate `k` of `m` has at least two parts. There is no any-of inside an any-of and no all-of inside an
//!    all-of: they would be one gate. A choose (`1 < k < m`) may stand anywhere.
//! 3. The parts of a gate are in one order: by the least class among the classes of the nodes that no earlier
//!    part holds, then by number. Each multiset of parts comes once that way.
//!
//! So the shapes are the canonical trees, and different trees are different families of quorums: the
//! decomposition of a monotone read-once function into any of, all of and thresholds is unique (its modular
//! decomposition, Möhring and Radermacher 1984; a threshold `1 < k < m` has no proper modules but its parts).
//! Without choose, of distinct nodes, there are 2, 8, 52, 472, 5,504 (the labelled series-parallel networks);
//! with choose 2, 9, 74, 885, 13,684, 258,489, 5,768,538.
//!
//! 4. What a gate costs at least follows from its parts: a cheapest quorum of `k` of `m` is made of the `k`
//!    cheapest parts, and the dual of the gate needs `m - k + 1` of the duals of its parts.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::ControlFlow;

use super::sets::NODES_MAX;

/// How many of each class of nodes.
type Content = [u8; NODES_MAX];

/// The number of a shape.
pub(super) type ShapeId = u32;

/// What is known of a shape without looking at its quorums: of the family itself (reads), and of its dual
/// (writes).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Traits {
    /// The fewest nodes of a quorum.
    pub(super) size: [u8; 2],
    /// The least latency of a quorum: that of its slowest node.
    pub(super) latency_ms: [f64; 2],
    /// How many gates.
    pub(super) gates: u8,
    depth: u8,
}

/// A leaf or a gate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Shape {
    /// Of a gate: how many parts it needs. Of a leaf: 0.
    needed: u8,
    /// Of a gate: how many parts it has. Of a leaf: its class.
    of: u8,
    first: u32,
    pub(super) traits: Traits,
}

impl Traits {
    /// Of a node alone.
    pub(super) const fn of_node(latency_ms: f64) -> Self {
        Self {
            size: [1, 1],
            latency_ms: [latency_ms, latency_ms],
            gates: 0,
            depth: 0,
        }
    }
}

impl Shape {
    const fn is_leaf(self) -> bool {
        self.needed == 0
    }

    const fn is_any(self) -> bool {
        self.needed == 1
    }

    const fn is_all(self) -> bool {
        self.needed == self.of && !self.is_leaf()
    }
}

/// A gate, or a leaf, as seen from outside.
pub(super) enum Seen<'a> {
    /// A node of this class.
    Leaf(usize),
    /// So many of these parts.
    Gate(usize, &'a [ShapeId]),
}

/// Takes a gate: how many parts it needs, its parts and its traits.
pub(super) type Visit<'a, B> = dyn FnMut(usize, &[ShapeId], Traits) -> ControlFlow<B> + 'a;

/// No more shapes are kept: those of eight nodes that all differ, of any depth, would be more.
pub(super) const SHAPES_MAX: usize = 1 << 20;

/// Why not all shapes were made.
pub(super) enum Halt {
    /// The caller wants no more.
    Stopped,
    /// More than [`SHAPES_MAX`] would have to be kept.
    Full,
}

/// Shapes and their parts; a shape comes after its parts.
pub(super) struct Shapes {
    shapes: Vec<Shape>,
    parts: Vec<ShapeId>,
    /// How many nodes of each class there are.
    content: Content,
    /// For each content, by its place, the contents that a next part may have and their shapes.
    options: Vec<Vec<Choice>>,
    depth_max: u8,
}

/// What a part may hold, as the place of a content, and the shapes of it.
#[derive(Clone, Copy)]
struct Choice {
    taken: usize,
    from: ShapeId,
    to: ShapeId,
}

/// A part that is being chosen.
struct Open {
    /// The place of the content that this part and those after it hold.
    left: usize,
    /// Where the first of them would come, if it holds the same least class as the part before.
    least: ShapeId,
    /// Which option is next, and which of its shapes.
    option: usize,
    next: ShapeId,
}

impl Shapes {
    /// All shapes of up to all nodes but one of so many nodes of each class, where a node of a class has the
    /// given latency. Asks now and then whether to go on.
    pub(super) fn below(
        counts: &[usize],
        latencies_ms: &[f64],
        depth_max: usize,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> Result<Self, Halt> {
        let mut content = [0; NODES_MAX];
        for (kept, count) in content.iter_mut().zip(counts) {
            *kept = *count as u8;
        }
        let mut shapes = Self {
            shapes: Vec::new(),
            parts: Vec::new(),
            content,
            options: Vec::new(),
            depth_max: depth_max.min(NODES_MAX) as u8,
        };
        let all = shapes.place(&content);
        let contents: Vec<Content> = (0..=all).map(|place| shapes.content_at(place)).collect();
        let mut ranges: Vec<Choice> = Vec::new();
        ranges.extend((0..=all).map(|taken| Choice {
            taken,
            from: 0,
            to: 0,
        }));
        shapes.options = vec![Vec::new(); all + 1];
        let mut places: Vec<usize> = (1..=all).collect();
        places.sort_by_key(|place| size(contents.get(*place)));
        for place in places {
            let Some(content) = contents.get(place) else {
                continue;
            };
            // The whole is not a part of itself, so it can be offered what is there now.
            let options = options(content, &contents, &ranges);
            if let Some(kept) = shapes.options.get_mut(place) {
                *kept = options;
            }
            if place == all {
                break;
            }
            let from = shapes.shapes.len() as ShapeId;
            match content.iter().position(|count| *count > 0) {
                Some(class) if size(Some(content)) == 1 => {
                    let latency_ms = latencies_ms.get(class).copied().unwrap_or(0.0);
                    shapes.shapes.push(leaf(class, latency_ms));
                }
                _ => shapes.grow(place, keep_going)?,
            }
            let range = Choice {
                taken: place,
                from,
                to: shapes.shapes.len() as ShapeId,
            };
            if let Some(kept) = ranges.get_mut(place) {
                *kept = range;
            }
            if let Some(kept) = shapes.options.get_mut(place) {
                kept.push(range);
            }
        }
        Ok(shapes)
    }

    /// Keeps all gates over one content.
    fn grow(&mut self, place: usize, keep_going: &mut dyn FnMut() -> bool) -> Result<(), Halt> {
        let (mut made, mut parts) = (Vec::new(), Vec::new());
        let base = self.parts.len();
        let room = SHAPES_MAX.saturating_sub(self.shapes.len());
        let depth = self.depth_max.saturating_sub(1);
        let ended = self.gates_of(place, depth, &mut |needed, of, traits| {
            let first = (base + parts.len()) as u32;
            parts.extend_from_slice(of);
            made.push(gate(needed, of.len(), first, traits));
            if made.len() > room {
                return ControlFlow::Break(Halt::Full);
            }
            if made.len() % ASK_EVERY == 0 && !keep_going() {
                return ControlFlow::Break(Halt::Stopped);
            }
            ControlFlow::Continue(())
        });
        if let ControlFlow::Break(halt) = ended {
            return Err(halt);
        }
        self.shapes.append(&mut made);
        self.parts.append(&mut parts);
        Ok(())
    }

    /// Every gate over all nodes: how many parts it needs, its parts and its traits. None for one node.
    pub(super) fn each_of_all<B>(&self, visit: &mut Visit<'_, B>) -> ControlFlow<B> {
        self.gates_of(self.place(&self.content), self.depth_max, visit)
    }

    pub(super) fn traits(&self, shape: ShapeId) -> Option<Traits> {
        Some(self.shapes.get(shape as usize)?.traits)
    }

    pub(super) fn see(&self, shape: ShapeId) -> Option<Seen<'_>> {
        let shape = self.shapes.get(shape as usize)?;
        if shape.is_leaf() {
            return Some(Seen::Leaf(usize::from(shape.of)));
        }
        let first = shape.first as usize;
        let parts = self.parts.get(first..first + usize::from(shape.of))?;
        Some(Seen::Gate(usize::from(shape.needed), parts))
    }

    /// How many shapes are kept; they are numbered from 0, parts first.
    pub(super) fn len(&self) -> usize {
        self.shapes.len()
    }

    /// Every gate of at most this depth over exactly the nodes of one content.
    fn gates_of<B>(&self, whole: usize, depth: u8, visit: &mut Visit<'_, B>) -> ControlFlow<B> {
        if depth == 0 {
            return ControlFlow::Continue(());
        }
        let mut parts: Vec<ShapeId> = Vec::with_capacity(NODES_MAX);
        // At most one for each node.
        let mut open = vec![Open::new(whole, 0)];
        while let Some(now) = open.last_mut() {
            let option = self
                .options
                .get(now.left)
                .and_then(|options| options.get(now.option));
            let Some(option) = option else {
                open.pop();
                parts.pop();
                continue;
            };
            let part = now.next.max(option.from).max(now.least);
            if part >= option.to || option.taken == whole {
                (now.option, now.next) = (now.option + 1, 0);
                continue;
            }
            now.next = part + 1;
            if self.traits(part).is_none_or(|traits| traits.depth >= depth) {
                continue;
            }
            parts.push(part);
            // No digit borrows: what is taken is within what is left.
            let left = now.left.saturating_sub(option.taken);
            if left == 0 {
                self.thresholds(&parts, visit)?;
                parts.pop();
                continue;
            }
            let is_same_class = self.least_class(left) == self.least_class(now.left);
            let least = if is_same_class { part } else { 0 };
            open.push(Open::new(left, least));
        }
        ControlFlow::Continue(())
    }

    fn least_class(&self, place: usize) -> usize {
        let content = self.content_at(place);
        content.iter().position(|count| *count > 0).unwrap_or(0)
    }

    /// Each gate that these parts can stand in.
    fn thresholds<B>(&self, parts: &[ShapeId], visit: &mut Visit<'_, B>) -> ControlFlow<B> {
        let shapes = parts
            .iter()
            .filter_map(|part| self.shapes.get(*part as usize));
        let shapes = shapes.copied();
        let has_any = shapes.clone().any(Shape::is_any);
        let has_all = shapes.clone().any(Shape::is_all);
        let of = parts.len();
        let mut sizes = [[0_u8; NODES_MAX]; 2];
        let mut latencies = [[0.0_f64; NODES_MAX]; 2];
        let mut gates = 1_u8;
        let mut depth = 0;
        for (at, shape) in shapes.enumerate().take(NODES_MAX) {
            for side in 0..2 {
                sizes[side][at] = shape.traits.size[side];
                latencies[side][at] = shape.traits.latency_ms[side];
            }
            gates = gates.saturating_add(shape.traits.gates);
            depth = depth.max(shape.traits.depth);
        }
        let of_all = of.min(NODES_MAX);
        for side in 0..2 {
            sizes[side][..of_all].sort_unstable();
            latencies[side][..of_all].sort_unstable_by(f64::total_cmp);
        }
        for needed in 1..=of_all {
            if needed == 1 && has_any || needed == of && has_all {
                continue;
            }
            let counts = [needed, of_all - needed + 1];
            let size = |side: usize| sizes[side].iter().take(counts[side]).sum();
            let latency = |side: usize| latencies[side][counts[side] - 1];
            let traits = Traits {
                size: [size(0), size(1)],
                latency_ms: [latency(0), latency(1)],
                gates,
                depth: depth + 1,
            };
            visit(needed, parts, traits)?;
        }
        ControlFlow::Continue(())
    }

    /// A number for a content: each class is a digit.
    fn place(&self, content: &Content) -> usize {
        let digits = content.iter().zip(&self.content).rev();
        digits.fold(0, |place, (digit, most)| {
            place * (usize::from(*most) + 1) + usize::from(*digit)
        })
    }

    fn content_at(&self, mut place: usize) -> Content {
        let mut content = [0; NODES_MAX];
        for (digit, most) in content.iter_mut().zip(&self.content) {
            let base = usize::from(*most) + 1;
            *digit = (place % base) as u8;
            place /= base;
        }
        content
    }
}

/// After so many shapes the caller is asked.
const ASK_EVERY: usize = 4_096;

impl Open {
    const fn new(left: usize, least: ShapeId) -> Self {
        Self {
            left,
            least,
            option: 0,
            next: 0,
        }
    }
}

fn size(content: Option<&Content>) -> u8 {
    content.map_or(0, |content| content.iter().sum())
}

/// The contents that fit into this one, without itself, and hold its least class.
fn options(content: &Content, contents: &[Content], ranges: &[Choice]) -> Vec<Choice> {
    let least = content.iter().position(|count| *count > 0).unwrap_or(0);
    let fits = |taken: &Content| {
        let is_within = taken.iter().zip(content).all(|(one, left)| one <= left);
        is_within && taken != content && taken.get(least).is_some_and(|count| *count > 0)
    };
    let both = contents.iter().zip(ranges);
    let fitting = both.filter(|(taken, _)| fits(taken));
    fitting.map(|(_, range)| *range).collect()
}

const fn leaf(class: usize, latency_ms: f64) -> Shape {
    Shape {
        needed: 0,
        of: class as u8,
        first: 0,
        traits: Traits::of_node(latency_ms),
    }
}

const fn gate(needed: usize, of: usize, first: u32, traits: Traits) -> Shape {
    Shape {
        needed: needed as u8,
        of: of as u8,
        first,
        traits,
    }
}
