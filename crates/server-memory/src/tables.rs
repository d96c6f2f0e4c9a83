//! Tables of which everybody who reads has a version of his own.

use std::{
    collections::BTreeMap,
    ops::Deref,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// A table. A copy costs nothing, until one of the two is written.
#[derive(Debug)]
pub(crate) struct Table<K, V>(Arc<BTreeMap<K, V>>);

impl<K, V> Clone for Table<K, V> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K, V> Deref for Table<K, V> {
    type Target = BTreeMap<K, V>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<K: Clone + Ord, V: Clone> Table<K, V> {
    /// The rows, to be changed in this copy alone.
    pub(crate) fn rows(&mut self) -> &mut BTreeMap<K, V> {
        Arc::make_mut(&mut self.0)
    }

    /// Adds a row, unless there is one of this key.
    pub(crate) fn add(&mut self, key: K, value: V) -> bool {
        if self.contains_key(&key) {
            return false;
        }
        self.rows().insert(key, value);
        true
    }

    /// Removes the rows of which `keep` says no.
    pub(crate) fn keep(&mut self, keep: impl Fn(&K, &V) -> bool) {
        if !self.iter().all(|(key, value)| keep(key, value)) {
            self.rows().retain(|key, value| keep(key, value));
        }
    }
}

/// What is committed, and whose turn it is to write.
#[derive(Debug, Default)]
pub(crate) struct Versions<T> {
    committed: Mutex<T>,
    turn: Mutex<()>,
}

impl<T: Clone> Versions<T> {
    /// What is committed now.
    pub(crate) fn newest(&self) -> T {
        lock(&self.committed).clone()
    }

    /// Waits until nobody else writes.
    pub(crate) fn turn(&self) -> Turn<'_, T> {
        Turn {
            _turn: lock(&self.turn),
            versions: self,
        }
    }

    /// Reads and writes at once.
    pub(crate) fn change<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        let turn = self.turn();
        let mut tables = self.newest();
        let done = change(&mut tables);
        turn.commit(tables);
        done
    }
}

/// The right to write, which one has at a time.
#[derive(Debug)]
pub(crate) struct Turn<'v, T> {
    _turn: MutexGuard<'v, ()>,
    versions: &'v Versions<T>,
}

impl<T> Turn<'_, T> {
    /// Makes this the newest version.
    pub(crate) fn commit(self, tables: T) {
        *lock(&self.versions.committed) = tables;
    }
}

/// A version is replaced as a whole, so a panic leaves none half written.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
