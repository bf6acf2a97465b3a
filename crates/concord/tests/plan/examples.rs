//! The reference page of the format: its examples are run, and print what the page says.

use std::path::Path;

use super::concord;

const FORMAT: &str = include_str!("../../src/plan/format.md");

/// The commands of the page, each with what it says that they print.
fn commands() -> Vec<(Vec<&'static str>, &'static str)> {
    let mut commands = Vec::new();
    for block in FORMAT.split("```console\n").skip(1) {
        let block = block.split("\n```").next().unwrap_or("");
        let (command, printed) = block.split_once('\n').unwrap_or((block, ""));
        let words = command.strip_prefix("$ concord ").expect("a command");
        commands.push((words.split(' ').collect(), printed));
    }
    commands
}

#[test]
fn every_example_prints_what_the_page_says() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let commands = commands();
    assert!(commands.len() >= 3);
    for (words, printed) in commands {
        let ran = concord(here, &words);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{words:?}");
        assert_eq!(ran.out.trim_end(), printed, "{words:?}");
        for line in ran.out.lines() {
            assert!(line.chars().count() <= 100, "{words:?}: {line}");
        }
    }
}

#[test]
fn every_example_has_an_object_a_candidate_with_the_keys_of_the_page() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    for example in ["dynamo", "grid"] {
        let file = format!("examples/plans/{example}.toml");
        let ran = concord(here, &["plan", &file, "--json"]);
        assert_eq!(ran.code, 0, "{ran:?}");
        for object in ran.json() {
            let object = object.as_object().expect("an object");
            for key in [
                "name",
                "load",
                "capacity",
                "network_load",
                "latency",
                "resilience",
                "certificate",
            ] {
                assert!(object.contains_key(key), "{example}: {key}");
            }
            for key in object.keys() {
                assert!(
                    FORMAT.contains(&format!("`{key}`")),
                    "{key} is not on the page"
                );
            }
        }
    }
}

#[test]
fn the_page_is_shown_and_names_every_section() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let ran = concord(here, &["plan", "--format-help"]);
    assert_eq!(ran.out.trim_end(), FORMAT.trim_end());
    for section in [
        "nodes",
        "zones",
        "workload",
        "strategy",
        "staleness",
        "leader",
        "partitions",
        "search",
    ] {
        assert!(FORMAT.contains(&format!("[{section}]")), "{section}");
    }
}

#[test]
fn a_line_is_never_wider_than_a_hundred_characters() {
    let nodes: String = (1..=5).map(|node| format!("node-{node} = {{ capacity = {node}e9, latency_ms = 123.456, failure = 0.012345, zone = \"zone {node}\" }}\n")).collect();
    let text = format!(
        "[nodes]\n{nodes}[staleness]\nfit = \"ymmr\"\n[[candidate]]\nname = \"{}\"\nr = 4\n[[candidate]]\nname = \"{}\"\nr = 5\n[[candidate]]\nname = \"write all\"\nprotocol = \"write-all\"\n",
        "long ".repeat(12),
        "wide ".repeat(12)
    );
    let ran = super::plan(&text, &["--explain"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    for line in ran.out.lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
}
