//! What holds for any bytes at all, wherever Granary reads what others wrote.
//!
//! Each check is a function of bytes that panics when something does not hold. The targets of `cargo fuzz` call them, and
//! so does the test that replays the committed corpus: there is one place that says what is promised.

mod finders;
mod headers;
mod json;
mod landing;
mod manifest;
mod page;
mod pairtree;
mod task;

pub use finders::finders;
pub use headers::headers;
pub use landing::landing;
pub use manifest::manifest;
pub use page::page;
pub use pairtree::pairtree;
pub use task::task;

/// A check by its name, which is that of its fuzz target and of its folders in `corpus` and `regressions`.
#[derive(Debug, Clone, Copy)]
pub struct Check {
    /// Its name.
    pub name: &'static str,
    /// Panics when something does not hold for these bytes.
    pub run: fn(&[u8]),
}

/// All checks.
pub const CHECKS: &[Check] = &[
    Check { name: "finders", run: finders },
    Check { name: "headers", run: headers },
    Check { name: "landing", run: landing },
    Check { name: "manifest", run: manifest },
    Check { name: "page", run: page },
    Check { name: "pairtree", run: pairtree },
    Check { name: "task", run: task },
];
