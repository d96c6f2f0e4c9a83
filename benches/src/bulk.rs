//! Messages and files: in memory against bare AES-256-GCM, on disk against `age` and a copy.

use std::{
    fs::File,
    hint::black_box,
    io::{Read as _, Write as _},
    os::unix::fs::FileExt as _,
    path::Path,
    thread,
};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use wardseal_client_core::object::{
    Expected, OpenPlan, SealPlan, Watch, open_bytes, open_frame, open_stream, read_prelude,
    seal_bytes, seal_frame, seal_stream,
};
use wardseal_crypto::{
    SUITE,
    aead::Aes256Gcm as _,
    aead::DefaultAes,
    chunked::StreamKey,
    merkle,
    secret::Secret,
    sign::{Ed25519SigningKey, HybridSigningKey},
};
use wardseal_protocol::{
    keys::{DeviceKeys, DeviceKind},
    object::{FRAME_CONTENT, FRAME_SEALED, Frame, Metadata, ObjectHeader},
};
use wardseal_types::{ObjectId, SessionId, TenantId, Timestamp, UserId};

use crate::measure::{Contender, compare, print};

const MEMORY: usize = 64 << 20;
const CHUNK: usize = 16 << 10;
const TAG: usize = 16;
/// [`FRAME_CONTENT`] and [`FRAME_SEALED`] as lengths on disk.
const CONTENT_LEN: u64 = 64 * 16_384 - 4;
const SEALED_LEN: u64 = 64 * (16_384 + 16);

/// Somebody who writes and reads.
pub(crate) struct Person {
    seed: Secret<32>,
    key: HybridSigningKey,
    device: DeviceKeys,
    header: ObjectHeader,
    expected: Expected,
}

impl Person {
    pub(crate) fn new() -> anyhow::Result<Self> {
        let mut rng = rng();
        let key = HybridSigningKey::generate(&mut rng)?;
        let sign: [u8; 1984] = key
            .public()
            .to_bytes()
            .try_into()
            .map_err(|_| anyhow::anyhow!("a public key of the wrong length"))?;
        let device = DeviceKeys {
            kind: DeviceKind::Ordinary,
            sign: sign.into(),
            kem: [0; 1216].into(),
        };
        let header = ObjectHeader {
            suite: SUITE,
            tenant: TenantId::from_bytes([1; 32]),
            session: SessionId::from_bytes([2; 32]),
            epoch: 0,
            object: ObjectId::from_bytes([3; 16]),
            version: 0,
            author: UserId::from_bytes([4; 32]),
            device: device.id(),
            time: Timestamp::from_millis(0),
            seen: None,
            certificate: None,
        };
        Ok(Self {
            seed: Secret::generate(&mut rng)?,
            expected: Expected {
                tenant: header.tenant,
                session: header.session,
                epoch: header.epoch,
                object: None,
                version: None,
            },
            key,
            device,
            header,
        })
    }

    pub(crate) const fn seed(&self) -> &Secret<32> {
        &self.seed
    }

    pub(crate) const fn header(&self) -> &ObjectHeader {
        &self.header
    }

    pub(crate) const fn expected(&self) -> &Expected {
        &self.expected
    }

    pub(crate) const fn device(&self) -> &DeviceKeys {
        &self.device
    }

    pub(crate) const fn signer(&self) -> &Ed25519SigningKey {
        self.key.ed25519()
    }

    fn plan(&self) -> anyhow::Result<SealPlan> {
        Ok(SealPlan::start(
            &self.seed,
            &self.header,
            &Metadata::default(),
            &mut rng(),
        )?)
    }

    fn seal_file(&self, from: &Path, to: &Path, threads: usize) -> anyhow::Result<()> {
        seal_stream::<DefaultAes>(
            self.plan()?,
            self.key.ed25519(),
            threads,
            File::open(from)?,
            File::create(to)?,
            Watch::none(),
        )?;
        Ok(())
    }

