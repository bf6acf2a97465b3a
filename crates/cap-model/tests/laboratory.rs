//! The laboratory holds processes to the contract, and ends whatever they do.

use std::cell::Cell;
use std::rc::Rc;

use cap_model::{
    Adversary, Ask, CapError, Finding, Heard, Laboratory, Operation, Outcome, Settings, Shape,
    Side, Subject, Witness, refute,
};
use consistency::{Register, RegisterInput, RegisterOutput, Value};
use transport::{Context, Input, NodeId, Process, RequestId, Time, Token};

/// What is odd about a process. Reads are answered at once with zero, unless said otherwise.
#[derive(Clone, Debug)]
enum Manner {
    /// Answers nothing.
    Silent,
    /// Answers every request twice.
    AnswersTwice,
    /// Answers a request that nobody made.
    AnswersUnasked,
    /// Answers every message with two.
    Floods,
    /// Wants to be woken at once, for ever.
    NeverRests,
    /// Refuses, every time.
    Refuses,
    /// Does not know what became of it.
    Forgets,
    /// Only node 0 answers; the others refuse.
    Primary,
    /// Node 0 answers from the second request on.
    Slow(u32),
    /// Nodes share memory behind the network's back.
    Shares(Rc<Cell<i64>>),
    /// Writes to disk, then answers, then answers the next early.
    Persists,
    /// Sends to itself, then answers.
    TalksToItself(Vec<RequestId>),
    /// Is ready after a while.
    NotReadyBefore(Time),
    /// Needs a session, and answers with it.
    Sessions,
    /// Draws a number and waits that long.
    Draws { until: Option<Time>, id: RequestId },
}

struct Odd(u32, Manner);

#[derive(Clone, Debug)]
struct OddNode {
    id: NodeId,
    manner: Manner,
    nodes: u32,
    value: i64,
    is_ready: bool,
}

#[derive(Clone, Copy, Debug)]
enum OddRequest {
    Write(RequestId),
    Read(RequestId),
    Open(RequestId),
}

#[derive(Clone, Debug, PartialEq)]
enum OddEvent {
    Ok(RequestId),
    Value(RequestId, i64),
    No(RequestId),
    Perhaps(RequestId),
    Opened(RequestId),
    Note,
}

impl OddNode {
    fn answer(&self, request: OddRequest) -> OddEvent {
        match request {
            OddRequest::Write(id) => OddEvent::Ok(id),
            OddRequest::Read(id) => OddEvent::Value(id, self.value),
            OddRequest::Open(id) => OddEvent::Opened(id),
        }
    }

    fn request(&mut self, request: OddRequest, cx: &mut Context<'_, Self>) {
        let answer = self.answer(request);
        let (OddRequest::Write(id) | OddRequest::Read(id) | OddRequest::Open(id)) = request;
        match &mut self.manner {
            Manner::Silent => {}
            Manner::AnswersTwice => {
                cx.emit(answer.clone());
                cx.emit(answer);
            }
            Manner::AnswersUnasked => cx.emit(OddEvent::Ok(RequestId(id.0 + 1))),
            Manner::Floods => (0..self.nodes).for_each(|to| cx.send(NodeId(to), ())),
            Manner::Refuses => cx.emit(OddEvent::No(id)),
            Manner::Forgets => cx.emit(OddEvent::Perhaps(id)),
            Manner::Primary if self.id != NodeId(0) => cx.emit(OddEvent::No(id)),
            Manner::Slow(left) => {
                if *left > 0 {
                    *left -= 1;
                    cx.emit(OddEvent::No(id));
                } else {
                    cx.emit(answer);
                }
            }
            Manner::Shares(memory) => {
                if let OddRequest::Write(_) = request {
                    memory.set(1);
                    cx.emit(answer);
                } else {
                    cx.emit(OddEvent::Value(id, memory.get()));
                    memory.set(memory.get() + 1);
                }
            }
            Manner::Persists => {
                cx.emit_early(OddEvent::Note);
                cx.persist(());
                cx.emit(answer);
            }
            Manner::TalksToItself(waiting) => {
                waiting.push(id);
                cx.send(self.id, ());
            }
            Manner::Draws { until, id: waiting } => {
                let pause_ns = cx.choose(1_000_000_000);
                (*until, *waiting) = (Some(cx.now().plus_nanos(pause_ns)), id);
            }
            Manner::NeverRests | Manner::Primary | Manner::NotReadyBefore(_) | Manner::Sessions => {
                cx.emit(answer)
            }
        }
    }
}

