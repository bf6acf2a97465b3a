//! Stamps of one sender for one receiver, each written as its difference to one that arrived.
//!
//! The delta of Singhal and Kshemkalyani, "An Efficient Implementation of Vector Clocks" (1992),
//! names what changed since the last message, and so needs links that lose nothing and keep the
//! order. Here a frame names the frame that it builds on, and that is one which the receiver has
//! acknowledged. Rules:
//! - frames are numbered from 1; a delta builds on the newest acknowledged frame, never on one more
//!   than a window back; without such a base, the frame is full;
//! - the receiver keeps every stamp that is at most a window older than the newest, so a frame that
//!   is newer than all others can always be read;
//! - a stamp that is not above the base (a new epoch, another width, a counter that fell) is full.
//!
//! A frame: the stream, the number, then 0 and the clock; or how far back its base is, how many
//! slots changed, and for each the gap to the slot before and its increment less one. All LEB128.
//!
//! Losing, repeating and reordering frames or acknowledgements costs bytes and nothing else: a frame
//! that can be read gives exactly the stamp that was sent.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::{Reader, Wire, write_count, write_u64};
use crate::{ClockError, Defect, VectorClock};

/// The sending side of a stream of stamps over links that lose, repeat and reorder.
///
/// [`encode`](Self::encode) each stamp as it is sent, and [`acknowledge`](Self::acknowledge) what
/// [`DeltaReceiver::acknowledgement`] says, whenever that comes back. With 64 slots of which 4
/// changed a frame has some 14 bytes, a full one some 200.
///
/// Stream and window must be those of the receiver. Give each life of a sender a stream number of
/// its own, such as its [incarnation](crate::Actor): one that lost its state and kept the number would
/// build on frames that meant something else.
///
/// Space: at most `window_frames + 1` stamps, however many acknowledgements are lost.
///
/// ```
/// use clocks::VectorClock;
/// use clocks::wire::{DeltaReceiver, DeltaSender};
///
/// let (mut sender, mut receiver) = (DeltaSender::new(1, 32), DeltaReceiver::new(1, 32, 64));
/// let mut clock = VectorClock::new(64)?;
/// let mut lengths = Vec::new();
/// for slot in [3, 3, 7] {
///     clock.tick(slot)?;
///     let mut frame = Vec::new();
///     sender.encode(&clock, &mut frame)?;
///     assert_eq!(receiver.decode(&frame)?, clock);
///     sender.acknowledge(receiver.acknowledgement())?;
///     lengths.push(frame.len());
/// }
/// assert_eq!(lengths, [69, 6, 6]);
/// # Ok::<(), clocks::ClockError>(())
/// ```
#[derive(Clone, Debug)]
pub struct DeltaSender {
    stream: u64,
    window_frames: u8,
    /// The number of the newest frame, 0 before the first.
    last: u64,
    /// The newest that was acknowledged.
    base: Option<(u64, VectorClock)>,
    /// Those since that may still be, oldest first.
    sent: VecDeque<(u64, VectorClock)>,
}

impl DeltaSender {
    /// A stream before its first frame.
    ///
    /// A delta builds on a frame at most `window_frames` back, so as many may be under way, there and
    /// back, before frames become full. With a window of 0 all are.
    ///
    /// ```
    /// assert_eq!(clocks::wire::DeltaSender::new(1, 32).last(), 0);
    /// ```
    #[must_use]
    pub const fn new(stream: u64, window_frames: u8) -> Self {
        Self {
            stream,
            window_frames,
            last: 0,
            base: None,
            sent: VecDeque::new(),
        }
    }

