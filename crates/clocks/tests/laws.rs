//! Vector clocks form a join semilattice, their order is a partial order, and both agree with a
//! naive model: a map from slot to counter.

#[macro_use]
mod common;

use std::collections::BTreeMap;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use clocks::{Causality, ClockError, VectorClock};
use quickcheck::{Arbitrary, Gen};

const WIDTH: usize = 5;

/// A clock of `WIDTH` slots with counters small enough that all four answers are common.
#[derive(Clone, Debug)]
struct Small(VectorClock);

impl Arbitrary for Small {
    fn arbitrary(g: &mut Gen) -> Self {
        let counters: Vec<u64> = (0..WIDTH).map(|_| u64::arbitrary(g) % 3).collect();
        Self(VectorClock::from_counters(&counters).unwrap())
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        let clock = self.0.clone();
        Box::new(
            (0..clock.slots())
                .filter(move |&slot| clock.get(slot) > 0)
                .map({
                    let clock = self.0.clone();
                    move |slot| {
                        let mut counters = clock.as_slice().to_vec();
                        counters[slot] -= 1;
                        Self(VectorClock::from_counters(&counters).unwrap())
                    }
                }),
        )
    }
}

/// A clock of any width up to 80 slots, with zeros and the extremes of a counter among its
/// counters.
#[derive(Clone, Debug)]
struct Any(VectorClock);

impl Arbitrary for Any {
    fn arbitrary(g: &mut Gen) -> Self {
        let slots = usize::arbitrary(g) % 80;
        let counters: Vec<u64> = (0..slots)
            .map(|_| {
                *g.choose(&[0, 0, 0, 1, 2, u64::MAX / 2 + 1, u64::MAX - 1, u64::MAX])
                    .unwrap()
            })
            .collect();
        Self(VectorClock::from_counters(&counters).unwrap())
    }
}

fn join(a: &VectorClock, b: &VectorClock) -> VectorClock {
    let mut joined = a.clone();
    joined.merge(b).unwrap();
    joined
}

fn meet(a: &VectorClock, b: &VectorClock) -> VectorClock {
    let mut met = a.clone();
    met.meet(b).unwrap();
    met
}

fn hash(clock: &VectorClock) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(clock)
}

type Model = BTreeMap<usize, u64>;

/// What the clock says, without the zeros and the width.
fn model(clock: &VectorClock) -> Model {
    clock.iter().filter(|&(_, counter)| counter > 0).collect()
}

fn model_join(a: &Model, b: &Model) -> Model {
    let mut joined = a.clone();
    for (&slot, &counter) in b {
        let own = joined.entry(slot).or_insert(0);
        *own = (*own).max(counter);
    }
    joined
}

fn model_at_most(a: &Model, b: &Model) -> bool {
    a.iter()
        .all(|(slot, counter)| b.get(slot).is_some_and(|other| counter <= other))
}

fn model_compare(a: &Model, b: &Model) -> Causality {
    match (model_at_most(a, b), model_at_most(b, a)) {
        (true, true) => Causality::Equal,
        (true, false) => Causality::Before,
        (false, true) => Causality::After,
        (false, false) => Causality::Concurrent,
    }
}

