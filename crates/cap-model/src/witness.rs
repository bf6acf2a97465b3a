//! Witnesses: what stands behind a verdict, whole enough to be judged again.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{self, Debug};

use consistency::{Model, Operation as Recorded, Violation};
use transport::{NodeId, Time};

use crate::{Operation, Side};

/// Why a system cannot have been both linearizable and available: one or the other, seen.
///
/// ```
/// use cap_model::{Settings, Side, Witness, refute, sample::SampleStore};
/// use transport::NodeId;
/// let subject = SampleStore::majority(3)?;
/// let refutation = refute(&subject, Side::of([NodeId(0)])?, &Settings::default())?;
/// let Some(Witness::Unavailable(silence)) = refutation.cases[0].finding.witness() else { panic!() };
/// assert!(silence.is_quiescent); // a proof: nothing can ever happen any more
/// # Ok::<(), cap_model::CapError>(())
/// ```
#[derive(Clone, Debug)]
pub enum Witness<M: Model> {
    /// An operation got no answer.
    Unavailable(Unanswered),
    /// Both were answered, and no order explains what they saw.
    NotLinearizable(Box<Splice<M>>),
}

/// An operation that was not answered.
///
/// ```
/// # use cap_model::{Settings, Side, Witness, refute, sample::SampleStore};
/// # use transport::NodeId;
/// # let subject = SampleStore::majority(3)?;
/// # let refutation = refute(&subject, Side::of([NodeId(0)])?, &Settings::default())?;
/// # let Some(Witness::Unavailable(silence)) = refutation.cases[0].finding.witness() else { panic!() };
/// assert_eq!(
///     silence.to_string(),
///     "update by the client of n0 within {n0}: n0 was silent; nothing can happen any more: a proof",
/// );
/// # Ok::<(), cap_model::CapError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Unanswered {
    /// The operation.
    pub operation: Operation,
    /// The node next to the client: the first it asked.
    pub client: NodeId,
    /// The nodes it could ask.
    pub reach: Side,
    /// Whom it asked, and what came of it, in the order it turned to them.
    pub asked: Vec<Asked>,
    /// When it asked first.
    pub from: Time,
    /// How long it waited: the horizon, or less if waiting longer was of no use.
    pub waited_ns: u64,
    /// Whether nothing could happen any more: no message in flight, no timer armed, no record on
    /// its way to disk, and every node that was asked still holds the request; every node of the
    /// reach, if the operation may be repeated. Then the silence is a proof; else it is "no answer
    /// within the horizon". A refusal is never a proof: the next request may be answered.
    pub is_quiescent: bool,
}

/// A node that a client asked in vain.
///
/// ```
/// use cap_model::{Asked, Outcome};
/// use transport::NodeId;
/// let asked = Asked { node: NodeId(1), times: 3, outcome: Outcome::Refused("not the leader".into()) };
/// assert_eq!(asked.to_string(), "n1 (asked 3 times) refused: not the leader");
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Asked {
    /// The node.
    pub node: NodeId,
    /// How many requests it got; zero if its turn never came.
    pub times: u32,
    /// What was last heard of them. In a proof: silence.
    pub outcome: Outcome,
}

/// What came of a request that was not answered.
///
/// ```
/// assert_eq!(cap_model::Outcome::Silent.to_string(), "was silent");
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// Nothing was heard.
    Silent,
    /// It was refused: a definite answer, but not one in the theorem's sense.
    Refused(String),
    /// The node said that its fate is unknown.
    Unknown(String),
}

