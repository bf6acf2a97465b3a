//! Dense merges under criterion: `cargo bench -p benches --bench vector_clock_merge`.
fn main() {}
