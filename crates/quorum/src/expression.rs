//! Quorum expressions: which sets of nodes are quorums, said with any of, all of and choose.

mod minimal;

mod parse;
pub use parse::{Expected, Position};

mod surviving;

mod text;

use alloc::vec::Vec;
use core::fmt::Debug;

use crate::formula::{EXPRESSION_SIZE_MAX, Formula, Step};
use crate::frontier::{Frontier, SEARCH_MAX};
use crate::meet::apart;
use crate::places::Places;
use crate::{ExpressionError, MEMBERS_MAX, Price, QuorumError};

/// Which sets of nodes are quorums: a node, any of (`+`), all of (`*`), or `choose(k, …)` of
/// expressions (Whittaker et al., *Read-Write Quorum Systems Made Practical*, 2021).
///
/// Quorums are upward closed, so an expression is a monotone function of the nodes that are up. It is
/// built here or [read from text](Self::parse_with), and its `Display` is text that reads back as the
/// same expression.
///
/// **Canonical form.** An any-of inside an any-of, or an all-of inside an all-of, becomes part of the
/// outer one; a gate of one part is that part; `choose(1, …)` is any of, and choosing as many as there
/// are is all of. The order of parts is kept, and a part written twice counts twice. Two expressions
/// are equal when they are the same after that; they can be different and have the same quorums.
///
/// **Cost.** When no node occurs twice ([`is_read_once`](Self::is_read_once)), each question is one
/// pass over the expression. Otherwise the answer is still exact, by a bounded search that says
/// [`Entangled`](ExpressionError::Entangled) when it would take too long. O(nodes + gates) space.
///
/// ```
/// use quorum::Expression;
/// let grid: Expression<String> = "a*b*c + d*e*f".parse()?;
/// assert!(grid.is_quorum(|node| ["d", "e", "f"].contains(&node.as_str())));
/// assert_eq!(grid.dual().to_string(), "(a + b + c)*(d + e + f)");
/// assert_eq!((grid.size_min()?, grid.resilience()?), (3, 1));
/// # Ok::<(), quorum::ExpressionError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Expression<N> {
    /// Sorted, each once, and each in the formula.
    nodes: Vec<N>,
    formula: Formula,
}

impl<N: Clone + Ord> Expression<N> {
    /// The node alone.
    ///
    /// ```
    /// assert!(quorum::Expression::node("a").is_quorum(|node| *node == "a"));
    /// ```
    #[must_use]
    pub fn node(node: N) -> Self {
        let formula = Formula::node();
        Self {
            nodes: Vec::from([node]),
            formula,
        }
    }

    /// Any one of the parts, written `a + b`.
    ///
    /// # Errors
    ///
    /// No part, or an expression beyond the limits.
    ///
    /// ```
    /// use quorum::Expression;
    /// let any = Expression::any(["a", "b"].map(Expression::node))?;
    /// assert_eq!(any.to_string(), "a + b");
    /// # Ok::<(), quorum::ExpressionError>(())
    /// ```
    pub fn any(parts: impl IntoIterator<Item = Self>) -> Result<Self, ExpressionError> {
        Self::gate(parts, |_| 1)
    }

    /// All of the parts, written `a*b`.
    ///
    /// # Errors
    ///
    /// No part, or an expression beyond the limits.
    ///
    /// ```
    /// use quorum::Expression;
    /// let row = |nodes: [&'static str; 2]| Expression::all(nodes.map(Expression::node));
    /// let grid = Expression::any([row(["a", "b"])?, row(["c", "d"])?])?;
    /// assert_eq!(grid.to_string(), "a*b + c*d");
    /// # Ok::<(), quorum::ExpressionError>(())
    /// ```
    pub fn all(parts: impl IntoIterator<Item = Self>) -> Result<Self, ExpressionError> {
        Self::gate(parts, |of| of)
    }

    /// At least `needed` of the parts, written `choose(needed, a, b, c)`.
    ///
    /// # Errors
    ///
    /// `needed` is zero or above the number of parts, or the expression beyond the limits.
    ///
    /// ```
    /// use quorum::Expression;
    /// let majority = Expression::choose(2, ["a", "b", "c"].map(Expression::node))?;
    /// assert_eq!(majority.to_string(), "choose(2, a, b, c)");
    /// assert_eq!(majority.dual(), majority);
    /// # Ok::<(), quorum::ExpressionError>(())
    /// ```
    pub fn choose(
        needed: usize,
        parts: impl IntoIterator<Item = Self>,
    ) -> Result<Self, ExpressionError> {
        Self::gate(parts, |_| needed)
    }

