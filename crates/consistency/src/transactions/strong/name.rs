//! The names of cycles (Adya 1999; Kingsbury and Alvaro 2020), and the levels each excludes.

use super::{constraints::Kind, explain::Step};
use crate::Rule;

/// What a cycle is called by the dependencies on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::transactions) enum Phenomenon {
    Contradiction,
    WriteCycle,
    InformationFlow,
    LostUpdate,
    SingleAntidependency,
    LongFork,
    NonadjacentAntidependencies,
    WriteSkew,
    Antidependencies,
}

/// Orders of sessions and of time that a cycle needs besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::transactions) enum Besides {
    Nothing,
    Session,
    RealTime,
}

/// The name of a cycle.
pub(in crate::transactions) fn name(steps: &[Step]) -> Rule {
    phenomenon(steps).rule(besides(steps))
}

pub(in crate::transactions) fn besides(steps: &[Step]) -> Besides {
    let each = steps.iter().map(|step| match step.kind {
        Kind::RealTime => Besides::RealTime,
        Kind::Session => Besides::Session,
        _ => step
            .forced
            .map_or(Besides::Nothing, |forced| forced.besides),
    });
    each.max().unwrap_or(Besides::Nothing)
}

pub(in crate::transactions) fn phenomenon(steps: &[Step]) -> Phenomenon {
    let is_rw = |step: &Step| step.kind == Kind::Misses;
    let rw_count = steps.iter().filter(|step| is_rw(step)).count();
    let is_two = steps.len() == 2;
    let is_one_key = steps
        .iter()
        .all(|step| Some(step.key) == steps.first().map(|first| first.key));
    let are_adjacent = steps
        .iter()
        .zip(steps.iter().cycle().skip(1))
        .any(|(step, next)| is_rw(step) && is_rw(next));
    let reads_from = steps.iter().any(|step| step.kind == Kind::ReadsFrom);
    let is_plain = |step: &Step| matches!(step.kind, Kind::Session | Kind::RealTime);
    let mut forced = steps.iter().filter_map(|step| step.forced);
    let is_forced = forced.clone().next().is_some();
    if steps.iter().all(is_plain) {
        return Phenomenon::Contradiction;
    }
    if forced.any(|forced| forced.needs_missed) {
        return Phenomenon::Antidependencies;
    }
    match rw_count {
        // Where a forced order of versions is not the true one, a reader missed a write that was before it.
        0 if is_forced => Phenomenon::SingleAntidependency,
        0 if reads_from => Phenomenon::InformationFlow,
        0 => Phenomenon::WriteCycle,
        // Both read one version and both replace it: the one misses the other, which is overwritten or misses too.
        1 | 2 if is_two && is_one_key && !reads_from && besides(steps) == Besides::Nothing => {
            Phenomenon::LostUpdate
        }
        1 => Phenomenon::SingleAntidependency,
        2 if !are_adjacent && is_long_fork(steps) => Phenomenon::LongFork,
        _ if !are_adjacent => Phenomenon::NonadjacentAntidependencies,
        2 if is_two => Phenomenon::WriteSkew,
        _ => Phenomenon::Antidependencies,
    }
}

/// Two writes that two readers see in different orders: rw, wr, rw, wr.
fn is_long_fork(steps: &[Step]) -> bool {
    let alternates = |first: Kind, second: Kind| {
        let expected = [first, second, first, second];
        steps.iter().map(|step| step.kind).eq(expected)
    };
    alternates(Kind::Misses, Kind::ReadsFrom) || alternates(Kind::ReadsFrom, Kind::Misses)
}

impl Phenomenon {
    /// The name and what the rule forbids.
    pub(in crate::transactions) const fn rule(self, besides: Besides) -> Rule {
        let about = match self {
            Self::Contradiction => "a session whose order contradicts real time",
            Self::WriteCycle => "a circle of transactions that overwrite one another",
            Self::InformationFlow => {
                "a circle of transactions that read from or overwrite one another"
            }
            Self::LostUpdate => {
                "two writers of one key, one of which replaces the other's write without having seen it"
            }
            Self::SingleAntidependency => {
                "a circle of dependencies and one missed write: a write missed that comes before its reader"
            }
            Self::LongFork => "two readers that see two writes in different orders",
            Self::NonadjacentAntidependencies => {
                "a circle of dependencies and several missed writes, no two of them in a row"
            }
            Self::WriteSkew => "two transactions that each miss what the other writes",
            Self::Antidependencies => "a circle of dependencies and missed writes",
        };
        Rule {
            name: self.name(besides),
            about,
        }
    }

    const fn name(self, besides: Besides) -> &'static str {
        match (self, besides) {
            (Self::Contradiction, _) => "session-against-time",
            (Self::WriteCycle, Besides::Nothing) => "G0",
            (Self::WriteCycle, Besides::Session) => "G0-session",
            (Self::WriteCycle, Besides::RealTime) => "G0-realtime",
            (Self::InformationFlow, Besides::Nothing) => "G1c",
            (Self::InformationFlow, Besides::Session) => "G1c-session",
            (Self::InformationFlow, Besides::RealTime) => "G1c-realtime",
            (Self::LostUpdate, _) => "lost-update",
            (Self::SingleAntidependency, Besides::Nothing) => "G-single",
            (Self::SingleAntidependency, Besides::Session) => "G-single-session",
            (Self::SingleAntidependency, Besides::RealTime) => "G-single-realtime",
            (Self::LongFork, _) => "long-fork",
            (Self::NonadjacentAntidependencies, Besides::Nothing) => "G-nonadjacent",
            (Self::NonadjacentAntidependencies, Besides::Session) => "G-nonadjacent-session",
            (Self::NonadjacentAntidependencies, Besides::RealTime) => "G-nonadjacent-realtime",
            (Self::WriteSkew, _) => "write-skew",
            (Self::Antidependencies, Besides::Nothing) => "G2-item",
            (Self::Antidependencies, Besides::Session) => "G2-item-session",
            (Self::Antidependencies, Besides::RealTime) => "G2-item-realtime",
        }
    }
}
