//! The key server in memory, where whoever calls writes: the tests of the one over SQLite, with which it
//! must agree in everything.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod place;
#[expect(
    dead_code,
    reason = "tests of files and of full disks are not run here"
)]
#[path = "../../../server-sqlite/tests/keys/world.rs"]
mod world;

#[path = "../../../server-sqlite/tests/keys/appends.rs"]
mod appends;
#[path = "../../../server-sqlite/tests/keys/changes.rs"]
mod changes;
#[path = "../../../server-sqlite/tests/keys/days.rs"]
mod days;
#[path = "../../../server-sqlite/tests/keys/fetches.rs"]
mod fetches;
#[path = "../../../server-sqlite/tests/keys/listings.rs"]
mod listings;
#[path = "../../../server-sqlite/tests/keys/logs.rs"]
mod logs;
#[path = "../../../server-sqlite/tests/keys/names.rs"]
mod names;
#[path = "../../../server-sqlite/tests/keys/passwords.rs"]
mod passwords;
#[path = "../../../server-sqlite/tests/keys/sign_ins.rs"]
mod sign_ins;
#[path = "../../../server-sqlite/tests/keys/sign_ups.rs"]
mod sign_ups;
