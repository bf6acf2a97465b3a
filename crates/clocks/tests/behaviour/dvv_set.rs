//! Siblings against a model that keeps whole causal histories, and bugs of other stores that this one
//! does not have.

use std::collections::{BTreeMap, BTreeSet};

use clocks::wire::Wire;
use clocks::{Actor, Causality, ClockError, Defect, DvvSet, ReadContext};
use quickcheck::{Arbitrary, Gen};

type Set = DvvSet<u8, u64>;

/// A write by its number; values are the numbers of their writes.
type Writes = BTreeSet<u64>;

/// A replica that remembers every write it knows, and which were overwritten.
#[derive(Clone, Default, Debug, PartialEq)]
struct Model {
    known: Writes,
    overwritten: Writes,
}

impl Model {
    fn write(&mut self, seen: &Writes, write: u64) {
        self.remove(seen);
        self.known.insert(write);
    }

    fn remove(&mut self, seen: &Writes) {
        self.known.extend(seen);
        self.overwritten.extend(seen);
    }

    fn merge(&mut self, other: &Self) {
        self.known.extend(&other.known);
        self.overwritten.extend(&other.overwritten);
    }

    fn values(&self) -> Writes {
        self.known.difference(&self.overwritten).copied().collect()
    }

    fn is_at_most(&self, other: &Self) -> bool {
        self.known.is_subset(&other.known) && self.overwritten.is_subset(&other.overwritten)
    }
}

fn values(set: &Set) -> Writes {
    set.values().copied().collect()
}

/// The replicas, and what each client has read, beside the model of both.
struct World {
    sets: Vec<Set>,
    models: Vec<Model>,
    read: Vec<(ReadContext<u8>, Writes)>,
    /// What each write had seen.
    seen: BTreeMap<u64, Writes>,
}

impl World {
    fn new(servers: usize, clients: usize) -> Self {
        Self {
            sets: vec![Set::new(); servers],
            models: vec![Model::default(); servers],
            read: vec![<(ReadContext<u8>, Writes)>::default(); clients],
            seen: BTreeMap::new(),
        }
    }

    /// One read, write, blind write, removal or merge, at random.
    fn step(&mut self, g: &mut Gen) {
        let server = usize::arbitrary(g) % self.sets.len();
        let client = usize::arbitrary(g) % self.read.len();
        match u8::arbitrary(g) % 9 {
            0 => {
                let set = &self.sets[server];
                self.read[client] = (set.context(), self.models[server].known.clone());
            }
            1 => {
                let (context, seen) = &mut self.read[client];
                context.merge(&self.sets[server].context());
                seen.extend(&self.models[server].known);
            }
            2 | 3 => self.write(server, self.read[client].clone()),
            4 => self.write(server, (ReadContext::new(), Writes::new())),
            5 => {
                let (context, seen) = &self.read[client];
                let before = self.sets[server].clone();
                let changed = self.sets[server].remove(context, &(server as u8)).unwrap();
                self.models[server].remove(seen);
                assert_eq!(changed, before != self.sets[server]);
            }
            _ => {
                let source = usize::arbitrary(g) % self.sets.len();
                let before = self.sets[server].clone();
                let (other, model) = (self.sets[source].clone(), self.models[source].clone());
                let changed = self.sets[server].merge(&other).unwrap();
                self.models[server].merge(&model);
                assert_eq!(changed, before != self.sets[server]);
            }
        }
    }

    fn write(&mut self, server: usize, (context, seen): (ReadContext<u8>, Writes)) {
        let write = self.seen.len() as u64;
        let dot = self.sets[server]
            .update(&context, &(server as u8), write)
            .unwrap();
        assert!(!context.contains(&dot) && self.sets[server].contains(&dot));
        self.models[server].write(&seen, write);
        self.seen.insert(write, seen);
    }
}

#[test]
fn values_are_exactly_the_writes_that_no_known_write_had_seen() {
    for seed in 0..300 {
        let g = &mut Gen::from_size_and_seed(10, seed);
        let mut world = World::new(3, 4);
        for _ in 0..60 {
            world.step(g);
            for (set, model) in world.sets.iter().zip(&world.models) {
                assert_eq!(values(set), model.values(), "seed {seed}");
                assert_eq!(set.len(), model.values().len(), "seed {seed}");
            }
        }
        for (a, model_a) in world.sets.iter().zip(&world.models) {
            for (b, model_b) in world.sets.iter().zip(&world.models) {
                let expected = match (model_a.is_at_most(model_b), model_b.is_at_most(model_a)) {
                    (true, true) => Causality::Equal,
                    (true, false) => Causality::Before,
                    (false, true) => Causality::After,
                    (false, false) => Causality::Concurrent,
                };
                assert_eq!(a.compare(b), expected, "seed {seed}: {a:?} and {b:?}");
                assert_eq!(a.happened_before(b), expected == Causality::Before);
                assert_eq!(a.is_concurrent(b), expected == Causality::Concurrent);
                assert_eq!(a == b, expected == Causality::Equal);
            }
        }
    }
}

