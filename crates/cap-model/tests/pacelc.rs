//! What each operation gives up, derived: Gilbert and Lynch 2002, Abadi 2012, Kleppmann 2015.

use std::cell::Cell;

use cap_model::pacelc::{
    Claim, Derivation, Doubt, Early, ElseChoice, Injection, Order, PartitionChoice, derive,
};
use cap_model::sample::{SampleEvent, SampleNode, SampleRequest, SampleRules, SampleStore};
use cap_model::{Adversary, Ask, CapError, Heard, Operation, Settings, Subject};
use consistency::{
    Limits, Model, Register, RegisterInput, RegisterOutput, Value, Verdict, check_linearizable,
};
use transport::{NodeId, RequestId};

fn derived<S: Subject>(subject: &S) -> Derivation<S::Model> {
    let adversary = Adversary::new(subject, &Settings::default()).expect("a steady cluster");
    let injection = Injection::uniform(subject.nodes()).expect("a few nodes");
    derive(&adversary, &injection).expect("within the limits")
}

/// The words of both, which must be confirmed.
fn words<S: Subject>(subject: &S) -> [String; 2] {
    let derivation = derived(subject);
    assert_eq!(derivation.controls_refuted, 0);
    derivation.claims.map(|claim| {
        assert!(claim.is_confirmed(), "{claim}");
        claim.words()
    })
}

fn quorums(nodes: u32, read_size: u32, write_size: u32) -> SampleStore {
    let rules = SampleRules {
        read_peers: read_size - 1,
        write_peers: write_size - 1,
        ..SampleRules::default()
    };
    SampleStore::new(nodes, rules).unwrap()
}

#[test]
fn each_way_to_size_quorums_of_three_has_the_claims_that_arithmetic_gives_it() {
    // Reads, writes; the words of the write, of the read.
    let expected = [
        // A side of one node serves one, so no split stops it.
        (1, 1, ["PA/EL", "PA/EL"]),
        // The other operation needs a majority, and only one side has it.
        (1, 2, ["PC/EC", "PA/EL"]),
        (2, 1, ["PA/EL", "PC/EC"]),
        (2, 2, ["PC/EC", "PC/EC"]),
        // The other needs all, and no split has them: nothing is broken, and the one keeps both.
        (1, 3, ["PC/EC", "PA/EL"]),
        (3, 1, ["PA/EL", "PC/EC"]),
        (2, 3, ["PC/EC", "PC/EC"]),
        (3, 2, ["PC/EC", "PC/EC"]),
        (3, 3, ["PC/EC", "PC/EC"]),
    ];
    for (read_size, write_size, claims) in expected {
        let subject = quorums(3, read_size, write_size);
        assert_eq!(words(&subject), claims, "R={read_size} W={write_size}");
    }
}

#[test]
fn the_operation_that_both_sides_answer_pays_for_a_broken_pair() {
    // Reads from one, writes to two: the read is the one that a minority answers.
    let [write, read] = derived(&quorums(3, 1, 2)).claims;
    assert!(write.partition.broken.is_none());
    assert_eq!(write.partition.choice(), PartitionChoice::Consistency);
    let broken = read.partition.broken.expect("a stale read");
    assert!(broken.update_side.is_majority_of(3));
    assert!(read.partition.unanswered.is_none());
    // And the other way round.
    let [write, read] = derived(&quorums(3, 2, 1)).claims;
    assert!(write.partition.broken.is_some() && write.partition.unanswered.is_none());
    assert!(read.partition.broken.is_none());
    assert!(read.partition.unanswered.expect("a minority").is_quiescent);
}

#[test]
fn an_operation_that_others_pay_for_gives_up_nothing() {
    let [write, read] = derived(&SampleStore::write_all(3).unwrap()).claims;
    assert_eq!(read.partition.choice(), PartitionChoice::Both);
    assert_eq!(read.partition.answered_within(0), (9, 9));
    assert_eq!(write.partition.answered_within(u64::MAX), (0, 9));
}

