#![doc = include_str!("../README.md")]

mod compare;
pub use compare::{Comparison, Cost, Rate, interleave};

mod error;
pub use error::{Error, ended};

mod measure;
pub use measure::{Sample, Usage, cpu_ns, measure};

mod options;
pub use options::Options;

mod report;
pub use report::Report;

mod spread;
pub use spread::Spread;

pub mod cap_model;

pub mod clocks;

pub mod consistency;

pub mod raft;

pub mod simulator;

/// The workspace's front page: its example is a test.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct FrontPage;
