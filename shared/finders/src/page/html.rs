//! The tags `link`, `meta` and `base` of an HTML page, however broken it is.
//!
//! No tree is built, and no rule of HTML matters but those that say where a tag begins and ends (HTML, section
//! "Tokenization"): comments, and elements whose content is text.

use url::Url;

use crate::{encoding, link, media_type, xml};

use super::{MAX_BODY, Page, meta::Metas, typed_link::TypedLink};

/// Elements in which `<` begins no tag.
const TEXT_ELEMENTS: &[&str] =
    &["script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"];
/// How much of a page is searched for its encoding, in bytes (HTML, "Determining the character encoding").
const PRESCAN: usize = 1024;
/// How many attributes of a tag are looked at.
const MAX_ATTRIBUTES: usize = 64;

/// What a page has in its head.
pub(super) struct Html {
    pub(super) links: Vec<TypedLink>,
    pub(super) metas: Metas,
}

impl Html {
    /// Reads the first megabyte of a page. URLs are resolved against its first `<base>`, wherever that stands.
    pub(super) fn read(page: &Page<'_>) -> Self {
        let body = &page.body[..page.body.len().min(MAX_BODY)];
        let text = encoding::decode_as(body, charset(page, body).as_deref());
        let base = Tags::of(&text).find_map(|tag| tag.base(page.url)).unwrap_or_else(|| page.url.clone());
        let (mut links, mut metas) = (Vec::new(), Vec::new());
        for tag in Tags::of(&text) {
            match tag.name.as_str() {
                "link" => links.extend(tag.link(&base)),
                "meta" => metas.extend(tag.meta()),
                _ => {}
            }
        }
        Self { links, metas: Metas { metas, base } }
    }
}

fn charset(page: &Page<'_>, body: &[u8]) -> Option<String> {
    let of_header = page.content_type.and_then(media_type::charset).map(str::to_owned);
    of_header.or_else(|| {
        let head = String::from_utf8_lossy(&body[..body.len().min(PRESCAN)]);
        Tags::of(&head).filter(|tag| tag.name == "meta").find_map(|tag| {
            let declared = || media_type::charset(tag.attribute("content")?).map(str::to_owned);
            tag.attribute("charset").map(str::to_owned).or_else(declared)
        })
    })
}

/// A start tag.
struct Tag {
    /// In lower case.
    name: String,
    /// Names in lower case, and values.
    attributes: Vec<(String, String)>,
}

impl Tag {
    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn base(&self, page: &Url) -> Option<Url> {
        let href = self.attribute("href").filter(|_| self.name == "base")?;
        page.join(href.trim()).ok().filter(link::is_http)
    }

    fn link(&self, base: &Url) -> Option<TypedLink> {
        let href = self.attribute("href").filter(|href| !href.trim().is_empty())?;
        let text = |name| self.attribute(name).map(|text| text.trim().to_owned());
        Some(TypedLink {
            content_type: text("type"),
            title: text("title"),
            profile: text("profile"),
            ..TypedLink::new(href, base, self.attribute("rel")?)
        })
    }

    /// The name may be written as a property: `<meta property="citation_pdf_url" …>`.
    fn meta(&self) -> Option<(String, String)> {
        let name = self.attribute("name").or_else(|| self.attribute("property"))?;
        let content = self.attribute("content")?.trim();
        (!content.is_empty()).then(|| (name.trim().to_ascii_lowercase(), content.to_owned()))
    }
}

/// The start tags of a text, in order.
struct Tags<'a> {
    rest: &'a str,
}

impl<'a> Tags<'a> {
    fn of(text: &'a str) -> Self {
        Self { rest: text }
    }

    /// Goes on behind the next occurrence of `end`, or to the end.
    fn skip_to(&mut self, end: &str) {
        self.rest = self.rest.split_once(end).map_or("", |(_, after)| after);
    }

    /// Goes on at the end tag of an element whose content is text, or to the end.
    fn skip_text(&mut self, name: &str) {
        while let Some((_, after)) = self.rest.split_once("</") {
            self.rest = after;
            if after.get(..name.len()).is_some_and(|end| end.eq_ignore_ascii_case(name)) {
                return;
            }
        }
        self.rest = "";
    }

    /// Reads the attributes up to the end of the tag.
    fn attributes(&mut self) -> Vec<(String, String)> {
        let mut attributes = Vec::new();
        loop {
            self.rest = self.rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
            if self.rest.is_empty() {
                return attributes;
            }
            if let Some(after) = self.rest.strip_prefix('>') {
                self.rest = after;
                return attributes;
            }
            let attribute = self.attribute();
            if attributes.len() < MAX_ATTRIBUTES {
                attributes.push(attribute);
            }
        }
    }

    fn attribute(&mut self) -> (String, String) {
        // A `=` at the start is part of the name.
        let is_end =
            |(at, c): &(usize, char)| *at > 0 && (c.is_ascii_whitespace() || ['=', '>', '/'].contains(c));
        let end = self.rest.char_indices().find(is_end).map_or(self.rest.len(), |(at, _)| at);
        let name = self.rest[..end].to_ascii_lowercase();
        self.rest = &self.rest[end..];
        let value = match self.rest.trim_ascii_start().strip_prefix('=') {
            Some(after) => {
                self.rest = after.trim_ascii_start();
                self.value()
            }
            None => String::new(),
        };
        (name, value)
    }

    fn value(&mut self) -> String {
        let quote = self.rest.chars().next().filter(|quote| ['"', '\''].contains(quote));
        let (value, after) = match quote {
            Some(quote) => self.rest[1..].split_once(quote).unwrap_or((&self.rest[1..], "")),
            None => {
                let end =
                    self.rest.find(|c: char| c.is_ascii_whitespace() || c == '>').unwrap_or(self.rest.len());
                self.rest.split_at(end)
            }
        };
        self.rest = after;
        xml::resolve(value)
    }
}

impl Iterator for Tags<'_> {
    type Item = Tag;

    fn next(&mut self) -> Option<Tag> {
        loop {
            self.rest = self.rest.split_once('<')?.1;
            if let Some(comment) = self.rest.strip_prefix("!--") {
                self.rest = comment;
                self.skip_to("-->");
            } else if self.rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
                let is_end = |c: char| c.is_ascii_whitespace() || c == '>' || c == '/';
                let (name, rest) = self.rest.split_at(self.rest.find(is_end).unwrap_or(self.rest.len()));
                let name = name.to_ascii_lowercase();
                self.rest = rest;
                let attributes = self.attributes();
                if TEXT_ELEMENTS.contains(&name.as_str()) {
                    self.skip_text(&name);
                } else {
                    return Some(Tag { name, attributes });
                }
            }
        }
    }
}
