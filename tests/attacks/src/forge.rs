//! The key server with its own signing key, saying what it likes.

use wardseal_client::api::keys::{
    AppendRequest, Appended, ChainSlice, Entry, FetchRequest, Fetched, LogView, TenantRequest,
};
use wardseal_crypto::{merkle, sign::HybridSigningKey};
use wardseal_protocol::{
    log::{self, Checkpoint},
    statement::Statement,
};
use wardseal_testkit::Servers;
use wardseal_types::{Base64Url, ChainId, FixedBytes, TenantId, Timestamp};

use crate::{Ledger, World};

/// A log that a malicious key server made up: signed with the true key, with valid proofs. Only
/// what users and the tenant sign it cannot make.
#[derive(Clone, Debug)]
pub struct Forge {
    /// The tenant whose log it claims to be.
    pub tenant: TenantId,
    /// Its leaves, in order.
    pub log: Vec<Statement>,
    /// What checkpoints say of the time.
    pub time: Timestamp,
    /// Signs checkpoints.
    pub key: HybridSigningKey,
    ledger: Ledger,
}

impl Forge {
    /// A copy of the honest log as it is now.
    #[must_use]
    pub fn of(world: &World) -> Self {
        Self {
            tenant: world.tenant,
            log: world.ledger.log(),
            time: world.now(),
            key: Servers::log_key(),
            ledger: world.ledger.clone(),
        }
    }

    /// The same log, cut to its first `size` leaves.
    #[must_use]
    pub fn cut(mut self, size: usize) -> Self {
        self.log.truncate(size);
        self
    }

    /// The same log without the statements that `gone` chooses.
    #[must_use]
    pub fn without(mut self, gone: impl Fn(&Statement) -> bool) -> Self {
        self.log.retain(|statement| !gone(statement));
        self
    }

    /// The same log with one more leaf.
    #[must_use]
    pub fn with(mut self, statement: Statement) -> Self {
        self.log.push(statement);
        self
    }

    /// The positions of a chain's statements.
    #[must_use]
    pub fn positions(&self, chain: &ChainId) -> Vec<usize> {
        let all = self.log.iter().enumerate();
        let of_chain = all.filter(|(_, statement)| statement.chain() == *chain);
        of_chain.map(|(position, _)| position).collect()
    }

    /// The leaf at a position with its proof.
    ///
    /// # Panics
    /// When there is no such leaf.
    #[must_use]
    pub fn entry(&self, position: usize) -> Entry {
        let statement = self.log.get(position).expect("a leaf");
        let at = u64::try_from(position).expect("few leaves");
        let proof = merkle::inclusion_proof(&self.leaves(), at).expect("a proof");
        Entry {
            statement: statement.bytes().into(),
            position: at,
            inclusion: proof.into_iter().map(FixedBytes).collect(),
        }
    }

    /// A checkpoint of the whole log, and the best proof that there is for whoever knows `size`
    /// leaves.
    ///
    /// # Panics
    /// Never: signing works.
    #[must_use]
    pub fn view(&self, size: u64) -> LogView {
        let leaves = self.leaves();
        let checkpoint = Checkpoint {
            origin: log::origin(&self.tenant),
            size: u64::try_from(leaves.len()).expect("few leaves"),
            root: FixedBytes(merkle::root(&leaves)),
            time: self.time,
        };
        let proof = match size {
            0 => Vec::new(),
            size => merkle::consistency_proof(&leaves, size).unwrap_or_default(),
        };
        LogView {
            checkpoint: checkpoint.sign(&self.key).expect("signing works"),
            consistency: proof.into_iter().map(FixedBytes).collect(),
        }
    }

    /// Answers a fetch from this log, with all boxes that honest clients ever made.
    #[must_use]
    pub fn fetch(&self, request: &FetchRequest) -> Fetched {
        let slices = request.chains.iter().filter_map(|wanted| {
            let positions = self.positions(&wanted.chain);
            if positions.is_empty() {
                return None;
            }
            let new = positions.into_iter().filter(|position| {
                let statement = self.log.get(*position);
                statement.is_some_and(|statement| statement.body().seq >= wanted.from)
            });
            let ring = wanted.chain.into_ring();
            Some(ChainSlice {
                chain: wanted.chain,
                entries: new.map(|position| self.entry(position)).collect(),
                boxes: ring.map_or_else(Vec::new, |ring| self.ledger.boxes(ring)),
            })
        });
        Fetched {
            chains: slices.collect(),
            log: self.view(request.log_size),
            children: None,
        }
    }

    /// Answers a question for the tenant from this log.
    #[must_use]
    pub fn tenant(&self, request: &TenantRequest) -> Fetched {
        let chain = self.tenant.into();
        let entries = self.positions(&chain).into_iter();
        Fetched {
            chains: vec![ChainSlice {
                chain,
                entries: entries.map(|position| self.entry(position)).collect(),
                boxes: Vec::<Base64Url>::new(),
            }],
            log: self.view(request.log_size),
            children: None,
        }
    }

    /// Appends to this log whatever comes, without a look.
    ///
    /// # Panics
    /// When it is no statement.
    pub fn append(&mut self, request: &AppendRequest) -> Appended {
        let mut positions = Vec::new();
        for bytes in &request.statements {
            positions.push(self.log.len());
            let statement = Statement::decode(bytes.as_slice()).expect("a statement");
            self.log.push(statement);
        }
        Appended {
            entries: positions.into_iter().map(|at| self.entry(at)).collect(),
            log: self.view(request.log_size),
        }
    }

    fn leaves(&self) -> Vec<[u8; 32]> {
        self.log.iter().map(log::leaf_hash).collect()
    }
}
