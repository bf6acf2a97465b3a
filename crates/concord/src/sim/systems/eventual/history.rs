//! What each node showed of each key, as histories for the checkers.
//!
//! Clients hand contexts around and ask any node, so not even read-your-writes is promised to *them*. What is
//! promised is promised of nodes: here a node is a session, and what it was asked, in that order, is what the
//! session did. Of each key by itself the store keeps:
//!
//! | model | of which operations | why it holds |
//! |---|---|---|
//! | causal | puts, and gets that showed one value or "never written" | a node that knows a write knows all that the writer's node knew: versions of a key travel whole |
//! | causal convergence | the same, until the first delete is asked | what a put replaces was written before it, so the order of writing explains every get |
//!
//! A get that showed several values has seen concurrent writes, and none of these models has a word for that; a
//! deletion writes nothing that a get could name. Leaving them out only makes the check weaker.
//!
//! Linearizability is not promised, and [`Log::stale_read`] finds the history that shows it: a get asked after
//! a put had returned, at a node that had not heard of that put.

use std::collections::BTreeMap;

use clocks::Dot;
use consistency::causal::{self, of_operations};
use consistency::eventual::{Reply, Request, Versions};
use consistency::report::describe;
use consistency::{
    Completion, Consistency, Judgement, Limits, Moment, Operation, OperationId, ProcessId,
    Register, RegisterInput, RegisterOutput, Value, Verdict, check_linearizable,
};
use simulator::Violation;
use transport::{NodeId, RequestId};

type Line = Operation<RegisterInput, RegisterOutput>;

/// Everything that was asked, in order.
#[derive(Debug, Default)]
pub(super) struct Log {
    entries: Vec<Entry>,
    places: BTreeMap<RequestId, usize>,
    position: u64,
}

#[derive(Debug)]
struct Entry {
    key: u64,
    node: NodeId,
    call: Moment,
    asked: Asked,
    answer: Answer,
}

#[derive(Debug)]
enum Asked {
    Get,
    Put(Value),
    Delete,
}

#[derive(Debug)]
enum Answer {
    /// Nobody heard of it again.
    Open,
    Refused {
        at: Moment,
    },
    Done {
        at: Moment,
        /// The name of the write.
        dot: Option<Dot<usize>>,
        versions: Versions,
    },
}

impl Log {
    pub(super) fn asked(&mut self, key: u64, node: NodeId, request: &Request, time_ns: u64) {
        let asked = match request {
            Request::Get { .. } => Asked::Get,
            Request::Put { value, .. } => Asked::Put(Value::from_bytes(value)),
            Request::Delete { .. } => Asked::Delete,
        };
        let call = self.moment(time_ns);
        self.places.insert(request.id(), self.entries.len());
        self.entries.push(Entry {
            key,
            node,
            call,
            asked,
            answer: Answer::Open,
        });
    }

    pub(super) fn refused(&mut self, id: RequestId, time_ns: u64) {
        let at = self.moment(time_ns);
        self.answer(id, Answer::Refused { at });
    }

    pub(super) fn done(&mut self, id: RequestId, reply: &Reply, time_ns: u64) {
        let at = self.moment(time_ns);
        let dot = match reply {
            Reply::Written { dot, .. } => Some(*dot),
            Reply::Found { .. } | Reply::Deleted { .. } => None,
        };
        let versions = reply.versions().clone();
        self.answer(id, Answer::Done { at, dot, versions });
    }

    fn answer(&mut self, id: RequestId, answer: Answer) {
        let place = self.places.remove(&id);
        if let Some(entry) = place.and_then(|place| self.entries.get_mut(place)) {
            entry.answer = answer;
        }
    }

    fn moment(&mut self, time_ns: u64) -> Moment {
        let position = self.position;
        self.position += 1;
        Moment {
            position,
            time_ns: Some(time_ns),
        }
    }

    fn of_key(&self, key: u64) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.key == key)
    }

    /// Judges what the nodes showed of each of the first `keys` keys.
    pub(super) fn judge(&self, keys: u64) -> Judged {
        for key in 0..keys {
            let lines: Vec<Line> = self.of_key(key).filter_map(|it| it.line(key)).collect();
            let first_delete = self
                .of_key(key)
                .find(|it| matches!(it.asked, Asked::Delete));
            let until = first_delete.map_or(u64::MAX, |it| it.call.position);
            let undeleted: Vec<Line> = lines
                .iter()
                .filter(|line| is_before(line, until))
                .cloned()
                .collect();
            let questions = [
                (Consistency::Causal, lines),
                (Consistency::CausalConvergence, undeleted),
            ];
            for (level, lines) in questions {
                match judge_key(key, level, &lines) {
                    Judged::Holds => {}
                    other => return other,
                }
            }
        }
        Judged::Holds
    }

    /// The first get that was asked after a put had returned, at a node that had not heard of it, and for which the
    /// checker finds no order: the operations that show it, in words.
    pub(super) fn stale_read(&self) -> Option<Vec<String>> {
        let stale = |get: &&Entry| {
            get.shown().is_some() && self.of_key(get.key).any(|put| put.was_missed_by(get))
        };
        self.entries
            .iter()
            .filter(|entry| matches!(entry.asked, Asked::Get))
            .filter(stale)
            .find_map(|get| self.refute(get))
    }

    /// All writes of its key, and this get: is there an order?
    fn refute(&self, get: &Entry) -> Option<Vec<String>> {
        let is_told = |entry: &&Entry| !matches!(entry.asked, Asked::Get) || entry.call == get.call;
        let told: Vec<&Entry> = self.of_key(get.key).filter(is_told).collect();
        if told
            .iter()
            .any(|it| matches!(it.asked, Asked::Delete) && it.call.position < get.call.position)
        {
            return None;
        }
        let lines: Vec<Line> = told.iter().filter_map(|it| it.line(get.key)).collect();
        let model = Register::new(Value::Nil);
        let verdict = check_linearizable(&model, &lines, &Limits::default(), &mut || true);
        let Verdict::Violated(violation) = verdict else {
            return None;
        };
        let shown = violation.operations.iter();
        let shown = shown.filter_map(|&OperationId(place)| lines.get(place));
        Some(shown.map(|line| in_words(&model, line)).collect())
    }
}

