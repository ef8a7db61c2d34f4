//! Typed links of a landing page: in its headers, in its HTML, in its link set.

use crate::common::{lines, page, urls};
use granary_finders::{Method, Next, PageFound};

fn linkset(url: &str) -> Next {
    Next::Linkset(url.parse().unwrap())
}

fn metadata(url: &str) -> Next {
    Next::Metadata(url.parse().unwrap())
}

fn json(body: &str) -> PageFound {
    page("application/linkset+json", &[], body)
}

#[test]
fn the_items_in_the_headers_are_the_files() {
    let read = page(
        "text/html; charset=utf-8",
        &[
            "<https://doi.org/10.1000/7>; rel=\"cite-as\", </7/1/a%20b.pdf>; rel=\"item\"; type=\"application/pdf\"",
            "<2/data>; rel=item; type=\"text/csv\"; title=\"data.csv\"",
            "<https://creativecommons.org/licenses/by/4.0/>; rel=license",
        ],
        "<meta name='citation_pdf_url' content='http://x.org/other.pdf'>",
    );
    assert_eq!((read.found.method, read.found.problems.len()), (Some(Method::Signposting), 0));
    assert_eq!(lines(&read.found), ["open - - application/pdf a b.pdf", "open - - text/csv data.csv"]);
    assert_eq!(urls(&read.found), ["http://x.org/7/1/a%20b.pdf", "http://x.org/7/2/data"]);
    assert_eq!(read.next, []);
}

#[test]
fn items_may_be_linked_to_in_html() {
    let read = page(
        "text/html",
        &[],
        "<head><base href='/files/'><LINK REL='Item' HREF=a.pdf TYPE='application/pdf'>\
         <link rel='stylesheet item' href='?x=1&amp;y=2'></head>",
    );
    assert_eq!(urls(&read.found), ["http://x.org/files/a.pdf", "http://x.org/files/?x=1&y=2"]);
    assert_eq!(read.found.method, Some(Method::Signposting));
}

#[test]
fn the_base_of_the_html_is_not_that_of_the_headers() {
    let html = "<base href='http://y.org/'><link rel=item href=b.pdf>";
    let read = page("text/html", &["<a.pdf>; rel=item"], html);
    assert_eq!(urls(&read.found), ["http://x.org/7/a.pdf", "http://y.org/b.pdf"]);
}

#[test]
fn what_may_say_more_is_to_be_fetched_next() {
    let read = page(
        "text/html",
        &[
            "<links.txt>; rel=linkset; type=\"application/linkset\", <links.json>; rel=linkset; type=\"application/linkset+json\"",
        ],
        "<link rel='alternate' type='text/xml' href='mods.xml'>\
         <link rel='alternate' type='application/vnd.eprints.data+xml; charset=utf-8' href='7.xml'>\
         <link rel='describedby' type='application/xml' profile='http://www.loc.gov/METS/' href='mets.xml'>\
         <link rel='describedby' type='application/vnd.eprints.data+xml' href='7.xml'>\
         <meta name='citation_pdf_url' content='a.pdf'>",
    );
    assert_eq!(
        read.next,
        [
            linkset("http://x.org/7/links.json"),
            linkset("http://x.org/7/links.txt"),
            metadata("http://x.org/7/7.xml"),
            metadata("http://x.org/7/mets.xml"),
        ]
    );
    assert_eq!(
        (read.found.method, urls(&read.found)),
        (Some(Method::HtmlMeta), vec!["http://x.org/7/a.pdf"])
    );
}

#[test]
fn an_answer_to_head_tells_what_is_next() {
    let header = "<http://x.org/id/7.xml>; rel=\"describedby\"; type=\"application/vnd.eprints.data+xml\"";
    let read = page("text/html", &[header], "");
    assert_eq!((read.next, read.found.files.len()), (vec![metadata("http://x.org/id/7.xml")], 0));
}

