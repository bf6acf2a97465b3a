//! Machines: the real state machines, run as candidates of a plan.
//!
//! | kind | what runs |
//! |---|---|
//! | `quorum` | the strong store, on these quorums |
//! | `leader` | the key-value store on Raft: read quorums elect, write quorums commit |
//! | `partial` | the partial store |
//! | `local` | the eventual store |
//! | `write-all` | a model process, which waits for all |
//! | `lease`, `chain` | nothing |

use cap_model::pacelc::{self, Derivation, ElseChoice, Injection, PartitionChoice, STEPS_NS};
use cap_model::partition::Protocol;
use cap_model::sample::SampleStore;
use cap_model::{Adversary, CapError, Cell, Laboratory, Settings, Shape, Subject};
use consistency::Notation;
use raft_core::Role;
use transport::NodeId;

use super::words::Words;
use crate::cap::subjects::{EventualSubject, PartialSubject, RaftSubject, StrongSubject};
use crate::plan::outcome::Claim;

/// More nodes than this are not run: the splits double with each.
const NODES_MAX: u32 = 7;

/// So many tapes are tried until the wanted node leads.
const SEEDS_MAX: u64 = 64;

/// What was seen of a candidate.
#[derive(Debug)]
pub(super) struct Evidence {
    /// What ran.
    pub(super) machine: &'static str,
    /// One for each operation; none of a single node, which nothing can part.
    pub(super) claims: Vec<Claim>,
    pub(super) cells: Vec<Seen>,
}

/// One cell, as measured.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) shape: Shape,
    pub(super) cell: Cell,
    pub(super) text: String,
}

/// Runs the machine of a candidate, whose nodes have these names and zones, in these shapes too. What
/// cannot be run is told in words.
pub(super) fn gather(
    protocol: &Protocol,
    words: Words<'_>,
    zones: &[u32],
    shapes: &[Shape],
) -> Result<Evidence, String> {
    let nodes = protocol.nodes();
    if nodes > NODES_MAX {
        return Err(format!(
            "partitions are told by the model alone, without witnesses: machines are run with at most {NODES_MAX} nodes"
        ));
    }
    let case = Case {
        words,
        zones,
        shapes,
        settings: Settings::default(),
    };
    match protocol {
        Protocol::Quorum(quorums) => {
            let subject = StrongSubject::on(quorums.clone(), nodes).map_err(told)?;
            case.examine("the strong store", &subject)
        }
        Protocol::Leader(leadership) => {
            let quorums = leadership.quorums().clone();
            let subject = RaftSubject::on(quorums, nodes).map_err(told)?;
            let seed = seed_of(&subject, leadership.leader());
            let settings = Settings {
                seed: seed.unwrap_or(case.settings.seed),
                ..case.settings
            };
            Case { settings, ..case }.examine("the key-value store on Raft", &subject)
        }
        Protocol::Partial { read, write, .. } => {
            let subject = PartialSubject::on(nodes, *read, *write).map_err(told)?;
            case.examine("the partial store", &subject)
        }
        Protocol::Local { .. } => {
            let subject = EventualSubject::new(nodes).map_err(told)?;
            case.examine("the eventual store", &subject)
        }
        Protocol::WriteAll(_) => {
            let subject = SampleStore::write_all(nodes).map_err(told)?;
            case.examine("a model process", &subject)
        }
        Protocol::Lease { .. } | Protocol::Chain(_) => Err(
            "partitions are told by the model alone, without witnesses: there is no state machine of this kind here"
                .to_owned(),
        ),
    }
}

fn told(error: impl std::fmt::Display) -> String {
    format!("no machine was run: {error}")
}

/// A tape that elects this node.
fn seed_of(subject: &RaftSubject, leader: NodeId) -> Option<u64> {
    (1..=SEEDS_MAX).find(|&seed| {
        let settings = Settings {
            seed,
            ..Settings::default()
        };
        let laboratory = Laboratory::steady(subject, &settings);
        laboratory.is_ok_and(|laboratory| {
            let process = laboratory.process(leader);
            process.is_some_and(|node| node.raft().role() == Role::Leader)
        })
    })
}

/// What is asked of a machine.
struct Case<'a> {
    words: Words<'a>,
    zones: &'a [u32],
    shapes: &'a [Shape],
    settings: Settings,
}

impl Case<'_> {
    fn examine<S: Subject<Model: Notation>>(
        &self,
        machine: &'static str,
        subject: &S,
    ) -> Result<Evidence, String> {
        let adversary = Adversary::new(subject, &self.settings).map_err(told)?;
        let derivation = self.derive(&adversary).map_err(told)?;
        let mut cells = Vec::new();
        for shape in self.shapes {
            let measured = adversary.measure(shape).map_err(told)?;
            cells.extend(measured.cells.iter().map(|cell| Seen {
                shape: shape.clone(),
                cell: *cell,
                text: self.words.cell(subject, &measured, cell),
            }));
        }
        Ok(Evidence {
            machine,
            claims: self.claims(subject, machine, &derivation),
            cells,
        })
    }

    fn derive<S: Subject<Model: Notation>>(
        &self,
        adversary: &Adversary<'_, S>,
    ) -> Result<Derivation<S::Model>, CapError> {
        let injection = Injection::new(self.zones, &STEPS_NS)?;
        pacelc::derive(adversary, &injection)
    }

    fn claims<S: Subject<Model: Notation>>(
        &self,
        subject: &S,
        machine: &'static str,
        derivation: &Derivation<S::Model>,
    ) -> Vec<Claim> {
        let claims = derivation.claims.iter().filter_map(|claim| {
            let across = claim.otherwise.across.as_ref()?;
            if claim.partition.choice() == PartitionChoice::NoSplit {
                return None;
            }
            let otherwise = match claim.otherwise.choice() {
                ElseChoice::Between(_) => "EL to EC".to_owned(),
                known => known.to_string(),
            };
            let (broken, unanswered) = (&claim.partition.broken, &claim.partition.unanswered);
            let given = [
                (broken.is_some(), "linearizability"),
                (unanswered.is_some(), "availability"),
            ];
            let given = given.into_iter().filter(|(is_given, _)| *is_given);
            Some(Claim {
                operation: subject.operation_name(claim.operation).to_owned(),
                in_partition: claim.partition.choice().to_string(),
                otherwise,
                delay_sensitivity: across.median.value(),
                gives_up: given.map(|(_, word)| word.to_owned()).collect(),
                delay_order: claim.otherwise.order().map(|order| order.to_string()),
                machine: machine.to_owned(),
                witness: self.words.partition(subject, claim),
                else_witness: self.words.otherwise(subject, claim),
                is_confirmed: claim.is_confirmed(),
            })
        });
        claims.collect()
    }
}
