//! An expression as text that reads back as the same.

use alloc::vec::Vec;
use core::fmt;

use super::Expression;
use crate::formula::{Kind, Step};

/// What is still to be written.
enum Piece {
    Text(&'static str),
    /// The part that ends at this step, inside a gate of that kind.
    Part(usize, Option<Kind>),
}

/// `+` for any of, `*` for all of, and `choose(k, …)`. Parentheses only where an any-of stands in an
/// all-of.
///
/// ```
/// use quorum::Expression;
/// let expression: Expression<String> = "((a))*(b+ c*d) + choose(1, e, f)".parse()?;
/// assert_eq!(expression.to_string(), "a*(b + c*d) + e + f");
/// # Ok::<(), quorum::ExpressionError>(())
/// ```
impl<N: fmt::Display> fmt::Display for Expression<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps = self.formula.steps();
        let starts = self.formula.starts();
        let mut pieces = Vec::from([Piece::Part(steps.len().saturating_sub(1), None)]);
        while let Some(piece) = pieces.pop() {
            let (at, around) = match piece {
                Piece::Text(text) => {
                    f.write_str(text)?;
                    continue;
                }
                Piece::Part(at, around) => (at, around),
            };
            match steps.get(at) {
                None => {}
                Some(Step::Node(place)) => {
                    if let Some(node) = self.nodes.get(usize::from(*place)) {
                        write!(f, "{node}")?;
                    }
                }
                Some(&Step::Choose { needed, of }) => {
                    let kind = Kind::of(needed, of);
                    let is_enclosed = kind == Kind::Any && around == Some(Kind::All);
                    let between = match kind {
                        Kind::Any => " + ",
                        Kind::All => "*",
                        Kind::Choose => ", ",
                    };
                    if kind == Kind::Choose {
                        write!(f, "choose({needed}, ")?;
                    } else if is_enclosed {
                        f.write_str("(")?;
                    }
                    if kind == Kind::Choose || is_enclosed {
                        pieces.push(Piece::Text(")"));
                    }
                    // The last part is pushed first, and so written last.
                    let mut part = at.saturating_sub(1);
                    for left in (0..of).rev() {
                        pieces.push(Piece::Part(part, Some(kind)));
                        if left > 0 {
                            pieces.push(Piece::Text(between));
                        }
                        part = starts.get(part).map_or(0, |start| start.saturating_sub(1));
                    }
                }
            }
        }
        Ok(())
    }
}
