//! A leader change: how long nobody answers, simulated, against the model's distribution.
//!
//! Three nodes on Raft, every message as long as every other, disks that take no time. At a moment drawn at
//! random the leader loses all its links; the outage is over when another has committed an entry of its own term.
//! (A write that it is asked for at its election waits two delays more: the first entry goes out alone.) Distance: the greatest between the two distribution functions (Kolmogorov and
//! Smirnov), less what the model itself leaves open.

use std::collections::BTreeMap;
use std::time::Duration;

use cap_model::partition::{LeaderChange, LeaderTiming, Succession};
use kv::{Event, Kv};
use quorum::QuorumSystem;
use raft_core::{Role, Term};
use serde::Serialize;
use simulator::{Cluster, Delay, Observer, Settings, Tape, Violation, Workload, WorkloadContext};
use transport::{NodeId, RequestId};

use super::probe::{Heard, Probe, Raft, raft};
use crate::exit::BadInput;

/// The timers of the state machine, and the delay of every link.
const ELECTION_MS: [f64; 2] = [150.0, 300.0];
const HEARTBEAT_MS: f64 = 30.0;
const DELAY_NS: u64 = 1_000_000;

/// Simulated changes against the model's.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Change {
    pub(super) runs: u64,
    /// The median and the 99th percentile, in milliseconds: seen, and the model's.
    pub(super) seen_ms: [f64; 2],
    pub(super) model_ms: [f64; 2],
    /// The greatest distance between the distributions.
    pub(super) distance: f64,
}

impl Change {
    /// What chance alone exceeds in one of a thousand comparisons: 1.95 / sqrt(n).
    pub(super) fn chance(&self) -> f64 {
        1.95 / (self.runs as f64).sqrt()
    }

    pub(super) fn is_met(&self) -> bool {
        self.distance <= self.chance()
    }
}

/// Loses the leader of three nodes so many times.
pub(super) fn compare(runs: u64) -> Result<Change, BadInput> {
    let delay_ms = DELAY_NS as f64 / 1e6;
    let timing = LeaderTiming::new(ELECTION_MS, HEARTBEAT_MS, delay_ms).map_err(BadInput::new)?;
    let succession = Succession {
        candidates: 2,
        ..Succession::default()
    };
    let model = LeaderChange::new(&timing, &succession).map_err(BadInput::new)?;
    let quorums = QuorumSystem::majority((0..3).map(NodeId)).map_err(BadInput::new)?;
    let system = raft(&quorums)?;
    let mut seen: Vec<f64> = Vec::new();
    for seed in 0..runs {
        seen.push(lose_the_leader(&system, seed)? as f64 / 1e6);
    }
    seen.sort_by(f64::total_cmp);
    let count = seen.len() as f64;
    let mut distance = 0.0_f64;
    for (rank, &ms) in seen.iter().enumerate() {
        let [low, high] = model.over_by(ms);
        let (before, after) = (rank as f64 / count, (rank + 1) as f64 / count);
        distance = distance.max(low - after).max(before - high);
        // Right before this one the model may be over already.
        distance = distance
            .max(low - before - 1.0 / count)
            .max(after - high - 1.0 / count);
    }
    let rank = |share: f64| ((share * count).ceil() as usize).saturating_sub(1);
    let at = |share| seen.get(rank(share)).copied().unwrap_or(f64::NAN);
    let outage = model.outage().map_err(BadInput::new)?;
    Ok(Change {
        runs,
        seen_ms: [at(0.5), at(0.99)],
        model_ms: [outage.p50_ms, outage.p99_ms],
        distance,
    })
}

