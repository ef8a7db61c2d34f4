//! A small OAI-PMH 2.0 repository with files, and faults to switch on.
//!
//! It is shaped like EPrints 3.4: `/cgi/oai2` lists the items, `/cgi/export/…/XML/…` exports one with its documents, and
//! the files lie at `/ITEM/POSITION/NAME`. Everything it says follows from [`Settings`], so two servers with the same
//! settings agree in every byte but their port. [`Server::change`] and [`Server::delete`] age it; [`Server::fault`] makes
//! chosen paths misbehave as real servers do; [`Server::quirk`] makes it break the protocol as real repositories do;
//! [`Server::log`] tells who asked for what.
//!
//! It judges harvesters, so it shares no code with one. Other processes and languages have the same controls over HTTP,
//! under `/_repository/`: see the package's `README.md`.
//!
//! ```
//! # #[tokio::main(flavor = "multi_thread", worker_threads = 1)]
//! # async fn main() -> std::io::Result<()> {
//! use granary_test_repository::{Fault, Server, Settings};
//!
//! let server = Server::start(Settings { items: 20, ..Settings::default() }).await?;
//! server.fault("/3/1/*", Fault::Truncate);
//! println!("harvest {}", server.oai());
//! server.stop().await;
//! # Ok(())
//! # }
//! ```

mod catalogue;
mod contents;
mod control;
mod datestamp;
mod digests;
mod eprints;
mod fault;
mod faulty;
mod flood;
mod format;
mod front;
mod glob;
mod item;
mod log;
mod oai;
mod quirk;
mod repository;
mod server;
mod settings;
mod switchboard;
mod tls;
mod web;
mod wire;
mod xml;

pub use fault::Fault;
pub use flood::{Flood, Packing};
pub use log::Logged;
pub use quirk::{Quirk, UnknownQuirk};
pub use server::Server;
pub use settings::{ExportForm, Format, Granularity, Kind, Landing, Names, Settings};
