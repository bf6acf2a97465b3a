//! Values that programs keep under a key: a number, text, or bytes.

use alloc::string::String;
use alloc::vec::Vec;

use super::{Reader, Wire, WireActor, write_count, write_u64};
use crate::ClockError;

impl Wire for u64 {
    fn encode(&self, out: &mut Vec<u8>) {
        write_u64(*self, out);
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, ClockError> {
        input.u64()
    }
}

/// Its length in bytes, and its bytes.
impl Wire for String {
    fn encode(&self, out: &mut Vec<u8>) {
        self.encode_after(None, out);
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, ClockError> {
        Self::decode_after(None, input)
    }
}

/// How many bytes, and the bytes.
impl Wire for Vec<u8> {
    fn encode(&self, out: &mut Self) {
        write_count(self.len(), out);
        out.extend_from_slice(self);
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, ClockError> {
        let length = input.count(1, usize::MAX)?;
        Ok(input.bytes(length)?.to_vec())
    }
}
