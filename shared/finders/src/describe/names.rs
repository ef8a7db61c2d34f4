//! What elements are called, and what they mean.

use crate::{describe::Field, xml::Element};

/// What an element is a value of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Meaning {
    pub(super) field: Field,
    /// Of what kind, as far as the element itself says.
    pub(super) kind: Option<String>,
}

/// A local name, the field that it means, and the kind where the name says it.
type Name = (&'static str, Field, &'static str);

/// Dublin Core and its terms, EPrints, MODS, JATS, DataCite, OpenAIRE, RIOXX, DIDL, ETD-MS, Atom.
#[rustfmt::skip]
const NAMES: &[Name] = &[
    ("title", Field::Title, ""), ("titleInfo", Field::Title, ""), ("title-group", Field::Title, ""),
    ("alternative", Field::Title, "alternative"),
    ("creator", Field::Creator, ""), ("author", Field::Creator, ""), ("contrib", Field::Creator, ""), ("name", Field::Creator, ""),
    ("contributor", Field::Contributor, ""), ("advisor", Field::Contributor, "advisor"), ("editor", Field::Contributor, "editor"),
    ("date", Field::Date, ""), ("pub-date", Field::Date, ""), ("issued", Field::Date, "issued"), ("dateIssued", Field::Date, "issued"),
    ("publication_date", Field::Date, "published"), ("publicationYear", Field::Date, "published"), ("published", Field::Date, "published"),
    ("dateAccepted", Field::Date, "accepted"), ("dateSubmitted", Field::Date, "submitted"), ("available", Field::Date, "available"),
    ("created", Field::Date, "created"), ("dateCreated", Field::Date, "created"), ("modified", Field::Date, "modified"),
    ("dateModified", Field::Date, "modified"), ("updated", Field::Date, "modified"), ("lastmod", Field::Date, "modified"),
    ("datestamp", Field::Date, "deposited"), ("accessioned", Field::Date, "deposited"), ("copyrightDate", Field::Date, "copyright"),
    ("publication", Field::PublishedIn, ""), ("journal-title", Field::PublishedIn, ""), ("isPartOf", Field::PublishedIn, ""),
    ("ispartof", Field::PublishedIn, ""), ("ispartofseries", Field::PublishedIn, ""), ("source", Field::PublishedIn, ""),
    ("citation", Field::PublishedIn, ""), ("bibliographicCitation", Field::PublishedIn, ""),
    ("publisher", Field::Publisher, ""),
    ("type", Field::Type, ""), ("genre", Field::Type, ""), ("typeOfResource", Field::Type, ""), ("resourceType", Field::Type, ""),
    ("resource_type", Field::Type, ""),
    ("language", Field::Language, ""),
    ("identifier", Field::Identifier, ""), ("Identifier", Field::Identifier, ""), ("article-id", Field::Identifier, ""),
    ("alternateIdentifier", Field::Identifier, ""), ("id_number", Field::Identifier, ""), ("version_of_record", Field::Identifier, "version of record"),
    ("doi", Field::Identifier, "doi"), ("issn", Field::Identifier, "issn"), ("isbn", Field::Identifier, "isbn"),
    ("relation", Field::Link, ""), ("relatedIdentifier", Field::Link, ""), ("url", Field::Link, ""), ("official_url", Field::Link, ""),
    ("self-uri", Field::Link, ""),
    ("subject", Field::Subject, ""), ("keyword", Field::Subject, ""), ("keywords", Field::Subject, ""), ("kwd", Field::Subject, ""),
    ("abstract", Field::Abstract, ""), ("description", Field::Abstract, ""),
    ("rights", Field::Rights, ""), ("license", Field::Rights, ""), ("license_ref", Field::Rights, ""), ("accessCondition", Field::Rights, ""),
    ("accessRights", Field::Rights, ""), ("copyright-statement", Field::Rights, ""),
];

/// What is in EPrints a list of `item`s.
const LISTS: &[Name] = &[
    ("creators", Field::Creator, ""),
    ("corp_creators", Field::Creator, ""),
    ("editors", Field::Contributor, "editor"),
    ("contributors", Field::Contributor, ""),
    ("dates", Field::Date, ""),
    ("subjects", Field::Subject, ""),
    ("related_url", Field::Link, ""),
];

/// MARC 21: fields that are one value, and subfields that are one each.
#[rustfmt::skip]
const MARC: &[(&str, &str, Field, &str)] = &[
    ("245", "", Field::Title, ""), ("246", "", Field::Title, "alternative"),
    ("100", "", Field::Creator, ""), ("110", "", Field::Creator, ""), ("111", "", Field::Creator, ""),
    ("700", "", Field::Contributor, ""), ("710", "", Field::Contributor, ""), ("711", "", Field::Contributor, ""),
    ("260", "c", Field::Date, "published"), ("264", "c", Field::Date, "published"), ("269", "c", Field::Date, ""),
    ("260", "b", Field::Publisher, ""), ("264", "b", Field::Publisher, ""),
    ("773", "t", Field::PublishedIn, ""), ("773", "p", Field::PublishedIn, ""),
    ("041", "a", Field::Language, ""), ("655", "a", Field::Type, ""),
    ("020", "a", Field::Identifier, "isbn"), ("022", "a", Field::Identifier, "issn"), ("024", "a", Field::Identifier, ""),
    ("037", "a", Field::Identifier, ""), ("856", "u", Field::Link, ""),
    ("650", "a", Field::Subject, ""), ("653", "a", Field::Subject, ""), ("520", "a", Field::Abstract, ""), ("540", "a", Field::Rights, ""),
];