    /// Appends the frame of the next stamp to `out`, and returns its number. O(slots).
    ///
    /// # Errors
    ///
    /// [`ClockError::CounterExhausted`] after 2^64 - 1 frames. Nothing is written then.
    ///
    /// ```
    /// use clocks::{VectorClock, wire::DeltaSender};
    ///
    /// let mut frame = Vec::new();
    /// assert_eq!(DeltaSender::new(1, 32).encode(&VectorClock::new(2)?, &mut frame)?, 1);
    /// assert_eq!(frame, [1, 1, 0, 0, 2, 0, 0]);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    pub fn encode(&mut self, stamp: &VectorClock, out: &mut Vec<u8>) -> Result<u64, ClockError> {
        let number = self.last.checked_add(1);
        let number = number.ok_or(ClockError::CounterExhausted)?;
        self.last = number;
        write_u64(self.stream, out);
        write_u64(number, out);
        let window = u64::from(self.window_frames);
        let base = self.base.as_ref().filter(|(base, held)| {
            number.saturating_sub(*base) <= window && is_raised(held, stamp)
        });
        match base {
            Some((base, held)) => {
                write_u64(number.saturating_sub(*base), out);
                encode_changes(held, stamp, out);
            }
            None => {
                write_u64(0, out);
                stamp.encode(out);
            }
        }
        while self.sent.len() >= usize::from(self.window_frames) {
            if self.sent.pop_front().is_none() {
                return Ok(number);
            }
        }
        self.sent.push_back((number, stamp.clone()));
        Ok(number)
    }

    /// Learns what the receiver holds, and tells if that was news. Frames build on it from now on.
    ///
    /// Acknowledgements may be lost, come twice, or come late. One of 0 says that the receiver holds
    /// nothing, which is so at first and after it has lost its state: frames are full until the next.
    ///
    /// # Errors
    ///
    /// [`ClockError::UnknownFrame`] for a frame that was never sent. Nothing changes then.
    ///
    /// ```
    /// use clocks::{ClockError, wire::DeltaSender};
    ///
    /// let mut sender = DeltaSender::new(1, 32);
    /// let unknown = Err(ClockError::UnknownFrame { frame: 1, last: 0 });
    /// assert_eq!(sender.acknowledge(1), unknown);
    /// ```
    pub fn acknowledge(&mut self, number: u64) -> Result<bool, ClockError> {
        if number > self.last {
            let (frame, last) = (number, self.last);
            return Err(ClockError::UnknownFrame { frame, last });
        }
        if number == 0 {
            return Ok(self.base.take().is_some());
        }
        if self.sent.iter().all(|(sent, _)| *sent != number) {
            return Ok(false);
        }
        while let Some(sent) = self.sent.pop_front() {
            if sent.0 == number {
                self.base = Some(sent);
                break;
            }
        }
        Ok(true)
    }

    /// The number of the newest frame, 0 before the first.
    ///
    /// ```
    /// assert_eq!(clocks::wire::DeltaSender::new(1, 32).last(), 0);
    /// ```
    #[must_use]
    pub const fn last(&self) -> u64 {
        self.last
    }

    /// The number of the frame on which the next would build, if its stamp allows it.
    ///
    /// ```
    /// assert_eq!(clocks::wire::DeltaSender::new(1, 32).base(), None);
    /// ```
    #[must_use]
    pub fn base(&self) -> Option<u64> {
        let (base, _) = self.base.as_ref()?;
        let distance = self.last.saturating_sub(*base);
        (distance < u64::from(self.window_frames)).then_some(*base)
    }
}

/// The receiving side of a stream of stamps over links that lose, repeat and reorder.
///
/// See [`DeltaSender`]. A receiver that lost its state may begin anew with the same stream number: it
/// acknowledges 0, and frames are full again.
///
/// Space: at most `window_frames + 1` stamps of at most `slots_max` slots, whatever is received.
#[derive(Clone, Debug)]
pub struct DeltaReceiver {
    stream: u64,
    window_frames: u8,
    slots_max: usize,
    /// The stamps on which a frame may build, in the order of their numbers.
    held: VecDeque<(u64, VectorClock)>,
}

impl DeltaReceiver {
    /// A stream before its first frame. Clocks of more than `slots_max` slots will be refused.
    ///
    /// ```
    /// assert_eq!(clocks::wire::DeltaReceiver::new(1, 32, 64).acknowledgement(), 0);
    /// ```
    #[must_use]
    pub const fn new(stream: u64, window_frames: u8, slots_max: usize) -> Self {
        Self {
            stream,
            window_frames,
            slots_max,
            held: VecDeque::new(),
        }
    }

    /// Reads a frame, and returns exactly the stamp that was sent in it. O(slots).
    ///
    /// A frame may come twice, and late: it is read as long as what it builds on is held.
    ///
    /// # Errors
    ///
    /// [`ClockError::StreamMismatch`] for a frame of another stream; [`ClockError::MissingBase`] if it
    /// builds on a frame that is not held: it came very late, or this side has lost its state, which
    /// the sender learns from the [`acknowledgement`](Self::acknowledgement);
    /// [`ClockError::TooManySlots`]; [`ClockError::FrameConflict`] if a frame of that number brought
    /// another stamp; [`ClockError::Malformed`]. Nothing changes then.
    ///
    /// ```
    /// use clocks::{ClockError, wire::DeltaReceiver};
    ///
    /// let mut receiver = DeltaReceiver::new(1, 32, 64);
    /// let missing = Err(ClockError::MissingBase { frame: 9, base: 8 });
    /// assert_eq!(receiver.decode(&[1, 9, 1, 0]), missing);
    /// assert_eq!(receiver.decode(&[1, 9, 0, 0, 2, 4, 7])?.as_slice(), [4, 7]);
    /// assert_eq!(receiver.decode(&[1, 10, 1, 1, 1, 0])?.as_slice(), [4, 8]);
    /// # Ok::<(), ClockError>(())
    /// ```
    pub fn decode(&mut self, frame: &[u8]) -> Result<VectorClock, ClockError> {
        let mut input = Reader::new(frame);
        let (own, other) = (self.stream, input.u64()?);
        if own != other {
            return Err(ClockError::StreamMismatch { own, other });
        }
        let number = input.u64()?;
        if number == 0 {
            return Err(input.malformed_before(Defect::NotCanonical));
        }
        let stamp = match input.u64()? {
            0 => VectorClock::decode(&mut input)?,
            distance => {
                let base = number.checked_sub(distance).filter(|base| *base > 0);
                let base = base.ok_or_else(|| input.malformed_before(Defect::TooLarge))?;
                let missing = ClockError::MissingBase {
                    frame: number,
                    base,
                };
                decode_changes(self.held(base).ok_or(missing)?, &mut input)?
            }
        };
        input.finish()?;
        let (slots, slots_max) = (stamp.slots(), self.slots_max);
        if slots > slots_max {
            return Err(ClockError::TooManySlots { slots, slots_max });
        }
        self.hold(number, &stamp)?;
        Ok(stamp)
    }

