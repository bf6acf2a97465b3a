//! The store as a process: one to five nodes, leaders that change, crash and are cut off.
//!
//! The scenarios are those that broke other replicated stores; each names its source. Of the Jepsen
//! and robustness findings, membership change, snapshots and compaction are not yet within reach.

mod common;

use std::time::Duration;

use common::{World, append, config, get, put};
use kv::{Ask, Event, Refusal, Reply};
use raft_core::{Index, Role};
use transport::{Input, NodeId, Process as _, RequestId};

fn value_of(event: &Event) -> Option<&[u8]> {
    match event {
        Event::Done {
            reply: Reply::Value { value },
            ..
        } => value.as_deref(),
        other => panic!("not a read value: {other:?}"),
    }
}

#[test]
fn one_two_three_and_five_nodes_serve() {
    for count in [1, 2, 3, 5] {
        let mut world = World::new(count, 1);
        let session = world.session();
        assert_eq!(world.get("x"), None);
        assert_eq!(world.done(put(session, 1, "x", "")), Reply::Written);
        assert_eq!(world.get("x"), Some("".into()), "empty is not absent");
        assert_eq!(world.done(append(session, 2, "x", "1")), Reply::Written);
        assert_eq!(world.get("x"), Some("1".into()));
    }
}

// DESIGN: "a refused request was definitely not executed", and it is handed back.
#[test]
fn a_follower_hands_the_request_back_and_names_the_leader() {
    let mut world = World::new(3, 2);
    let session = world.session();
    let leader = world.await_leader();
    world.run_for(Duration::from_millis(100));
    let follower = world.ids().into_iter().find(|&id| id != leader).unwrap();
    for ask in [
        Ask::Open,
        get("x"),
        put(session, 1, "x", "1"),
        append(session, 1, "x", "1"),
    ] {
        let Event::Refused {
            request,
            leader: hint,
            refusal,
        } = world.answer(follower, ask.clone())
        else {
            panic!("a follower took {ask:?}");
        };
        assert_eq!((request.ask, hint), (ask, Some(leader)));
        assert_eq!(refusal, Refusal::Raft(raft_core::Refusal::NotLeader));
    }
    assert_eq!(world.kv(follower).pending_len(), 0);
    assert_eq!(world.get("x"), None);
}

// Dissertation 6.3: the leader crashes after committing, before its client hears; the retry at the
// next leader must not execute the command a second time.
#[test]
fn a_retry_after_a_leader_change_is_applied_once() {
    for seed in 0..20 {
        let mut world = World::new(3, seed);
        let session = world.session();
        let old = world.await_leader();
        let before = world.kv(old).raft().commit();
        world.ask(old, append(session, 1, "x", "1"));
        world.run_until(|world| world.kv(old).raft().commit() > before);
        world.crash(old);
        let new = world.await_other_leader(old);
        assert_eq!(world.done(append(session, 1, "x", "1")), Reply::Written);
        assert_eq!(world.get("x"), Some("1".into()));
        assert_eq!(world.kv(new).machine().get(b"x"), Some(&"1".into()));
        world.restart(old);
        world.run_for(Duration::from_secs(1));
        assert_eq!(world.kv(old).machine(), world.kv(new).machine());
    }
}

// DESIGN: every request ends, "or a crash of the process that held it".
#[test]
fn a_request_whose_leader_crashed_is_not_answered() {
    let mut world = World::new(3, 3);
    let session = world.session();
    let leader = world.await_leader();
    let write = world.ask(leader, put(session, 1, "x", "1"));
    let read = world.ask(leader, get("x"));
    world.crash(leader);
    world.restart(leader);
    world.run_for(Duration::from_secs(20));
    assert!(!world.answers.contains_key(&write) && !world.answers.contains_key(&read));
    assert!(world.open.is_empty());
    assert_eq!(world.get("x"), None, "it never reached the log");
}

// redisraft#14: total loss of data on failover, because only the leader applied the log.
#[test]
fn what_was_written_is_read_from_the_next_leader() {
    let mut world = World::new(3, 4);
    let session = world.session();
    let old = world.await_leader();
    assert_eq!(world.done(put(session, 1, "x", "1")), Reply::Written);
    world.crash(old);
    let new = world.await_other_leader(old);
    assert_eq!(value_of(&world.answer(new, get("x"))), Some(&b"1"[..]));
}

