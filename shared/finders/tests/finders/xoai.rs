//! DSpace's `xoai`: the bitstreams of the bundles, and who may see them.

use crate::common::{find_in, landing_page, lines, urls};
use granary_finders::{Found, Method};

fn element(name: &str, inside: &str) -> String {
    format!("<element name='{name}'>{inside}</element>")
}

fn field(name: &str, value: &str) -> String {
    format!("<field name='{name}'>{value}</field>")
}

fn item(inside: &str) -> String {
    format!("<metadata xmlns='http://www.lyncode.com/xoai'>{inside}</metadata>")
}

/// A bundle of bitstreams with these fields.
fn bundle(name: &str, bitstreams: &[String]) -> String {
    let bitstreams: String = bitstreams.iter().map(|fields| element("bitstream", fields)).collect();
    element("bundles", &element("bundle", &(field("name", name) + &element("bitstreams", &bitstreams))))
}

fn bitstream(name: &str) -> String {
    field("name", name) + &field("url", &format!("http://x.org/bitstream/1/7/1/{name}"))
}

/// The availability of a bitstream among the originals, with these policies, of an item with this status.
fn availability(policies: &str, status: &str) -> String {
    let bitstream = bitstream("a") + &element("resourcePolicies", policies);
    let found = find_in(&item(&(bundle("ORIGINAL", &[bitstream]) + status)));
    assert_eq!(found.problems, [""; 0]);
    lines(&found)[0].split(" - ").next().unwrap().to_owned()
}

fn policy(action: &str, group: &str, start: &str) -> String {
    let start = if start.is_empty() { String::new() } else { field("start-date", start) };
    element("resourcePolicy", &(field("action", action) + &field("group", group) + &start))
}

#[test]
fn a_bitstream_has_all_that_the_metadata_says() {
    let fields = bitstream("fig/a b.pdf")
        + &field("originalName", "C:\\a.pdf")
        + &field("format", "application/pdf")
        + &field("size", "12")
        + &field("checksum", "0cc175b9c0f1b6a831c399e269772661")
        + &field("checksumAlgorithm", "MD5");
    let found = find_in(&item(&bundle("ORIGINAL", &[fields])));
    assert_eq!((found.method, found.problems.len()), (Some(Method::Xoai), 0));
    assert_eq!(lines(&found), ["open 12 0cc175b9c0f1b6a831c399e269772661 application/pdf fig/a b.pdf"]);
    assert_eq!(urls(&found), ["http://x.org/bitstream/1/7/1/fig/a%20b.pdf"]);
}

#[test]
fn the_item_is_found_with_or_without_the_metadata_of_oai_pmh() {
    let whole = item(&(element("dc", "") + &bundle("ORIGINAL", &[bitstream("a")])));
    for xml in
        [whole.clone(), format!("<metadata>{whole}</metadata>"), format!("<o:metadata>{whole}</o:metadata>")]
    {
        let found = find_in(&xml);
        assert_eq!(
            (found.method, lines(&found)),
            (Some(Method::Xoai), vec!["open - - - a".to_owned()]),
            "{xml}"
        );
    }
}

#[test]
fn bundles_that_are_no_originals_are_derived() {
    let with = |name| lines(&find_in(&item(&bundle(name, &[bitstream("a")]))));
    assert_eq!(with("THUMBNAIL"), ["derived - - - a"]);
    assert_eq!(with("TEXT"), ["derived - - - a"]);
    assert_eq!(with("LICENSE"), ["derived - - - a"]);
    assert_eq!(with("ORIGINAL"), ["open - - - a"]);
    assert_eq!(with("VIDEO"), ["open - - - a"]);
}

#[test]
fn policies_say_who_may_read_a_bitstream() {
    for (policies, expected) in [
        (String::new(), "open"),
        (policy("READ", "Anonymous", ""), "open"),
        (policy("READ", "Anonymous", "2024-06-15"), "open"),
        (policy("READ", "Anonymous", "2030-01-01"), "embargoed(2030-01-01)"),
        (policy("READ", "Staff", ""), "restricted(Staff)"),
        (policy("READ", "Staff", "") + &policy("READ", "Anonymous", "2030-01-01"), "embargoed(2030-01-01)"),
        (policy("READ", "Anonymous", "2030-01-01") + &policy("READ", "Anonymous", ""), "open"),
        (policy("WRITE", "Staff", ""), "open"),
    ] {
        assert_eq!(availability(&policies, ""), expected, "{policies}");
    }
}

#[test]
fn the_items_status_counts_where_a_bitstream_says_nothing() {
    let status = |value: &str, rest: &str| {
        element("others", &element("access-status", &(field("value", value) + rest)))
    };
    for (policies, status, expected) in [
        (String::new(), status("open.access", ""), "open"),
        (String::new(), status("restricted", ""), "restricted(restricted access)"),
        (String::new(), status("metadata.only", ""), "restricted(metadata only access)"),
        (String::new(), status("embargo", ""), "restricted(embargoed access)"),
        (String::new(), status("embargo", &field("embargo", "2030-01-01")), "embargoed(2030-01-01)"),
        (String::new(), status("unknown", ""), "open"),
        (policy("READ", "Anonymous", ""), status("restricted", ""), "open"),
    ] {
        assert_eq!(availability(&policies, &status), expected, "{status}");
    }
}

#[test]
fn a_policy_whose_start_is_no_date_restricts_and_is_a_problem() {
    let bitstream = bitstream("a") + &element("resourcePolicies", &policy("READ", "Anonymous", "soon"));
    let found = find_in(&item(&bundle("ORIGINAL", &[bitstream])));
    assert_eq!(lines(&found), ["restricted(Anonymous) - - - a"]);
    assert_eq!(found.problems, ["the start of a policy is no date: \"soon\""]);
}

#[test]
fn bundles_of_related_items_are_not_the_items_own() {
    let author = element("author", &element("authority", &bundle("ORIGINAL", &[bitstream("photo.jpg")])));
    let found = find_in(&item(&(element("dc", &author) + &bundle("ORIGINAL", &[bitstream("a")]))));
    assert_eq!(lines(&found), ["open - - - a"]);
}

#[test]
fn a_bitstream_without_a_base_url_is_a_problem_and_the_others_go_on() {
    let lost = field("name", "lost.pdf") + &field("url", "lost.pdf");
    let found = find_in(&item(&bundle("ORIGINAL", &[lost, field("name", "none.pdf"), bitstream("a")])));
    assert_eq!(lines(&found), ["open - - - a"]);
    let problems =
        ["a file's URL is not one of http or https: \"lost.pdf\"", "a file has no URL: \"none.pdf\""];
    assert_eq!(found.problems, problems);
}

#[test]
fn the_landing_page_is_the_items_uri_or_its_handle() {
    let uri = |uri: &str| {
        element("dc", &element("identifier", &element("uri", &element("none", &field("value", uri)))))
    };
    let handle = element("others", &field("handle", "1/7"));
    let of = |inside: &str| -> Found { find_in(&item(inside)) };
    assert_eq!(landing_page(&of(&uri("http://x.org/items/7"))), Some("http://x.org/items/7"));
    assert_eq!(
        landing_page(&of(&(uri("https://doi.org/10.1000/1") + &handle))),
        Some("https://hdl.handle.net/1/7")
    );
}
