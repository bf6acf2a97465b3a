//! A bank: transfers between accounts, and reads of all balances. No transfer makes or loses money, so every read of a
//! correct bank adds up to the initial total.

use alloc::{collections::BTreeMap, vec::Vec};

use crate::{Event, EventKind, Function, Model, Notation, Value};

/// What is asked of a [`Bank`].
///
/// ```
/// use consistency::BankInput;
///
/// let transfer = BankInput::transfer("alice", "bob", 5);
/// assert_ne!(transfer, BankInput::Read);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum BankInput {
    /// Read all balances.
    Read,
    /// Move money.
    Transfer {
        /// Whose money.
        source: Value,
        /// Who gets it.
        target: Value,
        /// How much; a negative amount is illegal.
        amount: i64,
    },
}

/// What a [`Bank`] answers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum BankOutput {
    /// Every account with its balance, in any order.
    Balances(Vec<(Value, i64)>),
    /// Moved.
    Done,
    /// The source had too little money, and nothing was moved.
    Refused,
}

impl BankInput {
    /// Move `amount` from `source` to `target`.
    #[must_use]
    pub fn transfer(source: impl Into<Value>, target: impl Into<Value>, amount: i64) -> Self {
        Self::Transfer {
            source: source.into(),
            target: target.into(),
            amount,
        }
    }
}

/// A bank, one object with all its accounts. In a history: `transfer` with `{"from":a,"to":b,"amount":n}`, and `read`
/// whose `ok` holds a map of all balances. A `fail` of a transfer without an error, or with the error
/// `insufficient-funds` (or a list that begins with `negative`), **is** an observation: the source had too little.
///
/// ```
/// use consistency::{Bank, BankInput, BankOutput, Model};
///
/// let bank = Bank::new([("a".into(), 5), ("b".into(), 0)]);
/// let state = bank.initial(&());
/// let transfer = BankInput::transfer("a", "b", 6);
/// assert_eq!(bank.step(&state, &transfer, Some(&BankOutput::Done)), None);
/// assert_eq!(bank.step(&state, &transfer, Some(&BankOutput::Refused)), Some(state));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bank {
    initial: BTreeMap<Value, i128>,
    is_overdraft_allowed: bool,
}

impl Bank {
    /// A bank of these accounts, with what is in them before the first transfer. No account may be overdrawn.
    #[must_use]
    pub fn new(balances: impl IntoIterator<Item = (Value, i64)>) -> Self {
        let wide = |(account, balance): (Value, i64)| (account, balance.into());
        Self {
            initial: balances.into_iter().map(wide).collect(),
            is_overdraft_allowed: false,
        }
    }

    /// The same bank, in which accounts may go below zero: no transfer is refused.
    #[must_use]
    pub fn with_overdrafts(self) -> Self {
        Self {
            is_overdraft_allowed: true,
            ..self
        }
    }

    /// The balances after a transfer; `None` when it is not allowed.
    fn moved(
        &self,
        state: &BTreeMap<Value, i128>,
        (source, target, amount): (&Value, &Value, i64),
    ) -> Option<BTreeMap<Value, i128>> {
        let mut next = state.clone();
        let left = next.get(source)?.checked_sub(amount.into())?;
        if left < 0 && !self.is_overdraft_allowed {
            return None;
        }
        *next.get_mut(source)? = left;
        let balance = next.get_mut(target)?;
        *balance = balance.checked_add(amount.into())?;
        Some(next)
    }
}

impl Model for Bank {
    /// Wide enough that no history overflows it.
    type State = BTreeMap<Value, i128>;
    type Input = BankInput;
    type Output = BankOutput;
    type Key = ();

    fn key(&self, _: &BankInput) {}

    fn initial(&self, (): &()) -> Self::State {
        self.initial.clone()
    }

