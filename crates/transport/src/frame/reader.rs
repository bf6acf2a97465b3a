//! Frames out of a stream that arrives in chunks.
//!
//! States: *open* (takes bytes, gives bodies) and *failed* (a frame was refused: the boundaries are
//! lost, so every later call gives the same error). There is no way back.
//!
//! Invariants: unread bytes never exceed one frame of the greatest length, so a whole frame always
//! fits; memory never exceeds two such frames, and never twice the bytes that have arrived.

use alloc::vec::Vec;

use super::{HEADER_BYTES, split};
use crate::FrameError;

/// Finds frames in a stream of chunks: parts of frames, or many at once.
///
/// Give it bytes with [`fill`](Self::fill) and take bodies with [`next_body`](Self::next_body) until
/// there is none. It holds at most one frame of the greatest length, so a sender that is faster than
/// its reader is held back. Each byte is copied O(1) times.
///
/// ```
/// use transport::{Bincode, FrameError, Framing};
///
/// let framing = Framing::new(Bincode, 1_024);
/// let mut stream = Vec::new();
/// for number in 0..3_u64 {
///     framing.encode(&number, &mut stream)?;
/// }
///
/// let mut reader = framing.reader();
/// let mut numbers = Vec::new();
/// for chunk in stream.chunks(7) {
///     let mut chunk = chunk;
///     while !chunk.is_empty() {
///         let taken = reader.fill(chunk)?;
///         chunk = &chunk[taken..];
///         while let Some(body) = reader.next_body()? {
///             numbers.push(framing.decode_body::<u64>(body)?);
///         }
///     }
/// }
/// reader.finish()?;
/// assert_eq!(numbers, [0, 1, 2]);
/// # Ok::<(), FrameError>(())
/// ```
#[derive(Clone, Debug)]
pub struct FrameReader {
    buffer: Vec<u8>,
    start: usize,
    body_bytes_max: u32,
    failure: Option<FrameError>,
}

impl FrameReader {
    /// A reader of frames with bodies of at most `body_bytes_max` bytes. Allocates nothing yet.
    #[must_use]
    pub const fn new(body_bytes_max: u32) -> Self {
        Self {
            buffer: Vec::new(),
            start: 0,
            body_bytes_max,
            failure: None,
        }
    }

    /// Takes the first bytes of `chunk`, as many as there is room for, and returns how many.
    ///
    /// It takes at least one byte of a chunk that is not empty, unless a whole frame waits in
    /// [`next_body`](Self::next_body).
    ///
    /// # Errors
    ///
    /// The error with which `next_body` has failed.
    pub fn fill(&mut self, chunk: &[u8]) -> Result<usize, FrameError> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        let frame_bytes_max = usize::try_from(self.body_bytes_max)
            .unwrap_or(usize::MAX)
            .saturating_add(HEADER_BYTES);
        let room = frame_bytes_max.saturating_sub(self.unread().len());
        let (taken, _) = chunk.split_at_checked(room).unwrap_or((chunk, &[]));
        // Moving at most one frame only after at least one was read keeps the copying O(1) a byte.
        let end = self.buffer.len().saturating_add(taken.len());
        if self.start == self.buffer.len() || end > frame_bytes_max.saturating_mul(2) {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        self.make_room(taken.len(), frame_bytes_max);
        self.buffer.extend_from_slice(taken);
        Ok(taken.len())
    }

    /// Doubles the memory where it must grow, as a `Vec` does, but not beyond two frames.
    fn make_room(&mut self, additional: usize, frame_bytes_max: usize) {
        let end = self.buffer.len().saturating_add(additional);
        if end > self.buffer.capacity() {
            let doubled = self.buffer.capacity().saturating_mul(2);
            let capacity = doubled.min(frame_bytes_max.saturating_mul(2)).max(end);
            let missing = capacity.saturating_sub(self.buffer.len());
            self.buffer.reserve_exact(missing);
        }
    }

    /// The body of the next whole frame, checked; `None` if its bytes have not all arrived.
    ///
    /// # Errors
    ///
    /// [`FrameError::Version`], [`FrameError::Oversized`], [`FrameError::Checksum`]: each as soon as
    /// it can be told. Where the next frame begins is then unknown, so the reader stays failed.
    pub fn next_body(&mut self) -> Result<Option<&[u8]>, FrameError> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        let unread = self.buffer.get(self.start..).unwrap_or_default();
        match split(unread, self.body_bytes_max) {
            Ok((body, rest)) => {
                self.start = self.buffer.len().saturating_sub(rest.len());
                Ok(Some(body))
            }
            Err(FrameError::Truncated { .. }) => Ok(None),
            Err(failure) => {
                self.failure = Some(failure.clone());
                Err(failure)
            }
        }
    }

    /// Says that the stream has ended.
    ///
    /// # Errors
    ///
    /// [`FrameError::Truncated`] if it ended inside a frame, [`FrameError::TrailingBytes`] if whole
    /// frames were not taken, or the error that came before.
    pub fn finish(&self) -> Result<(), FrameError> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        let unread = self.unread();
        if unread.is_empty() {
            return Ok(());
        }
        split(unread, self.body_bytes_max)?;
        Err(FrameError::TrailingBytes {
            count: unread.len(),
        })
    }

    /// How many bytes have arrived and not been given out.
    #[must_use]
    pub fn unread_bytes(&self) -> usize {
        self.unread().len()
    }

    fn unread(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }
}
