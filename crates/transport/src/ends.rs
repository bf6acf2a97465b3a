//! The end of a request: which request an event is the last word on.

use crate::RequestId;

/// An event of a process, as far as everybody must understand it: rule 3 of
/// [`Process`](crate::Process) says that each request gets exactly one final event, and this tells
/// which events are final. Whoever counts them can hold any process to its word.
///
/// ```
/// use transport::{Ends, RequestId};
///
/// enum Event {
///     Stored { id: RequestId },
///     LeaderChanged,
/// }
///
/// impl Ends for Event {
///     fn ends(&self) -> Option<RequestId> {
///         match self {
///             Self::Stored { id } => Some(*id),
///             Self::LeaderChanged => None,
///         }
///     }
/// }
///
/// assert_eq!(Event::Stored { id: RequestId(7) }.ends(), Some(RequestId(7)));
/// assert_eq!(Event::LeaderChanged.ends(), None);
/// ```
pub trait Ends {
    /// The request that this event ends, if it ends one. A refusal ends the request that was refused,
    /// not an earlier one of the same name.
    fn ends(&self) -> Option<RequestId>;
}

/// The event of a process that tells its client nothing.
impl Ends for () {
    fn ends(&self) -> Option<RequestId> {
        None
    }
}
