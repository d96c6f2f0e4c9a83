//! Escrow: deposits, receipts, and histories with claims.

use serde_json::{Value, json};
use wardseal_protocol::{
    cbor,
    escrow::{Claim, Deposit, Party, Policy, Terms},
    op::{Op, Rights},
    ring::{RingKind, Sealed, SealedBox},
};
use wardseal_testkit::{Person, Town};
use wardseal_types::{FixedBytes, MemberId, PendingId, RingId, SessionId, Timestamp};

use crate::{
    Set,
    folds::log,
    small::{text, turned, with},
};

/// Alice, who awaits Dora in a session, and Dora, who is there.
struct Scene {
    town: Town,
    alice: Person,
    dora: Person,
    session: SessionId,
    pending: PendingId,
}

fn scene(policy: Policy) -> Scene {
    let mut town = Town::new(401);
    let alice = town.person();
    let grants = [(alice.member(), Rights::MANAGE)];
    let session = town.session(&alice, &grants).expect("a session");
    let pending = town.awaits(&alice, "dora", policy);
    let op = town.op_grant(session, pending.into(), Rights::READ);
    town.say(&alice, session, op).expect("granted");
    let dora = town.person();
    let op = town.op_bind(&dora, "dora");
    town.say(&dora, dora.id, op).expect("bound");
    Scene {
        town,
        alice,
        dora,
        session,
        pending,
    }
}

impl Scene {
    fn sealed(&self) -> SealedBox {
        let reference = self.town.reference(self.pending.into());
        let sealed = self
            .town
            .box_of(RingId::Session(self.session), 0, &reference);
        sealed.expect("a deposit").clone()
    }

    fn deposit(&self) -> Deposit {
        let sealed = self.sealed();
        let (_, deposit) = sealed.deposit(self.town.tenant).expect("a deposit");
        deposit.clone()
    }

    /// How the deposit is opened.
    fn input(&self) -> Value {
        let (terms, contact) = &self.town.escrow.awaited[&self.pending];
        let share = self.town.escrow.shares.last();
        let share = share.map(|(_, share)| share.clone()).unwrap_or_default();
        json!({
            "tenant": terms.tenant,
            "session": self.session,
            "pending": self.pending,
            "epoch": 0,
            "commitment": self.town.newest(self.session).commitment(RingKind::Session),
            "sealed": text(&cbor::encode(&self.sealed())),
            "tenant_share": share,
            "tenant_seed": text(self.town.escrow.tenant.seed().expose()),
            "server_seed": text(self.town.escrow.server.seed().expose()),
            "code": contact.code.as_ref().map(ToString::to_string),
        })
    }
}

