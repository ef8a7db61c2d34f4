//! The finders through the public interface: format by format, rule by rule, on real metadata, on any bytes.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "what the tests share is test code too")]

mod any_bytes;
mod common;
mod eprints3;
mod golden;
mod oai_dc;
