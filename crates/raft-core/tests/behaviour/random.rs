//! Random schedules: faults of every kind, then a healed phase in which the cluster must make
//! progress. A failure prints the schedule, shrunk.
//!
//! The schedules are the same on every run. `RAFT_SEED=17` asks for other ones.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use crate::common::Net;
use crate::common::disk::Disk;
use crate::common::random::Random;
use quickcheck::{Arbitrary, Gen, QuickCheck, TestResult};
use quorum::QuorumSystem;
use raft_core::{Config, Index, Role};

/// One move of the adversary. Numbers are reduced to what there is.
#[derive(Clone, Copy, Debug)]
enum Verb {
    Tick,
    Wake {
        node: u8,
    },
    Deliver,
    DeliverLate {
        place: u8,
    },
    Drop {
        place: u8,
    },
    Duplicate {
        place: u8,
    },
    Crash {
        node: u8,
        keep: u8,
    },
    Restart {
        node: u8,
    },
    Propose {
        node: u8,
    },
    Read {
        node: u8,
    },
    CutOneWay {
        from: u8,
        to: u8,
    },
    Isolate {
        node: u8,
    },
    Heal,
    Sync {
        node: u8,
    },
    SyncPart {
        node: u8,
    },
    ProposeToLeader,
    ReadFromLeader,
    DropAll,
    TimeOut {
        node: u8,
    },
    /// So many messages arrive in order, between disks that sync at once.
    Progress {
        steps: u8,
    },
}

impl Arbitrary for Verb {
    fn arbitrary(g: &mut Gen) -> Self {
        let node = u8::arbitrary(g);
        let place = u8::arbitrary(g);
        match u8::arbitrary(g) % 64 {
            0..=4 => Self::Tick,
            5 => Self::Wake { node },
            6..=9 => Self::TimeOut { node },
            10..=15 => Self::Deliver,
            16..=18 => Self::DeliverLate { place },
            19 => Self::Drop { place },
            20 => Self::Duplicate { place },
            21..=22 => Self::Crash {
                node,
                keep: place % 4,
            },
            23..=25 => Self::Restart { node },
            26 => Self::Propose { node },
            27 => Self::Read { node },
            28 => Self::CutOneWay {
                from: node,
                to: place,
            },
            29..=30 => Self::Isolate { node },
            31..=33 => Self::Heal,
            34..=37 => Self::Sync { node },
            38 => Self::SyncPart { node },
            39..=43 => Self::ProposeToLeader,
            44..=46 => Self::ReadFromLeader,
            47 => Self::DropAll,
            _ => Self::Progress { steps: place % 24 },
        }
    }
}

#[derive(Clone, Debug)]
struct Schedule {
    seed: u16,
    verbs: Vec<Verb>,
}

impl Arbitrary for Schedule {
    fn arbitrary(g: &mut Gen) -> Self {
        let count = 40 + usize::arbitrary(g) % 360;
        Self {
            seed: u16::arbitrary(g),
            verbs: (0..count).map(|_| Verb::arbitrary(g)).collect(),
        }
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        let seed = self.seed;
        // A verb is as simple as it gets; only their number shrinks.
        let verbs = self.verbs.clone();
        let halves = (0..8).rev().flat_map(move |level| {
            let piece = (verbs.len() >> (8 - level)).max(1);
            let verbs = verbs.clone();
            let starts = (0..verbs.len()).step_by(piece);
            starts.map(move |start| {
                let mut fewer = verbs.clone();
                fewer.drain(start..(start + piece).min(fewer.len()));
                fewer
            })
        });
        Box::new(halves.map(move |verbs| Self { seed, verbs }))
    }
}

/// Short patience and tight limits. Appends of one entry part what longer ones keep together.
fn quick(config: Config, seed: u16) -> Config {
    config
        .fate_patience(Duration::from_millis(700))
        .append_entries_max(1 + usize::from(seed % 3))
        .unwrap()
        .appends_in_flight_max(2)
        .unwrap()
        .requests_max(12)
        .unwrap()
}

