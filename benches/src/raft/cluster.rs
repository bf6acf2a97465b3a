//! The loop: all nodes in one thread, nothing lost, storage in memory.
//!
//! A *sweep* takes, for every node in the order of their ids, what the node wants done (append to
//! storage, apply what is committed, collect messages), and then delivers all collected messages in
//! order. Applying counts a command and touches its first byte. No clock runs: what a library does
//! by timer (heartbeats, elections) happens only before the measured part.

use crate::{Error, Sample, measure};

use super::{Load, Mode};

/// The byte that every payload begins with, so that applied payloads can be checked.
const FIRST_BYTE: u8 = 7;

/// Commands applied by one node.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Tally {
    /// How many.
    pub count: u64,
    /// The sum of their first bytes.
    pub first_bytes: u64,
}

impl Tally {
    /// Applies one command.
    ///
    /// ```
    /// let mut tally = benches::raft::Tally::default();
    /// tally.apply(&[7, 1]);
    /// assert_eq!((tally.count, tally.first_bytes), (1, 7));
    /// ```
    pub fn apply(&mut self, payload: &[u8]) {
        self.count += 1;
        self.first_bytes += u64::from(payload.first().copied().unwrap_or(0));
    }
}

/// A whole cluster of one library, with its driver.
pub trait Cluster: Sized {
    /// The library and its version.
    const NAME: &'static str;
    /// Which of its features are on, and what its driver adds.
    const FEATURES: &'static str;
    /// Whether it is ours.
    const OURS: bool = false;

    /// A cluster of `nodes` voters whose first node leads. `cuts_log`: a library that can cut its log
    /// does so every 8192 applied entries, and keeps 1024.
    ///
    /// # Errors
    ///
    /// The library refused the configuration, or nobody was elected.
    fn new(nodes: usize, cuts_log: bool) -> Result<Self, Error>;

    /// Proposes `count` fresh copies of `payload` at the leader.
    ///
    /// # Errors
    ///
    /// The library refused.
    fn propose(&mut self, payload: &[u8], count: usize) -> Result<(), Error>;

    /// One sweep; `false` when there was nothing to do.
    ///
    /// # Errors
    ///
    /// The library refused a message.
    fn sweep(&mut self) -> Result<bool, Error>;

    /// What node `node` applied; node 0 leads.
    fn applied(&self, node: usize) -> Tally;

    /// Messages between nodes so far.
    fn messages(&self) -> u64;
}

/// One contender: a name and a way to run it.
#[derive(Clone, Copy, Debug)]
pub struct Contender {
    /// The library and its version.
    pub name: &'static str,
    /// Which of its features are on.
    pub features: &'static str,
    /// Whether it is ours.
    pub ours: bool,
    run: fn(&Load) -> Result<Sample, Error>,
}

impl Contender {
    /// The contender that runs `C`.
    #[must_use]
    pub const fn of<C: Cluster>() -> Self {
        Self {
            name: C::NAME,
            features: C::FEATURES,
            ours: C::OURS,
            run: drive::<C>,
        }
    }

    /// Runs `load` on a fresh cluster.
    ///
    /// # Errors
    ///
    /// The cluster stalled, lost commands or refused an input.
    pub fn run(&self, load: &Load) -> Result<Sample, Error> {
        (self.run)(load)
    }
}

/// Runs `load` on a fresh cluster: a tenth as warm-up, then the measured part, then a check that
/// every node applied every command.
///
/// # Errors
///
/// The cluster stalled, lost commands or refused an input.
pub fn drive<C: Cluster>(load: &Load) -> Result<Sample, Error> {
    let payload = vec![FIRST_BYTE; load.payload_bytes];
    let mut cluster = C::new(load.nodes, load.cuts_log)?;
    work(&mut cluster, load.mode, &payload, load.proposals / 10)?;

    let (commits, messages) = (cluster.applied(0).count, cluster.messages());
    let (result, usage) = measure(|| work(&mut cluster, load.mode, &payload, load.proposals));
    result?;
    let sample = Sample {
        operations: cluster.applied(0).count - commits,
        messages: cluster.messages() - messages,
        usage,
    };
    check(&mut cluster, load, &payload)?;
    Ok(sample)
}

