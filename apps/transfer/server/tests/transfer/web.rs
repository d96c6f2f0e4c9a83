//! The page, and what browsers are told about it.

use crate::site::Site;

#[tokio::test(flavor = "multi_thread")]
async fn the_page_comes_with_its_policy_and_files_last() {
    let site = Site::new().await;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let get = async |path: &str, encoding: &str| {
        http.get(format!("{}{path}", site.url))
            .header("accept-encoding", encoding)
            .send()
            .await
            .unwrap()
    };
    for path in [
        "/",
        "/cases/01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "/inbox",
        "/index.html",
    ] {
        let answer = get(path, "identity").await;
        assert_eq!(answer.status(), 200, "{path}");
        let headers = answer.headers().clone();
        assert_eq!(headers["content-type"], "text/html");
        assert_eq!(headers["cache-control"], "no-cache");
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["referrer-policy"], "no-referrer");
        let policy = headers["content-security-policy"].to_str().unwrap();
        let connect = format!(
            "connect-src 'self' {} {};",
            site.servers.keys_url(),
            site.servers.vault_url()
        );
        for needed in [
            "default-src 'none'",
            "script-src 'self' 'wasm-unsafe-eval';",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "form-action 'none'",
            "base-uri 'none'",
            connect.as_str(),
        ] {
            assert!(policy.contains(needed), "{needed} in {policy}");
        }
        assert!(!policy.contains("unsafe-inline") && !policy.contains('*'));
        assert!(answer.text().await.unwrap().contains("<title>page"));
    }
    let plain = get("/assets/main-1a2b.js", "identity").await;
    assert_eq!(
        plain.headers()["cache-control"],
        "public, max-age=31536000, immutable"
    );
    assert_eq!(plain.headers()["content-type"], "text/javascript");
    assert_eq!(plain.text().await.unwrap(), "export {}");
    let small = get("/assets/main-1a2b.js", "br").await;
    assert_eq!(small.headers()["content-encoding"], "br");
    assert_eq!(small.bytes().await.unwrap(), "compressed");
    for path in [
        "/assets/gone-3c4d.js",
        "/../data/transfer.db",
        "/..%2fdata%2ftoken.key",
        "/x.css",
    ] {
        let answer = get(path, "identity").await;
        assert_eq!(answer.status(), 404, "{path}");
    }
    // The API is no page.
    let answer = get("/api/config", "identity").await;
    assert_eq!(answer.headers()["cache-control"], "no-store");
    assert_eq!(
        answer.headers()["content-security-policy"],
        "default-src 'none'; frame-ancestors 'none'"
    );
    assert_eq!(get("/healthz", "identity").await.status(), 200);
    assert_eq!(get("/readyz", "identity").await.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_directory_is_read_again_only_when_it_changed() {
    let site = Site::new().await;
    let park = site.facility("Park").await;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let get = async |tag: &str| {
        http.get(format!("{}/api/facilities", site.url))
            .header("if-none-match", tag)
            .send()
            .await
            .unwrap()
    };
    let first = get("\"\"").await;
    assert_eq!(first.status(), 200);
    let tag = first.headers()["etag"].to_str().unwrap().to_owned();
    let text = first.text().await.unwrap();
    assert!(
        text.contains("Park") && !text.contains("park@example.org"),
        "{text}"
    );
    assert_eq!(get(&tag).await.status(), 304);
    site.register(park.group, "Park am Rhein");
    assert_eq!(get(&tag).await.status(), 200);
}
