//! What it takes to send to somebody who is not there yet, and to claim it: processor time of the
//! cryptography at each of the four, without networks and databases.

use anyhow::{Context as _, anyhow};
use wardseal_crypto::{SUITE, kem::KemSecretKey, sign::HybridSigningKey};
use wardseal_protocol::{
    escrow::{Contact, Parties, Party, Place, Policy, Receipt, Release, Terms, key_hash},
    keys::{Assigned, EscrowKey, LogKey, TenantKey},
    ring::{BoxContext, RingKind, Seed},
};
use wardseal_types::{
    BoxedBytes, FixedBytes, GroupId, MemberId, RingId, SessionId, TenantId, Timestamp, UserId,
};

use crate::measure;

/// Prints what each party does for one recipient, and how many claims that is in a second.
#[expect(clippy::print_stdout, reason = "the table is what this program is for")]
pub(crate) fn run() -> anyhow::Result<()> {
    let mut rng = getrandom::rand_core::UnwrapErr(getrandom::SysRng);
    let tenant_key = KemSecretKey::generate(&mut rng)?;
    let server_key = KemSecretKey::generate(&mut rng)?;
    let listed = EscrowKey {
        kem: BoxedBytes::from(*tenant_key.public().as_bytes()),
        assigned: Assigned::Taken,
    };
    let id = TenantKey::Escrow(listed.clone()).id();
    let parties = Parties::new((id, &listed), server_key.public())?;
    let terms = Terms {
        suite: SUITE,
        tenant: TenantId::from_bytes([1; 32]),
        index: FixedBytes([2; 32]),
        policy: Policy::Assigned,
        expires: Timestamp::from_millis(1),
        nonce: FixedBytes([3; 16]),
        sender: UserId::from_bytes([4; 32]),
        group: None,
        tenant_key: Some(id),
        server_key: Some(key_hash(parties.server.as_bytes())),
    };
    let place = Place {
        tenant: terms.tenant,
        session: SessionId::from_bytes([5; 32]),
        epoch: 0,
        pending: terms.id(),
    };
    let contact = Contact::default();
    let seed = Seed::generate(&mut rng)?;
    let made = place.deposit(&terms, Some(&parties), &contact, &seed, &mut rng)?;
    let deposit = made.deposit;
    let at_tenant = made.tenant_share.context("a share of the tenant")?;
    let at_server = deposit.server.clone().context("a share of the server")?;

    let ring = Seed::generate(&mut rng)?;
    let opener = ring.kem()?;
    let claimant = opener.public();
    let member = MemberId::Group(GroupId::from_bytes([6; 32]));
    let release = |party| Release {
        place,
        member,
        member_epoch: 0,
        party,
    };
    let receipt = Receipt {
        tenant: terms.tenant,
        session: place.session,
        pending: place.pending,
        member,
        commitment: seed.commitment(RingKind::Session),
        policy: terms.policy,
    };
    let log_key = HybridSigningKey::generate(&mut rng)?;
    let public = <[u8; 1984]>::try_from(log_key.public().to_bytes());
    let log = LogKey {
        sign: BoxedBytes::from(public.map_err(|_| anyhow!("a key of its length"))?),
    };
    let signature = receipt.sign(Party::Keys, log_key.ed25519());

    let sending = measure::seconds_each(|| {
        place
            .deposit(&terms, Some(&parties), &contact, &seed, &mut rng)
            .is_ok()
    })?;
    let releasing = measure::seconds_each(|| {
        let share = place.open_tenant_share(&tenant_key, at_tenant.as_slice());
        let resealed =
            share.and_then(|share| release(Party::Tenant).seal(&claimant, &share, &mut rng));
        let signed = receipt.sign(Party::Keys, log_key.ed25519());
        resealed.is_ok() && signed == signature
    })?;
    let of_tenant = place.open_tenant_share(&tenant_key, at_tenant.as_slice())?;
    let of_server = place.open_server_share(&server_key, at_server.as_slice())?;
    let from_tenant = release(Party::Tenant).seal(&claimant, &of_tenant, &mut rng)?;
    let from_server = release(Party::Keys).seal(&claimant, &of_server.share, &mut rng)?;
    let context = BoxContext {
        tenant: terms.tenant,
        ring: RingId::Session(place.session),
        epoch: 0,
        member,
        member_epoch: 0,
        key: ring.commitment(RingKind::Group),
    };
    let wrap = ring.wrap_key();
    let claiming = measure::seconds_each(|| {
        let shares = release(Party::Tenant)
            .open(&opener, from_tenant.as_slice())
            .and_then(|tenant| {
                let server = release(Party::Keys).open(&opener, from_server.as_slice())?;
                Ok(place.combine(&tenant, &server, None))
            });
        let seed = shares.and_then(|key| place.open_seed(&key, &deposit));
        // A receipt of each party, the box of the claimant, and the statement's signature.
        let verified = (0..2).all(|_| receipt.verify_server(&log, &signature).is_ok());
        let sealed = seed.and_then(|seed| context.wrap(&wrap, &seed, &mut rng));
        let signed = receipt.sign(Party::Keys, log_key.ed25519());
        verified && sealed.is_ok() && signed == signature
    })?;
    println!("\nProcessor time for one recipient in escrow\n");
    println!("| | ms | in a second |\n|---|---:|---:|");
    for (name, seconds) in [
        ("sender: a deposit for both parties", sending),
        ("each party: release with its receipt", releasing),
        ("claimant: both shares, receipts, box, signature", claiming),
    ] {
        println!("| {name} | {:.3} | {:.0} |", seconds * 1e3, 1.0 / seconds);
    }
    Ok(())
}
