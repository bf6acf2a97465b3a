//! The partition cells: the matrix of the model against the state machines, in every state of the links.
//!
//! A *cell* is a state of the directed links, a node and an operation: whether a client that keeps to that
//! node is answered. Each state is one run of the simulator ([`clients`](super::clients)). Where one of
//! several may lead, the model is met if one of them does.
//!
//! The model that each row claims is held against the history of the run, with the reads after the heal.

use std::collections::BTreeSet;

use cap_model::partition::{Leadership, Protocol, Row, rows};
use cap_model::{Availability, Operation, Shape, Side, link_states};
use consistency::causal::{check, of_operations};
use consistency::{
    Consistency, KeyValue, KvInput, KvOutput, Limits, Value, Verdict, check_linearizable,
};
use quorum::QuorumSystem;
use serde::Serialize;
use simulator::{Settings, Tape};
use transport::NodeId;

use super::clients::Clients;
use super::probe::{Probe, partial, raft, strong};
use crate::exit::BadInput;

/// So long may a run be under way with its links cut; it heals itself sooner.
const CHAOS_NS: u64 = 60_000_000_000;

/// What was compared, and where the two differ.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Cells {
    pub(super) states: u64,
    pub(super) cells: u64,
    /// How many of them were answered.
    pub(super) answered: u64,
    /// How many cells differ.
    pub(super) differing: u64,
    /// In words, a state each.
    pub(super) differences: Vec<String>,
    /// Runs whose claimed model the checkers examined.
    pub(super) judged: u64,
    /// Those that did not keep it, in words.
    pub(super) broken: Vec<String>,
    /// Runs that were linearizable, claimed or not.
    pub(super) linearizable: u64,
}

impl Cells {
    /// Whether the model is met everywhere.
    pub(super) const fn is_met(&self) -> bool {
        self.differing == 0 && self.broken.is_empty()
    }
}

/// Runs the state machine of this protocol in every state of the links; `None` if there is none, or more than
/// four nodes.
pub(super) fn compare(protocol: &Protocol, seed: u64) -> Result<Option<Cells>, BadInput> {
    let nodes = protocol.nodes();
    if nodes > 4 || protocol.replicas().len() != nodes {
        return Ok(None);
    }
    Ok(match protocol {
        Protocol::Quorum(quorums) => Some(every_state(&strong(quorums)?, seed, |_| {
            Ok(protocol.clone())
        })?),
        Protocol::Partial { read, write, .. } => {
            let system = partial(nodes, *read, *write)?;
            Some(every_state(&system, seed, |_| Ok(protocol.clone()))?)
        }
        Protocol::Leader(leadership) => {
            let quorums = leadership.quorums();
            Some(every_state(&raft(quorums)?, seed, |leader| {
                led_by(quorums, leader)
            })?)
        }
        _ => None,
    })
}

/// Who leads before the cut is drawn by the run.
fn led_by(quorums: &QuorumSystem<NodeId>, leader: Option<NodeId>) -> Result<Protocol, BadInput> {
    let leader = leader.ok_or_else(|| BadInput::new("nobody led before the cut"))?;
    let leadership = Leadership::new(quorums.clone(), leader).map_err(BadInput::new)?;
    Ok(Protocol::Leader(leadership))
}

fn every_state<S: Probe>(
    system: &S,
    seed: u64,
    model: impl Fn(Option<NodeId>) -> Result<Protocol, BadInput>,
) -> Result<Cells, BadInput> {
    let nodes = system.configs().len() as u32;
    let mut cells = Cells::default();
    for (state, shape) in link_states(nodes).map_err(BadInput::new)?.enumerate() {
        let settings = Settings {
            chaos_ns: CHAOS_NS,
            ..Settings::new(nodes)
        };
        let mut clients = Clients::new(system, &shape);
        let tape = Tape::seeded_stream(seed, state as u64).unrecorded();
        let ended = simulator::run(&settings, system.configs(), &mut clients, &mut (), tape);
        let ended = ended.map_err(BadInput::new)?;
        if let Some(violation) = ended.violation {
            let links = links(&shape);
            return Err(BadInput::new(format!("{links}: {violation:?}")));
        }
        let protocol = model(clients.leader)?;
        let rows = rows(&protocol, &shape).map_err(BadInput::new)?;
        for (operation, seen) in [
            (Operation::Update, &clients.wrote),
            (Operation::Observe, &clients.read),
        ] {
            cells.count(&shape, &rows, operation, seen);
        }
        cells.states += 1;
        cells.judge(&shape, &rows, &clients.finish())?;
    }
    Ok(cells)
}

