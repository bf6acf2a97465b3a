//! Guards of the partial store: durability, clocks, and answers that count.

use super::{Mutant, blind, test};

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "partial-answers-before-it-is-durable",
        guard: "an answer tells only of durable state",
        file: "crates/consistency/src/partial/store.rs",
        find: "        cx.send(from, Message::Reply { operation, answer });",
        replace: "        cx.send_early(from, Message::Reply { operation, answer });",
        killed_by: test(
            "consistency",
            "partial",
            "rules::nothing_is_answered_or_acknowledged_before_it_is_durable",
        ),
        simulator: blind("no protocol of concord sim runs this store"),
    },
    Mutant {
        name: "partial-timestamp-leaves-before-its-record",
        guard: "a timestamp that was seen outlives a crash",
        file: "crates/consistency/src/partial/store.rs",
        find: "(version, answer, cx.last_token())",
        replace: "(version, answer, self.born)",
        killed_by: test(
            "consistency",
            "partial",
            "rules::a_timestamp_that_was_seen_outlives_a_crash",
        ),
        simulator: blind("no protocol of concord sim runs this store"),
    },
    Mutant {
        name: "partial-clock-does-not-hear-reads",
        guard: "a write is above every version that its node has read (Lamport 1978)",
        file: "crates/consistency/src/partial/store.rs",
        find: "                self.counter = self.counter.max(version.timestamp.counter);\n",
        replace: "",
        killed_by: test(
            "consistency",
            "partial",
            "rules::a_write_is_above_every_version_that_its_node_has_read",
        ),
        simulator: blind("no protocol of concord sim runs this store"),
    },
    Mutant {
        name: "partial-write-forgotten-when-answered",
        guard: "a write is sent again until all have stored it",
        file: "crates/consistency/src/partial/store.rs",
        find: "let goes_on = is_write || self.config.read_repair;",
        replace: "let goes_on = self.config.read_repair;",
        killed_by: test(
            "consistency",
            "partial",
            "rules::a_write_is_sent_again_until_all_have_stored_it_although_its_client_was_answered",
        ),
        simulator: blind("no protocol of concord sim runs this store"),
    },
    Mutant {
        name: "partial-former-life-counts",
        guard: "an answer names the incarnation that asked",
        file: "crates/consistency/src/partial/store.rs",
        find: "if operation.incarnation != self.incarnation {",
        replace: "if false {",
        killed_by: test(
            "consistency",
            "partial",
            "rules::an_answer_to_a_former_life_does_not_count",
        ),
        simulator: blind("no protocol of concord sim runs this store"),
    },
    Mutant {
        name: "partial-member-counts-twice",
        guard: "each member that was asked counts once",
        file: "crates/consistency/src/partial/store.rs",
        find: "if !operation.asked.contains(place) || has_answered {",
        replace: "if !operation.asked.contains(place) {",
        killed_by: test("consistency", "partial", "rules::a_member_counts_once"),
        simulator: blind("no protocol of concord sim runs this store"),
    },
    Mutant {
        name: "partial-older-answer-wins",
        guard: "a read returns the newest of its answers",
        file: "crates/consistency/src/partial/operation.rs",
        find: "if version.timestamp > self.version.timestamp {",
        replace: "if version.timestamp != self.version.timestamp {",
        killed_by: test(
            "consistency",
            "partial",
            "rules::a_read_returns_the_newest_of_its_first_r_answers",
        ),
        simulator: blind("no protocol of concord sim runs this store"),
    },
];