    fn gate(
        parts: impl IntoIterator<Item = Self>,
        needed_of: impl FnOnce(usize) -> usize,
    ) -> Result<Self, ExpressionError> {
        let (mut names, mut steps, mut of) = (Vec::new(), Vec::new(), 0_usize);
        for part in parts {
            of += 1;
            // Inside the loop: the iterator may not end.
            let size = steps.len() + part.formula.steps().len() + 1;
            if size > EXPRESSION_SIZE_MAX {
                return Err(ExpressionError::TooLarge { size });
            }
            let offset = names.len();
            steps.extend(part.formula.steps().iter().map(|&step| match step {
                // Names are no more than steps.
                Step::Node(place) => Step::Node(place.saturating_add(offset as u16)),
                Step::Choose { .. } => step,
            }));
            names.extend(part.nodes);
        }
        if of == 0 {
            return Err(ExpressionError::Empty);
        }
        let needed = needed_of(of);
        match (u16::try_from(needed), u16::try_from(of)) {
            (Ok(needed), Ok(of)) if (1..=of).contains(&needed) => {
                steps.push(Step::Choose { needed, of });
                Self::named(names, steps)
            }
            _ => Err(ExpressionError::out_of_reach(needed as u64, of as u64)),
        }
    }

    /// Steps whose nodes are places in `names`, where a name may stand twice.
    pub(crate) fn named(names: Vec<N>, mut steps: Vec<Step>) -> Result<Self, ExpressionError> {
        let mut nodes = names.clone();
        nodes.sort();
        nodes.dedup();
        if nodes.len() > MEMBERS_MAX {
            let count = nodes.len();
            return Err(ExpressionError::TooManyNodes { count });
        }
        for step in &mut steps {
            let Step::Node(place) = step else { continue };
            let name = names.get(usize::from(*place));
            let found = name.and_then(|name| nodes.binary_search(name).ok());
            let found = found.and_then(|found| u16::try_from(found).ok());
            *place = found.ok_or(ExpressionError::Malformed)?;
        }
        let formula = Formula::canonical(&steps)?;
        Ok(Self { nodes, formula })
    }

    /// The same expression over the members of a system.
    pub(crate) fn over(&self, members: &[(N, u64)]) -> Formula {
        self.formula.renamed(|place| {
            let node = self.nodes.get(place);
            let found = node.map(|node| members.binary_search_by(|(member, _)| member.cmp(node)));
            found.and_then(Result::ok).unwrap_or(place)
        })
    }

    /// The expression of a formula over members. Those that it does not need are left out.
    pub(crate) fn from_formula(formula: &Formula, members: &[(N, u64)]) -> Self {
        let used = formula.places();
        let kept = |place: &usize| members.get(*place).map(|(node, _)| node.clone());
        let places: Vec<usize> = used.iter().collect();
        Self {
            nodes: places.iter().filter_map(kept).collect(),
            formula: formula.renamed(|place| places.binary_search(&place).unwrap_or(place)),
        }
    }

    /// The dual: its quorums are the sets that meet every quorum of this one. Any and all change
    /// places, and `k` of `n` becomes `n - k + 1` of `n`. The dual of the dual is the expression
    /// itself. O(nodes + gates).
    ///
    /// ```
    /// use quorum::Expression;
    /// let expression: Expression<String> = "choose(2, a, b, c, d*e)".parse()?;
    /// assert_eq!(expression.dual().to_string(), "choose(3, a, b, c, d + e)");
    /// assert_eq!(expression.dual().dual(), expression);
    /// # Ok::<(), quorum::ExpressionError>(())
    /// ```
    #[must_use]
    pub fn dual(&self) -> Self {
        Self {
            nodes: self.nodes.clone(),
            formula: self.formula.dual(),
        }
    }

    /// The same expression over other names. Nodes that get the same name become one: with the zone of
    /// each node as its name, [`resilience`](Self::resilience) counts zones.
    ///
    /// ```
    /// use quorum::Expression;
    /// let nodes: Expression<String> = "choose(3, a1, a2, b1, b2, c1)".parse()?;
    /// let zones = nodes.map(|node| node.chars().next());
    /// assert_eq!((nodes.resilience()?, zones.resilience()?), (2, 1));
    /// # Ok::<(), quorum::ExpressionError>(())
    /// ```
    #[must_use]
    pub fn map<M: Clone + Ord>(&self, name_of: impl FnMut(&N) -> M) -> Expression<M> {
        let names: Vec<M> = self.nodes.iter().map(name_of).collect();
        let mut nodes = names.clone();
        nodes.sort();
        nodes.dedup();
        let formula = self.formula.renamed(|place| {
            let name = names.get(place);
            let found = name.and_then(|name| nodes.binary_search(name).ok());
            found.unwrap_or(place)
        });
        Expression { nodes, formula }
    }
}

