//! A plan as a file: nodes, what is asked of them, and candidates.
//!
//! # Rules
//!
//! 1. Nothing is guessed. What one node says of itself (a capacity, a latency, a failure probability, a
//!    zone) all must say, or none.
//! 2. Every value is checked where it stands: what is wrong is told with file, line, column and key.
//! 3. A plan that exists is valid: names are unique, quorums meet unless the candidate says that they
//!    need not, numbers are in range.

mod candidate;
pub(crate) use candidate::{Candidate, Kind};

mod delays;
pub(crate) use delays::Delays;

mod nearest;

mod nodes;
pub(crate) use nodes::{Node, Zone};

mod question;
pub(crate) use question::Wanted;

mod sections;
pub(crate) use sections::{Leader, Partitions, Search};

mod source;
pub(crate) use source::Place;
use source::Source;

mod staleness;
pub(crate) use staleness::Staleness;

use std::fmt;
use std::path::Path;

use cap_model::strategy::Costs;
use toml::de::DeTable;
use transport::NodeId;

use super::table::rounded;
use crate::exit::BadInput;
use source::Table;

/// The largest file that is read.
const BYTES_MAX: u64 = 16 << 20;

/// A small question shows splits of at most so many nodes: they double with each.
const SMALL_NODES_MAX: usize = 5;

/// Replicas, what is asked of them, and candidates.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The name of the file; of a small question, none.
    name: String,
    text: String,
    /// In the order of the file; `NodeId(0)` is the first.
    pub(crate) nodes: Vec<Node>,
    /// In the order of the file, then of the nodes that name them.
    pub(crate) zones: Vec<Zone>,
    /// One-way delays between zones.
    pub(crate) delays: Option<Delays>,
    /// Shares of reads and their weights, which add up to one.
    pub(crate) read_fractions: Vec<(f64, f64)>,
    /// What is asked of strategies, unless a candidate says otherwise.
    pub(crate) wanted: Wanted,
    pub(crate) staleness: Option<Staleness>,
    pub(crate) leader: Leader,
    /// Which states of the links are shown, if any.
    pub(crate) partitions: Option<Partitions>,
    pub(crate) search: Option<Search>,
    pub(crate) candidates: Vec<Candidate>,
}

impl Plan {
    /// One candidate, from the command line.
    pub(crate) fn small(
        nodes: Vec<Node>,
        read_fraction: f64,
        staleness: Option<Staleness>,
        candidate: Candidate,
    ) -> Self {
        let partitions = (nodes.len() <= SMALL_NODES_MAX).then(Partitions::splits);
        Self {
            name: String::new(),
            text: String::new(),
            nodes,
            zones: Vec::new(),
            delays: None,
            read_fractions: vec![(read_fraction, 1.0)],
            wanted: candidate.wanted.clone(),
            staleness,
            leader: Leader::default(),
            partitions,
            search: None,
            candidates: vec![candidate],
        }
    }

