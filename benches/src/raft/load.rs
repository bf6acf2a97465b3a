//! What a cluster is asked to do.

use std::fmt;

/// How proposals follow each other.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Mode {
    /// Propose `batch`, then sweep until nothing happens any more; again.
    Sync {
        /// Proposals a round.
        batch: usize,
    },
    /// Every sweep, propose `batch` unless `window` or more are not committed yet; never wait.
    Pipe {
        /// Proposals a sweep.
        batch: usize,
        /// Uncommitted proposals at which to pause.
        window: u64,
    },
}

/// One load: how many nodes, how large payloads, in which mode, how much.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Load {
    /// Nodes of the cluster, all voters.
    pub nodes: usize,
    /// Bytes of a proposal.
    pub payload_bytes: usize,
    /// How proposals follow each other.
    pub mode: Mode,
    /// Measured proposals; a tenth more goes before them, unmeasured.
    pub proposals: u64,
    /// Whether a library that can cut its log does so; ours cannot yet.
    pub cuts_log: bool,
}

impl Load {
    /// The loads of the benchmark: `--quick` keeps the payload in focus, 128 bytes.
    ///
    /// ```
    /// use benches::raft::Load;
    /// assert_eq!(Load::all(false, true).len(), 18);
    /// assert!(Load::all(true, true).iter().all(|load| load.payload_bytes == 128));
    /// ```
    #[must_use]
    pub fn all(quick: bool, cuts_log: bool) -> Vec<Self> {
        let payloads: &[usize] = if quick { &[128] } else { &[128, 8, 1024] };
        let modes = [
            Mode::Sync { batch: 1 },
            Mode::Sync { batch: 64 },
            Mode::Pipe {
                batch: 64,
                window: 1024,
            },
        ];
        let mut loads = Vec::new();
        for &payload_bytes in payloads {
            for nodes in [3, 5] {
                for mode in modes {
                    let proposals = match mode {
                        Mode::Sync { batch: 1 } => 61_440,
                        _ => 256_000,
                    };
                    loads.push(Self {
                        nodes,
                        payload_bytes,
                        mode,
                        proposals,
                        cuts_log,
                    });
                }
            }
        }
        loads
    }
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.mode {
            Mode::Sync { batch } => write!(f, "sync b={batch}")?,
            Mode::Pipe { batch, .. } => write!(f, "pipe b={batch}")?,
        }
        write!(f, ", n={}, {} B", self.nodes, self.payload_bytes)?;
        if self.cuts_log {
            Ok(())
        } else {
            f.write_str(", logs uncut")
        }
    }
}
