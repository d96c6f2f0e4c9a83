//! To which keys honest clients sealed, and what the honest server's log says.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use wardseal_client::api::keys::{AppendRequest, Appended};
use wardseal_protocol::{op::Op, ring::SealedBox, statement::Statement};
use wardseal_types::{Base64Url, DeviceId, FixedBytes, MemberId, RingId};

/// What left the honest clients of a world, and what the honest server made of it.
#[derive(Clone, Debug, Default)]
pub struct Ledger(Arc<Mutex<Records>>);

#[derive(Debug, Default)]
struct Records {
    log: BTreeMap<u64, Statement>,
    boxes: BTreeMap<RingId, Vec<Base64Url>>,
    /// Keys of rings whose seeds honest clients drew.
    rings: BTreeSet<(MemberId, FixedBytes<32>)>,
    devices: BTreeSet<DeviceId>,
    uses: Vec<Use>,
}

#[derive(Clone, Copy, Debug)]
struct Use {
    ring: RingId,
    epoch: u32,
    member: MemberId,
    key: FixedBytes<32>,
}

impl Ledger {
    /// Writes down what an honest client wants appended: the keys that it drew, and the keys to
    /// which it sealed.
    ///
    /// # Panics
    /// When it is no request of an honest client.
    pub fn asked(&self, request: &AppendRequest) {
        let mut records = self.records();
        for bytes in &request.statements {
            let statement = Statement::decode(bytes.as_slice()).expect("a client's statement");
            records.note(&statement);
        }
        for bytes in &request.boxes {
            let sealed = SealedBox::decode(bytes.as_slice()).expect("a client's box");
            records
                .boxes
                .entry(sealed.ring)
                .or_default()
                .push(bytes.clone());
        }
    }

    /// Writes down what the honest server put into its log.
    ///
    /// # Panics
    /// When it is no answer of an honest server.
    pub fn appended(&self, answer: &Appended) {
        let mut records = self.records();
        for entry in &answer.entries {
            let statement = Statement::decode(entry.statement.as_slice()).expect("a statement");
            records.log.insert(entry.position, statement);
        }
    }

    /// The honest log.
    #[must_use]
    pub fn log(&self) -> Vec<Statement> {
        self.records().log.values().cloned().collect()
    }

    /// The boxes of a ring that honest clients made.
    #[must_use]
    pub fn boxes(&self, ring: RingId) -> Vec<Base64Url> {
        self.records().boxes.get(&ring).cloned().unwrap_or_default()
    }

    /// To whom the seed of a ring's newest epoch was sealed.
    #[must_use]
    pub fn receivers(&self, ring: RingId) -> BTreeSet<MemberId> {
        let records = self.records();
        let of_ring = || records.uses.iter().filter(|used| used.ring == ring);
        let newest = of_ring().map(|used| used.epoch).max();
        of_ring()
            .filter(|used| Some(used.epoch) == newest)
            .map(|used| used.member)
            .collect()
    }

    /// Checks that every key to which anything was sealed is one that an honest client drew.
    ///
    /// # Panics
    /// When one is not.
    pub fn check(&self) {
        let records = self.records();
        for used in &records.uses {
            let ours = match used.member {
                MemberId::Device(device) => {
                    records.devices.contains(&device) && used.key.as_array() == device.as_bytes()
                }
                member => records.rings.contains(&(member, used.key)),
            };
            assert!(ours, "sealed to a key of nobody's: {used:?}");
        }
    }

    fn records(&self) -> std::sync::MutexGuard<'_, Records> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Records {
    fn note(&mut self, statement: &Statement) {
        match &statement.body().op {
            Op::UserCreate(_, keys, _) => {
                self.devices.insert(keys.id());
            }
            Op::AddDevice(device, _) => {
                self.devices.insert(device.keys.id());
            }
            Op::SetRecovery(set) => {
                self.devices.insert(set.device.keys.id());
            }
            Op::Recover(recover) => {
                self.devices.insert(recover.device.keys.id());
            }
            _ => {}
        }
        let Some(ring) = statement.chain().into_ring() else {
            return;
        };
        let op = &statement.body().op;
        if let Some(epoch) = op.epoch() {
            self.rings.insert((ring.into(), epoch.commitment));
            self.uses.extend(epoch.boxes.iter().map(|reference| Use {
                ring,
                epoch: epoch.number,
                member: reference.member,
                key: reference.key,
            }));
        } else if let Some(entry) = op.entry() {
            let epoch = self.uses.iter().filter(|used| used.ring == ring);
            let epoch = epoch.map(|used| used.epoch).max().unwrap_or(0);
            self.uses.push(Use {
                ring,
                epoch,
                member: entry.member,
                key: entry.key,
            });
        }
    }
}
