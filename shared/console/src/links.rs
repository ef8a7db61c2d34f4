//! Where things are in the console. Identifiers and names may hold anything: they travel in the query, encoded.

use granary_silo::{Identifier, SiloName, VersionName};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What may stay as it is in the value of a query.
const VALUE: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b':').remove(b'/');

fn encoded(text: &str) -> impl std::fmt::Display {
    utf8_percent_encode(text, VALUE)
}

pub(crate) fn silo(silo: &SiloName) -> String {
    format!("/silos/{silo}")
}

/// A page of a silo's objects: those whose identifiers begin so, after that one.
pub(crate) fn objects(silo: &SiloName, beginning: &str, after: Option<&Identifier>) -> String {
    let mut link = format!("/silos/{silo}?beginning={}", encoded(beginning));
    if let Some(after) = after {
        link.push_str(&format!("&after={}", encoded(after.as_str())));
    }
    link
}

pub(crate) fn object(silo: &SiloName, identifier: &Identifier) -> String {
    format!("/silos/{silo}/object?id={}", encoded(identifier.as_str()))
}

pub(crate) fn version(silo: &SiloName, identifier: &Identifier, version: &VersionName) -> String {
    format!("{}&version={}", object(silo, identifier), encoded(version.as_str()))
}

pub(crate) fn compare(
    silo: &SiloName,
    identifier: &Identifier,
    from: &VersionName,
    to: &VersionName,
) -> String {
    let (id, from, to) = (encoded(identifier.as_str()), encoded(from.as_str()), encoded(to.as_str()));
    format!("/silos/{silo}/compare?id={id}&from={from}&to={to}")
}

/// A file, to be looked at where that is safe.
pub(crate) fn file(silo: &SiloName, identifier: &Identifier, version: &VersionName, name: &str) -> String {
    let (id, version, name) = (encoded(identifier.as_str()), encoded(version.as_str()), encoded(name));
    format!("/silos/{silo}/file?id={id}&version={version}&name={name}")
}

/// The page that asks who it is, and goes on to `next`.
pub(crate) fn login(next: &str) -> String {
    format!("/login?next={}", encoded(next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_in_a_name_stays_in_its_place_of_the_query() {
        let (silo, identifier) = ("maths".parse().unwrap(), "oai:é/日 &id=#?+%\"<".parse().unwrap());
        assert_eq!(
            file(&silo, &identifier, &VersionName::named("1&2"), "a b/\u{a}.pdf"),
            "/silos/maths/file?id=oai:%C3%A9/%E6%97%A5%20%26id%3D%23%3F%2B%25%22%3C&version=1%262&name=a%20b/%0A.pdf"
        );
    }
}
