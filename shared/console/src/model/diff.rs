//! What differs between two texts, line by line: pure, and bounded.

use serde::Serialize;

/// How many lines are compared; of longer texts nothing is said. The table has a million cells.
const MOST_LINES: usize = 1000;

/// A line of one of two texts, or of both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "in", content = "line")]
pub(crate) enum Line {
    /// Of both.
    Both(String),
    /// Only of the first.
    Before(String),
    /// Only of the second.
    After(String),
}

/// The lines of XML, an element on each, so that what was sent on one line can be compared.
pub(crate) fn lines(xml: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    for line in xml.lines() {
        let mut rest = line;
        while let Some(at) = rest.find("><") {
            lines.push(rest[..=at].trim());
            rest = &rest[at + 1..];
        }
        lines.push(rest.trim());
    }
    lines.retain(|line| !line.is_empty());
    lines
}

/// The shortest way from one text to the other. Nothing when the texts differ in too many lines to tell.
pub(crate) fn diff(before: &[&str], after: &[&str]) -> Option<Vec<Line>> {
    let same = |(one, other): &(&&str, &&str)| one == other;
    let head = before.iter().zip(after).take_while(same).count();
    let tail = before[head..].iter().rev().zip(after[head..].iter().rev()).take_while(same).count();
    let (one, other) = (&before[head..before.len() - tail], &after[head..after.len() - tail]);
    if one.len() > MOST_LINES || other.len() > MOST_LINES {
        return None;
    }
    let both = |lines: &[&str]| lines.iter().map(|line| Line::Both((*line).to_owned())).collect::<Vec<_>>();
    let mut all = both(&before[..head]);
    all.extend(middle(one, other));
    all.extend(both(&before[before.len() - tail..]));
    Some(all)
}

/// By the longest common subsequence.
fn middle(before: &[&str], after: &[&str]) -> Vec<Line> {
    // `longest[i][j]`: of what is left of both from there on.
    let mut longest = vec![vec![0_u32; after.len() + 1]; before.len() + 1];
    for i in (0..before.len()).rev() {
        for j in (0..after.len()).rev() {
            longest[i][j] = match before[i] == after[j] {
                true => longest[i + 1][j + 1] + 1,
                false => longest[i + 1][j].max(longest[i][j + 1]),
            };
        }
    }
    let (mut i, mut j, mut lines) = (0, 0, Vec::new());
    while i < before.len() || j < after.len() {
        if i < before.len() && j < after.len() && before[i] == after[j] {
            lines.push(Line::Both(before[i].to_owned()));
            (i, j) = (i + 1, j + 1);
        } else if j == after.len() || (i < before.len() && longest[i + 1][j] >= longest[i][j + 1]) {
            lines.push(Line::Before(before[i].to_owned()));
            i += 1;
        } else {
            lines.push(Line::After(after[j].to_owned()));
            j += 1;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(before: &str, after: &str) -> Vec<String> {
        let diff = diff(&lines(before), &lines(after)).unwrap();
        diff.iter()
            .map(|line| match line {
                Line::Both(line) => format!("  {line}"),
                Line::Before(line) => format!("- {line}"),
                Line::After(line) => format!("+ {line}"),
            })
            .collect()
    }

    #[test]
    fn what_differs_is_told_element_by_element() {
        assert_eq!(
            shown("<a><b>1</b><c>2</c></a>", "<a>\n  <b>1</b>\n  <c>3</c>\n  <d/>\n</a>"),
            ["  <a>", "  <b>1</b>", "- <c>2</c>", "+ <c>3</c>", "+ <d/>", "  </a>"]
        );
        assert_eq!(shown("<a/>", "<a/>"), ["  <a/>"]);
        assert_eq!(shown("", "<a/>"), ["+ <a/>"]);
        assert_eq!(shown("a\nb\nc\nd", "x\nb\nd\ny"), ["- a", "+ x", "  b", "- c", "  d", "+ y"]);
    }

    #[test]
    fn of_texts_that_differ_all_over_nothing_is_said() {
        let (one, other): (String, String) =
            (0..=MOST_LINES).map(|n| (format!("{n}\n"), format!("x{n}\n"))).unzip();
        assert_eq!(diff(&lines(&one), &lines(&other)), None);
        assert!(diff(&lines(&one), &lines(&one)).is_some(), "the same is the same however long it is");
    }
}
