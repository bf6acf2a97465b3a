//! Configuration: the Raft node, and the limits of the store.

/// A checked configuration of one node of the store.
///
/// | field | default | change it when |
/// |---|---|---|
/// | `sessions_max` | 4,096 | more clients are active at once. It must be equal on all nodes |
/// | `key_bytes_max` | 1 KiB | keys are longer. It must be equal on all nodes |
/// | `value_bytes_max` | 1 MiB | values are longer. It must be equal on all nodes |
///
/// ```
/// use kv::Config;
/// use transport::NodeId;
/// let raft = raft_core::Config::new(NodeId(1), [NodeId(1)]).unwrap();
/// let config = Config::new(raft).sessions_max(100).unwrap();
/// assert_eq!(config.raft().id(), NodeId(1));
/// assert!(config.sessions_max(0).is_err());
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Config {
    raft: raft_core::Config,
    pub(crate) limits: Limits,
}

/// The limits that every node must share, because they decide what a command does.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Limits {
    pub(crate) sessions_max: usize,
    pub(crate) key_bytes_max: usize,
    pub(crate) value_bytes_max: usize,
}

impl Limits {
    pub(crate) const DEFAULT: Self = Self {
        sessions_max: 4_096,
        key_bytes_max: 1 << 10,
        value_bytes_max: 1 << 20,
    };
}

/// Why a configuration is not usable.
///
/// ```
/// let error = kv::ConfigError::ZeroLimit { field: "sessions_max" };
/// assert_eq!(error.to_string(), "sessions_max must be at least 1");
/// ```
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A limit is zero.
    #[error("{field} must be at least 1")]
    ZeroLimit {
        /// The field.
        field: &'static str,
    },
}

impl Config {
    /// A configuration with the defaults of the table above.
    #[must_use]
    pub const fn new(raft: raft_core::Config) -> Self {
        Self {
            raft,
            limits: Limits::DEFAULT,
        }
    }

    /// The most open sessions; one more closes the one unused for longest.
    ///
    /// # Errors
    ///
    /// It is zero.
    pub fn sessions_max(mut self, sessions_max: usize) -> Result<Self, ConfigError> {
        self.limits.sessions_max = positive(sessions_max, "sessions_max")?;
        Ok(self)
    }

    /// The longest key, in bytes. A longer one is refused before it reaches the log.
    ///
    /// # Errors
    ///
    /// It is zero.
    pub fn key_bytes_max(mut self, bytes_max: usize) -> Result<Self, ConfigError> {
        self.limits.key_bytes_max = positive(bytes_max, "key_bytes_max")?;
        Ok(self)
    }

    /// The longest value, in bytes. A longer one is refused before it reaches the log; an append that
    /// would make one is rejected by the machine.
    ///
    /// # Errors
    ///
    /// It is zero.
    pub fn value_bytes_max(mut self, bytes_max: usize) -> Result<Self, ConfigError> {
        self.limits.value_bytes_max = positive(bytes_max, "value_bytes_max")?;
        Ok(self)
    }

    /// The Raft node's configuration.
    #[must_use]
    pub const fn raft(&self) -> &raft_core::Config {
        &self.raft
    }
}

fn positive(value: usize, field: &'static str) -> Result<usize, ConfigError> {
    if value == 0 {
        return Err(ConfigError::ZeroLimit { field });
    }
    Ok(value)
}
