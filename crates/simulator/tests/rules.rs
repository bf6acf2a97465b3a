//! The rules a world keeps, and what it says when a process breaks its own.

mod common;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use common::{Adders, Bug, Counter, CounterConfig, CounterEvent, SECOND, count, episodes, ping};
use simulator::{
    Cluster, Delay, FaultPlan, FaultSet, Observer, Outcome, Settings, SimulatorError, Tape,
    Violation, Workload, WorkloadContext, run,
};
use transport::{Context, Input, NodeId, Process, Recover, Stored, Time, Token};

fn rule(outcome: &Outcome) -> Option<&str> {
    outcome
        .violation
        .as_ref()
        .map(|violation| violation.rule.as_str())
}

fn crashing(nodes: u32) -> Settings {
    Settings {
        plan: FaultPlan {
            crash: episodes(100, 20),
            ..FaultPlan::none()
        },
        chaos_ns: 2 * SECOND,
        ..Settings::new(nodes)
    }
}

/// Every answered record must be durable when the answer is seen.
#[derive(Clone, Debug, Default)]
struct Answered(Rc<RefCell<Vec<(NodeId, Token)>>>);

struct Listening(Adders, Answered);

impl Workload<Counter> for Listening {
    fn start(&mut self, cx: &mut WorkloadContext<'_, Counter>) {
        self.0.start(cx);
    }

    fn on_event(
        &mut self,
        node: NodeId,
        event: CounterEvent,
        cx: &mut WorkloadContext<'_, Counter>,
    ) {
        if let CounterEvent::Added { token, .. } = event {
            self.1.0.borrow_mut().push((node, token));
        }
        self.0.on_event(node, event, cx);
    }

    fn on_timer(&mut self, timer: u64, cx: &mut WorkloadContext<'_, Counter>) {
        self.0.on_timer(timer, cx);
    }

    fn on_crash(&mut self, node: NodeId, cx: &mut WorkloadContext<'_, Counter>) {
        self.0.on_crash(node, cx);
    }

    fn is_done(&self) -> bool {
        self.0.is_done()
    }
}

impl Observer<Counter> for Answered {
    fn after_step(&mut self, _: NodeId, cluster: &Cluster<'_, Counter>) -> Result<(), Violation> {
        for (node, token) in self.0.borrow_mut().drain(..) {
            let last = cluster
                .durable(node)
                .iter()
                .map(|stored| stored.token)
                .max();
            if last < Some(token) {
                return Err(Violation::new(
                    "early",
                    format!("{node} answers {token} at {last:?}"),
                ));
            }
        }
        Ok(())
    }
}

#[test]
fn a_gated_answer_never_leaves_before_its_record_is_durable() {
    let mut found = 0;
    for (bug, seeds) in [(Bug::None, 40), (Bug::AnswersEarly, 5)] {
        for seed in 0..seeds {
            let answered = Answered::default();
            let mut workload = Listening(Adders::new(3, 100), answered.clone());
            let configs = vec![CounterConfig { nodes: 3, bug }; 3];
            let mut observer = answered;
            let tape = Tape::seeded(seed);
            let outcome = run(&crashing(3), &configs, &mut workload, &mut observer, tape);
            let outcome = outcome.expect("sound settings");
            match bug {
                Bug::None => assert!(outcome.holds(), "{:?}", outcome.violation),
                _ => found += u32::from(rule(&outcome) == Some("early")),
            }
        }
    }
    // The check itself can fail.
    assert_eq!(found, 5);
}

#[test]
fn an_answer_before_its_record_is_found_as_a_lost_addition() {
    let found = (0..50).filter(|&seed| {
        let outcome = count(&crashing(3), Bug::AnswersEarly, 100, Tape::seeded(seed));
        rule(&outcome) == Some("durability")
    });
    assert!(found.count() > 20);
}

#[test]
fn forgetting_in_recovery_is_found() {
    let outcome = count(&crashing(3), Bug::ForgetsToRecover, 100, Tape::seeded(1));
    assert_eq!(rule(&outcome), Some("durability"));
}

#[test]
fn a_process_that_refuses_its_own_log_breaks_recovery() {
    let outcome = count(&crashing(3), Bug::RefusesItsLog, 100, Tape::seeded(1));
    assert_eq!(rule(&outcome), Some("recovery"));
    assert!(
        outcome
            .violation
            .is_some_and(|violation| violation.detail.contains("not a counter's log"))
    );
}

