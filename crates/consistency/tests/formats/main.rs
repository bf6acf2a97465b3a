//! The four formats: fixtures, places of complaints, round trips, and that no input panics.

use consistency::{
    CasRegister, Completion, Error, Event, EventKind, Format, Function, History, KeyValue, KvInput,
    Limits, OperationId, ProcessId, Recorded, RegisterCall, RegisterOutput, Value, Verdict,
    check_linearizable, parse, parse_recorded,
    transactions::{Ending, Transactions},
    write_json_lines, write_transactions,
};
use quickcheck::{Arbitrary, Gen, QuickCheck};

const FIXTURES: [(&[u8], Format); 5] = [
    (
        include_bytes!("../data/stale-read.jsonl"),
        Format::JsonLines,
    ),
    (include_bytes!("../data/sessions.jsonl"), Format::JsonLines),
    (
        include_bytes!("../data/cas-register.edn"),
        Format::JepsenEdn,
    ),
    (include_bytes!("../data/register.log"), Format::JepsenLog),
    (include_bytes!("../data/appends.txt"), Format::KeyValueLog),
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
    let line = |id: &OperationId| history.line(operations[id.0].call.position);
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

fn transactions(text: &[u8], format: Format) -> Result<Transactions, Error> {
    match parse_recorded(text, format)? {
        Recorded::Transactions(history) => Ok(history),
        other => panic!("{other:?}"),
    }
}

/// Process, ending, line, and the steps as our own format writes them.
fn described(history: &Transactions) -> Vec<String> {
    let describe = |id| {
        let it = history.get(OperationId(id)).expect("in range");
        let line = history.line(OperationId(id));
        format!("{} {:?} {line:?} {:?}", it.process, it.ending, it.steps)
    };
    (0..history.len()).map(describe).collect()
}

#[test]
fn transactions_of_lists_and_registers_are_read_and_written_back() {
    let text = r#"
        {:index 3 :type :invoke :process 4 :f :txn :value [[:append :x 1] [:r :x nil] [:r 2 nil]] :time 5}
        {:index 4 :type :invoke :process 1 :f :txn :value [[:w "y" 1] [:r :y nil]]}
        {:index 7 :type :ok :process 4 :f :txn :value [[:append :x 1] [:r :x [1]] [:r 2 nil]] :time 9}
        {:process :nemesis :type :info :f :start}
        {:type :fail :process 1 :f :txn :error :conflict}
        {:type :invoke :process 1 :f :txn :value [[:append 2 5]]}
        {:type :info :process 1 :f :txn :value [[:append 2 5]] :error :timeout}
        {:type :invoke :process 1 :f :txn :value [[:r "y" nil]]}
        {:type :invoke :process 0 :f :txn :value [[:append 2 6]]}
        {:type :ok :process 1 :f :txn :value [[:r "y" nil]]}"#;
    let history = transactions(text.as_bytes(), Format::JepsenEdn).expect("well formed");
    let written = r#"{"process":4,"type":"invoke","f":"txn","value":[["append","x",1],["r","x",null],["r",2,null]],"time":5}
{"process":1,"type":"invoke","f":"txn","value":[["w","y",1],["r","y",null]]}
{"process":4,"type":"ok","f":"txn","value":[["append","x",1],["r","x",[1]],["r",2,[]]],"time":9}
{"process":1,"type":"fail","f":"txn","value":[["w","y",1],["r","y",null]]}
{"process":1,"type":"invoke","f":"txn","value":[["append",2,5]]}
{"process":1,"type":"info","f":"txn","value":[["append",2,5]]}
{"process":1,"type":"invoke","f":"txn","value":[["r","y",null]]}
{"process":0,"type":"invoke","f":"txn","value":[["append",2,6]]}
{"process":1,"type":"ok","f":"txn","value":[["r","y",null]]}
"#;
    assert_eq!(write_transactions(&history).as_deref(), Ok(written));
    let again = transactions(written.as_bytes(), Format::JsonLines).expect("well formed");
    assert_eq!(write_transactions(&again).as_deref(), Ok(written));
    let lines: Vec<_> = (0..5).map(|id| history.line(OperationId(id))).collect();
    assert_eq!(lines, [2, 3, 7, 9, 10].map(Some));
    let endings: Vec<_> = (0..5)
        .map(|id| history.get(OperationId(id)).expect("there").ending)
        .collect();
    use Ending::{Aborted, Committed, Indeterminate};
    assert_eq!(
        endings,
        [Committed, Aborted, Indeterminate, Committed, Indeterminate]
    );
}

#[test]
fn transactions_without_processes_are_each_of_a_client_of_their_own() {
    let bytes = include_bytes!("../data/transaction.edn");
    let history = transactions(bytes, Format::JepsenEdn).expect("well formed");
    assert_eq!(
        described(&history),
        [
            "0 Committed Some(1) [Append { key: Int(1), value: Int(1) }, \
             ReadList { key: Int(2), values: Some([Int(1)]) }]"
        ]
    );
    let logged = b"0\t:invoke\t:txn\t[[:r 1 nil]]\n0\t:ok\t:txn\t[[:r 1 [2 3]]]";
    let history = transactions(logged, Format::JepsenLog).expect("well formed");
    assert_eq!(history.len(), 1);
}

#[test]
fn transactions_that_contradict_themselves_are_refused() {
    let refused = |text: &str| transactions(text.as_bytes(), Format::JepsenEdn).expect_err("bad");
    let pair = |call: &str, ok: &str| {
        let call = format!("{{:process 0 :type :invoke :f :txn :value {call}}}\n");
        format!("{call}{{:process 0 :type :ok :f :txn :value {ok}}}\n")
    };
    assert_eq!(
        refused(&pair(
            "[[:append 1 1] [:w 1 2]]",
            "[[:append 1 1] [:w 1 2]]"
        )),
        Error::KeyOfTwoKinds {
            line: 1,
            key: "1".into()
        }
    );
    let differs = Error::PairDiffers {
        line: 2,
        opened_line: 1,
    };
    assert_eq!(refused(&pair("[[:w 1 1]]", "[[:w 1 2]]")), differs);
    assert_eq!(refused(&pair("[[:r 1 nil]]", "[]")), differs);
    let twice = pair("[[:r 1 nil]]", "[[:r 1 4]]").replace(":ok", ":invoke");
    assert!(matches!(
        refused(&twice),
        Error::ProcessBusy { line: 2, .. }
    ));
    let unnamed = "{:type :invoke :value [[:r 1 nil]]}{:type :invoke :value [[:r 1 nil]]}";
    assert!(matches!(
        refused(unnamed),
        Error::ProcessBusy { line: 1, .. }
    ));
    let never = "{:type :ok :value [[:r 1 nil]]}";
    assert!(matches!(
        refused(never),
        Error::NeverInvoked { line: 1, .. }
    ));
    let mixed = pair("[[:r 1 nil]]", "[[:r 1 4]]") + "{:process 0 :type :invoke :f :read}";
    assert_eq!(refused(&mixed), Error::NotTransaction { line: 3 });
    let mixed = "{:process 0 :type :invoke :f :read}\n{:process 1 :type :invoke :f :txn :value []}";
    let refused = parse_recorded(mixed.as_bytes(), Format::JepsenEdn);
    assert_eq!(refused.err(), Some(Error::Transaction { line: 2 }));
}

#[test]
fn transactions_are_refused_by_name() {
    let bytes = include_bytes!("../data/transaction.edn");
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
        "1:14 each field once; \"type\"",
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
    let refused = parse(b"{:process :nemesis}\n{\xff}", Format::JepsenEdn);
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
