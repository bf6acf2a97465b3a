//! A register, and a register with compare-and-set; one for each key where a history has keys.

use alloc::string::{String, ToString};

use crate::{Event, EventKind, Function, Model, Notation, Role, Shape, Value, model::read_pair};

/// What is asked of a register.
///
/// ```
/// use consistency::RegisterInput;
///
/// let swap = RegisterInput::cas(1, 2).at("x");
/// assert_eq!(swap.key, Some("x".into()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RegisterInput {
    /// Which register; `None` where there is one.
    pub key: Option<Value>,
    /// What it is to do.
    pub call: RegisterCall,
}

/// What a register can do. See [`RegisterInput`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum RegisterCall {
    /// Read the value.
    Read,
    /// Replace the value.
    Write(Value),
    /// Replace the value if it is the expected one.
    Cas {
        /// The value it must have.
        expected: Value,
        /// The value it gets.
        new: Value,
    },
}

/// What a register answers.
///
/// ```
/// use consistency::{CasRegister, Model, RegisterInput, RegisterOutput, Value};
///
/// let model = CasRegister::new(Value::Nil);
/// let swap = RegisterInput::cas(1, 2);
/// assert_eq!(model.step(&1.into(), &swap, Some(&RegisterOutput::Done)), Some(2.into()));
/// assert_eq!(model.step(&1.into(), &swap, Some(&RegisterOutput::Mismatch)), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum RegisterOutput {
    /// The value read.
    Value(Value),
    /// Written, or swapped.
    Done,
    /// A compare-and-set found a different value, and changed nothing.
    Mismatch,
}

impl RegisterInput {
    /// Read.
    #[must_use]
    pub const fn read() -> Self {
        Self {
            key: None,
            call: RegisterCall::Read,
        }
    }

    /// Write `value`.
    #[must_use]
    pub fn write(value: impl Into<Value>) -> Self {
        Self {
            key: None,
            call: RegisterCall::Write(value.into()),
        }
    }

    /// Write `new` if the value is `expected`.
    #[must_use]
    pub fn cas(expected: impl Into<Value>, new: impl Into<Value>) -> Self {
        Self {
            key: None,
            call: RegisterCall::Cas {
                expected: expected.into(),
                new: new.into(),
            },
        }
    }

    /// The same on the register `key`.
    #[must_use]
    pub fn at(self, key: impl Into<Value>) -> Self {
        Self {
            key: Some(key.into()),
            ..self
        }
    }
}

/// A register: read and write. A compare-and-set is refused when read from a file, and illegal in every state.
///
/// ```
/// use consistency::{Model, Register, RegisterInput, RegisterOutput, Value};
///
/// let model = Register::new(Value::Nil);
/// let read = RegisterInput::read();
/// assert_eq!(model.step(&1.into(), &read, Some(&RegisterOutput::Value(2.into()))), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Register {
    initial: Value,
}

impl Register {
    /// Registers that hold `initial` before the first write.
    #[must_use]
    pub const fn new(initial: Value) -> Self {
        Self { initial }
    }
}

/// A register with read, write and compare-and-set.
///
/// In a history a `fail` of a compare-and-set **is** an observation: the value was not the expected one. A fail that
/// gives an error (a timeout before anything was sent) observes nothing.
///
/// ```
/// use consistency::{CasRegister, Format, Limits, Value, Verdict, check_linearizable, parse};
///
/// // The register holds 3 when the compare-and-set of 3 fails: it must have looked at another moment. There is none.
/// let text = b"0\t:invoke\t:write\t3\n0\t:ok\t:write\t3\n1\t:invoke\t:cas\t[3 4]\n1\t:fail\t:cas\t[3 4]\n";
/// let model = CasRegister::new(Value::Nil);
/// let operations = parse(text, Format::JepsenLog)?.operations(&model)?;
/// let verdict = check_linearizable(&model, &operations, &Limits::default(), &mut || true);
/// assert!(matches!(verdict, Verdict::Violated(_)));
/// # Ok::<(), consistency::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CasRegister {
    initial: Value,
}

impl CasRegister {
    /// Registers that hold `initial` before the first write.
    #[must_use]
    pub const fn new(initial: Value) -> Self {
        Self { initial }
    }
}

impl Model for Register {
    type State = Value;
    type Input = RegisterInput;
    type Output = RegisterOutput;
    type Key = Option<Value>;

    fn key(&self, input: &RegisterInput) -> Option<Value> {
        input.key.clone()
    }

    fn initial(&self, _: &Option<Value>) -> Value {
        self.initial.clone()
    }

    fn step(
        &self,
        state: &Value,
        input: &RegisterInput,
        output: Option<&RegisterOutput>,
    ) -> Option<Value> {
        match &input.call {
            RegisterCall::Cas { .. } => None,
            RegisterCall::Read | RegisterCall::Write(_) => step(state, &input.call, output),
        }
    }

    fn is_pure(&self, input: &RegisterInput, _: Option<&RegisterOutput>) -> bool {
        input.call == RegisterCall::Read
    }

    fn shape(&self) -> Option<Shape> {
        Some(Shape::Register)
    }

    fn role<'a>(
        &self,
        input: &'a RegisterInput,
        output: Option<&'a RegisterOutput>,
    ) -> Option<Role<'a>> {
        role(&input.call, output)
    }
}

impl Model for CasRegister {
    type State = Value;
    type Input = RegisterInput;
    type Output = RegisterOutput;
    type Key = Option<Value>;

    fn key(&self, input: &RegisterInput) -> Option<Value> {
        input.key.clone()
    }

    fn initial(&self, _: &Option<Value>) -> Value {
        self.initial.clone()
    }

