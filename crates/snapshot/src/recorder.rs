//! How the state of a process is recorded: the choice of whoever takes snapshots, not of the process.

use clocks::VectorClock;
use transport::Process;

use crate::Traced;

/// Says what of a process goes into a snapshot, and copies it.
///
/// It is a type beside the process, not a trait of the process, for two reasons. A large process is
/// recorded by what a snapshot is for (a balance, a digest, a commit index, a tree that shares its
/// pages) without cloning the rest; and the process may come from a crate that knows nothing of
/// snapshots.
///
/// `record` runs once a snapshot, in the step that sends the markers.
///
/// ```
/// use snapshot::Recorder;
/// use transport::{Context, Input, Process, Time};
///
/// struct Archive {
///     pages: Vec<Vec<u8>>,
/// }
/// # impl Process for Archive {
/// #     type Message = (); type Request = (); type Event = (); type Record = ();
/// #     fn step(&mut self, _: Input<Self>, _: &mut Context<'_, Self>) {}
/// #     fn deadline(&self) -> Option<Time> { None }
/// # }
///
/// /// Records how many pages there are, and none of them.
/// struct PageCount;
///
/// impl Recorder<Archive> for PageCount {
///     type State = usize;
///     fn record(archive: &Archive) -> usize {
///         archive.pages.len()
///     }
/// }
///
/// assert_eq!(PageCount::record(&Archive { pages: vec![vec![0; 4_096]] }), 1);
/// ```
pub trait Recorder<P: Process> {
    /// What is recorded.
    type State;

    /// Copies it.
    fn record(process: &P) -> Self::State;
}

/// Records the whole process: a clone of it.
///
/// ```
/// use snapshot::{Cloned, Recorder, bank::Bank};
/// let bank = Bank::new(100);
/// assert_eq!(Cloned::record(&bank).balance(), 100);
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct Cloned;

impl<P: Process + Clone> Recorder<P> for Cloned {
    type State = P;

    fn record(process: &P) -> P {
        process.clone()
    }
}

/// Records what `R` records of a traced process, with the process's vector clock: what
/// [`verify_cut`](crate::verify_cut) asks for.
///
/// ```
/// use snapshot::{Clocked, Cloned, Recorder, Traced, TracedConfig, bank::Bank};
/// use transport::NodeId;
/// let config = TracedConfig::new(NodeId(0), [NodeId(0), NodeId(1)], ());
/// let traced = Traced::new(Bank::new(100), &config)?;
/// let recorded = Clocked::<Cloned>::record(&traced);
/// assert_eq!(recorded.clock.as_slice(), [0, 0]);
/// assert_eq!(recorded.state.balance(), 100);
/// # Ok::<(), snapshot::TraceError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct Clocked<R>(core::marker::PhantomData<R>);

impl<P: Process, R: Recorder<P>> Recorder<Traced<P>> for Clocked<R> {
    type State = Timed<R::State>;

    fn record(process: &Traced<P>) -> Timed<R::State> {
        Timed {
            clock: process.clock().clone(),
            state: R::record(process.process()),
        }
    }
}

/// A recorded state with the vector clock at which it was recorded.
///
/// ```
/// use clocks::VectorClock;
/// use snapshot::Timed;
/// let timed = Timed { clock: VectorClock::new(2)?, state: 100_u64 };
/// assert_eq!(timed.state, 100);
/// # Ok::<(), clocks::ClockError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub struct Timed<S> {
    /// The clock of the last step before the recording.
    pub clock: VectorClock,
    /// What was recorded.
    pub state: S,
}
