//! The paper's definitions as they stand there (sections 5.2 and 5.3): trees, relative counts,
//! recursion. Slow and plain, to compare with.

use std::fmt;

use clocks::itc::{Events, Stamp};
use clocks::wire::{Wire, write_u64};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PaperId {
    Zero,
    One,
    Pair(Box<Self>, Box<Self>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PaperEvents {
    Leaf(u64),
    Node(u64, Box<Self>, Box<Self>),
}

impl PaperId {
    fn pair(left: Self, right: Self) -> Self {
        match (&left, &right) {
            (Self::Zero, Self::Zero) => Self::Zero,
            (Self::One, Self::One) => Self::One,
            _ => Self::Pair(Box::new(left), Box::new(right)),
        }
    }

    pub(crate) fn split(&self) -> (Self, Self) {
        use PaperId::{One, Zero};
        match self {
            Zero => (Zero, Zero),
            One => (Self::pair(One, Zero), Self::pair(Zero, One)),
            Self::Pair(l, r) => match (&**l, &**r) {
                (Zero, r) => {
                    let (a, b) = r.split();
                    (Self::pair(Zero, a), Self::pair(Zero, b))
                }
                (l, Zero) => {
                    let (a, b) = l.split();
                    (Self::pair(a, Zero), Self::pair(b, Zero))
                }
                (l, r) => (Self::pair(l.clone(), Zero), Self::pair(Zero, r.clone())),
            },
        }
    }

    pub(crate) fn is_disjoint(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Zero, _) | (_, Self::Zero) => true,
            (Self::Pair(a, b), Self::Pair(c, d)) => a.is_disjoint(c) && b.is_disjoint(d),
            _ => false,
        }
    }

    pub(crate) fn sum(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Zero, i) | (i, Self::Zero) => i.clone(),
            (Self::Pair(a, b), Self::Pair(c, d)) => Self::pair(a.sum(c), b.sum(d)),
            _ => panic!("ids overlap"),
        }
    }
}

impl PaperEvents {
    fn node(n: u64, left: Self, right: Self) -> Self {
        let least = left.min().min(right.min());
        match (&left, &right) {
            (Self::Leaf(a), Self::Leaf(b)) if a == b => Self::Leaf(n + a),
            _ => Self::Node(
                n + least,
                Box::new(left.sink(least)),
                Box::new(right.sink(least)),
            ),
        }
    }

    fn lift(&self, m: u64) -> Self {
        match self {
            Self::Leaf(n) => Self::Leaf(n + m),
            Self::Node(n, l, r) => Self::Node(n + m, l.clone(), r.clone()),
        }
    }

    fn sink(&self, m: u64) -> Self {
        match self {
            Self::Leaf(n) => Self::Leaf(n - m),
            Self::Node(n, l, r) => Self::Node(n - m, l.clone(), r.clone()),
        }
    }

    fn min(&self) -> u64 {
        match self {
            Self::Leaf(n) => *n,
            Self::Node(n, l, r) => n + l.min().min(r.min()),
        }
    }

    fn max(&self) -> u64 {
        match self {
            Self::Leaf(n) => *n,
            Self::Node(n, l, r) => n + l.max().max(r.max()),
        }
    }

