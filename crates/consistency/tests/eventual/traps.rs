//! Bugs that happened to somebody, each with its source.

use std::time::Duration;

use consistency::eventual::Versions;
use transport::NodeId;

use crate::world::{World, context, empty, put, values};

fn fresh() -> Versions {
    Versions::new(3).unwrap()
}

// riak_test pull request 383 and riak_kv pull request 746: with one clock per value and the counter
// of the server, a client that reads, writes, and races itself grew siblings without bound.
#[test]
fn interleaved_writers_of_one_node_leave_no_more_siblings_than_writers() {
    let mut versions = fresh();
    let (mut alice, mut bob) = (empty(), empty());
    for round in 0..200 {
        versions
            .put(0, &alice, format!("a{round}").as_str().into())
            .unwrap();
        alice = versions.context().clone();
        versions
            .put(0, &bob, format!("b{round}").as_str().into())
            .unwrap();
        bob = versions.context().clone();
        assert!(
            versions.siblings().len() <= 2,
            "round {round}: {versions:?}"
        );
    }
}

// The same with stale contexts only: what was seen is replaced, and nothing else.
#[test]
fn a_stale_context_never_drops_a_sibling_it_has_not_seen() {
    let mut versions = fresh();
    versions.put(0, &empty(), "first".into()).unwrap();
    let stale = versions.context().clone();
    versions.put(0, &stale, "second".into()).unwrap();
    versions.put(0, &stale, "third".into()).unwrap();
    assert_eq!(values(&versions), ["second", "third"]);
    versions.delete(&stale).unwrap();
    assert_eq!(values(&versions), ["second", "third"]);
}

#[test]
fn a_blind_write_adds_a_sibling() {
    let mut versions = fresh();
    versions.put(0, &empty(), "first".into()).unwrap();
    versions.put(0, &empty(), "second".into()).unwrap();
    versions.put(1, &empty(), "third".into()).unwrap();
    assert_eq!(values(&versions), ["first", "second", "third"]);
}

// riak_dt pull request 82: an item that stands on both sides of a merge, under different dots, may
// still have to go: each side removed the dot that the other kept.
#[test]
fn an_item_on_both_sides_of_a_merge_may_still_be_removed() {
    let (mut a, mut b) = (fresh(), fresh());
    a.put(0, &empty(), "item".into()).unwrap();
    b.put(1, &empty(), "item".into()).unwrap();
    let (of_a, of_b) = (a.clone(), b.clone());
    // Each side sees the item of the other and removes that one only.
    a.merge(&of_b).unwrap();
    a.delete(of_b.context()).unwrap();
    b.merge(&of_a).unwrap();
    b.delete(of_a.context()).unwrap();
    assert_eq!(
        (values(&a), values(&b)),
        (vec!["item".into()], vec!["item".into()])
    );
    a.merge(&b).unwrap();
    assert!(
        a.is_tombstone(),
        "each was removed by somebody who had seen it: {a:?}"
    );
}

// rust-crdt#35: merging with a clock that the same merge had already advanced made it drop what the
// other side had added. The unit tests, on states that no trace reaches, did not see it.
#[test]
fn merge_compares_with_the_clock_from_before_the_merge() {
    let (mut a, mut b) = (fresh(), fresh());
    a.put(0, &empty(), "here".into()).unwrap();
    b.put(1, &empty(), "there".into()).unwrap();
    a.merge(&b).unwrap();
    assert_eq!(values(&a), ["here", "there"]);
}

// topgun pull request 54: a remove dropped values that were written at the same time elsewhere.
#[test]
fn a_delete_does_not_drop_a_concurrent_value() {
    let mut world = World::new(3, 1);
    let seen = world.put(0, "fruit", "apple", &empty());
    world.run_until(World::converged);
    world.isolate(2);
    world.put(2, "fruit", "pear", seen.context());
    let left = world.delete(0, "fruit", seen.context());
    assert!(left.is_tombstone());
    world.heal();
    world.run_until(World::converged);
    assert_eq!(world.shown(0, "fruit"), ["pear"]);
}

// topgun pull request 54 and scylladb#3561: repair compared live rows only, so a delete that one
// replica missed was never found.
#[test]
fn a_tombstone_takes_part_in_the_repair() {
    let mut world = World::new(2, 1);
    let seen = world.put(0, "fruit", "apple", &empty());
    world.run_until(World::converged);
    world.isolate(1);
    world.delete(0, "fruit", seen.context());
    world.run_for(Duration::from_secs(1));
    assert_eq!(
        world.shown(1, "fruit"),
        ["apple"],
        "it has missed the delete"
    );
    world.heal();
    world.run_until(World::converged);
    assert!(world.shown(1, "fruit").is_empty());
    assert!(world.store(1).versions(b"fruit").unwrap().is_tombstone());
}

// The same where the other replica never had the value: it must learn that the value is deleted
// before a late message tells it of the value.
#[test]
fn a_tombstone_reaches_a_replica_that_never_had_the_value() {
    let mut world = World::new(2, 1);
    world.isolate(1);
    let seen = world.put(0, "fruit", "apple", &empty());
    world.delete(0, "fruit", seen.context());
    world.run_for(Duration::from_millis(10));
    world.heal();
    world.run_for(Duration::from_secs(1));
    assert!(world.converged());
    let versions = world.store(1).versions(b"fruit");
    assert!(versions.is_some_and(Versions::is_tombstone));
}

