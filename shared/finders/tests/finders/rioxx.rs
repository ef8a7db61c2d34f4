//! RIOXX 2 and 3: which terms are files, and from when they are open.

use crate::common::{find_in, landing_page, lines, urls};
use granary_finders::{Found, Method};

fn three(inside: &str) -> Found {
    find_in(&format!("<rioxx xmlns='http://www.rioxx.net/schema/v3.0/rioxx/'>{inside}</rioxx>"))
}

fn two(inside: &str) -> Found {
    find_in(&format!(
        "<rioxx:rioxx xmlns:rioxx='http://www.rioxx.net/schema/v2.0/rioxx/'>{inside}</rioxx:rioxx>"
    ))
}

/// The availability of an item with these attributes.
fn of_item(attributes: &str) -> String {
    let found = three(&format!("<dc:relation rel='item' {attributes}>http://x.org/a</dc:relation>"));
    lines(&found)[0].split(" - ").next().unwrap().to_owned()
}

#[test]
fn an_item_is_a_file_and_the_identifier_the_landing_page() {
    let found = three(
        "<dc:identifier>http://x.org/7/</dc:identifier>\
         <dc:relation rel='item' type='application/pdf' coar_type='https://purl.org/coar/resource_type/c_6501' \
         access_rights='https://purl.org/coar/access_right/c_abf2'>\n http://x.org/7/1/a.pdf\n </dc:relation>\
         <dc:relation rel='cite-as'>https://doi.org/10.1000/7</dc:relation>\
         <rioxxterms:ext_relation rel='item'>http://y.org/elsewhere.pdf</rioxxterms:ext_relation>",
    );
    assert_eq!((found.method, found.problems.len()), (Some(Method::Rioxx), 0));
    assert_eq!(lines(&found), ["open - - application/pdf a.pdf"]);
    assert_eq!(urls(&found), ["http://x.org/7/1/a.pdf"]);
    assert_eq!(landing_page(&found), Some("http://x.org/7/"));
}

#[test]
fn without_a_landing_page_the_pid_is_one() {
    let found = three("<dc:relation rel='cite_as'>https://doi.org/10.1000/7</dc:relation>");
    assert_eq!((landing_page(&found), found.files.len()), (Some("https://doi.org/10.1000/7"), 0));
}

#[test]
fn drafts_without_relation_types_are_read_too() {
    let found = three(
        "<rioxxterms:file format='application/pdf' access_rights_='http://purl.org/coar/access_right/c_16ec'>http://x.org/1</rioxxterms:file>\
         <dc:relation type='https://schema.org/ScholarlyArticle' format='application/pdf' deposit_date='2020-01-01'>http://x.org/2</dc:relation>\
         <dc:relation>http://x.org/3.pdf</dc:relation>\
         <dc:relation>http://x.org/related</dc:relation>\
         <dc:relation format='text/csv' deposit_date='2020-01-01'>https://doi.org/10.1000/data</dc:relation>\
         <rioxxterms:relation coar_type='x'>https://doi.org/10.1000/published</rioxxterms:relation>\
         <dc:relation rel='describedby'>http://x.org/7.xml</dc:relation>",
    );
    assert_eq!(
        lines(&found),
        [
            "restricted(restricted access) - - application/pdf 1",
            "open - - application/pdf 2",
            "open - - - 3.pdf",
        ]
    );
}

#[test]
fn an_item_is_open_from_the_day_on_which_it_is_exposed() {
    let embargoed = "access_rights='http://purl.org/coar/access_right/c_f1cf'";
    for (attributes, expected) in [
        (String::new(), "open"),
        ("resource_exposed_date='2020-01-01'".to_owned(), "open"),
        ("resource_exposed_date='2030-01-01'".to_owned(), "embargoed(2030-01-01)"),
        (format!("{embargoed} resource_exposed_date='2030-01-01'"), "embargoed(2030-01-01)"),
        (format!("{embargoed} resource_exposed_date='2020-01-01'"), "open"),
        (embargoed.to_owned(), "restricted(embargoed access)"),
        (embargoed.replace("c_f1cf", "c_16ec"), "restricted(restricted access)"),
    ] {
        assert_eq!(of_item(&attributes), expected, "{attributes}");
    }
}

#[test]
fn in_version_2_the_identifier_is_the_file() {
    for (identifier, format, files, page) in [
        ("http://x.org/7/1/a.pdf", "", vec!["open - - - a.pdf"], None),
        (
            "http://x.org/ws/1",
            "application/pdf",
            vec!["open - - application/pdf 1"],
            Some("http://x.org/ws/1"),
        ),
        ("http://x.org/7", "", vec![], Some("http://x.org/7")),
        ("http://x.org/7", "text/html", vec![], Some("http://x.org/7")),
        ("http://hdl.handle.net/1/7", "application/pdf", vec![], Some("http://hdl.handle.net/1/7")),
    ] {
        let found =
            two(&format!("<dc:format>{format}</dc:format><dc:identifier>{identifier}</dc:identifier>"));
        assert_eq!(
            (lines(&found), landing_page(&found)),
            (files.iter().map(ToString::to_string).collect(), page),
            "{identifier}"
        );
    }
    let three = three("<dc:identifier>http://x.org/7/1/a.pdf</dc:identifier>");
    assert_eq!(three.files, []);
}

#[test]
fn in_version_2_the_licence_says_from_when_it_is_open() {
    let with = |terms: &str| {
        let found = two(&format!("<dc:identifier>http://x.org/a.pdf</dc:identifier>{terms}"));
        lines(&found)[0].split(" - ").next().unwrap().to_owned()
    };
    let licence =
        |date: &str| format!("<ali:license_ref start_date='{date}'>http://x.org/cc</ali:license_ref>");
    assert_eq!(with(&licence("2020-01-01")), "open");
    assert_eq!(with(&licence("2030-01-01")), "embargoed(2030-01-01)");
    assert_eq!(with(&(licence("2031-01-01") + &licence("2030-01-01"))), "embargoed(2030-01-01)");
    assert_eq!(with(&(licence("2030-01-01") + "<ali:license_ref>x</ali:license_ref>")), "open");
    assert_eq!(with(&(licence("2030-01-01") + "<ali:free_to_read/>")), "open");
    assert_eq!(with("<ali:free_to_read start_date='2030-01-01'/>"), "embargoed(2030-01-01)");
}

#[test]
fn what_cannot_be_read_is_a_problem() {
    let found =
        three("<dc:relation rel='item'/><dc:relation/><dc:relation rel='item'>http://x.org/a</dc:relation>");
    assert_eq!(
        (lines(&found), found.problems),
        (vec!["open - - - a".to_owned()], vec!["a file has no URL: \"\"".to_owned()])
    );
    let found = two("<dc:identifier>http://x.org/a.pdf</dc:identifier><ali:license_ref start_date='soon'/>");
    assert_eq!(found.problems, ["the start of a licence is no date: \"soon\""]);
}
