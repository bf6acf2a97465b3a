//! Verdicts for people: an explanation as text, and a page with a picture of the history.
//!
//! A [`Report`] is made from a history and its verdict, and holds everything that is shown: so the text in a terminal
//! and the page in a browser say the same. The page is one file: its styles, its script and its data are in it, it asks
//! no network for anything, and its policy forbids it to. The same report gives the same bytes.
//!
//! The picture: time runs right, a lane for each process, an operation is a bar from its call to its return. What may
//! take effect later, or never, fades out. Marked are the operations of the evidence, by letter.

mod cycle;
mod data;
mod html;
mod object;
mod transactions;

use alloc::{collections::BTreeSet, format, string::String, vec, vec::Vec};
use core::fmt::Write as _;

pub use object::describe;

use crate::{Anomaly, Consistency, Moment, OperationId};

/// A picture holds at most so many operations; of a longer history those around the evidence.
const BARS_MAX: usize = 50_000;
/// Lines of a section that the text shows; the page shows all.
const LINES_MAX: usize = 30;
/// Lines of an order that the text shows.
const ORDER_LINES_MAX: usize = 8;

/// What a report says, at the top.
///
/// ```
/// assert_eq!(consistency::report::Finding::Unknown.name(), "unknown");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Finding {
    /// The promise was kept.
    Holds,
    /// It was not.
    Violated,
    /// Nobody can say. Never success.
    Unknown,
}

impl Finding {
    /// `holds`, `violated` or `unknown`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Violated => "violated",
            Self::Unknown => "unknown",
        }
    }
}

/// A verdict with its reasons and its picture. O(operations shown) memory.
///
/// ```
/// use consistency::{Limits, ProcessId, Recorder, Register, RegisterInput, RegisterOutput, Value, check_linearizable};
/// use consistency::report::{Finding, Report};
///
/// let mut recorder = Recorder::new();
/// for value in [1, 2] {
///     let write = recorder.invoke(ProcessId(0), RegisterInput::write(value), 0)?;
///     recorder.ok(write, RegisterOutput::Done, 0)?;
/// }
/// let read = recorder.invoke(ProcessId(1), RegisterInput::read(), 0)?;
/// recorder.ok(read, RegisterOutput::Value(1.into()), 0)?;
/// let history = recorder.finish();
/// let model = Register::new(Value::Nil);
/// let verdict = check_linearizable(&model, &history, &Limits::default(), &mut || true);
/// let report = Report::linearizable("stale read", &model, &history, &verdict, &|position| Some(position + 1));
/// assert_eq!(report.finding(), Finding::Violated);
/// assert!(report.explain().contains("line 5"));
/// assert!(report.html().starts_with("<!doctype html>"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Report {
    title: String,
    finding: Finding,
    headline: String,
    sections: Vec<Section>,
    bars: Vec<Bar>,
    /// How many operations there are, shown or not.
    bars_count: usize,
    orders: Vec<Order>,
    arrows: Vec<Arrow>,
}

/// A heading, sentences, and lines that stand as they are.
#[derive(Clone, Debug)]
struct Section {
    heading: String,
    sentences: Vec<String>,
    lines: Vec<String>,
}

/// One operation in the picture.
#[derive(Clone, Debug)]
struct Bar {
    id: usize,
    process: u64,
    call: Moment,
    /// When its client heard of its end, whatever that was.
    end: Option<Moment>,
    fate: Fate,
    is_update: bool,
    key: Option<String>,
    /// What was asked.
    call_text: String,
    /// What was answered.
    end_text: String,
    line: Option<u64>,
    end_line: Option<u64>,
    mark: Mark,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Happened,
    Failed,
    Open,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Mark {
    None,
    /// Part of the evidence; its name there.
    Core(String),
    /// Could not come next.
    Blocked,
}

/// An order of operations to be drawn through the bars.
#[derive(Clone, Debug)]
struct Order {
    label: String,
    /// Whether it keeps real time, so that a line through it runs right.
    is_timed: bool,
    ids: Vec<OperationId>,
}

/// An edge of the argument.
#[derive(Clone, Debug)]
struct Arrow {
    source: OperationId,
    target: OperationId,
    /// Its kind in a word.
    kind: &'static str,
    sentence: String,
}

impl Report {
    /// What the verdict is.
    #[must_use]
    pub const fn finding(&self) -> Finding {
        self.finding
    }

