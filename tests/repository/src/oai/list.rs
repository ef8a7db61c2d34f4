//! A page of ListIdentifiers or ListRecords (OAI-PMH 2.0, sections 4.3 and 4.5).

use crate::{
    catalogue::{Page, Selection},
    format::Prefix,
    item::Item,
    quirk,
    repository::Repository,
    xml::escape,
};

use super::{
    answer::Body,
    error::{Code, OaiError},
    record::Entry,
    request::Listing,
    token::{self, Token},
};

/// A page that is not yet written.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    /// The token that led here; `after` is 0 for the first page.
    pub(crate) at: Token,
    pub(crate) entries: Vec<Entry>,
    pub(crate) next: Next,
    list_size: u32,
}

/// How a page ends (section 3.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Next {
    /// Without a token: one page is all.
    Absent,
    /// With an empty token: the last page of several.
    Empty,
    /// With a token that has no attributes, and this white space in it.
    Bare(&'static str),
    /// With the token of the page that follows.
    More(Token),
}

/// The page that a token points at; `token.after` is 0 for the first.
pub(super) fn list(
    repository: &Repository,
    listing: Listing,
    selection: &Selection,
    prefix: Prefix,
    token: &Token,
) -> Result<Body, OaiError> {
    let selection = quirk::selection::selected(&repository.quirks, *selection);
    let page = repository.page(&selection, token.after);
    let mut draft = draft(repository, listing, &page, prefix, token);
    quirk::page::change(&repository.quirks, &mut draft)?;
    if draft.is_last() {
        if draft.entries.is_empty() {
            return Err(match token.after {
                0 => Code::NoRecordsMatch.because("no item has such a datestamp and set"),
                _ => token::bad(),
            });
        }
        quirk::selection::list_ends(repository);
    }
    Ok(body(repository, listing, draft))
}

fn draft(repository: &Repository, listing: Listing, page: &Page, prefix: Prefix, token: &Token) -> Draft {
    let entries = page
        .items
        .iter()
        .map(|(number, state)| Item { settings: &repository.settings, number: *number, state: *state })
        .map(|item| match listing {
            Listing::Identifiers => Entry::header_of(&item),
            Listing::Records => Entry::record_of(repository, &item, prefix),
        })
        .collect();
    Draft { at: token.clone(), entries, next: next(page, token), list_size: page.list_size }
}

fn next(page: &Page, token: &Token) -> Next {
    match (page.followed, page.items.last()) {
        (true, Some((last, _))) => {
            let listed = u32::try_from(page.items.len()).expect("a page is no longer than the list");
            Next::More(Token { after: *last, cursor: token.cursor + listed, ..token.clone() })
        }
        (false, _) if token.after > 0 => Next::Empty,
        (true, None) | (false, _) => Next::Absent,
    }
}

impl Draft {
    /// Whether the list ends here.
    pub(crate) fn is_last(&self) -> bool {
        match self.next {
            Next::Absent | Next::Empty | Next::Bare(_) => true,
            Next::More(_) => false,
        }
    }

    /// The token of what comes behind this page, should the list go on.
    pub(crate) fn end(&self) -> Token {
        let listed = u32::try_from(self.entries.len()).expect("a page is no longer than the list");
        let after = self.entries.last().map_or(self.at.after, |last| last.number);
        Token { after, cursor: self.at.cursor + listed, ..self.at.clone() }
    }
}

fn body(repository: &Repository, listing: Listing, draft: Draft) -> Body {
    let resumption = resumption(repository, &draft);
    let items = draft.entries.iter().map(|entry| entry.number).collect();
    let mut entries = String::new();
    for mut entry in draft.entries {
        quirk::record::change(&repository.quirks, &mut entry);
        entries.push_str(&match listing {
            Listing::Identifiers => entry.header(),
            Listing::Records => entry.record(),
        });
    }
    let verb = listing.verb();
    Body { xml: format!("<{verb}>\n{entries}{resumption}</{verb}>\n"), items, cursor: draft.at.cursor }
}

fn resumption(repository: &Repository, draft: &Draft) -> String {
    let attributes = format!("completeListSize=\"{}\" cursor=\"{}\"", draft.list_size, draft.at.cursor);
    match &draft.next {
        Next::Absent => String::new(),
        Next::Empty => format!("<resumptionToken {attributes}/>\n"),
        Next::Bare("") => "<resumptionToken/>\n".to_owned(),
        Next::Bare(space) => format!("<resumptionToken>{space}</resumptionToken>\n"),
        Next::More(next) => {
            let text = quirk::request::token_text(&repository.quirks, &next.encode());
            format!("<resumptionToken {attributes}>{}</resumptionToken>\n", escape(&text))
        }
    }
}
