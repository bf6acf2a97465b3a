//! The judge: Raft's invariants, watched on every step of a simulated cluster.

use kv::{Command, Kv};
use raft_core::invariants::{Broken, Ledger, log_matching};
use simulator::{Cluster, Observer, Violation};
use transport::{NodeId, Recover};

/// Steps between two looks at what every disk holds; a crash is always looked at.
const STEPS_PER_DISK_CHECK: u64 = 512;

/// Feeds a ledger of everything led and committed, and compares disks and stores.
pub(crate) struct Judge {
    ledger: Ledger<Command>,
    steps: u64,
}

impl Judge {
    pub(crate) const fn new() -> Self {
        Self {
            ledger: Ledger::new(),
            steps: 0,
        }
    }

    /// What would be left if every node crashed now holds every committed entry on a quorum.
    fn check_disks(&self, cluster: &Cluster<'_, Kv>) -> Result<(), Violation> {
        let mut recovered = Vec::new();
        for node in cluster.nodes() {
            let Some(config) = cluster.config(node) else {
                continue;
            };
            let kv = Kv::recover(config, cluster.durable(node).to_vec())
                .map_err(|error| Violation::new("recovery", format!("{node}: {error}")))?;
            recovered.push(kv);
        }
        self.ledger
            .committed_is_durable(recovered.iter().map(Kv::raft))
            .map_err(broken)
    }
}

fn broken(broken: Broken) -> Violation {
    Violation::new(broken.rule(), broken.to_string())
}

impl Observer<Kv> for Judge {
    fn after_step(&mut self, node: NodeId, cluster: &Cluster<'_, Kv>) -> Result<(), Violation> {
        if let Some(kv) = cluster.process(node) {
            self.ledger.observe(kv.raft()).map_err(broken)?;
        }
        self.steps += 1;
        if self.steps.is_multiple_of(STEPS_PER_DISK_CHECK) {
            self.check_disks(cluster)?;
        }
        Ok(())
    }

    fn after_crash(&mut self, node: NodeId, cluster: &Cluster<'_, Kv>) -> Result<(), Violation> {
        self.ledger.forget(node);
        self.check_disks(cluster)
    }

    fn at_end(&mut self, cluster: &Cluster<'_, Kv>) -> Result<(), Violation> {
        self.check_disks(cluster)?;
        let nodes: Vec<&Kv> = cluster
            .nodes()
            .filter_map(|node| cluster.process(node))
            .collect();
        for pair in nodes.windows(2) {
            let [one, two] = pair else { continue };
            log_matching(one.raft().log(), two.raft().log()).map_err(broken)?;
            if one.machine() != two.machine() {
                let detail = format!(
                    "{} applied {} entries and {} applied {}, long after the last write",
                    one.raft().config().id(),
                    one.machine().applied(),
                    two.raft().config().id(),
                    two.machine().applied(),
                );
                return Err(Violation::new("convergence", detail));
            }
        }
        Ok(())
    }
}
