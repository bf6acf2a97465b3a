//! Who sends how many messages to whom.

use std::fmt;
use std::str::FromStr;

/// Clients that each keep some requests in flight to one echoing server.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Load {
    /// Clients, each a node of its own.
    pub clients: u32,
    /// Requests that each keeps in flight.
    pub in_flight: u32,
}

impl Load {
    /// One client, one request in flight: every message costs the simulator a step of time.
    pub const PING_PONG: Self = Self {
        clients: 1,
        in_flight: 1,
    };

    /// Four clients with 64 requests in flight each: many messages share a step of time.
    pub const FOUR_CLIENTS: Self = Self {
        clients: 4,
        in_flight: 64,
    };

    /// Round trips that each client makes, so that all make about `messages / 2`; at least one a
    /// request in flight.
    ///
    /// ```
    /// use benches::simulator::Load;
    /// assert_eq!(Load::FOUR_CLIENTS.round_trips(8_000), 1_000);
    /// ```
    #[must_use]
    pub fn round_trips(&self, messages: u64) -> u64 {
        (messages / 2 / u64::from(self.clients)).max(u64::from(self.in_flight))
    }

    /// Messages, there and back, when every client makes `round_trips`.
    #[must_use]
    pub fn messages(&self, round_trips: u64) -> u64 {
        round_trips * 2 * u64::from(self.clients)
    }
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.clients, self.in_flight)
    }
}

impl FromStr for Load {
    type Err = String;

    /// Reads `CLIENTSxIN_FLIGHT`.
    ///
    /// ```
    /// use benches::simulator::Load;
    /// assert_eq!("4x64".parse(), Ok(Load::FOUR_CLIENTS));
    /// assert!("4".parse::<Load>().is_err());
    /// ```
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not CLIENTSxIN_FLIGHT with two numbers from 1 on");
        let (clients, in_flight) = text.split_once('x').ok_or_else(wrong)?;
        let number = |digits: &str| digits.parse().ok().filter(|number| *number > 0);
        Ok(Self {
            clients: number(clients).ok_or_else(wrong)?,
            in_flight: number(in_flight).ok_or_else(wrong)?,
        })
    }
}
