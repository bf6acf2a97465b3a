//! Random schedules: faults of every kind, then a healed phase in which the cluster must make
//! progress. Schedules are numbered; a failure names its number. `PAXOS_SEED=17` adds to them all.

use std::time::Duration;

use crate::common::random::Random;
use crate::common::{Net, majority};
use paxos_core::Config;
use quorum::QuorumSystem;
use transport::NodeId;

/// Short waits and tight limits, so that every bound is met.
fn quick(config: Config, seed: u64) -> Config {
    config
        .patience(Duration::from_millis(200 + 200 * (seed % 3)))
        .backoff(Duration::from_millis(2), Duration::from_millis(100))
        .unwrap()
        .resend_interval(Duration::from_millis(10))
        .unwrap()
        .ask_interval(Duration::from_millis(100))
        .unwrap()
        .requests_max(4)
        .unwrap()
        .records_max(1 + (seed % 5) as usize)
        .unwrap()
}

/// One move of the adversary. How often it makes trouble is drawn for each schedule.
fn play(net: &mut Net, random: &mut Random, trouble: u64) {
    let n = net.ids().end;
    let id = random.below(u64::from(n)) as u32;
    let packets = net.wire.len() as u64;
    let place = random.below(packets) as usize;
    if random.below(16) < trouble {
        match random.below(12) {
            0 => net.crash(id, random.below(4) as usize),
            1..=3 => net.restart(id),
            4 => net.isolate(id),
            5 => net.cut_one_way(id, random.below(u64::from(n)) as u32),
            6 => net.heal(),
            7 => net.wire.clear(),
            8..=9 if packets > 0 => drop(net.wire.remove(place)),
            10..=11 if packets > 0 => {
                let packet = net.wire[place].clone();
                net.wire.push(packet);
            }
            _ => {}
        }
        return;
    }
    match random.below(32) {
        0..=1 if net.is_up(id) => drop(net.propose(id)),
        2 if net.is_up(id) => drop(net.learn(id)),
        3 => net.heal(),
        4 => net.tick(),
        5..=8 if net.is_up(id) => net.time_out(id),
        9 => net.sync_up_to(id, 1),
        10..=14 => net.sync(id),
        15..=21 if packets > 0 => net.deliver(place),
        22..=28 if packets > 0 => net.deliver(0),
        29..=31 => {
            for _ in 0..random.below(12) {
                net.ids().for_each(|id| net.sync(id));
                if !net.wire.is_empty() {
                    net.deliver(0);
                }
            }
        }
        _ => {}
    }
}

#[derive(Default)]
struct Reached {
    decided_amid_faults: u64,
    contested: u64,
}

fn survive(quorums: &QuorumSystem<NodeId>, seed: u64, reached: &mut Reached) {
    let mut net = Net::seeded(quorums.clone(), seed, |config| quick(config, seed));
    net.auto_sync = false;
    let mut random = Random::new(seed ^ 0x5EED);
    let trouble = 1 + random.below(8);
    for _ in 0..(50 + random.below(350)) {
        play(&mut net, &mut random, trouble);
    }
    reached.decided_amid_faults += u64::from(net.chosen().is_some());
    reached.contested += u64::from(net.offered().len() > 1);
    recover(&mut net);
}

/// Faults stop. Within bounded time every request has ended; what anybody had accepted is decided and
/// everybody knows; and a new proposal is answered.
fn recover(net: &mut Net) {
    net.heal();
    net.auto_sync = true;
    for id in net.ids() {
        net.restart(id);
        net.sync(id);
    }
    net.run_ms(3_000);
    assert_eq!(net.clients.open_count(), 0, "every request ended");
    let is_held = net
        .ids()
        .any(|id| net.node(id).acceptor().accepted().is_some());
    assert!(!is_held, "what was accepted is decided and known");
    let last = net.propose(net.ids().end - 1);
    net.run_ms(1_000);
    let chosen = net.chosen().expect("a value is chosen");
    match net.ending(last) {
        Some(crate::common::clients::Ending::Decided(value, _)) => assert_eq!(value, chosen),
        other => panic!("the proposal ended as {other:?}"),
    }
    for id in net.ids() {
        assert_eq!(net.node(id).decided(), Some(&chosen), "node {id} knows");
    }
    net.check_end();
}

fn check(quorums: &QuorumSystem<NodeId>, schedules: u64) {
    let base = std::env::var("PAXOS_SEED").map_or(0, |text| text.parse().unwrap());
    let mut reached = Reached::default();
    for seed in base..base + schedules {
        let run = std::panic::AssertUnwindSafe(|| survive(quorums, seed, &mut reached));
        if let Err(panic) = std::panic::catch_unwind(run) {
            eprintln!("schedule {seed}");
            std::panic::resume_unwind(panic);
        }
    }
    assert!(
        reached.decided_amid_faults > schedules / 5,
        "too tame or too wild: {} of {schedules} decided before the healing",
        reached.decided_amid_faults
    );
    assert!(
        quorums.size() < 3 || reached.contested > schedules / 100,
        "too tame: values met in {} of {schedules} schedules",
        reached.contested
    );
}

#[test]
fn one_node_keeps_every_invariant_and_recovers() {
    check(&majority(1), 1_000);
}

#[test]
fn two_nodes_keep_every_invariant_and_recover() {
    check(&majority(2), 3_000);
}

#[test]
fn three_nodes_keep_every_invariant_and_recover() {
    check(&majority(3), 8_000);
}

#[test]
fn four_nodes_keep_every_invariant_and_recover() {
    check(&majority(4), 3_000);
}

#[test]
fn five_nodes_keep_every_invariant_and_recover() {
    check(&majority(5), 4_000);
}

/// Any two of five accept, any four promise; and the other way round.
#[test]
fn flexible_quorums_keep_every_invariant_and_recover() {
    let members = || (0..5).map(NodeId);
    check(&QuorumSystem::flexible(members(), 4, 2).unwrap(), 2_000);
    check(&QuorumSystem::flexible(members(), 2, 4).unwrap(), 2_000);
}

/// One heavy node and three light ones; the heavy one and any other decide.
#[test]
fn weighted_quorums_keep_every_invariant_and_recover() {
    let members = [(0, 3), (1, 1), (2, 1), (3, 1)].map(|(id, weight)| (NodeId(id), weight));
    check(&QuorumSystem::weighted(members).unwrap(), 2_000);
    check(
        &QuorumSystem::weighted_flexible(members, 3, 4).unwrap(),
        2_000,
    );
}
