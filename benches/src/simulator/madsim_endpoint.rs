//! `madsim`: its `Endpoint`, with its default latency of 1 to 10 ms.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use madsim::net::Endpoint;
use madsim::runtime::Runtime;
use madsim::{Config, time};

use super::Load;
use crate::{Error, Sample, measure};

/// The one tag of all messages.
const TAG: u64 = 1;
/// Bytes of a request.
const PAYLOAD: [u8; 8] = [7; 8];

/// Runs `load` for about `messages` messages.
///
/// # Errors
///
/// An endpoint refused.
pub fn run(load: Load, messages: u64) -> Result<Sample, Error> {
    let round_trips = load.round_trips(messages);
    let runtime = Runtime::with_seed_and_config(1, Config::default());
    let server = address(0);
    let node = runtime.create_node().ip(server.ip()).build();
    node.spawn(async move {
        let endpoint = Endpoint::bind(server).await?;
        let mut buffer = [0; 16];
        loop {
            let (length, from) = endpoint.recv_from(TAG, &mut buffer).await?;
            endpoint.send_to(from, TAG, &buffer[..length]).await?;
        }
        #[expect(unreachable_code, reason = "gives the task its type")]
        Ok::<(), std::io::Error>(())
    });
    let clients: Vec<_> = (1..=load.clients)
        .map(|client| {
            let own = address(client);
            let node = runtime.create_node().ip(own.ip()).build();
            node.spawn(async move {
                let endpoint = Endpoint::bind(own).await?;
                // The server's endpoint must exist before the first message.
                time::sleep(Duration::from_secs(1)).await;
                for _ in 0..load.in_flight {
                    endpoint.send_to(server, TAG, &PAYLOAD).await?;
                }
                let mut buffer = [0; 16];
                let mut sent = u64::from(load.in_flight);
                for _ in 0..round_trips {
                    endpoint.recv_from(TAG, &mut buffer).await?;
                    if sent < round_trips {
                        endpoint.send_to(server, TAG, &PAYLOAD).await?;
                        sent += 1;
                    }
                }
                Ok::<(), std::io::Error>(())
            })
        })
        .collect();
    let (result, usage) = measure(|| {
        runtime.block_on(async move {
            for client in clients {
                client
                    .await
                    .map_err(|error| error.to_string())?
                    .map_err(|error| error.to_string())?;
            }
            Ok::<(), String>(())
        })
    });
    result.map_err(|why| Error::Refused {
        contender: "madsim",
        why,
    })?;
    let messages = load.messages(round_trips);
    Ok(Sample {
        operations: messages,
        messages,
        usage,
    })
}

/// The address of a node; the server's is number 0.
fn address(node: u32) -> SocketAddr {
    let number = u8::try_from(node + 1).unwrap_or(u8::MAX);
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, number)), 4000)
}
