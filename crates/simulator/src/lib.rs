#![doc = include_str!("../README.md")]

mod choices;
pub use choices::Choices;

mod clock;

mod delay;
pub use delay::Delay;

mod determinism;
pub use determinism::check_determinism;

mod disk;

mod error;
pub use error::SimulatorError;

mod failure;

mod fault;
pub use fault::{Fault, FaultCounts, FaultSet};

mod hash;
pub use hash::StreamHasher;

mod nemesis;

mod network;

mod observer;
pub use observer::{Cluster, Observer};

mod outcome;
pub use outcome::{Outcome, Violation};

mod plan;
pub use plan::{Episodes, FaultPlan};

mod queue;

mod rng;

mod run;
pub use run::run;

mod settings;
pub use settings::{Links, Settings};

mod shrink;
pub use shrink::{Shrunk, shrink};

mod step;

mod tape;
pub use tape::Tape;

mod timeline;
pub use timeline::{Timeline, TimelineEntry};

mod workload;
pub use workload::{Workload, WorkloadContext};

mod world;
pub use world::Simulated;
