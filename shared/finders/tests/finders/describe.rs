//! What metadata says of a work, in every format.

use granary_finders::{Description, Field, describe};
use proptest::{prelude::*, sample};

/// A line for each value: `title: A title`, `date (issued): 2020`.
fn lines(description: &Description) -> Vec<String> {
    let mut lines = Vec::new();
    for (field, values) in &description.fields {
        let field = serde_json::to_value(field).unwrap().as_str().unwrap().to_owned();
        for value in values {
            let kind = value.kind.as_ref().map(|kind| format!(" ({kind})")).unwrap_or_default();
            lines.push(format!("{field}{kind}: {}", value.text));
        }
    }
    lines
}

#[track_caller]
fn check(metadata: &str, format: &str, expected: &[&str]) {
    let description = describe("prefix", metadata.as_bytes()).expect(metadata);
    assert_eq!(description.format, format);
    assert_eq!(lines(&description), expected, "{metadata}");
}

const DC: &str = "<metadata><oai_dc:dc xmlns:oai_dc='x' xmlns:dc='y'><dc:title>On  &lt;b&gt;\n Water</dc:title>\
    <dc:creator>Sand, Ada</dc:creator><dc:creator>Sand, Ada</dc:creator><dc:date>2020-01-02</dc:date><dc:type>Article</dc:type>\
    <dc:identifier>http://x.org/7</dc:identifier><dc:description>All of it.</dc:description></oai_dc:dc></metadata>";

const EPRINTS: &str = "<eprints><eprint><documents><document><title>a.pdf</title><language>en</language></document></documents>\
    <datestamp>2004-08-27</datestamp><type>article</type><creators><item><name><family>Sand</family><given>Ada</given></name>\
    <id>7</id></item><item><name><family>Müller</family></name></item></creators><editors><item><name><family>Red</family></name></item>\
    </editors><title>On Water</title><divisions><item>d</item></divisions><subjects><item>Q1</item></subjects><date>2003</date>\
    <publication>Water News</publication><funders><item><name>Nobody</name></item></funders><related_url><item><url>http://x.org/1</url>\
    <type>pub</type></item></related_url></eprint></eprints>";

const MODS: &str = "<mets><metsHdr><agent><name>software</name></agent></metsHdr><dmdSec><mods><titleInfo><nonSort>The</nonSort>\
    <title>Water</title><subTitle>a study</subTitle></titleInfo><name type='personal'><namePart type='family'>Sand</namePart>\
    <namePart type='given'>Ada</namePart><role><roleTerm type='code'>aut</roleTerm></role></name><name><namePart>Red, Max</namePart>\
    <role><roleTerm>editor</roleTerm></role></name><originInfo><publisher>P</publisher><dateIssued>1731</dateIssued></originInfo>\
    <language><languageTerm type='text'>German</languageTerm><languageTerm>ger</languageTerm></language><identifier type='urn'>urn:1\
    </identifier><relatedItem><titleInfo><title>Host</title></titleInfo></relatedItem><subject><topic>Seas</topic><topic>Salt</topic>\
    </subject><location><url>http://x.org/7</url></location></mods></dmdSec><dmdSec><mods><titleInfo><title>Chapter</title></titleInfo>\
    </mods></dmdSec><fileSec/></mets>";

const MARC: &str = "<record><leader/><datafield tag='100'><subfield code='a'>Sand, Ada,</subfield><subfield code='d'>1900-</subfield>\
    </datafield><datafield tag='245'><subfield code='a'>Water :</subfield><subfield code='b'>a study /</subfield></datafield>\
    <datafield tag='260'><subfield code='b'>P</subfield><subfield code='c'>2019</subfield></datafield><datafield tag='856'>\
    <subfield code='u'>http://x.org/7</subfield></datafield><datafield tag='999'><subfield code='a'>no</subfield></datafield></record>";

const JATS: &str = "<article><front><journal-meta><journal-title>Water News</journal-title><issn>0000-0000</issn></journal-meta>\
    <article-meta><article-id pub-id-type='doi'>10.1/7</article-id><title-group><article-title>On H<sub>2</sub>O</article-title>\
    <subtitle>again</subtitle></title-group><contrib-group><contrib contrib-type='author'><name><surname>Sand</surname><given-names>Ada\
    </given-names></name><email>a@x.org</email></contrib><contrib contrib-type='editor'><string-name>Max Red</string-name></contrib>\
    </contrib-group><pub-date pub-type='epub'><day>2</day><month>1</month><year>2020</year></pub-date><self-uri href='http://x.org/7'/>\
    </article-meta></front><back><ref-list><ref><article-title>Other</article-title></ref></ref-list></back></article>";