fn lose_the_leader(system: &Raft, seed: u64) -> Result<u64, BadInput> {
    let settings = Settings {
        delay: Delay::Constant { ns: DELAY_NS },
        sync: Delay::ZERO,
        chaos_ns: 60_000_000_000,
        ..Settings::new(3)
    };
    let mut lost = Lost {
        system,
        session: None,
        leader: None,
        cut_ns: None,
    };
    let tape = Tape::seeded(seed).unrecorded();
    let mut commits = Commits::default();
    let ended = simulator::run(&settings, system.configs(), &mut lost, &mut commits, tape);
    let ended = ended.map_err(BadInput::new)?;
    let over_ns = commits.first_ns.last_entry().map(|last| *last.get());
    let outage_ns = over_ns.zip(lost.cut_ns);
    outage_ns
        .and_then(|(over_ns, cut_ns)| over_ns.checked_sub(cut_ns))
        .ok_or_else(|| BadInput::new(format!("nobody was elected: {:?}", ended.violation)))
}

struct Lost<'a> {
    system: &'a Raft,
    session: Option<kv::SessionId>,
    leader: Option<NodeId>,
    cut_ns: Option<u64>,
}

/// When a leader of each term first had committed an entry of it.
#[derive(Default)]
struct Commits {
    first_ns: BTreeMap<Term, u64>,
}

impl Observer<Kv> for Commits {
    fn after_step(&mut self, node: NodeId, cluster: &Cluster<'_, Kv>) -> Result<(), Violation> {
        let Some(raft) = cluster.process(node).map(Kv::raft) else {
            return Ok(());
        };
        let term = raft.term();
        if raft.role() == Role::Leader && raft.log().term_at(raft.commit()) == Some(term) {
            let now_ns = cluster.now().as_nanos();
            self.first_ns.entry(term).or_insert(now_ns);
        }
        Ok(())
    }
}

const PREPARE: RequestId = RequestId(0);
const WRITE: RequestId = RequestId(10);

impl Workload<Kv> for Lost<'_> {
    fn start(&mut self, cx: &mut WorkloadContext<'_, Kv>) {
        cx.set_timer(Duration::from_secs(1), 0);
        let into_the_interval = cx.choose((HEARTBEAT_MS * 1e6) as u64);
        let cut = Duration::from_secs(2) + Duration::from_nanos(into_the_interval);
        cx.set_timer(cut, 1);
    }

    fn on_timer(&mut self, timer: u64, cx: &mut WorkloadContext<'_, Kv>) {
        if timer == 0 {
            for node in cx.nodes() {
                if let Some(request) = self.system.prepare(PREPARE) {
                    cx.request(node, request);
                }
            }
            return;
        }
        let Some(leader) = self.leader else {
            return cx.stop();
        };
        let others = cx.nodes().filter(|&node| node != leader);
        let links: Vec<_> = others
            .flat_map(|node| [(leader, node), (node, leader)])
            .collect();
        cx.cut(links);
        self.cut_ns = Some(cx.now().as_nanos());
    }

    fn on_event(&mut self, node: NodeId, event: Event, cx: &mut WorkloadContext<'_, Kv>) {
        match (&event, self.cut_ns) {
            (Event::Leader { leader, .. }, Some(_)) if *leader == Some(node) => {
                let session = self.session.as_ref();
                if let Some(request) = self.system.write(WRITE, "new", session) {
                    cx.request(node, request);
                }
                return;
            }
            _ => {}
        }
        match self.system.hear(&event) {
            Some((_, Heard::Prepared(session))) => {
                (self.session, self.leader) = (Some(session), Some(node));
            }
            Some((WRITE, Heard::Written)) => {
                cx.stop();
            }
            _ => {}
        }
    }

    fn is_done(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(runs: u64) {
        let change = compare(runs).unwrap();
        println!("{change:?} {}", change.chance());
        assert!(change.is_met(), "{change:?}");
        let [seen, model] = [change.seen_ms, change.model_ms].map(|[median, _]| median);
        assert!((seen / model - 1.0).abs() < 0.1, "{change:?}");
    }

    #[test]
    fn a_leader_change_takes_as_long_as_the_model_says() {
        check(150);
    }

    #[test]
    #[ignore = "five thousand leader changes"]
    fn a_leader_change_takes_as_long_as_the_model_says_closely() {
        check(5_000);
    }
}