/// What the checkers say of the nodes.
#[derive(Debug, PartialEq)]
pub(super) enum Judged {
    Holds,
    Violated(Violation),
    Unknown(String),
}

/// One key by one model; what holds is verified.
fn judge_key(key: u64, level: Consistency, lines: &[Line]) -> Judged {
    let unknown = |why: String| Judged::Unknown(format!("k{key}, {level}: {why}"));
    let model = Register::new(Value::Nil);
    // The models speak of each session's order and of no time: one operation after the other.
    let in_turn: Vec<Line> = (0..).zip(lines).map(in_turn).collect();
    let history = match of_operations(&model, &in_turn) {
        Ok(history) => history,
        Err(error) => return unknown(error.to_string()),
    };
    match causal::check(&history, level, &Limits::default(), &mut || true) {
        Judgement::Holds(certificate) => match causal::verify(&history, level, &certificate) {
            Ok(()) => Judged::Holds,
            Err(error) => unknown(error.to_string()),
        },
        Judgement::Violated(anomaly) => {
            let operations = anomaly.operations.iter();
            let operations = operations.filter_map(|&OperationId(place)| lines.get(place));
            let told: Vec<String> = operations.map(|line| in_words(&model, line)).collect();
            let detail = format!("k{key}, {}: {}", anomaly.rule.name, told.join("; "));
            Judged::Violated(Violation::new(level.name(), detail))
        }
        Judgement::Unknown(reason) => unknown(reason.to_string()),
        Judgement::NotCheckable(reason) => unknown(reason.to_string()),
    }
}

impl Entry {
    /// As an operation on a register; `None` for what a register has no word for.
    fn line(&self, key: u64) -> Option<Line> {
        let (input, output) = match &self.asked {
            Asked::Put(value) => (RegisterInput::write(value.clone()), RegisterOutput::Done),
            Asked::Get => (RegisterInput::read(), RegisterOutput::Value(self.shown()?)),
            Asked::Delete => return None,
        };
        let completion = match &self.answer {
            Answer::Open => Completion::Info { at: None },
            Answer::Refused { at } => Completion::Fail { at: *at },
            Answer::Done { at, .. } => Completion::Ok { at: *at, output },
        };
        Some(Operation {
            process: ProcessId(u64::from(self.node.0)),
            call: self.call,
            input: input.at(format!("k{key}").as_str()),
            completion,
        })
    }

    /// The one value that was shown, or that nothing was ever written.
    fn shown(&self) -> Option<Value> {
        let Answer::Done { versions, .. } = &self.answer else {
            return None;
        };
        let mut values = versions.values();
        match (values.next(), values.len()) {
            (Some(value), 0) => Some(Value::from_bytes(value)),
            (None, _) if versions.is_unwritten() => Some(Value::Nil),
            _ => None,
        }
    }

    /// Whether this put had returned when `get` was asked, and the node that showed it did not know of it.
    fn was_missed_by(&self, get: &Self) -> bool {
        let Answer::Done {
            at, dot: Some(dot), ..
        } = &self.answer
        else {
            return false;
        };
        let Answer::Done { versions, .. } = &get.answer else {
            return false;
        };
        at.position < get.call.position && !versions.has_seen(*dot)
    }
}

/// Whether a get had returned by then, or a put was asked.
fn is_before(line: &Line, position: u64) -> bool {
    let moment = match line.completion {
        Completion::Ok {
            output: RegisterOutput::Value(_),
            at,
        } => at,
        _ => line.call,
    };
    moment.position < position
}

/// The same operation at its own two moments, so that none overlaps another.
fn in_turn((place, line): (u64, &Line)) -> Line {
    let mut line = line.clone();
    let moment = |position| Moment {
        position,
        time_ns: None,
    };
    line.call = moment(2 * place);
    if let Completion::Ok { at, .. } | Completion::Fail { at } = &mut line.completion {
        *at = moment(2 * place + 1);
    }
    line
}

