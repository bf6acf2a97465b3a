//! The page: a block a piece of work, a line a contender, and every bar with its verdict; or JSON lines.

use serde::Serialize;

use super::{Answer, Bar, Done, Work};
use crate::error::{note, print_line};
use crate::{Error, Spread};

/// Answers further apart than this, relative to the larger, are different ones.
const SAME: f64 = 1e-6;

/// Writes the answers as they come.
#[derive(Debug)]
pub struct Page {
    json: bool,
    bars: usize,
    missed: Vec<String>,
}

/// One contender on one piece of work.
#[derive(Debug, Serialize)]
struct Row<'a> {
    bench: &'static str,
    case: &'a str,
    contender: &'a str,
    n: usize,
    answer: &'a str,
    value: Option<f64>,
    /// Why there is no value.
    why: Option<String>,
    cpu_ms: Option<f64>,
    cpu_ms_range: Option<[f64; 2]>,
    laps: u64,
    /// The contender's CPU time divided by ours, the median of the rounds.
    ratio: Option<f64>,
    ratio_range: Option<[f64; 2]>,
    bar: Option<String>,
    met: Option<bool>,
}

impl Page {
    /// A page; with `json`, one object a row on standard output and prose on standard error.
    #[must_use]
    pub const fn new(json: bool) -> Self {
        Self {
            json,
            bars: 0,
            missed: Vec::new(),
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

    /// Writes one piece of work: for each contender, ours first, its answers of all rounds.
    ///
    /// # Errors
    ///
    /// [`Error::Differs`] when two contenders, or two rounds, have different answers; [`Error::Output`].
    pub fn work(&mut self, work: &Work, answers: &[(&str, Vec<Answer>)]) -> Result<(), Error> {
        let values = answers.iter().flat_map(|(contender, answers)| {
            let done = answers.iter().filter_map(done);
            done.map(|done| (*contender, done.value))
        });
        let values: Vec<(&str, f64)> = values.collect();
        if let Some((_, first)) = values.first() {
            let is_other =
                |value: &f64| (value - first).abs() > SAME * value.abs().max(first.abs());
            if let Some((contender, _)) = values.iter().find(|(_, value)| is_other(value)) {
                return Err(Error::Differs {
                    contender: (*contender).to_owned(),
                    case: work.name.to_owned(),
                });
            }
        }
        if !self.json {
            print_line(&format!("\n{}: {}", work.name, work.about))?;
        }
        for (place, row) in rows(work, answers).iter().enumerate() {
            if let (Some(met), Some(bar), 0) = (row.met, &row.bar, place) {
                self.bars += 1;
                if !met {
                    self.missed.push(format!("{}: {bar}", work.name));
                }
            }
            if self.json {
                let line = serde_json::to_string(row).map_err(|error| Error::Output {
                    why: error.to_string(),
                })?;
                print_line(&line)?;
            } else {
                print_line(&line(row))?;
            }
        }
        Ok(())
    }

    /// Ends the page with what was missed.
    ///
    /// # Errors
    ///
    /// [`Error::Output`].
    pub fn end(&self) -> Result<(), Error> {
        let met = self.bars - self.missed.len();
        self.prose(&format!("\nBars met: {met} of {}", self.bars))?;
        for missed in &self.missed {
            self.prose(&format!("  NOT met  {missed}"))?;
        }
        Ok(())
    }
}

const fn done(answer: &Answer) -> Option<&Done> {
    match answer {
        Answer::Done(done) => Some(done),
        Answer::GivenUp(_) | Answer::Failed(_) => None,
    }
}

fn ms(answer: &Answer) -> Option<f64> {
    done(answer).map(|done| done.cpu_ns / 1e6)
}

/// A row for each contender; the bar stands in ours.
fn rows<'a>(work: &'a Work, answers: &'a [(&'a str, Vec<Answer>)]) -> Vec<Row<'a>> {
    let ours = answers.first().map_or(&[][..], |(_, answers)| answers);
    let mut rows: Vec<Row<'a>> = Vec::new();
    let mut peer = None;
    for (place, (contender, answers)) in answers.iter().enumerate() {
        let times: Vec<f64> = answers.iter().filter_map(ms).collect();
        let both = answers.iter().zip(ours);
        let ratios: Vec<f64> = both
            .filter_map(|(theirs, ours)| Some(ms(theirs)? / ms(ours)?.max(1e-9)))
            .collect();
        let spread = Spread::of(&times);
        let ratio = Spread::of(&ratios).filter(|_| place > 0);
        if place > 0 {
            peer = Some(ratio.map(|ratio| ratio.median));
        }
        let first = answers.iter().find_map(done);
        rows.push(Row {
            bench: "cap-model",
            case: work.name,
            contender,
            n: answers.len(),
            answer: work.answer,
            value: first.map(|done| done.value),
            why: match answers.iter().find(|answer| done(answer).is_none()) {
                Some(Answer::GivenUp(seconds)) => Some(format!("no answer after {seconds} s")),
                Some(Answer::Failed(why)) => Some(why.clone()),
                _ => None,
            },
            cpu_ms: spread.map(|spread| spread.median),
            cpu_ms_range: spread.map(|spread| [spread.min, spread.max]),
            laps: first.map_or(0, |done| done.laps),
            ratio: ratio.map(|ratio| ratio.median),
            ratio_range: ratio.map(|ratio| [ratio.min, ratio.max]),
            bar: None,
            met: None,
        });
    }
    if let Some(row) = rows.first_mut()
        && let Some(bar) = work.bar.text()
    {
        row.met = work.bar.is_met(row.cpu_ms, peer);
        row.bar = Some(bar);
    }
    rows
}

