//! Who competes for the lead in a state of the links, and how many votes they can spare.

use quorum::{Expression, Side as Kind};
use transport::NodeId;

use super::links::{Links, bit, places};
use super::rules::Answers;
use super::{LeaderChange, Leadership, Outage, PartitionError, Protocol, Succession};

/// How long the change of the leader takes, if there is one and its timers are known.
pub(super) fn outage(
    protocol: &Protocol,
    links: &Links,
    answers: &Answers,
) -> Result<Option<Outage>, PartitionError> {
    let led = protocol.leadership();
    let timed = led.and_then(|led| Some((led, led.timing()?)));
    let Some((leadership, timing)) = timed.filter(|_| answers.is_changed && answers.leaders != 0)
    else {
        return Ok(None);
    };
    let bound = links.out(leadership.leader().0 as usize);
    let (rivals, deaf) = match answers.at_once {
        0 => (answers.leaders, 0),
        at_once => (at_once, bound),
    };
    let named = answers.writes & rivals;
    let candidate = places(if named == 0 { rivals } else { named }).next();
    let candidate = candidate.unwrap_or_default();
    let voting = links.mutual(candidate) & !deaf;
    let change = Succession {
        candidates: rivals.count_ones(),
        spare_votes: spare_votes(leadership, candidate, voting, rivals),
        waits_for_step_down: answers.at_once == 0,
        lease_ms: match protocol {
            Protocol::Lease { lease_ms, .. } => *lease_ms,
            _ => 0.0,
        },
    };
    LeaderChange::new(timing, &change)?.outage().map(Some)
}

/// How many rivals may keep their votes, whichever they are, with enough left for the candidate: one less
/// than the fewest that block its election. None to spare where that is too hard to say.
fn spare_votes(leadership: &Leadership, candidate: usize, voting: u64, rivals: u64) -> u32 {
    let fewest = |elect: Expression<NodeId>| {
        let price_of = |node: &NodeId| {
            let is_in = |set: u64| node.0 < 64 && set & bit(node.0 as usize) != 0;
            match (is_in(voting), is_in(rivals & !bit(candidate))) {
                (false, _) => Some(0_u64),
                (true, true) => Some(1),
                (true, false) => None,
            }
        };
        elect.dual().cheapest(price_of).ok()
    };
    let elect = leadership.quorums().expression(Kind::Read);
    match elect.ok().and_then(fewest) {
        Some(Some(blocking)) => u32::try_from(blocking.price.saturating_sub(1)).unwrap_or(0),
        Some(None) => rivals.count_ones(),
        None => 0,
    }
}