impl<N> Expression<N> {
    /// The nodes, in order, each once.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = &N> {
        self.nodes.iter()
    }

    /// How many nodes and gates there are; a node counts wherever it occurs.
    #[must_use]
    pub fn size(&self) -> usize {
        self.formula.steps().len()
    }

    /// Whether the nodes for which `has` is true are a quorum. O(nodes + gates).
    ///
    /// `has` is asked exactly once for each node, in the order of [`nodes`](Self::nodes). Nothing is
    /// allocated unless more than 1,024 parts wait for their gate at once.
    ///
    /// ```
    /// use quorum::Expression;
    /// let expression: Expression<String> = "a*b + c".parse()?;
    /// assert!(expression.is_quorum(|node| node == "c"));
    /// assert!(!expression.is_quorum(|node| node == "a"));
    /// # Ok::<(), quorum::ExpressionError>(())
    /// ```
    pub fn is_quorum(&self, mut has: impl FnMut(&N) -> bool) -> bool {
        let mut places = Places::none();
        for (place, node) in self.nodes.iter().enumerate() {
            places.set(place, has(node));
        }
        self.formula.holds(&places)
    }

    /// The greatest value that all nodes of some quorum have reached. O(nodes + gates).
    ///
    /// ```
    /// use quorum::Expression;
    /// let expression: Expression<u32> = "1*2 + 3".parse::<Expression<String>>()?
    ///     .map(|name| name.parse().unwrap_or(0));
    /// assert_eq!(expression.watermark(|&node| [0, 9, 5, 4][node as usize]), 5);
    /// # Ok::<(), quorum::ExpressionError>(())
    /// ```
    pub fn watermark<V: Copy + Default + Ord>(&self, value_of: impl FnMut(&N) -> V) -> V {
        let values: Vec<V> = self.nodes.iter().map(value_of).collect();
        let value_of = |place| values.get(place).copied().unwrap_or_default();
        self.formula.watermark(value_of).unwrap_or_default()
    }

    /// Whether no node occurs twice. Then every question is answered in one pass.
    ///
    /// ```
    /// use quorum::Expression;
    /// assert!("a*b + c".parse::<Expression<String>>()?.is_read_once());
    /// assert!(!"a*b + a*c".parse::<Expression<String>>()?.is_read_once());
    /// # Ok::<(), quorum::ExpressionError>(())
    /// ```
    #[must_use]
    pub const fn is_read_once(&self) -> bool {
        self.formula.is_read_once()
    }

    /// The fewest nodes that are a quorum.
    ///
    /// # Errors
    ///
    /// [`Entangled`](ExpressionError::Entangled) when nodes repeat too much.
    ///
    /// ```
    /// use quorum::Expression;
    /// assert_eq!("a*b + choose(3, c, d, e, f)".parse::<Expression<String>>()?.size_min()?, 2);
    /// # Ok::<(), quorum::ExpressionError>(())
    /// ```
    pub fn size_min(&self) -> Result<usize, ExpressionError> {
        self.formula.size_min()
    }

    /// How many nodes may fail, whichever they are, with a quorum left among the others (Naor and Wool
    /// 1998): one less than the fewest whose failure leaves none.
    ///
    /// # Errors
    ///
    /// [`Entangled`](ExpressionError::Entangled) when nodes repeat too much.
    ///
    /// ```
    /// use quorum::Expression;
    /// let expression: Expression<String> = "a*b + c*d".parse()?;
    /// assert_eq!((expression.resilience()?, expression.dual().resilience()?), (1, 1));
    /// assert_eq!("a*(b + c)".parse::<Expression<String>>()?.resilience()?, 0);
    /// # Ok::<(), quorum::ExpressionError>(())
    /// ```
    pub fn resilience(&self) -> Result<usize, ExpressionError> {
        self.formula.resilience()
    }

    /// A cheapest quorum when each node costs what `price_of` says; a node without a price cannot be
    /// taken. `None` when those with a price are no quorum.
    ///
    /// This is the question that column generation asks for the load of a system: which quorum would
    /// improve a strategy most? One pass when no node occurs twice, or only below different parts of an
    /// any-of; otherwise from all minimal quorums if they are few, or by a search. Equal prices are settled by
    /// order, so the answer is always the same.
    ///
    /// # Errors
    ///
    /// A price below zero or not a number; [`Entangled`](ExpressionError::Entangled).
    ///
    /// ```
    /// use quorum::{Expression, QuorumError};
    /// let expression: Expression<String> = "a*b + c".parse::<Expression<String>>()?;
    /// let price_of = |node: &String| Some(if node == "c" { 5.0 } else { 2.0 });
    /// let cheapest = expression.cheapest(price_of)?.unwrap();
    /// assert_eq!((cheapest.price, cheapest.places), (4.0, vec![0, 1]));
    /// # Ok::<(), QuorumError<String>>(())
    /// ```
    pub fn cheapest<P: Price>(
        &self,
        price_of: impl FnMut(&N) -> Option<P>,
    ) -> Result<Option<Cheapest<P>>, QuorumError<N>>
    where
        N: Clone + Debug,
    {
        let prices: Vec<Option<P>> = self.nodes.iter().map(price_of).collect();
        for (node, price) in self.nodes.iter().zip(&prices) {
            // Written so that what is not a number is refused too.
            if !price.is_none_or(|price| price >= P::ZERO) {
                return Err(QuorumError::NotAPrice { node: node.clone() });
            }
        }
        let cheapest = self.formula.cheapest(&prices)?;
        Ok(cheapest.map(|(price, places)| Cheapest { price, places }))
    }

    pub(crate) const fn formula(&self) -> &Formula {
        &self.formula
    }
}

