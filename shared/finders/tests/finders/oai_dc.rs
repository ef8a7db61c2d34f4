//! Unqualified Dublin Core: which links are files.

use crate::common::{landing_page, lines, try_find, urls};
use granary_finders::{Found, Method};

fn find(terms: &str) -> Found {
    let xml = format!(
        "<oai_dc:dc xmlns:oai_dc='http://www.openarchives.org/OAI/2.0/oai_dc/' \
         xmlns:dc='http://purl.org/dc/elements/1.1/'>{terms}</oai_dc:dc>"
    );
    try_find("oai:x.org:7", xml.as_bytes()).unwrap()
}

#[test]
fn a_link_that_ends_in_a_file_type_is_a_file() {
    let found = find(
        "<dc:title>http://x.org/title.pdf</dc:title>\
         <dc:identifier> http://x.org/7/1/a%20b.pdf </dc:identifier>\
         <dc:identifier>https://x.org/bitstream/7/data.tar.gz?sequence=1&amp;isAllowed=y</dc:identifier>",
    );
    assert_eq!(found.method, Some(Method::OaiDc));
    assert_eq!(lines(&found), ["open - - application/pdf a b.pdf", "open - - application/gzip data.tar.gz"]);
    assert_eq!(
        urls(&found),
        ["http://x.org/7/1/a%20b.pdf", "https://x.org/bitstream/7/data.tar.gz?sequence=1&isAllowed=y"]
    );
    assert!(found.files.iter().all(|file| file.found_by == Method::OaiDc));
}

#[test]
fn other_identifiers_are_no_files() {
    for value in [
        "http://x.org/7/",
        "http://x.org/7/paper.pdf/",
        "http://x.org/7",
        "http://x.org",
        "https://doi.org/10.1000/182",
        "http://x.org/download.php?file=a.pdf",
        "http://x.org/index.html",
        "info:eu-repo/semantics/altIdentifier/pdf/a.pdf",
        "ftp://x.org/a.pdf",
        "file:///etc/a.pdf",
        "a.pdf",
        "Smith, J. (2010) A paper. http://x.org/a.pdf",
        "",
    ] {
        assert_eq!(find(&format!("<dc:identifier>{value}</dc:identifier>")).files, [], "{value}");
    }
}

#[test]
fn relations_are_looked_at_only_without_a_file_among_the_identifiers() {
    let relation = "<dc:relation>http://x.org/relation.pdf</dc:relation>";
    let found = find(&format!("{relation}<dc:identifier>http://x.org/7</dc:identifier>"));
    assert_eq!(urls(&found), ["http://x.org/relation.pdf"]);
    let found = find(&format!("{relation}<dc:identifier>http://x.org/identifier.pdf</dc:identifier>"));
    assert_eq!(urls(&found), ["http://x.org/identifier.pdf"]);
}

#[test]
fn other_terms_are_not_looked_at() {
    let terms = ["source", "description", "format", "rights", "date"];
    let terms: String =
        terms.iter().map(|term| format!("<dc:{term}>http://x.org/a.pdf</dc:{term}>")).collect();
    assert_eq!(find(&terms).files, []);
    assert_eq!(find("<dc:nested><dc:identifier>http://x.org/a.pdf</dc:identifier></dc:nested>").files, []);
}

#[test]
fn the_same_url_twice_is_one_file() {
    let values =
        ["http://x.org/a.pdf", "http://x.org/b.pdf", "HTTP://X.org:80/a.pdf", "http://x.org/a.pdf#page=2"];
    let terms: String =
        values.iter().map(|value| format!("<dc:identifier>{value}</dc:identifier>")).collect();
    assert_eq!(urls(&find(&terms)), ["http://x.org/a.pdf", "http://x.org/b.pdf"]);
}

#[test]
fn dublin_core_is_recognised_by_its_root_also_inside_metadata() {
    let dc = "<dc><identifier>http://x.org/a.pdf</identifier></dc>";
    for (xml, method) in [
        (dc.to_owned(), Some(Method::OaiDc)),
        (format!("<metadata>{dc}</metadata>"), Some(Method::OaiDc)),
        ("<dc/>".to_owned(), Some(Method::OaiDc)),
        (format!("<qualifieddc>{dc}</qualifieddc>"), None),
        (format!("<metadata><mods/>{dc}</metadata>"), None),
    ] {
        assert_eq!(try_find("oai:x.org:7", xml.as_bytes()).unwrap().method, method, "{xml}");
    }
}

