//! The data of the picture, as JSON that stands safely inside of a page.
//!
//! Positions become ranks: the picture needs their order only, and a browser's numbers end at 2⁵³. Times are counted
//! from the first.

use alloc::{collections::BTreeMap, format, string::String, vec, vec::Vec};
use core::fmt::Write as _;

use super::{Bar, Fate, Mark, Report};
use crate::value::write_json_text;

/// Rows that one process may take, where its operations overlap.
const ROWS_MAX: usize = 64;

/// What the script reads.
pub(super) fn json(report: &Report) -> String {
    let layout = Layout::of(&report.bars);
    let mut out = String::from("{\"lanes\":[");
    list(&mut out, &layout.lanes, |out, lane| {
        let _ = write!(
            out,
            "[{},{},{}]",
            text(&lane.name),
            lane.first_row,
            lane.rows
        );
    });
    let span = layout.ranks.len();
    let _ = write!(
        out,
        "],\"span\":{span},\"count\":{},\"keys\":[",
        report.bars_count
    );
    let mut keys: Vec<&String> = report
        .bars
        .iter()
        .filter_map(|bar| bar.key.as_ref())
        .collect();
    keys.sort();
    keys.dedup();
    list(&mut out, &keys, |out, key| out.push_str(&text(key)));
    out.push_str("],\n\"bars\":[");
    let drawn: Vec<(&Bar, &usize)> = report.bars.iter().zip(&layout.rows).collect();
    list(&mut out, &drawn, |out, (bar, row)| {
        write_bar(out, bar, **row, &layout, &keys)
    });
    out.push_str("],\n\"orders\":[");
    let places: BTreeMap<usize, usize> = report
        .bars
        .iter()
        .enumerate()
        .map(|(place, bar)| (bar.id, place))
        .collect();
    list(&mut out, &report.orders, |out, order| {
        let _ = write!(out, "[{},{},[", text(&order.label), order.is_timed);
        let numbered = order.ids.iter().enumerate();
        let known: Vec<(usize, usize)> = numbered
            .filter_map(|(number, id)| Some((number, *places.get(&id.0)?)))
            .collect();
        list(out, &known, |out, (number, place)| {
            let _ = write!(out, "[{number},{place}]");
        });
        out.push_str("]]");
    });
    out.push_str("],\n\"arrows\":[");
    let arrows: Vec<(usize, usize, &super::Arrow)> = report
        .arrows
        .iter()
        .filter_map(|arrow| {
            let (source, target) = (places.get(&arrow.source.0)?, places.get(&arrow.target.0)?);
            Some((*source, *target, arrow))
        })
        .collect();
    list(&mut out, &arrows, |out, (source, target, arrow)| {
        let (kind, sentence) = (text(arrow.kind), text(&arrow.sentence));
        let _ = write!(out, "[{source},{target},{kind},{sentence}]");
    });
    out.push_str("]}");
    // Inside of strings only: nothing else in JSON has these. So no value ends the script element.
    out.replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

fn write_bar(out: &mut String, bar: &Bar, row: usize, layout: &Layout, keys: &[&String]) {
    let rank = |position: u64| layout.ranks.binary_search(&position).unwrap_or(0);
    let start = rank(bar.call.position);
    let end = bar.end.map_or(start, |end| rank(end.position).max(start));
    let fate = match bar.fate {
        Fate::Happened => 0,
        Fate::Failed => 1,
        Fate::Open => 2,
    };
    let (mark, letter) = match &bar.mark {
        Mark::None => (0, ""),
        Mark::Core(letter) => (1, letter.as_str()),
        Mark::Blocked => (2, ""),
    };
    let key = bar
        .key
        .as_ref()
        .and_then(|key| keys.binary_search(&key).ok());
    let time = |moment: Option<crate::Moment>| {
        let time_ns = moment.and_then(|moment| moment.time_ns);
        time_ns.map(|time_ns| time_ns.saturating_sub(layout.first_time_ns))
    };
    let _ = write!(
        out,
        "[{},{row},{start},{end},{fate},{},{mark},{},{},{},{},{},{},{},{}]",
        bar.id,
        u8::from(bar.is_update),
        text(letter),
        number(key.map(|key| key as u64)),
        number(bar.line),
        number(bar.end_line),
        number(time(Some(bar.call))),
        number(time(bar.end)),
        text(&bar.call_text),
        text(&bar.end_text),
    );
}

fn list<T>(out: &mut String, items: &[T], mut write: impl FnMut(&mut String, &T)) {
    for (place, item) in items.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        write(out, item);
    }
}

fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len().saturating_add(2));
    let _ = write_json_text(&mut out, text);
    out
}

fn number(number: Option<u64>) -> String {
    number.map_or_else(|| "null".into(), |number| format!("{number}"))
}

struct Lane {
    name: String,
    first_row: usize,
    rows: usize,
}

/// Where bars stand: every process has a lane, of as many rows as its operations overlap.
struct Layout {
    lanes: Vec<Lane>,
    /// The row of each bar.
    rows: Vec<usize>,
    /// Every position there is, ascending.
    ranks: Vec<u64>,
    first_time_ns: u64,
}

impl Layout {
    fn of(bars: &[Bar]) -> Self {
        let ends = bars.iter().filter_map(|bar| bar.end);
        let moments = || bars.iter().map(|bar| bar.call).chain(ends.clone());
        let mut ranks: Vec<u64> = moments().map(|moment| moment.position).collect();
        ranks.sort_unstable();
        ranks.dedup();
        let first_time_ns = moments()
            .filter_map(|moment| moment.time_ns)
            .min()
            .unwrap_or(0);
        let mut processes: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
        for (place, bar) in bars.iter().enumerate() {
            processes.entry(bar.process).or_default().push(place);
        }
        let mut rows = vec![0; bars.len()];
        let mut lanes = Vec::with_capacity(processes.len());
        let mut first_row = 0;
        for (process, mut places) in processes {
            places.sort_by_key(|place| bars.get(*place).map(|bar| bar.call.position));
            let used = stack(bars, &places, first_row, &mut rows);
            lanes.push(Lane {
                name: format!("process {process}"),
                first_row,
                rows: used,
            });
            first_row = first_row.saturating_add(used);
        }
        Self {
            lanes,
            rows,
            ranks,
            first_time_ns,
        }
    }
}

/// Gives each bar of a lane the first row that is free; how many rows it took. What is open for ever is cut off by its
/// successor, so it keeps no row.
fn stack(bars: &[Bar], places: &[usize], first_row: usize, rows: &mut [usize]) -> usize {
    let mut free_from: Vec<u64> = Vec::new();
    for place in places {
        let (Some(bar), Some(row)) = (bars.get(*place), rows.get_mut(*place)) else {
            continue;
        };
        let call = bar.call.position;
        let end = bar.end.map_or(call, |end| end.position.max(call));
        let free = free_from.iter().position(|free| *free <= call);
        let chosen = match free {
            Some(free) => free,
            None if free_from.len() < ROWS_MAX => {
                free_from.push(0);
                free_from.len().saturating_sub(1)
            }
            None => ROWS_MAX.saturating_sub(1),
        };
        if let Some(free) = free_from.get_mut(chosen) {
            *free = end;
        }
        *row = first_row.saturating_add(chosen);
    }
    free_from.len().max(1)
}
