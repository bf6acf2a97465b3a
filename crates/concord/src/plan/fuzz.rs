//! Files that are nearly plans: whatever a file holds, it is a plan or is refused with its place.

use super::file::Plan;

const SEEDS: [&str; 4] = [
    include_str!("../../examples/plans/three-zones.toml"),
    include_str!("../../examples/plans/dynamo.toml"),
    include_str!("../../examples/plans/grid.toml"),
    "[nodes]\na = {}\nb = {}\nc = {}\n[staleness.each]\nmixture = [{ weight = 0.5, exponential = { mean_ms = 2 } }, \
     { weight = 0.5, pareto = { minimum_ms = 1, exponent = 2 }, plus_ms = 3 }]\n[[candidate]]\nname = \"x\"\n\
     reads = \"choose(2, a, b*c, a + b)\"\nwrites = \"a*b*c\"\n[[candidate]]\nname = \"wall\"\n\
     construction = \"crumbling-wall\"\nrows = [[\"a\"], [\"b\", \"c\"]]\n[[candidate]]\nname = \"chain\"\n\
     protocol = \"chain\"\norder = [\"c\", \"a\", \"b\"]\n",
];

/// What is put in somewhere.
const PIECES: [&str; 28] = [
    "nan",
    "-inf",
    "1e999",
    "-1",
    "0",
    "1.5",
    "99999999999999999999",
    "true",
    "\"",
    "'",
    "\"\"\"",
    "{}",
    "[]",
    "{",
    "[",
    "]",
    "=",
    ",",
    "\n",
    "#",
    "é",
    "\u{0}",
    "*",
    "+",
    "choose(0, a)",
    "(((",
    "a",
    "0x7fffffffffffffff",
];

/// Marsaglia's xorshift.
struct Words(u64);

impl Words {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }
}

/// A few pieces taken out, put in, doubled or exchanged.
fn mutated(text: &str, words: &mut Words) -> String {
    let mut text: Vec<char> = text.chars().collect();
    for _ in 0..=words.below(4) {
        let at = words.below(text.len() + 1);
        let to = (at + 1 + words.below(12)).min(text.len());
        let piece: Vec<char> = match words.below(5) {
            0 => Vec::new(),
            1 => PIECES[words.below(PIECES.len())].chars().collect(),
            2 => text[at..to].repeat(2),
            3 => text[at..to].iter().rev().copied().collect(),
            _ => {
                let from = words.below(text.len() + 1);
                text[from..(from + 20).min(text.len())].to_vec()
            }
        };
        text.splice(at..to, piece);
    }
    text.into_iter().collect()
}

#[test]
fn two_thousand_spoilt_files_are_plans_or_are_refused_with_their_place() {
    let mut words = Words(0x9e37_79b9_7f4a_7c15);
    let (mut plans, mut refused) = (0, 0);
    for turn in 0..2_000 {
        let text = mutated(SEEDS[turn % SEEDS.len()], &mut words);
        match Plan::read("p.toml", &text) {
            Ok(_) => plans += 1,
            Err(error) => {
                let error = error.to_string();
                assert!(error.starts_with("p.toml: "), "{error}\n{text}");
                let lines = error.lines().count();
                assert!(lines == 1 || lines == 3, "{error}\n{text}");
                refused += 1;
            }
        }
    }
    // Both happen, and often.
    assert!(plans > 40 && refused > 1_000, "{plans} {refused}");
}

#[test]
fn a_long_line_a_deep_list_and_a_large_number_are_refused_too() {
    let deep = format!("x = {}", "[".repeat(100_000));
    let long = format!("[nodes]\n{} = 1\n", "a".repeat(100_000));
    let many: String = (0..1_025).map(|node| format!("n{node} = {{}}\n")).collect();
    let many = format!("[nodes]\n{many}");
    let gates = format!(
        "[nodes]\na = {{}}\n[[candidate]]\nname = \"x\"\nreads = \"{}a\"\n",
        "(".repeat(50_000)
    );
    for text in [deep, long, many, gates] {
        let error = Plan::read("p.toml", &text).expect_err("too much");
        assert!(
            error.to_string().len() < 1_000,
            "{}",
            error.to_string().len()
        );
    }
}
