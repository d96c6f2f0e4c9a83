//! Ways back in: what opens the keys of a method, and how shares are released.

use chacha20::{ChaCha20Rng, rand_core::SeedableRng as _};
use serde_json::{Value, json};
use wardseal_client_core::{
    identity::{DeviceSecrets, Identity},
    recovery::{Administrator, HelpContext, Located, OrganisationBox, seal_identity, two_man_key},
};
use wardseal_crypto::{chunked, kem::KemSecretKey, label, secret::Secret};
use wardseal_protocol::{cbor, keys::DeviceKind, recovery::seal_release, ring::Seed};
use wardseal_types::{Base64Url, FixedBytes, TenantId, UserId, cbor_array, cbor_map, limits};

use crate::{
    Set,
    small::{text, turned, with},
};

const TENANT: TenantId = TenantId::from_bytes([1; 32]);
const USER: UserId = UserId::from_bytes([2; 32]);
const RECORD: FixedBytes<32> = FixedBytes([3; 32]);

fn other_tenant() -> String {
    TenantId::from_bytes([0xee; 32]).to_string()
}

fn other_user() -> String {
    UserId::from_bytes([0xee; 32]).to_string()
}

fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

fn identity(kind: DeviceKind) -> Identity {
    Identity {
        tenant: TENANT,
        user: USER,
        device: DeviceSecrets::generate(kind, &mut rng(501)).expect("keys"),
    }
}

/// An identity of another tenant, sealed as if it were of this one.
fn foreign(key: &Secret<32>, record: &FixedBytes<32>, kind: DeviceKind) -> String {
    let tenant = TenantId::from_bytes([0xee; 32]);
    let foreign = Identity {
        tenant,
        ..identity(kind)
    };
    let context = cbor::encode(&(wardseal_crypto::SUITE, TENANT, *record));
    let bytes = foreign.to_secret_bytes();
    let sealed = chunked::seal(key, label::VAULT_IDENTITY, &context, &bytes, &mut rng(502));
    text(&sealed.expect("sealed"))
}

fn cut(bytes: &[u8]) -> String {
    text(&bytes[..bytes.len() - 1])
}

pub(crate) fn secrets(set: &mut Set) {
    let object = "recovery-secret";
    let mut good = Vec::new();
    for (name, description, kind, secret) in [
        (
            "code",
            "The secret of a code.",
            DeviceKind::Code,
            vec![4; 20],
        ),
        (
            "passkey",
            "What a passkey gave.",
            DeviceKind::Passkey,
            vec![5; 32],
        ),
    ] {
        let found = Located::by(&TENANT, &secret);
        let sealed = seal_identity(&found.key, &found.record, &identity(kind), &mut rng(503));
        let input = json!({
            "tenant": TENANT,
            "record": found.record,
            "secret": text(&secret),
            "sealed": text(&sealed.expect("sealed")),
        });
        set.case(object, name, description, "ok", &input);
        good.push((input, found, secret));
    }
    let [(code, found, secret), (passkey, ..)] = &good[..] else {
        panic!("two secrets");
    };
    let sealed = seal_identity(
        &found.key,
        &found.record,
        &identity(DeviceKind::Code),
        &mut rng(503),
    );
    let sealed = sealed.expect("sealed");
    let elsewhere = seal_identity(
        &found.key,
        &RECORD,
        &identity(DeviceKind::Code),
        &mut rng(503),
    );
    for (name, description, expect, input) in [
        (
            "other-secret",
            "Another secret leads to another record.",
            "wrong_record",
            with(code, "secret", text(&turned(secret, 19))),
        ),
        (
            "short-secret",
            "The last byte of the secret is missing.",
            "wrong_record",
            with(code, "secret", cut(secret)),
        ),
        (
            "other-tenant",
            "The same secret leads elsewhere in another tenant.",
            "wrong_record",
            with(code, "tenant", other_tenant()),
        ),
        (
            "locator-for-record",
            "The locator is not the name of the record.",
            "wrong_record",
            with(code, "record", json!(found.locator)),
        ),
        (
            "of-the-passkey",
            "What the passkey opens.",
            "rejected",
            with(code, "sealed", passkey["sealed"].clone()),
        ),
        (
            "other-record",
            "Sealed under the right key, as another record.",
            "rejected",
            with(code, "sealed", text(&elsewhere.expect("sealed"))),
        ),
        (
            "foreign",
            "The keys inside are of another tenant.",
            "rejected",
            with(
                code,
                "sealed",
                foreign(&found.key, &found.record, DeviceKind::Code),
            ),
        ),
        (
            "turned",
            "One bit of what is sealed was turned.",
            "rejected",
            with(code, "sealed", text(&turned(&sealed, sealed.len() / 2))),
        ),
        (
            "cut",
            "The last byte of what is sealed is missing.",
            "rejected",
            with(code, "sealed", cut(&sealed)),
        ),
    ] {
        set.case(object, name, description, expect, &input);
    }
}

