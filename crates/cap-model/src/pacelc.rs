//! CAP and PACELC, derived for one operation: from what its clients were answered on every split, and
//! from how much longer it takes when links become slower. Nothing is declared, and no system has a
//! label.
//!
//! # Definitions
//!
//! Abadi (2012) asks two questions: if there is a partition, availability or consistency; else, latency
//! or consistency? They are asked here of one operation at a time (Kleppmann 2015), on the model of
//! Gilbert and Lynch (2002), as Golab proves them (2018).
//!
//! *In a partition.* On every split into two sides, a client at every node asks whom it can reach on its
//! side. For each update and each observation that were answered on different sides, the adversary
//! splices the two runs and the checker judges the pair.
//!
//! | what was seen of the operation | word |
//! |---|---|
//! | it *pays* for a pair that is not linearizable | `PA`, with the history |
//! | else, some client got no answer | `PC`, with the silence: a proof or a bound |
//! | else (the other operation pays for both) | `PA`, and nothing given up |
//!
//! *Who pays* for a broken pair, of an update at `a` and an observation at `b`: each operation that was
//! answered at `a` **and** at `b`, on both sides of the same split. It cannot have known what the other
//! side did, and to refuse it on one of the two sides would have mended the pair and left it available
//! on the other. If neither was answered on both sides, the observation pays: its answer is the wrong
//! one. So with writes to two of three nodes and reads from one, reads are `PA` and writes, which no
//! minority can make, are `PC`; with writes to one and reads from two it is the other way round.
//!
//! An operation may pay and be unanswered elsewhere: it then *gives up both*, and says so.
//!
//! *Else.* In the whole cluster, delays are injected between zones: the median over the clients' nodes
//! of the latency is taken at each, and its slope is the *delay sensitivity*.
//!
//! | slope | word | Kleppmann's |
//! |---|---|---|
//! | 0 | `EL` | O(0), or O(d_zone) if it grows with the delays inside a zone |
//! | at least 1: one way across | `EC` | O(d_wan), or O(d) without zones |
//! | between | the number | |
//!
//! # Rules
//!
//! 1. *Every claim is confirmed or doubted.* A history is judged again by the checker, and its run is
//!    repeated on a cluster of its own; a silence is repeated with twice the horizon. The controls must be
//!    clear, else nothing is confirmed: an adversary that finds witnesses everywhere proves nothing.
//! 2. *A slope needs two delays*: the latency at one tells a timer from a link no more than a guess does.
//! 3. *The lower bound is a check.* Lipton and Sandberg (1988) and Attiya and Welch (1994): where reads see
//!    what was written, the slopes of the two operations are at least 1 together. A measurement below
//!    that, in a cluster in which no history was broken, is not believed.
//! 4. *A client's way counts.* An answer from another node than the client's own comes one way there and
//!    one way back later.
//!
//! Availability here is the theorem's: an answer within the horizon, at every node that has not failed.
//! The share of clients answered within an agreed time is another quantity:
//! [`PartitionHalf::answered_within`].

mod confirm;
pub use confirm::Doubt;

mod delay;
pub use delay::{ElseChoice, ElseHalf, Injection, Order, Point, STEPS_NS, Sensitivity, Slope};

mod early;
pub use early::{Early, Inversion};

mod partition;
pub use partition::{Asking, Broken, PartitionChoice, PartitionHalf};

use alloc::vec::Vec;
use core::fmt;

use consistency::Model;

use crate::{Adversary, CapError, Operation, Subject};

/// What each of the two operations gives up, derived.
///
/// ```
/// use cap_model::pacelc::{Injection, derive};
/// use cap_model::{Adversary, Operation, Settings, sample::SampleStore};
/// // Every write to all three nodes, and reads where the client is.
/// let subject = SampleStore::write_all(3)?;
/// let adversary = Adversary::new(&subject, &Settings::default())?;
/// let derivation = derive(&adversary, &Injection::uniform(3)?)?;
/// let [write, read] = &derivation.claims;
/// assert_eq!((write.words().as_str(), read.words().as_str()), ("PC/EC", "PA/EL"));
/// assert!(write.is_confirmed() && read.is_confirmed());
/// // No cut makes the reads wrong, since no write is answered then …
/// assert!(read.partition.broken.is_none());
/// // … but without a cut they are: one read sees a write under way, and a later one does not.
/// assert!(read.otherwise.early.is_some());
/// # Ok::<(), cap_model::CapError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Derivation<M: Model> {
    /// The update, then the observation.
    pub claims: [Claim<M>; 2],
    /// Cases in which nothing may be found.
    pub controls: usize,
    /// Those in which something was: then no claim is confirmed.
    pub controls_refuted: usize,
}