// riak_kv#311, scylladb#8970: a late message brings a deleted value back.
#[test]
fn a_late_message_after_the_delete_does_not_resurrect() {
    let mut world = World::new(2, 1);
    let seen = world.put(0, "fruit", "apple", &empty());
    // The write is on its way for a long time, and the delete overtakes it.
    let late: Vec<_> = std::mem::take(&mut world.network).into_values().collect();
    assert_eq!(late.len(), 1);
    world.delete(0, "fruit", seen.context());
    world.run_until(World::converged);
    for (from, to, message) in late {
        world.step(to, transport::Input::Message { from, message });
    }
    assert!(world.shown(1, "fruit").is_empty());
    assert!(world.converged());
}

// A client reads at one node and writes at another that is behind.
#[test]
fn a_context_ahead_of_the_replica_replaces_what_has_not_arrived() {
    let mut world = World::new(2, 1);
    world.isolate(1);
    let seen = world.put(0, "fruit", "apple", &empty());
    let written = world.put(1, "fruit", "pear", seen.context());
    assert_eq!(values(&written), ["pear"]);
    world.heal();
    world.run_until(World::converged);
    assert_eq!(
        world.shown(0, "fruit"),
        ["pear"],
        "the apple was replaced before it arrived"
    );
}

#[test]
fn a_delete_ahead_of_the_replica_deletes_what_has_not_arrived() {
    let mut world = World::new(2, 1);
    world.isolate(1);
    let seen = world.put(0, "fruit", "apple", &empty());
    assert!(world.delete(1, "fruit", seen.context()).is_tombstone());
    world.heal();
    world.run_until(World::converged);
    assert!(world.shown(0, "fruit").is_empty());
}

#[test]
fn a_delete_that_knows_more_than_the_replica_is_remembered() {
    let mut world = World::new(2, 1);
    let first = world.put(0, "fruit", "apple", &empty());
    world.run_until(World::converged);
    world.isolate(1);
    let second = world.put(0, "fruit", "pear", first.context());
    assert!(world.delete(1, "fruit", second.context()).is_tombstone());
    world.heal();
    world.run_until(World::converged);
    assert!(
        world.shown(0, "fruit").is_empty(),
        "the pear was deleted before it arrived"
    );
}

// The trap of every counter: a replica that counts on from an older state after a restart
// names two writes alike, and one of them is lost in the merge.
#[test]
fn a_dot_is_never_given_twice_over_a_crash() {
    let mut world = World::new(2, 1);
    let first = world.put(0, "fruit", "apple", &empty());
    world.run_until(World::converged);
    world.crash(NodeId(0));
    world.restart(NodeId(0));
    let second = world.put(0, "fruit", "pear", &empty());
    assert_ne!(first.siblings()[0].dot, second.siblings()[1].dot);
    world.run_until(World::converged);
    assert_eq!(world.shown(1, "fruit"), ["apple", "pear"]);
}

// The dot of a write that a crash took is given again. Nobody saw it: everything waits for the disk.
#[test]
fn a_dot_that_a_crash_took_was_seen_by_nobody() {
    let mut world = World::new(2, 1);
    world.sync_after = None;
    world.ask(NodeId(0), put("fruit", "lost", &empty()));
    let read = world.ask(NodeId(0), |id| consistency::eventual::Request::Get {
        id,
        key: "fruit".into(),
    });
    world.run_for(Duration::from_secs(1));
    assert!(
        !world.answers.contains_key(&read),
        "a read does not show what a crash could take"
    );
    assert_eq!(
        (world.versions_sent, world.compares_sent),
        (0, world.compares_sent)
    );
    assert!(world.answers.is_empty());
    // The disk keeps nothing of it.
    while world.disk_len(0) > 0 {
        world.crash(NodeId(0));
        world.restart(NodeId(0));
        if world.disk_len(0) > 0 {
            // The crash kept the record: begin anew.
            world = World::new(2, world.random.next());
            world.sync_after = None;
            world.ask(NodeId(0), put("fruit", "lost", &empty()));
        }
    }
    world.sync_after = Some(Duration::from_micros(100));
    let found = world.put(0, "fruit", "kept", &empty());
    assert_eq!(
        (found.siblings()[0].dot.number(), values(&found)),
        (1, vec!["kept".into()])
    );
    world.run_until(World::converged);
    assert_eq!(world.shown(1, "fruit"), ["kept"]);
}

// scylladb#3560 and riak_kv#311: a tombstone that is dropped too early lets the value return from a
// replica that was away. Here no tombstone is ever dropped.
#[test]
fn a_replica_that_was_away_for_long_does_not_bring_a_deleted_value_back() {
    let mut world = World::new(3, 1);
    let seen = world.put(0, "fruit", "apple", &empty());
    world.run_until(World::converged);
    world.crash(NodeId(2));
    world.delete(0, "fruit", seen.context());
    for number in 0..2_000 {
        let other = world.put(0, "other", &format!("{number}"), &context(&[number, 0, 0]));
        assert_eq!(other.siblings().len(), 1);
    }
    for id in [0, 1] {
        world.crash(NodeId(id));
        world.restart(NodeId(id));
    }
    world.restart(NodeId(2));
    world.run_until(World::converged);
    for id in 0..3 {
        assert!(world.shown(id, "fruit").is_empty());
    }
}