impl Process for OddNode {
    type Message = ();
    type Request = OddRequest;
    type Event = OddEvent;
    type Record = ();

    fn step(&mut self, input: Input<Self>, cx: &mut Context<'_, Self>) {
        match input {
            Input::Request(request) => self.request(request, cx),
            Input::Message { .. } => match &mut self.manner {
                Manner::Floods => (0..self.nodes).for_each(|to| cx.send(NodeId(to), ())),
                Manner::TalksToItself(waiting) => {
                    waiting.drain(..).for_each(|id| cx.emit(OddEvent::Ok(id)));
                }
                _ => {}
            },
            Input::Wake => {
                self.is_ready = true;
                if let Manner::Draws { until, id } = &mut self.manner {
                    *until = None;
                    cx.emit(OddEvent::Ok(*id));
                }
            }
            Input::Durable(token) => assert!(token <= cx.last_token() && token > Token::NONE),
            Input::Start => {}
        }
    }

    fn deadline(&self) -> Option<Time> {
        match &self.manner {
            Manner::NeverRests => Some(Time::ZERO),
            Manner::NotReadyBefore(time) if !self.is_ready => Some(*time),
            Manner::Draws { until, .. } => *until,
            // Never: not a timer.
            _ => Some(Time::MAX),
        }
    }
}

impl Subject for Odd {
    type Process = OddNode;
    type Model = Register;

    fn nodes(&self) -> u32 {
        self.0
    }

