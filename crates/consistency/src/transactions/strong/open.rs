//! The keys whose writers are in no certain order, and the chains of transactions that are.

use alloc::{vec, vec::Vec};

use super::{
    facts::Facts,
    rows::{NONE, Rows, at, put},
};
use crate::{Consistency, transactions::Ending};

/// Whether the order of this key's loose writers matters. That of appends which nobody read does not, unless two
/// writers of a key must not overlap.
pub(in crate::transactions) fn is_open(facts: &Facts<'_>, level: Consistency, key: u32) -> bool {
    let is_list = facts.is_list.get(key as usize) == Some(&true);
    !facts.is_passed_over(key)
        && facts.loose(key).len() > 1
        && (!is_list || level == Consistency::SnapshotIsolation)
}

/// The open keys, and for each transaction which of them it writes.
#[derive(Debug)]
pub(in crate::transactions) struct OpenKeys {
    pub(in crate::transactions) keys: Vec<u32>,
    /// For each transaction, places in `keys`, and its version there.
    pub(in crate::transactions) written_by: Rows<(u32, u32)>,
}

impl OpenKeys {
    pub(in crate::transactions) fn new(facts: &Facts<'_>, level: Consistency) -> Self {
        let keys: Vec<u32> = facts
            .keys()
            .filter(|key| is_open(facts, level, *key))
            .collect();
        let written_by = Rows::group(facts.history.len(), (NONE, 0), || {
            (0_u32..).zip(&keys).flat_map(|(place, key)| {
                let first = facts.ordered(*key).len() as u32;
                let writers = (first..).zip(facts.loose(*key));
                writers.map(move |(version, writer)| (*writer, (place, version)))
            })
        });
        Self { keys, written_by }
    }
}

/// The transactions that take part, in chains of which each member comes before the next: the committed ones of a
/// session are one, an indeterminate transaction is one by itself.
#[derive(Debug)]
pub(in crate::transactions) struct Chains {
    pub(in crate::transactions) members: Vec<Vec<u32>>,
    /// For each transaction its chain and its place there.
    pub(in crate::transactions) places: Vec<(u32, u32)>,
}

impl Chains {
    pub(in crate::transactions) fn new(facts: &Facts<'_>) -> Self {
        let mut chains = Self {
            members: Vec::new(),
            places: vec![(NONE, NONE); facts.history.len()],
        };
        let mut of_session = vec![NONE; facts.history.sessions_count()];
        let headers = facts.history.headers();
        for (number, takes_part) in (0_u32..).zip(&facts.takes_part) {
            let Some(header) = headers.get(number as usize).filter(|_| *takes_part) else {
                continue;
            };
            let is_committed = header.ending == Ending::Committed;
            let mut chain = if is_committed {
                at(&of_session, header.session)
            } else {
                NONE
            };
            if chain == NONE {
                chain = chains.members.len() as u32;
                chains.members.push(Vec::new());
                if is_committed {
                    put(&mut of_session, header.session, chain);
                }
            }
            if let Some(members) = chains.members.get_mut(chain as usize) {
                if let Some(place) = chains.places.get_mut(number as usize) {
                    *place = (chain, members.len() as u32);
                }
                members.push(number);
            }
        }
        chains
    }
}
