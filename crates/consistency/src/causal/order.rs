//! Walks a partial order given by chains and by edges between them, and knows at each node what lies before it.
//!
//! The order is that of causality: a chain is a session, an edge leads from a write to whoever read it. At each node a
//! *clock* says of every chain how many of its nodes lie before: the nodes before are a prefix of each chain, because
//! chains are part of the order.
//!
//! A clock for each node would be nodes times chains (gigabytes for a million operations of a thousand sessions), so:
//! - only the present clock of each chain is kept, and a *snapshot* of it with each node that another chain still has
//!   to read; the last reader drops it. In the order of calls that is about one snapshot for each key.
//! - a chain's own component is not in its clock (it is the node's place), so writes of one session share one snapshot
//!   until the session reads again;
//! - clocks consist of pages of 64 components that are shared until written. Joining skips what is shared.
//!
//! Time O(nodes × chains / 64) pages at worst, each a few instructions a component; nothing at all for a read of what
//! the session knew already.
//!
//! Checks of transactions can use it as well: a node may have any number of sources.

use alloc::{collections::BinaryHeap, rc::Rc, vec, vec::Vec};
use core::{cell::Cell, cmp::Reverse, ops::ControlFlow};

use crate::UnknownReason;

/// No node.
pub(crate) const NONE: u32 = u32::MAX;

/// Cheap steps between two questions whether to go on.
const STEPS_PER_QUESTION: u32 = 1024;

/// Asks whether to go on, at first and every so many steps.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    until_question: u32,
}

impl Pace {
    /// Whether it asked.
    pub(crate) fn step(
        &mut self,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> Result<bool, UnknownReason> {
        let Some(left) = self.until_question.checked_sub(1) else {
            self.until_question = STEPS_PER_QUESTION;
            return if keep_going() {
                Ok(true)
            } else {
                Err(UnknownReason::Interrupted)
            };
        };
        self.until_question = left;
        Ok(false)
    }
}

/// What is walked: nodes are numbered from zero, best in the order of their calls.
pub(crate) trait Chains {
    /// How many nodes.
    fn nodes_count(&self) -> usize;
    /// How many chains.
    fn chains_count(&self) -> usize;
    /// The nodes of a chain, first to last, ascending.
    fn chain(&self, chain: u32) -> &[u32];
    /// The chain of a node, and its place there, counted from one.
    fn place(&self, node: u32) -> (u32, u32);
    /// The nodes that must come before this one besides those of its chain, one after the other.
    fn source(&self, node: u32, index: usize) -> Option<u32>;
}

/// Why a walk did not reach the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// There is a cycle: for each chain, how many of its nodes were walked.
    Cycle(Vec<u32>),
    /// The budget is spent.
    Unknown(UnknownReason),
    /// The visitor had seen enough.
    ByVisitor,
}

/// What lies strictly before a node.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Past<'a> {
    clock: &'a Clock,
    chain: u32,
    place: u32,
}

impl Past<'_> {
    /// How many nodes of this chain lie before.
    pub(crate) fn known(&self, chain: u32) -> u32 {
        if chain == self.chain {
            self.place.saturating_sub(1)
        } else {
            self.clock.known(chain)
        }
    }

    /// The clock of what lies before the node and of the node itself.
    pub(crate) fn with_itself(&self, pages: &Pages) -> Clock {
        let mut clock = self.clock.clone();
        clock.raise(self.chain, self.place, pages);
        clock
    }
}

/// Visits every node after all that come before it; returns them in that order: the smallest number first where the
/// order leaves a choice, as far as chains allow.
pub(crate) fn walk<C: Chains>(
    chains: &C,
    bytes_max: usize,
    keep_going: &mut dyn FnMut() -> bool,
    visit: &mut dyn FnMut(u32, Past<'_>) -> ControlFlow<()>,
) -> Result<Vec<u32>, Stopped> {
    let mut walker = Walker::new(chains);
    let mut pace = Pace::default();
    while let Some(Reverse((_, chain))) = walker.ready.pop() {
        while walker.is_next(chain) {
            let has_asked = pace.step(keep_going).map_err(Stopped::Unknown)?;
            if has_asked && walker.bytes() > bytes_max {
                return Err(Stopped::Unknown(UnknownReason::MemoryBound));
            }
            if walker.step(chain, visit).is_break() {
                return Err(Stopped::ByVisitor);
            }
        }
    }
    if walker.order.len() < chains.nodes_count() {
        let walked = walker.fronts.iter().map(|front| front.walked).collect();
        return Err(Stopped::Cycle(walked));
    }
    Ok(walker.order)
}

struct Walker<'a, C> {
    chains: &'a C,
    fronts: Vec<Front>,
    /// For each node, how many other chains still have to read it.
    readers: Vec<u32>,
    snapshots: Vec<Option<Clock>>,
    /// For each node, the first chain that waits for it.
    waiting: Vec<u32>,
    ready: BinaryHeap<Reverse<(u32, u32)>>,
    order: Vec<u32>,
    pages: Pages,
    /// How many snapshots are kept, and the most pages that one has.
    snapshots_count: usize,
    pages_max: usize,
}

