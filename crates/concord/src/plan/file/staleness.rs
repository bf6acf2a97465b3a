//! `[staleness]`: how long messages take, and what is asked of reads that may be late.

use cap_model::staleness::{Asks, Distribution, Fit, Wars};

use super::source::{Entry, Table};
use crate::exit::BadInput;

/// The most moments that are asked about.
const MOMENTS_MAX: usize = 64;

/// What is known of delays, and what is asked.
#[derive(Clone, Debug)]
pub(crate) struct Staleness {
    /// The delays to and from a replica that is near.
    pub(crate) wars: Wars,
    /// Of a published fit: how much later every message is to another place than the client's.
    pub(crate) remote_ms: f64,
    pub(crate) asks: Asks,
    /// Milliseconds after a write returned, ascending.
    pub(crate) at_ms: Vec<f64>,
    /// How many writes are drawn where the model is not solved.
    pub(crate) trials: u64,
    pub(crate) seed: u64,
}

impl Staleness {
    /// A published fit, asked the usual questions.
    pub(crate) fn of_fit(fit: Fit) -> Result<Self, cap_model::staleness::StalenessError> {
        Ok(Self {
            wars: fit.wars()?,
            remote_ms: fit.remote_ms(),
            asks: Asks::All,
            at_ms: vec![0.0, 1.0, 10.0, 100.0],
            trials: 200_000,
            seed: 1,
        })
    }
}

const LEGS: [&str; 4] = ["write", "ack", "read", "response"];

/// Reads the section.
pub(super) fn read(entry: &Entry<'_>) -> Result<Staleness, BadInput> {
    let table = entry.table("a table, as in { fit = \"lnkd-disk\" }")?;
    table.only(&[
        "fit", "write", "ack", "read", "response", "each", "asks", "at_ms", "trials", "seed",
    ])?;
    let failed = |error| table.wrong(error);
    let own = LEGS.iter().chain(&["each"]).find_map(|key| table.get(key));
    let mut staleness = match (table.get("fit"), own) {
        (Some(_), Some(own)) => {
            return Err(own.wrong("a delay beside `fit`: give a published fit, or the delays"));
        }
        (Some(fit), None) => Staleness::of_fit(fit.choice(&Fit::ALL.map(|fit| (fit.name(), fit)))?)
            .map_err(failed)?,
        (None, Some(_)) => Staleness {
            wars: wars(&table)?,
            remote_ms: 0.0,
            ..Staleness::of_fit(Fit::LnkdSsd).map_err(failed)?
        },
        (None, None) => {
            return Err(table.wrong(
                "give `fit`, a published one, or the delays `write`, `ack`, `read` and `response`",
            ));
        }
    };
    if let Some(entry) = table.get("asks") {
        staleness.asks = entry.choice(&[("all", Asks::All), ("quorum", Asks::Quorum)])?;
    }
    if let Some(entry) = table.get("at_ms") {
        let list = entry.list("milliseconds after a write, as in [0, 1, 10]")?;
        if list.len() > MOMENTS_MAX {
            return Err(entry.wrong(format_args!(
                "expected at most {MOMENTS_MAX} moments, and found {}",
                list.len()
            )));
        }
        let moments: Result<Vec<f64>, BadInput> = list.iter().map(Entry::milliseconds).collect();
        staleness.at_ms = moments?;
        staleness.at_ms.sort_by(f64::total_cmp);
        staleness.at_ms.dedup();
    }
    if let Some(entry) = table.get("trials") {
        staleness.trials = entry.whole(20_000..=20_000_000)?;
    }
    if let Some(entry) = table.get("seed") {
        staleness.seed = entry.whole(0..=u64::MAX)?;
    }
    Ok(staleness)
}

/// The four delays; `each` stands for those that are not given.
fn wars(table: &Table<'_>) -> Result<Wars, BadInput> {
    let each = table
        .get("each")
        .map(|entry| distribution(&entry, true))
        .transpose()?;
    let leg = |key: &str| {
        match (table.get(key), &each) {
        (Some(entry), _) => distribution(&entry, true),
        (None, Some(each)) => Ok(each.clone()),
        (None, None) => Err(table.wrong(format_args!("the key `{key}` is missing: the delays are write, ack, read and response, or `each` for those not given"))),
    }
    };
    Ok(Wars {
        write: leg("write")?,
        ack: leg("ack")?,
        read: leg("read")?,
        response: leg("response")?,
    })
}

const LAWS: &str = "a delay: one of exponential, pareto, log_normal, uniform, constant_ms, samples_ms, quantiles_ms \
                    and mixture, as in { exponential = { mean_ms = 5 } }";