#[test]
fn xml_that_breaks_off_gives_the_files_before_and_a_problem() {
    let xml = b"<dc><identifier>http://x.org/a.pdf</identifier><identifier>http://x.org/b.p";
    let found = try_find("oai:x.org:7", xml).unwrap();
    assert_eq!(urls(&found), ["http://x.org/a.pdf"]);
    assert_eq!(found.problems, ["the XML ends inside an element"]);
}

#[test]
fn some_repositories_call_the_identifier_otherwise() {
    for term in ["identifier.uri", "file.download.url", "url"] {
        assert_eq!(urls(&find(&format!("<{term}>http://x.org/a.pdf</{term}>"))), ["http://x.org/a.pdf"]);
    }
}

#[test]
fn a_galley_of_open_journal_systems_is_a_file_at_the_address_of_its_download() {
    let article = "<dc:identifier>http://x.org/index.php/j/article/view/7</dc:identifier>";
    let relation = |path: &str| format!("<dc:relation>http://x.org/index.php/j/article/{path}</dc:relation>");
    let format = |format: &str| format!("<dc:format>{format}</dc:format>");
    let two = relation("view/7/12") + &relation("view/7/html?x=1");
    let found = find(&format!("{article}{two}{}{}", format("application/pdf"), format("text/html")));
    assert_eq!(
        urls(&found),
        [
            "http://x.org/index.php/j/article/download/7/12",
            "http://x.org/index.php/j/article/download/7/html?x=1"
        ]
    );
    assert_eq!(lines(&found), ["open - - application/pdf 12", "open - - text/html html"]);
    assert_eq!(landing_page(&found), Some("http://x.org/index.php/j/article/view/7"));
    assert_eq!(lines(&find(&(two + &format("application/pdf")))), ["open - - - 12", "open - - - html"]);

    let supplement = find(&relation("downloadSuppFile/7/1"));
    assert_eq!(urls(&supplement), ["http://x.org/index.php/j/article/downloadSuppFile/7/1"]);
    for path in ["view/7", "view/7/", "view//12", "view/7/12/3", "print/7/12"] {
        assert_eq!(find(&relation(path)).files, [], "{path}");
    }
}

#[test]
fn rights_of_the_openaire_guidelines_hold_for_every_file() {
    let with = |terms: &str| {
        let found = find(&format!(
            "<dc:identifier>http://x.org/a</dc:identifier><dc:identifier>http://x.org/a.pdf</dc:identifier>{terms}"
        ));
        lines(&found)[0].split(" - ").next().unwrap().to_owned()
    };
    let rights = |word: &str| format!("<dc:rights>info:eu-repo/semantics/{word}</dc:rights>");
    let date =
        |date: &str| format!("<dc:date>2020</dc:date><dc:date>info:eu-repo/date/embargoEnd/{date}</dc:date>");
    assert_eq!(with(&rights("openAccess")), "open");
    assert_eq!(with(&rights("closedAccess")), "restricted(restricted access)");
    assert_eq!(with(&rights("embargoedAccess")), "restricted(embargoed access)");
    assert_eq!(with(&(rights("embargoedAccess") + &date("2030-01-01"))), "embargoed(2030-01-01)");
    assert_eq!(with(&(rights("embargoedAccess") + &date("2020-01-01"))), "open");
    assert_eq!(with(&date("2030-01-01")), "open");
    assert_eq!(with("<dc:rights>restricted access</dc:rights>"), "open");
}

#[test]
fn the_landing_page_is_an_identifier_or_else_a_relation() {
    let identifier = |value: &str| format!("<dc:identifier>{value}</dc:identifier>");
    let relation = |value: &str| format!("<dc:relation>{value}</dc:relation>");
    for (terms, page) in [
        (identifier("http://x.org/7") + &identifier("http://x.org/a.pdf"), Some("http://x.org/7")),
        (
            identifier("https://doi.org/10.1000/7") + &identifier("http://hdl.handle.net/1/7"),
            Some("http://hdl.handle.net/1/7"),
        ),
        // EPrints puts the files among the identifiers, and their page among the relations.
        (identifier("http://x.org/7/1/a.pdf") + &relation("http://x.org/7/"), Some("http://x.org/7/")),
        (relation("http://y.org/other") + &identifier("http://x.org/7"), Some("http://x.org/7")),
        (identifier("10.1000/7"), Some("https://doi.org/10.1000/7")),
        (identifier("ISBN 3-16-148410-0") + &relation("https://doi.org/10.1000/other"), None),
    ] {
        assert_eq!(landing_page(&find(&terms)), page, "{terms}");
    }
}
