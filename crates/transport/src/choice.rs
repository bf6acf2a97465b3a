//! Choices: the only door through which randomness enters a process.

use alloc::vec::Vec;

/// A source of choices: a seed in the simulator, a branch in the explorer, the operating system in
/// the runtime.
pub trait Choose {
    /// Picks a number in `0..n`. Zero is the benign choice, the one a shrinker prefers.
    ///
    /// `n` of 0 or 1 leaves nothing to choose: the answer is 0.
    fn choose(&mut self, n: u64) -> u64;
}

impl<C: Choose + ?Sized> Choose for &mut C {
    fn choose(&mut self, n: u64) -> u64 {
        (**self).choose(n)
    }
}

/// Choices written down in advance, for tests and transcripts; after the last one, zero.
///
/// ```
/// use transport::{Choose, Scripted};
/// let mut choices = Scripted::new([4, 9]);
/// assert_eq!(choices.choose(10), 4);
/// assert_eq!(choices.choose(5), 4); // 9 mod 5
/// assert_eq!(choices.choose(10), 0);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Scripted {
    script: Vec<u64>,
    next: usize,
}

impl Scripted {
    /// Answers with these numbers, each reduced modulo `n`, then with zeros.
    pub fn new(script: impl IntoIterator<Item = u64>) -> Self {
        Self {
            script: script.into_iter().collect(),
            next: 0,
        }
    }
}

impl Choose for Scripted {
    fn choose(&mut self, n: u64) -> u64 {
        let choice = self.script.get(self.next).copied().unwrap_or(0);
        self.next = self.next.saturating_add(1);
        choice.checked_rem(n).unwrap_or(0)
    }
}
