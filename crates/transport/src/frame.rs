//! Frames: one value on a wire or a disk, with its length, a version and a checksum.
//!
//! # Layout
//!
//! | bytes | content |
//! |---|---|
//! | 0..4 | length of the body, `u32`, little-endian |
//! | 4 | version, 1 |
//! | 5..9 | checksum, `u32`, little-endian |
//! | 9.. | the body |
//!
//! The checksum is CRC-32/ISO-HDLC (the one of IEEE 802.3, gzip and PNG: polynomial `0x04C11DB7`
//! reflected, start and final exclusive-or all ones) of every byte but its own four: length,
//! version, body.
//!
//! # Checks, in this order
//!
//! 1. version, 2. length against the limit, 3. enough bytes, 4. checksum, 5. the body.
//!
//! The version is looked at first because another version may mean the rest differently.

use alloc::vec::Vec;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Codec, FrameError};

mod reader;
pub use reader::FrameReader;

/// Length, version and checksum.
const HEADER_BYTES: usize = 9;

/// The only version there is. 0 and 255 stay unused, so that erased storage is no frame.
const VERSION: u8 = 1;

/// Puts values into frames and takes them out again, within a limit on the body.
///
/// ```
/// use transport::{Bincode, Framing};
/// let framing = Framing::new(Bincode, 1_024);
/// let mut bytes = Vec::new();
/// framing.encode("hello", &mut bytes)?;
/// framing.encode("world", &mut bytes)?;
/// let (first, rest) = framing.decode_first::<String>(&bytes)?;
/// assert_eq!(first, "hello");
/// assert_eq!(framing.decode::<String>(rest)?, "world");
/// # Ok::<(), transport::FrameError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Framing<C> {
    codec: C,
    body_bytes_max: u32,
}

impl<C> Framing<C> {
    /// The bytes of a frame before its body.
    pub const HEADER_BYTES: usize = HEADER_BYTES;
    /// The version of the frames written and read here.
    pub const VERSION: u8 = VERSION;

    /// Frames with bodies of at most `body_bytes_max` bytes. Both ends must agree on it.
    pub const fn new(codec: C, body_bytes_max: u32) -> Self {
        Self {
            codec,
            body_bytes_max,
        }
    }

    /// A reader of a stream of such frames.
    #[must_use]
    pub const fn reader(&self) -> FrameReader {
        FrameReader::new(self.body_bytes_max)
    }

    /// The longest body, in bytes.
    #[must_use]
    pub const fn body_bytes_max(&self) -> u32 {
        self.body_bytes_max
    }
}

impl<C: Codec> Framing<C> {
    /// Appends `value` as one frame to `out`, and returns the frame's length in bytes. The caller
    /// owns `out` and reuses it: an encoding that fits allocates nothing.
    ///
    /// # Errors
    ///
    /// [`FrameError::Oversized`], [`FrameError::Unencodable`]. `out` is then as long as before.
    pub fn encode<T: Serialize + ?Sized>(
        &self,
        value: &T,
        out: &mut Vec<u8>,
    ) -> Result<usize, FrameError> {
        let start = out.len();
        out.extend_from_slice(&[0; HEADER_BYTES]);
        let body_bytes_max = usize::try_from(self.body_bytes_max).unwrap_or(usize::MAX);
        let outcome = self
            .codec
            .encode(value, out, body_bytes_max)
            .and_then(|()| {
                seal(
                    out.get_mut(start..).unwrap_or_default(),
                    self.body_bytes_max,
                )
            });
        if outcome.is_err() {
            out.truncate(start);
        }
        outcome
    }

    /// Decodes the one frame that `bytes` are.
    ///
    /// # Errors
    ///
    /// Any [`FrameError`] but `Unencodable`.
    pub fn decode<T: DeserializeOwned>(&self, bytes: &[u8]) -> Result<T, FrameError> {
        match self.decode_first(bytes)? {
            (value, []) => Ok(value),
            (_, rest) => Err(FrameError::TrailingBytes { count: rest.len() }),
        }
    }

