//! From events to typed operations, without keeping the events.
//!
//! The rules of pairing are those of [`History`](crate::History). Of an open operation the event of its call is kept
//! until it ends; of every event, its line in about a byte.

use alloc::{
    collections::BTreeMap,
    string::{String, ToString},
    vec::Vec,
};

use super::{Lines, Operations};
use crate::{
    Completion, Error, Event, EventKind, Model, Moment, Notation, Operation, ProcessId, Value,
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
/// let mut take = |line, event| builder.push(line, &event);
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
    open: BTreeMap<ProcessId, Open>,
    lines: Lines,
    position: u64,
}

#[derive(Debug)]
struct Open {
    operation: usize,
    line: u64,
    call: Event,
}

impl<'m, M: Notation> OperationsBuilder<'m, M> {
    /// A builder that has seen nothing.
    #[must_use]
    pub const fn new(model: &'m M) -> Self {
        Self {
            model,
            operations: Vec::new(),
            open: BTreeMap::new(),
            lines: Lines::new(),
            position: 0,
        }
    }

    /// Takes the next event, which stands on this line.
    ///
    /// # Errors
    /// [`Error::ProcessBusy`], [`Error::NeverInvoked`], [`Error::PairDiffers`] or [`Error::Notation`]. The event is
    /// then not taken.
    pub fn push(&mut self, line: u64, event: &Event) -> Result<(), Error> {
        let at = Moment {
            position: self.position,
            time_ns: event.time_ns,
        };
        if event.kind == EventKind::Invoke {
            self.begin(line, event, at)?;
        } else {
            self.end(line, event, at)?;
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

    fn begin(&mut self, line: u64, event: &Event, at: Moment) -> Result<(), Error> {
        if let Some(open) = self.open.get(&event.process) {
            return Err(Error::ProcessBusy {
                line,
                process: event.process,
                opened_line: open.line,
            });
        }
        let input = self
            .model
            .read_call(event)
            .map_err(|expected| refuse::<M>(line, event, expected))?;
        let open = Open {
            operation: self.operations.len(),
            line,
            call: event.clone(),
        };
        self.open.insert(event.process, open);
        self.operations.push(Operation {
            process: event.process,
            call: at,
            input,
            completion: Completion::Info { at: None },
        });
        Ok(())
    }

    fn end(&mut self, line: u64, event: &Event, at: Moment) -> Result<(), Error> {
        let process = event.process;
        let Some(open) = self.open.get(&process) else {
            return Err(Error::NeverInvoked { line, process });
        };
        let key = event.key.as_ref().filter(|key| **key != Value::Nil);
        if open.call.function != event.function || key.is_some_and(|_| open.call.key != event.key) {
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
                        .map_err(|expected| refuse::<M>(line, event, expected))?,
                },
                EventKind::Fail => match self.model.read_fail(input, event) {
                    Some(output) => Completion::Ok { at, output },
                    None => Completion::Fail { at },
                },
                EventKind::Info | EventKind::Invoke => Completion::Info { at: Some(at) },
            };
        }
        self.open.remove(&process);
        Ok(())
    }
}

fn refuse<M: Notation>(line: u64, event: &Event, expected: &'static str) -> Error {
    let function: String = event.function.to_string();
    Error::Notation {
        line,
        model: M::NAME,
        function,
        expected,
        found: event.value.to_string(),
    }
}