laws! {
    fn merge_is_commutative(a: Small, b: Small) -> bool {
        join(&a.0, &b.0) == join(&b.0, &a.0)
    }

    fn merge_is_associative(a: Small, b: Small, c: Small) -> bool {
        join(&join(&a.0, &b.0), &c.0) == join(&a.0, &join(&b.0, &c.0))
    }

    fn merge_is_idempotent(a: Any, b: Small) -> bool {
        join(&a.0, &a.0) == a.0 && join(&b.0, &b.0) == b.0
    }

    fn merge_is_inflationary(a: Small, b: Small) -> bool {
        let joined = join(&a.0, &b.0);
        a.0 <= joined && b.0 <= joined
    }

    fn merge_is_the_least_upper_bound(a: Small, b: Small, bound: Small) -> bool {
        let is_bound = a.0 <= bound.0 && b.0 <= bound.0;
        is_bound == (join(&a.0, &b.0) <= bound.0)
    }

    fn the_order_is_that_of_the_semilattice(a: Small, b: Small) -> bool {
        (a.0 <= b.0) == (join(&a.0, &b.0) == b.0)
    }

    fn the_clock_without_events_is_the_identity_of_merge(a: Any) -> bool {
        let bottom = VectorClock::default();
        join(&a.0, &bottom) == a.0 && bottom <= a.0
    }

    fn merge_says_whether_it_changed_anything(a: Small, b: Small) -> bool {
        let mut merged = a.0.clone();
        let changed = merged.merge(&b.0).unwrap();
        changed == (merged != a.0)
    }

    fn meet_is_commutative_at_any_widths(a: Any, b: Any, c: Small, d: Small) -> bool {
        meet(&a.0, &b.0) == meet(&b.0, &a.0) && meet(&c.0, &d.0) == meet(&d.0, &c.0)
    }

    fn meet_is_associative(a: Small, b: Small, c: Small) -> bool {
        meet(&meet(&a.0, &b.0), &c.0) == meet(&a.0, &meet(&b.0, &c.0))
    }

    fn meet_is_idempotent(a: Any, b: Small) -> bool {
        meet(&a.0, &a.0) == a.0 && meet(&b.0, &b.0) == b.0
    }

    fn merge_and_meet_absorb_each_other(a: Small, b: Small) -> bool {
        join(&a.0, &meet(&a.0, &b.0)) == a.0 && meet(&a.0, &join(&a.0, &b.0)) == a.0
    }

    fn merge_and_meet_distribute_over_each_other(a: Small, b: Small, c: Small) -> bool {
        let (a, b, c) = (&a.0, &b.0, &c.0);
        meet(a, &join(b, c)) == join(&meet(a, b), &meet(a, c))
            && join(a, &meet(b, c)) == meet(&join(a, b), &join(a, c))
    }

    fn meet_is_the_greatest_lower_bound(a: Small, b: Small, bound: Small) -> bool {
        let is_bound = bound.0 <= a.0 && bound.0 <= b.0;
        is_bound == (bound.0 <= meet(&a.0, &b.0))
    }

    fn the_order_is_reflexive(a: Any) -> bool {
        a.0 <= a.0 && a.0.compare(&a.0) == Ok(Causality::Equal)
    }

    fn the_order_is_antisymmetric(a: Small, b: Small) -> bool {
        !(a.0 <= b.0 && b.0 <= a.0) || a.0 == b.0
    }

    fn the_order_is_transitive(a: Small, b: Small, c: Small) -> bool {
        // The join makes the premise common: b is above a, and c above b.
        let (b, c) = (join(&a.0, &b.0), join(&join(&a.0, &b.0), &c.0));
        a.0 <= b && b <= c && a.0 <= c
    }

    fn happened_before_is_transitive_for_unrelated_clocks(a: Small, b: Small, c: Small) -> bool {
        !(a.0 < b.0 && b.0 < c.0) || a.0 < c.0
    }

    fn comparing_the_other_way_round_reverses_the_answer(a: Any, b: Any) -> bool {
        a.0.compare(&b.0) == b.0.compare(&a.0).map(Causality::reverse)
    }

    fn every_comparison_agrees_with_the_map_model(a: Any, b: Any) -> bool {
        let expected = model_compare(&model(&a.0), &model(&b.0));
        a.0.compare(&b.0) == Ok(expected)
            && a.0.partial_cmp(&b.0) == expected.ordering()
            && (a.0 == b.0) == (expected == Causality::Equal)
            && a.0.happened_before(&b.0) == Ok(expected == Causality::Before)
            && a.0.is_concurrent(&b.0) == Ok(expected == Causality::Concurrent)
    }

    fn small_comparisons_agree_with_the_map_model(a: Small, b: Small) -> bool {
        a.0.compare(&b.0) == Ok(model_compare(&model(&a.0), &model(&b.0)))
    }

    fn merge_agrees_with_the_map_model_or_is_refused(a: Any, b: Any) -> bool {
        let mut merged = a.0.clone();
        let stranger = model(&b.0).into_keys().find(|&slot| slot >= a.0.slots());
        match (merged.merge(&b.0), stranger) {
            (Ok(changed), None) => {
                model(&merged) == model_join(&model(&a.0), &model(&b.0))
                    && merged.slots() == a.0.slots()
                    && changed == (merged != a.0)
            }
            (Err(error), Some(slot)) => {
                error == ClockError::UnknownSlot { slot, slots: a.0.slots() }
                    && merged.as_slice() == a.0.as_slice()
            }
            _ => false,
        }
    }

    fn receive_is_merge_then_tick_or_changes_nothing(a: Any, b: Any, slot: usize) -> bool {
        let slot = slot % 80;
        let mut stepwise = a.0.clone();
        let expected = stepwise.merge(&b.0).and_then(|_| stepwise.tick(slot));
        let mut received = a.0.clone();
        let result = received.receive(slot, &b.0);
        match (&result, &expected) {
            (Ok(_), Ok(_)) => {
                result == expected
                    && received.as_slice() == stepwise.as_slice()
                    && a.0 < received
                    && b.0 < received
            }
            (Err(_), Err(_)) => result == expected && received.as_slice() == a.0.as_slice(),
            _ => false,
        }
    }

    fn tick_counts_one_event_or_changes_nothing(a: Any, slot: usize) -> bool {
        let slot = slot % 80;
        let mut ticked = a.0.clone();
        match ticked.tick(slot) {
            Ok(dot) => {
                let counter = dot.number();
                counter - 1 == a.0.get(slot)
                    && a.0 < ticked
                    && ticked.iter().all(|(s, c)| c == if s == slot { counter } else { a.0.get(s) })
            }
            Err(error) => {
                let expected = if slot < a.0.slots() {
                    ClockError::CounterExhausted
                } else {
                    ClockError::UnknownSlot { slot, slots: a.0.slots() }
                };
                error == expected && ticked.as_slice() == a.0.as_slice()
            }
        }
    }

    fn trailing_zeros_change_neither_equality_nor_hash_nor_order(a: Any, b: Any, more: u8) -> bool {
        let mut counters = a.0.as_slice().to_vec();
        counters.resize(counters.len() + usize::from(more), 0);
        let wider = VectorClock::from_counters(&counters).unwrap();
        wider == a.0 && hash(&wider) == hash(&a.0) && wider.compare(&b.0) == a.0.compare(&b.0)
    }

    fn clone_from_gives_the_source_at_any_width(a: Any, b: Any) -> bool {
        let mut target = a.0.clone();
        target.clone_from(&b.0);
        target.as_slice() == b.0.as_slice()
    }
}
