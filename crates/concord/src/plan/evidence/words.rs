//! Witnesses in words, with the names of the file.

use cap_model::pacelc::{Broken, Claim, Early};
use cap_model::{Answered, Availability, Cell, Measurement, Operation, OutputOf, Subject};
use consistency::Notation;
use transport::NodeId;

/// The names of a candidate's nodes, in order.
#[derive(Clone, Copy)]
pub(super) struct Words<'a> {
    pub(super) names: &'a [String],
}

impl Words<'_> {
    /// What an operation gives up in a partition, and how that is known.
    pub(super) fn partition<S: Subject<Model: Notation>>(
        self,
        subject: &S,
        claim: &Claim<S::Model>,
    ) -> String {
        let (answered, asked) = claim.partition.answered_within(u64::MAX);
        let mut parts = Vec::new();
        if let Some(Broken {
            update_side,
            splice,
        }) = &claim.partition.broken
        {
            let other = update_side.complement(subject.nodes());
            parts.push(format!(
                "split {update_side} | {other}: {}; then {}; no order explains both",
                told_answer(subject, &splice.update),
                told_answer(subject, &splice.observe),
            ));
        }
        if let Some(silence) = &claim.partition.unanswered {
            let silence = named(subject, silence.operation, silence);
            parts.push(format!("{answered} of {asked} clients answered: {silence}"));
        } else {
            parts.push(format!("all {asked} clients answered"));
        }
        if claim.partition.broken.is_none() && claim.partition.unanswered.is_none() {
            parts.push("never wrongly: the other operation pays".to_owned());
        }
        let doubts = claim.doubts.iter();
        parts.extend(doubts.map(|doubt| format!("not confirmed: {doubt}")));
        self.renamed(&parts.join("; "))
    }

    /// What an operation gives up when nothing is cut.
    pub(super) fn otherwise<S: Subject<Model: Notation>>(
        self,
        subject: &S,
        claim: &Claim<S::Model>,
    ) -> Option<String> {
        let text = match claim.otherwise.early.as_ref()? {
            Early::Lagging(splice) => format!(
                "{}; then {}",
                told_answer(subject, &splice.update),
                told_answer(subject, &splice.observe),
            ),
            Early::Inversion(inversion) => format!(
                "while a {} at {} is under way: {}; then {}",
                subject.operation_name(Operation::Update),
                inversion.update_at,
                told_answer(subject, &inversion.seen),
                told_answer(subject, &inversion.missed),
            ),
        };
        Some(self.renamed(&text))
    }

    /// What stands behind one cell.
    pub(super) fn cell<S: Subject<Model: Notation>>(
        self,
        subject: &S,
        measured: &Measurement<S::Model>,
        cell: &Cell,
    ) -> String {
        let mut trials = measured
            .trials
            .iter()
            .filter(|trial| trial.operation == cell.operation && cell.side.contains(trial.node));
        let mut parts = Vec::new();
        if let Some((fastest, slowest)) = cell.latency {
            let answered = trials.clone().filter(|trial| trial.result.is_ok()).count();
            let range = if fastest == slowest {
                fastest.to_string()
            } else {
                format!("{fastest} to {slowest}")
            };
            parts.push(format!(
                "{answered} of {} clients answered, after {range}",
                cell.side.len()
            ));
        }
        let is_complete = !matches!(
            cell.availability,
            Availability::None | Availability::Partly(_) | Availability::LeaderBound(_)
        );
        if let Some(silence) = trials.find_map(|trial| trial.result.as_ref().err())
            && !is_complete
        {
            parts.push(named(subject, silence.operation, silence));
        }
        let at = |pair: &cap_model::Pair<S::Model>| match cell.operation {
            Operation::Update => pair.update_at,
            Operation::Prepare | Operation::Observe => pair.observe_at,
        };
        let mut pairs = measured.pairs.iter();
        let worst = pairs.find(|pair| {
            cell.side.contains(at(pair)) && cell.consistency == Some(pair.consistency)
        });
        if let Some(splice) = worst.and_then(|pair| pair.evidence.as_ref()) {
            parts.push(format!(
                "{}; then {}; no order explains both",
                told_answer(subject, &splice.update),
                told_answer(subject, &splice.observe),
            ));
        }
        self.renamed(&parts.join("; "))
    }

    /// A node's name.
    pub(super) fn name(self, node: NodeId) -> String {
        let name = self.names.get(node.0 as usize);
        name.map_or_else(|| node.to_string(), Clone::clone)
    }

    /// With `n0`, `n1` … replaced by names, where they stand as words.
    pub(super) fn renamed(self, text: &str) -> String {
        let (mut renamed, mut word) = (String::with_capacity(text.len()), String::new());
        for letter in text.chars().chain(['\0']) {
            if letter.is_alphanumeric() {
                word.push(letter);
                continue;
            }
            let place = word
                .strip_prefix('n')
                .and_then(|digits| digits.parse().ok());
            let name = place.and_then(|place: usize| self.names.get(place));
            renamed.push_str(name.unwrap_or(&word));
            word.clear();
            if letter != '\0' {
                renamed.push(letter);
            }
        }
        renamed
    }
}

/// The text of an operation, with the subject's word for it.
fn named<S: Subject>(subject: &S, operation: Operation, text: &impl std::fmt::Display) -> String {
    let text = text.to_string();
    match text.strip_prefix(&operation.to_string()) {
        Some(rest) => format!("{}{rest}", subject.operation_name(operation)),
        None => text,
    }
}

/// An answer, as the checkers write it: `ok null`.
fn told_answer<S: Subject<Model: Notation>>(subject: &S, answer: &Answered<OutputOf<S>>) -> String {
    let text = named(subject, answer.operation, answer);
    let input = subject.input(answer.operation);
    let (kind, value) = subject.model().write_output(&input, &answer.output);
    let debug = format!("{:?}", answer.output);
    let told = text.strip_suffix(&debug);
    told.map_or_else(
        || text.clone(),
        |told| format!("{told}{} {value}", kind.name()),
    )
}

#[cfg(test)]
mod tests {
    use cap_model::sample::SampleStore;
    use consistency::{RegisterOutput, Value};
    use transport::Time;

    use super::*;

    #[test]
    fn nodes_have_the_names_of_the_file_and_other_words_stay() {
        let names = ["paris", "n0"].map(str::to_owned);
        let words = Words { names: &names };
        let told =
            words.renamed("write by the client of n0 within {n0 n1}: n1 was silent, in0 n2 n");
        let expected = "write by the client of paris within {paris n0}: n0 was silent, in0 n2 n";
        assert_eq!(told, expected);
    }

    #[test]
    fn answers_are_in_the_notation_of_the_checkers() {
        let answer = |operation, output| Answered {
            operation,
            client: NodeId(0),
            node: NodeId(1),
            from: Time::ZERO,
            at: Time::ZERO,
            output,
            requests: 1,
        };
        let store = SampleStore::local(2).expect("two nodes");
        let read = told_answer(
            &store,
            &answer(Operation::Observe, RegisterOutput::Value(Value::Nil)),
        );
        assert!(
            read.ends_with("answered by n1 at 0.000 ms: ok null"),
            "{read}"
        );
        let write = told_answer(&store, &answer(Operation::Update, RegisterOutput::Done));
        assert!(
            write.contains(": ok ") && !write.contains("Done"),
            "{write}"
        );
    }
}
