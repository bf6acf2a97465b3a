//! Linearizability while the system runs: events in, and an answer after each.
//!
//! Each object is followed on its own ([`object`]). What is kept is what the operations that are open, or were never
//! heard of, may still do; nothing is kept of an operation that everybody knows.

mod configuration;
mod object;

use alloc::{collections::BTreeMap, string::ToString};

use crate::{
    Error, Event, EventKind, Function, Model, Notation, OperationId, ProcessId, Refused,
    UnknownReason, Value,
};
use object::Object;

/// How the events so far stand. Neither `Violated` nor `Unknown` is ever taken back, but a violation of one object
/// replaces the `Unknown` of another.
///
/// ```
/// use consistency::Standing;
///
/// let standing: Standing<()> = Standing::Holds;
/// assert!(standing.holds());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[must_use]
pub enum Standing<K> {
    /// The events so far are linearizable.
    Holds,
    /// They are not, and nothing that follows can change that.
    Violated {
        /// The object on which it happened.
        key: K,
        /// The operation whose end left no possibility.
        operation: OperationId,
        /// How many events there were when it became certain: that end was the last.
        events: u64,
    },
    /// Not decided.
    Unknown {
        /// The first object that was given up.
        key: K,
        /// Why.
        reason: UnknownReason,
    },
}

impl<K> Standing<K> {
    /// Whether the events so far were shown linearizable.
    #[must_use]
    pub const fn holds(&self) -> bool {
        matches!(self, Self::Holds)
    }
}

/// A checker of linearizability that takes one event at a time.
///
/// A violation is reported at the first event with which the history so far, its open operations indeterminate, is not
/// linearizable: exactly where [`check_linearizable`](crate::check_linearizable) of that beginning would find it.
///
/// For each object it keeps the configurations that the events allow (just-in-time linearization, Lowe 2017), so memory
/// does not grow with the length of the history but with what is open: O(configurations × open operations), where an
/// indeterminate operation is open for ever. In the worst case the number of configurations is exponential in that of
/// open updates; past [`configurations_max`](Online::with_configurations_max) the object is given up, and the answer is
/// `Unknown`. Blind writes of registers do not multiply, whether open or never heard of.
///
/// An operation takes effect before its answer is known, so [`Model::step`] without an output must lead where it leads
/// with any output that is possible there. Where it does not ([`Nondeterministic`](crate::Nondeterministic) objects
/// may not), the answer may be `Unknown` with [`UnknownReason::OutputDecides`], never a wrong one.
///
/// ```
/// use consistency::{Online, ProcessId, Register, RegisterInput, RegisterOutput, Standing, Value};
///
/// let mut online = Online::new(Register::new(Value::Nil));
/// let write = online.invoke(ProcessId(0), RegisterInput::write(1))?;
/// let read = online.invoke(ProcessId(1), RegisterInput::read())?;
/// // The write has not returned, but may have taken effect.
/// assert!(online.ok(read, RegisterOutput::Value(1.into()))?.holds());
/// // It did.
/// let stale = online.invoke(ProcessId(1), RegisterInput::read())?;
/// let standing = online.ok(stale, RegisterOutput::Value(Value::Nil))?;
/// assert_eq!(*standing, Standing::Violated { key: None, operation: stale, events: 5 });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Online<M: Model> {
    model: M,
    configurations_max: usize,
    /// `None` for an object that was given up.
    objects: BTreeMap<M::Key, Option<Object<M>>>,
    open: BTreeMap<ProcessId, Open<M>>,
    processes: BTreeMap<OperationId, ProcessId>,
    operations_count: usize,
    events_count: u64,
    standing: Standing<M::Key>,
}

#[derive(Debug)]
struct Open<M: Model> {
    id: OperationId,
    key: M::Key,
    call: u64,
    input: M::Input,
    /// Function and key as the event named them.
    name: Option<(Function, Option<Value>)>,
}

/// How an operation ended.
enum End<O> {
    Ok(O),
    Fail,
    Info,
}

const CONFIGURATIONS_MAX: usize = 100_000;

