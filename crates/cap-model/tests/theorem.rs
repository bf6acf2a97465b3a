//! Gilbert and Lynch, "Brewer's conjecture and the feasibility of consistent, available,
//! partition-tolerant web services", 2002: what the theorem says of whole families of protocols.

use cap_model::sample::{SampleRules, SampleStore};
use cap_model::{
    Adversary, ControlKind, Finding, Operation, Settings, Side, Subject, Witness, splits,
};
use consistency::{Limits, Verdict, check_linearizable};
use transport::NodeId;

/// Cases, and how they ended.
#[derive(Debug, Default, Eq, PartialEq)]
struct Count {
    unavailable_update: usize,
    unavailable_observe: usize,
    not_linearizable: usize,
    unrefuted: usize,
    inconclusive: usize,
}

fn count<S: Subject>(subject: &S) -> Count {
    let adversary = Adversary::new(subject, &Settings::default()).expect("a steady cluster");
    let mut count = Count::default();
    for side in splits(subject.nodes()).expect("a few nodes") {
        for case in adversary.refute(side).expect("a split").cases {
            match case.finding {
                Finding::Witness(Witness::Unavailable(silence)) => match silence.operation {
                    Operation::Update => count.unavailable_update += 1,
                    _ => count.unavailable_observe += 1,
                },
                Finding::Witness(Witness::NotLinearizable(splice)) => {
                    let verdict = check_linearizable(
                        &subject.model(),
                        &splice.history,
                        &Limits::default(),
                        &mut || true,
                    );
                    assert!(matches!(verdict, Verdict::Violated(_)), "judged again");
                    assert!(splice.update.at < splice.observe.from, "in real time");
                    assert!(
                        splice.steps_repeated > 0,
                        "the observer's side was compared"
                    );
                    count.not_linearizable += 1;
                }
                Finding::Clear { .. } => count.unrefuted += 1,
                Finding::Inconclusive(_) => count.inconclusive += 1,
            }
        }
    }
    count
}

fn controls<S: Subject>(subject: &S) -> usize {
    let adversary = Adversary::new(subject, &Settings::default()).expect("a steady cluster");
    let controls = adversary.controls().expect("shapes of a few nodes");
    for control in &controls {
        assert!(control.finding.is_clear(), "{}: {control:?}", control.kind);
    }
    controls.len()
}

#[test]
fn a_local_register_is_stale_on_every_split() {
    let all_stale = |cases| Count {
        not_linearizable: cases,
        ..Count::default()
    };
    assert_eq!(count(&SampleStore::local(3).unwrap()), all_stale(12));
    assert_eq!(count(&SampleStore::local(5).unwrap()), all_stale(160));
}

#[test]
fn a_majority_register_is_unavailable_to_the_minority_on_every_split() {
    // Half of the cases have the update on the smaller side, the others the observation.
    let halves = |half| Count {
        unavailable_update: half,
        unavailable_observe: half,
        ..Count::default()
    };
    assert_eq!(count(&SampleStore::majority(3).unwrap()), halves(6));
    assert_eq!(count(&SampleStore::majority(5).unwrap()), halves(80));
}

#[test]
fn even_halves_are_both_without_a_majority() {
    // 4 splits of one and three (6 cases each, half of them with the update at the lonely node), and
    // 3 of two and two (8 each), in which no side can write.
    let expected = Count {
        unavailable_update: 4 * 3 + 3 * 8,
        unavailable_observe: 4 * 3,
        ..Count::default()
    };
    assert_eq!(count(&SampleStore::majority(4).unwrap()), expected);
}

#[test]
fn a_register_that_writes_to_all_cannot_write_in_any_split() {
    let expected = Count {
        unavailable_update: 12,
        ..Count::default()
    };
    assert_eq!(count(&SampleStore::write_all(3).unwrap()), expected);
}

#[test]
fn waiting_first_and_then_answering_locally_is_stale_all_the_same() {
    let rules = SampleRules {
        write_peers: 1,
        read_peers: 1,
        patience_ns: Some(200_000_000),
        write_falls_back: true,
        read_falls_back: true,
    };
    let counted = count(&SampleStore::new(3, rules).unwrap());
    assert_eq!((counted.not_linearizable, counted.unrefuted), (6 + 6, 0));
}

#[test]
fn each_of_64_protocols_is_refuted_on_each_of_12_placements() {
    let mut cases = 0;
    let mut refuted = 0;
    for number in 0..64 {
        let rules = SampleRules {
            write_peers: number & 3,
            read_peers: number >> 2 & 3,
            patience_ns: Some(50_000_000),
            write_falls_back: number >> 4 & 1 == 1,
            read_falls_back: number >> 5 == 1,
        };
        let counted = count(&SampleStore::new(3, rules).unwrap());
        assert_eq!(
            (counted.unrefuted, counted.inconclusive),
            (0, 0),
            "{rules:?}"
        );
        let found = counted.unavailable_update + counted.unavailable_observe;
        refuted += found + counted.not_linearizable;
        cases += 12;
    }
    assert_eq!((refuted, cases), (768, 768));
}

