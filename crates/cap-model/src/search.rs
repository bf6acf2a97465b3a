//! The best quorum systems over given nodes.
//!
//! Looked at are all systems whose reads are an expression in which each node stands exactly once, with any
//! of, all of and choose, and whose writes are its dual (Whittaker and others, 2021, §5). Each comes once: of
//! those that differ only by swapping nodes with the same costs, failure and zone, one. Systems that leave
//! nodes out are systems over fewer nodes: search among those.
//!
//! # Method
//!
//! Systems are made in batches and taken in the order of a bound on their objective, which costs one pass over
//! the expression: prices of nodes that were optimal for one system bound the load of all (weak duality), and
//! the least latency, network load and resilience are read off. What cannot enter the front is left out; for
//! the rest the best strategy is computed. So the answer is that of looking at every system.
//!
//! | nodes, all different | systems |
//! |---|---|
//! | 2, 3, 4, 5 | 2, 9, 74, 885 |
//! | 6 | 13,684 |
//! | 7 | 258,489 |
//! | 8 | 5,768,538 (of any depth: refused; lower the depth) |

mod bound;

mod dominance;
pub use dominance::{Better, dominates, dominators, pareto_front};

mod front;

mod program;

mod question;
pub use question::{
    Found, SEARCH_NODES_MAX, SearchError, SearchOutcome, SearchQuestion, Unreliability,
};

mod sets;

mod shapes;

mod solve;

mod walk;

use alloc::vec::Vec;
use core::fmt::Debug;

use crate::strategy::Costs;

/// The best system over the nodes for the objective, and the Pareto front over load, latency, network load,
/// resilience and, where probabilities of failure are given, unavailability.
///
/// `costs_of` is asked once for each node. `keep_going` is asked before each strategy is computed and every
/// few thousand systems; once it says no, the front of what was looked at is returned, and the outcome says
/// that it is not complete. The same question has the same answer, to the last bit.
///
/// **Cost.** Nodes that all differ: see the [module](self). A batch has 65,536 systems at most; at most
/// 1,048,576 parts of systems are kept, about 60 bytes each.
///
/// # Errors
///
/// No node, a repeated one or more than [`SEARCH_NODES_MAX`]; costs, limits or probabilities out of range; a
/// depth of 0; too many parts to keep.
///
/// ```
/// use cap_model::search::{SearchQuestion, search};
/// use cap_model::strategy::{Costs, Question, ReadFractions};
///
/// // Two quick nodes and two slow ones; any one of them may fail.
/// let costs_of = |node: &&str| match *node {
///     "a" | "b" => Costs { read_capacity: 4_000.0, write_capacity: 2_000.0, latency_ms: 1.0 },
///     _ => Costs { read_capacity: 2_000.0, write_capacity: 1_000.0, latency_ms: 3.0 },
/// };
/// let question = Question {
///     objective: Default::default(),
///     limits: Default::default(),
///     read_fractions: ReadFractions::one(0.5)?,
///     failures: 0,
/// };
/// let question = SearchQuestion { resilience_min: 1, ..SearchQuestion::new(question) };
/// let outcome = search(["a", "b", "c", "d"], costs_of, &question, || true)?;
/// let best = outcome.best().unwrap();
/// assert!(outcome.is_complete && best.resilience == 1);
/// assert!(best.optimum.metrics.capacity > 2_500.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn search<N: Clone + Debug + Ord>(
    nodes: impl IntoIterator<Item = N>,
    costs_of: impl Fn(&N) -> Costs,
    question: &SearchQuestion,
    mut keep_going: impl FnMut() -> bool,
) -> Result<SearchOutcome<N>, SearchError<N>> {
    // The iterator may not end.
    let nodes: Vec<N> = nodes.into_iter().take(SEARCH_NODES_MAX + 1).collect();
    let costs: Vec<Costs> = nodes.iter().map(costs_of).collect();
    walk::Walk::new(nodes, costs, question)?.run(&mut keep_going)
}
