//! The house rules that a machine can read, each a function from text to breaches.
//!
//! | about | rule |
//! |---|---|
//! | the top level | only the entries of [`TOP_LEVEL`], files with a dot, and `Cargo.lock` |
//! | a member | README, changelog, both licences; the workspace's lints; never published |
//! | a library's `lib.rs` | a table of contents; on floors 0 and 1 with the denied lints |
//! | a Rust file | opens with what it is for, at most [`LINES_MAX`] lines, every exception explained |
//! | every text | no path of one machine, no registry's host, no note to oneself |
//! | the front page | names both commands that the gate runs |

use std::path::Path;

use super::{Findings, floors};
use crate::workspace::{Package, Workspace, read};

const TOP_LEVEL: &[&str] = &[
    "Cargo.lock",
    "Cargo.toml",
    "README.md",
    "benches",
    "crates",
    "xtask",
];
const MEMBER_FILES: &[&str] = &["CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT", "README.md"];
const LINES_MAX: usize = 800;

/// Spaces are left out before these are looked for.
const DENIED_ON_LOW_FLOORS: &[&str] = &[
    "cfg_attr(not(test),deny(clippy::unwrap_used,clippy::expect_used,clippy::panic))",
    "deny(clippy::disallowed_methods,clippy::disallowed_types)",
];

/// Put together from halves, so that this file obeys its own rule.
const FORBIDDEN: &[(&str, &str)] = &[
    (concat!("/wo", "rk/"), "a path of one machine"),
    (concat!("/tm", "p/"), "a path of one machine"),
    (concat!("/ro", "ot/"), "a path of one machine"),
    (concat!("/ho", "me/"), "a path of one machine"),
    (concat!("/Us", "ers/"), "a path of one machine"),
    (concat!("../sha", "red"), "a path of one machine"),
    (concat!("crates", ".io"), "a registry's host"),
    (concat!("TO", "DO"), "a note to oneself"),
    (concat!("FIX", "ME"), "a note to oneself"),
    (concat!("XX", "X"), "a note to oneself"),
    (concat!("=====", "==="), "a banner"),
];

const COMMANDS: &[&str] = &["cargo run --release -- sim", "cargo xtask ci"];

pub(super) fn step(workspace: &Workspace) -> Findings {
    breaches(workspace)
        .map(|(files, failures)| {
            let notes = vec![format!("{files} files")];
            Findings {
                failures,
                notes,
                ..Findings::default()
            }
        })
        .into()
}

fn breaches(workspace: &Workspace) -> Result<(usize, Vec<String>), String> {
    let files = workspace.files()?;
    let mut breaches = top_level(&files);
    for package in &workspace.packages {
        breaches.extend(member(&workspace.root, &files, package)?);
    }
    for name in &files {
        let bytes = std::fs::read(workspace.root.join(name)).unwrap_or_default();
        // Fixtures may be binary; rules are about text.
        if let Ok(text) = std::str::from_utf8(&bytes) {
            let found = text_breaches(name, text);
            breaches.extend(found.into_iter().map(|breach| format!("{name}: {breach}")));
        }
    }
    breaches.extend(front_page(
        &read(&workspace.root.join("README.md")).unwrap_or_default(),
    ));
    Ok((files.len(), breaches))
}

fn top_level(files: &[String]) -> Vec<String> {
    let mut entries: Vec<_> = files
        .iter()
        .filter_map(|name| name.split('/').next())
        .collect();
    entries.dedup();
    entries
        .into_iter()
        .filter(|entry| !entry.starts_with('.') && !TOP_LEVEL.contains(entry))
        .map(|entry| format!("{entry}: does not belong on the top level"))
        .collect()
}

fn member(root: &Path, files: &[String], package: &Package) -> Result<Vec<String>, String> {
    let folder = package
        .folder()
        .strip_prefix(root)
        .unwrap_or(package.folder());
    let path = |file: &str| folder.join(file).to_string_lossy().replace('\\', "/");
    let manifest = read(&package.manifest_path)?;
    let mut breaches: Vec<String> = MEMBER_FILES
        .iter()
        .map(|file| path(file))
        .filter(|path| !files.contains(path))
        .map(|path| format!("{path}: is missing"))
        .collect();
    breaches.extend(manifest_breaches(&manifest, package.publish.as_deref()));
    if folder.ends_with(&package.name) {
        if folder.starts_with("crates")
            && let Some(library) = package.library()
        {
            let source = read(library)?;
            breaches.extend(contents_only(&source));
            if floors::floor(&package.name).is_some_and(|floor| floor <= 1) {
                breaches.extend(denied_lints(&source));
            }
        }
    } else {
        breaches.push("the folder must have the package's name".to_owned());
    }
    let named = |breach: String| format!("{}: {breach}", package.name);
    Ok(breaches.into_iter().map(named).collect())
}

