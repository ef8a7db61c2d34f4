//! METS: which files of the file section are there, and what is known of them.

use crate::common::{find_in, landing_page, lines, urls};
use granary_finders::{Found, Method};

/// METS with this file section.
fn find(section: &str) -> Found {
    find_in(&format!(
        "<mets:mets xmlns:mets='http://www.loc.gov/METS/' xmlns:xlink='http://www.w3.org/1999/xlink'>\
         <mets:fileSec>{section}</mets:fileSec></mets:mets>"
    ))
}

fn group(usage: &str, files: &str) -> String {
    format!("<mets:fileGrp USE='{usage}'>{files}</mets:fileGrp>")
}

fn file(name: &str) -> String {
    format!(
        "<mets:file ID='{name}'><mets:FLocat LOCTYPE='URL' xlink:href='http://x.org/{name}'/></mets:file>"
    )
}

#[test]
fn a_file_has_all_that_the_metadata_says() {
    let found = find(
        "<mets:fileGrp USE='ORIGINAL'><mets:file ID='f1' MIMETYPE='application/pdf' SIZE='12' \
         CHECKSUM='0CC175B9C0F1B6A831C399E269772661' CHECKSUMTYPE='MD5'><mets:FLocat LOCTYPE='URL' xlink:type='simple' \
         xlink:href='http://x.org/bitstream/1/7/1/a%20b.pdf?x=1&amp;y=2'/></mets:file></mets:fileGrp>",
    );
    assert_eq!((found.method, found.problems.len()), (Some(Method::Mets), 0));
    assert_eq!(lines(&found), ["open 12 0cc175b9c0f1b6a831c399e269772661 application/pdf a b.pdf"]);
    assert_eq!(urls(&found), ["http://x.org/bitstream/1/7/1/a%20b.pdf?x=1&y=2"]);
}

#[test]
fn a_digest_is_kept_by_its_algorithm() {
    let digest = |kind: &str, digest: &str| {
        let found =
            find(&file("a.pdf").replace("ID=", &format!("CHECKSUMTYPE='{kind}' CHECKSUM='{digest}' ID=")));
        let file = found.files[0].clone();
        (file.md5, file.sha256, found.problems)
    };
    let (md5, sha256) = ("0cc175b9c0f1b6a831c399e269772661", "AB".repeat(32));
    assert_eq!(digest("md5", md5), (Some(md5.to_owned()), None, vec![]));
    assert_eq!(digest("SHA-256", &sha256), (None, Some("ab".repeat(32)), vec![]));
    assert_eq!(digest("SHA-1", "00"), (None, None, vec![]));
    let problem = "the digest of \"a.pdf\" is no SHA-256: \"00\"".to_owned();
    assert_eq!(digest("SHA-256", "00"), (None, None, vec![problem]));
}

#[test]
fn groups_that_are_no_originals_are_derived() {
    for usage in ["TEXT", "THUMBNAIL", "thumbs", "BRANDED_PREVIEW", "LICENSE", "CC-LICENSE", "ORE"] {
        assert_eq!(lines(&find(&group(usage, &file("a.pdf")))), ["derived - - - a.pdf"], "{usage}");
    }
    for usage in ["ORIGINAL", "reference", "DOWNLOAD", "FULLTEXT", "METADATA", ""] {
        assert_eq!(lines(&find(&group(usage, &file("a.pdf")))), ["open - - - a.pdf"], "{usage}");
    }
}

#[test]
fn a_group_in_a_group_has_a_use_of_its_own_or_that_of_the_outer_one() {
    let inner =
        "<mets:fileGrp>".to_owned() + &file("a.txt") + "</mets:fileGrp>" + &group("ORIGINAL", &file("b.pdf"));
    let found = find(&(group("TEXT", &(inner + &file("c.txt"))) + &file("d.pdf")));
    assert_eq!(
        lines(&found),
        ["derived - - - a.txt", "open - - - b.pdf", "derived - - - c.txt", "open - - - d.pdf"]
    );
}

