//! EPrints 3 XML: what the files of a record are, rule by rule.

use crate::common::{line, lines, try_find};
use chrono::NaiveDate;
use granary_finders::{Availability, Error, FileRef, Found, Method, NameFrom, is_eprints3};

/// A file with a name and a URL.
const FILE: &str = "<file><filename>a.pdf</filename><url>http://x.org/7/1/a.pdf</url></file>";

fn find(xml: &str) -> Found {
    try_find("oai:x.org:7", xml.as_bytes()).unwrap()
}

/// An eprint of one document with these fields.
fn document(fields: &str) -> String {
    format!(
        "<eprints xmlns='http://eprints.org/ep2/data/2.0'><eprint><eprintid>7</eprintid>\
         <documents><document>{fields}</document></documents></eprint></eprints>"
    )
}

/// The only file of a document with these fields, without any problem.
fn only_file(fields: &str) -> FileRef {
    let Found { mut files, problems, .. } = find(&document(fields));
    assert_eq!((files.len(), problems), (1, vec![]), "{fields}");
    files.remove(0)
}

/// The availability of a public file among these other fields of its document.
fn availability(fields: &str) -> Availability {
    only_file(&format!("<files>{FILE}</files>{fields}")).availability
}

fn embargoed(year: i32, month: u32, day: u32) -> Availability {
    Availability::Embargoed { until: NaiveDate::from_ymd_opt(year, month, day).unwrap() }
}

#[test]
fn a_file_has_all_that_the_metadata_says() {
    let file = only_file(
        "<files><file id='http://x.org/id/file/1'><fileid>1</fileid><filename>fig/a &amp; b.pdf</filename>\
         <mime_type>application/pdf</mime_type><hash>0CC175B9C0F1B6A831C399E269772661</hash><hash_type>md5</hash_type>\
         <filesize>12</filesize><mtime>2020-01-01 00:00:00</mtime>\
         <url>\n http://x.org/7/1/a%20%26%20b.pdf?x=1&amp;y=2 </url></file></files><security>public</security>",
    );
    assert_eq!(
        file,
        FileRef {
            url: "http://x.org/7/1/a%20%26%20b.pdf?x=1&y=2".to_owned(),
            name: "fig/a & b.pdf".to_owned(),
            name_from: NameFrom::Metadata,
            size: Some(12),
            md5: Some("0cc175b9c0f1b6a831c399e269772661".to_owned()),
            sha256: None,
            content_type: Some("application/pdf".to_owned()),
            availability: Availability::Open,
            found_by: Method::Eprints3,
        }
    );
}

#[test]
fn an_eprint_is_found_under_every_root() {
    let eprint =
        format!("<eprint><documents><document><files>{FILE}</files></document></documents></eprint>");
    for xml in [
        eprint.clone(),
        format!("<eprints>{eprint}</eprints>"),
        format!("<metadata xmlns='http://www.openarchives.org/OAI/2.0/'>{eprint}</metadata>"),
        format!(
            "<oai:metadata xmlns:oai='http://www.openarchives.org/OAI/2.0/'><eprints>{eprint}</eprints></oai:metadata>"
        ),
        eprint.replace("<eprint>", "<eprint xmlns='http://eprints.org/ep3/data/3.0'>"),
        eprint
            .replace('<', "<ep:")
            .replace("<ep:/", "</ep:")
            .replace("<ep:eprint>", "<ep:eprint xmlns:ep='urn:any'>"),
        format!(
            "\u{feff}<?xml version='1.0'?>\n<!-- by hand -->\n<eprints>\n  <note/>{eprint}\n</eprints>\n"
        ),
    ] {
        let found = find(&xml);
        assert_eq!(found.method, Some(Method::Eprints3), "{xml}");
        assert_eq!((lines(&found), found.problems), (vec!["open - - - a.pdf".to_owned()], vec![]), "{xml}");
        assert!(is_eprints3(xml.as_bytes()), "{xml}");
    }
}

#[test]
fn other_formats_are_not_eprints() {
    for xml in [
        "<eprints/>",
        "<eprints><user/></eprints>",
        "<metadata/>",
        "<metadata><mods/><eprint/></metadata>",
        "<html><eprints><eprint/></eprints></html>",
        "<eprints><metadata><eprint/></metadata></eprints>",
    ] {
        assert_eq!(find(xml).method, None, "{xml}");
        assert!(!is_eprints3(xml.as_bytes()), "{xml}");
    }
}

#[test]
fn what_is_no_xml_is_an_error_that_names_the_record() {
    for text in ["", "not found", "{\"eprintid\": 7}", "<eprints", "<eprints><"] {
        let error = try_find("oai:x.org:7", text.as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), "the metadata of oai:x.org:7 is not XML", "{text}");
        let Error::NotXml { source, .. } = error;
        assert!(!source.to_string().is_empty(), "{text}");
        assert!(!is_eprints3(text.as_bytes()), "{text}");
    }
}