#[test]
fn siblings_are_always_concurrent_writes() {
    for seed in 0..100 {
        let g = &mut Gen::from_size_and_seed(10, seed);
        let mut world = World::new(3, 4);
        for _ in 0..60 {
            world.step(g);
        }
        for set in &world.sets {
            for a in set.values() {
                assert!(
                    set.values().all(|b| !world.seen[b].contains(a)),
                    "seed {seed}: {a}"
                );
            }
        }
    }
}

#[test]
fn a_value_that_is_gone_never_comes_back() {
    for seed in 0..100 {
        let g = &mut Gen::from_size_and_seed(10, seed);
        let mut world = World::new(3, 4);
        let mut gone = vec![Writes::new(); 3];
        for _ in 0..80 {
            let before: Vec<Writes> = world.sets.iter().map(values).collect();
            world.step(g);
            for (server, set) in world.sets.iter().enumerate() {
                gone[server].extend(before[server].difference(&values(set)));
                assert!(values(set).is_disjoint(&gone[server]), "seed {seed}");
            }
        }
    }
}

/// A set of two actors with all their writes up to the counters, of which the last few have values.
fn set_of(shape: [(u64, u64); 2]) -> Set {
    let mut bytes = Vec::new();
    let present = (0..2_u8).filter(|&actor| shape[usize::from(actor)].0 > 0);
    clocks::wire::write_count(present.clone().count(), &mut bytes);
    let mut previous = None;
    for actor in present {
        clocks::wire::WireActor::encode_after(&actor, previous.as_ref(), &mut bytes);
        previous = Some(actor);
        let (counter, live) = shape[usize::from(actor)];
        bytes.extend([counter as u8, live as u8]);
        let newest_first = (0..live).map(|back| actor * 10 + (counter - back) as u8);
        bytes.extend(newest_first);
    }
    Set::from_bytes(&bytes).unwrap()
}

/// Every number of writes up to 3 and of live values among them, for two actors: 100 sets.
fn all_small() -> Vec<([(u64, u64); 2], Set)> {
    let one: Vec<(u64, u64)> = (0..=3).flat_map(|n| (0..=n).map(move |l| (n, l))).collect();
    let pairs = one.iter().flat_map(|&a| one.iter().map(move |&b| [a, b]));
    pairs.map(|shape| (shape, set_of(shape))).collect()
}

fn merged(a: &Set, b: &Set) -> Set {
    let mut merged = a.clone();
    let changed = merged.merge(b).unwrap();
    assert_eq!(changed, merged != *a);
    merged
}

#[test]
fn merge_is_the_join_of_writes_and_overwritten_writes_for_all_small_sets() {
    let all = all_small();
    for (shape_a, a) in &all {
        for (shape_b, b) in &all {
            let joined: Vec<(u64, u64)> = (shape_a.iter().zip(shape_b))
                .map(|(a, b)| {
                    let counter = a.0.max(b.0);
                    (counter, counter - (a.0 - a.1).max(b.0 - b.1))
                })
                .collect();
            let join = merged(a, b);
            assert_eq!(join, set_of([joined[0], joined[1]]), "{a:?} and {b:?}");
            assert_eq!(
                a.compare(&join).ordering().map(|order| order.is_le()),
                Some(true)
            );
            assert_eq!(a.compare(b), b.compare(a).reverse());
            assert_eq!(a.compare(b) == Causality::Equal, a == b);
            assert_eq!(
                a.happened_before(b),
                a != b && join == *b,
                "{a:?} and {b:?}"
            );
            assert_eq!(Set::from_bytes(&join.to_bytes()), Ok(join));
        }
    }
}

#[test]
fn merge_is_commutative_associative_and_idempotent() {
    let all: Vec<Set> = all_small()
        .into_iter()
        .map(|(_, set)| set)
        .step_by(2)
        .collect();
    for a in &all {
        assert_eq!(merged(a, a), *a);
        for b in &all {
            let joined = merged(a, b);
            assert_eq!(joined, merged(b, a));
            for c in &all {
                assert_eq!(merged(&joined, c), merged(a, &merged(b, c)));
            }
        }
    }
}

