//! The state machine: each operation, each session rule, and equality with a naive model.

use std::collections::BTreeMap;

use kv::{Applied, Command, Config, Machine, Operation, Rejection, Reply, SessionId};
use quickcheck::{Arbitrary, Gen, quickcheck};
use raft_core::{Batch, Index, Term};
use transport::{Bytes, NodeId};

/// A machine and the index of its next entry.
struct Log {
    machine: Machine,
    next: Index,
}

impl Log {
    fn new(sessions_max: usize, key_bytes_max: usize, value_bytes_max: usize) -> Self {
        Self {
            machine: Machine::new(&limits(sessions_max, key_bytes_max, value_bytes_max)),
            next: Index(1),
        }
    }

    fn apply(&mut self, command: &Command) -> Applied {
        let index = self.next;
        self.next = index.next();
        self.machine.apply(index, command)
    }

    fn open(&mut self) -> SessionId {
        let opened = SessionId(self.next);
        assert_eq!(
            self.apply(&Command::Open),
            Ok(Reply::Opened { session: opened })
        );
        opened
    }

    fn execute(&mut self, session: SessionId, sequence: u64, operation: Operation) -> Applied {
        self.apply(&Command::Execute {
            session,
            sequence,
            operation,
        })
    }

    fn get(&self, key: &str) -> Option<&str> {
        let value = self.machine.get(key.as_bytes())?;
        Some(core::str::from_utf8(value).unwrap())
    }
}

fn limits(sessions_max: usize, key_bytes_max: usize, value_bytes_max: usize) -> Config {
    Config::new(raft_core::Config::new(NodeId(1), [NodeId(1)]).unwrap())
        .sessions_max(sessions_max)
        .and_then(|config| config.key_bytes_max(key_bytes_max))
        .and_then(|config| config.value_bytes_max(value_bytes_max))
        .unwrap()
}

fn put(key: &str, value: &str) -> Operation {
    Operation::Put {
        key: key.into(),
        value: value.into(),
    }
}

fn append(key: &str, value: &str) -> Operation {
    Operation::Append {
        key: key.into(),
        value: value.into(),
    }
}

fn swap(key: &str, expected: Option<&str>, value: &str) -> Operation {
    let (key, expected, value) = (key.into(), expected.map(Bytes::from), value.into());
    Operation::CompareAndSet {
        key,
        expected,
        value,
    }
}

fn delete(key: &str) -> Operation {
    Operation::Delete { key: key.into() }
}

const WRITTEN: Applied = Ok(Reply::Written);

fn mismatch(actual: Option<&str>) -> Applied {
    Ok(Reply::Mismatch {
        actual: actual.map(Bytes::from),
    })
}

#[test]
fn put_sets_and_replaces_and_empty_is_not_absent() {
    let mut log = Log::new(9, 9, 9);
    let session = log.open();
    assert_eq!(log.get("x"), None);
    assert_eq!(log.execute(session, 1, put("x", "")), WRITTEN);
    assert_eq!(log.get("x"), Some(""));
    assert_eq!(log.execute(session, 2, put("x", "2")), WRITTEN);
    assert_eq!(
        (log.get("x"), log.get("y"), log.machine.keys_len()),
        (Some("2"), None, 1)
    );
}

#[test]
fn append_extends_and_an_absent_key_counts_as_empty() {
    let mut log = Log::new(9, 9, 9);
    let session = log.open();
    assert_eq!(log.execute(session, 1, append("x", "")), WRITTEN);
    assert_eq!(log.get("x"), Some(""), "the key is there now");
    assert_eq!(log.execute(session, 2, append("x", "a")), WRITTEN);
    assert_eq!(log.execute(session, 3, append("x", "b")), WRITTEN);
    assert_eq!(log.get("x"), Some("ab"));
}

