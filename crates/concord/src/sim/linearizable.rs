//! The verdict on a history that must be linearizable.

use consistency::report::describe;
use consistency::{
    Limits, Model, Notation, Operation, OperationId, Verdict, check_linearizable, replay,
};
use simulator::{Outcome, Violation};

/// Configurations the checker may remember for one key before a seed counts as unknown.
const ENTRIES_MAX: usize = 2_000_000;
/// How often the checker may ask whether to go on (every 64 steps of the model) before it gives up
/// on a seed. A count, not a clock: the verdict of a seed must not depend on the machine.
const QUESTIONS_MAX: u64 = 50_000;

/// Adds the verdict on the clients' history to the outcome, if nothing was violated before. The
/// operations behind a violation, in words.
pub(crate) fn judge_history<M: Notation>(
    model: &M,
    history: &[Operation<M::Input, M::Output>],
    outcome: &mut Outcome,
) -> Vec<String>
where
    <M as Model>::Key: std::fmt::Display,
{
    if outcome.violation.is_some() {
        return Vec::new();
    }
    let limits = Limits {
        entries_max: ENTRIES_MAX,
        ..Limits::default()
    };
    let mut questions = 0;
    let verdict = check_linearizable(model, history, &limits, &mut || {
        questions += 1;
        questions < QUESTIONS_MAX
    });
    let mut evidence = Vec::new();
    match verdict {
        Verdict::Holds(order) => {
            if let Err(error) = replay(model, history, &order) {
                let reason = format!("the checker's witness does not replay: {error}");
                outcome.unknown.get_or_insert(reason);
            }
        }
        Verdict::Violated(violation) => {
            let operations = violation.operations.iter();
            evidence.extend(
                operations
                    .filter_map(|&OperationId(place)| history.get(place))
                    .map(|operation| described(model, operation)),
            );
            let detail = format!(
                "no order explains these operations on key {}: {}",
                violation.key,
                evidence.join("; "),
            );
            outcome.violation = Some(Violation::new("linearizability", detail));
        }
        Verdict::Unknown { key, reason } => {
            let reason = format!(
                "the history of key {key} was too much for the checker's budget ({reason})"
            );
            outcome.unknown.get_or_insert(reason);
        }
    }
    evidence
}

fn described<M: Notation>(model: &M, operation: &Operation<M::Input, M::Output>) -> String {
    let at_ns = operation.call.time_ns.unwrap_or(0);
    let at_ms = at_ns / 1_000_000;
    format!("at {at_ms} ms {}", describe(model, operation))
}