    pub(crate) fn at_most(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Leaf(a), _) => *a <= other.top(),
            (Self::Node(a, l, r), Self::Leaf(b)) => {
                a <= b && l.lift(*a).at_most(other) && r.lift(*a).at_most(other)
            }
            (Self::Node(a, l1, r1), Self::Node(b, l2, r2)) => {
                a <= b && l1.lift(*a).at_most(&l2.lift(*b)) && r1.lift(*a).at_most(&r2.lift(*b))
            }
        }
    }

    /// The number at the root, which in normal form is the smallest count.
    fn top(&self) -> u64 {
        match self {
            Self::Leaf(n) | Self::Node(n, _, _) => *n,
        }
    }

    pub(crate) fn join(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Leaf(a), Self::Leaf(b)) => Self::Leaf(*a.max(b)),
            (Self::Leaf(a), node) => Self::halves(*a).join(node),
            (node, Self::Leaf(b)) => node.join(&Self::halves(*b)),
            (Self::Node(a, l1, r1), Self::Node(b, l2, r2)) => {
                if a > b {
                    return other.join(self);
                }
                let d = b - a;
                Self::node(*a, l1.join(&l2.lift(d)), r1.join(&r2.lift(d)))
            }
        }
    }

    fn halves(n: u64) -> Self {
        Self::Node(n, Box::new(Self::Leaf(0)), Box::new(Self::Leaf(0)))
    }

    pub(crate) fn event(&self, id: &PaperId) -> Self {
        let filled = self.fill(id);
        if filled == *self {
            self.grow(id).0
        } else {
            filled
        }
    }

    fn fill(&self, id: &PaperId) -> Self {
        match (id, self) {
            (PaperId::Zero, _) => self.clone(),
            (PaperId::One, _) => Self::Leaf(self.max()),
            (_, Self::Leaf(n)) => Self::Leaf(*n),
            (PaperId::Pair(il, ir), Self::Node(n, el, er)) => match (&**il, &**ir) {
                (PaperId::One, ir) => {
                    let right = er.fill(ir);
                    Self::node(*n, Self::Leaf(el.max().max(right.min())), right)
                }
                (il, PaperId::One) => {
                    let left = el.fill(il);
                    let right = Self::Leaf(er.max().max(left.min()));
                    Self::node(*n, left, right)
                }
                (il, ir) => Self::node(*n, el.fill(il), er.fill(ir)),
            },
        }
    }

    fn grow(&self, id: &PaperId) -> (Self, u64) {
        const EXPANSION: u64 = 1 << 20;
        match (id, self) {
            (PaperId::One, Self::Leaf(n)) => (Self::Leaf(n + 1), 0),
            (_, Self::Leaf(n)) => {
                let (grown, cost) = Self::halves(*n).grow(id);
                (grown, cost + EXPANSION)
            }
            (PaperId::Pair(il, ir), Self::Node(n, el, er)) => {
                let left = (**il != PaperId::Zero).then(|| el.grow(il));
                let right = (**ir != PaperId::Zero).then(|| er.grow(ir));
                match (left, right) {
                    (Some((l, cl)), Some((_, cr))) if cl < cr => {
                        (Self::Node(*n, Box::new(l), er.clone()), cl + 1)
                    }
                    (Some((l, cl)), None) => (Self::Node(*n, Box::new(l), er.clone()), cl + 1),
                    (_, Some((r, cr))) => (Self::Node(*n, el.clone(), Box::new(r)), cr + 1),
                    (None, None) => panic!("nothing is owned"),
                }
            }
            _ => panic!("fill comes before grow"),
        }
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, above: u64) -> fmt::Result {
        match self {
            Self::Leaf(n) => write!(f, "{}", above + n),
            Self::Node(n, l, r) => {
                f.write_str("(")?;
                l.write(f, above + n)?;
                f.write_str(", ")?;
                r.write(f, above + n)?;
                f.write_str(")")
            }
        }
    }

    fn counts(&self, above: u64, out: &mut Vec<u64>) {
        match self {
            Self::Leaf(n) => out.push(above + n),
            Self::Node(n, l, r) => {
                l.counts(above + n, out);
                r.counts(above + n, out);
            }
        }
    }

    fn shape(&self, bits: &mut Vec<bool>) {
        match self {
            Self::Leaf(_) => bits.push(false),
            Self::Node(_, l, r) => {
                bits.push(true);
                l.shape(bits);
                r.shape(bits);
            }
        }
    }
}

impl fmt::Display for PaperId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Zero => f.write_str("0"),
            Self::One => f.write_str("1"),
            Self::Pair(l, r) => write!(f, "({l}, {r})"),
        }
    }
}

/// With whole counts at the leaves, as this crate writes them.
impl fmt::Display for PaperEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, 0)
    }
}

/// Every id up to a depth, but for the anonymous one.
pub(crate) fn ids(depth: usize) -> Vec<PaperId> {
    let mut all = vec![PaperId::Zero, PaperId::One];
    for _ in 0..depth {
        let mut next = all.clone();
        for l in &all {
            for r in &all {
                let id = PaperId::pair(l.clone(), r.clone());
                if !next.contains(&id) {
                    next.push(id);
                }
            }
        }
        all = next;
    }
    all.retain(|id| *id != PaperId::Zero);
    all
}

/// Every event tree up to a depth, with counts up to `count_max`.
pub(crate) fn events(depth: usize, count_max: u64) -> Vec<PaperEvents> {
    let mut all: Vec<PaperEvents> = (0..=count_max).map(PaperEvents::Leaf).collect();
    for _ in 0..depth {
        let mut next = all.clone();
        for l in &all {
            for r in &all {
                let tree = PaperEvents::node(0, l.clone(), r.clone());
                if !next.contains(&tree) {
                    next.push(tree);
                }
            }
        }
        all = next;
    }
    all
}

/// The compact form, written independently of the crate.
pub(crate) fn pack(bits: &[bool]) -> Vec<u8> {
    let byte = |bits: &[bool]| {
        let weighed = bits.iter().enumerate().map(|(i, &bit)| u8::from(bit) << i);
        weighed.sum()
    };
    bits.chunks(8).map(byte).collect()
}

pub(crate) fn events_bytes(events: &PaperEvents) -> Vec<u8> {
    let (mut bits, mut counts) = (Vec::new(), Vec::new());
    events.shape(&mut bits);
    events.counts(0, &mut counts);
    let mut bytes = pack(&bits);
    let min = events.min();
    write_u64(min, &mut bytes);
    for count in counts {
        write_u64(count - min, &mut bytes);
    }
    bytes
}

fn id_bits(id: &PaperId, bits: &mut Vec<bool>) {
    match id {
        PaperId::Zero => bits.extend([false, false]),
        PaperId::One => bits.extend([false, true]),
        PaperId::Pair(l, r) => {
            bits.push(true);
            id_bits(l, bits);
            id_bits(r, bits);
        }
    }
}

pub(crate) fn decoded(events: &PaperEvents) -> Events {
    Events::from_bytes(&events_bytes(events)).unwrap()
}

pub(crate) fn stamp(id: &PaperId, events: &PaperEvents) -> Stamp {
    let mut bits = Vec::new();
    id_bits(id, &mut bits);
    let mut bytes = pack(&bits);
    bytes.extend(events_bytes(events));
    Stamp::from_bytes(&bytes).unwrap()
}