impl Cells {
    fn count(
        &mut self,
        shape: &Shape,
        rows: &[Row],
        operation: Operation,
        seen: &BTreeSet<NodeId>,
    ) {
        let rows = rows.iter().filter(|row| row.operation == operation);
        let (mut expected, mut leaders) = (BTreeSet::new(), Side::EMPTY);
        for row in rows {
            leaders = row.leaders;
            expected.extend(answering(row).nodes());
        }
        // One of them, whichever.
        let is_led = leaders.len() > 1 && seen.len() == 1;
        if is_led && seen.iter().all(|&node| leaders.contains(node)) {
            expected.clone_from(seen);
        }
        let wrong = expected.symmetric_difference(seen).count();
        self.cells += u64::from(shape.nodes());
        self.answered += seen.len() as u64;
        self.differing += wrong as u64;
        if wrong > 0 {
            let links = links(shape);
            let text = format!(
                "{links}: {operation:?} answered at {seen:?}, by the model at {expected:?}"
            );
            self.differences.push(text);
        }
    }

    fn judge(
        &mut self,
        shape: &Shape,
        rows: &[Row],
        history: &[consistency::Operation<KvInput, KvOutput>],
    ) -> Result<(), BadInput> {
        let model = KeyValue::new(Value::Nil);
        let limits = Limits::default();
        let verdict = check_linearizable(&model, history, &limits, &mut || true);
        let is_linearizable = matches!(verdict, Verdict::Holds(_));
        self.linearizable += u64::from(is_linearizable);
        let claims: Vec<Option<Consistency>> = rows
            .iter()
            .filter(|row| row.availability != Availability::None)
            .map(|row| row.model)
            .collect();
        // What all rows claim: the run is one history.
        let Some(&Some(claim)) = claims.first() else {
            return Ok(());
        };
        if claims.iter().any(|other| *other != Some(claim)) {
            return Ok(());
        }
        let is_kept = match claim {
            Consistency::Linearizable => is_linearizable,
            weaker => {
                let history = of_operations(&model, history).map_err(BadInput::new)?;
                check(&history, weaker, &limits, &mut || true).holds()
            }
        };
        self.judged += 1;
        if !is_kept {
            self.broken.push(format!("{}: not {claim}", links(shape)));
        }
        Ok(())
    }
}

/// Who is answered, on the side of a row.
fn answering(row: &Row) -> Side {
    match row.availability {
        Availability::None => Side::EMPTY,
        Availability::LeaderBound(node) => Side::of([node]).unwrap_or(Side::EMPTY),
        Availability::Partly(nodes) => nodes,
        Availability::Side(_) | Availability::Sticky | Availability::Total => row.side,
    }
}

/// The links that are cut.
fn links(shape: &Shape) -> String {
    let nodes = || (0..shape.nodes()).map(NodeId);
    let pairs = nodes().flat_map(|from| nodes().map(move |to| (from, to)));
    let cut = pairs.filter(|&(from, to)| !shape.works(from, to));
    let cut: Vec<String> = cut.map(|(from, to)| format!("{from}>{to}")).collect();
    format!("cut {{{}}}", cut.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_all(seed: u64) {
        let nodes = || (0..3).map(NodeId);
        let majority = QuorumSystem::majority(nodes()).unwrap();
        let rowa = QuorumSystem::flexible(nodes(), 1, 3).unwrap();
        let led = |quorums| Protocol::Leader(Leadership::new(quorums, NodeId(0)).unwrap());
        let mut protocols = vec![
            Protocol::Quorum(majority.clone()),
            Protocol::Quorum(rowa),
            led(majority),
        ];
        for (read, write) in [(1, 1), (1, 2), (2, 1), (2, 2)] {
            protocols.push(Protocol::partial(3, read, write).unwrap());
        }
        for protocol in protocols {
            let cells = compare(&protocol, seed).unwrap().unwrap();
            println!(
                "{} {}: {} answered, {} differ, {} linearizable, {} judged, {:?} {:?}",
                protocol.name(),
                cells.cells,
                cells.answered,
                cells.differing,
                cells.linearizable,
                cells.judged,
                cells.differences,
                cells.broken
            );
            assert_eq!((cells.states, cells.cells), (64, 384));
            assert!(cells.is_met(), "{protocol:?}: {cells:?}");
            let is_always = matches!(
                protocol,
                Protocol::Partial {
                    read: 1,
                    write: 1,
                    ..
                }
            );
            assert!(cells.answered > 0 && (cells.answered < 384) != is_always);
        }
    }

    #[test]
    fn every_cell_of_three_nodes_is_what_the_model_says() {
        check_all(1);
    }

    /// The check can fail: quorums of one against the model of majorities.
    #[test]
    fn a_store_that_is_not_the_models_is_noticed() {
        let system = partial(3, 1, 1).unwrap();
        let model = QuorumSystem::majority((0..3).map(NodeId)).unwrap();
        let cells = every_state(&system, 1, |_| Ok(Protocol::Quorum(model.clone()))).unwrap();
        assert!(!cells.is_met() && !cells.broken.is_empty(), "{cells:?}");
        // Majorities answer 168 cells; 10 states answer all, of either operation.
        assert_eq!((cells.differing, cells.differences.len()), (384 - 168, 108));
    }

    #[test]
    #[ignore = "twenty seeds of every cell"]
    fn every_cell_of_three_nodes_is_what_the_model_says_whoever_leads() {
        (2..22).for_each(check_all);
    }
}
