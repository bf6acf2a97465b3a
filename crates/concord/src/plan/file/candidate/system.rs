//! The quorums of a candidate: from expressions, from counts, or from a known construction.

use std::collections::BTreeMap;

use quorum::{Expression, ExpressionError, QuorumError, QuorumSystem, Side};
use transport::NodeId;

use super::{Kind, named, number_of};
use crate::exit::BadInput;
use crate::plan::file::nearest::nearest;
use crate::plan::file::nodes::Node;
use crate::plan::file::source::{Entry, Table};

/// What a read and a write contact.
pub(super) struct Made {
    pub(super) nodes: Vec<NodeId>,
    pub(super) reads: Expression<NodeId>,
    pub(super) writes: Expression<NodeId>,
    pub(super) system: Option<QuorumSystem<NodeId>>,
    pub(super) counts: Option<(u32, u32)>,
}

/// Which of the ways to give quorums a candidate uses: one, and no keys of another.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Way {
    Expressions,
    Counts,
    Construction,
    Order,
    Nothing,
}

impl Way {
    const KEYS: [(&'static str, Self); 11] = [
        ("reads", Self::Expressions),
        ("writes", Self::Expressions),
        ("n", Self::Counts),
        ("r", Self::Counts),
        ("w", Self::Counts),
        ("construction", Self::Construction),
        ("rows", Self::Construction),
        ("fan_out", Self::Construction),
        ("weights", Self::Construction),
        ("hub", Self::Construction),
        ("order", Self::Order),
    ];

    /// The one that is used, and whether the protocol can be given so.
    fn of(table: &Table<'_>, kind: Kind) -> Result<Self, BadInput> {
        let mut used: Option<(&str, Self)> = None;
        for (key, way) in Self::KEYS {
            let Some(entry) = table.get(key) else {
                continue;
            };
            let fits = match kind {
                Kind::Quorum | Kind::Leader | Kind::Lease => way != Self::Order,
                Kind::Partial => way == Self::Counts,
                Kind::Chain => way == Self::Order,
                Kind::WriteAll | Kind::Local => false,
            };
            if !fits {
                let (kind, instead) = (kind.name(), way_of(kind));
                return Err(entry.wrong(format_args!(
                    "a candidate of protocol `{kind}` takes no `{key}`; it takes {instead}"
                )));
            }
            match used {
                Some((other, known)) if known != way => {
                    return Err(entry.wrong(format_args!(
                        "`{key}` beside `{other}`: give the quorums in one way"
                    )));
                }
                _ => used = Some((key, way)),
            }
        }
        Ok(used.map_or(Self::Nothing, |(_, way)| way))
    }
}

const fn way_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Quorum | Kind::Leader | Kind::Lease => {
            "`reads` and `writes`, or `r` and `w`, or `construction`"
        }
        Kind::Partial => "`r` and `w`",
        Kind::Chain => "`order`, from head to tail",
        Kind::WriteAll | Kind::Local => "`nodes` alone",
    }
}

/// The quorums of a candidate.
pub(super) fn made(table: &Table<'_>, kind: Kind, nodes: &[Node]) -> Result<Made, BadInput> {
    let way = Way::of(table, kind)?;
    let chosen = match (way, table.get("nodes")) {
        (Way::Expressions | Way::Order, Some(entry)) => {
            return Err(entry.wrong("the quorums say which nodes there are: leave `nodes` out"));
        }
        (_, Some(entry)) => list(&entry, nodes)?,
        // At most 1,024.
        (_, None) => (0..nodes.len() as u32).map(NodeId).collect(),
    };
    let made = match way {
        Way::Expressions => expressions(table, nodes),
        Way::Counts => counts(table, kind, chosen),
        Way::Construction => construction(table, nodes, chosen),
        Way::Order => order(table, nodes),
        Way::Nothing => nothing(table, kind, chosen),
    }?;
    if matches!(kind, Kind::Leader | Kind::Lease)
        && let Some((one, other)) = made
            .system
            .as_ref()
            .and_then(QuorumSystem::disjoint_read_quorums)
    {
        let (one, other) = (set(&one, nodes), set(&other, nodes));
        return Err(table.wrong(format_args!(
            "two leaders could be elected at once: the read quorums {one} and {other} have no node in common"
        )));
    }
    Ok(made)
}

