/// Why a path or a cleaned identifier cannot be decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// A `^` is not followed by two hexadecimal digits.
    BadEscape {
        /// The text from the `^` on.
        at: String,
    },
    /// The decoded bytes are not UTF-8.
    NotUtf8,
    /// A folder of the path is not a pair: only the last one may have a single character.
    NotAPair {
        /// The folder.
        folder: String,
    },
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::BadEscape { at } => write!(f, "{at:?} does not begin with ^ and two hexadecimal digits"),
            Self::NotUtf8 => f.write_str("the decoded bytes are not UTF-8"),
            Self::NotAPair { folder } => write!(f, "the folder {folder:?} is not a pair of characters"),
        }
    }
}

impl std::error::Error for Error {}
