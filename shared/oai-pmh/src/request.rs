//! Requests (section 4).

use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    datestamp::{Datestamp, Granularity},
    types::Token,
};

/// The six verbs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verb {
    /// Section 4.1.
    GetRecord,
    /// Section 4.2.
    Identify,
    /// Section 4.3.
    ListIdentifiers,
    /// Section 4.4.
    ListMetadataFormats,
    /// Section 4.5.
    ListRecords,
    /// Section 4.6.
    ListSets,
}

impl Verb {
    /// The verb as it is sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GetRecord => "GetRecord",
            Self::Identify => "Identify",
            Self::ListIdentifiers => "ListIdentifiers",
            Self::ListMetadataFormats => "ListMetadataFormats",
            Self::ListRecords => "ListRecords",
            Self::ListSets => "ListSets",
        }
    }
}

impl std::fmt::Display for Verb {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a list is to hold (section 2.7).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selection {
    /// The metadata format.
    pub metadata_prefix: String,
    /// The first datestamp.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Datestamp>,
    /// The last datestamp.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Datestamp>,
    /// The set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set: Option<String>,
}

/// A request: verb and arguments, in the order in which they are sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    verb: Verb,
    arguments: Vec<(String, String)>,
}

impl Request {
    /// Identify.
    pub fn identify() -> Self {
        Self { verb: Verb::Identify, arguments: Vec::new() }
    }

    /// ListMetadataFormats, of the repository.
    pub fn list_metadata_formats() -> Self {
        Self { verb: Verb::ListMetadataFormats, arguments: Vec::new() }
    }

    /// ListMetadataFormats, of one item.
    pub fn list_metadata_formats_of(identifier: String) -> Self {
        Self { verb: Verb::ListMetadataFormats, arguments: vec![("identifier".to_owned(), identifier)] }
    }

    /// ListSets.
    pub fn list_sets() -> Self {
        Self { verb: Verb::ListSets, arguments: Vec::new() }
    }

    /// ListRecords.
    pub fn list_records(selection: Selection) -> Self {
        Self::list(Verb::ListRecords, selection)
    }

    /// ListIdentifiers.
    pub fn list_identifiers(selection: Selection) -> Self {
        Self::list(Verb::ListIdentifiers, selection)
    }

    fn list(verb: Verb, selection: Selection) -> Self {
        let mut arguments = vec![("metadataPrefix".to_owned(), selection.metadata_prefix)];
        let optional = [
            ("from", selection.from.map(String::from)),
            ("until", selection.until.map(String::from)),
            ("set", selection.set),
        ];
        arguments.extend(optional.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        Self { verb, arguments }
    }

    /// GetRecord.
    pub fn get_record(identifier: String, metadata_prefix: String) -> Self {
        let arguments =
            vec![("identifier".to_owned(), identifier), ("metadataPrefix".to_owned(), metadata_prefix)];
        Self { verb: Verb::GetRecord, arguments }
    }

    /// The next page of a list. The token excludes all other arguments (section 3.5).
    pub fn resume(verb: Verb, token: &Token) -> Self {
        Self { verb, arguments: vec![("resumptionToken".to_owned(), token.as_str().to_owned())] }
    }

    /// The same with one argument more.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.arguments.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same without an argument.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.arguments.retain(|(known, _)| known != name);
        self
    }