fn expressions(table: &Table<'_>, nodes: &[Node]) -> Result<Made, BadInput> {
    let parsed = |key: &str| {
        table
            .get(key)
            .map(|entry| expression(&entry, nodes))
            .transpose()
    };
    let (reads, writes) = (parsed("reads")?, parsed("writes")?);
    let at = table.get("writes").or_else(|| table.get("reads"));
    let system = match (reads, writes) {
        (Some(reads), Some(writes)) => QuorumSystem::new(reads, writes),
        (Some(reads), None) => QuorumSystem::from_reads(reads),
        (None, Some(writes)) => QuorumSystem::from_writes(writes),
        (None, None) => Err(QuorumError::NoMembers),
    };
    told(system, None, at.as_ref(), table, nodes)
}

/// An expression of names of nodes; what is wrong in it is told at its place in the file.
fn expression(entry: &Entry<'_>, nodes: &[Node]) -> Result<Expression<NodeId>, BadInput> {
    let text = entry.text("an expression, as in \"a*b + c*d\"")?;
    Expression::parse_with(text, |name| number_of(name, nodes)).map_err(|error| match &error {
        ExpressionError::UnknownNode { at, name } => {
            let guess = nearest(name, nodes.iter().map(|node| node.name.as_str()));
            let width = name.len();
            entry.wrong_at(
                at.byte,
                width,
                format_args!("there is no node {name:?} in [nodes]{guess}"),
            )
        }
        ExpressionError::Syntax {
            at,
            expected,
            found,
        } => {
            let found = found.map_or_else(|| "the end".to_owned(), |found| format!("{found:?}"));
            entry.wrong_at(
                at.byte,
                1,
                format_args!("expected {expected}, and found {found}"),
            )
        }
        ExpressionError::OutOfReach {
            at: Some(at),
            needed,
            of,
        } => entry.wrong_at(
            at.byte,
            "choose".len(),
            format_args!("expected to choose 1 to {of} of {of}, and found {needed}"),
        ),
        _ => entry.wrong(&error),
    })
}

fn counts(table: &Table<'_>, kind: Kind, chosen: Vec<NodeId>) -> Result<Made, BadInput> {
    // At most 1,024.
    let n = chosen.len() as u32;
    if let Some(entry) = table.get("n")
        && entry.whole(1..=1_024)? != u64::from(n)
    {
        return Err(entry.expected(format_args!("{n}, the number of the candidate's nodes")));
    }
    let count = |key: &str| -> Result<Option<u32>, BadInput> {
        let Some(entry) = table.get(key) else {
            return Ok(None);
        };
        // At most n.
        entry
            .whole(1..=u64::from(n))
            .map(|count| Some(count as u32))
    };
    let (r, w) = match (count("r")?, count("w")?) {
        (Some(r), Some(w)) => (r, w),
        (None, None) => return Err(table.wrong("`n` alone says nothing: say `r` and `w`")),
        _ if kind == Kind::Partial => {
            return Err(table.wrong("a candidate of protocol `partial` needs both `r` and `w`"));
        }
        // The least that meets all.
        (Some(r), None) => (r, n - r + 1),
        (None, Some(w)) => (n - w + 1, w),
    };
    let at = table.get("w").or_else(|| table.get("r"));
    if kind != Kind::Partial && r + w <= n {
        let message = format!(
            "the quorums do not intersect: {r} to read and {w} to write are not more than {n} nodes, so a \
             read can miss a write (protocol = \"partial\" allows that)"
        );
        return Err(at.map_or_else(|| table.wrong(&message), |entry| entry.wrong(&message)));
    }
    of_counts(chosen, r, w, kind != Kind::Partial).map_err(|error| table.wrong(error))
}

/// Any `r` of the nodes to read, any `w` to write.
pub(super) fn of_counts(
    nodes: Vec<NodeId>,
    r: u32,
    w: u32,
    is_strict: bool,
) -> Result<Made, QuorumError<NodeId>> {
    let some = |count: u32| {
        Expression::choose(count as usize, nodes.iter().copied().map(Expression::node))
    };
    let (reads, writes) = (some(r)?, some(w)?);
    let system =
        is_strict.then(|| QuorumSystem::flexible(nodes.iter().copied(), r as usize, w as usize));
    Ok(Made {
        reads,
        writes,
        system: system.transpose()?,
        counts: Some((r, w)),
        nodes,
    })
}

