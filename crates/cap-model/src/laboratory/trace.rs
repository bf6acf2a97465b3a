//! What a node did, as far as two runs can be compared: when, what kind of input, and a digest of
//! the input and its effects.

use core::fmt::{self, Debug, Write};

use transport::{Input, NodeId, Process, Time};

/// One step of one node.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Step {
    pub(super) at: Time,
    pub(super) what: What,
    pub(super) digest: u64,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum What {
    Start,
    Message { from: NodeId },
    Request,
    Durable,
    Wake,
}

impl What {
    pub(super) const fn of<P: Process>(input: &Input<P>) -> Self {
        match input {
            Input::Start => Self::Start,
            Input::Message { from, .. } => Self::Message { from: *from },
            Input::Request(_) => Self::Request,
            Input::Durable(_) => Self::Durable,
            Input::Wake => Self::Wake,
        }
    }
}

/// FNV-1a of 64 bits over the debug text: a process must hide nothing there that makes a
/// difference.
pub(super) struct Digest(u64);

impl Digest {
    pub(super) const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    pub(super) fn add(&mut self, value: &impl Debug) {
        // Writing into a digest cannot fail; a `Debug` that fails adds what it wrote.
        let _ = write!(self, "{value:?};");
    }

    pub(super) const fn value(&self) -> u64 {
        self.0
    }
}

impl Write for Digest {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        Ok(())
    }
}
