//! Blobs over a server that speaks S3, and over a folder: uploads that break, parts that are written twice, a store that
//! fails in the middle, ranges across parts, and what is left behind.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests fail by panicking"
)]

use std::{
    convert::Infallible,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, future::join, stream};
use hyper::{Method, service::Service as HyperService};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use s3s::{auth::SimpleAuth, service::S3ServiceBuilder};
use s3s_fs::FileSystem;
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinHandle};
use wardseal_blobs::{
    BlobName, Blobs, Counted, Credentials, Ended, Index as _, MemoryIndex, PART, Part, S3, S3Error,
    Upload, UploadError, conformance,
};

const BUCKET: &str = "sealed";

/// A server that speaks S3 over a folder.
struct Service {
    folder: TempDir,
    endpoint: String,
    /// PUTs after which the next one fails.
    fails_after: Arc<AtomicUsize>,
    running: JoinHandle<()>,
}

impl Drop for Service {
    fn drop(&mut self) {
        self.running.abort();
    }
}

impl Service {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(BUCKET)).unwrap();
        let service = {
            let mut builder = S3ServiceBuilder::new(FileSystem::new(folder.path()).unwrap());
            builder.set_auth(SimpleAuth::from_single("id", "secret"));
            builder.build()
        };
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let fails_after = Arc::new(AtomicUsize::new(usize::MAX));
        let failing = Arc::clone(&fails_after);
        let running = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let service = service.clone();
                let failing = Arc::clone(&failing);
                let answer = hyper::service::service_fn(
                    move |request: hyper::Request<hyper::body::Incoming>| {
                        let breaks = request.method() == Method::PUT && takes_one(&failing);
                        let answer = HyperService::call(&service, request);
                        async move {
                            if breaks {
                                // The connection ends without an answer.
                                return Err("the service is gone".into());
                            }
                            answer.await.map_err(|error| format!("{error:?}"))
                        }
                    },
                );
                tokio::spawn(async move {
                    let connection = Builder::new(TokioExecutor::new());
                    let _ = connection
                        .serve_connection(TokioIo::new(stream), answer)
                        .await;
                });
            }
        });
        Self {
            folder,
            endpoint,
            fails_after,
            running,
        }
    }

    fn s3(&self, secret: &str) -> S3 {
        S3 {
            endpoint: Some(self.endpoint.clone()),
            region: Some("eu-central-1".to_owned()),
            path_style: true,
            credentials: Some(Credentials::new("id", secret)),
            patience: Duration::ZERO,
            ..S3::at(&format!("s3://{BUCKET}/transfer")).unwrap()
        }
    }

    fn blobs(&self) -> Blobs {
        Blobs::in_s3(&self.s3("secret"), draw()).unwrap()
    }

    /// Objects that the service keeps, by the names below the prefix.
    fn objects(&self) -> Vec<String> {
        let root = self.folder.path().join(BUCKET).join("transfer");
        let mut found = Vec::new();
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                let name = path
                    .strip_prefix(&root)
                    .unwrap()
                    .to_string_lossy()
                    .into_owned();
                if path.is_dir() {
                    folders.push(path);
                } else if !name.starts_with('.') {
                    found.push(name);
                }
            }
        }
        found.sort();
        found
    }
}

/// Counts down; says whether this was the one.
fn takes_one(left: &AtomicUsize) -> bool {
    let step = |left: usize| (left != usize::MAX).then(|| left.wrapping_sub(1));
    left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, step) == Ok(0)
}

/// Names of parts: each other than the one before.
fn draw() -> impl Fn() -> [u8; 8] + Send + Sync + 'static {
    let next = AtomicU64::new(1);
    move || next.fetch_add(1, Ordering::SeqCst).to_be_bytes()
}

fn name(text: &str) -> BlobName {
    text.parse().unwrap()
}

fn content(size: usize) -> Bytes {
    (0..size)
        .map(|place| u8::try_from(place * 31 % 251).unwrap())
        .collect()
}

/// A body in pieces that are no divisors of a part.
fn body(content: &Bytes) -> impl futures_util::Stream<Item = Result<Bytes, &'static str>> + use<> {
    let pieces: Vec<_> = content.chunks(70_001).map(Bytes::copy_from_slice).collect();
    stream::iter(pieces).map(Ok)
}

fn length(bytes: &Bytes) -> u64 {
    u64::try_from(bytes.len()).unwrap()
}

