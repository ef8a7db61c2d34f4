//! The checks of an endpoint, a file for each subject.

pub(crate) mod dates;
pub(crate) mod files;
pub(crate) mod formats;
pub(crate) mod identify;
pub(crate) mod lists;
pub(crate) mod protocol;
pub(crate) mod records;
pub(crate) mod sets;
pub(crate) mod tokens;
pub(crate) mod transport;