pub(crate) fn two_man(set: &mut Set) {
    let (tenants, vaults) = ([6; 32], [7; 32]);
    let key_of = |one: [u8; 32], two: [u8; 32]| {
        two_man_key(
            &TENANT,
            &USER,
            &RECORD,
            &Secret::from_bytes(one),
            &Secret::from_bytes(two),
        )
    };
    let kind = DeviceKind::TwoMan;
    let seal = |key: &Secret<32>, record: &FixedBytes<32>| {
        seal_identity(key, record, &identity(kind), &mut rng(504)).expect("sealed")
    };
    let sealed = seal(&key_of(tenants, vaults), &RECORD);
    let good = json!({
        "tenant": TENANT,
        "user": USER,
        "record": RECORD,
        "tenant_share": text(&tenants),
        "vault_share": text(&vaults),
        "sealed": text(&sealed),
    });
    let mut case = |name: &str, description: &str, expect: &str, input: &Value| {
        set.case("two-man", name, description, expect, input);
    };
    case("good", "Both shares open the record.", "ok", &good);
    let same = with(&good, "tenant_share", text(&vaults));
    let same = with(
        &same,
        "sealed",
        text(&seal(&key_of(vaults, vaults), &RECORD)),
    );
    case(
        "equal",
        "Nobody compares the shares: they may be equal.",
        "ok",
        &same,
    );
    let swapped = with(&good, "tenant_share", text(&vaults));
    let swapped = with(&swapped, "vault_share", text(&tenants));
    for (name, description, input) in [
        ("swapped", "The shares changed places.", swapped),
        (
            "tenant-share",
            "Another share of the tenant's server.",
            with(&good, "tenant_share", text(&turned(&tenants, 31))),
        ),
        (
            "vault-share",
            "Another share of the vault.",
            with(&good, "vault_share", text(&turned(&vaults, 0))),
        ),
        (
            "one-share",
            "The vault's share twice.",
            with(&good, "tenant_share", text(&vaults)),
        ),
        (
            "record",
            "Another record.",
            with(&good, "record", text(&[8; 32])),
        ),
        (
            "user",
            "The record of another user.",
            with(&good, "user", other_user()),
        ),
        (
            "tenant",
            "Within another tenant.",
            with(&good, "tenant", other_tenant()),
        ),
        (
            "other-record",
            "Sealed under the right key, as another record.",
            with(
                &good,
                "sealed",
                text(&seal(&key_of(tenants, vaults), &FixedBytes([8; 32]))),
            ),
        ),
        (
            "foreign",
            "The keys inside are of another tenant.",
            with(
                &good,
                "sealed",
                foreign(&key_of(tenants, vaults), &RECORD, kind),
            ),
        ),
        (
            "turned",
            "One bit of what is sealed was turned.",
            with(&good, "sealed", text(&turned(&sealed, 0))),
        ),
        (
            "cut",
            "The last byte of what is sealed is missing.",
            with(&good, "sealed", cut(&sealed)),
        ),
    ] {
        case(name, description, "rejected", &input);
    }
}

/// `OrganisationBox` with fields that can be changed.
#[derive(Clone)]
struct Opened {
    sealed: Base64Url,
    shares: Vec<Share>,
    wraps: Vec<Wrap>,
}

cbor_map!(Opened {
    0: sealed,
    1: shares,
    2: wraps,
});

#[derive(Clone)]
struct Share {
    admin: UserId,
    epoch: u32,
    sealed: Base64Url,
}

cbor_array!(Share {
    admin,
    epoch,
    sealed
});

#[derive(Clone)]
struct Wrap {
    quorum: Vec<UserId>,
    sealed: Base64Url,
}

cbor_array!(Wrap { quorum, sealed });

fn admin(number: u8) -> UserId {
    UserId::from_bytes([number + 10; 32])
}

fn seed(number: u8) -> [u8; 32] {
    [number + 100; 32]
}