/// Proposes `proposals` and returns when the leader has applied them.
fn work<C: Cluster>(
    cluster: &mut C,
    mode: Mode,
    payload: &[u8],
    proposals: u64,
) -> Result<(), Error> {
    let start = cluster.applied(0).count;
    let mut proposed = 0_u64;
    while cluster.applied(0).count - start < proposals {
        let committed = cluster.applied(0).count - start;
        let stalled = Error::Stalled {
            contender: C::NAME,
            done: committed,
            wanted: proposals,
        };
        match mode {
            Mode::Sync { batch } => {
                let batch = batch.min(usize::try_from(proposals - proposed).unwrap_or(batch));
                cluster.propose(payload, batch)?;
                proposed += batch as u64;
                while cluster.sweep()? {}
                if cluster.applied(0).count - start < proposed {
                    return Err(stalled);
                }
            }
            Mode::Pipe { batch, window } => {
                let left = usize::try_from(proposals - proposed).unwrap_or(batch);
                let batch = if proposed - committed < window {
                    batch.min(left)
                } else {
                    0
                };
                if batch > 0 {
                    cluster.propose(payload, batch)?;
                    proposed += batch as u64;
                }
                if !cluster.sweep()? && batch == 0 {
                    return Err(stalled);
                }
            }
        }
    }
    Ok(())
}

/// One more proposal tells the followers what is committed; then every node must have applied all
/// before it, with the right bytes.
fn check<C: Cluster>(cluster: &mut C, load: &Load, payload: &[u8]) -> Result<(), Error> {
    while cluster.sweep()? {}
    let wanted = cluster.applied(0).count;
    cluster.propose(payload, 1)?;
    while cluster.sweep()? {}
    for node in 0..load.nodes {
        let tally = cluster.applied(node);
        let bytes_fit = tally.first_bytes == tally.count * u64::from(FIRST_BYTE);
        if tally.count < wanted || !bytes_fit {
            return Err(Error::Lost {
                contender: C::NAME,
                node,
                done: tally.count,
                wanted,
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Cluster, Tally, drive};
    use crate::Error;
    use crate::raft::{Load, Mode};

    /// Applies at every sweep all that was proposed; `DEAF` never does.
    struct Instant<const DEAF: bool> {
        waiting: u64,
        tally: Tally,
    }

    impl<const DEAF: bool> Cluster for Instant<DEAF> {
        const NAME: &'static str = "instant";
        const FEATURES: &'static str = "none";

        fn new(_: usize, _: bool) -> Result<Self, Error> {
            let tally = Tally::default();
            Ok(Self { waiting: 0, tally })
        }

        fn propose(&mut self, _: &[u8], count: usize) -> Result<(), Error> {
            self.waiting += count as u64;
            Ok(())
        }

        fn sweep(&mut self) -> Result<bool, Error> {
            let busy = self.waiting > 0 && !DEAF;
            while self.waiting > 0 && !DEAF {
                self.waiting -= 1;
                self.tally.apply(&[7]);
            }
            Ok(busy)
        }

        fn applied(&self, _: usize) -> Tally {
            self.tally
        }

        fn messages(&self) -> u64 {
            self.tally.count * 2
        }
    }

    fn loads() -> impl Iterator<Item = Load> {
        let modes = [
            Mode::Sync { batch: 64 },
            Mode::Pipe {
                batch: 64,
                window: 128,
            },
        ];
        modes.into_iter().map(|mode| Load {
            nodes: 3,
            payload_bytes: 8,
            mode,
            proposals: 1_000,
            cuts_log: true,
        })
    }

    #[test]
    fn only_the_measured_proposals_count() {
        for load in loads() {
            let sample = drive::<Instant<false>>(&load).unwrap();
            assert_eq!(
                (sample.operations, sample.messages),
                (1_000, 2_000),
                "{load}"
            );
        }
    }

    #[test]
    fn a_cluster_that_commits_nothing_is_an_error_not_a_number() {
        for load in loads() {
            let error = drive::<Instant<true>>(&load).unwrap_err();
            assert!(matches!(error, Error::Stalled { done: 0, .. }), "{error}");
        }
    }
}
