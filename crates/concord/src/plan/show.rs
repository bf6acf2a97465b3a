//! The candidates on a terminal: one table, then what partitions do to each.

use std::collections::BTreeMap;

use super::outcome::{Claim, Outcome, PartitionRow, Percentiles, Quorums};
use super::table::{Column, WIDTH_MAX, cut, lines, rounded, wrapped};
use crate::paint::{Tone, paint};
use crate::say::say;

/// The widest name of a candidate that is shown whole.
const NAME_MAX: usize = 22;

/// A fraction of more characters says less than its decimals.
const FRACTION_MAX: usize = 6;

/// Loads of nodes with capacities of their own are below, and are seconds rather than shares.
const FRACTION_MIN: f64 = 0.01;

/// So many quorums of a strategy are shown.
const QUORUMS_MAX: usize = 24;

/// Prints everything.
pub(super) fn show(about: &str, outcomes: &[Outcome], explain: bool) {
    say!("{}", wrapped(about, 0));
    say!("");
    print(&costs(outcomes));
    if outcomes.iter().any(|outcome| outcome.timing.is_some()) {
        say!("");
        print(&times(outcomes));
    }
    for outcome in outcomes {
        detail(outcome, explain);
    }
}

fn print(lines: &[String]) {
    for (place, line) in lines.iter().enumerate() {
        let line = if place == 0 {
            paint(Tone::Quiet, line)
        } else {
            line.clone()
        };
        say!("{line}");
    }
}

fn costs(outcomes: &[Outcome]) -> Vec<String> {
    let each = || outcomes.iter();
    let cost = |of: fn(&super::outcome::Cost) -> f64| {
        each().map(move |outcome| outcome.cost.as_ref().map(|cost| rounded(of(cost))))
    };
    let has_latency = outcomes
        .iter()
        .filter_map(|outcome| outcome.cost.as_ref())
        .any(|cost| cost.latency > 0.0);
    let load = each().map(|outcome| {
        if outcome.infeasible.is_some() {
            return Some("infeasible".to_owned());
        }
        let cost = outcome.cost.as_ref()?;
        let short = cost
            .load_exact
            .clone()
            .filter(|exact| exact.len() <= FRACTION_MAX && cost.load >= FRACTION_MIN);
        Some(short.unwrap_or_else(|| rounded(cost.load)))
    });
    lines(&[
        Column::new(
            "candidate",
            NAME_MAX,
            each().map(|outcome| Some(outcome.name.clone())),
        ),
        Column::new(
            "protocol",
            9,
            each().map(|outcome| Some(outcome.protocol.clone())),
        ),
        Column::new("load", 10, load),
        Column::new("ops/s", 10, cost(|cost| cost.capacity)),
        Column::new("nodes", 8, cost(|cost| cost.network_load)),
        Column::new(
            "ms/op",
            7,
            cost(|cost| cost.latency).map(|cell| cell.filter(|_| has_latency)),
        ),
        Column::new("survives", 12, each().map(survives)),
        Column::new("unavailable", 19, each().map(unavailable)),
        Column::new(
            "dominated by",
            20,
            each().map(|outcome| {
                (!outcome.dominated_by.is_empty()).then(|| outcome.dominated_by.join(", "))
            }),
        ),
    ])
}

/// Nodes, and in brackets zones.
fn survives(outcome: &Outcome) -> Option<String> {
    let failure = &outcome.failure;
    let nodes = format!("{}/{}", failure.read_resilience?, failure.write_resilience?);
    let zones = failure
        .read_zone_resilience
        .zip(failure.write_zone_resilience);
    Some(match zones {
        Some((read, write)) => format!("{nodes} ({read}/{write})"),
        None => nodes,
    })
}

fn unavailable(outcome: &Outcome) -> Option<String> {
    let failure = &outcome.failure;
    let (read, write) = (failure.read_unavailability?, failure.write_unavailability?);
    Some(if read == write {
        rounded(read)
    } else {
        format!("{}/{}", rounded(read), rounded(write))
    })
}

fn times(outcomes: &[Outcome]) -> Vec<String> {
    let with: Vec<&Outcome> = outcomes
        .iter()
        .filter(|outcome| outcome.timing.is_some())
        .collect();
    let timing = |of: fn(&super::outcome::Timing) -> Option<String>| {
        with.iter()
            .map(move |outcome| outcome.timing.as_ref().and_then(of))
    };
    let each = |of: &Percentiles| {
        format!(
            "{} {} {}",
            rounded(of.p50),
            rounded(of.p99),
            rounded(of.p999)
        )
    };
    lines(&[
        Column::new(
            "candidate",
            NAME_MAX,
            with.iter().map(|outcome| Some(outcome.name.clone())),
        ),
        Column::new(
            "read ms p50 p99 p99.9",
            22,
            with.iter().map(|outcome| {
                outcome
                    .timing
                    .as_ref()
                    .map(|timing| each(&timing.read_latency))
            }),
        ),
        Column::new(
            "write ms p50 p99 p99.9",
            22,
            with.iter().map(|outcome| {
                outcome
                    .timing
                    .as_ref()
                    .map(|timing| each(&timing.write_latency))
            }),
        ),
        Column::new(
            "99.9 % see it after",
            19,
            timing(|timing| {
                timing
                    .t_visibility_999_ms
                    .map(|ms| format!("{} ms", rounded(ms)))
            }),
        ),
        Column::new(
            "by",
            18,
            timing(|timing| Some(format!("{} ±{}", timing.method, rough(timing.error)))),
        ),
    ])
}

