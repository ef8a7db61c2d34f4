//! Where a quirk takes hold of an answer.

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header::CONTENT_TYPE};

use crate::{
    catalogue::{Selection, State},
    oai::{Asked, Draft, Entry, Facts, Identity, ListedSet, OaiError},
    repository::Repository,
    web,
};

use super::{Memory, gate::Instead, gate::Seen};

/// What a quirk changes, by stage. Functions of values, but for [`Ending`](Self::Ending), which ages the repository.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Hook {
    /// Gives something else instead of the answer, which is then never made.
    Gate(fn(&Seen<'_>, &Memory<'_>) -> Option<Instead>),
    /// Reads a query in its own way.
    Decoding(fn(&str) -> Vec<(String, String)>),
    /// How tokens are written, and read again: `read` undoes `write`, or refuses with `None`.
    TokenText { write: fn(&str, &Memory<'_>) -> String, read: fn(&str, &Memory<'_>) -> Option<String> },
    /// Changes the arguments, or refuses them. Tokens have been read by then.
    Arguments(fn(&mut Asked, &Memory<'_>) -> Result<(), OaiError>),
    /// How an item appears; `None` hides it.
    Appearance(fn(u32, State, &Memory<'_>) -> Option<State>),
    /// Changes what a list selects, and in which order.
    Selection(fn(&mut Selection)),
    /// Happens when a list has been given to its end.
    Ending(fn(&Repository)),
    /// Changes a page before it is written, or replaces it by an error.
    Page(fn(&mut Draft) -> Result<(), OaiError>),
    /// Changes one header or record before it is written.
    Record(fn(&mut Entry)),
    /// Changes what Identify says.
    Identify(fn(&mut Identity)),
    /// Changes a set of ListSets.
    Set(fn(&mut ListedSet)),
    /// Changes the bytes of a document.
    Document(fn(&mut Vec<u8>, &Facts)),
    /// Changes the answer as HTTP has it.
    Response(fn(&mut Reply, &Seen<'_>, &Facts, &Memory<'_>)),
}

/// An answer as HTTP has it.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    pub(crate) cut: Cut,
}

/// Where the connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    Nowhere,
    /// In the middle of the body, though the head announces all of it.
    Half,
}

impl Reply {
    pub(crate) fn new(status: StatusCode, content_type: &'static str, body: Vec<u8>) -> Self {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(content_type))]);
        Self { status, headers, body, cut: Cut::Nowhere }
    }

    /// A page for people.
    pub(crate) fn html(status: StatusCode, title: &str) -> Self {
        let page = web::markup(title, "", "<p>This answer is a quirk that was asked for.</p>\n");
        Self::new(status, "text/html; charset=utf-8", page.into_bytes())
    }

    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }
}
