//! Histories as text: seven formats in, one out.

mod cursor;
mod dbcop;
mod detect;
mod edn;
mod fields;
mod gather;
mod jepsen_log;
mod json;
mod node;
mod plume;
mod reader;
mod recorded;
mod sessions;
mod taken;
mod timeless;
mod write;

use alloc::vec::Vec;

pub use reader::{Reader, RecordedReader};
pub use recorded::Recorded;
pub use write::{write_json_lines, write_transactions};

use crate::{Error, History, Value, history::Lines};
use recorded::Gathering;

/// A way of writing histories down.
///
/// ```
/// use consistency::Format;
///
/// assert_eq!(Format::detect(b"[{:process 0, :type :invoke, :f :read}]"), Some(Format::JepsenEdn));
/// assert_eq!(Format::from_name("jepsen-log"), Some(Format::JepsenLog));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Format {
    /// Our own: one JSON object per line, with the fields `process type f key value error time index`, and no others.
    /// `process` is a whole number from 0, `type` one of `invoke ok fail info`, `f` a name; `key`, `value` and `error`
    /// are any values, `time` is nanoseconds, `index` rises. Bytes are `{"bytes":"<hex>"}`. A transaction has the `f`
    /// `txn` (or none) and a list of steps as its value: `["append",key,element]`, `["r",key,value]`,
    /// `["w",key,value]`.
    JsonLines,
    /// One vector of maps, or maps one after another: `:process :type :f :value`, optional `:key :error :time
    /// :index`; other fields are left out. Events of processes that are not numbers (a nemesis) are skipped. A
    /// transaction has the `:f` `:txn` (or none) and steps `[:append k v]`, `[:r k v]`, `[:w k v]`, whose reads are
    /// `nil` until the `:ok`; without a `:process`, an event ends what the one before it began.
    JepsenEdn,
    /// `INFO  jepsen.util - 0<tab>:invoke<tab>:cas<tab>[2 4]`, perhaps with a fifth field for the error. Lines
    /// without a tab belong to other loggers and are skipped.
    JepsenLog,
    /// Maps with `:key` and text values; `:get :put :append`; strings start empty.
    KeyValueLog,
    /// The text of Plume, PolySI and IsoVista: a step a line, `r(key,value,session,transaction)` or `w(…)`, four
    /// whole numbers without spaces. Transactions are numbered through all sessions; the steps of one stand in their
    /// order, not necessarily together. The transaction -1 is any aborted one: each such write is a transaction of its
    /// own, each such read is nothing. A read of 0 from a key to which nobody writes 0 heard "never written".
    Plume,
    /// DBCop's JSON: a list of sessions, or an object that holds it as `data` (fields such as `params`, `info`, `start`
    /// and `end` are left out). A session is a list of transactions, a transaction
    /// `{"events":[…],"committed":true}` (`success` in older files), an event `{"Write":{"variable":0,"version":1}}` or
    /// `{"Read":…}`, or `["w",0,1]` or `["r",0,1]`, or, in older files, `{"write":true,"variable":0,"value":1,
    /// "success":true}`. Numbers are whole and from 0; the version read is `null` or 0 (unless somebody writes 0 to
    /// that variable) for "never written". A transaction that is not committed is taken for aborted, and an event
    /// without success for none.
    DbcopJson,
    /// A step a line, `r key value` or `w key value`; a line of `-` ends a transaction, a line of `=` a session (and
    /// its transaction). Keys and values are whole numbers or words. All transactions committed, and nothing stands
    /// for "never written": an initial value is written by a session of its own.
    Sessions,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 7] = [
        Self::JsonLines,
        Self::JepsenEdn,
        Self::JepsenLog,
        Self::KeyValueLog,
        Self::Plume,
        Self::DbcopJson,
        Self::Sessions,
    ];

    /// The format these bytes look like, from their first 4096; `None` when they look like nothing known.
    ///
    /// ```
    /// # use consistency::Format;
    /// assert_eq!(Format::detect(b"{\"process\":0}"), Some(Format::JsonLines));
    /// assert_eq!(Format::detect(b"INFO  jepsen.util - 0\t:invoke\t:read\tnil"), Some(Format::JepsenLog));
    /// assert_eq!(Format::detect(b"hello"), None);
    /// ```
    #[must_use]
    pub fn detect(bytes: &[u8]) -> Option<Self> {
        detect::detect(bytes)
    }

    /// The format's name on a command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::JsonLines => "json-lines",
            Self::JepsenEdn => "jepsen-edn",
            Self::JepsenLog => "jepsen-log",
            Self::KeyValueLog => "key-value-log",
            Self::Plume => "plume",
            Self::DbcopJson => "dbcop-json",
            Self::Sessions => "sessions",
        }
    }

    /// The format of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    /// The initial value that belongs to the format itself: the key-value log's strings start empty. The other
    /// formats leave it to whoever made the history.
    ///
    /// ```
    /// # use consistency::{Format, Value};
    /// assert_eq!(Format::KeyValueLog.initial_value(), Some(Value::from("")));
    /// assert_eq!(Format::JepsenLog.initial_value(), None);
    /// ```
    #[must_use]
    pub fn initial_value(self) -> Option<Value> {
        match self {
            Self::KeyValueLog => Some(Value::from("")),
            Self::JsonLines
            | Self::JepsenEdn
            | Self::JepsenLog
            | Self::Plume
            | Self::DbcopJson
            | Self::Sessions => None,
        }
    }

    /// Whether its events happened one after another. The formats of weak-isolation tools know sessions and no times:
    /// their transactions all stand at position 0, concurrent with one another, in the order of their sessions.
    ///
    /// ```
    /// # use consistency::Format;
    /// assert!(!Format::Plume.has_times());
    /// ```
    #[must_use]
    pub const fn has_times(self) -> bool {
        !matches!(self, Self::Plume | Self::DbcopJson | Self::Sessions)
    }
}