impl<M: Model> Online<M> {
    /// A checker that has seen nothing, with at most 100,000 configurations for each object.
    pub const fn new(model: M) -> Self {
        Self {
            model,
            configurations_max: CONFIGURATIONS_MAX,
            objects: BTreeMap::new(),
            open: BTreeMap::new(),
            processes: BTreeMap::new(),
            operations_count: 0,
            events_count: 0,
            standing: Standing::Holds,
        }
    }

    /// The same with another bound on the configurations that one event may lead through on its object. It bounds the
    /// time an event takes, too.
    #[must_use]
    pub fn with_configurations_max(mut self, configurations_max: usize) -> Self {
        self.configurations_max = configurations_max;
        self
    }

    /// `process` calls `input`.
    ///
    /// # Errors
    /// [`Error::ProcessBusy`] while the process has an open operation; the input is handed back.
    pub fn invoke(
        &mut self,
        process: ProcessId,
        input: M::Input,
    ) -> Result<OperationId, Refused<M::Input>> {
        if let Some(open) = self.open.get(&process) {
            return Err(Refused {
                error: Error::ProcessBusy {
                    line: self.events_count.saturating_add(1),
                    process,
                    opened_line: open.call,
                },
                value: input,
            });
        }
        self.events_count = self.events_count.saturating_add(1);
        let id = OperationId(self.operations_count);
        self.operations_count = self.operations_count.saturating_add(1);
        let key = self.model.key(&input);
        let call = self.events_count;
        if !matches!(self.standing, Standing::Violated { .. }) {
            let model = &self.model;
            let new = || Some(Object::new(model, &key));
            let object = self.objects.entry(key.clone()).or_insert_with(new);
            if let Some(object) = object {
                object.invoke(model, call, input.clone());
            }
        }
        let open = Open {
            id,
            key,
            call,
            input,
            name: None,
        };
        self.open.insert(process, open);
        self.processes.insert(id, process);
        Ok(id)
    }

    /// The operation happened and gave `output`. A compare-and-set that found a different value ends here too.
    ///
    /// # Errors
    /// [`Error::NotOpen`] when the operation is complete or unknown; the output is handed back.
    pub fn ok(
        &mut self,
        id: OperationId,
        output: M::Output,
    ) -> Result<&Standing<M::Key>, Refused<M::Output>> {
        match self.close(id) {
            Ok(open) => Ok(self.end(open, End::Ok(output))),
            Err(error) => Err(Refused {
                error,
                value: output,
            }),
        }
    }

    /// The operation definitely did not happen.
    ///
    /// # Errors
    /// [`Error::NotOpen`] when the operation is complete or unknown.
    pub fn fail(&mut self, id: OperationId) -> Result<&Standing<M::Key>, Error> {
        let open = self.close(id)?;
        Ok(self.end(open, End::Fail))
    }

    /// Nobody knows whether the operation happened, or will.
    ///
    /// # Errors
    /// [`Error::NotOpen`] when the operation is complete or unknown.
    pub fn info(&mut self, id: OperationId) -> Result<&Standing<M::Key>, Error> {
        let open = self.close(id)?;
        Ok(self.end(open, End::Info))
    }

    /// How the events so far stand.
    pub const fn standing(&self) -> &Standing<M::Key> {
        &self.standing
    }

    /// Configurations kept, of all objects: what memory is proportional to.
    #[must_use]
    pub fn configurations_count(&self) -> usize {
        let objects = self.objects.values().flatten();
        objects.map(Object::configurations_count).sum()
    }

    /// Events taken.
    #[must_use]
    pub const fn events_count(&self) -> u64 {
        self.events_count
    }

    fn close(&mut self, id: OperationId) -> Result<Open<M>, Error> {
        let process = self.processes.remove(&id);
        process
            .and_then(|process| self.open.remove(&process))
            .ok_or(Error::NotOpen { operation: id })
    }

