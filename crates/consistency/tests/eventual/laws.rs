//! Laws of the merge, on states that a cluster can reach: built by puts, deletes and merges, with
//! contexts that a client really got, at any replica and at any time.

use clocks::Dot;
use consistency::eventual::Versions;

use crate::world::Random;
use clocks::VectorClock;

const SLOTS: usize = 3;

/// Replicas of one key, everything they ever were, and every context a client ever got.
struct Trace {
    replicas: Vec<Versions>,
    history: Vec<Versions>,
    contexts: Vec<VectorClock>,
}

impl Trace {
    fn random(seed: u64, steps: u64) -> Self {
        let mut random = Random(seed);
        let fresh = Versions::new(SLOTS).unwrap();
        let mut trace = Self {
            replicas: vec![fresh.clone(); SLOTS],
            history: vec![fresh.clone()],
            contexts: vec![VectorClock::default(), fresh.context().clone()],
        };
        for step in 0..steps {
            let slot = random.below(SLOTS as u64) as usize;
            // Of this node's writes a client knows only those this node took.
            let own = trace.replicas[slot].context().get(slot);
            let known = |context: &&VectorClock| context.get(slot) <= own;
            let fit: Vec<&VectorClock> = trace.contexts.iter().filter(known).collect();
            let context = fit[random.below(fit.len() as u64) as usize].clone();
            let replica = &mut trace.replicas[slot];
            match random.below(4) {
                0 => {
                    let value = format!("v{step}").as_str().into();
                    replica.put(slot, &context, value).unwrap();
                }
                1 => {
                    replica.delete(&context).unwrap();
                }
                2 => {
                    // A late message: any state of the past.
                    let place = random.below(trace.history.len() as u64) as usize;
                    replica.merge(&trace.history[place]).unwrap();
                }
                _ => {
                    let other = random.below(SLOTS as u64) as usize;
                    let other = trace.replicas[other].clone();
                    trace.replicas[slot].merge(&other).unwrap();
                }
            }
            let now = trace.replicas[slot].clone();
            trace.contexts.push(now.context().clone());
            trace.history.push(now);
        }
        trace
    }
}

fn joined(a: &Versions, b: &Versions) -> Versions {
    let mut joined = a.clone();
    joined.merge(b).unwrap();
    joined
}

/// Three states of one trace, for many traces.
fn triples(mut judge: impl FnMut(&Versions, &Versions, &Versions)) {
    for seed in 0..1_500 {
        let steps = 1 + seed % 25;
        let trace = Trace::random(seed, steps);
        let mut random = Random(seed + 1_000_000);
        for _ in 0..20 {
            let mut pick = || &trace.history[random.below(trace.history.len() as u64) as usize];
            judge(pick(), pick(), pick());
        }
    }
}

#[test]
fn merge_is_commutative() {
    triples(|a, b, _| assert_eq!(joined(a, b), joined(b, a)));
}

#[test]
fn merge_is_associative() {
    triples(|a, b, c| assert_eq!(joined(&joined(a, b), c), joined(a, &joined(b, c))));
}

#[test]
fn merge_is_idempotent() {
    triples(|a, b, _| {
        let once = joined(a, b);
        assert_eq!(joined(&once, b), once);
        assert_eq!(joined(&once, a), once);
        let mut again = once.clone();
        assert!(!again.merge(b).unwrap(), "and says that nothing changed");
    });
}

#[test]
fn merge_is_inflationary_and_tells_whether_it_changed_something() {
    triples(|a, b, _| {
        let mut merged = a.clone();
        let has_changed = merged.merge(b).unwrap();
        assert_eq!(has_changed, merged != *a);
        assert!(a.context() <= merged.context() && b.context() <= merged.context());
        for sibling in merged.siblings() {
            // What is shown was shown on a side, and no side had seen it go.
            for side in [a, b] {
                let stands = side.sibling(sibling.dot).is_some();
                assert!(stands || !side.has_seen(sibling.dot));
            }
        }
        for sibling in a.siblings().iter().chain(b.siblings()) {
            let gone =
                |side: &Versions| side.has_seen(sibling.dot) && side.sibling(sibling.dot).is_none();
            let stands = merged.sibling(sibling.dot).is_some();
            assert_eq!(
                stands,
                !gone(a) && !gone(b),
                "dropped only if a side dropped it"
            );
        }
    });
}

/// The dotted clock against the plain definition: a set of writes, each with the set of writes that
/// its client had seen.
#[test]
fn siblings_are_the_writes_that_no_write_or_delete_replaced() {
    use std::collections::BTreeSet;
    #[derive(Clone, Default)]
    struct Naive {
        seen: BTreeSet<Dot<usize>>,
        gone: BTreeSet<Dot<usize>>,
    }
    for seed in 0..1_500_u64 {
        let mut random = Random(seed);
        let mut replicas = vec![Versions::new(SLOTS).unwrap(); SLOTS];
        let mut naive = vec![Naive::default(); SLOTS];
        // What clients were shown: a context, and the writes it stands for.
        let mut shown = vec![(VectorClock::default(), BTreeSet::new())];
        for step in 0..1 + seed % 30 {
            let slot = random.below(SLOTS as u64) as usize;
            let (context, covered) = shown[random.below(shown.len() as u64) as usize].clone();
            match random.below(4) {
                0 => {
                    let value = format!("v{step}").as_str().into();
                    let dot = replicas[slot].put(slot, &context, value).unwrap();
                    naive[slot]
                        .seen
                        .extend(covered.iter().copied().chain([dot]));
                    naive[slot].gone.extend(covered);
                }
                1 => {
                    replicas[slot].delete(&context).unwrap();
                    naive[slot].seen.extend(covered.iter().copied());
                    naive[slot].gone.extend(covered);
                }
                _ => {
                    let other = random.below(SLOTS as u64) as usize;
                    let (theirs, set) = (replicas[other].clone(), naive[other].clone());
                    replicas[slot].merge(&theirs).unwrap();
                    naive[slot].seen.extend(set.seen);
                    naive[slot].gone.extend(set.gone);
                }
            }
            let stand: Vec<Dot<usize>> = naive[slot]
                .seen
                .difference(&naive[slot].gone)
                .copied()
                .collect();
            let dots: Vec<Dot<usize>> = replicas[slot].siblings().iter().map(|s| s.dot).collect();
            assert_eq!(dots, stand, "seed {seed}, step {step}");
            shown.push((replicas[slot].context().clone(), naive[slot].seen.clone()));
        }
    }
}
