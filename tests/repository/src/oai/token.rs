//! Where a list goes on (OAI-PMH 2.0, section 3.5).

use url::form_urlencoded;

use super::{
    error::{Code, OaiError},
    request::{Filter, Listing},
};

/// The whole state of an incomplete list, so that the server keeps none.
///
/// Written as a query, so a token holds `&`, `=` and `%`: a harvester that escapes it too little or twice is found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) listing: Listing,
    /// The arguments of the first request, as they were written.
    pub(crate) filter: Filter,
    /// The number of the last item listed.
    pub(crate) after: u32,
    /// How many were listed.
    pub(crate) cursor: u32,
    /// How often the list stood still to get here. Only quirks make it stand.
    pub(crate) turn: u32,
}

impl Token {
    pub(crate) fn encode(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("verb", self.listing.verb()).append_pair("metadataPrefix", &self.filter.prefix);
        let optional =
            [("from", &self.filter.from), ("until", &self.filter.until), ("set", &self.filter.set)];
        for (name, value) in optional {
            if let Some(value) = value {
                query.append_pair(name, value);
            }
        }
        query.append_pair("after", &self.after.to_string()).append_pair("cursor", &self.cursor.to_string());
        if self.turn > 0 {
            query.append_pair("turn", &self.turn.to_string());
        }
        query.finish()
    }

    /// The same place, by another token.
    pub(crate) fn turned(&self) -> Self {
        Self { turn: self.turn + 1, ..self.clone() }
    }

    /// Reads a token of this list. Only what [`encode`](Self::encode) writes is one.
    pub(crate) fn decode(text: &str, listing: Listing) -> Result<Self, OaiError> {
        let mut token = Self { listing, filter: Filter::default(), after: 0, cursor: 0, turn: 0 };
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            let value = value.into_owned();
            match &*name {
                "metadataPrefix" => token.filter.prefix = value,
                "from" => token.filter.from = Some(value),
                "until" => token.filter.until = Some(value),
                "set" => token.filter.set = Some(value),
                "after" => token.after = value.parse().unwrap_or_default(),
                "cursor" => token.cursor = value.parse().unwrap_or_default(),
                "turn" => token.turn = value.parse().unwrap_or_default(),
                // The verb is compared below, and so is whatever else there is.
                _ => {}
            }
        }
        if token.encode() == text { Ok(token) } else { Err(bad()) }
    }
}

/// A token that is none of ours, or whose list has no more items since others changed.
pub(crate) fn bad() -> OaiError {
    Code::BadResumptionToken.because("the resumptionToken is invalid or has expired")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> Token {
        let filter = Filter {
            prefix: "oai_dc".to_owned(),
            from: Some("2010-01-01T00:00:00Z".to_owned()),
            until: None,
            set: Some("7374".to_owned()),
        };
        Token { listing: Listing::Records, filter, after: 100, cursor: 97, turn: 2 }
    }

    #[test]
    fn a_token_carries_the_whole_state() {
        assert_eq!(Token::decode(&token().encode(), Listing::Records), Ok(token()));
    }

    #[test]
    fn a_token_is_good_for_its_own_verb_only() {
        assert_eq!(Token::decode(&token().encode(), Listing::Identifiers), Err(bad()));
    }

    #[test]
    fn a_token_escaped_twice_or_cut_is_bad() {
        let text = token().encode();
        let twice: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
        for wrong in ["", "x", &twice, &text[..20], &text.replace("%3A", ":"), &format!("{text}&x=1")] {
            assert_eq!(Token::decode(wrong, Listing::Records), Err(bad()), "{wrong}");
        }
    }
}
