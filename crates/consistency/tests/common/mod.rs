//! The definition of linearizability, tried out literally, and random small histories.

use std::collections::BTreeMap;

use consistency::{
    CasRegister, Completion, KeyValue, KvInput, KvOutput, Model, Moment, Operation, OperationId,
    ProcessId, RegisterInput, RegisterOutput, Value,
};
use quickcheck::Gen;

/// Every order of every choice of operations is tried, over the whole history at once: no splitting by key, no memory.
pub(crate) fn is_linearizable<M: Model>(
    model: &M,
    history: &[Operation<M::Input, M::Output>],
) -> bool {
    extends(model, history, &mut Vec::new(), &BTreeMap::new())
}

fn extends<M: Model>(
    model: &M,
    history: &[Operation<M::Input, M::Output>],
    order: &mut Vec<usize>,
    states: &BTreeMap<M::Key, M::State>,
) -> bool {
    let is_ok = |place: usize| matches!(history[place].completion, Completion::Ok { .. });
    if (0..history.len()).all(|place| !is_ok(place) || order.contains(&place)) {
        return true;
    }
    for place in 0..history.len() {
        let operation = &history[place];
        let returns = operation.return_position();
        if order.contains(&place)
            || matches!(operation.completion, Completion::Fail { .. })
            || order
                .iter()
                .any(|earlier| returns < history[*earlier].call.position)
        {
            continue;
        }
        let key = model.key(&operation.input);
        let state = match states.get(&key) {
            Some(state) => state.clone(),
            None => model.initial(&key),
        };
        let output = operation.completion.output();
        let Some(next) = model.step(&state, &operation.input, output) else {
            continue;
        };
        let mut states = states.clone();
        states.insert(key, next);
        order.push(place);
        if extends(model, history, order, &states) {
            return true;
        }
        order.pop();
    }
    false
}

/// The history with everything but `core` forgotten.
pub(crate) fn keep_only<M: Model>(
    model: &M,
    history: &[Operation<M::Input, M::Output>],
    core: &[OperationId],
) -> Vec<Operation<M::Input, M::Output>> {
    let mut weaker = history.to_vec();
    for (place, operation) in weaker.iter_mut().enumerate() {
        if let Completion::Ok { at, output } = &operation.completion
            && !core.contains(&OperationId(place))
        {
            operation.completion = if model.is_pure(&operation.input, Some(output)) {
                Completion::Fail { at: *at }
            } else {
                Completion::Info { at: None }
            };
        }
    }
    weaker
}

/// How a random history is made: inputs and what a correct object answers.
pub(crate) trait Toy: Model {
    fn input(&self, g: &mut Gen) -> Self::Input;
    fn answer(&self, state: &Self::State, input: &Self::Input) -> Self::Output;
    fn wrong(&self, g: &mut Gen, input: &Self::Input) -> Self::Output;
}

pub(crate) fn below(g: &mut Gen, bound: u64) -> u64 {
    let bounds: Vec<u64> = (0..bound.max(1)).collect();
    g.choose(&bounds).copied().unwrap_or(0)
}

fn value(g: &mut Gen) -> Value {
    Value::Int(below(g, 3) as i64)
}

impl Toy for CasRegister {
    fn input(&self, g: &mut Gen) -> RegisterInput {
        match below(g, 4) {
            0 => RegisterInput::read(),
            1 => RegisterInput::write(value(g)),
            2 => RegisterInput::cas(value(g), value(g)),
            _ => RegisterInput::read(),
        }
    }

    fn answer(&self, state: &Value, input: &RegisterInput) -> RegisterOutput {
        [
            RegisterOutput::Value(state.clone()),
            RegisterOutput::Done,
            RegisterOutput::Mismatch,
        ]
        .into_iter()
        .find(|output| self.step(state, input, Some(output)).is_some())
        .expect("an answer")
    }

    fn wrong(&self, g: &mut Gen, input: &RegisterInput) -> RegisterOutput {
        match input.call {
            consistency::RegisterCall::Read => RegisterOutput::Value(value(g)),
            _ if below(g, 2) == 0 => RegisterOutput::Done,
            _ => RegisterOutput::Mismatch,
        }
    }
}