/// An error, to one digit, upward.
fn rough(error: f64) -> String {
    if error <= 0.0 {
        return "0".to_owned();
    }
    let power = error.log10().floor();
    let digit = (error / 10_f64.powf(power)).ceil();
    if power < -3.0 {
        format!("{digit}e{power}")
    } else {
        rounded(digit * 10_f64.powf(power))
    }
}

/// What is known of one candidate beside the tables.
fn detail(outcome: &Outcome, explain: bool) {
    let seen = outcome
        .timing
        .as_ref()
        .map(|timing| seen(&timing.consistent_at));
    let seen = seen.filter(|seen| !seen.is_empty());
    let is_silent = outcome.partitions.is_empty()
        && outcome.claims.is_empty()
        && outcome.unknown.is_empty()
        && outcome.infeasible.is_none()
        && outcome.notes.is_empty()
        && seen.is_none()
        && !explain;
    if is_silent {
        return;
    }
    say!("");
    say!("{}", outcome.name);
    if explain {
        quorums(outcome);
    }
    if let Some(seen) = seen {
        say!(
            "{}",
            wrapped(&format!("a read sees a write that returned: {seen}"), 2)
        );
    }
    if !outcome.partitions.is_empty() {
        partitions(&outcome.partitions, explain);
    }
    for claim in &outcome.claims {
        told(claim, explain);
    }
    if let Some(why) = &outcome.infeasible {
        say!("{}", wrapped(&format!("infeasible: {why}"), 2));
    }
    for unknown in &outcome.unknown {
        say!(
            "{}",
            paint(Tone::Doubtful, &wrapped(&format!("unknown: {unknown}"), 2))
        );
    }
    for note in &outcome.notes {
        say!("{}", wrapped(&format!("note: {note}"), 2));
    }
}

/// When, and how likely.
fn seen(at: &BTreeMap<String, f64>) -> String {
    let mut at: Vec<(f64, f64)> = at
        .iter()
        .map(|(t, p)| (t.parse().unwrap_or(0.0), *p))
        .collect();
    at.sort_by(|one, other| one.0.total_cmp(&other.0));
    if at.iter().all(|(_, share)| *share == 1.0) {
        return if at.is_empty() {
            String::new()
        } else {
            "always".to_owned()
        };
    }
    let each = at
        .iter()
        .map(|(t, share)| format!("{} % after {} ms", share_of(*share), rounded(*t)));
    each.collect::<Vec<String>>().join(", ")
}

/// Percent; what is not all is not shown as all.
fn share_of(share: f64) -> String {
    let text = rounded(100.0 * share);
    if text == "100" && share < 1.0 {
        "above 99.99".to_owned()
    } else {
        text
    }
}

fn quorums(outcome: &Outcome) {
    for (what, text) in [("reads", &outcome.reads), ("writes", &outcome.writes)] {
        if let Some(text) = text {
            say!(
                "{}",
                wrapped(&format!("{what}  {}", cut(text, 4 * WIDTH_MAX)), 2)
            );
        }
    }
    let Some(cost) = &outcome.cost else {
        return;
    };
    let Quorums { reads, writes } = &cost.strategy;
    for (what, quorums) in [("read", reads), ("write", writes)] {
        for (nodes, share) in quorums.iter().take(QUORUMS_MAX) {
            let nodes = cut(&nodes.join(" "), 70);
            say!("  {what:<5}  {:>7} %  {nodes}", rounded(100.0 * share));
        }
        if let Some(more) = quorums
            .len()
            .checked_sub(QUORUMS_MAX)
            .filter(|more| *more > 0)
        {
            say!("  {what:<5}  and {more} more");
        }
    }
    let gap = &cost.certificate;
    say!(
        "  no strategy is below {} (this one: {}, gap {})",
        rounded(gap.bound),
        rounded(gap.value),
        rough(gap.gap.max(0.0))
    );
}

/// What the clients of one side are left with; or of several sides, folded.
struct Left<'a> {
    kind: &'a str,
    shape: &'a str,
    side: &'a [String],
    read: Option<&'a PartitionRow>,
    write: Option<&'a PartitionRow>,
    /// How many sides are left with the same.
    sides: usize,
    /// The fewest and the most nodes that one of them has.
    nodes: (usize, usize),
    /// In how many of them a leader must change first, and the longest that takes in half of the cases.
    outages: (usize, f64),
}