/// One law, perhaps later by a constant, or a mixture of laws. Mixtures are not mixed again.
fn distribution(entry: &Entry<'_>, may_mix: bool) -> Result<Distribution, BadInput> {
    let table = entry.table(LAWS)?;
    let laws = [
        "exponential",
        "pareto",
        "log_normal",
        "uniform",
        "constant_ms",
        "samples_ms",
        "quantiles_ms",
        "mixture",
    ];
    let (laws, rest) = if may_mix {
        (&laws[..], &["plus_ms"][..])
    } else {
        (&laws[..7], &["plus_ms", "weight"][..])
    };
    let keys = [laws, rest].concat();
    table.only(&keys)?;
    let mut given = laws.iter().filter_map(|law| Some((*law, table.get(law)?)));
    let Some((law, value)) = given.next() else {
        return Err(entry.expected(LAWS));
    };
    if let Some((other, value)) = given.next() {
        return Err(value.wrong(format_args!(
            "`{other}` beside `{law}`: a delay has one law; `mixture` mixes several"
        )));
    }
    let law = of_law(law, &value)?;
    match table.get("plus_ms") {
        Some(entry) => law
            .plus(entry.milliseconds()?)
            .map_err(|error| entry.wrong(error)),
        None => Ok(law),
    }
}

fn of_law(law: &str, value: &Entry<'_>) -> Result<Distribution, BadInput> {
    let numbers = |keys: [&str; 2]| -> Result<[f64; 2], BadInput> {
        let what = format!("a table, as in {{ {} = 1, {} = 2 }}", keys[0], keys[1]);
        let table = value.table(&what)?;
        table.only(&keys)?;
        let number = |key: &str| table.need(key, &what)?.number("a number", 0.0..=1e12);
        Ok([number(keys[0])?, number(keys[1])?])
    };
    let made = match law {
        "exponential" => {
            let table = value.table("a table, as in { mean_ms = 5 } or { rate = 0.2 }")?;
            table.only(&["mean_ms", "rate"])?;
            let rate = match (table.get("mean_ms"), table.get("rate")) {
                (Some(mean), None) => 1.0 / mean.positive("milliseconds above 0")?,
                (None, Some(rate)) => rate.positive("a rate above 0, per millisecond")?,
                _ => return Err(value.wrong("expected `mean_ms` or `rate`, one of the two")),
            };
            Distribution::exponential(rate)
        }
        "pareto" => {
            let [minimum_ms, exponent] = numbers(["minimum_ms", "exponent"])?;
            Distribution::pareto(minimum_ms, exponent)
        }
        "log_normal" => {
            let [median_ms, sigma] = numbers(["median_ms", "sigma"])?;
            Distribution::log_normal(median_ms, sigma)
        }
        "uniform" => {
            let [low_ms, high_ms] = numbers(["low_ms", "high_ms"])?;
            Distribution::uniform(low_ms, high_ms)
        }
        "constant_ms" => Distribution::constant(value.milliseconds()?),
        "samples_ms" => {
            let samples = value.list("measured delays in milliseconds, as in [0.8, 1.1, 4]")?;
            let samples: Result<Vec<f64>, BadInput> =
                samples.iter().map(Entry::milliseconds).collect();
            let mut samples = samples?;
            samples.sort_by(f64::total_cmp);
            Distribution::empirical(&samples)
        }
        "quantiles_ms" => quantiles(value)?,
        _ => return mixture(value),
    };
    made.map_err(|error| value.wrong(error))
}

type Made = Result<Distribution, cap_model::staleness::StalenessError>;

fn quantiles(value: &Entry<'_>) -> Result<Made, BadInput> {
    let what = "shares and milliseconds, as in { \"0\" = 0.5, \"0.99\" = 4, \"1\" = 30 }";
    let mut knots = Vec::new();
    for (key, entry) in value.table(what)?.entries() {
        let share = key
            .text
            .parse()
            .ok()
            .filter(|share| (0.0..=1.0).contains(share));
        let Some(share) = share else {
            return Err(key.wrong(format_args!(
                "expected a share from 0 to 1, and found {:?}",
                key.text
            )));
        };
        knots.push((share, entry.milliseconds()?));
    }
    knots.sort_by(|one: &(f64, f64), other| one.0.total_cmp(&other.0));
    Ok(Distribution::quantile_table(&knots))
}

fn mixture(value: &Entry<'_>) -> Result<Distribution, BadInput> {
    let what = "parts, each with its weight, as in [{ weight = 0.9, constant_ms = 1 }, …]";
    let mut parts = Vec::new();
    for entry in value.list(what)? {
        let weight = entry.table(what)?.need(
            "weight",
            "how often the delay is of this part, above 0 and at most 1",
        )?;
        let weight = weight.number("a weight above 0 and at most 1", 1e-12..=1.0)?;
        parts.push((weight, distribution(&entry, false)?));
    }
    Distribution::mixture(&parts).map_err(|error| value.wrong(error))
}
