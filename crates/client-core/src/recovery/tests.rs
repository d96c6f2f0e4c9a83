use chacha20::{ChaCha20Rng, rand_core::SeedableRng as _};
use wardseal_crypto::kem::KemSecretKey;
use wardseal_protocol::{keys::DeviceKind, ring::Seed};
use wardseal_types::Base64Url;

use super::*;
use crate::identity::DeviceSecrets;

const TENANT: TenantId = TenantId::from_bytes([1; 32]);
const USER: UserId = UserId::from_bytes([2; 32]);
const RECORD: FixedBytes<32> = FixedBytes([3; 32]);

fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

fn identity(user: UserId) -> Identity {
    Identity {
        tenant: TENANT,
        user,
        device: DeviceSecrets::generate(DeviceKind::Password, &mut rng(1)).unwrap(),
    }
}

#[test]
fn an_identity_opens_with_its_key_record_and_tenant_alone() {
    let key = Secret::from_bytes([4; 32]);
    let sealed = seal_identity(&key, &RECORD, &identity(USER), &mut rng(2)).unwrap();
    let opened = open_identity(&key, &TENANT, &RECORD, &sealed).unwrap();
    assert_eq!(opened.device.id(), identity(USER).device.id());
    let other = Secret::from_bytes([5; 32]);
    assert!(open_identity(&other, &TENANT, &RECORD, &sealed).is_err());
    let tenant = TenantId::from_bytes([9; 32]);
    assert!(open_identity(&key, &tenant, &RECORD, &sealed).is_err());
    assert!(open_identity(&key, &TENANT, &FixedBytes([9; 32]), &sealed).is_err());
    // An identity of another tenant under the key and record of this one.
    let foreign = Identity {
        tenant,
        ..identity(USER)
    };
    let bytes = foreign.to_secret_bytes();
    let context = identity_context(&TENANT, &RECORD);
    let sealed = chunked::seal(&key, label::VAULT_IDENTITY, &context, &bytes, &mut rng(3)).unwrap();
    assert!(open_identity(&key, &TENANT, &RECORD, &sealed).is_err());
}

#[test]
fn a_secret_leads_to_one_record_of_one_tenant() {
    let here = Located::by(&TENANT, &[6; 20]);
    let again = Located::by(&TENANT, &[6; 20]);
    assert_eq!((here.locator, here.record), (again.locator, again.record));
    assert!(here.key.ct_eq(&again.key));
    let others = [
        Located::by(&TENANT, &[7; 20]),
        Located::by(&TENANT, &[6; 32]),
        Located::by(&TenantId::from_bytes([9; 32]), &[6; 20]),
    ];
    for other in others {
        assert_ne!(other.record, here.record);
        assert_ne!(other.locator, here.locator);
        assert!(!other.key.ct_eq(&here.key));
    }
    // What the vault learns is not what opens.
    assert_ne!(here.locator.as_array(), here.key.expose());
    assert_eq!(
        here.record.0,
        hash::hash(label::RECOVERY_LOCATOR, &[here.locator.as_array()])
    );
}

#[test]
fn passkeys_are_asked_the_same_within_a_tenant() {
    assert_eq!(passkey_input(&TENANT), passkey_input(&TENANT));
    assert_ne!(
        passkey_input(&TENANT),
        passkey_input(&TenantId::from_bytes([9; 32]))
    );
}

#[test]
fn both_shares_make_the_key_of_a_two_man_record() {
    let (one, two) = (Secret::from_bytes([1; 32]), Secret::from_bytes([2; 32]));
    let key = two_man_key(&TENANT, &USER, &RECORD, &one, &two);
    assert!(key.ct_eq(&two_man_key(&TENANT, &USER, &RECORD, &one, &two)));
    let other_tenant = TenantId::from_bytes([9; 32]);
    let other_user = UserId::from_bytes([9; 32]);
    let others = [
        two_man_key(&TENANT, &USER, &RECORD, &two, &one),
        two_man_key(&TENANT, &USER, &RECORD, &one, &one),
        two_man_key(&other_tenant, &USER, &RECORD, &one, &two),
        two_man_key(&TENANT, &other_user, &RECORD, &one, &two),
        two_man_key(&TENANT, &USER, &FixedBytes([9; 32]), &one, &two),
    ];
    assert!(others.iter().all(|other| !other.ct_eq(&key)));
}

/// Administrators with the seeds of their user rings.
fn administrators(count: u8) -> (Vec<Administrator>, Vec<Seed>) {
    (0..count)
        .map(|number| {
            let seed = Seed::from_secret(Secret::from_bytes([number + 100; 32]));
            let administrator = Administrator {
                user: UserId::from_bytes([number + 10; 32]),
                epoch: u32::from(number),
                key: seed.kem().unwrap().public(),
            };
            (administrator, seed)
        })
        .unzip()
}

const HELP: HelpContext = HelpContext {
    tenant: TENANT,
    user: USER,
    record: RECORD,
};

fn organisation(count: u8, quorum: u8) -> (OrganisationBox, Vec<Administrator>, Vec<Seed>) {
    let (admins, seeds) = administrators(count);
    let sealed =
        OrganisationBox::seal(&identity(USER), RECORD, &admins, quorum, &mut rng(7)).unwrap();
    (sealed, admins, seeds)
}

