//! Incarnations: which life of a node this is, durable before anyone hears of it.

use transport::{Stored, Token};

/// The greatest incarnation, session, snapshot and event number that is believed: 2⁴⁸.
///
/// Numbers only grow, so one that a fault has made enormous would make all later ones stale. No
/// node counts that far: a million a second take nearly nine years. What names a greater one is
/// refused and counted. This is no defence against a peer that lies.
///
/// ```
/// assert_eq!(snapshot::NUMBER_MAX, 1 << 48);
/// ```
pub const NUMBER_MAX: u64 = 1 << 48;

/// Whether it is a number that counts from 1.
pub(crate) const fn is_number(number: u64) -> bool {
    number > 0 && number <= NUMBER_MAX
}

/// The life of a node. A new one begins with each recovery.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Life {
    pub(crate) incarnation: u64,
    /// The record that says so; `None`: not yet persisted.
    pub(crate) token: Option<Token>,
    /// Up to which token everything is durable.
    pub(crate) durable: Token,
}

impl Life {
    /// The first life of a node without records.
    pub(crate) const fn first() -> Self {
        Self {
            incarnation: 1,
            token: None,
            durable: Token::NONE,
        }
    }

    /// The life after those that the records tell of.
    pub(crate) fn after<R>(
        records: &[Stored<R>],
        incarnation: impl Fn(&R) -> u64,
    ) -> Result<Self, Token> {
        let mut life = Self::first();
        let mut newest = 0;
        for Stored { token, record } in records {
            let told = incarnation(record);
            // Lives are counted from 1, and a record is never of an older life than one before it.
            if told == 0 || told < newest || told >= NUMBER_MAX {
                return Err(*token);
            }
            newest = told;
            life.incarnation = told.saturating_add(1);
            life.durable = *token;
        }
        Ok(life)
    }

    pub(crate) fn hear_durable(&mut self, token: Token) {
        self.durable = self.durable.max(token);
    }

    /// What everything that names this life must wait for.
    pub(crate) fn gate(&self) -> Token {
        self.token.unwrap_or(Token::NONE)
    }
}
