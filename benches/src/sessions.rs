//! What sessions cost a client: beside the primitives that they are made of, and with real servers on
//! SQLite on this machine.

use std::{future::Future, time::Instant};

use anyhow::Context as _;
use wardseal_client_core::protocol::op::Rights;
use wardseal_crypto::sign::HybridSigningKey;
use wardseal_e2e::Place;
use wardseal_protocol::ring::{BoxContext, Opener, RingKind, Seed};
use wardseal_sdk::{NewSession, Options, Right, Role, Visibility, Wardseal, client};
use wardseal_types::{GroupId, MemberId, RingId, SessionId, TenantId};

use crate::measure;

/// How often each is done.
const ROUNDS: usize = 60;
/// Cases of a group, as a ward has them in the morning.
const CASES: usize = 200;
/// What is asked for at once.
const BATCH: usize = 1000;

/// Prints both tables.
pub(crate) fn run() -> anyhow::Result<()> {
    primitives()?;
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(with_servers())
}

#[expect(clippy::print_stdout, reason = "the table is what this program is for")]
fn row(name: &str, seconds: f64) {
    println!("| {name} | {:.3} | {:.0} |", seconds * 1e3, 1.0 / seconds);
}

#[expect(clippy::print_stdout, reason = "the table is what this program is for")]
fn primitives() -> anyhow::Result<()> {
    let mut rng = getrandom::rand_core::UnwrapErr(getrandom::SysRng);
    let group = Seed::generate(&mut rng)?;
    let session = Seed::generate(&mut rng)?;
    let (opener, wrap) = (group.kem()?, group.wrap_key());
    let public = opener.public();
    let context = BoxContext {
        tenant: TenantId::from_bytes([1; 32]),
        ring: RingId::Session(SessionId::from_bytes([2; 32])),
        epoch: 0,
        member: MemberId::Group(GroupId::from_bytes([3; 32])),
        member_epoch: 0,
        key: group.commitment(RingKind::Group),
    };
    let commitment = session.commitment(RingKind::Session);
    let sealed = context.seal(&public, &session, &mut rng)?;
    let wrapped = context.wrap(&wrap, &session, &mut rng)?;
    let key = HybridSigningKey::generate(&mut rng)?;
    println!(
        "\nWhat sessions are made of, processor time\n\n| | ms | in a second |\n|---|---:|---:|"
    );
    row(
        "a seed wrapped for one's own group",
        measure::seconds_each(|| context.wrap(&wrap, &session, &mut rng).is_ok())?,
    );
    row(
        "unwrapped",
        measure::seconds_each(|| {
            let opened = context.open(&wrapped, Opener::Ring(&group), &commitment);
            opened.is_ok()
        })?,
    );
    row(
        "a seed sealed to another ring (HPKE, X-Wing)",
        measure::seconds_each(|| context.seal(&public, &session, &mut rng).is_ok())?,
    );
    row(
        "opened",
        measure::seconds_each(|| {
            let opened = context.open(&sealed, Opener::Ring(&group), &commitment);
            opened.is_ok()
        })?,
    );
    row(
        "an Ed25519 signature, for a statement or an object",
        measure::seconds_each(|| {
            let signature = key
                .ed25519()
                .sign(wardseal_crypto::label::STATEMENT_SIGNATURE, &[7; 512]);
            signature.as_bytes().len() == 64
        })?,
    );
    Ok(())
}

/// The median time of one in seconds.
#[expect(
    clippy::disallowed_methods,
    reason = "a benchmark is about the time that it takes"
)]
async fn each<F: Future<Output = anyhow::Result<()>>>(
    mut work: impl FnMut(usize) -> F,
) -> anyhow::Result<f64> {
    let mut times = Vec::new();
    for round in 0..ROUNDS {
        let start = Instant::now();
        work(round).await?;
        times.push(start.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    times
        .get(times.len() / 2)
        .copied()
        .context("something was measured")
}

/// The time of one in seconds.
#[expect(
    clippy::disallowed_methods,
    reason = "a benchmark is about the time that it takes"
)]
async fn once<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<f64> {
    let start = Instant::now();
    work.await?;
    Ok(start.elapsed().as_secs_f64())
}

