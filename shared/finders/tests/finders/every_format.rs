//! Rules that hold for every format.

use crate::common::{find_in, lines, try_find, urls};
use granary_finders::Method;

/// One file at a URL with a name, and what breaks off behind it, in every format that names files as such.
const FORMATS: &[(Method, &str, &str)] = &[
    (
        Method::Eprints3,
        "<eprints><eprint><eprintid>7</eprintid><documents>",
        "<document><files><file><url>URL</url></file></files></document>",
    ),
    (Method::Mets, "<mets><fileSec>", "<file><FLocat xlink:href='URL'/></file>"),
    (
        Method::Xoai,
        "<metadata><metadata><element name='bundles'><element name='bundle'><element name='bitstreams'>",
        "<element name='bitstream'><field name='url'>URL</field></element>",
    ),
    (
        Method::Ore,
        "<entry xmlns:o='http://www.openarchives.org/ore/atom/'>",
        "<link rel='http://www.openarchives.org/ore/terms/aggregates' href='URL'/>",
    ),
    (
        Method::Didl,
        "<DIDL>",
        "<Item><Descriptor><Statement><ObjectType>info:eu-repo/semantics/objectFile</ObjectType></Statement></Descriptor>\
         <Component><Resource ref='URL'/></Component></Item>",
    ),
    (Method::Openaire, "<resource xmlns='http://namespace.openaire.eu/schema/oaire/'>", "<file>URL</file>"),
    (Method::Rioxx, "<rioxx>", "<relation rel='item'>URL</relation>"),
    (Method::Jats, "<article><front><article-meta>", "<self-uri content-type='pdf' xlink:href='URL'/>"),
    (
        Method::Marcxml,
        "<record><leader/>",
        "<datafield tag='856'><subfield code='u'>URL</subfield></datafield>",
    ),
    (Method::OaiDc, "<dc>", "<identifier>URL</identifier>"),
];

/// The end tags of what a start leaves open.
fn close(start: &str) -> String {
    let mut open = Vec::new();
    for tag in start.split('<').filter(|tag| !tag.is_empty() && !tag.ends_with("/>")) {
        match tag.strip_prefix('/') {
            Some(_) => drop(open.pop()),
            None => open.extend(tag.split([' ', '>']).next()),
        }
    }
    open.iter().rev().map(|name| format!("</{name}>")).collect()
}

fn document(start: &str, file: &str, urls: &[&str]) -> String {
    let files: String = urls.iter().map(|url| file.replace("URL", url)).collect();
    format!("{start}{files}{}", close(start))
}

#[test]
fn files_come_in_document_order_and_each_url_once() {
    let urls_written =
        ["http://x.org/b.pdf", "http://x.org/a.pdf", "HTTP://X.org:80/b.pdf", "http://x.org/b.pdf#page=2"];
    for (method, start, file) in FORMATS {
        let found = find_in(&document(start, file, &urls_written));
        assert_eq!((found.method, found.problems), (Some(*method), vec![]), "{method}");
        let urls: Vec<_> = found.files.iter().map(|file| file.url.as_str()).collect();
        assert_eq!(urls, ["http://x.org/b.pdf", "http://x.org/a.pdf"], "{method}");
        assert!(found.files.iter().all(|file| file.found_by == *method), "{method}");
    }
}

#[test]
fn xml_that_breaks_off_gives_the_files_before_and_a_problem() {
    for (method, start, file) in FORMATS {
        let cut = format!("{start}{}<and", file.replace("URL", "http://x.org/a.pdf"));
        let found = find_in(&cut);
        assert_eq!((urls(&found), found.is_cut_off), (vec!["http://x.org/a.pdf"], true), "{method}");
        assert_eq!(found.problems.len(), 1, "{method}: {:?}", found.problems);
    }
}

#[test]
fn external_entities_and_bombs_of_entities_do_nothing() {
    let doctype = "<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;'><!ENTITY c SYSTEM 'file:///etc/passwd'>]>";
    for (method, start, file) in FORMATS {
        let found = find_in(&format!("{doctype}{}", document(start, file, &["http://x.org/&b;&c;.pdf"])));
        assert_eq!(lines(&found).len(), 1, "{method}");
        assert_eq!(found.files[0].url, "http://x.org/&b;&c;.pdf", "{method}");
    }
}

#[test]
fn elements_too_deep_are_a_problem() {
    for (method, start, _) in FORMATS {
        let deep = format!("{start}{}", "<a>".repeat(300));
        let found = find_in(&deep);
        assert!(found.is_cut_off && found.problems[0].contains("more than 256 deep"), "{method}: {found:?}");
    }
}

#[test]
fn urls_and_names_that_are_too_long_are_not_taken() {
    let long = |length| format!("http://x.org/{}.pdf", "a".repeat(length));
    for (method, start, file) in FORMATS {
        let found = find_in(&document(start, file, &[&long(10_000), "http://x.org/b.pdf"]));
        assert_eq!(urls(&found), ["http://x.org/b.pdf"], "{method}");
        assert!(found.problems[0].len() < 400, "{method}: {:?}", found.problems);
    }
    let name = "a".repeat(5000);
    let file = format!("<file><filename>{name}.pdf</filename><url>http://x.org/b.pdf</url></file>");
    let found = find_in(&format!(
        "<eprint><documents><document><files>{file}</files></document></documents></eprint>"
    ));
    assert_eq!(lines(&found), ["open - - - b.pdf"]);
}

#[test]
fn what_stands_around_a_url_is_no_part_of_it() {
    for (method, start, file) in FORMATS {
        let found = find_in(&document(start, file, &["\u{1} \u{a0}http://x.org/a b.pdf \u{2}\n"]));
        assert_eq!(urls(&found), ["http://x.org/a%20b.pdf"], "{method}");
    }
}

#[test]
fn very_many_problems_are_told_as_a_number() {
    let (_, start, file) = FORMATS[1];
    let found = find_in(&document(start, file, &["no url"; 250]));
    assert_eq!(found.problems.len(), 101);
    assert_eq!(found.problems[100], "150 more such problems");
}

#[test]
fn of_very_many_files_the_first_are_taken() {
    for (method, start, file) in FORMATS {
        let names: Vec<_> = (0..10_002).map(|number| format!("http://x.org/{number}.pdf")).collect();
        let found = find_in(&document(start, file, &names.iter().map(String::as_str).collect::<Vec<_>>()));
        assert_eq!(urls(&found), names[..10_000], "{method}");
        let problem = found.problems.last().unwrap();
        assert!(problem.contains("more than 10000 files"), "{method}: {problem}");
    }
}

#[test]
fn a_format_without_a_finder_is_no_error() {
    for xml in [
        "<mods/>",
        "<metadata/>",
        "<metadata><mods><identifier>http://x.org/a.pdf</identifier></mods></metadata>",
    ] {
        let found = try_find("oai:x.org:7", xml.as_bytes()).unwrap();
        assert_eq!((found.method, found.files.len(), found.problems.len()), (None, 0, 0), "{xml}");
    }
}
