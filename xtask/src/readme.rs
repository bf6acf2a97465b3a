//! The README shows what the programs print: its figures are held to a run.
//!
//! Of the table of `concord sim` every column is compared but the one that depends on the machine. The
//! lines of `concord cap` must be in its output as they are.

use crate::campaign::Campaign;

/// What the README says otherwise than the campaigns of the main job.
pub(crate) fn differs_from_campaigns(readme: &str, campaigns: &[Campaign]) -> Vec<String> {
    let shown = |campaign: &Campaign| -> Option<Vec<String>> {
        let of_protocol = |line: &&str| {
            let mut words = line.split_whitespace();
            words.next() == Some(campaign.protocol.as_str()) && words.clone().count() == 10
        };
        let line = readme.lines().find(of_protocol)?;
        let words = line.split_whitespace().enumerate();
        // The eighth column is events per second.
        let steady = words.filter(|(column, _)| *column != 7);
        Some(steady.map(|(_, word)| word.to_owned()).collect())
    };
    let differs = |campaign: &Campaign| {
        let row = campaign.steady_row();
        (shown(campaign).as_ref() != Some(&row)).then(|| {
            format!(
                "README.md should show, with events per second: {}",
                row.join(" ")
            )
        })
    };
    campaigns.iter().filter_map(differs).collect()
}

/// The lines of the README's table of partitions that `concord cap` did not print.
pub(crate) fn differs_from_cap(readme: &str, printed: &str) -> Vec<String> {
    let table = readme
        .split("```text\n")
        .filter_map(|block| block.split("```").next());
    let table = table.filter(|block| block.contains("availability"));
    let lines: Vec<&str> = table.flat_map(str::lines).collect();
    if lines.is_empty() {
        return vec!["README.md shows no table of `concord cap`".to_owned()];
    }
    let absent = lines
        .into_iter()
        .filter(|line| !printed.lines().any(|real| real == *line));
    absent
        .map(|line| format!("README.md shows, and `concord cap` does not: {line}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::parse;

    const README: &str = "```text\nprotocol nodes\nraft  5  40  9  1  2  700  123456  3 s  holds\n```\n\
        ```text\nprotocol availability\nraft none\n```\n";

    fn ran() -> Vec<Campaign> {
        parse(
            r#"{"protocol": "raft", "nodes": 5, "seeds": 40, "verdict": "holds", "events": 700,
            "operations": {"ok": 9, "failed": 1, "unknown": 2}, "virtual_seconds": 3.2}"#,
        )
        .expect("an object")
    }

    #[test]
    fn a_figure_that_a_run_does_not_give_is_found_and_the_machine_s_speed_is_not() {
        assert_eq!(differs_from_campaigns(README, &ran()), [""; 0]);
        let faster = README.replace("123456", "99");
        assert_eq!(differs_from_campaigns(&faster, &ran()), [""; 0]);
        for (shown, wrong) in [
            ("holds", "violated"),
            ("700", "701"),
            ("  9", "  8"),
            ("raft", "zab"),
        ] {
            let readme = README.replace(shown, wrong);
            assert_eq!(differs_from_campaigns(&readme, &ran()).len(), 1, "{wrong}");
        }
    }

    #[test]
    fn a_line_that_cap_does_not_print_is_found() {
        let printed = "protocol availability\nraft none\nraft side\n";
        assert_eq!(differs_from_cap(README, printed), [""; 0]);
        assert_eq!(differs_from_cap(README, "protocol availability\n").len(), 1);
        assert_eq!(differs_from_cap("no table", printed).len(), 1);
    }
}
