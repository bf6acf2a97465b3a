//! The page: a block a piece of work, a line a contender, and every bar with its verdict; or JSON lines.

use serde::Serialize;

use super::{Answer, Bar, Work};
use crate::error::{note, print_line};
use crate::{Error, Spread};

/// Writes the answers as they come.
#[derive(Debug)]
pub struct Page {
    json: bool,
    missed: Vec<String>,
    bars: usize,
}

/// One contender on one piece of work.
#[derive(Debug, Serialize)]
struct Row<'a> {
    bench: &'static str,
    case: &'a str,
    contender: &'a str,
    n: usize,
    verdict: String,
    items: u64,
    item: &'a str,
    cpu_s: Option<f64>,
    cpu_s_range: Option<[f64; 2]>,
    peak_mib: Option<f64>,
    rate: Option<f64>,
    /// The contender's CPU time divided by ours, the median of the rounds.
    ratio: Option<f64>,
    bar: Option<String>,
    met: Option<bool>,
    quoted: &'a str,
}

impl Page {
    /// A page; with `json`, one object a row on standard output and prose on standard error.
    #[must_use]
    pub const fn new(json: bool) -> Self {
        Self {
            json,
            missed: Vec::new(),
            bars: 0,
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
    /// [`Error::Output`].
    pub fn work(&mut self, work: &Work, answers: &[(&str, Vec<Answer>)]) -> Result<(), Error> {
        if !self.json {
            print_line(&format!("\n{}: {}", work.name, work.about))?;
        }
        let ours = answers.first().map_or(&[][..], |(_, answers)| answers);
        for (place, (contender, answers)) in answers.iter().enumerate() {
            let row = row(work, contender, answers, ours, place == 0);
            if let (Some(met), Some(bar)) = (row.met, &row.bar) {
                self.bars += 1;
                if !met {
                    self.missed.push(format!("{}: {bar}", work.name));
                }
            }
            if self.json {
                let line = serde_json::to_string(&row).map_err(|error| Error::Output {
                    why: error.to_string(),
                })?;
                print_line(&line)?;
            } else {
                print_line(&line(&row))?;
            }
        }
        if !self.json && !work.quoted.is_empty() {
            print_line(&format!("  {}", work.quoted))?;
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

fn row<'a>(
    work: &'a Work,
    contender: &'a str,
    answers: &[Answer],
    ours: &[Answer],
    is_ours: bool,
) -> Row<'a> {
    let seconds = |answer: &Answer| match answer {
        Answer::Done(done) => Some(done.cpu_ns as f64 / 1e9),
        Answer::GivenUp(_) | Answer::Failed(_) => None,
    };
    let times: Vec<f64> = answers.iter().filter_map(seconds).collect();
    let spread = Spread::of(&times);
    let done = answers.iter().find_map(|answer| match answer {
        Answer::Done(done) => Some(done),
        Answer::GivenUp(_) | Answer::Failed(_) => None,
    });
    let peaks: Vec<f64> = answers
        .iter()
        .filter_map(|answer| match answer {
            Answer::Done(done) => Some(done.peak_bytes as f64 / 1_048_576.0),
            Answer::GivenUp(_) | Answer::Failed(_) => None,
        })
        .collect();
    let peak = Spread::of(&peaks).map(|spread| spread.max);
    let ratios: Vec<f64> = answers
        .iter()
        .zip(ours)
        .filter_map(|(theirs, ours)| Some(seconds(theirs)? / seconds(ours)?.max(1e-6)))
        .collect();
    let rate = spread
        .zip(done)
        .map(|(spread, done)| done.items as f64 / spread.median.max(1e-9));
    let met = is_ours.then(|| {
        let cpu = spread.map(|spread| spread.median);
        work.bar.is_met(cpu, peak, rate)
    });
    Row {
        bench: "consistency",
        case: work.name,
        contender,
        n: answers.len(),
        verdict: match (done, answers.first()) {
            (Some(done), _) => done.verdict.clone(),
            (None, Some(Answer::GivenUp(seconds))) => format!("no answer after {seconds} s"),
            (None, Some(Answer::Failed(why))) => why.clone(),
            _ => "not run".to_owned(),
        },
        items: done.map_or(0, |done| done.items),
        item: work.item,
        cpu_s: spread.map(|spread| spread.median),
        cpu_s_range: spread.map(|spread| [spread.min, spread.max]),
        peak_mib: peak,
        rate,
        ratio: (!is_ours)
            .then(|| Spread::of(&ratios).map(|spread| spread.median))
            .flatten(),
        bar: (is_ours && work.bar != Bar::default()).then(|| work.bar.to_string()),
        met: met.filter(|_| work.bar != Bar::default()),
        quoted: work.quoted,
    }
}

fn line(row: &Row<'_>) -> String {
    let mut line = format!("  {:<20} {:<22}", row.contender, row.verdict);
    if let (Some(cpu), Some(peak)) = (row.cpu_s, row.peak_mib) {
        line += &format!(" {cpu:>9.4} s CPU {peak:>8.1} MiB");
    }
    if let Some(rate) = row.rate {
        line += &format!("  {:>8.3} M {}s/s", rate / 1e6, row.item);
    }
    if let Some(ratio) = row.ratio {
        line += &format!("  {ratio:.1} x our CPU");
    }
    if let (Some(bar), Some(met)) = (&row.bar, row.met) {
        line += &format!("  bar {bar} {}", if met { "met" } else { "NOT met" });
    }
    line
}

impl Bar {
    fn is_met(&self, seconds: Option<f64>, mebibytes: Option<f64>, rate: Option<f64>) -> bool {
        let most = |bar: Option<f64>, figure: Option<f64>| {
            bar.is_none_or(|bar| figure.is_some_and(|figure| figure <= bar))
        };
        let least = |bar: Option<f64>, figure: Option<f64>| {
            bar.is_none_or(|bar| figure.is_some_and(|figure| figure >= bar))
        };
        most(self.seconds_max, seconds)
            && most(self.mebibytes_max, mebibytes)
            && least(self.rate_min, rate)
    }
}

impl std::fmt::Display for Bar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts = [
            self.seconds_max.map(|most| format!("<= {most} s")),
            self.mebibytes_max.map(|most| format!("<= {most} MiB")),
            self.rate_min.map(|least| format!(">= {} M/s", least / 1e6)),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        f.write_str(&parts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::Bar;

    #[test]
    fn a_bar_without_a_figure_is_not_met() {
        let bar = Bar {
            seconds_max: Some(1.0),
            ..Bar::default()
        };
        assert!(!bar.is_met(None, None, None));
        assert!(bar.is_met(Some(1.0), None, None));
        assert!(!bar.is_met(Some(1.1), None, None));
    }
}