    fn step(
        &self,
        state: &Self::State,
        input: &BankInput,
        output: Option<&BankOutput>,
    ) -> Option<Self::State> {
        let (source, target, amount) = match (input, output) {
            (BankInput::Read, None) => return Some(state.clone()),
            (BankInput::Read, Some(BankOutput::Balances(heard))) => {
                let known: BTreeMap<&Value, i128> = heard
                    .iter()
                    .map(|(account, balance)| (account, (*balance).into()))
                    .collect();
                let fits = heard.len() == state.len()
                    && known
                        .into_iter()
                        .eq(state.iter().map(|(account, balance)| (account, *balance)));
                return fits.then(|| state.clone());
            }
            (BankInput::Read, _) | (_, Some(BankOutput::Balances(_))) => return None,
            (
                BankInput::Transfer {
                    source,
                    target,
                    amount,
                },
                _,
            ) => (source, target, *amount),
        };
        if amount < 0 || !state.contains_key(source) || !state.contains_key(target) {
            return None;
        }
        match (self.moved(state, (source, target, amount)), output) {
            (Some(_), Some(BankOutput::Refused)) => None,
            (Some(next), _) => Some(next),
            (None, None | Some(BankOutput::Refused)) => Some(state.clone()),
            (None, Some(_)) => None,
        }
    }

    fn is_pure(&self, input: &BankInput, output: Option<&BankOutput>) -> bool {
        *input == BankInput::Read || output == Some(&BankOutput::Refused)
    }
}

impl Notation for Bank {
    const NAME: &'static str = "bank";

    fn read_call(&self, invoke: &Event) -> Result<BankInput, &'static str> {
        match invoke.function {
            Function::Read | Function::Get => Ok(BankInput::Read),
            Function::Transfer => {
                let part = |name: &str| invoke.value.entry(&name.into());
                let (Some(source), Some(target), Some(Value::Int(amount @ 0..))) =
                    (part("from"), part("to"), part("amount"))
                else {
                    return Err("a map of from, to and an amount from 0");
                };
                if !self.initial.contains_key(source) || !self.initial.contains_key(target) {
                    return Err("two of the accounts that the bank was given");
                }
                Ok(BankInput::transfer(source.clone(), target.clone(), *amount))
            }
            _ => Err("transfer or read"),
        }
    }

    fn read_ok(&self, input: &BankInput, ok: &Event) -> Result<BankOutput, &'static str> {
        if *input != BankInput::Read {
            return Ok(BankOutput::Done);
        }
        let balance = |(account, balance): &(Value, Value)| match balance {
            Value::Int(balance) => Some((account.clone(), *balance)),
            _ => None,
        };
        let balances = match &ok.value {
            Value::Map(entries) => entries.iter().map(balance).collect(),
            _ => None,
        };
        balances
            .map(BankOutput::Balances)
            .ok_or("a map of accounts and whole numbers")
    }

    fn read_fail(&self, input: &BankInput, fail: &Event) -> Option<BankOutput> {
        let is_refusal = match &fail.error {
            None => true,
            Some(Value::Text(reason)) => is_shortage(reason),
            Some(Value::List(words)) => match words.first() {
                Some(Value::Text(word)) => word.as_ref() == "negative" || is_shortage(word),
                _ => false,
            },
            Some(_) => false,
        };
        (is_refusal && *input != BankInput::Read).then_some(BankOutput::Refused)
    }

    fn write_call(&self, input: &BankInput) -> (Function, Option<Value>, Value) {
        match input {
            BankInput::Read => (Function::Read, None, Value::Nil),
            BankInput::Transfer {
                source,
                target,
                amount,
            } => {
                let value = Value::map([
                    ("from".into(), source.clone()),
                    ("to".into(), target.clone()),
                    ("amount".into(), (*amount).into()),
                ]);
                (Function::Transfer, None, value)
            }
        }
    }

    fn write_output(&self, input: &BankInput, output: &BankOutput) -> (EventKind, Value) {
        match output {
            BankOutput::Balances(balances) => {
                let entries = balances.iter();
                let value =
                    Value::map(entries.map(|(account, it)| (account.clone(), (*it).into())));
                (EventKind::Ok, value)
            }
            BankOutput::Done => (EventKind::Ok, self.write_call(input).2),
            BankOutput::Refused => (EventKind::Fail, self.write_call(input).2),
        }
    }
}

fn is_shortage(reason: &str) -> bool {
    reason == "insufficient-funds" || reason == "insufficient funds"
}
