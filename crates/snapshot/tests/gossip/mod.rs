//! A process that talks a lot, for the tests of this crate.

use std::convert::Infallible;

use transport::{Context, Input, NodeId, Process, Recover, Stored, Time, Token};

pub(crate) const NODES: u32 = 3;

/// Does what a plan says, and passes on what is left of it.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Gossip {
    pub(crate) log: Vec<u8>,
    pub(crate) heard: Vec<(NodeId, u8)>,
    pub(crate) durable: Token,
}

impl Gossip {
    pub(crate) const fn new() -> Self {
        Self {
            log: Vec::new(),
            heard: Vec::new(),
            durable: Token::NONE,
        }
    }

    /// Bit 0: persist. Bits 1 and 2: send early, late, both. The rest: to whom, and what.
    fn act(&mut self, plan: u8, cx: &mut Context<'_, Self>) {
        let to = NodeId(u32::from(plan / 8) % NODES);
        if plan & 1 != 0 {
            self.log.push(plan);
            cx.persist(plan);
        }
        if plan & 2 != 0 {
            cx.send_early(to, plan / 2);
        }
        if plan & 4 != 0 {
            cx.send(to, plan / 2);
        }
    }
}

impl Process for Gossip {
    type Message = u8;
    type Request = u8;
    type Event = u8;
    type Record = u8;

    fn step(&mut self, input: Input<Self>, cx: &mut Context<'_, Self>) {
        match input {
            Input::Request(plan) => self.act(plan, cx),
            Input::Message { from, message } => {
                self.heard.push((from, message));
                cx.emit(message);
                self.act(message, cx);
            }
            Input::Durable(token) => self.durable = token,
            Input::Start | Input::Wake => {}
        }
    }

    fn deadline(&self) -> Option<Time> {
        None
    }
}

impl Recover for Gossip {
    type Config = ();
    type Error = Infallible;

    fn recover(_config: &(), records: Vec<Stored<u8>>) -> Result<Self, Infallible> {
        Ok(Self {
            log: records.into_iter().map(|stored| stored.record).collect(),
            ..Self::new()
        })
    }
}
