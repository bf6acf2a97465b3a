//! Clocks of a few replicas whose number is known to the compiler.

use std::hint::black_box;

use clocks::ArrayClock;

use super::merge::{self, State};
use super::{Chain, Contender};

/// Us.
pub const OURS: &str = "clocks ArrayClock";

/// Everybody who can do the merges of a chain over `N` replicas, us first.
///
/// ```
/// use benches::clocks::{Chain, Changing, Effort, array, time};
/// let chain = Chain::new(3, Changing::Half, 1);
/// let effort = Effort { rounds: 1, round_ns: 1000 };
/// let timed = time("three replicas", &mut array::contenders::<3>(&chain), effort)?;
/// assert_eq!((timed[0].name.as_str(), timed[0].allocations), (array::OURS, 0.0));
/// # Ok::<(), benches::Error>(())
/// ```
#[must_use]
pub fn contenders<const N: usize>(chain: &Chain) -> Vec<Contender> {
    let make = |counters: &[u64]| {
        let counters = counters.try_into().unwrap_or([0; N]);
        ArrayClock::<N>::from_counters(counters)
    };
    let ours = State::of(chain, make).contender(
        OURS,
        |own, start| *own = *start,
        |own, other| {
            black_box(own.merge(other));
        },
        |own| own.as_slice().to_vec(),
    );
    let mut contenders = vec![ours];
    contenders.extend(merge::contenders(chain));
    contenders
}
