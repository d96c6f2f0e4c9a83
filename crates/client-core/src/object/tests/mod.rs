//! That what is not attacked comes back, by every way; attacks and streams are below.
#![expect(clippy::as_conversions, reason = "lengths of small test data")]

mod attacks;
mod days;
mod streams;

use core::convert::Infallible;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use proptest::prelude::*;
use rand_core::{TryCryptoRng, TryRng};
use wardseal_crypto::{
    SUITE,
    aead::{Aes256Gcm, AwsLcAes, RustCryptoAes},
    chunked::{SEALED_CHUNK, StreamKey},
    hash, label, merkle, padding,
    secret::Secret,
    sign::{Ed25519SigningKey, HybridSigningKey},
};
use wardseal_protocol::{
    keys::{DeviceKeys, DeviceKind},
    object::{
        FRAME_CONTENT, FRAME_SEALED, LENGTH, Metadata, ObjectHeader, Prelude, Trailer,
        signed_message,
    },
};
use wardseal_types::{DeviceId, ObjectId, SessionId, TenantId, Timestamp, UserId};

use super::*;

const FULL: usize = LENGTH + FRAME_SEALED;
/// Bytes of the trailer of an object of one frame.
const TRAILER: usize = 103 + LENGTH;

/// A random source that repeats itself, so that a failure does too.
struct Rng(u64);

impl TryRng for Rng {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        for part in out.chunks_mut(32) {
            self.0 += 1;
            let drawn = hash::sha256(&[&self.0.to_be_bytes()]);
            part.copy_from_slice(&drawn[..part.len()]);
        }
        Ok(())
    }
}

impl TryCryptoRng for Rng {}

/// Somebody who writes objects.
struct Author {
    signer: Ed25519SigningKey,
    keys: DeviceKeys,
}

impl Author {
    fn new(number: u8) -> Self {
        let seed = Secret::from_bytes([number; 32]);
        let key = HybridSigningKey::from_seeds(&seed, &seed);
        let sign: [u8; 1984] = key.public().to_bytes().try_into().unwrap();
        Self {
            signer: key.ed25519().clone(),
            keys: DeviceKeys {
                kind: DeviceKind::Ordinary,
                sign: sign.into(),
                kem: [0; 1216].into(),
            },
        }
    }
}

struct World {
    seed: Secret<32>,
    alice: Author,
    header: ObjectHeader,
    expected: Expected,
}

impl World {
    fn new() -> Self {
        let alice = Author::new(1);
        let header = ObjectHeader {
            suite: SUITE,
            tenant: TenantId::from_bytes([1; 32]),
            session: SessionId::from_bytes([2; 32]),
            epoch: 3,
            object: ObjectId::from_bytes([4; 16]),
            version: 5,
            author: UserId::from_bytes([6; 32]),
            device: alice.keys.id(),
            time: Timestamp::from_millis(1_800_000_000_000),
            seen: None,
            certificate: None,
        };
        Self {
            seed: Secret::from_bytes([7; 32]),
            expected: Expected {
                tenant: header.tenant,
                session: header.session,
                epoch: header.epoch,
                object: Some(header.object),
                version: Some(header.version),
            },
            alice,
            header,
        }
    }

    fn seal(&self, content: &[u8]) -> Vec<u8> {
        self.seal_as(&self.header, &named("a.txt"), content, 0)
    }

    fn seal_as(
        &self,
        header: &ObjectHeader,
        metadata: &Metadata,
        content: &[u8],
        rng: u64,
    ) -> Vec<u8> {
        let mut rng = Rng(rng);
        let signer = &self.alice.signer;
        seal_bytes::<AwsLcAes>(&self.seed, header, metadata, signer, content, &mut rng).unwrap()
    }

    fn open(&self, object: &[u8]) -> Result<(Vec<u8>, Complete), ObjectError> {
        open_bytes::<AwsLcAes>(&self.seed, &self.expected, &self.alice.keys, object)
    }