/// A server with one version vector for all siblings together: a write whose context is not the
/// current vector is taken for concurrent with everything.
#[derive(Default)]
struct PlainVersionVector {
    counter: u64,
    siblings: Vec<u64>,
}

impl PlainVersionVector {
    fn write(&mut self, context: u64, value: u64) {
        if context == self.counter {
            self.siblings.clear();
        }
        self.counter += 1;
        self.siblings.push(value);
    }
}

/// riak_kv #746: two clients that read and write by turns made siblings without end, though never more
/// than two writes are concurrent.
#[test]
fn interleaved_read_and_write_cycles_never_explode() {
    let (mut dotted, mut plain) = (Set::new(), PlainVersionVector::default());
    let mut read = [dotted.context(), dotted.context()];
    let mut plain_read = [0, 0];
    for round in 0..100_usize {
        // Each has read before the other's last write, and so is always one behind.
        let client = round % 2;
        dotted.update(&read[client], &0, round as u64).unwrap();
        plain.write(plain_read[client], round as u64);
        read[client] = dotted.context();
        plain_read[client] = plain.counter;
        assert!(dotted.len() <= 2, "round {round}");
    }
    assert!(
        plain.siblings.len() > 90,
        "the plain vector explodes: {}",
        plain.siblings.len()
    );
}

#[test]
fn siblings_never_outnumber_the_clients_of_a_server_that_read_before_they_write() {
    for seed in 0..50 {
        let g = &mut Gen::from_size_and_seed(10, seed);
        let clients = 1 + usize::arbitrary(g) % 5;
        let mut set = Set::new();
        let mut read: Vec<Option<ReadContext<u8>>> = vec![None; clients];
        for write in 0..200 {
            let client = usize::arbitrary(g) % clients;
            match read[client].take() {
                None => read[client] = Some(set.context()),
                Some(context) => {
                    set.update(&context, &0, write).unwrap();
                }
            }
            assert!(set.len() <= clients, "seed {seed}");
        }
    }
}

/// riak_kv #679, #1094, #1643, and #1027 (lives told apart by the second only): a server lost its state and counted from 1 again, so that its new writes had
/// the names of old ones, and vanished with the next merge.
#[test]
fn a_write_after_a_loss_of_state_survives_under_the_next_incarnation() {
    let blind = ReadContext::new();
    let life = Actor::new("paris", 1);
    let mut rome = DvvSet::new();
    for number in 1..=3 {
        rome.update(&rome.context(), &life, number).unwrap();
    }

    // Without a new incarnation the write is lost.
    let mut amnesiac = DvvSet::new();
    amnesiac.update(&blind, &life, 99).unwrap();
    amnesiac.merge(&rome).unwrap();
    assert!(amnesiac.values().eq(&[3]), "what this test is about");

    // With one it stays beside what the server has forgotten.
    let mut restored = DvvSet::new();
    let next_life = life.next_life().unwrap();
    restored.update(&blind, &next_life, 99).unwrap();
    restored.merge(&rome).unwrap();
    rome.merge(&restored).unwrap();
    assert!(restored.values().eq(&[3, 99]));
    assert_eq!(restored, rome);
}

/// The same loss, noticed: a client remembers more of the server than the server does.
#[test]
fn a_context_that_is_ahead_of_its_server_is_refused_and_the_value_handed_back() {
    let mut rome = DvvSet::new();
    rome.update(&ReadContext::new(), &"paris", 1).unwrap();
    rome.update(&rome.context(), &"paris", 2).unwrap();
    let context = rome.context();

    let mut amnesiac = DvvSet::new();
    let error = ClockError::ContextAhead {
        claimed: 2,
        known: 0,
    };
    let refused = amnesiac.update(&context, &"paris", 3).unwrap_err();
    assert_eq!((refused.value, refused.error), (3, error.clone()));
    assert_eq!(amnesiac.remove(&context, &"paris"), Err(error));
    assert_eq!(amnesiac, DvvSet::new());
    assert!(!amnesiac.covers(&context) && rome.covers(&context));
}

