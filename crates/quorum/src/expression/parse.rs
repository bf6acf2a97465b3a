//! Reading an expression from text, with a stack of its own.
//!
//! # Grammar
//!
//! ```text
//! sum     = product { "+" product }
//! product = part { "*" part }
//! part    = name | "(" sum ")" | "choose" "(" number "," sum { "," sum } ")"
//! name    = a letter, digit, "_", "-" or ".", and more of them
//! ```
//!
//! White space may stand between any two of these. `choose` is a name unless a parenthesis follows.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use super::Expression;
use crate::ExpressionError;
use crate::formula::{EXPRESSION_DEPTH_MAX, EXPRESSION_SIZE_MAX, Step};

/// A place in a text.
///
/// ```
/// use quorum::{Expression, ExpressionError};
/// let error = "a +\n b c".parse::<Expression<String>>().unwrap_err();
/// let ExpressionError::Syntax { at, .. } = error else { unreachable!() };
/// assert_eq!((at.byte, at.line, at.column), (7, 2, 4));
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Position {
    /// How many bytes stand before it.
    pub byte: usize,
    /// The line, from 1.
    pub line: usize,
    /// The character in the line, from 1.
    pub column: usize,
}

impl Position {
    fn of(text: &str, byte: usize) -> Self {
        let before = text.get(..byte).unwrap_or(text);
        let line = before.rsplit('\n').next().unwrap_or(before);
        Self {
            byte,
            line: 1 + before.matches('\n').count(),
            column: 1 + line.chars().count(),
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// What could have stood where a text stops being an expression.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Expected {
    /// A node, an opening parenthesis or a `choose`.
    Part,
    /// How many to choose.
    Number,
    /// The comma after how many to choose.
    Comma,
    /// `+`, `*` or the end.
    OperatorOrEnd,
    /// `+`, `*` or a closing parenthesis.
    OperatorOrClose,
    /// `+`, `*`, a comma or a closing parenthesis.
    OperatorCommaOrClose,
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Part => "a node or an opening parenthesis",
            Self::Number => "how many to choose, a number",
            Self::Comma => "a comma",
            Self::OperatorOrEnd => "'+', '*' or the end",
            Self::OperatorOrClose => "'+', '*' or a closing parenthesis",
            Self::OperatorCommaOrClose => "'+', '*', a comma or a closing parenthesis",
        })
    }
}

impl FromStr for Expression<String> {
    type Err = ExpressionError;

    fn from_str(text: &str) -> Result<Self, ExpressionError> {
        Self::parse_with(text, |name| Some(name.to_string()))
    }
}

impl<N: Clone + Ord> Expression<N> {
    /// Reads an expression whose names mean nodes: `a*b + choose(2, c, d, e)`. `*` binds tighter than
    /// `+`. A name has letters, digits, `_`, `-` and `.`. `node_of` tells which node a name means.
    /// O(text · log nodes).
    ///
    /// # Errors
    ///
    /// Each with its place: a text that is no expression, a name that means no node, a `choose` out of
    /// reach. Without: an expression beyond the limits.
    ///
    /// ```
    /// use quorum::Expression;
    /// let node_of = |name: &str| ["eu", "us"].iter().position(|zone| *zone == name);
    /// let expression = Expression::parse_with("eu*us", node_of)?;
    /// assert!(expression.nodes().eq(&[0, 1]));
    /// let error = Expression::parse_with("eu + asia", node_of).unwrap_err();
    /// assert_eq!(error.to_string(), r#"line 1, column 6: there is no node "asia""#);
    /// # Ok::<(), quorum::ExpressionError>(())
    /// ```
    pub fn parse_with(
        text: &str,
        node_of: impl FnMut(&str) -> Option<N>,
    ) -> Result<Self, ExpressionError> {
        let mut reader = Reader {
            text,
            at: 0,
            names: Vec::new(),
            steps: Vec::new(),
            open: Vec::from([Open::new(Opened::Whole)]),
        };
        reader.read(node_of)?;
        Self::named(reader.names, reader.steps)
    }
}

/// What a sum stands in.
#[derive(Clone, Copy)]
enum Opened {
    Whole,
    Parenthesis,
    /// With where it began, and how many it needs.
    Choose {
        from: usize,
        needed: u64,
    },
}

/// A sum that is being read, and how much of it has been.
struct Open {
    opened: Opened,
    arguments: u16,
    products: u16,
    parts: u16,
}

impl Open {
    const fn new(opened: Opened) -> Self {
        Self {
            opened,
            arguments: 0,
            products: 0,
            parts: 0,
        }
    }
}

struct Reader<'a, N> {
    text: &'a str,
    at: usize,
    names: Vec<N>,
    steps: Vec<Step>,
    open: Vec<Open>,
}

