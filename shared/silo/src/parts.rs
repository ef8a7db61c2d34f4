//! Splitting a silo into parts that are walked at the same time: where the order of objects does not matter.

use std::collections::VecDeque;

use futures::{
    FutureExt, StreamExt,
    stream::{self, BoxStream},
};
use object_store::path::Path;

use crate::{error::Error, silo::Silo};

/// How many parts there are at least, where the tree has so many branches. Some are much larger than others, so that there are
/// more than anybody has cores.
const PARTS: usize = 32;

impl Silo {
    /// What `walk` makes of each part of the silo, `concurrency` parts at a time, in no order. Every object lies in one part.
    pub(crate) fn walk_parts<T: Send + 'static>(
        &self,
        concurrency: usize,
        walk: impl Fn(Path) -> BoxStream<'static, Result<T, Error>> + Send + 'static,
    ) -> BoxStream<'static, Result<T, Error>> {
        let silo = self.clone();
        let walked = async move {
            match silo.parts().await {
                Ok(parts) => stream::iter(parts).map(walk).flatten_unordered(concurrency.max(1)).boxed(),
                Err(error) => stream::iter([Err(error)]).boxed(),
            }
        };
        walked.flatten_stream().boxed()
    }

    /// Folders that hold all objects of the silo between them.
    async fn parts(&self) -> Result<Vec<Path>, Error> {
        let mut branches = VecDeque::from([Path::from_iter(self.root().split('/'))]);
        let mut whole = Vec::new();
        while branches.len() + whole.len() < PARTS
            && let Some(folder) = branches.pop_front()
        {
            let level = self.objects().list_with_delimiter(Some(&folder)).await;
            let level = level.map_err(Error::store("list", &folder))?;
            let files = level.objects.iter().map(|file| &file.location);
            // An object stays in one piece. Other files belong to none.
            let is_object = files.chain(&level.common_prefixes).any(is_of_object);
            if is_object || level.common_prefixes.is_empty() {
                whole.push(folder);
            } else {
                branches.extend(level.common_prefixes);
            }
        }
        whole.extend(branches);
        Ok(whole)
    }
}

/// Whether this is a manifest, or the folder of a version.
fn is_of_object(path: &Path) -> bool {
    path.filename().is_some_and(|name| name.starts_with("__"))
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, sync::Arc};

    use futures::TryStreamExt;

    use super::*;
    use crate::{DirectoryStore, silo::MANIFEST};

    #[tokio::test]
    async fn every_object_lies_in_one_part_and_in_one_piece() {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(DirectoryStore::create(folder.path()).unwrap());
        let silo = Silo::create(store, "s".parse().unwrap(), "http://example.org/oai").await.unwrap();
        let root = folder.path().join(silo.root());
        let mut objects = BTreeSet::new();
        // Objects with and without `obj`, some of them in the folder of another one's pairs.
        for number in 0..200 {
            let pairs = granary_pairtree::to_path(&format!("oai:{number}"));
            let object = if number % 2 == 0 { format!("{pairs}/obj") } else { pairs };
            fs::create_dir_all(root.join(&object).join("__1")).unwrap();
            fs::write(root.join(&object).join(MANIFEST), "{}").unwrap();
            fs::write(root.join(&object).join("__1/oai_dc"), "").unwrap();
            objects.insert(format!("{}/{object}", silo.root()));
        }
        let parts = silo.parts().await.unwrap();
        assert!(parts.len() >= PARTS, "{parts:?}");
        let holds = |part: &Path, object: &str| {
            object.strip_prefix(part.as_ref()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        for object in &objects {
            assert_eq!(parts.iter().filter(|part| holds(part, object)).count(), 1, "{object}: {parts:?}");
        }
        let walked = silo.walk_parts(3, |part| stream::iter([Ok(part)]).boxed());
        let walked: BTreeSet<Path> = walked.try_collect().await.unwrap();
        assert_eq!(walked, parts.into_iter().collect());
    }

    #[tokio::test]
    async fn a_silo_without_objects_has_one_part() {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(DirectoryStore::create(folder.path()).unwrap());
        let silo = Silo::create(store, "s".parse().unwrap(), "http://example.org/oai").await.unwrap();
        assert_eq!(silo.parts().await.unwrap().len(), 1);
    }
}