#[test]
fn reads_from_one_node_are_too_early_although_every_write_waits_for_all() {
    for subject in [SampleStore::write_all(3).unwrap(), quorums(4, 1, 3)] {
        let [write, read] = derived(&subject).claims;
        assert!(write.otherwise.early.is_none(), "{write}");
        let Some(Early::Inversion(found)) = &read.otherwise.early else {
            panic!("{read}");
        };
        assert_eq!(found.history.len(), 3);
        assert!(found.seen.at < found.missed.from);
        let verdict = check_linearizable(
            &subject.model(),
            &found.history,
            &Limits::default(),
            &mut || true,
        );
        assert!(matches!(verdict, Verdict::Violated(_)), "judged again");
    }
}

#[test]
fn a_timer_is_told_from_a_link_by_its_slope() {
    // Three peers of two are never heard: every write ends with its patience, at 30 ms.
    let rules = SampleRules {
        write_peers: 3,
        patience_ns: Some(30_000_000),
        write_falls_back: true,
        ..SampleRules::default()
    };
    let [write, _] = derived(&SampleStore::new(3, rules).unwrap()).claims;
    let across = write
        .otherwise
        .across
        .as_ref()
        .expect("answered everywhere");
    assert!(
        across
            .points
            .iter()
            .all(|point| point.median_ns == 30_000_000)
    );
    assert_eq!(write.otherwise.choice(), ElseChoice::Latency);
    assert_eq!(write.otherwise.order(), Some(Order::Constant));
    // A timer that cuts the wait short bends the line: a number, and neither word.
    let rules = SampleRules {
        write_peers: 2,
        patience_ns: Some(5_000_000),
        ..rules
    };
    let [write, _] = derived(&SampleStore::new(3, rules).unwrap()).claims;
    let across = write
        .otherwise
        .across
        .as_ref()
        .expect("answered everywhere");
    assert!(!across.is_straight);
    // From two delays of 1.000003 ms to 5 ms, while the delay grew by 11.000027 ms.
    let (rise_ns, run_ns) = (2_999_994, 11_000_027);
    assert_eq!(
        (across.median.rise_ns, across.median.run_ns),
        (rise_ns, run_ns)
    );
    assert!(matches!(write.otherwise.choice(), ElseChoice::Between(_)));
    assert_eq!(write.words(), "PA/0.273");
}

#[test]
fn delays_between_zones_hurt_only_those_whose_quorum_is_elsewhere() {
    let subject = SampleStore::majority(5).unwrap();
    let adversary = Adversary::new(&subject, &Settings::default()).unwrap();
    let slopes = |zones: &[u32]| {
        let injection = Injection::new(zones, &[0, 3_000_017, 20_000_003]).unwrap();
        let [write, _] = derive(&adversary, &injection).unwrap().claims;
        let across = write.otherwise.across.clone().unwrap();
        let slopes = [across.least, across.median, across.greatest];
        let order = write.otherwise.order().unwrap();
        (slopes.map(|slope| slope.to_string()), order.to_string())
    };
    let expected = |slopes: [&str; 3], order: &str| (slopes.map(String::from), order.to_owned());
    // Three of five in one zone: they have their majority there.
    assert_eq!(
        slopes(&[0, 0, 0, 1, 1]),
        expected(["0", "0", "2"], "O(d_zone)")
    );
    // Nobody has.
    assert_eq!(
        slopes(&[0, 0, 1, 1, 2]),
        expected(["2", "2", "2"], "O(d_wan)")
    );
    // No zone has two nodes.
    assert_eq!(slopes(&[0, 1, 2, 3, 4]), expected(["2", "2", "2"], "O(d)"));
}

#[test]
fn a_silence_that_ends_after_the_horizon_is_not_confirmed() {
    let rules = SampleRules {
        write_peers: 1,
        read_peers: 1,
        patience_ns: Some(7_000_000_000),
        write_falls_back: true,
        ..SampleRules::default()
    };
    let [write, read] = derived(&SampleStore::new(3, rules).unwrap()).claims;
    assert_eq!(write.partition.choice(), PartitionChoice::Consistency);
    let later = Doubt::AnsweredLater {
        after_ns: 7_000_000_000,
    };
    assert_eq!(write.doubts, [later]);
    assert!(
        !write.is_confirmed()
            && write
                .to_string()
                .contains("unconfirmed: answered after all")
    );
    // Reads never fall back.
    assert!(read.is_confirmed());
}

