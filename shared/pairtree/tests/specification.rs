//! The mapping agrees with the specification and with data written by the original implementations.

use granary_pairtree::{Error, decode, encode, to_identifier, to_path};
use proptest::prelude::*;

/// 192 identifiers, mapped by Pairtree 0.5.8 and 0.7.1-T (Python).
const GOLDEN: &str = include_str!("pairtree.json");

#[test]
fn the_originals_map_every_identifier_alike() {
    let cases: Vec<serde_json::Value> = serde_json::from_str(GOLDEN).unwrap();
    assert_eq!(cases.len(), 192);
    for case in cases {
        let field = |name: &str| case[name].as_str().unwrap();
        let (id, encoded, path) = (field("id"), field("encoded"), field("path"));
        assert_eq!(encode(id), encoded);
        assert_eq!(to_path(id), path, "{id:?}");
        assert_eq!(decode(encoded).as_deref(), Ok(id));
        assert_eq!(to_identifier(path).as_deref(), Ok(id), "{path:?}");
    }
}

#[test]
fn octets_that_are_not_visible_ascii_are_escaped() {
    assert_eq!(encode("a b\u{7f}\n"), "a^20b^7f^0a");
    assert_eq!(encode("É日"), "^c3^89^e6^97^a5");
}

#[test]
fn a_pair_may_hold_half_of_an_escape() {
    assert_eq!(to_path("a b"), "a^/20/b");
    assert_eq!(to_identifier("a^/20/b").as_deref(), Ok("a b"));
}

#[test]
fn the_empty_identifier_has_the_empty_path() {
    assert_eq!((encode("").as_str(), to_path("").as_str()), ("", ""));
    for path in ["", "/", "//"] {
        assert_eq!(to_identifier(path).as_deref(), Ok(""), "{path:?}");
    }
}

#[test]
fn slashes_at_the_ends_of_a_path_are_ignored() {
    assert_eq!(to_identifier("/ab/c/").as_deref(), Ok("abc"));
}

#[test]
fn upper_case_escapes_are_read() {
    assert_eq!(decode("^C3^A9").as_deref(), Ok("é"));
}

#[test]
fn only_the_last_folder_may_be_a_single_character() {
    for (path, folder) in
        [("abc", "abc"), ("ab/obj", "obj"), ("a/bc", "a"), ("ab//cd", ""), ("日本語", "日本語")]
    {
        assert_eq!(to_identifier(path), Err(Error::NotAPair { folder: folder.to_owned() }), "{path:?}");
    }
}

#[test]
fn a_caret_without_two_hexadecimal_digits_is_refused() {
    for (encoded, at) in [("a^", "^"), ("a^2", "^2"), ("a^zzb", "^zz"), ("^2日x", "^2日"), ("^+1", "^+1")] {
        assert_eq!(decode(encoded), Err(Error::BadEscape { at: at.to_owned() }), "{encoded:?}");
    }
}

#[test]
fn octets_that_are_not_utf8_are_refused() {
    assert_eq!(decode("^ff"), Err(Error::NotUtf8));
    assert_eq!(to_identifier("^c/3"), Err(Error::NotUtf8));
}

#[test]
fn an_error_says_what_is_wrong_with_what() {
    let texts =
        [decode("a^2"), decode("^ff"), to_identifier("abc")].map(|result| result.unwrap_err().to_string());
    assert_eq!(
        texts,
        [
            "\"^2\" does not begin with ^ and two hexadecimal digits",
            "the decoded bytes are not UTF-8",
            "the folder \"abc\" is not a pair of characters",
        ]
    );
}

proptest! {
    #[test]
    fn decode_undoes_encode(identifier in any::<String>()) {
        prop_assert_eq!(decode(&encode(&identifier)), Ok(identifier));
    }

    #[test]
    fn to_identifier_undoes_to_path(identifier in any::<String>()) {
        prop_assert_eq!(to_identifier(&to_path(&identifier)), Ok(identifier));
    }

    #[test]
    fn an_encoded_identifier_is_printable_ascii_without_slash(identifier in any::<String>()) {
        prop_assert!(encode(&identifier).bytes().all(|byte| byte.is_ascii_graphic() && byte != b'/'));
    }

    #[test]
    fn every_folder_of_a_path_but_the_last_is_a_pair(identifier in any::<String>()) {
        let path = to_path(&identifier);
        let folders: Vec<_> = path.split('/').collect();
        let (last, others) = folders.split_last().unwrap();
        prop_assert!(others.iter().all(|folder| folder.len() == 2));
        prop_assert!(last.len() == 1 || last.len() == 2 || identifier.is_empty());
    }

    #[test]
    fn no_path_makes_it_panic(path in "[ab^0-9/=+,é\u{0}]{0,20}", other in any::<String>()) {
        let _ = (to_identifier(&path), decode(&path), to_identifier(&other), decode(&other));
    }
}
