//! The page: a table a case, then every bar with its verdict; or JSON lines.

use super::{Bar, Row, Timed, row::times};
use crate::Error;
use crate::error::{note, print_line};

/// On whose row a bar stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum On<'a> {
    /// Our own figure.
    Us,
    /// The row of one peer.
    Peer(&'a str),
    /// The row of the fastest of these.
    FastestOf(&'a [&'a str]),
}

/// What the `n` of a case counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Size {
    /// Entries of a clock, all of which an operation goes through.
    Entries(usize),
    /// Actors that take part: time divided by them would mean nothing.
    Actors(usize),
}

impl Size {
    /// The number.
    #[must_use]
    pub const fn n(self) -> usize {
        match self {
            Self::Entries(n) | Self::Actors(n) => n,
        }
    }

    fn cycles_per_entry(self, cycles_per_ns: Option<f64>, ns: f64) -> Option<f64> {
        match self {
            Self::Entries(n) => cycles_per_ns.map(|cycles| cycles * ns / n.max(1) as f64),
            Self::Actors(_) => None,
        }
    }
}

/// Writes cases as they are measured, and keeps what has a bar.
#[derive(Debug)]
pub struct Page {
    json: bool,
    kernel: Option<String>,
    cycles_per_ns: Option<f64>,
    rows: Vec<Row>,
}

impl Page {
    /// A page; with `json`, one object a row on standard output and prose on standard error.
    #[must_use]
    pub const fn new(json: bool, kernel: Option<String>, cycles_per_ns: Option<f64>) -> Self {
        Self {
            json,
            kernel,
            cycles_per_ns,
            rows: Vec::new(),
        }
    }

    /// Writes prose.
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

