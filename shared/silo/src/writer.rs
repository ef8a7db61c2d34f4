//! Streams a file into a version, counting its digests on the way.

use bytes::{Bytes, BytesMut};
use object_store::{
    Attribute, Attributes, MultipartUpload, PutMode, PutMultipartOptions, PutOptions, PutPayload, path::Path,
};

use tokio::task::JoinHandle;

use crate::{
    digest::Digests,
    digesting::Digesting,
    error::Error,
    name::{FileName, Identifier, VersionName},
    silo::Silo,
    staging::IfAbsent,
};

/// A file that has been stored: not yet named by a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Where it lies, relative to the object's folder.
    pub path: String,
    /// What it holds.
    pub digests: Digests,
}

/// A file on its way into a version's folder.
///
/// Nothing is seen under its name before [`Writer::finish`] returns; dropped before, it leaves nothing behind (a
/// bucket's unfinished parts are removed by its lifecycle rule). At most one part is held in memory of a bucket, two of a directory.
pub struct Writer {
    silo: Silo,
    identifier: Identifier,
    name: FileName,
    path: String,
    location: Path,
    content_type: Option<String>,
    digesting: Digesting,
    buffer: BytesMut,
    upload: Option<Box<dyn MultipartUpload>>,
    /// The part before, which is written while the next one comes.
    writing: Option<JoinHandle<object_store::Result<()>>>,
}

impl Silo {
    /// Begins a file of `version`. It never replaces one: see [`Writer::finish`].
    pub fn writer(
        &self,
        identifier: &Identifier,
        version: &VersionName,
        name: &FileName,
        content_type: Option<&str>,
    ) -> Result<Writer, Error> {
        let path = format!("{}/{name}", version.folder());
        let location = self.location(identifier, &path)?;
        Ok(Writer {
            silo: self.clone(),
            identifier: identifier.clone(),
            name: name.clone(),
            path,
            location,
            content_type: content_type.map(str::to_owned),
            digesting: Digesting::default(),
            buffer: BytesMut::new(),
            upload: None,
            writing: None,
        })
    }

    /// Stores bytes that are in memory as a file of `version`, in one write; as [`Writer::finish`] does.
    pub async fn store(
        &self,
        identifier: &Identifier,
        version: &VersionName,
        name: &FileName,
        content_type: Option<&str>,
        bytes: Bytes,
    ) -> Result<Stored, Error> {
        let digests = Digests::of(&bytes);
        self.store_digested(identifier, version, name, content_type, bytes, digests).await
    }

    /// The same with bytes whose digests have been counted.
    pub async fn store_digested(
        &self,
        identifier: &Identifier,
        version: &VersionName,
        name: &FileName,
        content_type: Option<&str>,
        bytes: Bytes,
        digests: Digests,
    ) -> Result<Stored, Error> {
        let writer = self.writer(identifier, version, name, content_type)?;
        let result = writer.put_whole(bytes).await;
        writer.published(result, digests).await
    }
}

impl Writer {
    /// Takes the next bytes.
    ///
    /// # Panics
    /// After [`Writer::digests`].
    pub async fn write(&mut self, mut bytes: Bytes) -> Result<(), Error> {
        self.digesting.take(bytes.clone()).await;
        let part_size = self.silo.part_size();
        while self.buffer.len() + bytes.len() >= part_size {
            let piece = bytes.split_to(part_size - self.buffer.len());
            let part = match self.buffer.is_empty() {
                // What is in memory as a whole is not copied.
                true => piece,
                false => {
                    self.buffer.extend_from_slice(&piece);
                    self.buffer.split().freeze()
                }
            };
            self.put_part(part).await?;
        }
        self.buffer.extend_from_slice(&bytes);
        Ok(())
    }