    /// What the sender should be told, as often as is convenient: the number of the newest stamp that
    /// is held, 0 if there is none.
    ///
    /// ```
    /// use clocks::wire::DeltaReceiver;
    ///
    /// let mut receiver = DeltaReceiver::new(1, 32, 64);
    /// receiver.decode(&[1, 9, 0, 0, 2, 4, 7])?;
    /// assert_eq!(receiver.acknowledgement(), 9);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub fn acknowledgement(&self) -> u64 {
        self.held.back().map_or(0, |(number, _)| *number)
    }

    fn held(&self, number: u64) -> Option<&VectorClock> {
        let place = self.held.binary_search_by_key(&number, |(held, _)| *held);
        self.held.get(place.ok()?).map(|(_, stamp)| stamp)
    }

    /// Keeps a stamp, unless a frame that is newer than all will not ask for it.
    fn hold(&mut self, number: u64, stamp: &VectorClock) -> Result<(), ClockError> {
        match self.held.binary_search_by_key(&number, |(held, _)| *held) {
            Ok(_) if self.held(number).is_some_and(|held| !is_same(held, stamp)) => {
                return Err(ClockError::FrameConflict { frame: number });
            }
            Ok(_) => return Ok(()),
            Err(place) => self.held.insert(place, (number, stamp.clone())),
        }
        let oldest = self
            .acknowledgement()
            .saturating_sub(u64::from(self.window_frames));
        while self.held.front().is_some_and(|(held, _)| *held < oldest) {
            self.held.pop_front();
        }
        Ok(())
    }
}

/// Whether a delta over `base` can say `stamp`: no counter fell, and it is the same kind of clock.
fn is_raised(base: &VectorClock, stamp: &VectorClock) -> bool {
    base.slots() == stamp.slots() && matches!(stamp.partial_cmp(base), Some(order) if order.is_ge())
}

/// Equal to the width: exactly what was sent.
fn is_same(left: &VectorClock, right: &VectorClock) -> bool {
    left.epoch() == right.epoch() && left.as_slice() == right.as_slice()
}

fn encode_changes(base: &VectorClock, stamp: &VectorClock, out: &mut Vec<u8>) {
    let changes = || {
        let pairs = base.as_slice().iter().zip(stamp.as_slice()).enumerate();
        pairs.filter_map(|(slot, (base, counter))| {
            let increment = counter.checked_sub(*base)?;
            Some((slot, increment.checked_sub(1)?))
        })
    };
    write_count(changes().count(), out);
    let mut next = 0;
    for (slot, increment) in changes() {
        write_count(slot.saturating_sub(next), out);
        write_u64(increment, out);
        next = slot.saturating_add(1);
    }
}

fn decode_changes(base: &VectorClock, input: &mut Reader<'_>) -> Result<VectorClock, ClockError> {
    let count = input.count(2, base.slots())?;
    let mut stamp = base.clone();
    let mut next = 0_usize;
    for _ in 0..count {
        let gap = usize::try_from(input.u64()?).ok();
        let slot = gap.and_then(|gap| next.checked_add(gap));
        let counter = slot.and_then(|slot| stamp.counters_mut().get_mut(slot));
        let counter = counter.ok_or_else(|| input.malformed_before(Defect::TooLarge))?;
        let increment = input.u64()?;
        let raised = counter
            .checked_add(increment)
            .and_then(|it| it.checked_add(1));
        *counter = raised.ok_or_else(|| input.malformed_before(Defect::TooLarge))?;
        next = slot.unwrap_or(next).saturating_add(1);
    }
    Ok(stamp)
}
