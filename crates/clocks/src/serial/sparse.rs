//! The serde forms of sparse vectors and deltas.
//!
//! - [`VersionVector`]: the sequence of its pairs of actor and counter;
//! - [`Span`]: `actor`, `after`, `last`;
//! - [`Delta`]: the sequence of its spans; [`VectorDelta`]: `epoch`, `spans`.
//!
//! Each value has one form. Decoding refuses pairs and spans out of order, an actor that comes twice
//! and a counter of zero, and grows only with the entries that have really arrived.

use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::bounded::reserved;
use crate::{Delta, Dot, Span, VectorClock, VectorDelta, VersionVector};

impl<A: Serialize> Serialize for VersionVector<A> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self)
    }
}

impl<'de, A: Deserialize<'de> + Ord + Clone> Deserialize<'de> for VersionVector<A> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let sorted = SortedVisitor::<Dot<A>>::new(Self::ENTRIES_MAX);
        let dots = deserializer.deserialize_seq(sorted)?;
        Ok(Self::from_sorted(dots.into_iter()))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename = "Span", deny_unknown_fields)]
struct SpanForm<A> {
    actor: A,
    after: u64,
    last: u64,
}

impl<A: Serialize> Serialize for Span<A> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let form = SpanForm {
            actor: &self.actor,
            after: self.after(),
            last: self.last(),
        };
        form.serialize(serializer)
    }
}

impl<'de, A: Deserialize<'de>> Deserialize<'de> for Span<A> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let SpanForm { actor, after, last } = SpanForm::deserialize(deserializer)?;
        Self::new(actor, after, last).ok_or_else(|| D::Error::custom("the span is empty"))
    }
}

impl<A: Serialize> Serialize for Delta<A> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.spans())
    }
}

impl<'de, A: Deserialize<'de> + Ord> Deserialize<'de> for Delta<A> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let sorted = SortedVisitor::<Span<A>>::new(VersionVector::<A>::ENTRIES_MAX);
        deserializer.deserialize_seq(sorted).map(Self::new)
    }
}

impl Serialize for VectorDelta {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename = "VectorDelta")]
        struct Form<'a> {
            epoch: u64,
            spans: &'a [Span<usize>],
        }
        let form = Form {
            epoch: self.epoch(),
            spans: self.spans(),
        };
        form.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for VectorDelta {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename = "VectorDelta", deny_unknown_fields)]
        struct Form {
            epoch: u64,
            spans: Delta<usize>,
        }
        let Form { epoch, spans } = Form::deserialize(deserializer)?;
        let spans = spans.into_spans();
        match spans.last() {
            Some(last) if last.actor >= VectorClock::SLOTS_MAX => Err(D::Error::custom(
                format_args!("a clock has no slot {}", last.actor),
            )),
            _ => Ok(Self::new(epoch, spans)),
        }
    }
}

/// What stands in a sequence in strictly increasing order.
pub(super) trait Sorted: Sized {
    /// How one of them is written.
    type Form;

    fn from_form(form: Self::Form) -> Result<Self, &'static str>;

    /// Whether it may stand behind `previous`.
    fn follows(&self, previous: &Self) -> bool;
}

impl<A: Ord> Sorted for Dot<A> {
    type Form = (A, u64);

    fn from_form((actor, counter): (A, u64)) -> Result<Self, &'static str> {
        Self::new(actor, counter).ok_or("a counter is zero")
    }

    fn follows(&self, previous: &Self) -> bool {
        previous.actor < self.actor
    }
}

impl<A: Ord> Sorted for Span<A> {
    type Form = Self;

    fn from_form(span: Self) -> Result<Self, &'static str> {
        Ok(span)
    }

    fn follows(&self, previous: &Self) -> bool {
        previous.actor < self.actor
    }
}

/// Reads at most `length_max` of them.
pub(super) struct SortedVisitor<T> {
    length_max: usize,
    items: PhantomData<T>,
}

impl<T> SortedVisitor<T> {
    pub(super) const fn new(length_max: usize) -> Self {
        let items = PhantomData;
        Self { length_max, items }
    }
}

impl<'de, T> Visitor<'de> for SortedVisitor<T>
where
    T: Sorted,
    T::Form: Deserialize<'de>,
{
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at most {} entries in sorted order", self.length_max)
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut sequence: S) -> Result<Vec<T>, S::Error> {
        let claimed = sequence.size_hint().unwrap_or(0);
        if claimed > self.length_max {
            return Err(S::Error::invalid_length(claimed, &self));
        }
        let mut items: Vec<T> = Vec::with_capacity(reserved::<T>(claimed));
        while let Some(form) = sequence.next_element::<T::Form>()? {
            if items.len() == self.length_max {
                return Err(S::Error::invalid_length(items.len() + 1, &self));
            }
            let item = T::from_form(form).map_err(S::Error::custom)?;
            if items.last().is_some_and(|last| !item.follows(last)) {
                return Err(S::Error::custom("the entries are not strictly sorted"));
            }
            items.push(item);
        }
        Ok(items)
    }
}
