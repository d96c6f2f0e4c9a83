-- Made of the migrations beside it. Do not edit.

CREATE TABLE attempt (
    record     BLOB    NOT NULL PRIMARY KEY CHECK (length(record) = 32),
    busy_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX attempt_by_end ON attempt (busy_until);

CREATE TABLE code_attempt (
    id      BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 32),
    tenant  BLOB    NOT NULL CHECK (length(tenant) = 32),
    subject BLOB    NOT NULL CHECK (length(subject) = 32),
    mac     BLOB    NOT NULL CHECK (length(mac) = 32),
    ends    INTEGER NOT NULL,
    tries   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX code_attempt_by_end ON code_attempt (ends);

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

CREATE TABLE owner (
    id        INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    vault_key BLOB    NOT NULL CHECK (length(vault_key) = 32)
) STRICT;

CREATE TABLE "record" (
    record  BLOB    NOT NULL PRIMARY KEY CHECK (length(record) = 32),
    tenant  BLOB    NOT NULL CHECK (length(tenant) = 32),
    user    BLOB    NOT NULL CHECK (length(user) = 32),
    kind    INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 4),
    access  BLOB    NOT NULL,
    sealed  BLOB    NOT NULL,
    created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX record_by_two ON record (tenant) WHERE kind = 3;

CREATE INDEX record_by_user ON record (tenant, user);

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

CREATE INDEX recovery_by_end ON recovery (ends);

CREATE INDEX recovery_by_user ON recovery (tenant, user, started);

CREATE TABLE tenant_statement (
    tenant BLOB    NOT NULL CHECK (length(tenant) = 32),
    seq    INTEGER NOT NULL,
    bytes  BLOB    NOT NULL,
    PRIMARY KEY (tenant, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE token (
    tenant BLOB    NOT NULL CHECK (length(tenant) = 32),
    jti    BLOB    NOT NULL CHECK (length(jti) = 16),
    ends   INTEGER NOT NULL,
    PRIMARY KEY (tenant, jti)
) STRICT, WITHOUT ROWID;

CREATE INDEX token_by_end ON token (ends);
