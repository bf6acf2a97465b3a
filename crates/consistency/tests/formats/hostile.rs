//! No input panics, and what is written is read back.

use consistency::{
    CasRegister, Event, EventKind, Format, Function, History, KeyValue, ProcessId, Recorded, Value,
    parse, parse_recorded, write_json_lines, write_transactions,
};
use quickcheck::{Arbitrary, Gen, QuickCheck};

use crate::{
    FIXTURES,
    streaming::{in_pieces, shown},
};

fn checked(seed: u64, tests: u64) -> QuickCheck {
    QuickCheck::new()
        .rng(Gen::from_size_and_seed(100, seed))
        .tests(tests)
}

#[derive(Clone, Debug)]
struct Written(History);

fn value(g: &mut Gen, depth: usize) -> Value {
    match u8::arbitrary(g) % 7 {
        0 => Value::Nil,
        1 => Value::Bool(bool::arbitrary(g)),
        2 | 3 => Value::Int(i64::arbitrary(g)),
        4 => Value::from(String::arbitrary(g)),
        5 => Value::from_bytes(&Vec::<u8>::arbitrary(g)),
        _ if depth > 3 => Value::Nil,
        _ => Value::list((0..u8::arbitrary(g) % 4).map(|_| value(g, depth + 1))),
    }
}

impl Arbitrary for Written {
    fn arbitrary(g: &mut Gen) -> Self {
        let mut events = Vec::new();
        for _ in 0..u8::arbitrary(g) % 6 {
            let process = ProcessId(u64::arbitrary(g));
            let names = [
                "read", "write", "cas", "get", "put", "append", "delete", "é \"x\"",
            ];
            let function = Function::from_name(g.choose(&names).expect("one"));
            let key = bool::arbitrary(g).then(|| value(g, 0));
            let event = |g: &mut Gen, kind| Event {
                process,
                kind,
                function: function.clone(),
                key: key.clone(),
                value: value(g, 0),
                error: bool::arbitrary(g).then(|| value(g, 0)),
                time_ns: bool::arbitrary(g).then(|| u64::arbitrary(g)),
            };
            events.push(event(g, EventKind::Invoke));
            let ends = [EventKind::Ok, EventKind::Fail, EventKind::Info];
            let end = *g.choose(&ends).expect("one");
            events.push(event(g, end));
        }
        Self(History::from_events(events).expect("paired"))
    }
}

#[test]
fn whatever_is_recorded_is_read_back_the_same() {
    fn property(written: Written) -> bool {
        let text = write_json_lines(&written.0);
        parse(text.as_bytes(), Format::JsonLines).as_ref() == Ok(&written.0)
    }
    checked(1, 2_000).quickcheck(property as fn(Written) -> bool);
}

/// Reads these bytes in every format; what is read must also be writable and readable again.
fn survives(bytes: &[u8]) -> bool {
    let _ = Format::detect(bytes);
    Format::ALL.into_iter().all(|format| {
        let whole = shown(parse_recorded(bytes, format));
        assert_eq!(
            in_pieces(bytes, format, &[0, 2, 40, 7]),
            whole,
            "{format:?}"
        );
        if let Ok(Recorded::Transactions(history)) = parse_recorded(bytes, format)
            && let Ok(text) = write_transactions(&history)
        {
            let again = parse_recorded(text.as_bytes(), Format::JsonLines).expect("our own");
            return match again {
                Recorded::Transactions(again) => write_transactions(&again) == Ok(text),
                _ => text.is_empty(),
            };
        }
        let Ok(history) = parse(bytes, format) else {
            return true;
        };
        let _ = history.operations(&KeyValue::new(Value::Nil));
        let _ = history.operations(&CasRegister::new(Value::Nil));
        parse(write_json_lines(&history).as_bytes(), Format::JsonLines) == Ok(history)
    })
}

#[test]
fn random_bytes_never_panic() {
    fn property(bytes: Vec<u8>) -> bool {
        survives(&bytes)
    }
    checked(2, 2_000).quickcheck(property as fn(Vec<u8>) -> bool);
}

#[test]
fn random_tokens_never_panic() {
    const TOKENS: [&str; 48] = [
        "w(0,1,2,3)",
        "r(0,1,2,-1)",
        "r x 1",
        "w 1 2",
        "-----",
        "=====",
        "[[",
        "]]",
        "\"data\":",
        "{\"events\":[[\"w\",0,1]],\"committed\":true}",
        "\"f\":\"txn\",",
        ":f :txn",
        "[:append 1 2]",
        "[\"r\",\"x\",[1]]",
        "\u{feff}",
        "\r",
        "{",
        "}",
        "[",
        "]",
        "(",
        ")",
        "\"",
        "\\",
        ":",
        ",",
        "#",
        "_",
        "\t",
        "\n",
        ";",
        "-",
        "1",
        "9223372036854775808",
        "nil",
        ":process",
        "\"process\":0",
        ":type :ok",
        ":f :read",
        ":value",
        "\\u",
        "d800",
        "é",
        "#_",
        "#{",
        "1e",
        ".",
        " ",
    ];
    fn property(picks: Vec<u8>) -> bool {
        let text: String = picks
            .iter()
            .map(|pick| TOKENS[*pick as usize % TOKENS.len()])
            .collect();
        survives(text.as_bytes())
    }
    checked(3, 2_000).quickcheck(property as fn(Vec<u8>) -> bool);
}

#[test]
fn mutated_files_never_panic() {
    fn property(which: u8, edits: Vec<(u16, u8, u8)>) -> bool {
        let (bytes, _) = FIXTURES[which as usize % FIXTURES.len()];
        let mut bytes = bytes.to_vec();
        for (place, kind, byte) in edits.into_iter().take(6) {
            let place = place as usize % bytes.len().max(1);
            match kind % 4 {
                0 => bytes[place] = byte,
                1 => bytes.insert(place, byte),
                2 if bytes.len() > 1 => drop(bytes.remove(place)),
                2 => {}
                _ => {
                    let tail = bytes.split_off(place);
                    bytes.extend_from_slice(&tail[tail.len() / 2..]);
                    bytes.extend_from_slice(&tail);
                }
            }
        }
        survives(&bytes)
    }
    checked(4, 1_000).quickcheck(property as fn(u8, Vec<(u16, u8, u8)>) -> bool);
}
