//! The `Link` header, and `application/linkset`, which has the same form but for line breaks (RFC 8288, section 3 and
//! appendix B; RFC 9264, section 4.1).

use url::Url;

use super::typed_link::TypedLink;

/// The links of a value, resolved against `base`. What is no link is skipped.
pub(super) fn parse<'a>(value: &'a str, base: &'a Url) -> impl Iterator<Item = TypedLink> + 'a {
    let mut rest = value;
    std::iter::from_fn(move || {
        let (_, after) = rest.split_once('<')?;
        let (target, after) = after.split_once('>')?;
        let (parameters, after) = parameters(after);
        rest = after;
        Some(link(target, base, parameters))
    })
}

/// Of a parameter that is there twice, the first counts.
fn link(target: &str, base: &Url, parameters: Vec<(String, String)>) -> TypedLink {
    let (mut relations, mut content_type, mut title, mut profile) = (None, None, None, None);
    for (name, value) in parameters {
        let known = match name.as_str() {
            "rel" => &mut relations,
            "type" => &mut content_type,
            "title" => &mut title,
            "profile" => &mut profile,
            _ => continue,
        };
        known.get_or_insert(value);
    }
    TypedLink { content_type, title, profile, ..TypedLink::new(target, base, &relations.unwrap_or_default()) }
}

/// The parameters after a target, names in lower case, and what follows them: the next link.
fn parameters(mut rest: &str) -> (Vec<(String, String)>, &str) {
    let mut parameters = Vec::new();
    while let Some(after) = rest.trim_start().strip_prefix(';') {
        let end = after.find(['=', ';', ',']).unwrap_or(after.len());
        let name = after[..end].trim().to_ascii_lowercase();
        rest = &after[end..];
        let mut text = String::new();
        if let Some(after) = rest.strip_prefix('=') {
            (text, rest) = value(after.trim_start());
        }
        parameters.push((name, text));
    }
    (parameters, rest)
}

/// A value, quoted or not, and what follows it.
fn value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([';', ',']).unwrap_or(text.len());
        return (text[..end].trim().to_owned(), &text[end..]);
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (value, &quoted[at + 1..]),
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            other => value.push(other),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `target rel type title`, with `-` for what is not said.
    fn lines(value: &str) -> Vec<String> {
        let base = Url::parse("http://x.org/a/b").unwrap();
        let line = |link: TypedLink| {
            let known = [link.content_type, link.title].map(|text| text.unwrap_or_else(|| "-".to_owned()));
            format!("{} {} {}", link.target, link.relations.join("+"), known.join(" "))
        };
        parse(value, &base).map(line).collect()
    }

    #[test]
    fn links_have_a_target_and_parameters() {
        for (value, expected) in [
            ("<http://y.org/1>; rel=item", vec!["http://y.org/1 item - -"]),
            (
                "</1> ; rel=\"item\" ; type=\"application/pdf\" , <2>;rel=item",
                vec!["http://x.org/1 item application/pdf -", "http://x.org/a/2 item - -"],
            ),
            ("<1>; Rel=\"Item  cite-as\"; rel=other", vec!["http://x.org/a/1 item+cite-as - -"]),
            (
                "<1,2;3>;rel=item;title=\"a, \\\"b\\\"; c\",<4>",
                vec!["http://x.org/a/1,2;3 item - a, \"b\"; c", "http://x.org/a/4  - -"],
            ),
            (
                "<1>;\n rel=\"item\"\n ,\n<2>; rel=\"item\"\n",
                vec!["http://x.org/a/1 item - -", "http://x.org/a/2 item - -"],
            ),
            ("Link: <1>; crossorigin; rel=item", vec!["http://x.org/a/1 item - -"]),
            (
                "<1>; rel=item garbage, <2>; rel=item",
                vec!["http://x.org/a/1 item+garbage - -", "http://x.org/a/2 item - -"],
            ),
            ("<1>; rel=\"item", vec!["http://x.org/a/1 item - -"]),
            ("<1", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(lines(value), expected, "{value}");
        }
    }
}
