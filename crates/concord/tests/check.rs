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

#[test]
fn an_explanation_names_rule_operations_longest_order_and_what_is_blocked() {
    let here = folder("check-explain");
    let ran = check(&here, "h.edn", STALE, &["--model", "register", "--explain"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    for part in [
        "Not linearizable",
        "A  line 1     process 0 write 1 -> ok 1",
        "The longest order that goes well",
        "Then the object is in the state 2",
        "this state does not give that answer",
        "How it was decided",
    ] {
        assert!(ran.out.contains(part), "{part}: {}", ran.out);
    }
    let ran = check(
        &here,
        "h.jsonl",
        HOLDS,
        &["--model", "register", "--explain"],
    );
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("begins so") && ran.out.contains("line 1     process 0 write 3"));
}

#[test]
fn without_a_model_the_functions_are_told_and_a_model_is_guessed() {
    let here = folder("check-guess");
    let queue = HOLDS.replace("write", "enqueue").replace("read", "dequeue");
    for (text, guess) in [
        (HOLDS, "looks like --model register"),
        (
            &HOLDS.replace("read", "cas"),
            "looks like --model cas-register",
        ),
        (&queue, "looks like --model queue"),
        (
            &HOLDS.replace("read", "ponder"),
            "its functions are write, ponder. Name it",
        ),
    ] {
        let ran = check(&here, "h.jsonl", text, &[]);
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.err.contains(guess), "{guess}: {}", ran.err);
        assert!(ran.err.contains("priority-queue"), "{}", ran.err);
    }
}

#[test]
fn weaker_promises_are_judged_by_name() {
    let here = folder("check-levels");
    for (level, code) in [
        ("linearizable", 1),
        ("sequential", 0),
        ("causal-memory", 0),
        ("causal", 0),
        ("pram", 0),
    ] {
        let flags = ["--model", "register", "--consistency", level, "--json"];
        let ran = check(&here, "h.edn", STALE, &flags);
        assert_eq!(ran.code, code, "{level}: {ran:?}");
        assert_eq!(ran.json()[0]["consistency"], level);
    }
    for (level, hint) in [
        ("serializable", "promise of transactions"),
        ("linearisable", "linearizable"),
    ] {
        let ran = check(
            &here,
            "h.edn",
            STALE,
            &["--model", "register", "--consistency", level],
        );
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.err.contains(hint), "{}", ran.err);
    }
}

/// Each transaction misses what the other appended.
const SKEW: &str = "{:process 0 :type :invoke :f :txn :value [[:r 7 nil] [:append 8 1]]}
{:process 1 :type :invoke :f :txn :value [[:r 8 nil] [:append 7 2]]}
{:process 0 :type :ok :f :txn :value [[:r 7 []] [:append 8 1]]}
{:process 1 :type :ok :f :txn :value [[:r 8 []] [:append 7 2]]}
{:process 2 :type :invoke :f :txn :value [[:r 7 nil] [:r 8 nil]]}
{:process 2 :type :ok :f :txn :value [[:r 7 [2]] [:r 8 [1]]]}
";

