//! Histories of transactions in a short notation, and the definition of the weak models tried on every order.

use std::collections::BTreeMap;

use consistency::transactions::{Builder, Ending, MicroOperation, Transactions};
use consistency::{Consistency, Moment, ProcessId, Value};

pub(crate) const WEAK: [Consistency; 3] = [
    Consistency::ReadCommitted,
    Consistency::ReadAtomic,
    Consistency::CausalTransactions,
];

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Write(u8, i64),
    /// Zero: never written.
    Read(u8, i64),
    Append(u8, i64),
    List(u8, Vec<i64>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Txn {
    pub(crate) session: u64,
    pub(crate) ending: Ending,
    pub(crate) ops: Vec<Op>,
}

/// `0 wx1 rx0 | 1? ax1 | 2! lx12`: sessions, `?` indeterminate, `!` aborted; keys of a letter, values of a digit.
pub(crate) fn txns(text: &str) -> Vec<Txn> {
    let txn = |text: &str| {
        let mut words = text.split_whitespace();
        let head = words.next().unwrap();
        let ending = match head.as_bytes().get(1) {
            Some(b'?') => Ending::Indeterminate,
            Some(b'!') => Ending::Aborted,
            _ => Ending::Committed,
        };
        let op = |word: &str| {
            let bytes = word.as_bytes();
            let digits: Vec<i64> = bytes[2..]
                .iter()
                .map(|digit| i64::from(digit - b'0'))
                .collect();
            match bytes[0] {
                b'w' => Op::Write(bytes[1], digits[0]),
                b'r' => Op::Read(bytes[1], digits[0]),
                b'a' => Op::Append(bytes[1], digits[0]),
                b'l' => Op::List(bytes[1], digits),
                other => panic!("{other}"),
            }
        };
        Txn {
            session: u64::from(head.as_bytes()[0] - b'0'),
            ending,
            ops: words.map(op).collect(),
        }
    };
    text.split('|').map(txn).collect()
}

/// The same for the checkers, one transaction after the other.
pub(crate) fn history(txns: &[Txn]) -> Transactions {
    let mut builder = Builder::new();
    let mut position = 0;
    let mut moment = || {
        position += 1;
        Moment {
            position,
            time_ns: None,
        }
    };
    for txn in txns {
        let id = builder.invoke(ProcessId(txn.session), moment());
        let key = |key: &u8| Value::from(char::from(*key).to_string());
        let steps = txn.ops.iter().map(|op| match op {
            Op::Write(on, value) => MicroOperation::Write {
                key: key(on),
                value: (*value).into(),
            },
            Op::Read(on, value) => MicroOperation::Read {
                key: key(on),
                value: Some(match value {
                    0 => Value::Nil,
                    value => (*value).into(),
                }),
            },
            Op::Append(on, value) => MicroOperation::Append {
                key: key(on),
                value: (*value).into(),
            },
            Op::List(on, values) => MicroOperation::ReadList {
                key: key(on),
                values: Some(values.iter().map(|value| (*value).into()).collect()),
            },
        });
        builder
            .complete(id, txn.ending, Some(moment()), steps)
            .unwrap();
    }
    builder.finish()
}

/// An external read: by whom, at which place, of which key, from whom (`None`: the initial state).
struct Seen {
    reader: usize,
    place: usize,
    key: u8,
    writer: Option<usize>,
    base: Option<Vec<i64>>,
}

/// Whether some commit order satisfies the axioms: every one is tried.
pub(crate) fn holds(txns: &[Txn], level: Consistency) -> bool {
    let optional: Vec<usize> = (0..txns.len())
        .filter(|at| txns[*at].ending == Ending::Indeterminate)
        .collect();
    (0..1_u32 << optional.len()).any(|chosen| {
        let here: Vec<usize> = (0..txns.len())
            .filter(|at| match txns[*at].ending {
                Ending::Committed => true,
                Ending::Aborted => false,
                Ending::Indeterminate => {
                    let bit = optional.iter().position(|other| other == at).unwrap();
                    chosen >> bit & 1 == 1
                }
            })
            .collect();
        reads(txns, &here).is_some_and(|reads| {
            let case = Case {
                txns,
                here: &here,
                reads: &reads,
                level,
            };
            case.extends(&mut Vec::new())
        })
    })
}

/// Whether this very order is a commit order at this level.
pub(crate) fn explains(txns: &[Txn], level: Consistency, order: &[usize]) -> bool {
    let is_here = |ending| move |at: &usize| txns[*at].ending == ending;
    let committed = (0..txns.len()).filter(is_here(Ending::Committed));
    if order.iter().any(is_here(Ending::Aborted)) || !{ committed }.all(|at| order.contains(&at)) {
        return false;
    }
    reads(txns, order).is_some_and(|reads| {
        let case = Case {
            txns,
            here: order,
            reads: &reads,
            level,
        };
        let pairs = (0..order.len()).flat_map(|one| (one..order.len()).map(move |it| (one, it)));
        let is_forward = pairs
            .into_iter()
            .all(|(one, other)| !case.is_direct(order[other], order[one]));
        is_forward && case.is_commit_order(order)
    })
}

/// All external reads; `None` where one sees what it must not see whatever the order.
fn reads(txns: &[Txn], here: &[usize]) -> Option<Vec<Seen>> {
    let mut all = Vec::new();
    for &reader in here {
        if txns[reader].ending != Ending::Committed {
            continue;
        }
        let mut own: BTreeMap<u8, Vec<i64>> = BTreeMap::new();
        for (place, op) in txns[reader].ops.iter().enumerate() {
            let (key, value, base) = match op {
                Op::Write(key, value) | Op::Append(key, value) => {
                    own.entry(*key).or_default().push(*value);
                    continue;
                }
                Op::Read(key, value) => {
                    if let Some(own) = own.get(key) {
                        if own.last() != Some(value) {
                            return None;
                        }
                        continue;
                    }
                    (*key, *value, None)
                }
                Op::List(key, list) => {
                    let own = own.get(key).cloned().unwrap_or_default();
                    let base = list.strip_suffix(&own[..])?;
                    (*key, base.last().copied().unwrap_or(0), Some(base.to_vec()))
                }
            };
            let is_last = |at: &&usize| {
                **at != reader
                    && txns[**at].ops.iter().rev().find_map(|op| match op {
                        Op::Write(on, value) | Op::Append(on, value) if *on == key => Some(*value),
                        _ => None,
                    }) == Some(value)
            };
            let writer = match value {
                0 => None,
                _ => Some(*here.iter().find(is_last)?),
            };
            all.push(Seen {
                reader,
                place,
                key,
                writer,
                base,
            });
        }
    }
    Some(all)
}

struct Case<'a> {
    txns: &'a [Txn],
    here: &'a [usize],
    reads: &'a [Seen],
    level: Consistency,
}

