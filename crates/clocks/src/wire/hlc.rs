//! Hybrid stamps: eight bytes, the highest first. A time of today would take nine as LEB128.

use alloc::vec::Vec;

use super::{Reader, Wire};
use crate::{ClockError, HlcStamp};

impl Wire for HlcStamp {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_be_bytes());
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, ClockError> {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(input.bytes(8)?);
        Ok(Self::from_be_bytes(bytes))
    }
}
