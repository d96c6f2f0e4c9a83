-- Made of the migrations beside it. Do not edit.

CREATE TABLE attempt (
    record     BLOB    NOT NULL PRIMARY KEY CHECK (length(record) = 32),
    busy_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX attempt_by_end ON attempt (busy_until);

CREATE TABLE owner (
    id        INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    vault_key BLOB    NOT NULL CHECK (length(vault_key) = 32)
) STRICT;

CREATE TABLE record (
    record  BLOB    NOT NULL PRIMARY KEY CHECK (length(record) = 32),
    tenant  BLOB    NOT NULL CHECK (length(tenant) = 32),
    user    BLOB    NOT NULL CHECK (length(user) = 32),
    upload  BLOB    NOT NULL,
    sealed  BLOB    NOT NULL,
    created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX record_by_user ON record (tenant, user);
