//! The arguments of a request, each at most once (OAI-PMH 2.0, section 3.1.1).

use super::error::{Code, OaiError};

/// The arguments that a verb has not yet taken.
#[derive(Debug, Clone)]
pub(crate) struct Arguments<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Arguments<'a> {
    pub(crate) fn new(pairs: &'a [(String, String)]) -> Self {
        Self(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect())
    }

    /// Takes an argument that may be missing.
    pub(crate) fn take(&mut self, name: &str) -> Result<Option<&'a str>, OaiError> {
        let Some(place) = self.0.iter().position(|(given, _)| *given == name) else { return Ok(None) };
        let (_, value) = self.0.remove(place);
        if self.0.iter().any(|(given, _)| *given == name) {
            return Err(Code::BadArgument.because(format!("{name} is given more than once")));
        }
        Ok(Some(value))
    }

    /// Takes an argument that must be there.
    pub(crate) fn require(&mut self, name: &str) -> Result<&'a str, OaiError> {
        self.take(name)?.ok_or_else(|| Code::BadArgument.because(format!("{name} is missing")))
    }

    /// Refuses what was not taken.
    pub(crate) fn finish(self) -> Result<(), OaiError> {
        match self.0.first() {
            None => Ok(()),
            Some((name, _)) => Err(Code::BadArgument.because(format!("{name} has no place in this request"))),
        }
    }
}

/// Whether a query or form asks for a list to go on.
pub(crate) fn is_token_request(query: &str) -> bool {
    url::form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "resumptionToken")
}
