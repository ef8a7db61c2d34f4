//! What kind of file it is, and what a browser may do with it.

/// What may be shown, by what the server said it is.
const SHOWN: &[&str] =
    &["application/pdf", "image/png", "image/jpeg", "image/gif", "image/webp", "text/plain"];

/// Endings of names whose type nobody has told, as in silos of 2010.
const ENDINGS: &[(&str, &str)] = &[
    (".pdf", "application/pdf"),
    (".png", "image/png"),
    (".jpg", "image/jpeg"),
    (".jpeg", "image/jpeg"),
    (".gif", "image/gif"),
    (".webp", "image/webp"),
    (".txt", "text/plain"),
];

/// The kind of a stored file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kind {
    /// What is sent as `Content-Type`.
    content_type: String,
    essence: String,
}

impl Kind {
    /// The kind of a file with this `Content-Type` and name. A type that is none is that of unknown bytes.
    pub(crate) fn of(content_type: Option<&str>, name: &str) -> Self {
        let lower = name.to_ascii_lowercase();
        let by_name = || ENDINGS.iter().find(|(ending, _)| lower.ends_with(ending)).map(|(_, known)| *known);
        let told = content_type.map(str::trim).filter(|told| is_media_type(told));
        let content_type = told.or_else(by_name).unwrap_or("application/octet-stream");
        let essence = essence(content_type);
        let is_plain = essence == "text/plain" && !content_type.to_ascii_lowercase().contains("charset");
        let content_type = if is_plain { "text/plain; charset=utf-8" } else { content_type };
        Self { content_type: content_type.to_owned(), essence }
    }

    pub(crate) fn content_type(&self) -> &str {
        &self.content_type
    }

    /// Whether it may be looked at in the browser.
    pub(crate) fn is_shown(&self) -> bool {
        SHOWN.contains(&self.essence.as_str())
    }
}

fn essence(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Whether it is `type/subtype`, with parameters or without, and can be sent in a header.
fn is_media_type(text: &str) -> bool {
    let is_token = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
    };
    let is_sendable = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    let parts = essence(text);
    is_sendable && parts.split_once('/').is_some_and(|(main, sub)| is_token(main) && is_token(sub))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_cannot_hold_a_script_is_shown() {
        for (told, name, sent, is_shown) in [
            (Some("application/pdf"), "a", "application/pdf", true),
            (Some("Image/PNG; a=b"), "a", "Image/PNG; a=b", true),
            (Some("text/plain"), "a.html", "text/plain; charset=utf-8", true),
            (Some("text/plain; Charset=latin1"), "a", "text/plain; Charset=latin1", true),
            (Some("text/html"), "a.pdf", "text/html", false),
            (Some("image/svg+xml"), "a.png", "image/svg+xml", false),
            (Some("text/xml"), "a", "text/xml", false),
            (Some("application/xhtml+xml"), "a", "application/xhtml+xml", false),
            (None, "Draft.PDF", "application/pdf", true),
            (None, "page 1.txt", "text/plain; charset=utf-8", true),
            (None, "a.html", "application/octet-stream", false),
            (None, "XML", "application/octet-stream", false),
            (Some("pdf"), "a", "application/octet-stream", false),
            (Some("text/plain\r\nX: y"), "a", "application/octet-stream", false),
            (Some("text/pläin"), "a", "application/octet-stream", false),
            (Some(""), "a.gif", "image/gif", true),
        ] {
            let kind = Kind::of(told, name);
            assert_eq!((kind.content_type(), kind.is_shown()), (sent, is_shown), "{told:?} {name}");
        }
    }
}