fn record(count: u8, quorum: u8) -> OrganisationBox {
    let admins: Vec<_> = (0..count)
        .map(|number| Administrator {
            user: admin(number),
            epoch: u32::from(number),
            key: Seed::from_secret(Secret::from_bytes(seed(number)))
                .kem()
                .expect("a key")
                .public(),
        })
        .collect();
    let who = identity(DeviceKind::Organisation);
    OrganisationBox::seal(
        &who,
        RECORD,
        &admins,
        quorum,
        &mut rng(510 + u64::from(quorum)),
    )
    .expect("sealed")
}

/// The fields of a record after a change.
fn changed(record: &OrganisationBox, change: impl FnOnce(&mut Opened)) -> String {
    let mut opened: Opened = cbor::decode(&record.to_bytes(), 1 << 16).expect("a record");
    change(&mut opened);
    text(&cbor::encode(&opened))
}

fn helped(record: &OrganisationBox, who: &[u8]) -> Value {
    json!({
        "tenant": TENANT,
        "user": USER,
        "record": RECORD,
        "sealed": text(&record.to_bytes()),
        "helpers": helpers(who),
    })
}

fn helpers(who: &[u8]) -> Value {
    who.iter()
        .map(|number| json!({ "administrator": admin(*number), "seed": text(&seed(*number)) }))
        .collect()
}

pub(crate) fn organisation(set: &mut Set) {
    let mut case = |name: &str, description: &str, expect: &str, input: &Value| {
        set.case("organisation", name, description, expect, input);
    };
    let (one, two) = (record(2, 1), record(3, 2));
    let (alone, good) = (helped(&one, &[1]), helped(&two, &[0, 1]));
    case("one", "Either of two administrators.", "ok", &alone);
    case("two", "Two of three administrators.", "ok", &good);
    case(
        "two-others",
        "Two others, in whatever order they helped.",
        "ok",
        &with(&good, "helpers", helpers(&[2, 1])),
    );
    case(
        "more",
        "More help than a quorum.",
        "ok",
        &with(&good, "helpers", helpers(&[0, 1, 2])),
    );

    for (name, description, who) in [
        ("nobody", "Nobody helped.", &[][..]),
        ("half", "One of the two who are needed.", &[1]),
        ("twice", "The same administrator twice.", &[1, 1]),
    ] {
        let input = with(&good, "helpers", helpers(who));
        case(name, description, "no_quorum", &input);
    }

    let bad = "rejected";
    let mut other_seed = good.clone();
    other_seed["helpers"][0]["seed"] = text(&seed(1)).into();
    case(
        "share-of-another",
        "The ring of one administrator opens no share of another.",
        bad,
        &other_seed,
    );
    case(
        "no-administrator",
        "Somebody who has no share.",
        bad,
        &with(&good, "helpers", helpers(&[0, 3])),
    );
    for (name, description, field, value) in [
        ("tenant", "Within another tenant.", "tenant", other_tenant()),
        ("user", "For another user.", "user", other_user()),
        ("record", "Another record.", "record", text(&[8; 32])),
    ] {
        case(name, description, bad, &with(&good, field, value));
    }
    let sealed = |sealed: String| with(&good, "sealed", sealed);
    let swapped = changed(&two, |record| {
        let (left, right) = record.shares.split_at_mut(1);
        std::mem::swap(&mut left[0].sealed, &mut right[0].sealed);
    });
    case(
        "swapped-shares",
        "The boxes of two administrators changed places.",
        bad,
        &sealed(swapped),
    );
    let wraps = changed(&two, |record| {
        record.wraps[0].sealed = record.wraps[1].sealed.clone();
    });
    case(
        "other-quorum",
        "The wrap of another quorum.",
        bad,
        &sealed(wraps),
    );
    let renamed = changed(&two, |record| record.wraps[0].quorum = vec![admin(0)]);
    case(
        "smaller-quorum",
        "A wrap for two says that one is enough.",
        bad,
        &sealed(renamed),
    );
    let foreign = changed(&two, |record| {
        record.wraps = cbor::decode::<Opened>(&one.to_bytes(), 1 << 16)
            .expect("a record")
            .wraps;
    });
    case(
        "other-wraps",
        "The wraps of another record.",
        bad,
        &sealed(foreign),
    );
    let inner = changed(&two, |record| {
        record.sealed = cbor::decode::<Opened>(&one.to_bytes(), 1 << 16)
            .expect("a record")
            .sealed
            .as_slice()[1..]
            .into();
    });
    case(
        "inside",
        "What is sealed for the quorum is damaged.",
        bad,
        &sealed(inner),
    );

    let shape = "decode_malformed";
    case(
        "descending",
        "A quorum that does not ascend.",
        shape,
        &sealed(changed(&two, |record| record.wraps[1].quorum.reverse())),
    );
    case(
        "repeated",
        "A quorum of the same administrator twice.",
        shape,
        &sealed(changed(&two, |record| {
            record.wraps[0].quorum = vec![admin(0); 2];
        })),
    );
    case(
        "empty-quorum",
        "A quorum of nobody.",
        shape,
        &sealed(changed(&two, |record| record.wraps[0].quorum.clear())),
    );
    case(
        "three",
        "A quorum of three.",
        shape,
        &sealed(changed(&two, |record| {
            record.wraps[0].quorum.push(admin(2));
        })),
    );
    case(
        "no-shares",
        "No share at all.",
        shape,
        &sealed(changed(&two, |record| record.shares.clear())),
    );
    case(
        "no-wraps",
        "No wrap at all.",
        shape,
        &sealed(changed(&two, |record| record.wraps.clear())),
    );
    case(
        "many-shares",
        "One share too many.",
        shape,
        &sealed(changed(&two, |record| {
            record.shares = vec![record.shares[0].clone(); limits::MAX_HELPERS + 1];
        })),
    );
    let bytes = two.to_bytes();
    case(
        "cut",
        "The last byte is missing.",
        shape,
        &sealed(cut(&bytes)),
    );
    let longer = [&bytes[..], &[0]].concat();
    case(
        "trailing",
        "One byte more.",
        "decode_not_canonical",
        &sealed(text(&longer)),
    );
    case("empty", "Nothing at all.", shape, &sealed(String::new()));
}

