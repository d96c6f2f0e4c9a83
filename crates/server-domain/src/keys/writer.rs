//! One thread writes, in batches: whatever waits while one batch is being made durable becomes the
//! next, with one signature for each log and one flush to the disk. Where there are no threads, each
//! piece of work is a batch of its own, written on the turn of whoever brings it.

use std::{
    collections::{BTreeMap, HashMap},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        mpsc::{self, Receiver, Sender, SyncSender},
    },
    thread::{self, JoinHandle},
};

use wardseal_protocol::state::ChainState;
use wardseal_types::{ChainId, TenantId};

use super::{Shared, world::Loader};
use crate::{
    error::DomainError,
    log,
    storage::{StorageError, UnitOfWork},
};

/// Most pieces of work in one batch.
const MOST: usize = 128;

/// What work may do: write, and look at what earlier work of the batch wrote.
pub(crate) struct Batch<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) unit: Box<dyn UnitOfWork + 'a>,
    /// States that are folded but not committed, by earlier work and by the present one.
    states: HashMap<(TenantId, ChainId), Arc<ChainState>>,
    pending: HashMap<(TenantId, ChainId), Arc<ChainState>>,
    /// Sizes of the logs that grew.
    sizes: BTreeMap<TenantId, u64>,
    /// Whether something is told that no statement says.
    news: bool,
}

impl<'a> Batch<'a> {
    fn begin(shared: &'a Shared) -> Result<Self, StorageError> {
        Ok(Self {
            shared,
            unit: shared.store.begin()?,
            states: HashMap::new(),
            pending: HashMap::new(),
            sizes: BTreeMap::new(),
            news: false,
        })
    }

    /// Number of leaves of a tenant's log; `None` for an unknown tenant.
    pub(crate) fn size(&self, tenant: &TenantId) -> Result<Option<u64>, StorageError> {
        match self.sizes.get(tenant) {
            Some(size) => Ok(Some(*size)),
            None => Ok(self.unit.log(tenant)?.map(|log| log.size)),
        }
    }

    /// The position of the next statement of a known tenant.
    ///
    /// # Errors
    /// [`DomainError::UnknownTenant`] and those of the store.
    pub(crate) fn position(&self, tenant: &TenantId) -> Result<u64, DomainError> {
        self.size(tenant)?.ok_or(DomainError::UnknownTenant)
    }

    /// Says that there is news for those who wait, beside the statements. Waking somebody for what was
    /// undone does no harm.
    pub(crate) const fn has_news(&mut self) {
        self.news = true;
    }

    /// Adds a leaf to a tenant's log, which then has `position + 1`.
    pub(crate) fn add_leaf(
        &mut self,
        tenant: &TenantId,
        position: u64,
        leaf: [u8; 32],
    ) -> Result<(), StorageError> {
        log::append(&mut *self.unit, tenant, position, leaf)?;
        self.sizes.insert(*tenant, position.saturating_add(1));
        Ok(())
    }

    /// Remembers states that become true when the batch is committed.
    pub(crate) fn learn(
        &mut self,
        tenant: TenantId,
        states: impl IntoIterator<Item = Arc<ChainState>>,
    ) {
        for state in states {
            self.pending.insert((tenant, state.id()), state);
        }
    }

