//! The names of cycles (Adya 1999; Kingsbury and Alvaro 2020), and the levels each excludes.

use super::{constraints::Kind, explain::Step};
use crate::Rule;

/// What a cycle is called by the dependencies on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::transactions) enum Phenomenon {
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
    let has = |kind| steps.iter().any(|step| step.kind == kind);
    if has(Kind::RealTime) {
        Besides::RealTime
    } else if has(Kind::Session) {
        Besides::Session
    } else {
        Besides::Nothing
    }
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
    match rw_count {
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
    /// The name and what the rule asks.
    pub(in crate::transactions) const fn rule(self, besides: Besides) -> Rule {
        let about = match self {
            Self::WriteCycle => {
                "the writes of transactions do not overwrite one another in a circle"
            }
            Self::InformationFlow => {
                "no transaction reads, by way of others, what depends on itself"
            }
            Self::LostUpdate => "no two transactions read one version and both replace it",
            Self::SingleAntidependency => {
                "no transaction misses a write that comes before it by other dependencies"
            }
            Self::LongFork => "no two readers see two writes in different orders",
            Self::NonadjacentAntidependencies => {
                "no circle of dependencies in which no two missed writes follow one another"
            }
            Self::WriteSkew => "no two transactions each miss what the other writes",
            Self::Antidependencies => "no circle of dependencies and missed writes",
        };
        Rule {
            name: self.name(besides),
            about,
        }
    }

    const fn name(self, besides: Besides) -> &'static str {
        match (self, besides) {
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
