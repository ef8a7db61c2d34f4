//! MPEG-21 DIDL: which resources are files, in both shapes.

use crate::common::{find_in, landing_page, lines, urls};
use granary_finders::{Found, Method};

fn find(inside: &str) -> Found {
    find_in(&didl(inside))
}

fn didl(inside: &str) -> String {
    format!("<d:DIDL xmlns:d='urn:mpeg:mpeg21:2002:02-DIDL-NS'><d:Item>{inside}</d:Item></d:DIDL>")
}

fn resource(url: &str, content_type: &str) -> String {
    format!("<d:Component><d:Resource ref='{url}' mimeType='{content_type}'/></d:Component>")
}

fn statement(inside: &str) -> String {
    format!("<d:Descriptor><d:Statement mimeType='application/xml'>{inside}</d:Statement></d:Descriptor>")
}

/// An item of this type.
fn item(kind: &str, inside: &str) -> String {
    let kind = statement(&format!("<dip:ObjectType>info:eu-repo/semantics/{kind}</dip:ObjectType>"));
    format!("<d:Item>{kind}{inside}</d:Item>")
}

#[test]
fn every_resource_is_a_file_where_nothing_says_what_it_is() {
    let dublin_core = statement(
        "<dc><type>info:eu-repo/semantics/objectFile</type><accessRights>closedAccess</accessRights></dc>",
    );
    let found = find(
        &(dublin_core
            + &resource("http://x.org/a%20b.pdf", "application/pdf")
            + "<d:Component><d:Descriptor/><d:Resource ref='http://x.org/7/1/c'/></d:Component>"),
    );
    assert_eq!((found.method, found.problems.len()), (Some(Method::Didl), 0));
    assert_eq!(lines(&found), ["open - - application/pdf a b.pdf", "open - - - c"]);
}

#[test]
fn items_that_say_what_they_are_tell_files_from_pages_and_metadata() {
    let found = find(
        &(resource("http://hdl.handle.net/1/7", "application/xml")
            + &item("descriptiveMetadata", "<d:Component><d:Resource><mods/></d:Resource></d:Component>")
            + &item("descriptiveMetadata", &resource("http://x.org/7.xml", "application/xml"))
            + &item("humanStartPage", &resource("http://x.org/7", "text/html"))
            + &item("objectFile", &resource("http://x.org/a.pdf", "application/pdf"))
            + &item("objectFile", &resource("http://x.org/b.html", "text/html"))),
    );
    assert_eq!(lines(&found), ["open - - application/pdf a.pdf", "open - - text/html b.html"]);
    assert_eq!(landing_page(&found), Some("http://x.org/7"));
}

#[test]
fn the_resource_of_the_outer_item_is_then_the_landing_page() {
    let outer = resource("http://hdl.handle.net/1/7", "application/xml");
    let found = find(&(outer + &item("descriptiveMetadata", "")));
    assert_eq!((landing_page(&found), found.files.len()), (Some("http://hdl.handle.net/1/7"), 0));
}

#[test]
fn what_an_item_is_may_be_written_as_rdf_beside_other_types() {
    let types = statement("<rdf:type rdf:resource='info:eu-repo/semantics/publishedVersion'/>")
        + &statement("<rdf:type rdf:resource='info:eu-repo/semantics/objectFile'/>");
    let found = find(&format!("<d:Item>{types}{}</d:Item>", resource("http://x.org/a", "")));
    assert_eq!(urls(&found), ["http://x.org/a"]);
}

#[test]
fn an_item_says_who_may_see_its_files() {
    let with = |said: &str| {
        let item = item("objectFile", &(statement(said) + &resource("http://x.org/a", "")));
        lines(&find(&item)).remove(0)
    };
    let rights = |word: &str| {
        format!("<dcterms:accessRights>http://purl.org/eprint/accessRights/{word}</dcterms:accessRights>")
    };
    assert_eq!(with(&rights("OpenAccess")), "open - - - a");
    assert_eq!(with(&rights("RestrictedAccess")), "restricted(restricted access) - - - a");
    assert_eq!(with(&rights("ClosedAccess")), "restricted(restricted access) - - - a");
    let embargo = format!("{}<dcterms:available>2030-01-01</dcterms:available>", rights("EmbargoedAccess"));
    assert_eq!(with(&embargo), "embargoed(2030-01-01) - - - a");
}

#[test]
fn a_resource_without_a_reference_is_in_the_metadata_or_is_an_address() {
    let found = find(
        "<d:Component><d:Resource mimeType='application/pdf'> http://x.org/a.pdf </d:Resource></d:Component>\
         <d:Component><d:Resource encoding='base64'>AAAA</d:Resource></d:Component>",
    );
    assert_eq!((lines(&found), found.problems), (vec!["open - - application/pdf a.pdf".to_owned()], vec![]));
}

#[test]
fn where_the_xml_breaks_an_item_that_does_not_say_what_it_is_is_left_out() {
    let whole =
        didl(&(resource("http://x.org/7", "") + &item("objectFile", &resource("http://x.org/a.pdf", ""))));
    let untold = find_in(&whole[..whole.rfind("<d:Item>").unwrap()]);
    assert_eq!((untold.files.len(), untold.problems), (0, vec!["the XML ends inside an element".to_owned()]));
    let told = find_in(&whole[..whole.rfind("</d:DIDL>").unwrap()]);
    assert_eq!((lines(&told), told.is_cut_off), (vec!["open - - - a.pdf".to_owned()], true));
}