#[test]
fn one_node_has_no_split_and_no_delay() {
    let [write, read] = derived(&SampleStore::majority(1).unwrap()).claims;
    for claim in [write, read] {
        assert_eq!(claim.words(), "-/-");
        assert!(claim.is_confirmed());
    }
}

#[test]
fn zones_and_delays_that_measure_nothing_are_refused() {
    let refused = |steps: &[u64]| {
        let steps_given = steps.to_vec();
        let error = Injection::new(&[0, 1], steps).unwrap_err();
        assert_eq!(error, CapError::NoSlope { steps: steps_given });
    };
    refused(&[]);
    refused(&[1]);
    refused(&[1, 1]);
    refused(&[2, 1]);
    refused(&[0, u64::MAX]);
    refused(&(0..17).collect::<Vec<u64>>());
    assert_eq!(Injection::new(&[], &[0, 1]), Err(CapError::NoNodes));
    assert_eq!(
        Injection::uniform(65),
        Err(CapError::TooManyNodes { nodes: 65 })
    );
    let subject = SampleStore::majority(3).unwrap();
    let adversary = Adversary::new(&subject, &Settings::default()).unwrap();
    let derived = |zones: &[u32], longest_ns| {
        derive(
            &adversary,
            &Injection::new(zones, &[0, longest_ns]).unwrap(),
        )
        .map(|_| ())
    };
    let mismatch = CapError::ZonesMismatch { zones: 2, nodes: 3 };
    assert_eq!(derived(&[0, 1], 1), Err(mismatch));
    // A delay that the horizon is too short for would look like silence.
    let steps = vec![0, 2_000_000_000];
    assert_eq!(
        derived(&[0, 1, 2], 2_000_000_000),
        Err(CapError::NoSlope { steps })
    );
}

/// A local store with a fault of its own.
struct Faulty {
    store: SampleStore,
    /// How many more times the object is a register: after that, anything goes.
    strict: Cell<u32>,
    /// How many more nodes answer at once: those after them ask a majority.
    quick: Cell<u32>,
}

#[derive(Clone, Debug)]
struct Lenient {
    register: Register,
    is_strict: bool,
}

impl Model for Lenient {
    type State = <Register as Model>::State;
    type Input = RegisterInput;
    type Output = RegisterOutput;
    type Key = <Register as Model>::Key;

    fn key(&self, input: &RegisterInput) -> Self::Key {
        self.register.key(input)
    }

    fn initial(&self, key: &Self::Key) -> Self::State {
        self.register.initial(key)
    }

    fn step(
        &self,
        state: &Self::State,
        input: &RegisterInput,
        output: Option<&RegisterOutput>,
    ) -> Option<Self::State> {
        let next = self.register.step(state, input, output);
        next.or_else(|| (!self.is_strict).then(|| state.clone()))
    }
}

impl Faulty {
    fn new() -> Self {
        Self {
            store: SampleStore::local(2).unwrap(),
            strict: Cell::new(u32::MAX),
            quick: Cell::new(u32::MAX),
        }
    }
}

/// Whether there is one left, which is taken.
fn take(left: &Cell<u32>) -> bool {
    let is_left = left.get() > 0;
    left.set(left.get().saturating_sub(1));
    is_left
}

impl Subject for Faulty {
    type Process = SampleNode;
    type Model = Lenient;

    fn nodes(&self) -> u32 {
        self.store.nodes()
    }

    fn node(&self, id: NodeId) -> SampleNode {
        if take(&self.quick) {
            self.store.node(id)
        } else {
            SampleStore::majority(self.nodes()).unwrap().node(id)
        }
    }

