//! JATS, the article itself as XML: the files that it links to.
//!
//! `self-uri` is the article elsewhere: a PDF, or its landing page (JATS 1.3, `<self-uri>`). Figures, media and
//! supplementary material have a link as well. Only whole URLs are links: PubMed Central and others write the name of a
//! file in the publisher's package there, which is nowhere to be fetched.

use crate::{
    Found, Method, Record,
    announced::{Announced, Gathering},
    finder::Finder,
    link,
    payload::Payload,
    xml::{Broken, Element, Level, Walker},
};

pub(crate) const FINDER: Finder = Finder {
    roots: &["article"],
    find,
    namespaces: &[
        "http://jats.nlm.nih.gov",
        "https://jats.nlm.nih.gov/ns/archiving/1.0",
        "https://jats.nlm.nih.gov/ns/archiving/1.2",
        "https://jats.nlm.nih.gov/ns/archiving/1.3",
        "https://jats.nlm.nih.gov/publishing/1.1",
        "https://jats.nlm.nih.gov/publishing/1.2",
        "https://jats.nlm.nih.gov/publishing/1.3",
        "https://dtd.nlm.nih.gov/ns/archiving/2.3",
        "http://dtd.nlm.nih.gov/2.0/xsd/archivearticle",
    ],
    prefixes: &["jats", "oai_jats", "pmc"],
    media_types: &["application/jats+xml"],
    rank: 40,
};

fn find(record: &Record<'_>, mut payload: Payload<'_>) -> Result<Option<Found>, Broken> {
    let walker = &mut payload.walker;
    // DocBook's articles begin with `info` or `title`.
    let first = walker.child(payload.root.inside())?;
    if !first.is_some_and(|first| matches!(first.name(), "processing-meta" | "front")) {
        return Ok(None);
    }
    let mut gathering = Gathering::new(Method::Jats, record.today);
    let end = read(walker, payload.root.inside(), &mut gathering);
    Ok(Some(gathering.found(end)))
}

fn read(walker: &mut Walker<'_>, inside: Level, gathering: &mut Gathering) -> Result<(), Broken> {
    while let Some(element) = walker.descendant(inside)? {
        let Some(url) = element.attribute("href").filter(|url| link::http(url).is_some()) else { continue };
        match element.name() {
            "self-uri" => read_self(&element, url, gathering),
            "graphic"
            | "inline-graphic"
            | "media"
            | "supplementary-material"
            | "inline-supplementary-material" => {
                gathering.file(announced(&element, url));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Without a content type, a self-uri is the landing page, unless it ends like a file.
fn read_self(element: &Element<'_>, url: String, gathering: &mut Gathering) {
    let content_type = element.attribute("content-type").unwrap_or_default();
    let word = content_type.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    match word.as_str() {
        "html" | "xhtml+xml" => gathering.landing_page.offer(&url),
        "pdf" => {
            let content_type = Some("application/pdf".to_owned());
            gathering.file(Announced { content_type, ..announced(element, url) });
        }
        "" if !link::http(&url).is_some_and(|url| link::is_file(&url)) => gathering.landing_page.offer(&url),
        _ => gathering.file(Announced { content_type: Some(content_type), ..announced(element, url) }),
    }
}

fn announced(element: &Element<'_>, url: String) -> Announced {
    let kind = element.attribute("mimetype");
    let content_type = kind.map(|kind| match element.attribute("mime-subtype") {
        Some(sub) => format!("{kind}/{sub}"),
        None => kind,
    });
    Announced { url: Some(url), label: element.attribute("title"), content_type, ..Announced::default() }
}
