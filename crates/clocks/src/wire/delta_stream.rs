//! Stamps of one sender for one receiver, each written as its difference to one that arrived.
//!
//! The delta of Singhal and Kshemkalyani, "An Efficient Implementation of Vector Clocks" (1992),
//! names what changed since the last message, and so needs links that lose nothing and keep the
//! order. Here a frame names the frame that it builds on, and that is one which the receiver has
//! acknowledged. Rules:
//! - frames are numbered from 1; a delta builds on the newest acknowledged frame, never on one more
//!   than a window back; without such a base, the frame is full;
//! - the receiver keeps every stamp that is at most a window older than the newest, so a frame that
//!   is newer than all others can be read as long as neither side loses its state;
//! - a stamp that is not above the base (a new epoch, another width, a counter that fell) is full;
//! - an acknowledgement names its stream, so one for a former life of the sender is refused;
//! - a frame that is newer than all others and cannot be read shows that the receiver lost its state:
//!   it acknowledges 0 until it has read one that is newer;
//! - after a 0, only frames sent since can be a base, so what a former receiver held is none. Hence a
//!   receiver made anew misses no frame sent after its 0 has arrived.
//!
//! A frame: the stream, the number, then 0 and the clock; or how far back its base is, how many
//! slots changed, and for each the gap to the slot before and its increment less one. An
//! acknowledgement: the stream and the number. All LEB128.
//!
//! Losing, repeating and reordering frames or acknowledgements costs bytes and nothing else: a frame
//! that can be read gives exactly the stamp that was sent. Altering them is another matter: see
//! [`DeltaReceiver`].

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::{Reader, Wire, write_count, write_u64};
use crate::{ClockError, Defect, VectorClock};

/// What a [`DeltaReceiver`] holds of its stream, for the [`DeltaSender`] to build on.
///
/// As [`Wire`] two numbers, 2 to 20 bytes.
///
/// ```
/// use clocks::wire::{Acknowledgement, DeltaReceiver, Wire};
///
/// let acknowledgement = DeltaReceiver::new(7, 32, 64).acknowledgement();
/// assert_eq!(acknowledgement, Acknowledgement { stream: 7, frame: 0 });
/// assert_eq!(acknowledgement.to_bytes(), [7, 0]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
pub struct Acknowledgement {
    /// The stream: that of the frames.
    pub stream: u64,
    /// The number of the newest frame that is held. 0 asks for a full one: nothing is held, or not
    /// what the sender builds on.
    pub frame: u64,
}

