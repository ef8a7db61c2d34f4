//! MARC 21 in XML: which links of field 856 are files.

use crate::common::{find_in, landing_page, lines, urls};
use granary_finders::{Found, Method};

fn find(fields: &str) -> Found {
    find_in(&format!(
        "<marc:record xmlns:marc='http://www.loc.gov/MARC21/slim'><marc:leader/>{fields}</marc:record>"
    ))
}

/// A field 856 with this second indicator and these subfields, `code` and value.
fn location(indicator: &str, subfields: &[(&str, &str)]) -> String {
    let subfields: String = subfields
        .iter()
        .map(|(code, value)| format!("<marc:subfield code='{code}'>{value}</marc:subfield>"))
        .collect();
    format!("<marc:datafield tag='856' ind1='4' ind2='{indicator}'>{subfields}</marc:datafield>")
}

#[test]
fn a_link_has_all_that_its_subfields_say() {
    let fields =
        [("u", "http://x.org/1"), ("q", "application/pdf"), ("s", "12 bytes"), ("f", "a.pdf"), ("y", "PDF")];
    let found = find(&location("0", &fields));
    assert_eq!((found.method, found.problems.len()), (Some(Method::Marcxml), 0));
    assert_eq!(lines(&found), ["open 12 - application/pdf a.pdf"]);
}

#[test]
fn a_link_is_a_file_by_its_type_or_its_ending_else_a_page() {
    for (subfields, files, page) in [
        (vec![("u", "http://x.org/a.pdf")], vec!["http://x.org/a.pdf"], None),
        (vec![("u", "http://x.org/a"), ("q", "image/tiff")], vec!["http://x.org/a"], None),
        (vec![("u", "http://x.org/a"), ("q", "text/html")], vec![], Some("http://x.org/a")),
        (vec![("u", "http://x.org/a"), ("q", "PDF")], vec![], Some("http://x.org/a")),
        (
            vec![("u", "http://x.org/a.pdf"), ("u", "http://x.org/7")],
            vec!["http://x.org/a.pdf"],
            Some("http://x.org/7"),
        ),
        (vec![("u", "ftp://x.org/a.pdf")], vec![], None),
        (vec![("z", "http://x.org/a.pdf")], vec![], None),
    ] {
        let found = find(&location(" ", &subfields));
        assert_eq!((urls(&found), landing_page(&found)), (files, page), "{subfields:?}");
        assert_eq!(found.problems, [""; 0]);
    }
}

#[test]
fn what_is_related_is_not_the_records() {
    let found = find(&location("2", &[("u", "http://x.org/cover.jpg")]));
    assert_eq!((found.files.len(), landing_page(&found)), (0, None));
    let other_field = location("0", &[("u", "http://x.org/a.pdf")]).replace("856", "859");
    assert_eq!(find(&other_field).files, []);
}

#[test]
fn size_and_name_are_those_of_an_only_link_and_the_size_may_be_any_text() {
    let found = find(&location(
        "0",
        &[("u", "http://x.org/a.pdf"), ("u", "http://x.org/b.pdf"), ("s", "12"), ("f", "c")],
    ));
    assert_eq!(lines(&found), ["open - - - a.pdf", "open - - - b.pdf"]);
    let found = find(&location("0", &[("u", "http://x.org/a.pdf"), ("s", "12 p.")]));
    assert_eq!((lines(&found), found.problems), (vec!["open - - - a.pdf".to_owned()], vec![]));
}

#[test]
fn marc_is_told_from_other_records() {
    let inside = "<controlfield tag='001'>7</controlfield>".to_owned()
        + &location("0", &[("u", "http://x.org/a.pdf")]);
    let found = find_in(&format!("<collection><record>{inside}</record></collection>"));
    assert_eq!(urls(&found), ["http://x.org/a.pdf"]);
    for xml in ["<record><title/></record>", "<record/>", "<collection/>", "<collection><item/></collection>"]
    {
        assert_eq!(find_in(xml).method, None, "{xml}");
    }
}