    /// Seals without announcing a length.
    fn seal_stream(&self, content: &[u8], threads: usize) -> Vec<u8> {
        let plan = SealPlan::start(&self.seed, &self.header, &named("a.txt"), &mut Rng(9)).unwrap();
        let mut out = Vec::new();
        seal_stream::<AwsLcAes>(
            plan,
            &self.alice.signer,
            threads,
            content,
            &mut out,
            Watch::none(),
        )
        .unwrap();
        out
    }

    /// What was released before the end, and how it ended.
    fn open_stream(
        &self,
        object: &[u8],
        threads: usize,
    ) -> (Vec<u8>, Result<Complete, ObjectError>) {
        let mut released = Vec::new();
        let mut rest = object;
        let opened = read_prelude(&mut rest)
            .and_then(|prelude| {
                OpenPlan::start(&self.seed, prelude, &self.expected, &self.alice.keys)
            })
            .and_then(|plan| {
                open_stream::<AwsLcAes>(plan, threads, rest, &mut released, Watch::none())
            });
        (released, opened)
    }

    fn range_reader(&self, object: &[u8]) -> Result<RangeReader, ObjectError> {
        let len = object.len() as u64;
        let slice =
            |range: core::ops::Range<u64>| &object[range.start as usize..range.end as usize];
        let tail = slice(RangeReader::tail(len)?).try_into().unwrap();
        let trailer = slice(RangeReader::trailer(len, tail)?);
        RangeReader::start(
            &self.seed,
            Prelude::parse(object)?,
            trailer,
            len,
            &self.expected,
            &self.alice.keys,
        )
    }
}

fn named(name: &str) -> Metadata {
    Metadata {
        name: Some(name.into()),
        media_type: Some("text/plain".into()),
        content_len: None,
    }
}

/// Content in which no two places look alike.
fn content(len: usize) -> Vec<u8> {
    let mut content = vec![0; len];
    Rng(1 << 32).try_fill_bytes(&mut content).unwrap();
    content
}

fn read(
    reader: &RangeReader,
    object: &[u8],
    range: core::ops::Range<u64>,
) -> Result<Vec<u8>, ObjectError> {
    let engine: AwsLcAes = reader.engine();
    reader.read(&engine, range, |fetch| {
        Ok(object[fetch.start as usize..fetch.end as usize].to_vec())
    })
}

#[test]
fn every_length_comes_back_by_every_way() {
    let world = World::new();
    let chunk = 16_384 - LENGTH;
    let mut lengths = vec![0, 1, 2, 100, chunk - 1, chunk, chunk + 1];
    lengths.extend(FRAME_CONTENT - 1..=FRAME_CONTENT + 1);
    lengths.extend([
        2 * FRAME_CONTENT,
        2 * FRAME_CONTENT + 3,
        10 * FRAME_CONTENT - 7,
    ]);
    for len in lengths {
        let content = content(len);
        for object in [
            world.seal(&content),
            world.seal_stream(&content, 1),
            world.seal_stream(&content, 3),
        ] {
            let (opened, complete) = world.open(&object).unwrap();
            assert!(opened == content, "{len}");
            assert_eq!(complete.content_len(), len as u64);
            assert_eq!(complete.metadata().name.as_deref(), Some("a.txt"));
            assert_eq!(complete.header(), &world.header);
            for threads in [1, 2, 4] {
                let (released, complete) = world.open_stream(&object, threads);
                assert!(complete.is_ok() && released == content, "{len}");
            }
            let reader = world.range_reader(&object).unwrap();
            assert!(
                read(&reader, &object, 0..u64::MAX).unwrap() == content,
                "{len}"
            );
        }
    }
}

#[test]
fn an_announced_length_tells_how_long_the_object_will_be() {
    let world = World::new();
    for len in [
        0,
        1,
        16_380,
        FRAME_CONTENT - 1,
        FRAME_CONTENT,
        3 * FRAME_CONTENT + 9,
    ] {
        let metadata = Metadata {
            content_len: Some(len as u64),
            ..named("a.txt")
        };
        let plan = SealPlan::start(&world.seed, &world.header, &metadata, &mut Rng(3)).unwrap();
        let said = plan.object_len();
        let object = seal_planned::<AwsLcAes>(plan, &world.alice.signer, &content(len)).unwrap();
        assert_eq!(said, Some(object.len() as u64), "{len}");
    }
    let plan = SealPlan::start(&world.seed, &world.header, &named("a"), &mut Rng(3)).unwrap();
    assert_eq!(plan.object_len(), None);
}

