use crate::{
    Error, FINDERS, Found, Record,
    xml::{self, Broken, Walker},
};

/// What one metadata format says about files.
pub(crate) struct Finder {
    /// Reads metadata (decoded text). `None`: another format. An error: the XML breaks before that can be
    /// told.
    pub(crate) find: fn(&Record<'_>, &str) -> Result<Option<Found>, Broken>,
    /// The format's namespaces, without slashes at the end.
    pub(crate) namespaces: &'static [&'static str],
    /// The prefixes under which repositories offer it, for those that announce a wrong namespace, or none.
    pub(crate) prefixes: &'static [&'static str],
    /// See [`rank`].
    pub(crate) rank: u8,
}

/// Finds the files that a record's metadata names, by the first finder that recognises the format.
///
/// Well-formed XML of a format that nobody knows is no error: its [`Found`] is empty, without a method. XML
/// that breaks off gives what came before, and a problem; what is said of a file only later, such as who may
/// see it, is waited for: the EPrints document in which the XML breaks is left out.
///
/// # Errors
/// [`Error::NotXml`] when not even the format can be told.
pub fn find(record: &Record<'_>) -> Result<Found, Error> {
    let text = xml::decode(record.metadata);
    ask_each(record, &text)
        .map_err(|broken| Error::NotXml { identifier: record.identifier.to_owned(), source: broken.into() })
}

fn ask_each(record: &Record<'_>, text: &str) -> Result<Found, Broken> {
    Walker::new(text).root()?;
    for finder in FINDERS {
        if let Some(found) = (finder.find)(record, text)? {
            return Ok(found);
        }
    }
    Ok(Found::default())
}

/// How much a metadata format says about files, to pick one of ListMetadataFormats (OAI-PMH 2.0, section
/// 4.4): higher is better; `None`: nothing, or nothing known.
///
/// Either the `metadataPrefix` or the `metadataNamespace` is enough. Slashes at the end of the namespace and
/// its scheme's `s` do not matter.
pub fn rank(prefix: &str, namespace: &str) -> Option<u8> {
    let namespace = plain(namespace);
    let known = |finder: &&Finder| {
        finder.prefixes.contains(&prefix) || finder.namespaces.iter().any(|known| plain(known) == namespace)
    };
    FINDERS.iter().filter(known).map(|finder| finder.rank).max()
}

fn plain(namespace: &str) -> &str {
    let namespace = namespace.trim().trim_end_matches('/');
    namespace.strip_prefix("https://").or_else(|| namespace.strip_prefix("http://")).unwrap_or(namespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eprints_xml_says_more_about_files_than_dublin_core() {
        let eprints = rank("ep3", "http://eprints.org/ep2/data/2.0");
        let dublin_core = rank("oai_dc", "http://www.openarchives.org/OAI/2.0/oai_dc/");
        assert!(eprints > dublin_core, "{eprints:?} {dublin_core:?}");
        assert!(dublin_core.is_some());
    }

    #[test]
    fn a_format_is_known_by_its_namespace_or_by_its_prefix() {
        let eprints = rank("ep3", "");
        assert_eq!(rank("xml", "http://eprints.org/ep2/data/2.0"), eprints);
        assert_eq!(rank("xml", " https://eprints.org/ep3/data/3.0/ "), eprints);
        assert_eq!(rank("oai_dc", "http://purl.org/dc/elements/1.1/"), rank("oai_dc", ""));
    }

    #[test]
    fn of_other_formats_nothing_is_known() {
        assert_eq!(rank("marcxml", "http://www.loc.gov/MARC21/slim"), None);
        assert_eq!(rank("", ""), None);
    }

    #[test]
    fn the_table_is_in_order_of_trust() {
        assert!(FINDERS.is_sorted_by(|one, next| one.rank > next.rank));
    }
}