    /// Decodes the first frame of `bytes`, and returns the bytes after it.
    ///
    /// # Errors
    ///
    /// Any [`FrameError`] but `Unencodable`.
    pub fn decode_first<'a, T: DeserializeOwned>(
        &self,
        bytes: &'a [u8],
    ) -> Result<(T, &'a [u8]), FrameError> {
        let (body, rest) = split(bytes, self.body_bytes_max)?;
        Ok((self.codec.decode(body)?, rest))
    }

    /// Decodes a body that a [`FrameReader`] has found.
    ///
    /// # Errors
    ///
    /// [`FrameError::Malformed`], [`FrameError::TrailingBytes`].
    pub fn decode_body<T: DeserializeOwned>(&self, body: &[u8]) -> Result<T, FrameError> {
        self.codec.decode(body)
    }
}

/// Fills the header of a frame whose body is written.
fn seal(frame: &mut [u8], body_bytes_max: u32) -> Result<usize, FrameError> {
    let frame_len = frame.len();
    let Some((header, body)) = frame.split_first_chunk_mut::<HEADER_BYTES>() else {
        return Err(FrameError::Truncated {
            needed: HEADER_BYTES,
            have: frame_len,
        });
    };
    // A codec that ignores its limit must not write a frame that its reader refuses.
    let length = u32::try_from(body.len()).ok();
    let Some(length) = length.filter(|&length| length <= body_bytes_max) else {
        return Err(FrameError::Oversized {
            len: body.len() as u64,
            max: u64::from(body_bytes_max),
        });
    };
    let length = length.to_le_bytes();
    let checksum = checksum_of(length, VERSION, body).to_le_bytes();
    let [l0, l1, l2, l3] = length;
    let [c0, c1, c2, c3] = checksum;
    *header = [l0, l1, l2, l3, VERSION, c0, c1, c2, c3];
    Ok(frame_len)
}

/// Checks the first frame of `bytes`: its body, and the bytes after it.
fn split(bytes: &[u8], body_bytes_max: u32) -> Result<(&[u8], &[u8]), FrameError> {
    let have = bytes.len();
    let frame_len = length(bytes, body_bytes_max)?;
    let whole = bytes.split_first_chunk::<HEADER_BYTES>();
    let parts = whole.and_then(|(header, rest)| {
        let (body, rest) = rest.split_at_checked(frame_len.saturating_sub(HEADER_BYTES))?;
        Some((header, body, rest))
    });
    let Some((&[l0, l1, l2, l3, version, c0, c1, c2, c3], body, rest)) = parts else {
        return Err(FrameError::Truncated {
            needed: frame_len,
            have,
        });
    };
    let found = u32::from_le_bytes([c0, c1, c2, c3]);
    let expected = checksum_of([l0, l1, l2, l3], version, body);
    if found == expected {
        Ok((body, rest))
    } else {
        Err(FrameError::Checksum { found, expected })
    }
}

/// The length of the first frame, header included, as far as it can be told: with less than four
/// bytes that is the header alone. Refuses what no further byte can mend.
fn length(bytes: &[u8], body_bytes_max: u32) -> Result<usize, FrameError> {
    if let Some(&found) = bytes.get(4)
        && found != VERSION
    {
        return Err(FrameError::Version {
            found,
            expected: VERSION,
        });
    }
    let Some(length) = bytes.first_chunk::<4>() else {
        return Ok(HEADER_BYTES);
    };
    let length = u32::from_le_bytes(*length);
    let oversized = FrameError::Oversized {
        len: u64::from(length),
        max: u64::from(body_bytes_max),
    };
    if length > body_bytes_max {
        return Err(oversized);
    }
    let body_len = usize::try_from(length).ok();
    body_len
        .and_then(|body_len| body_len.checked_add(HEADER_BYTES))
        .ok_or(oversized)
}

fn checksum_of(length: [u8; 4], version: u8, body: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    let [l0, l1, l2, l3] = length;
    hasher.update(&[l0, l1, l2, l3, version]);
    hasher.update(body);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    // The check value of CRC-32/ISO-HDLC in the catalogue of parametrised CRC algorithms.
    #[test]
    fn the_checksum_is_the_crc_of_ieee_802_3() {
        assert_eq!(checksum_of(*b"1234", b'5', b"6789"), 0xCBF4_3926);
    }
}
