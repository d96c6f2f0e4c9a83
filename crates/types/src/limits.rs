//! Hard limits, checked before anything is allocated or computed.
//!
//! They bound what a hostile peer can make us do. Raising one is compatible; lowering one is not.

/// Largest signed statement that is decoded, in bytes. A rotation of a ring of [`MAX_MEMBERS`]
/// members needs about 170 bytes for each of them and 4 kB of signatures.
pub const MAX_STATEMENT: usize = 1 << 20;

/// Largest sealed box, in bytes: a deposit in escrow, which is an X-Wing encapsulation, a seed, its
/// terms and an address, with room. Other boxes are half as long.
pub const MAX_BOX: usize = 4096;

/// Most members of one ring. Larger circles are nested groups.
pub const MAX_MEMBERS: usize = 4096;

/// Most levels of groups within groups.
pub const MAX_NESTING: usize = 8;

/// Most levels of sessions within sessions.
pub const MAX_PARENTS: usize = 8;

/// Largest encrypted name or metadata, in bytes.
pub const MAX_SEALED_NAME: usize = 16 << 10;

/// Largest JSON body that a server reads, in bytes.
pub const MAX_BODY: usize = 16 << 20;

/// Most sessions that are fetched in one request.
pub const MAX_BATCH: usize = 1000;

/// Most statements that one transaction may append: 500 sessions are sealed, or claimed, at once.
pub const MAX_TRANSACTION: usize = 1024;

/// Longest time that a seed lies in escrow, in milliseconds: 366 days.
pub const MAX_ESCROW: u64 = 366 * 24 * 60 * 60 * 1000;

/// Longest address to which a code is sent, in bytes of UTF-8.
pub const MAX_ADDRESS: usize = 254;

/// Most passkeys of one user. Of every other recovery method there is at most one.
pub const MAX_PASSKEYS: usize = 8;

/// Most administrators who can help a person back in.
pub const MAX_HELPERS: usize = 16;

/// Longest delay of a recovery by two servers, in hours.
pub const MAX_DELAY: u8 = 72;

/// Longest validity of a certificate for a day, in milliseconds: sixteen hours.
pub const MAX_CERTIFICATE: u64 = 16 * 3_600_000;

/// Longest name by which an application calls a person, in bytes of UTF-8.
pub const MAX_NAME: usize = 256;

/// Longest audience or challenge of an application that a device signs, in bytes of UTF-8.
pub const MAX_CHALLENGE: usize = 1024;

/// Longest header of a sealed object, in bytes.
pub const MAX_OBJECT_HEADER: usize = 4096;

/// Longest trailer of a sealed object, in bytes: 32 bytes for each MiB of a 512 GiB object.
pub const MAX_OBJECT_TRAILER: usize = 16 << 20;
