//! The finders through the public interface: format by format, rule by rule, on real metadata, on any bytes.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "what the tests share is test code too")]

mod any_bytes;
mod common;
mod describe;
mod didl;
mod eprints3;
mod every_format;
mod golden;
mod html_page;
mod jats;
mod lack;
mod marcxml;
mod mets;
mod oai_dc;
mod openaire;
mod ore;
mod rioxx;
mod signposting;
mod xoai;
