//! Asking a system allocates nothing: it stands in the innermost loop of a leader.

use allocation_counter::measure;
use quorum::QuorumSystem;

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
