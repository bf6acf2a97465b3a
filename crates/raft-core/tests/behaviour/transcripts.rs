//! Conversations as text: verbs in, what the nodes say to each other out.
//!
//! Each file of `data/` holds verbs (lines that begin with `>`), prose (lines that begin with `#`)
//! and what follows from them. `RAFT_TRANSCRIPTS=write cargo test -p raft-core --test transcripts`
//! writes what follows anew; the difference then shows what a change did to the protocol.
//!
//! | verb | does |
//! |---|---|
//! | `nodes 3` | makes a cluster of new nodes |
//! | `logs 3: 1 2 \| 1` | makes a cluster in term 3 whose nodes hold entries of these terms; one entry an append |
//! | `timeout 1` | time moves to the deadline of node 1, and it wakes up |
//! | `propose 1 3` | three commands for node 1, which it gathers into one batch |
//! | `read 1` | a read of node 1 |
//! | `deliver` | everything under way arrives, in order |
//! | `deliver 1 2` | the oldest message from 1 to 2 arrives |
//! | `deliver until 1 leads` | messages arrive until node 1 leads |
//! | `run 400` | 400 ms pass, in which messages arrive at once; only news is told |
//! | `run until 3 asks` | time passes likewise, until node 3 asks for pre-votes |
//! | `drop`, `drop 1 2` | everything under way, or from 1 to 2, is lost |
//! | `isolate 1`, `cut 1 2`, `heal` | links stop and work again |
//! | `crash 1`, `restart 1` | a node stops, and comes back with its disk |
//! | `state` | shows every node: role, term, commit index, terms of its entries |

use std::fmt::Write as _;
use std::path::Path;

use crate::common::disk::Disk;
use crate::common::{Net, Packet, records};
use raft_core::{Event, Index, Message, Outcome, Role, Verdict};

/// A cluster that writes down what happens to it.
struct Teller {
    net: Net,
    text: String,
    told: Vec<Told>,
}

/// What of a node has been told already.
#[derive(Clone, Copy, Default, PartialEq)]
struct Told {
    role: Option<(Role, u64)>,
    events: usize,
}

impl Teller {
    fn over(net: Net) -> Self {
        let told = net
            .ids()
            .map(|id| Told {
                role: Some((net.role(id), net.term(id))),
                events: net.events(id).len(),
            })
            .collect();
        let text = String::new();
        Self { net, text, told }
    }

    fn line(&mut self, line: &str) {
        writeln!(self.text, "  {line}").unwrap();
    }

    /// Tells what has changed at a node.
    fn news(&mut self, id: u32) {
        let slot = id as usize - 1;
        if !self.net.is_up(id) {
            self.told[slot] = Told::default();
            return;
        }
        let role = (self.net.role(id), self.net.term(id));
        if self.told[slot].role.replace(role) != Some(role) {
            let role = role_name(role.0);
            self.line(&format!(
                "{id}        is {role} in term {}",
                self.net.term(id)
            ));
        }
        let fresh: Vec<Event<u64>> = self.net.events(id)[self.told[slot].events..].to_vec();
        self.told[slot].events += fresh.len();
        for event in &fresh {
            if let Some(event) = event_text(event) {
                self.line(&format!("{id}        {event}"));
            }
        }
    }

    fn deliver(&mut self, place: usize) {
        let Packet { from, to, message } = &self.net.wire[place];
        let (to, line) = (*to, format!("{from} -> {to}   {}", message_text(message)));
        self.line(&line);
        self.net.deliver(place);
        self.news(to);
    }

    fn find(&self, from: u32, to: u32) -> Option<usize> {
        let link = |packet: &Packet| (packet.from, packet.to) == (from, to);
        self.net.wire.iter().position(link)
    }

    fn asks(&self, id: u32) -> bool {
        self.net
            .wire
            .iter()
            .any(|packet| packet.from == id && matches!(packet.message, Message::PreVote { .. }))
    }

    fn play(&mut self, verb: &str) {
        let words: Vec<&str> = verb.split_whitespace().collect();
        let id = |place: usize| words[place].parse::<u32>().unwrap();
        match words[..] {
            ["timeout", _] => self.net.time_out(id(1)),
            ["propose", _, _] => {
                for _ in 0..id(2) {
                    self.net.propose(id(1));
                }
                self.net.flush();
            }
            ["read", _] => {
                self.net.read(id(1));
                self.net.flush();
            }
            ["deliver"] => {
                while !self.net.wire.is_empty() {
                    self.deliver(0);
                }
            }
            ["deliver", "until", _, "leads"] => {
                while self.net.role(id(2)) != Role::Leader {
                    self.deliver(0);
                }
            }
            ["deliver", _, _] => {
                let place = self.find(id(1), id(2)).expect("a message on this link");
                self.deliver(place);
            }
            ["run", _] => self.net.run_ms(id(1).into()),
            ["run", "until", _, "asks"] => {
                while !self.asks(id(2)) {
                    self.net.settle();
                    self.net.tick();
                }
            }
            ["drop"] => self.net.wire.clear(),
            ["drop", _, _] => drop(self.net.take(id(1), id(2))),
            ["isolate", _] => self.net.partition(&[id(1)]),
            ["cut", _, _] => self.net.cut(id(1), id(2)),
            ["heal"] => self.net.heal(),
            ["crash", _] => self.net.crash(id(1), 0),
            ["restart", _] => self.net.restart(id(1)),
            ["state"] => self.state(),
            _ => panic!("no such verb: {verb}"),
        }
        for id in self.net.ids() {
            self.news(id);
        }
    }

