//! `[workload]` and `[strategy]`: how many operations are reads, and what a strategy makes least.

use cap_model::strategy::{Limits, Objective};

use super::source::{Entry, Place};
use crate::exit::BadInput;

/// The most read fractions.
const FRACTIONS_MAX: usize = 64;

/// The most failures that a strategy tolerates.
const FAILURES_MAX: u64 = 1_024;

/// What is asked of a candidate's strategy.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) objective: Objective,
    pub(crate) limits: Limits,
    pub(crate) failures: usize,
    /// Where the limits stand: one may turn out not to be feasible.
    pub(crate) limits_place: Option<Place>,
}

/// The shares of reads with their weights, which add up to one; half are reads unless the file says.
pub(super) fn workload(entry: Option<Entry<'_>>) -> Result<Vec<(f64, f64)>, BadInput> {
    let Some(entry) = entry else {
        return Ok(vec![(0.5, 1.0)]);
    };
    let table = entry.table("a table, as in { read_fraction = 0.9 }")?;
    table.only(&["read_fraction"])?;
    let entry = table.need(
        "read_fraction",
        "how many of the operations are reads, from 0 to 1",
    )?;
    if entry.is_number() {
        return Ok(vec![(entry.probability()?, 1.0)]);
    }
    let what =
        "a share of reads from 0 to 1, or shares and weights, as in { \"0.9\" = 10, \"0.5\" = 90 }";
    let shares = entry.table(what)?.entries();
    if shares.is_empty() || shares.len() > FRACTIONS_MAX {
        return Err(entry.wrong(format_args!(
            "expected 1 to {FRACTIONS_MAX} shares with weights, and found {}",
            shares.len()
        )));
    }
    let mut parts: Vec<(f64, f64)> = Vec::new();
    for (key, weight) in &shares {
        let share = key
            .text
            .parse()
            .ok()
            .filter(|share| (0.0..=1.0).contains(share));
        let Some(share) = share else {
            return Err(key.wrong(format_args!(
                "expected a share of reads, from 0 to 1, and found {:?}",
                key.text
            )));
        };
        if parts.iter().any(|(known, _)| *known == share) {
            return Err(key.wrong(format_args!("the share {share} stands here twice")));
        }
        parts.push((
            share,
            weight.number("a weight above 0, at most 1e9", 1e-9..=1e9)?,
        ));
    }
    let sum: f64 = parts.iter().map(|(_, weight)| weight).sum();
    Ok(parts
        .into_iter()
        .map(|(share, weight)| (share, weight / sum))
        .collect())
}

/// `[strategy]`, or a candidate's own: what it does not say stays as it is.
pub(super) fn wanted(entry: Option<Entry<'_>>, otherwise: &Wanted) -> Result<Wanted, BadInput> {
    let mut wanted = otherwise.clone();
    let Some(entry) = entry else {
        return Ok(wanted);
    };
    let table = entry.table("a table, as in { optimize = \"load\", f = 0 }")?;
    table.only(&["optimize", "f", "limits"])?;
    if let Some(entry) = table.get("optimize") {
        wanted.objective = entry.choice(&[
            ("load", Objective::Load),
            ("network", Objective::Network),
            ("latency", Objective::Latency),
        ])?;
    }
    if let Some(entry) = table.get("f") {
        // At most 1,024.
        wanted.failures = entry.whole(0..=FAILURES_MAX)? as usize;
    }
    if let Some(entry) = table.get("limits") {
        let table = entry.table("a table, as in { load_max = 0.001, latency_ms_max = 4 }")?;
        table.only(&["load_max", "latency_ms_max", "network_load_max"])?;
        let limits = &mut wanted.limits;
        for (key, limit) in [
            ("load_max", &mut limits.load_max),
            ("latency_ms_max", &mut limits.latency_ms_max),
            ("network_load_max", &mut limits.network_load_max),
        ] {
            if let Some(entry) = table.get(key) {
                *limit = Some(entry.number("a limit, from 0 to 1e12", 0.0..=1e12)?);
            }
        }
        wanted.limits_place = Some(table.place());
    }
    Ok(wanted)
}