// redisraft#19, etcd#741, consul#54: a deposed leader in a minority served old values.
#[test]
fn a_deposed_leader_in_a_minority_never_serves_a_read() {
    for seed in 0..20 {
        let mut world = World::new(3, seed);
        let session = world.session();
        world.done(put(session, 1, "x", "old"));
        let old = world.await_leader();
        world.isolate(old);
        let early = world.ask(old, get("x"));
        let new = world.await_other_leader(old);
        let written = world.answer(new, put(session, 2, "x", "new"));
        assert!(matches!(
            written,
            Event::Done {
                reply: Reply::Written,
                ..
            }
        ));
        let late = world.ask(old, get("x"));
        world.run_for(Duration::from_secs(2));
        assert!(
            world.kv(old).raft().role() != Role::Leader,
            "it hears no quorum"
        );
        world.heal();
        world.run_for(Duration::from_secs(2));
        for id in [early, late] {
            assert!(
                matches!(&world.answers[&id], Event::Refused { request, .. } if request.ask == get("x")),
                "{:?}",
                world.answers[&id]
            );
        }
    }
}

// etcd#20418: a leader that stood still served a stale read when it went on.
#[test]
fn a_leader_that_stood_still_serves_no_stale_read() {
    for seed in 0..20 {
        let mut world = World::new(3, seed);
        let session = world.session();
        world.done(put(session, 1, "x", "old"));
        let old = world.await_leader();
        let early = world.ask(old, get("x"));
        world.paused.insert(old);
        let new = world.await_other_leader(old);
        let written = world.answer(new, put(session, 2, "x", "new"));
        assert!(matches!(written, Event::Done { .. }));
        world.paused.remove(&old);
        let late = world.ask(old, get("x"));
        world.run_for(Duration::from_secs(2));
        assert!(matches!(world.answers[&late], Event::Refused { .. }));
        assert!(world.answers.contains_key(&early));
    }
}

// Persist before send: the store forwards what Raft sends with its gates as they are.
#[test]
fn a_vote_waits_for_its_record() {
    use transport::{Context, Effect, Effects, Recover as _, Scripted, Time};
    let mut kv = kv::Kv::recover(&config(1, 3), vec![]).unwrap();
    let (mut effects, mut choices) = (Effects::new(), Scripted::default());
    let message = raft_core::Message::Vote {
        term: raft_core::Term(1),
        last: raft_core::Position::default(),
    };
    let from = NodeId(2);
    let mut cx = Context::new(Time::ZERO, Time::ZERO, &mut choices, &mut effects);
    kv.step(Input::Message { from, message }, &mut cx);
    let effects: Vec<_> = effects.drain().collect();
    let [
        Effect::Persist { token, .. },
        Effect::Send { to, after, .. },
    ] = &effects[..]
    else {
        panic!("a ballot, then a vote: {effects:?}");
    };
    assert_eq!((to, after), (&from, token));
}

// redisraft PR 22, etcd#7331: a new leader served reads before its no-op committed.
#[test]
fn a_new_leader_serves_no_read_before_it_commits_in_its_term() {
    for seed in 0..20 {
        let mut world = World::new(3, seed);
        let session = world.session();
        let old = world.await_leader();
        // The write commits, but no follower has heard so when the leader dies.
        let before = world.kv(old).raft().commit();
        world.ask(old, put(session, 1, "x", "1"));
        world.run_until(|world| world.kv(old).raft().commit() > before);
        world.crash(old);
        let new = world.await_other_leader(old);
        world.isolate(new);
        let read = world.ask(new, get("x"));
        world.run_for(Duration::from_millis(100));
        assert!(
            !world.answers.contains_key(&read),
            "nothing of this term is committed"
        );
        world.heal();
        world.run_until(|world| !world.open.contains_key(&read));
        match &world.answers[&read] {
            Event::Refused { .. } => assert_eq!(world.get("x"), Some("1".into())),
            done => assert_eq!(value_of(done), Some(&b"1"[..])),
        }
    }
}

// redisraft#18, etcd#3879: empty or old values right after a restart.
#[test]
fn a_restarted_cluster_never_serves_a_state_it_has_not_reapplied() {
    for count in [1, 2, 3] {
        let mut world = World::new(count, 6);
        let session = world.session();
        world.done(put(session, 1, "x", "1"));
        for id in world.ids() {
            world.crash(id);
        }
        for id in world.ids() {
            world.restart(id);
            assert_eq!(world.kv(id).machine().applied(), Index(0));
        }
        let mut reads = vec![];
        for _ in 0..200 {
            world.run_for(Duration::from_millis(5));
            for id in world.ids() {
                reads.push(world.ask(id, get("x")));
            }
        }
        world.run_for(Duration::from_secs(1));
        let answers = reads.iter().map(|id| &world.answers[id]);
        let served: Vec<_> = answers
            .filter(|event| matches!(event, Event::Done { .. }))
            .collect();
        assert!(served.len() > 50, "{} reads were served", served.len());
        assert!(served.iter().all(|event| value_of(event) == Some(b"1")));
    }
}

