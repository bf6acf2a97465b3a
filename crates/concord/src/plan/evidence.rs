//! Evidence: the partition matrix of a candidate, and what the real state machines do in its shapes.
//!
//! # Rules
//!
//! 1. A candidate is run by the machine of its kind, on its own quorums, with at most seven nodes.
//! 2. What has no machine has no evidence, and says so: no witness is made up.
//! 3. Every claim carries what confirmed it, or why nothing did. Every row of the matrix is measured in
//!    the same shape; a row that was measured otherwise says so, and so does a note.
//! 4. A row and a measurement agree if they promise the same answers; see `is_same`.
//! 5. Nodes are numbered by their places in the candidate.

mod machine;
mod words;

use cap_model::partition::{
    Leadership, Protocol, Row, Word, link_state_counts, named_shapes, rows,
};
use cap_model::{Availability, Consistency, NODES_MAX, Operation, Shape, Side};
use consistency::Consistency as Model;
use quorum::QuorumSystem;
use transport::NodeId;

use super::file::{Candidate, Kind, Leader, Plan};
use super::outcome::{LinkStates, Outcome, PartitionRow, Percentiles};
use machine::{Evidence, Seen, gather};
use words::Words;

/// The states of the links of so many nodes are counted.
const COUNTED_MAX: u32 = 5;

/// Fills in what partitions do to a candidate: rows, counted states, claims, and what to note.
pub(super) fn add(plan: &Plan, candidate: &Candidate, outcome: &mut Outcome) {
    if let Err(why) = told(plan, candidate, outcome) {
        outcome.unknown.push(format!("partitions: {why}"));
    }
}

/// An error is something that could not be found out.
fn told(plan: &Plan, candidate: &Candidate, outcome: &mut Outcome) -> Result<(), String> {
    let Some(shown) = &plan.partitions else {
        return Ok(());
    };
    if candidate.nodes.len() > NODES_MAX as usize {
        let note = format!("partitions are told of at most {NODES_MAX} nodes");
        outcome.notes.push(note);
        return Ok(());
    }
    let in_words = |error: &dyn std::fmt::Display| error.to_string();
    let protocol = protocol(candidate, &plan.leader)?;
    let nodes = protocol.nodes();
    let names: Vec<String> = candidate
        .nodes
        .iter()
        .map(|node| plan.name_of(*node))
        .collect();
    let words = Words { names: &names };
    let zones = zones(plan, candidate);
    let mut shapes = named_shapes(nodes, &sides(&zones)).map_err(|error| in_words(&error))?;
    shapes.retain(|shape| shown.is_shown(&shape.to_string()));
    let gathered = shown
        .is_measured
        .then(|| gather(&protocol, words, &zones, &shapes));
    let evidence = match gathered {
        None => None,
        Some(Ok(evidence)) => Some(evidence),
        Some(Err(why)) => {
            outcome.notes.push(why);
            None
        }
    };
    let mut disputed = 0;
    for shape in &shapes {
        for row in rows(&protocol, shape).map_err(|error| in_words(&error))? {
            let attested = evidence
                .as_ref()
                .and_then(|evidence| evidence.attest(shape, &row, words));
            disputed += usize::from(
                attested
                    .as_ref()
                    .is_some_and(|attested| !attested.is_agreed),
            );
            let witness = attested.map(|attested| attested.witness);
            outcome.partitions.push(told_row(&row, words, witness));
        }
    }
    if let Protocol::Lease {
        lease_ms,
        are_clock_rates_bounded: true,
        ..
    } = protocol
    {
        outcome.notes.push(format!(
            "a lease lasts {lease_ms} ms, and no clock runs faster than the lease allows for"
        ));
    }
    if let Some(evidence) = evidence {
        if disputed > 0 {
            outcome.notes.push(format!(
                "{} does otherwise than the model says in {disputed} of {} rows of the partition matrix",
                evidence.machine,
                outcome.partitions.len()
            ));
        }
        outcome.claims = evidence.claims;
    }
    if nodes <= COUNTED_MAX {
        outcome.link_states = Some(counted(&protocol).map_err(|error| in_words(&error))?);
    }
    Ok(())
}

