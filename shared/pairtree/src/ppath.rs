use crate::{Error, decode, encode};

/// The ppath of an identifier: its cleaned form in pairs, `oa/i+/ge/…`, without slashes at the ends. It lies
/// below `pairtree_root`.
///
/// Different identifiers have different paths, but one path may begin another: the caller ends an object with
/// a folder that is no pair (`obj`). The empty identifier has the empty path, which is `pairtree_root`
/// itself: a caller that stores objects has to refuse it.
pub fn to_path(identifier: &str) -> String {
    let encoded = encode(identifier);
    let mut path = String::with_capacity(encoded.len() * 3 / 2);
    for (at, character) in encoded.chars().enumerate() {
        if at > 0 && at % 2 == 0 {
            path.push('/');
        }
        path.push(character);
    }
    path
}

/// The identifier of a ppath; slashes at its ends are ignored. The folder that ends an object (`obj`) is not
/// part of a ppath: the caller takes it off.
///
/// # Errors
/// When a folder is no pair (only the last may be single), or the whole does not decode.
pub fn to_identifier(path: &str) -> Result<String, Error> {
    let path = path.trim_matches('/');
    let mut encoded = String::with_capacity(path.len());
    let mut folders = path.split('/').peekable();
    while let Some(folder) = folders.next() {
        let characters = folder.chars().count();
        let is_last = folders.peek().is_none();
        if !(characters == 2 || is_last && (characters == 1 || path.is_empty())) {
            return Err(Error::NotAPair { folder: folder.to_owned() });
        }
        encoded.push_str(folder);
    }
    decode(&encoded)
}
