//! A client's patience: how long it asks, and when it may say that asking is of no use.

use cap_model::{
    Ask, Availability, Heard, Laboratory, Operation, Outcome, Settings, Shape, Side, Subject,
    Unanswered, Witness, refute,
};
use consistency::{Register, RegisterInput, RegisterOutput, Value};
use transport::{Context, Input, NodeId, Process, RequestId, Time};

/// Refuses everything until its clock says so, and arms no timer for that: as a lease that is
/// looked at when somebody asks.
#[derive(Clone, Debug)]
struct Lazy {
    opens_at: Time,
    /// It says nothing at all, instead of refusing.
    is_silent: bool,
    value: i64,
}

#[derive(Clone, Debug)]
struct Request {
    id: RequestId,
    is_write: bool,
}

#[derive(Clone, Debug)]
enum Event {
    Done(RequestId),
    Value(RequestId, i64),
    Refused(RequestId),
}

impl Process for Lazy {
    type Message = ();
    type Request = Request;
    type Event = Event;
    type Record = ();

    fn step(&mut self, input: Input<Self>, cx: &mut Context<'_, Self>) {
        let Input::Request(Request { id, is_write }) = input else {
            return;
        };
        let event = if self.is_silent {
            return;
        } else if cx.now() < self.opens_at {
            Event::Refused(id)
        } else if is_write {
            self.value = 1;
            Event::Done(id)
        } else {
            Event::Value(id, self.value)
        };
        cx.emit(event);
    }

    fn deadline(&self) -> Option<Time> {
        None
    }
}

/// Three nodes that open at a time; some are silent.
struct LazyRegister {
    opens_at: Time,
    silent: Side,
    /// Whether an operation may be asked again although its fate is open.
    is_repeatable: bool,
}

impl LazyRegister {
    fn opening_after(millis: u64) -> Self {
        Self {
            opens_at: Time::from_millis(SETTLED_MILLIS + millis),
            silent: Side::EMPTY,
            is_repeatable: true,
        }
    }
}

impl Subject for LazyRegister {
    type Process = Lazy;
    type Model = Register;

    fn nodes(&self) -> u32 {
        3
    }

    fn node(&self, id: NodeId) -> Lazy {
        Lazy {
            opens_at: self.opens_at,
            is_silent: self.silent.contains(id),
            value: 0,
        }
    }

    fn model(&self) -> Register {
        Register::new(Value::Int(0))
    }

    fn input(&self, operation: Operation) -> RegisterInput {
        match operation {
            Operation::Update => RegisterInput::write(1),
            _ => RegisterInput::read(),
        }
    }

    fn request(&self, ask: &Ask<'_, Event>) -> Request {
        Request {
            id: ask.id,
            is_write: ask.operation == Operation::Update,
        }
    }

    fn hear(&self, event: &Event) -> Option<(RequestId, Heard<RegisterOutput>)> {
        Some(match event {
            Event::Done(id) => (*id, Heard::Answered(RegisterOutput::Done)),
            Event::Value(id, value) => {
                let output = RegisterOutput::Value(Value::Int(*value));
                (*id, Heard::Answered(output))
            }
            Event::Refused(id) => (*id, Heard::Refused("not yet".to_owned())),
        })
    }

    fn is_repeatable(&self, _: Operation) -> bool {
        self.is_repeatable
    }
}

/// When the clients begin: a connected cluster settles first.
const SETTLED_MILLIS: u64 = 2_000;

fn lonely() -> Side {
    Side::of([NodeId(0)]).unwrap()
}

/// The update of the client that stands in `side`, which nobody answers.
fn silence(subject: &LazyRegister, side: Side) -> Unanswered {
    let refutation = refute(subject, side, &Settings::default()).unwrap();
    match refutation.cases[0].finding.witness() {
        Some(Witness::Unavailable(silence)) => silence.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_refusal_that_time_alone_would_end_is_not_a_proof() {
    let subject = LazyRegister::opening_after(6_000);
    let silence = silence(&subject, lonely());
    assert!(!silence.is_quiescent, "{silence}");
    assert_eq!(silence.waited_ns, Settings::default().horizon_ns);
    assert_eq!(
        silence.asked[0].outcome,
        Outcome::Refused("not yet".to_owned())
    );
    // Nothing is under way, and yet who asks again later is answered.
    let mut laboratory = Laboratory::steady(&subject, &Settings::default()).unwrap();
    assert!(laboratory.is_quiescent());
    laboratory.run_until(subject.opens_at).unwrap();
    laboratory.ask(Operation::Update, NodeId(0)).unwrap();
    assert!(matches!(laboratory.answers()[0].heard, Heard::Answered(_)));
}

#[test]
fn a_client_asks_until_the_horizon_ends_and_not_for_half_of_it() {
    let subject = LazyRegister::opening_after(3_000);
    let refutation = refute(&subject, lonely(), &Settings::default()).unwrap();
    for case in &refutation.cases {
        let Some(Witness::NotLinearizable(splice)) = case.finding.witness() else {
            panic!("{case:?}");
        };
        let latency_ns = splice.update.latency_ns();
        assert!(
            (3_000_000_000..3_100_000_000).contains(&latency_ns),
            "{latency_ns}"
        );
    }
}

#[test]
fn a_side_where_one_is_silent_and_another_refuses_is_no_proof() {
    let mut subject = LazyRegister::opening_after(6_000);
    subject.silent = lonely();
    let side = Side::of([NodeId(0), NodeId(1)]).unwrap();
    let bound = silence(&subject, side);
    assert!(!bound.is_quiescent, "{bound}");
    let outcomes: Vec<&Outcome> = bound.asked.iter().map(|asked| &asked.outcome).collect();
    let refused = Outcome::Refused("not yet".to_owned());
    assert_eq!(outcomes, [&Outcome::Silent, &refused]);
    // When both are silent, each was asked, and that is a proof.
    subject.silent = side;
    let proof = silence(&subject, side);
    assert!(proof.is_quiescent, "{proof}");
    assert!(proof.asked.iter().all(|asked| asked.times == 1));
    // Who may not ask again waits for the one node that holds the request.
    subject.is_repeatable = false;
    let proof = silence(&subject, side);
    assert!(proof.is_quiescent, "{proof}");
    let times: Vec<u32> = proof.asked.iter().map(|asked| asked.times).collect();
    assert_eq!(times, [1, 0]);
}

#[test]
fn a_side_that_opens_late_is_available_when_measured() {
    let subject = LazyRegister::opening_after(3_000);
    let adversary = cap_model::Adversary::new(&subject, &Settings::default()).unwrap();
    let measured = adversary
        .measure(&Shape::split(3, lonely()).unwrap())
        .unwrap();
    let cell = measured.cell(Operation::Update, lonely()).unwrap();
    assert_ne!(cell.availability, Availability::None);
}