/// The shares of these administrators, released to a client and opened there.
fn released(
    sealed: &OrganisationBox,
    admins: &[Administrator],
    seeds: &[Seed],
    who: &[usize],
) -> Vec<(UserId, Secret<32>)> {
    let client = KemSecretKey::generate(&mut rng(8)).unwrap();
    who.iter()
        .map(|&at| {
            let admin = admins[at].user;
            assert_eq!(sealed.epoch_of(&admin), Some(admins[at].epoch));
            let share = sealed.open_share(&HELP, admin, &seeds[at]).unwrap();
            let release = HELP.seal_release(&client.public(), admin, &share, &mut rng(9));
            let release = release.unwrap();
            // It says who released it, for whom, and opens for no other client.
            let other = KemSecretKey::generate(&mut rng(10)).unwrap();
            assert!(HELP.open_release(&other, admin, &release).is_err());
            assert!(HELP.open_release(&client, USER, &release).is_err());
            let elsewhere = HelpContext {
                record: FixedBytes([9; 32]),
                ..HELP
            };
            assert!(elsewhere.open_release(&client, admin, &release).is_err());
            (admin, HELP.open_release(&client, admin, &release).unwrap())
        })
        .collect()
}

#[test]
fn a_quorum_of_administrators_opens_and_less_does_not() {
    for (count, quorum) in [(1, 1), (3, 1), (2, 2), (4, 2)] {
        let (sealed, admins, seeds) = organisation(count, quorum);
        let read = OrganisationBox::from_bytes(&sealed.to_bytes()).unwrap();
        assert_eq!(read, sealed);
        for first in 0..usize::from(count) {
            let one = released(&sealed, &admins, &seeds, &[first]);
            let opened = sealed.open(&HELP, &one).unwrap();
            assert_eq!(opened.is_some(), quorum == 1);
            for second in 0..usize::from(count) {
                if first == second {
                    continue;
                }
                let two = released(&sealed, &admins, &seeds, &[first, second]);
                let opened = sealed.open(&HELP, &two).unwrap().unwrap();
                assert_eq!(opened.device.id(), identity(USER).device.id());
            }
        }
        assert!(sealed.open(&HELP, &[]).unwrap().is_none());
    }
}

#[test]
fn shares_of_others_do_not_open() {
    let (sealed, admins, seeds) = organisation(3, 2);
    assert!(sealed.open_share(&HELP, admins[0].user, &seeds[1]).is_err());
    assert!(sealed.open_share(&HELP, USER, &seeds[0]).is_err());
    assert_eq!(sealed.epoch_of(&USER), None);
    let mut held = released(&sealed, &admins, &seeds, &[0, 1]);
    held[1].1 = Secret::from_bytes([0; 32]);
    assert!(sealed.open(&HELP, &held).is_err());
    // Twice the share of one is not the shares of two.
    let mut held = released(&sealed, &admins, &seeds, &[0, 0]);
    assert!(sealed.open(&HELP, &held).unwrap().is_none());
    held[1].0 = admins[1].user;
    assert!(sealed.open(&HELP, &held).is_err());
    // A record of somebody else does not pass for ours.
    let foreign = HelpContext {
        user: UserId::from_bytes([9; 32]),
        ..HELP
    };
    let held = released(&sealed, &admins, &seeds, &[0, 1]);
    assert!(sealed.open(&foreign, &held).is_err());
}

#[test]
fn the_largest_record_fits() {
    let (sealed, ..) = organisation(16, 2);
    let bytes = sealed.to_bytes();
    assert!(bytes.len() < 48 << 10, "{}", bytes.len());
    assert!(OrganisationBox::from_bytes(&bytes).is_ok());
}

#[test]
fn bytes_that_are_no_record_are_refused() {
    assert!(OrganisationBox::from_bytes(&[]).is_err());
    assert!(OrganisationBox::from_bytes(&[0xa0]).is_err());
    let (sealed, ..) = organisation(1, 1);
    let bytes = sealed.to_bytes();
    assert!(OrganisationBox::from_bytes(&bytes[..bytes.len() - 1]).is_err());
}

#[test]
fn a_record_of_no_method_is_refused() {
    let names = |bytes: &[u8]| -> Vec<UserId> {
        let users = bytes.iter().map(|byte| UserId::from_bytes([*byte; 32]));
        users.collect()
    };
    let read = |shares: &[u8], quorums: &[&[u8]]| {
        let shares: Vec<_> = names(shares)
            .into_iter()
            .map(|user| (user, 0_u32, Base64Url(vec![1])))
            .collect();
        let wraps: Vec<_> = quorums
            .iter()
            .map(|quorum| (names(quorum), Base64Url(vec![2])))
            .collect();
        let sealed = Base64Url(vec![3]);
        let fields = [
            vec![0xa3, 0],
            cbor::encode(&sealed),
            vec![1],
            cbor::encode(&shares),
            vec![2],
            cbor::encode(&wraps),
        ];
        OrganisationBox::from_bytes(&fields.concat())
    };
    let many: Vec<u8> = (0..17).collect();
    assert!(read(&many[..16], &[&[1, 2], &[1, 3]]).is_ok());
    assert!(read(&many, &[&[1, 2]]).is_err());
    assert!(read(&[], &[&[1]]).is_err());
    assert!(read(&[1], &[]).is_err());
    assert!(read(&[1, 2], &[&[]]).is_err());
    assert!(read(&[1, 2], &[&[2, 1]]).is_err());
    assert!(read(&[1, 2], &[&[1, 1]]).is_err());
    assert!(read(&[1, 2, 3], &[&[1, 2, 3]]).is_err());
    assert!(read(&[1, 2], &[&[1, 2][..]; 120]).is_ok());
    assert!(read(&[1, 2], &[&[1, 2][..]; 121]).is_err());
}
