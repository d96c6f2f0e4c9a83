//! Sealing and opening objects: which key, which author. The bytes themselves are sealed and
//! opened with `wardseal_client_core::object`, outside of any lock.

use wardseal_client_core::{
    Error, Failure, Misbehaviour, Misuse,
    crypto::{CryptoError, SUITE, aead::Aes256Gcm, secret::Secret, sign::Ed25519SigningKey},
    object::{
        Complete, Expected, ObjectError, OpenPlan, RangeReader, SealPlan, open_bytes, seal_planned,
    },
    protocol::{
        keys::DeviceKeys,
        object::{Metadata, ObjectHeader, Prelude},
        op::Rights,
        ring::Seed,
        state::World,
    },
    types::{ObjectId, SessionId, Timestamp, UserId},
};

use crate::{
    client::{Client, Inner},
    ports::{StateStore, Transport},
    queue::Want,
};

/// An object that is about to be sealed: its key, its place and its author are settled.
#[derive(Debug)]
pub struct Sealing {
    plan: SealPlan,
    header: ObjectHeader,
    signer: Ed25519SigningKey,
}

/// Everything to open one object with.
#[derive(Debug)]
pub struct Opening {
    seed: Seed,
    expected: Expected,
    author: DeviceKeys,
    header: ObjectHeader,
}

/// What an object says of itself, verified.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ObjectInfo {
    /// The object.
    pub object: ObjectId,
    /// Its version, from 1.
    pub version: u64,
    /// The session.
    pub session: SessionId,
    /// Who sealed it.
    pub author: UserId,
    /// When, by the author's clock.
    pub time: Timestamp,
}

impl Sealing {
    /// The header of the object.
    #[must_use]
    pub const fn header(&self) -> &ObjectHeader {
        &self.header
    }

    /// The plan for a stream, and what signs at its end.
    #[must_use]
    pub fn into_plan(self) -> (SealPlan, Ed25519SigningKey) {
        (self.plan, self.signer)
    }

    /// Seals content that fits in memory.
    ///
    /// # Errors
    /// [`ObjectError`].
    pub fn seal<A: Aes256Gcm>(self, content: &[u8]) -> Result<Vec<u8>, ObjectError> {
        seal_planned::<A>(self.plan, &self.signer, content)
    }
}

impl Opening {
    /// What the object says of itself. It is verified when the object has opened.
    #[must_use]
    pub fn info(&self) -> ObjectInfo {
        ObjectInfo {
            object: self.header.object,
            version: self.header.version,
            session: self.header.session,
            author: self.header.author,
            time: self.header.time,
        }
    }

    /// Begins to open the object as a stream.
    ///
    /// # Errors
    /// [`ObjectError`].
    pub fn start(&self, prelude: Prelude) -> Result<OpenPlan, ObjectError> {
        OpenPlan::start(self.seed.secret(), prelude, &self.expected, &self.author)
    }

    /// Opens an object that fits in memory.
    ///
    /// # Errors
    /// [`ObjectError`].
    pub fn open<A: Aes256Gcm>(&self, object: &[u8]) -> Result<(Vec<u8>, Complete), ObjectError> {
        open_bytes::<A>(self.seed.secret(), &self.expected, &self.author, object)
    }

    /// Prepares to read parts of an object.
    ///
    /// # Errors
    /// [`ObjectError`].
    pub fn range_reader(
        &self,
        object_len: u64,
        prelude: Prelude,
        trailer: &[u8],
    ) -> Result<RangeReader, ObjectError> {
        RangeReader::start(
            self.seed.secret(),
            prelude,
            trailer,
            object_len,
            &self.expected,
            &self.author,
        )
    }
}

impl<T: Transport, S: StateStore> Client<T, S> {
    /// Prepares to seal a new object for a session. If somebody lost the right to it, in the
    /// session itself or in a group beneath, the session gets a new epoch first.
    ///
    /// # Errors
    /// [`Misuse::NoAccess`]; [`Error::Misbehaved`] with a stale checkpoint when the server hides
    /// news or this machine's clock is wrong.
    pub async fn sealing(&self, session: SessionId, metadata: &Metadata) -> Result<Sealing, Error> {
        self.sealing_version(session, None, 1, metadata).await
    }

