//! Histories of real systems, where the folder that holds them is there.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use consistency::{
    CasRegister, Completion, Error, Format, KeyValue, Limits, Notation, Operation, OperationId,
    Recorded, Value, Verdict, check_linearizable, parse, parse_recorded, replay, write_json_lines,
};

/// Beside the workspace, where somebody has put them: no clone carries them.
fn folder() -> PathBuf {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3);
    beside
        .unwrap_or(Path::new("."))
        .join("shared")
        .join("histories")
}

/// Name and whether it is linearizable.
const REGISTERS: [(&str, bool); 10] = [
    ("etcd_000.log", false),
    ("etcd_001.log", false),
    ("etcd_002.log", true),
    ("etcd_003.log", false),
    ("etcd_007.log", true),
    ("etcd_018.log", true),
    ("etcd_031.log", true),
    ("etcd_060.log", false),
    ("cas-failure.edn", false),
    ("memstress3-0.edn", true),
];

const STORES: [(&str, bool); 4] = [
    ("c01-ok.txt", true),
    ("c01-bad.txt", false),
    ("c10-ok.txt", true),
    ("c10-bad.txt", false),
];

fn read(name: &str) -> Option<Vec<u8>> {
    let path = folder().join(name);
    if !path.exists() {
        println!("histories folder absent: {name} not run");
        return None;
    }
    Some(fs::read(path).expect("a readable file"))
}

fn judge<M: Notation>(name: &str, model: &M, expected: bool) {
    let Some(bytes) = read(name) else { return };
    let format = Format::detect(&bytes).expect("a known format");
    let history = parse(&bytes, format).expect("a well-formed file");
    let operations = history.operations(model).expect("operations of the model");
    let start = Instant::now();
    let verdict = check_linearizable(model, &operations, &Limits::default(), &mut || true);
    println!(
        "{name}: {} operations, {:?}",
        operations.len(),
        start.elapsed()
    );
    assert_eq!(verdict.holds(), expected, "{name}");
    match verdict {
        Verdict::Holds(witness) => assert_eq!(replay(model, &operations, &witness), Ok(())),
        Verdict::Violated(violation) => {
            println!(
                "{name}: core {:?}, of {}, minimal {}",
                violation.operations,
                violation.longest.len(),
                violation.is_minimal
            );
            confirm(model, &operations, &violation.operations);
        }
        Verdict::Unknown { reason, .. } => panic!("{name}: {reason}"),
    }
    let again = parse(write_json_lines(&history).as_bytes(), Format::JsonLines);
    assert_eq!(again.expect("our own format"), history);
}

/// The core alone, everything else forgotten, is violated.
fn confirm<M: Notation>(
    model: &M,
    history: &[Operation<M::Input, M::Output>],
    core: &[OperationId],
) {
    let mut weaker = history.to_vec();
    for (place, operation) in weaker.iter_mut().enumerate() {
        if let Completion::Ok { at, output } = &operation.completion
            && !core.contains(&OperationId(place))
        {
            operation.completion = if model.is_pure(&operation.input, Some(output)) {
                Completion::Fail { at: *at }
            } else {
                Completion::Info { at: None }
            };
        }
    }
    let limits = Limits {
        shrink_steps_max: 0,
        ..Limits::default()
    };
    let verdict = check_linearizable(model, &weaker, &limits, &mut || true);
    assert!(matches!(verdict, Verdict::Violated(_)));
}

#[test]
fn registers_of_etcd_and_others() {
    for (name, expected) in REGISTERS {
        judge(name, &CasRegister::new(Value::Nil), expected);
    }
}

#[test]
fn stores_with_appends() {
    for (name, expected) in STORES {
        judge(name, &KeyValue::new(Value::from("")), expected);
    }
}

#[test]
fn a_transactional_history_is_read_and_refused_where_operations_are_wanted() {
    let Some(bytes) = read("elle-paper-example.edn") else {
        return;
    };
    assert_eq!(Format::detect(&bytes), Some(Format::JepsenEdn));
    let refused = parse(&bytes, Format::JepsenEdn);
    assert_eq!(refused.err(), Some(Error::Transaction { line: 1 }));
    let recorded = parse_recorded(&bytes, Format::JepsenEdn).expect("a well-formed file");
    let Recorded::Transactions(history) = recorded else {
        panic!("{recorded:?}");
    };
    assert_eq!((history.len(), history.sessions_count()), (4, 4));
    assert_eq!(history.line(OperationId(2)), Some(5));
}
