//! A validated list of events, and its translation to and from typed operations.
//!
//! Pairing. A process has at most one open operation. `ok`, `fail` and `info` end it and must repeat its function and,
//! where they name one, its key. After an `info` the same process number may invoke again (some logs renumber, some do
//! not); the unknown operation stays open for ever either way. What is open at the end is `info`.

use alloc::{
    collections::BTreeMap,
    string::{String, ToString},
    vec::Vec,
};

use crate::{
    Completion, Error, Event, EventKind, Function, Model, Moment, Notation, Operation, ProcessId,
    Value, history::Lines,
};

/// The operations of a model, in the order of their calls.
///
/// ```
/// use consistency::{CasRegister, Operations};
///
/// let none: Operations<CasRegister> = Vec::new();
/// assert!(none.is_empty());
/// ```
pub type Operations<M> = Vec<Operation<<M as Model>::Input, <M as Model>::Output>>;

/// Events in the order they happened, every completion paired with its invocation.
///
/// ```
/// use consistency::{Format, KeyValue, Value, parse};
///
/// let text = br#"
/// {"process":0,"type":"invoke","f":"put","key":"x","value":3,"time":17}
/// {"process":0,"type":"ok","f":"put","key":"x","value":3,"time":29}
/// "#;
/// let history = parse(text, Format::JsonLines)?;
/// assert_eq!(history.events().len(), 2);
/// let operations = history.operations(&KeyValue::new(Value::Nil))?;
/// assert_eq!(operations.len(), 1);
/// # Ok::<(), consistency::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct History {
    events: Vec<Event>,
    lines: Lines,
    pairs: Vec<(usize, Option<usize>)>,
    skipped: u64,
}

/// Two histories are equal when their events are; the lines they were read from do not count.
impl PartialEq for History {
    fn eq(&self, other: &Self) -> bool {
        self.events == other.events
    }
}

impl Eq for History {}

impl History {
    /// Checks the pairing of these events. O(n log processes).
    ///
    /// # Errors
    /// [`Error::ProcessBusy`], [`Error::NeverInvoked`] or [`Error::PairDiffers`], with the event's number as its line.
    ///
    /// ```
    /// use consistency::History;
    ///
    /// assert_eq!(History::from_events(Vec::new())?.operations_count(), 0);
    /// # Ok::<(), consistency::Error>(())
    /// ```
    pub fn from_events(events: Vec<Event>) -> Result<Self, Error> {
        let mut lines = Lines::new();
        (1..).take(events.len()).for_each(|line| lines.push(line));
        Self::from_lines(events, lines, 0)
    }

