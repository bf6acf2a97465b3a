//! Reading in pieces: a file of any length, in memory for one unfinished element.
//!
//! Invariant. What is handed on, and every complaint, is the same however the file is cut. An element is read only
//! when its reader did not look past the end of what is there ([`Cursor::has_met_end`]); else the attempt is forgotten,
//! and made again with more. Attempts are paid for by bytes fed, so that a long element in small pieces stays linear.

use alloc::{format, string::String, vec::Vec};

use super::{
    Format, Recorded,
    cursor::{self, Cursor, Place},
    dbcop, edn,
    fields::{self, Fields, Memory},
    jepsen_log, json, plume,
    recorded::Gathering,
    sessions,
    taken::Taken,
};
use crate::{Error, Event};

/// The longest element (an event, a line, a transaction) that is read, in bytes.
const ELEMENT_BYTES_MAX: usize = 64 << 20;

/// How much is taken in before reading on.
const PIECE_BYTES: usize = 1 << 20;

/// Bytes that may be looked at in vain for each byte fed.
const ATTEMPTS: usize = 8;

/// An unfinished element of so few bytes is looked at again at every feed, so that events come as soon as they can.
const PROMPT_BYTES: usize = 4096;

/// Takes the bytes of a file in pieces and hands on its events of single operations.
///
/// It holds at most one unfinished element, of at most 64 MiB. Every byte costs O(1), wherever the file is cut.
///
/// ```
/// use consistency::{Format, Reader};
///
/// let mut reader = Reader::new(Format::JepsenEdn);
/// let mut functions = Vec::new();
/// for piece in [&b"[{:process 0, :type :invoke, :f :re"[..], b"ad}", b"]"] {
///     reader.feed(piece, &mut |line, event| {
///         functions.push((line, event.function.name().to_string()));
///         Ok(())
///     })?;
/// }
/// reader.finish(&mut |_, _| Ok(()))?;
/// assert_eq!(functions, [(1, "read".to_string())]);
/// # Ok::<(), consistency::Error>(())
/// ```
#[derive(Debug)]
pub struct Reader {
    pieces: Pieces,
}

impl Reader {
    /// A reader of this format, before the first byte.
    #[must_use]
    pub fn new(format: Format) -> Self {
        Self {
            pieces: Pieces::new(format),
        }
    }

    /// Takes the next bytes, and hands on the line and the event of each operation that is complete. An error of `take`
    /// ends the reading and is returned.
    ///
    /// # Errors
    /// [`Error::Parse`], [`Error::ElementTooLong`], or [`Error::Transaction`] for a file of transactions: those are
    /// gathered by [`RecordedReader`]. After an error every call gives it again.
    pub fn feed(
        &mut self,
        bytes: &[u8],
        take: &mut dyn FnMut(u64, Event) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.pieces
            .feed(bytes, &mut |taken| only_events(taken, take))
    }

    /// Says that nothing follows.
    ///
    /// # Errors
    /// As [`Reader::feed`].
    pub fn finish(
        &mut self,
        take: &mut dyn FnMut(u64, Event) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.pieces.finish(&mut |taken| only_events(taken, take))
    }

    /// How many events or lines were left out. See [`History::skipped`](crate::History::skipped).
    #[must_use]
    pub const fn skipped(&self) -> u64 {
        self.pieces.state.skipped
    }
}

pub(super) fn only_events(
    taken: Taken,
    take: &mut dyn FnMut(u64, Event) -> Result<(), Error>,
) -> Result<(), Error> {
    match taken {
        Taken::Event(line, event) => take(line, event),
        Taken::Part(part) => Err(Error::Transaction { line: part.line }),
        Taken::Whole(line, ..) | Taken::Step(line, _) => Err(Error::Transaction { line }),
        Taken::Numbered(step) => Err(Error::Transaction { line: step.line }),
        _ => Ok(()),
    }
}