pub(crate) fn releases(set: &mut Set) {
    let mut case = |name: &str, description: &str, expect: &str, input: &Value| {
        set.case("recovery-release", name, description, expect, input);
    };
    let client = KemSecretKey::generate(&mut rng(506)).expect("a key");
    let attempt = FixedBytes([9; 32]);
    let by_vault = seal_release(
        &client.public(),
        &TENANT,
        &USER,
        &RECORD,
        &attempt,
        &[7; 32],
        &mut rng(507),
    );
    let by_vault = by_vault.expect("sealed");
    let context = HelpContext {
        tenant: TENANT,
        user: USER,
        record: RECORD,
    };
    let share = Secret::from_bytes([6; 32]);
    let by_admin = context
        .seal_release(&client.public(), admin(0), &share, &mut rng(508))
        .expect("sealed");
    let good = json!({
        "tenant": TENANT,
        "user": USER,
        "record": RECORD,
        "attempt": attempt,
        "client_seed": text(client.seed().expose()),
        "sealed": text(&by_vault),
    });
    let helped = json!({
        "tenant": TENANT,
        "user": USER,
        "record": RECORD,
        "administrator": admin(0),
        "client_seed": text(client.seed().expose()),
        "sealed": text(&by_admin),
    });
    case("vault", "The share of the vault.", "ok", &good);
    case(
        "administrator",
        "The share of an administrator.",
        "ok",
        &helped,
    );
    let bad = "rejected";
    for (whose, input, sealed) in [
        ("vault", &good, &by_vault),
        ("administrator", &helped, &by_admin),
    ] {
        for (name, description, field, value) in [
            ("tenant", "Within another tenant.", "tenant", other_tenant()),
            ("user", "For another user.", "user", other_user()),
            ("record", "For another record.", "record", text(&[8; 32])),
            (
                "client",
                "To the key of another client.",
                "client_seed",
                text(&[8; 32]),
            ),
            (
                "turned",
                "One bit was turned.",
                "sealed",
                text(&turned(sealed, sealed.len() - 1)),
            ),
            ("cut", "The last byte is missing.", "sealed", cut(sealed)),
        ] {
            let name = format!("{whose}-{name}");
            case(&name, description, bad, &with(input, field, value));
        }
    }
    case(
        "vault-attempt",
        "In another attempt.",
        bad,
        &with(&good, "attempt", text(&[8; 32])),
    );
    case(
        "administrator-other",
        "By another administrator.",
        bad,
        &with(&helped, "administrator", admin(1).to_string()),
    );
    case(
        "vault-by-administrator",
        "What an administrator released does not pass for the vault's.",
        bad,
        &with(&good, "sealed", text(&by_admin)),
    );
    case(
        "administrator-by-vault",
        "What the vault released does not pass for an administrator's.",
        bad,
        &with(&helped, "sealed", text(&by_vault)),
    );
}
