//! How a value is made of the text of an element and of the elements in it.

use crate::describe::{Field, Value, names::Meaning};

/// Elements in it by their names, and their texts.
type Parts = [(String, String)];

/// What repositories call those who made a work: words, and the codes of MARC relators.
const MAKERS: &[&str] = &["author", "aut", "creator", "cre"];

/// The value, and its field: only the parts of a name say whose it is. Nothing when there is no text.
pub(super) fn compose(meaning: Meaning, text: &str, parts: &Parts) -> Option<(Field, Value)> {
    let Meaning { mut field, mut kind } = meaning;
    let text = match field {
        Field::Title => title(text, parts),
        Field::Creator | Field::Contributor => {
            let role = part(parts, &["roleTerm", "role"]).or(kind.as_deref()).unwrap_or_default();
            if parts.iter().any(|(name, role)| name == "roleTerm" && is_maker(role)) || is_maker(role) {
                (field, kind) = (Field::Creator, None);
            } else if !role.is_empty() && !["personal", "corporate", "conference"].contains(&role) {
                (field, kind) = (Field::Contributor, Some(role.to_owned()));
            } else {
                kind = None;
            }
            name(text, parts)
        }
        Field::Date => {
            kind = kind.or_else(|| part(parts, &["date_type"]).map(str::to_owned));
            date(text, parts)
        }
        Field::Link => part(parts, &["url"]).map_or_else(|| on_one_line(text), str::to_owned),
        Field::Subject if !parts.is_empty() => {
            let mut parts: Vec<_> = parts.iter().map(|(_, text)| text.as_str()).collect();
            parts.dedup();
            parts.join(" / ")
        }
        // The name comes first, its place or its code after it.
        Field::Publisher | Field::Language => {
            parts.first().map_or_else(|| on_one_line(text), |(_, text)| text.clone())
        }
        Field::PublishedIn
        | Field::Type
        | Field::Identifier
        | Field::Subject
        | Field::Abstract
        | Field::Rights => on_one_line(text),
    };
    (!text.is_empty()).then_some((field, Value { text, kind }))
}

fn is_maker(role: &str) -> bool {
    MAKERS.iter().any(|maker| maker.eq_ignore_ascii_case(role))
}

/// The first part with one of these names, the first name first.
fn part<'a>(parts: &'a Parts, names: &[&str]) -> Option<&'a str> {
    let find = |name: &&str| parts.iter().find(|(part, _)| part == name).map(|(_, text)| text.as_str());
    names.iter().find_map(find)
}

/// MODS, JATS and MARC (whose cataloguers write `/` and `:` between the two).
fn title(text: &str, parts: &Parts) -> String {
    let Some(main) = part(parts, &["title", "article-title", "a"]) else { return on_one_line(text) };
    let plain = |text: &str| text.trim_end_matches([' ', '/', ':']).to_owned();
    let article = part(parts, &["nonSort"]).map(|article| format!("{article} ")).unwrap_or_default();
    let below = part(parts, &["subTitle", "subtitle", "b"]).map(|below| format!(": {}", plain(below)));
    format!("{article}{}{}", plain(main), below.unwrap_or_default())
}

fn name(text: &str, parts: &Parts) -> String {
    let family = part(parts, &["family", "surname", "familyName"]);
    let given = part(parts, &["given", "given-names", "givenName"]);
    match (family, given) {
        (Some(family), Some(given)) => format!("{family}, {given}"),
        (Some(family), None) => family.to_owned(),
        (None, _) if parts.is_empty() => on_one_line(text),
        (None, given) => {
            let whole = [
                "creatorName",
                "contributorName",
                "displayForm",
                "string-name",
                "collab",
                "namePart",
                "name",
                "a",
            ];
            let whole = part(parts, &whole).or(given).unwrap_or_default();
            whole.trim_end_matches([',', ' ']).to_owned()
        }
    }
}

fn date(text: &str, parts: &Parts) -> String {
    let Some(year) = part(parts, &["year"]) else {
        return part(parts, &["date"]).map_or_else(|| on_one_line(text), str::to_owned);
    };
    let two = |text: &str| format!("-{text:0>2}");
    let month = part(parts, &["month"]).map(two);
    let day = month.as_ref().and_then(|_| part(parts, &["day"])).map(two);
    [Some(year.to_owned()), month, day].into_iter().flatten().collect()
}

/// A text without white space around it, and with single spaces inside.
pub(super) fn on_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