    /// Loads chains as this batch sees them.
    pub(crate) fn load<T>(
        &self,
        tenant: TenantId,
        chains: Vec<ChainId>,
        done: impl FnOnce(Loader<'_>) -> T,
    ) -> Result<T, StorageError> {
        let find = |chain: &ChainId| {
            let key = (tenant, *chain);
            self.pending
                .get(&key)
                .or_else(|| self.states.get(&key))
                .cloned()
                .or_else(|| self.shared.cache.find(&tenant, chain))
        };
        let unit: &dyn UnitOfWork = &*self.unit;
        let mut loader = Loader::new(tenant, unit, &find);
        loader.load(chains)?;
        Ok(done(loader))
    }

    /// Runs one piece of work; a refusal leaves no trace.
    fn run(&mut self, job: &mut dyn Job) -> Result<(), DomainError> {
        self.unit.mark()?;
        let sizes = self.sizes.clone();
        self.pending.clear();
        if job.run(self)? {
            self.unit.keep()?;
            self.states.extend(self.pending.drain());
        } else {
            self.unit.back_to_mark()?;
            self.sizes = sizes;
        }
        Ok(())
    }

    /// Signs the logs that grew, and makes everything durable.
    fn commit(mut self) -> Result<(), DomainError> {
        let time = self.shared.clock.now();
        for (tenant, size) in &self.sizes {
            let unit: &dyn UnitOfWork = &*self.unit;
            let record = log::checkpoint(unit, tenant, *size, time, &self.shared.log_key)?;
            self.unit.put_log(tenant, &record)?;
        }
        self.unit.commit()?;
        for ((tenant, _), state) in self.states {
            self.shared.cache.learn(&tenant, [state]);
        }
        if self.news || !self.sizes.is_empty() {
            self.shared
                .growth
                .send_modify(|batches| *batches = batches.wrapping_add(1));
        }
        Ok(())
    }
}

/// A piece of work that waits for its batch.
pub(crate) trait Job: Send {
    /// Does it. `Ok(false)` when it was refused, which concerns nobody else.
    ///
    /// # Errors
    /// What makes the whole batch fail.
    fn run(&mut self, batch: &mut Batch<'_>) -> Result<bool, DomainError>;

    /// Answers whoever waits for it.
    fn answer(self: Box<Self>, committed: Result<(), DomainError>);
}

struct Work<F, T> {
    work: F,
    outcome: Option<Result<T, DomainError>>,
    reply: SyncSender<Result<T, DomainError>>,
}

impl<F, T> Job for Work<F, T>
where
    F: FnMut(&mut Batch<'_>) -> Result<T, DomainError> + Send,
    T: Send,
{
    fn run(&mut self, batch: &mut Batch<'_>) -> Result<bool, DomainError> {
        match (self.work)(batch) {
            Err(error @ (DomainError::StorageFull | DomainError::Internal(_))) => Err(error),
            outcome => {
                let done = outcome.is_ok();
                self.outcome = Some(outcome);
                Ok(done)
            }
        }
    }

    fn answer(self: Box<Self>, committed: Result<(), DomainError>) {
        let outcome = match (committed, self.outcome) {
            (Ok(()), Some(outcome)) => outcome,
            (Ok(()), None) => Err(DomainError::Unavailable),
            // A refusal does not stand either: what it was made of may not have happened.
            (Err(error), _) => Err(error),
        };
        // Whoever no longer waits has no use for the answer.
        drop(self.reply.send(outcome));
    }
}

/// Who writes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Writing {
    /// A thread of the service, in batches.
    #[default]
    Thread,
    /// Whoever calls, at once: for hosts without threads, and for tests.
    Caller,
}

/// What writes. A thread ends, after what it has taken on, when this is dropped.
#[derive(Debug)]
pub(crate) enum Writer {
    Thread {
        jobs: Option<Sender<Box<dyn Job>>>,
        thread: Option<JoinHandle<()>>,
    },
    Caller(Arc<Shared>),
}

impl Writer {
    /// Starts the thread, if one is to write.
    ///
    /// # Errors
    /// [`DomainError::Internal`] when the system gives no thread.
    pub(crate) fn start(shared: Arc<Shared>, writing: Writing) -> Result<Self, DomainError> {
        if writing == Writing::Caller {
            return Ok(Self::Caller(shared));
        }
        let (sender, receiver) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("key-writer".into())
            .spawn(move || write(&shared, &receiver))
            .map_err(|error| DomainError::Internal(error.to_string()))?;
        Ok(Self::Thread {
            jobs: Some(sender),
            thread: Some(thread),
        })
    }

    /// Does `work` in the next batch and waits until it is durable. The work may be run again when
    /// a batch fails.
    ///
    /// # Errors
    /// Those of the work, [`DomainError::StorageFull`], [`DomainError::Internal`] and
    /// [`DomainError::Unavailable`]; nothing was written then.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Batch<'_>) -> Result<T, DomainError> + Send + 'static,
    ) -> Result<T, DomainError> {
        let (reply, answer) = mpsc::sync_channel(1);
        let job = Box::new(Work {
            work,
            outcome: None,
            reply,
        });
        match self {
            Self::Thread { jobs, .. } => {
                let jobs = jobs.as_ref().ok_or(DomainError::Unavailable)?;
                jobs.send(job).map_err(|_| DomainError::Unavailable)?;
                answer.recv().map_err(|_| DomainError::Unavailable)?
            }
            Self::Caller(shared) => {
                process(shared, vec![job]);
                // It is there already: nobody here waits.
                answer.try_recv().map_err(|_| DomainError::Unavailable)?
            }
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let Self::Thread { jobs, thread } = self else {
            return;
        };
        *jobs = None;
        if let Some(thread) = thread.take() {
            // It only fails when the thread panicked, and then there is nothing left to wait for.
            drop(thread.join());
        }
    }
}

fn write(shared: &Shared, jobs: &Receiver<Box<dyn Job>>) {
    while let Ok(first) = jobs.recv() {
        let mut batch = vec![first];
        batch.extend(jobs.try_iter().take(MOST - 1));
        // Whoever waits for a piece of work that panics sees its channel close.
        drop(catch_unwind(AssertUnwindSafe(|| process(shared, batch))));
    }
}

fn process(shared: &Shared, mut jobs: Vec<Box<dyn Job>>) {
    match attempt(shared, &mut jobs) {
        Err(_) if jobs.len() > 1 => {
            // One of them asks for more than the store can do: the others need not suffer.
            for mut job in jobs {
                let outcome = attempt(shared, std::slice::from_mut(&mut job));
                job.answer(outcome);
            }
        }
        outcome => {
            for job in jobs {
                job.answer(outcome.clone());
            }
        }
    }
}

fn attempt(shared: &Shared, jobs: &mut [Box<dyn Job>]) -> Result<(), DomainError> {
    let mut batch = Batch::begin(shared)?;
    for job in jobs {
        batch.run(&mut **job)?;
    }
    batch.commit()
}
