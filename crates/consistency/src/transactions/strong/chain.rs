//! The order of a register's writers, where each of them read the version that it replaced.
//!
//! Under snapshot isolation and above, a writer that read version v of its key is v's next version: whoever wrote
//! between would have had to be in its snapshot. When that links all writers of a key from the initial version on, the
//! key is as good as a list (the "mini-transactions" of Huang and others 2025 are all of this kind). One writer alone
//! is in order at any level.

use alloc::{vec, vec::Vec};

use super::{
    facts::Facts,
    rows::{NONE, at, put},
};
use crate::Consistency;

/// Puts the writers of such registers in order. O(reads log writers).
pub(in crate::transactions) fn order_registers(facts: &mut Facts<'_>, level: Consistency) {
    for key in facts.keys() {
        let is_list = facts.is_list.get(key as usize) == Some(&true);
        let count = facts.writers(key).len();
        if is_list || count == 0 {
            continue;
        }
        if count == 1 {
            put(&mut facts.ordered, key, 1);
        } else if level != Consistency::Prefix
            && let Some(order) = chain(facts, key)
        {
            reorder(facts, key, &order);
        }
    }
}

/// The places of all writers, each the replacer of the one before.
fn chain(facts: &Facts<'_>, key: u32) -> Option<Vec<u32>> {
    let writers = facts.writers(key);
    // The replacer of each version; the initial one's comes first.
    let mut replacers = vec![NONE; writers.len().saturating_add(1)];
    for read in facts.reads.row(key) {
        if let Ok(place) = writers.binary_search(&read.reader) {
            // `NONE` plus one is zero.
            let replacer = replacers.get_mut(read.version.wrapping_add(1) as usize)?;
            if *replacer != NONE {
                return None;
            }
            *replacer = place as u32;
        }
    }
    let mut order = Vec::with_capacity(writers.len());
    let mut version = NONE;
    while order.len() < writers.len() {
        version = at(&replacers, version.wrapping_add(1));
        if version == NONE {
            return None;
        }
        order.push(version);
    }
    Some(order)
}

fn reorder(facts: &mut Facts<'_>, key: u32, order: &[u32]) {
    let old = facts.writers(key).to_vec();
    let start = at(&facts.starts, key);
    let mut places = vec![NONE; old.len()];
    for (place, number) in (0_u32..).zip(order) {
        put(&mut places, *number, place);
        put(
            &mut facts.writers,
            start.wrapping_add(place),
            at(&old, *number),
        );
    }
    for read in facts.reads.row_mut(key) {
        read.version = at(&places, read.version);
    }
    put(&mut facts.ordered, key, order.len() as u32);
}
