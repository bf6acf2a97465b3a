//! Columns on a terminal. A column that is empty in every row is left out.

/// The widest line.
pub(super) const WIDTH_MAX: usize = 100;

/// Blanks between columns.
const GAP: usize = 2;

/// A column: its head, and what stands below.
pub(super) struct Column {
    head: &'static str,
    cells: Vec<String>,
}

impl Column {
    /// With cells of at most so many characters.
    pub(super) fn new(
        head: &'static str,
        width_max: usize,
        cells: impl Iterator<Item = Option<String>>,
    ) -> Self {
        let cells = cells.map(Option::unwrap_or_default);
        Self {
            head,
            cells: cells.map(|cell| cut(&cell, width_max)).collect(),
        }
    }

    fn width(&self) -> usize {
        let cells = self.cells.iter().map(|cell| cell.chars().count());
        cells.chain([self.head.chars().count()]).max().unwrap_or(0)
    }
}

/// What the first and the last column keep at least when a line is too wide.
const KEPT_MIN: usize = 8;

/// The width of each column. If all are too wide together, the first and the last give way.
fn widths(columns: &[&Column]) -> Vec<usize> {
    let mut widths: Vec<usize> = columns.iter().map(|column| column.width()).collect();
    let gaps = GAP * widths.len().saturating_sub(1);
    let mut over = (widths.iter().sum::<usize>() + gaps).saturating_sub(WIDTH_MAX);
    while over > 0 {
        let last = widths.len() - 1;
        let widest = if widths[0] > widths[last] { 0 } else { last };
        if widths[widest] <= KEPT_MIN {
            break;
        }
        widths[widest] -= 1;
        over -= 1;
    }
    widths
}

/// The lines of a table, the heads first. No line ends with a blank.
pub(super) fn lines(columns: &[Column]) -> Vec<String> {
    let used = |column: &&Column| column.cells.iter().any(|cell| !cell.is_empty());
    let columns: Vec<&Column> = columns.iter().filter(used).collect();
    let rows = columns.iter().map(|column| column.cells.len()).max();
    let widths = widths(&columns);
    let line = |cell_of: &dyn Fn(&Column) -> &str| {
        let mut line = String::new();
        for (column, width) in columns.iter().zip(&widths) {
            let cell = cut(cell_of(column), *width);
            line.push_str(&cell);
            let rest = width.saturating_sub(cell.chars().count());
            line.push_str(&" ".repeat(rest + GAP));
        }
        line.trim_end().to_owned()
    };
    let heads = line(&|column| column.head);
    let rows = 0..rows.unwrap_or(0);
    let rows = rows.map(|row| line(&|column| column.cells.get(row).map_or("", String::as_str)));
    [heads].into_iter().chain(rows).collect()
}

/// At most so many characters, the last of them an ellipsis if there were more.
pub(super) fn cut(text: &str, width_max: usize) -> String {
    if text.chars().count() <= width_max {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width_max.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// Words in lines of at most `width` characters, each after `indent` blanks.
pub(super) fn wrapped(text: &str, indent: usize) -> String {
    let width = WIDTH_MAX.saturating_sub(indent).max(20);
    let (mut lines, mut line, mut used) = (Vec::new(), String::new(), 0);
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > width {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        line.push_str(word);
        used += length;
    }
    lines.push(line);
    let margin = " ".repeat(indent);
    let lines: Vec<String> = lines.iter().map(|line| format!("{margin}{line}")).collect();
    lines.join("\n")
}

/// Four significant digits, without zeros at the end; very small and very large numbers by powers of ten.
pub(super) fn rounded(number: f64) -> String {
    let size = number.abs();
    if number == 0.0 {
        return "0".to_owned();
    }
    if !(1e-4..1e7).contains(&size) {
        let text = format!("{number:.3e}");
        let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
        return format!("{}e{power}", without_zeros(digits));
    }
    // At most 1e7, so the logarithm is small.
    let whole = size.log10().floor() as i32 + 1;
    let decimals = usize::try_from(4 - whole).unwrap_or(0);
    let text = format!("{number:.decimals$}");
    if decimals == 0 {
        text
    } else {
        without_zeros(&text).to_owned()
    }
}

fn without_zeros(text: &str) -> &str {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rounded_to_what_a_reader_needs() {
        for (number, text) in [
            (0.0, "0"),
            (0.375, "0.375"),
            (2.0 / 3.0, "0.6667"),
            (3_913.043_478, "3913"),
            (12_345.0, "12345"),
            (0.000_75, "0.00075"),
            (9.850_6e-6, "9.851e-6"),
            (1e-8, "1e-8"),
            (1.0, "1"),
            (9.999_96, "10"),
            (52.147_7, "52.15"),
            (1e9, "1e9"),
        ] {
            assert_eq!(rounded(number), text);
        }
    }

    #[test]
    fn an_empty_column_is_left_out_and_a_long_cell_is_cut() {
        let cells = |cells: [&str; 2]| cells.map(|cell| Some(cell.to_owned())).into_iter();
        let columns = [
            Column::new("name", 6, cells(["majority", "b"])),
            Column::new("none", 9, cells(["", ""])),
            Column::new("load", 9, cells(["1", ""])),
        ];
        assert_eq!(lines(&columns), ["name    load", "major…  1", "b"]);
    }

    #[test]
    fn a_line_that_is_too_wide_gives_way_at_both_ends() {
        let cell = |width: usize| [Some("x".repeat(width))].into_iter();
        let columns = [
            Column::new("first", 60, cell(60)),
            Column::new("middle", 40, cell(40)),
            Column::new("last", 60, cell(60)),
        ];
        for line in lines(&columns) {
            assert!(line.chars().count() <= WIDTH_MAX, "{line}");
            assert!(
                line.contains(&"x".repeat(40)) || line.starts_with("first"),
                "{line}"
            );
        }
    }

    #[test]
    fn words_are_wrapped_at_the_width() {
        let text = "word ".repeat(40);
        let wrapped = wrapped(&text, 4);
        assert!(
            wrapped
                .lines()
                .all(|line| line.starts_with("    word") && line.len() <= WIDTH_MAX)
        );
        assert_eq!(wrapped.split_whitespace().count(), 40);
    }
}
