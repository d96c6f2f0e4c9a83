//! Where a sealed object is read from.

use core::fmt;
use std::{
    fs::File,
    io::{self, Read, Seek as _, SeekFrom},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use crate::error::Error;

/// Something that can be read in any part: bytes, a file, or what an application makes one of, such
/// as an object store that answers ranges.
pub trait RandomAccess: Send + Sync {
    /// How many bytes there are.
    fn size(&self) -> u64;

    /// Reads from `start` on into `buffer`; gives how many bytes, none at the end only. It may
    /// block.
    ///
    /// # Errors
    /// When it cannot be read.
    fn read_at(&self, start: u64, buffer: &mut [u8]) -> io::Result<usize>;
}

impl RandomAccess for Vec<u8> {
    fn size(&self) -> u64 {
        u64::try_from(self.len()).unwrap_or(u64::MAX)
    }

    fn read_at(&self, start: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let start = usize::try_from(start).unwrap_or(usize::MAX);
        self.get(start..).unwrap_or_default().read(buffer)
    }
}

/// A file, whose place is set before each reading.
#[derive(Debug)]
pub(crate) struct FileSource {
    file: Mutex<File>,
    size: u64,
}

impl FileSource {
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let failed = |error| Error::file("read", path, error);
        let file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if !metadata.is_file() {
            return Err(Error::invalid(format!(
                "{} is no file: open what is no file as a reader",
                path.display()
            )));
        }
        Ok(Self {
            size: metadata.len(),
            file: Mutex::new(file),
        })
    }
}

impl RandomAccess for FileSource {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, start: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(start))?;
        file.read(buffer)
    }
}

/// A source, as the SDK holds it.
#[derive(Clone)]
pub(crate) struct Shared(pub(crate) Arc<dyn RandomAccess>);

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source")
            .field("size", &self.0.size())
            .finish()
    }
}

impl Shared {
    /// Exactly these bytes, or fewer at the end.
    pub(crate) fn fetch(&self, part: core::ops::Range<u64>) -> io::Result<Vec<u8>> {
        let mut reader = self.reader(part.start);
        let mut bytes = Vec::new();
        let wanted = part.end.saturating_sub(part.start);
        Read::by_ref(&mut reader)
            .take(wanted)
            .read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Everything from `at` on.
    pub(crate) fn reader(&self, at: u64) -> SourceReader {
        SourceReader {
            source: self.clone(),
            at,
        }
    }
}

/// Reads a source from some place to its end.
#[derive(Debug)]
pub(crate) struct SourceReader {
    source: Shared,
    at: u64,
}

impl Read for SourceReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.0.read_at(self.at, buffer)?;
        self.at += u64::try_from(read).unwrap_or_default();
        Ok(read)
    }
}