    async fn put_part(&mut self, part: Bytes) -> Result<(), Error> {
        let upload = match self.upload.take() {
            Some(upload) => upload,
            None => self.begin().await.map_err(Error::store("write", &self.location))?,
        };
        let part = self.upload.insert(upload).put_part(PutPayload::from_bytes(part));
        self.written().await.map_err(Error::store("write", &self.location))?;
        self.writing = Some(tokio::spawn(part));
        // Parts of a directory are small: the next one comes meanwhile.
        if !self.silo.is_in_directory() {
            self.written().await.map_err(Error::store("write", &self.location))?;
        }
        Ok(())
    }

    /// Waits for the part before.
    async fn written(&mut self) -> object_store::Result<()> {
        match self.writing.take() {
            None => Ok(()),
            Some(writing) => {
                writing.await.unwrap_or_else(|source| Err(object_store::Error::JoinError { source }))
            }
        }
    }

    /// The upload, begun. Not an `async fn`: the future holds no reference to the writer, which cannot be shared.
    fn begin(&self) -> impl Future<Output = object_store::Result<Box<dyn MultipartUpload>>> + Send + use<> {
        let (silo, location) = (self.silo.clone(), self.location.clone());
        let mut options = PutMultipartOptions { attributes: self.attributes(), ..Default::default() };
        options.extensions.insert(IfAbsent);
        async move { silo.objects().put_multipart_opts(&location, options).await }
    }

    /// Size and digests of what was written. Nothing can be written afterwards.
    pub async fn digests(&mut self) -> Digests {
        self.digesting.finish().await
    }

    /// Publishes the file.
    ///
    /// Where a file with the same bytes lies under the name already (a crash before the manifest, another worker at the
    /// same task) that one serves and this one is dropped.
    ///
    /// # Errors
    /// [`Error::Occupied`] when other bytes lie there, with a name that is free or holds these very bytes. What cannot be
    /// read now is no reason for another name, and is an error.
    pub async fn finish(mut self) -> Result<Stored, Error> {
        let digests = self.digests().await;
        let result = match self.upload.take() {
            None => {
                let bytes = std::mem::take(&mut self.buffer).freeze();
                self.put_whole(bytes).await
            }
            Some(mut upload) => self.complete(&mut *upload).await,
        };
        self.published(result, digests).await
    }

    async fn published(self, result: object_store::Result<()>, digests: Digests) -> Result<Stored, Error> {
        match result {
            Ok(()) => Ok(Stored { path: self.path, digests }),
            Err(object_store::Error::AlreadyExists { .. }) => self.compare(digests).await,
            Err(source) => Err(Error::store("write", &self.location)(source)),
        }
    }

    /// Not an `async fn`: the future holds no reference to the writer, which cannot be shared.
    fn put_whole(&self, bytes: Bytes) -> impl Future<Output = object_store::Result<()>> + Send + use<> {
        let (silo, location) = (self.silo.clone(), self.location.clone());
        let options =
            PutOptions { mode: PutMode::Create, attributes: self.attributes(), ..Default::default() };
        async move { silo.objects().put_opts(&location, PutPayload::from_bytes(bytes), options).await.map(drop) }
    }

    async fn complete(&mut self, upload: &mut dyn MultipartUpload) -> object_store::Result<()> {
        self.written().await?;
        let rest = std::mem::take(&mut self.buffer).freeze();
        if !rest.is_empty() {
            upload.put_part(PutPayload::from_bytes(rest)).await?;
        }
        upload.complete().await.map(drop)
    }

    async fn compare(self, digests: Digests) -> Result<Stored, Error> {
        // Nothing there, and yet it is taken: by a folder, or by a file that the path leads through.
        let there = self.silo.sha256_at(&self.location).await?;
        if there.is_some_and(|(size, sha256)| (size, &sha256) == (digests.size, &digests.sha256)) {
            return Ok(Stored { path: self.path, digests });
        }
        let instead = self.name.flat().distinct(&digests.sha256);
        Err(Error::Occupied { name: self.name, identifier: self.identifier, instead })
    }

    fn attributes(&self) -> Attributes {
        let content_type = self.content_type.clone();
        content_type.map(|t| Attributes::from_iter([(Attribute::ContentType, t)])).unwrap_or_default()
    }
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").field("location", &self.location).finish_non_exhaustive()
    }
}
