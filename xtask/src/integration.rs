//! The campaigns in their long form: every protocol, on clusters of several sizes, under several
//! sets of faults, and the determinism check.

use crate::Answer;
use crate::campaign::{self, Profile};
use crate::workspace::Workspace;

/// Everything by lot, nothing, and each family of faults by itself.
const FAULT_SETS: [&str; 6] = [
    "all",
    "none",
    "loss,duplicate,reorder,delay",
    "partition,one-way,partial",
    "crash,torn,slow-disk,disk-failure",
    "pause,clock-offset,clock-drift,clock-jump",
];

/// `cargo xtask integration`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: cargo xtask integration --seeds 2000 --nodes 3,5 --faults all")]
pub(crate) struct Args {
    /// Seeds for each protocol, cluster size and set of faults.
    #[arg(long, default_value_t = 2_000, value_name = "N")]
    seeds: u64,
    /// Cluster sizes.
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "3,4,5,7",
        value_name = "LIST"
    )]
    nodes: Vec<u32>,
    /// Sets of faults, as `concord sim --faults` takes them: `all` draws a part of them for each
    /// seed, a list has all of its faults in every seed. Repeat the option for several sets.
    #[arg(long, default_values = FAULT_SETS, value_name = "SET")]
    faults: Vec<String>,
    /// One protocol only, by the name that `concord sim --protocol` takes.
    #[arg(long, default_value = "all", value_name = "NAME")]
    protocol: String,
}

pub(crate) fn run(args: &Args) -> Answer {
    let workspace = Workspace::load()?;
    let program = campaign::build(&workspace, Profile::Release)?;
    let mut table = campaign::table();
    let mut failures = Vec::new();
    for faults in &args.faults {
        for nodes in &args.nodes {
            eprintln!(
                "     {nodes} nodes, faults {faults}, {} seeds ...",
                args.seeds
            );
            let (nodes, seeds) = (nodes.to_string(), args.seeds.to_string());
            let words = [
                ["--protocol", &args.protocol],
                ["--nodes", &nodes],
                ["--seeds", &seeds],
                ["--faults", faults],
            ];
            match program.sim(words.as_flattened()) {
                Err(failure) => failures.push(failure),
                Ok(campaigns) => {
                    for campaign in &campaigns {
                        table.row(campaign::row(campaign, &nodes, faults));
                        let place = format!("{nodes} nodes, faults {faults}");
                        failures.extend(campaign.failures(&place));
                    }
                }
            }
        }
    }
    println!("{table}");
    let (hashes, differences) = campaign::determinism(&workspace)?;
    for hash in hashes {
        println!("same in two processes, debug and release: {hash}");
    }
    failures.extend(differences);
    for failure in &failures {
        println!("FAIL {failure}");
    }
    println!("{} violated or failed", failures.len());
    Ok(failures.is_empty())
}
