//! OAI-PMH 2.0: arguments in, an answer in XML out. Stateless, and no I/O.

mod answer;
mod arguments;
mod error;
mod list;
mod record;
mod request;
mod token;

pub(crate) use answer::{answer, bad_token};
pub(crate) use arguments::is_token_request;
