//! The judge: the invariants of Paxos, watched on a simulated cluster.
//!
//! | invariant | looked at |
//! |---|---|
//! | agreement, validity, decided is chosen, monotone promises, one value a ballot, stable decisions | after every step |
//! | a write quorum of disks holds the decision | when the first node knows it, at every crash after that, and at the end |
//! | a node forgets nothing that its disk holds | at every restart |
//! | everybody knows the decision | at the end |
//!
//! Only what a client has already asked some node to propose may be accepted or decided: the clients
//! tell the ledger when they ask.

use std::cell::RefCell;
use std::rc::Rc;

use paxos_core::Paxos;
use paxos_core::invariants::{Broken, Ledger, decided_is_durable, nothing_forgotten};
use simulator::{Cluster, Observer, Violation};
use transport::{NodeId, Recover};

/// Feeds a ledger of all that was accepted and decided, and looks at the disks.
pub(crate) struct Judge {
    /// The clients tell it what they propose.
    ledger: Rc<RefCell<Ledger<u64>>>,
    is_decided: bool,
}

impl Judge {
    pub(crate) const fn new(ledger: Rc<RefCell<Ledger<u64>>>) -> Self {
        Self {
            ledger,
            is_decided: false,
        }
    }

    /// What would be left if every node crashed now holds the decision on a write quorum.
    fn check_disks(&self, cluster: &Cluster<'_, Paxos<u64>>) -> Result<(), Violation> {
        let ledger = self.ledger.borrow();
        let Some(decided) = ledger.decided() else {
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
            self.ledger.borrow_mut().observe(paxos).map_err(broken)?;
        }
        if !self.is_decided && self.ledger.borrow().decided().is_some() {
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
        self.ledger.borrow_mut().forget(node);
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
            if paxos.and_then(Paxos::decided) != self.ledger.borrow().decided() {
                let detail = format!("{node} does not know the decision when all else is over");
                return Err(Violation::new("everybody-learns", detail));
            }
        }
        self.check_disks(cluster)
    }
}

#[cfg(test)]
mod tests {
    use paxos_core::{Ballot, Config, Proposal, Record};
    use quorum::QuorumSystem;
    use transport::{Stored, Token};

    use super::*;

    #[test]
    fn a_value_that_no_client_has_asked_for_is_a_violation() {
        let node = NodeId(0);
        let config = Config::new(node, QuorumSystem::majority([node]).unwrap()).unwrap();
        let (ballot, value) = (Ballot { round: 1, node }, 1);
        let record = Record::Accepted(Proposal { ballot, value });
        let token = Token(1);
        let paxos = Paxos::recover(&config, vec![Stored { token, record }]).unwrap();
        let ledger = Rc::default();
        let judge = Judge::new(Rc::clone(&ledger));
        let early = judge.ledger.borrow_mut().observe(&paxos);
        assert_eq!(early, Err(Broken::Validity { node }));
        ledger.borrow_mut().propose(value);
        assert_eq!(judge.ledger.borrow_mut().observe(&paxos), Ok(()));
    }
}
