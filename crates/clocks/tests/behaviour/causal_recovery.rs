//! What a causal buffer names is enough to get what is missing, however little it holds; whoever fills
//! it can be thrown out; and a group changes without losing what was in flight.

use std::collections::BTreeSet;

use crate::broadcast::{Said, below, broadcast, check_next, listener, stamp};
use clocks::{
    CausalBuffer, CausalMessage, ClockError, Dot, Receipt, Roster, Stability, VectorClock,
};
use quickcheck::Gen;

fn dot(actor: usize, counter: u64) -> Dot<usize> {
    Dot::new(actor, counter).unwrap()
}

/// What the refusal of a full buffer tells to fetch.
fn needs(error: &ClockError) -> Option<Dot<usize>> {
    match error {
        ClockError::BufferFull { needs, .. } => *needs,
        other => panic!("{other}"),
    }
}

/// The held message waits for the first of 1, which needs the first of 2, which nobody asked for.
#[test]
fn a_full_buffer_says_what_the_message_that_it_waits_for_needs() {
    let mut buffer = CausalBuffer::new(stamp(&[0, 0, 0]), 0, 1).unwrap();
    assert_eq!(
        buffer.receive(1, stamp(&[0, 2, 1]), "b2"),
        Ok(Receipt::Held)
    );
    assert!(buffer.missing().eq([dot(1, 1)]));
    let b1 = buffer.receive(1, stamp(&[0, 1, 1]), "b1").unwrap_err();
    let error = ClockError::BufferFull {
        messages_max: 1,
        needs: Some(dot(2, 1)),
    };
    assert_eq!(b1.error, error);
    assert_eq!(
        error.to_string(),
        "1 messages wait, and no more may; message 2:1 is needed first"
    );
    buffer.receive(2, stamp(&[0, 0, 1]), "c1").unwrap();
    assert_eq!(buffer.pop().unwrap().message, "c1");
    let b1 = b1.value;
    assert_eq!(
        buffer.receive(b1.from, b1.stamp, b1.message),
        Ok(Receipt::Ready)
    );
    assert_eq!(buffer.pop().unwrap().message, "b1");
    assert_eq!(buffer.pop().unwrap().message, "b2");
}

/// Messages that wait for each other cannot be: no refusal names what is here already.
#[test]
fn a_refusal_names_nothing_that_is_here() {
    let mut buffer = CausalBuffer::new(stamp(&[0, 0, 0, 0]), 0, 2).unwrap();
    buffer.receive(1, stamp(&[0, 1, 1, 0]), "b1").unwrap();
    buffer.receive(2, stamp(&[0, 1, 1, 0]), "c1").unwrap();
    let refused = buffer.receive(3, stamp(&[0, 1, 1, 1]), "d1").unwrap_err();
    assert_eq!(needs(&refused.error), None);
    let refused = buffer.receive(3, stamp(&[0, 1, 1, 2]), "d2").unwrap_err();
    assert_eq!(needs(&refused.error), Some(dot(3, 1)));
}

/// An actor who asks the others for what its buffer names, and for nothing else.
struct Asking<'a> {
    all: &'a [Said],
    buffer: CausalBuffer<usize>,
    delivered: BTreeSet<(usize, u64)>,
    fetched: usize,
}

impl Asking<'_> {
    /// Offers a message, and tells what is needed first if it is refused.
    fn offer(&mut self, arrival: usize) -> Option<Dot<usize>> {
        let said = &self.all[arrival];
        let receipt = self.buffer.receive(said.dot.0, said.stamp.clone(), arrival);
        while let Some(message) = self.buffer.pop() {
            check_next(&mut self.delivered, &self.all[message.message]);
        }
        let error = receipt.err()?.error;
        // Nothing is ready, so it needs something.
        let needs = needs(&error).unwrap();
        let event = (needs.actor, needs.number());
        assert!(
            said.after.contains(&event),
            "{said:?} does not need {needs}"
        );
        assert!(!self.delivered.contains(&event), "{needs} was delivered");
        assert_eq!(self.buffer.waiting_for(needs), None, "{needs} is here");
        Some(needs)
    }

    /// Offers a message and, as long as refusals name one, that one.
    fn pursue(&mut self, arrival: usize) {
        let mut wanted = Some(arrival);
        let mut refusals = 0;
        while let Some(needs) = wanted.and_then(|arrival| self.offer(arrival)) {
            refusals += 1;
            assert!(refusals < self.buffer.delivered().slots());
            wanted = self.find(needs);
        }
    }

    /// The message that is named, from whoever has it.
    fn find(&mut self, dot: Dot<usize>) -> Option<usize> {
        self.fetched += 1;
        let mut all = self.all.iter();
        let arrival = all.position(|said| said.dot == (dot.actor, dot.number()));
        assert!(arrival.is_some(), "{dot} was never sent");
        arrival
    }
}