async fn read(
    blobs: &Blobs,
    index: &MemoryIndex,
    blob: &BlobName,
    from: usize,
    to: usize,
) -> Vec<u8> {
    let parts = index.parts(blob).await.unwrap();
    let range = u64::try_from(from).unwrap()..u64::try_from(to).unwrap();
    let pieces: Vec<Bytes> = blobs.read(blob, parts, range).try_collect().await.unwrap();
    assert!(pieces.iter().all(|piece| piece.len() <= PART));
    pieces.concat()
}

/// What holds of every store.
async fn uploads_and_ranges(blobs: &Blobs) {
    blobs.check().await.unwrap();
    let index = MemoryIndex::default();
    let blob = name("one");
    index.begin(&blob);
    let whole = content(2 * PART + 12_345);
    let size = length(&whole);
    let at = |received| Upload { size, received };

    // A body that breaks off: what came before the break is kept, to the byte.
    let first = whole.slice(..PART + 50_000);
    let broken = body(&first).chain(stream::iter([Err("the connection was reset")]));
    let received = blobs.receive(&index, &blob, at(0), broken).await.unwrap();
    assert_eq!(received.at, length(&first));
    assert_eq!(
        received.ended,
        Err(Ended::Broken("the connection was reset"))
    );
    assert_eq!(index.received(&blob), Some(received.at));
    assert_eq!(read(blobs, &index, &blob, 0, first.len()).await, first);

    // Somebody who thinks that less is there writes nothing, and hears where it stands.
    let refused = blobs.receive(&index, &blob, at(0), body(&first)).await;
    assert!(matches!(refused, Err(UploadError::StandsAt(stands)) if stands == length(&first)));

    // The same part twice at once: one counts, and the other is not left behind.
    let next = whole.slice(first.len()..first.len() + 1000);
    let (one, other) = join(
        blobs.receive(&index, &blob, at(length(&first)), body(&next)),
        blobs.receive(&index, &blob, at(length(&first)), body(&next)),
    )
    .await;
    let counted =
        [&one, &other].map(|each| each.as_ref().is_ok_and(|received| received.ended.is_ok()));
    assert!(counted[0] != counted[1], "{one:?} {other:?}");

    let rest = whole.slice(first.len() + 1000..);
    let stands = length(&first) + 1000;
    let more = rest.iter().copied().chain([0]).collect();
    // One byte too many, in the last piece.
    let received = blobs
        .receive(&index, &blob, at(stands), body(&more))
        .await
        .unwrap();
    assert_eq!(received.ended, Err(Ended::Beyond));
    assert!(received.at < size);
    let rest = whole.slice(usize::try_from(received.at).unwrap()..);
    let received = blobs
        .receive(&index, &blob, at(received.at), body(&rest))
        .await
        .unwrap();
    assert_eq!((received.at, received.ended), (size, Ok(())));

    let parts = index.parts(&blob).await.unwrap();
    assert!(parts.len() >= 4, "{parts:?}");
    for (from, to) in [
        (0, whole.len()),
        (0, 1),
        (PART - 5, PART + 5),
        (PART + 49_990, PART + 51_010),
        (whole.len() - 5, whole.len()),
        (7, 7),
    ] {
        assert!(
            read(blobs, &index, &blob, from, to).await == whole[from..to],
            "{from} {to}"
        );
    }
    // Beyond the end there is nothing.
    assert_eq!(
        read(blobs, &index, &blob, whole.len() - 1, whole.len() + 9).await,
        whole[whole.len() - 1..]
    );

    // Removing takes also what never counted, and nothing of others.
    let other = name("one-more");
    index.begin(&other);
    let small = content(10);
    let upload = Upload {
        size: 10,
        received: 0,
    };
    blobs
        .receive(&index, &other, upload, body(&small))
        .await
        .unwrap()
        .ended
        .unwrap();
    blobs.put(&blob, 0, small.clone()).await.unwrap();
    blobs.remove(&blob).await.unwrap();
    blobs.remove(&blob).await.unwrap();
    let gone: Result<Vec<Bytes>, _> = blobs.read(&blob, parts, 0..10).try_collect().await;
    assert!(gone.is_err());
    assert_eq!(read(blobs, &index, &other, 0, 10).await, small);
}

#[tokio::test]
async fn a_folder_keeps_blobs() {
    let folder = tempfile::tempdir().unwrap();
    uploads_and_ranges(&Blobs::in_folder(folder.path(), draw()).unwrap()).await;
    let left: Vec<PathBuf> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| std::fs::read_dir(path).unwrap().count() > 0)
        .collect();
    assert_eq!(left, [folder.path().join("one-more")]);
}

#[tokio::test]
async fn a_bucket_keeps_blobs() {
    let service = Service::start().await;
    uploads_and_ranges(&service.blobs()).await;
    let left = service.objects();
    assert_eq!(left.len(), 1, "{left:?}");
    assert!(left[0].starts_with("one-more/"), "{left:?}");
}

