//! Guards of `transport`: persist before send, and frames.

use super::{Mutant, blind, finds, lib, test};

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "sends-do-not-wait",
        guard: "persist before send: a message waits for every record before it",
        file: "crates/transport/src/context.rs",
        find: "let after = self.effects.last_token();\n        self.effects.push(Effect::Send {",
        replace: "let after = Token::NONE;\n        self.effects.push(Effect::Send {",
        killed_by: test(
            "transport",
            "contract",
            "what_is_sent_or_emitted_waits_for_the_newest_record",
        ),
        simulator: finds("raft", 1_000),
    },
    Mutant {
        name: "events-do-not-wait",
        guard: "persist before emit: a client hears of nothing that a crash can undo",
        file: "crates/transport/src/context.rs",
        find: "let after = self.effects.last_token();\n        self.effects.push(Effect::Emit {",
        replace: "let after = Token::NONE;\n        self.effects.push(Effect::Emit {",
        killed_by: test(
            "transport",
            "contract",
            "what_is_sent_or_emitted_waits_for_the_newest_record",
        ),
        simulator: blind(
            "no protocol of a campaign uses it: Raft's events say what no crash can undo",
        ),
    },
    Mutant {
        name: "checksum-skips-the-header",
        guard: "a flipped bit in a frame's length or version is noticed",
        file: "crates/transport/src/frame.rs",
        find: "hasher.update(&[l0, l1, l2, l3, version]);",
        replace: "",
        killed_by: lib(
            "transport",
            "frame::tests::the_checksum_is_the_crc_of_ieee_802_3",
        ),
        simulator: blind("its network carries values, not bytes"),
    },
    Mutant {
        name: "bad-checksum-accepted",
        guard: "a frame with a bad checksum is refused",
        file: "crates/transport/src/frame.rs",
        find: "if found == expected {",
        replace: "if true {",
        killed_by: test("transport", "frames", "every_single_flipped_bit_is_noticed"),
        simulator: blind("its network carries values, not bytes"),
    },
    Mutant {
        name: "body-length-unlimited",
        guard: "a length above the limit is refused before its body is awaited",
        file: "crates/transport/src/frame.rs",
        find: "if length > body_bytes_max {",
        replace: "if false {",
        killed_by: test(
            "transport",
            "frames",
            "a_body_above_the_limit_is_refused_by_its_header_alone",
        ),
        simulator: blind("its network carries values, not bytes"),
    },
];