impl<N> Reader<'_, N> {
    fn read(&mut self, mut node_of: impl FnMut(&str) -> Option<N>) -> Result<(), ExpressionError> {
        loop {
            if !self.part(&mut node_of)? {
                continue;
            }
            // After a part: what closes here, up to the next operator.
            while !self.operator()? {
                if self.open.is_empty() {
                    return Ok(());
                }
            }
        }
    }

    /// Reads a node, or opens a sum. Whether the part is complete.
    fn part(
        &mut self,
        node_of: &mut impl FnMut(&str) -> Option<N>,
    ) -> Result<bool, ExpressionError> {
        if self.takes('(') {
            self.opens(Opened::Parenthesis)?;
            return Ok(false);
        }
        self.skip();
        let (from, name) = (self.at, self.word());
        if name.is_empty() {
            return Err(self.expected(Expected::Part));
        }
        if name == "choose" && self.takes('(') {
            self.skip();
            let digits = self.at;
            let Ok(needed) = self.word().parse() else {
                self.at = digits;
                return Err(self.expected(Expected::Number));
            };
            if !self.takes(',') {
                return Err(self.expected(Expected::Comma));
            }
            self.opens(Opened::Choose { from, needed })?;
            return Ok(false);
        }
        let Some(node) = node_of(name) else {
            let (at, name) = (Position::of(self.text, from), name.to_string());
            return Err(ExpressionError::UnknownNode { at, name });
        };
        let place = self.names.len() as u16;
        self.names.push(node);
        self.pushes(Step::Node(place))?;
        Ok(true)
    }

    /// After a part: whether another part must follow. `false`: a sum closed, which is a part itself,
    /// or the whole did.
    fn operator(&mut self) -> Result<bool, ExpressionError> {
        let Some(open) = self.open.last_mut() else {
            return Ok(false);
        };
        open.parts = open.parts.saturating_add(1);
        if self.takes('*') {
            return Ok(true);
        }
        self.closes_product()?;
        if self.takes('+') {
            return Ok(true);
        }
        self.closes_sum()?;
        self.skip();
        let expected = match self.open.last().map(|open| open.opened) {
            None | Some(Opened::Whole) if self.at == self.text.len() => {
                self.open.pop();
                return Ok(false);
            }
            None | Some(Opened::Whole) => Expected::OperatorOrEnd,
            Some(Opened::Parenthesis) if self.takes(')') => {
                self.open.pop();
                return Ok(false);
            }
            Some(Opened::Parenthesis) => Expected::OperatorOrClose,
            Some(Opened::Choose { from, needed }) => {
                if self.takes(',') {
                    return Ok(true);
                }
                if self.takes(')') {
                    self.closes_choose(from, needed)?;
                    return Ok(false);
                }
                Expected::OperatorCommaOrClose
            }
        };
        Err(self.expected(expected))
    }

    fn opens(&mut self, opened: Opened) -> Result<(), ExpressionError> {
        let depth = self.open.len();
        if depth > EXPRESSION_DEPTH_MAX {
            return Err(ExpressionError::TooDeep { depth });
        }
        self.open.push(Open::new(opened));
        Ok(())
    }

    fn closes_product(&mut self) -> Result<(), ExpressionError> {
        let Some(open) = self.open.last_mut() else {
            return Ok(());
        };
        let of = core::mem::take(&mut open.parts);
        open.products = open.products.saturating_add(1);
        self.gate(of, of)
    }

    fn closes_sum(&mut self) -> Result<(), ExpressionError> {
        let Some(open) = self.open.last_mut() else {
            return Ok(());
        };
        let of = core::mem::take(&mut open.products);
        open.arguments = open.arguments.saturating_add(1);
        self.gate(1, of)
    }

    fn closes_choose(&mut self, from: usize, needed: u64) -> Result<(), ExpressionError> {
        let of = self.open.pop().map_or(0, |open| open.arguments);
        match u16::try_from(needed) {
            Ok(needed) if (1..=of).contains(&needed) => self.gate(needed, of),
            _ => {
                let at = Some(Position::of(self.text, from));
                let of = of.into();
                Err(ExpressionError::OutOfReach { at, needed, of })
            }
        }
    }

    fn gate(&mut self, needed: u16, of: u16) -> Result<(), ExpressionError> {
        match of {
            1 => Ok(()),
            _ => self.pushes(Step::Choose { needed, of }),
        }
    }

    fn pushes(&mut self, step: Step) -> Result<(), ExpressionError> {
        self.steps.push(step);
        match self.steps.len() {
            size if size > EXPRESSION_SIZE_MAX => Err(ExpressionError::TooLarge { size }),
            _ => Ok(()),
        }
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn skip(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    /// Steps over the sign, if it comes next.
    fn takes(&mut self, sign: char) -> bool {
        self.skip();
        let is_next = self.rest().starts_with(sign);
        self.at += if is_next { sign.len_utf8() } else { 0 };
        is_next
    }

    fn expected(&self, expected: Expected) -> ExpressionError {
        ExpressionError::Syntax {
            at: Position::of(self.text, self.at),
            expected,
            found: self.rest().chars().next(),
        }
    }
}

impl<'a, N> Reader<'a, N> {
    /// The name or number that comes next; empty when there is none.
    fn word(&mut self) -> &'a str {
        let rest = self.text.get(self.at..).unwrap_or("");
        let is_outside = |sign: char| !(sign.is_alphanumeric() || "_-.".contains(sign));
        let end = rest.find(is_outside).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or("")
    }
}
