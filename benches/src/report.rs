//! The result: a table for people, or JSON lines for programs.

use crate::error::{note, print_line};
use crate::{Comparison, Error, Rate, Spread};

/// Writes rows as they are measured.
///
/// For people, the table and the method go to standard output. With JSON, standard output carries
/// one object a row and nothing else; the prose goes to standard error.
#[derive(Clone, Copy, Debug)]
pub struct Report {
    bench: &'static str,
    /// What is counted, in the singular.
    operation: &'static str,
    unit: &'static str,
    bar: Option<f64>,
    json: bool,
}

impl Report {
    /// A report of `bench`, whose samples count `operation`s (the singular).
    #[must_use]
    pub const fn new(
        bench: &'static str,
        operation: &'static str,
        unit: &'static str,
        json: bool,
    ) -> Self {
        Self {
            bench,
            operation,
            unit,
            bar: None,
            json,
        }
    }

    /// Names the least ratio that the project asks of itself.
    #[must_use]
    pub const fn with_bar(mut self, ratio: f64) -> Self {
        self.bar = Some(ratio);
        self
    }

    /// Writes prose: the method, a caveat.
    ///
    /// # Errors
    ///
    /// [`Error::Output`].
    pub fn prose(&self, text: &str) -> Result<(), Error> {
        if self.json {
            note(text);
            Ok(())
        } else {
            print_line(text)
        }
    }

    /// Writes one case: us, if we ran, beside every peer.
    ///
    /// # Errors
    ///
    /// [`Error::Output`].
    pub fn case(&self, case: &str, ours: Option<&Rate>, peers: &[&Rate]) -> Result<(), Error> {
        let row = |peer: Option<&Rate>| {
            let row = Comparison::new(self.bench, case, self.unit, ours, peer);
            Comparison {
                bar: self.bar,
                ..row
            }
        };
        let mut rows: Vec<Comparison> = peers.iter().map(|peer| row(Some(peer))).collect();
        if rows.is_empty() {
            rows.push(row(None));
        }
        if self.json {
            for row in &rows {
                let line = serde_json::to_string(row).map_err(|error| Error::Output {
                    why: error.to_string(),
                })?;
                print_line(&line)?;
            }
            return Ok(());
        }
        print_line(&format!(
            "\n{case}\n  {:<40} {:>10} {:>18}  {:>9} {:>7} {:>7} {:>7}   {}",
            "", self.unit, "(min..max)", "ns", "allocs", "bytes", "msgs", "ours/peer (min..max)"
        ))?;
        if let Some(ours) = ours {
            print_line(&self.line(ours, None))?;
        }
        for (peer, row) in peers.iter().zip(&rows) {
            print_line(&self.line(peer, Some(row)))?;
        }
        Ok(())
    }

    /// The legend of the table.
    ///
    /// # Errors
    ///
    /// [`Error::Output`].
    pub fn legend(&self) -> Result<(), Error> {
        self.prose(&format!(
            "Columns: {} (median of the samples, min..max); CPU nanoseconds, allocations, bytes \
             allocated and messages per {}; ours/peer is the median of the ratios of the rounds: \
             above 1 we are faster.",
            self.unit, self.operation
        ))
    }

    fn line(&self, rate: &Rate, row: Option<&Comparison>) -> String {
        let (Some(spread), Some(cost)) = (rate.spread(), rate.cost()) else {
            return format!("  {:<40} no samples", rate.name);
        };
        let Spread { median, min, max } = spread;
        let range = format!("({}..{})", amount(min), amount(max));
        let mut line = format!(
            "  {:<40} {:>10} {range:>18}  {:>9.1} {:>7.2} {:>7.1} {:>7.3}",
            rate.name,
            amount(median),
            cost.cpu_ns,
            cost.allocations,
            cost.bytes,
            cost.messages
        );
        if let Some((ratio, [low, high])) = row.and_then(|row| row.ratio.zip(row.ratio_range)) {
            line += &format!("   {ratio:.2} ({low:.2}..{high:.2})");
            if let Some(bar) = self.bar {
                let verdict = if ratio >= bar { "met" } else { "NOT met" };
                line += &format!("  bar {bar:.0}x {verdict}");
            }
        }
        line
    }
}

/// Three figures and a unit prefix.
fn amount(value: f64) -> String {
    if value >= 1e6 {
        format!("{:.2} M", value / 1e6)
    } else if value >= 1e3 {
        format!("{:.0} k", value / 1e3)
    } else {
        format!("{value:.0}")
    }
}

#[cfg(test)]
mod tests {
    use super::amount;

    #[test]
    fn amounts_keep_three_figures() {
        let shown: Vec<_> = [12.0, 734_830.0, 7_487_958.0].map(amount).into();
        assert_eq!(shown, ["12", "735 k", "7.49 M"]);
    }
}