/// rust-crdt #160: a removal whose context carries no new dot was dropped in silence.
#[test]
fn a_removal_needs_no_dot_of_its_own() {
    let mut paris = Set::new();
    paris.update(&ReadContext::new(), &0, 1).unwrap();
    let mut rome = paris.clone();
    rome.update(&ReadContext::new(), &1, 2).unwrap();

    assert_eq!(paris.remove(&paris.context(), &0), Ok(true));
    assert!(paris.is_empty());
    assert_eq!(rome.merge(&paris), Ok(true));
    assert_eq!(values(&rome), [2].into(), "only what the remover had seen");
    paris.merge(&rome).unwrap();
    assert_eq!(paris, rome);
}

/// rust-crdt #56: a context is lent, not used up, and two writes with one context are concurrent.
#[test]
fn a_context_used_twice_makes_siblings_not_losses() {
    let mut set = Set::new();
    set.update(&ReadContext::new(), &0, 1).unwrap();
    let context = set.context();
    set.update(&context, &0, 2).unwrap();
    set.update(&context, &0, 3).unwrap();
    assert_eq!(values(&set), [2, 3].into());
}

/// The reference keeps the winner under the last dot of its actor, so that replicas that chose and
/// replicas that did not could hold different values for one dot, for ever.
#[test]
fn a_reconciled_value_reaches_every_replica() {
    let mut paris = Set::new();
    for value in [7, 5] {
        paris.update(&ReadContext::new(), &0, value).unwrap();
    }
    let mut rome = paris.clone();
    let chosen = paris.last_writer_wins(Ord::cmp).copied().unwrap();
    assert_eq!((chosen, paris.len()), (7, 2), "a choice changes nothing");
    paris
        .reconcile(&0, |siblings| siblings.copied().max().unwrap())
        .unwrap();
    assert_eq!(rome.merge(&paris), Ok(true));
    assert_eq!(values(&rome), [7].into());
    assert_eq!(rome, paris);
}

#[test]
fn equal_siblings_have_the_same_winner_at_every_replica() {
    let mut set = DvvSet::new();
    for (actor, value) in [(1, "b"), (0, "a"), (1, "c")] {
        set.update(&ReadContext::new(), &actor, value).unwrap();
    }
    let winner = set.last_writer_wins(|_, _| std::cmp::Ordering::Equal);
    assert_eq!(winner, set.values().last());
}

/// The number of a hostile context: nothing wraps, nothing panics.
#[test]
fn a_claim_of_the_greatest_number_costs_a_server_its_numbers_and_nothing_else() {
    let forged: ReadContext<u8> = ReadContext::from_bytes(
        // Actor 1, counter u64::MAX.
        &[1, 1, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1],
    )
    .unwrap();
    assert_eq!(forged.get(&1), u64::MAX);
    let mut paris = Set::new();
    paris.update(&ReadContext::new(), &0, 1).unwrap();
    assert!(!paris.covers(&forged), "a strict server would stop here");
    paris.update(&forged, &0, 2).unwrap();
    assert_eq!(values(&paris), [1, 2].into());

    // The victim has no number left, and hands every value back.
    let mut rome = Set::new();
    rome.update(&ReadContext::new(), &1, 3).unwrap();
    rome.merge(&paris).unwrap();
    assert_eq!(
        values(&rome),
        [1, 2].into(),
        "its write is taken for overwritten"
    );
    let before = rome.clone();
    let refused = rome.update(&rome.context(), &1, 4).unwrap_err();
    assert_eq!(
        (refused.value, refused.error),
        (4, ClockError::CounterExhausted)
    );
    assert_eq!(rome, before);
    // Others go on.
    rome.update(&rome.context(), &2, 5).unwrap();
    assert_eq!(values(&rome), [5].into());
}

#[test]
fn siblings_above_the_limit_are_refused_and_a_reader_makes_room() {
    let mut set = Set::new();
    let blind = ReadContext::new();
    for value in 0..Set::SIBLINGS_MAX as u64 {
        set.update(&blind, &0, value).unwrap();
    }
    let error = ClockError::TooManySiblings {
        siblings: Set::SIBLINGS_MAX + 1,
        siblings_max: Set::SIBLINGS_MAX,
    };
    let refused = set.update(&blind, &0, 77).unwrap_err();
    assert_eq!((refused.value, refused.error), (77, error.clone()));

    let mut other = Set::new();
    other.update(&blind, &1, 88).unwrap();
    assert_eq!(set.merge(&other), Err(error));
    assert_eq!((set.len(), set.actors().len()), (Set::SIBLINGS_MAX, 1));

    set.update(&set.context(), &0, 99).unwrap();
    assert_eq!(values(&set), [99].into());
    set.merge(&other).unwrap();
    assert_eq!(values(&set), [88, 99].into());
}