/// A list of eprints with these numbers, each with one file named after it.
fn list(numbers: &[&str]) -> String {
    let eprint = |number: &&str| {
        let file = FILE.replace("a.pdf", &format!("{number}.pdf"));
        format!(
            "<eprint><eprintid>{number}</eprintid><documents><document><files>{file}</files></document></documents></eprint>"
        )
    };
    format!("<eprints>{}</eprints>", numbers.iter().map(eprint).collect::<String>())
}

#[test]
fn the_number_at_the_end_of_the_identifier_picks_the_eprint() {
    for numbers in [["7", "8", "9"], ["8", "7", "9"], ["8", "9", "7"]] {
        assert_eq!(lines(&find(&list(&numbers))), ["open - - - 7.pdf"], "{numbers:?}");
    }
}

#[test]
fn an_only_eprint_is_taken_whatever_its_number() {
    let found = find(&list(&["77"]));
    assert_eq!((lines(&found), found.problems), (vec!["open - - - 77.pdf".to_owned()], vec![]));
}

#[test]
fn several_eprints_without_the_number_are_a_problem() {
    let found = find(&list(&["77", "8"]));
    assert_eq!(found.files, []);
    assert_eq!(found.problems, ["there is no eprint with the number \"7\" among the 2 read"]);
}

#[test]
fn a_record_without_files_is_no_problem() {
    for fields in ["", "<documents/>", "<documents><document/></documents>", "<dir/><documents></documents>"]
    {
        let found = find(&format!("<eprints><eprint><eprintid>7</eprintid>{fields}</eprint></eprints>"));
        assert_eq!(found, Found { method: Some(Method::Eprints3), ..Found::default() }, "{fields}");
    }
    assert_eq!(find(&document("<files/><security>validuser</security>")).files, []);
}

#[test]
fn only_files_of_documents_count() {
    let found = find(&format!(
        "<eprint><files>{FILE}</files><relation><item><type>isVolatileVersionOf</type></item></relation>\
         <security>staffonly</security><date_embargo>2099</date_embargo><url>http://x.org/</url>\
         <documents><bad_document><files>{FILE}</files></bad_document>{FILE}\
         <document><file/><files>{FILE}<copies><file/></copies></files></document></documents>\
         <related><documents><document><files>{FILE}</files></document></documents></related></eprint>"
    ));
    assert_eq!((lines(&found), found.problems), (vec!["open - - - a.pdf".to_owned()], vec![]));
}

#[test]
fn what_is_inside_a_file_besides_its_fields_is_skipped() {
    let file = only_file(
        "<files><file><copies><item><filename>no</filename><url>file:///no</url></item></copies>\
         <data encoding='base64'>PGE+PC9hPg==</data><filename>a.pdf</filename><url>http://x.org/a.pdf</url></file></files>",
    );
    assert_eq!((line(&file).as_str(), file.url.as_str()), ("open - - - a.pdf", "http://x.org/a.pdf"));
}

#[test]
fn security_other_than_public_restricts() {
    let restricted = |security: &str| Availability::Restricted { security: security.to_owned() };
    assert_eq!(availability(""), Availability::Open);
    assert_eq!(availability("<security/>"), Availability::Open);
    assert_eq!(availability("<security> public </security>"), Availability::Open);
    assert_eq!(availability("<security>staffonly</security>"), restricted("staffonly"));
    assert_eq!(availability("<security>internal</security>"), restricted("internal"));
}

#[test]
fn an_embargo_lasts_until_the_end_of_the_day_month_or_year_it_names() {
    for (date, expected) in [
        ("2024-06-14", Availability::Open),
        ("2024-06-15", Availability::Open),
        ("2024-06-16", embargoed(2024, 6, 16)),
        ("2024-05", Availability::Open),
        ("2024-06", embargoed(2024, 6, 30)),
        ("2023", Availability::Open),
        ("2024", embargoed(2024, 12, 31)),
    ] {
        assert_eq!(availability(&format!("<date_embargo>{date}</date_embargo>")), expected, "{date}");
    }
}

#[test]
fn an_embargo_wins_over_security_while_it_lasts() {
    let staff = "<security>staffonly</security>";
    assert_eq!(availability(&format!("{staff}<date_embargo>2030</date_embargo>")), embargoed(2030, 12, 31));
    let over = availability(&format!("{staff}<date_embargo>2020</date_embargo>"));
    assert_eq!(over, Availability::Restricted { security: "staffonly".to_owned() });
}

#[test]
fn an_embargo_that_is_no_date_is_a_problem() {
    let found = find(&document(&format!("<files>{FILE}</files><date_embargo>soon</date_embargo>")));
    assert_eq!(lines(&found), ["open - - - a.pdf"]);
    assert_eq!(found.problems, ["the end of an embargo is no date: \"soon\""]);
}

#[test]
fn a_volatile_version_is_derived_whatever_else_is_said() {
    let relation = |name: &str| {
        format!(
            "<relation><item><type>http://eprints.org/relation/isVersionOf</type><uri>http://x.org/id/document/1</uri></item>\
             <item><type>http://eprints.org/relation/{name}</type></item></relation>\
             <security>staffonly</security><date_embargo>2030</date_embargo>"
        )
    };
    assert_eq!(availability(&relation("isVolatileVersionOf")), Availability::Derived);
    assert_eq!(availability(&relation("hasVolatileVersion")), embargoed(2030, 12, 31));
}