pub(crate) fn deposits(set: &mut Set) {
    let mut case = |name: &str, description: &str, expect: &str, input: &Value| {
        set.case("deposit", name, description, expect, input);
    };
    let verified = scene(Policy::Verified);
    let input = verified.input();
    case(
        "verified",
        "With an address for the key server.",
        "ok",
        &input,
    );
    let by_code = scene(Policy::Code);
    let coded = by_code.input();
    case("code", "With a code that enters the key.", "ok", &coded);
    let typed = with(&coded, "code", "oI23 4567-89ab cdef");
    case("typed", "The code as people may type it.", "ok", &typed);
    case(
        "assigned",
        "With nothing but the shares.",
        "ok",
        &scene(Policy::Assigned).input(),
    );

    let bad = "rejected";
    case(
        "no-code",
        "Without the code.",
        bad,
        &with(&coded, "code", Value::Null),
    );
    let other = with(&coded, "code", "0123-4567-89AB-CDEG");
    case("other-code", "With another code.", bad, &other);
    let needless = with(&input, "code", "0123-4567-89AB-CDEF");
    case(
        "needless-code",
        "With a code where there is none.",
        bad,
        &needless,
    );
    case(
        "tenant",
        "Within another tenant.",
        bad,
        &with(&input, "tenant", Town::new(402).tenant.to_string()),
    );
    let session = SessionId::from_bytes([1; 32]).to_string();
    case(
        "session",
        "For another session.",
        bad,
        &with(&input, "session", session),
    );
    case(
        "epoch",
        "For another epoch.",
        bad,
        &with(&input, "epoch", 1),
    );
    let pending = PendingId::from_bytes([1; 32]).to_string();
    case(
        "pending",
        "For another recipient.",
        bad,
        &with(&input, "pending", pending),
    );
    case(
        "commitment",
        "A seed that the statement does not commit to.",
        bad,
        &with(&input, "commitment", text(&[1; 32])),
    );
    let (tenant, server) = (input["tenant_seed"].clone(), input["server_seed"].clone());
    case(
        "tenant-key",
        "With another key of the tenant.",
        bad,
        &with(&input, "tenant_seed", server),
    );
    case(
        "server-key",
        "With another key of the key server.",
        bad,
        &with(&input, "server_seed", tenant),
    );
    let share = verified.town.escrow.shares[0].1.clone();
    let altered = text(&turned(share.as_slice(), 1130));
    case(
        "share",
        "A share of the tenant that the deposit does not name.",
        bad,
        &with(&input, "tenant_share", altered),
    );
    case(
        "confirmed",
        "Under a policy that has no shares.",
        bad,
        &scene(Policy::Confirmed).input(),
    );
    let sealed = verified.sealed();
    let deposit = verified.deposit();
    let moved = SealedBox {
        epoch: 1,
        ..sealed.clone()
    };
    let moved = with(
        &with(&input, "epoch", 1),
        "sealed",
        text(&cbor::encode(&moved)),
    );
    case(
        "moved",
        "Moved to another epoch: everything in it is bound to its place.",
        bad,
        &moved,
    );

    let mut malformed = |name: &str, description: &str, sealed: &SealedBox| {
        let input = with(&input, "sealed", text(&cbor::encode(sealed)));
        case(name, description, "decode_malformed", &input);
    };
    let with_deposit = |deposit: Deposit| SealedBox {
        sealed: Sealed::Escrow(Box::new(deposit)),
        ..sealed.clone()
    };
    malformed(
        "other-terms",
        "Terms that are not those of the recipient.",
        &with_deposit(Deposit {
            terms: Terms {
                expires: Timestamp::from_millis(1),
                ..deposit.terms
            },
            ..deposit.clone()
        }),
    );
    malformed(
        "one-party",
        "Without the key server's part.",
        &with_deposit(Deposit {
            server: None,
            ..deposit.clone()
        }),
    );
    malformed(
        "for-a-user",
        "A deposit for somebody who has keys.",
        &SealedBox {
            member: MemberId::User(verified.alice.id),
            ..sealed.clone()
        },
    );
    malformed(
        "member-epoch",
        "A pending recipient in its second epoch.",
        &SealedBox {
            member_epoch: 1,
            ..sealed.clone()
        },
    );
    malformed(
        "wrapped",
        "A wrap for a pending recipient.",
        &SealedBox {
            sealed: Sealed::Wrap(deposit.members),
            ..sealed
        },
    );
}

pub(crate) fn receipts(set: &mut Set) {
    let scene = scene(Policy::Assigned);
    let town = &scene.town;
    let receipt = town.receipt(scene.session, scene.pending, scene.dora.member());
    let input = |party: &str, key: &[u8], signature: FixedBytes<64>| {
        json!({
            "party": party,
            "key": text(key),
            "tenant": receipt.tenant,
            "session": receipt.session,
            "pending": receipt.pending,
            "member": receipt.member,
            "commitment": receipt.commitment,
            "policy": "assigned",
            "signature": signature,
        })
    };
    let log = town.log_key.public().to_bytes();
    let token = town.token.public();
    let of_server = receipt.sign(Party::Keys, town.log_key.ed25519());
    let of_tenant = receipt.sign(Party::Tenant, &town.token);
    let server = input("keys", &log, of_server);
    let tenant = input("tenant", token.as_bytes(), of_tenant);
    let mut case = |name: &str, description: &str, expect: &str, input: &Value| {
        set.case("escrow-receipt", name, description, expect, input);
    };
    case(
        "server",
        "By the Ed25519 half of the log key.",
        "ok",
        &server,
    );
    case("tenant", "By a token key of the tenant.", "ok", &tenant);
    let bad = "rejected";
    case(
        "wrong-party",
        "The key server's receipt, for the tenant's part.",
        bad,
        &input(
            "keys",
            &log,
            receipt.sign(Party::Tenant, town.log_key.ed25519()),
        ),
    );
    case(
        "wrong-key",
        "The tenant's receipt as the key server's.",
        bad,
        &input("keys", &log, of_tenant),
    );
    for (field, value) in [
        ("tenant", Town::new(402).tenant.to_string()),
        ("session", SessionId::from_bytes([1; 32]).to_string()),
        ("pending", PendingId::from_bytes([1; 32]).to_string()),
        ("member", scene.alice.id.to_string()),
        ("commitment", text(&[1; 32])),
        ("policy", "verified".to_owned()),
    ] {
        let name = format!("another-{field}");
        let description = format!("About another {field}.");
        case(&name, &description, bad, &with(&server, field, value));
    }
}

