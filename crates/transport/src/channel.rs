//! A network in memory: one bounded channel per node.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;
use core::fmt;
use core::num::NonZeroUsize;
use core::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TryRecvError, TrySendError, bounded};

use crate::{Envelope, NodeId, ReceiveError, SendError, Transport};

/// One node of a network in memory. It may move to a thread of its own.
///
/// Every node has one queue for what its peers send, and one for what it sends itself, each of the
/// same capacity. Envelopes of one source to one target keep their order; none is lost or repeated.
/// A node is disconnected by dropping its endpoint.
///
/// ```
/// use core::num::NonZeroUsize;
/// use transport::{ChannelEndpoint, Envelope, NodeId, ReceiveError, SendError, Transport};
///
/// let capacity = NonZeroUsize::MIN;
/// let mut network = ChannelEndpoint::network([NodeId(1), NodeId(2)], capacity).into_iter();
/// let (mut one, mut two) = (network.next().unwrap(), network.next().unwrap());
/// let hello = Envelope { source: NodeId(1), target: NodeId(2), message: "hello" };
///
/// one.send(hello.clone())?;
/// assert_eq!(one.send(hello.clone()), Err(SendError::Full(hello.clone())));
/// drop(one);
/// assert_eq!(two.try_receive(), Ok(Some(hello)));
/// assert_eq!(two.try_receive(), Err(ReceiveError::Disconnected));
/// # Ok::<(), SendError<Envelope<&str>>>(())
/// ```
pub struct ChannelEndpoint<M> {
    node: NodeId,
    // The node's own sender is not among them: it would keep the inbox connected for ever.
    peers: BTreeMap<NodeId, Sender<Envelope<M>>>,
    inbox: Receiver<Envelope<M>>,
    to_self: VecDeque<Envelope<M>>,
    to_self_next: bool,
    capacity: NonZeroUsize,
}

impl<M> ChannelEndpoint<M> {
    /// A network of these nodes, in ascending order, each once. Every queue holds `capacity`
    /// envelopes, allocated here: O(nodes · capacity) memory, O(nodes²) handles.
    #[must_use]
    pub fn network(nodes: impl IntoIterator<Item = NodeId>, capacity: NonZeroUsize) -> Vec<Self> {
        let nodes: BTreeSet<NodeId> = nodes.into_iter().collect();
        let (senders, inboxes): (BTreeMap<_, _>, Vec<_>) = nodes
            .into_iter()
            .map(|node| {
                let (sender, inbox) = bounded(capacity.get());
                ((node, sender), (node, inbox))
            })
            .unzip();
        let endpoint = |(node, inbox)| {
            let mut peers = senders.clone();
            peers.remove(&node);
            Self {
                node,
                peers,
                inbox,
                to_self: VecDeque::new(),
                to_self_next: true,
                capacity,
            }
        };
        inboxes.into_iter().map(endpoint).collect()
    }

    /// The node whose endpoint this is.
    #[must_use]
    pub const fn node(&self) -> NodeId {
        self.node
    }

    /// The other nodes of the network, in ascending order, also those that have left.
    pub fn peers(&self) -> impl ExactSizeIterator<Item = NodeId> + '_ {
        self.peers.keys().copied()
    }

    fn send_to_self(&mut self, envelope: Envelope<M>) -> Result<(), SendError<Envelope<M>>> {
        if self.to_self.len() < self.capacity.get() {
            self.to_self.push_back(envelope);
            Ok(())
        } else {
            Err(SendError::Full(envelope))
        }
    }
}

impl<M> Transport for ChannelEndpoint<M> {
    type Message = M;

    fn send(&mut self, envelope: Envelope<M>) -> Result<(), SendError<Envelope<M>>> {
        if envelope.source != self.node {
            return Err(SendError::ForeignSource(envelope));
        }
        if envelope.target == self.node {
            return self.send_to_self(envelope);
        }
        let Some(peer) = self.peers.get(&envelope.target) else {
            return Err(SendError::UnknownTarget(envelope));
        };
        peer.try_send(envelope).map_err(|error| match error {
            TrySendError::Full(envelope) => SendError::Full(envelope),
            TrySendError::Disconnected(envelope) => SendError::Disconnected(envelope),
        })
    }

    fn try_receive(&mut self) -> Result<Option<Envelope<M>>, ReceiveError> {
        // The two queues take turns, so that a node that talks to itself still hears its peers.
        if self.to_self_next
            && let Some(envelope) = self.to_self.pop_front()
        {
            self.to_self_next = false;
            return Ok(Some(envelope));
        }
        self.to_self_next = true;
        match self.inbox.try_recv() {
            Ok(envelope) => Ok(Some(envelope)),
            Err(error) => match (self.to_self.pop_front(), error) {
                (Some(envelope), _) => Ok(Some(envelope)),
                (None, TryRecvError::Empty) => Ok(None),
                (None, TryRecvError::Disconnected) => Err(ReceiveError::Disconnected),
            },
        }
    }

    fn receive_timeout(&mut self, timeout: Duration) -> Result<Option<Envelope<M>>, ReceiveError> {
        if let Some(envelope) = self.try_receive()? {
            return Ok(Some(envelope));
        }
        match self.inbox.recv_timeout(timeout) {
            Ok(envelope) => Ok(Some(envelope)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(ReceiveError::Disconnected),
        }
    }
}

impl<M> fmt::Debug for ChannelEndpoint<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChannelEndpoint")
            .field("node", &self.node)
            .field(
                "waiting",
                &self.inbox.len().saturating_add(self.to_self.len()),
            )
            .field("capacity", &self.capacity)
            .finish_non_exhaustive()
    }
}
