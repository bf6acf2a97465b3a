//! All objects as one type, chosen while the program runs: the checkers are generic, and are compiled once this way
//! instead of once for each object.

use consistency::causal::{self, Access, ReadWrite};
use consistency::transactions::Transactions;
use consistency::{
    Bank, CasRegister, Counter, Event, EventKind, FifoQueue, Function, KeyValue, Model,
    MultiRegister, Mutex, NotCheckable, Notation, Operation, OperationId, OwnedMutex,
    PriorityQueue, Register, Role, Set, Shape, Stack, Value,
};

/// The key of any object: `None` for one without keys.
pub(super) trait AnyKey {
    fn any(self) -> Option<Value>;
    fn back(key: &Option<Value>) -> Self;
}

impl AnyKey for Option<Value> {
    fn any(self) -> Self {
        self
    }

    fn back(key: &Self) -> Self {
        key.clone()
    }
}

impl AnyKey for Value {
    fn any(self) -> Option<Value> {
        Some(self)
    }

    fn back(key: &Option<Value>) -> Self {
        key.clone().unwrap_or_default()
    }
}

impl AnyKey for () {
    fn any(self) -> Option<Value> {
        None
    }

    fn back(_: &Option<Value>) -> Self {}
}

macro_rules! objects {
    ($($name:ident($model:ty)),* $(,)?) => {
        /// An object of any kind.
        #[derive(Debug)]
        pub(super) enum Object {
            $($name($model)),*
        }

        /// The state of an [`Object`] of the same kind; so for the two below.
        #[derive(Clone, Debug, Eq, Hash, PartialEq)]
        pub(super) enum State {
            $($name(<$model as Model>::State)),*
        }

        #[derive(Clone, Debug, Eq, Hash, PartialEq)]
        pub(super) enum Input {
            $($name(<$model as Model>::Input)),*
        }

        #[derive(Clone, Debug)]
        pub(super) enum Output {
            $($name(<$model as Model>::Output)),*
        }

        impl Model for Object {
            type State = State;
            type Input = Input;
            type Output = Output;
            type Key = Option<Value>;

            fn key(&self, input: &Input) -> Option<Value> {
                match (self, input) {
                    $((Self::$name(model), Input::$name(input)) => model.key(input).any(),)*
                    _ => None,
                }
            }

            fn initial(&self, key: &Option<Value>) -> State {
                match self {
                    $(Self::$name(model) => State::$name(model.initial(&AnyKey::back(key))),)*
                }
            }

            fn step(&self, state: &State, input: &Input, output: Option<&Output>) -> Option<State> {
                match (self, state, input) {
                    $((Self::$name(model), State::$name(state), Input::$name(input)) => {
                        let output = match output {
                            None => None,
                            Some(Output::$name(output)) => Some(output),
                            Some(_) => return None,
                        };
                        model.step(state, input, output).map(State::$name)
                    })*
                    _ => None,
                }
            }

            fn is_pure(&self, input: &Input, output: Option<&Output>) -> bool {
                match (self, input, output) {
                    $((Self::$name(model), Input::$name(input), None) => model.is_pure(input, None),
                    (Self::$name(model), Input::$name(input), Some(Output::$name(output))) => {
                        model.is_pure(input, Some(output))
                    })*
                    _ => false,
                }
            }

            fn shape(&self) -> Option<Shape> {
                match self {
                    $(Self::$name(model) => model.shape(),)*
                }
            }

            fn role<'a>(&self, input: &'a Input, output: Option<&'a Output>) -> Option<Role<'a>> {
                match (self, input, output) {
                    $((Self::$name(model), Input::$name(input), None) => model.role(input, None),
                    (Self::$name(model), Input::$name(input), Some(Output::$name(output))) => {
                        model.role(input, Some(output))
                    })*
                    _ => None,
                }
            }
        }

        impl Notation for Object {
            const NAME: &'static str = "any object";

            fn name(&self) -> &'static str {
                match self {
                    $(Self::$name(model) => model.name(),)*
                }
            }

            fn read_call(&self, invoke: &Event) -> Result<Input, &'static str> {
                match self {
                    $(Self::$name(model) => model.read_call(invoke).map(Input::$name),)*
                }
            }

            fn read_ok(&self, input: &Input, ok: &Event) -> Result<Output, &'static str> {
                match (self, input) {
                    $((Self::$name(model), Input::$name(input)) => {
                        model.read_ok(input, ok).map(Output::$name)
                    })*
                    _ => Err("an operation of this object"),
                }
            }

            fn read_fail(&self, input: &Input, fail: &Event) -> Option<Output> {
                match (self, input) {
                    $((Self::$name(model), Input::$name(input)) => {
                        model.read_fail(input, fail).map(Output::$name)
                    })*
                    _ => None,
                }
            }

            fn write_call(&self, input: &Input) -> (Function, Option<Value>, Value) {
                match (self, input) {
                    $((Self::$name(model), Input::$name(input)) => model.write_call(input),)*
                    _ => (Function::Other("".into()), None, Value::Nil),
                }
            }

            fn write_output(&self, input: &Input, output: &Output) -> (EventKind, Value) {
                match (self, input, output) {
                    $((Self::$name(model), Input::$name(input), Output::$name(output)) => {
                        model.write_output(input, output)
                    })*
                    _ => (EventKind::Info, Value::Nil),
                }
            }

            fn write_state(&self, state: &State) -> String {
                match (self, state) {
                    $((Self::$name(model), State::$name(state)) => model.write_state(state),)*
                    _ => String::new(),
                }
            }
        }
    };
}