    /// The history of these operations, as `model` writes them. O(n log n).
    ///
    /// # Errors
    /// As [`History::from_events`]: operations that no [`Recorder`](crate::Recorder) gave may overlap on one process.
    ///
    /// ```
    /// use consistency::{History, KeyValue, KvInput, KvOutput, ProcessId, Recorder, Value};
    ///
    /// let model = KeyValue::new(Value::Nil);
    /// let mut recorder = Recorder::new();
    /// let get = recorder.invoke(ProcessId(0), KvInput::get("x"), 0)?;
    /// recorder.ok(get, KvOutput::Value(Value::Nil), 1)?;
    /// let operations = recorder.finish();
    /// let history = History::from_operations(&model, &operations)?;
    /// assert_eq!(history.operations(&model)?, operations);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_operations<M: Notation>(
        model: &M,
        operations: &[Operation<M::Input, M::Output>],
    ) -> Result<Self, Error> {
        let mut placed = Vec::with_capacity(operations.len().saturating_mul(2));
        for operation in operations {
            let (function, key, argument) = model.write_call(&operation.input);
            let event = |kind, value, error: Option<&str>, at: Moment| Event {
                process: operation.process,
                kind,
                function: function.clone(),
                key: key.clone(),
                value,
                error: error.map(Value::from),
                time_ns: at.time_ns,
            };
            let call = operation.call;
            let invoke = event(EventKind::Invoke, argument.clone(), None, call);
            placed.push((call.position, false, invoke));
            let (at, end) = match &operation.completion {
                Completion::Ok { at, output } => {
                    let (kind, value) = model.write_output(&operation.input, output);
                    (*at, event(kind, value, None, *at))
                }
                Completion::Fail { at } => {
                    let error = Some("not executed");
                    (*at, event(EventKind::Fail, argument, error, *at))
                }
                Completion::Info { at: Some(at) } => {
                    (*at, event(EventKind::Info, argument, None, *at))
                }
                Completion::Info { at: None } => continue,
            };
            placed.push((at.position.max(call.position), true, end));
        }
        placed.sort_by_key(|(position, is_end, _)| (*position, *is_end));
        Self::from_events(placed.into_iter().map(|(_, _, event)| event).collect())
    }

    /// The operations in the order of their calls, as `model` reads them: the argument always comes from the
    /// invocation, the result from the `ok`. O(n).
    ///
    /// # Errors
    /// [`Error::Notation`] for a function the model does not have, or a value of the wrong shape.
    pub fn operations<M: Notation>(&self, model: &M) -> Result<Operations<M>, Error> {
        let mut operations = Vec::with_capacity(self.pairs.len());
        for &(call, end) in &self.pairs {
            let Some(invoke) = self.events.get(call) else {
                continue;
            };
            let input = model
                .read_call(invoke)
                .map_err(|expected| self.refuse(model.name(), call, invoke, expected))?;
            let end = end.and_then(|end| Some((end, self.events.get(end)?)));
            let completion = match end {
                None => Completion::Info { at: None },
                Some((place, event)) => {
                    let at = moment(place, event);
                    match event.kind {
                        EventKind::Ok => Completion::Ok {
                            at,
                            output: model.read_ok(&input, event).map_err(|expected| {
                                self.refuse(model.name(), place, event, expected)
                            })?,
                        },
                        EventKind::Fail => match model.read_fail(&input, event) {
                            Some(output) => Completion::Ok { at, output },
                            None => Completion::Fail { at },
                        },
                        EventKind::Info | EventKind::Invoke => Completion::Info { at: Some(at) },
                    }
                }
            };
            operations.push(Operation {
                process: invoke.process,
                call: moment(call, invoke),
                input,
                completion,
            });
        }
        Ok(operations)
    }

    /// The events, in order.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// How many operations were invoked.
    #[must_use]
    pub const fn operations_count(&self) -> usize {
        self.pairs.len()
    }

    /// The line of the file on which the event at this position stands, from 1.
    #[must_use]
    pub fn line(&self, position: u64) -> Option<u64> {
        self.lines.get(usize::try_from(position).ok()?)
    }

    /// How many events or lines the reader left out: those of named processes (a nemesis), and other loggers' lines.
    #[must_use]
    pub const fn skipped(&self) -> u64 {
        self.skipped
    }

    pub(crate) fn from_lines(
        mut events: Vec<Event>,
        lines: Lines,
        skipped: u64,
    ) -> Result<Self, Error> {
        let mut pairs: Vec<(usize, Option<usize>)> = Vec::new();
        let mut open: BTreeMap<ProcessId, usize> = BTreeMap::new();
        // A key or an error that says nothing is none: so every history has one written form.
        for event in &mut events {
            event.key = event.key.take().filter(|key| *key != Value::Nil);
            event.error = event.error.take().filter(|error| *error != Value::Nil);
        }
        let line_of = |place: usize| lines.get(place).unwrap_or(0);
        for (place, event) in events.iter().enumerate() {
            let process = event.process;
            if event.kind == EventKind::Invoke {
                let before = open.insert(process, pairs.len());
                if let Some(&(opened, _)) = before.and_then(|pair| pairs.get(pair)) {
                    return Err(Error::ProcessBusy {
                        line: line_of(place),
                        process,
                        opened_line: line_of(opened),
                    });
                }
                pairs.push((place, None));
                continue;
            }
            let pair = open.remove(&process).and_then(|pair| pairs.get_mut(pair));
            let Some((opened, end)) = pair else {
                let line = line_of(place);
                return Err(Error::NeverInvoked { line, process });
            };
            let fits = events.get(*opened).is_some_and(|call| {
                call.function == event.function && (event.key.is_none() || call.key == event.key)
            });
            if !fits {
                return Err(Error::PairDiffers {
                    line: line_of(place),
                    opened_line: line_of(*opened),
                });
            }
            *end = Some(place);
        }
        Ok(Self {
            events,
            lines,
            pairs,
            skipped,
        })
    }

    fn refuse(
        &self,
        model: &'static str,
        place: usize,
        event: &Event,
        expected: &'static str,
    ) -> Error {
        Error::Notation {
            line: self.lines.get(place).unwrap_or(0),
            model,
            function: name(&event.function),
            expected,
            found: event.value.to_string(),
        }
    }
}

fn moment(place: usize, event: &Event) -> Moment {
    Moment {
        position: place as u64,
        time_ns: event.time_ns,
    }
}

fn name(function: &Function) -> String {
    function.to_string()
}
