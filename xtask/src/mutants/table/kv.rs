//! Guards of `kv`: sessions, reads through Raft, and answers that tell the truth.

use super::{Mutant, blind, finds, test};

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "session-ignored",
        guard: "a retried operation is executed once (Raft §8)",
        file: "crates/kv/src/machine.rs",
        find: "        if sequence == last {\n            return session.reply.clone();\n        }",
        replace: "        if sequence == last {\n            return execute(&mut self.map, self.limits, operation);\n        }",
        killed_by: test(
            "kv",
            "machine",
            "a_retry_repeats_the_reply_without_executing_again",
        ),
        simulator: finds("raft", 2_000),
    },
    Mutant {
        name: "read-answered-at-once",
        guard: "a read waits until the leader has heard a quorum (dissertation §6.4)",
        file: "crates/kv/src/process.rs",
        find: "Ask::Get { key } => (raft_core::Request::Read { id }, Pending::Read { key }),",
        replace: "Ask::Get { key } => { let value = self.machine.get(&key).cloned(); return Err(Event::Done { id, reply: crate::Reply::Value { value } }); }",
        killed_by: test(
            "kv",
            "cluster",
            "a_deposed_leader_in_a_minority_never_serves_a_read",
        ),
        simulator: finds("raft", 2_000),
    },
    Mutant {
        name: "compare-and-set-forgets-to-compare",
        guard: "a compare-and-set swaps only what it expects",
        file: "crates/kv/src/machine.rs",
        find: "if actual == expected.as_ref() {",
        replace: "if actual == expected.as_ref() || actual.is_some() {",
        killed_by: test(
            "kv",
            "machine",
            "compare_and_set_swaps_only_what_it_expects",
        ),
        simulator: finds("raft", 2_000),
    },
    Mutant {
        name: "newest-session-closed",
        guard: "the session unused for longest makes room",
        file: "crates/kv/src/machine.rs",
        find: "self.by_use.pop_first()",
        replace: "self.by_use.pop_last()",
        killed_by: test(
            "kv",
            "machine",
            "the_least_recently_used_session_makes_room",
        ),
        simulator: blind("its clients open fewer sessions than there is room for"),
    },
    Mutant {
        name: "lost-told-as-done",
        guard: "a write that a newer term overwrote is not reported as executed",
        file: "crates/kv/src/process.rs",
        find: "Outcome::Lost { .. } => Event::Lost { id },",
        replace: "Outcome::Lost { .. } => Event::Done { id, reply: crate::Reply::Written },",
        killed_by: test(
            "kv",
            "cluster",
            "a_write_overwritten_by_a_newer_term_is_lost_and_its_retry_executes_once",
        ),
        simulator: finds("raft", 2_000),
    },
    Mutant {
        name: "unknown-told-as-lost",
        guard: "a write of unknown fate is not reported as lost",
        file: "crates/kv/src/process.rs",
        find: "Outcome::Unknown { .. } => Event::Unknown { id },",
        replace: "Outcome::Unknown { .. } => Event::Lost { id },",
        killed_by: test(
            "kv",
            "cluster",
            "a_write_whose_fate_stays_hidden_ends_unknown_after_the_patience",
        ),
        simulator: blind("its clients stop waiting before the patience is over"),
    },
    Mutant {
        name: "wrapper-drops-the-gate",
        guard: "what Raft sends still waits for its records when the store forwards it",
        file: "crates/kv/src/process.rs",
        find: "                    cx.forward(Effect::Send { to, message, after });",
        replace: "                    { let _ = after; cx.forward(Effect::Send { to, message, after: Token::NONE }); }",
        killed_by: test("kv", "cluster", "a_vote_waits_for_its_record"),
        simulator: finds("raft", 2_000),
    },
];
