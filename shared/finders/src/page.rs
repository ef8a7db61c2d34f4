//! What a landing page says about the files of its record.

mod html;
mod link_header;
mod linkset;
mod meta;
mod typed_link;

use chrono::NaiveDate;
use url::Url;

use crate::{
    Found, Method,
    announced::{Announced, Gathering},
    encoding, finder, link, media_type,
};
use html::Html;
use meta::Metas;
use typed_link::TypedLink;

/// How much of an HTML page is looked at, and how long a link set may be, in bytes. What is looked for in a page lies
/// in its head; a link set of a million bytes names five thousand files.
const MAX_BODY: usize = 1 << 20;
/// How many links are taken of one page, its headers included.
const MAX_LINKS: usize = 10_000;
/// How much there may be to fetch next.
const MAX_NEXT: usize = 8;

/// The answer to a request for a landing page, or for the link set of one.
#[derive(Debug, Clone, Copy)]
pub struct Page<'a> {
    /// Where it is, after redirects.
    pub url: &'a Url,
    /// The `Content-Type` header.
    pub content_type: Option<&'a str>,
    /// The `Link` headers, one or more links in each (RFC 8288, section 3).
    pub link_headers: &'a [&'a str],
    /// The body, or its first megabyte; may be empty (the answer to HEAD).
    pub body: &'a [u8],
}

/// What a page says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PageFound {
    /// The files that the page names, by the first of: typed links to its items ([Signposting](Method::Signposting)),
    /// meta tags ([`HtmlMeta`](Method::HtmlMeta)), itself ([`LandingPage`](Method::LandingPage)). Without a method,
    /// the page is of a kind that says nothing about files.
    pub found: Found,
    /// What is worth fetching next, best first: if it names files, take those in place of [`found`](Self::found).
    /// Empty when the page has typed links to its items. At most eight.
    pub next: Vec<Next>,
}

/// Something a page links to that may say more about files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// A set of links (RFC 9264), for [`read_page`]. That of a link set is never another one.
    Linkset(Url),
    /// Metadata in a format that names files, for [`find`](crate::find).
    Metadata(Url),
}

/// Reads what a landing page, or a link set, says about files. URLs are resolved against the page's, in HTML against
/// its `<base>`; only those of http and https count.
///
/// HTML may be broken in any way. Only its first megabyte is looked at; a longer link set is a problem. A page that
/// names itself names nothing.
pub fn read_page(page: &Page<'_>) -> PageFound {
    let mut reading = Reading::new(page);
    reading.links.extend(page.link_headers.iter().flat_map(|header| link_header::parse(header, page.url)));
    reading.read_body();
    reading.found()
}

/// What a page is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content {
    Html,
    Linkset,
    LinksetJson,
    /// No page: the address of the landing page is that of the file.
    File,
    Other,
}

impl Content {
    fn of(page: &Page<'_>) -> Self {
        let essence = page.content_type.map(media_type::essence).unwrap_or_default();
        match essence.as_str() {
            "text/html" | "application/xhtml+xml" => Self::Html,
            "application/linkset" => Self::Linkset,
            "application/linkset+json" => Self::LinksetJson,
            "" if page.body.starts_with(b"%PDF-") => Self::File,
            "" => Self::Html,
            "application/xml" | "application/json" => Self::Other,
            other if other.starts_with("text/") || other.ends_with("+xml") || other.ends_with("+json") => {
                Self::Other
            }
            other if media_type::is_media_type(other) => Self::File,
            _ => Self::Other,
        }
    }
}

/// The links of a page, no more than [`MAX_LINKS`].
#[derive(Default)]
struct Links {
    links: Vec<TypedLink>,
    are_more: bool,
}

impl Links {
    fn extend(&mut self, links: impl IntoIterator<Item = TypedLink>) {
        let mut links = links.into_iter();
        self.links.extend(links.by_ref().take(MAX_LINKS - self.links.len()));
        self.are_more |= links.next().is_some();
    }
}

/// A page while it is read.
struct Reading<'a> {
    page: &'a Page<'a>,
    content: Content,
    links: Links,
    /// The meta tags of HTML, with what their URLs are resolved against.
    metas: Option<Metas>,
    problems: Vec<String>,
}

