//! "Did you mean": the word that is nearest to one that is unknown.

/// So many characters of a word are compared.
const WORD_MAX: usize = 48;

/// ` (did you mean …?)` if some word is near enough: at most a third of it differs. Equal distances are
/// settled by order.
pub(crate) fn nearest<'a>(word: &str, words: impl Iterator<Item = &'a str>) -> String {
    let distances = words.map(|other| (distance(word, other), other));
    let near = distances.filter(|(distance, other)| {
        let length = other.chars().count().max(word.chars().count());
        *distance <= (length / 3).max(1) && *distance < length
    });
    match near.min_by_key(|(distance, _)| *distance) {
        Some((_, other)) => format!(" (did you mean `{other}`?)"),
        None => String::new(),
    }
}

/// How many letters must be added, taken away, changed, or exchanged with their neighbour.
fn distance(one: &str, other: &str) -> usize {
    let one: Vec<char> = one.to_lowercase().chars().take(WORD_MAX).collect();
    let other: Vec<char> = other.to_lowercase().chars().take(WORD_MAX).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=other.len()).collect();
    for (row, letter) in one.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, second) in other.iter().enumerate() {
            let mut least = (above[column] + usize::from(letter != second))
                .min(above[column + 1] + 1)
                .min(current[column] + 1);
            let is_exchanged =
                row > 0 && column > 0 && *letter == other[column - 1] && one[row - 1] == *second;
            if is_exchanged {
                least = least.min(before[column - 1] + 1);
            }
            current.push(least);
        }
        before = std::mem::replace(&mut above, current);
    }
    above.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_guessed_and_a_far_one_is_not() {
        let words = || ["read_capacity", "write_capacity", "zone", "failure"].into_iter();
        assert_eq!(
            nearest("read_capcity", words()),
            " (did you mean `read_capacity`?)"
        );
        assert_eq!(nearest("failrue", words()), " (did you mean `failure`?)");
        assert_eq!(nearest("zones", words()), " (did you mean `zone`?)");
        assert_eq!(nearest("colour", words()), "");
        assert_eq!(distance("ab", "ba"), 1);
        assert_eq!(distance("", "abc"), 3);
    }
}
