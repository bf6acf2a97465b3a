//! The tracing wrapper around the replicated store, in the simulator, under every fault: stamps stay
//! true through crashes, and the store inside goes on.

use std::time::Duration;

use kv::{Ask, Event, Kv, Operation, Reply, Request, SessionId};
use simulator::{
    Cluster, FaultPlan, FaultSet, Observer, Settings, Tape, Violation, Workload, WorkloadContext,
    run,
};
use snapshot::{Traced, TracedConfig};
use transport::{NodeId, RequestId};

const NODES: u32 = 3;
const CHAOS_NS: u64 = 2_000_000_000;

type Node = Traced<Kv>;

/// One client that appends, and counts what was executed.
struct Appender {
    session: Option<SessionId>,
    sequence: u64,
    asked: u64,
    executed: u64,
}

impl Appender {
    fn ask(&mut self, cx: &mut WorkloadContext<'_, Node>) {
        self.asked += 1;
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
        let node = NodeId(u32::try_from(cx.choose(u64::from(NODES))).unwrap_or(0));
        let id = RequestId(self.asked);
        cx.request(node, Request { id, ask });
        cx.set_timer(Duration::from_millis(20), self.asked);
    }
}

impl Workload<Node> for Appender {
    fn start(&mut self, cx: &mut WorkloadContext<'_, Node>) {
        self.ask(cx);
    }

    fn on_event(&mut self, _: NodeId, event: Event, _: &mut WorkloadContext<'_, Node>) {
        let Event::Done { id, reply } = event else {
            return;
        };
        if id != RequestId(self.asked) {
            return;
        }
        match reply {
            Reply::Opened { session } => self.session = Some(session),
            _ => {
                self.sequence += 1;
                self.executed += 1;
            }
        }
    }

    fn on_timer(&mut self, timer: u64, cx: &mut WorkloadContext<'_, Node>) {
        if timer == self.asked {
            self.ask(cx);
        }
    }

    fn is_done(&self) -> bool {
        self.executed >= 10
    }
}

/// Nobody knows more of a node than the node itself, and every stamp is believed.
#[derive(Default)]
struct Stamps {
    crashes: u64,
}

impl Observer<Node> for Stamps {
    fn after_step(&mut self, node: NodeId, cluster: &Cluster<'_, Node>) -> Result<(), Violation> {
        let Some(traced) = cluster.process(node) else {
            return Ok(());
        };
        if traced.stamps_refused() > 0 {
            return Err(Violation::new("stamps", format!("{node} refused one")));
        }
        for other in cluster.nodes() {
            let Some(witness) = cluster.process(other) else {
                continue;
            };
            let slot = other.0 as usize;
            if traced.clock().get(slot) > witness.clock().get(slot) {
                let detail = format!("{node} knows a step of {other} that {other} forgot");
                return Err(Violation::new("stamps", detail));
            }
        }
        Ok(())
    }

    fn after_crash(&mut self, _: NodeId, _: &Cluster<'_, Node>) -> Result<(), Violation> {
        self.crashes += 1;
        Ok(())
    }
}

#[test]
fn a_traced_store_survives_every_fault_and_its_stamps_stay_true() {
    let voters: Vec<NodeId> = (0..NODES).map(NodeId).collect();
    let configs: Vec<_> = voters
        .iter()
        .map(|&id| {
            let raft = raft_core::Config::new(id, voters.iter().copied()).expect("a configuration");
            TracedConfig::new(id, voters.iter().copied(), kv::Config::new(raft))
        })
        .collect();
    let (mut crashes, mut executed) = (0, 0);
    for seed in 0..40 {
        let mut choices = Tape::seeded_stream(seed, 1);
        let settings = Settings {
            plan: FaultPlan::swarm(&mut choices, FaultSet::all(), CHAOS_NS),
            chaos_ns: CHAOS_NS,
            ..Settings::new(NODES)
        };
        let mut client = Appender {
            session: None,
            sequence: 0,
            asked: 0,
            executed: 0,
        };
        let mut stamps = Stamps::default();
        let tape = Tape::seeded(seed).unrecorded();
        let outcome = run::<Node, _, _>(&settings, &configs, &mut client, &mut stamps, tape)
            .expect("settings that can run");
        assert_eq!(
            outcome.violation, None,
            "seed {seed}: {:?}",
            outcome.timeline
        );
        crashes += stamps.crashes;
        executed += client.executed;
    }
    assert!(crashes > 40, "only {crashes} crashes: this tested nothing");
    assert!(executed > 400, "only {executed} operations");
}
