//! What is asked for: arguments, checked (OAI-PMH 2.0, section 4).

use crate::{
    catalogue::{Order, Selection},
    datestamp::Bound,
    format::Prefix,
    item::Set,
    settings::Granularity,
};

use super::{
    arguments::Arguments,
    error::{Code, OaiError},
    sets,
    token::Token,
};

/// A request that makes sense.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Request {
    Identify,
    ListMetadataFormats {
        identifier: Option<String>,
    },
    /// From behind the first so many sets.
    ListSets {
        after: usize,
    },
    GetRecord {
        identifier: String,
        prefix: Prefix,
    },
    List {
        listing: Listing,
        selection: Selection,
        prefix: Prefix,
        token: Token,
    },
}

/// The two verbs whose lists are taken page by page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Listing {
    Identifiers,
    Records,
}

impl Listing {
    pub(crate) fn verb(self) -> &'static str {
        match self {
            Self::Identifiers => "ListIdentifiers",
            Self::Records => "ListRecords",
        }
    }
}

/// The arguments that select a list, as they were written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Filter {
    pub(crate) prefix: String,
    pub(crate) from: Option<String>,
    pub(crate) until: Option<String>,
    pub(crate) set: Option<String>,
}

impl Request {
    /// Reads the arguments of a request.
    pub(crate) fn parse(pairs: &[(String, String)], granularity: Granularity) -> Result<Self, OaiError> {
        let mut arguments = Arguments::new(pairs);
        let verb = match arguments.take("verb") {
            Ok(Some(verb)) => verb,
            Ok(None) => return Err(Code::BadVerb.because("the verb is missing")),
            Err(_) => return Err(Code::BadVerb.because("the verb is given more than once")),
        };
        match verb {
            "Identify" => arguments.finish().map(|()| Self::Identify),
            "ListMetadataFormats" => {
                let identifier = arguments.take("identifier")?.map(ToOwned::to_owned);
                arguments.finish().map(|()| Self::ListMetadataFormats { identifier })
            }
            "ListSets" => {
                let after = arguments.take("resumptionToken")?.map_or(Ok(0), sets::after)?;
                arguments.finish().map(|()| Self::ListSets { after })
            }
            "GetRecord" => {
                let identifier = arguments.require("identifier")?.to_owned();
                let prefix = arguments.require("metadataPrefix")?;
                arguments.finish()?;
                known_format(prefix).map(|prefix| Self::GetRecord { identifier, prefix })
            }
            "ListIdentifiers" => Self::list(Listing::Identifiers, arguments, granularity),
            "ListRecords" => Self::list(Listing::Records, arguments, granularity),
            _ => Err(Code::BadVerb.because("there is no such verb")),
        }
    }

    /// A list from its start, or from where a token says.
    fn list(
        listing: Listing,
        mut arguments: Arguments<'_>,
        granularity: Granularity,
    ) -> Result<Self, OaiError> {
        if let Some(text) = arguments.take("resumptionToken")? {
            // It is an exclusive argument (section 3.5.1).
            arguments.finish()?;
            let token = Token::decode(text, listing)?;
            let selection = token.filter.selection(granularity).map_err(|_| super::token::bad())?;
            let prefix = known_format(&token.filter.prefix).map_err(|_| super::token::bad())?;
            return Ok(Self::List { listing, selection, prefix, token });
        }
        let filter = Filter {
            prefix: arguments.require("metadataPrefix")?.to_owned(),
            from: arguments.take("from")?.map(ToOwned::to_owned),
            until: arguments.take("until")?.map(ToOwned::to_owned),
            set: arguments.take("set")?.map(ToOwned::to_owned),
        };
        arguments.finish()?;
        let selection = filter.selection(granularity)?;
        let prefix = known_format(&filter.prefix)?;
        let token = Token { listing, filter, after: 0, cursor: 0, turn: 0 };
        Ok(Self::List { listing, selection, prefix, token })
    }
}

impl Filter {
    /// Which items it selects.
    fn selection(&self, granularity: Granularity) -> Result<Selection, OaiError> {
        let from = bound("from", self.from.as_deref(), granularity)?;
        let until = bound("until", self.until.as_deref(), granularity)?;
        if let (Some(from), Some(until)) = (from, until) {
            if from.granularity() != until.granularity() {
                return Err(Code::BadArgument.because("from and until differ in granularity"));
            }
            if from.first() > until.first() {
                return Err(Code::BadArgument.because("from is later than until"));
            }
        }
        known_format(&self.prefix)?;
        let set = match self.set.as_deref() {
            None => None,
            Some(spec) => Some(
                Set::from_spec(spec).ok_or_else(|| Code::NoRecordsMatch.because("there is no such set"))?,
            ),
        };
        let order = Order::default();
        Ok(Selection { from: from.map(Bound::first), until: until.map(Bound::last), set, order })
    }
}

