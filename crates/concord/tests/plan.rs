//! `concord plan`: figures, errors that name their place, and examples that are what the reference says.

mod common;

#[path = "plan/errors.rs"]
mod errors;
#[path = "plan/examples.rs"]
mod examples;
#[path = "plan/figures.rs"]
mod figures;
#[path = "plan/meet.rs"]
mod meet;

use common::{Ran, concord, folder};

/// Plans this text, with these flags.
fn plan(text: &str, flags: &[&str]) -> Ran {
    let here = folder("plan");
    std::fs::write(here.join("p.toml"), text).expect("a file for the test");
    concord(&here, &[&["plan", "p.toml"][..], flags].concat())
}
