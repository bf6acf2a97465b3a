//! The strong store: registers on quorums, linearizable without a leader.

mod clients;
mod judge;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use consistency::strong::invariants::Ledger;
use consistency::strong::{Config, Store};
use consistency::{History, KeyValue, Value};
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

/// Registers on quorums.
pub(crate) struct Strong;

/// The limits of its nodes.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Limits {
    operations_max: usize,
    keys_max: usize,
    patience_ms: u64,
    checkpoint_bytes_min: u64,
    always_write_back: bool,
    quorums: Quorums,
}

impl System for Strong {
    type Process = Store;
    type Limits = Limits;
    type Clients = Clients;
    type Judge = Judge;

    const ABOUT: About = About {
        name: "strong",
        what: "a register store on quorums (Attiya, Bar-Noy, Dolev), without consensus",
        promise: "linearizable; whoever reaches a quorum is answered",
        checked: "its invariants after every step, disks, and the clients' history",
        crates: &["consistency"],
        assumes: "",
        gives_up: None,
    };

    fn limits(choices: &mut impl Choose) -> Limits {
        Limits {
            operations_max: pick(choices, [1_024, 1_024, 3]),
            keys_max: pick(choices, [65_536, 65_536, 3]),
            patience_ms: pick(choices, [10_000, 1_000, 200]),
            checkpoint_bytes_min: pick(choices, [1 << 20, 2_000, 0]),
            always_write_back: pick(choices, [0, 0, 1]) == 1,
            quorums: Quorums::drawn(choices),
        }
    }

    fn config(limits: &Limits, id: NodeId, nodes: &[NodeId]) -> Result<Config, BadInput> {
        let quorums = limits.quorums.system(nodes, 1).map_err(BadInput::new)?;
        let config = Config::new(id, quorums)
            .and_then(|config| config.operations_max(limits.operations_max))
            .and_then(|config| config.keys_max(limits.keys_max))
            .and_then(|config| config.patience(Duration::from_millis(limits.patience_ms)))
            .map_err(BadInput::new)?;
        Ok(config
            .checkpoint_bytes_min(limits.checkpoint_bytes_min)
            .always_write_back(limits.always_write_back))
    }

    /// What clients were told is what the disks must hold.
    fn players(case: &Case) -> (Clients, Judge) {
        let ledger: Rc<RefCell<Ledger>> = Rc::default();
        let clients = Clients::new(case, Self::CHAOS, Rc::clone(&ledger));
        (clients, Judge::new(ledger))
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
