//! The eventual store: always answers locally, keeps what it cannot order, and converges.

mod clients;
mod history;
mod judge;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use consistency::Consistency;
use consistency::eventual::invariants::Ledger;
use consistency::eventual::{Config, EventualStore};
use serde::{Deserialize, Serialize};
use simulator::{Fault, Outcome};
use transport::{Choose, NodeId};

use self::clients::Clients;
use self::history::Judged;
use self::judge::Judge;
use crate::exit::BadInput;
use crate::sim::limits::pick;
use crate::sim::seed::Case;
use crate::sim::system::{About, SeedRun, System};

/// The eventually consistent key-value store.
pub(crate) struct Eventual;

/// The limits of its nodes.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Limits {
    exchange_interval_ms: u64,
    keys_max: usize,
    siblings_max: usize,
    page_keys_max: usize,
    page_bytes_max: usize,
    requests_max: usize,
    checkpoint_changes: usize,
}

impl System for Eventual {
    type Process = EventualStore;
    type Limits = Limits;
    type Clients = Clients;
    type Judge = Judge;

    const ABOUT: About = About {
        name: "eventual",
        what: "a key-value store that keeps concurrent values as siblings",
        promise: "answers without any other node; loses no acknowledged write, revives no deleted value; each key is causal at its nodes; converges",
        checked: "the store's invariants after every step and crash, every answer, its time, equal replicas at the end; what the nodes showed of each key is causal, and not linearizable",
        crates: &["consistency"],
        assumes: "",
        gives_up: Some(Consistency::Linearizable),
    };

    fn limits(choices: &mut impl Choose) -> Limits {
        Limits {
            keys_max: pick(choices, [65_536, 65_536, 3]),
            siblings_max: pick(choices, [64, 64, 2]),
            page_keys_max: pick(choices, [64, 2, 1]),
            page_bytes_max: pick(choices, [1 << 20, 1 << 20, 1]),
            requests_max: pick(choices, [65_536, 65_536, 3]),
            checkpoint_changes: pick(choices, [1_024, 16, 1]),
            exchange_interval_ms: pick(choices, [100, 50, 200]),
        }
    }

    fn config(limits: &Limits, id: NodeId, nodes: &[NodeId]) -> Result<Config, BadInput> {
        Config::new(id, nodes.iter().copied())
            .and_then(|config| {
                config.exchange_interval(Duration::from_millis(limits.exchange_interval_ms))
            })
            .and_then(|config| config.keys_max(limits.keys_max))
            .and_then(|config| config.siblings_max(limits.siblings_max))
            .and_then(|config| config.page_keys_max(limits.page_keys_max))
            .and_then(|config| config.page_bytes_max(limits.page_bytes_max))
            .and_then(|config| config.requests_max(limits.requests_max))
            .and_then(|config| config.checkpoint_changes(limits.checkpoint_changes))
            .map_err(BadInput::new)
    }

    /// One ledger for both: it hears what is asked and answered, and sees every state.
    fn players(case: &Case) -> (Clients, Judge) {
        let ledger: Rc<RefCell<Ledger>> = Rc::default();
        let clients = Clients::new(case, Self::CHAOS, Rc::clone(&ledger));
        (clients, Judge::new(ledger))
    }

    fn verdict(mut outcome: Outcome, clients: Clients, _: Judge) -> SeedRun {
        // A node that stands still, or whose disk does, may answer late.
        let stood_still = [Fault::Pause, Fault::SlowDisk]
            .iter()
            .any(|&fault| outcome.faults.get(fault) > 0);
        if outcome.violation.is_none() && !stood_still {
            outcome.violation = clients.late_answer();
        }
        if outcome.violation.is_none() {
            match clients.judged() {
                Judged::Holds => {}
                Judged::Violated(violation) => outcome.violation = Some(violation),
                Judged::Unknown(reason) => {
                    outcome.unknown.get_or_insert(reason);
                }
            }
        }
        let evidence = match &outcome.violation {
            Some(violation) => clients.evidence(&violation.detail),
            None => Vec::new(),
        };
        SeedRun {
            outcome,
            tally: clients.tally(),
            evidence,
            history: None,
            given_up: clients.stale_read(),
        }
    }
}
