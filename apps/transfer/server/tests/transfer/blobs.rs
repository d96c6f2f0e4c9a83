//! Uploads that break, and blobs that are refused.

use reqwest::Method;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use transfer_server::{Id, PART};

use crate::site::{Facility, Site};

const DAY: u64 = 24 * 3_600_000;

async fn begin(facility: &Facility, id: Id, size: usize) -> (u16, Value) {
    let body = json!({ "id": id, "size": size, "facility": facility.group });
    facility.admin.browser.post("/api/blobs", &body).await
}

/// Appends; the status, and where the upload stands if that is told.
async fn append(facility: &Facility, id: Id, offset: u64, bytes: &[u8]) -> (u16, Option<u64>) {
    let request = facility
        .admin
        .browser
        .request(Method::PATCH, &format!("/api/blobs/{id}"))
        .header("upload-offset", offset)
        .body(bytes.to_vec());
    let answer = request.send().await.unwrap();
    let stands = answer
        .headers()
        .get("upload-offset")
        .map(|value| value.to_str().unwrap().parse().unwrap());
    (answer.status().as_u16(), stands)
}

async fn stands(facility: &Facility, id: Id) -> (u64, u64) {
    let request = facility
        .admin
        .browser
        .request(Method::HEAD, &format!("/api/blobs/{id}"));
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["tus-resumable"], "1.0.0");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let number = |name: &str| answer.headers()[name].to_str().unwrap().parse().unwrap();
    (number("upload-offset"), number("upload-length"))
}

