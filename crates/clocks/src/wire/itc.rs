//! Interval tree clocks: the shape of a tree as bits, then what its leaves hold.
//!
//! The shape is written from the root on, left before right: 1 for a branch, 0 for a leaf, eight a
//! byte, the lowest bit first, and zeros to the end of the last byte. It ends by itself. For an
//! identity a bit follows each 0: whether the leaf is owned. For events follow the smallest count,
//! and what each leaf has above it, as LEB128.

use alloc::vec::Vec;

use super::{Reader, Wire, write_u64};
use crate::itc::{Builder, DEPTH_MAX, Events, Id, LEAVES_MAX, Stamp, Steps};
use crate::{ClockError, Defect};

impl Wire for Events {
    fn encode(&self, out: &mut Vec<u8>) {
        let leaves = self.steps().leaves();
        let mut bits = BitWriter::new(out);
        for leaf in leaves {
            bits.write_leaf(leaf.opens());
        }
        bits.finish();
        let min = leaves.iter().map(|leaf| leaf.value).min().unwrap_or(0);
        write_u64(min, out);
        for leaf in leaves {
            write_u64(leaf.value.saturating_sub(min), out);
        }
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, ClockError> {
        let mut bits = BitReader::new(input);
        let mut shape = Shape::new();
        let mut depths = Vec::new();
        while let Some(depth) = shape.next_leaf(&mut bits)? {
            if depths.len() == LEAVES_MAX {
                return Err(bits.malformed(Defect::TooMany));
            }
            depths.push(depth);
        }
        bits.finish()?;
        let min = input.u64()?;
        let mut builder = Builder::new();
        let mut has_min = false;
        for depth in depths {
            let above = input.u64()?;
            has_min |= above == 0;
            let count = min.checked_add(above);
            let count = count.ok_or_else(|| input.malformed_before(Defect::TooLarge))?;
            let pushed = builder.push(depth, count);
            pushed.map_err(|defect| input.malformed_before(defect))?;
        }
        if !has_min {
            return Err(input.malformed_before(Defect::NotCanonical));
        }
        finish(builder, input).map(Self::from_steps)
    }
}

impl Wire for Stamp {
    fn encode(&self, out: &mut Vec<u8>) {
        let mut bits = BitWriter::new(out);
        for leaf in self.id().steps().leaves() {
            bits.write_leaf(leaf.opens());
            bits.write(leaf.value);
        }
        bits.finish();
        self.peek().encode(out);
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, ClockError> {
        let mut bits = BitReader::new(input);
        let mut shape = Shape::new();
        let mut builder = Builder::new();
        while let Some(depth) = shape.next_leaf(&mut bits)? {
            let is_owned = bits.read()?;
            let pushed = builder.push(depth, is_owned);
            pushed.map_err(|defect| bits.malformed(defect))?;
        }
        bits.finish()?;
        let id = Id::from_steps(finish(builder, input)?);
        // An identity that owns nothing is none.
        let id = id.ok_or_else(|| input.malformed_before(Defect::NotCanonical))?;
        Ok(Self::from_parts(id, Events::decode(input)?))
    }
}

fn finish<V: Copy + Eq>(builder: Builder<V>, input: &Reader<'_>) -> Result<Steps<V>, ClockError> {
    builder
        .finish()
        .map_err(|defect| input.malformed_before(defect))
}

/// The place in a shape that is being read.
struct Shape {
    /// The depths of the nodes still to come, the next one last; at most one a depth.
    pending: Vec<u16>,
}

impl Shape {
    fn new() -> Self {
        Self {
            pending: alloc::vec![0],
        }
    }

    /// The depth of the next leaf; nothing after the last.
    fn next_leaf(&mut self, bits: &mut BitReader<'_, '_>) -> Result<Option<u16>, ClockError> {
        let Some(mut depth) = self.pending.pop() else {
            return Ok(None);
        };
        while bits.read()? {
            if depth >= DEPTH_MAX {
                return Err(bits.malformed(Defect::TooDeep));
            }
            depth = depth.saturating_add(1);
            self.pending.push(depth);
        }
        Ok(Some(depth))
    }
}

/// Appends bits, the lowest of a byte first.
struct BitWriter<'a> {
    out: &'a mut Vec<u8>,
    byte: u8,
    used: u32,
}

impl<'a> BitWriter<'a> {
    const fn new(out: &'a mut Vec<u8>) -> Self {
        Self {
            out,
            byte: 0,
            used: 0,
        }
    }

    fn write_leaf(&mut self, opens: u16) {
        for _ in 0..opens {
            self.write(true);
        }
        self.write(false);
    }

    fn write(&mut self, bit: bool) {
        self.byte |= u8::from(bit) << self.used;
        self.used += 1;
        if self.used == u8::BITS {
            self.out.push(self.byte);
            (self.byte, self.used) = (0, 0);
        }
    }

    fn finish(self) {
        if self.used > 0 {
            self.out.push(self.byte);
        }
    }
}

/// Reads bits, the lowest of a byte first.
struct BitReader<'a, 'b> {
    input: &'a mut Reader<'b>,
    byte: u8,
    left: u32,
}

impl<'a, 'b> BitReader<'a, 'b> {
    const fn new(input: &'a mut Reader<'b>) -> Self {
        Self {
            input,
            byte: 0,
            left: 0,
        }
    }

    fn read(&mut self) -> Result<bool, ClockError> {
        if self.left == 0 {
            self.byte = self.input.u8()?;
            self.left = u8::BITS;
        }
        let bit = self.byte & 1 == 1;
        self.byte >>= 1;
        self.left -= 1;
        Ok(bit)
    }

    /// Refuses a last byte that goes on with anything but zeros.
    fn finish(self) -> Result<(), ClockError> {
        if self.byte == 0 {
            Ok(())
        } else {
            Err(self.malformed(Defect::NotCanonical))
        }
    }

    const fn malformed(&self, defect: Defect) -> ClockError {
        self.input.malformed_before(defect)
    }
}
