//! Transactions whose begin and end are events.

use consistency::{
    Error, Format, OperationId, parse, parse_recorded,
    transactions::{Ending, Transactions},
    write_transactions,
};

use crate::transactions;

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

#[test]
fn our_own_transactions_keep_lines_times_and_endings() {
    let bytes = include_bytes!("../data/transactions.jsonl");
    let history = transactions(bytes, Format::JsonLines).expect("well formed");
    let expected = [
        "0 Committed Some(1) [Append { key: Text(\"x\"), value: Int(1) }, \
         ReadList { key: Text(\"y\"), values: Some([]) }]",
        "1 Indeterminate Some(2) [Write { key: Text(\"z\"), value: Bytes([255]) }, \
         Read { key: Text(\"x\"), value: None }]",
        "1 Committed Some(5) [Read { key: Text(\"z\"), value: Some(Bytes([255])) }, \
         Append { key: Text(\"y\"), value: Text(\"é\") }]",
    ];
    assert_eq!(described(&history), expected);
    let first = history.get(OperationId(0)).expect("there");
    assert_eq!(
        (first.call.time_ns, first.end.expect("over").time_ns),
        (Some(10), Some(20))
    );
    assert_eq!(
        (first.call.position, first.end.expect("over").position),
        (0, 2)
    );
    let written = write_transactions(&history).expect("no overlap");
    let again = transactions(written.as_bytes(), Format::JsonLines).expect("well formed");
    assert_eq!(write_transactions(&again), Ok(written));
}

#[test]
fn a_process_that_overlaps_itself_cannot_be_written() {
    let text = b"w(0,1,5,0)\nw(0,2,5,1)\n";
    let history = transactions(text, Format::Plume).expect("well formed");
    let refused = write_transactions(&history);
    assert!(matches!(
        refused,
        Err(Error::ProcessBusy {
            line: 2,
            opened_line: 1,
            ..
        })
    ));
}
