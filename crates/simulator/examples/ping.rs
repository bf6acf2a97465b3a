//! How many messages the simulator delivers per second of processor time, faults off and on.
//!
//! `cargo run --release -p simulator --example ping`

use std::convert::Infallible;
use std::fs;
use std::time::Duration;

use simulator::{
    Delay, Episodes, FaultPlan, Links, Outcome, Settings, Simulated, SimulatorError, Tape,
    Workload, WorkloadContext, run,
};
use transport::{Context, Input, NodeId, Process, Recover, Stored, Time};

/// Node 0 answers. Every other node has slots, each with one ping on its way; a ping that has not
/// come back in time is sent again.
struct Ping {
    /// Round and time of the last ping, per slot.
    slots: Vec<(u64, Time)>,
    patience: Option<Duration>,
    check_at: Option<Time>,
}

/// Slots a node, and the bits of a message that name one.
const SLOTS: u64 = 64;

impl Ping {
    fn send(&mut self, slot: usize, cx: &mut Context<'_, Self>) {
        let (round, sent_at) = &mut self.slots[slot];
        *round += 1;
        *sent_at = cx.now();
        cx.send(NodeId(0), *round * SLOTS + slot as u64);
    }
}

impl Process for Ping {
    type Message = u64;
    type Request = ();
    type Event = ();
    type Record = ();

    fn step(&mut self, input: Input<Self>, cx: &mut Context<'_, Self>) {
        match input {
            Input::Message { from, message } if self.slots.is_empty() => cx.send(from, message),
            Input::Message { message, .. } => {
                let slot = (message % SLOTS) as usize;
                if self.slots[slot].0 == message / SLOTS {
                    self.send(slot, cx);
                }
            }
            Input::Start => {
                (0..self.slots.len()).for_each(|slot| self.send(slot, cx));
                self.check_at = self.patience.map(|patience| cx.now() + patience);
            }
            _ => {
                let patience = self.patience.unwrap_or_default();
                for slot in 0..self.slots.len() {
                    if cx.now() >= self.slots[slot].1 + patience {
                        self.send(slot, cx);
                    }
                }
                self.check_at = Some(cx.now() + patience);
            }
        }
    }

    fn deadline(&self) -> Option<Time> {
        self.check_at
    }
}

impl Recover for Ping {
    /// How many slots there are, and how long to wait for an answer.
    type Config = (usize, Option<Duration>);
    type Error = Infallible;

    fn recover(config: &Self::Config, _: Vec<Stored<()>>) -> Result<Self, Infallible> {
        Ok(Self {
            slots: vec![(0, Time::ZERO); config.0],
            patience: config.1,
            check_at: None,
        })
    }
}

/// Ends the run after some virtual time.
struct Until(Duration);

impl<P: Simulated> Workload<P> for Until {
    fn start(&mut self, cx: &mut WorkloadContext<'_, P>) {
        cx.set_timer(self.0, 0);
    }

    fn on_event(&mut self, _: NodeId, _: P::Event, _: &mut WorkloadContext<'_, P>) {}

    fn on_timer(&mut self, _: u64, cx: &mut WorkloadContext<'_, P>) {
        cx.stop();
    }

    fn is_done(&self) -> bool {
        false
    }
}

/// Processor time of this thread so far, in nanoseconds; 0 where the system does not tell.
fn processor_ns() -> u64 {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ')
        .next()
        .and_then(|word| word.parse().ok())
        .unwrap_or(0)
}

fn measure(
    name: &str,
    settings: &Settings,
    in_flight: usize,
    span: Duration,
) -> Result<(), SimulatorError> {
    let has_faults = !settings.plan.enabled().is_empty();
    let patience = has_faults.then_some(Duration::from_millis(50));
    let config = |node| {
        if node == 0 {
            (0, None)
        } else {
            (in_flight, patience)
        }
    };
    let configs: Vec<_> = (0..settings.nodes).map(config).collect();
    let mut rates = Vec::new();
    let mut last: Option<Outcome> = None;
    for seed in 0..7 {
        let mut tape = Tape::seeded(seed);
        tape.reserve(64 << 20);
        let before_ns = processor_ns();
        let outcome = run::<Ping, _, _>(settings, &configs, &mut Until(span), &mut (), tape)?;
        let took_ns = processor_ns().saturating_sub(before_ns).max(1);
        rates.push(outcome.messages as f64 * 1e3 / took_ns as f64);
        assert!(outcome.holds(), "{:?}", outcome.violation);
        last = Some(outcome);
    }
    rates.sort_by(f64::total_cmp);
    if let Some(outcome) = last {
        println!(
            "{name:<33} {:>6.1} M messages/s of CPU ({:.1} to {:.1}), {} messages a run, {:.1} tape bytes a message, hash {:016x}",
            rates[3],
            rates[0],
            rates[6],
            outcome.messages,
            outcome.choices.byte_len() as f64 / outcome.messages as f64,
            outcome.hash,
        );
        if has_faults {
            println!("    faults delivered: {}", outcome.faults);
        }
    }
    Ok(())
}

fn main() -> Result<(), SimulatorError> {
    let quiet = |nodes| Settings {
        links: Links::Reordering,
        delay: Delay::Uniform {
            min_ns: 1_000_000,
            max_ns: 10_000_000,
        },
        progress_ns: u64::MAX,
        events_max: u64::MAX,
        ..Settings::new(nodes)
    };
    let minutes = |count: u64| Duration::from_secs(60 * count);
    measure("1 in flight", &quiet(2), 1, minutes(300))?;
    measure("4 clients x 64 in flight", &quiet(5), 64, minutes(2))?;
    let fifo = Settings {
        links: Links::Fifo,
        ..quiet(5)
    };
    measure("4 clients x 64, links in order", &fifo, 64, minutes(2))?;

    let chaos_ns = 120_000_000_000;
    let stormy = Settings {
        plan: storm(),
        chaos_ns,
        ..quiet(5)
    };
    measure("4 clients x 64, faults on", &stormy, 64, minutes(2))
}

/// Every fault that does not stop a process without a log.
fn storm() -> FaultPlan {
    let every_second = Some(Episodes {
        gap_ns: 1_000_000_000,
        length_ns: 100_000_000,
    });
    FaultPlan {
        loss_ppm: 10_000,
        duplicate_ppm: 10_000,
        reorder: true,
        reorder_ppm: 10_000,
        reorder_hold_ns: 10_000_000,
        delay: Some(Delay::Exponential {
            min_ns: 1_000_000,
            mean_ns: 4_500_000,
        }),
        partition: every_second,
        one_way: every_second,
        partial: every_second,
        crash: every_second,
        pause: every_second,
        clock_offset_ns: 1_000_000,
        clock_drift_ppm: 500,
        clock_jump: every_second,
        clock_jump_ns: 1_000_000,
        ..FaultPlan::none()
    }
}
