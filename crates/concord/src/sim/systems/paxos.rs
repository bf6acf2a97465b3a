//! Paxos: a cluster that agrees on one value.

mod clients;
mod judge;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use consistency::{History, KeyValue, Value};
use paxos_core::invariants::Ledger;
use paxos_core::{Config, Paxos as Node};
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

/// One decision.
pub(crate) struct Paxos;

/// The limits of its nodes.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Limits {
    /// Which quorums count, of those that a cluster of the size has.
    quorums: Quorums,
    backoff_min_ms: u64,
    backoff_max_ms: u64,
    resend_interval_ms: u64,
    ask_interval_ms: u64,
    patience_ms: u64,
    requests_max: usize,
    records_max: usize,
}

impl System for Paxos {
    type Process = Node<u64>;
    type Limits = Limits;
    type Clients = Clients;
    type Judge = Judge;

    const ABOUT: About = About {
        name: "paxos",
        what: "single-decree Paxos: a cluster that agrees on one value",
        promise: "linearizable; one proposed value for everybody, for ever",
        checked: "its invariants after every step, disks, and the clients' history",
        crates: &["paxos-core"],
        assumes: "",
        gives_up: None,
    };

    const CHAOS: Duration = Duration::from_secs(2);

    fn limits(choices: &mut impl Choose) -> Limits {
        let backoff_min_ms = pick(choices, [10, 2, 1]);
        let resend_interval_ms = pick(choices, [50, 10, 3]);
        let ask_interval_ms = pick(choices, [1_000, 100, 10]);
        let patience_ms = pick(choices, [10_000, 300, 60]);
        let requests_max = pick(choices, [1_024, 1_024, 2]);
        let records_max = pick(choices, [64, 3, 1]);
        let quorums = Quorums::drawn(choices);
        Limits {
            quorums,
            backoff_min_ms,
            backoff_max_ms: 20 * backoff_min_ms,
            resend_interval_ms,
            ask_interval_ms,
            patience_ms,
            requests_max,
            records_max,
        }
    }

    fn config(limits: &Limits, id: NodeId, nodes: &[NodeId]) -> Result<Config, BadInput> {
        let millis = Duration::from_millis;
        let (backoff_min, backoff_max) = (limits.backoff_min_ms, limits.backoff_max_ms);
        let quorums = limits.quorums.system(nodes, 1).map_err(BadInput::new)?;
        let config = Config::new(id, quorums)
            .and_then(|config| config.backoff(millis(backoff_min), millis(backoff_max)))
            .and_then(|config| config.resend_interval(millis(limits.resend_interval_ms)))
            .and_then(|config| config.ask_interval(millis(limits.ask_interval_ms)))
            .and_then(|config| config.requests_max(limits.requests_max))
            .and_then(|config| config.records_max(limits.records_max))
            .map_err(BadInput::new)?;
        Ok(config.patience(millis(limits.patience_ms)))
    }

    /// What clients asked for is all that may be accepted or decided.
    fn players(case: &Case) -> (Clients, Judge) {
        let ledger: Rc<RefCell<Ledger<u64>>> = Rc::default();
        let clients = Clients::new(case, Self::CHAOS, Rc::clone(&ledger));
        (clients, Judge::new(ledger))
    }

    fn verdict(mut outcome: Outcome, clients: Clients, _: Judge) -> SeedRun {
        let (tally, history) = clients.finish();
        // A decision is a register that only a compare-and-set from nothing can write.
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