    /// Reads a file.
    pub(crate) fn open(path: &Path) -> Result<Self, BadInput> {
        let name = path.display().to_string();
        let failed = |error: std::io::Error| BadInput::at(&name, error);
        let size = std::fs::metadata(path).map_err(failed)?.len();
        if size > BYTES_MAX {
            let message = format!("{size} bytes, and a plan has at most {BYTES_MAX}");
            return Err(BadInput::at(&name, message));
        }
        let bytes = std::fs::read(path).map_err(failed)?;
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let good = error.utf8_error().valid_up_to();
                let text = String::from_utf8_lossy(&error.as_bytes()[..good]).into_owned();
                let source = Source {
                    name: &name,
                    text: &text,
                };
                return Err(source.complain(&(good..good), "", "expected text in UTF-8"));
            }
        };
        Self::read(&name, &text)
    }

    /// Reads the text of a file of this name.
    pub(crate) fn read(name: &str, text: &str) -> Result<Self, BadInput> {
        let source = Source { name, text };
        let parsed = DeTable::parse(text).map_err(|error| {
            let message = error
                .message()
                .lines()
                .next()
                .unwrap_or("not TOML")
                .to_owned();
            source.complain(&error.span().unwrap_or(0..0), "", message)
        })?;
        let root = Table::whole(&source, parsed.get_ref());
        if root.entries().is_empty() {
            return Err(source.complain_of_all(
                "the file is empty: a plan needs [nodes] and at least one [[candidate]]",
            ));
        }
        root.only(&[
            "nodes",
            "zones",
            "workload",
            "strategy",
            "staleness",
            "leader",
            "partitions",
            "search",
            "candidate",
        ])?;
        let Some(nodes) = root.get("nodes") else {
            return Err(source.complain_of_all("there is no [nodes]: name at least one node"));
        };
        let nodes = nodes.table("a table of nodes, as in a = { capacity = 1000 }")?;
        let (nodes, mut zones) = nodes::nodes(&nodes)?;
        let delays = match root.get("zones") {
            Some(entry) => nodes::zones(&entry.table("a table of zones")?, &mut zones)?,
            None => None,
        };
        let read_fractions = question::workload(root.get("workload"))?;
        let wanted = question::wanted(root.get("strategy"), &Wanted::default())?;
        let staleness = root.get("staleness").map(|entry| staleness::read(&entry));
        let staleness = staleness.transpose()?;
        if let (Some(fit), Some(_)) = (root.get("staleness"), &delays)
            && staleness
                .as_ref()
                .is_some_and(|asked| asked.remote_ms > 0.0)
        {
            return Err(fit.wrong(
                "fit = \"wan\" brings its own delays, and [zones] gives delays too: leave one out",
            ));
        }
        let leader = root.get("leader").map(|entry| sections::leader(&entry));
        let partitions = root.get("partitions");
        let partitions = partitions.map(|entry| sections::partitions(&entry));
        let search = root.get("search");
        let search = search.map(|entry| sections::search(&entry, &nodes));
        let search = search.transpose()?;
        let candidates = match root.get("candidate") {
            None if search.is_some() => Vec::new(),
            entry => candidate::candidates(entry, &nodes, &wanted, &source)?,
        };
        Ok(Self {
            name: name.to_owned(),
            text: text.to_owned(),
            nodes,
            zones,
            delays,
            read_fractions,
            wanted,
            staleness,
            leader: leader.transpose()?.unwrap_or_default(),
            partitions: partitions.transpose()?.unwrap_or(Some(Partitions::ALL)),
            search,
            candidates,
        })
    }

    /// What is wrong with something that stands there.
    pub(crate) fn complain(&self, place: &Place, message: impl fmt::Display) -> BadInput {
        let source = Source {
            name: &self.name,
            text: &self.text,
        };
        if self.name.is_empty() {
            return BadInput::new(message);
        }
        source.complain(&place.span, &place.path, message)
    }

    /// What a node costs.
    pub(crate) fn costs_of(&self, node: NodeId) -> Costs {
        let node = self.nodes.get(node.0 as usize);
        node.map_or(Costs::UNIT, |node| node.costs)
    }

    /// Whether the file says how often anything fails.
    pub(crate) fn has_failures(&self) -> bool {
        self.nodes.iter().any(|node| node.failure.is_some())
            || self.zones.iter().any(|zone| zone.failure.is_some())
    }

    /// This name, or one that no candidate has.
    pub(crate) fn free_name(&self, name: &str) -> String {
        let is_free = |name: &String| self.candidates.iter().all(|known| known.name != *name);
        let names =
            (0..=self.candidates.len()).map(|primes| format!("{name}{}", "'".repeat(primes)));
        names
            .into_iter()
            .find(is_free)
            .unwrap_or_else(|| name.to_owned())
    }

    /// The file, or the only candidate.
    pub(crate) fn title(&self) -> &str {
        match self.candidates.first() {
            Some(candidate) if self.name.is_empty() => &candidate.name,
            _ => &self.name,
        }
    }

    /// What is asked, in a sentence.
    pub(crate) fn about(&self) -> String {
        let count = |count: usize, one: &str| match count {
            1 => format!("1 {one}"),
            _ => format!("{count} {one}s"),
        };
        let mut about = count(self.nodes.len(), "node");
        if !self.zones.is_empty() {
            about = format!("{about} in {}", count(self.zones.len(), "zone"));
        }
        let reads = |share: f64| format!("{} % reads", rounded(100.0 * share));
        let shares: Vec<String> = match self.read_fractions.as_slice() {
            [(share, _)] => vec![reads(*share)],
            parts => parts
                .iter()
                .map(|(share, weight)| format!("{} (weight {})", reads(*share), rounded(*weight)))
                .collect(),
        };
        format!(
            "{}; {about}; {}",
            count(self.candidates.len(), "candidate"),
            shares.join(", ")
        )
    }

    /// The name of a node.
    pub(crate) fn name_of(&self, node: NodeId) -> String {
        self.nodes
            .get(node.0 as usize)
            .map_or_else(|| node.to_string(), |node| node.name.clone())
    }
}