objects! {
    Register(Register),
    CasRegister(CasRegister),
    Kv(KeyValue),
    MultiRegister(MultiRegister),
    Set(Set),
    Queue(FifoQueue),
    Stack(Stack),
    PriorityQueue(PriorityQueue),
    Counter(Counter),
    Mutex(Mutex),
    OwnedMutex(OwnedMutex),
    Bank(Bank),
}

impl Object {
    /// Whether it is one of reads and writes, for which the causal models are defined.
    pub(super) const fn has_reads_and_writes(&self) -> bool {
        matches!(self, Self::Register(_) | Self::CasRegister(_) | Self::Kv(_))
    }

    /// The history as the causal checks want it.
    pub(super) fn flat(
        &self,
        operations: &[Operation<Input, Output>],
    ) -> Result<Transactions, NotCheckable> {
        if !self.has_reads_and_writes() {
            let operation = OperationId(0);
            return Err(NotCheckable::NotReadOrWrite { operation });
        }
        causal::of_operations(&ReadsAndWrites(self), operations)
    }
}

/// An object of reads and writes: its state is a value.
struct ReadsAndWrites<'a>(&'a Object);

impl Model for ReadsAndWrites<'_> {
    type State = Value;
    type Input = Input;
    type Output = Output;
    type Key = Option<Value>;

    fn key(&self, input: &Input) -> Option<Value> {
        self.0.key(input)
    }

    fn initial(&self, key: &Option<Value>) -> Value {
        value_of(self.0.initial(key)).unwrap_or_default()
    }

    fn step(&self, state: &Value, input: &Input, output: Option<&Output>) -> Option<Value> {
        let state = match self.0 {
            Object::Register(_) => State::Register(state.clone()),
            Object::CasRegister(_) => State::CasRegister(state.clone()),
            _ => State::Kv(state.clone()),
        };
        value_of(self.0.step(&state, input, output)?)
    }
}

impl ReadWrite for ReadsAndWrites<'_> {
    fn key_of(&self, input: &Input) -> Value {
        match (self.0, input) {
            (Object::Register(model), Input::Register(input)) => model.key_of(input),
            (Object::CasRegister(model), Input::CasRegister(input)) => model.key_of(input),
            (Object::Kv(model), Input::Kv(input)) => model.key_of(input),
            _ => Value::Nil,
        }
    }

    fn access(&self, input: &Input, output: Option<&Output>) -> Option<Access> {
        match (self.0, input, output) {
            (Object::Register(model), Input::Register(input), None) => model.access(input, None),
            (Object::Register(model), Input::Register(input), Some(Output::Register(output))) => {
                model.access(input, Some(output))
            }
            (Object::CasRegister(model), Input::CasRegister(input), None) => {
                model.access(input, None)
            }
            (
                Object::CasRegister(model),
                Input::CasRegister(input),
                Some(Output::CasRegister(output)),
            ) => model.access(input, Some(output)),
            (Object::Kv(model), Input::Kv(input), None) => model.access(input, None),
            (Object::Kv(model), Input::Kv(input), Some(Output::Kv(output))) => {
                model.access(input, Some(output))
            }
            _ => None,
        }
    }
}

fn value_of(state: State) -> Option<Value> {
    match state {
        State::Register(value) | State::CasRegister(value) | State::Kv(value) => Some(value),
        _ => None,
    }
}
