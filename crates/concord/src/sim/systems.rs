//! The protocols that can be simulated: a file each, and the list of them.

mod eventual;
mod paxos;
mod raft;
mod snapshot;
mod strong;

use serde::{Deserialize, Serialize};

use super::system::Entry;
use crate::say::say;

#[cfg(test)]
pub(crate) use raft::planted;

/// A protocol that can be simulated.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Protocol {
    /// A key-value store on Raft: linearizable.
    Raft,
    /// One decision, for ever.
    Paxos,
    /// A register store on quorums: linearizable without consensus.
    Strong,
    /// A store that always answers locally: eventually consistent.
    Eventual,
    /// Global snapshots, consistent cuts of a running system.
    Snapshot,
}

impl Protocol {
    /// In the order of a campaign.
    pub(crate) const ALL: [Self; 5] = [
        Self::Raft,
        Self::Paxos,
        Self::Strong,
        Self::Eventual,
        Self::Snapshot,
    ];

    /// What the rest of the program calls.
    pub(crate) const fn entry(self) -> Entry {
        match self {
            Self::Raft => Entry::of::<raft::Raft>(),
            Self::Paxos => Entry::of::<paxos::Paxos>(),
            Self::Strong => Entry::of::<strong::Strong>(),
            Self::Eventual => Entry::of::<eventual::Eventual>(),
            Self::Snapshot => Entry::of::<snapshot::Snapshot>(),
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        self.entry().about.name
    }
}

/// Prints what the protocols are.
pub(crate) fn print_list() {
    for protocol in Protocol::ALL {
        let about = protocol.entry().about;
        say!("{}: {}", about.name, about.what);
        say!("  promises: {}", about.promise);
        say!("  checked:  {}", about.checked);
        if !about.assumes.is_empty() {
            say!("  assumes:  {}", about.assumes);
        }
        say!("  crates:   {}", about.crates.join(", "));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of the protocols: a header, and a row for each, as in the project's README.
    fn table() -> Vec<String> {
        let mut rows = vec![
            "| protocol | what it is | what it promises | how that is checked | crates |"
                .to_owned(),
            "|---|---|---|---|---|".to_owned(),
        ];
        rows.extend(Protocol::ALL.iter().map(|protocol| {
            let about = protocol.entry().about;
            let link = |name: &&str| format!("[`{name}`](crates/{name})");
            let crates: Vec<String> = about.crates.iter().map(link).collect();
            let mut checked = about.checked.to_owned();
            if !about.assumes.is_empty() {
                checked = format!("{checked}; {}", about.assumes);
            }
            format!(
                "| `{}` | {} | {} | {checked} | {} |",
                about.name,
                about.what,
                about.promise,
                crates.join(", ")
            )
        }));
        rows
    }

    #[test]
    fn the_readme_shows_the_table_of_protocols_as_it_is() {
        let readme = include_str!("../../../../README.md");
        let table = table().join("\n");
        assert!(
            readme.contains(&table),
            "the table of protocols in README.md should be:\n{table}"
        );
    }
}
