//! The merge curve as a picture, readable on light and on dark pages.

use plotters::element::{DashedPathElement, PathElement};
use plotters::prelude::*;

use super::Timed;
use crate::Error;

const WIDTH: u32 = 960;
const HEIGHT: u32 = 520;
/// Room to the right of the lines, for their names.
const MARGIN_RIGHT: u32 = 240;
/// Room above them, for title and subtitle.
const MARGIN_TOP: u32 = 72;
/// Where the vertical axis stands.
const AXIS: i32 = 86;

/// One contender's line.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// The name among the contenders.
    pub name: &'a str,
    /// The name on the picture.
    pub label: &'a str,
    /// Red, green, blue: a tone that shows on white and on black.
    pub color: [u8; 3],
    /// Thick for us, thin for others.
    pub width: u32,
    /// A bound, or a variant, rather than a contender.
    pub dashed: bool,
}

/// What stands above the lines.
#[derive(Clone, Copy, Debug)]
pub struct Picture<'a> {
    /// What is measured.
    pub title: &'a str,
    /// How to read it, and where it was measured.
    pub subtitle: &'a str,
}

/// Draws nanoseconds a merge over the number of entries, both logarithmic: an SVG file's text.
///
/// # Errors
///
/// [`Error::Output`] if the picture cannot be drawn.
///
/// ```
/// use benches::clocks::{Line, Picture, Timed, chart};
/// let timed = |ns| vec![Timed { name: "us".to_owned(), ns: vec![ns], allocations: 0.0 }];
/// let line = Line { name: "us", label: "us", color: [0, 0, 0], width: 3, dashed: false };
/// let svg = chart(&[(4, timed(2.0)), (16, timed(4.0))], &[line], Picture { title: "Merges", subtitle: "On Zen 4" })?;
/// assert!(svg.starts_with("<svg") && svg.contains("us"));
/// # Ok::<(), benches::Error>(())
/// ```
pub fn chart(
    curve: &[(usize, Vec<Timed>)],
    lines: &[Line<'_>],
    picture: Picture<'_>,
) -> Result<String, Error> {
    let mut svg = String::new();
    draw(&mut svg, curve, lines, picture).map_err(|error| Error::Output {
        why: error.to_string(),
    })?;
    Ok(described(&svg, picture, &described_lines(curve, lines)))
}

type Drawn = Result<(), Box<dyn std::error::Error>>;

fn draw(
    svg: &mut String,
    curve: &[(usize, Vec<Timed>)],
    lines: &[Line<'_>],
    picture: Picture<'_>,
) -> Drawn {
    let points: Vec<(Line<'_>, Vec<(f64, f64)>)> = lines
        .iter()
        .map(|line| (*line, points(curve, line)))
        .collect();
    let all = || points.iter().flat_map(|(_, points)| points);
    let low = all().map(|point| point.1).fold(f64::INFINITY, f64::min);
    let high = all().map(|point| point.1).fold(1.0, f64::max);
    let root = SVGBackend::with_string(svg, (WIDTH, HEIGHT)).into_drawing_area();
    let text = |size: u32| ("sans-serif", size).into_font().color(&TEXT);
    root.draw_text(picture.title, &text(22), (AXIS, 12))?;
    root.draw_text(picture.subtitle, &text(17), (AXIS, 40))?;
    let mut chart = ChartBuilder::on(&root)
        .margin(12)
        .margin_top(MARGIN_TOP)
        .margin_right(MARGIN_RIGHT)
        .x_label_area_size(52)
        .y_label_area_size(74)
        .build_cartesian_2d(1.7..10.3, (low / 1.5..high * 1.6).log_scale())?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(TEXT.mix(0.25))
        .axis_style(TEXT)
        .label_style(text(17))
        .axis_desc_style(text(18))
        .x_desc("entries of the clock")
        .y_desc("nanoseconds a merge")
        .x_labels(5)
        .x_label_formatter(&|doublings: &f64| format!("{:.0}", doublings.exp2()))
        .y_label_formatter(&|ns| format!("{ns:.0}"))
        .draw()?;
    for (line, points) in &points {
        let [red, green, blue] = line.color;
        let style = RGBColor(red, green, blue).stroke_width(line.width);
        if line.dashed {
            chart.draw_series([DashedPathElement::new(points.clone(), 6, 5, style)])?;
        } else {
            chart.draw_series([PathElement::new(points.clone(), style)])?;
            let dots = points
                .iter()
                .map(|point| Circle::new(*point, line.width + 1, style.filled()));
            chart.draw_series(dots)?;
        }
    }
    let ends: Vec<(Line<'_>, (i32, i32))> = points
        .iter()
        .filter_map(|(line, points)| Some((*line, chart.backend_coord(points.last()?))))
        .collect();
    drop(chart);
    for (line, (x, y)) in apart(ends) {
        let [red, green, blue] = line.color;
        let style = ("sans-serif", 18)
            .into_font()
            .color(&RGBColor(red, green, blue));
        root.draw_text(line.label, &style, (x + 12, y - 9))?;
    }
    root.present()?;
    Ok(())
}

/// Grey enough for both; a browser that knows the page's theme does better, see [`described`].
const TEXT: RGBColor = RGBColor(118, 118, 118);

fn points(curve: &[(usize, Vec<Timed>)], line: &Line<'_>) -> Vec<(f64, f64)> {
    let of = |(n, timed): &(usize, Vec<Timed>)| {
        let timed = timed.iter().find(|timed| timed.name == line.name)?;
        Some(((*n as f64).log2(), timed.median()))
    };
    curve.iter().filter_map(of).collect()
}

/// Moves names that would overlap apart, from the top down.
fn apart(mut ends: Vec<(Line<'_>, (i32, i32))>) -> Vec<(Line<'_>, (i32, i32))> {
    const LINE: i32 = 22;
    ends.sort_by_key(|(_, (_, y))| *y);
    let mut lowest = i32::MIN;
    for (_, (_, y)) in &mut ends {
        *y = (*y).max(lowest);
        lowest = y.saturating_add(LINE);
    }
    ends
}

/// The lines in words: the figures at the largest number of entries.
fn described_lines(curve: &[(usize, Vec<Timed>)], lines: &[Line<'_>]) -> String {
    let Some((n, timed)) = curve.last() else {
        return String::new();
    };
    let figures: Vec<String> = lines
        .iter()
        .filter_map(|line| {
            let timed = timed.iter().find(|timed| timed.name == line.name)?;
            Some(format!("{} {:.0}", line.label, timed.median()))
        })
        .collect();
    format!(
        "Nanoseconds a merge at {n} entries: {}.",
        figures.join("; ")
    )
}

/// Says in words what is drawn, and lets the grey of texts and axes be lighter where the page is dark.
fn described(svg: &str, picture: Picture<'_>, lines: &str) -> String {
    let Some(rest) = svg.strip_prefix("<svg ") else {
        return svg.to_owned();
    };
    let Some((attributes, drawn)) = rest.split_once('>') else {
        return svg.to_owned();
    };
    let title = escaped(picture.title);
    let description = escaped(&format!("{} {lines}", picture.subtitle));
    format!(
        "<svg role=\"img\" aria-labelledby=\"title description\" {attributes}>\n\
         <title id=\"title\">{title}</title>\n\
         <desc id=\"description\">{description}</desc>\n\
         <style>@media (prefers-color-scheme:dark){{[fill=\"#767676\"]{{fill:#bbb}}\
         [stroke=\"#767676\"]{{stroke:#bbb}}}}</style>{drawn}"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_at_one_height_are_moved_apart() {
        let line = Line {
            name: "",
            label: "",
            color: [0; 3],
            width: 1,
            dashed: false,
        };
        let heights = |ys: [i32; 3]| {
            let ends = ys.map(|y| (line, (0, y))).into();
            apart(ends).iter().map(|(_, (_, y))| *y).collect::<Vec<_>>()
        };
        assert_eq!(heights([100, 50, 0]), [0, 50, 100]);
        assert_eq!(heights([50, 50, 60]), [50, 72, 94]);
    }

    #[test]
    fn a_picture_says_in_words_what_it_shows() {
        let timed = Timed {
            name: "map".to_owned(),
            ns: vec![70.4],
            allocations: 0.0,
        };
        let line = Line {
            name: "map",
            label: "Map<K, V>",
            color: [0; 3],
            width: 1,
            dashed: false,
        };
        let picture = Picture {
            title: "A & B",
            subtitle: "Lower is better.",
        };
        let svg = chart(
            &[(4, vec![timed.clone()]), (8, vec![timed])],
            &[line],
            picture,
        )
        .unwrap();
        assert!(
            svg.contains("<title id=\"title\">A &amp; B</title>"),
            "{svg}"
        );
        let words = "Lower is better. Nanoseconds a merge at 8 entries: Map&lt;K, V&gt; 70.</desc>";
        assert!(svg.contains(words), "{svg}");
    }
}
