//! Raft: a replicated key-value store, linearizable, whose retried requests apply once.

mod clients;
mod judge;

use std::time::Duration;

use consistency::{History, KeyValue, Value};
use kv::Kv;
use serde::{Deserialize, Serialize};
use simulator::Outcome;
use transport::{Choose, NodeId};

use self::clients::Clients;
use self::judge::Judge;
use crate::exit::BadInput;
use crate::sim::limits::pick;
use crate::sim::linearizable::judge_history;
use crate::sim::quorums::Quorums;
use crate::sim::seed::Case;
use crate::sim::system::{About, SeedRun, System};

#[cfg(test)]
pub(crate) use self::judge::planted;

/// A key-value store on Raft.
pub(crate) struct Raft;

/// The limits of its nodes.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Limits {
    append_entries_max: usize,
    appends_in_flight_max: usize,
    requests_max: usize,
    sessions_max: usize,
    fate_patience_ms: u64,
    quorums: Quorums,
}

impl System for Raft {
    type Process = Kv;
    type Limits = Limits;
    type Clients = Clients;
    type Judge = Judge;

    const ABOUT: About = About {
        name: "raft",
        what: "a replicated key-value store on Raft",
        promise: "linearizable; a retried request applies once",
        checked: "Raft's invariants after every step, disks, and the clients' history",
        crates: &["raft-core", "kv"],
        assumes: "",
        gives_up: None,
    };

    fn limits(choices: &mut impl Choose) -> Limits {
        Limits {
            append_entries_max: pick(choices, [1_024, 4, 1]),
            appends_in_flight_max: pick(choices, [64, 2, 1]),
            requests_max: pick(choices, [65_536, 65_536, 3]),
            sessions_max: pick(choices, [4_096, 4_096, 6]),
            fate_patience_ms: pick(choices, [10_000, 1_000, 100]),
            quorums: Quorums::drawn(choices),
        }
    }

    fn config(limits: &Limits, id: NodeId, nodes: &[NodeId]) -> Result<kv::Config, BadInput> {
        // Two candidates of one term must not both be elected.
        let elect_min = nodes.len() / 2 + 1;
        let quorums = limits
            .quorums
            .system(nodes, elect_min)
            .map_err(BadInput::new)?;
        let raft = raft_core::Config::new(id, nodes.iter().copied())
            .and_then(|raft| raft.quorums(quorums))
            .and_then(|raft| raft.append_entries_max(limits.append_entries_max))
            .and_then(|raft| raft.appends_in_flight_max(limits.appends_in_flight_max))
            .and_then(|raft| raft.requests_max(limits.requests_max))
            .map_err(BadInput::new)?
            .fate_patience(Duration::from_millis(limits.fate_patience_ms));
        kv::Config::new(raft)
            .sessions_max(limits.sessions_max)
            .map_err(BadInput::new)
    }

    fn players(case: &Case) -> (Clients, Judge) {
        let clients = Clients::new(case.clients, case.operations, Self::CHAOS);
        (clients, Judge::new())
    }

    fn verdict(mut outcome: Outcome, clients: Clients, _: Judge) -> SeedRun {
        let (tally, history) = clients.finish();
        let model = KeyValue::new(Value::Nil);
        let evidence = judge_history(&model, &history, &mut outcome);
        SeedRun {
            outcome,
            tally,
            evidence,
            history: Some(Box::new(move || History::from_operations(&model, &history))),
            given_up: None,
        }
    }
}