fn in_words(model: &Register, line: &Line) -> String {
    let at_ms = line.call.time_ns.unwrap_or(0) / 1_000_000;
    format!("at {at_ms} ms {}", describe(model, line))
}

#[cfg(test)]
mod tests {
    use clocks::VectorClock;
    use consistency::eventual::KeyVersions;

    use super::*;

    /// Two nodes, and what they hold of key 0.
    struct Nodes {
        log: Log,
        held: [Versions; 2],
        asked: u64,
    }

    impl Nodes {
        fn new() -> Self {
            let unwritten = Versions::new(2).expect("two slots");
            Self {
                log: Log::default(),
                held: [unwritten.clone(), unwritten],
                asked: 0,
            }
        }

        fn ask(&mut self, node: usize, request: impl FnOnce(RequestId) -> Request) -> Request {
            self.asked += 1;
            let request = request(RequestId(self.asked));
            self.log.asked(0, NodeId(node as u32), &request, 0);
            request
        }

        fn item(&self, node: usize) -> KeyVersions {
            KeyVersions {
                key: "k0".into(),
                versions: self.held[node].clone(),
            }
        }

        /// Replaces everything that the node knows.
        fn put(&mut self, node: usize, value: &str) {
            let item = self.item(node);
            let request = self.ask(node, |id| Request::Put {
                id,
                key: "k0".into(),
                value: value.into(),
                context: item.context(),
            });
            let context: VectorClock = self.held[node].context().clone();
            let dot = self.held[node].put(node, &context, value.into());
            let dot = dot.expect("a free dot");
            let item = self.item(node);
            self.log
                .done(request.id(), &Reply::Written { dot, item }, 0);
        }

        fn get(&mut self, node: usize) {
            let request = self.ask(node, |id| Request::Get {
                id,
                key: "k0".into(),
            });
            let item = self.item(node);
            self.log.done(request.id(), &Reply::Found { item }, 0);
        }

        fn delete(&mut self, node: usize) {
            let item = self.item(node);
            let request = self.ask(node, |id| Request::Delete {
                id,
                key: "k0".into(),
                context: item.context(),
            });
            let context: VectorClock = self.held[node].context().clone();
            let deleted = self.held[node].delete(&context);
            deleted.expect("a context of this key");
            let item = self.item(node);
            self.log.done(request.id(), &Reply::Deleted { item }, 0);
        }

        fn spread(&mut self, source: usize, target: usize) {
            let theirs = self.held[source].clone();
            self.held[target].merge(&theirs).expect("as many slots");
        }

        fn rule(&self) -> Option<String> {
            match self.log.judge(1) {
                Judged::Holds => None,
                Judged::Violated(violation) => Some(violation.rule),
                Judged::Unknown(reason) => panic!("{reason}"),
            }
        }
    }

    #[test]
    fn a_get_that_has_not_heard_of_a_put_is_causal_and_not_linearizable() {
        let mut nodes = Nodes::new();
        nodes.put(0, "v1");
        nodes.get(1);
        assert_eq!(nodes.rule(), None);
        let shown = nodes.log.stale_read().expect("a witness");
        assert_eq!(shown.len(), 2, "{shown:?}");
        // What was heard of is no stale read.
        let mut nodes = Nodes::new();
        nodes.put(0, "v1");
        nodes.spread(0, 1);
        nodes.get(1);
        assert_eq!(nodes.log.stale_read(), None);
    }

    #[test]
    fn a_node_that_forgets_what_it_showed_is_not_causal() {
        let mut nodes = Nodes::new();
        nodes.put(0, "v1");
        nodes.put(0, "v2");
        nodes.held[0] = Versions::new(2).expect("two slots");
        nodes.get(0);
        assert_eq!(nodes.rule().as_deref(), Some("causal"));
    }

    #[test]
    fn a_node_that_shows_a_write_and_not_what_its_writer_knew_is_not_causal() {
        let mut nodes = Nodes::new();
        nodes.put(0, "v1");
        let old = nodes.held[0].clone();
        nodes.put(0, "v2");
        nodes.spread(0, 1);
        nodes.get(1);
        nodes.held[1] = old;
        nodes.get(1);
        assert_eq!(nodes.rule().as_deref(), Some("causal"));
    }

    #[test]
    fn nodes_that_choose_among_concurrent_writes_each_for_itself_do_not_converge() {
        let mut nodes = Nodes::new();
        nodes.put(0, "v1");
        nodes.put(1, "v2");
        // Each takes the other's write for the newer one.
        let [first, second] = nodes.held.clone();
        nodes.held = [second, first];
        nodes.get(0);
        nodes.get(1);
        assert_eq!(nodes.rule().as_deref(), Some("causal-convergence"));
        // After a delete nobody knows which of the two it removed.
        let mut nodes = Nodes::new();
        nodes.delete(0);
        nodes.put(0, "v1");
        nodes.put(1, "v2");
        let [first, second] = nodes.held.clone();
        nodes.held = [second, first];
        nodes.get(0);
        nodes.get(1);
        assert_eq!(nodes.rule(), None);
    }
}
