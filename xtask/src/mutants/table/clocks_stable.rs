//! Guards of `clocks` about what everybody has seen: retirement, stability, causal delivery.

use super::{Mutant, blind, test};

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "roster-retires-a-member",
        guard: "only who has left is dropped",
        file: "crates/clocks/src/roster.rs",
        find: "let last = cut.last(slot).ok_or(ClockError::StillMember)?;",
        replace: "let last = cut.last(slot).unwrap_or(0);",
        killed_by: test(
            "clocks",
            "retirement",
            "retire_wants_the_cut_of_its_own_roster",
        ),
        simulator: blind("no protocol of the campaign uses it"),
    },
    Mutant {
        name: "roster-retires-before-all-have-seen",
        guard: "who left is dropped when every remaining member has seen its last event (Wuu and Bernstein 1984)",
        file: "crates/clocks/src/roster.rs",
        find: "let known = cut.clock().get(slot);\n        if known < last {",
        replace: "let known = cut.clock().get(slot);\n        if false {",
        killed_by: test(
            "clocks",
            "retirement",
            "akka_23318_a_removed_member_does_not_come_back_with_a_lagging_peer_s_gossip",
        ),
        simulator: blind("no protocol of the campaign uses it"),
    },
    Mutant {
        name: "roster-carries-an-old-stamp-forward",
        guard: "a stamp that misses events of who was dropped has no counterpart in the next epoch",
        file: "crates/clocks/src/roster.rs",
        find: "let known = clock.get(slot);\n                if known < last {",
        replace: "let known = clock.get(slot);\n                if false {",
        killed_by: test(
            "clocks",
            "retirement",
            "super_productivity_8755_a_stored_stamp_is_not_cut_down_to_look_older",
        ),
        simulator: blind("no protocol of the campaign uses it"),
    },
    Mutant {
        name: "stability-believes-events-after-the-last",
        guard: "nobody reports events of a member after it left",
        file: "crates/clocks/src/stability.rs",
        find: "&& *counter > last",
        replace: "&& false",
        killed_by: test(
            "clocks",
            "retirement",
            "a_clock_beyond_the_last_event_of_who_left_is_refused",
        ),
        simulator: blind("no protocol of the campaign uses it"),
    },
    Mutant {
        name: "matrix-clock-forgets-hearsay",
        guard: "every row is joined with the sender's (Wuu and Bernstein 1984)",
        file: "crates/clocks/src/matrix.rs",
        find: "is_news |= own.merge(row)?;",
        replace: "let _ = (&own, row);",
        killed_by: test(
            "clocks",
            "retirement",
            "a_matrix_clock_knows_of_others_what_they_told_and_no_more",
        ),
        simulator: blind("no protocol of the campaign uses it"),
    },
    Mutant {
        name: "causal-buffer-delivers-too-early",
        guard: "all that the sender had delivered comes before (Birman, Schiper and Stephenson 1991)",
        file: "crates/clocks/src/causal_buffer.rs",
        find: "unknown_count(stamp, scheduled) == 1",
        replace: "unknown_count(stamp, scheduled) >= 1",
        killed_by: test(
            "clocks",
            "causal_buffer",
            "every_arrival_order_of_small_executions_is_delivered_in_causal_order",
        ),
        simulator: blind("no protocol of the campaign uses it"),
    },
    Mutant {
        name: "causal-buffer-full-refuses-the-next-message",
        guard: "a full buffer takes the message that it waits for",
        file: "crates/clocks/src/causal_buffer.rs",
        find: "if is_full && self.ready_first != NONE {",
        replace: "if is_full {",
        killed_by: test("clocks", "causal_buffer", "a_full_buffer_never_gets_stuck"),
        simulator: blind("no protocol of the campaign uses it"),
    },
    Mutant {
        name: "causal-buffer-believes-in-its-unsent-messages",
        guard: "a stamp cannot know messages that were not sent",
        file: "crates/clocks/src/causal_buffer.rs",
        find: "if counter > sent {",
        replace: "if false {",
        killed_by: test(
            "clocks",
            "causal_buffer",
            "a_stamp_that_cannot_be_is_refused_and_handed_back",
        ),
        simulator: blind("no protocol of the campaign uses it"),
    },
];
