//! What can go wrong while measuring: a number that cannot be trusted is never printed.

/// Why a measurement gave no number.
///
/// ```
/// let error = benches::Error::Refused { contender: "raft", why: "not the leader".to_owned() };
/// assert_eq!(error.to_string(), "raft refused an input: not the leader");
/// ```
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The contender stopped before it had done all the work.
    #[error("{contender} stalled: {done} of {wanted} done")]
    Stalled {
        /// Who.
        contender: &'static str,
        /// Operations done.
        done: u64,
        /// Operations asked for.
        wanted: u64,
    },
    /// The contender's nodes did not all see the same operations.
    #[error("{contender} lost work: node {node} has {done} of {wanted}")]
    Lost {
        /// Who.
        contender: &'static str,
        /// Which node, from zero.
        node: usize,
        /// Operations it has.
        done: u64,
        /// Operations it should have.
        wanted: u64,
    },
    /// The contender returned an error.
    #[error("{contender} refused an input: {why}")]
    Refused {
        /// Who.
        contender: &'static str,
        /// Its words.
        why: String,
    },
    /// The contender computes something else than we do.
    #[error("{contender} computes something else in {case}")]
    Differs {
        /// Who.
        contender: String,
        /// In which case.
        case: String,
    },
    /// A peer that runs as a program of its own could not be run.
    #[error("cannot run {program}: {why}")]
    Child {
        /// The path of the program.
        program: String,
        /// What happened.
        why: String,
    },
    /// No sample was asked for.
    #[error("at least one sample is needed")]
    NoSamples,
    /// The result could not be written.
    #[error("cannot write the result: {why}")]
    Output {
        /// What happened.
        why: String,
    },
}