    fn open_file(&self, from: &Path, to: &Path, threads: usize) -> anyhow::Result<()> {
        let mut reader = File::open(from)?;
        let prelude = read_prelude(&mut reader)?;
        let plan = OpenPlan::start(&self.seed, prelude, &self.expected, &self.device)?;
        let writer = File::create(to)?;
        let complete = open_stream::<DefaultAes>(plan, threads, reader, writer, Watch::none())?;
        black_box(complete.content_len());
        Ok(())
    }
}

/// The frames of an object with nothing that says who wrote them: what `age` does, too. Whole frames
/// only, so of a file of some MiB the last bytes, four for each MiB, are left out.
struct Frames {
    engine: DefaultAes,
    key: StreamKey,
    frames: Vec<Frame>,
}

impl Frames {
    fn new(person: &Person, mib: u32) -> anyhow::Result<Self> {
        let mut plan = person.plan()?;
        let mut frames = Vec::new();
        for _ in 0..mib {
            frames.extend(plan.lay(FRAME_CONTENT)?);
        }
        let key = plan.key().clone();
        Ok(Self {
            engine: DefaultAes::new(key.aes_key().expose()),
            key,
            frames,
        })
    }

    fn seal_file(&self, from: &Path, to: &Path, threads: usize) -> anyhow::Result<()> {
        let (reader, writer) = (File::open(from)?, File::create(to)?);
        self.divide(threads, |frame, content, sealed| {
            reader.read_exact_at(content, frame.index() * CONTENT_LEN)?;
            seal_frame(&self.engine, &self.key, frame, content, sealed)?;
            Ok(writer.write_all_at(sealed, frame.index() * SEALED_LEN)?)
        })
    }

    fn open_file(&self, from: &Path, to: &Path, threads: usize) -> anyhow::Result<()> {
        let (reader, writer) = (File::open(from)?, File::create(to)?);
        self.divide(threads, |frame, content, sealed| {
            reader.read_exact_at(sealed, frame.index() * SEALED_LEN)?;
            open_frame(&self.engine, &self.key, frame, sealed, content)?;
            Ok(writer.write_all_at(content, frame.index() * CONTENT_LEN)?)
        })
    }

    /// Every thread takes every so manieth frame, and has memory of its own.
    fn divide(
        &self,
        threads: usize,
        work: impl Fn(&Frame, &mut [u8], &mut [u8]) -> anyhow::Result<()> + Sync,
    ) -> anyhow::Result<()> {
        let work = &work;
        thread::scope(|scope| {
            let all: Vec<_> = (0..threads)
                .map(|first| {
                    scope.spawn(move || {
                        let mut content = vec![0; FRAME_CONTENT];
                        let mut sealed = vec![0; FRAME_SEALED];
                        let mut frames = self.frames.iter().skip(first).step_by(threads);
                        frames.try_for_each(|frame| work(frame, &mut content, &mut sealed))
                    })
                })
                .collect();
            all.into_iter().try_for_each(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|_| anyhow::bail!("a thread panicked"))
            })
        })
    }
}

pub(crate) fn rng() -> getrandom::rand_core::UnwrapErr<getrandom::SysRng> {
    getrandom::rand_core::UnwrapErr(getrandom::SysRng)
}

/// Measures and prints everything, with a file of `mib` MiB.
pub(crate) fn run(mib: u32) -> anyhow::Result<()> {
    let person = Person::new()?;
    in_memory(&person)?;
    on_disk(&person, mib)
}

