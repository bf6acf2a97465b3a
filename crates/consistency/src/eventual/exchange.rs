//! Comparing two replicas: range-based set reconciliation (Meyer, "Range-based set reconciliation",
//! 2023), over the keys in order.
//!
//! Neither side keeps state: every message carries the question whole, and one that is lost or
//! repeated does no harm.
//!
//! | a part says | this replica holds | so it answers |
//! |---|---|---|
//! | the sum of a span | the same sum | nothing |
//! | the sum of a span | another sum, few keys | its keys there, with their fingerprints |
//! | the sum of a span | another sum, many keys | up to [`SPLIT`] spans of as many keys each, with their sums |
//! | the keys of a span | the same | nothing |
//! | the keys of a span | others, or in another state | its versions of those, and asks for the peer's |
//!
//! Bounds: an answer has at most [`PARTS_MAX`] + 1 parts with at most [`LEAF_KEYS_MAX`] keys each,
//! and one page of versions. What does not fit goes into one last part that spans the rest with its
//! sum, so the exchange goes on where it stopped. The first part always gets nearer to its keys, so
//! it ends.
//!
//! Bytes: O(difference · log keys). Work: O(keys) per answer, as sums of spans are not kept.

use alloc::vec::Vec;

use transport::Bytes;

use super::table::Table;
use super::{Config, Content, KeyVersions, Part, Span, Versions};

/// A span that differs is cut into so many.
pub(super) const SPLIT: usize = 16;
/// A span of so many keys is told key by key.
pub(super) const LEAF_KEYS_MAX: usize = 16;
/// The parts of an answer, without the last one that spans the rest.
pub(super) const PARTS_MAX: usize = 64;

/// What to answer to a comparison.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) parts: Vec<Part>,
    pub(super) page: Page,
}

/// Whether the parts are in order and apart, and their keys in order and inside: then the work is
/// bounded by the table and the message.
pub(super) fn is_sound(parts: &[Part]) -> bool {
    let apart = parts.windows(2).all(|pair| match pair {
        [a, b] => a.span.to.as_ref().is_some_and(|to| *to <= b.span.from),
        _ => true,
    });
    apart
        && parts.iter().all(|part| match &part.content {
            Content::Sum(_) => !part.span.is_empty(),
            Content::Keys(keys) => {
                !part.span.is_empty()
                    && keys.iter().all(|(key, _)| part.span.contains(key))
                    && keys
                        .windows(2)
                        .all(|pair| matches!(pair, [(a, _), (b, _)] if a < b))
            }
        })
}

/// The answer to a sound comparison.
pub(super) fn answer(table: &Table, config: &Config, parts: &[Part]) -> Answer {
    let mut answer = Answer::default();
    let end = parts.last().and_then(|part| part.span.to.clone());
    for part in parts {
        let is_full = answer.parts.len() + SPLIT > PARTS_MAX;
        let stopped_at = if is_full {
            Some(part.span.from.clone())
        } else {
            match &part.content {
                Content::Sum(sum) => {
                    narrow(table, &part.span, *sum, &mut answer.parts);
                    None
                }
                Content::Keys(keys) => answer.repair(table, config, &part.span, keys),
            }
        };
        if let Some(from) = stopped_at {
            let rest = Span { from, to: end };
            let sum = Content::Sum(table.fingerprint(&rest));
            answer.parts.push(Part {
                span: rest,
                content: sum,
            });
            break;
        }
    }
    answer
}

/// Looks closer at a span whose sum at the peer is `theirs`.
fn narrow(table: &Table, span: &Span, theirs: u64, parts: &mut Vec<Part>) {
    if table.fingerprint(span) == theirs {
        return;
    }
    let count = table.span(span).count();
    if count <= LEAF_KEYS_MAX {
        let keys = table.span(span);
        let keys = keys.map(|(key, fingerprint)| (key.clone(), fingerprint));
        parts.push(Part {
            span: span.clone(),
            content: Content::Keys(keys.collect()),
        });
        return;
    }
    let share = count.div_ceil(SPLIT);
    let mut from = span.from.clone();
    let mut sum = 0_u64;
    for (place, (key, fingerprint)) in table.span(span).enumerate() {
        if place > 0 && place % share == 0 {
            let to = Some(key.clone());
            let closed = Span { from, to };
            parts.push(Part {
                span: closed,
                content: Content::Sum(sum),
            });
            (from, sum) = (key.clone(), 0);
        }
        sum = sum.wrapping_add(fingerprint);
    }
    let to = span.to.clone();
    parts.push(Part {
        span: Span { from, to },
        content: Content::Sum(sum),
    });
}

impl Answer {
    /// Sends this replica's versions of what differs. Returns where the page was full, if it was.
    fn repair(
        &mut self,
        table: &Table,
        config: &Config,
        span: &Span,
        theirs: &[(Bytes, u64)],
    ) -> Option<Bytes> {
        let mut ours = table.span(span).peekable();
        let mut theirs = theirs.iter().peekable();
        loop {
            let (our_key, their_key) = (ours.peek().copied(), theirs.peek().copied());
            let (key, differs) = match (our_key, their_key) {
                (None, None) => return None,
                (Some((a, sum)), Some((b, their_sum))) if a == b => (a, sum != *their_sum),
                (Some((a, _)), Some((b, _))) => (a.min(b), true),
                (Some((key, _)), None) | (None, Some((key, _))) => (key, true),
            };
            if differs && !self.push(table, config, key) {
                return Some(key.clone());
            }
            let _ = ours.next_if(|(our_key, _)| *our_key == key);
            let _ = theirs.next_if(|(their_key, _)| their_key == key);
        }
    }

    /// `false`: the page is full.
    fn push(&mut self, table: &Table, config: &Config, key: &Bytes) -> bool {
        let versions = match table.get(key) {
            Some(versions) => versions.clone(),
            None => match Versions::new(config.members().len()) {
                Ok(unwritten) => unwritten,
                Err(_) => return true,
            },
        };
        let key = key.clone();
        self.page.push(KeyVersions { key, versions }, config)
    }
}

/// Keys for one message, within the limits of a page.
#[derive(Debug, Default)]
pub(super) struct Page {
    items: Vec<KeyVersions>,
    bytes: usize,
}

impl Page {
    /// Appends `item`; `false`, and nothing, when the page is full. The first always fits.
    pub(super) fn push(&mut self, item: KeyVersions, config: &Config) -> bool {
        let bytes = self.bytes.saturating_add(weight_bytes(&item));
        let is_full = self.items.len() >= config.page_keys_max || bytes > config.page_bytes_max;
        if is_full && !self.items.is_empty() {
            return false;
        }
        self.bytes = bytes;
        self.items.push(item);
        true
    }

    pub(super) fn into_items(self) -> Vec<KeyVersions> {
        self.items
    }
}

/// About how many bytes a key and its versions take on a wire.
fn weight_bytes(item: &KeyVersions) -> usize {
    const DOT_BYTES: usize = 16;
    let clock = item.versions.context().slots().saturating_mul(8);
    let values = item.versions.values();
    values.fold(item.key.len().saturating_add(clock), |sum, value| {
        sum.saturating_add(value.len()).saturating_add(DOT_BYTES)
    })
}
