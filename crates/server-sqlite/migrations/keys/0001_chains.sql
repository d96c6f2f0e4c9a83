-- The key server. Statements are the truth; every other table can be made of them again, except the
-- salts of names, boxes, and what was counted. Every table is keyed by tenant first.

-- The log key of the server whose database this is.
CREATE TABLE owner (
    id      INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    log_key BLOB    NOT NULL CHECK (length(log_key) = 32)
) STRICT;

-- The newest checkpoint of each tenant's log.
CREATE TABLE log (
    tenant BLOB    NOT NULL PRIMARY KEY CHECK (length(tenant) = 32),
    size   INTEGER NOT NULL,
    time   INTEGER NOT NULL,
    note   TEXT    NOT NULL
) STRICT;

-- The roots of all complete subtrees; level 0 are the leaves.
CREATE TABLE node (
    tenant BLOB    NOT NULL,
    level  INTEGER NOT NULL,
    place  INTEGER NOT NULL,
    hash   BLOB    NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (tenant, level, place)
) STRICT, WITHOUT ROWID;

-- Kinds of chains, rings and members are numbered as in the protocol: 1 tenant, 2 user, 3 group,
-- 4 session, 5 device.
CREATE TABLE statement (
    tenant   BLOB    NOT NULL,
    kind     INTEGER NOT NULL,
    chain    BLOB    NOT NULL CHECK (length(chain) = 32),
    seq      INTEGER NOT NULL,
    position INTEGER NOT NULL,
    hash     BLOB    NOT NULL CHECK (length(hash) = 32),
    bytes    BLOB    NOT NULL,
    PRIMARY KEY (tenant, kind, chain, seq),
    UNIQUE (tenant, position)
) STRICT;

CREATE TABLE chain (
    tenant  BLOB    NOT NULL,
    kind    INTEGER NOT NULL,
    chain   BLOB    NOT NULL CHECK (length(chain) = 32),
    genesis INTEGER NOT NULL,
    seq     INTEGER NOT NULL,
    label   TEXT,
    PRIMARY KEY (tenant, kind, chain)
) STRICT, WITHOUT ROWID;

CREATE TABLE box (
    tenant      BLOB    NOT NULL,
    ring_kind   INTEGER NOT NULL,
    ring        BLOB    NOT NULL CHECK (length(ring) = 32),
    epoch       INTEGER NOT NULL,
    member_kind INTEGER NOT NULL,
    member      BLOB    NOT NULL CHECK (length(member) = 32),
    bytes       BLOB    NOT NULL,
    PRIMARY KEY (tenant, ring_kind, ring, epoch, member_kind, member)
) STRICT;

-- Present members of groups and sessions, for listings.
CREATE TABLE member (
    tenant      BLOB    NOT NULL,
    member_kind INTEGER NOT NULL,
    member      BLOB    NOT NULL CHECK (length(member) = 32),
    ring_kind   INTEGER NOT NULL,
    ring        BLOB    NOT NULL CHECK (length(ring) = 32),
    PRIMARY KEY (tenant, member_kind, member, ring_kind, ring)
) STRICT, WITHOUT ROWID;

-- Names by their indexes, with the salts that open the commitments in the chains.
CREATE TABLE name (
    tenant BLOB NOT NULL,
    name   BLOB NOT NULL CHECK (length(name) = 32),
    user   BLOB NOT NULL CHECK (length(user) = 32),
    salt   BLOB NOT NULL CHECK (length(salt) = 32),
    PRIMARY KEY (tenant, name),
    UNIQUE (tenant, user)
) STRICT, WITHOUT ROWID;

-- How many rows of `name` a tenant has.
CREATE TABLE population (
    tenant BLOB    NOT NULL PRIMARY KEY,
    users  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Records of the vault that a chain ever named.
CREATE TABLE vault_record (
    tenant BLOB NOT NULL,
    record BLOB NOT NULL CHECK (length(record) = 32),
    PRIMARY KEY (tenant, record)
) STRICT, WITHOUT ROWID;

-- What is counted, and until when it is busy: 1 a name, 2 a user, 3 the tenant. A row whose instant
-- has passed means nothing.
CREATE TABLE counted (
    tenant     BLOB    NOT NULL,
    kind       INTEGER NOT NULL,
    subject    BLOB    NOT NULL CHECK (length(subject) = 32),
    busy_until INTEGER NOT NULL,
    PRIMARY KEY (tenant, kind, subject)
) STRICT, WITHOUT ROWID;

CREATE INDEX counted_by_end ON counted (tenant, busy_until);
