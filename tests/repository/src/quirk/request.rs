//! The second stage: the arguments, and the text of tokens.

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::{
    oai::{Asked, Code, OaiError, bad_token_error},
    settings::Settings,
};

use super::{Hook, Memory, Quirks, record};

/// Reads the arguments of a request, as the quirks that are on have it, or refuses them.
pub(crate) fn asked(quirks: &Quirks, query: &str, settings: &Settings) -> Result<Asked, OaiError> {
    let decoding = quirks.hooks().find_map(|(hook, _)| {
        let Hook::Decoding(decode) = hook else { return None };
        Some(decode)
    });
    let arguments = decoding.map_or_else(|| crate::oai::pairs(query), |decode| decode(query));
    let mut asked = Asked { arguments, page_size: settings.page_size };
    // The quirk that wrote last reads first.
    for (hook, memory) in quirks.hooks().rev() {
        if let Hook::TokenText { read, .. } = hook
            && let Some(text) = asked.get("resumptionToken").filter(|text| !text.is_empty())
        {
            let text = read(text, &memory).ok_or_else(bad_token_error)?;
            asked.set("resumptionToken", &text);
        }
    }
    for (hook, memory) in quirks.hooks() {
        if let Hook::Arguments(change) = hook {
            change(&mut asked, &memory)?;
        }
    }
    Ok(asked)
}

/// A token as it is sent.
pub(crate) fn token_text(quirks: &Quirks, token: &str) -> String {
    quirks.hooks().fold(token.to_owned(), |text, (hook, memory)| {
        let Hook::TokenText { write, .. } = hook else { return text };
        write(&text, &memory)
    })
}

// How queries are decoded, and tokens written.

/// By RFC 3986 alone, which knows nothing of `+` for a space.
pub(super) fn decode_strictly(query: &str) -> Vec<(String, String)> {
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(name), decode(value))
    };
    query.split('&').filter(|pair| !pair.is_empty()).map(pair).collect()
}

const SPACED: &str = "list 1 + ";
const ODD: &str = "a+b c&d%é=/";
const SAME: &str = "next";

pub(super) fn spaced_token(token: &str, _: &Memory<'_>) -> String {
    format!("{SPACED}{token}")
}

pub(super) fn from_spaced_token(text: &str, _: &Memory<'_>) -> Option<String> {
    text.strip_prefix(SPACED).map(ToOwned::to_owned)
}

pub(super) fn odd_token(token: &str, _: &Memory<'_>) -> String {
    format!("{ODD}{token}")
}

pub(super) fn from_odd_token(text: &str, _: &Memory<'_>) -> Option<String> {
    text.strip_prefix(ODD).map(ToOwned::to_owned)
}

pub(super) fn encode_token(token: &str, _: &Memory<'_>) -> String {
    utf8_percent_encode(token, NON_ALPHANUMERIC).to_string()
}

pub(super) fn decode_token(text: &str, memory: &Memory<'_>) -> Option<String> {
    let token = percent_decode_str(text).decode_utf8().ok()?.into_owned();
    (encode_token(&token, memory) == text).then_some(token)
}

pub(super) fn keep_token(token: &str, memory: &Memory<'_>) -> String {
    memory.keep(token);
    SAME.to_owned()
}

pub(super) fn kept_token(text: &str, memory: &Memory<'_>) -> Option<String> {
    (text == SAME).then(|| memory.kept())
}

// What is refused.

type Answer = Result<(), OaiError>;

pub(super) fn restart_on_empty_token(asked: &mut Asked, _: &Memory<'_>) -> Answer {
    if asked.is_list() && asked.get("resumptionToken") == Some("") {
        asked.remove("resumptionToken");
        asked.set("metadataPrefix", "oai_dc");
    }
    Ok(())
}

pub(super) fn third_page_expires(asked: &mut Asked, _: &Memory<'_>) -> Answer {
    if asked.is_third_page() { Err(bad_token_error()) } else { Ok(()) }
}

pub(super) fn third_page_expires_once(asked: &mut Asked, memory: &Memory<'_>) -> Answer {
    if asked.is_third_page() && memory.nth("third page") == 1 { Err(bad_token_error()) } else { Ok(()) }
}

pub(super) fn single_use(asked: &mut Asked, memory: &Memory<'_>) -> Answer {
    match asked.get("resumptionToken") {
        Some(token) if memory.nth(token) > 1 => Err(bad_token_error()),
        _ => Ok(()),
    }
}

pub(super) fn demand_prefix(asked: &mut Asked, _: &Memory<'_>) -> Answer {
    if asked.get("resumptionToken").is_none() {
        return Ok(());
    }
    match asked.remove("metadataPrefix") {
        Some(_) => Ok(()),
        None => Err(Code::BadArgument.because("metadataPrefix is missing")),
    }
}

pub(super) fn refuse_seconds(asked: &mut Asked, _: &Memory<'_>) -> Answer {
    refuse_dates(asked, |date| date.contains('T'))
}

pub(super) fn refuse_days(asked: &mut Asked, _: &Memory<'_>) -> Answer {
    refuse_dates(asked, |date| !date.contains('T'))
}

pub(super) fn refuse_all_dates(asked: &mut Asked, _: &Memory<'_>) -> Answer {
    refuse_dates(asked, |_| true)
}

fn refuse_dates(asked: &Asked, refused: fn(&str) -> bool) -> Answer {
    let wrong = ["from", "until"].into_iter().find(|name| asked.get(name).is_some_and(refused));
    match wrong {
        Some(name) => Err(Code::BadArgument.because(format!("{name} is not in the right form"))),
        None => Ok(()),
    }
}

pub(super) fn unknown_code_once(asked: &mut Asked, memory: &Memory<'_>) -> Answer {
    first_with_token(asked, memory, Code::InternalException)
}

pub(super) fn empty_code_once(asked: &mut Asked, memory: &Memory<'_>) -> Answer {
    first_with_token(asked, memory, Code::Empty)
}

fn first_with_token(asked: &Asked, memory: &Memory<'_>, code: Code) -> Answer {
    match asked.get("resumptionToken") {
        Some(token) if memory.nth(token) == 1 => Err(code.because("could not get the list")),
        _ => Ok(()),
    }
}

/// Reads an odd `setSpec`. A plain one is no set any more.
pub(super) fn plain_set(asked: &mut Asked, _: &Memory<'_>) -> Answer {
    if let Some(spec) = asked.get("set") {
        let plain =
            record::plain_spec(spec).ok_or_else(|| Code::NoRecordsMatch.because("there is no such set"))?;
        asked.set("set", &plain);
    }
    Ok(())
}
