//! The formats of weak-isolation tools, against what their own loaders make of them.

use consistency::{
    Format, OperationId,
    transactions::{Ending, MicroOperation, Transactions},
};

use crate::transactions;

/// Process, ending, line and steps: `w0=1` writes 1 to 0, `r0=1` heard 1, `r0=?` heard that it was never written, and
/// `r0` nothing.
fn described(history: &Transactions) -> Vec<String> {
    let step = |step: &MicroOperation| match step {
        MicroOperation::Write { key, value } => format!("w{key}={value}"),
        MicroOperation::Read { key, value: None } => format!("r{key}"),
        MicroOperation::Read {
            key,
            value: Some(value),
        } => format!("r{key}={value}").replace("null", "?"),
        other => panic!("{other:?}"),
    };
    let describe = |id| {
        let it = history.get(OperationId(id)).expect("in range");
        assert_eq!(it.call.position, 0, "no times");
        let end = it.end.map(|end| end.position);
        assert_eq!(end, (it.ending == Ending::Committed).then_some(0));
        let steps: Vec<_> = it.steps.iter().map(step).collect();
        let line = history.line(OperationId(id)).expect("read from a file");
        let ending = match it.ending {
            Ending::Committed => "",
            Ending::Aborted => " aborted",
            Ending::Indeterminate => " unknown",
        };
        format!("{}:{line}{ending} {}", it.process, steps.join(" "))
    };
    (0..history.len()).map(describe).collect()
}

fn read(text: &str, format: Format) -> Vec<String> {
    described(&transactions(text.as_bytes(), format).expect("well formed"))
}

/// The loaders of IsoVista and AWDIT: transactions by number, -1 for aborted, 0 for the initial value.
#[test]
fn plume_gathers_scattered_transactions_and_knows_zero() {
    let text = include_str!("../data/long-fork.plume");
    let expected = [
        "7:1 w0=0 w1=0",
        "3:3 w0=1",
        "3:4 r0=1 r1=0",
        "4:5 w1=1",
        "4:7 r2=? r1=1",
        "4:8 aborted w2=5",
        "4:9 aborted r2=5",
    ];
    assert_eq!(read(text, Format::Plume), expected);
}

#[test]
fn plume_transactions_do_not_change_their_session() {
    let text = "w(0,1,0,5)\nw(0,2,0,6)\nw(0,3,1,5)";
    let refused = transactions(text.as_bytes(), Format::Plume).expect_err("moved");
    let text = "line 3: this transaction began in another session, in line 1";
    assert_eq!(refused.to_string(), text);
}

/// DBCop: 0 is the implicit initial value, `null` an uninitialized read; not committed is aborted or in flight.
#[test]
fn dbcop_reads_every_way_of_writing_an_event() {
    let text = include_str!("../data/lost-update.json");
    let expected = [
        "0:6 w0=1",
        "1:8 r0=1 w0=2",
        "1:9 aborted r1 w1=9",
        "3:12 r0=1 w0=3 r1=?",
        "4:13 r1=?",
    ];
    assert_eq!(read(text, Format::DbcopJson), expected);
    let bare = "[[{\"events\":[[\"w\",\"x\",0],[\"r\",\"x\",0]],\"committed\":true}]]";
    assert_eq!(read(bare, Format::DbcopJson), ["0:1 w\"x\"=0 r\"x\"=0"]);
    assert_eq!(read("[]", Format::DbcopJson).len(), 0);
    assert_eq!(
        read("{\"data\":[],\"more\":{\"a\":[1.5]}}", Format::DbcopJson).len(),
        0
    );
}

/// AWDIT's text for tests: a read of a zero that nobody writes stays a read of zero.
#[test]
fn sessions_are_separated_by_lines() {
    let text = include_str!("../data/long-fork.sessions");
    let expected = [
        "0:1 w\"x\"=0 w1=0",
        "1:4 w\"x\"=1",
        "1:6 r\"x\"=1 r1=0",
        "2:9 w1=1",
        "2:11 r1=1 r\"x\"=0",
    ];
    assert_eq!(read(text, Format::Sessions), expected);
    let sloppy = "\n=\n\t w  k\tv \r\n-\n--\n\n====\nr k 0";
    assert_eq!(
        read(sloppy, Format::Sessions),
        ["1:3 w\"k\"=\"v\"", "2:8 r\"k\"=0"]
    );
}
