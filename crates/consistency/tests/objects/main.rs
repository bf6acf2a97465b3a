//! Maps as values, and the objects beyond registers: models, staleness, convergence.

#[path = "../common/mod.rs"]
#[expect(dead_code, reason = "the helpers are shared by several programs")]
mod common;
mod convergence;
mod flat;
mod models;
mod staleness;
mod values;
