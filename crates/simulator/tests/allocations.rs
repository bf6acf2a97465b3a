//! In a steady state the simulator allocates nothing.

mod common;

use std::time::Duration;

use allocation_counter::measure;
use simulator::{Delay, FaultPlan, Links, Settings, Tape, Workload, WorkloadContext, run};
use transport::{Context, Input, NodeId, Process, Recover, Stored, Time};

/// Sends every message back, and keeps a deadline moving.
struct Echo {
    in_flight: u64,
    wake_at: Time,
}

impl Process for Echo {
    type Message = u64;
    type Request = ();
    type Event = u64;
    type Record = ();

    fn step(&mut self, input: Input<Self>, cx: &mut Context<'_, Self>) {
        self.wake_at = cx.now() + Duration::from_millis(2);
        match input {
            Input::Start => (0..self.in_flight).for_each(|number| cx.send(NodeId(1), number)),
            Input::Message { from, message } => {
                cx.send(from, message + 1);
                if message % 16 == 0 {
                    cx.emit(message);
                }
            }
            _ => {}
        }
    }

    fn deadline(&self) -> Option<Time> {
        Some(self.wake_at)
    }
}

impl Recover for Echo {
    type Config = u64;
    type Error = std::convert::Infallible;

    fn recover(in_flight: &u64, _: Vec<Stored<()>>) -> Result<Self, Self::Error> {
        Ok(Self {
            in_flight: *in_flight,
            wake_at: Time::ZERO,
        })
    }
}

struct For(Duration);

impl Workload<Echo> for For {
    fn start(&mut self, cx: &mut WorkloadContext<'_, Echo>) {
        cx.set_timer(self.0, 0);
    }

    fn on_event(&mut self, _: NodeId, _: u64, _: &mut WorkloadContext<'_, Echo>) {}

    fn on_timer(&mut self, _: u64, cx: &mut WorkloadContext<'_, Echo>) {
        cx.stop();
    }

    fn is_done(&self) -> bool {
        false
    }
}

fn allocations(plan: &FaultPlan, span: Duration) -> (u64, u64) {
    let settings = Settings {
        links: Links::Reordering,
        delay: Delay::Uniform {
            min_ns: 100_000,
            max_ns: 1_000_000,
        },
        plan: plan.clone(),
        chaos_ns: 60_000_000_000,
        ..Settings::new(2)
    };
    let mut messages = 0;
    let info = measure(|| {
        let mut tape = Tape::seeded(1);
        tape.reserve(32 << 20);
        let outcome = run::<Echo, _, _>(&settings, &[64, 0], &mut For(span), &mut (), tape);
        messages = outcome.map_or(0, |outcome| outcome.messages);
    });
    (info.count_total, messages)
}

#[test]
fn a_message_costs_no_allocation_in_a_steady_state() {
    let noisy = FaultPlan {
        duplicate_ppm: 10,
        clock_drift_ppm: 500,
        reorder: true,
        reorder_ppm: 100,
        reorder_hold_ns: 1_000_000,
        delay: Some(Delay::Exponential {
            min_ns: 100_000,
            mean_ns: 500_000,
        }),
        ..FaultPlan::none()
    };
    for plan in [FaultPlan::none(), noisy] {
        let (short, few) = allocations(&plan, Duration::from_secs(1));
        let (long, many) = allocations(&plan, Duration::from_secs(10));
        assert!(many > few + 500_000, "{few} {many}");
        // Duplicates let the number in flight grow, and the queue with it, but not per message.
        let grown = if plan.duplicate_ppm == 0 { 0 } else { 4 };
        assert!(
            long <= short + grown,
            "{few} messages: {short}, {many} messages: {long}"
        );
    }
}
