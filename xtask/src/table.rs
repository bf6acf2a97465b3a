//! Text tables: columns as wide as their widest cell, numbers to the right.

use std::fmt;

/// A heading and rows of as many cells.
#[derive(Debug)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(heading: &[&str]) -> Self {
        Self {
            rows: vec![heading.iter().map(ToString::to_string).collect()],
        }
    }

    /// Appends a row; missing cells are empty.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = impl ToString>) {
        self.rows
            .push(cells.into_iter().map(|cell| cell.to_string()).collect());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let cell =
            |row: &[String], column: usize| row.get(column).map_or("", String::as_str).to_owned();
        let width = |column| {
            let cells = self
                .rows
                .iter()
                .map(|row| cell(row, column).chars().count());
            cells.max().unwrap_or_default()
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let numeric: Vec<bool> = (0..columns)
            .map(|column| {
                self.rows
                    .iter()
                    .skip(1)
                    .all(|row| is_number(&cell(row, column)))
            })
            .collect();
        for (index, row) in self.rows.iter().enumerate() {
            let cells = (0..columns).map(|column| {
                let (text, width) = (cell(row, column), widths[column]);
                if numeric[column] {
                    format!("{text:>width$}")
                } else {
                    format!("{text:<width$}")
                }
            });
            writeln!(f, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
            if index == 0 {
                let rules = widths.iter().map(|&width| "-".repeat(width));
                writeln!(f, "{}", rules.collect::<Vec<_>>().join("  "))?;
            }
        }
        Ok(())
    }
}

fn is_number(cell: &str) -> bool {
    cell.chars()
        .all(|c| c.is_ascii_digit() || ".,-_%".contains(c))
}

/// A number with its thousands apart: 12,345.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
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
    fn columns_are_as_wide_as_their_widest_cell_and_numbers_stand_right() {
        let mut table = Table::new(&["step", "seconds", "verdict"]);
        table.row(["format", "0.7", "PASS"]);
        table.row(["a longer name", "12.0", "FAIL"]);
        let expected = "\
step           seconds  verdict
-------------  -------  -------
format             0.7  PASS
a longer name     12.0  FAIL
";
        assert_eq!(table.to_string(), expected);
    }

    #[test]
    fn a_short_row_has_empty_cells() {
        let mut table = Table::new(&["a", "b"]);
        table.row(["x"]);
        assert_eq!(table.to_string(), "a  b\n-  -\nx\n");
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(1_234_567), "1,234,567");
    }
}
