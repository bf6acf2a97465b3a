//! From events to typed operations, without keeping the events.
//!
//! The rules of pairing are those of [`History`](crate::History). Of each process the function and the key of its last
//! call are kept; of every event, its line in about a byte.

use alloc::{
    collections::BTreeMap,
    string::{String, ToString},
    vec::Vec,
};

use super::{Lines, Operations};
use crate::{
    Completion, Error, Event, EventKind, Function, Model, Moment, Notation, Operation, ProcessId,
    Value,
};

/// Gathers the operations of a model event by event: what [`History::operations`](crate::History::operations) gives,
/// in the memory of the operations alone. Every event costs O(log processes), and what the model's notation costs.
///
/// An error is that of the first event that gives one, in the order of the events.
///
/// ```
/// use consistency::{CasRegister, Format, OperationsBuilder, Reader, Value};
///
/// let model = CasRegister::new(Value::Nil);
/// let mut reader = Reader::new(Format::JsonLines);
/// let mut builder = OperationsBuilder::new(&model);
/// let text = br#"{"process":0,"type":"invoke","f":"write","value":3}
/// {"process":0,"type":"ok","f":"write","value":3}
/// "#;
/// let mut take = |line, event| builder.push(line, event);
/// reader.feed(text, &mut take)?;
/// reader.finish(&mut take)?;
/// let (operations, lines) = builder.finish();
/// assert_eq!(operations.len(), 1);
/// assert_eq!(lines.get(operations[0].call.position as usize), Some(1));
/// # Ok::<(), consistency::Error>(())
/// ```
#[derive(Debug)]
pub struct OperationsBuilder<'m, M: Notation> {
    model: &'m M,
    operations: Operations<M>,
    /// Which of the calls below is a process's: its place stays, for its next call.
    places: BTreeMap<ProcessId, usize>,
    calls: Vec<Call>,
    lines: Lines,
    position: u64,
}

/// The last call of a process.
#[derive(Debug)]
struct Call {
    is_open: bool,
    operation: usize,
    line: u64,
    function: Function,
    key: Option<Value>,
}

impl<'m, M: Notation> OperationsBuilder<'m, M> {
    /// A builder that has seen nothing.
    #[must_use]
    pub const fn new(model: &'m M) -> Self {
        Self {
            model,
            operations: Vec::new(),
            places: BTreeMap::new(),
            calls: Vec::new(),
            lines: Lines::new(),
            position: 0,
        }
    }

    /// Takes the next event, which stands on this line.
    ///
    /// # Errors
    /// [`Error::ProcessBusy`], [`Error::NeverInvoked`], [`Error::PairDiffers`] or [`Error::Notation`]. The event is
    /// then not taken.
    pub fn push(&mut self, line: u64, event: Event) -> Result<(), Error> {
        let at = Moment {
            position: self.position,
            time_ns: event.time_ns,
        };
        if event.kind == EventKind::Invoke {
            self.begin(line, event, at)?;
        } else {
            self.end(line, &event, at)?;
        }
        self.lines.push(line);
        self.position = self.position.saturating_add(1);
        Ok(())
    }

    /// The operations so far, in the order of their calls; open ones stand as `Info`.
    #[must_use]
    pub fn operations(&self) -> &[Operation<<M as Model>::Input, <M as Model>::Output>] {
        &self.operations
    }

    /// The operations, and the line of each event by its position. What is open is `Info`.
    #[must_use]
    pub fn finish(self) -> (Operations<M>, Lines) {
        (self.operations, self.lines)
    }

    fn begin(&mut self, line: u64, event: Event, at: Moment) -> Result<(), Error> {
        let process = event.process;
        let place = self.places.get(&process).copied();
        let last = place.and_then(|place| self.calls.get_mut(place));
        if let Some(last) = &last
            && last.is_open
        {
            return Err(Error::ProcessBusy {
                line,
                process,
                opened_line: last.line,
            });
        }
        let input = self
            .model
            .read_call(&event)
            .map_err(|expected| refuse(self.model, line, &event, expected))?;
        let call = Call {
            is_open: true,
            operation: self.operations.len(),
            line,
            function: event.function,
            key: event.key.filter(|key| *key != Value::Nil),
        };
        if let Some(last) = last {
            *last = call;
        } else {
            self.places.insert(process, self.calls.len());
            self.calls.push(call);
        }
        self.operations.push(Operation {
            process,
            call: at,
            input,
            completion: Completion::Info { at: None },
        });
        Ok(())
    }

    fn end(&mut self, line: u64, event: &Event, at: Moment) -> Result<(), Error> {
        let process = event.process;
        let place = self.places.get(&process);
        let open = place
            .and_then(|place| self.calls.get_mut(*place))
            .filter(|call| call.is_open);
        let Some(open) = open else {
            return Err(Error::NeverInvoked { line, process });
        };
        let key = event.key.as_ref().filter(|key| **key != Value::Nil);
        let is_other_key = key.is_some() && key != open.key.as_ref();
        if open.function != event.function || is_other_key {
            return Err(Error::PairDiffers {
                line,
                opened_line: open.line,
            });
        }
        if let Some(operation) = self.operations.get_mut(open.operation) {
            let input = &operation.input;
            operation.completion = match event.kind {
                EventKind::Ok => Completion::Ok {
                    at,
                    output: self
                        .model
                        .read_ok(input, event)
                        .map_err(|expected| refuse(self.model, line, event, expected))?,
                },
                EventKind::Fail => match self.model.read_fail(input, event) {
                    Some(output) => Completion::Ok { at, output },
                    None => Completion::Fail { at },
                },
                EventKind::Info | EventKind::Invoke => Completion::Info { at: Some(at) },
            };
        }
        open.is_open = false;
        Ok(())
    }
}

fn refuse(model: &impl Notation, line: u64, event: &Event, expected: &'static str) -> Error {
    let function: String = event.function.to_string();
    Error::Notation {
        line,
        model: model.name(),
        function,
        expected,
        found: event.value.to_string(),
    }
}