fn order(table: &Table<'_>, nodes: &[Node]) -> Result<Made, BadInput> {
    let entry = table.need("order", "the nodes from head to tail")?;
    let chosen = list(&entry, nodes)?;
    let failed = |error: ExpressionError| entry.wrong(error);
    let tail = chosen.last().copied().unwrap_or_default();
    let reads = Expression::node(tail);
    let writes = Expression::all(chosen.iter().copied().map(Expression::node)).map_err(failed)?;
    let system = QuorumSystem::new(reads.clone(), writes.clone());
    let mut made = told(system, None, Some(&entry), table, nodes)?;
    made.nodes = chosen;
    Ok(made)
}

/// Nothing is said but, perhaps, which nodes.
fn nothing(table: &Table<'_>, kind: Kind, chosen: Vec<NodeId>) -> Result<Made, BadInput> {
    let n = chosen.len() as u32;
    let (r, w, is_strict) = match kind {
        Kind::Leader | Kind::Lease => (n / 2 + 1, n / 2 + 1, true),
        Kind::WriteAll => (1, n, true),
        Kind::Local => (1, 1, false),
        Kind::Chain => {
            return Err(table.wrong("a chain needs `order`: its nodes from head to tail"));
        }
        Kind::Quorum | Kind::Partial => {
            let instead = way_of(kind);
            return Err(table.wrong(format_args!(
                "the candidate says no quorums: give {instead}"
            )));
        }
    };
    of_counts(chosen, r, w, is_strict).map_err(|error| table.wrong(error))
}

fn construction(table: &Table<'_>, nodes: &[Node], chosen: Vec<NodeId>) -> Result<Made, BadInput> {
    #[derive(Clone, Copy, Eq, PartialEq)]
    enum Known {
        Majority,
        Weighted,
        Grid,
        Maekawa,
        Tree,
        Hierarchical,
        CrumblingWall,
        TriangularWall,
        Wheel,
        ProjectivePlane,
    }
    let entry = table.need("construction", "which, as in construction = \"grid\"")?;
    let known = entry.choice(&[
        ("majority", Known::Majority),
        ("weighted", Known::Weighted),
        ("grid", Known::Grid),
        ("maekawa", Known::Maekawa),
        ("tree", Known::Tree),
        ("hierarchical", Known::Hierarchical),
        ("crumbling-wall", Known::CrumblingWall),
        ("triangular-wall", Known::TriangularWall),
        ("wheel", Known::Wheel),
        ("projective-plane", Known::ProjectivePlane),
    ])?;
    for (key, takers) in [
        ("rows", &[Known::Grid, Known::CrumblingWall][..]),
        ("fan_out", &[Known::Hierarchical]),
        ("weights", &[Known::Weighted]),
        ("hub", &[Known::Wheel]),
    ] {
        if let Some(other) = table.get(key)
            && !takers.contains(&known)
        {
            let name = entry.text("")?;
            return Err(other.wrong(format_args!("construction = {name:?} takes no `{key}`")));
        }
    }
    let majority = chosen.len() as u32 / 2 + 1;
    let counts = (known == Known::Majority).then_some((majority, majority));
    let system = match known {
        Known::Majority => QuorumSystem::majority(chosen),
        Known::Weighted => QuorumSystem::weighted(weights(table, nodes)?),
        Known::Grid => QuorumSystem::grid(rows(table, nodes)?),
        Known::Maekawa => QuorumSystem::maekawa(chosen),
        Known::Tree => QuorumSystem::tree(chosen),
        Known::Hierarchical => {
            let entry = table.need("fan_out", "how many parts each level has")?;
            QuorumSystem::hierarchical(chosen, entry.whole(2..=1_024)? as usize)
        }
        Known::CrumblingWall => QuorumSystem::crumbling_wall(rows(table, nodes)?),
        Known::TriangularWall => QuorumSystem::triangular_wall(chosen),
        Known::Wheel => {
            let hub = named(
                &table.need("hub", "the node that all quorums but one have")?,
                nodes,
            )?;
            QuorumSystem::wheel(hub, chosen.into_iter().filter(|node| *node != hub))
        }
        Known::ProjectivePlane => QuorumSystem::projective_plane(chosen),
    };
    told(system, counts, Some(&entry), table, nodes)
}

