//! Where and how malformed files are refused.

use consistency::{Error, Format, parse, parse_recorded};

/// Text, format, and the complaint about it.
const COMPLAINTS: [(&str, Format, &str); 45] = [
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
    ("w(1,2,3)", Format::Plume, "1:8 ,; )"),
    (
        "\nr(0,x,0,0)",
        Format::Plume,
        "2:5 a value, a whole number from 0; x",
    ),
    (
        "r(0,1,-1,0)",
        Format::Plume,
        "1:7 a session, a whole number from 0; -1",
    ),
    (
        "r(0,1,1,-2)",
        Format::Plume,
        "1:9 a transaction, a whole number from -1; -2",
    ),
    (
        "a(0,1,1,2)",
        Format::Plume,
        "1:1 r(key,value,session,transaction) or w(…); a(0",
    ),
    (
        "r(0,1,1,2) r(0,1,1,2)",
        Format::Plume,
        "1:12 the end of the line; r(0",
    ),
    (
        "r(99999999999999999999,1,1,2)",
        Format::Plume,
        "1:3 a key, a whole number from 0; 99999999999999999999",
    ),
    ("w 1", Format::Sessions, "1:4 a value; the end"),
    (
        "w 1\n2",
        Format::Sessions,
        "1:4 a value; the end of the line",
    ),
    ("w 1 2 3", Format::Sessions, "1:7 the end of the line; 3"),
    (
        "write 1 2",
        Format::Sessions,
        "1:1 r key value, w key value, ----- or =====; write",
    ),
    ("-=-", Format::Sessions, "1:2 the end of the line; =-"),
    (
        "\"data\"",
        Format::DbcopJson,
        "1:1 an object with data, or a list of sessions; \"data\"",
    ),
    ("{\"info\":1}", Format::DbcopJson, "1:10 a field data; }"),
    (
        "{\"data\":[],\"data\":[]}",
        Format::DbcopJson,
        "1:12 each field once; \"data\"",
    ),
    (
        "[[]] []",
        Format::DbcopJson,
        "1:6 nothing after the history; [",
    ),
    (
        "[[{}]]",
        Format::DbcopJson,
        "1:3 a transaction with events and committed; {",
    ),
    (
        "[[1]]",
        Format::DbcopJson,
        "1:3 a transaction, which is an object; 1",
    ),
    (
        "[[{\"events\":[{\"Write\":{\"variable\":0}}],\n\"committed\":true}]]",
        Format::DbcopJson,
        "1:14 an event such as {\"Write\":{\"variable\":0,\"version\":1}} or [\"w\",0,1]; {",
    ),
    (
        "[[{\"events\":[[\"w\",0,-1]],\"committed\":true}]]",
        Format::DbcopJson,
        "1:21 a version, a whole number from 0; -1",
    ),
    (
        "[[{\"events\":[],\"committed\":1}]]",
        Format::DbcopJson,
        "1:28 true or false; 1",
    ),
    (
        "{:type :ok :value [[:append 1 2] [:inc 3 4]]}",
        Format::JepsenEdn,
        "1:35 append, r or w; :inc",
    ),
    (
        "{\"type\":\"ok\",\"f\":\"txn\",\"value\":[[\"r\",1]]}",
        Format::JsonLines,
        "1:33 a step [append key value], [r key value] or [w key value]; [",
    ),
];

#[test]
fn complaints_name_line_column_what_was_expected_and_what_was_found() {
    for (text, format, complaint) in COMPLAINTS {
        let refused = parse_recorded(text.as_bytes(), format);
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