#[test]
fn without_a_partition_or_among_a_majority_there_is_no_witness() {
    // No partition: 9 pairs; each of three sides of two: 4.
    assert_eq!(controls(&SampleStore::majority(3).unwrap()), 9 + 3 * 4);
    // 25 pairs; ten sides of three, five of four.
    let of_five = 25 + 10 * 9 + 5 * 16;
    assert_eq!(controls(&SampleStore::majority(5).unwrap()), of_five);
    // A store that answers everywhere converges on every side: six sides of one or two.
    assert_eq!(controls(&SampleStore::local(3).unwrap()), 9 + 3 + 3 * 4);
    // One that writes to all serves no side.
    assert_eq!(controls(&SampleStore::write_all(3).unwrap()), 9);
}

#[test]
fn one_node_has_no_split_and_no_witness() {
    let subject = SampleStore::majority(1).unwrap();
    let adversary = Adversary::new(&subject, &Settings::default()).unwrap();
    let controls = adversary.controls().unwrap();
    assert_eq!(controls.len(), 1);
    assert_eq!(controls[0].kind, ControlKind::OneNode);
    assert!(controls[0].finding.is_clear());
    assert_eq!(splits(1).unwrap().count(), 0);
    let alone = Side::of([NodeId(0)]).unwrap();
    assert!(adversary.refute(alone).is_err(), "not one of two sides");
}

/// Theorem 2 and corollary 1.1: a write that waits for as long as a message may take, and reads that
/// are local.
mod bounded_delay {
    use super::*;

    const BOUND_NS: u64 = 100_000_000;

    /// Nobody acknowledges in time: the answer comes when the bound has passed.
    fn subject() -> SampleStore {
        let rules = SampleRules {
            write_peers: 3,
            patience_ns: Some(BOUND_NS),
            write_falls_back: true,
            ..SampleRules::default()
        };
        SampleStore::new(3, rules).unwrap()
    }

    fn witnesses(extra_ns: u64) -> (usize, usize) {
        let subject = subject();
        let adversary = Adversary::new(&subject, &Settings::default()).unwrap();
        let mut counted = (0, 0);
        for side in splits(3).unwrap() {
            for control in adversary.bounded_delay(side, extra_ns).unwrap() {
                assert!(!matches!(control.finding, Finding::Inconclusive(_)));
                counted.0 += usize::from(control.finding.witness().is_some());
                counted.1 += 1;
            }
        }
        counted
    }

    #[test]
    fn a_protocol_that_waits_for_the_bound_is_atomic_and_available_if_nothing_is_lost() {
        assert_eq!(witnesses(BOUND_NS - 10_000_000), (0, 27));
    }

    #[test]
    fn corollary_1_1_a_delay_above_the_bound_refutes_it_though_nothing_is_lost() {
        // Each split has four pairs across it.
        assert_eq!(witnesses(2 * BOUND_NS), (12, 27));
    }

    #[test]
    fn theorem_2_a_loss_refutes_it() {
        assert_eq!(count(&subject()).not_linearizable, 12);
    }
}

#[test]
fn a_silence_is_a_proof_when_nothing_can_happen_any_more_and_else_only_a_bound() {
    let lonely = Side::of([NodeId(0)]).unwrap();
    let silence = |rules| {
        let subject = SampleStore::new(3, rules).unwrap();
        let refutation = cap_model::refute(&subject, lonely, &Settings::default()).unwrap();
        match refutation.cases[0].finding.witness() {
            Some(Witness::Unavailable(silence)) => silence.clone(),
            other => panic!("{other:?}"),
        }
    };
    let waiting = SampleRules {
        write_peers: 1,
        ..SampleRules::default()
    };
    let proof = silence(waiting);
    assert!(proof.is_quiescent);
    assert!(proof.waited_ns < Settings::default().horizon_ns);
    // A timer far beyond the horizon: it might answer yet.
    let patient = SampleRules {
        patience_ns: Some(3_600_000_000_000),
        write_falls_back: true,
        ..waiting
    };
    let bound = silence(patient);
    assert!(!bound.is_quiescent);
    assert_eq!(bound.waited_ns, Settings::default().horizon_ns);
}

#[test]
fn operations_that_do_not_conflict_are_reported_as_such() {
    /// Both operations are reads.
    struct Readers(SampleStore);

    impl Subject for Readers {
        type Process = cap_model::sample::SampleNode;
        type Model = consistency::Register;

        fn nodes(&self) -> u32 {
            self.0.nodes()
        }
        fn node(&self, id: NodeId) -> Self::Process {
            self.0.node(id)
        }
        fn model(&self) -> Self::Model {
            self.0.model()
        }
        fn input(&self, _: Operation) -> consistency::RegisterInput {
            self.0.input(Operation::Observe)
        }
        fn request(
            &self,
            ask: &cap_model::Ask<'_, cap_model::sample::SampleEvent>,
        ) -> cap_model::sample::SampleRequest {
            cap_model::sample::SampleRequest::Read { id: ask.id }
        }
        fn hear(
            &self,
            event: &cap_model::sample::SampleEvent,
        ) -> Option<(
            transport::RequestId,
            cap_model::Heard<consistency::RegisterOutput>,
        )> {
            self.0.hear(event)
        }
    }
    let readers = Readers(SampleStore::local(3).unwrap());
    let expected = Count {
        unrefuted: 12,
        ..Count::default()
    };
    assert_eq!(count(&readers), expected);
}
