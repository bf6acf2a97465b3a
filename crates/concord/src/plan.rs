//! `concord plan`: what replicas, quorums and partitions cost, for every candidate of one file.

mod outcome;
