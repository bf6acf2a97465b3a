//! Messages: what replicas tell each other.

use alloc::vec::Vec;

use transport::Bytes;

use super::KeyVersions;

/// What replicas exchange.
///
/// ```
/// use consistency::eventual::{Content, Message, Part, Span};
/// let span = Span { from: "a".into(), to: Some("b".into()) };
/// let message = Message::Compare { parts: vec![Part { span, content: Content::Sum(7) }] };
/// assert!(matches!(message, Message::Compare { .. }));
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub enum Message {
    /// Versions that the sender holds: after a write, or as a repair.
    Versions {
        /// The keys. One without any write asks for what the receiver has.
        items: Vec<KeyVersions>,
        /// Whether the receiver, if it knows more, sends back what it then has.
        is_answer_wanted: bool,
    },
    /// What the sender holds in some spans, in short: repair looks for the difference.
    Compare {
        /// The spans, in order and apart. What lies between them is known to be equal.
        parts: Vec<Part>,
    },
}

/// A span of keys, from `from` on and up to but without `to`.
///
/// ```
/// use consistency::eventual::Span;
/// let span = Span { from: "b".into(), to: Some("d".into()) };
/// assert!(span.contains(b"c") && !span.contains(b"d"));
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub struct Span {
    /// The first key that belongs to it, if it exists.
    pub from: Bytes,
    /// The first key that no longer does; `None`: it goes to the end.
    pub to: Option<Bytes>,
}

impl Span {
    /// Every key.
    ///
    /// ```
    /// use consistency::eventual::Span;
    /// assert!(Span::all().contains(b""));
    /// ```
    #[must_use]
    pub fn all() -> Self {
        Self {
            from: Bytes::default(),
            to: None,
        }
    }

    /// Whether a key belongs to it.
    #[must_use]
    pub fn contains(&self, key: &[u8]) -> bool {
        &*self.from <= key && self.to.as_ref().is_none_or(|to| key < &**to)
    }

    /// Whether no key can belong to it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.to.as_ref().is_some_and(|to| *to <= self.from)
    }

    pub(super) fn is_all(&self) -> bool {
        self.from.is_empty() && self.to.is_none()
    }
}

/// A span and what the sender holds in it.
///
/// ```
/// use consistency::eventual::{Content, Part, Span};
/// let part = Part { span: Span::all(), content: Content::Keys(vec![]) };
/// assert_ne!(part.content, Content::Sum(0));
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub struct Part {
    /// The span.
    pub span: Span,
    /// What is there.
    pub content: Content,
}

/// What a replica holds in a span, in short.
///
/// ```
/// use consistency::eventual::Content;
/// assert_ne!(Content::Sum(0), Content::Keys(vec![]));
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub enum Content {
    /// The sum of the fingerprints of its keys.
    Sum(u64),
    /// Its keys, in order, each with its fingerprint; all of them.
    Keys(Vec<(Bytes, u64)>),
}
