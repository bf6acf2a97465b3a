//! Repair: finds what differs, both ways, for the price of the difference, and then falls silent.

use std::time::Duration;

use consistency::eventual::{Config, EventualStore, KeyVersions, Message, Versions};
use transport::{
    Context, Effect, Effects, Input, NodeId, Process, Recover, Scripted, Stored, Time, Token,
};

use crate::world::{World, checkpoint, config, empty};

/// Two replicas that see each other's messages at once, without requests and without a clock.
struct Pair {
    stores: [EventualStore; 2],
    effects: [Effects<EventualStore>; 2],
    messages: usize,
    items: usize,
    parts: usize,
    bytes: usize,
}

impl Pair {
    fn new(items: [Vec<KeyVersions>; 2]) -> Self {
        let mut id = 0;
        let stores = items.map(|items| {
            let record = checkpoint(2, items);
            let stored = Stored {
                token: Token(1),
                record,
            };
            let store = EventualStore::recover(&config(id, 2), vec![stored]).unwrap();
            id += 1;
            store
        });
        Self {
            stores,
            effects: [Effects::resume(Token(1)), Effects::resume(Token(1))],
            messages: 0,
            items: 0,
            parts: 0,
            bytes: 0,
        }
    }

    fn step(&mut self, place: usize, input: Input<EventualStore>, now: Time) -> Vec<Message> {
        let mut choices = Scripted::default();
        let mut cx = Context::new(now, now, &mut choices, &mut self.effects[place]);
        self.stores[place].step(input, &mut cx);
        let effects: Vec<_> = self.effects[place].drain().collect();
        let newest = self.effects[place].last_token();
        let mut choices = Scripted::default();
        let mut cx = Context::new(now, now, &mut choices, &mut self.effects[place]);
        self.stores[place].step(Input::Durable(newest), &mut cx);
        let sent = effects.into_iter().filter_map(|effect| match effect {
            Effect::Send { message, .. } => Some(message),
            _ => None,
        });
        sent.collect()
    }

    /// The exchange that the first replica opens, to its end.
    fn exchange(&mut self) {
        self.step(0, Input::Start, Time::ZERO);
        let opened = self.step(0, Input::Wake, Time::from_millis(1_000_000));
        assert_eq!(opened.len(), 1);
        let mut queue: std::collections::VecDeque<_> = opened.into_iter().map(|m| (1, m)).collect();
        while let Some((to, message)) = queue.pop_front() {
            self.messages += 1;
            assert!(self.messages < 10_000, "it ends");
            match &message {
                Message::Versions { items, .. } => self.items += items.len(),
                Message::Compare { parts } => {
                    self.parts = self.parts.max(parts.len());
                }
            }
            self.bytes += weigh(&message);
            let from = NodeId(1 - to as u32);
            let sent = self.step(to, Input::Message { from, message }, Time::ZERO);
            queue.extend(sent.into_iter().map(|message| (1 - to, message)));
        }
    }

    fn equal(&self) -> bool {
        self.stores[0].iter().eq(self.stores[1].iter())
    }
}

fn weigh(message: &Message) -> usize {
    use consistency::eventual::Content;
    match message {
        Message::Versions { items, .. } => items
            .iter()
            .map(|item| {
                let values: usize = item.versions.values().map(|value| value.len() + 16).sum();
                item.key.len() + 8 * item.versions.context().slots() + values
            })
            .sum(),
        Message::Compare { parts } => parts
            .iter()
            .map(|part| {
                let to = part.span.to.as_ref().map_or(0, |to| to.len());
                let content = match &part.content {
                    Content::Sum(_) => 8,
                    Content::Keys(keys) => keys.iter().map(|(key, _)| key.len() + 8).sum(),
                };
                part.span.from.len() + to + content
            })
            .sum(),
    }
}

fn item(number: usize, slot: usize, value: &str) -> KeyVersions {
    let mut versions = Versions::new(2).unwrap();
    versions.put(slot, &empty(), value.into()).unwrap();
    let key = format!("key{number:06}").as_str().into();
    KeyVersions { key, versions }
}

fn items(count: usize) -> Vec<KeyVersions> {
    (0..count).map(|number| item(number, 0, "value")).collect()
}

#[test]
fn one_exchange_repairs_both_replicas() {
    for count in [1, 10, 17, 300, 1_000] {
        // Each has a key that the other lacks, and one in which both went on.
        let (mut a, mut b) = (items(count), items(count));
        a.push(item(count, 0, "of a"));
        b.push(item(count + 1, 1, "of b"));
        a[0].versions.put(0, &empty(), "more of a".into()).unwrap();
        b[0].versions.put(1, &empty(), "more of b".into()).unwrap();
        let mut pair = Pair::new([a, b]);
        pair.exchange();
        assert!(pair.equal(), "{count} keys");
        assert_eq!(pair.stores[0].keys_len(), count + 2);
        let both = pair.stores[1].versions(b"key000000").unwrap();
        assert_eq!(both.siblings().len(), 3);
    }
}

