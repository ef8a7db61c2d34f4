//! Unqualified Dublin Core, `oai_dc`: the links that end in a file type.
//!
//! Repositories put the file's address into `dc:identifier`, mostly beside that of the landing page and a
//! DOI; some put it into `dc:relation`. Nothing more is known of such a file.

use std::collections::HashSet;

use url::Url;

use crate::{
    Availability, FileRef, Found, Method, Record, file_type,
    finder::Finder,
    link,
    xml::{Broken, Element, Walker},
};

pub(crate) const FINDER: Finder = Finder {
    find,
    namespaces: &["http://www.openarchives.org/OAI/2.0/oai_dc"],
    prefixes: &["oai_dc"],
    rank: 10,
};

fn find(_: &Record<'_>, text: &str) -> Result<Option<Found>, Broken> {
    let mut walker = Walker::new(text);
    let Some(dc) = enter(&mut walker)? else { return Ok(None) };
    let mut terms = Terms::default();
    let end = terms.read(&mut walker, &dc);
    let identifiers = files(&terms.identifiers);
    let files = if identifiers.is_empty() { files(&terms.relations) } else { identifiers };
    let problems: Vec<_> = end.err().iter().map(Broken::to_problem).collect();
    let is_cut_off = !problems.is_empty();
    Ok(Some(Found { method: Some(Method::OaiDc), files, problems, is_cut_off }))
}

/// The `dc` element: the root, or what `metadata` wraps.
fn enter<'a>(walker: &mut Walker<'a>) -> Result<Option<Element<'a>>, Broken> {
    let root = walker.root()?;
    let element = if root.name() == "metadata" { walker.child(root.inside())? } else { Some(root) };
    Ok(element.filter(|element| element.name() == "dc"))
}

/// The values that may be links.
#[derive(Default)]
struct Terms {
    identifiers: Vec<String>,
    relations: Vec<String>,
}

impl Terms {
    /// Reads to the end of `dc`. On an error, what was read before it stays.
    fn read(&mut self, walker: &mut Walker<'_>, dc: &Element<'_>) -> Result<(), Broken> {
        while let Some(term) = walker.child(dc.inside())? {
            match term.name() {
                "identifier" => self.identifiers.push(walker.text(&term)?),
                "relation" => self.relations.push(walker.text(&term)?),
                _ => {}
            }
        }
        Ok(())
    }
}

/// The files among some values, each URL once.
fn files(values: &[String]) -> Vec<FileRef> {
    let mut seen = HashSet::new();
    values.iter().filter_map(|value| file(value.trim(), &mut seen)).collect()
}

fn file(value: &str, seen: &mut HashSet<Url>) -> Option<FileRef> {
    let mut url = Url::parse(value).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    if url.path().ends_with('/') {
        return None;
    }
    let name = link::file_name(&url)?;
    let file_type = file_type::of(&name)?;
    // A page or a chapter inside a file is the same file.
    url.set_fragment(None);
    seen.insert(url).then(|| FileRef {
        url: value.to_owned(),
        name,
        size: None,
        md5: None,
        content_type: file_type.content_type.map(str::to_owned),
        availability: Availability::Open,
        found_by: Method::OaiDc,
    })
}