    fn node(&self, id: NodeId) -> OddNode {
        OddNode {
            id,
            manner: self.1.clone(),
            nodes: self.0,
            value: 0,
            is_ready: !matches!(self.1, Manner::NotReadyBefore(_)),
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

    fn request(&self, ask: &Ask<'_, OddEvent>) -> OddRequest {
        let is_session = matches!(self.1, Manner::Sessions);
        assert_eq!(
            ask.prepared.is_some(),
            is_session && ask.operation != Operation::Prepare,
            "a session is what the others come with"
        );
        match ask.operation {
            Operation::Prepare => OddRequest::Open(ask.id),
            Operation::Update => OddRequest::Write(ask.id),
            Operation::Observe => OddRequest::Read(ask.id),
        }
    }

    fn hear(&self, event: &OddEvent) -> Option<(RequestId, Heard<RegisterOutput>)> {
        Some(match event {
            OddEvent::Ok(id) => (*id, Heard::Answered(RegisterOutput::Done)),
            OddEvent::Value(id, value) => {
                let output = RegisterOutput::Value(Value::Int(*value));
                (*id, Heard::Answered(output))
            }
            OddEvent::No(id) => (*id, Heard::Refused("no".to_string())),
            OddEvent::Perhaps(id) => (*id, Heard::Unknown("perhaps".to_string())),
            OddEvent::Opened(id) => (*id, Heard::Prepared),
            OddEvent::Note => return None,
        })
    }

    fn needs_preparation(&self) -> bool {
        matches!(self.1, Manner::Sessions)
    }

    fn is_steady(&self, nodes: &[&OddNode]) -> bool {
        nodes.iter().all(|node| node.is_ready)
    }
}

fn quick() -> Settings {
    Settings {
        horizon_ns: 1_000_000_000,
        settle_ns: 1_000_000_000,
        events_max: 20_000,
        in_flight_max: 1_000,
        ..Settings::default()
    }
}

fn lonely() -> Side {
    Side::of([NodeId(0)]).unwrap()
}

fn findings(manner: Manner) -> Vec<Finding<Register>> {
    let refutation = refute(&Odd(3, manner), lonely(), &quick()).unwrap();
    let cases = refutation.cases.into_iter();
    cases.map(|case| case.finding).collect()
}

fn silences(manner: Manner) -> Vec<cap_model::Unanswered> {
    let silence = |finding| match finding {
        Finding::Witness(Witness::Unavailable(silence)) => silence,
        other => panic!("{other:?}"),
    };
    findings(manner).into_iter().map(silence).collect()
}

#[test]
fn a_process_that_never_answers_is_unavailable_and_that_is_proved() {
    let silences = silences(Manner::Silent);
    assert_eq!(silences.len(), 4);
    for silence in silences {
        assert!(silence.is_quiescent);
        assert!(silence.asked.iter().all(|asked| asked.times == 1));
        assert!(
            silence
                .asked
                .iter()
                .all(|asked| asked.outcome == Outcome::Silent)
        );
    }
}

#[test]
fn a_refusal_is_no_answer_and_the_witness_tells_it_from_silence() {
    let silences = silences(Manner::Refuses);
    // The client of one node, then the other way round those of two, who ask both.
    assert_eq!(silences[0].asked.len(), 1);
    assert_eq!(silences[2].asked.len(), 2);
    for silence in &silences {
        let refused = Outcome::Refused("no".to_string());
        assert!(silence.asked.iter().all(|asked| asked.outcome == refused));
        assert!(!silence.is_quiescent, "the next request may be answered");
        assert_eq!(silence.waited_ns, quick().horizon_ns);
    }
    // Two of them take turns for the whole horizon of a second, with a pause after each refusal.
    let text = silences[2].to_string();
    let expected = "n1 (asked 26 times) refused: no, n2 (asked 25 times) refused: no";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn an_unknown_fate_is_no_answer() {
    for silence in silences(Manner::Forgets) {
        let outcome = &silence.asked[0].outcome;
        assert_eq!(*outcome, Outcome::Unknown("perhaps".to_string()));
        assert!(!silence.is_quiescent);
    }
}

#[test]
fn a_client_goes_round_its_side_and_a_side_without_the_primary_is_unavailable() {
    let subject = Odd(3, Manner::Primary);
    let adversary = Adversary::new(&subject, &quick()).unwrap();
    // Both ways round: whoever is apart from n0 gets nothing.
    let refutation = adversary.refute(lonely()).unwrap();
    assert!(refutation.is_refuted());
    let with_primary = adversary.refute(Side::of([NodeId(0), NodeId(1)]).unwrap());
    for case in with_primary.unwrap().cases {
        let Some(Witness::Unavailable(silence)) = case.finding.witness() else {
            panic!("{case:?}");
        };
        assert_eq!(silence.client, NodeId(2));
    }
    // With n0 within reach a client of n1 is answered, by n0.
    let measured = adversary.measure(&Shape::whole(3).unwrap()).unwrap();
    let all = Side::all(3).unwrap();
    let cell = measured.cell(Operation::Update, all).unwrap();
    let bound = cap_model::Availability::LeaderBound(NodeId(0));
    assert_eq!(cell.availability, bound);
}

#[test]
fn a_client_that_was_refused_asks_again_until_the_horizon() {
    let refutation = refute(&Odd(2, Manner::Slow(3)), lonely(), &quick()).unwrap();
    for case in refutation.cases {
        let Some(Witness::NotLinearizable(splice)) = case.finding.witness() else {
            panic!("{case:?}");
        };
        assert_eq!((splice.update.requests, splice.observe.requests), (4, 4));
        assert_eq!(splice.update.latency_ns(), 3 * quick().pause_ns);
    }
}

#[test]
fn a_second_answer_breaks_the_contract_and_leaves_no_verdict() {
    for finding in findings(Manner::AnswersTwice) {
        let Finding::Inconclusive(CapError::AnsweredTwice { .. }) = finding else {
            panic!("{finding:?}");
        };
    }
}

#[test]
fn an_answer_to_nobody_breaks_the_contract_and_leaves_no_verdict() {
    for finding in findings(Manner::AnswersUnasked) {
        let Finding::Inconclusive(CapError::AnsweredUnasked { .. }) = finding else {
            panic!("{finding:?}");
        };
    }
}

#[test]
fn a_flood_ends() {
    let findings = findings(Manner::Floods);
    assert!(findings.iter().all(|finding| matches!(
        finding,
        Finding::Inconclusive(CapError::Flooded { .. } | CapError::EventsExhausted { .. })
    )));
}

#[test]
fn a_timer_that_lets_no_time_pass_ends() {
    let subject = Odd(3, Manner::NeverRests);
    let error = Adversary::new(&subject, &quick()).unwrap_err();
    assert_eq!(error, CapError::EventsExhausted { events_max: 20_000 });
}

#[test]
fn nodes_that_share_memory_are_found_out() {
    let memory = Rc::new(Cell::new(0));
    for finding in findings(Manner::Shares(memory)) {
        let Finding::Inconclusive(CapError::NotRepeated { step: 0, .. }) = finding else {
            panic!("{finding:?}");
        };
    }
}

#[test]
fn an_answer_waits_for_its_record_and_an_early_one_does_not() {
    let settings = Settings {
        durable_delay_ns: 7_000_000,
        ..quick()
    };
    let subject = Odd(3, Manner::Persists);
    let adversary = Adversary::new(&subject, &settings).unwrap();
    let measured = adversary.measure(&Shape::whole(3).unwrap()).unwrap();
    for trial in measured.trials {
        assert_eq!(trial.result.unwrap().latency_ns(), 7_000_000);
    }
}

#[test]
fn a_message_to_itself_takes_no_time_and_crosses_every_cut() {
    let subject = Odd(3, Manner::TalksToItself(Vec::new()));
    let mut laboratory = Laboratory::steady(&subject, &quick()).unwrap();
    laboratory.cut(&Shape::from_links(3, []).unwrap()).unwrap();
    let asked_at = laboratory.now();
    let id = laboratory.ask(Operation::Update, NodeId(1)).unwrap();
    assert!(laboratory.answers().is_empty());
    assert!(laboratory.step(Time::MAX).unwrap());
    let answer = &laboratory.answers()[0];
    assert_eq!((answer.id, answer.at), (id, asked_at));
}

#[test]
fn a_cluster_that_is_never_ready_is_not_put_on_trial() {
    let ready_after = |seconds: u64| {
        let time = Time::from_millis(1_000 * seconds);
        let subject = Odd(3, Manner::NotReadyBefore(time));
        Laboratory::steady(&subject, &quick()).map(|laboratory| laboratory.now() >= time)
    };
    assert_eq!(ready_after(3), Ok(true));
    assert!(matches!(ready_after(60), Err(CapError::NotSteady { .. })));
}

#[test]
fn clients_are_prepared_before_the_cut() {
    let refutation = refute(&Odd(3, Manner::Sessions), lonely(), &quick()).unwrap();
    assert_eq!((refutation.witnesses(), refutation.cases.len()), (4, 4));
}

#[test]
fn a_node_draws_the_same_in_every_clone_and_another_under_another_seed() {
    let latencies = |seed| {
        let subject = Odd(
            3,
            Manner::Draws {
                until: None,
                id: RequestId(0),
            },
        );
        let settings = Settings { seed, ..quick() };
        let adversary = Adversary::new(&subject, &settings).unwrap();
        let measured = adversary.measure(&Shape::whole(3).unwrap()).unwrap();
        let latency = |trial: &cap_model::Trial<RegisterOutput>| {
            trial
                .result
                .as_ref()
                .map(cap_model::Answered::latency_ns)
                .ok()
        };
        measured.trials.iter().map(latency).collect::<Vec<_>>()
    };
    assert_eq!(latencies(1), latencies(1));
    assert_ne!(latencies(1), latencies(2));
    let first = latencies(1);
    assert_eq!(
        first[0..3],
        first[3..6],
        "the update and the observation start from one clone"
    );
    assert_ne!(first[0], first[1], "nodes have tapes of their own");
}

#[test]
fn what_is_on_its_way_across_a_cut_is_lost() {
    let subject = cap_model::sample::SampleStore::write_all(2).unwrap();
    let mut laboratory = Laboratory::steady(&subject, &Settings::default()).unwrap();
    laboratory.ask(Operation::Update, NodeId(0)).unwrap();
    assert!(!laboratory.is_quiescent());
    laboratory.cut(&Shape::split(2, lonely()).unwrap()).unwrap();
    assert!(laboratory.is_quiescent());
    let other_size = Shape::whole(3).unwrap();
    assert!(laboratory.cut(&other_size).is_err());
    assert!(laboratory.ask(Operation::Update, NodeId(2)).is_err());
}
