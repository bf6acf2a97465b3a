//! The formats: fixtures, places of complaints, round trips, reading in pieces, and that no input panics.

mod complaints;
mod hostile;
mod operations;
mod streaming;
mod transactions;
mod weak;

use consistency::{Error, Format, Recorded, parse_recorded, transactions::Transactions};

const FIXTURES: [(&[u8], Format); 10] = [
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
    (include_bytes!("../data/transaction.edn"), Format::JepsenEdn),
    (
        include_bytes!("../data/transactions.jsonl"),
        Format::JsonLines,
    ),
    (include_bytes!("../data/long-fork.plume"), Format::Plume),
    (
        include_bytes!("../data/lost-update.json"),
        Format::DbcopJson,
    ),
    (
        include_bytes!("../data/long-fork.sessions"),
        Format::Sessions,
    ),
];

/// The fixtures of single operations stand first.
const OPERATIONS_COUNT: usize = 5;

fn transactions(text: &[u8], format: Format) -> Result<Transactions, Error> {
    match parse_recorded(text, format)? {
        Recorded::Transactions(history) => Ok(history),
        other => panic!("{other:?}"),
    }
}
