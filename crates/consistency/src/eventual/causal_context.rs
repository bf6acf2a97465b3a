//! The causal context: what a client has seen of one key.

use clocks::VectorClock;
use transport::Bytes;

use super::KeyVersions;
use super::versions::fits;

/// What a client has seen of a key: it comes with an answer, and goes back with a write that is based
/// on that answer.
///
/// It belongs to its key. With another key it is refused: counters of two keys have nothing to do with
/// each other, and there it would claim writes that are still to come, so that they were dropped when
/// they came. A context is taken on trust otherwise. Who forges one drops writes of its key, those
/// included that nobody has made yet; no forgery keeps replicas apart or ends a node's counter.
///
/// The [`Default`] has seen nothing, of any key: a write with it replaces nothing.
///
/// ```
/// use consistency::eventual::{CausalContext, KeyVersions, Versions};
/// let mut fruit = KeyVersions { key: "fruit".into(), versions: Versions::new(2)? };
/// fruit.versions.put(0, &Default::default(), "apple".into())?;
/// let context = fruit.context();
/// assert!(context.is_of(b"fruit") && !context.is_of(b"herbs"));
/// assert!(CausalContext::default().is_of(b"herbs"));
/// # Ok::<(), clocks::ClockError>(())
/// ```
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub struct CausalContext {
    key: Bytes,
    clock: VectorClock,
}

impl CausalContext {
    /// A context from its parts, for whoever brings contexts to clients and back in a form of their
    /// own. Clients take theirs from [`Reply::context`](super::Reply::context).
    #[must_use]
    pub const fn new(key: Bytes, clock: VectorClock) -> Self {
        Self { key, clock }
    }

    /// The key it was made for; of no meaning when nothing was seen.
    #[must_use]
    pub const fn key(&self) -> &Bytes {
        &self.key
    }

    /// The writes that were seen.
    #[must_use]
    pub const fn clock(&self) -> &VectorClock {
        &self.clock
    }

    /// Whether nothing was seen. O(slots).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        fits(&self.clock, 0)
    }

    /// Whether it goes with this key: it was made for it, or has seen nothing.
    #[must_use]
    pub fn is_of(&self, key: &[u8]) -> bool {
        *self.key == *key || self.is_empty()
    }
}

impl KeyVersions {
    /// What a client hands back with a write that is based on these versions. O(slots).
    #[must_use]
    pub fn context(&self) -> CausalContext {
        CausalContext::new(self.key.clone(), self.versions.context().clone())
    }
}