    fn end(&mut self, open: Open<M>, end: End<M::Output>) -> &Standing<M::Key> {
        self.events_count = self.events_count.saturating_add(1);
        if matches!(self.standing, Standing::Violated { .. }) {
            return &self.standing;
        }
        let Some(slot) = self.objects.get_mut(&open.key) else {
            return &self.standing;
        };
        let Some(object) = slot else {
            return &self.standing;
        };
        let (now, most) = (self.events_count, self.configurations_max);
        let is_left = match end {
            End::Ok(output) => object.ok(&self.model, open.call, &output, now, most),
            End::Fail => Ok(object.fail(open.call)),
            End::Info => {
                object.info(open.call);
                Ok(true)
            }
        };
        match is_left {
            Ok(true) => {}
            Ok(false) => {
                self.standing = Standing::Violated {
                    key: open.key,
                    operation: open.id,
                    events: now,
                };
                self.objects.clear();
            }
            Err(reason) => {
                *slot = None;
                if self.standing.holds() {
                    self.standing = Standing::Unknown {
                        key: open.key,
                        reason,
                    };
                }
            }
        }
        &self.standing
    }
}

impl<M: Notation> Online<M> {
    /// Takes an event as a history holds it, paired by its process as [`History`](crate::History) pairs events.
    ///
    /// # Errors
    /// [`Error::ProcessBusy`], [`Error::NeverInvoked`], [`Error::PairDiffers`] or [`Error::Notation`], with the event's
    /// number as its line; the event is not taken then.
    ///
    /// ```
    /// use consistency::{Format, Online, Register, Value, parse};
    ///
    /// let log = b"0\t:invoke\t:write\t1\n1\t:invoke\t:read\tnil\n1\t:ok\t:read\t1\n";
    /// let mut online = Online::new(Register::new(Value::Nil));
    /// for event in parse(log, Format::JepsenLog)?.events() {
    ///     assert!(online.event(event)?.holds());
    /// }
    /// # Ok::<(), consistency::Error>(())
    /// ```
    pub fn event(&mut self, event: &Event) -> Result<&Standing<M::Key>, Error> {
        let line = self.events_count.saturating_add(1);
        let event = &plain(event);
        let process = event.process;
        if event.kind == EventKind::Invoke {
            if let Some(open) = self.open.get(&process) {
                return Err(Error::ProcessBusy {
                    line,
                    process,
                    opened_line: open.call,
                });
            }
            let input = self.model.read_call(event);
            let input = input.map_err(|expected| refuse(&self.model, line, event, expected))?;
            self.invoke(process, input)
                .map_err(|refused| refused.error)?;
            if let Some(open) = self.open.get_mut(&process) {
                open.name = Some((event.function.clone(), event.key.clone()));
            }
            return Ok(&self.standing);
        }
        let Some(open) = self.open.get(&process) else {
            return Err(Error::NeverInvoked { line, process });
        };
        let id = open.id;
        let fits = open.name.as_ref().is_none_or(|(function, key)| {
            *function == event.function && (event.key.is_none() || event.key == *key)
        });
        if !fits {
            let opened_line = open.call;
            return Err(Error::PairDiffers { line, opened_line });
        }
        let output = match event.kind {
            EventKind::Ok => {
                let output = self.model.read_ok(&open.input, event);
                Some(output.map_err(|expected| refuse(&self.model, line, event, expected))?)
            }
            EventKind::Fail => self.model.read_fail(&open.input, event),
            EventKind::Info | EventKind::Invoke => return self.info(id),
        };
        match output {
            Some(output) => self.ok(id, output).map_err(|refused| refused.error),
            None => self.fail(id),
        }
    }
}

/// A key or an error that says nothing is none, as in a history.
fn plain(event: &Event) -> Event {
    let mut event = event.clone();
    event.key = event.key.filter(|key| *key != Value::Nil);
    event.error = event.error.filter(|error| *error != Value::Nil);
    event
}

fn refuse(model: &impl Notation, line: u64, event: &Event, expected: &'static str) -> Error {
    Error::Notation {
        line,
        model: model.name(),
        function: event.function.to_string(),
        expected,
        found: event.value.to_string(),
    }
}
