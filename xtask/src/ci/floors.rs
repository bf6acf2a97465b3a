//! The house: which crate stands on which floor, and who may import whom.
//!
//! 1. Every member stands in [`HOUSE`].
//! 2. Normal and build dependencies go to lower floors only.
//! 3. A world knows no protocol.
//! 4. Tests may look up as far as the worlds (floor 2), never beyond, and never so that the
//!    dependencies of all kinds together form a cycle.
//! 5. Peers appear on the top floor only.
//! 6. A dependency with a name of the house is that member, by path, and nothing else: some of
//!    these names belong to strangers in the Rust registry.

use std::collections::{BTreeMap, BTreeSet};

use super::Findings;
use crate::workspace::{Dependency, Package, Workspace, read};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Contract,
    Protocol,
    Judge,
    World,
    Application,
    Program,
    Tool,
}

const WORLDS_FLOOR: u8 = 2;
const TOP_FLOOR: u8 = 5;

/// Every crate there is or will be, with its floor.
const HOUSE: &[(u8, &str, Role)] = &[
    (5, "xtask", Role::Tool),
    (5, "benches", Role::Tool),
    (4, "concord", Role::Program),
    (3, "kv", Role::Application),
    (2, "simulator", Role::World),
    (2, "explorer", Role::World),
    (2, "runtime", Role::World),
    (2, "cap-model", Role::World),
    (1, "raft-core", Role::Protocol),
    (1, "paxos-core", Role::Protocol),
    (1, "snapshot", Role::Protocol),
    (1, "consistency", Role::Judge),
    (0, "transport", Role::Contract),
    (0, "clocks", Role::Contract),
    (0, "quorum", Role::Contract),
];

/// What we measure ourselves against.
const PEERS: &[&str] = &[
    "madsim",
    "noraft",
    "omnipaxos",
    "openraft",
    "quepaxa",
    "quoracle",
    "raft",
    "stateright",
    "tikv-raft",
    "turmoil",
    "vclock",
];

/// The floor of a member.
pub(super) fn floor(name: &str) -> Option<u8> {
    room(name).map(|(floor, _)| floor)
}

fn room(name: &str) -> Option<(u8, Role)> {
    let entry = HOUSE.iter().find(|(_, member, _)| *member == name)?;
    Some((entry.0, entry.2))
}

pub(super) fn step(workspace: &Workspace) -> Findings {
    let lock = read(&workspace.root.join("Cargo.lock"));
    lock.map(|lock| {
        let mut failures = climbs(&workspace.packages);
        failures.extend(strangers_in_lock(&lock));
        let notes = vec![format!("{} crates", workspace.packages.len())];
        Findings {
            failures,
            notes,
            ..Findings::default()
        }
    })
    .into()
}

/// Every breach of the rules, one sentence each.
fn climbs(packages: &[Package]) -> Vec<String> {
    let mut breaches = Vec::new();
    for package in packages {
        let Some((floor, role)) = room(&package.name) else {
            breaches.push(format!(
                "{} stands on no floor: add it to the house",
                package.name
            ));
            continue;
        };
        for dependency in &package.dependencies {
            let breach = stranger(packages, dependency)
                .or_else(|| climb(floor, role, dependency))
                .map(|breach| format!("{} -> {}: {breach}", package.name, dependency.name));
            breaches.extend(breach);
        }
    }
    breaches.extend(cycle(packages));
    breaches
}

fn stranger(packages: &[Package], dependency: &Dependency) -> Option<String> {
    let names = [Some(&dependency.name), dependency.rename.as_ref()];
    let own = names
        .into_iter()
        .flatten()
        .find(|name| room(name).is_some())?;
    let member = packages.iter().find(|package| package.name == *own);
    let is_member = member.is_some_and(|member| {
        dependency.name == *own && dependency.path.as_deref() == Some(member.folder())
    });
    (!is_member).then(|| format!("{own} is a name of this house and must be the member, by path"))
}

fn climb(floor: u8, role: Role, dependency: &Dependency) -> Option<String> {
    let name = &dependency.name;
    if PEERS.contains(&name.as_str()) && floor < TOP_FLOOR {
        return Some(format!(
            "peers appear on floor {TOP_FLOOR} only, not on floor {floor}"
        ));
    }
    let (below, target) = room(name)?;
    if dependency.kind.as_deref() == Some("dev") {
        let too_high = below >= floor && below > WORLDS_FLOOR;
        return too_high.then(|| format!("tests may look up to floor {WORLDS_FLOOR}, not {below}"));
    }
    if below >= floor {
        return Some(format!(
            "floor {floor} may import lower floors only, not floor {below}"
        ));
    }
    let leaks = role == Role::World && target == Role::Protocol;
    leaks.then(|| "a world knows no protocol".to_owned())
}

/// One cycle in the dependencies of all kinds, if there is any.
fn cycle(packages: &[Package]) -> Option<String> {
    let mut open: BTreeMap<&str, BTreeSet<&str>> = packages
        .iter()
        .map(|package| {
            let names = package
                .dependencies
                .iter()
                .map(|dependency| dependency.name.as_str());
            let members = names.filter(|name| packages.iter().any(|p| p.name == *name));
            (package.name.as_str(), members.collect())
        })
        .collect();
    // Take away what depends on nothing that is left; a cycle never goes.
    loop {
        let names: BTreeSet<&str> = open.keys().copied().collect();
        let before = open.len();
        open.retain(|_, dependencies| dependencies.iter().any(|name| names.contains(name)));
        if open.is_empty() {
            return None;
        }
        if open.len() == before {
            let names: Vec<_> = names.into_iter().collect();
            return Some(format!(
                "a cycle of dependencies within {}",
                names.join(", ")
            ));
        }
    }
}

