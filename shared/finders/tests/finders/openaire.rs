//! OpenAIRE 4: the files, and who may see them.

use crate::common::{find_in, landing_page, lines, urls};
use granary_finders::{Found, Method};

fn find(inside: &str) -> Found {
    find_in(&format!(
        "<oaire:resource xmlns:oaire='http://namespace.openaire.eu/schema/oaire/'>{inside}</oaire:resource>"
    ))
}

/// A file with these COAR rights.
fn file(rights: &str) -> String {
    format!(
        "<oaire:file accessRightsURI='http://purl.org/coar/access_right/{rights}' mimeType='application/pdf' \
         objectType='fulltext'> http://x.org/a.pdf </oaire:file>"
    )
}

fn only_line(inside: &str) -> String {
    let found = find(inside);
    assert_eq!((found.files.len(), found.problems.len()), (1, 0), "{inside}");
    lines(&found).remove(0)
}

const AVAILABLE: &str = "<datacite:dates><datacite:date dateType='Issued'>2020</datacite:date>\
    <datacite:date dateType='Available'>2030-01-01</datacite:date></datacite:dates>";

#[test]
fn a_file_has_a_type_and_rights() {
    let found = find(&file("c_abf2"));
    assert_eq!(found.method, Some(Method::Openaire));
    assert_eq!(lines(&found), ["open - - application/pdf a.pdf"]);
    assert_eq!(urls(&found), ["http://x.org/a.pdf"]);
    assert_eq!(lines(&find("<oaire:file>http://x.org/a</oaire:file>")), ["open - - - a"]);
}

#[test]
fn the_rights_are_those_of_coar() {
    let rest = "- - application/pdf a.pdf";
    assert_eq!(only_line(&file("c_16ec")), format!("restricted(restricted access) {rest}"));
    assert_eq!(only_line(&file("c_14cb")), format!("restricted(metadata only access) {rest}"));
    assert_eq!(only_line(&file("c_f1cf")), format!("restricted(embargoed access) {rest}"));
    assert_eq!(only_line(&(AVAILABLE.to_owned() + &file("c_f1cf"))), format!("embargoed(2030-01-01) {rest}"));
    assert_eq!(only_line(&(AVAILABLE.to_owned() + &file("c_abf2"))), format!("open {rest}"));
    assert_eq!(only_line(&(AVAILABLE.replace("2030", "2020") + &file("c_f1cf"))), format!("open {rest}"));
    assert_eq!(only_line(&file("unknown")), format!("open {rest}"));
}

#[test]
fn a_file_without_rights_has_those_of_the_record() {
    let file = "<oaire:file>http://x.org/a</oaire:file>";
    let rights =
        |attribute: &str, text: &str| format!("{file}<datacite:rights {attribute}>{text}</datacite:rights>");
    let coar = "rightsURI='http://purl.org/coar/access_right/c_16ec'";
    assert_eq!(only_line(&rights(coar, "")), "restricted(restricted access) - - - a");
    assert_eq!(only_line(&rights("", "restricted access")), "restricted(restricted access) - - - a");
    assert_eq!(only_line(&rights("", "CC BY 4.0")), "open - - - a");
}

#[test]
fn the_landing_page_is_the_identifier() {
    let found =
        find("<datacite:identifier identifierType='Handle'>http://hdl.handle.net/1/7</datacite:identifier>");
    assert_eq!(landing_page(&found), Some("http://hdl.handle.net/1/7"));
}

#[test]
fn the_root_of_datacite_is_not_that_of_openaire() {
    let datacite =
        "<resource xmlns='http://datacite.org/schema/kernel-4'><file>http://x.org/a</file></resource>";
    assert_eq!(find_in(datacite).method, None);
    let wrapped =
        "<metadata xmlns:oaire='http://namespace.openaire.eu/schema/oaire/'><oaire:resource/></metadata>";
    assert_eq!(find_in(wrapped).method, Some(Method::Openaire));
}
