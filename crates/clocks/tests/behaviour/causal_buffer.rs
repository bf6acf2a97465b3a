//! Whatever order messages arrive in, they come out in causal order, each exactly once.

use std::collections::BTreeSet;

use crate::broadcast::{Said, below, broadcast, check_next, listener, stamp};
use clocks::{CausalBuffer, CausalMessage, ClockError, Dot, Receipt, VectorClock};
use quickcheck::{Arbitrary, Gen};

/// What the buffer says it is waiting for, against the definition.
fn check_missing(buffer: &CausalBuffer<usize>, all: &[Said], here: &BTreeSet<(usize, u64)>) {
    let missing: Vec<_> = buffer.missing().collect();
    for dot in &missing {
        let event = (dot.actor, dot.number());
        assert!(!here.contains(&event), "{dot} is here");
        assert!(!buffer.delivered().contains(*dot), "{dot} was delivered");
        let waits = |said: &&Said| here.contains(&said.dot) && said.after.contains(&event);
        assert!(
            all.iter().any(|said| waits(&said)),
            "nothing waits for {dot}"
        );
    }
    let unique: BTreeSet<_> = missing.iter().collect();
    assert_eq!(unique.len(), missing.len());
    assert_eq!(
        missing.is_empty(),
        buffer.is_empty(),
        "who is held waits for something"
    );
}

#[test]
fn any_arrival_order_with_duplicates_is_delivered_as_a_linear_extension() {
    for seed in 0..400 {
        let mut source = Gen::from_size_and_seed(8, seed);
        let actors = 1 + below(&mut source, 5);
        let all = broadcast(&mut source, actors, 60);
        let mut arrivals: Vec<usize> = (0..all.len()).chain(0..all.len() / 2).collect();
        for index in (1..arrivals.len()).rev() {
            // From nearly in order to not at all.
            let reach = 1 + index.min(seed as usize % 100);
            arrivals.swap(index, index - below(&mut source, reach));
        }
        let messages_max = if seed % 3 == 0 { 60 } else { 1000 };
        let mut buffer = listener(actors, messages_max);
        let (mut delivered, mut here) = (BTreeSet::new(), BTreeSet::new());
        let mut received = BTreeSet::new();
        for arrival in arrivals {
            let said = &all[arrival];
            let is_new = received.insert(said.dot);
            let is_next = said.after.is_subset(&delivered);
            let receipt = buffer
                .receive(said.dot.0, said.stamp.clone(), arrival)
                .unwrap();
            match &receipt {
                Receipt::Duplicate(again) => assert!(!is_new && again.message == arrival),
                Receipt::Ready => assert!(is_new && is_next),
                Receipt::Held => assert!(is_new && !is_next),
            }
            if is_new {
                here.insert(said.dot);
            }
            while let Some(message) = buffer.pop() {
                let said = &all[message.message];
                assert_eq!((message.from, &message.stamp), (said.dot.0, &said.stamp));
                check_next(&mut delivered, said);
                here.remove(&said.dot);
            }
            assert_eq!(buffer.len(), here.len());
            check_missing(&buffer, &all, &here);
        }
        assert_eq!(delivered.len(), all.len(), "seed {seed}");
        assert!(buffer.is_empty());
    }
}

/// Every order of a list.
fn permutations(length: usize) -> Vec<Vec<usize>> {
    if length == 0 {
        return vec![Vec::new()];
    }
    let shorter = permutations(length - 1);
    let insert = |order: &Vec<usize>, at: usize| {
        let mut order = order.clone();
        order.insert(at, length - 1);
        order
    };
    shorter
        .iter()
        .flat_map(|order| (0..length).map(move |at| insert(order, at)))
        .collect()
}

#[test]
fn every_arrival_order_of_small_executions_is_delivered_in_causal_order() {
    let orders = permutations(6);
    assert_eq!(orders.len(), 720);
    for seed in 0..40 {
        let mut source = Gen::from_size_and_seed(8, seed);
        let all = broadcast(&mut source, 1 + seed as usize % 3, 6);
        for order in &orders {
            // Popping after each arrival, or only at the end.
            for is_lazy in [false, true] {
                let mut buffer = listener(1 + seed as usize % 3, 6);
                let mut delivered = BTreeSet::new();
                for &arrival in order {
                    let said = &all[arrival];
                    let receipt = buffer.receive(said.dot.0, said.stamp.clone(), arrival);
                    assert!(!matches!(receipt.unwrap(), Receipt::Duplicate(_)));
                    while !is_lazy && let Some(message) = buffer.pop() {
                        check_next(&mut delivered, &all[message.message]);
                    }
                }
                while let Some(message) = buffer.pop() {
                    check_next(&mut delivered, &all[message.message]);
                }
                assert_eq!(delivered.len(), 6, "{order:?} of seed {seed}");
            }
        }
    }
}

