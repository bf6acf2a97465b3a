//! What is measured, and what the project asks of itself there.

/// We.
pub(super) const OURS: &str = "consistency";
/// The general search of a Go checker, in Rust.
pub(super) const PORCUPINE: &str = "porcupine-rs 0.3.0";
/// Another general search.
pub(super) const TODC: &str = "todc-utils 0.1.1";
/// A JSON reader that builds a tree.
pub(super) const SERDE_JSON: &str = "serde_json";

/// What is asked; what is `None` is not asked.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bar {
    /// CPU seconds at most.
    pub seconds_max: Option<f64>,
    /// Mebibytes at most, at the peak.
    pub mebibytes_max: Option<f64>,
    /// Items (operations, transactions, bytes) a CPU second at least.
    pub rate_min: Option<f64>,
}

/// One piece of work.
#[derive(Clone, Copy, Debug)]
pub struct Work {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    /// What an item is.
    pub item: &'static str,
    /// What we ask of ourselves.
    pub bar: Bar,
    /// The peers that can do it.
    pub peers: &'static [&'static str],
    /// A figure somebody else published or measured elsewhere, and where; empty when there is none.
    pub quoted: &'static str,
    /// Whether the input is a real history that lies in the folder of `--histories`.
    pub is_real: bool,
    /// Whether the input is a file that [`prepare`](super::prepare) writes.
    pub is_prepared: bool,
    /// Whether `--quick` does it too.
    pub is_quick: bool,
}

impl Work {
    /// We, and the peers of this build.
    #[must_use]
    pub fn contenders(&self) -> Vec<&'static str> {
        let is_built = |peer: &&&str| cfg!(feature = "peers") || **peer == SERDE_JSON;
        std::iter::once(OURS)
            .chain(self.peers.iter().filter(is_built).copied())
            .collect()
    }
}

const fn within(seconds: f64, mebibytes: f64) -> Bar {
    Bar {
        seconds_max: Some(seconds),
        mebibytes_max: Some(mebibytes),
        rate_min: None,
    }
}

const fn work(name: &'static str, about: &'static str, bar: Bar) -> Work {
    Work {
        name,
        about,
        item: "operation",
        bar,
        peers: &[],
        quoted: "",
        is_real: false,
        is_prepared: false,
        is_quick: false,
    }
}

const PEERS: &[&str] = &[PORCUPINE, TODC];
const QUOTED_QUEUE: &str =
    "quoted: porcupine (Go), queue of 400 operations, 8 clients: no answer after 22 s CPU";

/// Everything that is measured, in the order of the page.
#[must_use]
pub fn works() -> Vec<Work> {
    [searches(), fast_paths(), transactions(), parsers()].concat()
}

fn searches() -> Vec<Work> {
    let real = |work: Work| Work {
        peers: &[PORCUPINE],
        is_real: true,
        is_quick: true,
        ..work
    };
    vec![
        real(Work {
            quoted: "quoted: porcupine (Go, 2026-06) 0.34 to 0.40 s",
            ..work(
                "etcd",
                "etcd_002 and etcd_007, compare-and-set registers, up to 20 operations open",
                Bar {
                    seconds_max: Some(0.020),
                    ..Bar::default()
                },
            )
        }),
        real(Work {
            quoted: "quoted: porcupine (Go) 2.9 s, 303 MB",
            ..work(
                "c10-ok",
                "a key-value log of 10 clients, not split by key",
                within(0.3, 50.0),
            )
        }),
        real(Work {
            quoted: "quoted: porcupine (Go) 3.3 s, 322 MB",
            ..work(
                "c10-bad",
                "the same with an error, not split by key",
                within(0.3, 50.0),
            )
        }),
        Work {
            peers: PEERS,
            is_quick: true,
            quoted: "quoted: porcupine (Go) 0.84 s, 720 MB",
            ..work(
                "search-40k",
                "a register, 40,000 operations, 5 clients, by the general search",
                Bar {
                    mebibytes_max: Some(30.0),
                    ..Bar::default()
                },
            )
        },
        Work {
            peers: PEERS,
            is_quick: true,
            quoted: "quoted: porcupine (Go): no answer after 5.5 s CPU, 614 MB",
            ..work(
                "register-1k",
                "a register, 1,000 operations, 20 clients",
                Bar::default(),
            )
        },
    ]
}

fn fast_paths() -> Vec<Work> {
    let million = within(1.5, 250.0);
    let queue = |work: Work| Work {
        quoted: QUOTED_QUEUE,
        ..work
    };
    vec![
        Work {
            is_quick: true,
            ..work(
                "register-1m",
                "a register, 1,000,000 operations, 20 clients",
                million,
            )
        },
        work("set-1m", "a set, 1,000,000 operations, 20 clients", million),
        queue(work(
            "queue-1m",
            "a queue, 1,000,000 operations, 20 clients",
            million,
        )),
        work(
            "stack-1m",
            "a stack, 1,000,000 operations, 20 clients",
            million,
        ),
        work(
            "priority-queue-1m",
            "a priority queue, 1,000,000 operations, 20 clients",
            Bar::default(),
        ),
    ]
}

fn transactions() -> Vec<Work> {
    let events = |work: Work| Work {
        item: "step",
        is_prepared: true,
        ..work
    };
    vec![
        events(Work {
            quoted: "quoted: AWDIT 0.77 s, 141 MB",
            ..work(
                "read-committed",
                "1,000,000 reads and writes, 200,000 transactions, 1,000 sessions, with reading the file",
                within(0.8, 150.0),
            )
        }),
        events(Work {
            quoted: "quoted: AWDIT 1.40 s, 235 MB",
            ..work("read-atomic", "the same", within(1.4, 150.0))
        }),
        events(Work {
            quoted: "quoted: AWDIT 14.3 s, 3.45 GB",
            ..work("causal", "the same", within(10.0, 350.0))
        }),
        Work {
            item: "transaction",
            quoted: "quoted: Elle's authors, 100,000 to 160,000 transactions/s on several cores",
            ..work(
                "list-append",
                "list-append, 1,000,000 transactions, strict serializability",
                Bar {
                    mebibytes_max: Some(2_048.0),
                    rate_min: Some(200_000.0),
                    seconds_max: None,
                },
            )
        },
    ]
}

fn parsers() -> Vec<Work> {
    let reads = |name, about, rate| Work {
        item: "byte",
        is_quick: true,
        ..work(
            name,
            about,
            Bar {
                rate_min: Some(rate),
                ..Bar::default()
            },
        )
    };
    vec![
        Work {
            peers: &[SERDE_JSON],
            ..reads(
                "read-json",
                "JSON lines of a register with keys, from memory to operations",
                200e6,
            )
        },
        reads(
            "read-edn",
            "the same events as Jepsen EDN, from memory to operations",
            100e6,
        ),
    ]
}
