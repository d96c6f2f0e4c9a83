//! Messages and files: sealing them.

use core::fmt;
use std::{
    fs::File,
    io::{Read, Write},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use tempfile::NamedTempFile;
use wardseal_client::{
    crypto::aead::DefaultAes,
    object::{Watch, seal_stream},
    protocol::object::{Metadata, ObjectHeader},
    types::{ObjectId, SessionId},
};

use crate::{blocking, error::Error, wardseal::Wardseal};

/// As many as are faster than a disk.
pub(crate) const THREADS: usize = 2;

/// Is told how many bytes of content are done.
pub type Progress = Arc<dyn Fn(u64) + Send + Sync>;

/// How to seal.
#[derive(Clone, Default)]
pub struct SealOptions {
    /// File name, sealed along. Of a file its own by default.
    pub name: Option<String>,
    /// Media type, sealed along.
    pub media_type: Option<String>,
    /// Bytes of content, where a reader is sealed and they are known. Opening checks it.
    pub size: Option<u64>,
    /// The object of which this is another version. By default a new one.
    pub object: Option<ObjectId>,
    /// The version, from 1, which is the default.
    pub version: Option<u64>,
    /// Is told how many bytes of content are sealed.
    pub progress: Option<Progress>,
}

impl fmt::Debug for SealOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealOptions")
            .field("name", &self.name)
            .field("media_type", &self.media_type)
            .field("size", &self.size)
            .field("object", &self.object)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// Ends a stream on its thread when nobody waits for it any more.
#[derive(Debug, Default)]
pub(crate) struct EndOnDrop(pub(crate) Arc<AtomicBool>);

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Runs a stream where it holds nobody up. It ends early when the future is dropped.
pub(crate) async fn streaming<R: Send + 'static>(
    progress: Option<Progress>,
    run: impl FnOnce(Watch<'_>) -> Result<R, Error> + Send + 'static,
) -> Result<R, Error> {
    let end = EndOnDrop::default();
    let cancel = Arc::clone(&end.0);
    let told = move |done: u64| {
        if let Some(progress) = &progress {
            progress(done);
        }
    };
    blocking(move || {
        run(Watch {
            progress: &told,
            cancel: &cancel,
        })
    })
    .await
}

/// A file beside its future place, which has its contents before its name.
pub(crate) struct Output {
    file: NamedTempFile,
    path: PathBuf,
}

impl Output {
    /// `sealed` says whether everybody whom the system lets may read it, or the owner only.
    pub(crate) fn begin(path: PathBuf, sealed: bool) -> Result<Self, Error> {
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let mut builder = tempfile::Builder::new();
        builder.prefix(".wardseal-").suffix(".part");
        #[cfg(unix)]
        if sealed {
            use std::os::unix::fs::PermissionsExt as _;
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        #[cfg(not(unix))]
        let _ = sealed;
        let file = builder
            .tempfile_in(folder)
            .map_err(|error| Error::file("write", &path, error))?;
        Ok(Self { file, path })
    }

    pub(crate) fn finish(self) -> Result<(), Error> {
        let Self { file, path } = self;
        let failed = |error| Error::file("write", &path, error);
        file.as_file().sync_all().map_err(failed)?;
        match file.persist(&path) {
            Ok(_) => Ok(()),
            Err(error) => Err(failed(error.error)),
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

impl Wardseal {
    /// Seals what fits in memory for a session. If somebody lost the right to the session, directly
    /// or in a group beneath, it gets a new key first.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let place = wardseal_e2e::Place::new().await;
    /// # let ward = place.person("doctor-4711").await;
    /// # let me = ward.profile().await.ok_or("nobody")?.user.into();
    /// # use wardseal_sdk::NewSession;
    /// # let new = NewSession { manage: vec![me], ..NewSession::default() };
    /// # let session = ward.sessions().create(new).await?;
    /// let sealed = ward.seal(session, "Temperature 38.4").await?;
    /// let opened = ward.open_bytes(sealed).await?;
    /// assert_eq!(opened.text().await?, "Temperature 38.4");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Code `no_access`; `stale_checkpoint` when the server keeps back news or this machine's clock
    /// is wrong.
    pub async fn seal(
        &self,
        session: SessionId,
        content: impl AsRef<[u8]>,
    ) -> Result<Vec<u8>, Error> {
        self.seal_with(session, content, SealOptions::default())
            .await
    }

    /// The same with a name, a type, or as another version of an object.
    ///
    /// # Errors
    /// As [`seal`](Self::seal).
    pub async fn seal_with(
        &self,
        session: SessionId,
        content: impl AsRef<[u8]>,
        options: SealOptions,
    ) -> Result<Vec<u8>, Error> {
        let content = content.as_ref();
        let options = SealOptions {
            size: u64::try_from(content.len()).ok(),
            ..options
        };
        let sealing = self.sealing(session, &options).await?;
        if content.len() <= SMALL {
            return Ok(sealing.seal::<DefaultAes>(content)?);
        }
        let content = zeroize::Zeroizing::new(content.to_vec());
        let sealed = streaming(options.progress, move |watch| {
            let (plan, signer) = sealing.into_plan();
            let room = plan.object_len().and_then(|len| usize::try_from(len).ok());
            let mut sealed = Vec::with_capacity(room.unwrap_or_default());
            seal_stream::<DefaultAes>(
                plan,
                &signer,
                THREADS,
                content.as_slice(),
                &mut sealed,
                watch,
            )?;
            Ok(sealed)
        });
        sealed.await
    }

    /// Seals a file into a file, in constant memory. It appears when it is whole, in place of what
    /// has its name.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let place = wardseal_e2e::Place::new().await;
    /// # let ward = place.person("doctor-4711").await;
    /// # let me = ward.profile().await.ok_or("nobody")?.user.into();
    /// # use wardseal_sdk::NewSession;
    /// # let new = NewSession { manage: vec![me], ..NewSession::default() };
    /// # let session = ward.sessions().create(new).await?;
    /// # let folder = tempfile::tempdir()?;
    /// # let folder = folder.path();
    /// # std::fs::write(folder.join("scan.dcm"), vec![7; 3_000_000])?;
    /// ward.seal_file(session, folder.join("scan.dcm"), folder.join("scan.wseal")).await?;
    ///
    /// let opened = ward.open_file(folder.join("scan.wseal")).await?;
    /// assert_eq!(opened.name(), Some("scan.dcm"));
    /// assert_eq!(opened.range(1_000_000..1_000_010).await?, [7; 10]);
    /// opened.save(folder.join("copy.dcm")).await?;
    /// # assert_eq!(std::fs::read(folder.join("copy.dcm"))?, vec![7; 3_000_000]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`seal`](Self::seal); `io`; `object_wrong_length` for a file that changed meanwhile.
    pub async fn seal_file(
        &self,
        session: SessionId,
        from: impl AsRef<Path>,
        to: impl AsRef<Path>,
    ) -> Result<ObjectHeader, Error> {
        self.seal_file_with(session, from, to, SealOptions::default())
            .await
    }

    /// The same with a name, a type, or as another version of an object.
    ///
    /// # Errors
    /// As [`seal_file`](Self::seal_file).
    pub async fn seal_file_with(
        &self,
        session: SessionId,
        from: impl AsRef<Path>,
        to: impl AsRef<Path>,
        mut options: SealOptions,
    ) -> Result<ObjectHeader, Error> {
        let (from, to) = (from.as_ref().to_owned(), to.as_ref().to_owned());
        if options.name.is_none() {
            let name = from.file_name();
            options.name = name.map(|name| name.to_string_lossy().into_owned());
        }
        let (input, output, size) = blocking(move || {
            let failed = |error| Error::file("read", &from, error);
            let input = File::open(&from).map_err(failed)?;
            let metadata = input.metadata().map_err(failed)?;
            if metadata.is_dir() {
                return Err(Error::invalid(format!(
                    "{} is a folder: seal the files in it",
                    from.display()
                )));
            }
            let size = metadata.is_file().then_some(metadata.len());
            Ok((input, Output::begin(to, true)?, size))
        })
        .await?;
        options.size = size.or(options.size);
        let (header, output) = self.seal_reader(session, input, output, options).await?;
        blocking(move || output.finish()).await?;
        Ok(header)
    }

    /// Seals what a reader gives until its end, in constant memory; gives the writer back. What was
    /// written before an error is no object and cannot be opened.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let place = wardseal_e2e::Place::new().await;
    /// # let ward = place.person("doctor-4711").await;
    /// # let me = ward.profile().await.ok_or("nobody")?.user.into();
    /// # use wardseal_sdk::{NewSession, SealOptions};
    /// # let new = NewSession { manage: vec![me], ..NewSession::default() };
    /// # let session = ward.sessions().create(new).await?;
    /// let content = std::io::repeat(7);
    /// # use std::io::Read as _;
    /// # let content = content.take(2_000_000);
    /// let options = SealOptions { media_type: Some("text/csv".into()), ..SealOptions::default() };
    /// let (header, sealed) = ward.seal_reader(session, content, Vec::new(), options).await?;
    /// # assert_eq!(header.session, session);
    /// # let opened = ward.open_bytes(sealed).await?;
    /// # assert_eq!((opened.media_type(), opened.bytes().await?.len()), (Some("text/csv"), 2_000_000));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`seal`](Self::seal); `io`; `object_wrong_length` when `size` was given and is another.
    pub async fn seal_reader<R, W>(
        &self,
        session: SessionId,
        reader: R,
        writer: W,
        options: SealOptions,
    ) -> Result<(ObjectHeader, W), Error>
    where
        R: Read + Send + 'static,
        W: Write + Send + 'static,
    {
        let sealing = self.sealing(session, &options).await?;
        let header = sealing.header().clone();
        let sealed = streaming(options.progress, move |watch| {
            let mut writer = writer;
            let (plan, signer) = sealing.into_plan();
            seal_stream::<DefaultAes>(plan, &signer, THREADS, reader, &mut writer, watch)?;
            Ok(writer)
        });
        Ok((header, sealed.await?))
    }

    async fn sealing(
        &self,
        session: SessionId,
        options: &SealOptions,
    ) -> Result<wardseal_client::Sealing, Error> {
        let metadata = Metadata {
            name: options.name.clone(),
            media_type: options.media_type.clone(),
            content_len: options.size,
        };
        let version = options.version.unwrap_or(1);
        let sealing = self
            .core
            .sealing_version(session, options.object, version, &metadata);
        Ok(sealing.await?)
    }
}

/// Up to here it is not worth a thread.
pub(crate) const SMALL: usize = 64 << 10;
