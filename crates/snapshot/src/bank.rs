//! A demonstration: accounts that send each other money.
//!
//! The sum of all money is the same at every moment, if what is on its way is counted; so a cut that
//! is not consistent shows itself by a wrong sum. Nothing is stored: a bank that restarts opens with
//! its first balance.

use alloc::vec::Vec;
use core::convert::Infallible;

use transport::{Context, Ends, Input, NodeId, Process, Recover, RequestId, Stored, Time};

use crate::{GlobalSnapshot, Stamped, Timed};

/// One account, as a process.
///
/// ```
/// use snapshot::bank::{Bank, BankEvent, Transfer};
/// use transport::{Context, Effect, Effects, Input, NodeId, Process, RequestId, Scripted, Time};
///
/// let mut bank = Bank::new(100);
/// let (mut effects, mut choices) = (Effects::new(), Scripted::default());
/// let transfer = Transfer { id: RequestId(1), to: NodeId(2), amount: 30 };
/// let mut cx = Context::new(Time::ZERO, Time::ZERO, &mut choices, &mut effects);
/// bank.step(Input::Request(transfer), &mut cx);
/// assert_eq!(bank.balance(), 70);
/// assert_eq!(effects.len(), 2); // the money, and the answer
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Bank {
    balance: u64,
    refused: u64,
}

/// A client's request: send money to another account.
///
/// ```
/// use snapshot::bank::Transfer;
/// use transport::{NodeId, RequestId};
/// assert_eq!(Transfer { id: RequestId(1), to: NodeId(2), amount: 30 }.amount, 30);
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub struct Transfer {
    /// The client's name for it.
    pub id: RequestId,
    /// To whose account.
    pub to: NodeId,
    /// How much.
    pub amount: u64,
}

/// The answer to a [`Transfer`].
///
/// ```
/// use snapshot::bank::BankEvent;
/// use transport::RequestId;
/// let refused = BankEvent::Refused { id: RequestId(1), balance: 20 };
/// assert_ne!(refused, BankEvent::Sent { id: RequestId(1) });
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub enum BankEvent {
    /// The money is on its way.
    Sent {
        /// The request.
        id: RequestId,
    },
    /// There is not enough of it; nothing was sent.
    Refused {
        /// The request.
        id: RequestId,
        /// What there is.
        balance: u64,
    },
}

impl Ends for BankEvent {
    fn ends(&self) -> Option<RequestId> {
        match self {
            Self::Sent { id } | Self::Refused { id, .. } => Some(*id),
        }
    }
}

impl Bank {
    /// An account that holds `balance`. The balances of all accounts must add up to at most
    /// 2⁶⁴ - 1.
    #[must_use]
    pub const fn new(balance: u64) -> Self {
        Self {
            balance,
            refused: 0,
        }
    }

    /// What the account holds.
    #[must_use]
    pub const fn balance(&self) -> u64 {
        self.balance
    }

    /// How many transfers were refused.
    #[must_use]
    pub const fn refused(&self) -> u64 {
        self.refused
    }
}

impl Process for Bank {
    type Message = u64;
    type Request = Transfer;
    type Event = BankEvent;
    type Record = ();

    fn step(&mut self, input: Input<Self>, cx: &mut Context<'_, Self>) {
        match input {
            Input::Request(Transfer { id, to, amount }) => {
                let Some(balance) = self.balance.checked_sub(amount) else {
                    self.refused = self.refused.saturating_add(1);
                    let balance = self.balance;
                    cx.emit_early(BankEvent::Refused { id, balance });
                    return;
                };
                self.balance = balance;
                cx.send(to, amount);
                cx.emit(BankEvent::Sent { id });
            }
            Input::Message {
                message: amount, ..
            } => {
                self.balance = self.balance.saturating_add(amount);
            }
            Input::Start | Input::Durable(_) | Input::Wake => {}
        }
    }

    fn deadline(&self) -> Option<Time> {
        None
    }
}

impl Recover for Bank {
    /// The first balance.
    type Config = u64;
    type Error = Infallible;

    fn recover(balance: &u64, _records: Vec<Stored<()>>) -> Result<Self, Infallible> {
        Ok(Self::new(*balance))
    }
}

/// Something that holds money: a recorded account, or a message.
pub trait Money {
    /// How much.
    fn money(&self) -> u64;
}

impl Money for Bank {
    fn money(&self) -> u64 {
        self.balance
    }
}

impl Money for u64 {
    fn money(&self) -> u64 {
        *self
    }
}

impl<S: Money> Money for Timed<S> {
    fn money(&self) -> u64 {
        self.state.money()
    }
}

impl<M: Money> Money for Stamped<M> {
    fn money(&self) -> u64 {
        self.message.money()
    }
}

/// All the money in a snapshot: in the accounts and on its way.
///
/// ```
/// use snapshot::bank::{Bank, total};
/// use snapshot::{GlobalSnapshot, SnapshotId};
/// use transport::NodeId;
/// let snapshot = GlobalSnapshot {
///     id: SnapshotId { initiator: NodeId(0), incarnation: 1, number: 1 },
///     states: [(NodeId(0), Bank::new(70)), (NodeId(1), Bank::new(20))].into(),
///     channels: [((NodeId(0), NodeId(1)), vec![10_u64])].into(),
/// };
/// assert_eq!(total(&snapshot), 100);
/// ```
#[must_use]
pub fn total<S: Money, M: Money>(snapshot: &GlobalSnapshot<S, M>) -> u64 {
    let held = snapshot.states.values().map(Money::money);
    let moving = snapshot.messages().map(|(_, _, message)| message.money());
    held.chain(moving).fold(0, u64::saturating_add)
}