/// Names of the house that the lock file takes from a registry or a repository.
fn strangers_in_lock(lock: &str) -> Vec<String> {
    let field = |entry: &str, key: &str| {
        let line = entry.lines().find_map(|line| line.strip_prefix(key))?;
        Some(line.trim_matches(['"', ' ', '=']).to_owned())
    };
    lock.split("[[package]]")
        .filter_map(|entry| Some((field(entry, "name")?, field(entry, "source")?)))
        .filter(|(name, _)| room(name).is_some())
        .map(|(name, source)| format!("Cargo.lock takes {name} from {source}, not from its path"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, dependencies: &[(&str, &str)]) -> Package {
        Package {
            name: name.to_owned(),
            manifest_path: format!("/house/{name}/Cargo.toml").into(),
            dependencies: dependencies
                .iter()
                .map(|(kind, name)| by_path(kind, name))
                .collect(),
            features: BTreeMap::new(),
            targets: Vec::new(),
            publish: Some(Vec::new()),
        }
    }

    fn by_path(kind: &str, name: &str) -> Dependency {
        Dependency {
            name: name.to_owned(),
            kind: (kind != "normal").then(|| kind.to_owned()),
            path: Some(format!("/house/{name}").into()),
            rename: None,
        }
    }

    fn from_registry(name: &str) -> Dependency {
        Dependency {
            name: name.to_owned(),
            ..Dependency::default()
        }
    }

    #[test]
    fn a_graph_that_only_goes_down_is_accepted() {
        let house = [
            package("transport", &[]),
            package("simulator", &[("normal", "transport")]),
            package(
                "raft-core",
                &[("normal", "transport"), ("dev", "simulator")],
            ),
            package("kv", &[("build", "raft-core"), ("normal", "transport")]),
        ];
        assert_eq!(climbs(&house), Vec::<String>::new());
    }

    #[test]
    fn a_climbing_graph_is_refused() {
        for kind in ["normal", "build"] {
            let house = [package("transport", &[(kind, "kv")]), package("kv", &[])];
            assert_eq!(climbs(&house).len(), 1, "{kind}");
        }
    }

    #[test]
    fn crates_of_one_floor_do_not_import_each_other() {
        let house = [
            package("raft-core", &[]),
            package("snapshot", &[("normal", "raft-core")]),
        ];
        assert_eq!(
            climbs(&house),
            ["snapshot -> raft-core: floor 1 may import lower floors only, not floor 1"]
        );
    }

    #[test]
    fn a_world_that_knows_a_protocol_is_refused() {
        let house = [
            package("raft-core", &[]),
            package("simulator", &[("normal", "raft-core")]),
        ];
        assert_eq!(
            climbs(&house),
            ["simulator -> raft-core: a world knows no protocol"]
        );
    }

    #[test]
    fn tests_may_look_up_to_the_worlds_and_no_higher() {
        let house = [package("kv", &[]), package("clocks", &[("dev", "kv")])];
        assert_eq!(
            climbs(&house),
            ["clocks -> kv: tests may look up to floor 2, not 3"]
        );
    }

    #[test]
    fn tests_that_close_a_cycle_are_refused() {
        let house = [
            package("transport", &[("dev", "simulator")]),
            package("simulator", &[("normal", "transport")]),
        ];
        let breaches = climbs(&house);
        assert_eq!(
            breaches,
            ["a cycle of dependencies within simulator, transport"]
        );
    }

    #[test]
    fn a_crate_without_a_floor_is_refused() {
        assert_eq!(climbs(&[package("attic", &[])]).len(), 1);
    }

    #[test]
    fn a_peer_below_the_top_floor_is_refused() {
        let mut kv = package("kv", &[]);
        kv.dependencies.push(from_registry("raft"));
        let mut benches = package("benches", &[]);
        benches.dependencies.push(from_registry("raft"));
        let breaches = climbs(&[kv, benches]);
        assert_eq!(
            breaches,
            ["kv -> raft: peers appear on floor 5 only, not on floor 3"]
        );
    }

    #[test]
    fn a_member_s_name_from_a_registry_is_refused() {
        let mut kv = package("kv", &[]);
        kv.dependencies.push(from_registry("transport"));
        assert_eq!(climbs(&[package("transport", &[]), kv]).len(), 1);
    }

    #[test]
    fn a_stranger_renamed_to_a_member_is_refused() {
        let mut kv = package("kv", &[]);
        kv.dependencies.push(Dependency {
            rename: Some("transport".to_owned()),
            ..from_registry("something-else")
        });
        assert_eq!(climbs(&[package("transport", &[]), kv]).len(), 1);
    }

    #[test]
    fn a_lock_file_with_a_stranger_is_refused() {
        let own = "[[package]]\nname = \"kv\"\nversion = \"0.1.0\"\n";
        let stranger = "[[package]]\nname = \"kv\"\nsource = \"registry+somewhere\"\n";
        let other = "[[package]]\nname = \"serde\"\nsource = \"registry+somewhere\"\n";
        assert!(strangers_in_lock(&format!("{own}{other}")).is_empty());
        assert_eq!(strangers_in_lock(&format!("{own}{stranger}")).len(), 1);
    }

    #[test]
    fn no_crate_stands_twice_in_the_house() {
        let names: BTreeSet<_> = HOUSE.iter().map(|(_, name, _)| name).collect();
        assert_eq!(names.len(), HOUSE.len());
    }
}
