//! Each of the 45 troubles of docs/QUIRKS.md, end to end: the real binary against a repository that has it. What is
//! stored, what is reported, and with which code it ends. Tests are named by the sentence and begin with the number.
#![allow(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod case;
mod dates;
mod records;
mod servers;
#[path = "../support/mod.rs"]
mod support;
mod text;
mod tokens;

use granary_test_repository::Quirk;

/// A trouble that nothing is tested for would go unnoticed.
#[test]
fn every_trouble_has_a_test() {
    let files = [
        include_str!("tokens.rs"),
        include_str!("dates.rs"),
        include_str!("text.rs"),
        include_str!("servers.rs"),
        include_str!("records.rs"),
    ];
    for number in 1..=45 {
        let name = format!("fn q{number:02}_");
        assert!(files.iter().any(|file| file.contains(&name)), "{number}");
    }
    for quirk in Quirk::ALL {
        let name = format!("Quirk::{quirk:?}");
        let is_used = |file: &&str| {
            file.match_indices(&name)
                .any(|(at, _)| !file[at + name.len()..].starts_with(char::is_alphanumeric))
        };
        assert!(files.iter().any(is_used), "{name}");
    }
}
