//! Snapshots and FIFO links, judged by the verifier in a small world.

mod algorithm;
mod crashes;
mod fifo;
mod limits;
mod order;
mod world;
