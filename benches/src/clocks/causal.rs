//! Causal delivery of broadcast messages, some of which arrive late.

use std::hint::black_box;

use clocks::{CausalBuffer, CausalMessage, VectorClock};

use super::{Contender, Random};

/// Us.
pub const OURS: &str = "clocks CausalBuffer";
/// The queue of the textbooks, looked through from the start after every delivery.
pub const RESCAN: &str = "a queue, rescanned";

type Message = CausalMessage<u32>;

/// The messages of a lap, in the order of their arrival at actor 0. Each carries its place there.
#[derive(Clone, Debug)]
pub struct Traffic {
    actors: usize,
    arrivals: Vec<Message>,
}

impl Traffic {
    /// `messages` broadcasts of all `actors` but the first, who have delivered what was sent some 0 to
    /// 31 messages ago; one in `late` arrives up to 64 places later than it was sent.
    #[must_use]
    pub fn new(actors: usize, messages: u32, late: u64) -> Self {
        let mut random = Random::new(13);
        let sent = broadcasts(actors, messages, &mut random);
        let mut arrivals: Vec<(u64, Message)> = (0..)
            .zip(sent)
            .map(|(place, message)| {
                let delay = if random.below(late) == 0 {
                    1 + random.below(64)
                } else {
                    0
                };
                (place + delay, message)
            })
            .collect();
        arrivals.sort_by_key(|(place, _)| *place);
        let arrivals = (0..)
            .zip(arrivals)
            .map(|(place, (_, message))| Message {
                message: place,
                ..message
            })
            .collect();
        Self { actors, arrivals }
    }

    /// Messages that depend on one that arrives after them.
    #[must_use]
    pub fn early(&self) -> usize {
        let mut clock = vec![0; self.actors];
        let mut early = 0;
        for message in &self.arrivals {
            early += usize::from(!is_next(&clock, message));
            clock[message.from] = clock[message.from].max(message.stamp.get(message.from));
        }
        early
    }
}

fn broadcasts(actors: usize, messages: u32, random: &mut Random) -> Vec<Message> {
    let mut sent: Vec<Message> = Vec::new();
    let mut clocks = vec![vec![0_u64; actors]; actors];
    let mut delivered = vec![0_usize; actors];
    for _ in 0..messages {
        let from = 1 + random.below(actors as u64 - 1) as usize;
        let lag = random.below(32) as usize;
        let until = sent.len().saturating_sub(lag).max(delivered[from]);
        for message in &sent[delivered[from]..until] {
            let counter = message.stamp.get(message.from);
            let known = &mut clocks[from][message.from];
            *known = counter.max(*known);
        }
        delivered[from] = until;
        clocks[from][from] += 1;
        sent.push(Message {
            from,
            stamp: VectorClock::from_counters(&clocks[from]).unwrap_or_default(),
            message: 0,
        });
    }
    sent
}

fn is_next(delivered: &[u64], message: &Message) -> bool {
    let stamp = message.stamp.as_slice().iter().enumerate();
    let mut entries = stamp.zip(delivered);
    entries.all(|((actor, &counter), &known)| {
        if actor == message.from {
            counter == known + 1
        } else {
            counter <= known
        }
    })
}

/// Everybody who delivers `traffic`, us first. The answer is how many messages came out, and how many
/// of them before their time.
///
/// ```
/// use benches::clocks::{Effort, causal, time};
/// let traffic = causal::Traffic::new(16, 500, 10);
/// let effort = Effort { rounds: 1, round_ns: 1000 };
/// assert_eq!(time("deliver", &mut causal::contenders(&traffic), effort)?[0].name, causal::OURS);
/// # Ok::<(), benches::Error>(())
/// ```
#[must_use]
pub fn contenders(traffic: &Traffic) -> Vec<Contender> {
    let actors = traffic.actors;
    let messages_max = u32::try_from(traffic.arrivals.len()).unwrap_or(u32::MAX);
    let ours = move || {
        let clock = VectorClock::new(actors).unwrap_or_default();
        CausalBuffer::new(clock, 0, messages_max).ok()
    };
    let rescan = move || {
        Some(Rescan {
            delivered: vec![0; actors],
            queue: Vec::new(),
        })
    };
    vec![
        of(OURS, traffic, ours, |buffer, message, out| {
            let _ = buffer.receive(message.from, message.stamp, message.message);
            while let Some(message) = buffer.pop() {
                out(message);
            }
        }),
        of(RESCAN, traffic, rescan, Rescan::receive),
    ]
}

struct Rescan {
    delivered: Vec<u64>,
    queue: Vec<Message>,
}

impl Rescan {
    fn receive(&mut self, message: Message, out: &mut dyn FnMut(Message)) {
        self.queue.push(message);
        while let Some(place) = self.ready() {
            let message = self.queue.swap_remove(place);
            self.delivered[message.from] += 1;
            out(message);
        }
    }

    fn ready(&self) -> Option<usize> {
        let mut queue = self.queue.iter();
        queue.position(|message| is_next(&self.delivered, message))
    }
}

/// What arrives, and where a delivered message is put back for the next lap.
struct Lap<B> {
    buffer: Option<B>,
    arrivals: Vec<Option<Message>>,
    order: Vec<u32>,
}

fn of<B: 'static>(
    name: &str,
    traffic: &Traffic,
    make: impl Fn() -> Option<B> + 'static,
    receive: impl Fn(&mut B, Message, &mut dyn FnMut(Message)) + 'static,
) -> Contender {
    let lap = Lap {
        buffer: make(),
        arrivals: traffic.arrivals.iter().cloned().map(Some).collect(),
        order: Vec::with_capacity(traffic.arrivals.len()),
    };
    let actors = traffic.actors;
    Contender::with_reset(
        name,
        traffic.arrivals.len() as u64,
        lap,
        move |lap| {
            lap.buffer = make();
            lap.order.clear();
        },
        move |lap| {
            let Some(buffer) = &mut lap.buffer else {
                return;
            };
            for place in 0..lap.arrivals.len() {
                if let Some(message) = lap.arrivals[place].take() {
                    receive(black_box(&mut *buffer), message, &mut |message| {
                        lap.order.push(message.message);
                        let place = message.message as usize;
                        lap.arrivals[place] = Some(message);
                    });
                }
            }
        },
        move |lap| {
            let mut clock = vec![0; actors];
            let mut too_early = 0;
            for &place in &lap.order {
                if let Some(message) = &lap.arrivals[place as usize] {
                    too_early += u64::from(!is_next(&clock, message));
                    clock[message.from] += 1;
                }
            }
            vec![lap.order.len() as u64, too_early]
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traffic_has_early_messages_and_everybody_delivers_all_in_order() {
        let traffic = Traffic::new(16, 1000, 10);
        assert!((100..900).contains(&traffic.early()), "{}", traffic.early());
        for mut contender in contenders(&traffic) {
            assert_eq!(contender.answer(), [1000, 0], "{}", contender.name());
        }
    }

    #[test]
    fn traffic_without_delays_has_no_early_message() {
        assert_eq!(Traffic::new(16, 1000, u64::MAX).early(), 0);
    }
}
