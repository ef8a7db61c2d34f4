//! No bytes make a finder panic, or promise what is not so.

use crate::common::{today, try_find};
use granary_finders::{Found, Method, Next, Page, is_eprints3, read_page};
use proptest::{prelude::*, sample};
use url::Url;

/// Documents that go through the rules of their finders.
#[rustfmt::skip]
const DOCUMENTS: &[&str] = &[
    "<?xml version='1.0' encoding='UTF-8'?>\n<!DOCTYPE e [<!ENTITY e 'é'>]><metadata><eprints \
    xmlns='http://eprints.org/ep2/data/2.0'><eprint id='x'><eprintid>8</eprintid></eprint><eprint><eprintid>7</eprintid>\
    <documents><document><files><file><filename>é&amp;&e;&#233;&.pdf</filename><mime_type>a/b</mime_type><hash>\
    0cc175b9c0f1b6a831c399e269772661</hash><hash_type>MD5</hash_type><filesize>1</filesize><url><![CDATA[http://x.org/é]]>\
    </url></file><file><url>http://x.org/%ff</url></file></files><security>staffonly</security><date_embargo>2030-02\
    </date_embargo><relation><item><type>isVolatileVersionOf</type></item></relation></document></documents><dir/></eprint>\
    </eprints></metadata>",
    "<m:mets OBJID='hdl:1/7' xmlns:m='http://www.loc.gov/METS/'><m:dmdSec><identifier type='uri'>http://x.org/7</identifier>\
    </m:dmdSec><m:fileSec><m:fileGrp USE='MAX'><m:fileGrp><m:file ID='é' SIZE='1' MIMETYPE='a/b' CHECKSUM='ab' \
    CHECKSUMTYPE='SHA-256'><m:FLocat x:href='http://x.org/a&amp;b&c;.pdf' x:title='a b.pdf'/><m:FContent/></m:file></m:fileGrp>\
    </m:fileGrp><m:fileGrp USE='DEFAULT'><m:file><m:FLocat LOCREF='file:///c'/></m:file></m:fileGrp></m:fileSec></m:mets>",
    "<metadata><metadata xmlns='http://www.lyncode.com/xoai'><element name='dc'><element name='identifier'><element name='uri'>\
    <field name='value'>http://x.org/7</field></element></element></element><element name='bundles'><element name='bundle'>\
    <field name='name'>ORIGINAL</field><element name='bitstreams'><element name='bitstream'><field name='name'>é.pdf</field>\
    <field name='url'>http://x.org/é.pdf</field><field name='size'>x</field><element name='resourcePolicies'><element>\
    <field name='action'>READ</field><field name='group'>Anonymous</field><field name='start-date'>2030</field></element>\
    </element></element></element></element></element><element name='others'><field name='handle'>1/7</field><element \
    name='access-status'><field name='value'>embargo</field></element></element></metadata></metadata>",
    "<a:entry xmlns:o='http://www.openarchives.org/ore/atom/'><a:link rel='alternate' href='http://x.org/7'/><a:link \
    rel='http://www.openarchives.org/ore/terms/aggregates' href='http://x.org/a b.pdf' title='é.pdf' length='1' type='a/b'/>\
    <o:triples><r:Description r:about='http://x.org/l.txt'><r:type r:resource='x/DSpaceBitstream'/><d:description>LICENSE\
    </d:description></r:Description></o:triples></a:entry>",
    "<r:RDF xmlns:ore='http://www.openarchives.org/ore/terms/'><r:Description r:about='a'><ore:aggregates r:resource='http://x.org/1'/>\
    <ore:aggregates><r:Description r:about='http://x.org/2'><d:format>a/b</d:format><d:extent>1 bytes</d:extent><d:title>é.pdf\
    </d:title><d:conformsTo>x</d:conformsTo></r:Description></ore:aggregates></r:Description></r:RDF>",
    "<d:DIDL><d:Item><d:Component><d:Resource ref='http://x.org/7'/></d:Component><d:Item><d:Descriptor><d:Statement>\
    <ObjectType>info:eu-repo/semantics/objectFile</ObjectType><accessRights>x/EmbargoedAccess</accessRights><available>2030\
    </available></d:Statement></d:Descriptor><d:Component><d:Resource mimeType='a/b'>http://x.org/é.pdf</d:Resource>\
    </d:Component></d:Item></d:Item></d:DIDL>",
    "<o:resource xmlns:o='http://namespace.openaire.eu/schema/oaire/'><dates><date dateType='Available'>2030-01</date></dates>\
    <identifier>10.1000/7</identifier><rights rightsURI='x/c_f1cf'/><o:file mimeType='a/b'>http://x.org/é.pdf</o:file></o:resource>",
    "<rioxx xmlns='http://www.rioxx.net/schema/v2.0/rioxx/'><identifier>http://x.org/é.pdf</identifier><format>a/b</format>\
    <free_to_read start_date='2030'/><license_ref start_date='x'/><relation rel='item' resource_exposed_date='2030'>http://x.org/1\
    </relation><relation rel='cite-as'>doi:10.1000/7</relation><relation>http://x.org/2.pdf</relation></rioxx>",
    "<article><front><self-uri content-type='pdf' x:href='http://x.org/é.pdf'/><self-uri x:href='http://x.org/7'/></front><body>\
    <graphic x:href='http://x.org/1' mimetype='a' mime-subtype='b'/></body></article>",
    "<c:collection><c:record><c:leader/><c:datafield tag='856' ind2='0'><c:subfield code='u'>http://x.org/é.pdf</c:subfield>\
    <c:subfield code='s'>1 bytes</c:subfield><c:subfield code='q'>a/b</c:subfield></c:datafield></c:record></c:collection>",
    "\u{feff}<oai_dc:dc xmlns:oai_dc='x'><dc:identifier>http://x.org/é.pdf</dc:identifier><dc:rights>\
    info:eu-repo/semantics/embargoedAccess</dc:rights><dc:date>info:eu-repo/date/embargoEnd/2030</dc:date>\
    <dc:relation>http://x.org/a.pdf</dc:relation></oai_dc:dc>",
];