/// What a candidate is to the matrix and to the machines.
fn protocol(candidate: &Candidate, timers: &Leader) -> Result<Protocol, String> {
    let place_of = |node: &NodeId| {
        let place = candidate.nodes.iter().position(|other| other == node);
        let place = place.and_then(|place| u32::try_from(place).ok());
        NodeId(place.unwrap_or(u32::MAX))
    };
    let quorums = || {
        let (reads, writes) = (&candidate.reads, &candidate.writes);
        QuorumSystem::new(reads.map(place_of), writes.map(place_of))
            .map_err(|error| error.to_string())
    };
    let leadership = || {
        let leader = candidate.leader.as_ref().ok_or("nobody leads")?;
        let leadership = Leadership::new(quorums()?, place_of(leader));
        let leadership = leadership.map_err(|error| error.to_string())?;
        let leadership = leadership.with_election(timers.election);
        Ok::<_, String>(match timers.timing {
            Some(timing) => leadership.with_timing(timing),
            None => leadership,
        })
    };
    let nodes = u32::try_from(candidate.nodes.len()).map_err(|error| error.to_string())?;
    let replicas = Side::all(nodes).map_err(|error| error.to_string())?;
    Ok(match candidate.kind {
        Kind::Quorum => Protocol::Quorum(quorums()?),
        Kind::Partial => {
            let (read, write) = candidate.counts.ok_or("no numbers of answers")?;
            Protocol::partial(nodes, read, write).map_err(|error| error.to_string())?
        }
        Kind::Leader => Protocol::Leader(leadership()?),
        Kind::Lease => Protocol::Lease {
            leadership: leadership()?,
            lease_ms: timers.lease_ms,
            are_clock_rates_bounded: timers.are_clock_rates_bounded,
        },
        Kind::WriteAll => Protocol::WriteAll(replicas),
        // The candidate's nodes stand from head to tail.
        Kind::Chain => Protocol::Chain(replicas.nodes().collect()),
        Kind::Local => Protocol::Local {
            replicas,
            is_causal: false,
        },
    })
}

/// The zone of each node; each its own, if the file does not tell of two.
fn zones(plan: &Plan, candidate: &Candidate) -> Vec<u32> {
    let zone = |node: &NodeId| {
        let zone = plan.nodes.get(node.0 as usize)?.zone?;
        u32::try_from(zone).ok()
    };
    let zones: Option<Vec<u32>> = candidate.nodes.iter().map(zone).collect();
    let told = zones.filter(|zones| zones.iter().any(|zone| Some(zone) != zones.first()));
    told.unwrap_or_else(|| (0..).take(candidate.nodes.len()).collect())
}

/// The nodes of each zone.
fn sides(zones: &[u32]) -> Vec<Side> {
    let mut names: Vec<u32> = zones.to_vec();
    names.sort_unstable();
    names.dedup();
    let of = |name: &u32| {
        let places = (0..).map(NodeId).zip(zones);
        let here = places.filter(|(_, zone)| *zone == name);
        Side::of(here.map(|(node, _)| node)).unwrap_or(Side::EMPTY)
    };
    names.iter().map(of).collect()
}

fn told_row(row: &Row, words: Words<'_>, witness: Option<String>) -> PartitionRow {
    let attainable: Vec<String> = row.attainable.iter().map(Model::to_string).collect();
    PartitionRow {
        shape: words.renamed(&row.shape),
        kind: kind(&row.shape),
        operation: operation_name(row.operation).to_owned(),
        side: row.side.nodes().map(|node| words.name(node)).collect(),
        availability: Word::from(row.availability).to_string(),
        model: row.model.map(|model| model.to_string()),
        attainable: (!attainable.is_empty()).then(|| attainable.join(" and ")),
        outage_ms: row.outage.map(|outage| Percentiles {
            p50: outage.p50_ms,
            p99: outage.p99_ms,
            p999: outage.p999_ms,
            intervals: None,
        }),
        because: row.because.named(|node| words.name(node)),
        witness,
    }
}

