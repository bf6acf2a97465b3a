//! Input that no correct peer, client or world would give. Forged messages can break agreement; they
//! must never make a node panic, forget a request, or hold more than its limits allow.

use std::time::Duration;

use crate::common::random::Random;
use crate::common::{ballot, majority};
use paxos_core::{Ballot, Config, Message, Paxos, Phase, Proposal, Record, Request};
use transport::{
    Context, Effect, Effects, Ends, Input, NodeId, Process, Recover, RequestId, Stored, Time, Token,
};

const STEPS_PER_LIFE: usize = 100;
const REQUESTS_MAX: u64 = 6;
const RECORDS_MAX: usize = 7;

fn any_ballot(random: &mut Random) -> Ballot {
    let round = match random.below(200) {
        0 => u64::MAX,
        1 => Ballot::ROUND_MAX + 1,
        2 => Ballot::ROUND_MAX,
        3 => Ballot::ROUND_MAX - 1,
        _ => random.below(7),
    };
    ballot(round, random.below(6) as u32)
}

fn any_proposal(random: &mut Random) -> Proposal<u64> {
    Proposal {
        ballot: any_ballot(random),
        value: random.below(3),
    }
}

/// Half of the messages talk about the ballot under way.
fn message(random: &mut Random, paxos: &Paxos<u64>, from: u32) -> Message<u64> {
    let current = paxos.ballot().filter(|_| random.below(2) == 0);
    let ballot = current.unwrap_or_else(|| any_ballot(random));
    match random.below(16) {
        0 => Message::Prepare { ballot },
        1..=2 => Message::Prepare {
            ballot: Ballot {
                node: NodeId(from),
                ..ballot
            },
        },
        3..=6 => {
            let accepted = (random.below(2) == 0).then(|| any_proposal(random));
            Message::Promise { ballot, accepted }
        }
        7 => Message::Accept(any_proposal(random)),
        8 => {
            let Proposal { mut ballot, value } = any_proposal(random);
            ballot.node = NodeId(from);
            Message::Accept(Proposal { ballot, value })
        }
        9..=12 => Message::Accepted { ballot },
        13..=14 => Message::Refused {
            ballot,
            promised: any_ballot(random),
        },
        _ if random.below(8) == 0 => Message::Decided {
            value: random.below(3),
        },
        _ => Message::Ask,
    }
}

/// One node in a world that keeps no rule.
struct Victim {
    paxos: Paxos<u64>,
    effects: Effects<Paxos<u64>>,
    records: Vec<Stored<Record<u64>>>,
    now: Time,
    open: Vec<RequestId>,
    asked: u64,
}

fn config(n: u32) -> Config {
    Config::new(NodeId(0), majority(n))
        .unwrap()
        .requests_max(REQUESTS_MAX as usize)
        .unwrap()
        .records_max(RECORDS_MAX)
        .unwrap()
        .patience(Duration::from_millis(300))
}

impl Victim {
    fn new(n: u32) -> Self {
        Self {
            paxos: Paxos::recover(&config(n), Vec::new()).unwrap(),
            effects: Effects::new(),
            records: Vec::new(),
            now: Time::ZERO,
            open: Vec::new(),
            asked: 0,
        }
    }

    fn step(&mut self, input: Input<Paxos<u64>>, random: &mut Random) {
        let before = (
            self.paxos.acceptor().promised(),
            self.paxos.decided().copied(),
        );
        let mut cx = Context::new(self.now, self.now, random, &mut self.effects);
        self.paxos.step(input, &mut cx);
        match self.paxos.decided() {
            None => assert!(self.paxos.acceptor().promised() >= before.0 && before.1.is_none()),
            Some(value) => assert!(before.1.is_none_or(|decided| decided == *value)),
        }
        assert!(
            self.effects.len() < 64,
            "a step does a bounded amount of work"
        );
        for effect in self.effects.drain() {
            match effect {
                Effect::Persist { token, record } => self.records.push(Stored { token, record }),
                Effect::Checkpoint { token, record, .. } => {
                    self.records = vec![Stored { token, record }];
                }
                Effect::Emit { event, .. } => {
                    if let Some(id) = event.ends() {
                        let place = self.open.iter().position(|open| *open == id);
                        self.open.remove(place.expect("each request ends once"));
                    }
                }
                Effect::Send { to, .. } => assert_ne!(to, NodeId(0), "nobody writes to itself"),
            }
        }
        assert!(self.open.len() as u64 <= REQUESTS_MAX);
        assert_eq!(
            self.open.len(),
            self.paxos.waiting(),
            "every request waits or has ended"
        );
        assert!(self.records.len() <= RECORDS_MAX, "the log is bounded");
    }

    fn input(&mut self, n: u32, random: &mut Random) -> Input<Paxos<u64>> {
        match random.below(64) {
            0 => Input::Start,
            1..=6 => Input::Wake,
            7..=14 => {
                self.asked += 1;
                let id = RequestId(self.asked);
                self.open.push(id);
                if random.below(3) == 0 {
                    Input::Request(Request::Learn { id })
                } else {
                    let value = random.below(3);
                    Input::Request(Request::Propose { id, value })
                }
            }
            15..=24 => Input::Durable(Token(random.below(40))),
            _ => {
                let from = random.below(u64::from(n) + 1) as u32;
                let message = message(random, &self.paxos, from);
                let from = NodeId(from);
                Input::Message { from, message }
            }
        }
    }
}