#[test]
fn transactions_need_no_model_and_a_cycle_is_told_edge_by_edge() {
    let here = folder("check-transactions");
    let ran = check(&here, "h.edn", SKEW, &["--explain"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    for part in [
        "strict-serializable",
        "T0",
        "T1",
        "comes before",
        "come before itself",
    ] {
        assert!(ran.out.contains(part), "{part}: {}", ran.out);
    }
    let flags = ["--consistency", "snapshot-isolation", "--json"];
    let ran = check(&here, "h.edn", SKEW, &flags);
    assert_eq!(
        (ran.code, &ran.json()[0]["model"]),
        (0, &serde_json::Value::Null),
        "{ran:?}"
    );
    let ran = check(&here, "h.edn", SKEW, &["--consistency", "causal"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.err.contains("promise of single operations"),
        "{}",
        ran.err
    );
}

#[test]
fn what_cannot_be_checked_is_unknown_with_its_reason() {
    let here = folder("check-uncheckable");
    let twice = "[{:process 0, :type :invoke, :f :write, :value 1}
{:process 0, :type :ok, :f :write, :value 1}
{:process 1, :type :invoke, :f :write, :value 1}
{:process 1, :type :ok, :f :write, :value 1}
{:process 2, :type :invoke, :f :read, :value nil}
{:process 2, :type :ok, :f :read, :value 1}]
";
    let flags = ["--model", "register", "--consistency", "causal", "--json"];
    let ran = check(&here, "h.edn", twice, &flags);
    assert_eq!(ran.code, 3, "{ran:?}");
    let reason = ran.json()[0]["reason"].to_string();
    assert!(
        reason.contains("not checkable") && reason.contains("more than once"),
        "{reason}"
    );
}

#[test]
fn a_folder_is_its_files_in_the_order_of_their_names_with_a_summary() {
    let here = folder("check-folder");
    let runs = here.join("runs");
    std::fs::create_dir_all(runs.join("deeper")).expect("a folder");
    for (name, text) in [
        ("b.edn", STALE),
        ("a.jsonl", HOLDS),
        (".hidden", "noise"),
        ("deeper/c", "noise"),
    ] {
        std::fs::write(runs.join(name), text).expect("a file");
    }
    let ran = concord(&here, &["check", "runs", "--model", "register"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(
        ran.out
            .contains("2 files: 1 hold, 1 violated, 0 unknown, 0 unusable"),
        "{}",
        ran.out
    );
    let (first, second) = (ran.out.find("a.jsonl"), ran.out.find("b.edn"));
    assert!(first < second, "{}", ran.out);
    // A file of no known format is named, and counts as unusable.
    std::fs::write(runs.join("notes.txt"), "remember the milk").expect("a file");
    let ran = concord(&here, &["check", "runs", "--model", "register"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(
        ran.err.contains("notes.txt") && ran.out.contains("1 unusable"),
        "{ran:?}"
    );
    let ran = concord(
        &here,
        &["check", "runs/deeper/absent", "--model", "register"],
    );
    assert_eq!(ran.code, 2, "{ran:?}");
    std::fs::create_dir(here.join("empty")).expect("a folder");
    let ran = concord(&here, &["check", "empty", "--model", "register"]);
    assert!(
        ran.code == 2 && ran.err.contains("holds no file"),
        "{ran:?}"
    );
    let ran = check(&here, "nothing.edn", "", &["--model", "register"]);
    assert!(
        ran.code == 2 && ran.err.contains("the file is empty"),
        "{ran:?}"
    );
}

/// Twelve keys; the ninth is read stale.
fn many_keys() -> String {
    let mut text = String::new();
    for key in 0..12 {
        let seen = if key == 8 { 1 } else { 2 };
        for (function, value) in [("put", 1), ("put", 2), ("get", seen)] {
            for kind in ["invoke", "ok"] {
                text.push_str(&format!(
                    "{{\"process\":{key},\"type\":\"{kind}\",\"f\":\"{function}\",\"key\":{key},\"value\":{value}}}\n"
                ));
            }
        }
    }
    text
}

#[test]
fn several_cores_answer_as_one() {
    let here = folder("check-jobs");
    let run = |jobs: &str, page: &str| {
        let flags = [
            "--model",
            "kv",
            "--explain",
            "--json",
            "--jobs",
            jobs,
            "--report",
            page,
        ];
        let ran = check(&here, "h.jsonl", &many_keys(), &flags);
        assert_eq!(ran.code, 1, "{ran:?}");
        let mut object = ran.json().remove(0);
        object["seconds"] = 0.into();
        let page = std::fs::read_to_string(here.join(page)).expect("a page");
        (object.to_string(), page)
    };
    let alone = run("1", "one.html");
    for turn in 0..5 {
        let together = run("2", "two.html");
        assert_eq!(alone, together, "turn {turn}");
    }
}

#[test]
fn too_little_memory_ends_in_unknown() {
    let here = folder("check-memory");
    let mut text = String::new();
    // Appends side by side, and a read that no order of them gives: each order is another state to remember.
    for kind in ["invoke", "ok"] {
        for process in 0..14 {
            text.push_str(&format!(
                "{{\"process\":{process},\"type\":\"{kind}\",\"f\":\"append\",\"key\":1,\"value\":\"p{process}\"}}\n"
            ));
        }
    }
    for kind in ["invoke", "ok"] {
        text.push_str(&format!(
            "{{\"process\":0,\"type\":\"{kind}\",\"f\":\"get\",\"key\":1,\"value\":\"never\"}}\n"
        ));
    }
    let flags = [
        "--model",
        "kv",
        "--memory",
        "1",
        "--timeout",
        "30",
        "--json",
    ];
    let ran = check(&here, "h.jsonl", &text, &flags);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert_eq!(
        ran.json()[0]["reason"],
        "memory bound reached (1 MB, --memory)"
    );
}

#[test]
fn a_report_is_of_the_worst_file_and_an_unwritable_one_is_refused_before_anything_runs() {
    let here = folder("check-report");
    std::fs::write(here.join("good.jsonl"), HOLDS).expect("a file");
    let flags = ["good.jsonl", "--model", "register", "--report", "page.html"];
    let ran = check(&here, "bad.edn", STALE, &flags);
    assert_eq!(ran.code, 1, "{ran:?}");
    let page = std::fs::read_to_string(here.join("page.html")).expect("a page");
    assert!(page.contains("<title>violated: bad.edn</title>"));
    for place in ["no/such/folder/page.html", "."] {
        let ran = check(
            &here,
            "bad.edn",
            STALE,
            &["--model", "register", "--report", place],
        );
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.err.contains(place) && ran.out.is_empty(), "{ran:?}");
    }
    // Nothing is lost: what stood there stays when no file can be used.
    let flags = [
        "check",
        "absent.edn",
        "--model",
        "register",
        "--report",
        "page.html",
    ];
    assert_eq!(concord(&here, &flags).code, 2);
    assert_eq!(
        std::fs::read_to_string(here.join("page.html")).expect("a page"),
        page
    );
}

#[test]
fn help_shows_an_example_of_every_flag() {
    let ran = concord(&folder("check-help"), &["check", "--help"]);
    assert_eq!(ran.code, 0);
    for part in [
        "--explain --report why.html",
        "--consistency snapshot-isolation",
        "--memory 512",
        "runs/",
        "Exit codes",
    ] {
        assert!(ran.out.contains(part), "{part}");
    }
}

#[test]
fn all_models_at_once_tell_the_strongest_that_a_history_keeps() {
    let here = folder("check-all");
    let flags = ["--model", "register", "--consistency", "all"];
    let json = [&flags[..], &["--json"]].concat();
    let ran = check(&here, "h.edn", STALE, &json);
    assert_eq!(ran.code, 0, "{ran:?}");
    let object = &ran.json()[0];
    assert_eq!(object["strongest"], serde_json::json!(["sequential"]));
    assert_eq!(object["models"]["linearizable"], "violated");
    assert_eq!(object["models"]["causal"], "holds");
    let explain = [&flags[..], &["--explain", "--report", "page.html"]].concat();
    let ran = check(&here, "h.edn", STALE, &explain);
    assert!(
        ran.out.contains("The strongest it keeps: sequential."),
        "{}",
        ran.out
    );
    assert!(
        ran.out.contains("why linearizable is violated"),
        "{}",
        ran.out
    );
    let ran = check(&here, "h.edn", STALE, &flags);
    assert!(ran.out.contains("strongest: sequential"), "{}", ran.out);
    let ran = check(&here, "skew.edn", SKEW, &["--consistency", "all", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let strongest = serde_json::json!(["snapshot-isolation"]);
    assert_eq!(ran.json()[0]["strongest"], strongest);
}