impl Wire for Acknowledgement {
    fn encode(&self, out: &mut Vec<u8>) {
        write_u64(self.stream, out);
        write_u64(self.frame, out);
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, ClockError> {
        let (stream, frame) = (input.u64()?, input.u64()?);
        Ok(Self { stream, frame })
    }
}

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
    /// Acknowledgements may be lost, come twice, or come late. One of 0 says that the receiver lacks
    /// what frames build on, which is so at first and after it has lost its state: frames are full
    /// until one of those is acknowledged.
    ///
    /// # Errors
    ///
    /// [`ClockError::StreamMismatch`] for another stream, such as that of a former life of this side:
    /// nothing changes then.
    ///
    /// [`ClockError::UnknownFrame`] for a frame that was never sent: either the receiver read a forged
    /// or corrupted frame, or this side lost its state and kept its stream number. What the receiver
    /// holds is then not known, so frames are full, as after a 0. To end that, make the receiver anew,
    /// in the second case with a new stream.
    ///
    /// ```
    /// use clocks::ClockError;
    /// use clocks::wire::{Acknowledgement, DeltaSender};
    ///
    /// let mut sender = DeltaSender::new(1, 32);
    /// let unknown = Err(ClockError::UnknownFrame { frame: 1, last: 0 });
    /// assert_eq!(sender.acknowledge(Acknowledgement { stream: 1, frame: 1 }), unknown);
    /// ```
    pub fn acknowledge(&mut self, acknowledgement: Acknowledgement) -> Result<bool, ClockError> {
        let Acknowledgement { stream, frame } = acknowledgement;
        if stream != self.stream {
            let (own, other) = (self.stream, stream);
            return Err(ClockError::StreamMismatch { own, other });
        }
        if frame > self.last {
            self.begin_anew();
            let last = self.last;
            return Err(ClockError::UnknownFrame { frame, last });
        }
        if frame == 0 {
            return Ok(self.begin_anew());
        }
        if self.sent.iter().all(|(sent, _)| *sent != frame) {
            return Ok(false);
        }
        while let Some(sent) = self.sent.pop_front() {
            if sent.0 == frame {
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

    /// Builds on nothing that was sent so far, and tells if it did before.
    fn begin_anew(&mut self) -> bool {
        // A late acknowledgement may be that of a receiver which has lost its state since.
        self.sent.clear();
        self.base.take().is_some()
    }
}

/// The receiving side of a stream of stamps over links that lose, repeat and reorder.
///
/// See [`DeltaSender`]. A receiver that lost its state may begin anew with the same stream number: it
/// acknowledges 0, and frames are full again.
///
/// The frames must be those of the sender: over links that may corrupt bytes, or where others may
/// forge them, they need a checksum or authentication. A forged stamp is a wrong stamp, and others may
/// build on it; a forged number beyond the sender's is [`ClockError::UnknownFrame`] there, and all
/// frames are full until this side is made anew.
///
/// Space: at most `window_frames + 1` stamps of at most `slots_max` slots of 8 bytes, whatever is
/// received. That is not bounded by the bytes received, unlike all else in this module: a delta of some
/// 5 bytes is a whole stamp. With a window of 255 and 65,536 slots it is 134 MB, so choose both for
/// what one sender may cost.
#[derive(Clone, Debug)]
pub struct DeltaReceiver {
    stream: u64,
    window_frames: u8,
    slots_max: usize,
    /// The stamps on which a frame may build, in the order of their numbers.
    held: VecDeque<(u64, VectorClock)>,
    /// Whether a frame came that is newer than all held, and builds on one that is not.
    lacks_base: bool,
}

impl DeltaReceiver {
    /// A stream before its first frame. Clocks of more than `slots_max` slots will be refused.
    ///
    /// ```
    /// assert_eq!(clocks::wire::DeltaReceiver::new(1, 32, 64).acknowledgement().frame, 0);
    /// ```
    #[must_use]
    pub const fn new(stream: u64, window_frames: u8, slots_max: usize) -> Self {
        Self {
            stream,
            window_frames,
            slots_max,
            held: VecDeque::new(),
            lacks_base: false,
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
    /// another stamp; [`ClockError::Malformed`]. What is held does not change then.
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
                let Some(held) = self.held(base) else {
                    self.lacks_base |= number > self.newest();
                    let frame = number;
                    return Err(ClockError::MissingBase { frame, base });
                };
                decode_changes(held, &mut input)?
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
    /// is held.
    ///
    /// It is 0, which asks for a full frame, if there is none, or if a frame newer than that could not
    /// be read because its base is missing: until a newer one can.
    ///
    /// ```
    /// use clocks::wire::DeltaReceiver;
    ///
    /// let mut receiver = DeltaReceiver::new(1, 32, 64);
    /// receiver.decode(&[1, 9, 0, 0, 2, 4, 7])?;
    /// assert_eq!(receiver.acknowledgement().frame, 9);
    /// assert!(receiver.decode(&[1, 12, 1, 0]).is_err());
    /// assert_eq!(receiver.acknowledgement().frame, 0);
    /// # Ok::<(), clocks::ClockError>(())
    /// ```
    #[must_use]
    pub fn acknowledgement(&self) -> Acknowledgement {
        let frame = if self.lacks_base { 0 } else { self.newest() };
        let stream = self.stream;
        Acknowledgement { stream, frame }
    }

    fn newest(&self) -> u64 {
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
            Err(place) => {
                self.lacks_base &= place < self.held.len();
                self.held.insert(place, (number, stamp.clone()));
            }
        }
        let window = u64::from(self.window_frames);
        let oldest = self.newest().saturating_sub(window);
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
