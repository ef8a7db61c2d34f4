//! What a request asks for, before it is checked.

use url::form_urlencoded;

use super::{request::Listing, token::Token};

/// The arguments of a request as they are understood.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) arguments: Vec<(String, String)>,
    pub(crate) page_size: u32,
}

/// The arguments in a query or a form.
pub(crate) fn pairs(query: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

impl Asked {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.arguments.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        match self.arguments.iter_mut().find(|(given, _)| given == name) {
            Some((_, place)) => value.clone_into(place),
            None => self.arguments.push((name.to_owned(), value.to_owned())),
        }
    }

    pub(crate) fn remove(&mut self, name: &str) -> Option<String> {
        let place = self.arguments.iter().position(|(given, _)| given == name)?;
        Some(self.arguments.remove(place).1)
    }

    /// Whether it asks for records or headers.
    pub(crate) fn is_list(&self) -> bool {
        self.listing().is_some()
    }

    /// Whether it asks for the third page of a list, or for one behind it.
    pub(crate) fn is_third_page(&self) -> bool {
        let text = self.get("resumptionToken").unwrap_or_default();
        let token = self.listing().and_then(|listing| Token::decode(text, listing).ok());
        token.is_some_and(|token| token.cursor >= 2 * self.page_size)
    }

    fn listing(&self) -> Option<Listing> {
        let verb = self.get("verb")?;
        [Listing::Records, Listing::Identifiers].into_iter().find(|listing| listing.verb() == verb)
    }
}
