//! What the application's database knows of blobs.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    fmt,
    str::FromStr,
    sync::{Mutex, PoisonError},
};

use data_encoding::HEXLOWER;

/// The name of a blob: the application's identifier for it, as the store knows it too.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct BlobName(String);

/// The text names no blob.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a blob is named by 1 to 64 letters, digits, hyphens and underscores of ASCII")]
pub struct BlobNameError;

impl FromStr for BlobName {
    type Err = BlobNameError;

    fn from_str(text: &str) -> Result<Self, BlobNameError> {
        // No dots and no slashes: it is a folder of the store.
        let good = (1..=64).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        if good {
            Ok(Self(text.to_owned()))
        } else {
            Err(BlobNameError)
        }
    }
}

impl fmt::Display for BlobName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Names one attempt to write a part. It is drawn at random, so that two attempts at the same place
/// do not overwrite each other.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PartName(String);

impl PartName {
    /// The name made of random bytes.
    #[must_use]
    pub fn of(random: [u8; 8]) -> Self {
        Self(HEXLOWER.encode(&random))
    }

    /// As it is kept in a database.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A name that was kept in a database; `None` for what was never one.
    #[must_use]
    pub fn kept(text: &str) -> Option<Self> {
        let bytes = HEXLOWER.decode(text.as_bytes()).ok()?;
        Some(Self::of(bytes.try_into().ok()?))
    }
}

/// A part of a blob: an object of the store.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Part {
    /// Where in the blob it begins.
    pub start: u64,
    /// Its bytes.
    pub size: u64,
    /// The attempt that wrote it.
    pub name: PartName,
}

impl Part {
    /// Where in the blob it ends.
    #[must_use]
    pub const fn end(&self) -> u64 {
        self.start.saturating_add(self.size)
    }
}

/// How an upload stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Upload {
    /// Bytes that there will be.
    pub size: u64,
    /// Bytes that are there.
    pub received: u64,
}

/// Whether a part was counted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Counted {
    /// It belongs to the blob now.
    Yes,
    /// The blob does not end where the part begins: it ends here.
    StandsAt(u64),
}

/// Which parts of which blobs count: the application's database. What it must do is said by
/// [`conformance`](crate::conformance).
pub trait Index: Sync {
    /// What goes wrong there.
    type Error;

    /// Counts a part that the store has taken, if it begins where the blob ends: in one transaction,
    /// since others may try the same. Of a blob that does not exist none is counted.
    fn append(
        &self,
        blob: &BlobName,
        part: &Part,
    ) -> impl Future<Output = Result<Counted, Self::Error>> + Send;

    /// The parts that count, in their order: without gaps, from the beginning.
    fn parts(&self, blob: &BlobName)
    -> impl Future<Output = Result<Vec<Part>, Self::Error>> + Send;
}

impl<I: Index + Send> Index for std::sync::Arc<I> {
    type Error = I::Error;

    fn append(
        &self,
        blob: &BlobName,
        part: &Part,
    ) -> impl Future<Output = Result<Counted, Self::Error>> + Send {
        I::append(self, blob, part)
    }

    fn parts(
        &self,
        blob: &BlobName,
    ) -> impl Future<Output = Result<Vec<Part>, Self::Error>> + Send {
        I::parts(self, blob)
    }
}

/// An index in memory: for tests, and for servers whose uploads need not survive them.
#[derive(Debug, Default)]
pub struct MemoryIndex(Mutex<BTreeMap<BlobName, Vec<Part>>>);

impl MemoryIndex {
    fn with<T>(&self, work: impl FnOnce(&mut BTreeMap<BlobName, Vec<Part>>) -> T) -> T {
        // Each change is one assignment: a thread that panicked left it whole.
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Begins a blob, unless it was begun.
    pub fn begin(&self, blob: &BlobName) {
        self.with(|blobs| {
            blobs.entry(blob.clone()).or_default();
        });
    }

    /// Bytes that are there; `None` of a blob that does not exist.
    #[must_use]
    pub fn received(&self, blob: &BlobName) -> Option<u64> {
        self.with(|blobs| Some(blobs.get(blob)?.last().map_or(0, Part::end)))
    }

    /// Forgets a blob.
    pub fn remove(&self, blob: &BlobName) {
        self.with(|blobs| blobs.remove(blob));
    }
}

impl Index for MemoryIndex {
    type Error = Infallible;

    async fn append(&self, blob: &BlobName, part: &Part) -> Result<Counted, Infallible> {
        Ok(self.with(|blobs| match blobs.get_mut(blob) {
            None => Counted::StandsAt(0),
            Some(parts) => {
                let end = parts.last().map_or(0, Part::end);
                if end == part.start {
                    parts.push(part.clone());
                    Counted::Yes
                } else {
                    Counted::StandsAt(end)
                }
            }
        }))
    }

    async fn parts(&self, blob: &BlobName) -> Result<Vec<Part>, Infallible> {
        Ok(self.with(|blobs| blobs.get(blob).cloned().unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_folder_of_the_store() {
        for good in [
            "a",
            "01ARZ3NDEKTSV4RRFFQ69G5FAV",
            "obj_x-Y",
            &"x".repeat(64),
        ] {
            assert_eq!(good.parse::<BlobName>().unwrap().to_string(), good);
        }
        for bad in ["", ".", "..", "a/b", "a.b", "é", " ", &"x".repeat(65)] {
            assert_eq!(bad.parse::<BlobName>(), Err(BlobNameError), "{bad}");
        }
        assert_eq!(
            PartName::kept("0102030405060708"),
            Some(PartName::of([1, 2, 3, 4, 5, 6, 7, 8]))
        );
        for bad in [
            "",
            "../../x",
            "01020304050607",
            "010203040506070809",
            "010203040506070G",
        ] {
            assert_eq!(PartName::kept(bad), None, "{bad}");
        }
    }
}
