//! Monotone families of sets of few nodes, as truth tables: one bit for each set of nodes.
//!
//! A set of nodes is a number whose bit `i` says whether node `i` is in it; the table has that many bits.
//! What would be a search over lists of quorums is a handful of shifts here.

use alloc::vec::Vec;

/// The most nodes a table is about.
pub(super) const NODES_MAX: usize = 8;

const WORDS: usize = 1 << (NODES_MAX - 6);

/// A set of nodes.
pub(super) type Set = u16;

/// For each of the first six nodes, the sets within one word that do not have it.
const WITHOUT: [u64; 6] = [
    0x5555_5555_5555_5555,
    0x3333_3333_3333_3333,
    0x0f0f_0f0f_0f0f_0f0f,
    0x00ff_00ff_00ff_00ff,
    0x0000_ffff_0000_ffff,
    0x0000_0000_ffff_ffff,
];

/// A family of sets of up to [`NODES_MAX`] nodes. Those above `nodes` make no difference, so the tables
/// of fewer nodes repeat themselves.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Table {
    words: [u64; WORDS],
}

impl Table {
    /// Every set.
    pub(super) const ALL: Self = Self {
        words: [u64::MAX; WORDS],
    };

    /// No set.
    pub(super) const NONE: Self = Self { words: [0; WORDS] };

    /// The sets that have the node.
    pub(super) fn of_node(node: usize) -> Self {
        Self::ALL.without_sets_lacking(node)
    }

    pub(super) fn and(self, other: Self) -> Self {
        self.both(other, |one, other| one & other)
    }

    pub(super) fn or(self, other: Self) -> Self {
        self.both(other, |one, other| one | other)
    }

    fn minus(self, other: Self) -> Self {
        self.both(other, |one, other| one & !other)
    }

    fn both(self, other: Self, join: impl Fn(u64, u64) -> u64) -> Self {
        let mut words = self.words;
        for (word, other) in words.iter_mut().zip(other.words) {
            *word = join(*word, other);
        }
        Self { words }
    }

    /// The sets for which at least `needed` of the families hold.
    pub(super) fn at_least(needed: usize, parts: &[Self]) -> Self {
        // Of the parts so far, where at least so many hold.
        let mut enough = [Self::NONE; NODES_MAX + 1];
        enough[0] = Self::ALL;
        for part in parts {
            for count in (1..=needed.min(NODES_MAX)).rev() {
                let more = enough[count - 1].and(*part);
                enough[count] = enough[count].or(more);
            }
        }
        enough.get(needed).copied().unwrap_or(Self::NONE)
    }

    /// The sets that meet every set of this family: those whose complement is not in it.
    pub(super) fn dual(self) -> Self {
        let mut words = self.words;
        words.reverse();
        Self {
            words: words.map(|word| !word.reverse_bits()),
        }
    }

    /// The sets that are in it even without this node.
    fn spared(self, node: usize) -> Self {
        let mut words = self.words;
        if let Some(without) = WITHOUT.get(node) {
            for word in &mut words {
                let low = *word & without;
                *word = low | (low << (1_u32 << node));
            }
        } else {
            for (at, word) in words.iter_mut().enumerate() {
                let low = at & !(1 << (node - 6));
                *word = self.words.get(low).copied().unwrap_or(0);
            }
        }
        Self { words }
    }

    /// The sets that have the node.
    fn without_sets_lacking(self, node: usize) -> Self {
        let mut words = self.words;
        for (at, word) in words.iter_mut().enumerate() {
            match WITHOUT.get(node) {
                Some(without) => *word &= !without,
                None if at & (1 << (node - 6)) == 0 => *word = 0,
                None => {}
            }
        }
        Self { words }
    }

    /// The sets that are in it whichever `failures` of the nodes are taken away.
    pub(super) fn resilient(self, failures: usize, nodes: usize) -> Self {
        let mut left = self;
        for _ in 0..failures.min(nodes) {
            let before = left;
            for node in 0..nodes {
                left = left.and(before.spared(node));
            }
        }
        left
    }

    /// The sets whose nodes among `these` are in it alone.
    pub(super) fn within(self, these: Set, nodes: usize) -> Self {
        let others = (0..nodes).filter(|node| these & (1 << node) == 0);
        others.fold(self, Self::spared)
    }

