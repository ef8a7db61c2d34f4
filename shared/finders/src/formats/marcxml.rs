//! MARC 21 in XML: the links of field 856, "Electronic Location and Access".
//!
//! `$u` is the URL, `$q` its type, `$s` its size in bytes, `$f` the file's name, `$y` and `$3` what it is. The second
//! indicator tells the resource itself (0, blank) and a version of it (1) from something related (2). Whether a link
//! is a file or a page is told by `$q`, or by its ending.

use crate::{
    Found, Method, Record,
    announced::{Announced, Gathering},
    finder::Finder,
    link,
    media_type::{essence, is_media_type},
    payload::Payload,
    xml::{Broken, Element, Level, Walker},
};

pub(crate) const FINDER: Finder = Finder {
    roots: &["record", "collection"],
    find,
    namespaces: &["http://www.loc.gov/MARC21/slim", "http://www.openarchives.org/OAI/1.1/oai_marc"],
    prefixes: &["marcxml", "marc21", "marc", "oai_marc"],
    media_types: &["application/marcxml+xml"],
    rank: 5,
};

fn find(record: &Record<'_>, mut payload: Payload<'_>) -> Result<Option<Found>, Broken> {
    let walker = &mut payload.walker;
    let mut inside = payload.root.inside();
    let mut first = walker.child(inside)?;
    if payload.root.name() == "collection"
        && let Some(only) = first.take_if(|first| first.name() == "record")
    {
        inside = only.inside();
        first = walker.child(inside)?;
    }
    // Many formats call their root a record.
    let Some(first) = first.filter(|first| matches!(first.name(), "leader" | "controlfield" | "datafield"))
    else {
        return Ok(None);
    };
    let mut gathering = Gathering::new(Method::Marcxml, record.today);
    let end = read(walker, first, inside, &mut gathering);
    Ok(Some(gathering.found(end)))
}

fn read<'a>(
    walker: &mut Walker<'a>,
    first: Element<'a>,
    inside: Level,
    gathering: &mut Gathering,
) -> Result<(), Broken> {
    let mut next = Some(first);
    while let Some(field) = next {
        if field.attribute("tag").is_some_and(|tag| tag == "856") {
            read_location(walker, &field, gathering)?;
        }
        next = walker.child(inside)?;
    }
    Ok(())
}

fn read_location(
    walker: &mut Walker<'_>,
    field: &Element<'_>,
    gathering: &mut Gathering,
) -> Result<(), Broken> {
    let is_related = field.attribute("ind2").is_some_and(|indicator| indicator == "2");
    let (mut urls, mut file) = (Vec::new(), Announced::default());
    while let Some(subfield) = walker.child(field.inside())? {
        let code = subfield.attribute("code").unwrap_or_default();
        let value = walker.value(&subfield)?;
        match code.as_str() {
            "u" => urls.extend(value),
            "q" => file.content_type = value.filter(|text| is_media_type(text)),
            "s" => file.size = value.and_then(|text| bytes(&text)),
            "f" => file.name = value,
            "y" | "3" => file.label = file.label.or(value),
            _ => {}
        }
    }
    // Size and name are those of one URL.
    let is_only = urls.len() == 1;
    for url in urls.into_iter().filter(|_| !is_related) {
        let Some(parsed) = link::http(&url) else { continue };
        let says_file = file.content_type.as_deref().is_some_and(|text| essence(text) != "text/html");
        if says_file || link::is_file(&parsed) {
            let content_type = file.content_type.clone();
            let rest =
                if is_only { file.clone() } else { Announced { content_type, ..Announced::default() } };
            gathering.file(Announced { url: Some(url), ..rest });
        } else {
            gathering.landing_page.offer(&url);
        }
    }
    Ok(())
}

/// A size that is one in bytes: `330061`, `330061 bytes`. The subfield is free text.
fn bytes(text: &str) -> Option<String> {
    let number = text.trim_end_matches("bytes").trim_end();
    number.bytes().all(|byte| byte.is_ascii_digit()).then(|| number.to_owned())
}