    fn step(
        &self,
        state: &Value,
        input: &RegisterInput,
        output: Option<&RegisterOutput>,
    ) -> Option<Value> {
        step(state, &input.call, output)
    }

    fn is_pure(&self, input: &RegisterInput, output: Option<&RegisterOutput>) -> bool {
        match input.call {
            RegisterCall::Read => true,
            RegisterCall::Write(_) => false,
            RegisterCall::Cas { .. } => output == Some(&RegisterOutput::Mismatch),
        }
    }

    fn shape(&self) -> Option<Shape> {
        Some(Shape::Register)
    }

    fn role<'a>(
        &self,
        input: &'a RegisterInput,
        output: Option<&'a RegisterOutput>,
    ) -> Option<Role<'a>> {
        role(&input.call, output)
    }
}

fn role<'a>(call: &'a RegisterCall, output: Option<&'a RegisterOutput>) -> Option<Role<'a>> {
    match (call, output) {
        (RegisterCall::Read, None) => Some(Role::Nothing),
        (RegisterCall::Read, Some(RegisterOutput::Value(value))) => Some(Role::Observe(value)),
        (RegisterCall::Write(value), None | Some(RegisterOutput::Done)) => {
            Some(Role::Insert(value))
        }
        _ => None,
    }
}

fn step(state: &Value, call: &RegisterCall, output: Option<&RegisterOutput>) -> Option<Value> {
    match (call, output) {
        (RegisterCall::Read, None) => Some(state.clone()),
        (RegisterCall::Read, Some(RegisterOutput::Value(heard))) => {
            (heard == state).then(|| state.clone())
        }
        (RegisterCall::Write(value), None | Some(RegisterOutput::Done)) => Some(value.clone()),
        (RegisterCall::Cas { expected, new }, None) => {
            Some(if expected == state { new } else { state }.clone())
        }
        (RegisterCall::Cas { expected, new }, Some(RegisterOutput::Done)) => {
            (expected == state).then(|| new.clone())
        }
        (RegisterCall::Cas { expected, .. }, Some(RegisterOutput::Mismatch)) => {
            (expected != state).then(|| state.clone())
        }
        _ => None,
    }
}

impl Notation for Register {
    const NAME: &'static str = "register";

    fn read_call(&self, invoke: &Event) -> Result<RegisterInput, &'static str> {
        match invoke.function {
            Function::Cas => Err("read or write (the model cas-register has cas)"),
            _ => read_call(invoke).map_err(|_| "read or write"),
        }
    }

    fn read_ok(&self, input: &RegisterInput, ok: &Event) -> Result<RegisterOutput, &'static str> {
        Ok(read_ok(input, ok))
    }

    fn read_fail(&self, _: &RegisterInput, _: &Event) -> Option<RegisterOutput> {
        None
    }

    fn write_call(&self, input: &RegisterInput) -> (Function, Option<Value>, Value) {
        write_call(input)
    }

    fn write_state(&self, state: &Value) -> String {
        state.to_string()
    }

    fn write_output(&self, input: &RegisterInput, output: &RegisterOutput) -> (EventKind, Value) {
        write_output(input, output)
    }
}

impl Notation for CasRegister {
    const NAME: &'static str = "cas-register";

    fn read_call(&self, invoke: &Event) -> Result<RegisterInput, &'static str> {
        read_call(invoke)
    }

    fn read_ok(&self, input: &RegisterInput, ok: &Event) -> Result<RegisterOutput, &'static str> {
        Ok(read_ok(input, ok))
    }

    fn read_fail(&self, input: &RegisterInput, fail: &Event) -> Option<RegisterOutput> {
        let is_cas = matches!(input.call, RegisterCall::Cas { .. });
        (is_cas && fail.error.is_none()).then_some(RegisterOutput::Mismatch)
    }

    fn write_call(&self, input: &RegisterInput) -> (Function, Option<Value>, Value) {
        write_call(input)
    }

    fn write_state(&self, state: &Value) -> String {
        state.to_string()
    }

    fn write_output(&self, input: &RegisterInput, output: &RegisterOutput) -> (EventKind, Value) {
        write_output(input, output)
    }
}

fn read_call(invoke: &Event) -> Result<RegisterInput, &'static str> {
    let call = match invoke.function {
        Function::Read | Function::Get => RegisterCall::Read,
        Function::Write | Function::Put => RegisterCall::Write(invoke.value.clone()),
        Function::Cas => {
            let (expected, new) = read_pair(&invoke.value)?;
            RegisterCall::Cas { expected, new }
        }
        _ => return Err("read, write or cas"),
    };
    Ok(RegisterInput {
        key: invoke.key.clone(),
        call,
    })
}

fn read_ok(input: &RegisterInput, ok: &Event) -> RegisterOutput {
    match input.call {
        RegisterCall::Read => RegisterOutput::Value(ok.value.clone()),
        RegisterCall::Write(_) | RegisterCall::Cas { .. } => RegisterOutput::Done,
    }
}

fn write_call(input: &RegisterInput) -> (Function, Option<Value>, Value) {
    let (function, value) = match &input.call {
        RegisterCall::Read => (Function::Read, Value::Nil),
        RegisterCall::Write(value) => (Function::Write, value.clone()),
        RegisterCall::Cas { expected, new } => {
            (Function::Cas, Value::list([expected.clone(), new.clone()]))
        }
    };
    (function, input.key.clone(), value)
}

fn write_output(input: &RegisterInput, output: &RegisterOutput) -> (EventKind, Value) {
    match output {
        RegisterOutput::Value(value) => (EventKind::Ok, value.clone()),
        RegisterOutput::Done => (EventKind::Ok, write_call(input).2),
        RegisterOutput::Mismatch => (EventKind::Fail, write_call(input).2),
    }
}
