//! Which address of a record is its landing page.

use url::Url;

use crate::link;

/// The best address offered so far.
#[derive(Debug, Default)]
pub(crate) struct LandingPage {
    best: Option<(Standing, Url)>,
}

/// How good an address is. The repository's own page says most about its files; a handle leads to it; a DOI may lead
/// to the publisher.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    Own,
    Handle,
    Related,
    Doi,
}

impl LandingPage {
    /// Offers an address of the record itself: a link, a DOI (`doi:10.…`, `10.…`) or a handle (`hdl:…`). Anything
    /// else, and what is a file by its ending, is passed over. Of equals, the first is taken.
    pub(crate) fn offer(&mut self, address: &str) {
        if let Some(offered) = address_of(address) {
            self.put(offered);
        }
    }

    /// Offers an address of something the record is related to. It may be the record's own page: EPrints puts it
    /// there.
    pub(crate) fn offer_related(&mut self, address: &str) {
        if let Some((Standing::Own, url)) = address_of(address) {
            self.put((Standing::Related, url));
        }
    }

    pub(crate) fn best(self) -> Option<Url> {
        self.best.map(|(_, url)| url)
    }

    fn put(&mut self, offered: (Standing, Url)) {
        if self.best.as_ref().is_none_or(|(standing, _)| offered.0 < *standing) {
            self.best = Some(offered);
        }
    }
}

/// Whether a URL is a DOI or a handle: an identifier, under which there is no file.
pub(crate) fn is_persistent_identifier(url: &Url) -> bool {
    matches!(standing(url), Standing::Doi | Standing::Handle)
}

fn address_of(text: &str) -> Option<(Standing, Url)> {
    let text = text.trim();
    let url = match bare_identifier(text) {
        Some(resolver) => link::http(&resolver)?,
        None => link::http(text)?,
    };
    let standing = standing(&url);
    // A DOI may end like a file.
    (standing != Standing::Own || !link::is_file(&url)).then_some((standing, url))
}

/// The address of an identifier that is written without its resolver.
fn bare_identifier(text: &str) -> Option<String> {
    let after = |scheme: &str| {
        let (start, rest) = text.split_at_checked(scheme.len())?;
        start.eq_ignore_ascii_case(scheme).then(|| rest.trim())
    };
    let doi = after("info:doi/").or_else(|| after("doi:")).unwrap_or(text);
    if let Some(handle) = after("info:hdl/").or_else(|| after("hdl:")) {
        return Some(format!("https://hdl.handle.net/{handle}"));
    }
    // A DOI begins with its registrant: 10.1234/…
    let (registrant, _) = doi.strip_prefix("10.")?.split_once('/')?;
    let is_registrant = registrant.len() >= 4 && registrant.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    is_registrant.then(|| format!("https://doi.org/{doi}"))
}

fn standing(url: &Url) -> Standing {
    match url.host_str().unwrap_or_default().trim_start_matches("www.") {
        "doi.org" | "dx.doi.org" => Standing::Doi,
        "hdl.handle.net" | "handle.net" => Standing::Handle,
        _ => Standing::Own,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best(addresses: &[&str]) -> Option<String> {
        let mut page = LandingPage::default();
        addresses.iter().for_each(|address| page.offer(address));
        page.best().map(String::from)
    }

    #[test]
    fn the_repositorys_own_page_is_better_than_a_handle_and_that_better_than_a_doi() {
        let (own, handle, doi) =
            ("https://x.org/7", "http://hdl.handle.net/1/7", "https://doi.org/10.1000/182");
        assert_eq!(best(&[doi, handle, own]).as_deref(), Some(own));
        assert_eq!(best(&[doi, handle]).as_deref(), Some(handle));
        assert_eq!(best(&[own, "https://x.org/8"]).as_deref(), Some(own));
        assert_eq!(best(&[]), None);
    }

    #[test]
    fn something_related_is_better_than_a_doi_only() {
        let mut page = LandingPage::default();
        page.offer("doi:10.1000/182");
        page.offer_related("https://doi.org/10.1000/183");
        page.offer_related("https://x.org/7/");
        assert_eq!(page.best().unwrap().as_str(), "https://x.org/7/");
    }

    #[test]
    fn an_identifier_without_its_resolver_is_an_address() {
        for (text, url) in [
            ("doi:10.1000/182", Some("https://doi.org/10.1000/182")),
            ("DOI: 10.1000/182", Some("https://doi.org/10.1000/182")),
            ("10.1000/182", Some("https://doi.org/10.1000/182")),
            ("info:doi/10.1000/182", Some("https://doi.org/10.1000/182")),
            ("hdl:10044/1/2", Some("https://hdl.handle.net/10044/1/2")),
            ("10.1000", None),
            ("10.x/1", None),
            ("10.10/1", None),
            ("ISBN 3-16-148410-0", None),
            ("urn:nbn:de:1-2", None),
            ("info:eu-repo/grantAgreement/EC/FP7/1", None),
            ("http://x.org/7/paper.pdf", None),
            ("ftp://x.org/7", None),
            ("", None),
        ] {
            assert_eq!(best(&[text]).as_deref(), url, "{text:?}");
        }
    }
}
