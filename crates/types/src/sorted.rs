//! Maps and sets as sorted vectors.
//!
//! They hold members of rings and chains that are known: hundreds mostly, thousands at most, that
//! are copied as a whole more often than they change. A tree would be quicker for many more, and
//! a page that downloads the client pays for one anew with every type of key.

use core::mem;

/// A map whose entries are sorted by key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SortedMap<K, V>(Vec<(K, V)>);

impl<K, V> Default for SortedMap<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K, V> SortedMap<K, V> {
    /// An empty map.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// How many entries there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The entries, by ascending key.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.0.iter().map(|(key, value)| (key, value))
    }

    /// The keys, ascending.
    pub fn keys(&self) -> impl Iterator<Item = &K> {
        self.0.iter().map(|(key, _)| key)
    }

    /// The values, by ascending key.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.0.iter().map(|(_, value)| value)
    }

    /// Drops the entries for which `keep` says so.
    pub fn retain(&mut self, mut keep: impl FnMut(&K, &V) -> bool) {
        self.0.retain(|(key, value)| keep(key, value));
    }

    /// Drops all entries.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

impl<K: Ord, V> SortedMap<K, V> {
    fn find(&self, key: &K) -> Result<usize, usize> {
        // Most of what comes comes in order.
        match self.0.last() {
            Some((last, _)) if last < key => Err(self.0.len()),
            _ => self.0.binary_search_by(|(held, _)| held.cmp(key)),
        }
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &K) -> Option<&V> {
        let at = self.find(key).ok()?;
        self.0.get(at).map(|(_, value)| value)
    }

    /// The value of a key, to be changed.
    #[must_use]
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let at = self.find(key).ok()?;
        self.0.get_mut(at).map(|(_, value)| value)
    }

    /// Whether the key has a value.
    #[must_use]
    pub fn contains_key(&self, key: &K) -> bool {
        self.find(key).is_ok()
    }

    /// Sets the value of a key; gives the one before.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.find(&key) {
            Ok(at) => {
                let (_, held) = self.0.get_mut(at)?;
                Some(mem::replace(held, value))
            }
            Err(at) => {
                self.0.insert(at, (key, value));
                None
            }
        }
    }

    /// Drops a key; gives its value.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        let at = self.find(key).ok()?;
        Some(self.0.remove(at).1)
    }

    /// Changes the value of a key, which is the default before the first time.
    pub fn update<R>(&mut self, key: K, change: impl FnOnce(&mut V) -> R) -> R
    where
        V: Default,
    {
        let at = match self.find(&key) {
            Ok(at) => at,
            Err(at) => {
                self.0.insert(at, (key, V::default()));
                at
            }
        };
        match self.0.get_mut(at) {
            Some((_, value)) => change(value),
            // It was put there.
            None => change(&mut V::default()),
        }
    }

    /// The entries from this key on, by ascending key.
    pub fn iter_from(&self, first: &K) -> impl Iterator<Item = (&K, &V)> {
        let at = self.0.partition_point(|(key, _)| key < first);
        self.0.iter().skip(at).map(|(key, value)| (key, value))
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for SortedMap<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut map = Self::new();
        for (key, value) in entries {
            map.insert(key, value);
        }
        map
    }
}

/// A set whose items are sorted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SortedSet<T>(SortedMap<T, ()>);

impl<T> Default for SortedSet<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> SortedSet<T> {
    /// An empty set.
    #[must_use]
    pub const fn new() -> Self {
        Self(SortedMap::new())
    }

    /// How many items there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The items, ascending.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.keys()
    }

    /// Drops the items for which `keep` says so.
    pub fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        self.0.retain(|item, ()| keep(item));
    }
}

impl<T: Ord> SortedSet<T> {
    /// Whether the item is in it.
    #[must_use]
    pub fn contains(&self, item: &T) -> bool {
        self.0.contains_key(item)
    }

    /// Puts an item in; whether it was not there before.
    pub fn insert(&mut self, item: T) -> bool {
        self.0.insert(item, ()).is_none()
    }
}

impl<T: Ord> Extend<T> for SortedSet<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, items: I) {
        for item in items {
            self.insert(item);
        }
    }
}

impl<T: Ord> FromIterator<T> for SortedSet<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut set = Self::new();
        set.extend(items);
        set
    }
}

impl<T> IntoIterator for SortedSet<T> {
    type Item = T;
    type IntoIter = core::iter::Map<std::vec::IntoIter<(T, ())>, fn((T, ())) -> T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.0.into_iter().map(|(item, ())| item)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    /// Numbers in no order, with repetitions.
    fn numbers() -> impl Iterator<Item = u32> {
        (0..500_u32).map(|at| at.wrapping_mul(2_654_435_761) >> 24)
    }

    #[test]
    fn a_map_does_what_a_tree_does() {
        let mut map = SortedMap::new();
        let mut tree = BTreeMap::new();
        for (at, key) in numbers().enumerate() {
            match at % 5 {
                0 => assert_eq!(map.remove(&key), tree.remove(&key)),
                1 => {
                    map.update(key, |value| *value += 1);
                    *tree.entry(key).or_default() += 1;
                }
                _ => assert_eq!(map.insert(key, at), tree.insert(key, at)),
            }
            assert_eq!(map.get(&key), tree.get(&key));
            assert_eq!(map.contains_key(&key), tree.contains_key(&key));
            assert_eq!(map.len(), tree.len());
        }
        assert!(map.iter().eq(tree.iter()));
        assert!(map.keys().eq(tree.keys()));
        assert!(map.values().eq(tree.values()));
        assert!(map.iter_from(&100).eq(tree.range(100..)));
        map.retain(|key, value| key % 2 == 0 && value % 3 != 0);
        tree.retain(|key, value| key % 2 == 0 && *value % 3 != 0);
        assert!(map.iter().eq(tree.iter()));
        let key = *map.keys().next().unwrap();
        *map.get_mut(&key).unwrap() = 7;
        assert_eq!(map.get(&key), Some(&7));
        assert!(map.get_mut(&1).is_none());
        map.clear();
        assert!(map.is_empty());
    }

    #[test]
    fn a_set_does_what_a_tree_does() {
        let mut set = SortedSet::default();
        let mut tree = BTreeSet::new();
        for item in numbers() {
            assert_eq!(set.insert(item), tree.insert(item));
            assert!(set.contains(&item));
        }
        assert!(!set.contains(&1000));
        assert_eq!(set.len(), tree.len());
        assert!(set.iter().eq(tree.iter()));
        assert_eq!(numbers().collect::<SortedSet<_>>(), set);
        set.retain(|item| item % 2 == 0);
        tree.retain(|item| item % 2 == 0);
        assert!(set.clone().into_iter().eq(tree));
        assert!(!set.is_empty());
    }
}
