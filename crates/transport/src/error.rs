//! Why bytes are not a frame, or a value cannot be one.

use alloc::string::String;

use thiserror::Error;

/// Why bytes are not a frame, or a value cannot become one. Lengths are in bytes.
///
/// ```
/// use transport::{Bincode, FrameError, Framing};
/// let framing = Framing::new(Bincode, 1_024);
/// let error = framing.decode::<u8>(&[0, 0]);
/// assert_eq!(error, Err(FrameError::Truncated { needed: 9, have: 2 }));
/// ```
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum FrameError {
    /// The bytes end before the frame does. On a stream: wait for more.
    #[error("the frame is cut off: {have} bytes of at least {needed}")]
    Truncated {
        /// What the frame needs, as far as it can be told yet.
        needed: usize,
        /// What there is.
        have: usize,
    },
    /// The body is longer than the limit. Nothing was allocated for it.
    #[error("a body of {len} bytes; the limit is {max}")]
    Oversized {
        /// The length of the body: claimed by the header, or of the value to encode.
        len: u64,
        /// The limit.
        max: u64,
    },
    /// The frame has a version that this code does not read.
    #[error("frame version {found}; this code reads version {expected}")]
    Version {
        /// The version in the frame.
        found: u8,
        /// The version that is read here.
        expected: u8,
    },
    /// The checksum in the header is not that of the rest of the frame.
    #[error("checksum {found:#010x} in the header, {expected:#010x} by the bytes")]
    Checksum {
        /// The checksum in the header.
        found: u32,
        /// The checksum of the other bytes of the frame.
        expected: u32,
    },
    /// The body is not a value of the wanted type.
    #[error("byte {offset} of the body: {reason}")]
    Malformed {
        /// How much of the body had been read.
        offset: usize,
        /// What is wrong, for people.
        reason: String,
    },
    /// Bytes follow where the frame, or the value in its body, should end.
    #[error("{count} bytes too many")]
    TrailingBytes {
        /// How many.
        count: usize,
    },
    /// The value has no encoding: a sequence of unknown length, for example.
    #[error("no encoding for this value: {reason}")]
    Unencodable {
        /// What is wrong, for people.
        reason: String,
    },
}