impl Case<'_> {
    fn extends(&self, order: &mut Vec<usize>) -> bool {
        if order.len() == self.here.len() {
            return self.is_commit_order(order);
        }
        for &next in self.here {
            let is_early = self
                .here
                .iter()
                .any(|other| !order.contains(other) && self.is_direct(*other, next));
            if order.contains(&next) || is_early {
                continue;
            }
            order.push(next);
            if self.extends(order) {
                return true;
            }
            order.pop();
        }
        false
    }

    /// The histories here are sequential: whoever committed had returned before the next began.
    fn is_real_time(&self, one: usize, other: usize) -> bool {
        self.level == Consistency::StrictSerializable
            && one < other
            && self.txns[one].ending == Ending::Committed
    }

    fn is_session(&self, one: usize, other: usize) -> bool {
        one < other
            && self.txns[one].session == self.txns[other].session
            && self.txns[one].ending == Ending::Committed
    }

    /// Session order or reads-from.
    fn is_direct(&self, one: usize, other: usize) -> bool {
        let reads = self.reads.iter();
        self.is_session(one, other)
            || self.is_real_time(one, other)
            || reads
                .filter(|read| read.reader == other)
                .any(|read| read.writer == Some(one))
    }

    fn is_causal(&self, one: usize, other: usize) -> bool {
        let mut reached = vec![one];
        let mut place = 0;
        while place < reached.len() {
            for &next in self.here {
                if self.is_direct(reached[place], next) {
                    if next == other {
                        return true;
                    }
                    if !reached.contains(&next) {
                        reached.push(next);
                    }
                }
            }
            place += 1;
        }
        false
    }

    fn has_seen(&self, read: &Seen, other: usize, order: &[usize]) -> bool {
        let at = |txn: usize| order.iter().position(|other| *other == txn);
        // Whether `other` is at or before somebody for whom this is so.
        let before_some = |is_it: &dyn Fn(usize) -> bool| {
            order
                .iter()
                .any(|&by| at(other) <= at(by) && by != read.reader && is_it(by))
        };
        let direct = |by| self.is_direct(by, read.reader);
        let writes = |txn: usize| {
            let ops = self.txns[txn].ops.iter();
            ops.filter_map(|op| match op {
                Op::Write(key, _) | Op::Append(key, _) => Some(*key),
                _ => None,
            })
        };
        let conflicts = |by: usize| {
            at(by) < at(read.reader)
                && writes(by).any(|key| writes(read.reader).any(|it| it == key))
        };
        match self.level {
            Consistency::ReadCommitted => self.reads.iter().any(|before| {
                before.reader == read.reader
                    && before.place < read.place
                    && before.writer == Some(other)
            }),
            Consistency::ReadAtomic => self.is_direct(other, read.reader),
            Consistency::CausalTransactions => self.is_causal(other, read.reader),
            Consistency::Prefix => before_some(&direct),
            Consistency::SnapshotIsolation => before_some(&direct) || before_some(&conflicts),
            _ => at(other) < at(read.reader),
        }
    }

    fn is_commit_order(&self, order: &[usize]) -> bool {
        let at = |txn: usize| order.iter().position(|other| *other == txn);
        self.reads.iter().all(|read| {
            let writes = |txn: usize| {
                self.txns[txn]
                    .ops
                    .iter()
                    .any(|op| matches!(op, Op::Write(on, _) | Op::Append(on, _) if *on == read.key))
            };
            let axiom = self.here.iter().all(|&other| {
                Some(other) == read.writer
                    || !writes(other)
                    || !self.has_seen(read, other, order)
                    || at(other) < read.writer.and_then(at)
            });
            let until = read.writer.and_then(at).map_or(0, |at| at + 1);
            let whole: Vec<i64> = order[..until]
                .iter()
                .flat_map(|txn| &self.txns[*txn].ops)
                .filter_map(|op| match op {
                    Op::Append(on, value) if *on == read.key => Some(*value),
                    _ => None,
                })
                .collect();
            axiom && read.base.as_ref().is_none_or(|base| *base == whole)
        })
    }
}