    /// The sets that are in it, and without any of their nodes are not.
    pub(super) fn minimal(self, nodes: usize) -> Vec<Set> {
        let mut least = self;
        for node in 0..nodes {
            let larger = self.spared(node).without_sets_lacking(node);
            least = least.minus(larger);
        }
        least.sets(nodes)
    }

    pub(super) fn has(self, set: Set) -> bool {
        let word = self.words.get(usize::from(set) >> 6).copied().unwrap_or(0);
        word >> (set & 63) & 1 == 1
    }

    /// The sets of these nodes, in order.
    pub(super) fn sets(self, nodes: usize) -> Vec<Set> {
        let all = 1_usize << nodes.min(NODES_MAX);
        let mut sets = Vec::new();
        for (at, mut word) in (0..).zip(self.words) {
            while word != 0 {
                let set = at << 6 | word.trailing_zeros();
                if set as usize >= all {
                    return sets;
                }
                sets.push(set as Set);
                word &= word - 1;
            }
        }
        sets
    }
}

/// The nodes of a set, in order.
pub(super) fn nodes_of(set: Set) -> impl Iterator<Item = usize> {
    (0..NODES_MAX).filter(move |node| set >> node & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::{NODES_MAX, Set, Table, nodes_of};
    use alloc::vec::Vec;

    /// A monotone family: the sets with one of the given sets inside.
    fn above(sets: &[Set], nodes: usize) -> Vec<bool> {
        let all = 0..1_u16 << nodes;
        all.map(|set| sets.iter().any(|least| least & set == *least))
            .collect()
    }

    fn table(sets: &[Set]) -> Table {
        let sets = sets.iter().map(|set| {
            nodes_of(*set).fold(Table::ALL, |table, node| table.and(Table::of_node(node)))
        });
        sets.fold(Table::NONE, Table::or)
    }

    fn listed(table: Table, nodes: usize) -> Vec<bool> {
        let sets = table.sets(nodes);
        (0..1_u16 << nodes).map(|set| sets.contains(&set)).collect()
    }

    #[test]
    fn tables_do_what_the_definitions_say_on_every_number_of_nodes() {
        let mut state = 9_u64;
        let mut draw = |below: u64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state % below
        };
        for nodes in 1..=NODES_MAX {
            for _ in 0..20 {
                let all = (1_u64 << nodes) - 1;
                let least: Vec<Set> = (0..=draw(4)).map(|_| 1 + draw(all) as Set).collect();
                let (family, table) = (above(&least, nodes), table(&least));
                assert_eq!(listed(table, nodes), family);
                let all = all as Set;
                let each = |keep: &dyn Fn(Set) -> bool| (0..=all).map(keep).collect::<Vec<bool>>();
                let holds = |set: Set| family[usize::from(set)];
                assert_eq!(listed(table.dual(), nodes), each(&|set| !holds(all & !set)));
                let spared = |set: Set| (0..nodes).all(|node| holds(set & !(1 << node)));
                assert_eq!(listed(table.resilient(1, nodes), nodes), each(&spared));
                let twice = |set: Set| (0..nodes).all(|node| spared(set & !(1 << node)));
                assert_eq!(listed(table.resilient(2, nodes), nodes), each(&twice));
                let these = draw(u64::from(all) + 1) as Set;
                let within = table.within(these, nodes);
                assert_eq!(listed(within, nodes), each(&|set| holds(set & these)));
                let is_least =
                    |set: Set| holds(set) && nodes_of(set).all(|node| !holds(set & !(1 << node)));
                let minimal: Vec<Set> = (0..=all).filter(|set| is_least(*set)).collect();
                assert_eq!(table.minimal(nodes), minimal);
                assert!((0..=all).all(|set| table.has(set) == holds(set)));
            }
        }
    }

    #[test]
    fn at_least_counts_the_parts() {
        let parts: Vec<Table> = (0..5).map(Table::of_node).collect();
        for needed in 1..=5 {
            let sets = Table::at_least(needed, &parts).sets(5);
            let expected = (0..32_u16).filter(|set| set.count_ones() as usize >= needed);
            assert!(sets.into_iter().eq(expected));
        }
    }
}
