//! Observers: invariants over the whole cluster, checked after every step.

use core::fmt;

use transport::{NodeId, Process, Recover, Stored, Time};

use crate::world::World;
use crate::{Simulated, Violation};

/// Checks invariants. What it returns as an error ends the run.
///
/// `()` checks nothing; a pair checks both.
///
/// ```
/// use simulator::{Cluster, Observer, Simulated, Violation};
/// use transport::NodeId;
///
/// /// No log may grow beyond a bound: somebody must write checkpoints.
/// struct LogsStayShort(usize);
///
/// impl<P: Simulated> Observer<P> for LogsStayShort {
///     fn after_step(&mut self, node: NodeId, cluster: &Cluster<'_, P>) -> Result<(), Violation> {
///         match cluster.durable(node).len() {
///             length if length > self.0 => {
///                 Err(Violation::new("log-bound", format!("{node} holds {length} records")))
///             }
///             _ => Ok(()),
///         }
///     }
/// }
/// ```
pub trait Observer<P: Simulated> {
    /// `node` has taken a step, and what could be released at once is.
    ///
    /// # Errors
    ///
    /// The rule that does not hold.
    fn after_step(&mut self, node: NodeId, cluster: &Cluster<'_, P>) -> Result<(), Violation>;

    /// `node` has crashed; its durable records are what it will recover.
    ///
    /// # Errors
    ///
    /// The rule that does not hold.
    fn after_crash(&mut self, node: NodeId, cluster: &Cluster<'_, P>) -> Result<(), Violation> {
        let _ = (node, cluster);
        Ok(())
    }

    /// `node` has recovered and not yet taken a step.
    ///
    /// # Errors
    ///
    /// The rule that does not hold.
    fn after_restart(&mut self, node: NodeId, cluster: &Cluster<'_, P>) -> Result<(), Violation> {
        let _ = (node, cluster);
        Ok(())
    }

    /// The run has ended well.
    ///
    /// # Errors
    ///
    /// The rule that does not hold.
    fn at_end(&mut self, cluster: &Cluster<'_, P>) -> Result<(), Violation> {
        let _ = cluster;
        Ok(())
    }
}

impl<P: Simulated> Observer<P> for () {
    #[inline]
    fn after_step(&mut self, _: NodeId, _: &Cluster<'_, P>) -> Result<(), Violation> {
        Ok(())
    }
}

impl<P: Simulated, A: Observer<P>, B: Observer<P>> Observer<P> for (A, B) {
    fn after_step(&mut self, node: NodeId, cluster: &Cluster<'_, P>) -> Result<(), Violation> {
        self.0.after_step(node, cluster)?;
        self.1.after_step(node, cluster)
    }

    fn after_crash(&mut self, node: NodeId, cluster: &Cluster<'_, P>) -> Result<(), Violation> {
        self.0.after_crash(node, cluster)?;
        self.1.after_crash(node, cluster)
    }

    fn after_restart(&mut self, node: NodeId, cluster: &Cluster<'_, P>) -> Result<(), Violation> {
        self.0.after_restart(node, cluster)?;
        self.1.after_restart(node, cluster)
    }

    fn at_end(&mut self, cluster: &Cluster<'_, P>) -> Result<(), Violation> {
        self.0.at_end(cluster)?;
        self.1.at_end(cluster)
    }
}

/// The cluster as an [`Observer`] sees it.
pub struct Cluster<'a, P: Recover> {
    pub(crate) world: &'a World<P>,
    pub(crate) configs: &'a [P::Config],
}

impl<'a, P: Simulated> Cluster<'a, P> {
    /// The names of all nodes.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> + use<P> {
        (0..self.world.wire.node_count).map(NodeId)
    }

    /// The process of a node that is up.
    #[must_use]
    pub fn process(&self, node: NodeId) -> Option<&'a P> {
        self.world.nodes.get(node.0 as usize)?.process.as_ref()
    }

    /// What a crash of the node would surely leave: the newest durable checkpoint, if there is one,
    /// then the durable records from its `keep_from` on.
    #[must_use]
    pub fn durable(&self, node: NodeId) -> &'a [Stored<P::Record>] {
        let state = self.world.nodes.get(node.0 as usize);
        state.map_or(&[], |state| state.disk.durable())
    }

    /// A node's configuration.
    #[must_use]
    pub fn config(&self, node: NodeId) -> Option<&'a P::Config> {
        self.configs.get(node.0 as usize)
    }

    /// Virtual time.
    #[must_use]
    pub fn now(&self) -> Time {
        Time::from_nanos(self.world.wire.now_ns)
    }

    /// Whether the chaos phase is over.
    #[must_use]
    pub fn is_healed(&self) -> bool {
        self.world.wire.is_healed
    }
}

impl<P: Recover> fmt::Debug for Cluster<'_, P>
where
    P: Process,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster")
            .field("nodes", &self.world.nodes.len())
            .field("now_ns", &self.world.wire.now_ns)
            .finish_non_exhaustive()
    }
}