#[test]
fn compare_and_set_swaps_only_what_it_expects() {
    let mut log = Log::new(9, 9, 9);
    let session = log.open();
    assert_eq!(
        log.execute(session, 1, swap("x", Some("1"), "2")),
        mismatch(None)
    );
    assert_eq!(
        log.execute(session, 2, swap("x", Some(""), "2")),
        mismatch(None)
    );
    assert_eq!(log.get("x"), None);
    assert_eq!(log.execute(session, 3, swap("x", None, "1")), WRITTEN);
    assert_eq!(
        log.execute(session, 4, swap("x", None, "9")),
        mismatch(Some("1"))
    );
    assert_eq!(
        log.execute(session, 5, swap("x", Some("0"), "9")),
        mismatch(Some("1"))
    );
    assert_eq!(log.get("x"), Some("1"));
    assert_eq!(log.execute(session, 6, swap("x", Some("1"), "")), WRITTEN);
    assert_eq!(log.execute(session, 7, swap("x", Some(""), "3")), WRITTEN);
    assert_eq!(log.get("x"), Some("3"));
}

#[test]
fn delete_removes_and_tells_whether_the_key_was_there() {
    let mut log = Log::new(9, 9, 9);
    let session = log.open();
    log.execute(session, 1, put("x", "")).unwrap();
    assert_eq!(
        log.execute(session, 2, delete("x")),
        Ok(Reply::Deleted { existed: true })
    );
    assert_eq!((log.get("x"), log.machine.keys_len()), (None, 0));
    assert_eq!(
        log.execute(session, 3, delete("x")),
        Ok(Reply::Deleted { existed: false })
    );
    assert_eq!(log.execute(session, 4, swap("x", None, "1")), WRITTEN);
}

#[test]
fn a_limit_admits_what_is_exactly_as_long() {
    let mut log = Log::new(9, 2, 3);
    let session = log.open();
    let (key, value) = (
        Err(Rejection::KeyTooLong { bytes_max: 2 }),
        Err(Rejection::ValueTooLong { bytes_max: 3 }),
    );
    assert_eq!(log.execute(session, 1, put("ab", "123")), WRITTEN);
    assert_eq!(log.execute(session, 2, put("abc", "")), key);
    assert_eq!(log.execute(session, 3, append("abc", "")), key);
    assert_eq!(log.execute(session, 4, swap("abc", None, "")), key);
    assert_eq!(log.execute(session, 5, delete("abc")), key);
    assert_eq!(log.execute(session, 6, put("ab", "1234")), value);
    assert_eq!(
        log.execute(session, 7, swap("ab", Some("123"), "1234")),
        value
    );
    assert_eq!(log.execute(session, 8, append("ab", "4")), value);
    assert_eq!(log.execute(session, 9, append("ab", "")), WRITTEN);
    assert_eq!((log.get("ab"), log.machine.keys_len()), (Some("123"), 1));
}

// A size rejection is a reply like another: a later retry must not suddenly execute it.
#[test]
fn a_size_rejection_is_remembered_and_spends_its_number() {
    let mut log = Log::new(9, 9, 3);
    let session = log.open();
    let too_long = Err(Rejection::ValueTooLong { bytes_max: 3 });
    assert_eq!(log.execute(session, 1, put("x", "123")), WRITTEN);
    assert_eq!(log.execute(session, 2, append("x", "4")), too_long);
    let other = log.open();
    assert_eq!(
        log.execute(other, 1, delete("x")),
        Ok(Reply::Deleted { existed: true })
    );
    assert_eq!(log.execute(session, 2, append("x", "4")), too_long);
    assert_eq!(log.get("x"), None);
    assert_eq!(log.execute(session, 3, append("x", "4")), WRITTEN);
}

// Raft section 8: "if it receives a command whose serial number has already been executed, it
// responds immediately without re-executing the request".
#[test]
fn a_retry_repeats_the_reply_without_executing_again() {
    let mut log = Log::new(9, 9, 9);
    let (one, two) = (log.open(), log.open());
    assert_eq!(log.execute(one, 1, append("x", "1")), WRITTEN);
    assert_eq!(log.execute(one, 1, append("x", "1")), WRITTEN);
    assert_eq!(log.get("x"), Some("1"));
    // The remembered reply, not one that fits the present state.
    assert_eq!(
        log.execute(one, 2, swap("x", Some("0"), "2")),
        mismatch(Some("1"))
    );
    assert_eq!(log.execute(two, 1, put("x", "0")), WRITTEN);
    assert_eq!(
        log.execute(one, 2, swap("x", Some("0"), "2")),
        mismatch(Some("1"))
    );
    assert_eq!(log.get("x"), Some("0"));
    assert_eq!(
        log.execute(one, 3, delete("x")),
        Ok(Reply::Deleted { existed: true })
    );
    assert_eq!(
        log.execute(one, 3, delete("x")),
        Ok(Reply::Deleted { existed: true })
    );
}