/// Who elects and who commits, for the schedule of this seed.
type Quorums = fn(Config, u16) -> Config;

fn majority(config: Config, _: u16) -> Config {
    config
}

/// Voters that weigh 1 to 3, an election that needs more than half of them, and a commit that needs
/// as little as such elections allow, or a little more.
fn drawn(config: Config, seed: u16) -> Config {
    let mut random = Random::new(u64::from(seed));
    let voters = config.voters().to_vec();
    let voters: Vec<_> = voters
        .into_iter()
        .map(|voter| (voter, 1 + random.below(3)))
        .collect();
    let total: u64 = voters.iter().map(|(_, weight)| weight).sum();
    let read_weight = total / 2 + 1 + random.below(total - total / 2);
    let write_weight = (total - read_weight + 1 + random.below(3)).min(total);
    let system = QuorumSystem::weighted_flexible(voters, read_weight, write_weight);
    config.quorums(system.unwrap()).unwrap()
}

fn play(net: &mut Net, verb: Verb) {
    let size = net.size();
    let id = |node: u8| u32::from(node) % size + 1;
    let packets = net.wire.len();
    let place = |place: u8| usize::from(place) % packets.max(1);
    match verb {
        Verb::Tick => net.tick(),
        Verb::Wake { node } => net.wake(id(node)),
        Verb::Restart { node } => net.restart(id(node)),
        Verb::Crash { node, keep } => net.crash(id(node), usize::from(keep)),
        Verb::Heal => net.heal(),
        Verb::Sync { node } => net.sync(id(node)),
        Verb::SyncPart { node } => net.sync_up_to(id(node), 1),
        Verb::Isolate { node } => net.partition(&[id(node)]),
        Verb::CutOneWay { from, to } => net.cut_one_way(id(from), id(to)),
        Verb::Propose { node } => ask(net, id(node), Net::propose),
        Verb::Read { node } => ask(net, id(node), Net::read),
        Verb::ProposeToLeader => ask(net, net.leader().unwrap_or(1), Net::propose),
        Verb::ReadFromLeader => ask(net, net.leader().unwrap_or(1), Net::read),
        Verb::TimeOut { node } if net.is_up(id(node)) => net.time_out(id(node)),
        Verb::TimeOut { .. } => {}
        Verb::Progress { steps } => progress(net, steps),
        Verb::DropAll => net.wire.clear(),
        _ if packets == 0 => {}
        Verb::Deliver => net.deliver(0),
        Verb::DeliverLate { place: at } => net.deliver(place(at)),
        Verb::Drop { place: at } => drop(net.wire.remove(place(at))),
        Verb::Duplicate { place: at } => {
            let packet = net.wire[place(at)].clone();
            net.wire.push(packet);
        }
    }
}

fn progress(net: &mut Net, steps: u8) {
    net.flush();
    for _ in 0..steps {
        for id in net.ids() {
            net.sync(id);
        }
        if !net.wire.is_empty() {
            net.deliver(0);
        }
    }
}

fn ask(net: &mut Net, id: u32, verb: impl Fn(&mut Net, u32) -> transport::RequestId) {
    if net.is_up(id) {
        verb(net, id);
    }
}

/// Faults stop. Within bounded time somebody leads, a proposal commits everywhere, and nobody's
/// request is left open.
fn recovers(net: &mut Net) {
    net.heal();
    net.auto_sync = true;
    for id in net.ids() {
        net.restart(id);
        net.sync(id);
    }
    // Twenty election timeouts.
    net.run_ms(3_000);
    let leader = net
        .leader()
        .expect("a leader within twenty election timeouts");
    let (write, read) = (net.propose(leader), net.read(leader));
    net.run_ms(100);
    let index = match net.ending(write) {
        Some(crate::common::clients::Ending::Committed(index)) => index,
        other => panic!("the proposal ended as {other:?}"),
    };
    assert!(net.ending(read).is_some());
    for id in net.ids() {
        assert!(net.node(id).commit() >= index, "node {id} lags");
        assert_eq!(net.node(id).leader().map(|node| node.0), Some(leader));
    }
    let leaders = net.ids().filter(|&id| net.role(id) == Role::Leader);
    assert_eq!(leaders.count(), 1);
    assert_eq!(net.clients.open_count(), 0, "every request ended");
    net.check_end();
}

