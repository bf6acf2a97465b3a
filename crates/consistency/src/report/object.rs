//! Reports on single operations: linearizability, and the weaker models of single objects.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt::Write as _;

use super::{
    Bar, EVIDENCE, Fate, Finding, Mark, ORDER_LINES_MAX, Order, Report, grouped, letter, shown,
};
use crate::{
    Completion, Consistency, Judgement, Notation, Operation, OperationId, Value, Verdict, Violation,
};

/// One operation in words: `process 1 read x -> ok 3`.
///
/// ```
/// use consistency::{ProcessId, Recorder, Register, RegisterInput, RegisterOutput, Value};
/// use consistency::report::describe;
///
/// let mut recorder = Recorder::new();
/// let read = recorder.invoke(ProcessId(1), RegisterInput::read().at("x"), 0)?;
/// recorder.ok(read, RegisterOutput::Value(3.into()), 0)?;
/// let model = Register::new(Value::Nil);
/// assert_eq!(describe(&model, &recorder.finish()[0]), r#"process 1 read "x" -> ok 3"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn describe<M: Notation>(model: &M, operation: &Operation<M::Input, M::Output>) -> String {
    let words = Words::of(model, operation);
    format!(
        "process {} {} -> {}",
        operation.process, words.call, words.end
    )
}

/// Call and end of an operation in words.
struct Words {
    call: String,
    end: String,
    key: Option<Value>,
}

impl Words {
    fn of<M: Notation>(model: &M, operation: &Operation<M::Input, M::Output>) -> Self {
        let (function, key, argument) = model.write_call(&operation.input);
        let mut call = function.name().to_string();
        if let Some(key) = &key {
            let _ = write!(call, " {key}");
        }
        if argument != Value::Nil {
            let _ = write!(call, " {argument}");
        }
        let end = match &operation.completion {
            Completion::Ok { output, .. } => {
                let (kind, value) = model.write_output(&operation.input, output);
                format!("{} {value}", kind.name())
            }
            Completion::Fail { .. } => "did not happen".into(),
            Completion::Info { .. } => "unknown, may happen at any later time".into(),
        };
        Self { call, end, key }
    }
}

/// A history as the reports read it.
struct View<'a, M: Notation> {
    model: &'a M,
    history: &'a [Operation<M::Input, M::Output>],
    lines: &'a dyn Fn(u64) -> Option<u64>,
}

impl<M: Notation> View<'_, M> {
    fn line(&self, id: OperationId) -> String {
        let Some(operation) = self.history.get(id.0) else {
            return format!("operation {id}");
        };
        let line = (self.lines)(operation.call.position);
        let place = line.map_or_else(String::new, |line| format!("line {line:<5} "));
        format!("{place}{}", describe(self.model, operation))
    }

    fn lines(&self, ids: &[OperationId]) -> Vec<String> {
        ids.iter().map(|id| self.line(*id)).collect()
    }

    fn bar(&self, id: usize, mark: Mark) -> Option<Bar> {
        let operation = self.history.get(id)?;
        let words = Words::of(self.model, operation);
        let (fate, end) = match &operation.completion {
            Completion::Ok { at, .. } => (Fate::Happened, Some(*at)),
            Completion::Fail { at } => (Fate::Failed, Some(*at)),
            Completion::Info { at } => (Fate::Open, *at),
        };
        let output = operation.completion.output();
        Some(Bar {
            id,
            process: operation.process.0,
            call: operation.call,
            end,
            fate,
            is_update: !self.model.is_pure(&operation.input, output),
            key: words.key.map(|key| key.to_string()),
            call_text: words.call,
            end_text: words.end,
            line: (self.lines)(operation.call.position),
            end_line: end.and_then(|at| (self.lines)(at.position)),
            mark,
        })
    }

    fn draw(&self, report: &mut Report, marks: &BTreeMap<usize, Mark>) {
        let marked: BTreeSet<usize> = marks.keys().copied().collect();
        let mark = |id: &usize| marks.get(id).cloned().unwrap_or(Mark::None);
        let ids = shown(self.history.len(), &marked);
        report.bars_count = self.history.len();
        report.bars = ids
            .iter()
            .filter_map(|id| self.bar(*id, mark(id)))
            .collect();
    }

    /// The state after these operations of one key, and the key in words.
    fn state_after(&self, key: &M::Key, order: &[OperationId]) -> Option<M::State> {
        let mut state = self.model.initial(key);
        for id in order {
            let operation = self.history.get(id.0)?;
            let output = operation.completion.output();
            state = self.model.step(&state, &operation.input, output)?;
        }
        Some(state)
    }
}

