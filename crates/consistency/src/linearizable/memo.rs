//! The configurations already visited.
//!
//! A configuration is which required operations are placed, how many of each class of optional ones, and the state.
//! The placed required ones are written as `next` (the first of the tail that holds none) and the `missing` ones below
//! it: those were open when the last placed one was called, so an entry is O(open operations), not O(history).
//! Among configurations that agree in required operations and state, one with fewer optional operations taken allows
//! everything the other does, and more: it *covers* it.

use alloc::vec::Vec;

use crate::intern::{Mixer, Slots};
use core::hash::Hasher;

/// Entries in one arena of words: `[link, state, next, missing count, missing.., class count, (class, taken)..]`.
/// `link` leads to an older entry of the same required operations and state (plus one; zero ends).
#[derive(Debug)]
pub(crate) struct Memo {
    words: Vec<u32>,
    slots: Slots,
    heads: Vec<Head>,
    entries: usize,
}

#[derive(Debug)]
struct Head {
    hash: u64,
    entry: u32,
}

/// What is placed, borrowed from the search.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Configuration<'a> {
    pub(crate) state: u32,
    pub(crate) next: u32,
    pub(crate) missing: &'a [u32],
    /// Classes of which some are taken, ascending, with how many.
    pub(crate) taken: &'a [(u32, u32)],
}

impl Memo {
    pub(crate) fn new() -> Self {
        Self {
            words: Vec::new(),
            slots: Slots::new(),
            heads: Vec::new(),
            entries: 0,
        }
    }

    /// Whether the configuration is new; it is then remembered. `false` when a remembered one covers it.
    pub(crate) fn visit(&mut self, configuration: Configuration<'_>) -> bool {
        let mut mixer = Mixer::default();
        mixer.add(u64::from(configuration.state) << 32 | u64::from(configuration.next));
        for index in configuration.missing {
            mixer.add(u64::from(*index));
        }
        let hash = mixer.finish();
        let head = self.slots.find(hash, |head| {
            self.heads
                .get(head as usize)
                .is_some_and(|head| head.hash == hash && self.agrees(head.entry, configuration))
        });
        let Some(head) = head else {
            let number = self.heads.len() as u32;
            let entry = self.push(0, configuration);
            self.heads.push(Head { hash, entry });
            let heads = &self.heads;
            self.slots.insert(hash, number, |other| {
                heads.get(other as usize).map_or(0, |head| head.hash)
            });
            return true;
        };
        let first = self.heads.get(head as usize).map_or(0, |head| head.entry);
        let mut link = first.wrapping_add(1);
        while link != 0 {
            let entry = link.wrapping_sub(1);
            if self.covers(entry, configuration.taken) {
                return false;
            }
            link = self.word(entry, 0);
        }
        let entry = self.push(first.wrapping_add(1), configuration);
        if let Some(head) = self.heads.get_mut(head as usize) {
            head.entry = entry;
        }
        true
    }

    pub(crate) const fn entries(&self) -> usize {
        self.entries
    }

    pub(crate) fn bytes(&self) -> usize {
        let words = self.words.len().saturating_mul(4);
        let heads = self.heads.len().saturating_mul(size_of::<Head>());
        words
            .saturating_add(heads)
            .saturating_add(self.slots.bytes())
    }

    /// Whether the arena nears the end of its 32-bit addresses.
    pub(crate) const fn is_full(&self) -> bool {
        self.words.len() > (u32::MAX / 2) as usize
    }

    fn push(&mut self, link: u32, configuration: Configuration<'_>) -> u32 {
        let entry = self.words.len() as u32;
        self.words.extend([
            link,
            configuration.state,
            configuration.next,
            configuration.missing.len() as u32,
        ]);
        self.words.extend(configuration.missing);
        self.words.push(configuration.taken.len() as u32);
        for (class, count) in configuration.taken {
            self.words.extend([*class, *count]);
        }
        self.entries = self.entries.saturating_add(1);
        entry
    }

    fn word(&self, entry: u32, place: usize) -> u32 {
        self.words
            .get((entry as usize).saturating_add(place))
            .copied()
            .unwrap_or(0)
    }

    fn agrees(&self, entry: u32, configuration: Configuration<'_>) -> bool {
        let start = entry as usize;
        let Some([_, state, next, count]) = self.words.get(start..start.saturating_add(4)) else {
            return false;
        };
        let from = start.saturating_add(4);
        *state == configuration.state
            && *next == configuration.next
            && *count as usize == configuration.missing.len()
            && self.words.get(from..from.saturating_add(*count as usize))
                == Some(configuration.missing)
    }

    /// Whether the entry took no more of any class than `taken`.
    fn covers(&self, entry: u32, taken: &[(u32, u32)]) -> bool {
        let missing = self.word(entry, 3) as usize;
        let from = (entry as usize).saturating_add(5).saturating_add(missing);
        let classes = self.word(entry, missing.saturating_add(4)) as usize;
        let until = from.saturating_add(classes.saturating_mul(2));
        let Some(pairs) = self.words.get(from..until) else {
            return false;
        };
        let mut have = taken.iter();
        pairs.chunks_exact(2).all(|pair| match pair {
            [class, count] => have
                .find(|(other, _)| other >= class)
                .is_some_and(|(other, have)| other == class && have >= count),
            _ => false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at<'a>(state: u32, missing: &'a [u32], taken: &'a [(u32, u32)]) -> Configuration<'a> {
        Configuration {
            state,
            next: 9,
            missing,
            taken,
        }
    }

    #[test]
    fn a_configuration_that_took_fewer_optional_operations_covers_one_that_took_more() {
        let mut memo = Memo::new();
        assert!(memo.visit(at(0, &[3], &[(1, 1)])));
        assert!(!memo.visit(at(0, &[3], &[(1, 1)])), "the same again");
        assert!(!memo.visit(at(0, &[3], &[(0, 2), (1, 1), (7, 1)])), "more");
        assert!(memo.visit(at(0, &[3], &[(0, 1)])), "not comparable");
        assert!(memo.visit(at(2, &[3], &[(0, 2)])));
        assert!(memo.visit(at(2, &[3], &[(0, 1)])), "fewer of one class");
        assert!(memo.visit(at(0, &[3], &[])), "fewer");
        assert!(!memo.visit(at(0, &[3], &[(0, 5)])));
        assert!(memo.visit(at(1, &[3], &[(1, 1)])), "another state");
        assert!(memo.visit(at(0, &[4], &[(1, 1)])), "another one missing");
    }
}
