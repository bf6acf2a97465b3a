//! The part of the line that a stamp owns, and how it is divided and put together.

use core::fmt;

use super::steps::{Leaf, Steps, deeper, overlay};
use super::{DEPTH_MAX, write_nested};
use crate::ClockError;

/// What a stamp owns. Never nothing: it is the right to have events.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Id(Steps<bool>);

impl Id {
    pub(super) fn whole() -> Self {
        Self(Steps::constant(true))
    }

    /// Nothing for steps that own nothing.
    pub(crate) fn from_steps(steps: Steps<bool>) -> Option<Self> {
        let owns = steps.leaves().iter().any(|leaf| leaf.value);
        owns.then_some(Self(steps))
    }

    pub(crate) const fn steps(&self) -> &Steps<bool> {
        &self.0
    }

    /// The paper's `split`: into the two halves of the smallest node that holds everything owned.
    pub(super) fn split(&self) -> Result<(Self, Self), ClockError> {
        let leaves = self.0.leaves();
        let first = leaves.iter().position(|leaf| leaf.value);
        let last = leaves.iter().rposition(|leaf| leaf.value);
        let first = first.unwrap_or(0);
        let last = last.unwrap_or(0);
        let mut left = Steps::with_capacity(leaves.len() + 1);
        let mut right = Steps::with_capacity(leaves.len() + 1);
        // Between its halves begins the greatest node after the first owned leaf.
        let inner = leaves.iter().enumerate().take(last + 1).skip(first + 1);
        let cut = inner.min_by_key(|(_, leaf)| leaf.begins_at());
        for (index, leaf) in leaves.iter().enumerate() {
            match cut {
                None if index == first => {
                    check_depth(leaf)?;
                    left.push(leaf.left_half(true));
                    left.push(leaf.right_half(false));
                    right.push(leaf.left_half(false));
                    right.push(leaf.right_half(true));
                }
                None => {
                    left.push(*leaf);
                    right.push(*leaf);
                }
                Some((cut, _)) => {
                    left.push(leaf.with(leaf.value && index < cut));
                    right.push(leaf.with(leaf.value && index >= cut));
                }
            }
        }
        Ok((Self(left.check_size()?), Self(right.check_size()?)))
    }

    /// The paper's `sum`, defined for ids that share nothing.
    pub(super) fn sum(&self, other: &Self) -> Result<Self, ClockError> {
        let mut sum = Steps::with_capacity(self.0.leaves().len().max(other.0.leaves().len()));
        let mut is_shared = false;
        overlay(&self.0, &other.0, |a, b| {
            is_shared = a.value && b.value;
            let value = a.value || b.value;
            sum.push(deeper(a, b, value));
            !is_shared
        });
        if is_shared {
            return Err(ClockError::OverlappingIds);
        }
        Ok(Self(sum.check_size()?))
    }
}

fn check_depth(leaf: &Leaf<bool>) -> Result<(), ClockError> {
    let depth_max = DEPTH_MAX;
    if leaf.depth() >= depth_max {
        return Err(ClockError::TooDeep { depth_max });
    }
    Ok(())
}

/// The paper's notation, such as `((1, 0), 0)`.
impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_nested(f, self.0.leaves(), |&owned| u64::from(owned))
    }
}
