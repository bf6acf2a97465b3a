//! The table for people: rows that say the same are one row.

use std::collections::BTreeMap;

use cap_model::{Availability, Consistency, Latency, Operation};

use super::report::Report;
use super::shapes::Family;
use crate::say::say;

/// Rows of the table that say the same are one row.
#[derive(Eq, Ord, PartialEq, PartialOrd)]
struct RowKey {
    operation: Operation,
    family: Family,
    side: String,
    availability: &'static str,
    consistency: Option<Consistency>,
}

/// What the words of the last column mean.
const LEGEND: &str = "sees -: no update and observation were both answered; lagging: updates are \
                      seen late;\nstale: they are missed for as long as the partition lasts";

/// All protocols in one table: a row for each operation, family of shapes and kind of side.
pub(super) fn print_table(reports: &[Report], nodes: u32) {
    say!(
        "{:<9} {:<9} {:<15} {:<12} {:<13} {:<24} {}",
        "protocol",
        "operation",
        "shape",
        "clients on",
        "availability",
        "latency",
        "sees"
    );
    for report in reports {
        let mut rows: BTreeMap<RowKey, Range> = BTreeMap::new();
        for row in &report.cells {
            let key = RowKey {
                operation: row.cell.operation,
                family: row.family,
                side: format!("{} of {nodes}", row.cell.side.len()),
                availability: availability_name(row.cell.availability),
                consistency: row.cell.consistency,
            };
            let latency = rows.entry(key).or_default();
            *latency = widest(*latency, row.cell.latency);
        }
        for (key, latency) in rows {
            let sees = key
                .consistency
                .map_or("-".to_owned(), |seen| seen.to_string());
            say!(
                "{:<9} {:<9} {:<15} {:<12} {:<13} {:<24} {}",
                report.name,
                report.word(key.operation),
                key.family.to_string(),
                key.side,
                key.availability,
                latency_text(latency),
                sees
            );
        }
    }
    say!("\n{LEGEND}");
}

type Range = Option<(Latency, Latency)>;

fn widest(one: Range, other: Range) -> Range {
    match (one, other) {
        (Some((least, most)), Some((less, more))) => Some((least.min(less), most.max(more))),
        (range, None) | (None, range) => range,
    }
}

fn latency_text(range: Range) -> String {
    match range {
        None => "-".to_owned(),
        Some((fastest, slowest)) if fastest == slowest => fastest.to_string(),
        Some((fastest, slowest)) => format!("{fastest} to {slowest}"),
    }
}

/// Without the nodes that it names.
pub(super) const fn availability_name(availability: Availability) -> &'static str {
    match availability {
        Availability::None => "none",
        Availability::LeaderBound(_) => "leader-bound",
        Availability::Partly(_) => "partly",
        Availability::Side(_) => "side",
        Availability::Sticky => "sticky",
        Availability::Total => "total",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_are_told_as_a_range() {
        let settings = cap_model::Settings::default();
        let delays = |count| Latency::new(count * settings.link_delay_ns, &settings);
        let range = widest(Some((delays(2), delays(2))), Some((delays(0), delays(1))));
        assert_eq!(latency_text(range), "local to 2 delays");
        assert_eq!(
            latency_text(widest(None, Some((delays(4), delays(4))))),
            "4 delays"
        );
        assert_eq!(latency_text(widest(None, None)), "-");
    }
}
