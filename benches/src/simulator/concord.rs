//! `simulator`: ours, with the decision tape and the event hash on.

use std::convert::Infallible;
use std::time::Duration;

use simulator::{
    Delay, Episodes, FaultPlan, Links, Settings, Simulated, Tape, Workload, WorkloadContext, run,
};
use transport::{Context, Input, NodeId, Process, Recover, Stored, Time};

use super::Load;
use crate::{Error, Sample, measure};

/// The server; every other node is a client.
const SERVER: NodeId = NodeId(0);
/// How long messages take, in nanoseconds.
const DELAY: [u64; 2] = [1_000_000, 10_000_000];
/// How long a client waits under faults until it asks again.
const PATIENCE: Duration = Duration::from_millis(50);

/// Whether faults disturb the run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Faults {
    /// None: random delays only.
    Off,
    /// Every network, node and clock fault; nothing is written, so disks have none.
    On,
}

/// Runs `load` for so much virtual time as about `messages` messages take.
///
/// # Errors
///
/// The run found a violation, or a fault that was planned never came.
pub(super) fn run_load(load: Load, messages: u64, faults: Faults) -> Result<Sample, Error> {
    let nodes = load.clients + 1;
    let in_flight = u64::from(load.clients) * u64::from(load.in_flight);
    let span = Duration::from_nanos(messages * (DELAY[0] + DELAY[1]) / 2 / in_flight);
    let (patience, plan) = match faults {
        Faults::Off => (None, FaultPlan::none()),
        Faults::On => (Some(PATIENCE), storm()),
    };
    let settings = Settings {
        links: Links::Reordering,
        delay: Delay::Uniform {
            min_ns: DELAY[0],
            max_ns: DELAY[1],
        },
        chaos_ns: match faults {
            Faults::Off => 0,
            Faults::On => span.as_nanos() as u64,
        },
        plan,
        progress_ns: u64::MAX,
        events_max: u64::MAX,
        ..Settings::new(nodes)
    };
    let role = |node| Role {
        in_flight: if NodeId(node) == SERVER {
            0
        } else {
            load.in_flight
        },
        patience,
    };
    let roles: Vec<Role> = (0..nodes).map(role).collect();
    let (outcome, usage) = measure(|| {
        let tape = Tape::seeded(1);
        run::<Echo, _, _>(&settings, &roles, &mut Until(span), &mut (), tape)
    });
    let refused = |why: String| Error::Refused {
        contender: "simulator",
        why,
    };
    let outcome = outcome.map_err(|error| refused(error.to_string()))?;
    if !outcome.holds() {
        return Err(refused(format!("{:?}", outcome.violation)));
    }
    if !outcome.silent_faults.is_empty() {
        return Err(refused(format!(
            "never delivered: {:?}",
            outcome.silent_faults
        )));
    }
    Ok(Sample {
        operations: outcome.messages,
        messages: outcome.messages,
        usage,
    })
}

/// The faults of the disturbed run.
fn storm() -> FaultPlan {
    let every = |seconds: u64| {
        Some(Episodes {
            gap_ns: seconds * 1_000_000_000,
            length_ns: 100_000_000,
        })
    };
    FaultPlan {
        loss_ppm: 10_000,
        duplicate_ppm: 10_000,
        reorder: true,
        delay: Some(Delay::Exponential {
            min_ns: DELAY[0],
            mean_ns: (DELAY[1] - DELAY[0]) / 2,
        }),
        partition: every(2),
        one_way: every(2),
        partial: every(2),
        crash: every(5),
        pause: every(2),
        clock_offset_ns: 1_000_000_000,
        clock_drift_ppm: 500,
        clock_jump: every(2),
        clock_jump_ns: 10_000_000,
        ..FaultPlan::none()
    }
}

/// Ends the run after some virtual time.
struct Until(Duration);

impl<P: Simulated> Workload<P> for Until {
    fn start(&mut self, cx: &mut WorkloadContext<'_, P>) {
        // A moment after the last fault, so that every phase takes place.
        cx.set_timer(self.0 + Duration::from_millis(1), 0);
    }

