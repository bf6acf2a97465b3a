//! Every directed state of the links of up to five nodes, counted by what it leaves.
//!
//! Two states are of one class when a renaming of the nodes that keeps the candidate turns one into the
//! other. A class has the same words everywhere, so one state of it is asked. The classes are found as orbits:
//! states in order, each unseen one with all its images, through tables of ten links each.

use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use super::links::{Links, bit};
use super::rows::availability;
use super::rules::{Answers, Rules};
use super::{PartitionError, Protocol};
use crate::{Availability, CapError, Operation};

/// The most nodes whose states are visited: 1,048,576 states.
const NODES_MAX: u32 = 5;

/// A table holds the images of so many links at a time.
const TABLE_LINKS: usize = 10;

/// The kind of an [`Availability`]. The greater, the more clients are answered.
///
/// ```
/// use cap_model::partition::Word;
/// assert!(Word::Total > Word::Side);
/// assert_eq!(Word::LeaderBound.to_string(), "leader-bound");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Word {
    /// Nobody.
    None,
    /// One node of a side, by its role.
    LeaderBound,
    /// Some nodes of a side.
    Partly,
    /// All nodes of a side, and not all of another.
    Side,
    /// All nodes; who moves may miss something.
    Sticky,
    /// All nodes.
    Total,
}

impl Word {
    /// Every word, the least first.
    pub const ALL: [Self; 6] = [
        Self::None,
        Self::LeaderBound,
        Self::Partly,
        Self::Side,
        Self::Sticky,
        Self::Total,
    ];

    /// The word, as in a file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::LeaderBound => "leader-bound",
            Self::Partly => "partly",
            Self::Side => "side",
            Self::Sticky => "sticky",
            Self::Total => "total",
        }
    }
}

impl From<Availability> for Word {
    fn from(availability: Availability) -> Self {
        match availability {
            Availability::None => Self::None,
            Availability::LeaderBound(_) => Self::LeaderBound,
            Availability::Partly(_) => Self::Partly,
            Availability::Side(_) => Self::Side,
            Availability::Sticky => Self::Sticky,
            Availability::Total => Self::Total,
        }
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Every state of the links, counted.
///
/// ```
/// use cap_model::Operation;
/// use cap_model::partition::{Protocol, Word, link_state_counts};
/// let counts = link_state_counts(&Protocol::partial(3, 2, 2)?)?;
/// // 64 states of the six links, of 16 kinds.
/// assert_eq!((counts.states, counts.classes, counts.renamings), (64, 16, 6));
/// let total = counts.tally(Operation::Update, Word::Total).unwrap();
/// assert_eq!((total.states, total.classes), (10, 3));
/// # Ok::<(), cap_model::partition::PartitionError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LinkStateCounts {
    /// How many nodes.
    pub nodes: u32,
    /// 2^(nodes × (nodes - 1)).
    pub states: u64,
    /// How many up to the renamings.
    pub classes: u64,
    /// How many renamings of the nodes keep the candidate; all n! if all nodes are equal.
    pub renamings: u64,
    /// For each operation and word; a word that no state has is absent.
    pub tallies: Vec<Tally>,
}

/// How many states leave an operation with a word.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Tally {
    /// The operation.
    pub operation: Operation,
    /// The greatest word of any side: what the luckiest clients have.
    pub word: Word,
    /// How many states.
    pub states: u64,
    /// How many classes of them.
    pub classes: u64,
    /// In how many of the pairs of such a state and a node that node is answered.
    pub answered: u64,
}

impl LinkStateCounts {
    /// The count of a word; `None` if no state has it.
    #[must_use]
    pub fn tally(&self, operation: Operation, word: Word) -> Option<&Tally> {
        let mut tallies = self.tallies.iter();
        tallies.find(|tally| tally.operation == operation && tally.word == word)
    }
}