/// Takes the bytes of a file in pieces and gathers what it records. The result is that of
/// [`parse_recorded`](crate::parse_recorded); beyond it, memory is as of [`Reader`].
///
/// ```
/// use consistency::{Format, Recorded, RecordedReader};
///
/// let mut reader = RecordedReader::new(Format::Plume);
/// for byte in b"w(0,1,0,0)\nr(0,1,1,1)\n" {
///     reader.feed(&[*byte])?;
/// }
/// assert!(matches!(reader.finish()?, Recorded::Transactions(history) if history.len() == 2));
/// # Ok::<(), consistency::Error>(())
/// ```
#[derive(Debug)]
pub struct RecordedReader {
    pieces: Pieces,
    gathering: Gathering,
}

impl RecordedReader {
    /// A reader of this format, before the first byte.
    #[must_use]
    pub fn new(format: Format) -> Self {
        Self {
            pieces: Pieces::new(format),
            gathering: Gathering::new(format),
        }
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// As [`parse_recorded`](crate::parse_recorded), and [`Error::ElementTooLong`]. After an error every call gives it
    /// again.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let gathering = &mut self.gathering;
        self.pieces.feed(bytes, &mut |taken| gathering.take(taken))
    }

    /// Says that nothing follows.
    ///
    /// # Errors
    /// As [`RecordedReader::feed`].
    pub fn finish(mut self) -> Result<Recorded, Error> {
        let gathering = &mut self.gathering;
        self.pieces.finish(&mut |taken| gathering.take(taken))?;
        self.gathering.finish(self.pieces.state.skipped)
    }
}

/// Reads the whole of these bytes, and hands on every piece. Answers how many were left out.
pub(super) fn read(
    bytes: &[u8],
    format: Format,
    take: &mut dyn FnMut(Taken) -> Result<(), Error>,
) -> Result<u64, Error> {
    let mut state = State::new(format);
    state.run(bytes, true, take)?;
    Ok(state.skipped)
}

/// The unfinished end of what was fed.
#[derive(Debug)]
struct Pieces {
    state: State,
    buffer: Vec<u8>,
    /// Bytes that may still be looked at in vain.
    credit: usize,
    failure: Option<Error>,
}

impl Pieces {
    fn new(format: Format) -> Self {
        Self {
            state: State::new(format),
            buffer: Vec::new(),
            credit: 0,
            failure: None,
        }
    }

    fn feed(
        &mut self,
        bytes: &[u8],
        take: &mut dyn FnMut(Taken) -> Result<(), Error>,
    ) -> Result<(), Error> {
        for piece in bytes.chunks(PIECE_BYTES) {
            let paid = piece.len().saturating_mul(ATTEMPTS);
            self.credit = self.credit.saturating_add(paid);
            self.buffer.extend_from_slice(piece);
            let waiting = self.buffer.len().saturating_sub(piece.len());
            let is_long = waiting > PROMPT_BYTES && waiting <= ELEMENT_BYTES_MAX;
            if !is_long || self.credit >= waiting {
                self.advance(false, take)?;
            }
        }
        self.failure.clone().map_or(Ok(()), Err)
    }

    fn finish(&mut self, take: &mut dyn FnMut(Taken) -> Result<(), Error>) -> Result<(), Error> {
        self.advance(true, take)
    }

    fn advance(
        &mut self,
        is_last: bool,
        take: &mut dyn FnMut(Taken) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        match self.state.run(&self.buffer, is_last, take) {
            Ok(used) => {
                self.buffer.drain(..used.min(self.buffer.len()));
                self.credit = self.credit.saturating_sub(self.buffer.len());
                Ok(())
            }
            Err(error) => {
                self.failure = Some(error.clone());
                self.buffer = Vec::new();
                Err(error)
            }
        }
    }
}

/// Where a reader of a format stands between two elements.
#[derive(Debug)]
struct State {
    format: Format,
    place: Place,
    is_start: bool,
    stage: Stage,
    memory: Memory,
    log: jepsen_log::Stage,
    skipped: u64,
}

/// What an attempt in vain must not change.
#[derive(Clone, Copy, Debug, Default)]
struct Stage {
    last_index: Option<i64>,
    edn: edn::Stage,
    dbcop: dbcop::Stage,
}

