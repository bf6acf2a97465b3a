//! The judge: the strong store's invariants, watched on a simulated cluster.
//!
//! | invariant | looked at |
//! |---|---|
//! | versions rise, one value per timestamp | after every step |
//! | a write quorum of disks holds what was acknowledged | at every crash, every 512 steps, and at the end |
//! | a timestamp is used once | when a write is acknowledged |
//!
//! What clients were told is known when the run is over, so the last two are looked at then, of the
//! disks as they were.

use consistency::strong::invariants::{Broken, Ledger, one_value_per_timestamp};
use consistency::strong::{Event, Store};
use simulator::{Cluster, Observer, Violation};
use transport::{NodeId, Recover, Time};

/// Steps between two looks at what every disk holds; a crash is always looked at.
const STEPS_PER_DISK_CHECK: u64 = 512;

/// Feeds a ledger of everything held, and keeps what disks held.
pub(crate) struct Judge {
    ledger: Ledger,
    /// The stores as the disks would have rebuilt them, in the order of time.
    disks: Vec<(Time, Vec<Store>)>,
    steps: u64,
}

impl Judge {
    pub(crate) const fn new() -> Self {
        Self {
            ledger: Ledger::new(),
            disks: Vec::new(),
            steps: 0,
        }
    }

    /// Whether the disks held what clients had been told, at every look. `heard` is in the order of
    /// time.
    pub(crate) fn check_acknowledged(&self, heard: &[(Time, Event)]) -> Result<(), Broken> {
        let mut ledger = Ledger::new();
        let mut heard = heard.iter().peekable();
        for (at, stores) in &self.disks {
            // What was told at the moment of a look may have been told after it.
            while let Some((_, event)) = heard.next_if(|(told, _)| told < at) {
                ledger.acknowledge(event)?;
            }
            ledger.acknowledged_is_durable(stores)?;
        }
        heard.try_for_each(|(_, event)| ledger.acknowledge(event))
    }

    /// Remembers what would be left if every node crashed now.
    fn look_at_disks(&mut self, cluster: &Cluster<'_, Store>) -> Result<(), Violation> {
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
        self.disks.push((cluster.now(), recovered));
        Ok(())
    }
}

fn broken(broken: Broken) -> Violation {
    Violation::new(broken.rule(), broken.to_string())
}

impl Observer<Store> for Judge {
    fn after_step(&mut self, node: NodeId, cluster: &Cluster<'_, Store>) -> Result<(), Violation> {
        if let Some(store) = cluster.process(node) {
            self.ledger.observe(store).map_err(broken)?;
        }
        self.steps += 1;
        if self.steps.is_multiple_of(STEPS_PER_DISK_CHECK) {
            self.look_at_disks(cluster)?;
        }
        Ok(())
    }

    fn after_crash(&mut self, node: NodeId, cluster: &Cluster<'_, Store>) -> Result<(), Violation> {
        self.ledger.forget(node);
        self.look_at_disks(cluster)
    }

    fn at_end(&mut self, cluster: &Cluster<'_, Store>) -> Result<(), Violation> {
        self.look_at_disks(cluster)
    }
}