fn in_memory(person: &Person) -> anyhow::Result<()> {
    let content = noise(MEMORY);
    let sealed = seal_bytes::<DefaultAes>(
        &person.seed,
        &person.header,
        &Metadata::default(),
        person.key.ed25519(),
        &content,
        &mut rng(),
    )?;
    let mut out = vec![0; MEMORY + MEMORY / CHUNK * TAG];
    let mut out_frames = vec![0; MEMORY / FRAME_CONTENT * FRAME_SEALED + FRAME_SEALED];
    let mut out_tree = out_frames.clone();
    let contenders: Vec<Contender<'_>> = vec![
        ("AES-256-GCM alone (AWS-LC, 16 KiB chunks)", {
            let content = &content;
            Box::new(move || bare_aes(content, &mut out))
        }),
        ("frames: chunked encryption, no author (aim 0.85)", {
            let content = &content;
            Box::new(move || frames(person, content, &mut out_frames, false))
        }),
        ("frames and the author's tree (SHA-256)", {
            let content = &content;
            Box::new(move || frames(person, content, &mut out_tree, true))
        }),
        ("the tree alone", {
            let content = &content;
            Box::new(move || {
                for piece in content.chunks(FRAME_SEALED) {
                    black_box(merkle::leaf_hash(piece));
                }
                Ok(())
            })
        }),
        ("seal_bytes, with its allocation", {
            let content = &content;
            Box::new(move || {
                let metadata = Metadata::default();
                black_box(seal_bytes::<DefaultAes>(
                    &person.seed,
                    &person.header,
                    &metadata,
                    person.key.ed25519(),
                    content,
                    &mut rng(),
                )?);
                Ok(())
            })
        }),
        ("open_bytes, with its allocation", {
            Box::new(move || {
                let opened = open_bytes::<DefaultAes>(
                    &person.seed,
                    &person.expected,
                    &person.device,
                    &sealed,
                )?;
                black_box(opened.0);
                Ok(())
            })
        }),
    ];
    let rows = compare(9, 64.0 * 1024.0 * 1024.0, contenders)?;
    print(
        "64 MiB in memory, one thread. Trial programs before (another machine): bare AES 9.5 GB/s.",
        &rows,
    );
    Ok(())
}

/// What every format has to do at least.
pub(crate) fn bare_aes(content: &[u8], out: &mut [u8]) -> anyhow::Result<()> {
    let key = UnboundKey::new(&AES_256_GCM, &[7; 32]).map(LessSafeKey::new)?;
    let chunks = content
        .chunks_exact(CHUNK)
        .zip(out.chunks_exact_mut(CHUNK + TAG));
    for (number, (from, to)) in (0u64..).zip(chunks) {
        let mut nonce = [0; 12];
        nonce
            .iter_mut()
            .zip(number.to_le_bytes())
            .for_each(|(to, from)| *to = from);
        let (body, tag) = to.split_at_mut(CHUNK);
        key.seal_out_of_place_scatter(
            Nonce::assume_unique_for_key(nonce),
            Aad::empty(),
            from,
            body,
            &[],
            tag,
        )?;
    }
    black_box(out);
    Ok(())
}

fn frames(person: &Person, content: &[u8], out: &mut [u8], tree: bool) -> anyhow::Result<()> {
    let mut plan = person.plan()?;
    let engine = DefaultAes::new(plan.key().aes_key().expose());
    for (piece, out) in content
        .chunks_exact(FRAME_CONTENT)
        .zip(out.chunks_exact_mut(FRAME_SEALED))
    {
        if let Some(frame) = plan.lay(piece.len())? {
            seal_frame(&engine, plan.key(), &frame, piece, out)?;
            if tree {
                black_box(merkle::leaf_hash(out));
            }
        }
    }
    black_box(out);
    Ok(())
}

fn on_disk(person: &Person, mib: u32) -> anyhow::Result<()> {
    let directory = std::env::temp_dir().join(format!("wardseal-bulk-{}", std::process::id()));
    std::fs::create_dir(&directory)?;
    let measured = measure_files(person, mib, &directory);
    std::fs::remove_dir_all(&directory)?;
    measured
}

