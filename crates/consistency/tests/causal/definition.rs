//! The definitions, tried out literally: orders are searched for, nothing is derived.

use consistency::Consistency;
use consistency::transactions::Ending;

use crate::toy::Op;

/// What is left of a history: the operations that happened, their session orders, and who read from whom.
#[derive(Debug)]
pub(crate) struct Facts {
    ops: Vec<Op>,
    /// Pairs of one session.
    sessions: Vec<(usize, usize)>,
    /// For each read its writer; `None` for "never written".
    sources: Vec<Option<usize>>,
    is_thin_air: bool,
}

type Relation = Vec<Vec<bool>>;

impl Facts {
    pub(crate) fn of(history: &[Op]) -> Self {
        let is_read = |op: &Op| {
            history.iter().any(|other| {
                other.ending == Ending::Committed && other.key == op.key && other.read == op.written
            })
        };
        let happened = |op: &&Op| match op.ending {
            Ending::Committed => true,
            Ending::Indeterminate => op.written.is_some() && is_read(op),
            Ending::Aborted => false,
        };
        let mut ops: Vec<Op> = history.iter().filter(happened).copied().collect();
        for op in &mut ops {
            if op.ending == Ending::Indeterminate {
                op.read = None;
            }
        }
        let mut sessions = Vec::new();
        for (a, first) in ops.iter().enumerate() {
            for (b, second) in ops.iter().enumerate().skip(a + 1) {
                if first.session == second.session && first.ending == Ending::Committed {
                    sessions.push((a, b));
                }
            }
        }
        let writer = |key: char, value: i64| {
            ops.iter()
                .position(|op| op.key == key && op.written == Some(value))
        };
        let sources: Vec<Option<usize>> = ops
            .iter()
            .map(|op| writer(op.key, op.read.filter(|value| *value != 0)?))
            .collect();
        let is_thin_air = ops
            .iter()
            .zip(&sources)
            .any(|(op, source)| op.read.is_some_and(|value| value != 0) && source.is_none());
        Self {
            ops,
            sessions,
            sources,
            is_thin_air,
        }
    }

    pub(crate) fn holds(&self, level: Consistency) -> bool {
        if self.is_thin_air {
            return false;
        }
        match level {
            Consistency::CausalMemory | Consistency::CausalConvergence | Consistency::Causal => {
                let order = self.causality();
                is_acyclic(&order) && self.explains(level, &order)
            }
            Consistency::Pram => self.is_pram(),
            _ => self.keeps_guarantee(level),
        }
    }

    /// The same for the causal models, trying every order that contains the sessions': not only the least.
    pub(crate) fn holds_for_some_order(&self, level: Consistency) -> bool {
        let count = self.ops.len();
        let pairs: Vec<(usize, usize)> = (0..count)
            .flat_map(|a| (0..count).map(move |b| (a, b)))
            .filter(|(a, b)| a != b)
            .collect();
        !self.is_thin_air
            && (0..1_u32 << pairs.len()).any(|choice| {
                let chosen = (0..pairs.len()).filter(|bit| choice >> bit & 1 == 1);
                let chosen = chosen.map(|bit| pairs[bit]);
                let order = closure(count, chosen.chain(self.sessions.iter().copied()));
                is_acyclic(&order) && self.explains(level, &order)
            })
    }

    fn causality(&self) -> Relation {
        let reads = self.sources.iter().enumerate();
        let reads = reads.filter_map(|(read, source)| Some(((*source)?, read)));
        closure(self.ops.len(), reads.chain(self.sessions.iter().copied()))
    }

    /// Bouajjani and others 2017, table 1: the axioms of the three models for this causal order.
    fn explains(&self, level: Consistency, order: &Relation) -> bool {
        let all: Vec<usize> = (0..self.ops.len()).collect();
        let past = |of: usize| -> Vec<usize> {
            let before = all.iter().copied().filter(|it| order[*it][of]);
            before.chain([of]).collect()
        };
        match level {
            Consistency::CausalConvergence => {
                let sees = |arbitration: &[usize]| {
                    all.iter().all(|read| {
                        let mut seen: Vec<usize> = arbitration.to_vec();
                        seen.retain(|it| order[*it][*read]);
                        seen.push(*read);
                        self.is_legal(&seen, &[*read])
                    })
                };
                some_order(&all, order, &mut |_| true, &mut |whole| sees(whole))
            }
            Consistency::Causal => all.iter().all(|read| {
                let visible = [*read];
                some_order(
                    &past(*read),
                    order,
                    &mut |prefix| self.is_legal(prefix, &visible),
                    &mut |_| true,
                )
            }),
            _ => all.iter().all(|last| {
                let before = |it: &usize| self.sessions.contains(&(*it, *last)) || it == last;
                let visible: Vec<usize> = all.iter().copied().filter(before).collect();
                some_order(
                    &past(*last),
                    order,
                    &mut |prefix| self.is_legal(prefix, &visible),
                    &mut |_| true,
                )
            }),
        }
    }

