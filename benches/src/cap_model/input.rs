//! The inputs, as plain numbers that every contender takes.

/// A node: operations per second, and seconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    pub(super) read_capacity: f64,
    pub(super) write_capacity: f64,
    pub(super) latency_s: u32,
}

/// A question about all read-once systems over the nodes.
#[derive(Clone, Debug)]
pub(super) struct Search {
    pub(super) nodes: Vec<Node>,
    /// Read fractions with their weights.
    pub(super) mix: Vec<(f64, f64)>,
    pub(super) resilience: usize,
    pub(super) failures: usize,
    pub(super) latency_s_max: Option<u32>,
    pub(super) network_load_max: Option<f64>,
    /// Ours looks for the whole front, too.
    pub(super) is_front_wanted: bool,
}

/// A quorum system and what its nodes cost.
#[derive(Clone, Debug)]
pub(super) enum System {
    /// More than half of them.
    Majority(Vec<Node>),
    /// So many rows and columns of nodes that are alike.
    Grid(usize),
}

const fn node(read_capacity: f64, write_capacity: f64, latency_s: u32) -> Node {
    Node {
        read_capacity,
        write_capacity,
        latency_s,
    }
}

/// Nodes that all differ: capacities between 1,000 and 5,000 in no order.
fn unlike(count: usize) -> Vec<Node> {
    let places = 0..count as u32;
    let nodes = places.map(|place| {
        let write = 500.0 + f64::from(place * 7 % 13) * 150.0;
        node(2.0 * write, write, 1 + place * 5 % 7)
    });
    nodes.collect()
}

/// The system of a piece of work; half of its operations are reads.
pub(super) fn system(work: &str) -> Option<System> {
    let alike = |count| System::Majority(vec![node(1.0, 1.0, 1); count]);
    Some(match work {
        "majority-5" => alike(5),
        "majority-7" => alike(7),
        "majority-9" => alike(9),
        "majority-13" => alike(13),
        "majority-15" => alike(15),
        "majority-17" => alike(17),
        "majority-51" => alike(51),
        "unlike-9" => System::Majority(unlike(9)),
        "unlike-13" => System::Majority(unlike(13)),
        "grid-10x10" => System::Grid(10),
        _ => return None,
    })
}

/// The published six nodes: every second half as quick, reads ten times as cheap as writes.
fn six() -> Vec<Node> {
    let writes = [1_000.0, 500.0].into_iter().cycle();
    let nodes = writes.zip(1..=6);
    nodes
        .map(|(write, latency_s)| node(10.0 * write, write, latency_s))
        .collect()
}

/// The published five nodes.
fn five() -> Vec<Node> {
    let writes = [2_000.0, 1_000.0].into_iter().cycle();
    let nodes = writes.zip([1, 1, 3, 4, 5]);
    nodes
        .map(|(write, latency_s)| node(2.0 * write, write, latency_s))
        .collect()
}

/// The published mix of nine read fractions.
fn nine() -> Vec<(f64, f64)> {
    let weights = [10.0, 20.0, 100.0, 100.0, 100.0, 60.0, 30.0, 30.0, 20.0];
    let shares = (1..=9).rev().map(|tenths| f64::from(tenths) / 10.0);
    shares.zip(weights).collect()
}

/// The search of a piece of work.
pub(super) fn search(work: &str) -> Option<Search> {
    let of = |nodes, mix, resilience| Search {
        nodes,
        mix,
        resilience,
        failures: 0,
        latency_s_max: None,
        network_load_max: None,
        is_front_wanted: true,
    };
    Some(match work {
        "search-6" => Search {
            failures: 1,
            latency_s_max: Some(4),
            network_load_max: Some(4.0),
            ..of(six(), vec![(0.75, 1.0)], 1)
        },
        "search-5" => of(five(), nine(), 1),
        "search-5-all" => of(five(), nine(), 0),
        "search-5-failure" => Search {
            failures: 1,
            ..of(five(), nine(), 1)
        },
        "search-7" => of(unlike(7), vec![(0.6, 1.0)], 1),
        "search-7-mix" => Search {
            is_front_wanted: false,
            ..of(unlike(7), nine(), 1)
        },
        _ => return None,
    })
}
