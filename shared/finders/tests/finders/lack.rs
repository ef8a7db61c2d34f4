//! Why a record has no file, in one line.

use crate::common::{find_in, page};
use granary_finders::Found;

fn reason(found: &Found) -> Option<String> {
    found.lack().map(|lack| lack.to_string())
}

#[test]
fn every_record_without_an_open_file_has_a_reason() {
    let eprint = |files: &str, rest: &str| {
        format!("<eprint><documents><document><files>{files}</files>{rest}</document></documents></eprint>")
    };
    let file = "<file><url>http://x.org/a.pdf</url></file>";
    for (metadata, expected) in [
        (eprint(file, ""), None),
        ("<mods/>".to_owned(), Some("nobody knows how to find files in this format")),
        ("<dc><identifier>http://x.org/7</identifier></dc>".to_owned(), Some("it names no file (oai_dc)")),
        (
            eprint("<file><filename>a.pdf</filename></file>", ""),
            Some("it names no file that can be read (eprints3): a file has no URL: \"a.pdf\""),
        ),
        (
            eprint(file, "<security>staffonly</security>"),
            Some("none of its files is open (eprints3): 1 restricted, 0 embargoed, 0 derived"),
        ),
        (
            eprint(file, "<date_embargo>2030</date_embargo>"),
            Some("none of its files is open (eprints3): 0 restricted, 1 embargoed, 0 derived"),
        ),
    ] {
        assert_eq!(reason(&find_in(&metadata)).as_deref(), expected, "{metadata}");
    }
}

#[test]
fn every_page_without_a_file_has_a_reason() {
    for (content_type, body, expected) in [
        ("text/html", "<html>", "it names no file (html_meta)"),
        ("application/json", "{}", "nobody knows how to find files in this format"),
        ("application/linkset+json", "{\"linkset\": []}", "it names no file (signposting)"),
    ] {
        assert_eq!(reason(&page(content_type, &[], body).found).as_deref(), Some(expected), "{content_type}");
    }
}