const DATACITE: &str = "<resource><identifier identifierType='DOI'>10.1/7</identifier><creators><creator><creatorName>Sand, Ada</creatorName>\
    <givenName>Ada</givenName><familyName>Sand</familyName><nameIdentifier>0000</nameIdentifier></creator></creators><titles><title>Water\
    </title></titles><publicationYear>2020</publicationYear><contributors><contributor contributorType='DataManager'><contributorName>Red\
    </contributorName></contributor></contributors><dates><date dateType='Issued'>2020-01</date></dates></resource>";

const XOAI: &str = "<metadata><metadata xmlns='http://www.lyncode.com/xoai'><element name='dc'><element name='contributor'><element \
    name='author'><element name='none'><field name='value'>Sand, Ada</field><field name='value'>Red, Max</field><field name='authority'>\
    x</field></element></element></element><element name='date'><element name='issued'><element name='none'><field name='value'>2020\
    </field></element></element></element><element name='title'><element name='en'><field name='value'>Water</field></element></element>\
    <element name='description'><element name='provenance'><field name='value'>by a@x.org</field></element></element></element><element \
    name='bundles'><element name='title'><field name='value'>no</field></element></element></metadata></metadata>";

const RIOXX: &str = "<rioxx><dc:title>Water</dc:title><rioxxterms:author id='http://orcid.org/1'>Sand, Ada</rioxxterms:author>\
    <dcterms:dateAccepted>2020-01</dcterms:dateAccepted><ali:license_ref>http://x.org/l</ali:license_ref></rioxx>";

const DIDL: &str = "<d:DIDL><d:Item><d:Descriptor><d:Statement><dii:Identifier>urn:7</dii:Identifier></d:Statement></d:Descriptor>\
    <d:Component><d:Resource><dc><title>Water</title></dc></d:Resource></d:Component></d:Item></d:DIDL>";

const DOCUMENTS: &[&str] = &[DC, EPRINTS, MODS, MARC, JATS, DATACITE, XOAI, RIOXX, DIDL];

#[test]
fn dublin_core_is_read_and_said_twice_is_said_once() {
    let expected = [
        "title: On <b> Water",
        "creator: Sand, Ada",
        "date: 2020-01-02",
        "type: Article",
        "identifier: http://x.org/7",
        "abstract: All of it.",
    ];
    check(DC, "Dublin Core", &expected);
}

#[test]
fn of_eprints_the_item_is_read_and_not_its_documents() {
    let expected = [
        "title: On Water",
        "creator: Sand, Ada",
        "creator: Müller",
        "contributor (editor): Red",
        "date (deposited): 2004-08-27",
        "date: 2003",
        "published_in: Water News",
        "type: article",
        "link: http://x.org/1",
        "subject: Q1",
    ];
    check(EPRINTS, "EPrints XML", &expected);
}

#[test]
fn of_mets_with_mods_the_first_description_is_read() {
    let expected = [
        "title: The Water: a study",
        "creator: Sand, Ada",
        "contributor (editor): Red, Max",
        "date (issued): 1731",
        "publisher: P",
        "language: German",
        "identifier (urn): urn:1",
        "link: http://x.org/7",
        "subject: Seas / Salt",
    ];
    check(MODS, "METS", &expected);
}

#[test]
fn marc_is_read_by_its_tags_and_codes() {
    let expected = [
        "title: Water: a study",
        "creator: Sand, Ada",
        "date (published): 2019",
        "publisher: P",
        "link: http://x.org/7",
    ];
    check(MARC, "MARC 21", &expected);
}

#[test]
fn of_jats_the_front_is_read_and_not_what_it_cites() {
    let expected = [
        "title: On H2O: again",
        "creator: Sand, Ada",
        "contributor (editor): Max Red",
        "date (epub): 2020-01-02",
        "published_in: Water News",
        "identifier (issn): 0000-0000",
        "identifier (doi): 10.1/7",
        "link: http://x.org/7",
    ];
    check(JATS, "JATS", &expected);
}

#[test]
fn datacite_is_read() {
    let expected = [
        "title: Water",
        "creator: Sand, Ada",
        "contributor (DataManager): Red",
        "date (published): 2020",
        "date (Issued): 2020-01",
        "identifier (DOI): 10.1/7",
    ];
    check(DATACITE, "DataCite", &expected);
}

#[test]
fn of_xoai_every_value_is_read_under_the_nearest_name_that_is_known() {
    check(
        XOAI,
        "DSpace xoai",
        &["title: Water", "creator: Sand, Ada", "creator: Red, Max", "date (issued): 2020"],
    );
}