#[test]
fn a_full_buffer_never_gets_stuck() {
    for seed in 0..200 {
        let mut source = Gen::from_size_and_seed(8, seed);
        let actors = 1 + below(&mut source, 4);
        let messages_max = below(&mut source, 5) as u32;
        let all = broadcast(&mut source, actors, 40);
        let mut buffer = listener(actors, messages_max);
        let mut delivered = BTreeSet::new();
        // Everything is offered again and again, the last first: what is refused comes back.
        let mut rounds = 0;
        while delivered.len() < all.len() {
            rounds += 1;
            assert!(rounds <= all.len() + 1, "seed {seed}: stuck");
            for (arrival, said) in all.iter().enumerate().rev() {
                let before = buffer.len();
                match buffer.receive(said.dot.0, said.stamp.clone(), arrival) {
                    Ok(_) => assert!(buffer.len() <= messages_max as usize + 1),
                    Err(refused) => {
                        assert!(matches!(refused.error, ClockError::BufferFull { .. }));
                        assert_eq!(refused.value.message, arrival);
                        assert_eq!(refused.value.stamp, said.stamp);
                        assert_eq!(buffer.len(), before);
                        assert!(before >= messages_max as usize);
                        assert!(
                            !said.after.is_subset(&delivered),
                            "it could be delivered at once"
                        );
                    }
                }
                while let Some(message) = buffer.pop() {
                    check_next(&mut delivered, &all[message.message]);
                }
            }
        }
    }
}

#[test]
fn what_is_ready_is_taken_out_before_a_full_buffer_takes_more() {
    let mut buffer = CausalBuffer::new(VectorClock::new(3).unwrap(), 0, 1).unwrap();
    assert_eq!(
        buffer.receive(1, stamp(&[0, 2, 0]), "b2"),
        Ok(Receipt::Held)
    );
    assert_eq!(
        buffer.receive(2, stamp(&[0, 0, 1]), "c1"),
        Ok(Receipt::Ready)
    );
    let refused = buffer.receive(2, stamp(&[0, 0, 2]), "c2").unwrap_err();
    let error = ClockError::BufferFull {
        messages_max: 1,
        needs: None,
    };
    assert_eq!(refused.error, error);
    assert_eq!(buffer.pop().unwrap().message, "c1");
    assert_eq!(
        buffer.receive(2, refused.value.stamp, "c2"),
        Ok(Receipt::Ready)
    );
    assert_eq!(buffer.pop().unwrap().message, "c2");
    assert_eq!(
        buffer.receive(1, stamp(&[0, 1, 0]), "b1"),
        Ok(Receipt::Ready)
    );
    assert_eq!(buffer.pop().unwrap().message, "b1");
    assert_eq!(buffer.pop().unwrap().message, "b2");
}

#[test]
fn actors_that_send_and_receive_through_buffers_agree_on_causal_order() {
    for seed in 0..100 {
        let mut source = Gen::from_size_and_seed(8, seed);
        let actors = 2 + below(&mut source, 3);
        let buffer = |own| CausalBuffer::new(VectorClock::new(actors).unwrap(), own, 100).unwrap();
        let mut buffers: Vec<CausalBuffer<()>> = (0..actors).map(buffer).collect();
        let mut logs = vec![Vec::new(); actors];
        let mut in_flight: Vec<(usize, CausalMessage<()>)> = Vec::new();
        for step in 0..200 {
            let actor = below(&mut source, actors);
            if step < 100 && below(&mut source, 3) == 0 {
                let stamp = buffers[actor].send().unwrap().clone();
                logs[actor].push(stamp.clone());
                let message = CausalMessage {
                    from: actor,
                    stamp,
                    message: (),
                };
                let others = (0..actors).filter(|&other| other != actor);
                in_flight.extend(others.map(|other| (other, message.clone())));
            } else if !in_flight.is_empty() {
                let index = below(&mut source, in_flight.len());
                let (to, message) = in_flight.swap_remove(index);
                let receipt = buffers[to].receive(message.from, message.stamp, ());
                receipt.unwrap();
                // Sometimes it is left ready while the next is sent.
                if bool::arbitrary(&mut source) {
                    while let Some(message) = buffers[to].pop() {
                        logs[to].push(message.stamp);
                    }
                }
            }
        }
        for (to, message) in in_flight {
            buffers[to]
                .receive(message.from, message.stamp, ())
                .unwrap();
        }
        for (buffer, log) in buffers.iter_mut().zip(&mut logs) {
            while let Some(message) = buffer.pop() {
                log.push(message.stamp);
            }
            for (index, later) in log.iter().enumerate() {
                assert!(
                    log[..index]
                        .iter()
                        .all(|earlier| !later.happened_before(earlier).unwrap()),
                    "seed {seed}"
                );
            }
            assert_eq!(log.len(), logs_length(buffer), "seed {seed}");
        }
    }
}