#[test]
fn actors_above_the_limit_are_refused() {
    type Wide = DvvSet<u32, u64>;
    let mut bytes = Vec::new();
    clocks::wire::write_count(Wide::ACTORS_MAX, &mut bytes);
    for _ in 0..Wide::ACTORS_MAX {
        // The next actor, one write, no value.
        bytes.extend([0, 1, 0]);
    }
    let mut full = Wide::from_bytes(&bytes).unwrap();
    let error = ClockError::TooManyActors {
        actors: Wide::ACTORS_MAX + 1,
        actors_max: Wide::ACTORS_MAX,
    };
    let newcomer = u32::MAX;
    let refused = full.update(&ReadContext::new(), &newcomer, 1).unwrap_err();
    assert_eq!((refused.value, refused.error), (1, error.clone()));
    let mut other = Wide::new();
    other.update(&ReadContext::new(), &newcomer, 1).unwrap();
    assert_eq!(full.merge(&other), Err(error.clone()));
    assert_eq!(full.remove(&other.context(), &0), Err(error));
    assert!(
        full.update(&full.context(), &0, 1).is_ok(),
        "the old ones go on"
    );
}

#[test]
fn encodings_that_no_set_has_are_refused() {
    for (bytes, offset, defect) in [
        // An actor without a write.
        (&[1, 0, 0, 0][..], 2, Defect::ZeroCounter),
        // More values than writes.
        (&[1, 0, 1, 2, 5, 5], 3, Defect::TooMany),
        // More values than bytes.
        (&[1, 0, 9, 3, 5, 5], 3, Defect::TooMany),
        // More actors than bytes.
        (&[2, 0, 1, 0], 0, Defect::TooMany),
        (&[1, 0, 1, 1], 3, Defect::TooMany),
        (&[0, 0], 1, Defect::Surplus),
    ] {
        let refused = ClockError::Malformed { offset, defect };
        assert_eq!(Set::from_bytes(bytes), Err(refused), "{bytes:?}");
    }
}

#[test]
fn cut_encodings_are_refused_and_arbitrary_bytes_never_panic() {
    let mut world = World::new(3, 4);
    let g = &mut Gen::from_size_and_seed(10, 5);
    for _ in 0..60 {
        world.step(g);
    }
    for set in &world.sets {
        let bytes = set.to_bytes();
        assert_eq!(Set::from_bytes(&bytes).as_ref(), Ok(set));
        for end in 0..bytes.len() {
            assert!(Set::from_bytes(&bytes[..end]).is_err());
        }
        let context = set.context();
        assert_eq!(ReadContext::from_bytes(&context.to_bytes()), Ok(context));
    }
    for _ in 0..20_000 {
        let bytes: Vec<u8> = (0..12).map(|_| u8::arbitrary(g) % 6).collect();
        if let Ok(set) = Set::from_bytes(&bytes) {
            assert_eq!(set.to_bytes(), bytes, "one encoding for each set");
        }
    }
}

#[cfg(feature = "serde")]
#[test]
fn the_serde_form_is_returned_as_it_was_and_checked() {
    let mut set = Set::new();
    for actor in [1, 0, 1] {
        set.update(&ReadContext::new(), &actor, u64::from(actor))
            .unwrap();
    }
    let text = serde_json::to_string(&set).unwrap();
    let expected = concat!(
        r#"[{"actor":0,"counter":1,"values":[0]},"#,
        r#"{"actor":1,"counter":2,"values":[1,1]}]"#
    );
    assert_eq!(text, expected);
    assert_eq!(serde_json::from_str::<Set>(&text).unwrap(), set);
    for refused in [
        r#"[{"actor":0,"counter":0,"values":[]}]"#,
        r#"[{"actor":0,"counter":1,"values":[1,2]}]"#,
        r#"[{"actor":1,"counter":1,"values":[]},{"actor":1,"counter":1,"values":[]}]"#,
        r#"[{"actor":1,"counter":1,"values":[]},{"actor":0,"counter":1,"values":[]}]"#,
        r#"[{"actor":1,"counter":1,"values":[],"more":1}]"#,
    ] {
        assert!(serde_json::from_str::<Set>(refused).is_err(), "{refused}");
    }
    let context = set.context();
    let text = serde_json::to_string(&context).unwrap();
    assert_eq!(text, "[[0,1],[1,2]]");
    assert_eq!(
        serde_json::from_str::<ReadContext<u8>>(&text).unwrap(),
        context
    );
    assert!(serde_json::from_str::<ReadContext<u8>>("[[0,0]]").is_err());
}