pub(crate) fn folds(set: &mut Set) {
    for (name, policy) in [
        ("claim-verified", Policy::Verified),
        ("claim-code", Policy::Code),
        ("claim-assigned", Policy::Assigned),
    ] {
        let mut scene = scene(policy);
        let op = scene
            .town
            .op_claim(scene.session, scene.pending, scene.dora.member());
        scene
            .town
            .say(&scene.dora, scene.session, op)
            .expect("claimed");
        let description = "A pending recipient claims what was granted to it, with both receipts.";
        set.case("fold", name, description, "ok", &log(&scene.town, None));
    }
    let mut confirmed = scene(Policy::Confirmed);
    let claim = confirmed.town.claim(
        confirmed.session,
        confirmed.pending,
        confirmed.dora.member(),
    );
    let bare = Claim {
        server: None,
        tenant: None,
        ..claim
    };
    let op = Op::Claim(Box::new(bare));
    confirmed
        .town
        .say(&confirmed.alice, confirmed.session, op)
        .expect("let in");
    let description = "A member who shares lets in whom he has compared the number with.";
    set.case(
        "fold",
        "claim-confirmed",
        description,
        "ok",
        &log(&confirmed.town, None),
    );

    let mut scene = scene(Policy::Verified);
    let claim = scene
        .town
        .claim(scene.session, scene.pending, scene.dora.member());
    let mut refused =
        |name: &str, description: &str, expect: &str, author: &Person, claim: Claim| {
            let op = Op::Claim(Box::new(claim));
            let last = scene.town.says(author, scene.session, op);
            let name = format!("claim-{name}");
            set.case(
                "fold",
                &name,
                description,
                expect,
                &log(&scene.town, Some(&last)),
            );
        };
    let (alice, dora) = (&scene.alice, &scene.dora);
    refused(
        "without-tenant",
        "A claim without the tenant's receipt.",
        "not_authorised",
        dora,
        Claim {
            tenant: None,
            ..claim.clone()
        },
    );
    refused(
        "by-another",
        "Somebody else claims with the receipts of the claimant, without the tenant's.",
        "bad_receipt",
        alice,
        Claim {
            server: None,
            tenant: None,
            ..claim.clone()
        },
    );
    refused(
        "of-the-tenant-as-server",
        "The tenant's signature where the key server's belongs.",
        "bad_receipt",
        dora,
        Claim {
            server: claim.tenant.map(|receipt| receipt.signature),
            ..claim.clone()
        },
    );
    refused(
        "not-named",
        "A claim for a member who does not carry the name.",
        "not_named",
        alice,
        Claim {
            member: alice.member(),
            ..claim.clone()
        },
    );
    refused(
        "other-terms",
        "A claim on terms that nobody was granted on.",
        "not_a_member",
        dora,
        Claim {
            terms: Terms {
                expires: Timestamp::from_millis(u64::MAX),
                ..claim.terms
            },
            ..claim.clone()
        },
    );
    scene.town.now = Timestamp::from_millis(claim.terms.expires.millis() + 1);
    let last = scene
        .town
        .says(&scene.dora, scene.session, Op::Claim(Box::new(claim)));
    let description = "A claim after the end of the terms.";
    set.case(
        "fold",
        "claim-late",
        description,
        "escrow_expired",
        &log(&scene.town, Some(&last)),
    );

    let member = MemberId::Pending(scene.pending);
    let other = scene.town.awaits(&scene.alice, "emil", Policy::Assigned);
    let op = scene
        .town
        .op_grant(scene.session, other.into(), Rights::MANAGE);
    let last = scene.town.says(&scene.alice, scene.session, op);
    let description = "A pending recipient who would manage.";
    set.case(
        "fold",
        "pending-manages",
        description,
        "wrong_member",
        &log(&scene.town, Some(&last)),
    );
    let op = scene
        .town
        .op_grant_join(scene.session, scene.dora.member(), Rights::READ);
    let last = scene.town.says(&scene.alice, scene.session, op);
    let description = "Somebody joins without history while somebody is pending.";
    set.case(
        "fold",
        "pending-gap",
        description,
        "bad_epoch",
        &log(&scene.town, Some(&last)),
    );
    let op = scene.town.op_grant(scene.session, member, Rights::READ);
    let last = scene.town.says(&scene.alice, scene.session, op);
    let description = "A pending recipient is granted twice.";
    set.case(
        "fold",
        "pending-twice",
        description,
        "already_member",
        &log(&scene.town, Some(&last)),
    );
}
