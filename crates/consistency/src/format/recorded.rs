//! What a file holds: single operations or transactions. The first event decides.

use alloc::vec::Vec;

use super::{Format, gather, taken::Taken, timeless};
use crate::{Error, Event, History, history::Lines, transactions::Transactions};

/// What a file holds. See [`parse_recorded`](crate::parse_recorded).
#[derive(Clone, Debug)]
#[non_exhaustive]
#[expect(clippy::large_enum_variant, reason = "a program holds one of it")]
pub enum Recorded {
    /// Single operations: every event is one.
    Operations(History),
    /// Transactions: every event is one.
    Transactions(Transactions),
}

/// What has been read so far.
#[derive(Debug)]
pub(super) enum Gathering {
    Nothing,
    Operations(Vec<Event>, Lines),
    Transactions(gather::Gatherer),
    Timeless(timeless::Gatherer),
}

impl Gathering {
    pub(super) fn new(format: Format) -> Self {
        if format.has_times() {
            Self::Nothing
        } else {
            Self::Timeless(timeless::Gatherer::new(format))
        }
    }

    pub(super) fn take(&mut self, taken: Taken) -> Result<(), Error> {
        if matches!(self, Self::Nothing) {
            match taken {
                Taken::Event(..) => *self = Self::Operations(Vec::new(), Lines::new()),
                Taken::Part(_) => *self = Self::Transactions(gather::Gatherer::new()),
                _ => return Ok(()),
            }
        }
        match (self, taken) {
            (Self::Operations(events, lines), Taken::Event(line, event)) => {
                events.push(event);
                lines.push(line);
                Ok(())
            }
            (Self::Transactions(gatherer), Taken::Part(part)) => gatherer.take(part),
            (Self::Transactions(_), Taken::Event(line, _)) => Err(Error::NotTransaction { line }),
            (Self::Operations(..), Taken::Part(part)) => {
                Err(Error::Transaction { line: part.line })
            }
            (Self::Timeless(gatherer), taken) => gatherer.take(taken),
            _ => Ok(()),
        }
    }

    pub(super) fn finish(self, skipped: u64) -> Result<Recorded, Error> {
        let (events, lines) = match self {
            Self::Nothing => (Vec::new(), Lines::new()),
            Self::Operations(events, lines) => (events, lines),
            Self::Transactions(gatherer) => return gatherer.finish().map(Recorded::Transactions),
            Self::Timeless(gatherer) => return gatherer.finish().map(Recorded::Transactions),
        };
        History::from_lines(events, lines, skipped).map(Recorded::Operations)
    }
}
