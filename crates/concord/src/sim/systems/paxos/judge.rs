//! The judge: the invariants of Paxos, watched on a simulated cluster.
//!
//! | invariant | looked at |
//! |---|---|
//! | agreement, monotone promises, one value a ballot, stable decisions | after every step |
//! | a write quorum of disks holds the decision | when the first node knows it, at every crash after that, and at the end |
//! | a node forgets nothing that its disk holds | at every restart |
//! | everybody knows the decision | at the end |
//!
//! That the value was proposed is seen from the clients' history.

use paxos_core::Paxos;
use paxos_core::invariants::{Broken, Ledger, decided_is_durable, nothing_forgotten};
use simulator::{Cluster, Observer, Violation};
use transport::{NodeId, Recover};

use super::clients::VALUES_MAX;

/// Feeds a ledger of all that was accepted and decided, and looks at the disks.
pub(crate) struct Judge {
    ledger: Ledger<u64>,
    is_decided: bool,
}

impl Judge {
    pub(crate) fn new() -> Self {
        let mut ledger = Ledger::new();
        (1..=VALUES_MAX).for_each(|value| ledger.propose(value));
        Self {
            ledger,
            is_decided: false,
        }
    }

    /// What would be left if every node crashed now holds the decision on a write quorum.
    fn check_disks(&self, cluster: &Cluster<'_, Paxos<u64>>) -> Result<(), Violation> {
        let Some(decided) = self.ledger.decided() else {
            return Ok(());
        };
        let mut recovered = Vec::new();
        for node in cluster.nodes() {
            if let Some(config) = cluster.config(node) {
                let paxos = Paxos::recover(config, cluster.durable(node).to_vec())
                    .map_err(|error| Violation::new("recovery", format!("{node}: {error}")))?;
                recovered.push(paxos);
            }
        }
        decided_is_durable(decided, &recovered).map_err(broken)
    }
}

fn broken(broken: Broken) -> Violation {
    Violation::new(broken.rule(), broken.to_string())
}

impl Observer<Paxos<u64>> for Judge {
    fn after_step(
        &mut self,
        node: NodeId,
        cluster: &Cluster<'_, Paxos<u64>>,
    ) -> Result<(), Violation> {
        if let Some(paxos) = cluster.process(node) {
            self.ledger.observe(paxos).map_err(broken)?;
        }
        if !self.is_decided && self.ledger.decided().is_some() {
            self.is_decided = true;
            self.check_disks(cluster)?;
        }
        Ok(())
    }

    fn after_crash(
        &mut self,
        node: NodeId,
        cluster: &Cluster<'_, Paxos<u64>>,
    ) -> Result<(), Violation> {
        self.ledger.forget(node);
        self.check_disks(cluster)
    }

    fn after_restart(
        &mut self,
        node: NodeId,
        cluster: &Cluster<'_, Paxos<u64>>,
    ) -> Result<(), Violation> {
        if let Some(paxos) = cluster.process(node) {
            nothing_forgotten(paxos, cluster.durable(node)).map_err(broken)?;
        }
        Ok(())
    }

    fn at_end(&mut self, cluster: &Cluster<'_, Paxos<u64>>) -> Result<(), Violation> {
        for node in cluster.nodes() {
            let paxos = cluster.process(node);
            if paxos.and_then(Paxos::decided) != self.ledger.decided() {
                let detail = format!("{node} does not know the decision when all else is over");
                return Err(Violation::new("everybody-learns", detail));
            }
        }
        self.check_disks(cluster)
    }
}
