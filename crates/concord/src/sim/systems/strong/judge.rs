//! The judge: the strong store's invariants, watched on a simulated cluster.
//!
//! | invariant | looked at |
//! |---|---|
//! | versions rise, one value per timestamp | after every step |
//! | a timestamp is used once | whenever a client is told of a write |
//! | a write quorum of disks holds what clients were told | at every crash, every 512 steps, and at the end |

use std::cell::RefCell;
use std::rc::Rc;

use consistency::strong::Store;
use consistency::strong::invariants::{Broken, Ledger, one_value_per_timestamp};
use simulator::{Cluster, Observer, Violation};
use transport::{NodeId, Recover};

/// Steps between two looks at what every disk holds; a crash is always looked at.
const STEPS_PER_DISK_CHECK: u64 = 512;

/// Feeds a ledger of everything held, and compares disks with what clients were told.
pub(crate) struct Judge {
    /// The clients tell it what they heard.
    ledger: Rc<RefCell<Ledger>>,
    steps: u64,
}

impl Judge {
    pub(crate) const fn new(ledger: Rc<RefCell<Ledger>>) -> Self {
        Self { ledger, steps: 0 }
    }

    /// What would be left if every node crashed now.
    fn check_disks(&self, cluster: &Cluster<'_, Store>) -> Result<(), Violation> {
        let mut recovered = Vec::new();
        for node in cluster.nodes() {
            let Some(config) = cluster.config(node) else {
                continue;
            };
            let store = Store::recover(config, cluster.durable(node).to_vec())
                .map_err(|error| Violation::new("recovery", format!("{node}: {error}")))?;
            recovered.push(store);
        }
        one_value_per_timestamp(&recovered).map_err(broken)?;
        let ledger = self.ledger.borrow();
        ledger.acknowledged_is_durable(&recovered).map_err(broken)
    }
}

pub(super) fn broken(broken: Broken) -> Violation {
    Violation::new(broken.rule(), broken.to_string())
}

impl Observer<Store> for Judge {
    fn after_step(&mut self, node: NodeId, cluster: &Cluster<'_, Store>) -> Result<(), Violation> {
        if let Some(store) = cluster.process(node) {
            self.ledger.borrow_mut().observe(store).map_err(broken)?;
        }
        self.steps += 1;
        if self.steps.is_multiple_of(STEPS_PER_DISK_CHECK) {
            self.check_disks(cluster)?;
        }
        Ok(())
    }

    fn after_crash(&mut self, node: NodeId, cluster: &Cluster<'_, Store>) -> Result<(), Violation> {
        self.ledger.borrow_mut().forget(node);
        self.check_disks(cluster)
    }

    fn at_end(&mut self, cluster: &Cluster<'_, Store>) -> Result<(), Violation> {
        self.check_disks(cluster)
    }
}
