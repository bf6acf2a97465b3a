//! Random schedules: clients that retry, nodes that crash, links that lose, repeat and part; then
//! everything heals, and the books must balance.

mod common;

use std::collections::BTreeMap;
use std::time::Duration;

use common::{KvMessage, World, append, config, get};
use kv::{Ask, Command, Event, Operation, Reply, SessionId};
use quickcheck::{Arbitrary, Gen, QuickCheck};
use raft_core::{Batch, Entries, Index, Message, Position, Term, Verdict};
use transport::{Bytes, Input, NodeId, RequestId};

/// One disturbance, and how long the world runs after it.
#[derive(Clone, Copy, Debug)]
enum Disturbance {
    None,
    Crash(u8),
    Restart(u8),
    Isolate(u8),
    Part(u8),
    CutOneWay(u8, u8),
    Heal,
    Hang,
    Loss(u8),
}

impl Arbitrary for Disturbance {
    fn arbitrary(g: &mut Gen) -> Self {
        let (a, b) = (u8::arbitrary(g), u8::arbitrary(g));
        match u8::arbitrary(g) % 10 {
            0 => Self::Crash(a),
            1 | 2 => Self::Restart(a),
            3 => Self::Isolate(a),
            4 => Self::Part(a),
            5 => Self::CutOneWay(a, b),
            6 => Self::Heal,
            7 => Self::Hang,
            8 => Self::Loss(a),
            _ => Self::None,
        }
    }
}

/// A client that has one operation under way: it appends numbers of its own to one key, and reads.
struct Client {
    name: usize,
    session: Option<SessionId>,
    sequence: u64,
    /// The number appended under `sequence`.
    token: String,
    /// An attempt may have executed, so only a retry of the same operation is sound.
    in_doubt: bool,
    request: Option<RequestId>,
    read: Option<(RequestId, Vec<String>)>,
    done: Vec<String>,
    never: Vec<String>,
}

impl Client {
    fn new(name: usize) -> Self {
        Self {
            name,
            session: None,
            sequence: 1,
            token: format!("{name}.0 "),
            in_doubt: false,
            request: None,
            read: None,
            done: vec![],
            never: vec![],
        }
    }

    fn next_token(&mut self) {
        let count = self.done.len() + self.never.len();
        self.token = format!("{}.{count} ", self.name);
    }

    fn act(&mut self, world: &mut World, all_done: &[String]) {
        self.hear(world);
        let nodes = world.ids();
        let node = nodes[world.random.below(nodes.len() as u64) as usize];
        let node = world
            .leader()
            .filter(|_| world.random.per_mille(700))
            .unwrap_or(node);
        if !world.is_up(node) {
            return;
        }
        if self.read.is_none() && world.random.per_mille(300) {
            self.read = Some((world.ask(node, get("log")), all_done.to_vec()));
        }
        if self.request.is_none() {
            let ask = self.session.map_or(Ask::Open, |session| {
                append(session, self.sequence, "log", &self.token)
            });
            self.request = Some(world.ask(node, ask));
        }
        // An impatient client asks again elsewhere while the first attempt is still under way.
        if self.session.is_some() && world.random.per_mille(100) {
            self.in_doubt = true;
            self.request = None;
        }
    }

    fn hear(&mut self, world: &World) {
        if let Some(request) = self.request {
            match world.answers.get(&request) {
                Some(Event::Done {
                    reply: Reply::Opened { session },
                    ..
                }) => {
                    (self.session, self.request) = (Some(*session), None);
                }
                Some(Event::Done {
                    reply: Reply::Written,
                    ..
                }) => {
                    self.done.push(self.token.clone());
                    self.sequence += 1;
                    (self.request, self.in_doubt) = (None, false);
                    self.next_token();
                }
                Some(Event::Refused { .. } | Event::Lost { .. }) => {
                    // Definitely not executed: if no other attempt was, the number is still free.
                    if self.session.is_some() && !self.in_doubt {
                        self.never.push(self.token.clone());
                        self.next_token();
                    }
                    self.request = None;
                }
                Some(Event::Unknown { .. }) => (self.request, self.in_doubt) = (None, true),
                Some(other) => panic!("not an answer to an append: {other:?}"),
                None if world.orphans.contains(&request) => {
                    (self.request, self.in_doubt) = (None, true);
                }
                None => {}
            }
        }
        if let Some((read, before)) = &self.read {
            if let Some(Event::Done {
                reply: Reply::Value { value },
                ..
            }) = world.answers.get(read)
            {
                let seen = tokens(value.as_ref());
                for token in before {
                    assert!(
                        seen.contains(token),
                        "a read missed {token}, done before it was asked"
                    );
                }
            }
            if !world.open.contains_key(read) {
                self.read = None;
            }
        }
    }
}

