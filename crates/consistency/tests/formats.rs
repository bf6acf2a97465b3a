//! The four formats: fixtures, places of complaints, round trips, and that no input panics.

use consistency::{
    CasRegister, Completion, Error, Event, EventKind, Format, Function, History, KeyValue, KvInput,
    Limits, ProcessId, RegisterCall, RegisterOutput, Value, Verdict, check_linearizable, parse,
    write_json_lines,
};
use quickcheck::{Arbitrary, Gen, QuickCheck};

const FIXTURES: [(&[u8], Format); 5] = [
    (include_bytes!("data/stale-read.jsonl"), Format::JsonLines),
    (include_bytes!("data/sessions.jsonl"), Format::JsonLines),
    (include_bytes!("data/cas-register.edn"), Format::JepsenEdn),
    (include_bytes!("data/register.log"), Format::JepsenLog),
    (include_bytes!("data/appends.txt"), Format::KeyValueLog),
];

fn fixture(name: usize) -> History {
    let (bytes, format) = FIXTURES[name];
    parse(bytes, format).expect("a well-formed fixture")
}

#[test]
fn every_fixture_is_detected_and_written_back_the_same() {
    for (bytes, format) in FIXTURES {
        assert_eq!(Format::detect(bytes), Some(format));
        let history = parse(bytes, format).expect("a well-formed fixture");
        assert!(history.operations_count() > 3);
        let text = write_json_lines(&history);
        assert_eq!(parse(text.as_bytes(), Format::JsonLines), Ok(history));
        assert_eq!(Format::from_name(format.name()), Some(format));
    }
}

#[test]
fn json_lines_of_a_stale_read_are_violated_by_three_operations() {
    let history = fixture(0);
    let model = KeyValue::new(Value::Nil);
    let operations = history.operations(&model).expect("operations");
    let verdict = check_linearizable(&model, &operations, &Limits::default(), &mut || true);
    let Verdict::Violated(violation) = verdict else {
        panic!("{verdict:?}");
    };
    let line = |id: &consistency::OperationId| history.line(operations[id.0].call.position);
    let lines: Vec<_> = violation.operations.iter().map(line).collect();
    assert_eq!(lines, [Some(1), Some(4), Some(8)]);
    assert_eq!(violation.key, "x".into());
}

#[test]
fn json_lines_hold_text_bytes_errors_and_times() {
    let model = KeyValue::new(Value::Nil);
    let operations = fixture(1).operations(&model).expect("operations");
    assert_eq!(operations[0].input, KvInput::append("x", "aé"));
    assert_eq!(operations[0].call.time_ns, Some(0));
    assert!(matches!(
        operations[0].completion,
        Completion::Info { at: Some(_) }
    ));
    assert!(
        matches!(operations[1].completion, Completion::Ok { .. }),
        "a mismatch"
    );
    let bytes = KvInput::Put {
        key: "x".into(),
        value: Value::from_bytes(&[0xff, 0]),
    };
    assert_eq!(operations[3].input, bytes);
    assert!(matches!(operations[3].completion, Completion::Fail { .. }));
    assert!(check_linearizable(&model, &operations, &Limits::default(), &mut || true).holds());
}

#[test]
fn jepsen_edn_reads_tags_comments_discards_and_skips_the_nemesis() {
    let history = fixture(2);
    assert_eq!(history.skipped(), 1);
    let model = CasRegister::new(Value::Nil);
    let operations = history.operations(&model).expect("operations");
    assert_eq!(operations.len(), 5);
    assert_eq!(operations[0].call.time_ns, Some(100));
    let swap = RegisterCall::Cas {
        expected: 3.into(),
        new: 4.into(),
    };
    assert_eq!(operations[1].input.call, swap);
    let output = operations[3].completion.output();
    assert_eq!(output, Some(&RegisterOutput::Mismatch));
    assert!(matches!(operations[4].completion, Completion::Fail { .. }));
    assert!(check_linearizable(&model, &operations, &Limits::default(), &mut || true).holds());
}

