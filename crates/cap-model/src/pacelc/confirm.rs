//! Confirming: every witness is judged, or waited for, once more.
//!
//! | witness | confirmed if |
//! |---|---|
//! | a broken pair | the checker finds it broken again; the observation was asked after the update had returned; and a second cluster, built anew, gives the same two answers |
//! | a silence | a second cluster gives none within twice the horizon |
//! | an answer too early | the checker finds the history broken again |

use alloc::vec::Vec;
use core::fmt;

use consistency::{Limits, Model, Operation as Recorded, Verdict, check_linearizable};
use transport::NodeId;

use crate::client::Client;
use crate::pacelc::{Broken, Claim, ElseChoice};
use crate::{
    Adversary, CapError, Finding, InputOf, Laboratory, Operation, OutputOf, Settings, Shape,
    Splice, Subject, Unanswered, Witness,
};

/// Why a claim is not confirmed.
///
/// ```
/// use cap_model::pacelc::Doubt;
/// let doubt = Doubt::AnsweredLater { after_ns: 7_000_000_000 };
/// assert_eq!(doubt.to_string(), "answered after all, after 7000 ms");
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Doubt {
    /// So many controls were not clear.
    ControlsRefuted {
        /// How many.
        count: usize,
    },
    /// Both were answered on different sides, and are linearizable: the two operations do not conflict,
    /// or the sides have a channel that is not the network.
    NoConflict {
        /// Where the update was asked.
        update_at: NodeId,
        /// Where the observation was asked.
        observe_at: NodeId,
    },
    /// Judged again, the history is not broken.
    NotBroken,
    /// The run did not repeat itself on a second cluster.
    NotRepeated,
    /// With twice the horizon there was an answer.
    AnsweredLater {
        /// Nanoseconds after the call.
        after_ns: u64,
    },
    /// The two operations grow with the delay by less than one way together, and yet nothing was broken.
    BelowBound,
    /// With no link cut, some client was not answered: nothing is known of the delay.
    NotMeasured,
    /// A run ended without a verdict.
    Unfinished(CapError),
}

/// What speaks against a claim's own witnesses.
pub(super) fn doubts<S: Subject>(
    adversary: &Adversary<'_, S>,
    claim: &Claim<S::Model>,
) -> Result<Vec<Doubt>, CapError> {
    let subject = adversary.base().subject();
    let mut doubts = Vec::new();
    if let Some(broken) = &claim.partition.broken {
        doubts.extend(doubt_of_pair(adversary, broken)?);
    } else if let Some(silence) = &claim.partition.unanswered {
        doubts.extend(doubt_of_silence(adversary, silence)?);
    }
    if let Some(early) = &claim.otherwise.early
        && !is_broken(subject, early.history())
    {
        doubts.push(Doubt::NotBroken);
    }
    if adversary.base().shape().nodes() > 1 && claim.otherwise.choice() == ElseChoice::Unknown {
        doubts.push(Doubt::NotMeasured);
    }
    Ok(doubts)
}

/// Judges a broken pair again, and lets it happen again.
fn doubt_of_pair<S: Subject>(
    adversary: &Adversary<'_, S>,
    broken: &Broken<S::Model>,
) -> Result<Option<Doubt>, CapError> {
    let Broken {
        update_side,
        splice,
    } = broken;
    let subject = adversary.base().subject();
    if splice.update.at >= splice.observe.from || !is_broken(subject, &splice.history) {
        return Ok(Some(Doubt::NotBroken));
    }
    let again = Adversary::new(subject, adversary.base().settings())?;
    let nodes = again.base().shape().nodes();
    let mut cut = again.base().clone();
    cut.cut(&Shape::split(nodes, *update_side)?)?;
    let client = |home, reach| Client { home, reach };
    let updater = client(splice.update.client, *update_side);
    let observer = client(splice.observe.client, update_side.complement(nodes));
    let mut alone = cut.clone();
    alone.keep_only(*update_side);
    let Ok(update) = updater.ask(&mut alone, Operation::Update)? else {
        return Ok(Some(Doubt::NotRepeated));
    };
    let is_repeated = match again.splice(&cut, updater, &update, observer) {
        Ok(Finding::Witness(Witness::NotLinearizable(repeated))) => is_same(&repeated, splice),
        _ => false,
    };
    Ok((!is_repeated).then_some(Doubt::NotRepeated))
}

/// Whether two runs gave the same answers at the same times. Outputs compare by what they print.
fn is_same<M: Model>(one: &Splice<M>, other: &Splice<M>) -> bool {
    let key = |splice: &Splice<M>| {
        let update = alloc::format!("{:?}", splice.update);
        (update, alloc::format!("{:?}", splice.observe))
    };
    key(one) == key(other)
}

/// Waits again, on a cluster of its own, for twice as long.
fn doubt_of_silence<S: Subject>(
    adversary: &Adversary<'_, S>,
    silence: &Unanswered,
) -> Result<Option<Doubt>, CapError> {
    let settings = adversary.base().settings();
    let patient = Settings {
        horizon_ns: settings.horizon_ns.saturating_mul(2),
        events_max: settings.events_max.saturating_mul(2),
        ..*settings
    };
    let mut again = Laboratory::steady(adversary.base().subject(), &patient)?;
    let nodes = again.shape().nodes();
    again.cut(&Shape::split(nodes, silence.reach)?)?;
    again.keep_only(silence.reach);
    let client = Client {
        home: silence.client,
        reach: silence.reach,
    };
    Ok(match client.ask(&mut again, silence.operation)? {
        Err(_) => None,
        Ok(answered) => Some(Doubt::AnsweredLater {
            after_ns: answered.latency_ns(),
        }),
    })
}

/// Whether the checker finds no order.
fn is_broken<S: Subject>(subject: &S, history: &[Recorded<InputOf<S>, OutputOf<S>>]) -> bool {
    let model = subject.model();
    let verdict = check_linearizable(&model, history, &Limits::default(), &mut || true);
    matches!(verdict, Verdict::Violated(_))
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ControlsRefuted { count } => write!(
                f,
                "{count} controls are not clear, so a witness shows nothing"
            ),
            Self::NoConflict {
                update_at,
                observe_at,
            } => write!(
                f,
                "the update at {update_at} and the observation at {observe_at}, on two sides, are linearizable"
            ),
            Self::NotBroken => f.write_str("judged again, the history is linearizable"),
            Self::NotRepeated => f.write_str("on a second cluster the run was another"),
            Self::AnsweredLater { after_ns } => {
                write!(f, "answered after all, after {} ms", after_ns / 1_000_000)
            }
            Self::BelowBound => f.write_str(
                "below the lower bound of one delay for both operations, and nothing was broken",
            ),
            Self::NotMeasured => f.write_str("not every client was answered with no link cut"),
            Self::Unfinished(error) => write!(f, "no verdict: {error}"),
        }
    }
}
