//! Snapshots and FIFO links, judged by the verifier in a small world.

mod algorithm;
mod crashes;
mod exhaustive;
mod fifo;
mod goldens;
mod limits;
mod order;
mod verifier;
mod world;
