//! `concord check`: verdicts, evidence, formats, and input that cannot be used.

mod common;

use std::path::Path;

use common::{Ran, concord, folder};

const HOLDS: &str = r#"{"process":0,"type":"invoke","f":"write","value":3}
{"process":0,"type":"ok","f":"write","value":3}
{"process":1,"type":"invoke","f":"read","value":null}
{"process":1,"type":"ok","f":"read","value":3}
"#;

const STALE: &str = "[{:process 0, :type :invoke, :f :write, :value 1}
{:process 0, :type :ok, :f :write, :value 1}
{:process 0, :type :invoke, :f :write, :value 2}
{:process 0, :type :ok, :f :write, :value 2}
{:process 1, :type :invoke, :f :read, :value nil}
{:process 1, :type :ok, :f :read, :value 1}]
";

fn check(folder: &Path, file: &str, text: &str, arguments: &[&str]) -> Ran {
    std::fs::write(folder.join(file), text).expect("a file for the test");
    concord(folder, &[&["check", file][..], arguments].concat())
}

#[test]
fn a_history_that_holds_exits_with_0() {
    let here = folder("check-holds");
    let ran = check(&here, "h.jsonl", HOLDS, &["--model", "register", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let object = &ran.json()[0];
    assert_eq!(object["verdict"], "holds");
    assert_eq!(object["operations"], 2);
    assert_eq!(
        (&object["file"], &object["model"]),
        (&"h.jsonl".into(), &"register".into())
    );
    assert!(object["seconds"].is_f64());
}

#[test]
fn a_violation_exits_with_1_and_shows_its_smallest_evidence() {
    let here = folder("check-stale");
    let ran = check(&here, "h.edn", STALE, &["--model", "cas-register"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.contains("violated"), "{}", ran.out);
    assert!(
        ran.out.contains("line 5     process 1 read -> ok 1"),
        "{}",
        ran.out
    );
}

#[test]
fn the_worst_of_several_files_decides() {
    let here = folder("check-several");
    std::fs::write(here.join("good.jsonl"), HOLDS).expect("a file");
    let ran = check(
        &here,
        "bad.edn",
        STALE,
        &["good.jsonl", "--model", "register", "--json"],
    );
    assert_eq!(ran.code, 1, "{ran:?}");
    let verdicts: Vec<_> = ran
        .json()
        .iter()
        .map(|row| row["verdict"].clone())
        .collect();
    assert_eq!(verdicts, ["violated", "holds"]);
}

// A checker that guesses the initial value is unsound.
#[test]
fn the_initial_value_is_given() {
    let here = folder("check-initial");
    let read = r#"{"process":1,"type":"invoke","f":"read","value":null}
{"process":1,"type":"ok","f":"read","value":5}
"#;
    for (initial, code) in [("5", 0), ("6", 1), ("nil", 1), ("five", 1)] {
        let ran = check(
            &here,
            "h.jsonl",
            read,
            &["--model", "register", "--initial", initial],
        );
        assert_eq!(ran.code, code, "initial {initial}: {ran:?}");
    }
}

#[test]
fn bad_input_names_file_line_and_column() {
    let here = folder("check-bad");
    let broken =
        "{\"process\":0,\"type\":\"invoke\",\"f\":\"read\"}\n{\"process\":0,\"type\":\"okay\"}\n";
    let ran = check(&here, "h.jsonl", broken, &["--model", "register"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(
        ran.err.contains("h.jsonl: line 2, column 21"),
        "{}",
        ran.err
    );
    let ran = check(
        &here,
        "noise.bin",
        "\u{1}\u{2}\u{3}",
        &["--model", "register"],
    );
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("--format"), "{}", ran.err);
    let ran = concord(&here, &["check", "absent.edn", "--model", "register"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("absent.edn"), "{}", ran.err);
}

#[test]
fn a_file_that_cannot_be_used_does_not_hide_the_others() {
    let here = folder("check-mixed");
    let ran = check(
        &here,
        "good.jsonl",
        HOLDS,
        &["absent.edn", "--model", "register"],
    );
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.out.contains("holds"), "{}", ran.out);
    assert!(ran.err.contains("absent.edn"), "{}", ran.err);
}

#[test]
fn bad_flags_are_refused() {
    let here = folder("check-flags");
    for (flags, hint) in [
        (&["--model", "heap"][..], "cas-register"),
        (&["--model", "register", "--timeout", "0"], "above 0"),
        (&["--model", "register", "--timeout", "NaN"], "above 0"),
        (&["--model", "register", "--format", "csv"], "jepsen-edn"),
        (&[], "--model"),
    ] {
        let ran = check(&here, "h.jsonl", HOLDS, flags);
        assert_eq!(ran.code, 2, "{flags:?}: {ran:?}");
        assert!(ran.err.contains(hint), "{flags:?}: {}", ran.err);
    }
}

// Forty writes that never returned, and a read of a value that nobody wrote: every order of the
// writes would have to be tried.
#[test]
fn unknown_is_not_success() {
    use std::fmt::Write as _;

    let here = folder("check-unknown");
    let mut text = String::new();
    for process in 0..40 {
        let _ = writeln!(
            text,
            r#"{{"process":{process},"type":"invoke","f":"cas","value":[{},{}]}}"#,
            process % 7,
            process * 5 % 7
        );
    }
    for (process, value) in [(50, 1), (51, 3), (52, 2), (53, 99)] {
        let _ = writeln!(
            text,
            r#"{{"process":{process},"type":"invoke","f":"read"}}"#
        );
        let _ = writeln!(
            text,
            r#"{{"process":{process},"type":"ok","f":"read","value":{value}}}"#
        );
    }
    let flags = [
        "--model",
        "cas-register",
        "--initial",
        "0",
        "--timeout",
        "0.000001",
        "--json",
    ];
    let ran = check(&here, "h.jsonl", &text, &flags);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert_eq!(ran.json()[0]["verdict"], "unknown");
    assert_eq!(ran.json()[0]["reason"], "timed out after 0.000001 s");
}