    fn model(&self) -> Lenient {
        let register = Register::new(Value::Int(0));
        let is_strict = take(&self.strict);
        Lenient {
            register,
            is_strict,
        }
    }

    fn input(&self, operation: Operation) -> RegisterInput {
        self.store.input(operation)
    }

    fn request(&self, ask: &Ask<'_, SampleEvent>) -> SampleRequest {
        self.store.request(ask)
    }

    fn hear(&self, event: &SampleEvent) -> Option<(RequestId, Heard<RegisterOutput>)> {
        self.store.hear(event)
    }
}

#[test]
fn a_sound_subject_has_no_doubts_and_each_fault_has_its_own() {
    let claims = derived(&Faulty::new()).claims;
    assert!(claims.iter().all(Claim::is_confirmed));
    // Another cluster does not do it again.
    // Neither node of it does, or the observer does not.
    for quick in [2, 3] {
        let subject = Faulty::new();
        subject.quick.set(quick);
        for claim in derived(&subject).claims {
            assert_eq!(claim.partition.choice(), PartitionChoice::Availability);
            assert_eq!(claim.doubts, [Doubt::NotRepeated], "{claim}");
        }
    }
    // The object allows everything: nothing conflicts, and answers come faster than they can.
    let subject = Faulty::new();
    subject.strict.set(0);
    for claim in derived(&subject).claims {
        assert_eq!(claim.partition.choice(), PartitionChoice::Both);
        assert!(claim.doubts.contains(&Doubt::BelowBound), "{claim}");
        let is_conflict = |doubt: &Doubt| matches!(doubt, Doubt::NoConflict { .. });
        assert!(claim.doubts.iter().any(is_conflict), "{claim}");
    }
}

#[test]
fn a_checker_that_changes_its_mind_is_noticed_whenever_it_does() {
    let subject = Faulty::new();
    derived(&subject);
    let judged = u32::MAX - subject.strict.get();
    assert!(judged > 10, "{judged}");
    let mut not_broken = 0;
    for strict in 0..judged {
        let subject = Faulty::new();
        subject.strict.set(strict);
        let claims = derived(&subject).claims;
        assert!(
            !claims.iter().all(Claim::is_confirmed),
            "after {strict} judgements"
        );
        let doubts = claims.iter().flat_map(|claim| &claim.doubts);
        not_broken += doubts.filter(|&doubt| *doubt == Doubt::NotBroken).count();
    }
    assert!(not_broken > 0);
}

/// A store whose reads tell of a value that nobody wrote.
struct Wrong(SampleStore);

impl Subject for Wrong {
    type Process = SampleNode;
    type Model = Register;

    fn nodes(&self) -> u32 {
        self.0.nodes()
    }

    fn node(&self, id: NodeId) -> SampleNode {
        self.0.node(id)
    }

    fn model(&self) -> Register {
        self.0.model()
    }

    fn input(&self, operation: Operation) -> RegisterInput {
        self.0.input(operation)
    }

    fn request(&self, ask: &Ask<'_, SampleEvent>) -> SampleRequest {
        self.0.request(ask)
    }

    fn hear(&self, event: &SampleEvent) -> Option<(RequestId, Heard<RegisterOutput>)> {
        let (id, heard) = self.0.hear(event)?;
        let heard = match heard {
            Heard::Answered(RegisterOutput::Value(_)) => {
                Heard::Answered(RegisterOutput::Value(Value::Int(9)))
            }
            other => other,
        };
        Some((id, heard))
    }
}

#[test]
fn nothing_is_confirmed_while_a_control_is_not_clear() {
    let derivation = derived(&Wrong(SampleStore::majority(3).unwrap()));
    assert!(derivation.controls_refuted > 0);
    let count = derivation.controls_refuted;
    for claim in derivation.claims {
        // Its silence is a proof, and yet the subject is not what it says it is.
        assert!(
            claim
                .partition
                .unanswered
                .as_ref()
                .is_some_and(|silence| silence.is_quiescent)
        );
        assert_eq!(claim.doubts, [Doubt::ControlsRefuted { count }], "{claim}");
    }
}