#[test]
fn a_panic_of_the_process_is_a_violation_with_its_words() {
    let outcome = count(&Settings::new(2), Bug::Panics, 100, Tape::seeded(1));
    assert_eq!(rule(&outcome), Some("panic"));
    assert!(
        outcome
            .violation
            .is_some_and(|violation| violation.detail.contains("three is too much"))
    );
}

#[test]
fn a_repeated_token_breaks_the_contract() {
    let outcome = count(&Settings::new(2), Bug::RepeatsToken, 100, Tape::seeded(1));
    assert_eq!(rule(&outcome), Some("contract"));
}

#[test]
fn no_answer_breaks_progress() {
    let outcome = count(&Settings::new(2), Bug::IsMute, 100, Tape::seeded(1));
    assert_eq!(rule(&outcome), Some("progress"));
    assert!(!outcome.holds());
    assert!(outcome.virtual_ns <= 61 * SECOND);
}

#[test]
fn a_process_that_never_sleeps_is_given_up_without_a_verdict() {
    let settings = Settings {
        events_max: 100_000,
        ..Settings::new(2)
    };
    let outcome = count(&settings, Bug::NeverSleeps, 100, Tape::seeded(1));
    assert_eq!(outcome.violation, None);
    assert!(outcome.unknown.is_some() && !outcome.holds());
}

#[test]
fn a_single_node_works() {
    let outcome = count(&crashing(1), Bug::None, 50, Tape::seeded(1));
    assert!(outcome.holds(), "{:?}", outcome.violation);
    let all = Settings {
        plan: FaultPlan::uniform(&mut Tape::seeded(5), FaultSet::all(), SECOND),
        ..crashing(1)
    };
    assert!(count(&all, Bug::None, 50, Tape::seeded(1)).holds());
}

#[test]
fn impossible_settings_are_refused() {
    let attempt = |settings: &Settings, configs: usize, nodes: u32| {
        let configs = vec![
            CounterConfig {
                nodes,
                bug: Bug::None
            };
            configs
        ];
        run::<Counter, _, _>(settings, &configs, &mut (), &mut (), Tape::seeded(1)).map(drop)
    };
    let two = Settings::new(2);
    assert_eq!(
        attempt(&Settings::new(0), 0, 1),
        Err(SimulatorError::NoNodes)
    );
    assert_eq!(
        attempt(&Settings::new(1_025), 1_025, 1),
        Err(SimulatorError::TooManyNodes { nodes: 1_025 })
    );
    assert_eq!(
        attempt(&two, 3, 2),
        Err(SimulatorError::ConfigCount {
            nodes: 2,
            configs: 3
        })
    );
    assert_eq!(
        attempt(&two, 2, 0),
        Err(SimulatorError::ConfigRefused {
            node: NodeId(0),
            reason: "not a counter's log".to_owned()
        })
    );
    let slow = Settings {
        sync: Delay::Constant { ns: u64::MAX },
        ..two.clone()
    };
    assert!(matches!(
        attempt(&slow, 2, 2),
        Err(SimulatorError::BadDelay { .. })
    ));
    let long = Settings {
        chaos_ns: u64::MAX,
        ..two
    };
    assert!(matches!(
        attempt(&long, 2, 2),
        Err(SimulatorError::ChaosTooLong { .. })
    ));
}

#[test]
fn a_wake_is_never_early_under_drift_and_pauses() {
    // The counter asserts it at every wake; the clocks run up to a third fast or slow.
    let settings = Settings {
        plan: FaultPlan {
            clock_drift_ppm: 333_333,
            clock_offset_ns: SECOND,
            clock_jump: episodes(50, 1),
            clock_jump_ns: SECOND,
            pause: episodes(200, 50),
            ..FaultPlan::none()
        },
        chaos_ns: 3 * SECOND,
        ..Settings::new(4)
    };
    for seed in 0..20 {
        let outcome = count(&settings, Bug::None, 100, Tape::seeded(seed));
        assert!(outcome.holds(), "{:?}", outcome.violation);
    }
}

/// Moves its deadline, either way, with every message, and insists on being woken then.
struct Patient {
    wake_at: Time,
    wakes: u64,
}

impl Process for Patient {
    type Message = ();
    type Request = ();
    type Event = (NodeId, u64);
    type Record = ();

    fn step(&mut self, input: Input<Self>, cx: &mut Context<'_, Self>) {
        if matches!(input, Input::Wake) {
            assert!(cx.now() >= self.wake_at, "woken early");
            assert!(cx.now() <= self.wake_at.plus_nanos(2), "woken late");
            self.wakes += 1;
            cx.emit((NodeId(0), self.wakes));
            (0..2).for_each(|peer| cx.send(NodeId(peer), ()));
        }
        let wait = [700_000, 5_000_000][cx.choose(2) as usize];
        self.wake_at = cx.now().plus_nanos(wait);
    }

