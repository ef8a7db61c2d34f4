//! The silo, held against the roll: each manifest is read once.

use futures::{Stream, StreamExt};
use granary_silo::{Error, Identifier, Manifest, Silo};

use crate::sweep::roll::{Roll, Standing};

/// How many manifests are read at once.
const READS_AT_ONCE: usize = 32;

/// What the silo holds, as far as the roll says anything about it.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    /// Live objects that should be listed.
    pub(crate) live: u64,
    /// Those of them that are not.
    pub(crate) missing: Vec<Identifier>,
    /// Absent objects that are listed again.
    pub(crate) back: Vec<Identifier>,
    /// Objects that this run has marked as absent already, before it was interrupted.
    pub(crate) marked: u64,
    /// Objects whose manifests cannot be read.
    pub(crate) unreadable: u64,
}

impl Survey {
    /// Takes an object into account. `run` is the run in progress.
    ///
    /// # Errors
    /// When the store fails. What is wrong with one object only is counted.
    pub(crate) fn take(
        &mut self,
        object: Result<(Identifier, Manifest), Error>,
        roll: &Roll,
        run: Option<&str>,
    ) -> Result<(), Error> {
        let (identifier, manifest) = match object {
            Ok(object) => object,
            Err(
                Error::CorruptManifest { .. }
                | Error::NotAnIdentifier { .. }
                | Error::Name(_)
                | Error::TooLong { .. },
            ) => {
                self.unreadable += 1;
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        match roll.judge(&identifier, &manifest) {
            Standing::Listed => self.live += 1,
            Standing::Missing => {
                self.live += 1;
                self.missing.push(identifier);
            }
            Standing::Back => self.back.push(identifier),
            Standing::Aside => {
                let by_this_run = |run| {
                    manifest
                        .latest_record()
                        .is_some_and(|record| record.absent && record.run.as_deref() == Some(run))
                };
                self.marked += u64::from(run.is_some_and(by_this_run));
            }
        }
        Ok(())
    }
}

/// The objects of a silo with their manifests, in no particular order.
pub(crate) fn objects(silo: &Silo) -> impl Stream<Item = Result<(Identifier, Manifest), Error>> + use<> {
    let reader = silo.clone();
    silo.list()
        .map(move |listed| {
            let silo = reader.clone();
            async move {
                let identifier = listed?.identifier;
                let object = silo.object(&identifier).await?;
                Ok(object.map(|object| (identifier, object.manifest)))
            }
        })
        .buffer_unordered(READS_AT_ONCE)
        // One that has gone since it was listed is none.
        .filter_map(|object| async move { object.transpose() })
}
