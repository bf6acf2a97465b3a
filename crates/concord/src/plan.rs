//! `concord plan`: what replicas, quorums and partitions cost, for every candidate of one file.

#[expect(
    dead_code,
    reason = "the object that the parts of the command fill and show"
)]
mod outcome;