/// How far a chain was walked.
struct Front {
    walked: u32,
    clock: Clock,
    /// The next chain that waits for the same node.
    next_waiting: u32,
}

impl<'a, C: Chains> Walker<'a, C> {
    fn new(chains: &'a C) -> Self {
        let nodes = chains.nodes_count();
        let mut readers = vec![0_u32; nodes];
        for node in 0..nodes as u32 {
            let (chain, _) = chains.place(node);
            for source in (0..).map_while(|index| chains.source(node, index)) {
                if chains.place(source).0 != chain
                    && let Some(count) = readers.get_mut(source as usize)
                {
                    *count = count.saturating_add(1);
                }
            }
        }
        let first = |chain: u32| Some(Reverse((*chains.chain(chain).first()?, chain)));
        Self {
            chains,
            fronts: (0..chains.chains_count()).map(|_| Front::new()).collect(),
            readers,
            snapshots: vec![None; nodes],
            waiting: vec![NONE; nodes],
            ready: (0..chains.chains_count() as u32)
                .filter_map(first)
                .collect(),
            order: Vec::with_capacity(nodes),
            pages: Pages::default(),
            snapshots_count: 0,
            pages_max: 0,
        }
    }

    fn bytes(&self) -> usize {
        let nodes = self.order.capacity().saturating_mul(24);
        let clocks = self.snapshots_count.saturating_add(self.fronts.len());
        let lists = clocks
            .saturating_mul(self.pages_max)
            .saturating_mul(size_of::<(u32, Rc<Page>)>());
        nodes
            .saturating_add(lists)
            .saturating_add(self.pages.bytes())
    }

    fn next(&self, chain: u32) -> Option<u32> {
        let walked = self.fronts.get(chain as usize)?.walked;
        self.chains.chain(chain).get(walked as usize).copied()
    }

    fn is_walked(&self, node: u32) -> bool {
        let (chain, place) = self.chains.place(node);
        let front = self.fronts.get(chain as usize);
        front.is_some_and(|front| front.walked >= place)
    }

    /// Whether this chain has the next node. If not, it is back among the ready ones, or waits, or is at its end.
    fn is_next(&mut self, chain: u32) -> bool {
        let Some(node) = self.next(chain) else {
            return false;
        };
        if let Some(Reverse(first)) = self.ready.peek()
            && *first < (node, chain)
        {
            self.ready.push(Reverse((node, chain)));
            return false;
        }
        let mut sources = (0..).map_while(|index| self.chains.source(node, index));
        let Some(missing) = sources.find(|source| !self.is_walked(*source)) else {
            return true;
        };
        if let (Some(front), Some(first)) = (
            self.fronts.get_mut(chain as usize),
            self.waiting.get_mut(missing as usize),
        ) {
            front.next_waiting = core::mem::replace(first, chain);
        }
        false
    }

    /// Walks the next node of this chain.
    fn step(
        &mut self,
        chain: u32,
        visit: &mut dyn FnMut(u32, Past<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let Some(node) = self.next(chain) else {
            return ControlFlow::Continue(());
        };
        for index in 0.. {
            let Some(source) = self.chains.source(node, index) else {
                break;
            };
            self.learn(chain, source);
        }
        let Some(front) = self.fronts.get_mut(chain as usize) else {
            return ControlFlow::Continue(());
        };
        front.walked = front.walked.saturating_add(1);
        let past = Past {
            clock: &front.clock,
            chain,
            place: front.walked,
        };
        visit(node, past)?;
        self.order.push(node);
        if self.readers.get(node as usize).is_some_and(|it| *it > 0)
            && let Some(snapshot) = self.snapshots.get_mut(node as usize)
        {
            *snapshot = Some(front.clock.clone());
            self.snapshots_count = self.snapshots_count.saturating_add(1);
        }
        self.wake(node);
        ControlFlow::Continue(())
    }

    /// The chain reads `source`.
    fn learn(&mut self, chain: u32, source: u32) {
        let (of, place) = self.chains.place(source);
        if of == chain {
            return;
        }
        if let (Some(front), Some(snapshot), Some(readers)) = (
            self.fronts.get_mut(chain as usize),
            self.snapshots.get_mut(source as usize),
            self.readers.get_mut(source as usize),
        ) {
            if front.clock.known(of) < place
                && let Some(theirs) = snapshot
            {
                front.clock.join(theirs);
                front.clock.raise(of, place, &self.pages);
                self.pages_max = self.pages_max.max(front.clock.pages.len());
            }
            *readers = readers.saturating_sub(1);
            if *readers == 0 && snapshot.take().is_some() {
                self.snapshots_count = self.snapshots_count.saturating_sub(1);
            }
        }
    }

    fn wake(&mut self, node: u32) {
        let mut chain = match self.waiting.get_mut(node as usize) {
            Some(first) => core::mem::replace(first, NONE),
            None => NONE,
        };
        while chain != NONE {
            if let Some(next) = self.next(chain) {
                self.ready.push(Reverse((next, chain)));
            }
            chain = match self.fronts.get_mut(chain as usize) {
                Some(front) => core::mem::replace(&mut front.next_waiting, NONE),
                None => NONE,
            };
        }
    }
}

impl Front {
    fn new() -> Self {
        Self {
            walked: 0,
            clock: Clock::default(),
            next_waiting: NONE,
        }
    }
}

const PAGE: usize = 64;

/// The components, what counts and shares them, and what the heap adds.
const PAGE_BYTES: usize = PAGE * 4 + 72;

/// Counts the pages that there are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pages(Rc<Cell<usize>>);

impl Pages {
    pub(crate) fn bytes(&self) -> usize {
        self.0.get().saturating_mul(PAGE_BYTES)
    }

