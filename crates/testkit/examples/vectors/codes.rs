//! Recovery codes as people type them.

use serde_json::json;
use wardseal_types::TenantId;

use crate::Set;

pub(crate) fn codes(set: &mut Set) {
    let tenant = TenantId::from_bytes([1; 32]);
    let other = TenantId::from_bytes([2; 32]);
    let printed = "006H-M9SM-8575-PT3N-GA7S-SADP-RF8D-VTQQ-V4";
    let zero = "0000-0000-0000-0000-0000-0000-0000-0000-00";
    let mut case = |name: &str, description: &str, expect: &str, tenant: TenantId, text: &str| {
        let input = json!({ "tenant": tenant, "text": text });
        set.case("recovery-code", name, description, expect, &input);
    };
    case("good", "A code as it is printed.", "ok", tenant, printed);
    case(
        "good-other-tenant",
        "The same code leads elsewhere in another tenant.",
        "ok",
        other,
        printed,
    );
    case(
        "good-typed",
        "Small letters, spaces, and letters that look like digits.",
        "ok",
        tenant,
        "oo6h m9sm 8575 pt3n ga7s sadp rf8d vtqq v4",
    );
    case("good-zero", "Every bit may be zero.", "ok", tenant, zero);
    for (name, description, expect, text) in [
        ("empty", "Nothing was typed.", "length", ""),
        (
            "short",
            "The last symbol is missing.",
            "length",
            "006H-M9SM-8575-PT3N-GA7S-SADP-RF8D-VTQQ-V",
        ),
        (
            "long",
            "There is one symbol too many.",
            "length",
            "006H-M9SM-8575-PT3N-GA7S-SADP-RF8D-VTQQ-V40",
        ),
        (
            "no-symbol",
            "U is no symbol, and stands in the third group.",
            "group_3",
            "006H-M9SM-85U5-PT3N-GA7S-SADP-RF8D-VTQQ-V4",
        ),
        (
            "wrong-symbol",
            "A wrong symbol in the second group.",
            "group_2",
            "006H-M0SM-8575-PT3N-GA7S-SADP-RF8D-VTQQ-V4",
        ),
        (
            "changed-places",
            "Two symbols of the fourth group changed places.",
            "group_4",
            "006H-M9SM-8575-TP3N-GA7S-SADP-RF8D-VTQQ-V4",
        ),
        (
            "whole-group",
            "All of the sixth group is wrong.",
            "group_6",
            "006H-M9SM-8575-PT3N-GA7S-1234-RF8D-VTQQ-V4",
        ),
        (
            "wrong-check",
            "The last symbol of the check is wrong.",
            "group_9",
            "006H-M9SM-8575-PT3N-GA7S-SADP-RF8D-VTQQ-V5",
        ),
        (
            "two-groups",
            "Symbols in the first and the third group are wrong.",
            "several_groups",
            "106H-M9SM-8275-PT3N-GA7S-SADP-RF8D-VTQQ-V4",
        ),
    ] {
        case(name, description, expect, tenant, text);
    }
}
