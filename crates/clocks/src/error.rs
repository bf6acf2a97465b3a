//! Why a clock refused an operation.

use core::fmt;

use crate::{Dot, HlcStamp};

/// Why a clock refused an operation. The clock is then exactly as it was before the call.
///
/// ```
/// use clocks::{ClockError, VectorClock};
///
/// let mut clock = VectorClock::new(3)?;
/// assert_eq!(clock.tick(3), Err(ClockError::UnknownSlot { slot: 3, slots: 3 }));
/// # Ok::<(), ClockError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClockError {
    /// The next time would not fit in 64 bits; of a hybrid clock, the milliseconds not in 48 of them.
    TimeExhausted,
    /// A hybrid time is farther ahead of the own wall clock than allowed.
    TooFarAhead {
        /// How many milliseconds ahead the clock would be.
        ahead_ms: u64,
        /// How many milliseconds it may be.
        ahead_max_ms: u64,
    },
    /// A hybrid clock's stamp is above the bound that was reserved: persist and reserve a new one.
    BeyondReserve {
        /// The stamp that would be needed, or was issued already.
        stamp: HlcStamp,
        /// The bound.
        reserved: HlcStamp,
    },
    /// The next counter, of an actor's events, lives or frames or of a Bloom clock, would not fit in 64
    /// bits.
    CounterExhausted,
    /// The clock has no such slot: the caller named one, or a merged clock has events in one.
    UnknownSlot {
        /// The slot that was asked for.
        slot: usize,
        /// How many slots this clock has: the valid ones are `0..slots`.
        slots: usize,
    },
    /// A clock or roster of that width is not allowed.
    TooManySlots {
        /// The width that was asked for.
        slots: usize,
        /// The greatest width allowed: [`VectorClock::SLOTS_MAX`](crate::VectorClock::SLOTS_MAX), or
        /// [`MatrixClock::SLOTS_MAX`](crate::MatrixClock::SLOTS_MAX) where each member has a row, or
        /// the limit that a [`DeltaReceiver`](crate::wire::DeltaReceiver) was made with.
        slots_max: usize,
    },
    /// A clock would know more actors than allowed.
    TooManyActors {
        /// How many it would know.
        actors: usize,
        /// The most allowed: what the caller of
        /// [`merge_within`](crate::VersionVector::merge_within) said, or
        /// [`DvvSet::ACTORS_MAX`](crate::DvvSet::ACTORS_MAX).
        actors_max: usize,
    },
    /// A set of dots would have more runs than are allowed.
    TooManyRuns {
        /// The most runs of a set: [`DotSet::RUNS_MAX`](crate::DotSet::RUNS_MAX).
        runs_max: usize,
    },
    /// Two clocks of different epochs: their slots may belong to different actors.
    EpochMismatch {
        /// The epoch of the clock that was asked.
        own: u64,
        /// The epoch of the other clock, delta or cut, or the one that a roster follows.
        other: u64,
    },
    /// A cut of another roster, or a roster that does not follow this one: the epoch's number is the
    /// same, but its slots belong to other actors.
    RosterMismatch,
    /// The roster has no such actor.
    UnknownActor,
    /// A roster would have an actor twice.
    DuplicateActor {
        /// Where the second one stands, from 0, among the sorted actors.
        index: usize,
    },
    /// A number for the next epoch would not fit in 64 bits.
    EpochExhausted,
    /// A clock or stamp must be exactly as wide as what it is used with.
    WidthMismatch {
        /// The width of the one that was asked.
        own: usize,
        /// The width of the other.
        other: usize,
    },
    /// The actor has not left, so its next event may be on its way: it cannot be retired.
    StillMember,
    /// The only member that remains cannot leave: nobody could say what has been seen.
    LastMember,
    /// The actor has left already, with another final count.
    LeftAlready {
        /// How many events it had, as announced first.
        last: u64,
    },
    /// Not all events of an actor that has left are known: to forget it would lose that.
    MissingEvents {
        /// That actor's events are known up to here only.
        known: u64,
        /// How many it had.
        last: u64,
    },
    /// A clock claims events of an actor beyond the last that it had when it left.
    BeyondLast {
        /// What the clock claims.
        counter: u64,
        /// How many events the actor had.
        last: u64,
    },
    /// The stamp of a message counts no message of its sender.
    NoEvent {
        /// The sender's slot.
        slot: usize,
    },
    /// A stamp knows a message of ours that we have not sent, or have forgotten.
    UnsentMessage {
        /// The message's number.
        counter: u64,
        /// How many we have sent.
        sent: u64,
    },
    /// As many messages wait as may.
    BufferFull {
        /// How many may.
        messages_max: u32,
        /// A message that is not here and must be delivered before the refused one: the one to fetch
        /// next. Nothing if it only waits for room, or if all that it needs next are here and wait
        /// for each other, which only false stamps can cause.
        needs: Option<Dot<usize>>,
    },
    /// A delta tells what came after events that this clock does not know.
    DeltaGap {
        /// The delta continues after this event of some actor.
        after: u64,
        /// This clock knows that actor's events up to here only.
        known: u64,
    },
    /// A dot lies in the past that it should come after.
    DotInPast {
        /// The number of the dot.
        counter: u64,
        /// The number of its actor's last event in the past.
        known: u64,
    },
    /// A context has seen writes of a server that the server itself does not know: it is forged, or
    /// the server has lost its state.
    ContextAhead {
        /// The number of the server's last write, as the context has it.
        claimed: u64,
        /// The number of the server's last write, as the server has it.
        known: u64,
    },
    /// A key would have more concurrent values than allowed.
    TooManySiblings {
        /// How many it would have.
        siblings: usize,
        /// The most allowed: [`DvvSet::SIBLINGS_MAX`](crate::DvvSet::SIBLINGS_MAX).
        siblings_max: usize,
    },
    /// A Bloom clock of that shape is not allowed.
    BloomShape {
        /// The counters that were asked for: from 1 to
        /// [`BloomClock::COUNTERS_MAX`](crate::BloomClock::COUNTERS_MAX) are allowed.
        counters: usize,
        /// The hashes that were asked for: from 1 to
        /// [`BloomClock::HASHES_MAX`](crate::BloomClock::HASHES_MAX) are allowed.
        hashes: u8,
    },
    /// Two Bloom clocks of different shapes: their counters stand for different sets of events.
    BloomMismatch {
        /// The counters and the hashes of the clock that was asked.
        own: (usize, u8),
        /// The counters and the hashes of the other clock.
        other: (usize, u8),
    },
    /// Two interval tree clocks own the same part, so they are no two actors.
    OverlappingIds,
    /// An interval tree clock would be too deep to be divided once more.
    TooDeep {
        /// The greatest depth allowed: [`DEPTH_MAX`](crate::itc::DEPTH_MAX).
        depth_max: u16,
    },
    /// An interval tree clock would have too many leaves.
    TooManyLeaves {
        /// How many it would have.
        leaves: usize,
        /// The greatest number allowed: [`LEAVES_MAX`](crate::itc::LEAVES_MAX).
        leaves_max: usize,
    },
    /// A frame, or the acknowledgement of one, belongs to another stream of stamps.
    StreamMismatch {
        /// The stream of the side that was asked.
        own: u64,
        /// The stream of the frame.
        other: u64,
    },
    /// A frame builds on another that is not held: it was never received, or long ago.
    MissingBase {
        /// The number of the frame.
        frame: u64,
        /// The number of the frame that it builds on.
        base: u64,
    },
    /// Two frames of one number bring different stamps: the sender has lost its state.
    FrameConflict {
        /// The number.
        frame: u64,
    },
    /// A frame was acknowledged that was never sent: the receiver read a forged one, or the sender has
    /// lost its state. Frames are full from then on; make the receiver anew.
    UnknownFrame {
        /// The number of the frame.
        frame: u64,
        /// The number of the newest frame sent, 0 before the first.
        last: u64,
    },
    /// An encoding is not one that this crate writes.
    Malformed {
        /// The byte, from 0, at which that became clear.
        offset: usize,
        /// What is wrong there.
        defect: Defect,
    },
}