/// Somebody who asks the servers without anything between.
async fn person(place: &Place, name: &str) -> anyhow::Result<Wardseal> {
    let ward = Wardseal::open(Options {
        keys: place.world.servers.keys_url(),
        ..place.options()
    })
    .await?;
    ward.sign_up(name, |request| async move { Ok(place.sign(&request)) })
        .await?;
    Ok(ward)
}

async fn user(ward: &Wardseal) -> anyhow::Result<MemberId> {
    let profile = ward.profile().await.context("somebody is signed in")?;
    Ok(profile.user.into())
}

#[expect(clippy::print_stdout, reason = "the table is what this program is for")]
async fn with_servers() -> anyhow::Result<()> {
    let place = Place::new().await;
    let (anna, ben) = (person(&place, "anna").await?, person(&place, "ben").await?);
    let reader = user(&ben).await?;
    let group = anna
        .groups()
        .create("North", &[(reader, Role::Member)])
        .await?;
    let new = || NewSession {
        manage: vec![group.into()],
        ..NewSession::default()
    };
    let mut made = Vec::new();
    for _ in 0..ROUNDS {
        made.push(anna.sessions().create(new()).await?);
    }
    let at = |round: usize| made.get(round).copied().context("a session for each round");

    println!(
        "\nWith servers on this machine (SQLite), one at a time\n\n| | ms | in a second |\n|---|---:|---:|"
    );
    row(
        "create a session for one's own group",
        each(|_| async {
            anna.sessions().create(new()).await?;
            Ok(())
        })
        .await?,
    );
    row(
        "grant it to one more person",
        each(|round| {
            let (anna, at) = (&anna, &at);
            async move {
                let (right, all) = (Right::Read, Visibility::Full);
                anna.sessions()
                    .grant(at(round)?, reader, right, all)
                    .await?;
                Ok(())
            }
        })
        .await?,
    );
    row(
        "seal a text of 1 kB",
        each(|round| {
            let (anna, at) = (&anna, &at);
            async move {
                anna.seal(at(round)?, &[7; 1000]).await?;
                Ok(())
            }
        })
        .await?,
    );
    let mut texts = Vec::new();
    for session in &made {
        texts.push(anna.seal(*session, &[7; 1000]).await?);
    }
    let open = |round: usize| {
        let text = texts.get(round).cloned();
        async {
            let text = text.context("a text for each round")?;
            ben.open_bytes(text).await?.bytes().await?;
            anyhow::Ok(())
        }
    };
    row("open it, keys fetched", each(open).await?);
    row("open it again, keys cached", each(open).await?);

    let recipients = [(MemberId::from(group), Rights::MANAGE)];
    let wanted = vec![
        client::NewSession {
            recipients: &recipients,
            pending: &[],
            label: None,
            metadata: None,
        };
        BATCH / 4
    ];
    let mut many = Vec::new();
    let mut creating = 0.0;
    for _ in 0..4 {
        creating += once(async {
            for session in anna.client().create_sessions(&wanted).await? {
                many.push(session?);
            }
            Ok(())
        })
        .await?;
    }
    println!("\n| | ms | each ms |\n|---|---:|---:|");
    let batch = |name: &str, seconds: f64, count: usize| {
        let count = f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        println!(
            "| {name} | {:.1} | {:.3} |",
            seconds * 1e3,
            seconds * 1e3 / count
        );
    };
    batch("1000 sessions created, 250 in a request", creating, BATCH);
    let fetching = once(async {
        for session in ben.client().fetch_sessions(&many).await? {
            session?;
        }
        Ok(())
    });
    batch(
        "1000 fetched and opened in one request",
        fetching.await?,
        BATCH,
    );
    let cases: Vec<_> = many.iter().take(CASES).copied().collect();
    let carla = person(&place, "carla").await?;
    anna.groups()
        .add(group, user(&carla).await?, Role::Member, Visibility::Full)
        .await?;
    carla.sessions().get(at(0)?).await?;
    let opening = once(async {
        for session in carla.client().fetch_sessions(&cases).await? {
            session?;
        }
        Ok(())
    });
    batch(
        "200 cases of a group, chains known, one request",
        opening.await?,
        CASES,
    );
    Ok(())
}