impl Report {
    /// On a verdict of [`check_linearizable`](crate::check_linearizable). `lines` tells on which line of its file an
    /// event stands, by position; of a history without a file it tells nothing, or what people count by.
    #[must_use]
    pub fn linearizable<M: Notation>(
        title: &str,
        model: &M,
        history: &[Operation<M::Input, M::Output>],
        verdict: &Verdict<M::Key>,
        lines: &dyn Fn(u64) -> Option<u64>,
    ) -> Self {
        let view = View {
            model,
            history,
            lines,
        };
        let count = grouped(history.len());
        let mut marks = BTreeMap::new();
        let mut report = match verdict {
            Verdict::Holds(order) => {
                let headline = format!(
                    "Linearizable: one order of the {count} operations, within real time, gives every answer."
                );
                let mut report = Self::new(title, Finding::Holds, headline);
                for (key, ids) in &order.orders {
                    let label = label::<M>(&view, key, ids);
                    let ids = ids.clone();
                    report.orders.push(Order {
                        label,
                        is_timed: true,
                        ids,
                    });
                }
                let first = order.orders.first();
                if let Some((_, ids)) = first {
                    let beginning = ids.get(..ORDER_LINES_MAX).unwrap_or(ids);
                    let more = ids.len().saturating_sub(beginning.len());
                    let sentence = match order.orders.len() {
                        0 | 1 => "An order that explains every answer begins so:".into(),
                        keys => format!(
                            "Each of the {} keys has an order that explains its answers. That of the first begins so:",
                            grouped(keys)
                        ),
                    };
                    let mut lines = view.lines(beginning);
                    if more > 0 {
                        lines.push(format!("… and {} more", grouped(more)));
                    }
                    report.section("The order", [sentence], lines);
                }
                report
            }
            Verdict::Violated(violation) => {
                let headline = format!(
                    "Not linearizable: no order of the {count} operations, within real time, gives these answers."
                );
                let mut report = Self::new(title, Finding::Violated, headline);
                view.violated(&mut report, violation);
                for id in &violation.blocked {
                    marks.insert(id.0, Mark::Blocked);
                }
                for (place, id) in violation.operations.iter().enumerate() {
                    marks.insert(id.0, Mark::Core(letter(place)));
                }
                report
            }
            Verdict::Unknown { reason, .. } => {
                let headline = format!("Not decided: {reason}. This is not success.");
                Self::new(title, Finding::Unknown, headline)
            }
        };
        view.draw(&mut report, &marks);
        report
    }

    /// On a judgement of a weaker model of single operations: sequential, causal, a session guarantee. Its witness is an
    /// order of operations that explains the answers, or empty where the model has none.
    #[must_use]
    pub fn judged<M: Notation>(
        title: &str,
        model: &M,
        history: &[Operation<M::Input, M::Output>],
        level: Consistency,
        judgement: &Judgement<Vec<OperationId>>,
        lines: &dyn Fn(u64) -> Option<u64>,
    ) -> Self {
        let view = View {
            model,
            history,
            lines,
        };
        let count = grouped(history.len());
        let (finding, headline) = match judgement {
            Judgement::Holds(_) => {
                let headline = format!("The {count} operations are {level}.");
                (Finding::Holds, headline)
            }
            Judgement::Violated(_) => {
                let headline = format!("The {count} operations are not {level}.");
                (Finding::Violated, headline)
            }
            Judgement::Unknown(reason) => {
                let headline = format!("Not decided: {reason}. This is not success.");
                (Finding::Unknown, headline)
            }
            Judgement::NotCheckable(reason) => {
                let headline = format!("Whether it is {level} cannot be told: {reason}.");
                (Finding::Unknown, headline)
            }
        };
        let mut report = Self::new(title, finding, headline);
        let mut marks = BTreeMap::new();
        if let Some(anomaly) = judgement.anomaly() {
            for (place, id) in anomaly.operations.iter().enumerate() {
                marks.insert(id.0, Mark::Core(letter(place)));
            }
            let name = |id: OperationId| match marks.get(&id.0) {
                Some(Mark::Core(letter)) => letter.clone(),
                _ => format!("operation {id}"),
            };
            let line = |id: OperationId| format!("{:<3}{}", name(id), view.line(id));
            report.anomaly(anomaly, &name, &line);
        }
        if let Judgement::Holds(order) = judgement {
            report.order(level, order, &|id| view.line(id));
        }
        view.draw(&mut report, &marks);
        report
    }
}