const fn operation_name(operation: Operation) -> &'static str {
    match operation {
        Operation::Update => "write",
        Operation::Prepare | Operation::Observe => "read",
    }
}

/// The first word of a shape's name, but for stars that have lost a node.
fn kind(shape: &str) -> String {
    if shape.starts_with("star") && shape.contains(" without ") {
        return "constrained-election".to_owned();
    }
    shape.split(' ').next().unwrap_or_default().to_owned()
}

fn counted(protocol: &Protocol) -> Result<LinkStates, cap_model::partition::PartitionError> {
    let counts = link_state_counts(protocol)?;
    let mut link_states = LinkStates {
        states: counts.states,
        classes: counts.classes,
        counts: std::collections::BTreeMap::new(),
    };
    for tally in &counts.tallies {
        let operation = operation_name(tally.operation).to_owned();
        let words = link_states.counts.entry(operation).or_default();
        words.insert(tally.word.to_string(), tally.states);
    }
    Ok(link_states)
}

/// What the machine says of a row of the matrix.
#[derive(Debug, Eq, PartialEq)]
struct Attested {
    /// The answers, the silence or the history; it begins with the dispute, if there is one.
    witness: String,
    /// Whether the machine did what the matrix says.
    is_agreed: bool,
}

impl Evidence {
    /// What was measured in the cell of this row; `None` if it was not.
    fn attest(&self, shape: &Shape, row: &Row, words: Words<'_>) -> Option<Attested> {
        let mut cells = self.cells.iter();
        let Seen { cell, text, .. } = cells.find(|seen| {
            let cell = &seen.cell;
            seen.shape == *shape && cell.side == row.side && cell.operation == row.operation
        })?;
        let mut disputes = Vec::new();
        if !is_same(cell.availability, row) {
            let told = row.availability;
            disputes.push(format!("{} instead of {told}", cell.availability));
        }
        if let (Some(Model::Linearizable), Some(seen)) = (row.model, cell.consistency)
            && seen != Consistency::Linearizable
        {
            disputes.push(format!("{seen} instead of linearizable"));
        }
        let is_agreed = disputes.is_empty();
        let witness = if is_agreed {
            text.clone()
        } else {
            let disputes = words.renamed(&disputes.join(", "));
            format!("{} does otherwise, {disputes}: {text}", self.machine)
        };
        Some(Attested { witness, is_agreed })
    }
}

/// Whether two words promise the same answers.
///
/// Who may move is a matter of sessions, and not of answers. Whom the nodes elect is chance. And a leader
/// that is deposed may learn from its successor that its last write was committed: one answer, which the
/// matrix does not count.
fn is_same(seen: Availability, row: &Row) -> bool {
    let is_everywhere =
        |word: Availability| matches!(word, Availability::Total | Availability::Sticky);
    if is_everywhere(seen) && is_everywhere(row.availability) {
        return true;
    }
    let some = |word: Availability| match word {
        Availability::LeaderBound(node) => Side::of([node]).ok(),
        Availability::Partly(nodes) => Some(nodes),
        _ => None,
    };
    let (Some(answering), Some(told)) = (some(seen), some(row.availability)) else {
        return seen == row.availability;
    };
    let mut leading = answering.nodes().filter(|&node| row.leaders.contains(node));
    let mut others = answering
        .nodes()
        .filter(|&node| !row.leaders.contains(node));
    let is_elected = told.len() == 1 && leading.next().is_some() && leading.next().is_none();
    answering == told || (is_elected && others.all(|node| row.last_answer == Some(node)))
}

#[cfg(test)]
mod tests {
    use cap_model::link_states;

    use super::*;

    const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

    fn gathered(protocol: &Protocol, shapes: &[Shape]) -> Evidence {
        let names = NAMES.map(str::to_owned);
        let zones: Vec<u32> = (0..protocol.nodes()).collect();
        gather(protocol, Words { names: &names }, &zones, shapes).expect("a machine")
    }

    fn majority(nodes: u32) -> QuorumSystem<NodeId> {
        QuorumSystem::majority((0..nodes).map(NodeId)).expect("nodes")
    }

