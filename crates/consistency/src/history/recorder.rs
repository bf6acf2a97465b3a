//! The recorder a harness holds while clients run.
//!
//! States of a process: idle → (invoke) → open → (ok, fail, info) → idle. An operation is completed once. After an
//! `info` the process may go on under its old number: the unknown operation stays open for ever, on its own.

use alloc::{collections::BTreeMap, vec::Vec};
use core::fmt;

use crate::{Completion, Error, Moment, Operation, OperationId, ProcessId};

/// A refused call of the [`Recorder`]: why, and the value that was not taken.
///
/// ```
/// use consistency::{KvInput, KvOutput, ProcessId, Recorder};
///
/// let mut recorder: Recorder<KvInput, KvOutput> = Recorder::new();
/// recorder.invoke(ProcessId(0), KvInput::get("x"), 0)?;
/// let refused = recorder.invoke(ProcessId(0), KvInput::get("y"), 1).unwrap_err();
/// assert_eq!(refused.value, KvInput::get("y"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused<T> {
    /// Why: [`Error::ProcessBusy`] or [`Error::NotOpen`].
    pub error: Error,
    /// What was handed in.
    pub value: T,
}

impl<T> fmt::Display for Refused<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl<T: fmt::Debug> core::error::Error for Refused<T> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        Some(&self.error)
    }
}

/// Collects typed operations while they happen. Each call takes the next position, so the order of the calls to the
/// recorder is the order of time; `time_ns` is kept for people. Every call is O(log processes).
///
/// ```
/// use consistency::{Completion, KvInput, KvOutput, ProcessId, Recorder};
///
/// let mut recorder = Recorder::new();
/// let put = recorder.invoke(ProcessId(0), KvInput::put("x", 1), 10)?;
/// let get = recorder.invoke(ProcessId(1), KvInput::get("x"), 11)?;
/// recorder.ok(get, KvOutput::Value(1.into()), 12)?;
/// let operations = recorder.finish(); // the put was never heard of again
/// assert_eq!(operations[put.0].completion, Completion::Info { at: None });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Recorder<I, O> {
    operations: Vec<Operation<I, O>>,
    open: BTreeMap<ProcessId, OperationId>,
    position: u64,
}

impl<I, O> Recorder<I, O> {
    /// A recorder that has seen nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            operations: Vec::new(),
            open: BTreeMap::new(),
            position: 0,
        }
    }

    /// `process` calls `input`.
    ///
    /// # Errors
    /// [`Error::ProcessBusy`] while the process has an open operation; the input is handed back.
    pub fn invoke(
        &mut self,
        process: ProcessId,
        input: I,
        time_ns: u64,
    ) -> Result<OperationId, Refused<I>> {
        if let Some(open) = self.open.get(&process) {
            let opened = self
                .operations
                .get(open.0)
                .map_or(0, |operation| operation.call.position);
            return Err(Refused {
                error: Error::ProcessBusy {
                    line: self.position.saturating_add(1),
                    process,
                    opened_line: opened.saturating_add(1),
                },
                value: input,
            });
        }
        let id = OperationId(self.operations.len());
        let call = self.moment(time_ns);
        self.operations.push(Operation {
            process,
            call,
            input,
            completion: Completion::Info { at: None },
        });
        self.open.insert(process, id);
        Ok(id)
    }

    /// The operation happened and gave `output`. A compare-and-set that found a different value ends here too.
    ///
    /// # Errors
    /// [`Error::NotOpen`] when the operation is complete or unknown; the output is handed back.
    pub fn ok(&mut self, id: OperationId, output: O, time_ns: u64) -> Result<(), Refused<O>> {
        if let Err(error) = self.close(id) {
            return Err(Refused {
                error,
                value: output,
            });
        }
        let at = self.moment(time_ns);
        self.complete(id, Completion::Ok { at, output });
        Ok(())
    }

    /// The operation definitely did not happen.
    ///
    /// # Errors
    /// [`Error::NotOpen`] when the operation is complete or unknown.
    pub fn fail(&mut self, id: OperationId, time_ns: u64) -> Result<(), Error> {
        self.close(id)?;
        let at = self.moment(time_ns);
        self.complete(id, Completion::Fail { at });
        Ok(())
    }

    /// Nobody knows whether the operation happened, or will.
    ///
    /// # Errors
    /// [`Error::NotOpen`] when the operation is complete or unknown.
    pub fn info(&mut self, id: OperationId, time_ns: u64) -> Result<(), Error> {
        self.close(id)?;
        let at = Some(self.moment(time_ns));
        self.complete(id, Completion::Info { at });
        Ok(())
    }

    /// The operations so far, in the order of their calls; open ones stand as `Info`.
    #[must_use]
    pub fn operations(&self) -> &[Operation<I, O>] {
        &self.operations
    }

    /// Ends the recording: every operation that is still open stays `Info`.
    #[must_use]
    pub fn finish(self) -> Vec<Operation<I, O>> {
        self.operations
    }

    fn close(&mut self, id: OperationId) -> Result<(), Error> {
        let not_open = Error::NotOpen { operation: id };
        let Some(operation) = self.operations.get(id.0) else {
            return Err(not_open);
        };
        if self.open.get(&operation.process) != Some(&id) {
            return Err(not_open);
        }
        self.open.remove(&operation.process);
        Ok(())
    }

    fn complete(&mut self, id: OperationId, completion: Completion<O>) {
        if let Some(operation) = self.operations.get_mut(id.0) {
            operation.completion = completion;
        }
    }

    fn moment(&mut self, time_ns: u64) -> Moment {
        let position = self.position;
        self.position = position.saturating_add(1);
        Moment {
            position,
            time_ns: Some(time_ns),
        }
    }
}

impl<I, O> Default for Recorder<I, O> {
    fn default() -> Self {
        Self::new()
    }
}
