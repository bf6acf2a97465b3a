//! `turmoil`: real-looking UDP sockets on a tick loop.

use std::net::Ipv4Addr;
use std::time::Duration;

use turmoil::net::UdpSocket;

use super::Load;
use crate::{Error, Sample, measure};

/// The server's port.
const PORT: u16 = 4000;
/// Bytes of a request.
const PAYLOAD: [u8; 8] = [7; 8];

/// How long a message takes, in milliseconds. turmoil has no other latency than its ticks resolve:
/// one tick is 1 ms here, its default.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Latency {
    /// At least.
    pub min_ms: u64,
    /// At most.
    pub max_ms: u64,
}

/// Runs `load` for about `messages` messages.
///
/// # Errors
///
/// The simulation ended early or a socket refused.
pub(super) fn run(load: Load, messages: u64, latency: Latency) -> Result<Sample, Error> {
    let round_trips = load.round_trips(messages);
    let mut sim = turmoil::Builder::new()
        .simulation_duration(Duration::from_secs(1_000_000))
        .tick_duration(Duration::from_millis(1))
        .min_message_latency(Duration::from_millis(latency.min_ms))
        .max_message_latency(Duration::from_millis(latency.max_ms))
        .udp_capacity(4096)
        .rng_seed(1)
        .build();
    sim.host("server", || async {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, PORT)).await?;
        let mut buffer = [0; 16];
        loop {
            let (length, from) = socket.recv_from(&mut buffer).await?;
            socket.send_to(&buffer[..length], from).await?;
        }
    });
    for client in 0..load.clients {
        sim.client(format!("client-{client}"), async move {
            let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, PORT)).await?;
            let server = (turmoil::lookup("server"), PORT);
            for _ in 0..load.in_flight {
                socket.send_to(&PAYLOAD, server).await?;
            }
            let mut buffer = [0; 16];
            let mut sent = u64::from(load.in_flight);
            for _ in 0..round_trips {
                socket.recv_from(&mut buffer).await?;
                if sent < round_trips {
                    socket.send_to(&PAYLOAD, server).await?;
                    sent += 1;
                }
            }
            Ok(())
        });
    }
    let (result, usage) = measure(|| sim.run());
    result.map_err(|error| Error::Refused {
        contender: "turmoil",
        why: error.to_string(),
    })?;
    let messages = load.messages(round_trips);
    Ok(Sample {
        operations: messages,
        messages,
        usage,
    })
}