fn content(size: usize) -> Vec<u8> {
    (0..size)
        .map(|place| u8::try_from(place * 31 % 251).unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_goes_on_after_every_kind_of_interruption() {
    let mut site = Site::new().await;
    let roch = site.facility("Saint-Roch").await;
    let id = site.id();
    let whole = content(2 * PART + 12_345);
    assert_eq!(begin(&roch, id, whole.len()).await.0, 200);
    assert_eq!(
        append(&roch, id, 0, &whole[..1000]).await,
        (204, Some(1000))
    );

    // A connection that breaks in the middle of a part: what came before the break stays.
    let cookie = roch.admin.browser.cookie.lock().unwrap().clone().unwrap();
    let address = site.url.strip_prefix("http://").unwrap().to_owned();
    let mut stream = TcpStream::connect(&address).await.unwrap();
    let head = format!(
        "PATCH /api/blobs/{id} HTTP/1.1\r\nhost: {address}\r\ncookie: {cookie}\r\nupload-offset: 1000\r\n\
         content-length: {}\r\n\r\n",
        whole.len() - 1000
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&whole[1000..PART + 50_000]).await.unwrap();
    stream.shutdown().await.unwrap();
    // The server closes when it has kept what came.
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let mut at = 0;
    for _ in 0..1000 {
        at = stands(&roch, id).await.0;
        if at == u64::try_from(PART + 50_000).unwrap() {
            break;
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(at, u64::try_from(PART + 50_000).unwrap());

    // A server that is stopped and started again.
    site.restart().await;
    assert_eq!(
        stands(&roch, id).await,
        (at, u64::try_from(whole.len()).unwrap())
    );
    let (status, begun) = begin(&roch, id, whole.len()).await;
    assert_eq!((status, &begun["offset"]), (200, &json!(at)));
    // At a wrong offset the right one is told, and nothing is written.
    assert_eq!(append(&roch, id, 0, &whole).await, (409, Some(at)));
    assert_eq!(append(&roch, id, at + 1, b"x").await, (409, Some(at)));
    assert_eq!(roch.admin.browser.blob(&id.to_string()).await, Err(404));
    // Two at once at the same place: one counts.
    let from = usize::try_from(at).unwrap();
    let (one, two) = tokio::join!(
        append(&roch, id, at, &whole[from..from + 70_000]),
        append(&roch, id, at, &whole[from..from + 70_000]),
    );
    let mut statuses = [one.0, two.0];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 409]);
    let rest = &whole[from + 70_000..];
    assert_eq!(append(&roch, id, at + 70_000, rest).await.0, 204);
    let read = roch.admin.browser.blob(&id.to_string()).await.unwrap();
    assert!(read == whole, "what was uploaded is what is read");
    // Every byte of every range is the right one.
    for (from, to) in [
        (0, 10),
        (990, 1010),
        (PART - 5, PART + 5),
        (whole.len() - 5, whole.len()),
    ] {
        let answer = roch
            .admin
            .browser
            .request(Method::GET, &format!("/api/blobs/{id}"))
            .header("range", format!("bytes={from}-{}", to - 1))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 206);
        assert_eq!(answer.headers()["etag"], format!("\"{id}\""));
        assert_eq!(answer.bytes().await.unwrap(), whole[from..to]);
    }
    let answer = roch
        .admin
        .browser
        .request(Method::GET, &format!("/api/blobs/{id}"))
        .header("range", format!("bytes={}-", whole.len()))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 416);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_much_or_taken_is_refused() {
    let site = Site::new().await;
    let roch = site.facility("Saint-Roch").await;
    let park = site.facility("Park").await;
    let id = site.id();
    let most = usize::try_from(transfer_server::MOST_BYTES).unwrap();
    for (size, status) in [(0, 413), (most + 1, 413), (most, 200)] {
        assert_eq!(begin(&roch, site.id(), size).await.0, status, "{size}");
    }
    assert_eq!(begin(&roch, id, 10).await.0, 200);
    assert_eq!(append(&roch, id, 0, b"01234567890").await, (413, None));
    assert_eq!(stands(&roch, id).await, (0, 10));
    // Also when the length is not announced.
    let pieces = futures_util::stream::iter([Ok::<_, std::io::Error>("01234"), Ok("567890")]);
    let request = roch
        .admin
        .browser
        .request(Method::PATCH, &format!("/api/blobs/{id}"))
        .header("upload-offset", 0)
        .body(reqwest::Body::wrap_stream(pieces));
    assert_eq!(roch.admin.browser.send(request).await.0, 413);
    let (at, _) = stands(&roch, id).await;
    assert!(at <= 10);
    let (status, problem) = begin(&roch, id, 11).await;
    assert_eq!((status, &problem["code"]), (409, &json!("taken")));
    let (status, _) = begin(&park, id, 10).await;
    assert_eq!(status, 409);
    // An unfinished blob can be neither read nor referred to.
    assert_eq!(roch.admin.browser.blob(&id.to_string()).await, Err(404));
    let case = site.case(&roch).await;
    let body = json!({ "version": case.version(), "blob": id });
    let path = format!("/api/cases/{}/documents", case.id);
    let (status, problem) = roch.admin.browser.post(&path, &body).await;
    assert_eq!((status, &problem["code"]), (422, &json!("blob_missing")));

    // Small ones at once: the same again is fine, another content is not.
    let small = site.id();
    let put = async |facility: &Facility, content: Vec<u8>| {
        let path = format!("/api/blobs/{small}?facility={}", facility.group);
        let request = facility
            .admin
            .browser
            .request(Method::PUT, &path)
            .body(content);
        facility.admin.browser.send(request).await.0
    };
    assert_eq!(put(&roch, vec![0; (1 << 20) + 1]).await, 413);
    assert_eq!(put(&roch, Vec::new()).await, 400);
    assert_eq!(put(&roch, b"sealed".to_vec()).await, 204);
    assert_eq!(put(&roch, b"sealed".to_vec()).await, 204);
    assert_eq!(put(&roch, b"other".to_vec()).await, 409);
    assert_eq!(put(&park, b"sealed".to_vec()).await, 409);
    assert_eq!(
        roch.admin.browser.blob(&small.to_string()).await.unwrap(),
        b"sealed"
    );
    // Many at once: only one's own, only small ones, each once.
    let large = site.id();
    roch.admin
        .browser
        .put(large, roch.group, vec![1; 300_000])
        .await;
    let theirs = site.blob(&park.admin, park.group).await;
    let ids = json!({ "ids": [small, small, large, theirs, site.id(), id] });
    let (status, fetched) = roch.admin.browser.post("/api/blobs/fetch", &ids).await;
    assert_eq!(status, 200);
    let mut only = json!({ "blobs": {} });
    only["blobs"][small.to_string()] = json!("c2VhbGVk");
    assert_eq!(fetched, only);
    let many: Vec<_> = (0..101).map(|_| site.id()).collect();
    let (status, _) = roch
        .admin
        .browser
        .post("/api/blobs/fetch", &json!({ "ids": many }))
        .await;
    assert_eq!(status, 413);
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_requests_are_refused() {
    let site = Site::new().await;
    let roch = site.facility("Saint-Roch").await;
    let browser = &roch.admin.browser;
    for path in [
        "/api/blobs/nonsense",
        "/api/blobs/01arz3ndektsv4rrffq69g5fav",
        "/api/cases/..%2f..%2fetc",
        "/api/cases?facility=grp_x",
        "/api/cases",
        "/api/requests?facility=&facility=",
    ] {
        let (status, problem) = browser.get(path).await;
        assert_eq!(
            (status, &problem["code"]),
            (400, &json!("malformed_request")),
            "{path}"
        );
    }
    for path in ["/api/nothing", "/api", "/api/", "/api/cases/x/y/z"] {
        let (status, problem) = browser.get(path).await;
        assert_eq!(
            (status, &problem["code"]),
            (404, &json!("no_such_route")),
            "{path}"
        );
    }
    let (status, problem) = browser.delete("/api/facilities").await;
    assert_eq!((status, &problem["code"]), (404, &json!("no_such_route")));
    let raw = async |body: &str, kind: &str| {
        let request = browser
            .request(Method::POST, "/api/blobs/fetch")
            .header("content-type", kind)
            .body(body.to_owned());
        browser.send(request).await
    };
    for (body, kind) in [
        ("{\"ids\": []}", "text/plain"),
        ("{\"ids\": [}", "application/json"),
        ("{\"ids\": [], \"secret\": \"Müller\"}", "application/json"),
        ("", "application/json"),
    ] {
        let (status, problem) = raw(body, kind).await;
        assert_eq!(
            (status, &problem["code"]),
            (400, &json!("malformed_request")),
            "{body}"
        );
        assert!(
            !problem.to_string().contains("secret"),
            "nothing is repeated"
        );
    }
    let large = format!("{{\"ids\": [\"{}\"]}}", "x".repeat(70_000));
    assert_eq!(raw(&large, "application/json").await.0, 413);
    let (status, _) = append_without_offset(&roch, site.id()).await;
    assert_eq!(status, 404);
    let id = site.id();
    begin(&roch, id, 10).await;
    let (status, problem) = append_without_offset(&roch, id).await;
    assert_eq!(
        (status, &problem["code"]),
        (400, &json!("malformed_request"))
    );
}

async fn append_without_offset(facility: &Facility, id: Id) -> (u16, Value) {
    let browser = &facility.admin.browser;
    let request = browser.request(Method::PATCH, &format!("/api/blobs/{id}"));
    browser.send(request.body("x")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nothing_refers_to_is_forgotten_and_all_else_stays() {
    let site = Site::new().await;
    let roch = site.facility("Saint-Roch").await;
    let case = site.case(&roch).await;
    let old = case.record["sealed"].as_str().unwrap().to_owned();
    let left = site.id();
    begin(&roch, left, 10).await;
    append(&roch, left, 0, b"12345").await;
    let unused = site.blob(&roch.admin, roch.group).await;
    let document = site.blob(&roch.admin, roch.group).await;
    let path = format!("/api/cases/{}", case.id);
    let add = json!({ "version": case.version(), "blob": document });
    let (status, record) = roch
        .admin
        .browser
        .post(&format!("{path}/documents"), &add)
        .await;
    assert_eq!(status, 200);
    let (status, problem) = roch
        .admin
        .browser
        .post(
            &format!("{path}/documents"),
            &json!({ "version": record["version"], "blob": document }),
        )
        .await;
    assert_eq!((status, &problem["code"]), (409, &json!("taken")));
    let new = site.blob(&roch.admin, roch.group).await;
    let body = json!({ "version": record["version"], "sealed": new });
    let (status, record) = roch
        .admin
        .browser
        .post(&format!("{path}/update"), &body)
        .await;
    assert_eq!(status, 200);
    let parts = || {
        std::fs::read_dir(site.data().join("blobs"))
            .unwrap()
            .count()
    };
    site.app.tidy().await.unwrap();
    assert_eq!(parts(), 5);
    site.pass(3 * DAY);
    site.app.tidy().await.unwrap();
    let folders: Vec<_> = std::fs::read_dir(site.data().join("blobs"))
        .unwrap()
        .filter(|entry| {
            let path = entry.as_ref().unwrap().path();
            std::fs::read_dir(path).unwrap().count() > 0
        })
        .collect();
    assert_eq!(folders.len(), 2);
    site.sign_in(&roch.admin).await;
    for gone in [&old, &left.to_string(), &unused.to_string()] {
        assert_eq!(roch.admin.browser.blob(gone).await, Err(404));
    }
    for kept in [document, new] {
        assert!(roch.admin.browser.blob(&kept.to_string()).await.is_ok());
    }
    // A document that is removed from its case is forgotten like all else.
    let path = format!("{path}/documents/{document}?version={}", record["version"]);
    for _ in 0..2 {
        let (status, record) = roch.admin.browser.delete(&path).await;
        assert_eq!((status, &record["documents"]), (200, &json!([])));
    }
    site.app.tidy().await.unwrap();
    assert_eq!(
        roch.admin.browser.blob(&document.to_string()).await,
        Err(404)
    );
}