#[rustfmt::skip]
const PAGES: &[(&str, &str)] = &[
    ("text/html", "<!DOCTYPE html><!-- é --><meta charset='utf-8'><title>a < b</title><base href='/é/'><script>'</p'</script><link \
     rel='item linkset' type=a/b href=?a=1&amp;b&#233;c title='é.pdf'><meta name=citation_pdf_url content='é.pdf'/>"),
    ("application/linkset", "<http://x.org/é.pdf>\n; rel=\"item describedby\"; type=\"a/b\"; title=\"\\é\"; profile=\"x y\",\n<b>;rel=item"),
    ("application/linkset+json", "{\"linkset\": [{\"anchor\": \"é\", \"item\": [{\"href\": \"é.pdf\", \"type\": \"a/b\", \"profile\": [\"x\"]}, 7], \
     \"describedby\": {\"href\": \"7.xml\", \"profile\": \"http://www.loc.gov/METS/\"}}]}"),
];

/// What [`granary_finders::FileRef`] and [`Found`] promise.
fn keeps_its_promises(found: &Found) {
    let mut seen = std::collections::HashSet::new();
    for file in &found.files {
        let mut url = Url::parse(&file.url).unwrap();
        assert!(["http", "https"].contains(&url.scheme()) && !file.url.contains(' '), "{file:?}");
        url.set_fragment(None);
        assert!(seen.insert(url), "{file:?} is there twice");
        assert!(!file.name.trim().is_empty(), "{file:?}");
        assert_eq!(Some(file.found_by), found.method, "{file:?}");
        for (digest, length) in [(&file.md5, 32), (&file.sha256, 64)] {
            let is_digest = |text: &String| {
                text.len() == length && text.bytes().all(|b| b"0123456789abcdef".contains(&b))
            };
            assert!(digest.as_ref().is_none_or(is_digest), "{file:?}");
        }
        if let granary_finders::Availability::Embargoed { until } = file.availability {
            assert!(until > today(), "{file:?}");
        }
    }
    assert!(found.landing_page.as_ref().is_none_or(|url| ["http", "https"].contains(&url.scheme())));
    let is_open = |file: &granary_finders::FileRef| file.availability == granary_finders::Availability::Open;
    assert_eq!(found.lack().is_none(), found.files.iter().any(is_open));
    assert!(found.problems.len() <= 103, "{} problems", found.problems.len());
}

fn check(metadata: &[u8]) {
    let is_eprints3 = is_eprints3(metadata);
    if let Ok(found) = try_find("oai:x.org:7", metadata) {
        keeps_its_promises(&found);
        assert_eq!(found.method == Some(Method::Eprints3), is_eprints3);
    }
}

fn check_page(content_type: &str, header: &str, body: &[u8]) {
    let url = Url::parse("http://x.org/7").unwrap();
    let content_type = Some(content_type).filter(|text| !text.is_empty());
    let read = read_page(&Page { url: &url, content_type, link_headers: &[header, header], body });
    keeps_its_promises(&read.found);
    assert!(read.next.len() <= 8);
    for next in read.next {
        let (Next::Linkset(next) | Next::Metadata(next)) = next;
        assert!(["http", "https"].contains(&next.scheme()) && next != url, "{next}");
    }
}

