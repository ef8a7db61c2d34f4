//! OAI-ORE: what an aggregation aggregates, in Atom and in RDF/XML.

use crate::common::{find_in, landing_page, lines, urls};
use granary_finders::{Found, Method};

fn atom(inside: &str) -> Found {
    find_in(&format!(
        "<atom:entry xmlns:atom='http://www.w3.org/2005/Atom' xmlns:oreatom='http://www.openarchives.org/ore/atom/'>\
         {inside}</atom:entry>"
    ))
}

fn rdf(inside: &str) -> Found {
    find_in(&format!(
        "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns:ore='http://www.openarchives.org/ore/terms/' \
         xmlns:dc='http://purl.org/dc/terms/'>{inside}</rdf:RDF>"
    ))
}

fn link(url: &str, attributes: &str) -> String {
    format!("<atom:link rel='http://www.openarchives.org/ore/terms/aggregates' href='{url}' {attributes}/>")
}

/// What DSpace says of a bitstream.
fn bitstream(url: &str, bundle: &str) -> String {
    format!(
        "<rdf:Description rdf:about='{url}'><rdf:type rdf:resource='http://www.dspace.org/objectModel/DSpaceBitstream'/>\
         <dcterms:description>{bundle}</dcterms:description></rdf:Description>"
    )
}

#[test]
fn a_link_has_all_that_the_metadata_says() {
    let found = atom(
        &(link("http://x.org/a b.pdf", "title='The paper.pdf' type='application/pdf' length='12'")
            + "<atom:link rel='alternate' href='http://hdl.handle.net/1/7'/><atom:link rel='self' href='http://x.org/ore'/>"),
    );
    assert_eq!((found.method, found.problems.len()), (Some(Method::Ore), 0));
    assert_eq!(lines(&found), ["open 12 - application/pdf The paper.pdf"]);
    assert_eq!(urls(&found), ["http://x.org/a%20b.pdf"]);
    assert_eq!(landing_page(&found), Some("http://hdl.handle.net/1/7"));
}

#[test]
fn bitstreams_of_other_bundles_are_described_only() {
    let found = atom(&format!(
        "{}<oreatom:triples>{}{}{}<rdf:Description rdf:about='http://x.org/ore#atom'>\
         <rdf:type rdf:resource='http://www.dspace.org/objectModel/DSpaceItem'/></rdf:Description></oreatom:triples>",
        link("http://x.org/a.pdf", ""),
        bitstream("http://x.org/a.pdf", "ORIGINAL"),
        bitstream("http://x.org/license.txt", "LICENSE"),
        bitstream("http://x.org/a.pdf.txt", "TEXT"),
    ));
    assert_eq!(lines(&found), ["open - - - a.pdf", "derived - - - license.txt", "derived - - - a.pdf.txt"]);
}

#[test]
fn rdf_says_apart_what_is_aggregated_and_what_that_is() {
    let found = rdf(
        "<rdf:Description rdf:about='http://x.org/map#aggregation'><ore:aggregates rdf:resource='http://x.org/1'/>\
         <ore:aggregates rdf:resource='http://x.org/export.xml'/><ore:aggregates rdf:resource='http://x.org/7'/>\
         <ore:aggregates rdf:resource='http://x.org/unknown'/></rdf:Description>\
         <rdf:Description rdf:about='http://x.org/1'><dc:format>application/pdf</dc:format><dc:title>a.pdf</dc:title>\
         <dc:extent>12 bytes</dc:extent></rdf:Description>\
         <rdf:Description rdf:about='http://x.org/export.xml'><dc:conformsTo>http://eprints.org/ep2/data/2.0</dc:conformsTo>\
         </rdf:Description><rdf:Description rdf:about='http://x.org/7'>\
         <rdf:type rdf:resource='info:eu-repo/semantics/humanStartPage'/></rdf:Description>\
         <rdf:Description rdf:about='http://x.org/other'><dc:format>text/html</dc:format></rdf:Description>",
    );
    assert_eq!((found.method, found.problems.len()), (Some(Method::Ore), 0));
    assert_eq!(
        lines(&found),
        ["open 12 - application/pdf a.pdf", "derived - - - export.xml", "open - - - unknown"]
    );
    assert_eq!(landing_page(&found), Some("http://x.org/7"));
}

#[test]
fn rdf_may_nest_what_is_aggregated() {
    let found = rdf(
        "<ore:ResourceMap rdf:about='http://x.org/map'><ore:describes><ore:Aggregation rdf:about='http://x.org/map#a'>\
         <ore:aggregates><ore:AggregatedResource rdf:about='http://x.org/1'>\
         <dc:format rdf:resource='http://purl.org/NET/mediatypes/application/pdf'/><dc:extent>12 pages</dc:extent>\
         </ore:AggregatedResource></ore:aggregates><dc:title>not of a file.pdf</dc:title>\
         <ore:aggregates rdf:resource='http://x.org/2'/></ore:Aggregation></ore:describes></ore:ResourceMap>",
    );
    assert_eq!(lines(&found), ["open - - application/pdf 1", "open - - - 2"]);
}

#[test]
fn other_feeds_and_other_rdf_are_not_ore() {
    let entry = "<entry xmlns='http://www.w3.org/2005/Atom'><link rel='enclosure' href='http://x.org/a.pdf'/></entry>";
    let rdf = "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description rdf:about='x'/></rdf:RDF>";
    for xml in [entry, rdf] {
        assert_eq!(find_in(xml).method, None, "{xml}");
    }
    // The relation says it, where no namespace does.
    let link = link("http://x.org/a.pdf", "");
    assert_eq!(find_in(&format!("<entry>{link}</entry>")).method, Some(Method::Ore));
    assert_eq!(atom("").method, Some(Method::Ore));
}
