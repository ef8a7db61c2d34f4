//! Where an EPrints repository exports an item. Pure.

use url::Url;

/// The metadata prefix, and so the file name, of EPrints XML where nobody says otherwise.
pub(crate) const EPRINTS_PREFIX: &str = "XML";

/// Relative to the repository's export path; the file name at the end is free. Today's form has a dataset, the one of
/// 2010 has none.
const TEMPLATES: [&str; 2] =
    ["eprint/%(pid)s/%(prefix)s/eprint-%(pid)s.xml", "%(pid)s/%(prefix)s/mieprints-eprint-%(pid)s.xml"];

/// The URL templates to try, best first. `base_urls` are what is known of the endpoint's address: the one we
/// were given, and Identify's.
pub(crate) fn templates(base_urls: &[&Url], template: Option<&str>) -> Vec<String> {
    if let Some(template) = template
        && is_absolute(template)
    {
        return vec![template.to_owned()];
    }
    let mut templates = Vec::new();
    for base in base_urls.iter().filter_map(|url| export_path(url)) {
        match template {
            Some(template) => templates.push(format!("{base}{}", template.trim_start_matches('/'))),
            None => templates.extend(TEMPLATES.map(|template| format!("{base}{template}"))),
        }
    }
    templates.dedup();
    templates
}

fn is_absolute(template: &str) -> bool {
    template.starts_with("http://") || template.starts_with("https://")
}

/// Where exports lie: beside the endpoint, whose path ends in `oai2`.
fn export_path(base: &Url) -> Option<String> {
    let mut base = base.clone();
    base.set_query(None);
    base.set_fragment(None);
    let path = base.path().trim_end_matches('/');
    let path = path.strip_suffix("oai2").filter(|path| path.ends_with('/'))?.to_owned();
    base.set_path(&format!("{path}export/"));
    Some(base.into())
}

/// The export URL of an item. `%(pid)s` is what follows the last colon of its identifier.
pub(crate) fn export_url(template: &str, identifier: &str, prefix: &str) -> Option<Url> {
    let pid = identifier.rsplit(':').next().unwrap_or(identifier);
    let url = template.replace("%(pid)s", &escape(pid)).replace("%(prefix)s", &escape(prefix));
    Url::parse(&url).ok()
}

/// A path segment of a URL: everything but letters, digits and `-._~` is percent-encoded.
fn escape(segment: &str) -> String {
    let mut escaped = String::with_capacity(segment.len());
    for byte in segment.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                escaped.push(char::from(byte));
            }
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(url: &str) -> Url {
        Url::parse(url).unwrap()
    }

    #[test]
    fn the_export_path_takes_the_place_of_oai2() {
        for base in ["http://x.org/cgi/oai2", "http://x.org/cgi/oai2/", "http://x.org/cgi/oai2?x=1"] {
            assert_eq!(
                templates(&[&url(base)], None),
                [
                    "http://x.org/cgi/export/eprint/%(pid)s/%(prefix)s/eprint-%(pid)s.xml",
                    "http://x.org/cgi/export/%(pid)s/%(prefix)s/mieprints-eprint-%(pid)s.xml"
                ]
            );
        }
        assert!(templates(&[&url("http://x.org/oai/request")], None).is_empty());
        assert!(templates(&[&url("http://x.org/cgi/myoai2")], None).is_empty());
    }

    #[test]
    fn a_template_may_be_relative_or_a_whole_url() {
        let base = url("http://x.org/cgi/oai2");
        assert_eq!(
            templates(&[&base, &base], Some("%(pid)s/a.xml")),
            ["http://x.org/cgi/export/%(pid)s/a.xml"]
        );
        for whole in ["http://y.org/%(pid)s", "https://y.org/%(pid)s"] {
            assert_eq!(templates(&[&base], Some(whole)), [whole]);
        }
    }

    #[test]
    fn the_item_is_what_follows_the_last_colon() {
        let template = "http://x.org/export/eprint/%(pid)s/%(prefix)s/e-%(pid)s.xml";
        let exported = |identifier| export_url(template, identifier, "XML").unwrap().to_string();
        assert_eq!(exported("oai:generic.eprints.org:774"), "http://x.org/export/eprint/774/XML/e-774.xml");
        assert_eq!(exported("774"), "http://x.org/export/eprint/774/XML/e-774.xml");
        assert_eq!(
            exported("oai:x:a/../b?c"),
            "http://x.org/export/eprint/a%2F..%2Fb%3Fc/XML/e-a%2F..%2Fb%3Fc.xml"
        );
    }
}
