//! Patterns of paths.

/// A pattern in which `*` stands for any text, slashes and nothing at all included; all else stands for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Glob(String);

impl Glob {
    pub(crate) fn new(pattern: &str) -> Self {
        Self(pattern.to_owned())
    }

    /// Whether the whole text fits the pattern.
    pub(crate) fn matches(&self, text: &str) -> bool {
        let Some((head, rest)) = self.0.split_once('*') else { return self.0 == text };
        let Some(mut text) = text.strip_prefix(head) else { return false };
        let (middle, tail) = rest.rsplit_once('*').unwrap_or(("", rest));
        // Taking each piece as early as it comes leaves the most for the pieces that follow.
        for piece in middle.split('*') {
            match text.find(piece) {
                Some(at) => text = &text[at + piece.len()..],
                None => return false,
            }
        }
        text.ends_with(tail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        let cases = [
            ("/3/1/*", "/3/1/paper.pdf", true),
            ("/3/1/*", "/3/1/", true),
            ("/3/1/*", "/13/1/paper.pdf", false),
            ("*", "", true),
            ("*.pdf", "/3/1/paper.pdf", true),
            ("*.pdf", "/3/1/paper.pdf?x", false),
            ("/*/1/*.pdf", "/3/1/paper.pdf", true),
            ("/a*a", "/a", false),
            ("/a*a", "/aa", true),
            ("/*/*/x", "/1/2/x", true),
            ("/*b*b", "/ab", false),
            ("/cgi/oai2", "/cgi/oai2", true),
            ("/cgi/oai2", "/cgi/oai2?verb=Identify", false),
            ("", "", true),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(Glob::new(pattern).matches(text), expected, "{pattern} on {text}");
        }
    }
}