    /// The verdict in a sentence.
    #[must_use]
    pub fn headline(&self) -> &str {
        &self.headline
    }

    /// The operations of the evidence, a line each, as they stand in the text; empty unless violated.
    #[must_use]
    pub fn evidence(&self) -> &[String] {
        let named = |section: &&Section| section.heading == EVIDENCE;
        let section = self.sections.iter().find(named);
        section.map_or(&[], |section| &section.lines)
    }

    /// The operations of the evidence, after what they are; empty unless violated.
    #[must_use]
    pub fn evidence_text(&self) -> String {
        let named = |section: &&Section| section.heading == EVIDENCE;
        let mut text = String::new();
        for section in self.sections.iter().filter(named) {
            section.write(&mut text);
        }
        text
    }

    /// Adds a section at the end: how the verdict was found, say. Sentences first, then lines that stand as they are.
    pub fn add(&mut self, heading: &str, sentences: &[String], lines: &[String]) {
        self.sections.push(Section {
            heading: heading.into(),
            sentences: sentences.to_vec(),
            lines: lines.to_vec(),
        });
    }

    /// Puts a wider answer in front of this one: another finding and headline, and a section that comes first.
    pub fn lead(
        &mut self,
        finding: Finding,
        headline: &str,
        heading: &str,
        sentences: &[String],
        lines: &[String],
    ) {
        self.finding = finding;
        self.headline = headline.into();
        self.add(heading, sentences, lines);
        self.sections.rotate_right(1);
    }

    /// The explanation as text.
    #[must_use]
    pub fn explain(&self) -> String {
        let mut text = format!("{}\n", self.headline);
        for section in &self.sections {
            let _ = write!(text, "\n{}\n", section.heading);
            section.write(&mut text);
        }
        text
    }

    /// The page: one self-contained file. O(operations shown).
    #[must_use]
    pub fn html(&self) -> String {
        html::page(self)
    }

    fn new(title: &str, finding: Finding, headline: String) -> Self {
        Self {
            title: title.into(),
            finding,
            headline,
            sections: Vec::new(),
            bars: Vec::new(),
            bars_count: 0,
            orders: Vec::new(),
            arrows: Vec::new(),
        }
    }

    fn section(
        &mut self,
        heading: &str,
        sentences: impl IntoIterator<Item = String>,
        lines: Vec<String>,
    ) {
        self.sections.push(Section {
            heading: heading.into(),
            sentences: sentences.into_iter().collect(),
            lines,
        });
    }

    /// Shows the beginning of an order that explains everything, and draws it.
    fn order(
        &mut self,
        level: Consistency,
        ids: &[OperationId],
        line: &dyn Fn(OperationId) -> String,
    ) {
        if ids.is_empty() {
            return;
        }
        let beginning = ids.get(..ORDER_LINES_MAX).unwrap_or(ids);
        let mut lines: Vec<String> = beginning.iter().map(|id| line(*id)).collect();
        let more = ids.len().saturating_sub(beginning.len());
        if more > 0 {
            lines.push(format!("… and {} more", grouped(more)));
        }
        let sentence = "An order that explains every answer begins so:".into();
        self.section("The order", [sentence], lines);
        self.orders.push(Order {
            label: String::new(),
            is_timed: level == Consistency::StrictSerializable,
            ids: ids.to_vec(),
        });
    }