impl Toy for KeyValue {
    fn input(&self, g: &mut Gen) -> KvInput {
        let key = if below(g, 2) == 0 { "x" } else { "y" };
        let text = |g: &mut Gen| if below(g, 2) == 0 { "a" } else { "b" };
        match below(g, 6) {
            0 => KvInput::put(key, text(g)),
            1 => KvInput::append(key, text(g)),
            2 => KvInput::cas(key, text(g), text(g)),
            3 => KvInput::delete(key),
            _ => KvInput::get(key),
        }
    }

    fn answer(&self, state: &Value, input: &KvInput) -> KvOutput {
        [
            KvOutput::Value(state.clone()),
            KvOutput::Done,
            KvOutput::Mismatch,
        ]
        .into_iter()
        .find(|output| self.step(state, input, Some(output)).is_some())
        .expect("an answer")
    }

    fn wrong(&self, g: &mut Gen, input: &KvInput) -> KvOutput {
        match input {
            KvInput::Get { .. } => KvOutput::Value(match below(g, 4) {
                0 => Value::Nil,
                1 => "a".into(),
                2 => "b".into(),
                _ => "ab".into(),
            }),
            KvInput::Cas { .. } if below(g, 2) == 0 => KvOutput::Mismatch,
            _ => KvOutput::Done,
        }
    }
}

/// Clients call, a correct object takes their operations one at a time, they return: in a random order. One in
/// `heard_of` operations is never heard of, one in eight fails. With `mutations`, that many answers are replaced.
pub(crate) fn random_history<M: Toy>(
    model: &M,
    g: &mut Gen,
    operations: u64,
    heard_of: u64,
    mutations: u64,
) -> Vec<Operation<M::Input, M::Output>> {
    let mut history: Vec<Operation<M::Input, M::Output>> = Vec::new();
    let mut states: BTreeMap<M::Key, M::State> = BTreeMap::new();
    let mut waiting: Vec<usize> = Vec::new();
    let mut answered: Vec<(usize, M::Output)> = Vec::new();
    let mut position = 0;
    let moment = |g: &mut Gen, position: &mut u64| {
        // Now and then two events share a position: then they are concurrent.
        *position += u64::from(below(g, 8) > 0);
        Moment {
            position: *position,
            time_ns: None,
        }
    };
    while (history.len() as u64) < operations || !waiting.is_empty() || !answered.is_empty() {
        match below(g, 3) {
            0 if (history.len() as u64) < operations => {
                let call = moment(g, &mut position);
                waiting.push(history.len());
                history.push(Operation {
                    process: ProcessId(history.len() as u64),
                    call,
                    input: model.input(g),
                    completion: Completion::Info { at: None },
                });
            }
            1 if !waiting.is_empty() => {
                let place = waiting.remove(below(g, waiting.len() as u64) as usize);
                if below(g, 8) == 0 {
                    let at = moment(g, &mut position);
                    history[place].completion = Completion::Fail { at };
                    continue;
                }
                let input = history[place].input.clone();
                let key = model.key(&input);
                let state = states.remove(&key).unwrap_or_else(|| model.initial(&key));
                let output = model.answer(&state, &input);
                let next = model.step(&state, &input, Some(&output));
                states.insert(key, next.expect("a legal answer"));
                if below(g, heard_of) > 0 {
                    answered.push((place, output));
                }
            }
            2 if !answered.is_empty() => {
                let (place, output) = answered.remove(below(g, answered.len() as u64) as usize);
                let at = moment(g, &mut position);
                history[place].completion = Completion::Ok { at, output };
            }
            _ => {}
        }
    }
    for _ in 0..mutations {
        let place = below(g, history.len() as u64) as usize;
        let Some(operation) = history.get_mut(place) else {
            break;
        };
        let wrong = model.wrong(g, &operation.input);
        if let Completion::Ok { output, .. } = &mut operation.completion {
            *output = wrong;
        }
    }
    history
}
