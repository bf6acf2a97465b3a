//! The table of mutants: a file for each crate, a row for each guard.
//!
//! To add one, append a row to the file of its crate:
//!
//! ```text
//! Mutant {
//!     name: "votes-twice-in-a-term",
//!     guard: "one vote a term (Raft, figure 2)",
//!     file: "crates/raft-core/src/election.rs",
//!     find: "if self.vote.is_some_and(|vote| vote != from) {",
//!     replace: "if false {",
//!     killed_by: test("raft-core", "paper", "a_node_votes_for_at_most_one_candidate_a_term"),
//!     simulator: finds("raft", 2_000),
//! },
//! ```
//!
//! `find` occurs exactly once in the file; it may span lines. The test's name is the whole path
//! that the test program prints, such as `context::tests::sends_wait`.

mod cap_meet;
mod cap_model;
mod cap_pacelc;
mod cap_partition;
mod cap_search;
mod cap_strategy;
mod clocks_dense;
mod clocks_dvv;
mod clocks_hybrid;
mod clocks_sparse;
mod clocks_stable;
mod consistency;
mod consistency_causal;
mod consistency_cli;
mod consistency_fast;
mod consistency_formats;
mod consistency_isolation;
mod consistency_objects;
mod consistency_search;
mod consistency_weak;
mod eventual;
mod kv;
mod partial;
mod paxos_core;
mod plan;
mod plan_page;
mod quorum;
mod quorum_expression;
mod raft_core;
mod snapshot;
mod staleness;
mod strong;
mod transport;

use std::fmt;

/// Every mutant, crate by crate.
pub(super) fn all() -> impl Iterator<Item = &'static Mutant> {
    [
        transport::MUTANTS,
        quorum::MUTANTS,
        quorum_expression::MUTANTS,
        snapshot::MUTANTS,
        consistency::MUTANTS,
        consistency_causal::MUTANTS,
        consistency_fast::MUTANTS,
        consistency_formats::MUTANTS,
        consistency_isolation::MUTANTS,
        consistency_objects::MUTANTS,
        consistency_search::MUTANTS,
        consistency_weak::MUTANTS,
        consistency_cli::MUTANTS,
        plan_page::MUTANTS,
        strong::MUTANTS,
        partial::MUTANTS,
        cap_meet::MUTANTS,
        eventual::MUTANTS,
        paxos_core::MUTANTS,
        raft_core::MUTANTS,
        kv::MUTANTS,
        cap_model::MUTANTS,
        cap_pacelc::MUTANTS,
        cap_partition::MUTANTS,
        cap_search::MUTANTS,
        cap_strategy::MUTANTS,
        staleness::MUTANTS,
        plan::MUTANTS,
        clocks_dense::MUTANTS,
        clocks_dvv::MUTANTS,
        clocks_hybrid::MUTANTS,
        clocks_sparse::MUTANTS,
        clocks_stable::MUTANTS,
    ]
    .into_iter()
    .flatten()
}

/// A change of one line that takes one guard away.
#[derive(Debug)]
pub(super) struct Mutant {
    /// Lower-case words with hyphens.
    pub(super) name: &'static str,
    /// What no longer holds, with its source.
    pub(super) guard: &'static str,
    /// From the root of the workspace.
    pub(super) file: &'static str,
    pub(super) find: &'static str,
    pub(super) replace: &'static str,
    pub(super) killed_by: Test,
    pub(super) simulator: Simulator,
}

/// The test that must notice.
#[derive(Debug)]
pub(super) struct Test {
    pub(super) package: &'static str,
    pub(super) place: Place,
    pub(super) name: &'static str,
}

/// Which of a package's test programs.
#[derive(Debug)]
pub(super) enum Place {
    Lib,
    /// A file of `tests/`, without its `.rs`.
    File(&'static str),
}

/// Whether a campaign should find the mutant too.
#[derive(Debug)]
pub(super) enum Simulator {
    Finds {
        protocol: &'static str,
        nodes: u32,
        seeds_max: u64,
    },
    Blind {
        because: &'static str,
    },
}

/// A unit test in the library.
pub(super) const fn lib(package: &'static str, name: &'static str) -> Test {
    Test {
        package,
        place: Place::Lib,
        name,
    }
}

/// A test in `tests/FILE.rs`.
pub(super) const fn test(package: &'static str, file: &'static str, name: &'static str) -> Test {
    Test {
        package,
        place: Place::File(file),
        name,
    }
}

/// A campaign of five nodes reports a violation within `seeds_max` seeds.
pub(super) const fn finds(protocol: &'static str, seeds_max: u64) -> Simulator {
    finds_among(protocol, 5, seeds_max)
}

/// A campaign of so many nodes does.
pub(super) const fn finds_among(protocol: &'static str, nodes: u32, seeds_max: u64) -> Simulator {
    Simulator::Finds {
        protocol,
        nodes,
        seeds_max,
    }
}

/// No campaign can see it.
pub(super) const fn blind(because: &'static str) -> Simulator {
    Simulator::Blind { because }
}

impl Place {
    /// As cargo takes it.
    pub(super) fn words(&self) -> Vec<&'static str> {
        match self {
            Self::Lib => vec!["--lib"],
            Self::File(name) => vec!["--test", name],
        }
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { package, name, .. } = self;
        match self.place {
            Place::Lib => write!(f, "{package} {name}"),
            Place::File(file) => write!(f, "{package} tests/{file} {name}"),
        }
    }
}