    /// An argument, when it is there.
    pub(crate) fn argument(&self, name: &str) -> Option<&str> {
        self.arguments.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The same with `from` and `until` in the other granularity, and that one: days in place of seconds cover them, seconds
    /// in place of days are theirs. Nothing when it has neither.
    pub(crate) fn in_other_granularity(&self) -> Option<(Self, Granularity)> {
        let stamp = |name| self.argument(name).and_then(|text| text.parse::<Datestamp>().ok());
        let (from, until) = (stamp("from"), stamp("until"));
        let other = match from.as_ref().or(until.as_ref())?.granularity() {
            Granularity::Day => Granularity::Second,
            Granularity::Second => Granularity::Day,
        };
        let mut request = self.clone();
        let changed =
            [("from", from.map(|from| from.at(other))), ("until", until.map(|until| until.last_at(other)))];
        for (name, stamp) in changed {
            let argument = request.arguments.iter_mut().find(|(known, _)| known == name);
            if let (Some((_, value)), Some(stamp)) = (argument, stamp) {
                *value = stamp.to_string();
            }
        }
        Some((request, other))
    }

    /// The same without `from` and `until`. Nothing when it has neither.
    pub(crate) fn without_dates(&self) -> Option<Self> {
        let dated = ["from", "until"].iter().any(|name| self.argument(name).is_some());
        dated.then(|| self.clone().without("from").without("until"))
    }

    /// Its verb.
    pub fn verb(&self) -> Verb {
        self.verb
    }

    /// The URL: each argument is percent-encoded once, strictly (a space is `%20`, a plus `%2B`). A query that the base URL
    /// has is kept.
    pub fn url(&self, base: &Url) -> Url {
        let mut query =
            base.query().filter(|query| !query.is_empty()).map_or_else(String::new, |q| format!("{q}&"));
        query.push_str("verb=");
        query.push_str(self.verb.as_str());
        for (name, value) in &self.arguments {
            query.push('&');
            query.push_str(name);
            query.push('=');
            encode(value, &mut query);
        }
        let mut url = base.clone();
        url.set_query(Some(&query));
        url.set_fragment(None);
        url
    }
}

fn encode(value: &str, into: &mut String) {
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                into.push(char::from(byte));
            }
            _ => into.push_str(&format!("%{byte:02X}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> Url {
        Url::parse("http://example.org/cgi/oai2").unwrap()
    }

    #[test]
    fn arguments_are_encoded_once_and_strictly() {
        let token = Token::new(" a+b c&d=e%2F/é ").unwrap();
        let url = Request::resume(Verb::ListRecords, &token).url(&base());
        let query = "verb=ListRecords&resumptionToken=a%2Bb%20c%26d%3De%252F%2F%C3%A9";
        assert_eq!(url.as_str(), format!("http://example.org/cgi/oai2?{query}"));
    }

    #[test]
    fn a_list_is_asked_for_with_what_is_selected() {
        let selection = Selection {
            metadata_prefix: "oai_dc".to_owned(),
            from: Some("2020-01-01T00:00:00Z".parse().unwrap()),
            until: Some("2020-02-01".parse().unwrap()),
            set: Some("a:b c".to_owned()),
        };
        assert_eq!(
            Request::list_identifiers(selection).url(&base()).query().unwrap(),
            "verb=ListIdentifiers&metadataPrefix=oai_dc&from=2020-01-01T00%3A00%3A00Z&until=2020-02-01&set=a%3Ab%20c"
        );
    }

    #[test]
    fn dates_can_be_asked_for_in_the_other_granularity() {
        let check = |from: Option<&str>, until: &str, other: &str| {
            let selection = Selection {
                metadata_prefix: "x".to_owned(),
                from: from.map(|from| from.parse().unwrap()),
                until: Some(until.parse().unwrap()),
                set: None,
            };
            let (request, _) = Request::list_records(selection).in_other_granularity().unwrap();
            let dates = [request.argument("from").unwrap_or("…"), request.argument("until").unwrap()];
            assert_eq!(dates.join(" "), other);
        };
        check(None, "2020-02-03T04:05:06Z", "… 2020-02-03");
        check(Some("2020-02-01T00:00:01Z"), "2020-02-03T04:05:06Z", "2020-02-01 2020-02-03");
        check(Some("2020-02-01"), "2020-02-03", "2020-02-01T00:00:00Z 2020-02-03T23:59:59Z");
        assert_eq!(Request::list_records(Selection::default()).in_other_granularity(), None);
    }

    #[test]
    fn a_query_of_the_base_url_is_kept() {
        let base = Url::parse("http://example.org/index.php?page=oai").unwrap();
        assert_eq!(Request::identify().url(&base).query(), Some("page=oai&verb=Identify"));
    }

    #[test]
    fn a_request_survives_a_checkpoint() {
        let request = Request::get_record("oai:x:1".to_owned(), "oai_dc".to_owned());
        let json = serde_json::to_string(&request).unwrap();
        assert_eq!(serde_json::from_str::<Request>(&json).unwrap(), request);
    }
}
