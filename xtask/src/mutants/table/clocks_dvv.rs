//! Siblings, dotted and cut version vectors, Bloom clocks: nothing comes back, nothing is claimed that
//! is not known.

use super::{Mutant, blind, lib, test};

const BLIND: &str = "no protocol of the campaign uses it";

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "dvv-set-believes-a-context-ahead-of-its-server",
        guard: "a server that lost its state notices (riak_kv #679, #1094)",
        file: "crates/clocks/src/dvv_set.rs",
        find: "if claimed > known {",
        replace: "if false {",
        killed_by: test(
            "clocks",
            "behaviour",
            "dvv_set::a_context_that_is_ahead_of_its_server_is_refused_and_the_value_handed_back",
        ),
        simulator: blind(BLIND),
    },
    Mutant {
        name: "dvv-set-write-takes-one-sibling-too-many",
        guard: "siblings are bounded, and a write above the bound is handed back",
        file: "crates/clocks/src/dvv_set.rs",
        find: "Self::check_limits(actors, outcome.siblings.saturating_add(1))?;",
        replace: "Self::check_limits(actors, outcome.siblings)?;",
        killed_by: test(
            "clocks",
            "behaviour",
            "dvv_set::siblings_above_the_limit_are_refused_and_a_reader_makes_room",
        ),
        simulator: blind(BLIND),
    },
    Mutant {
        name: "dvv-set-removal-without-a-write-is-no-change",
        guard: "a removal needs no dot of its own (rust-crdt #160)",
        file: "crates/clocks/src/dvv_set.rs",
        find: "outcome.is_change |= other.counter > own.counter || kept < own.values.len();",
        replace: "outcome.is_change |= other.counter > own.counter;",
        killed_by: test(
            "clocks",
            "behaviour",
            "dvv_set::a_removal_needs_no_dot_of_its_own",
        ),
        simulator: blind(BLIND),
    },
    Mutant {
        name: "dvv-set-merge-revives-the-overwritten",
        guard: "what one side knows to be overwritten is overwritten",
        file: "crates/clocks/src/dvv_set/entry.rs",
        find: "self.values = copy(last(other.values, kept));",
        replace: "self.values = copy(other.values);",
        killed_by: test(
            "clocks",
            "behaviour",
            "dvv_set::a_value_that_is_gone_never_comes_back",
        ),
        simulator: blind(BLIND),
    },
    Mutant {
        name: "dotted-dot-in-its-own-past",
        guard: "the dot of a stamp is not in its past",
        file: "crates/clocks/src/dotted.rs",
        find: "if counter <= known {",
        replace: "if counter < known {",
        killed_by: test(
            "clocks",
            "behaviour",
            "dotted::a_dot_is_refused_exactly_if_it_is_in_the_past",
        ),
        simulator: blind(BLIND),
    },
    Mutant {
        name: "truncated-forgets-that-entries-were-dropped",
        guard: "a cut vector is never called older than a concurrent one (super-productivity #8755)",
        file: "crates/clocks/src/truncated.rs",
        find: "let is_at_most = left_dropped == 0 && shared",
        replace: "let is_at_most = shared",
        killed_by: test(
            "clocks",
            "behaviour",
            "truncated::a_write_that_is_concurrent_to_a_cut_clock_is_never_called_its_successor",
        ),
        simulator: blind(BLIND),
    },
    Mutant {
        name: "bloom-receive-trusts-the-room-of-the-message",
        guard: "no counter wraps, and a refused receive has merged nothing",
        file: "crates/clocks/src/bloom.rs",
        find: "self.check_room(&hits, Some(message))?;",
        replace: "self.check_room(&hits, None)?;",
        killed_by: test(
            "clocks",
            "behaviour",
            "bloom::an_event_without_room_in_a_counter_is_refused_and_changes_nothing",
        ),
        simulator: blind(BLIND),
    },
    Mutant {
        name: "bloom-probability-lost-below-the-smallest-float",
        guard: "the chance of a false answer is right after thousands of events",
        file: "crates/clocks/src/bloom/probability.rs",
        find: "if self.fraction > 1.0 && self.scale > 0 {",
        replace: "if false {",
        killed_by: lib(
            "clocks",
            "bloom::probability::tests::a_first_term_below_the_smallest_float_does_not_lose_the_rest",
        ),
        simulator: blind(BLIND),
    },
];