#[test]
fn a_jepsen_log_keeps_timeouts_apart() {
    let history = fixture(3);
    assert_eq!(history.skipped(), 2);
    let timed_out = Some(Value::from("timed-out"));
    let reasons: Vec<_> = history
        .events()
        .iter()
        .filter(|it| it.error.is_some())
        .collect();
    assert!(
        reasons
            .iter()
            .all(|it| it.error == timed_out && it.value == Value::Nil)
    );
    let model = CasRegister::new(Value::Nil);
    let operations = history.operations(&model).expect("operations");
    let ends: Vec<_> = operations
        .iter()
        .map(|it| (&it.completion, it.process.0))
        .collect();
    assert!(matches!(ends[1], (Completion::Info { at: Some(_) }, 1)));
    assert!(matches!(ends[3], (Completion::Fail { .. }, 0)));
    assert!(matches!(
        ends[4],
        (
            Completion::Ok {
                output: RegisterOutput::Mismatch,
                ..
            },
            6
        )
    ));
    assert!(
        matches!(ends[5], (Completion::Info { at: None }, 6)),
        "open at the end"
    );
    assert!(check_linearizable(&model, &operations, &Limits::default(), &mut || true).holds());
}

#[test]
fn the_key_value_log_starts_with_empty_strings() {
    let initial = Format::KeyValueLog
        .initial_value()
        .expect("part of the format");
    let model = KeyValue::new(initial);
    let operations = fixture(4).operations(&model).expect("operations");
    assert!(check_linearizable(&model, &operations, &Limits::default(), &mut || true).holds());
    let absent = KeyValue::new(Value::Nil);
    assert!(!check_linearizable(&absent, &operations, &Limits::default(), &mut || true).holds());
}

#[test]
fn transactions_are_refused_by_name() {
    let bytes = include_bytes!("data/transaction.edn");
    assert_eq!(Format::detect(bytes), Some(Format::JepsenEdn));
    let refused = parse(bytes, Format::JepsenEdn);
    assert_eq!(refused, Err(Error::Transaction { line: 1 }));
    let named = b"{:process 0, :type :invoke, :f :txn, :value [[:r 1 nil]]}";
    assert_eq!(
        parse(named, Format::JepsenEdn),
        Err(Error::Transaction { line: 1 })
    );
    let logged = b"0\t:invoke\t:txn\t[[:r 1 nil]]";
    assert_eq!(
        parse(logged, Format::JepsenLog),
        Err(Error::Transaction { line: 1 })
    );
}

/// Text, format, and the complaint about it.
const COMPLAINTS: [(&str, Format, &str); 22] = [
    (
        "{\"process\":0,\n",
        Format::JsonLines,
        "1:14 a field name; the end of the line",
    ),
    (
        "{\"process\":01}",
        Format::JsonLines,
        "1:12 a JSON number; 01",
    ),
    (
        "{\"proces\":0}",
        Format::JsonLines,
        "1:2 process, type, f, key, value, error, time or index; \"proces\"",
    ),
    ("\n[1]", Format::JsonLines, "2:1 {; [1"),
    (
        "{\"type\":\"ok\",\"type\":\"ok\"}",
        Format::JsonLines,
        "1:14 each field once, and at most 64; \"type\"",
    ),
    (
        "{\"process\":\"nemesis\"}",
        Format::JsonLines,
        "1:12 a process number from 0; \"nemesis\"",
    ),
    (
        "{\"process\":-1}",
        Format::JsonLines,
        "1:12 a process number from 0; -1",
    ),
    (
        "{\"f\":\"é\u{1}\"}",
        Format::JsonLines,
        "1:8 an escaped control character; \u{1}",
    ),
    (
        "{\"f\":\"\\ud800\"}",
        Format::JsonLines,
        "1:7 a character; \\ud800",
    ),
    (
        "{\"process\":0,\"type\":\"ok\",\"f\":\"read\",\"value\":1.5}",
        Format::JsonLines,
        "1:45 nil, a truth value, a 64-bit whole number, text, or a list or map of these; 1.5",
    ),
    (
        "{\"process\":0,\"type\":\"ok\",\"f\":\"read\"} {}",
        Format::JsonLines,
        "1:38 the end of the line; {",
    ),
    (
        "{\"process\":0,\"type\":\"ok\",\"f\":\"read\",\"time\":-1}",
        Format::JsonLines,
        "1:44 nanoseconds, a whole number from 0; -1",
    ),
    (
        "[{:process 0 :type :ok",
        Format::JepsenEdn,
        "1:23 an EDN value; the end",
    ),
    (
        "[{:process 0 :type :invoke :f :read}] x",
        Format::JepsenEdn,
        "1:39 nothing after the vector of events; x",
    ),
    (
        "[\n :oops]",
        Format::JepsenEdn,
        "2:2 a map of an event; :oops",
    ),
    (
        "{:process 0 :f :read}",
        Format::JepsenEdn,
        "1:1 an event with a type; {:process",
    ),
    (
        "{:process 0 :type :ok}",
        Format::JepsenEdn,
        "1:1 an event with a function f; {:process",
    ),
    (
        "{:process 0 :type :invoke :f :read :index 4}\n{:process 0 :type :ok :f :read :index 4}",
        Format::JepsenEdn,
        "2:39 an index greater than the one before; 4",
    ),
    (
        "0\t:invoke\t:read",
        Format::JepsenLog,
        "1:16 a tab; the end",
    ),
    (
        "zero\t:invoke\t:read\tnil",
        Format::JepsenLog,
        "1:1 a process number from 0; zero",
    ),
    (
        "0\t:invoke\t:cas\t[1\n2]",
        Format::JepsenLog,
        "1:16 a value that ends on its line; [1",
    ),
    (
        "only prose",
        Format::JepsenLog,
        "1:1 at least one line process<tab>:type<tab>:f<tab>value; only",
    ),
];

