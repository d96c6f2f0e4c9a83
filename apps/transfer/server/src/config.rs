//! `wardseal-transfer serve`: its arguments, and the server that is put together from them.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Args;
use wardseal_blobs::{Blobs, S3, S3Error, StoreError};
use wardseal_tenant::{EscrowDesk, EscrowSecret};
use wardseal_types::Clock;

use crate::{
    admin::{self, AdminError},
    app::{App, Parts},
    files,
    mail::{Mailer, MailerError},
    model::PageConfig,
    people::{People, PeopleError, Tenant},
    random::Random,
    server::Stop,
    web::{Web, WebError},
};

/// Arguments of `serve`.
#[derive(Args, Clone, Debug)]
pub struct ServeArguments {
    /// Where the database, the sealed blobs and the token key lie
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Where the sealed blobs lie: a folder, or s3://bucket/prefix with credentials of the environment
    /// (`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`) [default: the folder `blobs` of --data]
    #[arg(long, value_name = "PLACE")]
    pub blobs: Option<String>,
    /// Address of the service of the bucket, where that is not Amazon's
    #[arg(long, value_name = "URL")]
    pub s3_endpoint: Option<String>,
    /// Region of the bucket
    #[arg(long, value_name = "NAME")]
    pub s3_region: Option<String>,
    /// The bucket stands in the path and not in the name of the host, as most services of one's own
    /// want it
    #[arg(long)]
    pub s3_path_style: bool,
    /// Address and port to listen on; port 0 picks a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7430")]
    pub listen: SocketAddr,
    /// Public address of this server: its origin, which devices sign [default: the address it
    /// listens on]
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// Address of the key server
    #[arg(long, value_name = "URL")]
    pub keys: String,
    /// What the key server calls itself in signatures, where that is not its address
    #[arg(long, value_name = "URL")]
    pub keys_audience: Option<String>,
    /// Address of the vault
    #[arg(long, value_name = "URL")]
    pub vault: String,
    /// What the vault calls itself in tokens, where that is not its address
    #[arg(long, value_name = "URL")]
    pub vault_audience: Option<String>,
    /// Directory of the built page
    #[arg(long, value_name = "DIR")]
    pub web: Option<PathBuf>,
    /// Mail server: smtps://name:password@host, smtp://name:password@host?tls=required, or
    /// smtp://127.0.0.1:2525; better given by the environment, since arguments can be seen
    /// [env: WARDSEAL_TRANSFER_SMTP]
    #[arg(long, value_name = "URL")]
    pub smtp: Option<String>,
    /// From whom notifications come
    #[arg(
        long,
        value_name = "ADDRESS",
        default_value = "Wardseal Transfer <noreply@localhost>"
    )]
    pub mail_from: String,
    /// For demonstrations: a JSON file with the roles that the page offers to step into, with their
    /// passwords
    #[arg(long, value_name = "FILE")]
    pub demo: Option<PathBuf>,
}

