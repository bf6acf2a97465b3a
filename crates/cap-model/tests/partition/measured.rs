//! The matrix against forecasts and against stores that run, in every state of the links.

use cap_model::partition::{Protocol, rows};
use cap_model::sample::{SampleRules, SampleStore};
use cap_model::{Adversary, Settings, Shape, forecast, link_states};
use quorum::QuorumSystem;
use transport::NodeId;

use super::{local, write_all};

/// Every cell of the measurement is a row with the same word.
fn compare(store: &SampleStore, protocol: &Protocol, shapes: impl Iterator<Item = Shape>) -> usize {
    let settings = Settings::default();
    let adversary = Adversary::new(store, &settings).unwrap();
    let mut cells = 0;
    for shape in shapes {
        let measured = adversary.measure(&shape).unwrap();
        let rows = rows(protocol, &shape).unwrap();
        assert_eq!(measured.cells.len(), rows.len());
        for (cell, row) in measured.cells.iter().zip(&rows) {
            assert_eq!((cell.operation, cell.side), (row.operation, row.side));
            assert_eq!(
                cell.availability, row.availability,
                "{shape} {protocol:?}: {}",
                row.because
            );
            cells += 1;
        }
    }
    cells
}

fn partial(nodes: u32, read: u32, write: u32) -> (SampleStore, Protocol) {
    let rules = SampleRules {
        write_peers: write - 1,
        read_peers: read - 1,
        ..SampleRules::default()
    };
    let store = SampleStore::new(nodes, rules).unwrap();
    (store, Protocol::partial(nodes, read, write).unwrap())
}

#[test]
fn every_cell_of_three_nodes_is_what_the_running_stores_show() {
    let mut cells = 0;
    for (read, write) in [(2, 2), (1, 3), (3, 1)] {
        let (store, protocol) = partial(3, read, write);
        cells += compare(&store, &protocol, link_states(3).unwrap());
    }
    let store = SampleStore::local(3).unwrap();
    cells += compare(&store, &local(3), link_states(3).unwrap());
    let store = SampleStore::write_all(3).unwrap();
    cells += compare(&store, &write_all(3), link_states(3).unwrap());
    // 64 states have 135 sides, of two operations each.
    assert_eq!(cells, 5 * 270);
}

#[test]
fn every_37th_cell_of_four_nodes_is_what_the_running_stores_show() {
    let (store, protocol) = partial(4, 2, 3);
    let some = link_states(4).unwrap().skip(5).step_by(37);
    assert!(compare(&store, &protocol, some) > 400);
}

#[test]
#[ignore = "a campaign: 4,096 states of four stores"]
fn every_cell_of_four_nodes_is_what_the_running_stores_show() {
    let mut cells = 0;
    for (read, write) in [(3, 3), (2, 3), (1, 4)] {
        let (store, protocol) = partial(4, read, write);
        cells += compare(&store, &protocol, link_states(4).unwrap());
    }
    let store = SampleStore::local(4).unwrap();
    cells += compare(&store, &local(4), link_states(4).unwrap());
    println!("{cells} cells");
}

#[test]
fn a_register_on_quorums_is_answered_where_the_forecast_says_both() {
    let nodes = [0, 1, 2, 3].map(NodeId);
    let systems = [
        QuorumSystem::majority(nodes).unwrap(),
        QuorumSystem::flexible(nodes, 2, 3).unwrap(),
        QuorumSystem::weighted(nodes.map(|node| (node, u64::from(node.0) + 1))).unwrap(),
        QuorumSystem::grid([[NodeId(0), NodeId(1)], [NodeId(2), NodeId(3)]]).unwrap(),
    ];
    for system in systems {
        let protocol = Protocol::Quorum(system.clone());
        for shape in link_states(4).unwrap().step_by(7) {
            let able = |node| {
                let forecast = forecast(&system, &shape, node);
                forecast.can_read && forecast.can_write
            };
            for row in rows(&protocol, &shape).unwrap() {
                let able = row.side.nodes().filter(|&node| able(node)).count();
                let answered = super::rows::answered(&row);
                assert_eq!(able, answered.len() as usize, "{shape}, {}", row.operation);
            }
        }
    }
}