/// Reads `from` or `until`. A repository of days takes no seconds; one of seconds takes both (section 2.7.1).
fn bound(name: &str, text: Option<&str>, granularity: Granularity) -> Result<Option<Bound>, OaiError> {
    let Some(text) = text else { return Ok(None) };
    let bound =
        Bound::parse(text).ok_or_else(|| Code::BadArgument.because(format!("{name} is not a datestamp")))?;
    match (granularity, bound) {
        (Granularity::Day, Bound::Second(_)) => {
            Err(Code::BadArgument.because(format!("{name} is finer than the granularity of this repository")))
        }
        (Granularity::Day, Bound::Day(_)) | (Granularity::Second, _) => Ok(Some(bound)),
    }
}

/// Whether this repository has it is another question.
fn known_format(prefix: &str) -> Result<Prefix, OaiError> {
    Prefix::from_name(prefix).ok_or_else(no_such_format)
}

/// No item has this format here.
pub(crate) fn no_such_format() -> OaiError {
    Code::CannotDisseminateFormat.because("there is no such metadata format")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(query: &str, granularity: Granularity) -> Result<Request, Code> {
        let pairs: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        Request::parse(&pairs, granularity).map_err(|error| error.code)
    }

    #[test]
    fn what_makes_no_sense_has_its_code() {
        let cases = [
            ("", Code::BadVerb),
            ("verb=identify", Code::BadVerb),
            ("verb=Identify&verb=Identify", Code::BadVerb),
            ("verb=Identify&x=1", Code::BadArgument),
            ("verb=ListRecords", Code::BadArgument),
            ("verb=ListRecords&metadataPrefix=oai_dc&metadataPrefix=oai_dc", Code::BadArgument),
            ("verb=ListRecords&metadataPrefix=marc21", Code::CannotDisseminateFormat),
            ("verb=ListRecords&metadataPrefix=oai_dc&from=yesterday", Code::BadArgument),
            ("verb=ListRecords&metadataPrefix=oai_dc&from=2012-01-02&until=2012-01-01", Code::BadArgument),
            (
                "verb=ListRecords&metadataPrefix=oai_dc&from=2012-01-02&until=2012-01-03T00:00:00Z",
                Code::BadArgument,
            ),
            ("verb=ListRecords&metadataPrefix=oai_dc&set=none", Code::NoRecordsMatch),
            ("verb=ListRecords&metadataPrefix=oai_dc&resumptionToken=x", Code::BadArgument),
            ("verb=ListRecords&resumptionToken=x", Code::BadResumptionToken),
            ("verb=ListSets&resumptionToken=x", Code::BadResumptionToken),
            ("verb=GetRecord&metadataPrefix=oai_dc", Code::BadArgument),
            ("verb=GetRecord&identifier=x", Code::BadArgument),
            ("verb=GetRecord&identifier=x&metadataPrefix=x", Code::CannotDisseminateFormat),
        ];
        for (query, code) in cases {
            assert_eq!(parse(query, Granularity::Second), Err(code), "{query}");
        }
    }

    #[test]
    fn seconds_are_refused_where_days_are_kept() {
        let query = "verb=ListIdentifiers&metadataPrefix=oai_dc&from=2012-01-02T00:00:00Z";
        assert_eq!(parse(query, Granularity::Day), Err(Code::BadArgument));
        assert!(parse(query, Granularity::Second).is_ok());
    }

    #[test]
    fn days_are_taken_everywhere_and_until_ends_with_its_day() {
        let query = "verb=ListIdentifiers&metadataPrefix=oai_dc&from=2012-01-02&until=2012-01-02";
        for granularity in [Granularity::Day, Granularity::Second] {
            let Ok(Request::List { selection, .. }) = parse(query, granularity) else {
                panic!("{granularity:?}")
            };
            let span = selection.until.unwrap() - selection.from.unwrap();
            assert_eq!(span.num_seconds(), 24 * 60 * 60 - 1);
        }
    }
}