/// How many messages all have sent, as the buffer counts them.
fn logs_length(buffer: &CausalBuffer<()>) -> usize {
    buffer.delivered().as_slice().iter().sum::<u64>() as usize
}

#[test]
fn a_message_that_is_ready_but_not_taken_out_is_not_in_the_next_stamp() {
    let mut buffer = CausalBuffer::new(VectorClock::new(2).unwrap(), 0, 9).unwrap();
    buffer.receive(1, stamp(&[0, 1]), "not read yet").unwrap();
    assert_eq!(buffer.send().unwrap().as_slice(), [1, 0]);
    buffer.pop().unwrap();
    assert_eq!(buffer.send().unwrap().as_slice(), [2, 1]);
}

#[test]
fn a_stamp_that_cannot_be_is_refused_and_handed_back() {
    let mut buffer = CausalBuffer::new(stamp(&[4, 0, 0]), 0, 9).unwrap();
    let mut refuse = |from, stamp: VectorClock, error| {
        let refused = buffer.receive(from, stamp.clone(), "text").unwrap_err();
        assert_eq!(refused.error, error);
        let message = CausalMessage {
            from,
            stamp,
            message: "text",
        };
        assert_eq!(refused.value, message);
        assert!(buffer.is_empty());
        assert_eq!(buffer.delivered(), &self::stamp(&[4, 0, 0]));
    };
    let error = ClockError::EpochMismatch { own: 0, other: 1 };
    refuse(1, stamp(&[0, 1, 0]).with_epoch(1), error);
    refuse(
        1,
        stamp(&[0, 1]),
        ClockError::WidthMismatch { own: 3, other: 2 },
    );
    refuse(
        1,
        stamp(&[0, 1, 0, 0]),
        ClockError::WidthMismatch { own: 3, other: 4 },
    );
    refuse(
        3,
        stamp(&[0, 1, 0]),
        ClockError::UnknownSlot { slot: 3, slots: 3 },
    );
    refuse(1, stamp(&[0, 0, 7]), ClockError::NoEvent { slot: 1 });
    refuse(
        1,
        stamp(&[5, 1, 0]),
        ClockError::UnsentMessage {
            counter: 5,
            sent: 4,
        },
    );
    // From ourselves, before we have sent it: we have lost our memory.
    refuse(
        0,
        stamp(&[5, 0, 0]),
        ClockError::UnsentMessage {
            counter: 5,
            sent: 4,
        },
    );
    assert!(matches!(
        buffer.receive(0, stamp(&[4, 0, 0]), "echo"),
        Ok(Receipt::Duplicate(_))
    ));
    let error = ClockError::UnknownSlot { slot: 3, slots: 3 };
    assert_eq!(
        CausalBuffer::<()>::new(stamp(&[0, 0, 0]), 3, 9).unwrap_err(),
        error
    );
}

#[test]
fn a_stamp_that_claims_huge_counters_occupies_one_place() {
    let mut buffer = listener(2, 100);
    for counter in [u64::MAX, u64::MAX - 1, 1 << 40, 7] {
        let receipt = buffer.receive(0, stamp(&[counter, u64::MAX, 0]), 0);
        assert_eq!(receipt, Ok(Receipt::Held));
        let again = buffer.receive(0, stamp(&[counter, u64::MAX, 0]), 0);
        assert!(matches!(again, Ok(Receipt::Duplicate(_))));
    }
    assert_eq!(buffer.len(), 4);
    // Others' messages pass.
    assert_eq!(buffer.receive(1, stamp(&[0, 1, 0]), 1), Ok(Receipt::Ready));
    assert_eq!(buffer.pop().unwrap().message, 1);
    for counter in [u64::MAX, u64::MAX - 1, 1 << 40, 7] {
        let dot = Dot::new(0, counter).unwrap();
        assert_eq!(
            buffer.waiting_for(dot).unwrap(),
            Dot::new(0, counter - 1).unwrap()
        );
        assert!(buffer.discard(dot).is_some());
        assert_eq!(buffer.discard(dot), None);
    }
    assert!(buffer.is_empty());
    assert_eq!(buffer.missing().next(), None);
}

