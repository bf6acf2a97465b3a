//! The Raft key-value store, snapshotted while it runs, in the simulator, under every fault.
//!
//! A store is recorded by what an auditor needs, not by a clone: its term, how far its log and its
//! commit reach, and one value, which is shared. On a consistent cut an entry that one node knows
//! to be committed is in the logs of a majority; on an arbitrary collection of states it need not
//! be.

use std::collections::BTreeMap;
use std::time::Duration;

use clocks::VectorClock;
use kv::{Ask, Event, Kv, Operation, Reply, Request, SessionId};
use raft_core::{Index, Role, Term};
use simulator::{
    Fault, FaultPlan, FaultSet, Settings, Tape, Violation, Workload, WorkloadContext, run,
};
use snapshot::{
    Clocked, Fifo, FifoConfig, FifoEvent, GlobalSnapshot, Recorder, SnapshotConfig, SnapshotEvent,
    SnapshotRequest, Snapshotting, Stamped, Timed, Traced, TracedConfig, verify_cut,
};
use transport::{Bytes, NodeId, Process, RequestId};

const NODES: u32 = 3;
const CHAOS_NS: u64 = 2_000_000_000;
/// The timer of the client; a snapshot has its own.
const CLIENT: u64 = 0;
const SNAPSHOT: u64 = 1;

fn voters() -> Vec<NodeId> {
    (0..NODES).map(NodeId).collect()
}

/// What is recorded of a store.
struct Audit;

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
struct Audited {
    term: Term,
    is_leader: bool,
    log_end: Index,
    commit: Index,
    value: Option<Bytes>,
}

impl Recorder<Kv> for Audit {
    type State = Audited;

    fn record(kv: &Kv) -> Audited {
        Audited {
            term: kv.raft().term(),
            is_leader: kv.raft().role() == Role::Leader,
            log_end: kv.raft().log().last().index,
            commit: kv.raft().commit(),
            value: kv.machine().get(b"log").cloned(),
        }
    }
}

type Node = Fifo<Snapshotting<Traced<Kv>, Clocked<Audit>>>;
type Cut = GlobalSnapshot<Timed<Audited>, Stamped<<Kv as Process>::Message>>;

/// One client that appends, and an auditor that takes snapshots of any node.
#[derive(Default)]
struct Clients {
    session: Option<SessionId>,
    sequence: u64,
    asked: u64,
    /// The request of the client that counts: an answer to an earlier one is stale.
    awaited: RequestId,
    executed: u64,
    taken: u64,
    taken_after_heal: u64,
    aborted: u64,
    /// Cuts in which a message was on its way, and in which commit indexes differed.
    moving: u64,
    uneven: u64,
}

impl Clients {
    fn id(&mut self) -> RequestId {
        self.asked += 1;
        RequestId(self.asked)
    }

    fn append(&mut self, cx: &mut WorkloadContext<'_, Node>) {
        let ask = match self.session {
            None => Ask::Open,
            Some(session) => Ask::Execute {
                session,
                sequence: self.sequence + 1,
                operation: Operation::Append {
                    key: "log".into(),
                    value: ".".into(),
                },
            },
        };
        let node = NodeId(cx.choose(u64::from(NODES)) as u32);
        let id = self.id();
        self.awaited = id;
        cx.request(node, SnapshotRequest::Process(Request { id, ask }));
        cx.set_timer(Duration::from_millis(10), CLIENT);
    }

    fn judge(cut: &Cut) -> Result<(), Violation> {
        let clocks = cut.states.iter();
        let clocks: BTreeMap<NodeId, VectorClock> = clocks
            .map(|(&node, timed)| (node, timed.clock.clone()))
            .collect();
        verify_cut(&voters(), &clocks)
            .map_err(|broken| Violation::new(broken.rule(), format!("{}: {broken}", cut.id)))?;
        let states: Vec<&Audited> = cut.states.values().map(|timed| &timed.state).collect();
        for state in &states {
            let holders = states.iter().filter(|it| it.log_end >= state.commit);
            if 2 * holders.count() <= states.len() {
                let detail = format!(
                    "{:?} is committed and not on a majority: {cut:?}",
                    state.commit
                );
                return Err(Violation::new("committed-on-a-majority", detail));
            }
            for other in &states {
                if other.commit == state.commit && other.value != state.value {
                    return Err(Violation::new("equal-stores", format!("{cut:?}")));
                }
                let are_two = !std::ptr::eq(*other, *state);
                if are_two && other.is_leader && state.is_leader && other.term == state.term {
                    return Err(Violation::new("one-leader-a-term", format!("{cut:?}")));
                }
            }
        }
        Ok(())
    }
}

