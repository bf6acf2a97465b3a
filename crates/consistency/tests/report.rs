//! Reports: what the text says, and that a page is whole, safe and always the same.

use consistency::report::{Finding, Report};
use consistency::transactions::{Builder, Ending, MicroOperation};
use consistency::{
    Anomaly, CasRegister, Consistency, Edge, Judgement, Limits, Moment, OperationId, Operations,
    ProcessId, Reason, Recorder, RegisterInput, RegisterOutput, Rule, Value, check_linearizable,
};

fn at(position: u64) -> Moment {
    Moment {
        position,
        time_ns: None,
    }
}

/// Two writes one after the other, a write that nobody heard of, and a read by `process 2`.
fn history(written: &Value, read: &Value) -> Operations<CasRegister> {
    let mut recorder = Recorder::new();
    for value in [written.clone(), 2.into()] {
        let write = recorder
            .invoke(ProcessId(0), RegisterInput::write(value), 0)
            .expect("idle");
        recorder.ok(write, RegisterOutput::Done, 0).expect("open");
    }
    recorder
        .invoke(ProcessId(1), RegisterInput::write(9), 0)
        .expect("idle");
    let call = recorder
        .invoke(ProcessId(2), RegisterInput::read(), 0)
        .expect("idle");
    recorder
        .ok(call, RegisterOutput::Value(read.clone()), 0)
        .expect("open");
    recorder.finish()
}

fn report(written: impl Into<Value>, read: impl Into<Value>) -> Report {
    let model = CasRegister::new(Value::Nil);
    let history = history(&written.into(), &read.into());
    let verdict = check_linearizable(&model, &history, &Limits::default(), &mut || true);
    let lines = |position| Some(position + 1);
    Report::linearizable("a run", &model, &history, &verdict, &lines)
}

/// The data of a page, as the script reads it.
fn data(page: &str) -> serde_json::Value {
    let (_, rest) = page.split_once("id=\"data\">").expect("data");
    let (data, _) = rest.split_once("</script>").expect("its end");
    serde_json::from_str(data).expect("JSON")
}

