//! Settings: the delays of the laboratory, the patience of its clients, and its limits.

/// How a laboratory runs. Durations are in nanoseconds of virtual time.
///
/// | field | default | change it when |
/// |---|---|---|
/// | `link_delay_ns` | 1,000,003 | never to a multiple of a protocol's timers: a latency that is a whole number of delays was made by messages and not by a timer. (The default is a prime just above a millisecond) |
/// | `durable_delay_ns` | 0 | the cost of a disk is to be seen |
/// | `horizon_ns` | 5 s | the protocol needs longer to recover: this is the D of "no answer within D" |
/// | `settle_ns` | 2 s | it needs longer to spread an update |
/// | `warm_up_max_ns` | 20 s | it needs longer to become steady |
/// | `patience_ns` | 500 ms | clients shall try the next node sooner, or later |
/// | `pause_ns` | 20 ms | they shall wait longer after a refusal |
/// | `events_max` | 1,000,000 | one run takes more steps |
/// | `in_flight_max` | 100,000 | more messages are in flight at a time |
/// | `seed` | 1 | the nodes shall make other choices |
///
/// ```
/// use cap_model::Settings;
/// let settings = Settings { seed: 7, ..Settings::default() };
/// assert!(settings.horizon_ns > settings.settle_ns);
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Settings {
    /// From the sending of a message to its arrival. Zero counts as one.
    pub link_delay_ns: u64,
    /// From a record's persisting to its durability.
    pub durable_delay_ns: u64,
    /// How long an operation may go unanswered before it counts as unavailable. Its client asks
    /// for as long.
    pub horizon_ns: u64,
    /// How long the adversary waits between the return of the update and the observation, and the
    /// longest it may take a connected cluster to spread one.
    pub settle_ns: u64,
    /// How long the connected cluster may take to become steady.
    pub warm_up_max_ns: u64,
    /// How long a client waits for a node before it asks the next one too.
    pub patience_ns: u64,
    /// How long it rests after a refusal. Zero counts as one.
    pub pause_ns: u64,
    /// The most inputs of one run.
    pub events_max: u64,
    /// The most messages and records under way at a time.
    pub in_flight_max: usize,
    /// Where the tapes of the nodes' choices start.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            link_delay_ns: 1_000_003,
            durable_delay_ns: 0,
            horizon_ns: 5_000_000_000,
            settle_ns: 2_000_000_000,
            warm_up_max_ns: 20_000_000_000,
            patience_ns: 500_000_000,
            pause_ns: 20_000_000,
            events_max: 1_000_000,
            in_flight_max: 100_000,
            seed: 1,
        }
    }
}
