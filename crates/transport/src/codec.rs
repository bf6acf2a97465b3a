//! Codecs: values to bytes and back, within limits.

use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;

use bincode::enc::write::Writer;
use bincode::error::EncodeError;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::FrameError;

mod body;

/// Turns values into bytes and back. What a [`Framing`](crate::Framing) puts into a frame's body.
///
/// A codec answers for hostile bytes: decoding never panics, and allocates no more than in
/// proportion to the bytes at hand, whatever lengths those claim.
///
/// ```
/// use transport::{Bincode, Codec};
/// let mut bytes = Vec::new();
/// Bincode.encode(&(7_u32, "seven"), &mut bytes, 100)?;
/// assert_eq!(bytes, [7, 5, b's', b'e', b'v', b'e', b'n']);
/// assert_eq!(Bincode.decode::<(u32, String)>(&bytes)?, (7, String::from("seven")));
/// # Ok::<(), transport::FrameError>(())
/// ```
pub trait Codec {
    /// Appends the encoding of `value` to `out`, whose memory the caller reuses.
    ///
    /// # Errors
    ///
    /// [`FrameError::Oversized`] if it takes more than `bytes_max` bytes, of which no more than
    /// `bytes_max` are written; [`FrameError::Unencodable`]. `out` is then as long as before.
    fn encode<T: Serialize + ?Sized>(
        &self,
        value: &T,
        out: &mut Vec<u8>,
        bytes_max: usize,
    ) -> Result<(), FrameError>;

    /// Decodes a value from all of `bytes`.
    ///
    /// # Errors
    ///
    /// [`FrameError::Malformed`]; [`FrameError::TrailingBytes`] if the value ends early.
    fn decode<T: DeserializeOwned>(&self, bytes: &[u8]) -> Result<T, FrameError>;
}

/// bincode 2 in its standard configuration: little-endian, integers of variable length.
///
/// The bytes are those of `bincode::serde` with `bincode::config::standard()`. Decoding is stricter
/// than there, because the bytes may come from a stranger:
///
/// - no length is believed beyond the bytes that are left, so a claim of 2⁶⁰ elements allocates
///   nothing for them;
/// - values nest at most 128 deep, so recursive types cannot exhaust the stack;
/// - at most 65,536 elements of a body may take no byte at all (`Vec<()>`), so no claim becomes an
///   endless loop.
///
/// Like bincode itself it does not support serde's `flatten`, `untagged`, internally tagged enums
/// and skipped fields.
///
/// ```
/// use transport::{Bincode, Codec, FrameError};
/// let claims_a_million_bytes = [252, 64, 66, 15, 0, b'x'];
/// let error = Bincode.decode::<String>(&claims_a_million_bytes).unwrap_err();
/// assert!(matches!(error, FrameError::Malformed { .. }));
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct Bincode;

impl Codec for Bincode {
    fn encode<T: Serialize + ?Sized>(
        &self,
        value: &T,
        out: &mut Vec<u8>,
        bytes_max: usize,
    ) -> Result<(), FrameError> {
        let start = out.len();
        let mut writer = LimitedWriter {
            out: &mut *out,
            left: bytes_max,
            len: 0,
        };
        let config = bincode::config::standard();
        let outcome = bincode::serde::encode_into_writer(value, &mut writer, config);
        let len = writer.len;
        let outcome = match outcome {
            Err(error) => Err(FrameError::Unencodable {
                reason: reason_of(&error),
            }),
            Ok(()) if len > bytes_max as u64 => Err(FrameError::Oversized {
                len,
                max: bytes_max as u64,
            }),
            Ok(()) => Ok(()),
        };
        if outcome.is_err() {
            out.truncate(start);
        }
        outcome
    }

    fn decode<T: DeserializeOwned>(&self, bytes: &[u8]) -> Result<T, FrameError> {
        body::decode(bytes)
    }
}

fn reason_of(error: &EncodeError) -> alloc::string::String {
    match error {
        EncodeError::OtherString(text) => text.clone(),
        EncodeError::Other(text) => text.to_string(),
        other => format!("{other:?}"),
    }
}

/// Writes up to a limit and counts beyond it, so that an error can tell the whole length.
struct LimitedWriter<'a> {
    out: &'a mut Vec<u8>,
    left: usize,
    len: u64,
}

impl Writer for LimitedWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        self.len = self.len.saturating_add(bytes.len() as u64);
        if let Some(left) = self.left.checked_sub(bytes.len()) {
            self.left = left;
            self.out.extend_from_slice(bytes);
        }
        Ok(())
    }
}
