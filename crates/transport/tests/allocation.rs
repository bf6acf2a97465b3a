//! What is allocated, counted.

use allocation_counter::{AllocationInfo, measure};
use transport::{Context, Effect, Effects, Input, NodeId, Process, Scripted, Time, Token};

/// Answers every number with the next one; persists and reports each.
struct Pinger;

impl Process for Pinger {
    type Message = u64;
    type Request = ();
    type Event = u64;
    type Record = u64;

    fn step(&mut self, input: Input<Self>, cx: &mut Context<'_, Self>) {
        if let Input::Message { from, message } = input {
            cx.persist(message);
            let choice = cx.choose(2);
            cx.send(from, message.wrapping_add(choice));
            cx.emit(message);
        }
    }

    fn deadline(&self) -> Option<Time> {
        None
    }
}

/// Changes nothing. The least a wrapper does.
struct PassThrough<P: Process> {
    inner: P,
    effects: Effects<P>,
}

impl<P: Process> Process for PassThrough<P> {
    type Message = P::Message;
    type Request = P::Request;
    type Event = P::Event;
    type Record = P::Record;

    fn step(&mut self, input: Input<Self>, cx: &mut Context<'_, Self>) {
        let input = match input {
            Input::Start => Input::Start,
            Input::Message { from, message } => Input::Message { from, message },
            Input::Request(request) => Input::Request(request),
            Input::Durable(token) => Input::Durable(token),
            Input::Wake => Input::Wake,
        };
        cx.nested(&mut self.effects, |cx| self.inner.step(input, cx));
        for effect in self.effects.drain() {
            cx.forward(effect);
        }
    }

    fn deadline(&self) -> Option<Time> {
        self.inner.deadline()
    }
}

/// Steps `process` often, after a first step that makes the outbox's room.
fn steady_state<P: Process<Message = u64, Event = u64, Record = u64>>(
    mut process: P,
) -> (AllocationInfo, u64) {
    let (mut effects, mut choices) = (Effects::new(), Scripted::default());
    let mut now = Time::ZERO;
    let mut handled = 0;
    let mut step = |effects: &mut Effects<P>| {
        let input = Input::Message {
            from: NodeId(2),
            message: 7,
        };
        process.step(input, &mut Context::new(now, now, &mut choices, effects));
        now = now.plus_nanos(1);
        handled += effects
            .drain()
            .filter(|effect| !matches!(effect, Effect::Persist { .. }))
            .count();
    };
    step(&mut effects);
    let counted = measure(|| {
        for _ in 0..1_000 {
            step(&mut effects);
        }
    });
    assert_eq!(effects.last_token(), Token(1_001));
    (counted, handled as u64)
}

#[test]
fn a_step_of_a_ping_process_allocates_nothing() {
    let (counted, handled) = steady_state(Pinger);
    assert_eq!((counted.count_total, handled), (0, 2_002));
}

#[test]
fn a_step_of_a_wrapped_ping_process_allocates_nothing() {
    let wrapped = PassThrough {
        inner: Pinger,
        effects: Effects::new(),
    };
    let twice = PassThrough {
        inner: wrapped,
        effects: Effects::new(),
    };
    let (counted, handled) = steady_state(twice);
    assert_eq!((counted.count_total, handled), (0, 2_002));
}

#[test]
fn the_counter_counts() {
    let counted = measure(|| drop(std::hint::black_box(vec![0_u8; 100])));
    assert_eq!((counted.count_total, counted.bytes_total), (1, 100));
}

#[cfg(feature = "codec")]
mod codec {
    use super::measure;
    use std::collections::{BTreeMap, VecDeque};

    use serde::Deserialize;
    use serde::de::DeserializeOwned;
    use transport::{Bincode, Bytes, Codec, FrameError, FrameReader, Framing};

    /// Encoded lengths that lie, followed by a few bytes.
    fn hostile_bodies() -> Vec<Vec<u8>> {
        let mut bodies = Vec::new();
        for claim in [4_096, 1 << 20, 1 << 32, 1 << 60, u64::MAX] {
            for after in [0_usize, 1, 100] {
                let mut body = Vec::new();
                Bincode.encode(&claim, &mut body, 10).expect("fits");
                body.resize(body.len() + after, 1);
                bodies.push(body);
            }
        }
        bodies
    }