#[test]
fn who_fetches_only_what_the_buffer_names_delivers_everything() {
    let mut fetched = 0;
    for seed in 0..300 {
        let mut source = Gen::from_size_and_seed(8, seed);
        let actors = 1 + below(&mut source, 4);
        let messages_max = below(&mut source, 5) as u32;
        let all = broadcast(&mut source, actors, 30);
        let mut actor = Asking {
            all: &all,
            buffer: listener(actors, messages_max),
            delivered: BTreeSet::new(),
            fetched: 0,
        };
        // Only some of the last arrive by themselves, and what they need must be fetched.
        let arrived: Vec<usize> = (0..4).map(|_| 20 + below(&mut source, 10)).collect();
        for &arrival in &arrived {
            let mut tries = 0;
            while actor.offer(arrival).is_some() {
                actor.pursue(arrival);
                tries += 1;
                assert!(tries <= all.len(), "seed {seed}: stuck");
            }
        }
        let mut rounds = 0;
        while !actor.buffer.is_empty() {
            let missing: Vec<_> = actor.buffer.missing().collect();
            let before = (actor.delivered.len(), actor.buffer.len());
            // Any of them will do.
            let named = *source.choose(&missing).unwrap();
            let arrival = actor.find(named).unwrap();
            actor.pursue(arrival);
            let after = (actor.delivered.len(), actor.buffer.len());
            assert!(after.0 > before.0 || after.1 > before.1, "seed {seed}");
            rounds += 1;
            assert!(rounds <= 2 * all.len(), "seed {seed}: stuck");
        }
        for &arrival in &arrived {
            let said = &all[arrival];
            assert!(actor.delivered.contains(&said.dot), "seed {seed}");
            assert!(said.after.is_subset(&actor.delivered), "seed {seed}");
        }
        fetched += actor.fetched;
    }
    assert!(fetched > 1000, "only {fetched} messages had to be fetched");
}

#[test]
fn what_is_held_is_listed_with_what_it_waits_for_and_handed_back_at_the_end() {
    for seed in 0..200 {
        let mut source = Gen::from_size_and_seed(8, seed);
        let all = broadcast(&mut source, 3, 24);
        let mut buffer = listener(3, 100);
        let mut arrived = BTreeSet::new();
        for _ in 0..12 {
            let arrival = below(&mut source, 24);
            let said = &all[arrival];
            let _ = buffer.receive(said.dot.0, said.stamp.clone(), arrival);
            arrived.insert(arrival);
        }
        // Ready are those of which all that they need is here, and they are not listed.
        let here: BTreeSet<_> = arrived.iter().map(|&arrival| all[arrival].dot).collect();
        let waits = |&&arrival: &&usize| !all[arrival].after.is_subset(&here);
        let waiting: BTreeSet<usize> = arrived.iter().filter(waits).copied().collect();
        let mut listed = BTreeSet::new();
        for (held, needs) in buffer.held() {
            let said = &all[held.message];
            assert_eq!((held.from, &held.stamp), (said.dot.0, &said.stamp));
            assert_eq!(buffer.waiting_for(held.dot().unwrap()), Some(needs));
            assert!(said.after.contains(&(needs.actor, needs.number())));
            assert!(listed.insert(held.message), "listed twice");
        }
        assert_eq!(listed, waiting, "seed {seed}");
        // In the end all come out, what is ready first and in order.
        let messages = buffer.into_messages();
        assert_eq!(messages.len(), arrived.len());
        let (ready, held) = messages.split_at(arrived.len() - waiting.len());
        let mut delivered = BTreeSet::new();
        for message in ready {
            check_next(&mut delivered, &all[message.message]);
        }
        let held: BTreeSet<usize> = held.iter().map(|message| message.message).collect();
        assert_eq!(held, waiting, "seed {seed}");
    }
}