impl<'a> Reading<'a> {
    fn new(page: &'a Page<'a>) -> Self {
        let content = Content::of(page);
        Self { page, content, links: Links::default(), metas: None, problems: Vec::new() }
    }

    fn read_body(&mut self) {
        let Page { url, body, .. } = *self.page;
        match self.content {
            Content::Html => {
                let Html { links, metas } = Html::read(self.page);
                self.links.extend(links);
                self.metas = Some(metas);
            }
            Content::Linkset | Content::LinksetJson if body.len() > MAX_BODY => {
                self.problems.push(format!("the link set is longer than {MAX_BODY} bytes"));
            }
            Content::Linkset => {
                self.links.extend(link_header::parse(&encoding::decode_as(body, None), url));
            }
            Content::LinksetJson => match linkset::parse(body, url) {
                Ok(links) => self.links.extend(links),
                Err(error) => self.problems.push(format!("the link set cannot be read: {error}")),
            },
            Content::File | Content::Other => {}
        }
        if self.links.are_more {
            self.problems.push(format!("only the first {MAX_LINKS} links are taken"));
        }
    }

    fn found(self) -> PageFound {
        let items = self.items();
        if items.has_files() {
            return PageFound { found: self.finish(items), next: Vec::new() };
        }
        let next = self.next();
        let found = match self.content {
            Content::Html => {
                let mut named = self.gathering(Method::HtmlMeta);
                if let Some(metas) = &self.metas {
                    metas.emit(&self.links.links, &mut named);
                }
                self.finish(named)
            }
            Content::Linkset | Content::LinksetJson => self.finish(items),
            Content::File => {
                let named = self.itself();
                self.finish(named)
            }
            Content::Other => Found { problems: self.problems, ..Found::default() },
        };
        PageFound { found, next }
    }

    fn itself(&self) -> Gathering {
        let mut gathering = Gathering::new(Method::LandingPage, NaiveDate::MIN);
        gathering.file(Announced {
            url: Some(self.page.url.to_string()),
            content_type: self.page.content_type.map(str::to_owned),
            ..Announced::default()
        });
        gathering
    }

    /// The content resources of the record (Signposting, "Publication Boundary").
    fn items(&self) -> Gathering {
        let mut items = self.gathering(Method::Signposting);
        for item in self.links.links.iter().filter(|link| link.is("item")) {
            items.file(item.announced());
        }
        items
    }

    /// The page itself is not one of its files: taking it for one would lead in a circle.
    fn gathering(&self, method: Method) -> Gathering {
        // Nothing on a page has a date.
        let mut gathering = Gathering::new(method, NaiveDate::MIN);
        gathering.leave_out(self.page.url);
        gathering
    }

    fn finish(self, gathering: Gathering) -> Found {
        let mut found = gathering.found(Ok(()));
        found.problems.extend(self.problems);
        found
    }

    /// Link sets, the one that is JSON first, then metadata, the best format first.
    fn next(&self) -> Vec<Next> {
        let mut ranked: Vec<_> = self.links.links.iter().filter_map(|link| self.ranked(link)).collect();
        // Stable: of equals, the first.
        ranked.sort_by_key(|(rank, _)| std::cmp::Reverse(*rank));
        let mut next = Vec::new();
        for (_, one) in ranked {
            if next.len() < MAX_NEXT && !next.contains(&one) {
                next.push(one);
            }
        }
        next
    }

    fn ranked(&self, link: &TypedLink) -> Option<(Rank, Next)> {
        let url = link::http(&link.target).filter(|url| url != self.page.url)?;
        let content_type = link.content_type.as_deref();
        if link.is("linkset") && self.content == Content::Html {
            let is_text = content_type.is_some_and(|text| media_type::essence(text) == "application/linkset");
            return Some((if is_text { Rank::Linkset } else { Rank::LinksetJson }, Next::Linkset(url)));
        }
        if !link.is("describedby") && !link.is("alternate") {
            return None;
        }
        let rank = finder::rank_of_link(content_type, link.profile.as_deref())?;
        // Formats that are no better than the page itself are not worth a request.
        (Some(rank) > finder::rank("oai_dc", "")).then_some((Rank::Metadata(rank), Next::Metadata(url)))
    }
}

/// How much is hoped for of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Metadata(u8),
    Linkset,
    LinksetJson,
}