#[test]
fn a_file_without_a_name_is_named_by_its_url() {
    for name in ["", "<filename/>", "<filename> </filename>"] {
        let file =
            only_file(&format!("<files><file>{name}<url>http://x.org/7/1/a%20b.pdf</url></file></files>"));
        assert_eq!(file.name, "a b.pdf", "{name}");
    }
}

#[test]
fn a_file_that_cannot_be_told_is_a_problem_and_the_others_go_on() {
    let found = find(&document(&format!(
        "<files><file><filename>lost.pdf</filename></file><file/><file><url>http://x.org/</url></file>{FILE}</files>"
    )));
    assert_eq!(lines(&found), ["open - - - a.pdf"]);
    assert_eq!(
        found.problems,
        [
            "a file has no URL: \"lost.pdf\"",
            "a file has no URL: \"\"",
            "a file has no name, and its URL gives none: \"http://x.org/\"",
        ]
    );
}

#[test]
fn a_name_is_kept_as_it_is_written() {
    for name in ["images/fig 1.png", "../../etc/passwd", " a.pdf", "C:\\a.pdf", "日本.pdf"] {
        let file = only_file(&format!("<files>{}</files>", FILE.replacen("a.pdf", name, 1)));
        assert_eq!(file.name, name);
    }
}

#[test]
fn only_an_md5_is_a_digest() {
    let with = |fields: &str| {
        find(&document(&format!("<files>{}</files>", FILE.replace("</file>", &format!("{fields}</file>")))))
    };
    let hash = "0cc175b9c0f1b6a831c399e269772661";
    for (fields, md5) in [
        (format!("<hash>{hash}</hash><hash_type>MD5</hash_type>"), Some(hash)),
        (format!("<hash_type>Md5</hash_type><hash>{}</hash>", hash.to_uppercase()), Some(hash)),
        (format!("<hash>{hash}</hash>"), None),
        (format!("<hash>{hash}</hash><hash_type>SHA</hash_type>"), None),
        ("<hash/><hash_type/>".to_owned(), None),
    ] {
        let found = with(&fields);
        assert_eq!((found.files[0].md5.as_deref(), found.problems), (md5, vec![]), "{fields}");
    }
    let found = with("<hash>xyz</hash><hash_type>MD5</hash_type><filesize>1 kB</filesize>");
    assert_eq!(lines(&found), ["open - - - a.pdf"]);
    assert_eq!(
        found.problems,
        ["the size of \"a.pdf\" is no number: \"1 kB\"", "the digest of \"a.pdf\" is no MD5: \"xyz\""]
    );
}

#[test]
fn the_media_type_is_the_files_own_else_the_documents_else_its_format() {
    let own = FILE.replace("</file>", "<mime_type>image/png</mime_type></file>");
    for (file, fields, expected) in [
        (own.as_str(), "<mime_type>text/html</mime_type>", Some("image/png")),
        (FILE, "<mime_type>text/html</mime_type><format>application/pdf</format>", Some("text/html")),
        (FILE, "<format>application/pdf</format>", Some("application/pdf")),
        (FILE, "<mime_type/><format>text</format>", None),
        (FILE, "", None),
    ] {
        let file = only_file(&format!("<files>{file}</files>{fields}"));
        assert_eq!(file.content_type.as_deref(), expected, "{fields}");
    }
}

#[test]
fn the_documents_media_type_is_that_of_its_main_file() {
    let other = FILE.replace("a.pdf", "b.png");
    let found = find(&document(&format!(
        "<files>{FILE}{other}</files><mime_type>application/pdf</mime_type><main>a.pdf</main>"
    )));
    assert_eq!(lines(&found), ["open - - application/pdf a.pdf", "open - - - b.png"]);
}

#[test]
fn xml_that_breaks_off_gives_the_documents_before_and_a_problem() {
    let whole = document(&format!(
        "<files>{FILE}</files></document><document><files>{}</files><security>staffonly</security>",
        FILE.replace("a.pdf", "b.pdf")
    ));
    assert_eq!(lines(&find(&whole)), ["open - - - a.pdf", "restricted(staffonly) - - - b.pdf"]);

    // Who may see b.pdf is not known yet.
    let cut = &whole[..whole.find("<security>").unwrap()];
    let found = find(cut);
    assert_eq!(lines(&found), ["open - - - a.pdf"]);
    assert_eq!(found.problems, ["the XML ends inside an element"]);
}

#[test]
fn a_list_that_breaks_off_does_not_make_an_eprint_the_only_one() {
    let whole = list(&["8", "7"]);
    let cut = &whole[..whole.rfind("<eprint>").unwrap()];
    let found = find(cut);
    assert_eq!(found.files, []);
    assert_eq!(found.problems.len(), 2, "{:?}", found.problems);
}

#[test]
fn what_follows_the_eprint_asked_for_does_not_matter() {
    let found = find(&list(&["7", "8"]).replace("8.pdf</filename>", "8.pdf"));
    assert_eq!((lines(&found), found.problems), (vec!["open - - - 7.pdf".to_owned()], vec![]));
}
