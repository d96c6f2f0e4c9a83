//! What is refused, what is cut off, and what goes on in pieces.
#![expect(
    clippy::unwrap_used,
    reason = "a broken fixture must stop the test where it broke"
)]

use std::{
    io::{self, Cursor, Read},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use wardseal_e2e::Place;
use wardseal_sdk::{
    Cache, Change, How, MemberId, NewSession, Options, RandomAccess, Right, Role, SealOptions,
    SessionId, Store, Visibility, Wardseal,
};
use wardseal_testkit::Fault;

async fn me(ward: &Wardseal) -> MemberId {
    ward.profile().await.unwrap().user.into()
}

async fn session(ward: &Wardseal) -> SessionId {
    let new = NewSession {
        manage: vec![me(ward).await],
        ..NewSession::default()
    };
    ward.sessions().create(new).await.unwrap()
}

/// Bytes that do not repeat.
fn bytes(length: usize) -> Vec<u8> {
    (0u32..)
        .map(|at| u8::try_from(at.wrapping_mul(2_654_435_761) >> 24).unwrap())
        .take(length)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_keeps_who_is_signed_in() {
    let place = Place::new().await;
    let folder = tempfile::tempdir().unwrap();
    let options = || Options {
        store: Store::Folder(folder.path().join("keys")),
        cache: Cache::Persistent(Duration::from_secs(3600)),
        ..place.options()
    };
    let ward = Wardseal::open(options()).await.unwrap();
    let request = ward.begin_sign_up("anna").await.unwrap();
    assert_eq!(
        ward.begin_sign_up("anna").await.unwrap(),
        request,
        "asking again gives the same user"
    );
    let refused = ward.finish_sign_up("no token").await.unwrap_err();
    assert!(!refused.retryable(), "{refused:?}");
    let user = ward.finish_sign_up(&place.sign(&request)).await.unwrap();
    let session = session(&ward).await;
    let sealed = ward.seal(session, "38.4").await.unwrap();
    drop(ward);

    let again = Wardseal::open(options()).await.unwrap();
    assert_eq!(again.profile().await.unwrap().user, user);
    assert_eq!(
        again
            .open_bytes(sealed)
            .await
            .unwrap()
            .text()
            .await
            .unwrap(),
        "38.4"
    );
    again.sign_out().await.unwrap();
    assert!(again.profile().await.is_none());
    let code = again.seal(session, "x").await.unwrap_err().code();
    assert_eq!(code, "no_identity");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_server_it_can_be_tried_again() {
    let place = Place::new().await;
    let nowhere = Options {
        keys: "http://127.0.0.1:1".into(),
        ..place.options()
    };
    let error = Wardseal::open(nowhere).await.unwrap().server().await;
    let error = error.unwrap_err();
    assert_eq!((error.code(), error.retryable()), ("unreachable", true));
    let no_vault = Options {
        vault: None,
        ..place.options()
    };
    let ward = Wardseal::open(no_vault).await.unwrap();
    let unlocked = ward.unlock("anna", "four quiet grey herons").await;
    assert_eq!(unlocked.unwrap_err().code(), "not_configured");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_changed_or_cut_off_does_not_open() {
    let place = Place::new().await;
    let ward = place.person("anna").await;
    let session = session(&ward).await;
    let content = bytes(3 << 20);
    let sealed = ward.seal(session, &content).await.unwrap();
    assert_eq!(Wardseal::inspect(&sealed).unwrap().session, session);
    assert_eq!(
        Wardseal::inspect(b"no object at all").unwrap_err().code(),
        "not_an_object"
    );

    let mut changed = sealed.clone();
    changed[2 << 20] ^= 1;
    // The author is verified by hashes; the frame is compared with its hash when it is read.
    let opened = ward.open_bytes(changed.clone()).await.unwrap();
    assert_eq!(opened.range(0..4).await.unwrap(), content[..4]);
    for refused in [
        opened.bytes().await.unwrap_err(),
        opened
            .range((1 << 20) + 100..(1 << 20) + 200)
            .await
            .unwrap_err(),
    ] {
        assert_eq!(refused.code(), "object_rejected");
    }
    assert!(opened.completed().is_none());

    let opened = ward.open_reader(Cursor::new(changed)).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let refused = opened.save(folder.path().join("copy")).await.unwrap_err();
    assert_eq!(refused.code(), "object_rejected");
    let left = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 0, "nothing appears that is not complete");
    let again = opened.bytes().await.unwrap_err();
    assert_eq!(again.code(), "invalid", "a stream is read once");
    assert_eq!(opened.range(0..1).await.unwrap_err().code(), "invalid");

    let short = sealed[..sealed.len() - 1].to_vec();
    let refused = ward.open_bytes(short.clone()).await.unwrap_err();
    assert!(refused.code().starts_with("object"), "{refused:?}");
    let opened = ward.open_reader(Cursor::new(short)).await.unwrap();
    let mut reader = opened.reader().unwrap();
    let mut read = Vec::new();
    let error = reader.read_to_end(&mut read).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    assert!(!opened.verified() && opened.completed().is_none());
}

/// Bytes that somebody else may change.
struct Shelf(Arc<Mutex<Vec<u8>>>);

impl RandomAccess for Shelf {
    fn size(&self) -> u64 {
        self.0.lock().unwrap().len().try_into().unwrap()
    }

    fn read_at(&self, start: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.lock().unwrap().read_at(start, buffer)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_object_is_read_as_it_was_verified_or_not_at_all() {
    let place = Place::new().await;
    let ward = place.person("anna").await;
    let session = session(&ward).await;
    let sealed = ward.seal(session, "38.4").await.unwrap();
    let another = ward.seal(session, "36.9").await.unwrap();
    let shelf = Arc::new(Mutex::new(sealed.clone()));
    let opened = ward.open_source(Shelf(Arc::clone(&shelf))).await.unwrap();

    let mut changed = sealed.clone();
    // In the frame, before the trailer.
    let at = changed.len() - 120;
    changed[at] ^= 1;
    for other in [changed, another, sealed[..sealed.len() - 1].to_vec()] {
        *shelf.lock().unwrap() = other;
        let refused = opened.bytes().await.unwrap_err();
        assert!(refused.code().starts_with("object"), "{refused:?}");
        assert!(opened.completed().is_none());
    }
    *shelf.lock().unwrap() = sealed;
    assert_eq!(opened.text().await.unwrap(), "38.4");
    assert_eq!(opened.completed().unwrap().size(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn content_comes_in_pieces_and_parts() {
    let place = Place::new().await;
    let ward = place.person("anna").await;
    let session = session(&ward).await;
    for length in [0, 1, 1 << 20, (5 << 20) + 7] {
        let content = bytes(length);
        let told = Arc::new(AtomicU64::new(0));
        let progress = Arc::clone(&told);
        let options = SealOptions {
            progress: Some(Arc::new(move |done| {
                progress.store(done, Ordering::Relaxed);
            })),
            ..SealOptions::default()
        };
        let from = Cursor::new(content.clone());
        let (header, sealed) = ward
            .seal_reader(session, from, Vec::new(), options)
            .await
            .unwrap();
        assert_eq!(told.load(Ordering::Relaxed), u64::try_from(length).unwrap());
        let opened = ward.open_bytes(sealed).await.unwrap();
        assert_eq!(opened.object(), header.object);
        let mut reader = opened.reader().unwrap();
        let mut pieces = Vec::new();
        loop {
            let piece = reader.piece().unwrap();
            if piece.is_empty() {
                break;
            }
            assert!(piece.len() <= 1 << 20);
            pieces.extend_from_slice(piece);
        }
        assert!(pieces == content && reader.completed().is_some());
        let mut read = Vec::new();
        opened.reader().unwrap().read_to_end(&mut read).unwrap();
        assert!(read == content && opened.bytes().await.unwrap() == content);
        let end = u64::try_from(length).unwrap();
        let last = opened
            .range(end.saturating_sub(3)..end + 100)
            .await
            .unwrap();
        assert_eq!(last, content[length.saturating_sub(3)..]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_not_whole_does_not_appear() {
    let place = Place::new().await;
    let ward = place.person("anna").await;
    let session = session(&ward).await;
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let missing = ward
        .seal_file(session, folder.join("missing"), folder.join("sealed"))
        .await
        .unwrap_err();
    assert!(missing.code() == "io" && missing.message().contains("missing"));
    let of_folder = ward.seal_file(session, folder, folder.join("sealed"));
    assert_eq!(of_folder.await.unwrap_err().code(), "invalid");
    std::fs::write(folder.join("plain"), bytes(100)).unwrap();
    let stranger = place.person("carla").await;
    let refused = stranger
        .seal_file(session, folder.join("plain"), folder.join("sealed"))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), "no_access");
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), 1);
    let of_files = ward
        .open_files([folder.to_owned(), folder.join("missing")])
        .await;
    assert_eq!(codes(&of_files), ["invalid", "io"], "a folder is no object");
}

/// A reader that never ends.
struct Endless(Arc<AtomicU64>);

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        buffer.fill(7);
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(buffer.len())
    }
}

impl Drop for Endless {
    fn drop(&mut self) {
        self.0.store(u64::MAX, Ordering::Relaxed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_stops_waiting_stops_the_work() {
    let place = Place::new().await;
    let ward = place.person("anna").await;
    let session = session(&ward).await;
    let read = Arc::new(AtomicU64::new(0));
    let endless = Endless(Arc::clone(&read));
    let sealing = ward.seal_reader(session, endless, io::sink(), SealOptions::default());
    let begun = async {
        while read.load(Ordering::Relaxed) < 3 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        _ = sealing => panic!("it never ends by itself"),
        () = begun => {}
    }
    // The thread lets go of the reader.
    while read.load(Ordering::Relaxed) != u64::MAX {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_reconnect_and_are_heard_in_their_order() {
    let place = Place::new().await;
    let (anna, carla) = (place.person("anna").await, place.person("carla").await);
    let reader = me(&carla).await;
    let session = session(&anna).await;
    let mut changes = carla.changes().await.unwrap();
    anna.sessions()
        .grant(session, reader, Right::Read, Visibility::Full)
        .await
        .unwrap();
    assert_eq!(changes.next().await.unwrap(), Change::Session(session));
    let sealed = anna.seal(session, "38.4").await.unwrap();
    carla.open_bytes(sealed.clone()).await.unwrap();

    place.world.keys.once("watch", Fault::Refuse);
    anna.sessions().revoke(session, &[reader]).await.unwrap();
    assert_eq!(changes.next().await.unwrap(), Change::Session(session));
    let refused = carla.open_bytes(sealed).await.unwrap_err();
    assert_eq!(refused.code(), "no_access");
}

/// The code of what was refused, or nothing.
fn codes<T>(results: &[Result<T, wardseal_sdk::Error>]) -> Vec<&'static str> {
    let code = |result: &Result<T, wardseal_sdk::Error>| {
        result.as_ref().err().map_or("", |error| error.code())
    };
    results.iter().map(code).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_each_fails_alone() {
    let place = Place::new().await;
    let (anna, carla) = (place.person("anna").await, place.person("carla").await);
    let (mine, hers) = (me(&anna).await, me(&carla).await);
    let nobody = MemberId::User(wardseal_sdk::UserId::from_bytes([9; 32]));
    let found = anna.users().find(&["carla", "nobody"]).await.unwrap();
    assert_eq!(codes(&found), ["", "unknown_name"]);

    let group = anna.groups().create("North", &[]).await.unwrap();
    let roles = [(nobody, Role::Member), (hers, Role::Admin)];
    let added = anna.groups().add_many(group, &roles).await.unwrap();
    assert_eq!(codes(&added), ["unknown_chain", ""]);
    assert_eq!(
        carla.groups().get(group).await.unwrap().role,
        Some(Role::Admin)
    );

    let (first, second) = (session(&anna).await, session(&anna).await);
    let rights = [(hers, Right::Read), (nobody, Right::Read)];
    let granted = anna.sessions().grant_many(first, &rights).await.unwrap();
    assert_eq!(codes(&granted), ["", "unknown_chain"]);
    let seen = carla.sessions().get(first).await.unwrap();
    assert_eq!(
        (seen.right, seen.managing.as_slice()),
        (Right::Read, &[mine][..])
    );
    let her = seen.recipients.iter().find(|each| each.id == hers).unwrap();
    assert_eq!((her.how, MemberId::User(her.by)), (How::Granted, mine));
    let strange = SessionId::from_bytes([8; 32]);
    let revoked = anna
        .sessions()
        .revoke_many(&[(first, vec![hers]), (strange, vec![hers]), (second, vec![])])
        .await
        .unwrap();
    assert_eq!(codes(&revoked), ["", "no_access", ""]);
    carla.forget_sessions().await.unwrap();
    assert_eq!(
        carla.sessions().get(first).await.unwrap_err().code(),
        "no_access"
    );

    let mut under = Vec::new();
    for _ in 0..3 {
        let new = NewSession {
            manage: vec![first.into()],
            ..NewSession::default()
        };
        under.push(anna.sessions().create(new).await.unwrap());
    }
    let listed = anna.sessions().list_under(first).all().await.unwrap();
    assert_eq!(listed, under);
    let page = anna.sessions().children(first, None, 2).await.unwrap();
    assert!(page.sessions == under[..2] && page.next.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_was_changed_opens_nothing() {
    let place = Place::new().await;
    let ward = place.person("anna").await;
    let session = session(&ward).await;
    let mut exported = ward.sessions().export(&[session]).await.unwrap();
    let off = Options {
        cache: Cache::Off,
        ..place.options()
    };
    let off = Wardseal::open(off).await.unwrap();
    let refused = off.sessions().import(&exported).await.unwrap_err();
    assert_eq!(refused.code(), "invalid", "nothing is kept there");
    let elsewhere = Wardseal::open(place.options()).await.unwrap();
    assert_eq!(
        elsewhere.sessions().import(&exported).await.unwrap(),
        [session]
    );
    let refused = elsewhere.seal(session, "x").await.unwrap_err();
    assert_eq!(refused.code(), "no_identity", "it only opens");
    let last = exported.len() - 1;
    exported[last] ^= 1;
    let refused = elsewhere.sessions().import(&exported).await.unwrap_err();
    assert_eq!(refused.code(), "bad_export");
    let stranger = place.person("carla").await;
    let refused = stranger.sessions().export(&[session]).await.unwrap_err();
    assert_eq!(refused.code(), "no_access");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_opened_at_once_is_asked_for_once() {
    let place = Place::new().await;
    let (anna, carla) = (place.person("anna").await, place.person("carla").await);
    let (mine, hers) = (me(&anna).await, me(&carla).await);
    let mut sealed = Vec::new();
    for at in 0..10_u8 {
        let new = NewSession {
            manage: vec![mine],
            read: vec![hers],
            ..NewSession::default()
        };
        let session = anna.sessions().create(new).await.unwrap();
        sealed.push(anna.seal(session, [at]).await.unwrap());
    }
    let first = carla.open_bytes(sealed.remove(0)).await.unwrap();
    assert_eq!(first.bytes().await.unwrap(), [0]);
    let before = place.world.keys.seen("fetch");
    sealed.insert(4, b"no object".to_vec());
    let opened = carla.open_many(sealed).await;
    let mut contents = Vec::new();
    for (at, opened) in opened.into_iter().enumerate() {
        match opened {
            Ok(opened) => contents.extend(opened.bytes().await.unwrap()),
            Err(error) => assert_eq!((at, error.code()), (4, "not_an_object")),
        }
    }
    assert_eq!(contents, (1..10).collect::<Vec<u8>>());
    // One may have begun before the others asked.
    let asked = place.world.keys.seen("fetch") - before;
    assert!(
        (1..=3).contains(&asked),
        "{asked} requests for nine sessions"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_go_over_pages() {
    let place = Place::new().await;
    let ward = place.person("anna").await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(session(&ward).await);
    }
    let page = ward.sessions().page(None, 2).await.unwrap();
    assert_eq!(page.sessions, made[..2]);
    let page = ward.sessions().page(page.next, 100).await.unwrap();
    assert_eq!((page.sessions.as_slice(), page.next), (&made[2..], None));
    assert_eq!(ward.sessions().list().all().await.unwrap(), made);
}