#[tokio::test]
async fn a_store_that_fails_in_the_middle_loses_one_part_and_no_upload() {
    let service = Service::start().await;
    let blobs = service.blobs();
    let index = MemoryIndex::default();
    let blob = name("one");
    index.begin(&blob);
    let whole = content(3 * PART);
    let size = length(&whole);
    // The second part does not arrive.
    service.fails_after.store(1, Ordering::SeqCst);
    let failed = blobs
        .receive(&index, &blob, Upload { size, received: 0 }, body(&whole))
        .await;
    assert!(matches!(failed, Err(UploadError::Store(_))), "{failed:?}");
    let stands = index.received(&blob).unwrap();
    assert_eq!(stands, u64::try_from(PART).unwrap());
    assert_eq!(service.objects().len(), 1, "{:?}", service.objects());
    // It is back, and the upload goes on from there.
    let rest = whole.slice(PART..);
    let upload = Upload {
        size,
        received: stands,
    };
    let received = blobs
        .receive(&index, &blob, upload, body(&rest))
        .await
        .unwrap();
    assert_eq!((received.at, received.ended), (size, Ok(())));
    assert!(read(&blobs, &index, &blob, 0, whole.len()).await == whole);

    // One that is asked again does not even fail, when it has patience.
    let mut s3 = service.s3("secret");
    s3.patience = Duration::from_secs(20);
    let patient = Blobs::in_s3(&s3, draw()).unwrap();
    service.fails_after.store(0, Ordering::SeqCst);
    patient.put(&name("two"), 0, content(10)).await.unwrap();
}

#[tokio::test]
async fn a_part_that_is_damaged_at_rest_is_an_error_and_no_short_file() {
    let service = Service::start().await;
    let blobs = service.blobs();
    let index = MemoryIndex::default();
    let blob = name("one");
    index.begin(&blob);
    let whole = content(1000);
    let upload = Upload {
        size: 1000,
        received: 0,
    };
    blobs
        .receive(&index, &blob, upload, body(&whole))
        .await
        .unwrap()
        .ended
        .unwrap();
    let object = service
        .folder
        .path()
        .join(BUCKET)
        .join("transfer")
        .join(&service.objects()[0]);
    std::fs::write(&object, &whole[..999]).unwrap();
    let parts = index.parts(&blob).await.unwrap();
    let read: Result<Vec<Bytes>, _> = blobs.read(&blob, parts, 0..1000).try_collect().await;
    assert!(read.is_err(), "{read:?}");
}

#[tokio::test]
async fn who_has_no_credentials_is_told_at_the_start() {
    let service = Service::start().await;
    let wrong = Blobs::in_s3(&service.s3("wrong"), draw()).unwrap();
    assert!(wrong.check().await.is_err());
    let mut plain = service.s3("secret");
    plain.endpoint = Some("http://s3.example".to_owned());
    assert!(matches!(
        Blobs::in_s3(&plain, draw()),
        Err(S3Error::Plain(_))
    ));
    service.blobs().check().await.unwrap();
    assert!(
        service.objects().is_empty(),
        "a check leaves nothing behind"
    );
}

/// An index that fails after the store has taken a part.
struct Failing;

impl wardseal_blobs::Index for Failing {
    type Error = &'static str;

    async fn append(&self, _: &BlobName, _: &Part) -> Result<Counted, &'static str> {
        Err("the disk is full")
    }

    async fn parts(&self, _: &BlobName) -> Result<Vec<Part>, &'static str> {
        Ok(Vec::new())
    }
}

#[tokio::test]
async fn a_part_that_cannot_be_counted_is_not_left_behind() {
    let service = Service::start().await;
    let upload = Upload {
        size: 10,
        received: 0,
    };
    let failed = service
        .blobs()
        .receive(&Failing, &name("one"), upload, body(&content(10)))
        .await;
    assert!(matches!(
        failed,
        Err(UploadError::Index("the disk is full"))
    ));
    assert!(service.objects().is_empty());
}

#[tokio::test]
async fn the_index_in_memory_conforms() {
    let index = MemoryIndex::default();
    let [one, other, missing] = ["one", "other", "missing"].map(name);
    index.begin(&one);
    index.begin(&other);
    conformance::index(&index, &one, &other, &missing)
        .await
        .unwrap();
    index.remove(&one);
    assert_eq!(
        (index.received(&one), index.received(&other)),
        (None, Some(1))
    );
    let never: Result<Vec<Part>, Infallible> = index.parts(&one).await;
    assert_eq!(never, Ok(Vec::new()));
}