#[test]
fn smaller_pictures_are_derived_only_where_there_are_larger_ones() {
    let (default, min, max) =
        (group("DEFAULT", &file("1.jpg")), group("MIN", &file("2.jpg")), group("MAX", &file("3.tif")));
    let found = find(&format!("{default}{min}{max}"));
    assert_eq!(lines(&found), ["derived - - - 1.jpg", "derived - - - 2.jpg", "open - - - 3.tif"]);
    assert_eq!(lines(&find(&default)), ["open - - - 1.jpg"]);
}

#[test]
fn of_several_locations_the_first_that_can_be_fetched_is_taken() {
    let found = find(
        "<mets:file><mets:FLocat LOCTYPE='HANDLE' xlink:href='hdl:1/7'/><mets:FLocat xlink:href='http://x.org/1'/>\
         <mets:FLocat xlink:href='http://y.org/1'/></mets:file>\
         <mets:file><mets:FLocat LOCREF='http://x.org/2.pdf'/></mets:file>",
    );
    assert_eq!(urls(&found), ["http://x.org/1", "http://x.org/2.pdf"]);
    assert_eq!(found.problems, [""; 0]);
}

#[test]
fn a_file_is_named_by_a_title_or_an_owners_id_that_is_a_files_name() {
    for (attributes, title, name) in [
        ("", "xlink:title='The paper.pdf'", "The paper.pdf"),
        ("", "xlink:title='The paper'", "1"),
        ("OWNERID='paper.pdf'", "", "paper.pdf"),
        ("OWNERID='http://x.org/paper.pdf'", "", "1"),
        ("OWNERID='paper.pdf'", "xlink:title='title.pdf'", "title.pdf"),
    ] {
        let found = find(&format!(
            "<mets:file {attributes}><mets:FLocat {title} xlink:href='http://x.org/1'/></mets:file>"
        ));
        assert_eq!(found.files[0].name, name, "{attributes} {title}");
    }
}

#[test]
fn a_file_that_is_in_the_metadata_itself_is_not_missing() {
    let found = find(
        "<mets:file ID='f1'><mets:FContent><mets:binData>AAAA</mets:binData></mets:FContent></mets:file>\
         <mets:file ID='f2'/><mets:file ID='f3'><mets:FLocat xlink:href='file:///data/3.tif'/></mets:file>",
    );
    assert_eq!(found.files, []);
    let problems =
        ["a file has no URL: \"f2\"", "a file's URL is not one of http or https: \"file:///data/3.tif\""];
    assert_eq!(found.problems, problems);
}

#[test]
fn files_lie_in_the_file_section_only_which_may_lie_deep() {
    let deep = format!("<mets:mets><mets:fileSec>{}</mets:fileSec></mets:mets>", file("a.pdf"));
    let found = find_in(&format!(
        "<mets:mets><mets:amdSec><mets:xmlData><file><FLocat href='http://x.org/no'/></file></mets:xmlData></mets:amdSec>\
         {deep}<mets:structMap><mets:mptr LOCTYPE='URL' xlink:href='http://x.org/no'/></mets:structMap></mets:mets>"
    ));
    assert_eq!(urls(&found), ["http://x.org/a.pdf"]);
}

#[test]
fn the_landing_page_is_that_of_the_viewer_else_the_identifier_else_the_handle() {
    let mets = |attributes: &str, inside: &str| find_in(&format!("<mets {attributes}>{inside}</mets>"));
    let uri = "<identifier type='uri'>http://hdl.handle.net/1/7</identifier><identifier>http://x.org/no</identifier>";
    let links =
        "<links><reference>http://x.org/opac</reference><presentation>http://x.org/7</presentation></links>";
    assert_eq!(landing_page(&mets("OBJID='hdl:1/7'", "")), Some("https://hdl.handle.net/1/7"));
    assert_eq!(landing_page(&mets("OBJID='eprint_7'", uri)), Some("http://hdl.handle.net/1/7"));
    assert_eq!(landing_page(&mets("OBJID='hdl:1/7'", &format!("{uri}{links}"))), Some("http://x.org/7"));
    assert_eq!(landing_page(&mets("", "")), None);
}