/// Reads a history. Nothing but the text decides: no limit on its length, but an event or a line has at most 64 MiB,
/// and values nest at most 64 deep. O(length),
/// apart from pairing (O(n log processes)).
///
/// Events stand in the order in which they happened, whatever their times say; an `index`, where given, must rise.
///
/// # Errors
/// [`Error::Parse`] or [`Error::Transaction`] with the place, or a pairing error as [`History::from_events`].
///
/// ```
/// use consistency::{Error, Format, parse};
///
/// let text = b"[{:process 0, :type :invoke, :f :write, :value 3}\n {:process 0, :type :okay}]";
/// let Err(Error::Parse { line, column, expected, found }) = parse(text, Format::JepsenEdn) else { panic!() };
/// assert_eq!((line, column), (2, 21));
/// assert_eq!((expected, found.as_str()), ("invoke, ok, fail or info", ":okay"));
/// ```
pub fn parse(bytes: &[u8], format: Format) -> Result<History, Error> {
    let (mut events, mut lines) = (Vec::new(), Lines::new());
    let skipped = reader::read(bytes, format, &mut |taken| {
        reader::only_events(taken, &mut |line, event| {
            events.push(event);
            lines.push(line);
            Ok(())
        })
    })?;
    History::from_lines(events, lines, skipped)
}

/// Reads a history, of single operations or of transactions: the first event decides. Limits and cost as of
/// [`parse`]; [`RecordedReader`] gives the same from a file in pieces.
///
/// # Errors
/// As [`parse`]; [`Error::Transaction`] or [`Error::NotTransaction`] where the two are mixed,
/// [`Error::KeyOfTwoKinds`], and [`Error::TwoSessions`].
///
/// ```
/// use consistency::{Format, Recorded, parse_recorded};
///
/// let text = b"{:type :invoke, :value [[:append 1 7] [:r 2 nil]]} {:type :ok, :value [[:append 1 7] [:r 2 [3]]]}";
/// let recorded = parse_recorded(text, Format::JepsenEdn)?;
/// assert!(matches!(recorded, Recorded::Transactions(history) if history.len() == 1));
/// # Ok::<(), consistency::Error>(())
/// ```
pub fn parse_recorded(bytes: &[u8], format: Format) -> Result<Recorded, Error> {
    let mut gathering = Gathering::new(format);
    let skipped = reader::read(bytes, format, &mut |taken| gathering.take(taken))?;
    gathering.finish(skipped)
}
