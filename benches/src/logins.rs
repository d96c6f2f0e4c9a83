//! What a login costs the servers. With OPAQUE the browser stretches the password; the usual way is
//! that the server does, with the least that OWASP recommends for Argon2id.

use argon2::{Algorithm, Argon2, Params, Version};
use wardseal_password::{
    ksf::KsfParams,
    opaque::{Identities, Login, Record, Registration, ServerLogin, ServerSetup},
    oprf::{self, Blind},
    password::Password,
};

use crate::measure;

const ACCOUNT: &[u8] = &[7; 32];
const RECORD: &[u8] = &[8; 32];
const IDENTITIES: Identities<'static> = Identities {
    client: RECORD,
    server: b"wardseal-vault",
};

/// Prints what each server does for a login, and what hashing would cost.
#[expect(clippy::print_stdout, reason = "the table is what this program is for")]
pub(crate) fn run() -> anyhow::Result<()> {
    let mut rng = getrandom::rand_core::UnwrapErr(getrandom::SysRng);
    let password = Password::new("vier blaue Hunde im Schnee")?;
    let seed = [9; 32];
    let (blind, request) = Blind::start(&password, ACCOUNT, &mut rng)?;
    let answer = oprf::evaluate(&seed, ACCOUNT, &request, &mut rng)?;
    let key = oprf::account_public_key(&seed, ACCOUNT)?;
    let harden = || -> anyhow::Result<_> {
        let mut rng = getrandom::rand_core::UnwrapErr(getrandom::SysRng);
        let (blind, request) = Blind::start(&password, ACCOUNT, &mut rng)?;
        let answer = oprf::evaluate(&seed, ACCOUNT, &request, &mut rng)?;
        Ok(blind.finish(&answer, &key)?)
    };
    let hardened = blind.finish(&answer, &key)?;

    let setup = ServerSetup::generate(&mut rng);
    let (registration, message) = Registration::start(hardened, &mut rng)?;
    let response = setup.registration_response(&message, RECORD)?;
    let registered = registration.finish(
        &response,
        IDENTITIES,
        KsfParams::DEFAULT,
        Some(&setup.public_key()),
        &mut rng,
    )?;
    let record = Record::from_upload(&registered.upload)?;
    let (login, ke1) = Login::start(harden()?, &mut rng)?;
    let (waiting, ke2) = setup.login_start(Some(&record), &ke1, RECORD, IDENTITIES, &mut rng)?;
    let waiting = waiting.to_bytes();
    let done = login.finish(&ke2, IDENTITIES, &setup.public_key(), &mut rng)?;

    let keys = measure::seconds_each(|| {
        oprf::evaluate(&seed, ACCOUNT, &request, &mut rng).is_ok()
            && oprf::account_public_key(&seed, ACCOUNT).is_ok()
    })?;
    let upload = record.to_bytes();
    let vault = measure::seconds_each(|| {
        let record = Record::from_bytes(&upload);
        let started = record.is_ok_and(|record| {
            setup
                .login_start(Some(&record), &ke1, RECORD, IDENTITIES, &mut rng)
                .is_ok()
        });
        started
            && ServerLogin::from_bytes(&waiting).is_ok_and(|login| login.finish(&done.ke3).is_ok())
    })?;
    let hashing = Argon2::new(
        Algorithm::Argon2id,
        Version::V0x13,
        Params::new(19 * 1024, 2, 1, None).map_err(|error| anyhow::anyhow!("{error}"))?,
    );
    let hashed = measure::seconds_each(|| {
        let mut hash = [0; 32];
        hashing
            .hash_password_into(b"vier blaue Hunde im Schnee", &[1; 16], &mut hash)
            .is_ok()
    })?;
    println!("\nProcessor time of the servers for one login\n");
    println!("| | ms | of hashing |\n|---|---:|---:|");
    for (name, seconds) in [
        ("Argon2id on the server, 19 MiB, 2 passes", hashed),
        ("vault: both messages of OPAQUE", vault),
        ("key server: evaluation with its proof", keys),
        ("both servers", vault + keys),
    ] {
        println!(
            "| {name} | {:.3} | 1/{:.0} |",
            seconds * 1e3,
            hashed / seconds
        );
    }
    Ok(())
}