/// What is said of files, of the metadata, of other works, and the work itself.
#[rustfmt::skip]
const SKIPPED: &[&str] = &[
    "documents", "files", "fileSec", "structMap", "structLink", "amdSec", "metsHdr", "recordInfo", "relatedItem", "relatedItems",
    "related-article", "related-object", "sub-article", "response", "body", "back", "ref-list", "nameIdentifier", "affiliation", "aff",
    "fundingReferences", "DocumentParts", "aggregates", "triples", "part", "extension",
];

/// What DSpace says in `xoai` of its own affairs.
const SKIPPED_IN_XOAI: &[&str] = &["bundles", "others", "repository", "license", "provenance"];

/// Attributes that say of what kind a value is, the more telling first.
#[rustfmt::skip]
const KINDS: &[&str] = &[
    "dateType", "date-type", "pub-type", "pub-id-type", "identifierType", "alternateIdentifierType", "relationType", "contributorType",
    "contrib-type", "titleType", "descriptionType", "resourceTypeGeneral", "rel", "type",
];

const FORMATS: &[(&str, &str)] = &[
    ("eprints", "EPrints XML"),
    ("eprint", "EPrints XML"),
    ("dc", "Dublin Core"),
    ("qualifieddc", "qualified Dublin Core"),
    ("mets", "METS"),
    ("mods", "MODS"),
    ("modsCollection", "MODS"),
    ("DIDL", "DIDL"),
    ("datafield", "MARC 21"),
    ("rioxx", "RIOXX"),
    ("article", "JATS"),
    ("resource", "DataCite"),
    ("element", "DSpace xoai"),
    ("entry", "ORE in Atom"),
    ("RDF", "RDF"),
    ("thesis", "ETD-MS"),
    ("lom", "LOM"),
];

/// The format whose metadata has an element of this name first of all.
pub(super) fn format(name: &str) -> Option<&'static str> {
    FORMATS.iter().find(|(root, _)| *root == name).map(|(_, format)| *format)
}

/// Whether neither the element nor anything in it is read.
pub(super) fn is_skipped<'a>(element: &Element<'_>, mut above: impl Iterator<Item = &'a str>) -> bool {
    match element.name() {
        "element" => element.attribute("name").is_some_and(|name| SKIPPED_IN_XOAI.contains(&name.as_str())),
        "item" => !above.next().is_some_and(|list| LISTS.iter().any(|(name, ..)| *name == list)),
        name => SKIPPED.contains(&name),
    }
}

/// What the element is called. Some formats have names in attributes.
pub(super) fn name_of<'a>(element: &Element<'_>, mut above: impl Iterator<Item = &'a str>) -> String {
    let name = element.name();
    let named = match name {
        "element" => element.attribute("name"),
        "field" => above.next().map(str::to_owned),
        "datafield" => element.attribute("tag"),
        "subfield" => element.attribute("code"),
        "namePart" => element.attribute("type"),
        _ => None,
    };
    named.unwrap_or_else(|| name.to_owned())
}

/// What an element called `name` means, inside those `above` it (the nearest first).
pub(super) fn meaning<'a>(
    element: &Element<'_>,
    name: &str,
    mut above: impl Iterator<Item = &'a str>,
) -> Option<Meaning> {
    let (field, kind) = match element.name() {
        // In `xoai`: a level of names, and not a value.
        "element" => None,
        // The nearest name that is known: `dc`, `date`, `issued`, `none`.
        "field" if element.attribute("name").as_deref() == Some("value") => {
            above.find_map(|name| find(NAMES, name))
        }
        "field" => None,
        "item" => above.next().and_then(|list| find(LISTS, list)),
        "datafield" => find_marc(name, ""),
        "subfield" => above.next().and_then(|tag| find_marc(tag, name)),
        _ => find(NAMES, name),
    }?;
    let said = || KINDS.iter().find_map(|kind| element.attribute(kind));
    let kind = Some(kind).filter(|kind| !kind.is_empty()).map(str::to_owned).or_else(said);
    Some(Meaning { field, kind })
}

fn find(names: &'static [Name], name: &str) -> Option<(Field, &'static str)> {
    names.iter().find(|known| known.0 == name).map(|&(_, field, kind)| (field, kind))
}

fn find_marc(tag: &str, code: &str) -> Option<(Field, &'static str)> {
    MARC.iter().find(|known| (known.0, known.1) == (tag, code)).map(|&(_, _, field, kind)| (field, kind))
}