fn tokens(value: Option<&Bytes>) -> Vec<String> {
    let text = value.map(|value| String::from_utf8(value.to_vec()).unwrap());
    text.unwrap_or_default()
        .split_inclusive(' ')
        .map(String::from)
        .collect()
}

fn disturb(world: &mut World, disturbance: Disturbance) {
    let ids = world.ids();
    let pick = |number: u8| ids[usize::from(number) % ids.len()];
    match disturbance {
        Disturbance::None => {}
        Disturbance::Crash(a) if world.is_up(pick(a)) => world.crash(pick(a)),
        Disturbance::Restart(a) if !world.is_up(pick(a)) => world.restart(pick(a)),
        Disturbance::Crash(_) | Disturbance::Restart(_) => {}
        Disturbance::Isolate(a) => world.isolate(pick(a)),
        Disturbance::Part(a) => {
            let (left, right) = ids.split_at(usize::from(a) % ids.len());
            world.part(left, right);
        }
        Disturbance::CutOneWay(a, b) => {
            world.cut.insert((pick(a), pick(b)));
        }
        Disturbance::Heal => world.heal(),
        Disturbance::Hang => world.sync_after = Some(Duration::from_millis(80)),
        Disturbance::Loss(a) => {
            world.loss_per_mille = u64::from(a);
            world.repeat_per_mille = u64::from(a);
            world.sync_after = Some(Duration::from_micros(100));
        }
    }
}

/// Findings 6, 7, 9 and 10 of the Jepsen and robustness reports: aborted reads (redisraft#23), no
/// leader for ever (#21), lost or repeated writes (#52), members that diverge (etcd#13766). The
/// world itself checks that machines agree and that no request ends twice.
fn balances(seed: u64, size: u8, disturbances: Vec<Disturbance>) -> bool {
    let count = [1, 2, 3, 3, 5][usize::from(size) % 5];
    let configs = (1..=count).map(|id| {
        let raft = config(id, count)
            .raft()
            .clone()
            .fate_patience(Duration::from_secs(1));
        kv::Config::new(raft)
    });
    let mut world = World::with(configs.collect(), seed);
    let mut clients: Vec<Client> = (0..3).map(Client::new).collect();
    let turn = |world: &mut World, clients: &mut Vec<Client>| {
        for client in &mut *clients {
            client.hear(world);
        }
        let done: Vec<String> = clients
            .iter()
            .flat_map(|client| client.done.clone())
            .collect();
        for client in clients {
            client.act(world, &done);
        }
        let pause = Duration::from_millis(1 + world.random.below(60));
        world.run_for(pause);
    };
    for disturbance in disturbances {
        disturb(&mut world, disturbance);
        for _ in 0..world.random.below(8) {
            turn(&mut world, &mut clients);
        }
    }
    world.heal();
    (world.loss_per_mille, world.repeat_per_mille) = (0, 0);
    world.sync_after = Some(Duration::from_micros(100));
    for id in world.ids() {
        if !world.is_up(id) {
            world.restart(id);
        }
    }
    // Progress: with nobody disturbing it, every client gets something done.
    world.run_for(Duration::from_secs(3));
    let before: Vec<usize> = clients.iter().map(|client| client.done.len()).collect();
    for _ in 0..60 {
        turn(&mut world, &mut clients);
    }
    assert!(
        clients
            .iter()
            .zip(&before)
            .all(|(client, &before)| client.done.len() > before)
    );
    world.run_for(Duration::from_secs(5));
    assert!(
        world.open.is_empty(),
        "every request ends: {:?}",
        world.open
    );
    for client in &mut clients {
        client.hear(&world);
    }
    let value = tokens(world.get("log").as_ref());
    audit(&value, &clients);
    true
}

/// The final value against what each client knows.
fn audit(value: &[String], clients: &[Client]) {
    let mut times = BTreeMap::new();
    for token in value {
        *times.entry(token).or_insert(0) += 1;
    }
    assert!(
        times.values().all(|&times| times == 1),
        "applied twice: {value:?}"
    );
    for client in clients {
        for token in &client.never {
            assert!(!times.contains_key(token), "refused, yet executed: {token}");
        }
        let mine = value
            .iter()
            .filter(|token| token.starts_with(&format!("{}.", client.name)));
        let mine: Vec<&String> = mine.collect();
        let known = mine.len().min(client.done.len());
        assert!(
            mine.iter().zip(&client.done).all(|(a, b)| *a == b),
            "in order, none missing"
        );
        assert_eq!(
            known,
            client.done.len(),
            "a write that was acknowledged is lost"
        );
        assert!(
            mine.len() <= known + 1,
            "at most the one under way is not acknowledged"
        );
    }
}