/// A cheapest quorum.
///
/// Made by [`Expression::cheapest`].
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Cheapest<P> {
    /// What its nodes cost together.
    pub price: P,
    /// Its nodes, by their places in [`Expression::nodes`], in order. Without any of them it is no
    /// quorum, or that node was free.
    pub places: Vec<usize>,
}

impl Formula {
    /// By price where that is right, else from a list of all minimal quorums or by the search.
    pub(crate) fn cheapest<P: Price>(
        &self,
        prices: &[Option<P>],
    ) -> Result<Option<(P, Vec<usize>)>, ExpressionError> {
        if self.is_separable() {
            return Ok(self.cheapest_separable(prices));
        }
        let price_of = |place: usize| prices.get(place).copied().flatten();
        // A short list is quicker than the search; a long one may do where the search does not.
        let quorums = match self.listed(usize::MAX, SEARCH_MAX >> 3) {
            Ok(quorums) => quorums,
            Err(_) => match Frontier::new(self).cheapest(price_of) {
                Ok(found) => return Ok(found),
                Err(refused) => self.minimal_quorums(usize::MAX).map_err(|_| refused)?,
            },
        };
        let priced = quorums.iter().filter_map(|quorum| {
            let mut places = quorum.iter();
            let price = places.try_fold(P::ZERO, |sum, place| Some(sum.plus(price_of(place)?)));
            price.map(|price| (price, quorum))
        });
        let cheapest = priced.reduce(|best, next| if next.0 < best.0 { next } else { best });
        Ok(cheapest.map(|(price, quorum)| (price, quorum.iter().collect())))
    }

    pub(crate) fn size_min(&self) -> Result<usize, ExpressionError> {
        let least = self.cheapest(&[Some(1_u64); MEMBERS_MAX])?;
        Ok(least.map_or(0, |(_, places)| places.len()))
    }

    /// By the least quorum of the dual, else by two bounds, if they agree.
    pub(crate) fn resilience(&self) -> Result<usize, ExpressionError> {
        let fatal = match self.dual().size_min() {
            Ok(fatal) => fatal,
            Err(refused) => self.fatal_between_bounds().ok_or(refused)?,
        };
        Ok(fatal.saturating_sub(1))
    }

    /// The fewest nodes that meet every quorum: no fewer than the number of minimal quorums over the
    /// most that one node is in; and where quorums meet one another, no more than the least of them.
    fn fatal_between_bounds(&self) -> Option<usize> {
        let quorums = self.minimal_quorums(usize::MAX).ok()?;
        let mut degrees = [0_usize; MEMBERS_MAX];
        for place in quorums.iter().flat_map(Places::iter) {
            *degrees.get_mut(place)? += 1;
        }
        let least = quorums.len().div_ceil(degrees.into_iter().max()?.max(1));
        let most = quorums.first()?.len();
        let agree = least == most && matches!(apart(self, self), Ok(None));
        agree.then_some(most)
    }
}