/// An operation that was answered.
///
/// ```
/// # use cap_model::{Finding, Settings, Side, Witness, refute, sample::SampleStore};
/// # use transport::NodeId;
/// # let subject = SampleStore::local(2)?;
/// # let refutation = refute(&subject, Side::of([NodeId(0)])?, &Settings::default())?;
/// # let Some(Witness::NotLinearizable(splice)) = refutation.cases[0].finding.witness() else { panic!() };
/// assert_eq!(splice.update.latency_ns(), 0);
/// assert_eq!(splice.update.node, NodeId(0));
/// # Ok::<(), cap_model::CapError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Answered<O> {
    /// The operation.
    pub operation: Operation,
    /// The node next to the client: the first it asked.
    pub client: NodeId,
    /// The node that answered.
    pub node: NodeId,
    /// When the client asked first.
    pub from: Time,
    /// When it heard the answer.
    pub at: Time,
    /// The answer.
    pub output: O,
    /// How many requests it took.
    pub requests: u32,
}

impl<O> Answered<O> {
    /// Nanoseconds from the first request to the answer.
    #[must_use]
    pub const fn latency_ns(&self) -> u64 {
        self.at.as_nanos().saturating_sub(self.from.as_nanos())
    }
}

/// An update and a later observation that no order explains.
///
/// `history` is what a checker needs to judge again:
///
/// ```
/// use cap_model::{Settings, Side, Subject, Witness, refute, sample::SampleStore};
/// use consistency::{Limits, Verdict, check_linearizable};
/// use transport::NodeId;
/// let subject = SampleStore::local(3)?;
/// let refutation = refute(&subject, Side::of([NodeId(0)])?, &Settings::default())?;
/// let Some(Witness::NotLinearizable(splice)) = refutation.cases[0].finding.witness() else { panic!() };
/// let verdict =
///     check_linearizable(&subject.model(), &splice.history, &Limits::default(), &mut || true);
/// assert!(matches!(verdict, Verdict::Violated(_)));
/// # Ok::<(), cap_model::CapError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Splice<M: Model> {
    /// The update.
    pub update: Answered<M::Output>,
    /// The observation, asked after the update had returned.
    pub observe: Answered<M::Output>,
    /// Both, as the checker read them.
    pub history: Vec<Recorded<M::Input, M::Output>>,
    /// The checker's evidence.
    pub violation: Violation<M::Key>,
    /// How many steps of the observer's side were compared with its run alone, and were the same.
    /// Zero in a run that was not spliced: a control or a measurement.
    pub steps_repeated: usize,
}

/// A moment, as people read it.
struct Milliseconds(Time);

impl fmt::Display for Milliseconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.0.as_nanos() / 1_000;
        write!(f, "{}.{:03} ms", micros / 1_000, micros % 1_000)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Silent => f.write_str("was silent"),
            Self::Refused(reason) => write!(f, "refused: {reason}"),
            Self::Unknown(reason) => write!(f, "does not know: {reason}"),
        }
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            node,
            times,
            outcome,
        } = self;
        match (times, outcome) {
            (0, _) => write!(f, "{node} was not asked"),
            (2.., Outcome::Refused(reason)) => {
                write!(f, "{node} (asked {times} times) refused: {reason}")
            }
            _ => write!(f, "{node} {outcome}"),
        }
    }
}

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} by the client of {} within {}: ",
            self.operation, self.client, self.reach
        )?;
        for (place, asked) in self.asked.iter().enumerate() {
            let comma = if place > 0 { ", " } else { "" };
            write!(f, "{comma}{asked}")?;
        }
        if self.is_quiescent {
            f.write_str("; nothing can happen any more: a proof")
        } else {
            write!(f, "; no answer within {} ms", self.waited_ns / 1_000_000)
        }
    }
}

impl<O: Debug> fmt::Display for Answered<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} by the client of {}, asked at {}, answered by {} at {}: {:?}",
            self.operation,
            self.client,
            Milliseconds(self.from),
            self.node,
            Milliseconds(self.at),
            self.output
        )
    }
}

impl<M: Model> fmt::Display for Witness<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable(silence) => write!(f, "unavailable: {silence}"),
            Self::NotLinearizable(splice) => {
                let Splice {
                    update, observe, ..
                } = &**splice;
                write!(f, "not linearizable: {update}; then {observe}")
            }
        }
    }
}