#[test]
fn streams_and_threads_give_the_same_bytes() {
    let world = World::new();
    let content = content(3 * FRAME_CONTENT);
    assert!(world.seal_stream(&content, 1) == world.seal_stream(&content, 2));
}

#[test]
fn jobs_of_a_host_give_the_same_bytes_as_threads() {
    let world = World::new();
    for len in [0, 5, 40_000, FRAME_CONTENT, 9 * FRAME_CONTENT + 1] {
        let content = content(len);
        let mut plan =
            SealPlan::start(&world.seed, &world.header, &named("a.txt"), &mut Rng(9)).unwrap();
        let engine = RustCryptoAes::new(plan.key().aes_key().expose());
        let mut object = plan.prelude().to_vec();
        let mut pieces = content.chunks(FRAME_CONTENT);
        let mut reports = Vec::new();
        while let Some(job) = plan.job(pieces.next().unwrap_or_default()).unwrap() {
            let mut sealed = vec![0; job.frame.sealed_len()];
            for chunk in job.chunks.iter().rev() {
                engine
                    .seal_into(
                        &chunk.nonce,
                        &job.plaintext[chunk.plain.clone()],
                        &mut sealed[chunk.sealed.clone()],
                    )
                    .unwrap();
            }
            object.extend((sealed.len() as u32).to_be_bytes());
            object.extend(&sealed);
            reports.push((job.frame, merkle::leaf_hash(&sealed)));
        }
        for (frame, leaf) in reports.into_iter().rev() {
            plan.sealed(&frame, leaf).unwrap();
        }
        object.extend(plan.finish(&world.alice.signer).unwrap());
        assert!(object == world.seal_stream(&content, 1), "{len}");

        let prelude = Prelude::parse(&object).unwrap();
        let mut rest = &object[prelude.bytes().len()..];
        let mut plan =
            OpenPlan::start(&world.seed, prelude, &world.expected, &world.alice.keys).unwrap();
        let mut opened: Vec<u8> = Vec::new();
        loop {
            let sealed_len = u32::from_be_bytes(rest[..4].try_into().unwrap()) as usize;
            let job = plan.job(sealed_len).unwrap();
            let sealed = &rest[4..4 + sealed_len];
            let mut plain = vec![0; job.frame.plain_len()];
            for chunk in &job.chunks {
                engine
                    .open_into(
                        &chunk.nonce,
                        &sealed[chunk.sealed.clone()],
                        &mut plain[chunk.plain.clone()],
                    )
                    .unwrap();
            }
            let leaf = merkle::leaf_hash(sealed);
            opened.extend(plan.job_done(&job.frame, leaf, &plain).unwrap());
            rest = &rest[4 + sealed_len..];
            if job.frame.is_last() {
                break;
            }
        }
        assert!(plan.finish(rest).is_ok() && opened == content, "{len}");
    }
}

