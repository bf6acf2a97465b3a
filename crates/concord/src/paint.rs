//! Colour, where a person looks at it: standard output is a terminal and `NO_COLOR` is not set.

use std::io::IsTerminal;

/// The colours of a verdict.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Tone {
    Good,
    Bad,
    Doubtful,
    Quiet,
}

/// `text`, in a colour if anybody sees it.
pub(crate) fn paint(tone: Tone, text: &str) -> String {
    let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    if !wanted || !std::io::stdout().is_terminal() {
        return text.to_owned();
    }
    let code = match tone {
        Tone::Good => 32,
        Tone::Bad => 31,
        Tone::Doubtful => 33,
        Tone::Quiet => 2,
    };
    format!("\u{1b}[{code}m{text}\u{1b}[0m")
}