    /// Writes down an anomaly: its rule, its operations, its argument.
    fn anomaly(
        &mut self,
        anomaly: &Anomaly,
        name: &dyn Fn(OperationId) -> String,
        line: &dyn Fn(OperationId) -> String,
    ) {
        let rule = format!("{}: {}.", anomaly.rule.name, anomaly.rule.about);
        self.section("The rule it breaks", [rule], Vec::new());
        let smallest = if anomaly.is_minimal {
            "Without any one of these, the rest would hold."
        } else {
            "These are enough; perhaps fewer would be."
        };
        let lines = anomaly.operations.iter().map(|id| line(*id)).collect();
        self.section(EVIDENCE, [smallest.into()], lines);
        if anomaly.edges.is_empty() {
            return;
        }
        let mut lines = Vec::new();
        for (place, edge) in (1..).zip(&anomaly.edges) {
            let sentence = format!("{}.", edge.in_words(name));
            lines.push(format!("{place}. {sentence}"));
            self.arrows.push(Arrow {
                source: edge.source,
                target: edge.target,
                kind: cycle::kind(&edge.reason),
                sentence,
            });
        }
        if cycle::is_cycle(&self.arrows) {
            let first = name(self.arrows.first().map_or(OperationId(0), |it| it.source));
            lines.push(format!(
                "So {first} would come before itself, which no order allows."
            ));
        }
        self.section("The argument", [], lines);
    }
}

impl Section {
    fn write(&self, text: &mut String) {
        for sentence in &self.sentences {
            let _ = writeln!(text, "  {sentence}");
        }
        for line in self.lines.iter().take(LINES_MAX) {
            let _ = writeln!(text, "    {line}");
        }
        let more = self.lines.len().saturating_sub(LINES_MAX);
        if more > 0 {
            let _ = writeln!(text, "    … and {} more", grouped(more));
        }
    }
}

/// The heading under which the operations of the evidence stand.
const EVIDENCE: &str = "The operations that convict it";

/// Which operations the picture shows, ascending: all, or those around the evidence and the evidence itself.
fn shown(count: usize, marked: &BTreeSet<usize>) -> Vec<usize> {
    if count <= BARS_MAX {
        return (0..count).collect();
    }
    let first = marked.first().copied().unwrap_or(0);
    let start = first
        .saturating_sub(BARS_MAX / 2)
        .min(count.saturating_sub(BARS_MAX));
    let window = start..start.saturating_add(BARS_MAX).min(count);
    let mut ids: BTreeSet<usize> = window.collect();
    ids.extend(
        marked
            .iter()
            .copied()
            .take(BARS_MAX)
            .filter(|id| *id < count),
    );
    ids.into_iter().collect()
}

/// A, B, … Z, AA, AB, …
fn letter(place: usize) -> String {
    let mut letters = vec![];
    let mut rest = place;
    loop {
        let digit = u8::try_from(rest % 26).unwrap_or(0);
        letters.push(char::from(b'A'.saturating_add(digit)));
        rest /= 26;
        if rest == 0 {
            break;
        }
        rest = rest.saturating_sub(1);
    }
    letters.iter().rev().collect()
}

/// 1234567 as `1,234,567`.
fn grouped(number: usize) -> String {
    let digits = format!("{number}");
    let mut text = String::with_capacity(digits.len().saturating_mul(2));
    for (place, digit) in digits.chars().enumerate() {
        let is_boundary = digits.len().saturating_sub(place) % 3 == 0;
        if place > 0 && is_boundary {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_go_on_after_z() {
        let names: Vec<String> = [0, 25, 26, 51, 52, 701, 702].map(letter).into();
        assert_eq!(names, ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]);
    }

    #[test]
    fn thousands_are_grouped() {
        let texts: Vec<String> = [0, 12, 123, 1_234, 123_456, 1_234_567].map(grouped).into();
        assert_eq!(texts, ["0", "12", "123", "1,234", "123,456", "1,234,567"]);
    }

    #[test]
    fn a_long_history_is_shown_around_its_evidence() {
        let marked = BTreeSet::from([3, 900_000, 900_010]);
        let ids = shown(1_000_000, &marked);
        assert!(ids.len() <= BARS_MAX + 3);
        assert!(marked.iter().all(|id| ids.contains(id)));
        assert_eq!(shown(7, &BTreeSet::new()).len(), 7);
        assert_eq!(shown(1_000_000, &BTreeSet::new()).len(), BARS_MAX);
    }
}
