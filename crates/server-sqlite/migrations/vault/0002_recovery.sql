-- A record says to whom it is handed out. Those that were there are opened by a password: access 1
-- of the protocol, in CBOR, around the upload, whose length takes one byte.
CREATE TABLE record_2 (
    record  BLOB    NOT NULL PRIMARY KEY CHECK (length(record) = 32),
    tenant  BLOB    NOT NULL CHECK (length(tenant) = 32),
    user    BLOB    NOT NULL CHECK (length(user) = 32),
    kind    INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 4),
    access  BLOB    NOT NULL,
    sealed  BLOB    NOT NULL,
    created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO record_2 (record, tenant, user, kind, access, sealed, created)
SELECT record, tenant, user, 1,
       CAST(x'82018158' || unhex(printf('%02x', length(upload))) || upload AS BLOB),
       sealed, created
FROM record;

DROP TABLE record;
ALTER TABLE record_2 RENAME TO record;

CREATE INDEX record_by_user ON record (tenant, user);
CREATE INDEX record_by_two ON record (tenant) WHERE kind = 3;

-- One-time codes that were sent, as MACs under a key that is not here.
CREATE TABLE code_attempt (
    id      BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 32),
    tenant  BLOB    NOT NULL CHECK (length(tenant) = 32),
    subject BLOB    NOT NULL CHECK (length(subject) = 32),
    mac     BLOB    NOT NULL CHECK (length(mac) = 32),
    ends    INTEGER NOT NULL,
    tries   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX code_attempt_by_end ON code_attempt (ends);

-- What is counted: 1 a code was issued, 2 a try was wrong.
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

-- Accounts with too many wrong tries.
CREATE TABLE code_lock (
    tenant  BLOB NOT NULL CHECK (length(tenant) = 32),
    subject BLOB NOT NULL CHECK (length(subject) = 32),
    PRIMARY KEY (tenant, subject)
) STRICT, WITHOUT ROWID;

-- Recoveries that were begun, also of records that do not exist. `ready` is set by the right code.
CREATE TABLE recovery (
    attempt    BLOB    NOT NULL PRIMARY KEY CHECK (length(attempt) = 32),
    tenant     BLOB    NOT NULL CHECK (length(tenant) = 32),
    user       BLOB    NOT NULL CHECK (length(user) = 32),
    record     BLOB    NOT NULL CHECK (length(record) = 32),
    client_key BLOB    NOT NULL,
    started    INTEGER NOT NULL,
    ready      INTEGER,
    ends       INTEGER NOT NULL,
    vetoed     INTEGER NOT NULL CHECK (vetoed BETWEEN 0 AND 1),
    collected  INTEGER NOT NULL CHECK (collected BETWEEN 0 AND 1)
) STRICT, WITHOUT ROWID;

CREATE INDEX recovery_by_user ON recovery (tenant, user, started);
CREATE INDEX recovery_by_end ON recovery (ends);

-- Tokens of tenants that were shown, until they expire: each is good once.
CREATE TABLE token (
    tenant BLOB    NOT NULL CHECK (length(tenant) = 32),
    jti    BLOB    NOT NULL CHECK (length(jti) = 16),
    ends   INTEGER NOT NULL,
    PRIMARY KEY (tenant, jti)
) STRICT, WITHOUT ROWID;

CREATE INDEX token_by_end ON token (ends);

-- The longest chain of each tenant that was shown: a token key that was revoked stays so.
CREATE TABLE tenant_statement (
    tenant BLOB    NOT NULL CHECK (length(tenant) = 32),
    seq    INTEGER NOT NULL,
    bytes  BLOB    NOT NULL,
    PRIMARY KEY (tenant, seq)
) STRICT, WITHOUT ROWID;
