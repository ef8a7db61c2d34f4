//! Namespace declarations in scope, and which of them a record inherits.

use std::collections::HashSet;

use memchr::memmem;

use super::text::attributes;

/// The declarations of one element, raw: prefix (empty for the default namespace) and URI as written.
pub(super) type Declarations = Vec<(Vec<u8>, Vec<u8>)>;

/// The namespace declarations of a tag.
pub(super) fn declarations(inside: &[u8]) -> Declarations {
    if memmem::find(inside, b"xmlns").is_none() {
        return Vec::new();
    }
    let prefix = |name: &str| match name {
        "xmlns" => Some(Vec::new()),
        _ => name.strip_prefix("xmlns:").map(|prefix| prefix.as_bytes().to_vec()),
    };
    attributes(inside)
        .into_iter()
        .filter_map(|(name, uri)| Some((prefix(&name)?, uri.into_bytes())))
        .collect()
}

/// The bytes of declarations.
pub(super) fn size(declarations: &Declarations) -> usize {
    declarations.iter().map(|(prefix, uri)| prefix.len() + uri.len()).sum()
}

/// What to insert into the start tag of an element that is taken out of `scopes` (outermost first): the declarations that
/// it inherits and uses. `own` are its own; `xml` is its text, its descendants included; `needs_default` whether
/// an element in it without prefix is in no default namespace declared in it.
pub(super) fn inherited<'a>(
    scopes: impl DoubleEndedIterator<Item = &'a Declarations>,
    own: &Declarations,
    xml: &[u8],
    needs_default: bool,
) -> Vec<u8> {
    let mut seen: HashSet<&[u8]> = own.iter().map(|(prefix, _)| prefix.as_slice()).collect();
    let mut inserted = Vec::new();
    // The innermost declaration of a prefix counts.
    for (prefix, uri) in scopes.rev().flatten() {
        if !seen.insert(prefix) {
            continue;
        }
        let used = if prefix.is_empty() { needs_default && !uri.is_empty() } else { uses(xml, prefix) };
        if used {
            inserted.extend_from_slice(b" xmlns");
            if !prefix.is_empty() {
                inserted.push(b':');
                inserted.extend_from_slice(prefix);
            }
            inserted.extend_from_slice(b"=\"");
            for byte in uri {
                match byte {
                    b'"' => inserted.extend_from_slice(b"&quot;"),
                    byte => inserted.push(*byte),
                }
            }
            inserted.push(b'"');
        }
    }
    inserted
}

/// Whether `prefix:` occurs: in names, or as part of a value such as `xsi:type="dcterms:W3CDTF"`.
fn uses(xml: &[u8], prefix: &[u8]) -> bool {
    let name = [prefix, b":"].concat();
    memmem::find_iter(xml, &name).any(|at| {
        at == 0 || !(xml[at - 1].is_ascii_alphanumeric() || matches!(xml[at - 1], b'-' | b'_' | b'.' | b':'))
    })
}
