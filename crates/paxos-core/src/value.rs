//! What nodes can agree on.

use alloc::vec::Vec;
use core::mem::size_of_val;

/// A value that nodes agree on. A clone should be cheap: share large contents.
///
/// ```
/// use paxos_core::Value;
/// #[derive(Clone, Eq, PartialEq)]
/// struct Leader(u32);
/// impl Value for Leader {}
/// assert_eq!(Leader(7).weight_bytes(), 4);
/// ```
pub trait Value: Clone + Eq {
    /// About how many bytes the value takes on a wire.
    fn weight_bytes(&self) -> usize {
        size_of_val(self)
    }
}

impl Value for () {}
impl Value for bool {}
impl Value for u8 {}
impl Value for u32 {}
impl Value for u64 {}

impl Value for transport::Bytes {
    fn weight_bytes(&self) -> usize {
        self.len()
    }
}

impl Value for Vec<u8> {
    fn weight_bytes(&self) -> usize {
        self.len()
    }
}
