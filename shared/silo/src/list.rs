//! What a silo holds, found by walking it.

use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use object_store::{ObjectMeta, path::Path};

use crate::{
    error::Error,
    name::Identifier,
    silo::{MANIFEST, Silo},
};

/// An object, found by its manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its identifier, decoded from the path.
    pub identifier: Identifier,
    /// Its folder, relative to the granary.
    pub folder: String,
}

/// A part of a silo's objects, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// The objects.
    pub objects: Vec<Listed>,
    /// Whether more come after them.
    pub more: bool,
    /// Folders whose paths decode to nothing, each with what is wrong with it.
    pub passed_over: Vec<String>,
}

impl Silo {
    /// The objects of the silo, in the order of their paths. Memory does not grow with the silo.
    ///
    /// A folder whose path decodes to nothing is an error of its own; the listing goes on after it.
    pub fn list(&self) -> BoxStream<'static, Result<Listed, Error>> {
        self.list_from("", None)
    }

    /// The objects whose identifiers begin with `beginning` (all: an empty one), in the order of their paths, from the one
    /// that follows `after` on; `after` need not be there.
    ///
    /// What comes before is not walked through: the first objects cost the same in a silo of any size.
    pub fn list_from(
        &self,
        beginning: &str,
        after: Option<&Identifier>,
    ) -> BoxStream<'static, Result<Listed, Error>> {
        let root = self.root();
        let range = match Range::of(self, beginning, after) {
            Ok(range) => range,
            Err(error) => return stream::iter([Err(error)]).boxed(),
        };
        let Range { folder, beginning, offset } = range;
        let files = self.objects().list_with_offset(Some(&folder), &offset);
        let comes_before = {
            let beginning = beginning.clone();
            move |file: &object_store::Result<ObjectMeta>| {
                file.as_ref().is_ok_and(|file| file.location.as_ref() < beginning.as_str())
            }
        };
        let is_meant = move |file: &object_store::Result<ObjectMeta>| {
            file.as_ref().map_or(true, |file| file.location.as_ref().starts_with(&beginning))
        };
        files
            .skip_while(move |file| std::future::ready(comes_before(file)))
            .take_while(move |file| std::future::ready(is_meant(file)))
            .filter_map(move |file| {
                let file = file.map_err(Error::store("list", &root));
                let listed = file.and_then(|file| listed(&root, file.location.as_ref())).transpose();
                async move { listed }
            })
            .boxed()
    }

    /// Up to `limit` objects of [`Silo::list_from`].
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn page(
        &self,
        beginning: &str,
        after: Option<&Identifier>,
        limit: usize,
    ) -> Result<Page, Error> {
        let mut objects = self.list_from(beginning, after);
        let mut page = Page::default();
        while let Some(object) = objects.next().await {
            match object {
                Ok(_) if page.objects.len() == limit => {
                    page.more = true;
                    break;
                }
                Ok(object) => page.objects.push(object),
                Err(error @ Error::NotAnIdentifier { .. }) => page.passed_over.push(error.to_string()),
                Err(error) => return Err(error),
            }
        }
        Ok(page)
    }
}

/// The paths of some of a silo's objects: those in `folder` that begin with `beginning` and come after `offset`.
struct Range {
    folder: Path,
    beginning: String,
    offset: Path,
}

impl Range {
    fn of(silo: &Silo, beginning: &str, after: Option<&Identifier>) -> Result<Self, Error> {
        let root = silo.root();
        let beginning = format!("{root}/{}", granary_pairtree::to_path(beginning));
        let (folder, _) = beginning.rsplit_once('/').unwrap_or((&root, ""));
        let path = |text: &str| {
            let failed = |source: object_store::path::Error| Error::Store {
                action: "list",
                path: text.to_owned(),
                source: source.into(),
            };
            Path::parse(text).map_err(failed)
        };
        // All paths that begin so come after the beginning itself. But where it is a folder, SeaweedFS would pass over what is in
        // it, so the list begins a little before.
        let mut before = beginning.trim_end_matches('/').to_owned();
        before.pop();
        let first = path(before.trim_end_matches('/'))?;
        let after = after.map(|after| silo.location(after, MANIFEST)).transpose()?;
        let offset = after.filter(|after| *after > first).unwrap_or(first);
        Ok(Self { folder: path(folder)?, beginning, offset })
    }
}

/// The object that a file is the manifest of.
fn listed(root: &str, location: &str) -> Result<Option<Listed>, Error> {
    let folder = location.strip_suffix(MANIFEST).and_then(|rest| rest.strip_suffix('/'));
    folder.map(|folder| object_in(root, folder)).transpose()
}

/// The object whose folder this is; `root` is the silo's `pairtree_root`.
pub(crate) fn object_in(root: &str, folder: &str) -> Result<Listed, Error> {
    let path = folder.strip_prefix(root).unwrap_or(folder);
    let path = path.strip_suffix("/obj").unwrap_or(path);
    let identifier = granary_pairtree::to_identifier(path)
        .map_err(|source| Error::NotAnIdentifier { path: folder.to_owned(), source })?;
    Ok(Listed { identifier: identifier.parse()?, folder: folder.to_owned() })
}
