//! The network: what becomes of a message between two nodes.
//!
//! 1. A blocked link loses what is sent into it and what would arrive from it.
//! 2. Otherwise a message is lost, delivered once, or delivered twice, each copy after a drawn delay.
//! 3. A message that is to be overtaken is held back beyond its delay.
//! 4. On a FIFO link no copy arrives before a message sent earlier on that link; nothing else waits.
//! 5. A node's messages to itself take no time and meet no fault.
//! 6. A link that the workload has cut stays blocked until the heal, whatever episodes come and go.

use crate::{Delay, Fault, FaultCounts, FaultPlan, Links, Settings, Tape};

/// When the copies of a message arrive.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Route {
    Lost(Fault),
    Once(u64),
    Twice(u64, u64),
}

#[derive(Debug)]
pub(crate) struct Network {
    nodes: usize,
    normal: Delay,
    delay: Delay,
    loss_ppm: u32,
    duplicate_ppm: u32,
    reorder_ppm: u32,
    reorder_hold_ns: u64,
    keeps_order: bool,
    /// Whether out-of-order arrivals are a fault, and counted.
    is_disordered: bool,
    is_slowed: bool,
    links: Vec<Link>,
    blocks: Vec<Block>,
    /// Whether any link is.
    is_cut: bool,
}

#[derive(Clone, Debug, Default)]
struct Link {
    latest_arrival_ns: u64,
    blocked: [u16; 3],
    /// By the workload, for good.
    is_cut: bool,
}

/// A set of links that are blocked together.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Block {
    pub(crate) episode: u64,
    pub(crate) fault: Fault,
    pub(crate) pairs: Vec<(usize, usize)>,
}

impl Network {
    pub(crate) fn new(settings: &Settings) -> Self {
        let plan = &settings.plan;
        let nodes = settings.nodes as usize;
        Self {
            nodes,
            normal: settings.delay,
            delay: plan.delay.unwrap_or(settings.delay),
            loss_ppm: plan.loss_ppm,
            duplicate_ppm: plan.duplicate_ppm,
            reorder_ppm: plan.reorder_ppm,
            reorder_hold_ns: plan.reorder_hold_ns,
            keeps_order: settings.links == Links::Fifo && !plan.reorder,
            is_disordered: plan.reorder,
            is_slowed: plan.delay.is_some(),
            links: vec![Link::default(); nodes * nodes],
            blocks: Vec::new(),
            is_cut: false,
        }
    }

    /// The end of all faults; what is on its way arrives by `latest_ns`.
    pub(crate) fn heal(&mut self, settings: &Settings, latest_ns: u64) {
        let links = core::mem::take(&mut self.links);
        *self = Self::new(&Settings {
            plan: FaultPlan::none(),
            ..settings.clone()
        });
        for (link, before) in self.links.iter_mut().zip(links) {
            link.latest_arrival_ns = before.latest_arrival_ns.min(latest_ns);
        }
    }

    /// Decides about a message sent now; `from` and `to` are nodes of the cluster.
    #[inline(always)]
    pub(crate) fn route(
        &mut self,
        now_ns: u64,
        from: usize,
        to: usize,
        tape: &mut Tape,
        counts: &mut FaultCounts,
    ) -> Route {
        if from == to {
            return Route::Once(now_ns);
        }
        if let Some(fault) = self.blocked_by(from, to) {
            counts.add(fault, 1);
            return Route::Lost(fault);
        }
        if tape.happens(self.loss_ppm) {
            counts.add(Fault::Loss, 1);
            return Route::Lost(Fault::Loss);
        }
        let first_ns = self.arrival(now_ns, from, to, tape, counts);
        if tape.happens(self.duplicate_ppm) {
            counts.add(Fault::Duplicate, 1);
            let second_ns = self.arrival(now_ns, from, to, tape, counts);
            return Route::Twice(first_ns, second_ns);
        }
        Route::Once(first_ns)
    }

    /// The fault that blocks the link now, if any.
    #[inline]
    pub(crate) fn blocked_by(&self, from: usize, to: usize) -> Option<Fault> {
        if self.blocks.is_empty() && !self.is_cut {
            return None;
        }
        let link = &self.links[from * self.nodes + to];
        if link.is_cut {
            return Some(Fault::Partial);
        }
        match link.blocked {
            [0, 0, 0] => None,
            [1..=u16::MAX, _, _] => Some(Fault::Partition),
            [_, 1..=u16::MAX, _] => Some(Fault::OneWay),
            _ => Some(Fault::Partial),
        }
    }

    /// Cuts a link until the heal; the nodes are two of the cluster.
    pub(crate) fn cut(&mut self, from: usize, to: usize) {
        self.is_cut = true;
        self.links[from * self.nodes + to].is_cut = true;
    }

    pub(crate) fn block(&mut self, block: Block) {
        for &(from, to) in &block.pairs {
            self.links[from * self.nodes + to].blocked[column(block.fault)] += 1;
        }
        self.blocks.push(block);
    }

    /// Ends a block; `false` when it has ended before.
    pub(crate) fn unblock(&mut self, episode: u64) -> bool {
        let found = self
            .blocks
            .iter()
            .position(|block| block.episode == episode);
        let Some(position) = found else {
            return false;
        };
        let block = self.blocks.remove(position);
        for (from, to) in block.pairs {
            self.links[from * self.nodes + to].blocked[column(block.fault)] -= 1;
        }
        true
    }

    #[inline(always)]
    fn arrival(
        &mut self,
        now_ns: u64,
        from: usize,
        to: usize,
        tape: &mut Tape,
        counts: &mut FaultCounts,
    ) -> u64 {
        let mut delay_ns = self.delay.draw(tape);
        if self.is_slowed && delay_ns > self.normal.max_ns() {
            counts.add(Fault::Delay, 1);
        }
        if tape.happens(self.reorder_ppm) {
            delay_ns += 1 + tape.draw(2 * self.reorder_hold_ns);
        }
        let link = &mut self.links[from * self.nodes + to];
        let arrival_ns = now_ns.saturating_add(delay_ns);
        if self.keeps_order {
            link.latest_arrival_ns = link.latest_arrival_ns.max(arrival_ns);
            return link.latest_arrival_ns;
        }
        if self.is_disordered && arrival_ns < link.latest_arrival_ns {
            counts.add(Fault::Reorder, 1);
        }
        link.latest_arrival_ns = link.latest_arrival_ns.max(arrival_ns);
        arrival_ns
    }
}

const fn column(fault: Fault) -> usize {
    match fault {
        Fault::Partition => 0,
        Fault::OneWay => 1,
        _ => 2,
    }
}
