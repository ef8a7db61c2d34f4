//! What a source, or whoever asks, wants of files.

use crate::source::{Files, LandingPages, Source};

/// Which files are wanted, and where they are looked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Choice {
    pub(crate) files: Files,
    pub(crate) pages: Pages,
}

/// When the landing page of a version is asked whose metadata names no files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pages {
    Never,
    /// Unless the manifest says that it was.
    Once,
    /// Also when it was asked before.
    Again,
}

impl Pages {
    /// The same for a page that is asked again.
    pub(crate) fn again(self) -> Self {
        match self {
            Self::Never => Self::Never,
            Self::Once | Self::Again => Self::Again,
        }
    }
}

impl Choice {
    /// What a source says.
    pub(crate) fn of(source: &Source) -> Self {
        let pages = match source.landing_pages {
            LandingPages::WhereNeeded => Pages::Once,
            LandingPages::Never => Pages::Never,
        };
        Self { files: source.files, pages }
    }

    /// The same where files were asked for by name: a source without files has its originals then.
    pub(crate) fn of_files(source: Option<&Source>) -> Self {
        let choice = source.map_or(Self { files: Files::Originals, pages: Pages::Once }, Self::of);
        let files = if choice.files == Files::None { Files::Originals } else { choice.files };
        Self { files, ..choice }
    }
}