/// Pieces of XML that come near to what the finders read.
#[rustfmt::skip]
const PIECES: &[&str] = &[
    "<eprints>", "</eprints>", "<eprint>", "</eprint>", "<documents>", "</documents>", "<document>", "</document>",
    "<files>", "</files>", "<file>", "</file>", "<url>", "</url>", "<files/>", "<dc>", "</dc>", "<metadata>",
    "</metadata>", "<identifier>", "</identifier>", "<mets>", "</mets>", "<fileSec>", "</fileSec>", "<fileGrp USE='MAX'>",
    "</fileGrp>", "<FLocat href='http://x/b.pdf'/>", "<element name='bundles'>", "<element name='bundle'>",
    "<element name='bitstreams'>", "<element name='bitstream'>", "</element>", "<field name='url'>", "</field>",
    "<entry xmlns:o='http://www.openarchives.org/ore/'>", "</entry>", "<a about='http://x/c'>", "</a>", "<aggregates>",
    "</aggregates>", "<DIDL>", "</DIDL>", "<Item>", "</Item>", "<Resource ref='http://x/d'/>", "<rioxx>", "</rioxx>",
    "<relation rel='item'>", "</relation>", "<article><front>", "</front></article>", "<self-uri href='http://x/e.pdf'/>",
    "<record>", "</record>", "<leader/>", "<datafield tag='856'>", "</datafield>", "<subfield code='u'>", "</subfield>",
    "http://x/a.pdf", "&", "&#", ";", "é", "<![CDATA[", "]]>", "<!--", "-->", "<?xml", "?>", " encoding='", "'",
    "<!DOCTYPE ", ">", "=", " ", "\u{0}",
];

/// Pieces of pages and headers.
#[rustfmt::skip]
const PAGE_PIECES: &[&str] = &[
    "<link rel=item href=", "<meta name=citation_pdf_url content=", "<base href=", "<script>", "</script>", "<title", "<!--", "-->",
    "</", "<", ">", "/", "=", "\"", "'", " ", "&amp;", "&", "é", "a.pdf", "/b", "http://y.org/", "ftp://", "//", "data:,", "\u{0}",
    ";", ",", "rel=item", "rel=\"linkset", "type=\"a/b\"", "\\", "\n",
    "{\"linkset\": [", "{\"item\": [", "{\"href\": \"", "\"}", "]}", "{", "}", "[", "]",
];

const CONTENT_TYPES: &[&str] = &[
    "text/html",
    "application/linkset",
    "application/linkset+json",
    "",
    "application/pdf",
    "text/html; charset=utf-16",
];

#[test]
fn any_truncation_of_a_good_document_is_read() {
    for document in DOCUMENTS {
        let found = try_find("oai:x.org:7", document.as_bytes()).unwrap();
        assert!(found.method.is_some() && !found.files.is_empty(), "{document}");
        for end in 0..=document.len() {
            check(&document.as_bytes()[..end]);
        }
    }
}

#[test]
fn any_truncation_of_a_good_page_is_read() {
    for (content_type, page) in PAGES {
        for end in 0..=page.len() {
            check_page(content_type, "", &page.as_bytes()[..end]);
        }
        for end in (0..=page.len()).filter(|&end| page.is_char_boundary(end)) {
            check_page("text/html", &page[..end], b"");
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read(bytes in any::<Vec<u8>>(), content_type in sample::select(CONTENT_TYPES), header in any::<String>()) {
        check(&bytes);
        check_page(content_type, &header, &bytes);
    }

    #[test]
    fn anything_like_xml_is_read(pieces in prop::collection::vec(sample::select(PIECES), 0..40)) {
        check(pieces.concat().as_bytes());
    }

    #[test]
    fn anything_like_a_page_is_read(
        pieces in prop::collection::vec(sample::select(PAGE_PIECES), 0..40), content_type in sample::select(CONTENT_TYPES),
    ) {
        let text = pieces.concat();
        check_page(content_type, &text, text.as_bytes());
    }

    #[test]
    fn a_good_document_with_other_bytes_in_it_is_read(
        at in any::<sample::Index>(), bytes in any::<[u8; 3]>(), document in sample::select(DOCUMENTS),
    ) {
        let mut document = document.as_bytes().to_vec();
        let at = at.index(document.len());
        document.splice(at..(at + bytes.len()).min(document.len()), bytes);
        check(&document);
    }

    #[test]
    fn a_good_page_with_other_bytes_in_it_is_read(
        at in any::<sample::Index>(), bytes in any::<[u8; 3]>(), page in sample::select(PAGES),
    ) {
        let (content_type, page) = page;
        let mut page = page.as_bytes().to_vec();
        let at = at.index(page.len());
        page.splice(at..(at + bytes.len()).min(page.len()), bytes);
        check_page(content_type, "", &page);
    }
}
