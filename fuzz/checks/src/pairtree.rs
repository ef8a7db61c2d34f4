use granary_pairtree::{decode, encode, to_identifier, to_path};

/// Checks the mapping of Pairtree on these bytes, taken for an identifier and for a path.
///
/// - Every identifier has a path of printable ASCII in pairs, which any file system takes, and comes back from it.
/// - A path becomes an identifier or an error, and an identifier that came of a path has the path of its own.
pub fn pairtree(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    check_identifier(&text);
    match to_identifier(&text) {
        Ok(identifier) => check_identifier(&identifier),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    if let Ok(decoded) = decode(&text) {
        assert_eq!(decode(&encode(&decoded)).as_deref(), Ok(decoded.as_str()));
    }
}

fn check_identifier(identifier: &str) {
    assert_eq!(decode(&encode(identifier)).as_deref(), Ok(identifier));
    let path = to_path(identifier);
    assert_eq!(to_identifier(&path).as_deref(), Ok(identifier), "{path:?}");
    let mut folders = path.split('/').peekable();
    while let Some(folder) = folders.next() {
        let is_last = folders.peek().is_none();
        assert!(folder.len() == 2 || is_last && (folder.len() == 1 || path.is_empty()), "{path:?}");
        // The backslash is a path's separator on Windows; a dot would make `.` and `..`.
        let is_harmless = |byte: u8| byte.is_ascii_graphic() && !br#".\:*?"<>|"#.contains(&byte);
        assert!(folder.bytes().all(is_harmless), "{path:?}");
    }
}
