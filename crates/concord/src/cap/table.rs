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

/// All protocols in one table: a row for each operation, family of shapes and kind of side.
pub(super) fn print_table(reports: &[Report], nodes: u32) {
    say!(
        "{:<9} {:<9} {:<15} {:<12} {:<13} {:<24} {:<13} {:>5}",
        "protocol",
        "operation",
        "shape",
        "clients on",
        "availability",
        "latency",
        "sees",
        "sides"
    );
    for report in reports {
        let mut rows: BTreeMap<RowKey, (usize, Option<(Latency, Latency)>)> = BTreeMap::new();
        for row in &report.cells {
            let key = RowKey {
                operation: row.cell.operation,
                family: row.family,
                side: format!("{} of {nodes}", row.cell.side.len()),
                availability: availability_name(row.cell.availability),
                consistency: row.cell.consistency,
            };
            let (count, latency) = rows.entry(key).or_default();
            *count += 1;
            *latency = widest(*latency, row.cell.latency);
        }
        for (key, (count, latency)) in rows {
            let sees = key
                .consistency
                .map_or("-".to_owned(), |seen| seen.to_string());
            say!(
                "{:<9} {:<9} {:<15} {:<12} {:<13} {:<24} {:<13} {:>5}",
                report.name,
                report.word(key.operation),
                key.family.to_string(),
                key.side,
                key.availability,
                latency_text(latency),
                sees,
                count
            );
        }
    }
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