#[test]
fn rioxx_and_didl_are_read() {
    let expected =
        ["title: Water", "creator: Sand, Ada", "date (accepted): 2020-01", "rights: http://x.org/l"];
    check(RIOXX, "RIOXX", &expected);
    check(DIDL, "DIDL", &["title: Water", "identifier: urn:7"]);
}

#[test]
fn a_format_that_is_not_known_is_called_by_its_prefix() {
    check("<work><title>Water</title></work>", "prefix", &["title: Water"]);
}

#[test]
fn what_says_nothing_that_is_understood_has_no_description() {
    for metadata in ["", "no xml", "<a/>", "<dc><title> </title></dc>", "\u{0}"] {
        assert_eq!(describe("oai_dc", metadata.as_bytes()), None, "{metadata:?}");
    }
}

#[test]
fn very_much_is_cut() {
    let text = "é".repeat(10_000);
    let creators: String = (0..1000).map(|n| format!("<creator>{n}</creator>")).collect();
    let description =
        describe("oai_dc", format!("<dc>{creators}<title>{text}</title></dc>").as_bytes()).unwrap();
    assert_eq!(description.fields[&Field::Creator].len(), 200);
    let title = description.title().unwrap();
    assert!(title.len() <= 8 << 10 && text.starts_with(title));
}

/// What [`Description`] promises.
fn keeps_its_promises(description: &Description) {
    assert!(!description.fields.is_empty());
    for values in description.fields.values() {
        assert!((1..=200).contains(&values.len()));
        for (at, value) in values.iter().enumerate() {
            assert!(!value.text.trim().is_empty() && value.text.len() < 9 << 10, "{value:?}");
            assert!(!value.text.contains('\n') && !values[..at].iter().any(|known| known.text == value.text));
        }
    }
}

#[test]
fn any_truncation_of_a_good_document_is_read() {
    for document in DOCUMENTS {
        for end in 0..=document.len() {
            describe("", &document.as_bytes()[..end]).iter().for_each(keeps_its_promises);
        }
    }
}

/// Real records of many repositories: whoever reads them wants a title.
#[test]
fn every_record_of_the_golden_data_with_a_title_has_one_here() {
    let Some(golden) = std::env::var_os("GRANARY_GOLDEN").map(std::path::PathBuf::from) else {
        eprintln!("not run: GRANARY_GOLDEN names no folder with exports and responses of real repositories");
        return;
    };
    let mut titles = 0;
    for file in ["eprints", "oai"].iter().flat_map(|folder| std::fs::read_dir(golden.join(folder)).unwrap()) {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let Some(description) = describe("prefix", &bytes) else { continue };
        keeps_its_promises(&description);
        titles += usize::from(description.title().is_some());
        if std::env::var_os("GRANARY_SHOW").is_some() {
            eprintln!("{}: {:#?}", path.display(), lines(&description));
        }
    }
    assert!(titles >= 20, "{titles}");
}

proptest! {
    #[test]
    fn any_bytes_are_read(bytes in any::<Vec<u8>>()) {
        describe("", &bytes).iter().for_each(keeps_its_promises);
    }

    #[test]
    fn a_good_document_with_other_bytes_in_it_is_read(
        at in any::<sample::Index>(), bytes in any::<[u8; 3]>(), document in sample::select(DOCUMENTS),
    ) {
        let mut document = document.as_bytes().to_vec();
        let at = at.index(document.len());
        document.splice(at..(at + bytes.len()).min(document.len()), bytes);
        describe("", &document).iter().for_each(keeps_its_promises);
    }

    #[test]
    fn anything_like_xml_is_read(pieces in prop::collection::vec(sample::select(PIECES), 0..60)) {
        describe("", pieces.concat().as_bytes()).iter().for_each(keeps_its_promises);
    }
}

/// Pieces of XML that mean something here.
#[rustfmt::skip]
const PIECES: &[&str] = &[
    "<dc>", "</dc>", "<title>", "</title>", "<creators>", "</creators>", "<item>", "</item>", "<name>", "</name>", "<family>", "</family>",
    "<given>", "</given>", "<element name='dc'>", "<element name='title'>", "<element>", "</element>", "<field name='value'>", "<field>",
    "</field>", "<datafield tag='245'>", "</datafield>", "<subfield code='a'>", "</subfield>", "<dmdSec>", "</dmdSec>", "<documents>",
    "</documents>", "<pub-date type='x'>", "</pub-date>", "<year>", "</year>", "<self-uri href='http://x'/>", "<subject>", "</subject>",
    "water", "é", " ", "&amp;", "&", "<![CDATA[", "]]>",
];
