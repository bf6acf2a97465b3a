//! The words for what is measured, against what quorum systems promise.

use cap_model::sample::{SampleRules, SampleStore};
use cap_model::{
    Adversary, Availability, Consistency, Forecast, Operation, Settings, Shape, Side, forecast,
    link_states,
};
use quorum::QuorumSystem;
use transport::NodeId;

fn side(nodes: impl IntoIterator<Item = u32>) -> Side {
    Side::of(nodes.into_iter().map(NodeId)).unwrap()
}

/// What a write and a read at each node came to, against the forecast of the quorum system.
fn check_against_forecast(nodes: u32, read_size: u32, write_size: u32) -> usize {
    let members = (0..nodes).map(NodeId);
    let sizes = (read_size as usize, write_size as usize);
    let system = QuorumSystem::flexible(members, sizes.0, sizes.1).unwrap();
    let rules = SampleRules {
        read_peers: read_size - 1,
        write_peers: write_size - 1,
        ..SampleRules::default()
    };
    let subject = SampleStore::new(nodes, rules).unwrap();
    let adversary = Adversary::new(&subject, &Settings::default()).unwrap();
    let mut cells = 0;
    for shape in link_states(nodes).unwrap() {
        let measured = adversary.measure(&shape).unwrap();
        for trial in &measured.trials {
            let Forecast {
                can_read,
                can_write,
            } = forecast(&system, &shape, trial.node);
            let expected = match trial.operation {
                Operation::Update => can_write,
                _ => can_read,
            };
            assert_eq!(trial.result.is_ok(), expected, "{shape}: {trial:?}");
            cells += 1;
        }
        // Quorums that meet: whoever answers, answers the truth.
        let worst = measured
            .cells
            .iter()
            .filter_map(|cell| cell.consistency)
            .max();
        assert!(
            worst.is_none_or(|worst| worst == Consistency::Linearizable),
            "{shape}"
        );
    }
    cells
}

#[test]
fn quorum_arithmetic_forecasts_every_link_state_of_three_nodes() {
    assert_eq!(check_against_forecast(3, 2, 2), 64 * 6);
    assert_eq!(check_against_forecast(3, 1, 3), 64 * 6);
    assert_eq!(check_against_forecast(3, 3, 1), 64 * 6);
}

#[test]
fn quorum_arithmetic_forecasts_every_link_state_of_four_nodes() {
    assert_eq!(check_against_forecast(4, 2, 3), 4_096 * 8);
}

#[test]
fn a_majority_serves_its_side_in_two_delays_and_the_other_not_at_all() {
    let subject = SampleStore::majority(5).unwrap();
    let adversary = Adversary::new(&subject, &Settings::default()).unwrap();
    let (few, many) = (side([0, 3]), side([1, 2, 4]));
    let measured = adversary.measure(&Shape::split(5, few).unwrap()).unwrap();
    for operation in Operation::BOTH {
        let cell = measured.cell(operation, few).unwrap();
        assert_eq!(cell.availability, Availability::None);
        assert_eq!((cell.latency, cell.consistency), (None, None));
        let cell = measured.cell(operation, many).unwrap();
        assert_eq!(cell.availability, Availability::Side(many));
        assert_eq!(cell.latency.unwrap().1.link_delays, Some(2));
        assert_eq!(cell.consistency, Some(Consistency::Linearizable));
    }
}

#[test]
fn a_local_store_is_sticky_lagging_when_whole_and_stale_when_split() {
    let subject = SampleStore::local(3).unwrap();
    let adversary = Adversary::new(&subject, &Settings::default()).unwrap();
    let all = side(0..3);
    let whole = adversary.measure(&Shape::whole(3).unwrap()).unwrap();
    let cell = whole.cell(Operation::Observe, all).unwrap();
    assert_eq!(cell.availability, Availability::Sticky);
    assert_eq!(cell.latency.unwrap().1.to_string(), "local");
    assert_eq!(cell.consistency, Some(Consistency::Lagging));
    let split = Shape::split(3, side([0])).unwrap();
    let split = adversary.measure(&split).unwrap();
    let cell = split.cell(Operation::Observe, side([0])).unwrap();
    assert_eq!(cell.availability, Availability::Sticky);
    assert_eq!(cell.consistency, Some(Consistency::Stale));
    let own = split
        .pairs
        .iter()
        .find(|pair| pair.update_at == pair.observe_at);
    assert_eq!(own.unwrap().consistency, Consistency::Linearizable);
}

#[test]
fn writing_to_all_costs_writes_everywhere_and_leaves_reads_total() {
    let subject = SampleStore::write_all(3).unwrap();
    let adversary = Adversary::new(&subject, &Settings::default()).unwrap();
    let split = Shape::split(3, side([2])).unwrap();
    let measured = adversary.measure(&split).unwrap();
    let availability = |operation| measured.cell(operation, side([0, 1])).unwrap().availability;
    assert_eq!(availability(Operation::Update), Availability::None);
    assert_eq!(availability(Operation::Observe), Availability::Total);
}

#[test]
fn only_the_centre_of_a_star_and_the_middle_of_a_chain_have_a_majority() {
    let subject = SampleStore::majority(5).unwrap();
    let adversary = Adversary::new(&subject, &Settings::default()).unwrap();
    let availability = |shape: &Shape| {
        let measured = adversary.measure(shape).unwrap();
        let cell = measured.cell(Operation::Update, side(0..5));
        cell.unwrap().availability
    };
    let star = Shape::star(5, NodeId(3)).unwrap();
    // Its links set the centre apart, not a role.
    assert_eq!(availability(&star), Availability::Partly(side([3])));
    let chain = Shape::chain(5).unwrap();
    assert_eq!(availability(&chain), Availability::Partly(side([1, 2, 3])));
    let bridge = Shape::bridge(5, NodeId(2)).unwrap();
    assert_eq!(availability(&bridge), Availability::Total);
    // The lonely node is a side of its own.
    let lost = Shape::constrained_election(5, NodeId(3), NodeId(0)).unwrap();
    let measured = adversary.measure(&lost).unwrap();
    let availability = |side| measured.cell(Operation::Update, side).unwrap().availability;
    assert_eq!(availability(side([0])), Availability::None);
    assert_eq!(availability(side(1..5)), Availability::Partly(side([3])));
}

#[test]
fn whoever_hears_nobody_gets_no_quorum_though_all_hear_it() {
    let subject = SampleStore::majority(3).unwrap();
    let adversary = Adversary::new(&subject, &Settings::default()).unwrap();
    let deaf = side([1]);
    let shape = Shape::one_way(3, deaf).unwrap();
    let measured = adversary.measure(&shape).unwrap();
    let availability = |side| measured.cell(Operation::Update, side).unwrap().availability;
    assert_eq!(availability(deaf), Availability::None);
    assert_eq!(availability(side([0, 2])), Availability::Side(side([0, 2])));
}