fn line(row: &Row<'_>) -> String {
    let mut line = format!("  {:<16}", row.contender);
    match row.value {
        Some(value) => line += &format!(" {} {value:<12.9}", row.answer),
        None => line += " -",
    }
    if let Some(ms) = row.cpu_ms {
        line += &format!(" {ms:>12.4} ms CPU");
    }
    if let Some(why) = &row.why {
        line += &format!("  {why}");
    }
    if let (Some(ratio), Some([least, most])) = (row.ratio, row.ratio_range) {
        line += &format!("  {ratio:.1} x our CPU ({least:.1}..{most:.1})");
    }
    if let Some(bar) = &row.bar {
        line += &match row.met {
            Some(true) => format!("  bar {bar} met"),
            Some(false) => format!("  bar {bar} NOT met"),
            None => format!("  bar {bar} NOT MEASURED, no peer"),
        };
    }
    line
}

impl Bar {
    /// Nothing when nothing is asked.
    fn text(&self) -> Option<String> {
        let parts = [
            self.ms_max.map(|most| format!("<= {most} ms")),
            self.ratio_min
                .map(|least| format!(">= {least} x the peer's speed")),
            self.is_answer_enough.then(|| "an answer".to_owned()),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }

    /// `peer`: whether a peer was asked, and its CPU time divided by ours if it answered. A peer without an
    /// answer in time was slower by an unknown factor: that is no ratio, and meets a bar of 1 alone.
    fn is_met(&self, ms: Option<f64>, peer: Option<Option<f64>>) -> Option<bool> {
        let Some(ms) = ms else {
            return Some(false);
        };
        if self.ms_max.is_some_and(|most| ms > most) {
            return Some(false);
        }
        match (self.ratio_min, peer) {
            (None, _) => Some(true),
            (Some(_), None) => None,
            (Some(least), Some(ratio)) => Some(ratio.map_or(least <= 1.0, |ratio| ratio >= least)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Bar;

    #[test]
    fn a_bar_without_a_figure_is_not_met_and_without_a_peer_is_not_judged() {
        let ratio = Bar {
            ratio_min: Some(5.0),
            ..Bar::default()
        };
        assert_eq!(ratio.is_met(Some(1.0), None), None);
        assert_eq!(ratio.is_met(Some(1.0), Some(None)), Some(false));
        assert_eq!(ratio.is_met(Some(1.0), Some(Some(4.9))), Some(false));
        assert_eq!(ratio.is_met(Some(1.0), Some(Some(5.0))), Some(true));
        let time = Bar {
            ms_max: Some(1.0),
            ..Bar::default()
        };
        assert_eq!(time.is_met(None, None), Some(false));
        assert_eq!(time.is_met(Some(1.1), None), Some(false));
        assert_eq!(time.is_met(Some(1.0), None), Some(true));
    }
}
