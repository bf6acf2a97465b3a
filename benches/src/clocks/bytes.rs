//! Bytes of a message: a whole clock, and what changed in one.

use std::hint::black_box;

use clocks::wire::{DeltaReceiver, DeltaSender, Wire};
use clocks::{VectorClock, VectorDelta};

use super::{Bar, Contender, Random, Row, merge};
use crate::Error;

/// Eight bytes a counter, the default of version 1.
pub const BINCODE_FIXED: &str = "bincode 2.0.1, fixed width";
/// Its own short form.
pub const BINCODE_SHORT: &str = "bincode 2.0.1, variable width";

/// A clock of `n` random counters below 2^20, and one that knows `changed` more actors' events.
fn clocks(n: usize, changed: usize) -> Result<[VectorClock; 2], Error> {
    let mut random = Random::new(9);
    let mut counters: Vec<u64> = (0..n).map(|_| 1 + random.below((1 << 20) - 100)).collect();
    let base = VectorClock::from_counters(&counters).map_err(refused)?;
    let step = n / changed.max(1);
    for slot in (0..changed).map(|place| place * step) {
        counters[slot] += 1 + random.below(50);
    }
    let clock = VectorClock::from_counters(&counters).map_err(refused)?;
    Ok([base, clock])
}

/// The rows of clocks with `n` counters; those of 64 have the bars.
///
/// # Errors
///
/// [`Error::Refused`] if something cannot be written, [`Error::Differs`] if it reads back as
/// something else.
///
/// ```
/// let rows = benches::clocks::bytes::rows(64)?;
/// assert_eq!(rows[0].met, Some(true));
/// # Ok::<(), benches::Error>(())
/// ```
pub fn rows(n: usize) -> Result<Vec<Row>, Error> {
    let [base, clock] = clocks(n, 4.min(n))?;
    let full = clock.to_bytes();
    let delta = clock.diff(&base).map_err(refused)?.to_bytes();
    check(&base, &clock, &full, &delta)?;
    let barred = |row: Row, bar| if n == 64 { row.with_bar(bar) } else { row };
    let (case, delta_case) = ("bytes, full", "bytes, 4 changed, on what was acknowledged");
    let alone_case = "bytes, 4 changed, a delta of its own";
    let frame = frame(&base, &clock)?;
    let fixed = bincode_bytes(&clock, bincode::config::legacy())?;
    let short = bincode_bytes(&clock, bincode::config::standard())?;
    let beside = |name, bytes| Row::bytes(case, n, full.len(), Some((name, bytes)));
    Ok(vec![
        barred(Row::bytes(case, n, full.len(), None), Bar::Bytes(200)),
        beside(BINCODE_FIXED, fixed.len()),
        beside(BINCODE_SHORT, short.len()),
        barred(Row::bytes(delta_case, n, frame.len(), None), Bar::Bytes(17)),
        Row::bytes(alone_case, n, delta.len(), None),
    ])
}

/// The frame of `clock` after a thousand others, of which the last, with `base`, was acknowledged.
fn frame(base: &VectorClock, clock: &VectorClock) -> Result<Vec<u8>, Error> {
    let mut sender = DeltaSender::new(1, 32);
    let mut receiver = DeltaReceiver::new(1, 32, clock.slots());
    let mut frame = Vec::new();
    for _ in 0..1000 {
        frame.clear();
        sender.encode(base, &mut frame).map_err(refused)?;
        receiver.decode(&frame).map_err(refused)?;
        let held = receiver.acknowledgement();
        sender.acknowledge(held).map_err(refused)?;
    }
    frame.clear();
    sender.encode(clock, &mut frame).map_err(refused)?;
    if receiver.decode(&frame).map_err(refused)? != *clock {
        return Err(Error::Differs {
            contender: "clocks DeltaSender".to_owned(),
            case: "bytes".to_owned(),
        });
    }
    Ok(frame)
}

fn check(base: &VectorClock, clock: &VectorClock, full: &[u8], delta: &[u8]) -> Result<(), Error> {
    let mut known = base.clone();
    let delta = VectorDelta::from_bytes(delta).map_err(refused)?;
    known.apply(&delta).map_err(refused)?;
    if known != *clock || VectorClock::from_bytes(full).map_err(refused)? != *clock {
        return Err(Error::Differs {
            contender: merge::OURS.to_owned(),
            case: "bytes".to_owned(),
        });
    }
    Ok(())
}

fn bincode_bytes(
    clock: &VectorClock,
    config: impl bincode::config::Config,
) -> Result<Vec<u8>, Error> {
    let counters = clock.as_slice();
    bincode::serde::encode_to_vec(counters, config).map_err(|error| Error::Refused {
        contender: "bincode",
        why: error.to_string(),
    })
}

fn refused(error: clocks::ClockError) -> Error {
    Error::Refused {
        contender: "clocks",
        why: error.to_string(),
    }
}

/// Writing a clock of `n` counters to a buffer and reading it back, beside bincode.
///
/// # Errors
///
/// As [`rows`].
pub fn contenders(n: usize) -> Result<Vec<Contender>, Error> {
    let [_, clock] = clocks(n, 0)?;
    let ours = Contender::new(
        "clocks VectorClock",
        16,
        (
            clock.clone(),
            Vec::with_capacity(16 * n),
            VectorClock::default(),
        ),
        |(clock, buffer, read)| {
            for _ in 0..16 {
                buffer.clear();
                black_box(&*clock).encode(buffer);
                *read = VectorClock::from_bytes(black_box(buffer)).unwrap_or_default();
            }
        },
        |(_, _, read)| read.as_slice().to_vec(),
    );
    let contenders = vec![
        ours,
        bincode(BINCODE_FIXED, &clock, bincode::config::legacy()),
        bincode(BINCODE_SHORT, &clock, bincode::config::standard()),
    ];
    Ok(contenders)
}

fn bincode(
    name: &str,
    clock: &VectorClock,
    config: impl bincode::config::Config + 'static,
) -> Contender {
    let counters = clock.as_slice().to_vec();
    let buffer = vec![0_u8; 16 * counters.len() + 16];
    Contender::new(
        name,
        16,
        (counters, buffer, Vec::new()),
        move |(counters, buffer, read)| {
            for _ in 0..16 {
                let counters: &[u64] = black_box(counters);
                let length = bincode::serde::encode_into_slice(counters, buffer, config);
                let bytes = &black_box(&*buffer)[..length.unwrap_or(0)];
                let decoded = bincode::serde::decode_from_slice::<Vec<u64>, _>(bytes, config);
                *read = decoded.map(|(counters, _)| counters).unwrap_or_default();
            }
        },
        |(_, _, read)| read.clone(),
    )
}
