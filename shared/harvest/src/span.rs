//! Spans of time as people write them: `12h`.

/// The units, the longest first, each with its seconds.
const UNITS: [(&str, u64); 5] = [("w", 7 * 86400), ("d", 86400), ("h", 3600), ("m", 60), ("s", 1)];

/// Why a text is no span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSpan {
    /// It is something else.
    #[error("a number and one of s, m, h, d, w: 12h")]
    Form,
    /// It is 0, or longer than can be counted.
    #[error("too long, or nothing")]
    Length,
}

/// A span such as `1d`, in seconds: a whole number, not 0, and one of s, m, h, d, w.
///
/// # Errors
/// When it is something else.
pub fn parse_span(text: &str) -> Result<u64, InvalidSpan> {
    let (number, unit) = text.split_at(text.trim_end_matches(char::is_alphabetic).len());
    let (_, seconds) = UNITS.iter().find(|(name, _)| *name == unit).ok_or(InvalidSpan::Form)?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let number: Result<u64, _> = number.parse();
    match (is_number, number) {
        (false, _) => Err(InvalidSpan::Form),
        (true, Err(_)) => Err(InvalidSpan::Length),
        (true, Ok(number)) => {
            number.checked_mul(*seconds).filter(|span| *span > 0).ok_or(InvalidSpan::Length)
        }
    }
}

/// So many seconds as a span, in the longest unit that says them exactly. [`parse_span`] reads it again.
pub fn format_span(seconds: u64) -> String {
    let exact = UNITS.iter().find(|(_, unit)| seconds.is_multiple_of(*unit) && seconds > 0);
    let (name, unit) = exact.unwrap_or(&("s", 1));
    format!("{}{name}", seconds / unit)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_span_is_a_number_and_a_unit() {
        assert_eq!(parse_span("1d"), Ok(86400));
        assert_eq!(parse_span("90m"), Ok(5400));
        for wrong in ["", "d", "1", "1y", "-1d", "+1d", "1.5d", "1 d"] {
            assert_eq!(parse_span(wrong), Err(InvalidSpan::Form), "{wrong}");
        }
        for wrong in ["0d", "18446744073709551615w", "18446744073709551616s"] {
            assert_eq!(parse_span(wrong), Err(InvalidSpan::Length), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn a_span_that_is_written_is_read_again(seconds in 1u64..) {
            prop_assert_eq!(parse_span(&format_span(seconds)), Ok(seconds));
        }
    }
}
