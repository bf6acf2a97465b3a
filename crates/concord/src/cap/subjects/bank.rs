//! Global snapshots of accounts that send each other money: a transfer, and a snapshot that must show
//! it. Every node takes part in a snapshot, so no side but the whole is promised one.

use cap_model::{Ask, Heard, Operation, Side, Subject};
use consistency::Model;
use snapshot::bank::{Bank, BankEvent, Transfer};
use snapshot::{
    GlobalSnapshot, SnapshotConfig, SnapshotError, SnapshotEvent, SnapshotRequest, Snapshotting,
};
use transport::{NodeId, RequestId};

use super::{PATIENCE, built, members};
use crate::exit::BadInput;

type Node = Snapshotting<Bank>;
type Event = SnapshotEvent<BankEvent, Bank, u64>;

/// What each account holds at first.
const BALANCE: u64 = 100;

pub(crate) struct BankSnapshots(Vec<Node>);

impl BankSnapshots {
    pub(crate) fn new(nodes: u32) -> Result<Self, BadInput> {
        let node = |id| {
            let mut config = SnapshotConfig::new(id, members(nodes), ());
            config.timeout_ns = PATIENCE.as_nanos() as u64;
            Node::new(Bank::new(BALANCE), &config).map_err(|error: SnapshotError| error.to_string())
        };
        Ok(Self(built(nodes, node)?))
    }
}

/// How much money has left its account, by transfers of one coin.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Coins;

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Asked {
    Transfer,
    Snapshot,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Told {
    Sent,
    /// What a snapshot shows.
    Cut {
        /// The coins missing from accounts, taken together.
        sent: u64,
        /// Whether accounts and channels together hold what there is.
        is_conserved: bool,
    },
}

impl Model for Coins {
    type State = u64;
    type Input = Asked;
    type Output = Told;
    type Key = ();

    fn key(&self, _: &Asked) {}

    fn initial(&self, (): &()) -> u64 {
        0
    }

    fn step(&self, state: &u64, input: &Asked, output: Option<&Told>) -> Option<u64> {
        match (input, output) {
            (Asked::Transfer, None | Some(Told::Sent)) => state.checked_add(1),
            (Asked::Snapshot, None) => Some(*state),
            (Asked::Snapshot, Some(Told::Cut { sent, is_conserved })) => {
                (*is_conserved && sent == state).then_some(*state)
            }
            _ => None,
        }
    }
}

impl BankSnapshots {
    fn told(&self, snapshot: &GlobalSnapshot<Bank, u64>) -> Told {
        let balances = snapshot.states.values().map(Bank::balance);
        let held: u64 = balances.clone().sum();
        let moving: u64 = snapshot.messages().map(|(_, _, coins)| coins).sum();
        let there_is = self.0.len() as u64 * BALANCE;
        let sent = balances
            .map(|balance| BALANCE.saturating_sub(balance))
            .sum();
        Told::Cut {
            sent,
            // A single account sends abroad, where nobody counts.
            is_conserved: self.0.len() == 1 || held + moving == there_is,
        }
    }
}

impl Subject for BankSnapshots {
    type Process = Node;
    type Model = Coins;

    fn nodes(&self) -> u32 {
        self.0.len() as u32
    }

    fn node(&self, id: NodeId) -> Node {
        self.0[id.0 as usize].clone()
    }

    fn model(&self) -> Coins {
        Coins
    }

    fn input(&self, operation: Operation) -> Asked {
        match operation {
            Operation::Update => Asked::Transfer,
            Operation::Prepare | Operation::Observe => Asked::Snapshot,
        }
    }

    fn request(&self, ask: &Ask<'_, Event>) -> SnapshotRequest<Transfer> {
        let id = ask.id;
        match ask.operation {
            Operation::Update => SnapshotRequest::Process(Transfer {
                id,
                to: NodeId((ask.node.0 + 1) % self.nodes().max(2)),
                amount: 1,
            }),
            Operation::Prepare | Operation::Observe => SnapshotRequest::Take { id },
        }
    }

    fn hear(&self, event: &Event) -> Option<(RequestId, Heard<Told>)> {
        Some(match event {
            SnapshotEvent::Process(BankEvent::Sent { id }) => (*id, Heard::Answered(Told::Sent)),
            SnapshotEvent::Process(BankEvent::Refused { id, balance }) => {
                (*id, Heard::Refused(format!("the account holds {balance}")))
            }
            SnapshotEvent::Taken { id, snapshot } => (*id, Heard::Answered(self.told(snapshot))),
            SnapshotEvent::Aborted { id, reason, .. } => (*id, Heard::Refused(reason.to_string())),
        })
    }

    fn operation_name(&self, operation: Operation) -> &'static str {
        match operation {
            Operation::Prepare => "prepare",
            Operation::Update => "transfer",
            Operation::Observe => "snapshot",
        }
    }

    fn serves(&self, side: Side) -> bool {
        side.len() == self.nodes()
    }

    /// A second transfer is another transfer.
    fn is_repeatable(&self, operation: Operation) -> bool {
        operation != Operation::Update
    }
}
