//! The nemesis: when episodes of faults begin, whom they meet, and when they end.
//!
//! 1. Each kind of episode in the plan is a chain: the first begins in the first three quarters of
//!    the chaos phase, each later one after a gap. One number decides when: zero means never
//!    again, one chance in `n + 1` among `n` moments; the least of the others means soonest, so that
//!    a shrunk run fails early.
//! 2. Whom it meets, how long it lasts and what shape it has are drawn when it begins. When it can
//!    meet nobody, because every node is down, it comes later.
//! 3. Disk faults and torn crashes wait for the node's next sync, so that they do happen.

use crate::network::Block;
use crate::world::{ArmedCrash, Event, Mark, signed};
use crate::{Episodes, Fault, Observer, Simulated, Workload, run::Run};

/// A short absence is this part of a long one.
const SHORTER: u64 = 64;

impl<P: Simulated, W: Workload<P>, O: Observer<P>> Run<'_, P, W, O> {
    /// Draws when each kind of episode first begins.
    pub(crate) fn plan_episodes(&mut self) {
        for fault in Fault::ALL {
            let Some(Episodes { gap_ns, .. }) = self.settings.plan.episodes(fault) else {
                continue;
            };
            let window_ns = (self.settings.chaos_ns / 4 * 3)
                .min(gap_ns.saturating_mul(2))
                .max(1);
            let wire = &mut self.world.wire;
            let choice = wire.tape.draw(window_ns + 1);
            if choice > 0 {
                let at_ns = wire.now_ns + choice - 1;
                wire.queue.push(at_ns, Event::EpisodeStart { fault });
            }
        }
    }

    /// How long an episode lasts, or a node stays away; the choice zero is the shortest.
    pub(crate) fn draw_length(&mut self, fault: Fault) -> u64 {
        let episodes = self.settings.plan.episodes(fault);
        let mean_ns = episodes.map_or(0, |episodes| episodes.length_ns);
        1 + self.world.wire.tape.draw(2 * mean_ns)
    }

    /// How long a node stays away: every other time so shortly that its peers hardly notice, and
    /// what they sent it before meets what it has become.
    pub(crate) fn draw_absence(&mut self, fault: Fault) -> u64 {
        let length_ns = self.draw_length(fault);
        if self.world.wire.tape.draw(2) == 0 {
            1 + length_ns / SHORTER
        } else {
            length_ns
        }
    }

    pub(crate) fn start_episode(&mut self, fault: Fault) {
        let Some(Episodes { gap_ns, .. }) = self.settings.plan.episodes(fault) else {
            return;
        };
        if self.world.wire.is_healed {
            return;
        }
        let Some(length_ns) = self.begin(fault) else {
            let at_ns = self.world.wire.now_ns + gap_ns / 4 + 1;
            self.world
                .wire
                .queue
                .push(at_ns, Event::EpisodeStart { fault });
            return;
        };
        let wire = &mut self.world.wire;
        let choice = wire.tape.draw(2 * gap_ns + 1);
        if choice > 0 {
            let at_ns = wire.now_ns + length_ns + choice;
            wire.queue.push(at_ns, Event::EpisodeStart { fault });
        }
    }

    pub(crate) fn end_episode(&mut self, fault: Fault, node: u32, episode: u64) {
        let state = &mut self.world.nodes[node as usize];
        let wire = &mut self.world.wire;
        match fault {
            Fault::Pause if state.paused_by == Some(episode) => {
                wire.note(format!(
                    "n{node} goes on, {} inputs waiting",
                    state.held.len()
                ));
                self.resume(node);
            }
            Fault::Crash
                if state
                    .disk_faults
                    .crashes_next
                    .is_some_and(|crash| crash != ArmedCrash::Torn) =>
            {
                // It never wrote anything: crash it as it stands.
                state.disk_faults.crashes_next = None;
                if state.is_up() && !wire.is_healed {
                    let away_ns = self.draw_absence(Fault::Crash);
                    self.crash(node, Fault::Crash, away_ns);
                }
            }
            Fault::Partition | Fault::OneWay | Fault::Partial if wire.network.unblock(episode) => {
                wire.note(format!("{fault} {episode} ends"));
            }
            _ => {}
        }
    }

    /// Begins an episode and returns its length; `None` when it can meet nobody now.
    fn begin(&mut self, fault: Fault) -> Option<u64> {
        let node = match fault {
            Fault::Partition | Fault::OneWay | Fault::Partial => 0,
            _ => self.draw_victim(fault)?,
        };
        self.episodes += 1;
        let episode = self.episodes;
        let length_ns = self.draw_length(fault);
        let wire = &mut self.world.wire;
        let state = &mut self.world.nodes[node as usize];
        let end_ns = wire.now_ns + length_ns;
        let end = Event::EpisodeEnd {
            fault,
            node,
            episode,
        };
        wire.mark(Mark::Episode, node, fault as u32);
        match fault {
            Fault::Crash => match wire.tape.draw(3) {
                0 => {
                    let away_ns = self.draw_absence(fault);
                    self.crash(node, fault, away_ns);
                }
                when => {
                    let armed = if when == 1 {
                        ArmedCrash::Writing
                    } else {
                        ArmedCrash::Written
                    };
                    state.disk_faults.crashes_next = Some(armed);
                    wire.queue.push(end_ns, end);
                }
            },
            Fault::Torn => state.disk_faults.crashes_next = Some(ArmedCrash::Torn),
            Fault::DiskFailure => state.disk_faults.fails_next = true,
            Fault::SlowDisk => {
                state.disk_faults.slow_until_ns = end_ns;
                state.disk_faults.is_slow_once = true;
                wire.note(format!("the disk of n{node} is slow for {length_ns} ns"));
            }
            Fault::Pause => {
                state.paused_by = Some(episode);
                wire.counts.add(fault, 1);
                wire.note(format!("n{node} pauses for {length_ns} ns"));
                wire.queue.push(end_ns, end);
            }
            Fault::ClockJump => {
                let by_ns = signed(&mut wire.tape, self.settings.plan.clock_jump_ns);
                state.clock.jump(by_ns);
                wire.counts.add(fault, u64::from(by_ns != 0));
                wire.hasher.word(by_ns as u64);
                wire.note(format!("the wall clock of n{node} jumps by {by_ns} ns"));
            }
            _ => {
                let (pairs, shape) = self.draw_block(fault);
                let wire = &mut self.world.wire;
                wire.note(format!("{fault} {episode} begins: {shape}"));
                wire.network.block(Block {
                    episode,
                    fault,
                    pairs,
                });
                wire.queue.push(end_ns, end);
            }
        }
        Some(length_ns)
    }

    /// A node that this fault can meet now.
    fn draw_victim(&mut self, fault: Fault) -> Option<u32> {
        let nodes = self.world.nodes.iter().enumerate();
        let can_meet = nodes.filter(|(_, state)| match fault {
            Fault::ClockJump => true,
            Fault::Pause => state.is_up() && state.paused_by.is_none(),
            Fault::Crash | Fault::Torn => state.is_up() && state.disk_faults.crashes_next.is_none(),
            _ => state.is_up(),
        });
        let candidates: Vec<u32> = can_meet.map(|(index, _)| index as u32).collect();
        if candidates.is_empty() {
            return None;
        }
        let choice = self.world.wire.tape.draw(candidates.len() as u64);
        Some(candidates[choice as usize])
    }

    /// Which links an episode blocks, and how to say so.
    fn draw_block(&mut self, fault: Fault) -> (Vec<(usize, usize)>, String) {
        let order = self.shuffled();
        let count = order.len();
        let tape = &mut self.world.wire.tape;
        if fault == Fault::Partial {
            return partial(&order, tape.draw(3));
        }
        // One node, a minority, or half: the minority is of a drawn size.
        let size = match tape.draw(3) {
            0 => 1,
            1 => 1 + tape.draw((count.saturating_sub(1) / 2).max(1) as u64) as usize,
            _ => (count / 2).max(1),
        };
        let (cut, rest) = order.split_at(size.min(count));
        let mut pairs = Vec::new();
        if fault == Fault::Partition {
            block_both(cut, rest, &mut pairs);
            return (pairs, format!("{} | {}", names(cut), names(rest)));
        }
        let is_deaf = tape.draw(2) == 0;
        let (from, to) = if is_deaf { (rest, cut) } else { (cut, rest) };
        block(from, to, &mut pairs);
        (pairs, format!("{} -x-> {}", names(from), names(to)))
    }

    /// The nodes in a drawn order; all zeros keep theirs.
    fn shuffled(&mut self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.world.nodes.len()).collect();
        for index in 0..order.len() {
            let left = order.len() - index;
            let choice = self.world.wire.tape.draw(left as u64) as usize;
            order.swap(index, index + choice);
        }
        order
    }
}

