//! What every pair of answers must satisfy.

use std::collections::BTreeMap;
use std::fmt::Debug;

use consistency::{Consistency, Judgement, ModelMap, Source};

/// What one check says: holds, is violated, or neither.
pub(crate) type Answer = Option<bool>;

pub(crate) fn answer<W>(judgement: &Judgement<W>) -> Answer {
    match judgement {
        Judgement::Holds(_) => Some(true),
        Judgement::Violated(_) => Some(false),
        Judgement::Unknown(reason) => panic!("{reason}"),
        Judgement::NotCheckable(_) => None,
    }
}

/// No model holds of which a weaker one is violated.
pub(crate) fn check_lattice(answers: &[(Consistency, Answer)], history: &dyn Debug) {
    for (stronger, held) in answers {
        for (weaker, kept) in answers {
            assert!(
                !(stronger.implies(*weaker) && *held == Some(true) && *kept == Some(false)),
                "{stronger} holds and {weaker} does not: {history:#?}"
            );
        }
    }
}

/// The map says what each check says alone, wherever that says anything, and follows only arrows of the lattice.
pub(crate) fn check_map(map: &ModelMap, answers: &[(Consistency, Answer)], history: &dyn Debug) {
    assert_eq!(map.rows.len(), answers.len());
    for (level, alone) in answers {
        let row = map.row(*level).expect("a row");
        let mapped = answer(&row.judgement);
        assert!(
            alone.is_none() || mapped == *alone,
            "{level}: {row:?} {history:#?}"
        );
        if let Source::FollowsFrom(other) = row.source {
            let is_arrow = match mapped {
                Some(true) => other.implies(*level),
                Some(false) => level.implies(other),
                None => false,
            };
            assert!(is_arrow && other != *level, "{row:?}");
        }
    }
    let strongest = map.strongest();
    for row in map.rows.iter().filter(|row| row.judgement.holds()) {
        assert!(strongest.iter().any(|it| it.implies(row.level)), "{row:?}");
    }
}

/// How many histories have which strongest models.
#[derive(Debug, Default)]
pub(crate) struct Counts(pub(crate) BTreeMap<Vec<&'static str>, u64>);

impl Counts {
    pub(crate) fn add(&mut self, map: &ModelMap) {
        let names = map.strongest().into_iter().map(Consistency::name);
        *self.0.entry(names.collect()).or_default() += 1;
    }

    pub(crate) fn all(&self) -> u64 {
        self.0.values().sum()
    }

    pub(crate) fn of(&self, names: &[&str]) -> u64 {
        let key = self.0.keys().find(|key| key.as_slice() == names);
        key.map_or(0, |key| self.0[key])
    }
}
