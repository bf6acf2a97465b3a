//! The strong store: registers on quorums, linearizable without consensus.