fn weights(table: &Table<'_>, nodes: &[Node]) -> Result<BTreeMap<NodeId, u64>, BadInput> {
    let entry = table.need(
        "weights",
        "how much each node weighs, as in { a = 2, b = 1 }",
    )?;
    let mut weights = BTreeMap::new();
    for (key, weight) in entry
        .table("nodes and weights, as in { a = 2, b = 1 }")?
        .entries()
    {
        let Some(node) = number_of(&key.text, nodes) else {
            let guess = nearest(&key.text, nodes.iter().map(|node| node.name.as_str()));
            return Err(key.wrong(format_args!("there is no such node in [nodes]{guess}")));
        };
        weights.insert(node, weight.whole(1..=quorum::WEIGHT_MAX)?);
    }
    Ok(weights)
}

fn rows(table: &Table<'_>, nodes: &[Node]) -> Result<Vec<Vec<NodeId>>, BadInput> {
    let entry = table.need(
        "rows",
        "lists of nodes, as in [[\"a\", \"b\"], [\"c\", \"d\"]]",
    )?;
    let rows = entry.list("rows of nodes, as in [[\"a\", \"b\"], [\"c\", \"d\"]]")?;
    rows.iter().map(|row| list(row, nodes)).collect()
}

/// Names of nodes, each once.
pub(in crate::plan::file) fn list(
    entry: &Entry<'_>,
    nodes: &[Node],
) -> Result<Vec<NodeId>, BadInput> {
    let mut chosen = Vec::new();
    for entry in entry.list("a list of nodes, as in [\"a\", \"b\"]")? {
        let node = named(&entry, nodes)?;
        if chosen.contains(&node) {
            return Err(entry.wrong("this node is named twice"));
        }
        chosen.push(node);
    }
    Ok(chosen)
}

/// The quorums of a checked system.
pub(super) fn of_system(
    system: QuorumSystem<NodeId>,
    counts: Option<(u32, u32)>,
) -> Result<Made, QuorumError<NodeId>> {
    Ok(Made {
        nodes: system.members().copied().collect(),
        reads: system.expression(Side::Read)?,
        writes: system.expression(Side::Write)?,
        counts,
        system: Some(system),
    })
}

/// The same, and an error is told at its place.
fn told(
    system: Result<QuorumSystem<NodeId>, QuorumError<NodeId>>,
    counts: Option<(u32, u32)>,
    at: Option<&Entry<'_>>,
    table: &Table<'_>,
    nodes: &[Node],
) -> Result<Made, BadInput> {
    system
        .and_then(|system| of_system(system, counts))
        .map_err(|error| {
            let message = message(&error, nodes);
            at.map_or_else(|| table.wrong(&message), |entry| entry.wrong(&message))
        })
}

/// What is wrong, with the names of the nodes.
pub(super) fn message(error: &QuorumError<NodeId>, nodes: &[Node]) -> String {
    match error {
        QuorumError::Disjoint { read, write } => {
            let (read, write) = (set(read, nodes), set(write, nodes));
            format!(
                "the quorums do not intersect: the read quorum {read} and the write quorum {write} have no node \
                 in common, so a read can miss a write"
            )
        }
        QuorumError::Repeated { node } => format!("node {} is named twice", set(&[*node], nodes)),
        _ => error.to_string(),
    }
}

/// The names of nodes, as `{a, b}`; of many the first few.
fn set(chosen: &[NodeId], nodes: &[Node]) -> String {
    const SHOWN_MAX: usize = 8;
    let name = |node: &NodeId| {
        nodes
            .get(node.0 as usize)
            .map_or("?", |node| node.name.as_str())
    };
    let mut names: Vec<&str> = chosen.iter().take(SHOWN_MAX).map(name).collect();
    let more = chosen.len().saturating_sub(SHOWN_MAX);
    let rest = format!("… and {more} more");
    if more > 0 {
        names.push(&rest);
    }
    format!("{{{}}}", names.join(", "))
}
