//! What is measured, and the work that is measured, each the same in every run.

use std::fmt::Write;

use granary_oai_pmh::{Item, Limits, PageError, Parser};
use granary_silo::{Entry, FileName, Manifest, VersionName, VersionRecord};
use quick_xml::{Reader, events::Event};

/// How much of a page comes from the network at once.
const PIECE: usize = 16 << 10;

/// A `ListRecords` page of so many records in Dublin Core, each with two kilobytes, most of them an abstract.
#[must_use]
pub fn page(records: usize) -> String {
    let mut page = String::from(concat!(
        r#"<?xml version="1.0" encoding="UTF-8"?>"#,
        r#"<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><responseDate>2024-06-01T00:00:00Z</responseDate>"#,
        r#"<request verb="ListRecords" metadataPrefix="oai_dc">http://example.org/oai</request><ListRecords>"#
    ));
    for number in 0..records {
        write!(
            page,
            concat!(
                "<record><header><identifier>oai:example.org:{0}</identifier><datestamp>2024-01-01T00:00:00Z</datestamp>",
                "<setSpec>a</setSpec></header><metadata>",
                r#"<oai_dc:dc xmlns:oai_dc="http://www.openarchives.org/OAI/2.0/oai_dc/" "#,
                r#"xmlns:dc="http://purl.org/dc/elements/1.1/">"#,
                "<dc:title>On the {0} &amp; what follows</dc:title><dc:creator>Müller, {0}</dc:creator>",
                "<dc:description>{1}</dc:description><dc:date>2023-05-06</dc:date><dc:type>Article</dc:type>",
                "<dc:identifier>http://example.org/{0}/paper.pdf</dc:identifier></oai_dc:dc></metadata></record>"
            ),
            number,
            "Nothing is harder to keep than what nobody looks after. ".repeat(28)
        )
        .expect("a text takes everything");
    }
    page.push_str("<resumptionToken>next</resumptionToken></ListRecords></OAI-PMH>");
    page
}

/// Reads a page as a harvest does; how many items it holds.
///
/// # Errors
/// When it is none.
pub fn parse(page: &[u8]) -> Result<usize, PageError> {
    let mut parser = Parser::new(Limits::default());
    let mut items = 0;
    let mut count = |parser: &mut Parser| {
        while let Some(item) = parser.next() {
            items += usize::from(matches!(item, Item::Record(_)));
        }
    };
    for piece in page.chunks(PIECE) {
        parser.feed(piece);
        count(&mut parser);
    }
    parser.finish()?;
    count(&mut parser);
    Ok(items)
}

/// Lets quick-xml read a page, and looks at nothing; how many events there are.
///
/// # Errors
/// When it is not well-formed.
pub fn read_bare(page: &[u8]) -> Result<usize, quick_xml::Error> {
    let mut reader = Reader::from_reader(page);
    let (mut buffer, mut events) = (Vec::new(), 0);
    while !matches!(reader.read_event_into(&mut buffer)?, Event::Eof) {
        buffer.clear();
        events += 1;
    }
    Ok(events)
}

/// The manifest of an object with so many versions of three files each.
///
/// # Panics
/// Never: the names are good ones.
#[must_use]
pub fn manifest(versions: u64) -> Vec<u8> {
    const DATE: &str = "2024-06-01T00:00:00Z";
    let entry = |name: &FileName, number: u64| Entry {
        path: format!("__{number}/{name}", name = name.as_str()),
        size: Some(20_000 + number),
        sha256: Some(format!("{number:064x}")),
        md5: Some(format!("{number:032x}")),
        content_type: Some("application/pdf".to_owned()),
        url: Some(format!("http://example.org/{number}/{}", name.as_str())),
        etag: Some(format!("\"{number:x}\"")),
        fetched: Some(DATE.to_owned()),
        ..Entry::default()
    };
    let mut manifest = Manifest::new("oai:example.org:7".parse().expect("an identifier"));
    for number in 1..=versions {
        let version = VersionName::number(number);
        let record = VersionRecord { datestamp: Some(DATE.to_owned()), ..VersionRecord::default() };
        manifest.add_version(&version, DATE, record);
        for name in ["oai_dc", "paper.pdf", "data.csv"].map(FileName::safe) {
            let is_metadata = name.as_str() == "oai_dc";
            manifest.put(&version, &name, entry(&name, number), is_metadata);
        }
    }
    write_manifest(&manifest).expect("it is JSON")
}

/// Reads a manifest.
///
/// # Errors
/// When it is none.
pub fn read_manifest(bytes: &[u8]) -> Result<Manifest, serde_json::Error> {
    serde_json::from_slice(bytes)
}

/// Writes a manifest as it is stored.
///
/// # Errors
/// None are known.
pub fn write_manifest(manifest: &Manifest) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec_pretty(manifest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_measured_is_what_is_meant() {
        let page = page(10);
        assert_eq!(parse(page.as_bytes()).unwrap(), 10);
        assert!(read_bare(page.as_bytes()).unwrap() > 100);
        let manifest = read_manifest(&manifest(3)).unwrap();
        assert_eq!(manifest.latest().unwrap().as_str(), "3");
        assert_eq!(manifest.latest_record().unwrap().inventory.len(), 3);
        assert!(write_manifest(&manifest).unwrap().len() > 1000);
    }
}