#[test]
fn a_violation_is_explained_by_its_core_the_longest_order_and_what_is_blocked() {
    let report = report(1, 1);
    assert_eq!(report.finding(), Finding::Violated);
    let text = report.explain();
    for part in [
        "Not linearizable: no order of the 4 operations",
        "A  line 1     process 0 write 1 -> ok 1",
        "B  line 3     process 0 write 2 -> ok 2",
        "C  line 6     process 2 read -> ok 1",
        "The longest order that goes well has",
        "none can",
        "process 2 read -> ok 1: this state does not give that answer",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(report.evidence().len(), 3);
}

#[test]
fn what_holds_shows_the_beginning_of_its_order() {
    let report = report(1, 2);
    assert_eq!(report.finding(), Finding::Holds);
    let text = report.explain();
    assert!(text.contains("begins so"), "{text}");
    assert!(
        text.contains("line 1     process 0 write 1 -> ok 1"),
        "{text}"
    );
    assert!(report.evidence().is_empty());
}

#[test]
fn what_is_unknown_says_that_it_is_no_success() {
    let model = CasRegister::new(Value::Nil);
    let history = history(&1.into(), &1.into());
    let verdict = check_linearizable(&model, &history, &Limits::default(), &mut || false);
    let report = Report::linearizable("a run", &model, &history, &verdict, &|_| None);
    assert_eq!(report.finding(), Finding::Unknown);
    assert!(
        report.headline().contains("not success"),
        "{}",
        report.headline()
    );
}

#[test]
fn a_page_marks_exactly_the_core() {
    let page = report(1, 1).html();
    let data = data(&page);
    let bars = data["bars"].as_array().expect("bars");
    // id, row, start, end, fate, update, mark, letter, …
    let marks: Vec<_> = bars
        .iter()
        .map(|bar| (bar[0].as_u64(), bar[6].as_u64(), bar[7].as_str()))
        .collect();
    assert_eq!(
        marks,
        [
            (Some(0), Some(1), Some("A")),
            (Some(1), Some(1), Some("B")),
            (Some(2), Some(0), Some("")),
            (Some(3), Some(1), Some("C")),
        ]
    );
    // The write that nobody heard of is open.
    let fates: Vec<_> = bars.iter().map(|bar| bar[4].as_u64()).collect();
    assert_eq!(fates, [Some(0), Some(0), Some(2), Some(0)]);
    assert_eq!(data["lanes"].as_array().map(Vec::len), Some(3));
}

#[test]
fn no_value_ends_the_script_or_becomes_markup() {
    let evil = "</script><script>alert(1)</script><!--<b>&amp;\u{2028}\"'";
    let page = report(evil, evil).html();
    assert_eq!(
        page.matches("<script").count(),
        2,
        "the data and the program"
    );
    assert_eq!(page.matches("</script>").count(), 2);
    assert!(!page.contains("alert(1)</script>") && !page.contains("<b>"));
    let data = data(&page);
    let call = data["bars"][0][13].as_str().expect("a call");
    assert!(call.contains("</script><script>alert(1)"), "{call}");
}

#[test]
fn a_page_names_no_place_in_the_network_and_forbids_it() {
    let page = report(1, 1).html();
    for part in ["http:", "https:", "//cdn", "src=", "@import", "url(http"] {
        assert!(!page.contains(part), "{part}");
    }
    assert!(page.contains("default-src 'none'"));
    assert!(page.contains("<noscript>"));
    assert!(page.contains("prefers-color-scheme: dark") && page.contains("@media print"));
}

#[test]
fn the_same_report_gives_the_same_bytes() {
    assert_eq!(report(1, 1).html(), report(1, 1).html());
    assert_eq!(report(1, 1).explain(), report(1, 1).explain());
}

#[test]
fn the_greatest_positions_and_times_are_drawn_by_rank() {
    let mut history = history(&1.into(), &1.into());
    for (place, operation) in history.iter_mut().enumerate() {
        operation.call.position += u64::MAX - 20;
        operation.call.time_ns = Some(u64::MAX - place as u64);
        if let consistency::Completion::Ok { at, .. } = &mut operation.completion {
            at.position += u64::MAX - 20;
        }
    }
    let model = CasRegister::new(Value::Nil);
    let verdict = check_linearizable(&model, &history, &Limits::default(), &mut || true);
    let page = Report::linearizable("late", &model, &history, &verdict, &|_| None).html();
    let data = data(&page);
    assert_eq!(data["span"], 7);
    assert_eq!(data["bars"][3][3], 6);
}

// Histories made by hand may overlap on one process.
#[test]
fn operations_of_one_process_that_overlap_get_rows_of_their_own() {
    let mut history = history(&1.into(), &2.into());
    for operation in &mut history {
        operation.process = ProcessId(7);
        operation.call.position = 0;
    }
    let model = CasRegister::new(Value::Nil);
    let verdict = check_linearizable(&model, &history, &Limits::default(), &mut || true);
    let page = Report::linearizable("heap", &model, &history, &verdict, &|_| None).html();
    let data = data(&page);
    assert_eq!(data["lanes"], serde_json::json!([["process 7", 0, 3]]));
    let mut rows: Vec<_> = (0..4).map(|bar| data["bars"][bar][1].as_u64()).collect();
    rows.sort();
    rows.dedup();
    assert_eq!(
        rows.len(),
        3,
        "the open one shares a row, because it fades out"
    );
}

fn cycle() -> Anomaly {
    let edge = |source, target, reason| Edge {
        source: OperationId(source),
        target: OperationId(target),
        reason,
    };
    Anomaly {
        rule: Rule {
            name: "G-single",
            about: "a cycle with exactly one missed write",
        },
        operations: vec![OperationId(0), OperationId(1)],
        edges: vec![
            edge(
                0,
                1,
                Reason::ReadsFrom {
                    key: "x".into(),
                    value: 1.into(),
                },
            ),
            edge(
                1,
                0,
                Reason::Misses {
                    key: "<y>".into(),
                    read: Value::Nil,
                    newer: 2.into(),
                },
            ),
        ],
        is_minimal: true,
    }
}

#[test]
fn a_cycle_of_transactions_is_told_edge_by_edge_and_drawn() {
    let mut builder = Builder::new();
    for process in 0..2 {
        let id = builder.invoke(ProcessId(process), at(process));
        let steps = [MicroOperation::Write {
            key: "x".into(),
            value: 1.into(),
        }];
        builder
            .complete(id, Ending::Committed, Some(at(10 + process)), steps)
            .expect("open");
    }
    let history = builder.finish();
    let judgement = Judgement::Violated(Box::new(cycle()));
    let level = Consistency::SnapshotIsolation;
    let report = Report::transactions("a run", &history, level, &judgement);
    let text = report.explain();
    for part in [
        "The 2 transactions are not snapshot-isolation: G-single.",
        "G-single: a cycle with exactly one missed write.",
        "1. T0 wrote 1 to \"x\", which T1 read, so T0 comes before T1.",
        "So T0 would come before itself, which no order allows.",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let page = report.html();
    assert_eq!(page.matches("<g class=\"node\">").count(), 2);
    assert_eq!(page.matches("<g class=\"arrow\">").count(), 2);
    assert!(page.contains("2 rw: missed") && !page.contains("<y>"));
    assert_eq!(data(&page)["arrows"].as_array().map(Vec::len), Some(2));
}

#[test]
fn an_argument_that_is_no_cycle_is_not_drawn_as_one() {
    let model = CasRegister::new(Value::Nil);
    let history = history(&1.into(), &1.into());
    let mut anomaly = cycle();
    anomaly.edges.pop();
    let judgement: Judgement<Vec<OperationId>> = Judgement::Violated(Box::new(anomaly));
    let level = Consistency::Causal;
    let report = Report::judged("a run", &model, &history, level, &judgement, &|_| None);
    assert!(
        report
            .explain()
            .contains("A wrote 1 to \"x\", which B read")
    );
    assert!(!report.explain().contains("before itself"));
    assert!(!report.html().contains("<g class=\"node\">"));
}

#[test]
fn what_cannot_be_checked_is_unknown_and_says_why() {
    let model = CasRegister::new(Value::Nil);
    let history = history(&1.into(), &1.into());
    let reason = consistency::NotCheckable::NotReadOrWrite {
        operation: OperationId(3),
    };
    let judgement: Judgement<Vec<OperationId>> = Judgement::NotCheckable(reason);
    let level = Consistency::Causal;
    let report = Report::judged("a run", &model, &history, level, &judgement, &|_| None);
    assert_eq!(report.finding(), Finding::Unknown);
    assert!(report.headline().contains("neither a read nor a write"));
}

#[test]
fn a_history_without_operations_has_a_page_without_a_picture() {
    let model = CasRegister::new(Value::Nil);
    let verdict = check_linearizable(&model, &[], &Limits::default(), &mut || true);
    let page = Report::linearizable("none", &model, &[], &verdict, &|_| None).html();
    assert!(page.contains("holds") && !page.contains("<canvas"));
}
