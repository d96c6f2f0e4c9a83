//! Sealed objects at web addresses.

use core::fmt;
use std::io;

use tokio::runtime::Handle;
use wardseal_client_http::{HttpObject, Limits};

use crate::{error::Error, opened::Opened, source::RandomAccess, wardseal::Wardseal};

/// An object at an address, read where it may block.
struct HttpSource {
    object: HttpObject,
    runtime: Handle,
}

impl fmt::Debug for HttpSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.object.fmt(f)
    }
}

impl RandomAccess for HttpSource {
    fn size(&self) -> u64 {
        self.object.size()
    }

    fn read_at(&self, start: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let reading = self.object.read_some(start, buffer.len());
        let bytes = self.runtime.block_on(reading).map_err(io::Error::other)?;
        let room = buffer
            .get_mut(..bytes.len())
            .ok_or(io::ErrorKind::InvalidData)?;
        room.copy_from_slice(&bytes);
        Ok(bytes.len())
    }
}

impl Wardseal {
    /// Opens the object at a web address, of which only the parts travel that are read. The server has
    /// to answer range requests, as object stores and servers of files do; an object that changes
    /// meanwhile is an error. `bearer` is a token for that server.
    ///
    /// ```no_run
    /// # async fn example(ward: wardseal_sdk::Wardseal) -> Result<(), wardseal_sdk::Error> {
    /// let opened = ward.open_url("https://files.example/scan", None).await?;
    /// let page = opened.range(400_000_000..400_100_000).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`open_bytes`](Self::open_bytes); codes `source_refused`, `source_no_ranges`,
    /// `source_changed`, `unreachable`, `bad_answer`, and `invalid` for what is no address.
    pub async fn open_url(&self, address: &str, bearer: Option<&str>) -> Result<Opened, Error> {
        let source = HttpSource {
            object: HttpObject::open(address, bearer, Limits::default()).await?,
            runtime: Handle::current(),
        };
        self.open_source(source).await
    }
}