/// Counts every directed state of the links among the candidate's nodes: those up to its greatest replica.
///
/// Cost: O(2^(n(n-1)) · renamings) look-ups and an evaluation for each class; 128 KiB for five nodes.
///
/// # Errors
///
/// A candidate that cannot be, or of more than five nodes.
pub fn link_state_counts(protocol: &Protocol) -> Result<LinkStateCounts, PartitionError> {
    let nodes = protocol.nodes();
    if nodes > NODES_MAX {
        return Err(CapError::TooManyLinks { nodes }.into());
    }
    let rules = Rules::new(protocol, nodes)?;
    let renamings = renamings(&rules, nodes as usize);
    let tables: Vec<Table> = renamings
        .iter()
        .map(|renaming| Table::new(renaming))
        .collect();
    let states = 1_u32 << (nodes * (nodes - 1));
    let mut seen = vec![0_u64; (states as usize).div_ceil(64)];
    let mut links = Links::none(nodes);
    let mut counts = [[Count::default(); Word::ALL.len()]; 2];
    let mut classes = 0;
    for state in 0..states {
        if has(&seen, state) {
            continue;
        }
        let mut orbit = 0;
        for table in &tables {
            orbit += u64::from(insert(&mut seen, table.image(state)));
        }
        classes += 1;
        links.set(state);
        let answers = rules.answers(&links);
        for (operation, counts) in Operation::BOTH.into_iter().zip(&mut counts) {
            let word = word_of(protocol, &mut links, &answers, operation);
            if let Some(count) = counts.get_mut(word as usize) {
                count.states += orbit;
                count.classes += 1;
                count.answered += orbit * u64::from(answers.of(operation).count_ones());
            }
        }
    }
    let tallies = Operation::BOTH
        .into_iter()
        .zip(&counts)
        .flat_map(|(operation, counts)| {
            let counted = Word::ALL
                .into_iter()
                .zip(counts)
                .filter(|(_, count)| count.classes > 0);
            counted.map(move |(word, count)| Tally {
                operation,
                word,
                states: count.states,
                classes: count.classes,
                answered: count.answered,
            })
        });
    Ok(LinkStateCounts {
        nodes,
        states: states.into(),
        classes,
        renamings: renamings.len() as u64,
        tallies: tallies.collect(),
    })
}

#[derive(Clone, Copy, Default)]
struct Count {
    states: u64,
    classes: u64,
    answered: u64,
}

fn word_of(
    protocol: &Protocol,
    links: &mut Links,
    answers: &Answers,
    operation: Operation,
) -> Word {
    let mut greatest = Word::None;
    if answers.of(operation) == 0 {
        return greatest;
    }
    links.sides(|links, side| {
        let word = availability(protocol, links, answers, operation, side).into();
        greatest = greatest.max(word);
    });
    greatest
}

fn has(seen: &[u64], state: u32) -> bool {
    let word = seen.get(state as usize / 64).copied().unwrap_or(u64::MAX);
    word & bit(state as usize) != 0
}

/// Whether it was not there.
fn insert(seen: &mut [u64], state: u32) -> bool {
    let is_new = !has(seen, state);
    if let Some(word) = seen.get_mut(state as usize / 64) {
        *word |= bit(state as usize);
    }
    is_new
}

/// Where a renaming takes each state.
struct Table {
    low: Vec<u32>,
    high: Vec<u32>,
}

impl Table {
    fn new(renaming: &[usize]) -> Self {
        let nodes = renaming.len();
        let place = |from: usize, to: usize| from * (nodes - 1) + to - usize::from(to > from);
        let mut images = Vec::new();
        for (from, &new_from) in renaming.iter().enumerate() {
            for (to, &new_to) in renaming.iter().enumerate() {
                if from != to {
                    images.push(1_u32 << place(new_from, new_to));
                }
            }
        }
        let half = |skipped: usize| -> Vec<u32> {
            let images: Vec<u32> = images
                .iter()
                .copied()
                .skip(skipped)
                .take(TABLE_LINKS)
                .collect();
            let image = |state: u32| {
                let here = images
                    .iter()
                    .enumerate()
                    .filter(|(link, _)| state >> link & 1 == 1);
                here.fold(0, |image, (_, bit)| image | bit)
            };
            (0..1_u32 << images.len()).map(image).collect()
        };
        Self {
            low: half(0),
            high: half(TABLE_LINKS),
        }
    }

    fn image(&self, state: u32) -> u32 {
        let low = self.low.get(state as usize & ((1 << TABLE_LINKS) - 1));
        let high = self.high.get(state as usize >> TABLE_LINKS);
        low.copied().unwrap_or(0) | high.copied().unwrap_or(0)
    }
}

/// The renamings that keep the rules, each as the new place of every node.
fn renamings(rules: &Rules<'_>, nodes: usize) -> Vec<Vec<usize>> {
    let mut kept = Vec::new();
    let mut orders: Vec<Vec<usize>> = Vec::from([Vec::new()]);
    // At most 5! orders.
    while let Some(order) = orders.pop() {
        if order.len() == nodes {
            if rules.are_kept_by(&order, nodes) {
                kept.push(order);
            }
            continue;
        }
        for next in (0..nodes).filter(|next| !order.contains(next)) {
            let mut longer = order.clone();
            longer.push(next);
            orders.push(longer);
        }
    }
    kept
}