/// What one operation gives up.
///
/// ```
/// # use cap_model::pacelc::{Injection, PartitionChoice, derive};
/// # use cap_model::{Adversary, Settings, sample::SampleStore};
/// # let subject = SampleStore::local(3)?;
/// # let adversary = Adversary::new(&subject, &Settings::default())?;
/// let derivation = derive(&adversary, &Injection::uniform(3)?)?;
/// for claim in &derivation.claims {
///     assert_eq!(claim.partition.choice(), PartitionChoice::Availability);
///     assert_eq!(claim.words(), "PA/EL");
///     assert!(claim.doubts.is_empty());
/// }
/// # Ok::<(), cap_model::CapError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Claim<M: Model> {
    /// The operation.
    pub operation: Operation,
    /// In a partition.
    pub partition: PartitionHalf<M>,
    /// Else.
    pub otherwise: ElseHalf<M>,
    /// Why the claim is not confirmed; empty if it is.
    pub doubts: Vec<Doubt>,
}

/// Derives what each operation of the adversary's subject gives up.
///
/// Cost: the controls; for each split two runs for each node, and four more for each pair of clients that
/// were both answered, until there is a witness; in the whole cluster two runs for each node and injected
/// delay, and two for each pair of nodes.
///
/// # Errors
///
/// The injection is of another number of nodes, or its delays are too long for the horizon; the cluster
/// broke a limit. What goes wrong in one case of a split is a doubt of the claims.
pub fn derive<S: Subject>(
    adversary: &Adversary<'_, S>,
    injection: &Injection,
) -> Result<Derivation<S::Model>, CapError> {
    let controls = adversary.controls()?;
    let is_refuted = |finding: &crate::Finding<S::Model>| !finding.is_clear();
    let refuted = controls
        .iter()
        .filter(|control| is_refuted(&control.finding));
    let controls_refuted = refuted.count();
    let split = partition::measure(adversary)?;
    let whole = delay::measure(adversary, injection)?;
    let claim = |operation, partition, otherwise| Claim {
        operation,
        partition,
        otherwise,
        doubts: Vec::new(),
    };
    let ([update_cut, observe_cut], [update, observe]) = (split.halves, whole.halves());
    let mut claims = [
        claim(Operation::Update, update_cut, update),
        claim(Operation::Observe, observe_cut, observe),
    ];
    let keeps_bound = delay::keeps_bound(&claims);
    for claim in &mut claims {
        let mut doubts = Vec::new();
        if controls_refuted > 0 {
            let count = controls_refuted;
            doubts.push(Doubt::ControlsRefuted { count });
        }
        if !keeps_bound {
            doubts.push(Doubt::BelowBound);
        }
        doubts.extend(split.doubts.iter().cloned());
        doubts.extend(confirm::doubts(adversary, claim)?);
        claim.doubts = doubts;
    }
    Ok(Derivation {
        claims,
        controls: controls.len(),
        controls_refuted,
    })
}

impl<M: Model> Derivation<M> {
    /// The claim about an operation; none about a preparation.
    #[must_use]
    pub fn claim(&self, operation: Operation) -> Option<&Claim<M>> {
        self.claims
            .iter()
            .find(|claim| claim.operation == operation)
    }
}

impl<M: Model> Claim<M> {
    /// Whether nothing speaks against it.
    #[must_use]
    pub const fn is_confirmed(&self) -> bool {
        self.doubts.is_empty()
    }

    /// Both halves, as in `PC/EC`; a slope between 0 and 1 stands for itself.
    #[must_use]
    pub fn words(&self) -> alloc::string::String {
        alloc::format!("{}/{}", self.partition.choice(), self.otherwise.choice())
    }
}

impl<M: Model> fmt::Display for Claim<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {}: {}; {}",
            self.operation,
            self.words(),
            self.partition,
            self.otherwise
        )?;
        for doubt in &self.doubts {
            write!(f, "; unconfirmed: {doubt}")?;
        }
        Ok(())
    }
}