/// A million steps and more, in lives of a hundred.
#[test]
fn forged_input_in_any_order_never_panics() {
    let mut random = Random::new(0xBAD);
    let (mut steps, mut accepting, mut decided) = (0_u64, 0_u64, 0_u64);
    for life in 0..11_000_u32 {
        let n = life % 5 + 1;
        let mut victim = Victim::new(n);
        for step in 0..STEPS_PER_LIFE {
            // Half of the lives begin as they should.
            let input = if step == 0 && life % 2 == 0 {
                Input::Start
            } else {
                victim.input(n, &mut random)
            };
            victim.step(input, &mut random);
            if random.below(3) == 0 {
                let jump = random.below(200_000_000);
                victim.now = victim.now.plus_nanos(jump);
            }
            accepting += u64::from(victim.paxos.phase() == Phase::Accepting);
            steps += 1;
        }
        decided += u64::from(victim.paxos.decided().is_some());
        // Whatever it wrote, it can read.
        let again: Paxos<u64> = Paxos::recover(&config(n), victim.records).unwrap();
        assert_eq!(again.acceptor(), victim.paxos.acceptor());
        assert_eq!(again.decided(), victim.paxos.decided());
    }
    assert!(steps >= 1_000_000);
    assert!(
        accepting > steps / 50,
        "phase 2 was attacked too: {accepting} of {steps}"
    );
    assert!(decided > 1_000, "and decisions: {decided}");
}

#[test]
fn calls_in_a_wrong_order_are_harmless() {
    for n in [1, 2] {
        let mut random = Random::new(1);
        let mut victim = Victim::new(n);
        victim.step(Input::Durable(Token(u64::MAX)), &mut random);
        victim.step(Input::Wake, &mut random);
        victim.now = Time::MAX;
        victim.step(Input::Wake, &mut random);
        victim.step(Input::Start, &mut random);
        victim.step(Input::Start, &mut random);
        assert_eq!(victim.paxos.deadline(), None, "the end of time never comes");
    }
}

/// The longest waits that can be configured do not overflow.
#[test]
fn the_longest_waits_do_not_overflow() {
    let config = config(3)
        .patience(Duration::MAX)
        .backoff(Duration::MAX, Duration::MAX)
        .and_then(|config| config.ask_interval(Duration::MAX))
        .and_then(|config| config.resend_interval(Duration::MAX))
        .unwrap();
    let mut random = Random::new(1);
    let mut victim = Victim::new(3);
    victim.paxos = Paxos::recover(&config, Vec::new()).unwrap();
    victim.now = Time::from_millis(1);
    victim.step(Input::Start, &mut random);
    victim.open.push(RequestId(1));
    let (id, value) = (RequestId(1), 7);
    victim.step(Input::Request(Request::Propose { id, value }), &mut random);
    let (ballot, promised) = (ballot(1, 0), ballot(1, 2));
    let (from, message) = (NodeId(1), Message::Refused { ballot, promised });
    victim.step(Input::Message { from, message }, &mut random);
    assert_eq!(victim.paxos.phase(), Phase::BackingOff);
    assert_eq!(victim.paxos.deadline(), None);
}

/// A flipped bit or a lie in a round: if it were believed, nobody could propose any more.
#[test]
fn a_round_beyond_the_last_is_ignored_and_counted() {
    let (ours, beyond) = (ballot(1, 0), |node| ballot(Ballot::ROUND_MAX + 1, node));
    let value = 7;
    let proposal = |node| Proposal {
        ballot: beyond(node),
        value,
    };
    let messages = [
        Message::Prepare { ballot: beyond(1) },
        Message::Accept(proposal(1)),
        Message::Accepted { ballot: beyond(0) },
        Message::Promise {
            ballot: beyond(0),
            accepted: None,
        },
        Message::Promise {
            ballot: ours,
            accepted: Some(proposal(2)),
        },
        Message::Refused {
            ballot: ours,
            promised: beyond(2),
        },
    ];
    let mut random = Random::new(1);
    let mut victim = Victim::new(3);
    victim.step(Input::Start, &mut random);
    victim.open.push(RequestId(1));
    let id = RequestId(1);
    victim.step(Input::Request(Request::Propose { id, value }), &mut random);
    let before = victim.paxos.clone();
    assert_eq!(before.ballot(), Some(ours));
    let from = NodeId(1);
    for (count, message) in (1..).zip(messages) {
        victim.step(Input::Message { from, message }, &mut random);
        assert_eq!(victim.paxos.ignored(), count);
    }
    assert_eq!(victim.paxos.ballot(), Some(ours));
    assert_eq!(victim.paxos.acceptor(), before.acceptor());
}

/// A refusal can name any round up to the last. One of them does not end the node's proposing, however
/// late the round.
#[test]
fn refusals_do_not_use_up_the_rounds() {
    for round in [u64::MAX, Ballot::ROUND_MAX, Ballot::ROUND_MAX - 1, 1 << 30] {
        let mut random = Random::new(1);
        let mut victim = Victim::new(3);
        victim.step(Input::Start, &mut random);
        for asked in 1..=100 {
            let id = RequestId(asked);
            victim.open.push(id);
            let propose = Request::Propose { id, value: asked };
            victim.step(Input::Request(propose), &mut random);
            victim.now = victim.paxos.deadline().unwrap().plus_nanos(1);
            victim.step(Input::Wake, &mut random);
            if let Some(ours) = victim.paxos.ballot() {
                assert!(ours.round < asked << 21, "{ours}");
                let (ballot, promised) = (ours, ballot(round, 2));
                let (from, message) = (NodeId(1), Message::Refused { ballot, promised });
                victim.step(Input::Message { from, message }, &mut random);
            }
            victim.now = victim.now.plus_nanos(400_000_000);
            victim.step(Input::Wake, &mut random);
        }
        assert!(victim.paxos.attempts() > 50);
        assert!(victim.open.is_empty());
    }
}
