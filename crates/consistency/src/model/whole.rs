//! Several objects as one that must not be split.

use alloc::sync::Arc;
use core::{
    fmt,
    hash::{Hash, Hasher},
};

use crate::{Event, EventKind, Function, Model, Notation, Value, intern::Mixer};

/// All the objects of a model as one object, whose state is that of all keys. Linearizability gives the same verdict
/// on it as on the model split by key (Herlihy and Wing 1990, theorem 1), so it is an oracle for that split; it is the
/// way to check an operation that a model of one's own lets touch several keys, and it shows what splitting saves: the
/// configurations of all keys multiply. A step costs O(keys touched so far).
///
/// ```
/// use consistency::{KeyValue, KvInput, KvOutput, Limits, ProcessId, Recorder, Value, Whole};
/// use consistency::check_linearizable;
///
/// let mut recorder = Recorder::new();
/// for (process, key) in ["x", "y"].into_iter().enumerate() {
///     let put = recorder.invoke(ProcessId(process as u64), KvInput::put(key, 1), 0)?;
///     recorder.ok(put, KvOutput::Done, 1)?;
/// }
/// let model = Whole::new(KeyValue::new(Value::Nil));
/// let verdict = check_linearizable(&model, &recorder.finish(), &Limits::default(), &mut || true);
/// assert!(verdict.holds());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whole<M> {
    parts: M,
}

impl<M> Whole<M> {
    /// All objects of `parts` as one.
    #[must_use]
    pub const fn new(parts: M) -> Self {
        Self { parts }
    }
}

/// The states of all objects of a [`Whole`] that are not in their initial state. Clones share it, and states that differ
/// in one object share the others.
#[derive(Clone, PartialEq, Eq)]
pub struct WholeState<K, S> {
    /// The hashes of all objects, added up: a step changes one of them.
    hash: u64,
    objects: Arc<[Arc<(K, S)>]>,
}

impl<K, S> Hash for WholeState<K, S> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        hasher.write_u64(self.hash);
    }
}

impl<K: fmt::Debug, S: fmt::Debug> fmt::Debug for WholeState<K, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(self.objects.iter().map(|it| (&it.0, &it.1)))
            .finish()
    }
}

impl<M: Model<Key: Hash>> Model for Whole<M> {
    type State = WholeState<M::Key, M::State>;
    type Input = M::Input;
    type Output = M::Output;
    type Key = ();

    fn key(&self, _: &M::Input) {}

    fn initial(&self, (): &()) -> Self::State {
        WholeState {
            hash: 0,
            objects: Arc::new([]),
        }
    }

    fn step(
        &self,
        state: &Self::State,
        input: &M::Input,
        output: Option<&M::Output>,
    ) -> Option<Self::State> {
        let key = self.parts.key(input);
        let place = state.objects.binary_search_by(|other| other.0.cmp(&key));
        let initial = self.parts.initial(&key);
        let known = place.ok().and_then(|place| state.objects.get(place));
        let before = known.map_or(&initial, |object| &object.1);
        let after = self.parts.step(before, input, output)?;
        if after == *before {
            return Some(state.clone());
        }
        let split = place.unwrap_or_else(|place| place);
        let (left, right) = state.objects.split_at_checked(split)?;
        let right = right.get(usize::from(place.is_ok())..)?;
        let changed = (after != initial).then(|| Arc::new((key, after)));
        let hash_of = |object: Option<&Arc<_>>| object.map_or(0, hash);
        let hash = (state.hash)
            .wrapping_sub(hash_of(known))
            .wrapping_add(hash_of(changed.as_ref()));
        let all = left
            .iter()
            .cloned()
            .chain(changed)
            .chain(right.iter().cloned());
        Some(WholeState {
            hash,
            objects: all.collect(),
        })
    }

    fn is_pure(&self, input: &M::Input, output: Option<&M::Output>) -> bool {
        self.parts.is_pure(input, output)
    }

    /// Keys whose numbers are equal by chance are one part, which is safe.
    fn part(&self, input: &M::Input) -> u64 {
        hash(&self.parts.key(input))
    }
}

fn hash(value: &impl Hash) -> u64 {
    let mut mixer = Mixer::default();
    value.hash(&mut mixer);
    mixer.finish()
}

impl<M: Notation<Key: Hash>> Notation for Whole<M> {
    const NAME: &'static str = M::NAME;

    fn read_call(&self, invoke: &Event) -> Result<M::Input, &'static str> {
        self.parts.read_call(invoke)
    }

    fn read_ok(&self, input: &M::Input, ok: &Event) -> Result<M::Output, &'static str> {
        self.parts.read_ok(input, ok)
    }

    fn read_fail(&self, input: &M::Input, fail: &Event) -> Option<M::Output> {
        self.parts.read_fail(input, fail)
    }

    fn write_call(&self, input: &M::Input) -> (Function, Option<Value>, Value) {
        self.parts.write_call(input)
    }

    fn write_output(&self, input: &M::Input, output: &M::Output) -> (EventKind, Value) {
        self.parts.write_output(input, output)
    }
}
