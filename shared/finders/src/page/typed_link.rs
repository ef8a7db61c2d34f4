use url::Url;

use crate::announced::Announced;

/// A typed link of a page (RFC 8288, section 2), wherever it was written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct TypedLink {
    /// Resolved; as written when that is not possible.
    pub(super) target: String,
    /// The relation types, in lower case.
    pub(super) relations: Vec<String>,
    pub(super) content_type: Option<String>,
    pub(super) title: Option<String>,
    pub(super) profile: Option<String>,
}

impl TypedLink {
    pub(super) fn new(target: &str, base: &Url, relations: &str) -> Self {
        let target = base.join(target.trim()).map_or_else(|_| target.to_owned(), String::from);
        let relations = relations.split_ascii_whitespace().map(str::to_ascii_lowercase).collect();
        Self { target, relations, ..Self::default() }
    }

    /// Whether it is of this relation type.
    pub(super) fn is(&self, relation: &str) -> bool {
        self.relations.iter().any(|one| one == relation)
    }

    pub(super) fn announced(&self) -> Announced {
        Announced {
            url: Some(self.target.clone()),
            label: self.title.clone(),
            content_type: self.content_type.clone(),
            ..Announced::default()
        }
    }
}
