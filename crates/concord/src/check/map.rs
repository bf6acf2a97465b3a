//! All models at once: which is the strongest promise that a history keeps?

use std::collections::BTreeMap;

use consistency::report::{Finding as Said, Report};
use consistency::{
    Consistency, Judgement, MapRow, ModelMap, OperationId, Proof, Source, causal::Certificate,
};

use super::judge::{Finding, ending};

/// What the map says, without the models' proofs.
pub(super) struct Answers {
    pub(super) table: Vec<String>,
    pub(super) strongest: Vec<&'static str>,
    pub(super) models: BTreeMap<&'static str, &'static str>,
}

/// The finding of a map. Its report shows what `explain` makes of the most telling row: the weakest model that is
/// violated, since that convicts all stronger ones, or else the strongest that holds.
pub(super) fn finding(
    map: &ModelMap,
    model: Option<&str>,
    operations: usize,
    seconds: f64,
    explain: impl FnOnce(Consistency, &Judgement<Vec<OperationId>>) -> Report,
) -> Finding {
    let strongest: Vec<&'static str> = map.strongest().into_iter().map(|it| it.name()).collect();
    let undecided = map.rows.iter().filter(|row| answer(row) == UNKNOWN);
    let undecided = undecided.count() + map.rows.iter().filter(|row| answer(row) == OPEN).count();
    let (said, headline) = match (strongest.as_slice(), undecided) {
        ([], 0) => (Said::Violated, "It keeps none of these models.".to_owned()),
        ([], _) => (
            Said::Unknown,
            "No model was shown to hold, and not every one was decided.".to_owned(),
        ),
        (names, 0) => (
            Said::Holds,
            format!("The strongest it keeps: {}.", names.join(", ")),
        ),
        (names, count) => (
            Said::Unknown,
            format!(
                "It keeps {}; {count} models are not decided.",
                names.join(", ")
            ),
        ),
    };
    let table: Vec<String> = map.to_string().lines().map(str::to_owned).collect();
    let telling = telling(map);
    let (mut report, is_minimal) = match telling {
        Some(row) => (
            explain(row.level, &row.judgement.clone().map(order_of)),
            row.judgement
                .anomaly()
                .is_some_and(|anomaly| anomaly.is_minimal),
        ),
        None => (
            explain(Consistency::Linearizable, &Judgement::Holds(Vec::new())),
            false,
        ),
    };
    let about = telling.map(|row| match answer(row) {
        HOLDS => format!("Below: why {} holds.", row.level),
        answer => format!("Below: why {} is {answer}.", row.level),
    });
    report.lead(said, &headline, "All models", about.as_slice(), &table);
    Finding {
        verdict: ending(said),
        model: model.map(str::to_owned),
        consistency: "all",
        operations,
        seconds,
        is_minimal,
        reason: (said == Said::Unknown).then_some(headline),
        methods: BTreeMap::new(),
        answers: Some(Answers {
            table,
            strongest,
            models: map
                .rows
                .iter()
                .map(|row| (row.level.name(), answer(row)))
                .collect(),
        }),
        report,
    }
}

const HOLDS: &str = "holds";
const UNKNOWN: &str = "unknown";
const OPEN: &str = "not checkable";

const fn answer(row: &MapRow) -> &'static str {
    match row.judgement {
        Judgement::Holds(_) => HOLDS,
        Judgement::Violated(_) => "violated",
        Judgement::Unknown(_) => UNKNOWN,
        Judgement::NotCheckable(_) => OPEN,
    }
}

fn telling(map: &ModelMap) -> Option<&MapRow> {
    let checked = || map.rows.iter().filter(|row| row.source == Source::Check);
    let violated = checked().rfind(|row| row.judgement.anomaly().is_some());
    violated
        .or_else(|| checked().find(|row| row.judgement.holds()))
        .or_else(|| map.rows.first())
}

/// The one order that explains every answer, where there is one.
fn order_of(proof: Proof) -> Vec<OperationId> {
    match proof {
        Proof::Order(order) | Proof::Causal(Certificate::Order(order)) => order,
        Proof::OrderOfEachKey(orders) => orders.into_iter().next().unwrap_or_default(),
        _ => Vec::new(),
    }
}