/// What is wrong with an encoding.
///
/// ```
/// use clocks::{ClockError, Defect, wire::Reader};
///
/// let defect = Defect::Ended;
/// assert_eq!(Reader::new(&[0x80]).u64(), Err(ClockError::Malformed { offset: 1, defect }));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Defect {
    /// It ends before it is complete.
    Ended,
    /// Bytes follow after its end.
    Surplus,
    /// A number does not fit in its type.
    TooLarge,
    /// A number is written with more bytes than it needs.
    Overlong,
    /// A count promises more items than there are bytes left, or than are allowed.
    TooMany,
    /// An actor's counter is zero, which means that there is nothing to write.
    ZeroCounter,
    /// The items are not in strictly increasing order.
    NotSorted,
    /// A name is not valid UTF-8.
    NotText,
    /// A tree is deeper than allowed.
    TooDeep,
    /// The value can be written shorter: it is not in its canonical form.
    NotCanonical,
    /// A byte that announces what follows announces nothing known.
    UnknownTag,
    /// No value of this type has such a part.
    NotAllowed,
}

impl fmt::Display for ClockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimeExhausted => f.write_str("the time would exceed its range"),
            Self::TooFarAhead {
                ahead_ms,
                ahead_max_ms,
            } => write!(
                f,
                "the time is {ahead_ms} ms ahead of the wall clock, more than {ahead_max_ms}"
            ),
            Self::BeyondReserve { stamp, reserved } => {
                write!(
                    f,
                    "the stamp {stamp} is above the reserved bound {reserved}"
                )
            }
            Self::CounterExhausted => f.write_str("the counter would exceed 64 bits"),
            Self::UnknownSlot { slot, slots } => {
                write!(f, "slot {slot} is unknown to a clock of {slots} slots")
            }
            Self::TooManySlots { slots, slots_max } => {
                write!(f, "{slots} slots exceed the limit of {slots_max}")
            }
            Self::TooManyActors { actors, actors_max } => {
                write!(f, "{actors} actors exceed the limit of {actors_max}")
            }
            Self::TooManyRuns { runs_max } => {
                write!(
                    f,
                    "the dots leave more gaps than the limit of {runs_max} runs allows"
                )
            }
            Self::EpochMismatch { own, other } => write!(
                f,
                "epoch {other} is not epoch {own}: its slots may belong to other actors"
            ),
            Self::RosterMismatch => f.write_str("the roster of that epoch is another one"),
            Self::UnknownActor => f.write_str("the roster has no such actor"),
            Self::DuplicateActor { index } => {
                write!(f, "the actor at place {index} stands there twice")
            }
            Self::EpochExhausted => f.write_str("the epoch would exceed 64 bits"),
            Self::WidthMismatch { own, other } => {
                write!(f, "a width of {other} slots is not the width of {own}")
            }
            Self::StillMember => f.write_str("the actor has not left"),
            Self::LastMember => f.write_str("the last member cannot leave"),
            Self::LeftAlready { last } => {
                write!(f, "the actor has left already, after event {last}")
            }
            Self::MissingEvents { known, last } => write!(
                f,
                "of the {last} events of an actor that left, only {known} are known"
            ),
            Self::BeyondLast { counter, last } => write!(
                f,
                "event {counter} is claimed of an actor that left after event {last}"
            ),
            Self::NoEvent { slot } => {
                write!(
                    f,
                    "the stamp counts no message of its sender in slot {slot}"
                )
            }
            Self::UnsentMessage { counter, sent } => write!(
                f,
                "the stamp knows our message {counter}, of which we have sent {sent}"
            ),
            Self::BufferFull {
                messages_max,
                needs,
            } => {
                write!(f, "{messages_max} messages wait, and no more may")?;
                needs.map_or(Ok(()), |dot| write!(f, "; message {dot} is needed first"))
            }
            Self::DeltaGap { after, known } => write!(
                f,
                "the delta continues after event {after} of an actor whose events are known up to {known}"
            ),
            Self::DotInPast { counter, known } => write!(
                f,
                "event {counter} is in the past, which has the actor's events up to {known}"
            ),
            Self::ContextAhead { claimed, known } => write!(
                f,
                "the context has seen write {claimed} of a server that has made {known}"
            ),
            Self::TooManySiblings {
                siblings,
                siblings_max,
            } => write!(f, "{siblings} siblings exceed the limit of {siblings_max}"),
            Self::BloomShape { counters, hashes } => write!(
                f,
                "a Bloom clock cannot have {counters} counters and {hashes} hashes"
            ),
            Self::BloomMismatch { own, other } => write!(
                f,
                "a Bloom clock of {} counters and {} hashes is not one of {} and {}",
                other.0, other.1, own.0, own.1
            ),
            Self::OverlappingIds => f.write_str("both stamps own the same part"),
            Self::TooDeep { depth_max } => {
                write!(f, "the tree would be deeper than {depth_max}")
            }
            Self::TooManyLeaves { leaves, leaves_max } => {
                write!(f, "{leaves} leaves exceed the limit of {leaves_max}")
            }
            Self::StreamMismatch { own, other } => {
                write!(f, "a frame of stream {other} is not one of stream {own}")
            }
            Self::MissingBase { frame, base } => {
                write!(f, "frame {frame} builds on frame {base}, which is not held")
            }
            Self::FrameConflict { frame } => {
                write!(f, "frame {frame} came before with another stamp")
            }
            Self::UnknownFrame { frame, last } => write!(
                f,
                "frame {frame} was acknowledged, but the last that was sent is {last}"
            ),
            Self::Malformed { offset, defect } => write!(f, "byte {offset}: {defect}"),
        }
    }
}

impl core::error::Error for ClockError {}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ended => "the encoding ends too early",
            Self::Surplus => "bytes follow after the end",
            Self::TooLarge => "the number is too large for its type",
            Self::Overlong => "the number is written with more bytes than it needs",
            Self::TooMany => "more items are promised than can follow",
            Self::ZeroCounter => "a counter is zero",
            Self::NotSorted => "the items are not in strictly increasing order",
            Self::NotText => "the name is not valid UTF-8",
            Self::TooDeep => "the tree is too deep",
            Self::NotCanonical => "the value is not in its canonical form",
            Self::UnknownTag => "nothing known begins like this",
            Self::NotAllowed => "no value has such a part",
        })
    }
}