#[test]
fn every_request_ends_once_and_every_write_counts_once() {
    QuickCheck::new()
        .tests(100)
        .quickcheck(balances as fn(u64, u8, Vec<Disturbance>) -> bool);
}

#[derive(Clone, Debug)]
struct Hostile(u8, KvMessage);

impl Arbitrary for Hostile {
    fn arbitrary(g: &mut Gen) -> Self {
        let number = |g: &mut Gen| match u8::arbitrary(g) % 16 {
            0 => u64::MAX,
            1 => u64::MAX - 1,
            small => u64::from(small % 8),
        };
        let term = Term(number(g));
        let last = Position {
            term: Term(number(g)),
            index: Index(number(g)),
        };
        let (granted, index) = (bool::arbitrary(g), Index(number(g)));
        let message = match u8::arbitrary(g) % 8 {
            0 => Message::PreVote { term, last },
            1 => Message::PreVoteReply { term, granted },
            2 => Message::Vote { term, last },
            3 => Message::VoteReply { term, granted },
            4 => {
                let verdict = Verdict::Matched { index };
                Message::AppendReply {
                    term,
                    round: number(g),
                    verdict,
                }
            }
            5 => {
                let verdict = Verdict::Conflict {
                    previous: index,
                    hint: last,
                };
                Message::AppendReply {
                    term,
                    round: number(g),
                    verdict,
                }
            }
            _ => {
                let first = Index(last.index.0.saturating_add(u64::from(granted)));
                let count = u8::arbitrary(g) % 3;
                let commands: Vec<Command> = (0..count).map(|_| any_command(g)).collect();
                let batch = Batch::commands(Term(number(g)), first, commands);
                let entries = Entries::new(batch).unwrap();
                let (commit, round) = (index, number(g));
                Message::Append {
                    term,
                    previous: last,
                    entries,
                    commit,
                    round,
                }
            }
        };
        Self(u8::arbitrary(g) % 5, message)
    }
}

fn any_command(g: &mut Gen) -> Command {
    let session = SessionId(Index(u64::from(u8::arbitrary(g) % 4)));
    let sequence = u64::arbitrary(g) % 3;
    let operation = Operation::Append {
        key: Bytes::default(),
        value: Bytes::from(vec![0; 9]),
    };
    match bool::arbitrary(g) {
        true => Command::Open,
        false => Command::Execute {
            session,
            sequence,
            operation,
        },
    }
}

/// A wiped disk, a newer version or a bug gives the same bytes as an enemy would.
fn survives(seed: u64, lead: bool, messages: Vec<Hostile>) -> bool {
    use transport::{Context, Effects, Process as _};
    let mut world = World::new(3, seed);
    let session = world.session();
    world.done(append(session, 1, "x", "1"));
    let leader = world.await_leader();
    let target = if lead {
        leader
    } else {
        NodeId(1 + leader.0 % 3)
    };
    let mut kv = world.kv(target).clone();
    let mut effects = Effects::<kv::Kv>::new();
    let mut answered = 0;
    for (turn, Hostile(from, message)) in (0..).zip(messages) {
        let mut inputs = vec![Input::Message {
            from: NodeId(u32::from(from)),
            message,
        }];
        inputs.push(Input::Request(kv::Request {
            id: RequestId(turn),
            ask: get("x"),
        }));
        inputs.push(Input::Durable(effects.last_token()));
        inputs.push(Input::Wake);
        for input in inputs {
            let now = world.now.plus_nanos(turn * 10_000_000);
            kv.step(
                input,
                &mut Context::new(now, now, &mut world.random, &mut effects),
            );
            let ends = |effect| match effect {
                transport::Effect::Emit { event, .. } => transport::Ends::ends(&event).is_some(),
                _ => false,
            };
            answered += effects.drain().map(ends).filter(|&ended| ended).count() as u64;
        }
        assert_eq!(
            answered + kv.pending_len() as u64,
            turn + 1,
            "none is lost or answered twice"
        );
    }
    true
}

#[test]
fn hostile_messages_do_not_panic_and_lose_no_request() {
    QuickCheck::new()
        .tests(500)
        .quickcheck(survives as fn(u64, bool, Vec<Hostile>) -> bool);
}