/// Links are blocked so that reaching is not transitive: a single link (and all that two nodes
/// have), a bridge (two halves that only one node sees both of), or a ring (each node sees its
/// neighbours, so majorities overlap).
fn partial(order: &[usize], shape: u64) -> (Vec<(usize, usize)>, String) {
    let count = order.len();
    let mut pairs = Vec::new();
    match shape {
        1 if count >= 3 => {
            let (bridge, others) = (order[0], &order[1..]);
            let (left, right) = others.split_at(others.len() / 2);
            block_both(left, right, &mut pairs);
            let shape = format!("{} | {} with n{bridge} between", names(left), names(right));
            (pairs, shape)
        }
        2 if count >= 4 => {
            // Each node sees (count / 2) others around the circle, itself the middle of a majority.
            let reach = (count / 2).div_ceil(2);
            for (index, &from) in order.iter().enumerate() {
                for (other, &to) in order.iter().enumerate() {
                    let apart = index.abs_diff(other);
                    if apart.min(count - apart) > reach {
                        pairs.push((from, to));
                    }
                }
            }
            (pairs, format!("a ring of {}", names(order)))
        }
        _ => {
            let mut cut = order.iter().take(2);
            if let (Some(&one), Some(&two)) = (cut.next(), cut.next()) {
                block_both(&[one], &[two], &mut pairs);
            }
            (
                pairs,
                format!("the link of {}", names(&order[..count.min(2)])),
            )
        }
    }
}