impl Left<'_> {
    /// What is the same in sides that are told in one line: the names and the number of nodes do not count,
    /// nor whether the leader was among them.
    fn key(&self) -> (&str, [Option<OperationLeft<'_>>; 2]) {
        (self.kind, [self.read, self.write].map(left_with))
    }

    fn with(&mut self, row: &PartitionRow) {
        if let Some(outage) = &row.outage_ms {
            self.outages = (1, self.outages.1.max(outage.p50));
        }
    }

    fn fold(&mut self, other: &Self) {
        self.sides += other.sides;
        self.nodes.0 = self.nodes.0.min(other.nodes.0);
        self.nodes.1 = self.nodes.1.max(other.nodes.1);
        self.outages.0 += other.outages.0;
        self.outages.1 = self.outages.1.max(other.outages.1);
    }

    fn nodes(&self) -> String {
        match self.nodes {
            (fewest, most) if fewest == most => fewest.to_string(),
            (fewest, most) => format!("{fewest}–{most}"),
        }
    }

    /// As long as in the slowest of the sides; at most that, if some need no other leader.
    fn outage(&self) -> Option<String> {
        let (sides, slowest) = self.outages;
        match sides {
            0 => None,
            _ if sides == self.sides => Some(format!("{slowest:.0} ms")),
            _ => Some(format!("≤{slowest:.0} ms")),
        }
    }
}

/// Who is answered, and what is kept.
type OperationLeft<'a> = (&'a str, Option<&'a str>);

fn left_with(row: Option<&PartitionRow>) -> Option<OperationLeft<'_>> {
    row.map(|row| (word(row), row.model.as_deref()))
}

/// The word, without the names of nodes.
fn word(row: &PartitionRow) -> &str {
    row.availability.split([' ', '{']).next().unwrap_or("")
}

/// The two operations of each side beside each other.
fn sides(rows: &[PartitionRow]) -> Vec<Left<'_>> {
    let mut sides: Vec<Left<'_>> = Vec::new();
    for row in rows {
        let known = sides
            .iter()
            .position(|left| left.shape == row.shape && left.side == row.side);
        let place = known.unwrap_or(sides.len());
        if known.is_none() {
            sides.push(Left {
                kind: &row.kind,
                shape: &row.shape,
                side: &row.side,
                read: None,
                write: None,
                sides: 1,
                nodes: (row.side.len(), row.side.len()),
                outages: (0, 0.0),
            });
        }
        if let Some(left) = sides.get_mut(place) {
            left.with(row);
            match row.operation.as_str() {
                "read" => left.read = Some(row),
                _ => left.write = Some(row),
            }
        }
    }
    sides
}

/// A line for each kind of shape and what is left in it. If that is the same in all, one line.
fn folded(sides: Vec<Left<'_>>) -> Vec<Left<'_>> {
    let mut folded: Vec<Left<'_>> = Vec::new();
    for left in sides {
        match folded.iter_mut().find(|known| known.key() == left.key()) {
            Some(known) => known.fold(&left),
            None => folded.push(left),
        }
    }
    // Lines of one kind stand beside each other, in the order in which the kinds came.
    let kinds: Vec<&str> = folded.iter().map(|left| left.kind).collect();
    folded.sort_by_key(|left| kinds.iter().position(|kind| *kind == left.kind));
    let mut others = folded.iter();
    let is_one = others
        .next()
        .is_some_and(|first| folded.len() > 1 && others.all(|left| left.key().1 == first.key().1));
    if is_one && let Some(mut all) = folded.pop() {
        for left in &folded {
            all.fold(left);
        }
        all.kind = "all of them";
        return vec![all];
    }
    folded
}

/// What is left in each kind of shape; and, if it is asked for, why.
fn partitions(rows: &[PartitionRow], explain: bool) {
    let folded = folded(sides(rows));
    let cell = |row: Option<&PartitionRow>| {
        row.map(|row| match &row.model {
            Some(model) => format!("{}, {model}", word(row)),
            None => word(row).to_owned(),
        })
    };
    let each = || folded.iter();
    print(&lines(&[
        Column::new(
            "  partition",
            22,
            each().map(|left| Some(format!("  {}", left.kind))),
        ),
        Column::new("sides", 5, each().map(|left| Some(left.sides.to_string()))),
        Column::new("nodes", 7, each().map(|left| Some(left.nodes()))),
        Column::new("reads", 26, each().map(|left| cell(left.read))),
        Column::new("writes", 26, each().map(|left| cell(left.write))),
        Column::new("outage", 9, each().map(Left::outage)),
    ]));
    if explain {
        for row in rows {
            let side = row.side.join(" ");
            say!(
                "{}",
                wrapped(
                    &format!(
                        "{}, {} with {side}: {}: {}",
                        row.shape, row.operation, row.availability, row.because
                    ),
                    4
                )
            );
            if let Some(witness) = &row.witness {
                say!("{}", wrapped(witness, 6));
            }
        }
    }
}

fn told(claim: &Claim, explain: bool) {
    let (tone, mark) = if claim.is_confirmed {
        (Tone::Good, "confirmed")
    } else {
        (Tone::Doubtful, "not confirmed")
    };
    say!(
        "  {:<5} {}/{}  {}",
        claim.operation,
        claim.in_partition,
        claim.otherwise,
        paint(tone, mark)
    );
    if explain {
        say!("{}", wrapped(&claim.witness, 4));
    }
}
