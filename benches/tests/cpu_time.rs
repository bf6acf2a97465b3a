//! The CPU clock, in a process of its own because it counts every thread.

use std::time::Duration;

/// Wall time would make a contender pay for its neighbours.
#[cfg(unix)]
#[test]
fn cpu_time_stands_still_while_the_process_sleeps() {
    let ((), usage) = benches::measure(|| std::thread::sleep(Duration::from_millis(50)));
    assert!(usage.cpu_ns < 40_000_000, "{usage:?}");
}
