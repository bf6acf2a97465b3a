//! Guards of the simulator that the comparison of model and protocol stands on: cuts and mixtures of delays.

use super::{Mutant, blind, lib, test};

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "simulator-cut-link-delivers",
        guard: "a link that the workload has cut loses everything",
        file: "crates/simulator/src/network.rs",
        find: "        if link.is_cut {\n",
        replace: "        if link.is_cut && link.blocked != [0, 0, 0] {\n",
        killed_by: test(
            "simulator",
            "faults",
            "a_link_that_the_workload_cuts_is_silent_until_the_heal",
        ),
        simulator: blind("no campaign cuts links itself"),
    },
    Mutant {
        name: "simulator-cut-both-ways",
        guard: "a directed link is cut in its direction only",
        file: "crates/simulator/src/network.rs",
        find: "        self.links[from * self.nodes + to].is_cut = true;\n",
        replace: "        self.links[from * self.nodes + to].is_cut = true;\n        self.links[to * self.nodes + from].is_cut = true;\n",
        killed_by: test(
            "simulator",
            "faults",
            "a_link_that_the_workload_cuts_is_silent_until_the_heal",
        ),
        simulator: blind("no campaign cuts links itself"),
    },
    Mutant {
        name: "simulator-cut-after-the-heal",
        guard: "faults happen only before the heal",
        file: "crates/simulator/src/workload.rs",
        find: "if wire.is_healed || ",
        replace: "if ",
        killed_by: test(
            "simulator",
            "faults",
            "a_link_that_the_workload_cuts_is_silent_until_the_heal",
        ),
        simulator: blind("no campaign cuts links itself"),
    },
    Mutant {
        name: "simulator-tail-of-another-exponent",
        guard: "a mixture's tail has its exponent",
        file: "crates/simulator/src/delay.rs",
        find: "exp(drawn / u64::from(exponent))",
        replace: "exp(drawn / u64::from(exponent / 2))",
        killed_by: lib(
            "simulator",
            "delay::tests::a_published_mixture_has_its_mean_and_quantiles",
        ),
        simulator: blind("no campaign draws mixtures"),
    },
];
