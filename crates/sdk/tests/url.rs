//! Objects at web addresses, over a server of files on this machine.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a broken fixture must stop the test where it broke"
)]

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpListener,
};
use wardseal_e2e::Place;
use wardseal_sdk::NewSession;

/// Serves the file by ranges; counts what was sent.
async fn serve(file: Arc<Mutex<Vec<u8>>>, sent: Arc<AtomicUsize>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/file", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let mut stream = BufReader::new(stream);
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") && stream.read_line(&mut head).await.unwrap() > 0 {}
            let (answer, content) = answer(&file.lock().unwrap(), &head);
            sent.fetch_add(content.len(), Ordering::SeqCst);
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.write_all(&content).await;
            let _ = stream.shutdown().await;
        }
    });
    url
}

fn answer(file: &[u8], head: &str) -> (String, Vec<u8>) {
    let asked = head.to_lowercase();
    let range = asked.split_once("range: bytes=").unwrap().1;
    let (first, last) = range.lines().next().unwrap().split_once('-').unwrap();
    let first: usize = first.parse().unwrap();
    let end = (last.parse::<usize>().unwrap() + 1).min(file.len());
    let content = file[first..end].to_vec();
    let answer = format!(
        "HTTP/1.1 206 Partial\r\ncontent-range: bytes {first}-{}/{}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        end - 1,
        file.len(),
        content.len()
    );
    (answer, content)
}

#[tokio::test(flavor = "multi_thread")]
async fn of_an_object_at_an_address_only_what_is_read_travels() {
    let place = Place::new().await;
    let ward = place.person("doctor-4711").await;
    let new = NewSession {
        manage: vec![ward.profile().await.unwrap().user.into()],
        ..NewSession::default()
    };
    let session = ward.sessions().create(new).await.unwrap();
    let content: Vec<u8> = (0..6_000_000_u32)
        .map(|at| u8::try_from(at.wrapping_mul(2_654_435_761) >> 24).unwrap())
        .collect();
    let sealed = ward.seal(session, content.clone()).await.unwrap();
    let file = Arc::new(Mutex::new(sealed.clone()));
    let sent = Arc::new(AtomicUsize::new(0));
    let url = serve(Arc::clone(&file), Arc::clone(&sent)).await;

    let opened = ward.open_url(&url, Some("token")).await.unwrap();
    assert!(opened.verified());
    let part = opened.range(4_000_000..4_000_100).await.unwrap();
    assert!(part == content[4_000_000..4_000_100]);
    let travelled = sent.load(Ordering::SeqCst);
    assert!(travelled < 3 << 20, "{travelled} bytes for a hundred");
    assert!(opened.bytes().await.unwrap() == content);

    // What the server or somebody on the way changed does not open; what has another length is said.
    file.lock().unwrap()[5_500_000] ^= 1;
    let again = ward.open_url(&url, None).await.unwrap();
    assert!(again.range(0..100).await.unwrap() == content[..100]);
    let refused = again.range(5_400_000..5_500_000).await.unwrap_err();
    assert_eq!(refused.code(), "object_rejected");
    file.lock().unwrap().push(0);
    let refused = again.range(2_000_000..2_000_100).await.unwrap_err();
    assert_eq!(refused.code(), "source_changed");
    let refused = ward
        .open_url("http://files.example/x", None)
        .await
        .unwrap_err();
    assert_eq!(refused.code(), "invalid");
}
