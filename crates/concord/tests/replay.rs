//! `concord replay`: files that cannot be replayed. That a failure replays is shown by the unit tests
//! of `artefact`, with a planted rule, and by `cargo xtask mutants --simulator`, with planted bugs.

mod common;

use common::{concord, folder};

#[test]
fn a_file_that_is_no_artefact_is_refused_with_its_place() {
    let here = folder("replay");
    for (file, text, hint) in [
        ("empty.json", "", "line 1"),
        ("noise.json", "{\"format\": 1,", "line 1"),
        ("other.json", "{\"answer\": 42}", "format"),
        (
            "older.json",
            "{\"format\": 1, \"planned\": 3}",
            "is of format 1",
        ),
    ] {
        std::fs::write(here.join(file), text).expect("a file for the test");
        let ran = concord(&here, &["replay", file]);
        assert_eq!(ran.code, 2, "{file}: {ran:?}");
        assert!(
            ran.err.contains(file) && ran.err.contains(hint),
            "{}",
            ran.err
        );
    }
    let ran = concord(&here, &["replay", "absent.json"]);
    assert_eq!(ran.code, 2);
}
