//! Tries the orders of one piece for a given k.
//!
//! Members count in the order of their first ends, so whoever must follow soon is always among the first members not
//! placed yet: a placed member with `within` = p asks that the first p members stand within the next d places. A state
//! is what is placed and what is asked; equal states have equal futures, so each is tried once.
//!
//! Prunings. More members asked for than places: no. As many as places: only these may come. Nothing asked, and a
//! member that may come asks for nothing either: it comes, and no other is tried, since everybody else can only get
//! closer together when it is taken out of a later place.

use alloc::{collections::BTreeSet, vec::Vec};

use super::zones::Piece;

/// What the search found.
pub(super) enum Found {
    /// An order with this staleness or less, as clusters.
    Order(Vec<u32>),
    /// There is none.
    None,
    /// Not decided within the steps.
    GaveUp,
}

/// Between two questions to `keep_going`.
const STEPS_PER_QUESTION: usize = 4_096;

#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct State {
    /// All members before this one are placed, and it is not.
    next: u32,
    /// Members behind `next` that are placed, ascending.
    ahead: Vec<u32>,
    /// `(p, d)`: the first p members must stand within the next d places. Both ascending.
    asked: Vec<(u32, u32)>,
}

/// An order of the piece in which no read is staler than `k`. Takes its steps from `steps_left`.
pub(super) fn order_within(
    piece: &Piece,
    k: usize,
    steps_left: &mut usize,
    keep_going: &mut dyn FnMut() -> bool,
) -> Found {
    let search = Search::new(piece, k);
    let mut seen = BTreeSet::new();
    // Who was placed, and the place in this list of the one before.
    let mut trail: Vec<(u32, usize)> = Vec::new();
    let mut open = Vec::from([(State::default(), usize::MAX)]);
    let mut until_question = 0_usize;
    while let Some((state, from)) = open.pop() {
        if state.next as usize >= piece.members.len() {
            return Found::Order(piece.named(&way_to(&trail, from)));
        }
        let choices = search.choices(&state);
        for member in choices.into_iter().rev() {
            let size = state.ahead.len().saturating_add(state.asked.len());
            let cost = size.saturating_add(8);
            until_question = until_question.saturating_add(cost);
            if until_question >= STEPS_PER_QUESTION {
                until_question = 0;
                if !keep_going() {
                    return Found::GaveUp;
                }
            }
            match steps_left.checked_sub(cost) {
                Some(left) => *steps_left = left,
                None => return Found::GaveUp,
            }
            let Some(after) = search.place(&state, member) else {
                continue;
            };
            if seen.insert(after.clone()) {
                trail.push((member, from));
                open.push((after, trail.len().saturating_sub(1)));
            }
        }
    }
    Found::None
}

fn way_to(trail: &[(u32, usize)], mut at: usize) -> Vec<u32> {
    let mut order = Vec::new();
    while let Some((member, from)) = trail.get(at) {
        order.push(*member);
        at = *from;
    }
    order.reverse();
    order
}

struct Search<'a> {
    piece: &'a Piece,
    /// Places that a placed member leaves to those it asks for.
    places: u32,
    /// The least `before` from each member on.
    least_before: Vec<u32>,
}

impl<'a> Search<'a> {
    fn new(piece: &'a Piece, k: usize) -> Self {
        let mut least = u32::MAX;
        let mut least_before: Vec<u32> = piece
            .before
            .iter()
            .rev()
            .map(|before| {
                least = least.min(*before);
                least
            })
            .collect();
        least_before.reverse();
        Self {
            piece,
            places: u32::try_from(k.saturating_sub(1)).unwrap_or(u32::MAX),
            least_before,
        }
    }

    /// The members that may come next.
    fn choices(&self, state: &State) -> Vec<u32> {
        let is_tight = |(first, places): &&(u32, u32)| state.missing(*first) == *places;
        let limit = state
            .asked
            .iter()
            .find(is_tight)
            .map_or(u32::MAX, |it| it.0);
        let mut choices = Vec::new();
        let mut member = state.next;
        while member < limit
            && self
                .least_before
                .get(member as usize)
                .is_some_and(|it| *it <= state.next)
        {
            let before = self.piece.before.get(member as usize).copied();
            if before.is_some_and(|it| it <= state.next)
                && state.ahead.binary_search(&member).is_err()
            {
                let within = self.piece.within.get(member as usize).copied().unwrap_or(0);
                let asks = state
                    .missing(within)
                    .saturating_sub(u32::from(member < within));
                if state.asked.is_empty() && asks == 0 {
                    return [member].into();
                }
                choices.push(member);
            }
            member = member.saturating_add(1);
        }
        choices
    }

    /// The state with `member` placed next; `None` where somebody is then out of reach.
    fn place(&self, state: &State, member: u32) -> Option<State> {
        let mut after = state.clone();
        if member == state.next {
            let mut ahead = state.ahead.iter().copied().peekable();
            after.next = member.saturating_add(1);
            while ahead.next_if_eq(&after.next).is_some() {
                after.next = after.next.saturating_add(1);
            }
            after.ahead = ahead.collect();
        } else if let Err(place) = after.ahead.binary_search(&member) {
            after.ahead.insert(place, member);
        }
        for (_, places) in &mut after.asked {
            *places = places.checked_sub(1)?;
        }
        let within = self.piece.within.get(member as usize).copied().unwrap_or(0);
        let asked = core::mem::take(&mut after.asked);
        // The new one leaves the most places, so those before it that ask for more ask it all.
        let new = [(within, self.places)];
        for (first, places) in asked.into_iter().chain(new) {
            let missing = after.missing(first);
            if missing > places {
                return None;
            }
            let is_asked = after.asked.iter().any(|(more, _)| *more >= first);
            if missing > 0 && !is_asked {
                after.asked.push((first, places));
            }
        }
        Some(after)
    }
}

impl State {
    /// How many of the first members are not placed.
    fn missing(&self, first: u32) -> u32 {
        let ahead = self.ahead.partition_point(|member| *member < first) as u32;
        first.saturating_sub(self.next).saturating_sub(ahead)
    }
}
