//! Staleness and latency of partial quorums: how soon a write is seen, and what it costs to be sure.

mod distribution;
pub use distribution::{Atom, Breakpoint, Distribution, KNOTS_MAX, PARTS_MAX};

mod error;
pub use error::StalenessError;

mod estimate;
pub use estimate::Estimate;

mod exact;
pub use exact::{EXACT_REPLICAS_MAX, Exact};

mod measure;

mod network;
pub use network::{Home, Network};

mod passage;
pub use passage::{Passage, Procedure, STEPS_MAX};

mod published;
pub use published::{Fit, Wars};

mod quadrature;

mod quorums;
pub use quorums::{Asks, Quorums, REPLICAS_MAX};

pub(crate) mod real;

mod sampler;
pub use sampler::{NUMBERS_MAX, Plan, Repair, Sampler, TABLES_MAX};

mod samples;
pub use samples::Samples;

mod summary;
pub use summary::{Method, POINTS_MAX, Percentiles, Questions, Summary};

mod table;

mod versions;
pub use versions::{Fraction, Versions};
