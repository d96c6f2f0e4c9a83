//! Where a world keeps what its server stores.

use std::sync::Arc;

use wardseal_server_domain::keys::Writing;
use wardseal_server_memory::MemoryStore;

pub(crate) type Kept = MemoryStore;

pub(crate) const WRITING: Writing = Writing::Caller;

/// The memory of one world, which a server that starts again finds as it left it.
#[derive(Default)]
pub(crate) struct Place(Arc<MemoryStore>);

impl Place {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn open(&self) -> Arc<Kept> {
        Arc::clone(&self.0)
    }

    /// There are none.
    pub(crate) fn files(&self) -> Vec<u8> {
        Vec::new()
    }

    /// There is always room.
    pub(crate) fn leave_room(&self, _: &Kept, _: u64) {}
}