fn manifest_breaches(manifest: &str, publish: Option<&[String]>) -> Vec<String> {
    let mut breaches = Vec::new();
    let lints = manifest.split("\n[lints]").nth(1).map(str::trim_start);
    if !lints.is_some_and(|lints| lints.starts_with("workspace = true")) {
        breaches.push("Cargo.toml does not take the workspace's lints".to_owned());
    }
    if publish.is_none_or(|registries| !registries.is_empty()) {
        breaches.push("Cargo.toml would let it be published".to_owned());
    }
    breaches
}

fn denied_lints(source: &str) -> Vec<String> {
    let dense: String = source.chars().filter(|c| !c.is_whitespace()).collect();
    let dense = dense.replace(",)", ")");
    DENIED_ON_LOW_FLOORS
        .iter()
        .filter(|attribute| !dense.contains(&format!("#![{attribute}]")))
        .map(|attribute| format!("lib.rs of a pure crate lacks #![{attribute}]"))
        .collect()
}

fn contents_only(source: &str) -> Vec<String> {
    let words = [
        "fn ", "struct ", "enum ", "trait ", "impl ", "impl<", "const ", "static ", "type ",
    ];
    source
        .lines()
        .filter(|line| {
            let item = line.strip_prefix("pub ").unwrap_or(line);
            words.iter().any(|word| item.starts_with(word))
        })
        .map(|line| format!("lib.rs is a table of contents, not the place for `{line}`"))
        .collect()
}

fn text_breaches(name: &str, text: &str) -> Vec<String> {
    let mut breaches = Vec::new();
    if name != "Cargo.lock" && !name.contains("LICENSE") {
        breaches.extend(forbidden_words(text));
    }
    if name.ends_with(".rs") {
        breaches.extend(opening(text));
        breaches.extend(length(text));
        breaches.extend(unexplained(text));
    }
    breaches
}

fn forbidden_words(text: &str) -> Vec<String> {
    let lines = text.lines().enumerate();
    let on_line = |(index, line): (usize, &str)| {
        let found = FORBIDDEN.iter().filter(|(word, _)| line.contains(word));
        found
            .map(|(word, what)| format!("line {}: {word:?} is {what}", index + 1))
            .next()
    };
    lines.filter_map(on_line).collect()
}

fn opening(text: &str) -> Option<String> {
    let opens = text.starts_with("//!") || text.starts_with("#![doc");
    (!opens).then(|| "does not open with a line that says what it is for".to_owned())
}

fn length(text: &str) -> Option<String> {
    let lines = text.lines().count();
    (lines > LINES_MAX).then(|| format!("{lines} lines, {LINES_MAX} at most: look for the seam"))
}

/// Exceptions from lints that give no reason.
fn unexplained(text: &str) -> Vec<String> {
    let mut breaches = Vec::new();
    let mut line = 1;
    let mut rest = text;
    while let Some(start) = rest.find("#[").into_iter().chain(rest.find("#![")).min() {
        line += rest[..start].matches('\n').count();
        rest = &rest[start..];
        let attribute = bracketed(rest);
        let exception = ["allow(", "expect("].iter().any(|word| {
            attribute.contains(&format!("[{word}"))
                || (attribute.contains("[cfg_attr(") && attribute.contains(&format!(" {word}")))
        });
        if exception && !attribute.contains("reason = ") {
            breaches.push(format!("line {line}: an exception without a reason"));
        }
        rest = &rest[1..];
    }
    breaches
}

