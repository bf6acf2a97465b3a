//! How many messages the simulator delivers per second of processor time, faults off and on.
//!
//! `cargo run --release -p simulator --example ping`

use std::convert::Infallible;
use std::fs;
use std::time::Duration;

use simulator::{
    Delay, Fault, FaultPlan, FaultSet, Links, Outcome, Settings, Simulated, SimulatorError, Tape,
    Workload, WorkloadContext, run,
};
use transport::{Context, Input, NodeId, Process, Recover, Stored, Time};

/// Node 0 answers; every other node keeps `in_flight` pings on their way to it.
struct Ping {
    in_flight: u64,
    is_server: bool,
}

impl Process for Ping {
    type Message = u64;
    type Request = ();
    type Event = ();
    type Record = ();

    fn step(&mut self, input: Input<Self>, cx: &mut Context<'_, Self>) {
        match input {
            Input::Start if !self.is_server => {
                (0..self.in_flight).for_each(|number| cx.send(NodeId(0), number));
            }
            Input::Message { from, message } => cx.send(from, message.wrapping_add(1)),
            _ => {}
        }
    }

    fn deadline(&self) -> Option<Time> {
        None
    }
}

impl Recover for Ping {
    type Config = (u64, bool);
    type Error = Infallible;

    fn recover(config: &(u64, bool), _: Vec<Stored<()>>) -> Result<Self, Infallible> {
        Ok(Self {
            in_flight: config.0,
            is_server: config.1,
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
    in_flight: u64,
    span: Duration,
) -> Result<(), SimulatorError> {
    let configs: Vec<_> = (0..settings.nodes)
        .map(|node| (in_flight, node == 0))
        .collect();
    let mut rates = Vec::new();
    let mut last: Option<Outcome> = None;
    for seed in 0..7 {
        let mut tape = Tape::seeded(seed);
        tape.reserve(64 << 20);
        let before_ns = processor_ns();
        let outcome = run::<Ping, _, _>(settings, &configs, &mut Until(span), &mut (), tape)?;
        let took_ns = processor_ns().saturating_sub(before_ns).max(1);
        rates.push(outcome.messages as f64 * 1e3 / took_ns as f64);
        last = Some(outcome);
    }
    rates.sort_by(f64::total_cmp);
    if let Some(outcome) = last {
        println!(
            "{name:<36} {:>6.1} M messages/s of CPU ({:.1} to {:.1}), {} messages a run, {:.1} tape bytes a message, hash {:016x}",
            rates[3],
            rates[0],
            rates[6],
            outcome.messages,
            outcome.choices.byte_len() as f64 / outcome.messages as f64,
            outcome.hash,
        );
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

    let mut faults = FaultSet::all();
    // Without crashes: a node that restarts would send its first pings again, and again.
    [Fault::Crash, Fault::Loss, Fault::Duplicate]
        .into_iter()
        .for_each(|fault| faults.remove(fault));
    let chaos_ns = 120_000_000_000;
    let stormy = Settings {
        plan: FaultPlan {
            loss_ppm: 1,
            duplicate_ppm: 1,
            ..FaultPlan::uniform(&mut Tape::seeded(0), faults, chaos_ns)
        },
        chaos_ns,
        ..quiet(5)
    };
    let stormy = Settings {
        plan: FaultPlan {
            partition: None,
            one_way: None,
            partial: None,
            delay: None,
            ..stormy.plan
        },
        ..stormy
    };
    measure("4 clients x 64, faults on", &stormy, 64, minutes(2))
}
