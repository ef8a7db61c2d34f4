//! A page of ListIdentifiers or ListRecords (OAI-PMH 2.0, sections 4.3 and 4.5).

use crate::{
    catalogue::{Page, Selection},
    item::Item,
    repository::Repository,
    xml::escape,
};

use super::{
    error::{Code, OaiError},
    record::{header, record},
    request::Listing,
    token::{self, Token},
};

/// The page that a token points at; `token.after` is 0 for the first.
pub(crate) fn list(
    repository: &Repository,
    listing: Listing,
    selection: &Selection,
    token: &Token,
) -> Result<String, OaiError> {
    let page = repository.catalogue.page(selection, token.after, repository.settings.page_size);
    if page.items.is_empty() {
        return Err(match token.after {
            0 => Code::NoRecordsMatch.because("no item has such a datestamp and set"),
            _ => token::bad(),
        });
    }
    let entries: String = page
        .items
        .iter()
        .map(|(number, state)| Item { settings: &repository.settings, number: *number, state: *state })
        .map(|item| match listing {
            Listing::Identifiers => header(&item),
            Listing::Records => record(repository, &item),
        })
        .collect();
    let verb = listing.verb();
    Ok(format!("<{verb}>\n{entries}{}</{verb}>\n", resumption(&page, token)))
}

/// The token of the next page; an empty one on the last page of several; none when one page is all (section 3.5).
fn resumption(page: &Page, token: &Token) -> String {
    let attributes = format!("completeListSize=\"{}\" cursor=\"{}\"", page.list_size, token.cursor);
    match (page.followed, page.items.last()) {
        (true, Some((last, _))) => {
            let listed = u32::try_from(page.items.len()).expect("a page is no longer than the list");
            let next = Token { after: *last, cursor: token.cursor + listed, ..token.clone() };
            format!("<resumptionToken {attributes}>{}</resumptionToken>\n", escape(&next.encode()))
        }
        (false, _) if token.after > 0 => format!("<resumptionToken {attributes}/>\n"),
        (true, None) | (false, _) => String::new(),
    }
}
