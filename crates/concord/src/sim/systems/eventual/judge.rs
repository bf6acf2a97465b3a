//! The judge: the store's invariants, watched on a simulated cluster.
//!
//! | invariant | looked at |
//! |---|---|
//! | monotone clock, one value a dot, no resurrection, nothing dropped, replaced stays gone | after every step |
//! | what was acknowledged or shown is on some disk; its disk is what each node recovers | at every crash and restart, every 512 steps, and at the end |
//! | equal replicas | at the end |

use std::cell::RefCell;
use std::rc::Rc;

use consistency::eventual::EventualStore;
use consistency::eventual::invariants::{Broken, Ledger, converged};
use simulator::{Cluster, Observer, Violation};
use transport::{NodeId, Recover};

/// Steps between two looks at what every disk holds; a crash is always looked at.
const STEPS_PER_DISK_CHECK: u64 = 512;

/// Feeds the ledger that the clients tell what they ask and hear.
pub(crate) struct Judge {
    ledger: Rc<RefCell<Ledger>>,
    steps: u64,
}

impl Judge {
    pub(crate) const fn new(ledger: Rc<RefCell<Ledger>>) -> Self {
        Self { ledger, steps: 0 }
    }

    /// What would be left if every node crashed now still knows everything acknowledged.
    fn check_disks(&self, cluster: &Cluster<'_, EventualStore>) -> Result<(), Violation> {
        let mut recovered = Vec::new();
        for node in cluster.nodes() {
            let Some(config) = cluster.config(node) else {
                continue;
            };
            let store = EventualStore::recover(config, cluster.durable(node).to_vec())
                .map_err(|error| Violation::new("recovery", format!("{node}: {error}")))?;
            recovered.push(store);
        }
        let mut ledger = self.ledger.borrow_mut();
        ledger.acknowledged_is_durable(&recovered).map_err(broken)
    }
}

fn broken(broken: Broken) -> Violation {
    Violation::new(broken.rule(), broken.to_string())
}

impl Observer<EventualStore> for Judge {
    fn after_step(
        &mut self,
        node: NodeId,
        cluster: &Cluster<'_, EventualStore>,
    ) -> Result<(), Violation> {
        if let Some(store) = cluster.process(node) {
            self.ledger.borrow_mut().observe(store).map_err(broken)?;
            if store.messages_refused() > 0 {
                let detail = format!("{node} refused a message that a member had sent");
                return Err(Violation::new("members-agree", detail));
            }
        }
        self.steps += 1;
        if self.steps.is_multiple_of(STEPS_PER_DISK_CHECK) {
            self.check_disks(cluster)?;
        }
        Ok(())
    }

    fn after_crash(
        &mut self,
        node: NodeId,
        cluster: &Cluster<'_, EventualStore>,
    ) -> Result<(), Violation> {
        self.ledger.borrow_mut().forget(node);
        self.check_disks(cluster)
    }

    fn at_end(&mut self, cluster: &Cluster<'_, EventualStore>) -> Result<(), Violation> {
        self.check_disks(cluster)?;
        let replicas = cluster.nodes().filter_map(|node| cluster.process(node));
        converged(replicas).map_err(broken)
    }
}