/// What the schedules of a test reached before the healing, summed.
#[derive(Clone, Copy, Default)]
struct Reached {
    terms: u64,
    commits: u64,
}

fn survives(
    n: u32,
    quorums: Quorums,
    reached: Rc<Cell<Reached>>,
) -> impl Fn(Schedule) -> TestResult {
    move |schedule| {
        let seed = schedule.seed;
        let config = |config| quorums(quick(config, seed), seed);
        let mut net = Net::seeded(n, seed.into(), config, |_| Disk::default());
        net.auto_sync = false;
        for verb in &schedule.verbs {
            play(&mut net, *verb);
        }
        let Reached { terms, commits } = reached.get();
        let term = net.ids().map(|id| net.disk(id).durable.term.0).max();
        reached.set(Reached {
            terms: terms + term.unwrap_or(0),
            commits: commits + net.ledger.committed().last().index.0,
        });
        recovers(&mut net);
        TestResult::from_bool(net.ledger.committed().last().index > Index(0))
    }
}

/// Runs the property on `tests` schedules; a panic is shown with the schedule that led to it.
fn check(n: u32, tests: u64, quorums: Quorums) {
    let seed = std::env::var("RAFT_SEED").map_or(1, |text| text.parse().unwrap());
    let reached = Rc::new(Cell::new(Reached::default()));
    let property = survives(n, quorums, Rc::clone(&reached));
    // A plain function pointer cannot know `n`, so the property is a value of its own.
    struct Property<F>(F);
    impl<F: Fn(Schedule) -> TestResult + 'static> quickcheck::Testable for Property<F> {
        fn result(&self, g: &mut Gen) -> TestResult {
            let schedule = Schedule::arbitrary(g);
            let failed = |schedule: &Schedule| {
                let run = std::panic::AssertUnwindSafe(|| (self.0)(schedule.clone()));
                std::panic::catch_unwind(run).map_or(true, |result| result.is_failure())
            };
            if !failed(&schedule) {
                return TestResult::passed();
            }
            let mut smallest = schedule;
            while let Some(smaller) = smallest.shrink().find(|smaller| failed(smaller)) {
                smallest = smaller;
            }
            // Once more, uncaught: the last panic printed is the one of this schedule.
            eprintln!("{smallest:?}");
            (self.0)(smallest)
        }
    }
    QuickCheck::new()
        .tests(tests)
        .rng(Gen::from_size_and_seed(100, seed))
        .quickcheck(Property(property));
    let Reached { terms, commits } = reached.get();
    assert!(
        terms > 2 * tests && commits > 3 * tests,
        "the schedules are too tame"
    );
}

#[test]
fn one_node_keeps_every_invariant_and_recovers() {
    check(1, 1_000, majority);
}

#[test]
fn two_nodes_keep_every_invariant_and_recover() {
    check(2, 3_000, majority);
}

#[test]
fn three_nodes_keep_every_invariant_and_recover() {
    check(3, 8_000, majority);
}

#[test]
fn four_nodes_keep_every_invariant_and_recover() {
    check(4, 3_000, majority);
}

#[test]
fn five_nodes_keep_every_invariant_and_recover() {
    check(5, 5_000, majority);
}

#[test]
fn three_nodes_of_any_weights_and_thresholds_keep_every_invariant_and_recover() {
    check(3, 3_000, drawn);
}

#[test]
fn four_nodes_of_any_weights_and_thresholds_keep_every_invariant_and_recover() {
    check(4, 2_000, drawn);
}

#[test]
fn five_nodes_of_any_weights_and_thresholds_keep_every_invariant_and_recover() {
    check(5, 3_000, drawn);
}
