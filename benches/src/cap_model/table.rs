//! What is measured, and what the project asks of itself there.

/// We.
pub(super) const OURS: &str = "cap-model";
/// Quorums listed one by one, and a linear program over them.
pub(super) const QUORACLE: &str = "quoracle 2.1.1";

/// What is asked; what is `None` is not asked.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bar {
    /// CPU milliseconds at most.
    pub ms_max: Option<f64>,
    /// So many times the peer's speed at least.
    pub ratio_min: Option<f64>,
    /// An answer, however long it takes.
    pub is_answer_enough: bool,
}

/// One piece of work.
#[derive(Clone, Copy, Debug)]
pub struct Work {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    /// What the answer is.
    pub answer: &'static str,
    /// What we ask of ourselves.
    pub bar: Bar,
    /// Whether the peer can do it.
    pub has_peer: bool,
    /// Whether `--quick` does it too.
    pub is_quick: bool,
}

impl Work {
    /// We, and the peer of this build.
    #[must_use]
    pub fn contenders(&self) -> Vec<&'static str> {
        let peer = (self.has_peer && cfg!(feature = "quoracle")).then_some(QUORACLE);
        std::iter::once(OURS).chain(peer).collect()
    }
}

const fn times(ratio: f64) -> Bar {
    Bar {
        ms_max: None,
        ratio_min: Some(ratio),
        is_answer_enough: false,
    }
}

const fn within(ms: f64) -> Bar {
    Bar {
        ms_max: Some(ms),
        ratio_min: None,
        is_answer_enough: false,
    }
}

const ANY: Bar = Bar {
    ms_max: None,
    ratio_min: None,
    is_answer_enough: true,
};

const fn load(name: &'static str, about: &'static str, bar: Bar) -> Work {
    Work {
        name,
        about,
        answer: "load",
        bar,
        has_peer: true,
        is_quick: true,
    }
}

const fn slow(work: Work) -> Work {
    Work {
        is_quick: false,
        ..work
    }
}

const fn alone(work: Work) -> Work {
    Work {
        has_peer: false,
        ..work
    }
}

const fn fresh(work: Work) -> Work {
    Work {
        answer: "P(consistent at 0 ms)",
        has_peer: false,
        ..work
    }
}

/// Everything that is measured, in the order of the page.
#[must_use]
pub const fn works() -> [Work; 19] {
    [
        load(
            "majority-5",
            "any 3 of 5, half of the operations are reads",
            times(1.0),
        ),
        load("majority-7", "any 4 of 7", times(1.0)),
        load("majority-9", "any 5 of 9: 126 quorums", times(1.0)),
        load("majority-13", "any 7 of 13: 1,716 quorums", times(5.0)),
        slow(load(
            "majority-15",
            "any 8 of 15: 6,435 quorums",
            times(50.0),
        )),
        slow(load(
            "majority-17",
            "any 9 of 17: 24,310 quorums",
            Bar {
                ms_max: None,
                ratio_min: None,
                is_answer_enough: false,
            },
        )),
        load("unlike-9", "any 5 of 9 of different capacities", times(1.0)),
        slow(load(
            "unlike-13",
            "any 7 of 13 of different capacities",
            times(5.0),
        )),
        slow(load(
            "majority-51",
            "any 26 of 51: 2.5e14 quorums",
            within(50.0),
        )),
        slow(load(
            "grid-10x10",
            "rows are read, 10^10 sets are written",
            within(50.0),
        )),
        slow(load(
            "search-6",
            "search: 6 nodes, tolerating a failure, within a latency and a network load",
            within(500.0),
        )),
        slow(load(
            "search-5",
            "search: 5 nodes, 9 read fractions, resilient to a failure",
            within(100.0),
        )),
        slow(load(
            "search-5-all",
            "search: the same, resilient or not",
            within(100.0),
        )),
        slow(load(
            "search-5-failure",
            "search: the same, tolerating a failure",
            within(100.0),
        )),
        slow(load(
            "search-7",
            "search: 7 nodes, 1 read fraction, resilient to a failure",
            ANY,
        )),
        slow(alone(load(
            "search-7-mix",
            "search: 7 nodes, 9 read fractions, resilient to a failure, the best only",
            ANY,
        ))),
        fresh(load(
            "exact",
            "staleness solved for every t: LNKD-DISK, N=3, R=W=1",
            within(10.0),
        )),
        fresh(load(
            "sampler-1",
            "1,000,000 trials: LNKD-DISK, N=3, R=W=1",
            within(120.0),
        )),
        fresh(load(
            "sampler-6",
            "1,000,000 trials: all six pairs of R and W that can be stale or not, from one pass",
            within(250.0),
        )),
    ]
}