/// A message far ahead waits in the map of far events, and is still found when that comes near.
#[test]
fn a_message_far_ahead_is_delivered_when_its_turn_comes() {
    let mut buffer = listener(1, 20);
    let last = 10_000;
    buffer.receive(0, stamp(&[last, 0]), 0).unwrap();
    for counter in 1..last - 1 {
        // Each pair arrives the wrong way round.
        let counter = if counter % 2 == 1 {
            counter + 1
        } else {
            counter - 1
        };
        buffer.receive(0, stamp(&[counter, 0]), 0).unwrap();
        let again = buffer.receive(0, stamp(&[last, 0]), 0);
        assert!(matches!(again, Ok(Receipt::Duplicate(_))));
        while buffer.pop().is_some() {}
    }
    assert_eq!(buffer.delivered().get(0), last - 2);
    buffer.receive(0, stamp(&[last - 1, 0]), 0).unwrap();
    assert_eq!(buffer.len(), 2);
    assert_eq!(buffer.pop().unwrap().stamp.get(0), last - 1);
    assert_eq!(buffer.pop().unwrap().stamp.get(0), last);
}

#[test]
fn discarding_leaves_the_others_as_they_were() {
    for seed in 0..300 {
        let mut source = Gen::from_size_and_seed(8, seed);
        let all = broadcast(&mut source, 3, 24);
        let mut buffer = listener(3, 100);
        // The first message comes last, so that nearly all wait; one of them is discarded.
        for (arrival, said) in all.iter().enumerate().skip(1).rev() {
            buffer
                .receive(said.dot.0, said.stamp.clone(), arrival)
                .unwrap();
        }
        let mut delivered = BTreeSet::new();
        while let Some(message) = buffer.pop() {
            check_next(&mut delivered, &all[message.message]);
        }
        let discarded: BTreeSet<usize> = (0..3).map(|_| 1 + below(&mut source, 23)).collect();
        let mut gone = BTreeSet::new();
        for &index in &discarded {
            let dot = Dot::new(all[index].dot.0, all[index].dot.1).unwrap();
            let held = buffer.len();
            if let Some(message) = buffer.discard(dot) {
                assert_eq!(message.message, index);
                assert_eq!((buffer.len(), buffer.waiting_for(dot)), (held - 1, None));
                gone.insert(all[index].dot);
            } else {
                assert!(delivered.contains(&all[index].dot));
            }
        }
        buffer
            .receive(all[0].dot.0, all[0].stamp.clone(), 0)
            .unwrap();
        while let Some(message) = buffer.pop() {
            check_next(&mut delivered, &all[message.message]);
        }
        for said in &all {
            let is_lost = gone.contains(&said.dot) || !said.after.is_disjoint(&gone);
            assert_eq!(
                delivered.contains(&said.dot),
                !is_lost,
                "seed {seed}: {said:?}"
            );
        }
        // It may come again.
        for &index in &discarded {
            let said = &all[index];
            buffer
                .receive(said.dot.0, said.stamp.clone(), index)
                .unwrap();
        }
        while let Some(message) = buffer.pop() {
            check_next(&mut delivered, &all[message.message]);
        }
        assert_eq!(delivered.len(), all.len());
    }
}

#[test]
fn a_restart_goes_on_from_the_stored_clock() {
    for seed in 0..200 {
        let mut source = Gen::from_size_and_seed(8, seed);
        let all = broadcast(&mut source, 3, 30);
        let mut buffer = listener(3, 100);
        let mut delivered = BTreeSet::new();
        let crash = below(&mut source, 60);
        // In reverse, and then once more from the start, as after a crash everything is sent again.
        for (step, arrival) in (0..30).rev().chain(0..30).enumerate() {
            if step == crash {
                // Only what was delivered is stored; what was held or ready is lost.
                buffer = CausalBuffer::new(buffer.delivered().clone(), 3, 100).unwrap();
            }
            let said = &all[arrival];
            buffer
                .receive(said.dot.0, said.stamp.clone(), arrival)
                .unwrap();
            if step % 4 == 3 || step > 50 {
                while let Some(message) = buffer.pop() {
                    check_next(&mut delivered, &all[message.message]);
                }
            }
        }
        for (arrival, said) in all.iter().enumerate() {
            buffer
                .receive(said.dot.0, said.stamp.clone(), arrival)
                .unwrap();
        }
        while let Some(message) = buffer.pop() {
            check_next(&mut delivered, &all[message.message]);
        }
        assert_eq!(delivered.len(), all.len(), "seed {seed}");
    }
}