fn block(from: &[usize], to: &[usize], pairs: &mut Vec<(usize, usize)>) {
    for &from in from {
        pairs.extend(to.iter().map(|&to| (from, to)));
    }
}

fn block_both(left: &[usize], right: &[usize], pairs: &mut Vec<(usize, usize)>) {
    block(left, right, pairs);
    block(right, left, pairs);
}

fn names(nodes: &[usize]) -> String {
    let mut nodes = nodes.to_vec();
    nodes.sort_unstable();
    let names: Vec<String> = nodes.iter().map(|node| format!("n{node}")).collect();
    names.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Who can still send to whom, itself included.
    fn reach(order: &[usize], shape: u64) -> Vec<Vec<usize>> {
        let (pairs, _) = partial(order, shape);
        let all = 0..order.len();
        let sees = |from| {
            let open = |&to: &usize| from == to || !pairs.contains(&(from, to));
            all.clone().filter(open).collect()
        };
        all.clone().map(sees).collect()
    }

    #[test]
    fn a_bridge_joins_two_halves_that_cannot_talk() {
        let sees = reach(&[2, 0, 1, 3, 4], 1);
        assert_eq!(sees[2], [0, 1, 2, 3, 4]);
        assert_eq!((&sees[0], &sees[1]), (&vec![0, 1, 2], &vec![0, 1, 2]));
        assert_eq!((&sees[3], &sees[4]), (&vec![2, 3, 4], &vec![2, 3, 4]));
    }

    #[test]
    fn in_a_ring_each_node_sees_a_majority_and_no_two_see_the_same() {
        for count in 4..10 {
            let order: Vec<usize> = (0..count).collect();
            let mut sees = reach(&order, 2);
            assert!(
                sees.iter()
                    .all(|seen| seen.len() > count / 2 && seen.len() < count)
            );
            sees.sort();
            sees.dedup();
            assert!(
                sees.len() == count || count == 4 || count == 6,
                "{count}: {sees:?}"
            );
        }
    }

    #[test]
    fn a_single_link_leaves_everything_else() {
        let (pairs, _) = partial(&[3, 1, 0, 2], 0);
        assert_eq!(pairs, [(3, 1), (1, 3)]);
        assert_eq!(partial(&[0], 2).0, []);
    }
}
