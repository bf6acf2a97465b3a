//! The cycle of an argument as a drawing: its operations in a ring, an arrow for each reason.
//!
//! The ring has two rows: the first half of the operations runs right, the second half back left. Whole numbers only,
//! so the drawing is the same everywhere.

use alloc::{format, string::String, vec::Vec};
use core::fmt::Write as _;

use super::{Arrow, Bar, Mark, Report, html::escaped};
use crate::{OperationId, Reason};

/// Longer cycles are told in sentences only.
const NODES_MAX: usize = 40;
const BOX_WIDTH: usize = 200;
const BOX_HEIGHT: usize = 46;
/// From box to box; between them the label of an arrow.
const COLUMN: usize = 350;
const ROW: usize = 140;
const MARGIN: usize = 24;
/// Beside the first column stands a label too.
const LEFT: usize = 160;
/// Letters of fixed width that fit in a box.
const TEXT_MAX: usize = 26;

/// An edge's kind in a word or two.
pub(super) const fn kind(reason: &Reason) -> &'static str {
    match reason {
        Reason::Session => "same session",
        Reason::RealTime => "real time",
        Reason::ReadsFrom { .. } => "wr: read by",
        Reason::Overwrites { .. } => "ww: followed by",
        Reason::Misses { .. } => "rw: missed",
        _ => "",
    }
}

/// Whether each arrow begins where the one before ends, and the last ends where the first begins.
pub(super) fn is_cycle(arrows: &[Arrow]) -> bool {
    let nexts = arrows.iter().cycle().skip(1);
    !arrows.is_empty()
        && arrows
            .iter()
            .zip(nexts)
            .all(|(arrow, next)| arrow.target == next.source)
}

/// The drawing, where the argument is a cycle of at least two operations that can be drawn.
pub(super) fn drawing(report: &Report) -> Option<String> {
    let arrows = &report.arrows;
    let count = arrows.len();
    if !is_cycle(arrows) || !(2..=NODES_MAX).contains(&count) {
        return None;
    }
    let columns = count.div_ceil(2);
    let width = LEFT + LEFT + (columns - 1) * COLUMN + BOX_WIDTH;
    let height = MARGIN + ROW + BOX_HEIGHT + MARGIN;
    let mut svg = format!(
        "<svg class=\"cycle\" role=\"img\" aria-label=\"The cycle of {count} operations; its arrows are the sentences \
         above\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\">\
         <defs><marker id=\"tip\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"8\" markerHeight=\"8\" \
         orient=\"auto-start-reverse\"><path d=\"M0 0L10 5L0 10z\"/></marker></defs>"
    );
    for (place, arrow) in arrows.iter().enumerate() {
        draw_arrow(&mut svg, place, Shape::of(place, count), arrow);
    }
    for (place, arrow) in arrows.iter().enumerate() {
        draw_node(&mut svg, corner(place, count), arrow.source, &report.bars);
    }
    svg.push_str("</svg>");
    Some(svg)
}

/// The upper left corner of a box.
const fn corner(place: usize, count: usize) -> (usize, usize) {
    let columns = count.div_ceil(2);
    if place < columns {
        (LEFT + place * COLUMN, MARGIN)
    } else {
        let back = (2 * columns).saturating_sub(place + 1);
        (LEFT + back * COLUMN, MARGIN + ROW)
    }
}

/// An arrow's line, and where its label stands.
struct Shape {
    from: (usize, usize),
    to: (usize, usize),
    label: (usize, usize),
    anchor: &'static str,
}

impl Shape {
    fn of(place: usize, count: usize) -> Self {
        let next = if place + 1 == count { 0 } else { place + 1 };
        let ((x, y), (next_x, next_y)) = (corner(place, count), corner(next, count));
        let (middle, next_middle) = (x + BOX_WIDTH / 2, next_x + BOX_WIDTH / 2);
        let half = BOX_HEIGHT / 2;
        if y == next_y {
            let (from, to) = if next_x > x {
                ((x + BOX_WIDTH, y + half), (next_x, next_y + half))
            } else {
                ((x, y + half), (next_x + BOX_WIDTH, next_y + half))
            };
            let label = (usize::midpoint(from.0, to.0), from.1 - 8);
            let anchor = "middle";
            return Self {
                from,
                to,
                label,
                anchor,
            };
        }
        let is_down = next_y > y;
        let (from_y, to_y) = if is_down {
            (y + BOX_HEIGHT, next_y)
        } else {
            (y, next_y + BOX_HEIGHT)
        };
        // Of two operations, one arrow goes down on the left and the other up on the right.
        let aside = if count == 2 { 50 } else { 0 };
        let (from, to) = if is_down {
            ((middle - aside, from_y), (next_middle - aside, to_y))
        } else {
            ((middle + aside, from_y), (next_middle + aside, to_y))
        };
        let (x, y) = (usize::midpoint(from.0, to.0), usize::midpoint(from_y, to_y));
        let is_left = (count == 2 && is_down) || (count != 2 && !is_down);
        // Left of an arrow that leans, the label stands below it.
        let below = if from.0 == to.0 { 4 } else { 20 };
        let (label, anchor) = if is_left {
            ((x - 10, y + below), "end")
        } else {
            ((x + 10, y + 4), "start")
        };
        Self {
            from,
            to,
            label,
            anchor,
        }
    }
}

fn draw_arrow(svg: &mut String, place: usize, shape: Shape, arrow: &Arrow) {
    let Shape {
        from,
        to,
        label,
        anchor,
    } = shape;
    let _ = write!(
        svg,
        "<g class=\"arrow\"><title>{}</title><line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" \
         marker-end=\"url(#tip)\"/><text x=\"{}\" y=\"{}\" text-anchor=\"{anchor}\">{} {}</text></g>",
        escaped(&arrow.sentence),
        from.0,
        from.1,
        to.0,
        to.1,
        label.0,
        label.1,
        place + 1,
        escaped(arrow.kind),
    );
}

fn draw_node(svg: &mut String, (x, y): (usize, usize), id: OperationId, bars: &[Bar]) {
    let bar = bars.iter().find(|bar| bar.id == id.0);
    let name = match bar.map(|bar| &bar.mark) {
        Some(Mark::Core(letter)) => letter.clone(),
        _ => format!("{id}"),
    };
    let (process, text) = bar.map_or_else(Default::default, |bar| {
        let text = if bar.is_update {
            bar.call_text.clone()
        } else {
            format!("{} → {}", bar.call_text, bar.end_text)
        };
        (format!("process {}", bar.process), text)
    });
    let _ = write!(
        svg,
        "<g class=\"node\"><title>{}</title><rect x=\"{x}\" y=\"{y}\" width=\"{BOX_WIDTH}\" height=\"{BOX_HEIGHT}\" \
         rx=\"6\"/><text class=\"name\" x=\"{}\" y=\"{}\">{}</text><text class=\"who\" x=\"{}\" y=\"{}\" \
         text-anchor=\"end\">{}</text><text x=\"{}\" y=\"{}\">{}</text></g>",
        escaped(&text),
        x + 10,
        y + 18,
        escaped(&name),
        x + BOX_WIDTH - 10,
        y + 18,
        escaped(&process),
        x + 10,
        y + 36,
        escaped(&shortened(&text)),
    );
}

fn shortened(text: &str) -> String {
    let letters: Vec<char> = text.chars().take(TEXT_MAX + 1).collect();
    if letters.len() <= TEXT_MAX {
        return text.into();
    }
    let mut short: String = letters.iter().take(TEXT_MAX - 1).collect();
    short.push('…');
    short
}