#[test]
fn the_announced_length_is_kept() {
    let world = World::new();
    let announced = |content_len| Metadata {
        content_len: Some(content_len),
        ..named("a")
    };
    for (said, len, fits) in [(5, 5, true), (5, 4, false), (5, 6, false), (0, 0, true)] {
        let plan =
            SealPlan::start(&world.seed, &world.header, &announced(said), &mut Rng(0)).unwrap();
        let sealed = seal_stream::<AwsLcAes>(
            plan,
            &world.alice.signer,
            1,
            &content(len)[..],
            std::io::sink(),
            Watch::none(),
        );
        match sealed {
            Ok(()) => assert!(fits),
            Err(ObjectError::WrongLength) => assert!(!fits),
            Err(error) => panic!("{error}"),
        }
    }
    // An author who lies about it.
    let mut plan =
        SealPlan::start(&world.seed, &world.header, &announced(600), &mut Rng(0)).unwrap();
    let engine = AwsLcAes::new(plan.key().aes_key().expose());
    let frame = plan.lay(600).unwrap().unwrap();
    let mut sealed = vec![0; frame.sealed_len()];
    // padme(595) = padme(600), so nothing but the length is wrong.
    assert_eq!(padding::padme(595), padding::padme(600));
    seal_frame(&engine, plan.key(), &frame, &content(595), &mut sealed).unwrap();
    plan.sealed(&frame, merkle::leaf_hash(&sealed)).unwrap();
    let mut object = plan.prelude().to_vec();
    object.extend((sealed.len() as u32).to_be_bytes());
    object.extend(&sealed);
    object.extend(plan.finish(&world.alice.signer).unwrap());
    assert!(matches!(world.open(&object), Err(ObjectError::WrongLength)));
    let reader = world.range_reader(&object).unwrap();
    assert!(matches!(
        read(&reader, &object, 0..600),
        Err(ObjectError::WrongLength)
    ));
}

#[test]
fn plans_refuse_another_order() {
    let world = World::new();
    let start = || SealPlan::start(&world.seed, &world.header, &named("a"), &mut Rng(0)).unwrap();
    let mut plan = start();
    assert!(matches!(
        plan.lay(FRAME_CONTENT + 1),
        Err(ObjectError::WrongLength)
    ));
    let first = plan.lay(10).unwrap().unwrap();
    assert!(matches!(plan.lay(1), Err(ObjectError::OutOfOrder)));
    assert!(plan.lay(0).unwrap().is_none());
    plan.sealed(&first, [0; 32]).unwrap();
    assert!(matches!(
        plan.sealed(&first, [0; 32]),
        Err(ObjectError::OutOfOrder)
    ));
    assert!(plan.finish(&world.alice.signer).is_ok());
    let mut plan = start();
    plan.lay(10).unwrap();
    assert!(matches!(
        plan.finish(&world.alice.signer),
        Err(ObjectError::OutOfOrder)
    ));
    assert!(matches!(
        start().finish(&world.alice.signer),
        Err(ObjectError::OutOfOrder)
    ));
    let other = ObjectHeader {
        suite: 2,
        ..world.header.clone()
    };
    let plan = SealPlan::start(&world.seed, &other, &named("a"), &mut Rng(0));
    assert!(matches!(plan, Err(ObjectError::OtherSuite(2))));

    let object = world.seal(b"content");
    let prelude = Prelude::parse(&object).unwrap();
    let open = || {
        OpenPlan::start(
            &world.seed,
            prelude.clone(),
            &world.expected,
            &world.alice.keys,
        )
        .unwrap()
    };
    let mut plan = open();
    let first = plan.frame(FRAME_SEALED).unwrap();
    let second = plan.frame(100).unwrap();
    assert!(matches!(plan.frame(100), Err(ObjectError::OutOfOrder)));
    assert!(matches!(
        plan.opened(&second, [0; 32], 0),
        Err(ObjectError::OutOfOrder)
    ));
    // It does not recover.
    assert!(matches!(
        plan.opened(&first, [0; 32], 0),
        Err(ObjectError::OutOfOrder)
    ));
    assert!(matches!(open().finish(&[]), Err(ObjectError::Truncated)));
}

#[test]
fn another_engine_gives_the_same_bytes() {
    let world = World::new();
    let all = content(70_000);
    let signer = &world.alice.signer;
    let sealed = seal_bytes::<RustCryptoAes>(
        &world.seed,
        &world.header,
        &named("a.txt"),
        signer,
        &all,
        &mut Rng(0),
    )
    .unwrap();
    assert!(sealed == world.seal(&all));
    let opened =
        open_bytes::<RustCryptoAes>(&world.seed, &world.expected, &world.alice.keys, &sealed);
    assert!(opened.unwrap().0 == all);
}
