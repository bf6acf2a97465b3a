//! Input that no correct peer, client or world would give. Forged messages can break Raft's safety;
//! they must never make a node panic, forget a request, or hold more than its limits allow.

use std::time::Duration;

use crate::common::random::Random;
use raft_core::{
    Batch, Config, Entries, Event, Index, Message, Position, Raft, Record, Request, Role, Term,
    Verdict,
};
use transport::{
    Context, Effect, Effects, Input, NodeId, Process, Recover, RequestId, Stored, Time, Token,
};

const STEPS_PER_LIFE: usize = 100;

fn number(random: &mut Random, small: u64) -> u64 {
    match random.below(16) {
        0 => u64::MAX,
        1 => u64::MAX - 1,
        _ => random.below(small),
    }
}

fn term(random: &mut Random) -> Term {
    // The greatest terms end a node's elections, so they come seldom.
    if random.below(64) == 0 {
        Term(u64::MAX - random.below(2))
    } else {
        Term(random.below(4))
    }
}

fn index(random: &mut Random) -> Index {
    Index(number(random, 10))
}

fn position(random: &mut Random) -> Position {
    Position {
        term: term(random),
        index: index(random),
    }
}

fn chain(random: &mut Random) -> Entries<u64> {
    let mut chain = Entries::none();
    let (mut first, mut era) = (index(random), term(random));
    for _ in 0..random.below(4) {
        let batch = if random.below(4) == 0 {
            Some(Batch::blank(era, first))
        } else {
            let count = 1 + random.below(3);
            Batch::commands(era, first, (0..count).map(|_| random.below(4)))
        };
        let Some(batch) = batch else { break };
        first = batch.last().next();
        // What does not fit is refused, and the chain stays as it was.
        let _ = chain.push(batch);
        era = era.max(term(random));
    }
    chain
}

fn message(random: &mut Random) -> Message<u64> {
    let (term, granted) = (term(random), random.below(2) == 0);
    let round = number(random, 3);
    match random.below(10) {
        0 => Message::PreVote {
            term,
            last: position(random),
        },
        1 => Message::PreVoteReply { term, granted },
        2 => Message::Vote {
            term,
            last: position(random),
        },
        3 => Message::VoteReply { term, granted },
        4..=6 => {
            let entries = chain(random);
            // Half of the appends begin where their entries do.
            let previous = match entries.start() {
                Some(start) if random.below(2) == 0 => Position {
                    term: start.term.min(term),
                    index: start.index.previous(),
                },
                _ => position(random),
            };
            Message::Append {
                term,
                previous,
                entries,
                commit: index(random),
                round,
            }
        }
        7..=8 => Message::AppendReply {
            term,
            round,
            verdict: Verdict::Matched {
                index: index(random),
            },
        },
        _ => Message::AppendReply {
            term,
            round,
            verdict: Verdict::Conflict {
                previous: index(random),
                hint: position(random),
            },
        },
    }
}

/// One node in a world that keeps no rule.
struct Victim {
    raft: Raft<u64>,
    effects: Effects<Raft<u64>>,
    records: Vec<Stored<Record<u64>>>,
    now: Time,
    asked: u64,
    answered: u64,
    refused: u64,
}

const REQUESTS_MAX: u64 = 8;

fn config(n: u32) -> Config {
    Config::new(NodeId(1), (1..=n).map(NodeId))
        .unwrap()
        .requests_max(REQUESTS_MAX as usize)
        .unwrap()
        .append_entries_max(2)
        .unwrap()
        .append_bytes_max(9)
        .unwrap()
        .appends_in_flight_max(2)
        .unwrap()
        .fate_patience(Duration::from_millis(50))
}

impl Victim {
    fn new(n: u32, records: Vec<Stored<Record<u64>>>) -> Self {
        let last = records.last().map_or(Token::NONE, |stored| stored.token);
        Self {
            raft: Raft::recover(&config(n), records.clone()).unwrap(),
            effects: Effects::resume(last),
            records,
            now: Time::ZERO,
            asked: 0,
            answered: 0,
            refused: 0,
        }
    }

    fn step(&mut self, input: Input<Raft<u64>>, random: &mut Random) {
        let (term, commit) = (self.raft.term(), self.raft.commit());
        let mut cx = Context::new(self.now, self.now, random, &mut self.effects);
        self.raft.step(input, &mut cx);
        assert!(self.raft.term() >= term && self.raft.commit() >= commit);
        assert!(
            self.effects.len() < 64,
            "a step does a bounded amount of work"
        );
        for effect in self.effects.drain() {
            match effect {
                Effect::Persist { token, record } => self.records.push(Stored { token, record }),
                Effect::Emit { event, .. } => match event {
                    Event::Refused { .. } => self.refused += 1,
                    Event::Proposed { .. } | Event::Readable { .. } => self.answered += 1,
                    _ => {}
                },
                _ => {}
            }
        }
        let open = self.asked - self.answered - self.refused;
        assert!(open <= REQUESTS_MAX, "{open} requests wait");
    }

