//! Small questions without a file: one candidate from flags.

use cap_model::staleness::Fit;
use cap_model::strategy::{Costs, Objective};
use clap::ValueEnum;
use quorum::Expression;

use super::file::{Candidate, Kind, Node, Plan, Staleness, Wanted};
use crate::exit::BadInput;

/// One candidate, from flags.
#[derive(clap::Args, Debug)]
pub(super) struct Small {
    /// What a read contacts: `*` is all of, `+` any of, as in '(a*b)+(c*d)', or choose(2, a, b, c).
    #[arg(long, value_name = "EXPRESSION", conflicts_with_all = ["file", "replicas", "read", "write"])]
    expr: Option<String>,
    /// What a write contacts. Default: the dual of --expr, which meets every read.
    #[arg(long, value_name = "EXPRESSION", requires = "expr")]
    writes: Option<String>,
    /// How many replicas there are.
    #[arg(long = "n", value_name = "N", conflicts_with = "file", value_parser = clap::value_parser!(u32).range(1..=64))]
    replicas: Option<u32>,
    /// How many replicas answer a read.
    #[arg(long = "r", value_name = "R", requires = "replicas")]
    read: Option<u32>,
    /// How many replicas acknowledge a write.
    #[arg(long = "w", value_name = "W", requires = "replicas")]
    write: Option<u32>,
    /// How long messages take: a published fit.
    #[arg(long, value_name = "FIT", conflicts_with = "file", value_parser = fit_named)]
    fit: Option<Fit>,
    /// How likely each node is down.
    #[arg(long, value_name = "P", conflicts_with = "file", value_parser = probability)]
    failure: Option<f64>,
    /// Which share of the operations are reads.
    #[arg(long = "fr", value_name = "SHARE", conflicts_with = "file", value_parser = probability)]
    read_fraction: Option<f64>,
    /// How many reads a second each node can take. Default: 1.
    #[arg(long, value_name = "C", conflicts_with = "file", value_parser = capacity)]
    read_capacity: Option<f64>,
    /// How many writes a second each node can take. Default: 1.
    #[arg(long, value_name = "C", conflicts_with = "file", value_parser = capacity)]
    write_capacity: Option<f64>,
    /// What the strategy makes as small as can be. Default: load.
    #[arg(long, value_enum, conflicts_with = "file")]
    optimize: Option<Optimize>,
    /// How many of the contacted nodes may fail without asking another one.
    #[arg(long = "f", value_name = "F", conflicts_with = "file")]
    failures: Option<u16>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Optimize {
    Load,
    Network,
    Latency,
}

impl Optimize {
    const fn objective(self) -> Objective {
        match self {
            Self::Load => Objective::Load,
            Self::Network => Objective::Network,
            Self::Latency => Objective::Latency,
        }
    }
}

fn fit_named(name: &str) -> Result<Fit, String> {
    let found = Fit::ALL.into_iter().find(|fit| fit.name() == name);
    found.ok_or_else(|| format!("the fits are {}", Fit::ALL.map(Fit::name).join(", ")))
}

fn probability(text: &str) -> Result<f64, String> {
    let number = text
        .parse()
        .ok()
        .filter(|number| (0.0..=1.0).contains(number));
    number.ok_or_else(|| "a number from 0 to 1".to_owned())
}

fn capacity(text: &str) -> Result<f64, String> {
    let number = text
        .parse()
        .ok()
        .filter(|number| (1e-9..=1e12).contains(number));
    number.ok_or_else(|| "a number above 0 and at most 1e12".to_owned())
}

impl Small {
    /// The plan, if the flags ask for one.
    pub(super) fn plan(&self) -> Result<Option<Plan>, BadInput> {
        if let Some(reads) = &self.expr {
            return self.of_expression(reads).map(Some);
        }
        let replicas = self.replicas;
        replicas
            .map(|replicas| self.of_counts(replicas))
            .transpose()
    }

    fn of_expression(&self, reads: &str) -> Result<Plan, BadInput> {
        let parsed = |flag: &str, text: &str| -> Result<Expression<String>, BadInput> {
            text.parse().map_err(|error| BadInput::at(flag, error))
        };
        let read = parsed("--expr", reads)?;
        let writes = self.writes.as_deref();
        let write = writes.map(|text| parsed("--writes", text)).transpose()?;
        let names = read.nodes().chain(write.iter().flat_map(Expression::nodes));
        let mut names: Vec<String> = names.cloned().collect();
        names.sort();
        names.dedup();
        let nodes: Vec<Node> = names.into_iter().map(|name| self.node(name)).collect();
        let flag = if write.is_some() {
            "--writes"
        } else {
            "--expr"
        };
        let candidate = Candidate::of_expressions(flag, reads, &read, write.as_ref(), &nodes)?;
        self.plan_of(nodes, candidate)
    }

    fn of_counts(&self, replicas: u32) -> Result<Plan, BadInput> {
        let (Some(r), Some(w)) = (self.read, self.write) else {
            return Err(BadInput::at("--n", "say --r and --w beside it"));
        };
        for (flag, count) in [("--r", r), ("--w", w)] {
            if !(1..=replicas).contains(&count) {
                let message =
                    format!("expected 1 to {replicas}, the number of replicas, and found {count}");
                return Err(BadInput::at(flag, message));
            }
        }
        let nodes: Vec<Node> = (1..=replicas)
            .map(|place| self.node(format!("n{place}")))
            .collect();
        let kind = if r + w > replicas {
            Kind::Quorum
        } else {
            Kind::Partial
        };
        let name = format!("N={replicas} R={r} W={w}");
        let candidate = Candidate::of_counts(&name, kind, replicas, r, w)?;
        self.plan_of(nodes, candidate)
    }

    fn node(&self, name: String) -> Node {
        Node {
            name,
            costs: Costs {
                read_capacity: self.read_capacity.unwrap_or(Costs::UNIT.read_capacity),
                write_capacity: self.write_capacity.unwrap_or(Costs::UNIT.write_capacity),
                ..Costs::UNIT
            },
            failure: self.failure,
            zone: None,
        }
    }

    fn plan_of(&self, nodes: Vec<Node>, mut candidate: Candidate) -> Result<Plan, BadInput> {
        candidate.wanted = Wanted {
            objective: self.optimize.map_or(Objective::Load, Optimize::objective),
            failures: self.failures.map_or(0, usize::from),
            ..Wanted::default()
        };
        let staleness = self.fit.map(Staleness::of_fit).transpose();
        let staleness = staleness.map_err(|error| BadInput::at("--fit", error))?;
        let read_fraction = self.read_fraction.unwrap_or(0.5);
        Ok(Plan::small(nodes, read_fraction, staleness, candidate))
    }
}
