//! Public-key work: sealing and opening a seed, wrapping it for one's own group, creating an
//! identity. The peer is what the field uses today: RSA-4096, by the fastest implementation at
//! hand.

use aws_lc_rs::{
    encoding::AsDer as _,
    rsa::{
        KeyPair, KeySize, OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey,
        OaepPublicEncryptingKey, PrivateDecryptingKey,
    },
    signature::KeyPair as _,
};
use wardseal_client_core::{compose, identity::DeviceSecrets};
use wardseal_crypto::secret::Secret;
use wardseal_protocol::{
    keys::DeviceKind,
    ring::{BoxContext, Opener, RingKind, Seed},
};
use wardseal_types::{FixedBytes, GroupId, MemberId, RingId, SessionId, TenantId, Timestamp};

use crate::measure;

/// Prints a table of operations and their ratios.
#[expect(clippy::print_stdout, reason = "the table is what this program is for")]
pub(crate) fn run() -> anyhow::Result<()> {
    let mut rng = getrandom::rand_core::UnwrapErr(getrandom::SysRng);
    let tenant = TenantId::from_bytes([1; 32]);
    let group = Seed::generate(&mut rng)?;
    let session = Seed::generate(&mut rng)?;
    let opener = group.kem()?;
    let public = opener.public();
    let wrap = group.wrap_key();
    let context = BoxContext {
        tenant,
        ring: RingId::Session(SessionId::from_bytes([2; 32])),
        epoch: 0,
        member: MemberId::Group(GroupId::from_bytes([3; 32])),
        member_epoch: 0,
        key: group.commitment(RingKind::Group),
    };
    let commitment: FixedBytes<32> = session.commitment(RingKind::Session);
    let sealed = context.seal(&public, &session, &mut rng)?;
    let wrapped = context.wrap(&wrap, &session, &mut rng)?;

    let rsa = KeyPair::generate(KeySize::Rsa4096)?;
    let encrypt = OaepPublicEncryptingKey::new(aws_lc_rs::rsa::PublicEncryptingKey::from_der(
        rsa.public_key().as_der()?.as_ref(),
    )?)?;
    let decrypt =
        OaepPrivateDecryptingKey::new(PrivateDecryptingKey::from_pkcs8(rsa.as_der()?.as_ref())?)?;
    let secret = Secret::<32>::generate(&mut rng)?;
    let mut ciphertext = vec![0; encrypt.ciphertext_size()];
    encrypt
        .encrypt(
            &OAEP_SHA256_MGF1SHA256,
            secret.expose(),
            &mut ciphertext,
            None,
        )
        .map_err(|_| anyhow::anyhow!("RSA encryption failed"))?;

    let rsa_encrypt = measure::seconds_each(|| {
        let mut out = vec![0; encrypt.ciphertext_size()];
        encrypt
            .encrypt(&OAEP_SHA256_MGF1SHA256, secret.expose(), &mut out, None)
            .is_ok()
    })?;
    let rsa_decrypt = measure::seconds_each(|| {
        let mut out = vec![0; decrypt.min_output_size()];
        decrypt
            .decrypt(&OAEP_SHA256_MGF1SHA256, &ciphertext, &mut out, None)
            .is_ok()
    })?;
    let seal = measure::seconds_each(|| context.seal(&public, &session, &mut rng).is_ok())?;
    let open = measure::seconds_each(|| {
        context
            .open(&sealed, Opener::Ring(&group), &commitment)
            .is_ok()
    })?;
    let own = measure::seconds_each(|| context.wrap(&wrap, &session, &mut rng).is_ok())?;
    let unwrap = measure::seconds_each(|| {
        context
            .open(&wrapped, Opener::Ring(&group), &commitment)
            .is_ok()
    })?;
    let identity = measure::seconds_each(|| {
        DeviceSecrets::generate(DeviceKind::Ordinary, &mut rng)
            .map_err(Into::into)
            .and_then(|device| {
                compose::found_user(tenant, &device, Timestamp::from_millis(0), &mut rng)
            })
            .is_ok()
    })?;

    println!("\nOne seed for one recipient, one core; the peer is RSA-4096 OAEP of aws-lc-rs.");
    println!(
        "\"Trial\" is what trial programs reached before anything was designed (another machine).\n"
    );
    println!(
        "{:<44} {:>12} {:>12} {:>22}",
        "operation", "each", "trial", "ratio (aim)"
    );
    let row = |name: &str, seconds: f64, trial: f64, ratio: String| {
        let each = seconds * 1e6;
        println!("{name:<44} {each:>9.1} µs {trial:>9.1} µs {ratio:>22}");
    };
    row("RSA-4096 encrypt", rsa_encrypt, 71.9, String::new());
    row("RSA-4096 decrypt", rsa_decrypt, 1818.2, String::new());
    row(
        "seal to a ring (HPKE, X-Wing)",
        seal,
        188.3,
        format!("{:.2} of an encrypt", rsa_encrypt / seal),
    );
    row(
        "open from a ring",
        open,
        284.6,
        format!("{:.1} decrypts", rsa_decrypt / open),
    );
    row(
        // The trial only set up a key and sealed 64 bytes, without derivation and commitment.
        "wrap for one's own group",
        own,
        0.3,
        format!("{:.0} encrypts (50)", rsa_encrypt / own),
    );
    row(
        "unwrap from one's own group",
        unwrap,
        0.3,
        format!("{:.0} decrypts", rsa_decrypt / unwrap),
    );
    println!(
        "\nidentity: all keys of a device, and the signed genesis of its user: {:.2} ms (aim: under 5 ms)",
        identity * 1e3
    );
    Ok(())
}