#[test]
fn numbers_out_of_order_are_rejected_and_change_nothing() {
    let mut log = Log::new(9, 9, 9);
    let session = log.open();
    let gap = |last| Err(Rejection::SequenceGap { last });
    assert_eq!(
        log.execute(session, 0, put("x", "0")),
        Err(Rejection::SequenceZero)
    );
    assert_eq!(log.execute(session, 2, put("x", "2")), gap(0));
    assert_eq!(log.execute(session, 1, put("x", "1")), WRITTEN);
    assert_eq!(log.execute(session, 3, put("x", "3")), gap(1));
    assert_eq!(log.execute(session, u64::MAX, put("x", "3")), gap(1));
    assert_eq!(log.execute(session, 2, put("x", "2")), WRITTEN);
    let answered = Err(Rejection::AlreadyAnswered { last: 2 });
    assert_eq!(log.execute(session, 1, put("x", "1")), answered);
    assert_eq!(
        log.execute(session, 0, put("x", "0")),
        Err(Rejection::SequenceZero)
    );
    assert_eq!(log.get("x"), Some("2"));
}

#[test]
fn a_session_that_was_never_opened_is_rejected() {
    let mut log = Log::new(9, 9, 9);
    let session = log.open();
    let stranger = SessionId(session.0.next());
    let closed = Err(Rejection::SessionClosed);
    assert_eq!(log.execute(stranger, 1, put("x", "1")), closed);
    assert_eq!(log.execute(SessionId(Index(0)), 1, put("x", "1")), closed);
    assert_eq!((log.get("x"), log.machine.sessions_len()), (None, 1));
}

// Dissertation 6.3: servers must agree on which session expires; "least recently used" by the log.
#[test]
fn the_least_recently_used_session_makes_room() {
    let mut log = Log::new(2, 9, 9);
    let (one, two) = (log.open(), log.open());
    assert_eq!(log.execute(one, 1, put("x", "1")), WRITTEN);
    let three = log.open();
    assert_eq!(log.machine.sessions_len(), 2);
    let closed = Err(Rejection::SessionClosed);
    assert_eq!(
        log.execute(two, 1, put("x", "2")),
        closed,
        "two was unused for longest"
    );
    assert_eq!(log.execute(three, 1, put("x", "3")), WRITTEN);
    // A retry is a use, and so is an attempt that is rejected.
    assert_eq!(log.execute(one, 1, put("x", "1")), WRITTEN);
    let four = log.open();
    assert_eq!(log.execute(three, 2, put("x", "3")), closed);
    assert_eq!(
        log.execute(one, 9, put("x", "9")),
        Err(Rejection::SequenceGap { last: 1 })
    );
    let five = log.open();
    assert_eq!(log.execute(four, 1, put("x", "4")), closed);
    assert_eq!(log.execute(one, 2, put("x", "1")), WRITTEN);
    assert_eq!(log.execute(five, 1, put("x", "5")), WRITTEN);
    assert_eq!(log.get("x"), Some("5"));
}

#[test]
fn a_single_place_for_sessions_belongs_to_the_newest() {
    let mut log = Log::new(1, 9, 9);
    let (one, two) = (log.open(), log.open());
    assert_eq!(
        log.execute(one, 1, put("x", "1")),
        Err(Rejection::SessionClosed)
    );
    assert_eq!(log.execute(two, 1, put("x", "2")), WRITTEN);
    assert_eq!(log.machine.sessions_len(), 1);
}

