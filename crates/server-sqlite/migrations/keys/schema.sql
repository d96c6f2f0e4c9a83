-- Made of the migrations beside it. Do not edit.

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

CREATE TABLE chain (
    tenant  BLOB    NOT NULL,
    kind    INTEGER NOT NULL,
    chain   BLOB    NOT NULL CHECK (length(chain) = 32),
    genesis INTEGER NOT NULL,
    seq     INTEGER NOT NULL,
    label   TEXT,
    PRIMARY KEY (tenant, kind, chain)
) STRICT, WITHOUT ROWID;

CREATE TABLE code_attempt (
    id      BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 32),
    tenant  BLOB    NOT NULL CHECK (length(tenant) = 32),
    subject BLOB    NOT NULL CHECK (length(subject) = 32),
    mac     BLOB    NOT NULL CHECK (length(mac) = 32),
    ends    INTEGER NOT NULL,
    tries   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX code_attempt_by_end ON code_attempt (ends);

CREATE TABLE code_errand (
    attempt     BLOB    NOT NULL PRIMARY KEY CHECK (length(attempt) = 32),
    tenant      BLOB    NOT NULL,
    user        BLOB    NOT NULL CHECK (length(user) = 32),
    member_kind INTEGER NOT NULL,
    member      BLOB    NOT NULL CHECK (length(member) = 32),
    name        BLOB    NOT NULL CHECK (length(name) = 32),
    address     BLOB    NOT NULL CHECK (length(address) = 32),
    ends        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE code_event (
    number  INTEGER NOT NULL PRIMARY KEY,
    event   INTEGER NOT NULL CHECK (event BETWEEN 1 AND 2),
    tenant  BLOB    NOT NULL CHECK (length(tenant) = 32),
    subject BLOB    NOT NULL CHECK (length(subject) = 32),
    time    INTEGER NOT NULL
) STRICT;

CREATE INDEX code_event_by_subject ON code_event (event, tenant, subject, time);

CREATE INDEX code_event_by_tenant ON code_event (event, tenant, time);

CREATE INDEX code_event_by_time ON code_event (event, time);

CREATE TABLE code_lock (
    tenant  BLOB NOT NULL CHECK (length(tenant) = 32),
    subject BLOB NOT NULL CHECK (length(subject) = 32),
    PRIMARY KEY (tenant, subject)
) STRICT, WITHOUT ROWID;

CREATE TABLE counted (
    tenant     BLOB    NOT NULL,
    kind       INTEGER NOT NULL,
    subject    BLOB    NOT NULL CHECK (length(subject) = 32),
    busy_until INTEGER NOT NULL,
    PRIMARY KEY (tenant, kind, subject)
) STRICT, WITHOUT ROWID;

CREATE INDEX counted_by_end ON counted (tenant, busy_until);

CREATE TABLE log (
    tenant BLOB    NOT NULL PRIMARY KEY CHECK (length(tenant) = 32),
    size   INTEGER NOT NULL,
    time   INTEGER NOT NULL,
    note   TEXT    NOT NULL
) STRICT;

CREATE TABLE member (
    tenant      BLOB    NOT NULL,
    member_kind INTEGER NOT NULL,
    member      BLOB    NOT NULL CHECK (length(member) = 32),
    ring_kind   INTEGER NOT NULL,
    ring        BLOB    NOT NULL CHECK (length(ring) = 32),
    PRIMARY KEY (tenant, member_kind, member, ring_kind, ring)
) STRICT, WITHOUT ROWID;

CREATE TABLE name (
    tenant BLOB NOT NULL,
    name   BLOB NOT NULL CHECK (length(name) = 32),
    holder   BLOB NOT NULL CHECK (length(holder) = 32),
    salt   BLOB NOT NULL CHECK (length(salt) = 32), kind INTEGER NOT NULL DEFAULT 2 CHECK (kind IN (2, 3)),
    PRIMARY KEY (tenant, name),
    UNIQUE (tenant, holder)
) STRICT, WITHOUT ROWID;

CREATE TABLE node (
    tenant BLOB    NOT NULL,
    level  INTEGER NOT NULL,
    place  INTEGER NOT NULL,
    hash   BLOB    NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (tenant, level, place)
) STRICT, WITHOUT ROWID;

CREATE TABLE owner (
    id      INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    log_key BLOB    NOT NULL CHECK (length(log_key) = 32)
) STRICT;

CREATE TABLE pending (
    tenant      BLOB    NOT NULL,
    session     BLOB    NOT NULL CHECK (length(session) = 32),
    pending     BLOB    NOT NULL CHECK (length(pending) = 32),
    name        BLOB    NOT NULL CHECK (length(name) = 32),
    position    INTEGER NOT NULL,
    epoch       INTEGER NOT NULL,
    commitment  BLOB    NOT NULL CHECK (length(commitment) = 32),
    expires     INTEGER NOT NULL,
    fate        INTEGER NOT NULL,
    since       INTEGER NOT NULL,
    member_kind INTEGER,
    member      BLOB    CHECK (length(member) = 32),
    bytes       BLOB    CHECK ((bytes IS NULL) = (fate <> 1)),
    receipt     BLOB    CHECK (length(receipt) = 64),
    -- Number of the latest news of it that no statement tells; 0 for none.
    news        INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant, session, pending)
) STRICT;

CREATE INDEX pending_by_end ON pending (expires) WHERE fate = 1;

CREATE INDEX pending_by_name ON pending (tenant, name, position) WHERE fate = 1;

CREATE INDEX pending_by_news ON pending (tenant, news) WHERE news > 0;

CREATE TABLE population (
    tenant BLOB    NOT NULL PRIMARY KEY,
    users  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE reads_mail (
    tenant      BLOB    NOT NULL,
    member_kind INTEGER NOT NULL,
    member      BLOB    NOT NULL CHECK (length(member) = 32),
    address     BLOB    NOT NULL CHECK (length(address) = 32),
    until       INTEGER NOT NULL,
    PRIMARY KEY (tenant, member_kind, member, address)
) STRICT, WITHOUT ROWID;

CREATE TABLE release (
    tenant      BLOB    NOT NULL,
    session     BLOB    NOT NULL,
    pending     BLOB    NOT NULL,
    member_kind INTEGER NOT NULL,
    member      BLOB    NOT NULL CHECK (length(member) = 32),
    time        INTEGER NOT NULL,
    PRIMARY KEY (tenant, session, pending, member_kind, member)
) STRICT, WITHOUT ROWID;

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

CREATE TABLE vault_record (
    tenant BLOB NOT NULL,
    record BLOB NOT NULL CHECK (length(record) = 32),
    PRIMARY KEY (tenant, record)
) STRICT, WITHOUT ROWID;