    /// Prepares to seal another version of an object.
    ///
    /// # Errors
    /// As [`sealing`](Self::sealing).
    pub async fn sealing_version(
        &self,
        session: SessionId,
        object: Option<ObjectId>,
        version: u64,
        metadata: &Metadata,
    ) -> Result<Sealing, Error> {
        let (call, mut inner) = self.inner.turn(vec![Want::News(session)]).await;
        let inner = &mut *inner;
        self.meet(inner, &call).await?;
        let (epoch, seed) = self
            .prepare_session(inner, session, Rights::READ, "open this session")
            .await?;
        self.check_fresh(inner)?;
        let object = match object {
            Some(object) => object,
            None => {
                let drawn = Secret::<16>::generate(inner.rng.as_mut())?;
                ObjectId::from_bytes(*drawn.expose())
            }
        };
        let speaker = inner.speaker()?;
        let signer = speaker.signer().clone();
        let header = ObjectHeader {
            suite: SUITE,
            tenant: self.config.tenant,
            session,
            epoch,
            object,
            version,
            author: speaker.user,
            device: speaker.device,
            time: self.clock.now(),
            seen: inner.knowledge.seen(),
            certificate: speaker.certificate().copied(),
        };
        let plan = SealPlan::start(seed.secret(), &header, metadata, inner.rng.as_mut())
            .map_err(cannot_begin)?;
        self.end_use(inner, session);
        Ok(Sealing {
            plan,
            header,
            signer,
        })
    }

    /// Prepares to open an object from its beginning (at least its prelude).
    ///
    /// Calls that are made at the same time ask the server once for everything that is not cached.
    /// An imported session is opened without asking anybody, and without an identity.
    ///
    /// # Errors
    /// [`Misuse::NoAccess`]; [`Misbehaviour`] when the author's chain does not know the device.
    pub async fn opening(&self, header: &ObjectHeader) -> Result<Opening, Error> {
        if header.tenant != self.config.tenant {
            return Err(Misuse::Invalid("the object belongs to another tenant").into());
        }
        let wants = vec![
            Want::Key(header.session, Some(header.epoch)),
            Want::Author(header.author, Some(header.device)),
        ];
        let (call, mut inner) = self.inner.turn(wants).await;
        let inner = &mut *inner;
        self.expire(inner).await?;
        let imported = inner.imported(header.session, header.epoch);
        let imported = imported.and_then(|(import, seed)| {
            let author = import.device(&header.author, &header.device)?;
            Some((seed.clone(), author.clone()))
        });
        let (seed, author) = match imported {
            Some(found) => found,
            None => {
                self.meet(inner, &call).await?;
                let seed = self
                    .session_seed(inner, header.session, header.epoch)
                    .await?;
                (seed, self.author_keys(inner, header).await?)
            }
        };
        Ok(Opening {
            seed,
            expected: Expected {
                tenant: header.tenant,
                session: header.session,
                epoch: header.epoch,
                object: Some(header.object),
                version: Some(header.version),
            },
            author,
            header: header.clone(),
        })
    }

    /// The keys of the device that an object names as its author. A device that was revoked since
    /// is accepted: what it sealed before stays its word.
    async fn author_keys(
        &self,
        inner: &mut Inner,
        header: &ObjectHeader,
    ) -> Result<DeviceKeys, Failure> {
        let find = |inner: &Inner| {
            inner
                .knowledge
                .world()
                .user(&header.author)
                .and_then(|state| state.devices().get(&header.device))
                .map(|record| record.keys.clone())
        };
        if let Some(keys) = find(inner) {
            return Ok(keys);
        }
        self.learn(inner, [header.author.into()], true).await?;
        Ok(find(inner).ok_or_else(|| {
            Error::from(Misbehaviour::BadBox(
                wardseal_client_core::types::RingId::User(header.author),
            ))
        })?)
    }
}

/// Before any content, only a broken source of randomness or an absurd name can fail.
fn cannot_begin(error: ObjectError) -> Error {
    match error {
        ObjectError::Randomness => CryptoError::Randomness.into(),
        _ => Misuse::Invalid("the name or type of the object is too long").into(),
    }
}