    /// The most bytes held at once while hostile bodies are refused, per byte of the body.
    fn worst<T: DeserializeOwned>() -> u64 {
        let refused = |body: &Vec<u8>| {
            let mut outcome = None;
            let counted = measure(|| outcome = Some(Bincode.decode::<T>(body).is_err()));
            assert_eq!(outcome, Some(true));
            // An error's text is not part of the value: 100 bytes for it.
            counted
                .bytes_max
                .saturating_sub(100)
                .div_ceil(body.len() as u64)
        };
        hostile_bodies().iter().map(refused).max().unwrap_or(0)
    }

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only decoded")]
    struct Wide([u64; 32]);

    #[test]
    fn a_claimed_length_allocates_no_more_than_the_input_can_hold() {
        assert!(worst::<String>() <= 1);
        assert!(worst::<Bytes>() <= 1);
        assert!(worst::<Vec<u8>>() <= 1);
        assert!(worst::<Vec<u64>>() <= 8);
        assert!(
            worst::<VecDeque<u64>>() <= 16,
            "rounds up to a power of two"
        );
        assert!(worst::<Vec<Vec<Vec<u8>>>>() <= 2 * 24 + 1);
        assert!(worst::<Vec<Wide>>() <= 256);
        assert!(worst::<BTreeMap<u8, u64>>() <= 16);
    }

    // Why the body is not decoded by bincode's own deserializer.
    #[test]
    fn bincode_alone_believes_a_claimed_length() {
        let mut body = Vec::new();
        Bincode.encode(&(1_u64 << 20), &mut body, 10).expect("fits");
        let config = bincode::config::standard();
        let theirs = measure(|| {
            assert!(bincode::serde::decode_from_slice::<String, _>(&body, config).is_err());
        });
        assert_eq!(theirs.bytes_max, 1 << 20);
        let ours = measure(|| assert!(Bincode.decode::<String>(&body).is_err()));
        assert!(ours.bytes_max < 100, "{ours:?}");
    }

    #[test]
    fn a_header_that_claims_the_limit_allocates_only_what_arrives() {
        let mut reader = FrameReader::new(u32::MAX - 9);
        let counted = measure(|| {
            assert_eq!(reader.fill(&[0, 0, 0, 128, 1, 0, 0, 0, 0]), Ok(9));
            assert_eq!(reader.next_body(), Ok(None));
        });
        assert!(counted.bytes_max <= 18, "{counted:?}");
    }

    #[test]
    fn a_reader_holds_at_most_two_of_the_greatest_frames() {
        let framing = Framing::new(Bincode, 1_000);
        let mut stream = Vec::new();
        for len in 0..1_000 {
            framing
                .encode(&Bytes::from(vec![1; len % 990]), &mut stream)
                .expect("fits");
        }
        let mut reader = framing.reader();
        let mut frames = 0;
        let counted = measure(|| {
            for mut chunk in stream.chunks(333) {
                while !chunk.is_empty() {
                    let taken = reader.fill(chunk).expect("sound");
                    chunk = &chunk[taken..];
                    while reader.next_body().expect("sound").is_some() {
                        frames += 1;
                    }
                }
            }
        });
        assert_eq!(frames, 1_000);
        // Growing holds the old memory and the new one for a moment.
        assert!(counted.bytes_current <= 2 * 1_009, "{counted:?}");
        assert!(counted.count_total <= 4, "{counted:?}");
    }

    #[test]
    fn a_reused_buffer_encodes_without_allocation_and_a_refused_frame_decodes_without() {
        let framing = Framing::new(Bincode, 1_000);
        let value = (7_u64, Bytes::from(vec![1; 500]));
        let mut out = Vec::with_capacity(600);
        let counted = measure(|| {
            for _ in 0..100 {
                out.clear();
                framing.encode(&value, &mut out).expect("fits");
            }
        });
        assert_eq!(counted.count_total, 0);
        out[20] ^= 1;
        let counted = measure(|| {
            let outcome = framing.decode::<(u64, Bytes)>(&out);
            assert!(matches!(outcome, Err(FrameError::Checksum { .. })));
        });
        assert_eq!(counted.count_total, 0);
    }
}
