//! The judge: Raft's invariants, watched on a simulated cluster.
//!
//! | invariant | looked at |
//! |---|---|
//! | election safety, leader completeness, state-machine safety, monotone state | after every step |
//! | log matching | whenever a log grows, and of all pairs at the end |
//! | a quorum of disks holds every committed entry | at every crash, every 512 steps, and at the end |
//! | equal stores | at the end |

use std::collections::BTreeMap;

use kv::{Command, Kv};
use raft_core::Position;
use raft_core::invariants::{Broken, Ledger, last_batch_matches, log_matching};
use simulator::{Cluster, Observer, Violation};
use transport::{NodeId, Recover};

/// Steps between two looks at what every disk holds; a crash is always looked at.
const STEPS_PER_DISK_CHECK: u64 = 512;

/// Feeds a ledger of everything led and committed, and compares disks and stores.
pub(crate) struct Judge {
    ledger: Ledger<Command>,
    /// Where each node's log ended when it was last compared.
    ends: BTreeMap<NodeId, Position>,
    steps: u64,
}

impl Judge {
    pub(crate) const fn new() -> Self {
        Self {
            ledger: Ledger::new(),
            ends: BTreeMap::new(),
            steps: 0,
        }
    }

    /// A log that has grown agrees with every log that agrees with its end.
    fn check_growth(
        &mut self,
        node: NodeId,
        kv: &Kv,
        cluster: &Cluster<'_, Kv>,
    ) -> Result<(), Violation> {
        let end = kv.raft().log().last();
        if self.ends.insert(node, end) == Some(end) {
            return Ok(());
        }
        for other in cluster.nodes() {
            if let Some(other) = cluster.process(other) {
                last_batch_matches(kv.raft().log(), other.raft().log()).map_err(broken)?;
            }
        }
        Ok(())
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
            self.check_growth(node, kv, cluster)?;
            #[cfg(test)]
            planted::check(kv)?;
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

/// A rule that tests can have broken: how a failure is written down and replayed is tested without a
/// fault in the protocol.
#[cfg(test)]
pub(crate) mod planted {
    use std::cell::Cell;

    use kv::Kv;
    use simulator::Violation;

    thread_local! {
        static COMMIT_MAX: Cell<u64> = const { Cell::new(u64::MAX) };
    }

    /// From now on, on this thread, a commit index above `commit_max` counts as a violation.
    pub(crate) fn forbid_commits_above(commit_max: u64) {
        COMMIT_MAX.set(commit_max);
    }

    pub(super) fn check(kv: &Kv) -> Result<(), Violation> {
        let commit = kv.raft().commit().0;
        if commit > COMMIT_MAX.get() {
            return Err(Violation::new("planted", format!("commit index {commit}")));
        }
        Ok(())
    }
}
