//! The fetcher against real servers on loopback, which say, byte for byte, what a test wants them to say: lies included.

mod bodies;
mod failures;
mod guard;
mod laws;
mod politeness;
mod redirects;
mod resume;
mod server;
