//! The verdict on a history of single operations.

use std::collections::BTreeMap;
use std::time::Instant;

use consistency::causal::{self, Certificate};
use consistency::report::Report;
use consistency::transactions::Transactions;
use consistency::{
    Bank, CasRegister, Consistency, Counter, FifoQueue, History, Judgement, KeyValue,
    MultiRegister, Mutex, Notation as _, OperationId, Operations, OwnedMutex, PriorityQueue,
    Register, Set, Stack, UnknownReason, Value, Verdict, check_all_beside, check_sequential,
    replay, replay_sequential,
};

use super::Promise;
use super::budget::Budget;
use super::judge::{Finding, ending, or_nil, witness_fault};
use super::map;
use super::models::{self, ModelName};
use super::object::Object;
use crate::exit::BadInput;

/// A history to be held to a promise.
pub(super) struct Job<'a> {
    pub(super) title: &'a str,
    pub(super) promise: Promise,
    pub(super) history: &'a History,
    pub(super) budget: &'a Budget,
}

impl Job<'_> {
    /// As the history of this object, which begins in this state.
    pub(super) fn judge_as(
        &self,
        model: ModelName,
        initial: Option<Value>,
    ) -> Result<Finding, BadInput> {
        self.judge(&match model {
            ModelName::Register => Object::Register(Register::new(or_nil(initial))),
            ModelName::CasRegister => Object::CasRegister(CasRegister::new(or_nil(initial))),
            ModelName::Kv => Object::Kv(KeyValue::new(or_nil(initial))),
            ModelName::MultiRegister => Object::MultiRegister(MultiRegister::new(or_nil(initial))),
            ModelName::Set => Object::Set(Set),
            ModelName::Queue => Object::Queue(FifoQueue),
            ModelName::Stack => Object::Stack(Stack),
            ModelName::PriorityQueue => Object::PriorityQueue(PriorityQueue),
            ModelName::Counter => Object::Counter(Counter::new(models::number_of(initial)?)),
            ModelName::Mutex => Object::Mutex(Mutex),
            ModelName::OwnedMutex => Object::OwnedMutex(OwnedMutex),
            ModelName::Bank => Object::Bank(Bank::new(models::balances_of(initial)?)),
        })
    }

    fn judge(&self, model: &Object) -> Result<Finding, BadInput> {
        let operations = self.history.operations(model).map_err(BadInput::new)?;
        match self.promise {
            Promise::One(Consistency::Linearizable) => Ok(self.linearizable(model, &operations)),
            Promise::One(Consistency::Sequential) => Ok(self.sequential(model, &operations)),
            Promise::One(level) if model.has_reads_and_writes() => {
                let start = Instant::now();
                let (judgement, fault) = match model.flat(&operations) {
                    Ok(flat) => self.causal(&flat, level),
                    Err(reason) => (Judgement::NotCheckable(reason), None),
                };
                Ok(self.weaker(model, &operations, level, &judgement, fault, start))
            }
            Promise::One(level) => {
                let message = "speaks of reads and writes; this object can be held to linearizable, sequential, or all";
                Err(BadInput::new(format!("{level} {message}")))
            }
            Promise::All => Ok(self.all(model, &operations)),
        }
    }

    /// One of the causal models, its certificate verified by separate code.
    fn causal(
        &self,
        flat: &Transactions,
        level: Consistency,
    ) -> (Judgement<Vec<OperationId>>, Option<String>) {
        let judgement = self
            .budget
            .alone(|limits, keep_going| causal::check(flat, level, limits, keep_going));
        if let Judgement::Holds(certificate) = &judgement
            && let Err(error) = causal::verify(flat, level, certificate)
        {
            let fault = Some(witness_fault(&error));
            return (Judgement::Unknown(UnknownReason::Interrupted), fault);
        }
        (judgement.map(order_of), None)
    }

    fn all(&self, model: &Object, operations: &Operations<Object>) -> Finding {
        let start = Instant::now();
        let flat = model.flat(operations);
        let map = self.budget.alone(|limits, keep_going| {
            check_all_beside(model, operations, flat, limits, keep_going)
        });
        let seconds = start.elapsed().as_secs_f64();
        let lines = |position| self.history.line(position);
        let name = Some(model.name());
        map::finding(&map, name, operations.len(), seconds, |level, judgement| {
            Report::judged(self.title, model, operations, level, judgement, &lines)
        })
    }

    fn linearizable(&self, model: &Object, operations: &Operations<Object>) -> Finding {
        let start = Instant::now();
        let checked = self.budget.linearizable(model, operations);
        let mut verdict = checked.verdict;
        let mut reason = match &verdict {
            Verdict::Unknown { reason, .. } => Some(self.budget.reason(*reason)),
            _ => None,
        };
        if let Verdict::Holds(order) = &verdict
            && let Err(error) = replay(model, operations, order)
            && let Some((key, _)) = order.orders.first()
        {
            reason = Some(witness_fault(&error));
            let (key, why) = (key.clone(), UnknownReason::Interrupted);
            verdict = Verdict::Unknown { key, reason: why };
        }
        let seconds = start.elapsed().as_secs_f64();
        let mut methods = BTreeMap::new();
        for (_, method) in &checked.methods {
            *methods.entry(method.to_string()).or_default() += 1;
        }
        let lines = |position| self.history.line(position);
        let mut report = Report::linearizable(self.title, model, operations, &verdict, &lines);
        add_methods(&mut report, &methods);
        Finding {
            verdict: ending(report.finding()),
            model: Some(model.name().to_owned()),
            consistency: Consistency::Linearizable.name(),
            operations: operations.len(),
            seconds,
            is_minimal: matches!(&verdict, Verdict::Violated(violation) if violation.is_minimal),
            reason,
            methods,
            answers: None,
            report,
        }
    }

    fn sequential(&self, model: &Object, operations: &Operations<Object>) -> Finding {
        let start = Instant::now();
        let mut judgement = self
            .budget
            .alone(|limits, keep_going| check_sequential(model, operations, limits, keep_going));
        let mut reason = None;
        if let Judgement::Holds(order) = &judgement
            && let Err(error) = replay_sequential(model, operations, order)
        {
            reason = Some(witness_fault(&error));
            judgement = Judgement::Unknown(UnknownReason::Interrupted);
        }
        let level = Consistency::Sequential;
        self.weaker(model, operations, level, &judgement, reason, start)
    }

    fn weaker(
        &self,
        model: &Object,
        operations: &Operations<Object>,
        level: Consistency,
        judgement: &Judgement<Vec<OperationId>>,
        reason: Option<String>,
        start: Instant,
    ) -> Finding {
        let seconds = start.elapsed().as_secs_f64();
        let lines = |position| self.history.line(position);
        let report = Report::judged(self.title, model, operations, level, judgement, &lines);
        Finding {
            verdict: ending(report.finding()),
            model: Some(model.name().to_owned()),
            consistency: level.name(),
            operations: operations.len(),
            seconds,
            is_minimal: judgement
                .anomaly()
                .is_some_and(|anomaly| anomaly.is_minimal),
            reason: reason.or_else(|| self.budget.why_not(judgement)),
            methods: BTreeMap::new(),
            answers: None,
            report,
        }
    }
}

/// The one order that explains every answer, where there is one.
fn order_of(certificate: Certificate) -> Vec<OperationId> {
    match certificate {
        Certificate::Order(order) => order,
        _ => Vec::new(),
    }
}

fn add_methods(report: &mut Report, methods: &BTreeMap<String, usize>) {
    let keys = |count: &usize| if *count == 1 { "key" } else { "keys" };
    let sentences: Vec<String> = methods
        .iter()
        .map(|(method, count)| format!("{count} {} decided by: {method}.", keys(count)))
        .collect();
    if !sentences.is_empty() {
        report.add("How it was decided", &sentences, &[]);
    }
}
