//! What the server is made of, and how changes are made.

use std::{fmt, sync::Arc, time::Duration};

use rusqlite::Transaction;
use tokio::sync::{Notify, Semaphore, watch};
use wardseal_blobs::{Blobs, StoreError};
use wardseal_crypto::hash::sha256;
use wardseal_tenant::EscrowDesk;
use wardseal_types::{Clock, GroupId, Timestamp, UserId};

use crate::{
    challenges::Challenges,
    codes::Codes,
    failure::{Code, Failure},
    mail::Mailer,
    model::PageConfig,
    people::People,
    random::Random,
    server::Stop,
    store::{self, Store},
    web::Web,
};

/// Requests that are worked on at once; more have to wait.
const MOST_AT_ONCE: usize = 256;

/// How long one may have to wait for that; then the answer is [`Code::Unavailable`].
const QUEUE_TIME: Duration = Duration::from_secs(5);

/// Uploads at once: each holds a part in memory.
const MOST_UPLOADS: usize = 64;

/// Streams of events at once.
const MOST_STREAMS: usize = 4096;

/// How long a request may be worked on. What is written after it stays written, and a repetition
/// says so.
const WORK_TIME: Duration = Duration::from_secs(30);

/// What a server is put together from.
pub struct Parts {
    /// What the page has to know.
    pub page: PageConfig,
    /// The database.
    pub store: Store,
    /// The sealed blobs.
    pub blobs: Blobs,
    /// Who is who.
    pub people: People,
    /// Sends notifications, if anybody does.
    pub mailer: Option<Mailer>,
    /// The page, if it comes from here.
    pub web: Option<Web>,
    /// What the vault calls itself: what tokens for it name.
    pub vault_audience: String,
    /// The tenant's part in escrow, if it takes any.
    pub desk: Option<EscrowDesk>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<Random>,
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts").finish_non_exhaustive()
    }
}

/// A transfer server.
pub struct App {
    pub(crate) page: PageConfig,
    pub(crate) store: Store,
    pub(crate) blobs: Blobs,
    pub(crate) people: People,
    pub(crate) mailer: Option<Mailer>,
    pub(crate) web: Option<Web>,
    pub(crate) vault_audience: String,
    pub(crate) desk: Option<EscrowDesk>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<Random>,
    pub(crate) codes: Codes,
    pub(crate) challenges: Challenges,
    pub(crate) uploads: Semaphore,
    pub(crate) streams: Arc<Semaphore>,
    /// Something was written that open pages may want to know.
    pub(crate) growth: watch::Sender<u64>,
    /// Letters may wait.
    pub(crate) post: Notify,
    /// Letters are sent by one at a time, or they would be sent twice.
    pub(crate) posting: tokio::sync::Mutex<()>,
    pub(crate) stop: Stop,
    at_once: Arc<Semaphore>,
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("page", &self.page)
            .finish_non_exhaustive()
    }
}

/// A change in the making: one transaction, one moment, one author.
pub(crate) struct Work<'a> {
    pub(crate) tx: &'a Transaction<'a>,
    pub(crate) now: Timestamp,
    /// Who asked for it; nobody when the server itself does it.
    pub(crate) user: Option<UserId>,
    pub(crate) random: &'a Random,
    pub(crate) codes: &'a Codes,
}

/// What a change is remembered by: the hash of who asked for what.
pub(crate) type Asked = [u8; 32];

impl App {
    /// Puts a server together.
    #[must_use]
    pub fn new(parts: Parts, stop: Stop) -> Arc<Self> {
        Arc::new(Self {
            codes: Codes::of(parts.people.key()),
            page: parts.page,
            store: parts.store,
            blobs: parts.blobs,
            people: parts.people,
            mailer: parts.mailer,
            web: parts.web,
            vault_audience: parts.vault_audience,
            desk: parts.desk,
            clock: parts.clock,
            random: parts.random,
            challenges: Challenges::default(),
            uploads: Semaphore::new(MOST_UPLOADS),
            streams: Arc::new(Semaphore::new(MOST_STREAMS)),
            growth: watch::Sender::new(0),
            post: Notify::new(),
            posting: tokio::sync::Mutex::default(),
            stop,
            at_once: Arc::new(Semaphore::new(MOST_AT_ONCE)),
        })
    }

    /// Checks what can only be checked by asking: that the sealed blobs can be written and read.
    ///
    /// # Errors
    /// Those of the object store.
    pub async fn check(&self) -> Result<(), StoreError> {
        self.blobs.check().await
    }

    /// Lets the database grow to so many pages and no further, or to its present size when that is
    /// more: for operators with a quota.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn limit_database(&self, pages: u32) -> Result<(), Failure> {
        self.store.limit_pages(pages)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Does something that blocks.
    pub(crate) async fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let queue = Arc::clone(&self.at_once).acquire_owned();
        let Ok(Ok(permit)) = tokio::time::timeout(QUEUE_TIME, queue).await else {
            return Err(Code::Unavailable.into());
        };
        let app = Arc::clone(self);
        let working = tokio::task::spawn_blocking(move || {
            // Held for as long as the work takes, even if nobody waits for it any more.
            let _permit = permit;
            work(&app)
        });
        match tokio::time::timeout(WORK_TIME, working).await {
            Ok(Ok(done)) => done,
            Ok(Err(error)) if error.is_panic() => Err(Failure::internal("a handler panicked")),
            Ok(Err(_)) | Err(_) => Err(Code::Unavailable.into()),
        }
    }

    /// Reads from the database.
    pub(crate) async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        self.blocking(move |app| app.store.read(work)).await
    }

    /// Makes a change in one transaction, once: when the same person has asked for the same before
    /// and was heard, only `answer` is run. Open pages and the post are woken afterwards.
    pub(crate) async fn change<T: Send + 'static>(
        self: &Arc<Self>,
        user: UserId,
        asked: Asked,
        work: impl FnOnce(&Work<'_>) -> Result<(), Failure> + Send + 'static,
        answer: impl FnOnce(&Transaction<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let hash = sha256(&[user.as_bytes(), &asked]);
        self.blocking(move |app| {
            let now = app.now();
            let done = app.store.write(|tx| {
                if !store::is_done(tx, &hash)? {
                    work(&app.work(tx, now, Some(user)))?;
                    store::set_done(tx, &hash, now)?;
                }
                answer(tx)
            })?;
            app.wake();
            Ok(done)
        })
        .await
    }

    /// A change in the making.
    pub(crate) fn work<'a>(
        &'a self,
        tx: &'a Transaction<'a>,
        now: Timestamp,
        user: Option<UserId>,
    ) -> Work<'a> {
        Work {
            tx,
            now,
            user,
            random: &self.random,
            codes: &self.codes,
        }
    }

    /// Tells open pages and the post that something was written.
    pub(crate) fn wake(&self) {
        self.growth
            .send_modify(|times| *times = times.wrapping_add(1));
        self.post.notify_one();
    }

    /// The groups of all facilities.
    pub(crate) async fn facility_groups(self: &Arc<Self>) -> Result<Vec<GroupId>, Failure> {
        self.read(store::facilities::groups).await
    }
}