// redisraft#13: one write was executed for ever.
#[test]
fn a_write_is_executed_once_and_then_the_log_rests() {
    let mut world = World::new(3, 7);
    let session = world.session();
    world.done(append(session, 1, "x", "1"));
    let leader = world.await_leader();
    let commit = world.kv(leader).raft().commit();
    world.run_for(Duration::from_secs(30));
    assert_eq!(world.kv(leader).raft().commit(), commit);
    assert_eq!(world.kv(leader).raft().log().last().index, commit);
    assert_eq!(world.get("x"), Some("1".into()));
}

// redisraft#21: a healthy cluster reported no leader for ever.
#[test]
fn a_healed_cluster_agrees_on_a_leader() {
    for seed in 0..20 {
        let mut world = World::new(5, seed);
        world.loss_per_mille = 200;
        for round in 0..10 {
            let victim = NodeId(1 + (seed as u32 + round) % 5);
            if round % 2 == 0 {
                world.crash(victim);
                world.run_for(Duration::from_millis(120));
                world.restart(victim);
            } else {
                world.isolate(victim);
                world.run_for(Duration::from_millis(400));
                world.heal();
            }
        }
        world.loss_per_mille = 0;
        world.run_for(Duration::from_secs(2));
        let leader = world.leader();
        assert!(leader.is_some());
        assert!(
            world
                .ids()
                .iter()
                .all(|&id| world.kv(id).raft().leader() == leader)
        );
    }
}

// etcd#14370: a single node acknowledged a write before its disk had it.
#[test]
fn a_single_node_acknowledges_nothing_before_its_disk_has_it() {
    let mut world = World::new(1, 8);
    let session = world.session();
    world.sync_after = None;
    let write = world.ask(NodeId(1), put(session, 1, "x", "1"));
    world.run_for(Duration::from_secs(5));
    assert!(!world.answers.contains_key(&write));
    assert_eq!(world.kv(NodeId(1)).machine().get(b"x"), None);
    world.sync_after = Some(Duration::from_micros(100));
    world.crash(NodeId(1));
    world.restart(NodeId(1));
    assert!(world.orphans.contains(&write));
    assert_eq!(world.done(put(session, 1, "x", "1")), Reply::Written);
    assert_eq!(world.get("x"), Some("1".into()));
}

// redisraft#23: an error reply for a write that committed. The fate of a write in the log of a
// deposed leader is awaited: then it is done or lost, never refused.
#[test]
fn a_write_overwritten_by_a_newer_term_is_lost_and_its_retry_executes_once() {
    let mut world = World::new(3, 9);
    let session = world.session();
    let old = world.await_leader();
    world.isolate(old);
    let write = world.ask(old, append(session, 1, "x", "1"));
    let new = world.await_other_leader(old);
    let other = world.answer(new, Ask::Open);
    assert!(matches!(other, Event::Done { .. }));
    assert!(
        !world.answers.contains_key(&write),
        "its fate is not known yet"
    );
    world.heal();
    world.run_until(|world| world.answers.contains_key(&write));
    assert_eq!(world.answers[&write], Event::Lost { id: write });
    assert_eq!(world.get("x"), None);
    world.done(append(session, 1, "x", "1"));
    assert_eq!(world.get("x"), Some("1".into()));
}

#[test]
fn a_write_whose_fate_stays_hidden_ends_unknown_after_the_patience() {
    let patience = Duration::from_secs(3);
    let configs = (1..=3).map(|id| {
        let raft = config(id, 3).raft().clone().fate_patience(patience);
        kv::Config::new(raft)
    });
    let mut world = World::with(configs.collect(), 10);
    let session = world.session();
    let old = world.await_leader();
    world.isolate(old);
    let write = world.ask(old, append(session, 1, "x", "1"));
    world.run_for(Duration::from_secs(1));
    assert!(!world.answers.contains_key(&write));
    world.run_for(Duration::from_secs(4));
    assert_eq!(world.answers[&write], Event::Unknown { id: write });
    assert_eq!(world.kv(old).pending_len(), 0);
}

