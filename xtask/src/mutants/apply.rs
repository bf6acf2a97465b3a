//! Applying a mutant to the text of its file: exactly once, or not at all.

use super::table::Mutant;

/// The changed text.
pub(super) fn apply(mutant: &Mutant, text: &str) -> Result<String, String> {
    let Mutant {
        file,
        find,
        replace,
        ..
    } = mutant;
    if find == replace {
        return Err("it changes nothing".to_owned());
    }
    match text.matches(find).count() {
        1 if !find.is_empty() => Ok(text.replacen(find, replace, 1)),
        0 => Err(format!("{file} does not contain `{find}`")),
        count => Err(format!("{file} contains `{find}` {count} times, not once")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::{Simulator, lib};
    use super::*;

    const fn mutant(find: &'static str, replace: &'static str) -> Mutant {
        Mutant {
            name: "a-mutant",
            guard: "a guard",
            file: "a file",
            find,
            replace,
            killed_by: lib("package", "test"),
            simulator: Simulator::Blind {
                because: "it is an example",
            },
        }
    }

    #[test]
    fn one_match_is_replaced() {
        let text = apply(&mutant("a < b", "a <= b"), "if a < b {}").unwrap();
        assert_eq!(text, "if a <= b {}");
    }

    #[test]
    fn no_match_is_refused() {
        assert!(apply(&mutant("a < b", "a <= b"), "if a > b {}").is_err());
    }

    #[test]
    fn two_matches_are_refused() {
        let error = apply(&mutant("a < b", "a <= b"), "a < b; a < b").unwrap_err();
        assert!(error.contains("2 times"), "{error}");
    }

    #[test]
    fn a_mutant_that_changes_nothing_is_refused() {
        assert!(apply(&mutant("a", "a"), "a").is_err());
        assert!(apply(&mutant("", "b"), "a").is_err());
    }
}