    fn count(&self, change: isize) {
        self.0.set(self.0.get().saturating_add_signed(change));
    }
}

/// For each chain how many of its nodes are known. Cloning shares.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clock {
    /// Ascending by number.
    pages: Rc<Vec<(u32, Rc<Page>)>>,
}

#[derive(Debug)]
struct Page {
    known: [u32; PAGE],
    pages: Pages,
}

impl Clock {
    pub(crate) fn known(&self, chain: u32) -> u32 {
        let (number, slot) = (chain / PAGE as u32, chain as usize % PAGE);
        // Where all pages are there, a page stands at its number.
        let page = match self.pages.get(number as usize) {
            Some((at, page)) if *at == number => page,
            _ => match self.pages.binary_search_by_key(&number, |(at, _)| *at) {
                Ok(place) => match self.pages.get(place) {
                    Some((_, page)) => page,
                    None => return 0,
                },
                Err(_) => return 0,
            },
        };
        page.known.get(slot).copied().unwrap_or(0)
    }

    fn raise(&mut self, chain: u32, place: u32, pages: &Pages) {
        let (number, slot) = (chain / PAGE as u32, chain as usize % PAGE);
        if self.known(chain) >= place {
            return;
        }
        let own = Rc::make_mut(&mut self.pages);
        let at = match own.binary_search_by_key(&number, |(at, _)| *at) {
            Ok(at) => at,
            Err(at) => {
                own.insert(at, (number, Rc::new(Page::new(pages))));
                at
            }
        };
        if let Some((_, page)) = own.get_mut(at)
            && let Some(known) = Rc::make_mut(page).known.get_mut(slot)
        {
            *known = place;
        }
    }

    pub(crate) fn join(&mut self, other: &Self) {
        if Rc::ptr_eq(&self.pages, &other.pages) {
            return;
        }
        let own = Rc::make_mut(&mut self.pages);
        let mut at = 0;
        for (number, theirs) in other.pages.iter() {
            while own.get(at).is_some_and(|(it, _)| it < number) {
                at = at.saturating_add(1);
            }
            match own.get_mut(at) {
                Some((it, page)) if it == number => Page::join(page, theirs),
                _ => own.insert(at, (*number, Rc::clone(theirs))),
            }
        }
    }
}

impl Page {
    fn new(pages: &Pages) -> Self {
        pages.count(1);
        Self {
            known: [0; PAGE],
            pages: pages.clone(),
        }
    }

    fn join(own: &mut Rc<Self>, other: &Rc<Self>) {
        if Rc::ptr_eq(own, other) {
            return;
        }
        let (mut is_above, mut is_below) = (false, false);
        for (mine, theirs) in own.known.iter().zip(&other.known) {
            is_above |= theirs > mine;
            is_below |= theirs < mine;
        }
        if !is_above {
            return;
        }
        if !is_below {
            *own = Rc::clone(other);
            return;
        }
        for (mine, theirs) in Rc::make_mut(own).known.iter_mut().zip(&other.known) {
            *mine = (*mine).max(*theirs);
        }
    }
}

impl Clone for Page {
    fn clone(&self) -> Self {
        self.pages.count(1);
        Self {
            known: self.known,
            pages: self.pages.clone(),
        }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.pages.count(-1);
    }
}
