//! `[nodes]` and `[zones]`: what there is, how fast, and how often it fails.

use cap_model::strategy::Costs;

use super::delays::Delays;
use super::nearest::nearest;
use super::source::{Entry, Table};
use crate::exit::BadInput;

/// The most nodes of a plan.
const NODES_MAX: usize = 1_024;

/// The most zones.
const ZONES_MAX: usize = 64;

/// A replica.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) costs: Costs,
    /// How likely it is down while its zone is up, if the file says so.
    pub(crate) failure: Option<f64>,
    /// Its zone's place in the list of zones.
    pub(crate) zone: Option<usize>,
}

/// What fails as a whole.
#[derive(Clone, Debug)]
pub(crate) struct Zone {
    pub(crate) name: String,
    pub(crate) failure: Option<f64>,
}

const KEYS: [&str; 6] = [
    "capacity",
    "read_capacity",
    "write_capacity",
    "latency_ms",
    "failure",
    "zone",
];

/// The nodes, and the zones that they name, in the order in which they do.
pub(super) fn nodes(table: &Table<'_>) -> Result<(Vec<Node>, Vec<Zone>), BadInput> {
    let entries = table.entries();
    if entries.is_empty() {
        return Err(table.wrong("there is no node: a plan needs at least one"));
    }
    let (mut nodes, mut zones) = (Vec::new(), Vec::new());
    let mut first: Option<(Table<'_>, String)> = None;
    for (key, entry) in &entries {
        if nodes.len() == NODES_MAX {
            return Err(key.wrong(format_args!("there are more than {NODES_MAX} nodes")));
        }
        let is_name = |one: char| one.is_alphanumeric() || "_-.".contains(one);
        if key.text.is_empty() || !key.text.chars().all(is_name) {
            return Err(key.wrong("the name of a node has letters, digits, `_`, `-` and `.`"));
        }
        let fields =
            entry.table("a table, as in { capacity = 1000, failure = 0.01, zone = \"eu\" }")?;
        fields.only(&KEYS)?;
        match &first {
            None => first = Some((fields.clone(), key.text.clone())),
            Some((other, name)) => says_the_same(&fields, other, name)?,
        }
        nodes.push(node(&key.text, &fields, &mut zones)?);
    }
    Ok((nodes, zones))
}

/// What one node says all must say: a default beside a measured number would be a guess.
fn says_the_same(fields: &Table<'_>, other: &Table<'_>, name: &str) -> Result<(), BadInput> {
    let said = |fields: &Table<'_>, key: &str| match key {
        "read_capacity" | "write_capacity" => {
            fields.get(key).is_some() || fields.get("capacity").is_some()
        }
        _ => fields.get(key).is_some(),
    };
    for key in &KEYS[1..] {
        match (said(fields, key), said(other, key)) {
            (true, false) => {
                let message =
                    format!("says `{key}`, and {name} does not: say it of all nodes or of none");
                return Err(fields
                    .get(key)
                    .map_or_else(|| fields.wrong(&message), |entry| entry.wrong(&message)));
            }
            (false, true) => {
                return Err(fields.wrong(format_args!(
                    "does not say `{key}`, and {name} does: say it of all nodes or of none"
                )));
            }
            _ => {}
        }
    }
    Ok(())
}

fn node(name: &str, fields: &Table<'_>, zones: &mut Vec<Zone>) -> Result<Node, BadInput> {
    let capacity = |key: &str| -> Result<f64, BadInput> {
        match (fields.get(key), fields.get("capacity")) {
            (Some(entry), Some(_)) => Err(entry.wrong(format_args!(
                "`capacity` is both capacities: say it, or `{key}`"
            ))),
            (Some(entry), None) | (None, Some(entry)) => {
                entry.positive("operations per second, above 0 and at most 1e12")
            }
            (None, None) => Ok(Costs::UNIT.read_capacity),
        }
    };
    let costs = Costs {
        read_capacity: capacity("read_capacity")?,
        write_capacity: capacity("write_capacity")?,
        latency_ms: match fields.get("latency_ms") {
            Some(entry) => entry.milliseconds()?,
            None => Costs::UNIT.latency_ms,
        },
    };
    let failure = fields.get("failure").map(|entry| entry.probability());
    let zone = fields.get("zone").map(|entry| zone_of(&entry, zones));
    Ok(Node {
        name: name.to_owned(),
        costs,
        failure: failure.transpose()?,
        zone: zone.transpose()?,
    })
}

/// The place of the zone that a node names; it is added when it is new.
fn zone_of(entry: &Entry<'_>, zones: &mut Vec<Zone>) -> Result<usize, BadInput> {
    let name = entry.text("the name of a zone")?;
    if let Some(place) = zones.iter().position(|zone| zone.name == name) {
        return Ok(place);
    }
    if zones.len() == ZONES_MAX {
        return Err(entry.wrong(format_args!("there are more than {ZONES_MAX} zones")));
    }
    let (name, failure) = (name.to_owned(), None);
    zones.push(Zone { name, failure });
    Ok(zones.len() - 1)
}

/// What `[zones]` says of the zones that nodes named: how often each fails, and the delays between.
pub(super) fn zones(table: &Table<'_>, zones: &mut [Zone]) -> Result<Option<Delays>, BadInput> {
    let entries = table.entries();
    let place_of = |name: &str| zones.iter().position(|zone| zone.name == name);
    let names = || zones.iter().map(|zone| zone.name.as_str());
    let mut failures = vec![None; zones.len()];
    let mut delays = Delays::none(zones.len());
    for (key, entry) in &entries {
        let Some(place) = place_of(&key.text) else {
            let guess = nearest(&key.text, names());
            return Err(key.wrong(format_args!("no node stands in this zone{guess}")));
        };
        let fields = entry.table("a table, as in { failure = 0.001, delay_ms = { us = 40 } }")?;
        fields.only(&["failure", "delay_ms"])?;
        if let Some(entry) = fields.get("failure") {
            failures[place] = Some(entry.probability()?);
        }
        let Some(entry) = fields.get("delay_ms") else {
            continue;
        };
        for (key, entry) in entry
            .table("a table of zones and milliseconds one way, as in { us = 40 }")?
            .entries()
        {
            let Some(to) = place_of(&key.text) else {
                let guess = nearest(&key.text, names());
                return Err(key.wrong(format_args!("no node stands in this zone{guess}")));
            };
            delays.say(place, to, entry.milliseconds()?);
        }
    }
    if failures.iter().any(Option::is_some)
        && let Some(silent) = failures.iter().position(Option::is_none)
    {
        let name = &zones[silent].name;
        return Err(table.wrong(format_args!(
            "zone {name} has no `failure`: say it of all zones or of none"
        )));
    }
    if let Some((from, to)) = delays.missing() {
        let (from, to) = (&zones[from].name, &zones[to].name);
        return Err(table.wrong(format_args!(
            "the delay between {from} and {to} is missing: say `delay_ms` between any two zones or between none"
        )));
    }
    for (zone, failure) in zones.iter_mut().zip(failures) {
        zone.failure = failure;
    }
    Ok(delays.said())
}
