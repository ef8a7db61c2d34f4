use crate::{Error, Found, Record, encoding, formats::FINDERS, media_type, payload::Payload, xml::Broken};

/// What one metadata format says about files.
pub(crate) struct Finder {
    /// The local names of its root elements. No two formats share one.
    pub(crate) roots: &'static [&'static str],
    /// Reads metadata with such a root. `None`: another format all the same. An error: the XML breaks before that
    /// can be told.
    pub(crate) find: fn(&Record<'_>, Payload<'_>) -> Result<Option<Found>, Broken>,
    /// The format's namespaces, without slashes at the end.
    pub(crate) namespaces: &'static [&'static str],
    /// The prefixes under which repositories offer it, for those that announce a wrong namespace, or none.
    pub(crate) prefixes: &'static [&'static str],
    /// The media types that are this format's alone.
    pub(crate) media_types: &'static [&'static str],
    /// See [`rank`].
    pub(crate) rank: u8,
}

/// Finds the files that a record's metadata names, by the finder of its format.
///
/// Well-formed XML of a format that nobody knows is no error: its [`Found`] is empty, without a method. XML
/// that breaks off gives what came before, and a problem; what is said of a file only later, such as who may
/// see it, is waited for: the EPrints document in which the XML breaks is left out.
///
/// # Errors
/// [`Error::NotXml`] when not even the format can be told.
pub fn find(record: &Record<'_>) -> Result<Found, Error> {
    let text = encoding::decode(record.metadata);
    ask(record, &text)
        .map(Option::unwrap_or_default)
        .map_err(|broken| Error::NotXml { identifier: record.identifier.to_owned(), source: broken.into() })
}

fn ask(record: &Record<'_>, text: &str) -> Result<Option<Found>, Broken> {
    let Some(payload) = Payload::open(text)? else { return Ok(None) };
    let name = payload.root.name();
    match FINDERS.iter().find(|finder| finder.roots.contains(&name)) {
        Some(finder) => (finder.find)(record, payload),
        None => Ok(None),
    }
}

/// How much a metadata format says about files, to pick one of ListMetadataFormats (OAI-PMH 2.0, section
/// 4.4): higher is better; `None`: nothing, or nothing known.
///
/// Either the `metadataPrefix` or the `metadataNamespace` is enough. Slashes at the end of the namespace and
/// its scheme's `s` do not matter.
///
/// Formats above `oai_dc` name files as such; `oai_dc` and `marcxml` have links that may be files. `marcxml` comes
/// last, for whoever asks for it: every repository has `oai_dc`, whose links are as good.
pub fn rank(prefix: &str, namespace: &str) -> Option<u8> {
    let known = |finder: &&Finder| finder.prefixes.contains(&prefix) || finder.has_namespace(namespace);
    FINDERS.iter().filter(known).map(|finder| finder.rank).max()
}

/// [`rank`] of what a link to metadata leads to, by its media type or its profile.
pub(crate) fn rank_of_link(content_type: Option<&str>, profile: Option<&str>) -> Option<u8> {
    let essence = content_type.map(media_type::essence);
    let known = |finder: &&Finder| {
        essence.as_deref().is_some_and(|essence| finder.media_types.contains(&essence))
            || profile
                .is_some_and(|profile| profile.split_whitespace().any(|name| finder.has_namespace(name)))
    };
    FINDERS.iter().filter(known).map(|finder| finder.rank).max()
}

impl Finder {
    fn has_namespace(&self, namespace: &str) -> bool {
        self.namespaces.iter().any(|known| plain(known) == plain(namespace))
    }
}

fn plain(namespace: &str) -> &str {
    let namespace = namespace.trim().trim_end_matches('/');
    namespace.strip_prefix("https://").or_else(|| namespace.strip_prefix("http://")).unwrap_or(namespace)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn what_says_more_about_files_ranks_higher() {
        let ranks = [
            rank("ep3", "http://eprints.org/ep2/data/2.0"),
            rank("mets", "http://www.loc.gov/METS/"),
            rank("xoai", "http://www.lyncode.com/xoai"),
            rank("ore", "http://www.w3.org/2005/Atom"),
            rank("didl", "urn:mpeg:mpeg21:2002:02-DIDL-NS"),
            rank("oai_openaire", "http://namespace.openaire.eu/schema/oaire/"),
            rank("rioxx", "http://www.rioxx.net/schema/v3.0/rioxx/"),
            rank("jats", "https://jats.nlm.nih.gov/publishing/1.2/"),
            rank("oai_dc", "http://www.openarchives.org/OAI/2.0/oai_dc/"),
            rank("marcxml", "http://www.loc.gov/MARC21/slim"),
        ];
        assert!(ranks.is_sorted_by(|better, worse| better > worse), "{ranks:?}");
        assert!(ranks.iter().all(Option::is_some), "{ranks:?}");
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
        assert_eq!(rank("mods", "http://www.loc.gov/mods/v3"), None);
        assert_eq!(rank("", ""), None);
        assert_eq!(rank_of_link(Some("application/xml"), None), None);
        assert_eq!(rank_of_link(None, None), None);
    }

    #[test]
    fn a_link_is_known_by_its_media_type_or_by_its_profile() {
        let eprints = rank("ep3", "");
        assert_eq!(rank_of_link(Some("Application/vnd.eprints.data+xml; charset=utf-8"), None), eprints);
        let profiles = "http://www.loc.gov/mods/v3 http://www.loc.gov/METS/";
        assert_eq!(rank_of_link(Some("text/xml"), Some(profiles)), rank("mets", ""));
    }

    #[test]
    fn the_table_is_in_order_of_trust() {
        assert!(FINDERS.is_sorted_by(|one, next| one.rank > next.rank));
    }

    #[test]
    fn a_root_element_belongs_to_one_format() {
        let mut roots = HashSet::new();
        assert!(FINDERS.iter().flat_map(|finder| finder.roots).all(|root| roots.insert(root)));
    }
}
