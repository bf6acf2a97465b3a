//! Golden cuts: scripts with fixed delays, and the global states expected of them.
//!
//! ```text
//! node NODE BALANCE
//! channel FROM TO DELAY
//! at TIME NODE pays NODE AMOUNT
//! at TIME NODE snapshots
//! expect INITIATOR#NUMBER NODE=BALANCE ... FROM>TO=AMOUNT,AMOUNT ...
//! ```
//!
//! Things happen in the order of their times; a report takes 1. A channel that is not expected is
//! empty.

use std::collections::BTreeMap;
use std::fmt::Write;

use transport::NodeId;

use crate::world::{Node, Route, Snapshot, World, mesh, money, send, take, taken, verify};
use snapshot::Snapshotting;

fn node(word: &str) -> NodeId {
    NodeId(word.trim_start_matches('n').parse().expect("a node"))
}

fn number(word: &str) -> u64 {
    word.parse().expect("a number")
}

fn shown(snapshot: &Snapshot) -> String {
    let id = snapshot.id;
    let mut line = format!("expect {}#{}", id.initiator, id.number);
    for (node, page) in &snapshot.states {
        let _ = write!(line, " {node}={}", page.state.state.balance());
    }
    for ((from, to), messages) in &snapshot.channels {
        if !messages.is_empty() {
            let amounts = messages.iter().map(|stamped| stamped.message.to_string());
            let amounts: Vec<String> = amounts.collect();
            let _ = write!(line, " {from}>{to}={}", amounts.join(","));
        }
    }
    line
}

fn play(script: &str) {
    let lines = script.lines().filter(|line| !line.starts_with('#'));
    let lines: Vec<Vec<&str>> = lines.map(|line| line.split(' ').collect()).collect();
    let nodes = lines.iter().filter(|line| line[0] == "node").count();
    let mut configs = mesh(nodes as u32);
    let mut delays = BTreeMap::new();
    let mut expected = Vec::new();
    let mut asked = Vec::new();
    for config in &mut configs {
        config.senders.clear();
        config.receivers.clear();
    }
    for (id, line) in (0..).zip(&lines) {
        match line[..] {
            ["node", name, balance] => {
                configs[node(name).0 as usize].process.process = number(balance);
            }
            ["channel", from, to, delay] => {
                let (from, to) = (node(from), node(to));
                configs[from.0 as usize].receivers.push(to);
                configs[to.0 as usize].senders.push(from);
                delays.insert((from, to), number(delay));
            }
            ["at", time, from, "pays", to, amount] => {
                let request = send(id, node(to).0, number(amount));
                asked.push((number(time), node(from).0 as usize, request));
            }
            ["at", time, from, "snapshots"] => {
                asked.push((number(time), node(from).0 as usize, take(id)));
            }
            ["expect", ..] => expected.push(line.join(" ")),
            _ => panic!("not a line of a script: {line:?}"),
        }
    }
    let mut latest = BTreeMap::new();
    let route: Route<<Node as transport::Process>::Message> = Box::new(move |link, now, _| {
        let latest = latest.entry(link).or_insert(0);
        *latest = (now + delays.get(&link).copied().unwrap_or(1)).max(*latest);
        vec![*latest]
    });
    let total: u64 = configs.iter().map(|config| config.process.process).sum();
    let mut world = World::<Node>::new(&configs, route);
    for (time, node, request) in asked {
        world.ask_at(time, node, request);
    }
    world.run(1_000_000);
    let mut cuts: Vec<String> = taken(&world).into_iter().map(shown).collect();
    expected.sort();
    cuts.sort();
    assert_eq!(cuts, expected);
    for snapshot in taken(&world) {
        let nodes = world.nodes().map(Snapshotting::process);
        assert_eq!(verify(nodes, snapshot), Ok(()));
        assert_eq!(money(snapshot), total);
    }
}

#[test]
fn a_message_on_its_way_is_in_the_channel_and_one_after_the_marker_is_not() {
    play(include_str!("goldens/message_on_its_way.txt"));
}

#[test]
fn two_initiators_have_two_cuts() {
    play(include_str!("goldens/two_initiators.txt"));
}

#[test]
fn a_marker_goes_round_a_directed_ring() {
    play(include_str!("goldens/directed_ring.txt"));
}

#[test]
fn a_single_token_is_in_exactly_one_place() {
    play(include_str!("goldens/single_token.txt"));
}

#[test]
fn a_cut_may_be_a_state_that_never_was() {
    play(include_str!("goldens/never_so.txt"));
}