    fn flexible(read: usize, write: usize) -> QuorumSystem<NodeId> {
        QuorumSystem::flexible((0..3).map(NodeId), read, write).expect("they meet")
    }

    fn led(quorums: QuorumSystem<NodeId>, leader: u32) -> Protocol {
        Protocol::Leader(Leadership::new(quorums, NodeId(leader)).expect("a member"))
    }

    fn partial(read: u32, write: u32) -> Protocol {
        Protocol::partial(3, read, write).expect("counts of three")
    }

    fn machines() -> [(Protocol, [&'static str; 2]); 10] {
        let replicas = Side::all(3).expect("three nodes");
        let local = Protocol::Local {
            replicas,
            is_causal: false,
        };
        [
            // Attiya, Bar-Noy and Dolev: both wait for quorums.
            (Protocol::Quorum(majority(3)), ["write PC/EC", "read PC/EC"]),
            // A read from one still leaves what it returns at all.
            (
                Protocol::Quorum(flexible(1, 3)),
                ["write PC/EC", "read PC/EC"],
            ),
            (
                Protocol::Quorum(flexible(3, 1)),
                ["write PC/EC", "read PC/EC"],
            ),
            (led(majority(3), 0), ["write PC/EC", "read PC/EC"]),
            (led(flexible(3, 2), 2), ["write PC/EC", "read PC/EC"]),
            // Dynamo's store, and its children.
            (local, ["write PA/EL", "read PA/EL"]),
            (partial(1, 1), ["write PA/EL", "read PA/EL"]),
            (partial(1, 2), ["write PC/EC", "read PA/EL"]),
            (partial(2, 1), ["write PA/EL", "read PC/EC"]),
            (Protocol::WriteAll(replicas), ["write PC/EC", "read PA/EL"]),
        ]
    }

    fn attested(evidence: &Evidence, shape: &Shape, row: &Row) -> Attested {
        let names = NAMES.map(str::to_owned);
        let words = Words { names: &names };
        evidence.attest(shape, row, words).expect("it was measured")
    }

    /// What is told of the first candidate of a file.
    fn planned(text: &str) -> Outcome {
        let plan = Plan::read("plan.toml", text).expect("a plan");
        let mut outcome = Outcome::default();
        add(&plan, &plan.candidates[0], &mut outcome);
        assert_eq!(outcome.unknown, Vec::<String>::new());
        outcome
    }

    #[test]
    fn a_deposed_leader_may_answer_one_write_and_nobody_else_may_answer() {
        let protocol = led(majority(5), 2);
        let star = Shape::star(5, NodeId(0)).expect("five nodes");
        let evidence = gathered(&protocol, std::slice::from_ref(&star));
        for mut row in rows(&protocol, &star).expect("five nodes") {
            let seen = attested(&evidence, &star, &row);
            assert!(seen.is_agreed, "{row:?}: {seen:?}");
            row.availability = Availability::None;
            let disputed = attested(&evidence, &star, &row);
            assert!(!disputed.is_agreed);
            let begins = "the key-value store on Raft does otherwise, only {a";
            assert!(disputed.witness.starts_with(begins), "{disputed:?}");
        }
        let row = &rows(&protocol, &star).expect("five nodes")[0];
        let some = |nodes: &[u32]| {
            Availability::Partly(Side::of(nodes.iter().copied().map(NodeId)).expect("nodes"))
        };
        assert_eq!(
            (row.operation, row.availability),
            (Operation::Update, some(&[0]))
        );
        assert!(is_same(some(&[0]), row) && is_same(some(&[0, 2]), row));
        assert!(!is_same(some(&[2]), row) && !is_same(some(&[0, 2, 3]), row));
        assert_eq!(row.last_answer, Some(NodeId(2)));
        let read = Row {
            last_answer: None,
            ..row.clone()
        };
        assert!(!is_same(some(&[0, 2]), &read));
    }

    #[test]
    fn a_model_that_is_not_kept_is_disputed() {
        let shape = Shape::split(3, Side::of([NodeId(0)]).expect("a node")).expect("a side");
        let evidence = gathered(&partial(1, 2), std::slice::from_ref(&shape));
        let mut row = rows(&partial(1, 2), &shape).expect("three nodes").remove(2);
        assert_eq!(row.operation, Operation::Observe);
        assert!(attested(&evidence, &shape, &row).is_agreed);
        row.model = Some(Model::Linearizable);
        let disputed = attested(&evidence, &shape, &row);
        assert!(!disputed.is_agreed && disputed.witness.contains("stale instead of linearizable"));
    }

    #[test]
    fn what_has_no_machine_has_no_witness_and_says_so() {
        let nodes = "[nodes]\na = {}\nb = {}\nc = {}\nd = {}\ne = {}\nf = {}\ng = {}\nh = {}\n";
        for (candidate, why) in [
            (
                "protocol = 'chain'\norder = ['b', 'a']",
                "no state machine of this kind",
            ),
            (
                "protocol = 'lease'\nreads = 'choose(2, a, b, c)'",
                "no state machine of this kind",
            ),
            (
                "reads = 'choose(5, a, b, c, d, e, f, g, h)'",
                "at most 7 nodes",
            ),
        ] {
            let told = planned(&format!("{nodes}[[candidate]]\nname = 'x'\n{candidate}\n"));
            assert!(!told.partitions.is_empty() && told.claims.is_empty());
            assert!(told.partitions.iter().all(|row| row.witness.is_none()));
            let is_said = |note: &String| note.contains("without witnesses") && note.contains(why);
            assert!(told.notes.iter().any(is_said), "{:?}", told.notes);
        }
    }

    #[test]
    fn witnesses_have_the_names_and_the_zones_of_the_file() {
        let told = planned(
            "[nodes]\nparis = { zone = 'eu' }\nrome = { zone = 'eu' }\nlima = { zone = 'sa' }\n\
             [[candidate]]\nname = 'x'\nprotocol = 'partial'\nn = 3\nr = 2\nw = 2\n",
        );
        assert!(told.notes.is_empty(), "{:?}", told.notes);
        let [write, read] = &told.claims[..] else {
            panic!("two operations")
        };
        for claim in [write, read] {
            assert_eq!(
                (claim.in_partition.as_str(), claim.otherwise.as_str()),
                ("PC", "EL")
            );
            assert_eq!(claim.delay_order.as_deref(), Some("O(d_zone)"));
            assert_eq!(claim.gives_up, ["availability"]);
            assert!(
                claim.witness.contains("6 of 9 clients answered"),
                "{}",
                claim.witness
            );
            assert!(
                claim.witness.contains("by the client of paris"),
                "{}",
                claim.witness
            );
        }
        let alone = told.partitions.iter().find(|row| row.side == ["lima"]);
        let alone = alone.expect("the split between the zones");
        let witness = alone.witness.as_deref().expect("measured");
        assert!(
            witness.starts_with("write by the client of lima within {lima}"),
            "{witness}"
        );
        assert_eq!(told.link_states.expect("few nodes").states, 64);
    }

    #[test]
    fn each_machine_has_the_claims_that_its_paper_gives_it() {
        for (protocol, expected) in machines() {
            let claims = gathered(&protocol, &[]).claims;
            let words = claims.iter().map(|claim| {
                assert!(claim.is_confirmed, "{protocol:?}: {claim:?}");
                format!(
                    "{} {}/{}",
                    claim.operation, claim.in_partition, claim.otherwise
                )
            });
            assert_eq!(words.collect::<Vec<_>>(), expected, "{protocol:?}");
        }
    }

    #[test]
    fn every_row_of_three_nodes_is_what_its_machine_does() {
        let shapes: Vec<Shape> = link_states(3).expect("three nodes").collect();
        for (protocol, _) in machines() {
            let evidence = gathered(&protocol, &shapes);
            for shape in &shapes {
                for row in rows(&protocol, shape).expect("three nodes") {
                    let attested = attested(&evidence, shape, &row);
                    assert!(
                        attested.is_agreed,
                        "{protocol:?} {shape}: {row:?}: {attested:?}"
                    );
                }
            }
        }
    }
}