    fn on_event(&mut self, _: NodeId, _: P::Event, _: &mut WorkloadContext<'_, P>) {}

    fn on_timer(&mut self, _: u64, cx: &mut WorkloadContext<'_, P>) {
        cx.stop();
    }

    fn is_done(&self) -> bool {
        false
    }
}

/// What a node is told.
#[derive(Clone, Copy, Debug)]
struct Role {
    /// Requests a client keeps in flight; the server keeps none.
    in_flight: u32,
    /// How long a client waits until it asks again; without faults, for ever.
    patience: Option<Duration>,
}

/// The server echoes. A client has so many slots; each holds one request at a time.
struct Echo {
    /// The number of each slot's request, and when it was sent.
    slots: Vec<(u32, Time)>,
    patience: Option<Duration>,
    next_check: Time,
}

/// A slot and the number of its request: the 8 bytes that travel.
#[derive(Clone, Copy, Debug, Hash)]
struct Ping {
    slot: u32,
    number: u32,
}

impl Echo {
    /// Sends the next request of a slot.
    fn ask(&mut self, slot: u32, cx: &mut Context<'_, Self>) {
        let now = cx.now();
        if let Some((number, sent)) = self.slots.get_mut(slot as usize) {
            *number = number.wrapping_add(1);
            *sent = now;
            let number = *number;
            cx.send(SERVER, Ping { slot, number });
        }
    }

    /// Asks again in the slots that waited for longer than `patience`.
    fn check(&mut self, patience: Duration, cx: &mut Context<'_, Self>) {
        let now = cx.now();
        self.next_check = now + patience;
        for slot in 0..self.slots.len() {
            if now >= self.slots[slot].1 + patience {
                self.ask(slot as u32, cx);
            }
        }
    }
}

impl Process for Echo {
    type Message = Ping;
    type Request = ();
    type Event = ();
    type Record = ();

    fn step(&mut self, input: Input<Self>, cx: &mut Context<'_, Self>) {
        match input {
            Input::Message { from, message } if self.slots.is_empty() => cx.send(from, message),
            Input::Message { message, .. } => {
                let slot = self.slots.get(message.slot as usize);
                // A late or repeated answer must not start a second request in the slot.
                if slot.is_some_and(|(number, _)| *number == message.number) {
                    self.ask(message.slot, cx);
                }
            }
            Input::Start => {
                self.next_check = self.patience.map_or(Time::MAX, |wait| cx.now() + wait);
                (0..self.slots.len()).for_each(|slot| self.ask(slot as u32, cx));
            }
            Input::Wake => {
                if let Some(patience) = self.patience {
                    self.check(patience, cx);
                }
            }
            Input::Request(()) | Input::Durable(_) => {}
        }
    }

    fn deadline(&self) -> Option<Time> {
        (self.patience.is_some() && !self.slots.is_empty()).then_some(self.next_check)
    }
}

impl Recover for Echo {
    type Config = Role;
    type Error = Infallible;

    fn recover(role: &Role, _: Vec<Stored<()>>) -> Result<Self, Infallible> {
        Ok(Self {
            slots: vec![(0, Time::ZERO); role.in_flight as usize],
            patience: role.patience,
            next_check: Time::MAX,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Faults, run_load};
    use crate::simulator::Load;

    #[test]
    fn as_many_messages_are_delivered_as_were_asked_for() {
        for load in [Load::PING_PONG, Load::FOUR_CLIENTS] {
            let sample = run_load(load, 20_000, Faults::Off).unwrap();
            assert!((18_000..22_000).contains(&sample.operations), "{sample:?}");
        }
    }

    #[test]
    fn under_every_fault_the_clients_go_on() {
        let sample = run_load(Load::FOUR_CLIENTS, 2_000_000, Faults::On).unwrap();
        assert!(sample.operations > 1_000_000, "{sample:?}");
    }
}