fn measure_files(person: &Person, mib: u32, directory: &Path) -> anyhow::Result<()> {
    let plain = directory.join("plain");
    let mut file = File::create(&plain)?;
    let piece = noise(1 << 20);
    for _ in 0..mib {
        file.write_all(&piece)?;
    }
    drop(file);
    let sealed = directory.join("sealed");
    person.seal_file(&plain, &sealed, 2)?;
    let bare = Frames::new(person, mib)?;
    let framed = directory.join("framed");
    bare.seal_file(&plain, &framed, 2)?;
    let identity = age::x25519::Identity::generate();
    let recipient = identity.to_public();
    let aged = directory.join("aged");
    age_seal(&recipient, &plain, &aged)?;
    // What the system still has to write would be paid by whoever comes first.
    for written in [&plain, &sealed, &framed, &aged] {
        File::open(written)?.sync_all()?;
    }
    let out = directory.join("out");
    let bytes = f64::from(mib) * 1024.0 * 1024.0;

    // Every contender writes a file that does not exist yet: writing over an old one costs less.
    let fresh = |run: &dyn Fn() -> anyhow::Result<()>| {
        if out.exists() {
            std::fs::remove_file(&out)?;
        }
        run()
    };
    let seal: Vec<Contender<'_>> = vec![
        (
            "age 0.11",
            Box::new(|| fresh(&|| age_seal(&recipient, &plain, &out))),
        ),
        (
            "frames, no author, one thread",
            Box::new(|| fresh(&|| bare.seal_file(&plain, &out, 1))),
        ),
        (
            "frames, no author, two threads (aim 3)",
            Box::new(|| fresh(&|| bare.seal_file(&plain, &out, 2))),
        ),
        (
            "a signed object, one thread",
            Box::new(|| fresh(&|| person.seal_file(&plain, &out, 1))),
        ),
        (
            "a signed object, two threads",
            Box::new(|| fresh(&|| person.seal_file(&plain, &out, 2))),
        ),
        (
            "a copy within the kernel, as by cp",
            Box::new(|| fresh(&|| Ok(std::fs::copy(&plain, &out).map(drop)?))),
        ),
    ];
    print(
        &format!(
            "A file of {mib} MiB, sealed. age says nothing about the author, so the row beside it is the \
             one without. Trial programs before: 3.0 to 3.9 times age; age 0.73 GB/s."
        ),
        &compare(5, bytes, seal)?,
    );
    let open: Vec<Contender<'_>> = vec![
        (
            "age 0.11",
            Box::new(|| fresh(&|| age_open(&identity, &aged, &out))),
        ),
        (
            "frames, no author, two threads (aim 3)",
            Box::new(|| fresh(&|| bare.open_file(&framed, &out, 2))),
        ),
        (
            "a signed object, one thread",
            Box::new(|| fresh(&|| person.open_file(&sealed, &out, 1))),
        ),
        (
            "a signed object, two threads",
            Box::new(|| fresh(&|| person.open_file(&sealed, &out, 2))),
        ),
    ];
    print(
        &format!(
            "A file of {mib} MiB, opened. Trial programs before: 3.6 to 6.2 times age; age 0.66 GB/s."
        ),
        &compare(5, bytes, open)?,
    );
    Ok(())
}

fn age_seal(to: &age::x25519::Recipient, from: &Path, out: &Path) -> anyhow::Result<()> {
    let recipients = std::iter::once::<&dyn age::Recipient>(to);
    let mut reader = File::open(from)?;
    let writer = File::create(out)?;
    let mut sealing = age::Encryptor::with_recipients(recipients)?.wrap_output(writer)?;
    let mut buffer = vec![0; 1 << 20];
    loop {
        let read = reader.read(&mut buffer)?;
        match buffer.get(..read) {
            Some(some) if read > 0 => sealing.write_all(some)?,
            _ => break,
        }
    }
    sealing.finish()?;
    Ok(())
}

fn age_open(identity: &age::x25519::Identity, from: &Path, out: &Path) -> anyhow::Result<()> {
    let decryptor = age::Decryptor::new(File::open(from)?)?;
    let mut reader = decryptor.decrypt(std::iter::once::<&dyn age::Identity>(identity))?;
    let mut writer = File::create(out)?;
    let mut buffer = vec![0; 1 << 20];
    loop {
        let read = reader.read(&mut buffer)?;
        match buffer.get(..read) {
            Some(some) if read > 0 => writer.write_all(some)?,
            _ => return Ok(()),
        }
    }
}

/// Bytes that do not compress and that no two pages have in common.
pub(crate) fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut out = Vec::with_capacity(len + 8);
    while out.len() < len {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        out.extend(state.to_le_bytes());
    }
    out.truncate(len);
    out
}