#[test]
fn a_fetched_state_covers_what_it_counts_and_frees_what_waited_for_it() {
    for seed in 0..200 {
        let mut source = Gen::from_size_and_seed(8, seed);
        let all = broadcast(&mut source, 3, 30);
        let mut buffer = listener(3, 100);
        let mut arrived = BTreeSet::new();
        for _ in 0..20 {
            let arrival = below(&mut source, 30);
            let said = &all[arrival];
            buffer
                .receive(said.dot.0, said.stamp.clone(), arrival)
                .unwrap();
            arrived.insert(arrival);
        }
        let mut delivered = BTreeSet::new();
        for _ in 0..below(&mut source, 3) {
            if let Some(message) = buffer.pop() {
                check_next(&mut delivered, &all[message.message]);
                arrived.remove(&message.message);
            }
        }
        let state = &all[below(&mut source, 30)];
        let mut known = state.after.clone();
        known.insert(state.dot);
        let covered = buffer.advance(&state.stamp).unwrap();
        delivered.extend(known.iter().copied());
        for message in &covered {
            assert!(delivered.contains(&all[message.message].dot), "seed {seed}");
            assert!(arrived.remove(&message.message));
        }
        assert!(
            arrived
                .iter()
                .all(|&index| !delivered.contains(&all[index].dot))
        );
        assert_eq!(buffer.len(), arrived.len());
        for (arrival, said) in all.iter().enumerate() {
            buffer
                .receive(said.dot.0, said.stamp.clone(), arrival)
                .unwrap();
        }
        while let Some(message) = buffer.pop() {
            check_next(&mut delivered, &all[message.message]);
        }
        assert_eq!(delivered.len(), all.len(), "seed {seed}");
    }
    let mut buffer = listener(1, 9);
    let error = ClockError::UnsentMessage {
        counter: 1,
        sent: 0,
    };
    assert_eq!(buffer.advance(&stamp(&[0, 1])), Err(error));
}

#[test]
fn the_last_number_of_all_is_delivered() {
    let mut buffer = CausalBuffer::new(stamp(&[u64::MAX - 1, 0]), 1, 9).unwrap();
    assert_eq!(
        buffer.receive(0, stamp(&[u64::MAX, 0]), ()),
        Ok(Receipt::Ready)
    );
    assert_eq!(buffer.pop().unwrap().stamp.get(0), u64::MAX);
    assert!(matches!(
        buffer.receive(0, stamp(&[u64::MAX, 0]), ()),
        Ok(Receipt::Duplicate(_))
    ));
    let mut buffer = CausalBuffer::<()>::new(stamp(&[u64::MAX]), 0, 9).unwrap();
    assert_eq!(buffer.send().unwrap_err(), ClockError::CounterExhausted);
    assert_eq!(buffer.delivered(), &stamp(&[u64::MAX]));
}

#[test]
fn a_message_that_was_far_ahead_can_be_discarded_when_it_is_near() {
    let mut buffer = listener(1, 4);
    // Tables hold 4 events an actor: the sixth is beyond, until the second was delivered.
    buffer.receive(0, stamp(&[6, 0]), 6).unwrap();
    for counter in 1..=2 {
        buffer.receive(0, stamp(&[counter, 0]), 0).unwrap();
        buffer.pop().unwrap();
    }
    let sixth = Dot::new(0, 6).unwrap();
    assert_eq!(buffer.discard(sixth).unwrap().message, 6);
    assert_eq!(buffer.waiting_for(sixth), None);
    assert_eq!(buffer.receive(0, stamp(&[6, 0]), 7), Ok(Receipt::Held));
    for counter in 3..=5 {
        buffer.receive(0, stamp(&[counter, 0]), 0).unwrap();
        buffer.pop().unwrap();
    }
    assert_eq!(buffer.pop().unwrap().message, 7);
    assert!(buffer.is_empty());
}
