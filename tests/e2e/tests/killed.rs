//! A program that is killed (SIGKILL) at every step of a change and of a reset of the password:
//! afterwards exactly one password works, and the next try succeeds.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a broken fixture must stop the test where it broke"
)]

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
};

use wardseal_client::{Client, Config, Error, Misuse};
use wardseal_client_http::HttpTransport;
use wardseal_client_password::{PasswordError, set_password};
use wardseal_client_sqlite::open_folder;
use wardseal_e2e::{Disk, World};
use wardseal_testkit::seeded;
use wardseal_types::{Clock as _, ManualClock};

const PASSWORDS: [&str; 2] = ["Drei Igel tanzen 1 Walzer", "Vier Igel tanzen 2 Walzer"];
/// No flow takes so many steps.
const MANY: u64 = 200;

async fn works(world: &World, password: &str) -> bool {
    let machine = world.direct_machine(&Disk::default()).await;
    match world.unlock(&machine, "ben", password).await {
        Ok(_) => true,
        Err(PasswordError::Client(Error::Misuse(Misuse::WrongPassword))) => false,
        Err(error) => panic!("neither right nor wrong: {error}"),
    }
}

/// Which of the two works. The other does not.
async fn the_one(world: &World) -> usize {
    let both = [
        works(world, PASSWORDS[0]).await,
        works(world, PASSWORDS[1]).await,
    ];
    match both {
        [true, false] => 0,
        [false, true] => 1,
        _ => panic!("of two passwords {both:?} work"),
    }
}

/// Runs the program up to its n-th step and kills it there. Says whether it came to its end before.
fn run(world: &World, folder: &Path, step: u64, what: &[&str]) -> bool {
    let mut child = Command::new(env!("CARGO_BIN_EXE_interrupted"))
        .args([world.servers.keys_url(), world.servers.vault_url()])
        .arg(world.tenant.to_string())
        .arg(folder)
        .arg(world.clock.now().millis().to_string())
        .arg((step * 10 + 50_000).to_string())
        .arg(step.to_string())
        .args(what)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    out.read_line(&mut said).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    match said.trim() {
        "here" => false,
        "done" => true,
        other => panic!("step {step}: {other}"),
    }
}

/// Ben on a machine with a disk of its own, and the first password.
async fn ben(world: &World, folder: &Path) -> Option<String> {
    let transport = HttpTransport::new(
        Some(world.servers.keys_url().parse().unwrap()),
        Some(world.servers.vault_url().parse().unwrap()),
    );
    let (store, key) = open_folder(folder, &mut seeded(1)).unwrap();
    let clock: Arc<ManualClock> = Arc::clone(&world.clock);
    let rng = Box::new(world.rng());
    let ben = Client::open(
        Config::new(world.tenant),
        transport.unwrap(),
        store,
        key,
        clock,
        rng,
    )
    .await
    .unwrap();
    let sign_up = ben.begin_sign_up("ben").await.unwrap();
    let token = world.token(&sign_up, world.clock.now());
    ben.finish_sign_up(&token).await.unwrap();
    set_password(&ben, PASSWORDS[0], &[], world.rng())
        .await
        .unwrap();
    let code = ben.create_recovery_code().await.ok();
    code.map(|code| code.to_string())
}

/// Kills at every step. `place` is the folder for a step.
async fn at_every_step(
    world: &World,
    place: impl Fn(u64) -> std::path::PathBuf,
    what: impl Fn(&'static str) -> Vec<&'static str>,
) {
    let mut present = the_one(world).await;
    let (mut before, mut after) = (0, 0);
    for step in 1..MANY {
        // The limits of attempts are not what is tested here.
        world.pass(4 * 3_600_000);
        let wanted = 1 - present;
        let ended = run(world, &place(step), step, &what(PASSWORDS[wanted]));
        let now = the_one(world).await;
        if now == wanted {
            after += 1;
        } else {
            before += 1;
        }
        present = now;
        if ended {
            assert_eq!(now, wanted, "what came to its end holds");
            assert!(before > 5 && after > 2, "{before} before, {after} after");
            return;
        }
    }
    panic!("no end after {MANY} steps");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_is_killed_leaves_one_password() {
    let world = World::new().await;
    let folder = tempfile::tempdir().unwrap();
    ben(&world, folder.path()).await;
    at_every_step(
        &world,
        |_| folder.path().to_owned(),
        |password| vec!["change", password],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_that_is_killed_leaves_one_password() {
    let world = World::new().await;
    let folder = tempfile::tempdir().unwrap();
    let code = ben(&world, &folder.path().join("own")).await.unwrap();
    let code: &'static str = code.leak();
    // Each time on an empty machine.
    at_every_step(
        &world,
        |step| folder.path().join(step.to_string()),
        |password| vec!["reset", "ben", code, password],
    )
    .await;
}