fn label<M: Notation>(view: &View<'_, M>, key: &M::Key, ids: &[OperationId]) -> String {
    let operation = ids.first().and_then(|id| view.history.get(id.0));
    let written = operation.and_then(|operation| view.model.write_call(&operation.input).1);
    written.map_or_else(
        || format!("{key:?}").replace("None", "").replace("()", ""),
        |key| key.to_string(),
    )
}

impl<M: Notation> View<'_, M> {
    fn violated(&self, report: &mut Report, violation: &Violation<M::Key>) {
        let smallest = if violation.is_minimal {
            "A smallest set"
        } else {
            "A set"
        };
        let sentence = format!(
            "{smallest} of operations that no order explains, even if every other operation happened at any time after \
             its call, or never."
        );
        let core = violation.operations.iter().enumerate();
        let lines = core.map(|(place, id)| format!("{:<3}{}", letter(place), self.line(*id)));
        report.section(EVIDENCE, [sentence], lines.collect());

        let longest = &violation.longest;
        let label = label::<M>(self, &violation.key, &violation.operations);
        let of_key = match label.as_str() {
            "" => String::new(),
            label => format!(" of key {label}"),
        };
        let start = longest.len().saturating_sub(ORDER_LINES_MAX);
        let (place, end) = match (longest.len(), start) {
            (0, _) => ("The longest order that goes well is empty.".into(), ""),
            (count, 0) => (
                format!(
                    "The longest order that goes well{of_key} has {}:",
                    operations(count)
                ),
                "",
            ),
            (count, _) => (
                format!(
                    "The longest order that goes well{of_key} has {}.",
                    operations(count)
                ),
                "It ends so:",
            ),
        };
        let sentences = [place, end.into()].into_iter().filter(|it| !it.is_empty());
        let ending = longest.get(start..).unwrap_or_default();
        report.section("How far an order goes", sentences, self.lines(ending));

        let state = self.state_after(&violation.key, longest);
        let then = match &state {
            Some(state) => format!(
                "Then the object is in the state {}. Of these one must come next, since everything else was called \
                 after one of them had returned, and none can:",
                self.model.write_state(state)
            ),
            None => "Of these one must come next, and none can:".into(),
        };
        let lines = violation.blocked.iter().map(|id| {
            let place = violation.operations.iter().position(|core| core == id);
            let name = place.map_or_else(String::new, |place| format!("{:<3}", letter(place)));
            format!("{name}{}", self.blocked(*id, state.as_ref()))
        });
        report.section("Where it stops", [then], lines.collect());
        report.orders.push(Order {
            label,
            is_timed: true,
            ids: longest.clone(),
        });
    }

    /// An operation that cannot come next, and why not.
    fn blocked(&self, id: OperationId, state: Option<&M::State>) -> String {
        let line = self.line(id);
        let operation = self.history.get(id.0);
        let (Some(state), Some(operation)) = (state, operation) else {
            return line;
        };
        let output = operation.completion.output();
        match self.model.step(state, &operation.input, output) {
            Some(_) => format!("{line}: it can, but then no order goes further"),
            None => format!("{line}: this state does not give that answer"),
        }
    }
}

fn operations(count: usize) -> String {
    match count {
        1 => "1 operation".into(),
        count => format!("{} operations", grouped(count)),
    }
}
