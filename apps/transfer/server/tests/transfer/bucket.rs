//! The program with its blobs in a bucket, over a server that speaks S3.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use hyper::service::Service as HyperService;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use s3s::{auth::SimpleAuth, service::S3ServiceBuilder};
use s3s_fs::FileSystem;
use tokio::net::TcpListener;

use crate::program::program;

/// A server over this folder; where it listens.
async fn s3(folder: &Path) -> String {
    let mut builder = S3ServiceBuilder::new(FileSystem::new(folder).unwrap());
    builder.set_auth(SimpleAuth::from_single("id", "secret"));
    let service = builder.build();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let service = service.clone();
            let answer =
                hyper::service::service_fn(move |request| HyperService::call(&service, request));
            tokio::spawn(async move {
                let connection = Builder::new(TokioExecutor::new());
                let _ = connection
                    .serve_connection(TokioIo::new(stream), answer)
                    .await;
            });
        }
    });
    endpoint
}

/// A data directory with a tenant.
fn initialised(folder: &Path) -> String {
    let [data, made] = ["data", "tenant"].map(|name| folder.join(name).display().to_string());
    std::fs::create_dir(&made).unwrap();
    std::fs::write(format!("{made}/token.key"), [4; 32]).unwrap();
    let tenant = wardseal_types::TenantId::from_bytes([4; 32]);
    let described = format!("tenant = \"{tenant}\"\n");
    std::fs::write(format!("{made}/tenant.toml"), described).unwrap();
    let done = program()
        .args(["init", "--data", &data, "--tenant", &made])
        .status()
        .unwrap();
    assert!(done.success());
    data
}

fn serve(data: &str, endpoint: &str, secret: &str) -> Command {
    let mut command = program();
    command
        .args(["serve", "--data", data, "--listen", "127.0.0.1:0"])
        .args([
            "--keys",
            "http://127.0.0.1:1",
            "--vault",
            "http://127.0.0.1:1",
        ])
        .args(["--blobs", "s3://sealed/transfer", "--s3-endpoint", endpoint])
        .args(["--s3-path-style", "--s3-region", "eu-central-1"])
        .env("AWS_ACCESS_KEY_ID", "id")
        .env("AWS_SECRET_ACCESS_KEY", secret)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// A running server, killed when it goes out of scope.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn blobs_in_a_bucket_are_tried_before_anybody_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let buckets = folder.path().join("buckets");
    std::fs::create_dir_all(buckets.join("sealed")).unwrap();
    let endpoint = s3(&buckets).await;
    let data = initialised(folder.path());

    let refused = serve(&data, &endpoint, "wrong");
    let refused = tokio::task::spawn_blocking(move || {
        let mut refused = refused;
        refused.output().unwrap()
    })
    .await
    .unwrap();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(
        said.contains("the sealed blobs cannot be reached") && said.contains("credentials"),
        "{said}"
    );
    assert!(!said.contains("wrong"), "{said}");

    let running = serve(&data, &endpoint, "secret").spawn().unwrap();
    let mut running = Running(running);
    let out = running.0.stdout.take().unwrap();
    let line = tokio::task::spawn_blocking(move || {
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line).unwrap();
        line
    })
    .await
    .unwrap();
    assert!(line.starts_with("listening on "), "{line}");
    assert!(
        !Path::new(&data).join("blobs").exists(),
        "nothing lies in the folder"
    );
}
