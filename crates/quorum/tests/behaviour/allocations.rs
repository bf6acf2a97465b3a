//! Asking a system allocates nothing: it stands in the innermost loop of a leader.

use allocation_counter::measure;
use quorum::{Expression, QuorumSystem};

#[test]
fn asking_a_system_of_up_to_64_members_allocates_nothing() {
    for size in [1, 5, 64] {
        let system = QuorumSystem::majority(0..size).unwrap();
        let counted = measure(|| {
            assert!(system.is_read_quorum(|&node| node <= size / 2));
            assert!(system.is_write_quorum(|&node| node <= size / 2));
            assert!(system.contains(&0));
            let least = system.write_watermark(|&node: &u64| node);
            assert_eq!(least, size - (size / 2 + 1));
        });
        assert_eq!(counted.count_total, 0, "{size} members");
    }
}

#[test]
fn the_watermark_of_more_members_allocates_once() {
    let system = QuorumSystem::majority(0..65_u64).unwrap();
    let counted = measure(|| assert_eq!(system.write_watermark(|&node| node), 32));
    assert_eq!(counted.count_total, 1);
}

#[test]
fn asking_an_expression_for_a_quorum_allocates_nothing() {
    for system in [
        QuorumSystem::grid((0..31).map(|row| row * 33..row * 33 + 33)).unwrap(),
        QuorumSystem::tree(0..1_023).unwrap(),
        QuorumSystem::maekawa(0..1_024).unwrap(),
    ] {
        let counted = measure(|| {
            assert!(system.is_read_quorum(|_| true) && !system.is_read_quorum(|_| false));
            assert!(system.is_write_quorum(|_| true) && !system.is_write_quorum(|_| false));
        });
        assert_eq!(counted.count_total, 0);
    }
    // More parts wait for one gate than fit on the stack.
    let twice = (0..2_048).map(|part| Expression::node(part / 2));
    let wide = Expression::choose(1_025, twice).unwrap();
    assert!(wide.is_quorum(|&node| node < 513) && !wide.is_quorum(|&node| node < 512));
}
