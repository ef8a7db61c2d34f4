//! Tells an HTML page from a file. Pure.

/// Whether an answer is an HTML page: it says so, or begins like one.
pub(crate) fn looks_like_html(content_type: Option<&str>, first: &[u8]) -> bool {
    let content_type = content_type.unwrap_or_default().trim_start().to_ascii_lowercase();
    if content_type.starts_with("text/html") || content_type.starts_with("application/xhtml") {
        return true;
    }
    let start = first.strip_prefix(b"\xef\xbb\xbf").unwrap_or(first).trim_ascii_start();
    let begins = |with: &[u8]| start.len() >= with.len() && start[..with.len()].eq_ignore_ascii_case(with);
    begins(b"<!doctype html") || begins(b"<html")
}

#[cfg(test)]
mod tests {
    use super::looks_like_html;

    #[test]
    fn a_page_is_told_by_its_type_or_by_how_it_begins() {
        assert!(looks_like_html(Some("text/html; charset=utf-8"), b"%PDF-1.4"));
        assert!(looks_like_html(Some("application/pdf"), b"\xef\xbb\xbf \n<!DOCTYPE HTML PUBLIC"));
        assert!(looks_like_html(None, b"<HTML>"));
        assert!(!looks_like_html(Some("application/pdf"), b"%PDF-1.4"));
        assert!(!looks_like_html(Some("text/xml"), b"<?xml version='1.0'?><html/>"));
        assert!(!looks_like_html(None, b"<htm"));
    }
}