#[test]
fn a_request_of_a_name_in_use_is_refused_and_the_first_goes_on() {
    let mut world = World::new(1, 11);
    world.await_leader();
    let first = world.ask(NodeId(1), Ask::Open);
    let mut kv = world.kv(NodeId(1)).clone();
    let mut effects = transport::Effects::new();
    let mut choices = transport::Scripted::default();
    let request = kv::Request {
        id: first,
        ask: get("x"),
    };
    let mut cx = transport::Context::new(world.now, world.now, &mut choices, &mut effects);
    kv.step(Input::Request(request.clone()), &mut cx);
    let leader = Some(NodeId(1));
    let refused = Event::Refused {
        request,
        leader,
        refusal: Refusal::RepeatedId,
    };
    let effect = effects.drain().next();
    assert!(matches!(effect, Some(transport::Effect::Emit { event, .. }) if event == refused));
    assert_eq!(kv.pending_len(), 1);
    world.run_until(|world| world.answers.contains_key(&first));
    assert!(matches!(world.answers[&first], Event::Done { .. }));
}

#[test]
fn waiting_requests_are_bounded_and_the_rest_refused_as_overload() {
    let requests_max = 4;
    let configs = (1..=3).map(|id| {
        let raft = config(id, 3)
            .raft()
            .clone()
            .requests_max(requests_max)
            .unwrap();
        kv::Config::new(raft)
    });
    let mut world = World::with(configs.collect(), 12);
    let session = world.session();
    let leader = world.await_leader();
    let asked: Vec<RequestId> = (0..10)
        .map(|turn| {
            let odd = turn % 2 == 1;
            let ask = if odd {
                get("x")
            } else {
                append(session, 1, "x", "1")
            };
            let id = world.ask(leader, ask);
            assert!(world.kv(leader).pending_len() <= requests_max);
            id
        })
        .collect();
    let overload = Refusal::Raft(raft_core::Refusal::Overloaded);
    for id in &asked[requests_max..] {
        assert!(
            matches!(&world.answers[id], Event::Refused { refusal, .. } if *refusal == overload)
        );
    }
    world.run_for(Duration::from_secs(1));
    for id in &asked[..requests_max] {
        assert!(matches!(world.answers[id], Event::Done { .. }));
    }
    assert_eq!(world.get("x"), Some("1".into()));
}

#[test]
fn oversized_keys_and_values_are_refused_before_they_reach_the_log() {
    let limited = config(1, 1)
        .key_bytes_max(3)
        .unwrap()
        .value_bytes_max(5)
        .unwrap();
    let mut world = World::with(vec![limited], 13);
    let session = world.session();
    let node = NodeId(1);
    let before = world.kv(node).raft().log().last().index;
    let swap = |expected: &str, value: &str| {
        let (key, expected, value) = ("x".into(), Some(expected.into()), value.into());
        common::execute(
            session,
            1,
            kv::Operation::CompareAndSet {
                key,
                expected,
                value,
            },
        )
    };
    let long_key = Refusal::KeyTooLong { bytes_max: 3 };
    let long_value = Refusal::ValueTooLong { bytes_max: 5 };
    for (ask, expected) in [
        (get("four"), long_key),
        (put(session, 1, "four", ""), long_key),
        (put(session, 1, "x", "123456"), long_value),
        (append(session, 1, "x", "123456"), long_value),
        (swap("123456", ""), long_value),
        (swap("", "123456"), long_value),
    ] {
        let Event::Refused {
            request, refusal, ..
        } = world.answer(node, ask.clone())
        else {
            panic!("{ask:?} was taken");
        };
        assert_eq!((request.ask, refusal), (ask, expected));
    }
    assert_eq!(world.kv(node).raft().log().last().index, before);
    assert_eq!(world.kv(node).pending_len(), 0);
    assert_eq!(world.done(put(session, 1, "xyz", "12345")), Reply::Written);
}

#[test]
fn a_restart_rebuilds_the_same_machine() {
    let mut world = World::new(3, 14);
    let (one, two) = (world.session(), world.session());
    for sequence in 1..=20 {
        world.done(append(one, sequence, "x", "1"));
        world.done(put(two, sequence, "y", &sequence.to_string()));
    }
    world.run_for(Duration::from_secs(1));
    let before = world.kv(NodeId(2)).machine().clone();
    for id in world.ids() {
        world.crash(id);
    }
    for id in world.ids() {
        world.restart(id);
    }
    world.done(get("x"));
    world.run_for(Duration::from_secs(1));
    for id in world.ids() {
        let machine = world.kv(id).machine();
        assert_eq!(machine.get(b"x").map(|value| value.len()), Some(20));
        assert_eq!(machine.get(b"y"), Some(&"20".into()));
        assert_eq!(machine.sessions_len(), before.sessions_len());
    }
    // What a session remembers survives too: a retry repeats the reply.
    assert_eq!(world.done(append(one, 20, "x", "1")), Reply::Written);
    assert_eq!(world.get("x").map(|value| value.len()), Some(20));
}