#[test]
fn an_entry_applied_before_changes_nothing() {
    let mut log = Log::new(9, 9, 9);
    let session = log.open();
    log.execute(session, 1, append("x", "1")).unwrap();
    let before = log.machine.clone();
    let again = Command::Execute {
        session,
        sequence: 2,
        operation: append("x", "2"),
    };
    for index in [0, 1, 2].map(Index) {
        let rejection = Rejection::AlreadyApplied { last: Index(2) };
        assert_eq!(log.machine.apply(index, &again), Err(rejection));
        assert_eq!(log.machine.apply(index, &Command::Open), Err(rejection));
    }
    log.machine
        .apply_batch(&Batch::blank(Term(1), Index(1)), |_, _| unreachable!());
    assert_eq!(log.machine, before);
    // A batch that overlaps what is applied brings only its end.
    let batch = Batch::commands(Term(1), Index(2), [Command::Open, again]).unwrap();
    let mut results = vec![];
    log.machine.apply_batch(&batch, |index, applied| {
        results.push((index.0, applied.is_ok()))
    });
    assert_eq!(results, [(2, false), (3, true)]);
    assert_eq!(log.get("x"), Some("12"));
}

#[test]
fn a_blank_entry_takes_an_index_and_gives_nothing() {
    let mut machine = Machine::default();
    machine.apply_batch(&Batch::blank(Term(1), Index(1)), |_, _| {
        panic!("a blank gave something")
    });
    assert_eq!((machine.applied(), machine.sessions_len()), (Index(1), 0));
    let batch = Batch::commands(Term(1), Index(2), [Command::Open]).unwrap();
    let mut results = vec![];
    machine.apply_batch(&batch, |index, applied| results.push((index, applied)));
    let session = SessionId(Index(2));
    assert_eq!(results, [(Index(2), Ok(Reply::Opened { session }))]);
}

#[test]
fn limits_of_zero_are_refused() {
    let config = limits(1, 1, 1);
    assert!(config.clone().sessions_max(0).is_err());
    assert!(config.clone().key_bytes_max(0).is_err());
    let error = config.value_bytes_max(0).unwrap_err();
    assert_eq!(error.to_string(), "value_bytes_max must be at least 1");
}

/// A command from a small world, so that sessions, numbers and keys collide.
#[derive(Clone, Debug)]
struct Any(Command);

impl Arbitrary for Any {
    fn arbitrary(g: &mut Gen) -> Self {
        if u8::arbitrary(g) % 6 == 0 {
            return Self(Command::Open);
        }
        let text = |g: &mut Gen, words: &[&str]| Bytes::from(*g.choose(words).unwrap());
        let key = text(g, &["", "a", "b", "abc"]);
        let value = text(g, &["", "1", "22", "55555"]);
        let operation = match u8::arbitrary(g) % 4 {
            0 => Operation::Put { key, value },
            1 => Operation::Append { key, value },
            2 => {
                let expected = bool::arbitrary(g).then(|| text(g, &["", "1", "22", "11"]));
                Operation::CompareAndSet {
                    key,
                    expected,
                    value,
                }
            }
            _ => Operation::Delete { key },
        };
        let session = SessionId(Index(u64::from(u8::arbitrary(g) % 12)));
        let sequence = u64::from(u8::arbitrary(g) % 4);
        Self(Command::Execute {
            session,
            sequence,
            operation,
        })
    }
}

/// The same rules, written as slowly and plainly as possible.
#[derive(Default)]
struct Model {
    values: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Session, last number, remembered reply; the least recently used first.
    sessions: Vec<(u64, u64, Applied)>,
}

