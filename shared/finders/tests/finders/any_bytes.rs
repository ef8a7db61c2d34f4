//! No bytes make a finder panic.

use crate::common::try_find;
use granary_finders::is_eprints3;
use proptest::{prelude::*, sample};

/// A document that goes through every rule of the EPrints finder.
const EPRINTS: &str = "<?xml version='1.0' encoding='UTF-8'?>\n<!DOCTYPE e [<!ENTITY e 'é'>]><metadata><eprints \
    xmlns='http://eprints.org/ep2/data/2.0'><eprint id='x'><eprintid>8</eprintid></eprint><eprint><eprintid>7</eprintid>\
    <documents><document><files><file><filename>é&amp;&e;&#233;&.pdf</filename><mime_type>a/b</mime_type><hash>\
    0cc175b9c0f1b6a831c399e269772661</hash><hash_type>MD5</hash_type><filesize>1</filesize><url><![CDATA[http://x.org/é]]>\
    </url></file><file><url>http://x.org/%ff</url></file></files><security>staffonly</security><date_embargo>2030-02\
    </date_embargo><relation><item><type>isVolatileVersionOf</type></item></relation></document></documents><dir/></eprint>\
    </eprints></metadata>";

const DUBLIN_CORE: &str = "\u{feff}<oai_dc:dc xmlns:oai_dc='x'><dc:identifier>http://x.org/é.pdf</dc:identifier>\
    <dc:relation>http://x.org/a.pdf</dc:relation></oai_dc:dc>";

const DOCUMENTS: &[&str] = &[EPRINTS, DUBLIN_CORE];

fn check(metadata: &[u8]) {
    let found = try_find("oai:x.org:7", metadata);
    let is_eprints3 = is_eprints3(metadata);
    for file in found.into_iter().flat_map(|found| found.files) {
        assert!(!file.name.is_empty() && !file.url.is_empty());
        assert!(is_eprints3 || file.found_by == granary_finders::Method::OaiDc);
    }
}

/// Pieces of XML that come near to what the finders read.
#[rustfmt::skip]
const PIECES: &[&str] = &[
    "<eprints>", "</eprints>", "<eprint>", "</eprint>", "<documents>", "</documents>", "<document>", "</document>",
    "<files>", "</files>", "<file>", "</file>", "<url>", "</url>", "<files/>", "<dc>", "</dc>", "<metadata>",
    "</metadata>", "<identifier>", "</identifier>", "http://x/a.pdf", "&", "&#", ";", "é", "<![CDATA[", "]]>",
    "<!--", "-->", "<?xml", "?>", " encoding='", "'", "<!DOCTYPE ", ">", "\u{0}",
];

#[test]
fn any_truncation_of_a_good_document_is_read() {
    for document in DOCUMENTS {
        assert!(try_find("oai:x.org:7", document.as_bytes()).unwrap().method.is_some());
        for end in 0..document.len() {
            check(&document.as_bytes()[..end]);
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read(bytes in any::<Vec<u8>>()) {
        check(&bytes);
    }

    #[test]
    fn anything_like_xml_is_read(pieces in prop::collection::vec(sample::select(PIECES), 0..40)) {
        check(pieces.concat().as_bytes());
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
}