#[test]
fn who_fills_the_buffer_with_junk_can_be_thrown_out() {
    let mut buffer = CausalBuffer::new(VectorClock::new(3).unwrap(), 0, 8).unwrap();
    for lie in 0..8 {
        let junk = stamp(&[0, 0, 1000 + 2 * lie]);
        assert_eq!(buffer.receive(2, junk, "junk"), Ok(Receipt::Held));
    }
    // In order passes, and the refusal of what is early names what is missing of it.
    assert_eq!(
        buffer.receive(1, stamp(&[0, 1, 0]), "b1"),
        Ok(Receipt::Ready)
    );
    assert_eq!(buffer.pop().unwrap().message, "b1");
    let early = buffer.receive(1, stamp(&[0, 3, 0]), "b3").unwrap_err();
    assert_eq!(needs(&early.error), Some(dot(1, 2)));
    let of_liar = buffer.held().filter(|(message, _)| message.from == 2);
    let junk: Vec<_> = of_liar.filter_map(|(message, _)| message.dot()).collect();
    assert_eq!(junk.len(), 8);
    for dot in junk {
        assert_eq!(buffer.discard(dot).unwrap().message, "junk");
    }
    assert_eq!(
        buffer.receive(1, early.value.stamp, "b3"),
        Ok(Receipt::Held)
    );
    assert!(buffer.missing().eq([dot(1, 2)]));
}

/// An actor of the group that changes, by its name.
struct Member {
    name: &'static str,
    buffer: CausalBuffer<&'static str>,
    log: Vec<&'static str>,
}

impl Member {
    fn new(name: &'static str, roster: &Roster<&'static str>, clock: VectorClock) -> Self {
        let slot = roster.slot(&name).unwrap();
        Self {
            name,
            buffer: CausalBuffer::new(clock, slot, 9).unwrap(),
            log: Vec::new(),
        }
    }

    fn send(&mut self, roster: &Roster<&'static str>, message: &'static str) -> Sent {
        self.log.push(message);
        Sent {
            from: roster.slot(&self.name).unwrap(),
            stamp: self.buffer.send().unwrap().clone(),
            message,
        }
    }

    fn receive(&mut self, sent: &Sent) -> Result<(), ClockError> {
        self.buffer
            .receive(sent.from, sent.stamp.clone(), sent.message)?;
        while let Some(message) = self.buffer.pop() {
            self.log.push(message.message);
        }
        Ok(())
    }

    /// The next epoch, with the same log.
    fn follow(self, roster: &Roster<&'static str>) -> Self {
        let clock = roster.carry_forward(self.buffer.delivered()).unwrap();
        Self {
            log: self.log,
            ..Self::new(self.name, roster, clock)
        }
    }
}

type Sent = CausalMessage<&'static str>;

/// Birman and Joseph 1987: all who remain deliver the same messages before the group changes.
#[test]
fn a_group_that_flushes_before_it_changes_delivers_what_was_in_flight() {
    let old = Roster::new(1, ["a", "b", "c"]).unwrap();
    let [mut a, mut b, mut c] = ["a", "b", "c"].map(|name| Member::new(name, &old, old.clock()));
    let in_flight = c.send(&old, "m1");
    let last = b.send(&old, "bye");
    a.receive(&last).unwrap();
    c.receive(&last).unwrap();

    // b has left, and everybody has seen its last message: nothing else keeps it in the roster.
    let mut stability = Stability::new(old.clone()).unwrap();
    stability.leave(&"b", 1).unwrap();
    for member in [&a, &c] {
        let delivered = member.buffer.delivered();
        stability.report(&member.name, delivered).unwrap();
    }
    let new = old.retire(&"b", &stability.cut()).unwrap();

    // Without a flush the message in flight is lost, and what follows it waits for ever.
    let mut hasty = Member::new("a", &new, new.carry_forward(a.buffer.delivered()).unwrap());
    let error = ClockError::EpochMismatch { own: 2, other: 1 };
    assert_eq!(hasty.receive(&in_flight), Err(error));

    // All who remain have stopped sending, and told what they have delivered.
    let mut flushed = a.buffer.delivered().clone();
    flushed.merge(c.buffer.delivered()).unwrap();
    assert_eq!(c.buffer.delivered(), &flushed);
    assert_ne!(a.buffer.delivered(), &flushed, "a must wait");
    let mut c = c.follow(&new);
    let next = c.send(&new, "m2");
    let error = ClockError::EpochMismatch { own: 1, other: 2 };
    assert_eq!(a.receive(&next), Err(error), "too early for a: it is kept");
    hasty.receive(&next).unwrap();
    assert!(hasty.buffer.missing().eq([dot(1, 1)]), "nobody can send it");

    a.receive(&in_flight).unwrap();
    assert_eq!(a.buffer.delivered(), &flushed);
    let mut a = a.follow(&new);
    a.receive(&next).unwrap();
    assert!(a.buffer.is_empty());
    assert_eq!(a.log, ["bye", "m1", "m2"]);
    assert_eq!(c.log, ["m1", "bye", "m2"]);
    assert_eq!(a.buffer.delivered(), c.buffer.delivered());
}
