//! The endings by which a link is taken for a file.

use crate::media_type;

/// Endings in lower case, and the media type where the ending leaves no doubt.
///
/// Not here on purpose: `html` and its like, which are mostly landing pages, and what programs answer under
/// (`php`).
const FILE_TYPES: &[(&str, Option<&str>)] = &[
    (".pdf", Some("application/pdf")),
    (".ps", Some("application/postscript")),
    (".eps", Some("application/postscript")),
    (".ps.gz", Some("application/gzip")),
    (".djvu", Some("image/vnd.djvu")),
    (".epub", Some("application/epub+zip")),
    (".mobi", Some("application/x-mobipocket-ebook")),
    // Word processors, slides, sheets. `.doc` is also what WordPerfect and plain text are called.
    (".doc", None),
    (".docx", Some("application/vnd.openxmlformats-officedocument.wordprocessingml.document")),
    (".odt", Some("application/vnd.oasis.opendocument.text")),
    (".rtf", Some("application/rtf")),
    (".tex", Some("application/x-tex")),
    (".txt", Some("text/plain")),
    (".md", Some("text/markdown")),
    (".xls", Some("application/vnd.ms-excel")),
    (".xlsx", Some("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")),
    (".ods", Some("application/vnd.oasis.opendocument.spreadsheet")),
    (".ppt", Some("application/vnd.ms-powerpoint")),
    (".pptx", Some("application/vnd.openxmlformats-officedocument.presentationml.presentation")),
    (".odp", Some("application/vnd.oasis.opendocument.presentation")),
    // Data.
    (".csv", Some("text/csv")),
    (".tsv", Some("text/tab-separated-values")),
    (".json", Some("application/json")),
    (".xml", Some("application/xml")),
    (".dat", None),
    // Archives. What is inside a `.gz` is not told by its own ending; that it is gzip is.
    (".zip", Some("application/zip")),
    (".gz", Some("application/gzip")),
    (".tgz", Some("application/gzip")),
    (".tar", Some("application/x-tar")),
    (".bz2", Some("application/x-bzip2")),
    (".xz", Some("application/x-xz")),
    (".7z", Some("application/x-7z-compressed")),
    (".rar", Some("application/vnd.rar")),
    // Images.
    (".tif", Some("image/tiff")),
    (".tiff", Some("image/tiff")),
    (".jpg", Some("image/jpeg")),
    (".jpeg", Some("image/jpeg")),
    (".jp2", Some("image/jp2")),
    (".png", Some("image/png")),
    (".gif", Some("image/gif")),
    (".svg", Some("image/svg+xml")),
    (".webp", Some("image/webp")),
    // Sound and film.
    (".mp3", Some("audio/mpeg")),
    (".wav", Some("audio/wav")),
    (".flac", Some("audio/flac")),
    (".ogg", None),
    (".mp4", Some("video/mp4")),
    (".m4v", Some("video/mp4")),
    (".mpg", Some("video/mpeg")),
    (".mpeg", Some("video/mpeg")),
    (".avi", Some("video/x-msvideo")),
    (".mov", Some("video/quicktime")),
    (".mkv", Some("video/x-matroska")),
    (".webm", Some("video/webm")),
];

/// A known ending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileType {
    pub(crate) content_type: Option<&'static str>,
}

/// The type of a file by the ending of its name, in upper or lower case. A name that is nothing but an ending
/// has none.
pub(crate) fn of(name: &str) -> Option<FileType> {
    let name = name.to_ascii_lowercase();
    let ends = |(ending, _): &&(&str, _)| name.len() > ending.len() && name.ends_with(ending);
    let longest = FILE_TYPES.iter().filter(ends).max_by_key(|(ending, _)| ending.len());
    longest.map(|&(_, content_type)| FileType { content_type })
}

/// Whether a name ends in a known file type, in upper or lower case.
pub fn has_ending(name: &str) -> bool {
    of(name).is_some()
}

/// The usual ending of files with this media type, with its dot; nothing for a type that says nothing of the kind.
pub fn ending(content_type: &str) -> Option<&'static str> {
    let essence = media_type::essence(content_type);
    let is_usual = |(ending, known): &&(&'static str, Option<&str>)| {
        known.is_some_and(|known| known == essence) && !ending[1..].contains('.')
    };
    FILE_TYPES.iter().find(is_usual).map(|(ending, _)| *ending)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_known_ending_tells_the_type() {
        for (name, content_type) in [
            ("paper.pdf", Some("application/pdf")),
            ("PAPER.PDF", Some("application/pdf")),
            ("paper.ps", Some("application/postscript")),
            ("paper.ps.gz", Some("application/gzip")),
            ("data.tar.gz", Some("application/gzip")),
            ("thesis.doc", None),
        ] {
            assert_eq!(of(name), Some(FileType { content_type }), "{name}");
        }
    }

    #[test]
    fn a_name_without_a_known_ending_is_no_file() {
        for name in ["", "paper", ".pdf", "index.html", "view.php", "10.1000", "pdf", "example.com"] {
            assert_eq!(of(name), None, "{name}");
        }
    }

    #[test]
    fn a_media_type_has_its_usual_ending() {
        for (content_type, usual) in [
            ("application/pdf", Some(".pdf")),
            ("Text/Plain; charset=utf-8", Some(".txt")),
            ("application/gzip", Some(".gz")),
            ("image/jpeg", Some(".jpg")),
            ("application/octet-stream", None),
            ("text/html", None),
            ("", None),
        ] {
            assert_eq!(ending(content_type), usual, "{content_type}");
        }
    }

    #[test]
    fn every_ending_is_there_once() {
        for (at, (ending, _)) in FILE_TYPES.iter().enumerate() {
            assert!(FILE_TYPES[..at].iter().all(|(other, _)| other != ending), "{ending}");
        }
    }
}