/// The attribute that `text` starts with, up to its closing bracket.
fn bracketed(text: &str) -> &str {
    let mut depth = 0_usize;
    for (index, c) in text.char_indices() {
        match c {
            '[' => depth += 1,
            ']' if depth == 1 => return &text[..index],
            ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    text
}

fn front_page(readme: &str) -> Vec<String> {
    let missing = COMMANDS
        .iter()
        .filter(|command| !readme.contains(**command));
    missing
        .map(|command| format!("README.md does not show `{command}`"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_new_entry_on_the_top_level_is_refused() {
        let files = [
            "Cargo.toml",
            "crates/kv/src/lib.rs",
            "docs/guide.md",
            "docs/other.md",
        ];
        let breaches = top_level(&strings(&files));
        assert_eq!(breaches, ["docs: does not belong on the top level"]);
        assert!(top_level(&strings(&[".ci/run", "README.md", "xtask/src/main.rs"])).is_empty());
    }

    #[test]
    fn a_member_without_its_files_lints_or_folder_is_refused() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let package = |name: &str| Package {
            name: name.to_owned(),
            manifest_path: folder.join("Cargo.toml"),
            dependencies: Vec::new(),
            features: std::collections::BTreeMap::new(),
            targets: Vec::new(),
            publish: Some(Vec::new()),
        };
        let root = folder.parent().unwrap();
        let complete: Vec<_> = MEMBER_FILES
            .iter()
            .map(|file| format!("xtask/{file}"))
            .collect();
        let found = |files: &[String], name| member(root, files, &package(name)).unwrap();
        assert_eq!(found(&complete, "xtask"), Vec::<String>::new());
        assert_eq!(
            found(&complete[1..], "xtask"),
            ["xtask: xtask/CHANGELOG.md: is missing"]
        );
        assert_eq!(
            found(&complete, "ytask"),
            ["ytask: the folder must have the package's name"]
        );
    }

    #[test]
    fn a_member_that_could_be_published_or_has_its_own_lints_is_refused() {
        let good = "[package]\n\n[lints]\nworkspace = true\n";
        assert!(manifest_breaches(good, Some(&[])).is_empty());
        assert_eq!(manifest_breaches(good, None).len(), 1);
        assert_eq!(manifest_breaches("[package]\n", Some(&[])).len(), 1);
        assert_eq!(
            manifest_breaches("[package]\n[lints]\nrust = 1", Some(&[])).len(),
            1
        );
    }

    #[test]
    fn a_pure_crate_without_the_denied_lints_is_refused() {
        let good = "#![cfg_attr(\n    not(test),\n    deny(clippy::unwrap_used, \
                    clippy::expect_used, clippy::panic),\n)]\n\
                    #![deny(clippy::disallowed_methods, clippy::disallowed_types)]\n";
        assert_eq!(denied_lints(good), Vec::<String>::new());
        assert_eq!(denied_lints(&good.replace(", clippy::panic", "")).len(), 1);
        assert_eq!(denied_lints("").len(), 2);
    }

    #[test]
    fn a_lib_rs_with_an_item_is_refused() {
        assert!(contents_only("mod a;\npub use a::{A};\n#[cfg(test)]\nmod tests;\n").is_empty());
        assert_eq!(contents_only("mod a;\npub fn f() {}\n").len(), 1);
        assert_eq!(contents_only("struct S;\n").len(), 1);
    }

    #[test]
    fn each_forbidden_word_is_found_with_its_line() {
        for (word, _) in FORBIDDEN {
            let breaches = forbidden_words(&format!("fine\nsee {word}x\n"));
            assert_eq!(breaches.len(), 1, "{word}");
            assert!(breaches[0].starts_with("line 2"), "{}", breaches[0]);
        }
        assert!(forbidden_words("a client session works").is_empty());
    }

    #[test]
    fn a_file_that_does_not_say_what_it_is_for_is_refused() {
        assert!(opening("//! Why.\nfn f() {}").is_none());
        assert!(opening("#![doc = include_str!(\"../README.md\")]").is_none());
        assert!(opening("fn f() {}").is_some());
    }

    #[test]
    fn a_file_that_is_too_long_is_refused() {
        assert!(length(&"x\n".repeat(LINES_MAX)).is_none());
        assert!(length(&"x\n".repeat(LINES_MAX + 1)).is_some());
    }

    #[test]
    fn an_exception_without_a_reason_is_refused() {
        // The attributes are put together, so that this file obeys its own rule.
        let attribute = |inner: &str| format!("//! Why.\n#[{inner}]\nfn f() {{}}\n");
        let refused = [
            attribute("allow(dead_code)"),
            attribute("expect(\n    dead_code\n)"),
            attribute("cfg_attr(test, allow(dead_code))"),
            attribute("derive(Debug)]\n#[expect(dead_code)"),
            attribute("expect(dead_code)").replace("#[", "#!["),
        ];
        for text in refused {
            assert_eq!(unexplained(&text).len(), 1, "{text}");
        }
        let accepted = [
            attribute("allow(dead_code, reason = \"used on one platform\")"),
            attribute("derive(Clone)"),
            attribute("doc = \"expect(1)\""),
        ];
        for text in accepted {
            assert!(unexplained(&text).is_empty(), "{text}");
        }
    }

    #[test]
    fn an_exception_is_named_by_its_line() {
        let text = format!("//! Why.\n#[derive(Debug)]\n\n#[{}]\n", "allow(x)");
        assert_eq!(
            unexplained(&text),
            ["line 4: an exception without a reason"]
        );
    }

    #[test]
    fn a_front_page_without_a_command_is_refused() {
        let page = format!("```sh\n{}\n```", COMMANDS.join("\n"));
        assert!(front_page(&page).is_empty());
        assert_eq!(front_page(&page.replace("xtask ci", "xtask")).len(), 1);
    }
}