impl State {
    fn new(format: Format) -> Self {
        Self {
            format,
            place: Place::START,
            is_start: true,
            stage: Stage::default(),
            memory: Memory::default(),
            log: jepsen_log::Stage::default(),
            skipped: 0,
        }
    }

    /// Reads all elements that are complete. Answers how many bytes are done with.
    fn run(
        &mut self,
        bytes: &[u8],
        is_last: bool,
        take: &mut dyn FnMut(Taken) -> Result<(), Error>,
    ) -> Result<usize, Error> {
        let (text, stranger) = valid(bytes, is_last);
        let has_mark = self.is_start && text.starts_with('\u{feff}');
        self.is_start &= text.is_empty();
        let text_start = if has_mark { 3 } else { 0 };
        let text = text.get(text_start..).unwrap_or_default();
        let mut cursor = Cursor::new(text, self.place);
        let may_meet_end = is_last && stranger.is_none();
        let used = loop {
            let start = cursor.offset();
            let stage = self.stage;
            let taken = self.next(&mut cursor);
            if cursor.has_met_end() && !may_meet_end {
                if let Some(stranger) = stranger {
                    let place = self.place.after(text);
                    return Err(cursor::error(place, "UTF-8 text", stranger));
                }
                self.stage = stage;
                break cursor.settled().max(start);
            }
            let taken = taken?;
            if self.format == Format::JepsenLog {
                self.log.note(&taken, cursor.since(start));
            }
            match taken {
                Taken::End => break cursor.offset(),
                Taken::Skipped => self.skipped = self.skipped.saturating_add(1),
                taken => take(taken)?,
            }
            self.check_length(&mut cursor, start, 0)?;
        };
        self.check_length(&mut cursor, used, text.len())?;
        self.place = cursor.place(used);
        Ok(used.saturating_add(text_start))
    }

    /// Refuses an element from `start` to here, or to `end`.
    fn check_length(&self, cursor: &mut Cursor<'_>, start: usize, end: usize) -> Result<(), Error> {
        let end = end.max(cursor.offset());
        if end.saturating_sub(start) <= ELEMENT_BYTES_MAX {
            return Ok(());
        }
        Err(Error::ElementTooLong {
            line: cursor.place(start).line,
            bytes_max: ELEMENT_BYTES_MAX,
        })
    }

    fn next(&mut self, cursor: &mut Cursor<'_>) -> Result<Taken, Error> {
        let (stage, memory) = (&mut self.stage, &mut self.memory);
        match self.format {
            Format::JsonLines | Format::JepsenEdn | Format::KeyValueLog => self.event(cursor),
            Format::JepsenLog => jepsen_log::line(cursor, &self.log, memory),
            Format::Plume => plume::line(cursor),
            Format::DbcopJson => dbcop::piece(cursor, &mut stage.dbcop, &mut memory.texts),
            Format::Sessions => sessions::line(cursor, &mut memory.texts),
        }
    }

    fn event(&mut self, cursor: &mut Cursor<'_>) -> Result<Taken, Error> {
        let (stage, memory) = (&mut self.stage, &mut self.memory);
        let mut fields = Fields::new();
        let is_own = self.format == Format::JsonLines;
        let is_there = if is_own {
            json::event(cursor, &mut fields)?
        } else {
            edn::event(cursor, &mut stage.edn, &mut fields)?
        };
        if !is_there {
            return Ok(Taken::End);
        }
        fields::taken(cursor, &fields, is_own, &mut stage.last_index, memory)
    }
}

/// The text at the start of these bytes, and the byte behind it that is none. A character that may only be cut off is
/// left for later.
fn valid(bytes: &[u8], is_last: bool) -> (&str, Option<String>) {
    let error = match core::str::from_utf8(bytes) {
        Ok(text) => return (text, None),
        Err(error) => error,
    };
    let (valid, rest) = bytes
        .split_at_checked(error.valid_up_to())
        .unwrap_or_default();
    let text = core::str::from_utf8(valid).unwrap_or_default();
    if error.error_len().is_none() && !is_last {
        return (text, None);
    }
    let byte = rest.first().copied().unwrap_or_default();
    (text, Some(format!("the byte 0x{byte:02x}")))
}