#[test]
fn complaints_name_line_column_what_was_expected_and_what_was_found() {
    for (text, format, complaint) in COMPLAINTS {
        let refused = parse(text.as_bytes(), format);
        let Err(Error::Parse {
            line,
            column,
            expected,
            found,
        }) = refused
        else {
            panic!("{text}: {refused:?}");
        };
        assert_eq!(
            format!("{line}:{column} {expected}; {found}"),
            complaint,
            "{text}"
        );
    }
}

#[test]
fn bytes_that_are_not_utf8_are_refused_at_their_place() {
    let refused = parse(b"{}\n{\xff}", Format::JepsenEdn);
    assert!(matches!(
        refused,
        Err(Error::Parse {
            line: 2,
            column: 2,
            expected: "UTF-8 text",
            ..
        })
    ));
}

#[test]
fn values_nested_too_deep_are_refused_not_followed() {
    for (open, close) in [
        ("[", "]"),
        ("{:a ", "}"),
        ("#{", "}"),
        ("#t ", ""),
        ("#_ ", ""),
    ] {
        let deep = open.repeat(100_000) + "1" + &close.repeat(100_000);
        let text = format!("{{:process 0 :type :ok :f :read :value {deep}}}");
        assert!(parse(text.as_bytes(), Format::JepsenEdn).is_err(), "{open}");
    }
    let deep = "[".repeat(100_000);
    let text = format!("{{\"value\":{deep}");
    assert!(parse(text.as_bytes(), Format::JsonLines).is_err());
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
    QuickCheck::new()
        .tests(3_000)
        .quickcheck(property as fn(Written) -> bool);
}

/// Reads these bytes in every format; what is read must also be writable and readable again.
fn survives(bytes: &[u8]) -> bool {
    let _ = Format::detect(bytes);
    Format::ALL.into_iter().all(|format| {
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
    QuickCheck::new()
        .tests(5_000)
        .quickcheck(property as fn(Vec<u8>) -> bool);
}

#[test]
fn random_tokens_never_panic() {
    const TOKENS: [&str; 32] = [
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
            .map(|pick| TOKENS[*pick as usize % 32])
            .collect();
        survives(text.as_bytes())
    }
    QuickCheck::new()
        .tests(5_000)
        .quickcheck(property as fn(Vec<u8>) -> bool);
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
    QuickCheck::new()
        .tests(3_000)
        .quickcheck(property as fn(u8, Vec<(u16, u8, u8)>) -> bool);
}