impl Workload<Node> for Clients {
    fn start(&mut self, cx: &mut WorkloadContext<'_, Node>) {
        self.append(cx);
        cx.set_timer(Duration::from_millis(50), SNAPSHOT);
    }

    fn on_event(
        &mut self,
        _: NodeId,
        event: <Node as Process>::Event,
        cx: &mut WorkloadContext<'_, Node>,
    ) {
        let FifoEvent::Process(event) = event else {
            return;
        };
        match event {
            SnapshotEvent::Process(Event::Done { id, reply }) if id == self.awaited => {
                if let Reply::Opened { session } = reply {
                    self.session = Some(session);
                } else {
                    self.sequence += 1;
                    self.executed += 1;
                }
            }
            SnapshotEvent::Process(_) => {}
            SnapshotEvent::Taken { snapshot, .. } => {
                self.taken += 1;
                self.taken_after_heal += u64::from(cx.is_healed());
                self.moving += u64::from(snapshot.messages().next().is_some());
                let mut commits = snapshot.states.values().map(|timed| timed.state.commit);
                let first = commits.next();
                self.uneven += u64::from(commits.any(|commit| Some(commit) != first));
                if let Err(violation) = Self::judge(&snapshot) {
                    cx.violate(violation);
                }
            }
            SnapshotEvent::Aborted { .. } => self.aborted += 1,
        }
    }

    fn on_timer(&mut self, timer: u64, cx: &mut WorkloadContext<'_, Node>) {
        if timer == CLIENT {
            self.append(cx);
            return;
        }
        let node = NodeId(cx.choose(u64::from(NODES)) as u32);
        let id = self.id();
        cx.request(node, SnapshotRequest::Take { id });
        cx.set_timer(Duration::from_millis(50), SNAPSHOT);
    }

    fn is_done(&self) -> bool {
        self.executed >= 10 && self.taken_after_heal >= 5
    }
}

#[test]
fn a_raft_store_is_snapshotted_under_every_fault_and_every_cut_is_consistent() {
    let voters = voters();
    let configs: Vec<_> = voters
        .iter()
        .map(|&id| {
            let members = || voters.iter().copied();
            let raft = raft_core::Config::new(id, members()).expect("a configuration");
            let traced = TracedConfig::new(id, members(), kv::Config::new(raft));
            let snapshots = SnapshotConfig {
                timeout_ns: 500_000_000,
                ..SnapshotConfig::new(id, members(), traced)
            };
            FifoConfig::new(id, members(), snapshots)
        })
        .collect();
    let mut all = Clients::default();
    let mut crashes = 0;
    for seed in 0..40 {
        let mut choices = Tape::seeded_stream(seed, 1);
        let settings = Settings {
            plan: FaultPlan::swarm(&mut choices, FaultSet::all(), CHAOS_NS),
            chaos_ns: CHAOS_NS,
            ..Settings::new(NODES)
        };
        let mut clients = Clients::default();
        let tape = Tape::seeded(seed).unrecorded();
        let outcome = run::<Node, _, _>(&settings, &configs, &mut clients, &mut (), tape)
            .expect("settings that can run");
        assert_eq!(
            outcome.violation, None,
            "seed {seed}: {:?}",
            outcome.timeline
        );
        crashes += outcome.faults.get(Fault::Crash);
        all.executed += clients.executed;
        all.taken += clients.taken;
        all.aborted += clients.aborted;
        all.moving += clients.moving;
        all.uneven += clients.uneven;
    }
    println!(
        "{crashes} crashes, {} operations, {} snapshots, {} aborted, {} with messages, {} uneven",
        all.executed, all.taken, all.aborted, all.moving, all.uneven
    );
    assert!(crashes > 20, "only {crashes} crashes");
    assert!(all.taken > 200, "only {} snapshots", all.taken);
    assert!(all.aborted > 20, "only {} aborted", all.aborted);
    assert!(all.moving > 50 && all.uneven > 20, "all cuts were quiet");
}
