//! Single operations: what each format's fixture says.

use consistency::{
    CasRegister, Completion, Format, History, KeyValue, KvInput, Limits, OperationId, RegisterCall,
    RegisterOutput, Value, Verdict, check_linearizable, parse, write_json_lines,
};

use crate::{FIXTURES, OPERATIONS_COUNT};

fn fixture(name: usize) -> History {
    let (bytes, format) = FIXTURES[name];
    parse(bytes, format).expect("a well-formed fixture")
}

#[test]
fn every_fixture_is_detected_as_itself_with_any_line_ends_and_a_mark() {
    for (bytes, format) in FIXTURES {
        assert_eq!(Format::detect(bytes), Some(format));
        let text = str::from_utf8(bytes).expect("text");
        let windows = text.replace('\n', "\r\n");
        assert_eq!(Format::detect(windows.as_bytes()), Some(format));
        let marked = format!("\u{feff}\n  {text}");
        assert_eq!(Format::detect(marked.as_bytes()), Some(format));
        assert_eq!(Format::from_name(format.name()), Some(format));
    }
}

#[test]
fn what_is_alike_is_not_mistaken() {
    let detected = |text: &str| Format::detect(text.as_bytes());
    let log = "INFO  jepsen.util - 0\t:invoke\t:read\tnil\n";
    assert_eq!(detected(&format!("-----\n{log}")), Some(Format::JepsenLog));
    assert_eq!(
        detected(&format!("w starts now\n{log}")),
        Some(Format::JepsenLog)
    );
    let map = "{:process 0, :type :invoke, :f :put, :key \"x\", :value 1}";
    assert_eq!(detected(map), Some(Format::KeyValueLog));
    let timed = map.replace('}', ", :time 4}");
    assert_eq!(
        detected(&timed),
        Some(Format::JepsenEdn),
        "times are Jepsen's"
    );
    assert_eq!(detected(&format!("[{map}]")), Some(Format::JepsenEdn));
    assert_eq!(
        detected(&map.replace(":put", ":write")),
        Some(Format::JepsenEdn)
    );
    assert_eq!(detected("[[]]"), Some(Format::DbcopJson));
    assert_eq!(detected("{\"data\": []}"), Some(Format::DbcopJson));
    assert_eq!(detected("{\"value\": [[]]}"), Some(Format::JsonLines));
    for prose in [
        "",
        "\n",
        "read me",
        "w x",
        "-----\n=====",
        "r x 1 2",
        "42",
        "\u{feff}",
    ] {
        assert_eq!(detected(prose), None, "{prose:?}");
    }
}

#[test]
fn every_fixture_of_operations_is_written_back_the_same() {
    for (bytes, format) in &FIXTURES[..OPERATIONS_COUNT] {
        let history = parse(bytes, *format).expect("a well-formed fixture");
        assert!(history.operations_count() > 3);
        let text = write_json_lines(&history);
        assert_eq!(parse(text.as_bytes(), Format::JsonLines), Ok(history));
    }
}

#[test]
fn line_ends_of_windows_and_a_mark_change_nothing() {
    for (bytes, format) in &FIXTURES[..OPERATIONS_COUNT] {
        let history = parse(bytes, *format).expect("a well-formed fixture");
        let text = str::from_utf8(bytes).expect("text").trim_end();
        let unix = text.replace('\r', "");
        let windows = format!("\u{feff}{}", unix.replace('\n', "\r\n"));
        let again = parse(windows.as_bytes(), *format).expect("the same");
        assert_eq!(again, history);
        let positions = 0..history.events().len() as u64;
        let lines = |it: &History| positions.clone().map(|at| it.line(at)).collect::<Vec<_>>();
        assert_eq!(lines(&again), lines(&history));
    }
}

#[test]
fn maps_and_words_are_values() {
    let text = "{:process 0 :type :invoke :f :transfer :value {:from :a, 2 [nil :b], :amount {}}}";
    let history = parse(text.as_bytes(), Format::JepsenEdn).expect("well formed");
    let expected = Value::map([
        ("from".into(), "a".into()),
        (2.into(), Value::list([Value::Nil, "b".into()])),
        ("amount".into(), Value::map([])),
    ]);
    assert_eq!(history.events()[0].value, expected);
    let many: String = (0..200).map(|account| format!("{account} 10 ")).collect();
    let text = format!("{{:process 0 :type :invoke :f :read :value {{{many}}}}}");
    let history = parse(text.as_bytes(), Format::JepsenEdn).expect("a bank of 200 accounts");
    assert_eq!(
        history.events()[0].value.entry(&199.into()),
        Some(&10.into())
    );
    let written = write_json_lines(&history);
    assert_eq!(parse(written.as_bytes(), Format::JsonLines), Ok(history));
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