/// Why the server did not start. Each says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The data directory.
    #[error(transparent)]
    Admin(#[from] AdminError),
    /// A directory that cannot be written to.
    #[error(
        "cannot write to {path}: {reason}. Choose another directory with --data, or change its owner or permissions"
    )]
    Folder {
        /// The directory.
        path: PathBuf,
        /// Why not.
        reason: io::Error,
    },
    /// Another server runs over the same data.
    #[error("another server is using {0}: stop it, or choose another directory with --data")]
    InUse(PathBuf),
    /// The port.
    #[error("cannot listen on {address}: {reason}. Choose another address with --listen")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        reason: io::Error,
    },
    /// An address that is no origin.
    #[error(
        "--url {0} is no origin: it is like https://transfer.example, without a slash at the end"
    )]
    Url(String),
    /// The blobs.
    #[error(
        "the sealed blobs cannot be reached: {0}. Look at --blobs, the --s3- options and the credentials"
    )]
    Blobs(#[from] StoreError),
    /// The bucket of the blobs.
    #[error(transparent)]
    Bucket(#[from] S3Error),
    /// Options of a bucket without a bucket.
    #[error("--s3-endpoint, --s3-region and --s3-path-style are for --blobs s3://bucket")]
    NoBucket,
    /// The people.
    #[error(transparent)]
    People(#[from] PeopleError),
    /// The mail server.
    #[error(transparent)]
    Mail(#[from] MailerError),
    /// The page.
    #[error(transparent)]
    Web(#[from] WebError),
    /// The roles of a demonstration.
    #[error("{path} has no roles for a demonstration: {reason}")]
    Demo {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The threads.
    #[error("cannot start threads: {0}")]
    Threads(io::Error),
}

/// A data directory that no other server uses while this lives.
#[derive(Debug)]
pub struct DataLock(#[expect(dead_code, reason = "the lock belongs to the file")] File);

/// Locks a data directory: two servers over one would send every letter twice.
///
/// # Errors
/// [`StartError::InUse`], [`StartError::Folder`].
pub fn lock(data: &Path) -> Result<DataLock, StartError> {
    let refused = |reason| StartError::Folder {
        path: data.to_owned(),
        reason,
    };
    files::make_folder(data).map_err(refused)?;
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(data.join("lock"))
        .map_err(refused)?;
    match file.try_lock() {
        Ok(()) => Ok(DataLock(file)),
        Err(TryLockError::WouldBlock) => Err(StartError::InUse(data.to_owned())),
        Err(TryLockError::Error(reason)) => Err(refused(reason)),
    }
}

/// Puts a server together that listens on `address`.
///
/// # Errors
/// [`StartError`].
pub fn assemble(
    arguments: &ServeArguments,
    address: SocketAddr,
    clock: Arc<dyn Clock>,
    random: Random,
    stop: Stop,
) -> Result<Arc<App>, StartError> {
    let data = &arguments.data;
    let (id, key) = admin::tenant(data)?;
    let audience = match &arguments.url {
        Some(url) if is_origin(url) => url.clone(),
        Some(url) => return Err(StartError::Url(url.clone())),
        None => format!("http://{address}"),
    };
    let escrow = admin::escrow_key(data)?;
    let store = admin::open(data)?;
    let random = Arc::new(random);
    let tenant = Tenant {
        id,
        key,
        keys: arguments.keys.clone(),
        audience: arguments
            .keys_audience
            .clone()
            .unwrap_or_else(|| arguments.keys.clone()),
    };
    let people = People::new(
        tenant,
        data.join("directory.record"),
        Arc::clone(&clock),
        Arc::clone(&random),
    )?;
    let mailer = arguments
        .smtp
        .as_ref()
        .map(|server| Mailer::new(server, &arguments.mail_from, &audience))
        .transpose()?;
    let web = arguments
        .web
        .as_ref()
        .map(|folder| Web::new(folder, &[&arguments.keys, &arguments.vault]))
        .transpose()?;
    let page = PageConfig {
        tenant: id,
        keys: arguments.keys.clone(),
        vault: arguments.vault.clone(),
        audience,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        escrow: escrow.is_some(),
        assigned: escrow.as_ref().is_some_and(EscrowSecret::takes_assigned),
        demo: arguments.demo.as_deref().map(demonstration).transpose()?,
    };
    let parts = Parts {
        page,
        store,
        blobs: blobs(arguments, &random)?,
        people,
        mailer,
        web,
        vault_audience: arguments
            .vault_audience
            .clone()
            .unwrap_or_else(|| arguments.vault.clone()),
        desk: match escrow {
            Some(escrow) => {
                let (_, key) = admin::tenant(data)?;
                Some(EscrowDesk::new(id, key, [escrow]))
            }
            None => None,
        },
        clock,
        random,
    };
    Ok(App::new(parts, stop))
}

/// The place of the sealed blobs.
fn blobs(arguments: &ServeArguments, random: &Arc<Random>) -> Result<Blobs, StartError> {
    let random = Arc::clone(random);
    let draw = move || random.bytes::<8>();
    let place = arguments.blobs.as_deref();
    if let Some(place) = place.filter(|place| place.starts_with("s3:")) {
        let s3 = S3 {
            endpoint: arguments.s3_endpoint.clone(),
            region: arguments.s3_region.clone(),
            path_style: arguments.s3_path_style,
            ..S3::at(place)?
        };
        return Ok(Blobs::in_s3(&s3, draw)?);
    }
    if arguments.s3_endpoint.is_some() || arguments.s3_region.is_some() || arguments.s3_path_style {
        return Err(StartError::NoBucket);
    }
    let folder = place.map_or_else(|| arguments.data.join("blobs"), PathBuf::from);
    files::make_folder(&folder).map_err(|reason| StartError::Folder {
        path: folder.clone(),
        reason,
    })?;
    Ok(Blobs::in_folder(&folder, draw)?)
}

fn is_origin(url: &str) -> bool {
    reqwest::Url::parse(url).is_ok_and(|parsed| {
        matches!(parsed.scheme(), "http" | "https") && parsed.origin().ascii_serialization() == url
    })
}

/// What the page is to show of a demonstration.
fn demonstration(path: &Path) -> Result<serde_json::Value, StartError> {
    let refused = |reason: String| StartError::Demo {
        path: path.to_owned(),
        reason,
    };
    let text = std::fs::read_to_string(path).map_err(|reason| refused(reason.to_string()))?;
    serde_json::from_str(&text).map_err(|reason| refused(reason.to_string()))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[test]
    fn only_an_origin_is_signed() {
        for good in ["https://transfer.example", "http://127.0.0.1:7430"] {
            assert!(is_origin(good), "{good}");
        }
        for bad in [
            "https://transfer.example/",
            "https://Transfer.example",
            "https://transfer.example:443",
            "ftp://transfer.example",
            "transfer.example",
            "https://name@transfer.example",
        ] {
            assert!(!is_origin(bad), "{bad}");
        }
    }

    #[test]
    fn a_demonstration_without_readable_roles_does_not_start() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("roles.json");
        assert!(matches!(demonstration(&path), Err(StartError::Demo { .. })));
        std::fs::write(&path, "{\"roles\": [").unwrap();
        assert!(matches!(demonstration(&path), Err(StartError::Demo { .. })));
        std::fs::write(&path, "{\"roles\": []}").unwrap();
        assert!(demonstration(&path).unwrap()["roles"].is_array());
    }

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        serve: ServeArguments,
    }

    /// The place of the blobs that these arguments name.
    fn place(data: &Path, more: &[&str]) -> Result<String, StartError> {
        let data = data.to_str().unwrap();
        let required = ["serve", "--data", data, "--keys", "k", "--vault", "v"];
        let line = Line::parse_from(required.iter().chain(more));
        let random = Arc::new(Random::new(rand_core::UnwrapErr(getrandom::SysRng)));
        blobs(&line.serve, &random).map(|blobs| format!("{blobs:?}"))
    }

    #[test]
    fn blobs_lie_in_a_folder_or_in_a_bucket() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path();
        place(data, &[]).unwrap();
        assert!(data.join("blobs").is_dir());
        let elsewhere = data.join("elsewhere");
        place(data, &["--blobs", elsewhere.to_str().unwrap()]).unwrap();
        assert!(elsewhere.is_dir());
        let bucket = [
            "--blobs",
            "s3://sealed/transfer",
            "--s3-endpoint",
            "http://127.0.0.1:9000",
            "--s3-region",
            "eu-central-1",
            "--s3-path-style",
        ];
        let text = place(data, &bucket).unwrap();
        assert_eq!(text, "Blobs(PrefixObjectStore(transfer))");

        for options in [&["--s3-path-style"][..], &["--s3-region", "x"]] {
            assert!(matches!(place(data, options), Err(StartError::NoBucket)));
        }
        let bad = place(data, &["--blobs", "s3:sealed"]);
        assert!(matches!(bad, Err(StartError::Bucket(S3Error::Place(_)))));
        let plain = [
            "--blobs",
            "s3://sealed",
            "--s3-endpoint",
            "http://s3.example",
        ];
        assert!(matches!(
            place(data, &plain),
            Err(StartError::Bucket(S3Error::Plain(_)))
        ));
    }

    #[test]
    fn one_server_for_one_directory() {
        let folder = tempfile::tempdir().unwrap();
        let first = lock(folder.path()).unwrap();
        assert!(matches!(lock(folder.path()), Err(StartError::InUse(_))));
        drop(first);
        assert!(lock(folder.path()).is_ok());
    }
}