#[test]
fn what_only_the_peer_has_comes_back_in_the_same_exchange() {
    let mut pair = Pair::new([vec![], items(1)]);
    pair.exchange();
    assert!(pair.equal());
    let mut pair = Pair::new([items(1), vec![]]);
    pair.exchange();
    assert!(pair.equal());
}

#[test]
fn a_delete_that_one_side_missed_is_found_whichever_side_asks() {
    for side in [0, 1] {
        let mut both = [items(40), items(40)];
        let seen = both[side][7].versions.context().clone();
        both[side][7].versions.delete(&seen).unwrap();
        let mut pair = Pair::new(both);
        pair.exchange();
        assert!(pair.equal());
        assert!(
            pair.stores[0]
                .versions(b"key000007")
                .unwrap()
                .is_tombstone()
        );
    }
}

/// The figures are printed with `--nocapture`.
#[test]
fn bytes_grow_with_the_difference_and_hardly_with_the_store() {
    let mut bytes = vec![];
    for count in [1_000, 16_000] {
        for difference in [0, 1, 10] {
            let (a, mut b) = (items(count), items(count));
            for number in 0..difference {
                let place = number * count / 10;
                b[place].versions.put(1, &empty(), "new".into()).unwrap();
            }
            let mut pair = Pair::new([a, b]);
            pair.exchange();
            assert!(pair.equal());
            eprintln!(
                "{count} keys, {difference} differ: {} bytes, {} messages, {} keys sent",
                pair.bytes, pair.messages, pair.items
            );
            assert!(pair.items <= 2 * difference);
            bytes.push(pair.bytes);
        }
    }
    let [none, one, ten, none_large, one_large, ten_large] = bytes[..] else {
        panic!("six rows")
    };
    assert_eq!((none, none_large), (8, 8), "one sum");
    assert!(one < 2_000 && one_large < 3_000, "{one} {one_large}");
    assert!(
        ten < 10 * 2_000 && ten_large < 10 * 3_000,
        "{ten} {ten_large}"
    );
}

#[test]
fn replicas_that_differ_in_everything_are_repaired_page_by_page() {
    let (a, b) = (items(3_000), vec![]);
    for both in [[a.clone(), b.clone()], [b, a.clone()]] {
        let mut pair = Pair::new(both);
        pair.exchange();
        assert!(pair.equal());
        assert!(pair.parts <= 65, "{} parts", pair.parts);
    }
    let b = (0..3_000).map(|number| item(number, 1, "other")).collect();
    let mut pair = Pair::new([a, b]);
    pair.exchange();
    assert!(pair.equal());
    assert!(pair.parts <= 65, "{} parts", pair.parts);
    let siblings = |(_, versions): (_, &Versions)| versions.siblings().len();
    assert!(pair.stores[0].iter().map(siblings).all(|count| count == 2));
}

#[test]
fn a_page_has_a_bounded_number_of_keys_and_bytes() {
    let paged = |id| -> Config {
        config(id, 2)
            .page_keys_max(7)
            .and_then(|config| config.page_bytes_max(200))
            .unwrap()
    };
    let mut world = World::with(vec![paged(0), paged(1)], 1);
    world.isolate(0);
    for number in 0..100 {
        world.put(0, &format!("{number}"), "0123456789", &empty());
    }
    // Heavier than a page: it travels alone.
    world.put(0, "heavy", &"x".repeat(1_000), &empty());
    world.heal();
    world.run_until(World::converged);
    assert!(world.items_max <= 7, "{}", world.items_max);
    assert_eq!(world.store(1).keys_len(), 101);
}

#[test]
fn equal_replicas_exchange_one_small_message_per_interval_and_nothing_else() {
    let mut world = World::new(3, 1);
    for number in 0..50 {
        world.put(number % 3, &format!("{number}"), "v", &empty());
    }
    world.run_until(World::converged);
    world.run_for(Duration::from_secs(1));
    let (versions, compares) = (world.versions_sent, world.compares_sent);
    world.parts_max = 0;
    world.run_for(Duration::from_secs(30));
    assert_eq!(world.versions_sent, versions, "no data");
    let compares = world.compares_sent - compares;
    // An interval is drawn between 100 and 150 ms.
    assert!((3 * 200..=3 * 300).contains(&compares), "{compares}");
    assert_eq!(world.parts_max, 1);
}

#[test]
fn lost_replication_is_repaired() {
    let mut world = World::new(3, 1);
    world.loss_per_mille = 1_000;
    for number in 0..30 {
        world.put(number % 3, &format!("{number}"), "v", &empty());
    }
    world.loss_per_mille = 300;
    world.run_until(World::converged);
    assert_eq!(world.store(2).keys_len(), 30);
}