#[test]
fn there_are_at_most_eight_things_to_fetch_next() {
    let links: String = (0..20).map(|n| format!("<link rel=linkset href={n}>")).collect();
    assert_eq!(page("text/html", &[], &links).next.len(), 8);
}

#[test]
fn a_link_set_in_json_names_items_of_any_anchor() {
    let read = json(
        "{\"linkset\": [{\"anchor\": \"http://x.org/7\", \"cite-as\": [{\"href\": \"https://doi.org/10.1000/7\"}], \
          \"item\": [{\"href\": \"http://x.org/a.pdf\", \"type\": \"application/pdf\"}, {\"href\": \"/b\", \"title\": \"b.csv\"}]}, \
          {\"anchor\": \"http://x.org/a.pdf\", \"collection\": [{\"href\": \"http://x.org/7\"}], \
          \"item\": {\"href\": \"http://x.org/c.pdf\"}}], \"uniqueType\": \"core.linkset\"}",
    );
    assert_eq!((read.found.method, read.found.problems.len()), (Some(Method::Signposting), 0));
    assert_eq!(
        lines(&read.found),
        ["open - - application/pdf a.pdf", "open - - - b.csv", "open - - - c.pdf"]
    );
}

#[test]
fn what_is_broken_in_a_link_set_costs_itself_only() {
    let read = json(
        "{\"linkset\": [{\"item\": [1, {}, {\"href\": 7}, {\"href\": \"http://x.org/a.pdf\"}, [[]]]}, {\"item\": \"no\"}, \
          {\"item\": null, \"describedby\": 7}]}",
    );
    assert_eq!(urls(&read.found), ["http://x.org/a.pdf"]);
}

#[test]
fn a_link_set_may_lead_to_metadata_and_not_to_another_link_set() {
    let read = json(
        "{\"linkset\": [{\"describedby\": [{\"href\": \"/7.xml\", \"type\": \"text/xml\", \"profile\": [\"http://www.loc.gov/METS/\"]}], \
          \"linkset\": [{\"href\": \"/more\"}]}]}",
    );
    assert_eq!(read.next, [metadata("http://x.org/7.xml")]);
    let text = page(
        "application/linkset",
        &[],
        "<more>; rel=linkset,\n<7.xml>; rel=describedby; profile=\"http://www.loc.gov/METS/\"",
    );
    assert_eq!(text.next, [metadata("http://x.org/7/7.xml")]);
}

#[test]
fn a_link_set_may_be_text() {
    let read = page(
        "application/linkset",
        &[],
        "<http://x.org/a.pdf>\n ; rel=\"item\"\n ; type=\"application/pdf\"\n ; anchor=\"http://x.org/7\" ,\n<b>; rel=item",
    );
    assert_eq!(lines(&read.found), ["open - - application/pdf a.pdf", "open - - - b"]);
}

#[test]
fn what_is_no_link_set_is_a_problem() {
    for body in ["", "{}", "[]", "{\"linkset\": {}}", "<html>", "{\"linkset\": [1]}"] {
        let read = json(body);
        assert_eq!((read.found.files.len(), read.found.problems.len()), (0, 1), "{body}");
    }
    let read = json(&" ".repeat((1 << 20) + 1));
    assert_eq!(read.found.problems, ["the link set is longer than 1048576 bytes"]);
}

#[test]
fn more_links_than_anybody_has_are_not_taken() {
    let links: String = (0..10_010).map(|n| format!("<{n}>; rel=item,\n")).collect();
    let read = page("application/linkset", &[], &links);
    assert_eq!(read.found.files.len(), 10_000);
    assert_eq!(read.found.problems, ["only the first 10000 links are taken"]);
}

#[test]
fn only_links_of_http_count() {
    let read = page("text/html", &["<ftp://x.org/a.pdf>; rel=item, <javascript:alert(1)>; rel=linkset"], "");
    assert_eq!((read.found.files.len(), read.next), (0, vec![]));
}