    fn input(&mut self, n: u32, random: &mut Random) -> Input<Raft<u64>> {
        match random.below(64) {
            0 => Input::Start,
            1..=6 => Input::Wake,
            7..=14 => {
                self.asked += 1;
                let id = RequestId(random.below(3));
                if random.below(3) == 0 {
                    Input::Request(Request::Read { id })
                } else {
                    Input::Request(Request::Propose { id, command: 7 })
                }
            }
            15..=20 => Input::Durable(Token(number(random, 40))),
            _ => Input::Message {
                from: NodeId(random.below(u64::from(n) + 2) as u32),
                message: message(random),
            },
        }
    }
}

/// A million steps and more, in lives of a hundred.
#[test]
fn forged_input_in_any_order_never_panics() {
    let mut random = Random::new(0xBAD);
    let (mut steps, mut led, mut stored) = (0_u64, 0_u64, 0_u64);
    for life in 0..11_000_u32 {
        let n = life % 5 + 1;
        let mut victim = Victim::new(n, Vec::new());
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
            led += u64::from(victim.raft.role() == Role::Leader);
            steps += 1;
        }
        stored += victim.raft.log().last().index.0;
        // Whatever it wrote, it can read.
        let again: Raft<u64> = Raft::recover(&config(n), victim.records).unwrap();
        assert_eq!(again.log(), victim.raft.log());
        assert_eq!(
            (again.term(), again.vote()),
            (victim.raft.term(), victim.raft.vote())
        );
    }
    assert!(steps >= 1_000_000);
    assert!(
        led > steps / 50,
        "leaders were attacked too: {led} of {steps} steps"
    );
    assert!(stored > 5_000, "logs were built too: {stored} entries");
}

/// A node of a lone cluster, or one of two, that did everything before it was started.
#[test]
fn calls_in_a_wrong_order_are_harmless() {
    for n in [1, 2] {
        let mut random = Random::new(1);
        let mut victim = Victim::new(n, Vec::new());
        victim.step(Input::Durable(Token(u64::MAX)), &mut random);
        victim.step(Input::Wake, &mut random);
        assert_eq!(
            victim.raft.role(),
            Role::Follower,
            "nothing is due before the start"
        );
        victim.now = Time::MAX;
        victim.step(Input::Wake, &mut random);
        victim.step(Input::Durable(Token::NONE), &mut random);
        victim.step(Input::Start, &mut random);
        victim.step(Input::Start, &mut random);
        assert_eq!(
            victim.raft.deadline(),
            Some(Time::MAX),
            "the end of time never comes"
        );
    }
}

/// The longest waits that can be configured do not overflow.
#[test]
fn the_longest_timeouts_do_not_overflow() {
    let config = Config::new(NodeId(1), [NodeId(1)])
        .unwrap()
        .election_timeout(Duration::MAX)
        .unwrap()
        .fate_patience(Duration::MAX);
    let mut raft: Raft<u64> = Raft::recover(&config, Vec::new()).unwrap();
    let (mut effects, mut random) = (Effects::new(), Random::new(1));
    let now = Time::from_millis(1);
    raft.step(
        Input::Start,
        &mut Context::new(now, now, &mut random, &mut effects),
    );
    assert_eq!(raft.deadline(), Some(Time::MAX));
}

/// An append names each entry by its place: what claims another place is not stored.
#[test]
fn entries_that_do_not_follow_their_previous_position_are_ignored() {
    let mut random = Random::new(1);
    for (term, previous, first, of) in [
        (2, (1, 1), 3, 1),
        (2, (0, 0), 2, 1),
        (2, (0, 0), 1, 3),
        (2, (3, 0), 1, 2),
        (2, (1, u64::MAX), u64::MAX, 2),
        (1, (2, 0), 1, 1),
    ] {
        let mut victim = Victim::new(3, Vec::new());
        let message = Message::Append {
            term: Term(term),
            previous: Position {
                term: Term(previous.0),
                index: Index(previous.1),
            },
            entries: Entries::new([Batch::blank(Term(of), Index(first))]).unwrap(),
            commit: Index(u64::MAX),
            round: u64::MAX,
        };
        let from = NodeId(2);
        victim.step(Input::Message { from, message }, &mut random);
        assert_eq!(victim.raft.log().last(), Position::default());
        assert_eq!(victim.raft.ignored(), 1);
    }
}