    fn state(&mut self) {
        for id in self.net.ids() {
            if !self.net.is_up(id) {
                self.line(&format!("{id} is down"));
                continue;
            }
            let role = role_name(self.net.role(id));
            let (term, commit) = (self.net.term(id), self.net.commit(id));
            let log: Vec<String> = self.net.log(id).iter().map(u64::to_string).collect();
            let log = log.join(" ");
            self.line(&format!(
                "{id} {role:<15} term {term}  commit {commit}  log {log}"
            ));
        }
    }
}

const fn role_name(role: Role) -> &'static str {
    match role {
        Role::Follower => "a follower",
        Role::PreCandidate => "a pre-candidate",
        Role::Candidate => "a candidate",
        Role::Leader => "the leader",
    }
}

fn message_text(message: &Message<u64>) -> String {
    let answer = |granted| if granted { "yes" } else { "no" };
    match message {
        Message::PreVote { term, last } => format!("pre-vote  in {term}, log ends {last}?"),
        Message::PreVoteReply { term, granted } => {
            format!("pre-vote  {term}: {}", answer(*granted))
        }
        Message::Vote { term, last } => format!("vote      in {term}, log ends {last}?"),
        Message::VoteReply { term, granted } => format!("vote      {term}: {}", answer(*granted)),
        Message::Append {
            term,
            previous,
            entries,
            commit,
            round,
        } => {
            let what = if entries.is_empty() {
                "heartbeat"
            } else {
                "append   "
            };
            let mut text = format!("{what} {term}, after {previous}");
            for batch in entries.batches() {
                let (first, last, of) = (batch.first(), batch.last(), batch.term().0);
                if first == last {
                    write!(text, ", {first}@{of}").unwrap();
                } else {
                    write!(text, ", {first}..{last}@{of}").unwrap();
                }
            }
            write!(text, ", commit {commit}").unwrap();
            if *round > 0 {
                write!(text, ", round {round}").unwrap();
            }
            text
        }
        Message::AppendReply {
            term,
            round,
            verdict,
        } => {
            let mut text = match verdict {
                Verdict::Matched { index } => format!("matched   {term}, up to {index}"),
                Verdict::Conflict { previous, hint } => {
                    format!("conflict  {term}, at {previous}, try {hint}")
                }
            };
            if *round > 0 {
                write!(text, ", round {round}").unwrap();
            }
            text
        }
    }
}

fn event_text(event: &Event<u64>) -> Option<String> {
    Some(match event {
        Event::Committed(batch) if batch.first() == batch.last() => {
            format!("commits {}", batch.first())
        }
        Event::Committed(batch) => format!("commits {}..{}", batch.first(), batch.last()),
        Event::Proposed { id, outcome } => match outcome {
            Outcome::Committed {
                index: Index(index),
                ..
            } => format!("answers {id}: committed at {index}"),
            Outcome::Lost { term } => format!("answers {id}: lost to {term}"),
            Outcome::Unknown { .. } => format!("answers {id}: unknown"),
        },
        Event::Readable { id, index } => format!("answers {id}: readable at {index}"),
        Event::Refused {
            request, refusal, ..
        } => format!("refuses {}: {refusal}", request.id()),
        Event::Leader { .. } => return None,
    })
}

fn cluster(verb: &str) -> Option<Net> {
    if let Some(count) = verb.strip_prefix("nodes ") {
        return Some(Net::new(count.parse().unwrap()));
    }
    let (term, logs) = verb.strip_prefix("logs ")?.split_once(':')?;
    let term = term.parse().unwrap();
    let number = |word: &str| word.parse::<u64>().unwrap();
    let logs: Vec<Vec<u64>> = logs
        .split('|')
        .map(|log| log.split_whitespace().map(number).collect())
        .collect();
    Some(Net::seeded(
        logs.len() as u32,
        1,
        |config| config.append_entries_max(1).unwrap(),
        |id| Disk::with(records(term, None, &logs[id as usize - 1])),
    ))
}

/// The prose and the verbs of a transcript, each verb followed by what it leads to.
fn retell(transcript: &str) -> String {
    let mut told = String::new();
    let mut teller: Option<Teller> = None;
    for line in transcript.lines() {
        if line.is_empty() || line.starts_with('#') {
            writeln!(told, "{line}").unwrap();
        } else if let Some(verb) = line.strip_prefix("> ") {
            writeln!(told, "{line}").unwrap();
            if let Some(net) = cluster(verb) {
                teller = Some(Teller::over(net));
                continue;
            }
            let teller = teller.as_mut().expect("a cluster comes first");
            teller.play(verb);
            told.push_str(&std::mem::take(&mut teller.text));
        }
    }
    teller.expect("a cluster").net.check_end();
    told
}

fn check(name: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name);
    let written = std::fs::read_to_string(&path).unwrap();
    let told = retell(&written);
    if std::env::var("RAFT_TRANSCRIPTS").is_ok_and(|mode| mode == "write") {
        std::fs::write(&path, told).unwrap();
    } else {
        let different = written.lines().zip(told.lines()).find(|(a, b)| a != b);
        assert!(
            written == told,
            "{name} tells another story, first at {different:?}"
        );
    }
}

#[test]
fn an_election() {
    check("election.txt");
}

#[test]
fn a_partitioned_node_asks_for_pre_votes_and_disturbs_nobody() {
    check("pre_vote.txt");
}

#[test]
fn replication_with_a_slow_follower() {
    check("replication.txt");
}

#[test]
fn conflicting_logs_are_repaired() {
    check("conflict.txt");
}

#[test]
fn figure_8_of_the_paper() {
    check("figure_8.txt");
}

#[test]
fn a_read_is_confirmed_by_a_round() {
    check("read_index.txt");
}