    fn deadline(&self) -> Option<Time> {
        Some(self.wake_at)
    }
}

impl Recover for Patient {
    type Config = ();
    type Error = std::convert::Infallible;

    fn recover((): &(), _: Vec<Stored<()>>) -> Result<Self, Self::Error> {
        Ok(Self {
            wake_at: Time::ZERO,
            wakes: 0,
        })
    }
}

#[test]
fn a_wake_follows_a_deadline_that_moves() {
    for seed in 0..20 {
        let mut arrivals = common::Arrivals::during(Duration::from_secs(1));
        let settings = Settings {
            plan: FaultPlan {
                clock_drift_ppm: 100_000,
                ..FaultPlan::none()
            },
            ..Settings::new(2)
        };
        let outcome = run::<Patient, _, _>(
            &settings,
            &[(), ()],
            &mut arrivals,
            &mut (),
            Tape::seeded(seed),
        );
        assert!(outcome.is_ok_and(|outcome| outcome.holds()));
        assert!(arrivals.seen.len() > 100);
    }
}

#[test]
fn after_healing_every_node_is_up_and_nothing_is_lost() {
    struct AllUp;
    impl Workload<Counter> for AllUp {
        fn start(&mut self, _: &mut WorkloadContext<'_, Counter>) {}
        fn on_event(&mut self, _: NodeId, _: CounterEvent, _: &mut WorkloadContext<'_, Counter>) {}
        fn on_heal(&mut self, cx: &mut WorkloadContext<'_, Counter>) {
            assert!(cx.is_healed() && cx.nodes().all(|node| cx.is_up(node)));
        }
        fn is_done(&self) -> bool {
            true
        }
    }
    let all = FaultPlan::uniform(&mut Tape::seeded(5), FaultSet::all(), SECOND);
    let settings = Settings {
        plan: FaultPlan {
            crash: episodes(50, 500),
            ..all
        },
        ..crashing(5)
    };
    let configs = vec![
        CounterConfig {
            nodes: 5,
            bug: Bug::None
        };
        5
    ];
    for seed in 0..20 {
        let outcome = run(&settings, &configs, &mut AllUp, &mut (), Tape::seeded(seed));
        assert!(outcome.is_ok_and(|outcome| outcome.holds()));
    }
}

#[test]
fn a_workload_may_end_the_chaos_or_the_run() {
    struct Ends(bool);
    impl Workload<Counter> for Ends {
        fn start(&mut self, cx: &mut WorkloadContext<'_, Counter>) {
            cx.set_timer(Duration::from_millis(100), 1);
        }
        fn on_event(&mut self, _: NodeId, _: CounterEvent, _: &mut WorkloadContext<'_, Counter>) {}
        fn on_timer(&mut self, _: u64, cx: &mut WorkloadContext<'_, Counter>) {
            if self.0 { cx.stop() } else { cx.heal() }
        }
        fn is_done(&self) -> bool {
            !self.0
        }
    }
    let configs = vec![
        CounterConfig {
            nodes: 2,
            bug: Bug::None
        };
        2
    ];
    for stops in [true, false] {
        let outcome = run(
            &crashing(2),
            &configs,
            &mut Ends(stops),
            &mut (),
            Tape::seeded(1),
        );
        let outcome = outcome.expect("sound settings");
        assert!(outcome.holds());
        assert_eq!(outcome.virtual_ns, 100_000_000);
        // The chaos phase was cut short: nothing is said about faults that did not happen.
        assert_eq!(outcome.silent_faults, []);
    }
}

#[test]
fn messages_to_nobody_are_dropped_and_messages_to_oneself_arrive() {
    struct Loud(u64);
    impl Process for Loud {
        type Message = ();
        type Request = ();
        type Event = (NodeId, u64);
        type Record = ();
        fn step(&mut self, input: Input<Self>, cx: &mut Context<'_, Self>) {
            match input {
                Input::Start => [0, 7, u32::MAX]
                    .into_iter()
                    .for_each(|to| cx.send(NodeId(to), ())),
                Input::Message { from, .. } => {
                    self.0 += 1;
                    cx.emit((from, self.0));
                }
                _ => {}
            }
        }
        fn deadline(&self) -> Option<Time> {
            None
        }
    }
    impl Recover for Loud {
        type Config = ();
        type Error = std::convert::Infallible;
        fn recover((): &(), _: Vec<Stored<()>>) -> Result<Self, Self::Error> {
            Ok(Self(0))
        }
    }
    let mut arrivals = common::Arrivals::during(Duration::from_secs(1));
    let outcome = run::<Loud, _, _>(
        &Settings::new(1),
        &[()],
        &mut arrivals,
        &mut (),
        Tape::seeded(1),
    );
    assert_eq!(outcome.map(|outcome| outcome.messages), Ok(1));
    assert_eq!(arrivals.seen, [(NodeId(0), NodeId(0), 1, 0)]);
}

#[test]
fn a_benign_tape_meets_no_fault_at_all() {
    let all = FaultPlan::uniform(&mut Tape::seeded(5), FaultSet::all(), 2 * SECOND);
    let settings = Settings {
        plan: all,
        ..crashing(4)
    };
    let outcome = count(
        &settings,
        Bug::None,
        50,
        Tape::replay(simulator::Choices::new()),
    );
    assert!(outcome.holds());
    assert_eq!(outcome.faults.iter().collect::<Vec<_>>(), []);
}

#[test]
fn a_trace_holds_inputs_and_effects() {
    let settings = Settings {
        is_traced: true,
        timeline_max: 1_000,
        ..Settings::new(2)
    };
    let (outcome, _) = ping(
        &settings,
        Duration::from_millis(1),
        2,
        Duration::from_millis(9),
        Tape::seeded(1),
    );
    let text = outcome.timeline.to_string();
    for words in [
        "n0 takes Start",
        "n0 sends to n1: 1",
        "n1 takes Message(n0, 1)",
        "n1 tells its client",
    ] {
        assert!(text.contains(words), "no {words:?} in\n{text}");
    }
}

/// Writes down every message, and answers it.
#[derive(Default)]
struct Scribe {
    is_flooding: bool,
    heard: u64,
    next: Time,
}

impl Process for Scribe {
    type Message = ();
    type Request = ();
    type Event = ();
    type Record = ();

    fn step(&mut self, input: Input<Self>, cx: &mut Context<'_, Self>) {
        match input {
            Input::Wake => {
                self.next = cx.now() + Duration::from_micros(100);
                cx.send(NodeId(1), ());
            }
            Input::Message { from, .. } if !self.is_flooding => {
                self.heard += 1;
                cx.persist(());
                cx.send(from, ());
            }
            _ => {}
        }
    }

    fn deadline(&self) -> Option<Time> {
        self.is_flooding.then_some(self.next)
    }
}

impl Recover for Scribe {
    type Config = bool;
    type Error = std::convert::Infallible;

    fn recover(is_flooding: &bool, _: Vec<Stored<()>>) -> Result<Self, Self::Error> {
        let is_flooding = *is_flooding;
        Ok(Self {
            is_flooding,
            ..Self::default()
        })
    }
}

/// Remembers how much the second node has taken before its first sync has ended.
#[derive(Default)]
struct Taken(u64);

impl Observer<Scribe> for Taken {
    fn after_step(&mut self, _: NodeId, cluster: &Cluster<'_, Scribe>) -> Result<(), Violation> {
        if cluster.durable(NodeId(1)).is_empty() {
            self.0 = cluster.process(NodeId(1)).map_or(0, |scribe| scribe.heard);
        }
        Ok(())
    }
}

#[test]
fn a_node_whose_disk_hangs_takes_no_more_messages_than_effects_may_wait() {
    for (gated_max, taken_max) in [(10, 10), (1_000, 1_000)] {
        let settings = Settings {
            sync: Delay::Uniform {
                min_ns: SECOND,
                max_ns: SECOND,
            },
            gated_max,
            events_max: 20_000,
            ..Settings::new(2)
        };
        let mut taken = Taken::default();
        let mut waiting = Waiting;
        let tape = Tape::seeded(1);
        run::<Scribe, _, _>(&settings, &[true, false], &mut waiting, &mut taken, tape)
            .expect("sound settings");
        assert_eq!(taken.0, taken_max);
    }
}

/// Asks nothing and is never done.
struct Waiting;

impl Workload<Scribe> for Waiting {
    fn start(&mut self, _: &mut WorkloadContext<'_, Scribe>) {}

    fn on_event(&mut self, _: NodeId, (): (), _: &mut WorkloadContext<'_, Scribe>) {}

    fn is_done(&self) -> bool {
        false
    }
}
