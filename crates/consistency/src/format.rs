//! Histories as text: four formats in, one out.

mod cursor;
mod edn;
mod fields;
mod jepsen_log;
mod json;
mod node;
mod recorded;
mod write;

use alloc::vec::Vec;

pub use recorded::Recorded;
pub use write::{write_json_lines, write_transactions};

use crate::{Error, Event, History, Value};
use cursor::Cursor;
use recorded::{Gatherer, Part};

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
    /// Our own: one object per line, with the fields `process type f key value error time index`, and no others.
    JsonLines,
    /// One vector of maps, or maps one after another: `:process :type :f :value`, optional `:key :error :time
    /// :index`; other fields are left out. Events of processes that are not numbers (a nemesis) are skipped.
    JepsenEdn,
    /// `INFO  jepsen.util - 0<tab>:invoke<tab>:cas<tab>[2 4]`, perhaps with a fifth field for the error. Lines
    /// without a tab belong to other loggers and are skipped.
    JepsenLog,
    /// Maps with `:key` and text values; `:get :put :append`; strings start empty.
    KeyValueLog,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 4] = [
        Self::JsonLines,
        Self::JepsenEdn,
        Self::JepsenLog,
        Self::KeyValueLog,
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
        let head = bytes.get(..4096).unwrap_or(bytes);
        let has = |part: &[u8]| head.windows(part.len()).any(|window| window == part);
        let mut marks = head
            .iter()
            .copied()
            .filter(|byte| !byte.is_ascii_whitespace() && *byte != b',');
        match (marks.next()?, marks.next()) {
            (b'{', Some(b'"' | b'}')) => Some(Self::JsonLines),
            (b'{', _) if has(b":key \"") && (has(b":get") || has(b":append") || has(b":put")) => {
                Some(Self::KeyValueLog)
            }
            (b'{' | b'#' | b';' | b'(', _) => Some(Self::JepsenEdn),
            (b'[', Some(b'{' | b'#' | b']' | b';')) => Some(Self::JepsenEdn),
            _ if has(b"\t:") => Some(Self::JepsenLog),
            _ => None,
        }
    }

    /// The format's name on a command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::JsonLines => "json-lines",
            Self::JepsenEdn => "jepsen-edn",
            Self::JepsenLog => "jepsen-log",
            Self::KeyValueLog => "key-value-log",
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
            Self::JsonLines | Self::JepsenEdn | Self::JepsenLog => None,
        }
    }
}

/// Reads a history. Nothing but the text decides: no limit on its length, values nest at most 64 deep. O(length),
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
    let mut read = Read::default();
    read.refuses_transactions = true;
    match read_all(bytes, format, read)? {
        Recorded::Operations(history) => Ok(history),
        Recorded::Transactions(_) => Err(Error::Transaction { line: 1 }),
    }
}

/// Reads a history, of single operations or of transactions: the first event decides. Limits and cost as of
/// [`parse`].
///
/// # Errors
/// As [`parse`]; [`Error::Transaction`] or [`Error::NotTransaction`] where the two are mixed, and
/// [`Error::KeyOfTwoKinds`].
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
    read_all(bytes, format, Read::default())
}

fn read_all(bytes: &[u8], format: Format, mut read: Read) -> Result<Recorded, Error> {
    let text = match core::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let text = core::str::from_utf8(valid).unwrap_or_default();
            return Err(Cursor::new(text).error(text.len(), "UTF-8 text"));
        }
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match format {
        Format::JsonLines => json::read(text, &mut read)?,
        Format::JepsenEdn | Format::KeyValueLog => edn::read(text, &mut read)?,
        Format::JepsenLog => jepsen_log::read(text, &mut read)?,
    }
    if let Some(gatherer) = read.transactions {
        return Ok(Recorded::Transactions(gatherer.finish()?));
    }
    History::from_lines(read.events, read.lines, read.skipped).map(Recorded::Operations)
}

/// What has been read so far.
#[derive(Debug, Default)]
struct Read {
    refuses_transactions: bool,
    transactions: Option<Gatherer>,
    events: Vec<Event>,
    lines: Vec<u64>,
    skipped: u64,
    last_index: Option<i64>,
}

impl Read {
    fn push(&mut self, line: u64, event: Event) -> Result<(), Error> {
        if self.transactions.is_some() {
            return Err(Error::NotTransaction { line });
        }
        self.events.push(event);
        self.lines.push(line);
        Ok(())
    }

    fn transaction(&mut self, cursor: &Cursor<'_>, part: &Part<'_, '_>) -> Result<(), Error> {
        if self.refuses_transactions || !self.events.is_empty() {
            return Err(Error::Transaction { line: part.line });
        }
        self.transactions
            .get_or_insert_with(Gatherer::new)
            .take(cursor, part)
    }

    fn skip(&mut self) {
        self.skipped = self.skipped.saturating_add(1);
    }
}
