//! Determinism, checked rather than promised.

use crate::{Outcome, SimulatorError};

/// Runs the same simulation twice and compares the hashes of their event streams.
///
/// What leaks in (the order of a standard hash map, a real clock, an address) nearly always shows in
/// a message, a record or an event, and so in the hash.
///
/// ```
/// use simulator::{Settings, Tape, check_determinism, run};
/// # use transport::*;
/// # struct Idle;
/// # impl Process for Idle {
/// #     type Message = (); type Request = (); type Event = (); type Record = ();
/// #     fn step(&mut self, _: Input<Self>, _: &mut Context<'_, Self>) {}
/// #     fn deadline(&self) -> Option<Time> { None }
/// # }
/// # impl Recover for Idle {
/// #     type Config = (); type Error = std::convert::Infallible;
/// #     fn recover(_: &(), _: Vec<Stored<()>>) -> Result<Self, Self::Error> { Ok(Idle) }
/// # }
/// let outcome = check_determinism(|| {
///     run::<Idle, _, _>(&Settings::new(1), &[()], &mut (), &mut (), Tape::seeded(9))
/// })?;
/// assert!(outcome.holds());
/// # Ok::<(), simulator::SimulatorError>(())
/// ```
///
/// # Errors
///
/// [`SimulatorError::Nondeterministic`] when they differ, or what `run` fails with.
pub fn check_determinism(
    mut run: impl FnMut() -> Result<Outcome, SimulatorError>,
) -> Result<Outcome, SimulatorError> {
    let first = run()?;
    let second = run()?;
    if first.hash != second.hash || first != second {
        return Err(SimulatorError::Nondeterministic {
            first: first.hash,
            second: second.hash,
        });
    }
    Ok(first)
}
