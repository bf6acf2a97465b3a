//! What goes into the buffer, and what becomes of it.

use crate::{Dot, VectorClock};

/// A message, who sent it, and what the sender had delivered and sent by then.
///
/// ```
/// use clocks::{CausalMessage, VectorClock};
///
/// let stamp = VectorClock::from_counters(&[1, 0])?;
/// let message = CausalMessage { from: 0, stamp, message: "hello" };
/// assert_eq!(message.dot(), clocks::Dot::new(0, 1));
/// # Ok::<(), clocks::ClockError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CausalMessage<M> {
    /// The slot of the sender.
    pub from: usize,
    /// The sender's clock, this message counted.
    pub stamp: VectorClock,
    /// What the sender said.
    pub message: M,
}

impl<M> CausalMessage<M> {
    /// The event of its sending; nothing if the stamp counts none.
    #[must_use]
    pub fn dot(&self) -> Option<Dot<usize>> {
        Dot::new(self.from, self.stamp.get(self.from))
    }
}

/// What became of a message that was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Receipt<M> {
    /// It can be delivered, and perhaps others that waited for it: call
    /// [`pop`](crate::CausalBuffer::pop) until nothing is left.
    Ready,
    /// It waits for messages that have not come.
    Held,
    /// It was received before: here it is again, to be dropped, or its stamp to be used again.
    Duplicate(CausalMessage<M>),
}