    fn is_pram(&self) -> bool {
        let all: Vec<usize> = (0..self.ops.len()).collect();
        let order = closure(all.len(), self.sessions.iter().copied());
        let mut sessions: Vec<u64> = self.ops.iter().map(|op| op.session).collect();
        sessions.dedup();
        sessions.iter().all(|session| {
            let is_own = |it: &usize| self.ops[*it].session == *session;
            let own: Vec<usize> = all.iter().copied().filter(is_own).collect();
            let is_seen = |it: &usize| is_own(it) || self.ops[*it].written.is_some();
            let seen: Vec<usize> = all.iter().copied().filter(is_seen).collect();
            let legal = &mut |prefix: &[usize]| self.is_legal(prefix, &own);
            some_order(&seen, &order, legal, &mut |_| true)
        })
    }

    /// Whether the visible ones among these reads saw the last write before them.
    fn is_legal(&self, order: &[usize], visible: &[usize]) -> bool {
        order.iter().enumerate().all(|(place, it)| {
            let op = self.ops[*it];
            let Some(read) = op.read.filter(|_| visible.contains(it)) else {
                return true;
            };
            let before = order[..place].iter().rev();
            let mut writes = before.map(|it| self.ops[*it]).filter(|it| it.key == op.key);
            let last = writes.find_map(|it| it.written);
            last.unwrap_or(0) == read
        })
    }

    fn keeps_guarantee(&self, level: Consistency) -> bool {
        let all = 0..self.ops.len();
        let newer = closure(self.ops.len(), self.certainly_newer(level));
        let is_session = |a: usize, b: usize| self.sessions.contains(&(a, b));
        all.clone().all(|read| {
            let Some(value) = self.ops[read].read else {
                return true;
            };
            let key = self.ops[read].key;
            let is_version =
                |it: &usize| self.ops[*it].key == key && self.ops[*it].written.is_some();
            let seen_until = |it: &usize| *it == read || is_session(*it, read);
            // The writes that the session has read up to this read.
            let known: Vec<usize> = all
                .clone()
                .filter(seen_until)
                .filter_map(|it| self.sources[it])
                .collect();
            let before_known = |it: &usize| known.iter().any(|write| is_session(*it, *write));
            let required: Vec<usize> = match level {
                Consistency::ReadYourWrites => all
                    .clone()
                    .filter(is_version)
                    .filter(|it| is_session(*it, read))
                    .collect(),
                Consistency::MonotonicReads => all
                    .clone()
                    .filter(|it| is_session(*it, read))
                    .filter_map(|it| self.sources[it])
                    .filter(is_version)
                    .collect(),
                Consistency::MonotonicWrites => all
                    .clone()
                    .filter(is_version)
                    .filter(before_known)
                    .collect(),
                _ => all
                    .clone()
                    .filter(|it| before_known(it) || known.contains(it))
                    .filter_map(|it| self.sources[it])
                    .filter(is_version)
                    .collect(),
            };
            required.iter().all(|required| match self.sources[read] {
                Some(source) => !newer[source][*required],
                None => value != 0,
            })
        })
    }

    fn certainly_newer(&self, level: Consistency) -> Vec<(usize, usize)> {
        let mut pairs = Vec::new();
        for (first, second) in &self.sessions {
            let (a, b) = (self.ops[*first], self.ops[*second]);
            if a.key != b.key || b.written.is_none() {
                continue;
            }
            if a.written.is_some() {
                pairs.push((*first, *second));
            }
            if level == Consistency::WritesFollowReads {
                pairs.extend(self.sources[*first].map(|source| (source, *second)));
            }
        }
        if level == Consistency::WritesFollowReads {
            // A swap reads and then writes too.
            let swaps = self
                .ops
                .iter()
                .enumerate()
                .filter(|(_, op)| op.written.is_some());
            pairs.extend(swaps.filter_map(|(it, _)| Some((self.sources[it]?, it))));
        }
        pairs
    }
}

fn closure(count: usize, pairs: impl IntoIterator<Item = (usize, usize)>) -> Relation {
    let mut order = vec![vec![false; count]; count];
    for (a, b) in pairs {
        order[a][b] = true;
    }
    for via in 0..count {
        for a in 0..count {
            for b in 0..count {
                order[a][b] |= order[a][via] && order[via][b];
            }
        }
    }
    order
}

fn is_acyclic(order: &Relation) -> bool {
    (0..order.len()).all(|it| !order[it][it])
}

/// Whether there is an order of these that keeps the relation, whose prefixes go well, and the whole too.
fn some_order(
    all: &[usize],
    order: &Relation,
    prefix_goes: &mut dyn FnMut(&[usize]) -> bool,
    whole_goes: &mut dyn FnMut(&[usize]) -> bool,
) -> bool {
    extend(all, order, &mut Vec::new(), prefix_goes, whole_goes)
}

fn extend(
    all: &[usize],
    order: &Relation,
    prefix: &mut Vec<usize>,
    prefix_goes: &mut dyn FnMut(&[usize]) -> bool,
    whole_goes: &mut dyn FnMut(&[usize]) -> bool,
) -> bool {
    if prefix.len() == all.len() {
        return whole_goes(prefix);
    }
    for next in all {
        let is_early = |it: &usize| order[*it][*next] && !prefix.contains(it);
        if prefix.contains(next) || all.iter().any(is_early) {
            continue;
        }
        prefix.push(*next);
        if prefix_goes(prefix) && extend(all, order, prefix, prefix_goes, whole_goes) {
            return true;
        }
        prefix.pop();
    }
    false
}