    /// Writes one case: the first of `timed` is us.
    ///
    /// # Errors
    ///
    /// [`Error::NoSamples`] without anybody, [`Error::Output`].
    pub fn case(
        &mut self,
        case: &str,
        size: Size,
        timed: &[Timed],
        bars: &[(On<'_>, Bar)],
    ) -> Result<(), Error> {
        let (ours, peers) = timed.split_first().ok_or(Error::NoSamples)?;
        let mut rows = Vec::new();
        let own = self.row(case, size, ours, None);
        let own_bars: Vec<Bar> = bars
            .iter()
            .filter_map(|(on, bar)| (*on == On::Us).then_some(*bar))
            .collect();
        rows.extend(own_bars.iter().map(|bar| own.clone().with_bar(*bar)));
        if rows.is_empty() && peers.is_empty() {
            rows.push(own);
        }
        let own_rows = rows.len();
        for peer in peers {
            let row = self.row(case, size, ours, Some(peer));
            let barred: Vec<Row> = bars
                .iter()
                .filter(|(on, _)| is_on(*on, peer, peers))
                .map(|(_, bar)| row.clone().with_bar(*bar))
                .collect();
            if barred.is_empty() {
                rows.push(row);
            } else {
                rows.extend(barred);
            }
        }
        if !self.json {
            self.print_head(case, size)?;
            self.print_timed(ours, size, &rows[..own_rows], true)?;
            for peer in peers {
                let is_peers = |row: &&Row| row.peer.as_deref() == Some(&peer.name);
                let own: Vec<Row> = rows.iter().filter(is_peers).cloned().collect();
                self.print_timed(peer, size, &own, false)?;
            }
        }
        self.keep(rows)
    }

    /// Writes rows that are not about time.
    ///
    /// # Errors
    ///
    /// [`Error::Output`].
    pub fn bytes(&mut self, case: &str, rows: Vec<Row>) -> Result<(), Error> {
        if !self.json {
            print_line(&format!("\n{case}"))?;
            for row in &rows {
                let who = row.peer.as_deref().unwrap_or(super::merge::OURS);
                let bytes = row.peer_bytes.or(row.bytes).unwrap_or_default();
                let what = row.case.strip_prefix("bytes, ").unwrap_or(&row.case);
                let line = format!("  {what:<38} {who:<30} {:>5} {bytes:>7} bytes", row.n);
                print_line(&format!("{line}{}", verdict(row)))?;
            }
        }
        self.keep(rows)
    }

    /// Writes every bar that was measured, and whether it is met.
    ///
    /// # Errors
    ///
    /// [`Error::Output`].
    pub fn bars(&self) -> Result<(), Error> {
        let barred = self.rows.iter().filter(|row| row.bar.is_some());
        let missed = barred.clone().filter(|row| row.met == Some(false)).count();
        self.prose("\nBars")?;
        for row in barred.clone() {
            let verdict = if row.met == Some(true) {
                "met"
            } else {
                "NOT met"
            };
            self.prose(&format!(
                "  {:<44} {:>5}  {:<30} {:>16} {:>12}  {verdict}",
                row.case,
                row.n,
                row.peer.as_deref().unwrap_or(""),
                row.bar.as_deref().unwrap_or_default(),
                row.figure.as_deref().unwrap_or("-"),
            ))?;
        }
        self.prose(&format!("  {} bars, {missed} NOT met", barred.count()))
    }

    /// Writes every row in which a peer needs less time than we do: bounds and our own variants too.
    ///
    /// # Errors
    ///
    /// [`Error::Output`].
    pub fn losses(&self) -> Result<(), Error> {
        self.prose("\nWhere another is faster (also bounds, and variants of our own)")?;
        let is_loss = |row: &&Row| row.ratio.is_some_and(|ratio| ratio < 1.0);
        let mut said = Vec::new();
        for row in self.rows.iter().filter(is_loss) {
            let (peer, ratio) = (row.peer.as_deref().unwrap_or(""), row.ratio.unwrap_or(1.0));
            let line = format!(
                "  {:<44} {:>5}  {peer:<34} {} of our time",
                row.case,
                row.n,
                times(ratio)
            );
            if !said.contains(&line) {
                self.prose(&line)?;
                said.push(line);
            }
        }
        Ok(())
    }

    fn row(&self, case: &str, size: Size, ours: &Timed, peer: Option<&Timed>) -> Row {
        let row = Row::new(case, size.n(), ours, peer);
        let cycles = |ns| size.cycles_per_entry(self.cycles_per_ns, ns);
        Row {
            cycles_per_entry: row.ns.and_then(cycles),
            kernel: self.kernel.clone(),
            ..row
        }
    }

    fn keep(&mut self, rows: Vec<Row>) -> Result<(), Error> {
        if self.json {
            for row in &rows {
                let line = serde_json::to_string(row).map_err(|error| Error::Output {
                    why: error.to_string(),
                })?;
                print_line(&line)?;
            }
        }
        self.rows.extend(rows);
        Ok(())
    }

    fn print_head(&self, case: &str, size: Size) -> Result<(), Error> {
        let has_cycles = size.cycles_per_entry(self.cycles_per_ns, 0.0).is_some();
        let cycles = if has_cycles { "c/entry" } else { "" };
        let mut title = format!("{case}, n = {}", size.n());
        print_line("")?;
        if title.chars().count() > 36 {
            print_line(&title)?;
            title.clear();
        }
        print_line(&format!(
            "{title:<36} {:>10} {:>21} {:>8} {:>8}   {}",
            "ns", "(min..max)", cycles, "allocs", "peer/ours (min..max)"
        ))
    }

    fn print_timed(
        &self,
        timed: &Timed,
        size: Size,
        rows: &[Row],
        is_us: bool,
    ) -> Result<(), Error> {
        let Some(spread) = timed.spread() else {
            return Err(Error::NoSamples);
        };
        let cycles = size
            .cycles_per_entry(self.cycles_per_ns, spread.median)
            .map_or_else(String::new, |cycles| format!("{cycles:.2}"));
        let mut line = format!(
            "  {:<34} {:>10} {:>21} {cycles:>8} {:>8.2}",
            timed.name,
            ns(spread.median),
            format!("({}..{})", ns(spread.min), ns(spread.max)),
            timed.allocations,
        );
        if let Some(row) = rows.first()
            && let Some((ratio, [low, high])) = row.ratio.zip(row.ratio_range)
            && !is_us
        {
            line += &format!("   {} ({}..{})", times(ratio), times(low), times(high));
        }
        for row in rows {
            line += &verdict(row);
        }
        print_line(&line)
    }
}

fn is_on(on: On<'_>, peer: &Timed, peers: &[Timed]) -> bool {
    match on {
        On::Us => false,
        On::Peer(name) => peer.name == name,
        On::FastestOf(names) => {
            let candidates = peers
                .iter()
                .filter(|peer| names.contains(&peer.name.as_str()));
            let fastest = candidates.min_by(|a, b| a.median().total_cmp(&b.median()));
            fastest.is_some_and(|fastest| fastest.name == peer.name)
        }
    }
}

fn verdict(row: &Row) -> String {
    match (&row.bar, row.met) {
        (Some(bar), Some(true)) => format!("  [{bar}: met]"),
        (Some(bar), _) => {
            let figure = row.figure.as_deref().unwrap_or("-");
            format!("  [{bar}: NOT met, {figure}]")
        }
        (None, _) => String::new(),
    }
}

/// Nanoseconds in three figures or more.
fn ns(value: f64) -> String {
    if value >= 100.0 {
        format!("{value:.0}")
    } else if value >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cycles_an_entry_are_said_only_where_entries_are_gone_through() {
        assert_eq!(
            Size::Entries(64).cycles_per_entry(Some(4.0), 32.0),
            Some(2.0)
        );
        assert_eq!(Size::Entries(64).cycles_per_entry(None, 32.0), None);
        assert_eq!(Size::Actors(16).cycles_per_entry(Some(4.0), 32.0), None);
    }

    #[test]
    fn the_bar_on_the_fastest_stands_on_one_row_only() {
        let timed = |name: &str, ns: f64| Timed {
            name: name.to_owned(),
            ns: vec![ns],
            allocations: 0.0,
        };
        let peers = [
            timed("bound", 1.0),
            timed("slow", 30.0),
            timed("fast", 20.0),
        ];
        let on = On::FastestOf(&["slow", "fast"]);
        let rows = peers.each_ref().map(|peer| is_on(on, peer, &peers));
        assert_eq!(rows, [false, false, true]);
    }
}