impl Model {
    fn apply(&mut self, index: u64, command: &Command, max: (usize, usize, usize)) -> Applied {
        let (session, sequence, operation) = match command {
            Command::Open => {
                let reply = Reply::Opened {
                    session: SessionId(Index(index)),
                };
                self.sessions.push((index, 0, Ok(reply.clone())));
                while self.sessions.len() > max.0 {
                    drop(self.sessions.remove(0));
                }
                return Ok(reply);
            }
            Command::Execute {
                session,
                sequence,
                operation,
            } => (session.0.0, *sequence, operation),
        };
        let place = self.sessions.iter().position(|known| known.0 == session);
        let place = place.ok_or(Rejection::SessionClosed)?;
        let (_, last, reply) = self.sessions.remove(place);
        let (last, reply, answer) = if sequence == 0 {
            (last, reply, Err(Rejection::SequenceZero))
        } else if sequence == last {
            (last, reply.clone(), reply)
        } else if sequence < last {
            (last, reply, Err(Rejection::AlreadyAnswered { last }))
        } else if sequence > last + 1 {
            (last, reply, Err(Rejection::SequenceGap { last }))
        } else {
            let answer = self.execute(operation, max);
            (sequence, answer.clone(), answer)
        };
        self.sessions.push((session, last, reply));
        answer
    }

    fn execute(&mut self, operation: &Operation, max: (usize, usize, usize)) -> Applied {
        let (_, key_bytes_max, value_bytes_max) = max;
        let key = operation.key().to_vec();
        if key.len() > key_bytes_max {
            return Err(Rejection::KeyTooLong {
                bytes_max: key_bytes_max,
            });
        }
        let old = self.values.get(&key).cloned();
        let stored = match operation {
            Operation::Put { value, .. } | Operation::CompareAndSet { value, .. } => value.to_vec(),
            Operation::Append { value, .. } => {
                let mut whole = old.clone().unwrap_or_default();
                whole.extend(value.iter());
                whole
            }
            Operation::Delete { .. } => {
                let existed = self.values.remove(&key).is_some();
                return Ok(Reply::Deleted { existed });
            }
        };
        if stored.len() > value_bytes_max {
            return Err(Rejection::ValueTooLong {
                bytes_max: value_bytes_max,
            });
        }
        if let Operation::CompareAndSet { expected, .. } = operation
            && old != expected.as_ref().map(|expected| expected.to_vec())
        {
            return Ok(Reply::Mismatch {
                actual: old.map(Bytes::from),
            });
        }
        self.values.insert(key, stored);
        WRITTEN
    }
}

quickcheck! {
    fn the_machine_equals_a_naive_model(commands: Vec<Any>, sessions_max: u8) -> bool {
        let max = (usize::from(sessions_max % 3) + 1, 2, 4);
        let mut log = Log::new(max.0, max.1, max.2);
        let mut model = Model::default();
        commands.iter().all(|Any(command)| {
            let index = log.next.0;
            let same = log.apply(command) == model.apply(index, command, max);
            same && log.machine.keys_len() == model.values.len()
                && log.machine.sessions_len() == model.sessions.len()
                && model.values.iter().all(|(key, value)| {
                    log.machine.get(key).map(|value| value.to_vec()).as_ref() == Some(value)
                })
        })
    }

    /// However the log is cut into batches, and wherever blanks do not stand: one log, one machine.
    fn machines_fed_the_same_log_are_equal(commands: Vec<Any>, cuts: Vec<u8>) -> bool {
        let config = limits(2, 2, 4);
        let (mut one, mut other) = (Machine::new(&config), Machine::new(&config));
        let (mut first, mut second) = (vec![], vec![]);
        let mut left: Vec<Command> = commands.into_iter().map(|Any(command)| command).collect();
        let mut cuts = cuts.into_iter().cycle();
        let mut index = Index(1);
        while !left.is_empty() {
            let cut = usize::from(cuts.next().unwrap_or(0));
            if cut % 4 == 0 {
                let blank = Batch::blank(Term(1), index);
                other.apply_batch(&blank, |_, _| unreachable!());
                index = index.next();
                // Here a blank has no trace but the index.
                one.apply_batch(&blank, |_, _| unreachable!());
            }
            let rest = left.split_off((cut + 1).min(left.len()));
            for (offset, command) in (0..).zip(&left) {
                first.push((index.plus(offset), one.apply(index.plus(offset), command)));
            }
            let batch = Batch::commands(Term(1), index, left).unwrap();
            other.apply_batch(&batch, |index, applied| second.push((index, applied)));
            index = batch.last().next();
            left = rest;
        }
        one == other && first == second
    }
}
